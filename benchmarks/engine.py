"""``python -m benchmarks engine``: what one recorded operation costs, how time grows with the graph, what an import costs.

Each figure is printed beside the limit it must keep.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Figure:
    """Something measured, and what it may be at most."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        kept = (
            "" if self.limit is None else f"   limit {self.limit:g}" + ("" if self.value <= self.limit else ": BROKEN")
        )
        return f"{self.name:42s} {self.value:9.2f} {self.unit:8s}{kept}"


def per_call(statement: str, names: dict[str, object], number: int = 50_000) -> float:
    """Microseconds of one execution: the least of nine rounds."""
    return min(timeit.repeat(statement, number=number, repeat=9, globals=names)) / number * 1e6


def chain(n: int) -> tuple[float, float, float, float]:
    """Seconds forward, backward and to drop, and bytes per node, of n multiplications in a chain."""
    import resource

    import autograd

    x = autograd.ones(3, requires_grad=True)
    scale = autograd.ones(3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    y = x
    for _ in range(n):
        y = y * scale
    forward = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / n
    loss = y.sum()
    start = time.perf_counter()
    loss.backward()
    backward = time.perf_counter() - start
    start = time.perf_counter()
    del y, loss
    return forward, backward, time.perf_counter() - start, grown


def indexing(steps: int) -> float:
    """Microseconds of each ``x[t]`` over ``steps`` steps, forward and backward; the least of three times."""
    import autograd

    found = []
    for _ in range(3):
        x = autograd.ones(steps, 8, requires_grad=True)
        start = time.perf_counter()
        total = autograd.zeros(8)
        for t in range(steps):
            total = total + x[t]
        total.sum().backward()
        found.append((time.perf_counter() - start) / steps * 1e6)
    return min(found)


def deep(layers: int = 1_000, steps: int = 20) -> tuple[float, float]:
    """A residual MLP of that many layers trains on a small regression: its last loss over its first, seconds a step."""
    import autograd
    import nn
    import optim

    autograd.manual_seed(0)
    blocks = nn.ModuleList([nn.Linear(16, 16) for _ in range(layers)])
    optimizer = optim.Adam(blocks.parameters(), lr=1e-4)
    x, y = autograd.randn(32, 16), autograd.randn(32, 16)
    losses, start = [], time.perf_counter()
    for _ in range(steps):
        h = x
        for block in blocks:
            h = h + autograd.tanh(block(h)) * 0.03
        loss = ((h - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[-1] / losses[0], (time.perf_counter() - start) / steps


def figures() -> Iterator[Figure]:
    """Everything, in the order of the list of limits."""
    import autograd

    a = np.ones(10, np.float32)
    names: dict[str, object] = {"a": a, "x": autograd.ones(10, requires_grad=True), "c": autograd.ones(10)}
    bare = per_call("a * a", names)
    yield Figure("numpy a * a", bare, "us")
    yield Figure("recorded x * c, over numpy", per_call("x * c", names) - bare, "us", 0.8)
    yield Figure("constant c * c, over numpy", per_call("c * c", names) - bare, "us", 0.4)
    whole = {}
    for n in (100_000, 1_000_000):
        f, b, d, size = chain(n)
        whole[n] = f + b + d
        yield Figure(f"chain of {n:,}: forward, each node", f / n * 1e6, "us")
        yield Figure(f"chain of {n:,}: backward, each node", b / n * 1e6, "us", 1.5)
        yield Figure(f"chain of {n:,}: memory, each node", size, "bytes")
    yield Figure("1,000,000 nodes over 100,000", whole[1_000_000] / whole[100_000], "times", 12)
    few, many = indexing(1_000), indexing(20_000)
    yield Figure("x[t] over 20,000 steps, each", many, "us")
    yield Figure("each x[t] of 20,000 over one of 1,000", many / few, "times", 1.2)
    fallen, seconds = deep()
    yield Figure("MLP of 1,000 layers: a step", seconds * 1e3, "ms")
    yield Figure("MLP of 1,000 layers: last loss over first", fallen, "", 0.9)
    yield from imports()
    yield from wheel()


def imports() -> Iterator[Figure]:
    """What our import takes after NumPy's, with byte code as users have it: compiled once."""
    clock = "import time,sys,numpy; s=time.perf_counter(); import {}; print(time.perf_counter()-s)"
    root = Path(__file__).resolve().parent.parent
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for modules, limit in (("autograd", None), ("autograd, nn, optim", 60)):
        run = [sys.executable, "-c", clock.format(modules)]
        took = min(
            float(subprocess.run(run, capture_output=True, text=True, check=True, env=env, cwd=root).stdout)
            for _ in range(9)
        )
        yield Figure(f"import {modules}, over numpy", took * 1e3, "ms", limit)


def wheel() -> Iterator[Figure]:
    """The size of the wheel; nothing where it can't be built."""
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, str(root)]
        if subprocess.run(build, capture_output=True).returncode == 0:
            (made,) = Path(folder).glob("*.whl")
            yield Figure("wheel", made.stat().st_size / 1000, "kB", 1000)


def report() -> list[str]:
    """Print every figure; returns the limits that are broken."""
    broken = []
    for figure in figures():
        print(figure, flush=True)
        if figure.limit is not None and figure.value > figure.limit:
            broken.append(f"{figure.name}: {figure.value:.2f} {figure.unit}, limit {figure.limit:g}")
    return broken


def main() -> int:
    """0 if all limits hold."""
    return 1 if report() else 0
