"""The whole pipeline on 8x8 digits: load, standardise, split, compare optimizers, find a rate, regularise, test.

    python examples/digits_pipeline.py --epochs 40

Leaves three pictures: six optimizers side by side, a learning-rate range test, and what dropout, L1 and L2 do against
overfitting on a small training set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from common import figure, parse, parser
from sklearn.datasets import load_digits

import autograd as torch
import nn
import optim

OPTIMIZERS: dict[str, Any] = {
    "gradient descent": (lambda p: optim.SGD(p, lr=0.5), None),
    "SGD": (lambda p: optim.SGD(p, lr=0.1), 32),
    "momentum": (lambda p: optim.SGD(p, lr=0.05, momentum=0.9), 32),
    "AdaGrad": (lambda p: optim.Adagrad(p, lr=0.05), 32),
    "RMSprop": (lambda p: optim.RMSprop(p, lr=0.002), 32),
    "Adam": (lambda p: optim.Adam(p, lr=0.003), 32),
}
"""How each is made, and its batch size (None: all samples at once)."""


def data(seed: int, limit: int | None) -> dict[str, Any]:
    """Train, validation and test parts; standardised by the training part's mean and deviation."""
    bunch = load_digits()
    order = np.random.default_rng(seed).permutation(len(bunch.target))[:limit]
    x, y = bunch.data[order].astype(np.float32), bunch.target[order].astype(np.int64)
    cuts = [int(0.6 * len(x)), int(0.8 * len(x))]
    mean, std = x[: cuts[0]].mean(0), x[: cuts[0]].std(0) + 1e-3
    parts = zip(("train", "validation", "test"), np.split((x - mean) / std, cuts), np.split(y, cuts), strict=True)
    return {name: (torch.from_numpy(a), torch.from_numpy(b)) for name, a, b in parts}


def network(dropout: float = 0.0, width: int = 64) -> nn.Module:
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))


def fit(parts: Any, model: nn.Module, make: Any, batch: int | None, epochs: int, **regular: float) -> nn.Trainer:
    x, y = parts["train"]
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), make(model.parameters()), metrics=["accuracy"], **regular)
    trainer.fit(x, y, epochs, batch or len(x), validation_data=parts["validation"], verbose=False)
    return trainer


def compare(parts: Any, options: Any) -> str:
    """All optimizers from the same start, in one plot; returns the best by validation accuracy."""
    fig, axes = figure(columns=2)
    best: dict[str, float] = {}
    for name, (make, batch) in OPTIMIZERS.items():
        torch.manual_seed(options.seed)
        history = fit(parts, network(), make, batch, options.epochs).history
        axes[0, 0].semilogy(history["loss"], label=name)
        axes[0, 1].plot(100 * np.array(history["val_accuracy"]), label=name)
        best[name] = history["val_accuracy"][-1]
        print(
            f"{name:17s} training loss {history['loss'][-1]:.4f}, validation accuracy {100 * best[name]:.1f} %",
            flush=True,
        )
    axes[0, 0].set_title("training loss", loc="left")
    axes[0, 1].set_title("validation accuracy, %", loc="left")
    axes[0, 1].set_ylim(80, 100)
    axes[0, 1].legend(frameon=False, fontsize=8)
    fig.savefig(options.out / "digits_optimizers.png", dpi=140)
    return max(best, key=lambda name: best[name])


def range_test(parts: Any, options: Any) -> float:
    """Raise the rate a little with every step, and see where the loss falls fastest."""
    torch.manual_seed(options.seed)
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, gamma=10 ** (5 / 120))
    x, y = parts["train"]
    rates, losses, smooth = [], [], 0.0
    for step in range(120):
        at = torch.randint(0, len(x), (32,))
        loss = nn.functional.cross_entropy(model(x[at]), y[at])
        optimizer.zero_grad()
        loss.backward()
        smooth = 0.9 * smooth + 0.1 * loss.item()
        rates.append(schedule.get_last_lr()[0])
        losses.append(smooth / (1 - 0.9 ** (step + 1)))
        if losses[-1] > 4 * min(losses):
            break
        optimizer.step()
        schedule.step()
    found = rates[int(np.argmin(np.gradient(losses, np.log(rates))))]
    fig, axes = figure()
    axes[0, 0].semilogx(rates, losses)
    axes[0, 0].axvline(found, color="#cb3c33", lw=1)
    axes[0, 0].set_xlabel("learning rate")
    axes[0, 0].set_title("loss while the rate rises", loc="left")
    fig.savefig(options.out / "digits_lr_range.png", dpi=140)
    return found


def against_overfitting(parts: Any, options: Any) -> None:
    """A large network on 150 samples, with nothing, dropout, L1 and L2."""
    few = {**parts, "train": tuple(t[:150] for t in parts["train"])}
    ways = {"nothing": (0.0, {}), "dropout 0.5": (0.5, {}), "L1": (0.0, {"l1": 3e-4}), "L2": (0.0, {"l2": 2e-3})}
    fig, axes = figure(columns=2)
    for name, (dropout, regular) in ways.items():
        torch.manual_seed(options.seed)
        model = network(dropout, width=256)
        history = fit(few, model, lambda p: optim.Adam(p, lr=0.002), 32, 2 * options.epochs, **regular).history
        axes[0, 0].semilogy(history["loss"], label=name)
        axes[0, 1].plot(history["val_loss"], label=name)
        print(
            f"{name:12s} validation loss {history['val_loss'][-1]:.3f}, accuracy {100 * history['val_accuracy'][-1]:.1f} %"
        )
    axes[0, 0].set_title("training loss, 150 samples", loc="left")
    axes[0, 1].set_title("validation loss", loc="left")
    axes[0, 1].legend(frameon=False, fontsize=8)
    fig.savefig(options.out / "digits_overfitting.png", dpi=140)


def main() -> None:
    options = parse(parser(__doc__, epochs=40))
    parts = data(options.seed, options.limit)
    print(f"{', '.join(f'{name} {len(y)}' for name, (_, y) in parts.items())} samples")
    best = compare(parts, options)
    print(f"best by validation: {best}")
    print(f"rate where the loss of momentum falls fastest: {range_test(parts, options):.3g}")
    against_overfitting(parts, options)
    torch.manual_seed(options.seed)
    make, batch = OPTIMIZERS[best]
    result = fit(parts, network(dropout=0.2), make, batch, options.epochs).evaluate(*parts["test"])
    print("pictures", *sorted(str(p) for p in options.out.glob("digits_*.png")))
    print(f"test accuracy {100 * result['accuracy']:.1f} %")


if __name__ == "__main__":
    main()
