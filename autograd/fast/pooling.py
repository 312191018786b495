"""Maxima of sliding windows, and their cotangents back to where the maxima were."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, helper, kernel, prange, team

__all__ = ["largest", "largest_and_tap", "place"]


def largest(x: Any, w: Any) -> Any:
    """The twin of ``ops.max_pooling._largest`` for windows of 2 x 2, side by side."""
    return largest_and_tap(x, w)[0]


def largest_and_tap(x: Any, w: Any) -> tuple[Any, Any]:
    """The twin of ``ops.max_pooling._largest_and_tap`` for the same windows."""
    made, taps = np.empty((*x.shape[:-2], *w.result), np.float32), np.empty((*x.shape[:-2], *w.result), np.uint8)
    parts = [m.reshape(-1, *m.shape[-2:]) for m in (np.ascontiguousarray(x), made, taps)]
    count = team(x.size / 4)
    _halves(*parts, _rows(count, w), count)
    return made, taps


def _rows(count: int, w: Any) -> Any:
    """For each thread, memory for the upper and the lower rows of a plane."""
    return np.empty((count, 2, 2 * math.prod(w.result)), np.float32)


@kernel
def _halves(x: Any, made: Any, taps: Any, rows: Any, count: int) -> None:
    if count == 1:
        _halves_of(x, made, taps, rows[0], 0, len(x))
    else:
        for t in prange(count):
            _halves_of(x, made, taps, rows[t], len(x) * t // count, len(x) * (t + 1) // count)


@helper
def _halves_of(x: Any, made: Any, taps: Any, rows: Any, start: int, stop: int) -> None:
    """All upper rows of a plane and all lower ones first: loops over single rows would be too short for vectors."""
    width = 2 * made.shape[2]
    for p in range(start, stop):
        for i in range(made.shape[1]):
            _copy(x[p, 2 * i], rows[0, i * width : (i + 1) * width])
            _copy(x[p, 2 * i + 1], rows[1, i * width : (i + 1) * width])
        _largest_of_four(rows[0], rows[1], made[p].reshape(-1), taps[p].reshape(-1))


@helper
def _largest_of_four(upper: Any, lower: Any, best: Any, tap: Any) -> None:
    for j in range(len(best)):
        a, b, c, d = upper[2 * j], upper[2 * j + 1], lower[2 * j], lower[2 * j + 1]
        right, below_right = (b > a) | (b != b), (d > c) | (d != d)
        top, bottom = b if right else a, d if below_right else c
        below = (bottom > top) | (bottom != bottom)
        best[j] = bottom if below else top
        tap[j] = (np.uint8(3) if below_right else np.uint8(2)) if below else np.uint8(right)


@helper
def _copy(source: Any, target: Any) -> None:
    for j in range(len(target)):
        target[j] = source[j]


def place(input: Any, taps: Any, w: Any) -> Any:
    """The twin of ``ops.max_pooling._place``."""
    lead = input.shape[: input.ndim - len(w.kernel)]
    made = np.empty((*lead, *w.spatial), np.float32)
    planes = math.prod(lead)
    input, taps = np.ascontiguousarray(input), np.ascontiguousarray(taps)
    if w.halves:
        parts = [m.reshape(planes, *w.result) for m in (input, taps)]
        count = team(made.size / 4)
        _place_halves(*parts, made.reshape(planes, *w.spatial), _rows(count, w), count)
    else:
        parts = [m.reshape(planes, -1) for m in (input, taps, made)]
        _place_anywhere(*parts, w.starts.reshape(-1), w.offsets, w.unpadded(), team(made.size + 2 * input.size))
    return made


@kernel
def _place_halves(g: Any, taps: Any, made: Any, rows: Any, count: int) -> None:
    if count == 1:
        _place_halves_of(g, taps, made, rows[0], 0, len(g))
    else:
        for t in prange(count):
            _place_halves_of(g, taps, made, rows[t], len(g) * t // count, len(g) * (t + 1) // count)


@helper
def _place_halves_of(g: Any, taps: Any, made: Any, rows: Any, start: int, stop: int) -> None:
    """All upper rows of a plane and all lower ones first: loops over single rows would be too short for vectors."""
    width = 2 * g.shape[2]
    upper, lower = rows[0], rows[1]
    for p in range(start, stop):
        _spread(g[p].reshape(-1), taps[p].reshape(-1), np.uint8(0), upper)
        _spread(g[p].reshape(-1), taps[p].reshape(-1), np.uint8(2), lower)
        for i in range(g.shape[1]):
            _copy(upper[i * width : (i + 1) * width], made[p, 2 * i, :width])
            _copy(lower[i * width : (i + 1) * width], made[p, 2 * i + 1, :width])
        made[p, :, width:] = 0
        made[p, 2 * g.shape[1] :] = 0


@helper
def _spread(g: Any, taps: Any, t: int, pairs: Any) -> None:
    for j in range(len(g)):
        pairs[2 * j] = g[j] if taps[j] == t else F(0)
        pairs[2 * j + 1] = g[j] if taps[j] == t + np.uint8(1) else F(0)


@kernel
def _place_anywhere(g: Any, taps: Any, made: Any, starts: Any, offsets: Any, unpadded: Any, count: int) -> None:
    if count == 1:
        _place_anywhere_of(g, taps, made, starts, offsets, unpadded, 0, len(g))
    else:
        for t in prange(count):
            _place_anywhere_of(g, taps, made, starts, offsets, unpadded, len(g) * t // count, len(g) * (t + 1) // count)


@helper
def _place_anywhere_of(
    g: Any, taps: Any, made: Any, starts: Any, offsets: Any, unpadded: Any, start: int, stop: int
) -> None:
    for p in range(start, stop):
        row, from_, tap = made[p], g[p], taps[p]
        row[:] = 0
        for i in range(len(from_)):
            at = unpadded[starts[i] + offsets[tap[i]]]
            if at >= 0:
                row[at] += from_[i]
