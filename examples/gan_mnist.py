"""Two networks that compete: a DCGAN at MNIST's size; ``--penalty`` adds a gradient penalty (double backward).

    python examples/gan_mnist.py --epochs 5 --penalty

Radford et al. 2015, https://arxiv.org/abs/1511.06434; the penalty is R1 of Mescheder et al. 2018,
https://arxiv.org/abs/1801.04406: the critic's gradient at real images is kept small, so a gradient is differentiated.
"""

from __future__ import annotations

from typing import Any

from common import digits, figure, images_grid, parse, parser
from tqdm import tqdm

import autograd as torch
import nn
import nn.functional as F
import optim
from autograd.utils.data import DataLoader, TensorDataset

NOISE = 64


def generator(width: int = 32) -> nn.Module:
    """[N, 64] to images [N, 1, 28, 28] between -1 and 1."""
    return nn.Sequential(
        nn.Linear(NOISE, 2 * width * 49, bias=False), nn.Unflatten(1, (2 * width, 7, 7)), nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def critic(width: int = 32) -> nn.Module:
    """Images to one number each: how real they look."""
    return nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2 * width * 49, 1),
    )  # fmt: skip


def gradient_penalty(judge: nn.Module, real: Any) -> Any:
    """Mean squared norm of the critic's gradient at real images."""
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(real).sum(), real, create_graph=True)
    return (slope * slope).sum(dim=(1, 2, 3)).mean()


def main() -> None:
    made = parser(__doc__, epochs=5, batch_size=64)
    made.add_argument("--penalty", action="store_true", help="keep the critic's gradient small at real images")
    options = parse(made)
    images, _ = digits(options.data, True, options.limit, images=True).tensors
    loader = DataLoader(TensorDataset(images * 2 - 1), options.batch_size, shuffle=True, drop_last=True)
    maker, judge = generator(), critic()
    for module in (*maker.modules(), *judge.modules()):
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(module.weight, 0.0, 0.02)
    makers, judges = (optim.Adam(m.parameters(), lr=2e-4, betas=(0.5, 0.999)) for m in (maker, judge))
    fixed = torch.randn(50, NOISE)
    curves: list[tuple[float, float]] = []
    for epoch in range(1, options.epochs + 1):
        bar = tqdm(loader, desc=f"epoch {epoch}/{options.epochs}", unit="step", mininterval=0.5)
        for (real,) in bar:
            fake = maker(torch.randn(len(real), NOISE))
            loss = F.softplus(judge(fake.detach())).mean() + F.softplus(-judge(real)).mean()
            if options.penalty:
                loss = loss + 5.0 * gradient_penalty(judge, real)
            judges.zero_grad()
            loss.backward()
            judges.step()

            fooled = F.softplus(-judge(fake)).mean()
            makers.zero_grad()
            fooled.backward()
            makers.step()
            curves.append((loss.item(), fooled.item()))
            bar.set_postfix(critic=f"{curves[-1][0]:.3f}", generator=f"{curves[-1][1]:.3f}", refresh=False)
    maker.eval()
    with torch.no_grad():
        images_grid(maker(fixed) * 0.5 + 0.5, options.out / "gan_samples.png")
    fig, axes = figure()
    axes[0, 0].plot(curves, lw=0.6, label=["critic", "generator"])
    axes[0, 0].legend(frameon=False)
    axes[0, 0].set_title("losses", loc="left")
    fig.savefig(options.out / "gan_losses.png", dpi=140)
    with torch.no_grad():
        doubt = torch.sigmoid(judge(maker(torch.randn(500, NOISE)))).mean().item()
    print("pictures", options.out / "gan_samples.png", options.out / "gan_losses.png")
    print(f"critic takes new images for real: {100 * doubt:.1f} %")


if __name__ == "__main__":
    main()
