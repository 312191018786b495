"""Sine and cosine: NumPy's run in one thread, a vector at a time as these do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, bits_of, fused_multiply, helper, kernel, prange, team

__all__ = ["cos", "sin"]

_PARTS = (F(1.5707963705062866), F(-4.371138828673793e-08), F(-1.7151244814870395e-15))
"""pi / 2 in three floats: each product with a whole number is subtracted without rounding in between."""
_MAGIC, _MAGIC_BITS = F(12582912.0), np.int32(0x4B400000)  # adding 1.5 * 2**23 rounds to an integer, in the low bits
_FAR = 1e5
_FAR_BITS = int(F(_FAR).view(np.int32))


def sin(input: Any) -> Any:
    """The twin of ``np.sin``, within 2 units in the last place."""
    return _run(input, np.int32(0))


def cos(input: Any) -> Any:
    """The twin of ``np.cos``: the sine a quarter turn on."""
    return _run(input, np.int32(1))


def _run(input: Any, quarters: Any) -> Any:
    y = np.empty_like(input)
    _waves(input.reshape(-1), y.reshape(-1), quarters, team(input.size / 2))
    return y


@kernel
def _waves(x: Any, y: Any, quarters: Any, count: int) -> None:
    if count == 1:
        _part(x, y, quarters, 0, len(x))
    else:
        for t in prange(count):
            _part(x, y, quarters, len(x) * t // count, len(x) * (t + 1) // count)


@helper
def _part(x: Any, y: Any, quarters: Any, start: int, stop: int) -> None:
    x, y = x[start:stop], y[start:stop]
    largest = np.int32(0)
    for i in range(len(x)):
        v = x[i]
        q = np.int32(bits_of(v * F(0.6366197723675814) + _MAGIC) - _MAGIC_BITS)  # v / (pi / 2), rounded
        f = -F(q)
        r = fused_multiply(f, _PARTS[2], fused_multiply(f, _PARTS[1], fused_multiply(f, _PARTS[0], v)))
        z = r * r  # from here the polynomials of Cephes' sinf and cosf, between -pi / 4 and pi / 4
        s = ((F(-1.9515295891e-4) * z + F(8.3321608736e-3)) * z + F(-1.6666654611e-1)) * z * r + r
        p = (F(2.443315711809948e-5) * z + F(-1.388731625493765e-3)) * z + F(4.166664568298827e-2)
        c = p * z * z - F(0.5) * z + F(1)
        q = np.int32(q + quarters)
        w = c if q & np.int32(1) else s
        y[i] = -w if q & np.int32(2) else w
        size = np.int32(bits_of(v) & np.int32(0x7FFFFFFF))
        largest = size if size > largest else largest
    if largest > _FAR_BITS:  # or infinite, or NaN
        for i in range(len(x)):
            if not abs(x[i]) <= _FAR:
                v = np.float64(x[i])
                y[i] = F(math.cos(v) if quarters else math.sin(v))
