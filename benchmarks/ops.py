"""``python -m benchmarks ops --vs torch``: every operation, forward and backward, on 10 and on 1,000,000 float32 elements.

Both libraries run in this process and take turns. The limits: at 10 elements none slower than PyTorch, at 1,000,000 none
slower than 1.5 times.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

UNARY = """
abs neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh cosh tanh asinh atanh
sigmoid relu erf sign floor ceil round trunc frac clone positive sgn
""".split()
POSITIVE = "log log2 log10 log1p sqrt rsqrt reciprocal".split()
BINARY = "add sub mul div maximum minimum pow atan2 hypot fmod remainder eq lt ge logaddexp".split()
REDUCE = "sum mean prod amax amin var std logsumexp norm argmax any all".split()

CASES: dict[str, Callable[..., Any]] = {}
for _name in UNARY:
    CASES[_name] = lambda t, x, y, n=_name: getattr(t, n)(x)
for _name in BINARY:
    CASES[_name] = lambda t, x, y, n=_name: getattr(t, n)(x, y)
for _name in REDUCE:
    CASES[_name] = lambda t, x, y, n=_name: (
        getattr(t, n)(x) if n not in ("logsumexp", "amax", "amin") else getattr(t, n)(x, dim=0)
    )
CASES |= {
    "sum(dim)": lambda t, x, y: x.reshape(10, -1).sum(dim=1),
    "mean(dim)": lambda t, x, y: x.reshape(10, -1).mean(dim=0),
    "max(dim)": lambda t, x, y: x.reshape(10, -1).max(dim=1).values,
    "softmax": lambda t, x, y: t.softmax(x.reshape(10, -1), dim=1),
    "log_softmax": lambda t, x, y: t.log_softmax(x.reshape(10, -1), dim=1),
    "cumsum": lambda t, x, y: t.cumsum(x, 0),
    "sort": lambda t, x, y: t.sort(x).values,
    "topk": lambda t, x, y: t.topk(x, 5).values,
    "clamp": lambda t, x, y: x.clamp(0.2, 0.8),
    "where": lambda t, x, y: t.where(x > y, x, y),
    "lerp": lambda t, x, y: t.lerp(x, y, 0.3),
    "masked_fill": lambda t, x, y: x.masked_fill(y > 0.5, 0.0),
    "transpose": lambda t, x, y: x.reshape(10, -1).transpose(0, 1).contiguous(),
    "cat": lambda t, x, y: t.cat([x, y]),
    "stack": lambda t, x, y: t.stack([x, y]),
    "chunk": lambda t, x, y: x.chunk(2)[0],
    "getitem": lambda t, x, y: x[2:8],
    "index": lambda t, x, y: x[t.arange(5)],
    "flip": lambda t, x, y: x.flip(0),
    "roll": lambda t, x, y: x.roll(1),
    "repeat": lambda t, x, y: x.repeat(2),
    "expand": lambda t, x, y: x.reshape(1, -1).expand(2, -1).sum(0),
    "tril": lambda t, x, y: x.reshape(10, -1).tril(),
    "gather": lambda t, x, y: x.gather(0, t.arange(10)),
    "matmul": lambda t, x, y: x.reshape(-1, 10 if x.numel() == 10 else 1000) @ y.reshape(10 if x.numel() == 10 else 1000, -1),
    "dot": lambda t, x, y: t.dot(x, y),
    "outer": lambda t, x, y: t.outer(x[:1000], y[:1000]),
    "scalar mul": lambda t, x, y: x * 2.5,
    "scalar add": lambda t, x, y: x + 1,
}  # fmt: skip


def seconds(step: Callable[[], None], budget: float) -> float:
    start = time.perf_counter()
    step()
    once = time.perf_counter() - start
    times = []
    for _ in range(max(3, min(300, int(budget / max(once, 1e-7))))):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return median(times)


def make(t: Any, name: str, size: int) -> Callable[[], None]:
    rng = np.random.default_rng(0)
    x = t.tensor(rng.uniform(0.05, 0.95, size).astype(np.float32), requires_grad=True)
    y = t.tensor(rng.uniform(0.05, 0.95, size).astype(np.float32))
    call = CASES[name]
    probe = call(t, x, y)
    ones = t.ones_like(probe) if probe.requires_grad else None

    def step() -> None:
        out = call(t, x, y)
        if ones is not None:
            x.grad = None
            out.backward(ones)

    return step


def main(peers: list[str]) -> int:
    ours, torch = importlib.import_module("autograd"), importlib.import_module("torch")
    slow: list[str] = []
    print(
        f"{'operation':14s} {'10 elements: us':>16s} {'torch':>8s} {'ratio':>6s} {'10^6: ms':>10s} {'torch':>8s} {'ratio':>6s}"
    )
    for name in CASES:
        cells = f"{name:14s}"
        for size, limit, scale in ((10, 1.0, 1e6), (1_000_000, 1.5, 1e3)):
            try:
                a, b = make(ours, name, size), make(torch, name, size)
            except (AttributeError, NotImplementedError, TypeError, RuntimeError) as error:
                cells += f"  {type(error).__name__}: {str(error)[:50]}"
                slow.append(f"{name} at {size:,}: does not run")
                continue
            rounds = [(seconds(a, 0.02), seconds(b, 0.02)) for _ in range(5)]
            x, y = (min(r[i] for r in rounds) for i in (0, 1))
            cells += f" {x * scale:12.2f} {y * scale:10.2f} {x / y:6.2f}"
            if x / y > limit:
                slow.append(f"{name} at {size:,}: {x / y:.2f} x")
        print(cells, flush=True)
    print("\nno operation is over its limit" if not slow else "\nover the limit:\n  " + "\n  ".join(slow))
    return 1 if slow else 0
