"""Balance a pole on a cart by policy gradients (REINFORCE with a baseline); the physics are below.

    python examples/cartpole_reinforce.py --epochs 60

An epoch is eight games. Barto, Sutton and Anderson 1983 describe the cart; Williams 1992 the algorithm. A game ends when
the pole leans over 12 degrees, the cart leaves the track, or after 500 steps; the score is the number of steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from common import figure, parse, parser

import autograd as torch
import nn
import optim
from autograd.distributions import Categorical


class CartPoles:
    """Several carts at once. State of each: position, speed, angle, angular speed (SI units, radians)."""

    gravity, mass_cart, mass_pole, half_length, force, seconds = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.state = rng.uniform(-0.05, 0.05, (n, 4))

    def step(self, push_right: np.ndarray) -> np.ndarray:
        """Push every cart left or right; returns which games have ended."""
        _, v, angle, spin = self.state.T
        force = np.where(push_right, self.force, -self.force)
        mass, moment = self.mass_cart + self.mass_pole, self.mass_pole * self.half_length
        pull = (force + moment * spin**2 * np.sin(angle)) / mass
        turn = (self.gravity * np.sin(angle) - np.cos(angle) * pull) / (
            self.half_length * (4 / 3 - self.mass_pole * np.cos(angle) ** 2 / mass)
        )
        push = pull - moment * turn * np.cos(angle) / mass
        self.state += self.seconds * np.stack([v, push, spin, turn], axis=1)
        x, _, angle, _ = self.state.T
        return (np.abs(x) > 2.4) | (np.abs(angle) > math.radians(12))


def play(policy: nn.Module, games: int, rng: np.random.Generator, most: int) -> tuple[list[Any], list[Any], np.ndarray]:
    """Play games side by side: log-probabilities and entropies of the actions, and who was alive, step by step."""
    carts, alive = CartPoles(games, rng), np.ones(games, bool)
    logps, entropies, lived = [], [], []
    while alive.any() and len(lived) < most:
        choice = Categorical(logits=policy(torch.from_numpy(carts.state.astype(np.float32))))
        action = choice.sample()
        logps.append(choice.log_prob(action))
        entropies.append(choice.entropy())
        lived.append(alive.copy())
        alive &= ~carts.step(action.numpy() == 1)
    return logps, entropies, np.array(lived)


def returns(lived: np.ndarray, discount: float) -> np.ndarray:
    """Discounted number of steps still to come, [T, games]."""
    found, total = np.zeros(lived.shape), np.zeros(lived.shape[1])
    for t in range(len(lived) - 1, -1, -1):
        total = lived[t] + discount * total * lived[t]
        found[t] = total
    return found


def main() -> None:
    made = parser(__doc__, epochs=60)
    made.add_argument("--games", type=int, default=8, help="games in an epoch (8)")
    options = parse(made)
    most = min(500, options.limit or 500)
    rng = np.random.default_rng(options.seed)
    policy = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 2))
    optimizer = optim.Adam(policy.parameters(), lr=0.01)
    scores: list[float] = []
    for epoch in range(1, options.epochs + 1):
        logps, entropies, lived = play(policy, options.games, rng, most)
        worth = returns(lived, 0.99)
        alive = lived.astype(bool)
        advantage = (worth - worth[alive].mean()) / (worth[alive].std() + 1e-6) * lived
        weights = torch.from_numpy(advantage.astype(np.float32))
        mask = torch.from_numpy(lived.astype(np.float32))
        loss = -(torch.stack(logps) * weights + 0.01 * torch.stack(entropies) * mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scores.append(float(lived.sum(0).mean()))
        if epoch % 5 == 0 or epoch == options.epochs:
            print(f"epoch {epoch}/{options.epochs}: mean score {scores[-1]:.0f}", flush=True)
    with torch.no_grad():
        final = play(policy, 20, rng, most)[2].sum(0).mean()
    fig, axes = figure()
    axes[0, 0].plot(scores)
    axes[0, 0].set_title("steps until the pole falls (500 at most)", loc="left")
    axes[0, 0].set_xlabel("epoch of eight games")
    fig.savefig(options.out / "cartpole.png", dpi=140)
    print("curve", options.out / "cartpole.png")
    print(f"mean score of 20 games {final:.0f}")


if __name__ == "__main__":
    main()
