"""Depthwise convolution: each channel has a kernel of its own, and there is no sum over channels to make a product of.

A tap of the kernel is a shift in the flat padded plane. So a plane's result, at all places as if the stride were 1, is one
long loop for each tap, and the wanted places are picked afterwards. Backwards the same: the cotangent is put where it was
picked, among zeros, and the shifts are taken back (input), or its products with the shifted planes are added up (weight).
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from .runtime import helper, kernel, prange, team
from .tiles import copy

__all__ = ["convolution", "convolution_input", "convolution_weight"]

Ints = tuple[int, ...]


class _Geometry:
    """Positions in a flat padded plane: (first, step along each of three dimensions) of its input and of its results."""

    def __init__(self, size: Ints, kernel: Ints, stride: Ints, padding: Any, dilation: Ints) -> None:
        padded = [n + a + b for n, (a, b) in zip(size, padding, strict=True)]
        steps = [math.prod(padded[i + 1 :]) for i in range(len(size))]
        ones = [0] * (3 - len(size))
        taps = [[i * d * s for i in range(k)] for k, d, s in zip(kernel, dilation, steps, strict=True)]
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        self.result = tuple([(n - e) // s + 1 for n, e, s in zip(padded, spans, stride, strict=True)])
        self.plane = math.prod(padded)
        self.shifts = np.array([sum(tap) for tap in itertools.product(*taps)], np.int64)
        self.inside = np.array([sum(a * s for (a, _), s in zip(padding, steps, strict=True)), *ones, *steps], np.int64)
        self.places = np.array([0, *ones, *[a * s for a, s in zip(stride, steps, strict=True)]], np.int64)
        self.length = self.plane - int(self.shifts[-1])  # of the results with stride 1
        self.behind = self.places + np.array([self.shifts[-1], 0, 0, 0])  # with room for shifting back


_geometry = functools.lru_cache(512)(_Geometry)


def _planes(x: Any) -> Any:
    """[images, channels, depth, height, width]."""
    return np.ascontiguousarray(x).reshape(*x.shape[:2], *[1] * (5 - x.ndim), *x.shape[2:])


def _buffers(count: int, length: int) -> Any:
    return np.zeros((count, length), np.float32)


def convolution(input: Any, weight: Any, bias: Any, stride: Ints, padding: Any, dilation: Ints) -> Any:
    """Input [N, C, *S], weight [C, 1, *kernel]."""
    g = _geometry(input.shape[2:], weight.shape[2:], stride, padding, dilation)
    made = np.empty((*input.shape[:2], *g.result), np.float32)
    if bias is None:
        bias = np.zeros(len(weight), np.float32)
    _run(input, weight, bias, made, g.shifts, g.inside, g.places, g.plane, g.length)
    return made


def convolution_input(input: Any, weight: Any, size: Ints, stride: Ints, padding: Any, dilation: Ints) -> Any:
    """From a cotangent [N, C, *result] to an input of spatial ``size``."""
    g = _geometry(size, weight.shape[2:], stride, padding, dilation)
    made = np.empty((*input.shape[:2], *size), np.float32)
    back = g.shifts[-1] - g.shifts
    _run(input, weight, np.zeros(len(weight), np.float32), made, back, g.behind, g.inside, g.plane + back[0], g.plane)
    return made


def _run(x: Any, w: Any, bias: Any, made: Any, shifts: Any, into: Any, out: Any, whole: int, length: int) -> None:
    count = team(x.shape[0] * x.shape[1] * length * len(shifts) / 10)
    w = np.ascontiguousarray(w).reshape(len(w), -1)
    _filter(
        _planes(x), w, bias, _planes(made), shifts, into, out, _buffers(count, whole), _buffers(count, length), count
    )


@kernel
def _filter(
    x: Any, w: Any, bias: Any, made: Any, shifts: Any, into: Any, out: Any, stage: Any, sums: Any, count: int
) -> None:
    channels = x.shape[1]
    units = len(x) * channels
    for t in prange(count):
        for unit in range(units * t // count, units * (t + 1) // count):
            image, channel = unit // channels, unit % channels
            total = sums[t]
            _put(x[image, channel], into, stage[t])
            total[:] = bias[channel]
            for k in range(len(shifts) % 3):
                _add(total, w[channel, k], stage[t, shifts[k] :])
            for k in range(len(shifts) % 3, len(shifts), 3):
                a, b, c = stage[t, shifts[k] :], stage[t, shifts[k + 1] :], stage[t, shifts[k + 2] :]
                _add_three(total, w[channel, k], a, w[channel, k + 1], b, w[channel, k + 2], c)
            _pick(total, out, made[image, channel])


@helper
def _add(total: Any, factor: Any, row: Any) -> None:
    for q in range(len(total)):
        total[q] += factor * row[q]


@helper
def _add_three(total: Any, p: Any, a: Any, q: Any, b: Any, r: Any, c: Any) -> None:
    """Three at once: the sums are read and written a third as often."""
    for i in range(len(total)):
        total[i] += p * a[i] + q * b[i] + r * c[i]


@helper
def _put(plane: Any, where: Any, stage: Any) -> None:
    """A plane [depth, height, width] to its places in a flat one."""
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            row, target = plane[i, j], stage[where[0] + i * where[1] + j * where[2] :]
            if where[3] == 1:
                copy(row.ctypes.data, target.ctypes.data, len(row))
            else:
                for k in range(len(row)):
                    target[k * where[3]] = row[k]


@helper
def _pick(stage: Any, where: Any, plane: Any) -> None:
    """The other way."""
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            row, source = plane[i, j], stage[where[0] + i * where[1] + j * where[2] :]
            if where[3] == 1:
                copy(source.ctypes.data, row.ctypes.data, len(row))
            else:
                for k in range(len(row)):
                    row[k] = source[k * where[3]]


def convolution_weight(input: Any, other: Any, size: Ints, stride: Ints, padding: Any, dilation: Ints) -> Any:
    """From a cotangent [N, C, *result] and an input [N, C, *S] to [C, 1, *size]."""
    g = _geometry(other.shape[2:], size, stride, padding, dilation)
    made = np.zeros((input.shape[1], 1, *size), np.float32)
    count = team(input.shape[0] * input.shape[1] * g.length * len(g.shifts) / 10)
    _products(
        _planes(input), _planes(other), made.reshape(len(made), -1), g.shifts, g.inside, g.places,
        _buffers(count, g.plane), _buffers(count, g.length), count,
    )  # fmt: skip
    return made


@kernel
def _products(
    g: Any, x: Any, made: Any, shifts: Any, inside: Any, places: Any, stage: Any, spread: Any, count: int
) -> None:
    channels = x.shape[1]
    for t in prange(count):
        for channel in range(channels * t // count, channels * (t + 1) // count):
            for image in range(len(x)):
                _put(x[image, channel], inside, stage[t])
                _put(g[image, channel], places, spread[t])
                for k in range(len(shifts)):
                    made[channel, k] += _dot(spread[t], stage[t, shifts[k] :])


@helper
def _dot(a: Any, b: Any) -> Any:
    total = a[0] * b[0]
    for q in range(1, len(a)):
        total += a[q] * b[q]
    return total
