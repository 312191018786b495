"""One record for each twin: arguments on which the compiled kernel must agree with the plain function.

A record is a function that returns the positional arguments. The first one must be accepted by the twin's ``when``;
the others are odd shapes and values, which the kernel must get right although it may never be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arguments = Callable[[], tuple[Any, ...]]
RECORDS: dict[str, list[Arguments]] = {}


def floats(*shape: int, seed: int = 0, scale: float = 1.0) -> Any:
    """Normal numbers, float32."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def special(*shape: int) -> Any:
    """Rows with huge numbers, infinities and NaN among ordinary ones."""
    x = floats(*shape)
    x[0, 0], x[1, 1], x[2, -1], x[3, 0] = 1e30, -np.inf, np.nan, -1e30
    return x


RECORDS["rows.softmax"] = [
    lambda: (floats(200, 64), 1),
    lambda: (floats(7, 5, 33, scale=30), 2),
    lambda: (floats(3, 1), 1),
    lambda: (special(5, 17), 1),
]
