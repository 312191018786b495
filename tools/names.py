"""How many of the names that real PyTorch programs use resolve here, by area: ``python -m tools.names``.

The table ``tests/data/torch_names.tsv`` ranks the names of 411 programs. Each is looked up by the one naming rule:
``torch.X`` is ``autograd.X``, ``torchvision.X`` is ``autograd.vision.X``, ``nn.X``, ``optim.X`` and ``F.X`` are what
they say, and ``Tensor.x``, ``Module.x`` ... are attributes of an object of that kind.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parent.parent / "tests" / "data" / "torch_names.tsv"

NOT_IN_PYTORCH = {"nn.Dense", "nn.avg_pool", "optim.step"}
"""Slips in the programs that were counted: PyTorch has no such names either."""


def _objects() -> dict[str, Callable[[], list[Any]]]:
    """For each kind of object, how to make some of that kind."""
    import autograd
    import nn
    import optim

    def weights() -> list[Any]:
        return [nn.Parameter(autograd.ones(1))]

    def schedulers() -> list[Any]:
        return [optim.lr_scheduler.StepLR(optim.SGD(weights(), lr=0.1), 1)]

    def distributions() -> list[Any]:
        kinds = autograd.distributions
        return [kinds.Categorical(autograd.ones(2)), kinds.Normal(0.0, 1.0), kinds.Distribution]

    return {
        "Tensor": lambda: [autograd.ones(2, 2)],
        "Module": lambda: [nn.Sequential(), nn.ModuleList(), nn.ModuleDict()],
        "Optimizer": lambda: [optim.SGD(weights(), lr=0.1)],
        "LRScheduler": schedulers,
        "Distribution": distributions,
        "SummaryWriter": lambda: [autograd.utils.tensorboard.SummaryWriter],
        "GradScaler": lambda: [autograd.amp.GradScaler],
        "FunctionCtx": lambda: [autograd.autograd.function.FunctionCtx],
    }


def resolves(name: str, objects: dict[str, Callable[[], list[Any]]]) -> bool:
    """Whether a name of the table is found by the naming rule."""
    import autograd
    import nn
    import optim

    head, *path = name.split(".")
    try:
        if head in objects:
            return any(_has(thing, path) for thing in objects[head]())
        if head == "F":
            return _has(nn.functional, path)
        roots = {"torch": autograd, "nn": nn, "optim": optim}
        return _has(autograd.vision if head == "torchvision" else roots[head], path)
    except (AttributeError, ImportError, KeyError):
        return False


def _has(thing: Any, path: list[str]) -> bool:
    for i, part in enumerate(path):
        if part not in dir(type(thing)) and not hasattr(thing, part):
            return False
        if i + 1 < len(path):
            thing = getattr(thing, part)
            if thing is None:  # torch.version.cuda is None in a build for the CPU: what follows is never reached
                return True
    return True


def table() -> list[dict[str, str]]:
    """The rows of the table: rank, name, programs, area."""
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def missing() -> dict[str, list[str]]:
    """The names that do not resolve, by area; every area is a key."""
    objects = _objects()
    found: dict[str, list[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in table():
            absent = found.setdefault(row["area"], [])
            if row["name"] not in NOT_IN_PYTORCH and not resolves(row["name"], objects):
                absent.append(row["name"])
    return found


def main() -> int:
    """Print the count by area and what is missing; the exit status is 1 if anything is."""
    rows = table()
    absent = missing()
    print(f"{'area':<16} {'names':>5} {'resolve':>8}")
    for area in sorted(absent):
        names = [row["name"] for row in rows if row["area"] == area]
        slips = sum(name in NOT_IN_PYTORCH for name in names)
        note = f"  ({slips} slip{'s' * (slips > 1)} that PyTorch has not either)" if slips else ""
        print(f"{area:<16} {len(names):>5} {len(names) - slips - len(absent[area]):>8}{note}")
    everything = len(rows)
    there = everything - sum(map(len, absent.values())) - len(NOT_IN_PYTORCH)
    print(f"{'all':<16} {everything:>5} {there:>8}")
    for area, names in sorted(absent.items()):
        if names:
            print(f"missing in {area}: {', '.join(names)}")
    return 1 if any(absent.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
