"""``python -m benchmarks engine``: what one recorded operation costs, and how time grows with the graph."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import timeit

import numpy as np


def per_call(statement: str, names: dict[str, object], number: int = 50_000) -> float:
    """Microseconds of one execution: the least of seven rounds."""
    return min(timeit.repeat(statement, number=number, repeat=7, globals=names)) / number * 1e6


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
    """Seconds of ``x[t]`` over ``steps`` steps, forward and backward."""
    import autograd

    x = autograd.ones(steps, 8, requires_grad=True)
    start = time.perf_counter()
    total = autograd.zeros(8)
    for t in range(steps):
        total = total + x[t]
    total.sum().backward()
    return time.perf_counter() - start


def main() -> int:
    import autograd

    a = np.ones(10, np.float32)
    names: dict[str, object] = {
        "np": np, "a": a, "x": autograd.ones(10, requires_grad=True), "c": autograd.ones(10), "t": autograd,
    }  # fmt: skip
    bare = per_call("a * a", names)
    print(f"numpy a * a                    {bare:6.2f} us")
    print(f"recorded x * c, over numpy     {per_call('x * c', names) - bare:6.2f} us")
    print(f"constant c * c, over numpy     {per_call('c * c', names) - bare:6.2f} us")
    for n in (1_000, 100_000, 1_000_000):
        f, b, d, size = chain(n)
        print(
            f"chain of {n:9,d}: {f + b + d:7.3f} s; per node forward {f / n * 1e6:5.2f} us, backward {b / n * 1e6:5.2f} us, "
            f"drop {d / n * 1e6:5.2f} us, {size:4.0f} bytes"
        )
    for steps in (1_000, 10_000):
        print(f"x[t] over {steps:6,d} steps: {indexing(steps) / steps * 1e6:6.2f} us per step")
    clock = "import time,sys,numpy; s=time.perf_counter(); import {}; print(time.perf_counter()-s)"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as users have it: compiled once
    for modules in ("autograd", "autograd, nn, optim"):
        run = [sys.executable, "-c", clock.format(modules)]
        took = min(
            float(subprocess.run(run, capture_output=True, text=True, check=True, env=env).stdout) for _ in range(7)
        )
        print(f"import {modules:22s} {took * 1e3:6.1f} ms over numpy")
    return 0
