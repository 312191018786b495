"""Softmax and its relatives across a dimension that is not the last: of [N, C, S], for each n and s over all c.

Stretches of S are worked on at a time, so that what belongs to a stretch stays in the cache while c goes round.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, exp_below, helper, kernel, log, prange, scratch, team

__all__ = ["slope", "softmax"]

_STRETCH = 256


def softmax(input: Any, dim: int, logarithms: bool) -> Any:
    """Softmax across a dimension, or its logarithms."""
    return _run(_softmax, dim, logarithms, input)


def slope(above: Any, result: Any, dim: int, logarithms: bool) -> Any:
    """The cotangent of the argument, from that of the result and the result."""
    return _run(_slope, dim, logarithms, above, result)


def _run(work: Any, dim: int, logarithms: bool, *arrays: Any) -> Any:
    shape = arrays[0].shape
    y = np.empty(shape, F)
    three = (math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :]))
    count = team(y.size)
    work(*[a.reshape(three) for a in (*arrays, y)], logarithms, scratch(count, 2 * _STRETCH))
    return y


@kernel
def _softmax(x: Any, y: Any, logarithms: bool, own: Any) -> None:
    count, stretches = len(own), -(-x.shape[2] // _STRETCH)
    works = len(x) * stretches
    for t in prange(count):
        for work in range(works * t // count, works * (t + 1) // count):
            start = work % stretches * _STRETCH
            stop = min(start + _STRETCH, x.shape[2])
            top, total = own[t, :_STRETCH], own[t, _STRETCH : 2 * _STRETCH]
            _softmax_stretch(x[work // stretches], y[work // stretches], logarithms, start, stop, top, total)


@helper
def _softmax_stretch(x: Any, y: Any, logarithms: bool, start: int, stop: int, top: Any, total: Any) -> None:
    size = stop - start
    top[:size] = x[0, start:stop]
    total[:size] = F(0)
    for c in range(1, len(x)):
        row = x[c, start:stop]
        for j in range(size):
            top[j] = row[j] if row[j] > top[j] else top[j]
    for c in range(len(x)):
        row, made = x[c, start:stop], y[c, start:stop]
        for j in range(size):
            e = exp_below(row[j] - top[j])
            made[j] = e
            total[j] += e
    for j in range(size):
        total[j] = top[j] + log(total[j]) if logarithms else F(1) / total[j]
    for c in range(len(x)):
        row, made = x[c, start:stop], y[c, start:stop]
        if logarithms:
            for j in range(size):
                made[j] = row[j] - total[j]
        else:
            for j in range(size):
                made[j] *= total[j]


@kernel
def _slope(g: Any, p: Any, y: Any, logarithms: bool, own: Any) -> None:
    count, stretches = len(own), -(-g.shape[2] // _STRETCH)
    works = len(g) * stretches
    for t in prange(count):
        for work in range(works * t // count, works * (t + 1) // count):
            n, start = work // stretches, work % stretches * _STRETCH
            _slope_stretch(g[n], p[n], y[n], logarithms, start, min(start + _STRETCH, g.shape[2]), own[t, :_STRETCH])


@helper
def _slope_stretch(g: Any, p: Any, y: Any, logarithms: bool, start: int, stop: int, total: Any) -> None:
    size = stop - start
    total[:size] = F(0)
    for c in range(len(g)):
        above, value = g[c, start:stop], p[c, start:stop]
        for j in range(size):
            total[j] += above[j] if logarithms else above[j] * value[j]
    for c in range(len(g)):
        above, value, made = g[c, start:stop], p[c, start:stop], y[c, start:stop]
        if logarithms:
            for j in range(size):
                made[j] = above[j] - exp_below(value[j]) * total[j]
        else:
            for j in range(size):
                made[j] = (above[j] - total[j]) * value[j]
