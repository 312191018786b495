"""Handwritten digits: a 784-128-64-10 classifier, from the images to the pictures.

    python examples/mnist_mlp.py --epochs 10 --seed 0 --out out

Trains with Adam on the 60,000 images of MNIST, evaluates on its 10,000 test images after each epoch, and leaves in
``--out``: the learning curves, the computation graph of one training step, some predictions, and the weights.
The last line printed is the test accuracy.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

import autograd as torch
import nn
import optim
from autograd.utils.data import DataLoader, TensorDataset
from autograd.vision.datasets import MNIST


def positive(text: str) -> int:
    """An argument that must be a positive whole number."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a classifier of handwritten digits.")
    parser.add_argument("--epochs", type=positive, default=10, help="passes over the training images (10)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the images (0)")
    parser.add_argument("--batch-size", type=positive, default=32, help="images in a step (32)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for what the run leaves (out)")
    parser.add_argument(
        "--data", type=Path, default=Path("data"), help="where the images are, or will be cached (data)"
    )
    parser.add_argument("--steps", type=positive, default=None, help="stop each epoch after so many steps")
    options = parser.parse_args()
    if options.out.exists() and not options.out.is_dir():
        parser.error(f"--out {options.out} is a file; give a folder")
    return options


def digits(root: Path, train: bool) -> TensorDataset:
    """Images as rows of 784 standardised floats, and their labels."""
    mnist = MNIST(root, train=train, download=True)
    pixels = mnist.data.float().flatten(1) / 255
    return TensorDataset((pixels - 0.1307) / 0.3081, mnist.targets)


def accuracy(model: nn.Module, dataset: TensorDataset) -> tuple[float, float]:
    """Loss and share of right answers on a data set."""
    images, labels = dataset.tensors
    model.eval()
    with torch.no_grad():
        scores = model(images)
        loss = nn.functional.cross_entropy(scores, labels)
        right = (scores.argmax(1) == labels).float().mean()
    model.train()
    return loss.item(), right.item()


def train(
    model: nn.Module, loader: DataLoader, optimizer: optim.Optimizer, epoch: str, steps: int | None
) -> tuple[float, float]:
    """One epoch; returns its mean loss and accuracy."""
    total, right, seen = 0.0, 0, 0
    bar = tqdm(loader, desc=epoch, unit="step", total=steps, mininterval=0.5, dynamic_ncols=True)
    for step, (x, y) in enumerate(bar, 1):
        scores = model(x)
        loss = nn.functional.cross_entropy(scores, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        right += (scores.argmax(1) == y).sum().item()
        seen += len(y)
        if step % 100 == 0:
            bar.set_postfix(loss=f"{total / seen:.4f}", accuracy=f"{100 * right / seen:.1f} %", refresh=False)
        if step == steps:
            break
    bar.set_postfix(loss=f"{total / seen:.4f}", accuracy=f"{100 * right / seen:.1f} %")
    bar.close()
    return total / seen, right / seen


def learning_curves(history: list[dict[str, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(history) + 1)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
    for name, color in (("train", "#4063d8"), ("test", "#cb3c33")):
        left.plot(epochs, [h[f"{name}_loss"] for h in history], "o-", ms=4, color=color, label=name)
        right.plot(epochs, [100 * h[f"{name}_accuracy"] for h in history], "o-", ms=4, color=color, label=name)
    for ax, title in ((left, "cross-entropy"), (right, "accuracy, %")):
        ax.set_title(title, loc="left", fontsize=11)
        ax.set_xlabel("epoch")
        ax.set_xlim(0.5, len(history) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25)
        ax.legend(frameon=False)
    fig.savefig(path, dpi=150)
    plt.close(fig)


def sample_predictions(model: nn.Module, dataset: TensorDataset, path: Path) -> None:
    """Fifteen digits that are read right, and the fifteen worst mistakes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    images, labels = dataset.tensors
    with torch.no_grad():
        chances = torch.softmax(model(images), 1)
    sure, guess = chances.max(1)
    wrong = (guess != labels).nonzero().flatten()
    worst = wrong[sure[wrong].argsort(descending=True)][:15].tolist()
    chosen = (guess == labels).nonzero().flatten()[:15].tolist() + worst
    fig, axes = plt.subplots(3, 10, figsize=(10, 3.9), constrained_layout=True)
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, chosen, strict=False):
        good = guess[i].item() == labels[i].item()
        ax.imshow(images[i].reshape(28, 28).numpy(), cmap="gray_r")
        ax.set_title(
            f"{guess[i].item()}" if good else f"{guess[i].item()}, is {labels[i].item()}",
            fontsize=9, color="#2a7f62" if good else "#cb3c33",
        )  # fmt: skip
    fig.savefig(path, dpi=150)
    plt.close(fig)


def computation_graph(model: nn.Module, dataset: TensorDataset, batch_size: int, path: Path) -> Path | None:
    """The graph of one training step as SVG; None, with a message, where no Graphviz can be found."""
    from autograd import visualize

    images, labels = (tensor[:batch_size] for tensor in dataset.tensors)
    loss = nn.functional.cross_entropy(model(images), labels)
    picture = visualize.draw(loss, params={"images": images, "labels": labels})
    try:
        return Path(picture.save(path))
    except RuntimeError as error:  # no Graphviz: the run is worth finishing
        print(f"no picture of the graph: {error}", file=sys.stderr)
        return None


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)

    training, test = digits(options.data, train=True), digits(options.data, train=False)
    loader = DataLoader(training, batch_size=options.batch_size, shuffle=True)
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(),
        nn.Linear(128, 64), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters())
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.epochs)  # the rate falls towards the end
    print(model)

    history: list[dict[str, float]] = []
    for epoch in range(1, options.epochs + 1):
        train_loss, train_accuracy = train(model, loader, optimizer, f"epoch {epoch}/{options.epochs}", options.steps)
        schedule.step()
        test_loss, test_accuracy = accuracy(model, test)
        print(f"epoch {epoch}: test loss {test_loss:.4f}, test accuracy {100 * test_accuracy:.2f} %")
        history.append(
            {
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "test_loss": test_loss,
                "test_accuracy": test_accuracy,
            }
        )

    weights = options.out / "mnist_mlp.safetensors"
    torch.utils.safetensors.save_file(model.state_dict(), weights)
    curves, samples = options.out / "learning_curves.png", options.out / "predictions.png"
    learning_curves(history, curves)
    sample_predictions(model, test, samples)
    graph = computation_graph(model, training, options.batch_size, options.out / "training_step.svg")
    print("learning curves        ", curves)
    print("sample predictions     ", samples)
    if graph is not None:
        print("graph of a step        ", graph)
    print("weights                ", weights)
    print(f"test accuracy {100 * history[-1]['test_accuracy']:.1f} %")


if __name__ == "__main__":
    main()
