"""Running sums and products, and the recurrence that their derivatives are, each along one dimension of [A, n, B].

What has been added up so far is a float64, as in PyTorch. Where B is 1, rows are walked four at a time: each addition waits
for the one before it, so that a single row leaves the processor three quarters idle.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, helper, kernel, prange, team

__all__ = ["accumulate", "recur"]

_SUM, _PRODUCT, _RECURRENCE = range(3)
_STRETCH = 64


def accumulate(ufunc: Any, input: Any, dim: int) -> Any:
    """Running sums (of ``np.add``) or products (of ``np.multiply``)."""
    return _run(input, input, dim, _SUM if ufunc is np.add else _PRODUCT)


def recur(input: Any, decay: Any, dim: int) -> Any:
    """``y[k] = input[k] + decay[k] * y[k-1]``."""
    return _run(input, decay, dim, _RECURRENCE)


def _run(x: Any, decay: Any, dim: int, kind: int) -> Any:
    turned = x.strides[dim] < 0  # walked from the end instead of copied
    if turned:
        x, decay = np.flip(x, dim), np.flip(decay, dim)
    y, shape = np.empty(x.shape, F), x.shape
    three = (math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :]))
    count = team(x.size / 2)
    arrays = [np.ascontiguousarray(a).reshape(three) for a in (x, decay)]
    _scan(*arrays, y.reshape(three), kind, turned, np.empty((count, _STRETCH)))
    return np.flip(y, dim) if turned else y


@kernel
def _scan(x: Any, decay: Any, y: Any, kind: int, turned: bool, own: Any) -> None:
    count, stretches = len(own), -(-x.shape[2] // _STRETCH)
    for t in prange(count):
        if x.shape[2] == 1:
            _rows(x[:, :, 0], decay[:, :, 0], y[:, :, 0], kind, turned, len(x) * t // count, len(x) * (t + 1) // count)
            continue
        works = len(x) * stretches
        for work in range(works * t // count, works * (t + 1) // count):
            a, left = work // stretches, work % stretches * _STRETCH
            right = min(left + _STRETCH, x.shape[2])
            _columns(
                x[a, :, left:right], decay[a, :, left:right], y[a, :, left:right], kind, turned, own[t, : right - left]
            )


@helper
def _next(kind: int, so_far: float, value: float, decay: float) -> float:
    if kind == _SUM:
        return so_far + value
    return so_far * value if kind == _PRODUCT else so_far * decay + value


@helper
def _rows(x: Any, decay: Any, y: Any, kind: int, turned: bool, start: int, stop: int) -> None:
    n, begin = x.shape[1], 1.0 if kind == _PRODUCT else 0.0
    for top in range(start, stop, 4):
        last = stop - 1
        i, j, k, m = top, min(top + 1, last), min(top + 2, last), min(top + 3, last)  # what is left is done twice
        p = q = r = s = begin
        for step in range(n):
            at = n - 1 - step if turned else step
            p, q = _next(kind, p, x[i, at], decay[i, at]), _next(kind, q, x[j, at], decay[j, at])
            r, s = _next(kind, r, x[k, at], decay[k, at]), _next(kind, s, x[m, at], decay[m, at])
            y[i, at], y[j, at], y[k, at], y[m, at] = p, q, r, s


@helper
def _columns(x: Any, decay: Any, y: Any, kind: int, turned: bool, so_far: Any) -> None:
    so_far[:] = 1.0 if kind == _PRODUCT else 0.0
    for step in range(len(x)):
        at = len(x) - 1 - step if turned else step
        row, factor, made = x[at], decay[at], y[at]
        for c in range(len(so_far)):
            so_far[c] = _next(kind, so_far[c], row[c], factor[c])
            made[c] = so_far[c]
