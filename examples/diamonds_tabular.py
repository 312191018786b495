"""The price of a diamond: a table of mixed types, with embeddings for the categories. R2 is stated.

    python examples/diamonds_tabular.py --epochs 15

53,940 rows: carat, depth, table and three sizes; cut, colour and clarity as small embeddings. The table comes in the
PyPI package ``plotnine`` (pip install --no-deps plotnine==0.15.9), or give a folder that has diamonds.csv: --data FOLDER.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from common import figure, parse, parser

import autograd as torch
import nn
import optim

NUMBERS = ("carat", "depth", "table", "x", "y", "z")
CATEGORIES = ("cut", "color", "clarity")


def table(data: Path) -> list[dict[str, str]]:
    """The rows of diamonds.csv, from the given folder or the installed package."""
    path = data / "diamonds.csv"
    if not path.exists():
        spec = importlib.util.find_spec("plotnine")
        places = spec.submodule_search_locations if spec is not None else None
        found = next(Path(places[0]).rglob("diamonds.csv"), None) if places else None
        if found is None:
            raise SystemExit(
                f"{path} is not there and the package plotnine is not installed. Run "
                "pip install --no-deps plotnine==0.15.9, or give the folder of diamonds.csv with --data"
            )
        path = found
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def features(rows: list[dict[str, str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """Numbers [N, 6], category numbers [N, 3], log prices [N, 1], and how many values each category has."""
    numbers = np.array([[float(r[c]) for c in NUMBERS] for r in rows], np.float32)
    levels = [sorted({r[c] for r in rows}) for c in CATEGORIES]
    codes = np.array([[level.index(r[c]) for c, level in zip(CATEGORIES, levels, strict=True)] for r in rows])
    prices = np.log(np.array([[float(r["price"])] for r in rows], np.float32))
    return numbers, codes, prices, [len(level) for level in levels]


class Prices(nn.Module):
    """Embedded categories beside the numbers, then three layers. The input holds both: [N, 6 + 3]."""

    def __init__(self, sizes: list[int], width: int = 128) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(n, 4) for n in sizes])
        self.layers = nn.Sequential(
            nn.Linear(len(NUMBERS) + 4 * len(sizes), width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 1),
        )

    def forward(self, x: Any) -> Any:
        numbers, codes = x[:, : len(NUMBERS)], x[:, len(NUMBERS) :].long()
        embedded = [table(codes[:, i]) for i, table in enumerate(self.embeddings)]
        return self.layers(torch.cat([numbers, *embedded], dim=1))


def main() -> None:
    options = parse(parser(__doc__, epochs=15, batch_size=256))
    numbers, codes, prices, sizes = features(table(options.data))
    order = np.random.default_rng(options.seed).permutation(len(prices))
    test, train = order[:5394], order[5394:][: options.limit]
    mean, std = numbers[train].mean(0), numbers[train].std(0)
    inputs = np.concatenate([(numbers - mean) / std, codes.astype(np.float32)], axis=1)
    center, spread = prices[train].mean(), prices[train].std()
    targets = (prices - center) / spread
    parts = [(torch.from_numpy(inputs[at]), torch.from_numpy(targets[at])) for at in (train, test)]

    model = Prices(sizes)
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
    steps = options.epochs * -(-len(train) // options.batch_size)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    trainer = nn.Trainer(
        model, nn.MSELoss(), optimizer, metrics=["r2"], callbacks=[nn.training.LRSchedule(schedule, every="batch")]
    )
    trainer.fit(*parts[0], epochs=options.epochs, batch_size=options.batch_size, validation_data=parts[1])
    guess = np.exp(trainer.predict(parts[1][0]).numpy()[:, 0] * spread + center)
    truth = np.exp(prices[test, 0])
    fig, axes = figure()
    axes[0, 0].loglog(truth, guess, ".", ms=1.5, alpha=0.4)
    axes[0, 0].loglog([300, 20000], [300, 20000], color="#cb3c33", lw=1)
    axes[0, 0].set_xlabel("price, dollars")
    axes[0, 0].set_title("predicted price", loc="left")
    fig.savefig(options.out / "diamonds.png", dpi=140)
    result = trainer.evaluate(*parts[1])
    dollars = 1 - np.square(guess - truth).sum() / np.square(truth - truth.mean()).sum()
    print("picture", options.out / "diamonds.png")
    print(f"median error {100 * np.median(np.abs(guess / truth - 1)):.1f} %, R2 in dollars {dollars:.4f}")
    print(f"test R2 {result['r2']:.4f}")


if __name__ == "__main__":
    main()
