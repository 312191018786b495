"""Schedule-free AdamW: averaging in place of a learning rate schedule. Not in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.views import stamp_all, write_of

from .adam import check_betas
from .optimizer import Closure, check
from .rule import RuleOptimizer, Values, check_lr, number

__all__ = ["AdamWScheduleFree"]


class AdamWScheduleFree(RuleOptimizer):
    """AdamW without a schedule: gradients are taken between an iterate z and its average x, which is what you keep.

    Call ``train()`` before training and ``eval()`` before evaluating or saving: the parameters are then where gradients
    are taken, and the average.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        betas: how far towards the average gradients are taken, and Adam's decay rate of squares.
        eps: added to the denominator.
        weight_decay: at the point of the gradient, decoupled.
        warmup_steps: steps of linear warm-up.
        r: later steps weigh in the average as ``step ** r``.
        weight_lr_power: and as their learning rate to this power.

    Source: Defazio et al. (2024), "The Road Less Scheduled", https://arxiv.org/abs/2405.15682

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = AdamWScheduleFree([p], lr=0.1)
    >>> optimizer.train()
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> optimizer.eval()
    >>> p.detach()
    tensor([0.8061, 1.8029])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 0.0025,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
    ) -> None:
        check_lr(lr)
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check(betas[0] > 0, "Invalid beta parameter at index 0: 0; the average would not be reached")
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, warmup_steps=warmup_steps, r=r,
            weight_lr_power=weight_lr_power, train_mode=False,
        )  # fmt: skip
        super().__init__(params, defaults)

    def train(self) -> None:
        """Put the parameters at the point where gradients are taken."""
        self._move(True)

    def eval(self) -> None:
        """Put the parameters at the average: what to evaluate and to keep."""
        self._move(False)

    def _move(self, training: bool) -> None:
        for group in self.param_groups:
            if group["train_mode"] == training:
                continue
            group["train_mode"] = training
            beta1 = number(group["betas"][0])
            share = 1 - beta1 if training else 1 - 1 / beta1
            moved = [p for p in group["params"] if "z" in self.state.get(p, ())]
            for p in moved:
                p.array += share * (self.state[p]["z"].array - p.array)
            stamp_all([write_of(p.array) for p in moved], type(self).__name__)

    def step(self, closure: Closure = None) -> Any:
        """Update the parameters once; raises RuntimeError unless ``train()`` was called."""
        if not all(group["train_mode"] for group in self.param_groups):
            raise RuntimeError("call optimizer.train() before step(): the parameters are at the average now")
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None and "z" not in self.state[p]:
                    self.begin(group, p)
                    np.copyto(self.state[p]["z"].array, p.array)
        return super().step(closure)

    def scalars(self, group: Values) -> Values:
        return {"step": 0.0, "lr_max": 0.0, "weight_sum": 0.0}

    def slots(self, group: Values) -> Values:
        return {"z": 0.0, "exp_avg_sq": 0.0}

    def advance(self, h: Values) -> None:
        h["step"] += 1
        warm = min(1.0, h["step"] / h["warmup_steps"]) if h["warmup_steps"] else 1.0
        h["rate"] = h["lr"] * warm
        h["lr_max"] = max(h["rate"], h["lr_max"])
        weight = h["step"] ** h["r"] * h["lr_max"] ** h["weight_lr_power"]
        h["weight_sum"] += weight
        h["share"] = weight / h["weight_sum"] if h["weight_sum"] else 0.0

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        (beta1, beta2), rate, share = h["betas"], h["rate"], h["share"]
        z, v = s["z"], s["exp_avg_sq"]
        square = do.multiply(do.multiply(g, g, out=u), 1 - beta2, out=u)
        v = do.add(do.multiply(v, beta2, out=v), square, out=v)
        down = do.sqrt(do.multiply(v, 1 / (1 - beta2 ** h["step"]), out=u), out=u)
        step = do.divide(g, do.add(down, h["eps"], out=u), out=t)
        if h["weight_decay"]:
            step = do.add(step, do.multiply(p, h["weight_decay"], out=u), out=t)
        p = do.add(p, do.multiply(do.subtract(z, p, out=u), share, out=u), out=p)
        p = do.add(p, do.multiply(step, rate * (beta1 * (1 - share) - 1), out=u), out=p)
        z = do.subtract(z, do.multiply(step, rate, out=u), out=z)
        return p, {"z": z, "exp_avg_sq": v}
