"""What the examples share: their options, the digits, and figures that look alike."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd as torch
from autograd.utils.data import TensorDataset


def positive(text: str) -> int:
    """An argument that must be a positive whole number."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def parser(about: str | None, epochs: int, batch_size: int = 32) -> argparse.ArgumentParser:
    """The options that every example has."""
    made = argparse.ArgumentParser(description=(about or "").split("\n")[0])
    made.add_argument("--epochs", type=positive, default=epochs, help=f"passes over the training data ({epochs})")
    made.add_argument("--seed", type=int, default=0, help="of all random numbers (0)")
    made.add_argument("--batch-size", type=positive, default=batch_size, help=f"samples in a step ({batch_size})")
    made.add_argument("--out", type=Path, default=Path("out"), help="folder for what the run leaves (out)")
    made.add_argument("--data", type=Path, default=Path("data"), help="where data sets are, or will be cached (data)")
    made.add_argument("--limit", type=positive, default=None, help="use only so many training samples (all)")
    return made


def parse(made: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the options, make the output folder and seed the random numbers."""
    options = made.parse_args()
    if options.out.exists() and not options.out.is_dir():
        made.error(f"--out {options.out} is a file; give a folder")
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    return options


def digits(root: Path, train: bool, limit: int | None = None, images: bool = False) -> TensorDataset:
    """MNIST as rows of 784 numbers (or 1x28x28 ``images``) between 0 and 1, and labels."""
    from autograd.vision.datasets import MNIST

    mnist = MNIST(root, train=train, download=True)
    pixels = mnist.data[:limit].float() / 255
    return TensorDataset(pixels.unsqueeze(1) if images else pixels.flatten(1), mnist.targets[:limit])


def figure(columns: int = 1, rows: int = 1, width: float = 4.5, height: float = 3.3) -> Any:
    """A figure and its axes, in the examples' plain style."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(
        rows, columns, figsize=(width * columns, height * rows), constrained_layout=True, squeeze=False
    )
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25)
    return fig, axes


def images_grid(images: Any, path: Path, columns: int = 10) -> None:
    """Write images [N, 28, 28] as one picture."""
    from autograd.vision.utils import save_image

    save_image(images.reshape(-1, 1, 28, 28), str(path), nrow=columns, padding=1)


def epochs(n: int, step: Callable[[int], str]) -> None:
    """Call ``step(epoch)`` for 1 ... n and print what it says."""
    for epoch in range(1, n + 1):
        print(f"epoch {epoch}/{n}: {step(epoch)}", flush=True)
