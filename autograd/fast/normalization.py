"""Normalization of rows (layer norm) and of channels (batch norm): the statistics and the result in one go each.

Arrays are [N, C, P] here: the statistics are those of each c over N and P. Rows are channels of one sample. The scale
and shift belong to the channels, or - of rows - to the places. Group norm's rows are channels themselves, [N, groups, C, P],
with a scale and shift for each of a group. Where P is 1 (batch norm of a layer's features) the samples are rows of channels,
and all channels of a stretch are worked on at once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, helper, inline, kernel, prange, team

__all__ = ["moments", "normalize", "normalize_backward"]


def normalize(input: Any, weight: Any, bias: Any, axes: Any, eps: float, center: bool) -> Any:
    """The normalized values, scaled and shifted; and (before that, 1 / standard deviation)."""
    kept = tuple([1 if i in axes else n for i, n in enumerate(input.shape)])
    axes = _form(axes, input)
    x = _as_channels(input, axes)
    y, normal, rstd = np.empty_like(x), np.empty_like(x), np.empty(x.shape[1], F)
    count = team(x.size / 3)
    if _in_groups(weight, bias):
        y, normal = np.empty_like(input), np.empty_like(input)
        scale, shift = _of_groups(weight, 1, input), _of_groups(bias, 0, input)
        _normalize_groups(input, scale, shift, y, normal, rstd, F(eps), center, count)
        return y, (normal, rstd.reshape(kept))
    scale, shift = _parameter(weight, 1, x, axes), _parameter(bias, 0, x, axes)
    if axes == (0, 2) and x.shape[2] == 1:
        mean, var = _moments_of(x, count)
        np.divide(1, np.sqrt(var + F(eps)), out=rstd)
        _normalize_columns(x[:, :, 0], mean, rstd, scale[0], shift[0], y[:, :, 0], normal[:, :, 0], count)
    else:
        _normalize(x, scale, shift, y, normal, rstd, F(eps), center, axes != (0, 2), count)
    return y.reshape(input.shape), (normal.reshape(input.shape), rstd.reshape(kept))


def normalize_backward(
    g: Any, normal: Any, rstd: Any, weight: Any, axes: Any, center: bool, shapes: Any
) -> tuple[Any, Any, Any]:
    """The cotangents of input, weight and bias (those that have a shape), from that of the result."""
    axes = _form(axes, normal)
    above, x = _as_channels(np.ascontiguousarray(g), axes), _as_channels(normal, axes)
    count = team(x.size / 3)
    dx, rstd = np.empty_like(x), rstd.reshape(-1)
    if len(shapes[1] or shapes[2] or ()) == 4 or _in_groups(weight):
        dx, scale = np.empty_like(normal), _of_groups(weight, 1, normal)
        sums = np.zeros((count, 2, *scale.shape), F)
        _groups_backward(np.ascontiguousarray(g), normal, rstd, scale, dx, sums, center)
        dw, db = np.add.reduce(sums, axis=0)
    elif axes != (0, 2):
        scale, sums = _parameter(weight, 1, x, axes), np.zeros((count, 2, x.shape[2]), F)
        _rows_backward(above, x, rstd, scale[0], dx, sums, center)
        dw, db = sums[0] if count == 1 else np.add.reduce(sums, axis=0)
    else:
        scale, dw, db = _parameter(weight, 1, x, axes), np.zeros(x.shape[1], F), np.zeros(x.shape[1], F)
        if x.shape[2] == 1:
            _columns_backward(above[:, :, 0], x[:, :, 0], scale[0] * rstd, dx[:, :, 0], dw, db, count)
        else:
            _channels_backward(above, x, rstd, scale, dx, dw, db, count)
    return (
        None if shapes[0] is None else dx.reshape(shapes[0]),
        None if shapes[1] is None else dw.reshape(shapes[1]),
        None if shapes[2] is None else db.reshape(shapes[2]),
    )


def moments(input: Any, axes: Any) -> Any:
    """The mean, and the mean of the squared deviations from it, over these axes, which are kept."""
    x = _as_channels(input, _form(axes, input))
    mean, var = _moments_of(x, team(x.size / 8))
    kept = tuple([1 if i in axes else n for i, n in enumerate(input.shape)])
    return mean.reshape(kept), var.reshape(kept)


def _moments_of(x: Any, count: int) -> tuple[Any, Any]:
    if x.shape[2] == 1:
        mean, var = np.zeros(x.shape[1], F), np.zeros(x.shape[1], F)
        _moments_of_columns(x[:, :, 0], mean, var, count)
    else:
        mean, var = np.empty(x.shape[1], F), np.empty(x.shape[1], F)
        _moments(x, mean, var, count)
    return mean, var


def _as_channels(x: Any, axes: Any) -> Any:
    """[N, C, P]: of the axes (0, 2) of three, or of trailing ones."""
    return x.reshape(*x.shape[:2], -1) if axes == (0, 2) else x.reshape(1, -1, math.prod(x.shape[axes[0] :]))


def _form(axes: Any, x: Any) -> Any:
    """The axes of [N, C, P] for those of [N, C]."""
    return (0, 2) if axes == (0,) and x.ndim == 2 else axes


def _parameter(p: Any, missing: float, x: Any, axes: Any) -> Any:
    """[1, C] of channels, [1, P] of rows."""
    if p is None:
        return np.full((1, x.shape[1 if axes == (0, 2) else 2]), missing, F)
    return np.ascontiguousarray(p).reshape(1, -1)


def _in_groups(*parameters: Any) -> bool:
    """Whether they are group norm's: [1, groups, C, 1]."""
    return any([p is not None and p.ndim == 4 for p in parameters])


def _of_groups(p: Any, missing: float, x: Any) -> Any:
    """[groups, C]."""
    return np.full(x.shape[1:3], missing, F) if p is None else np.ascontiguousarray(p).reshape(x.shape[1:3])


@inline
def _statistics(x: Any, c: int, center: bool) -> Any:
    """The mean of a channel, or 0, and the mean of the squares of what differs from it."""
    size = F(x.shape[0] * x.shape[2])
    mean, drift, square = F(0), F(0), F(0)
    if center:
        for n in range(len(x)):
            row = x[n, c]
            for j in range(len(row)):
                mean += row[j]
        mean /= size
    for n in range(len(x)):
        row = x[n, c]
        for j in range(len(row)):
            drift += row[j] - mean
            square += (row[j] - mean) * (row[j] - mean)
    drift = drift / size if center else F(0)  # what rounding such a long sum left out of the mean
    return mean + drift, square / size - drift * drift


@kernel
def _moments(x: Any, mean: Any, var: Any, count: int) -> None:
    for t in prange(count):
        for c in range(x.shape[1] * t // count, x.shape[1] * (t + 1) // count):
            mean[c], var[c] = _statistics(x, c, True)


@kernel
def _normalize(
    x: Any, weight: Any, bias: Any, y: Any, normal: Any, rstd: Any, eps: Any, center: bool, rows: bool, count: int
) -> None:
    channels = x.shape[1]
    for t in prange(count):
        start, stop = channels * t // count, channels * (t + 1) // count
        if rows:
            _normalize_rows(x[0], weight, bias, y[0], normal[0], rstd, eps, center, start, stop)
        else:
            _normalize_channels(x, weight, bias, y, normal, rstd, eps, start, stop)


@helper
def _normalize_rows(
    x: Any, weight: Any, bias: Any, y: Any, normal: Any, rstd: Any, eps: Any, center: bool, start: int, stop: int
) -> None:
    size, scale, shift = F(x.shape[1]), weight[0], bias[0]
    for i in range(start, stop):
        row, result, made = x[i], normal[i], y[i]
        mean, square = F(0), F(0)
        if center:
            for j in range(len(row)):
                mean += row[j]
            mean /= size
        for j in range(len(row)):
            square += (row[j] - mean) * (row[j] - mean)
        factor = F(1) / np.sqrt(square / size + eps)
        rstd[i] = factor
        for j in range(len(row)):
            v = (row[j] - mean) * factor
            result[j] = v
            made[j] = v * scale[j] + shift[j]


@helper
def _normalize_channels(
    x: Any, weight: Any, bias: Any, y: Any, normal: Any, rstd: Any, eps: Any, start: int, stop: int
) -> None:
    for c in range(start, stop):
        mean, square = _statistics(x, c, True)
        factor = F(1) / np.sqrt(square + eps)
        rstd[c] = factor
        scale, shift = weight[0, c], bias[0, c]
        for n in range(len(x)):
            row, result, made = x[n, c], normal[n, c], y[n, c]
            for j in range(len(row)):
                v = (row[j] - mean) * factor
                result[j] = v
                made[j] = v * scale + shift


@kernel
def _rows_backward(g: Any, normal: Any, rstd: Any, scale: Any, dx: Any, sums: Any, center: bool) -> None:
    count, rows = len(sums), g.shape[1]
    for t in prange(count):
        start, stop = rows * t // count, rows * (t + 1) // count
        for first in range(start, stop, 4):
            last = min(first + 4, stop)
            for r in range(first, last):
                _row_backward(g[0, r], normal[0, r], rstd[r], scale, dx[0, r], center)
            _add_rows(g[0, first:last], normal[0, first:last], sums[t, 0], sums[t, 1])


@inline
def _row_backward(row: Any, x: Any, factor: Any, scale: Any, made: Any, center: bool) -> None:
    size, mean, slope = F(len(row)), F(0), F(0)
    for j in range(len(row)):
        v = row[j] * scale[j]
        mean += v
        slope += v * x[j]
    mean, slope = mean / size if center else F(0), slope / size
    for j in range(len(row)):
        made[j] = (row[j] * scale[j] - mean - x[j] * slope) * factor


@inline
def _add_rows(g: Any, x: Any, slopes: Any, totals: Any) -> None:
    """What up to four rows give to the cotangents of scale and shift: to load and store these takes as long as two rows."""
    if len(g) == 4:
        a, b, c, d, p, q, r, s = g[0], g[1], g[2], g[3], x[0], x[1], x[2], x[3]
        for j in range(len(slopes)):
            slopes[j] += a[j] * p[j] + b[j] * q[j] + c[j] * r[j] + d[j] * s[j]
            totals[j] += a[j] + b[j] + c[j] + d[j]
        return
    for i in range(len(g)):
        a, p = g[i], x[i]
        for j in range(len(slopes)):
            slopes[j] += a[j] * p[j]
            totals[j] += a[j]


@kernel
def _channels_backward(g: Any, normal: Any, rstd: Any, weight: Any, dx: Any, dw: Any, db: Any, count: int) -> None:
    channels = g.shape[1]
    size = F(g.shape[0] * g.shape[2])
    for t in prange(count):
        for c in range(channels * t // count, channels * (t + 1) // count):
            total, slope = F(0), F(0)
            for n in range(len(g)):
                row, x = g[n, c], normal[n, c]
                for j in range(len(row)):
                    total += row[j]
                    slope += row[j] * x[j]
            dw[c], db[c] = slope, total
            mean, factor = total / size, weight[0, c] * rstd[c]
            slope /= size
            for n in range(len(g)):
                row, x, made = g[n, c], normal[n, c], dx[n, c]
                for j in range(len(row)):
                    made[j] = (row[j] - mean - x[j] * slope) * factor


# --- groups of channels ---------------------------------------------------------------------------------------------------


@kernel
def _normalize_groups(
    x: Any, weight: Any, bias: Any, y: Any, normal: Any, rstd: Any, eps: Any, center: bool, count: int
) -> None:
    groups, channels = weight.shape
    size = F(channels * x.shape[3])
    for t in prange(count):
        for i in range(len(rstd) * t // count, len(rstd) * (t + 1) // count):
            n, k = i // groups, i % groups
            mean, square = F(0), F(0)
            if center:
                for c in range(channels):
                    row = x[n, k, c]
                    for j in range(len(row)):
                        mean += row[j]
                mean /= size
            for c in range(channels):
                row = x[n, k, c]
                for j in range(len(row)):
                    square += (row[j] - mean) * (row[j] - mean)
            factor = F(1) / np.sqrt(square / size + eps)
            rstd[i] = factor
            for c in range(channels):
                row, result, made, scale, shift = x[n, k, c], normal[n, k, c], y[n, k, c], weight[k, c], bias[k, c]
                for j in range(len(row)):
                    v = (row[j] - mean) * factor
                    result[j] = v
                    made[j] = v * scale + shift


@kernel
def _groups_backward(g: Any, normal: Any, rstd: Any, weight: Any, dx: Any, sums: Any, center: bool) -> None:
    (groups, channels), count = weight.shape, len(sums)
    size = F(channels * g.shape[3])
    for t in prange(count):
        slopes, totals = sums[t, 0], sums[t, 1]
        for i in range(len(rstd) * t // count, len(rstd) * (t + 1) // count):
            n, k = i // groups, i % groups
            mean, slope = F(0), F(0)
            for c in range(channels):
                row, x = g[n, k, c], normal[n, k, c]
                total, overlap = F(0), F(0)
                for j in range(len(row)):
                    total += row[j]
                    overlap += row[j] * x[j]
                totals[k, c] += total
                slopes[k, c] += overlap
                mean += weight[k, c] * total
                slope += weight[k, c] * overlap
            mean, slope = mean / size if center else F(0), slope / size
            for c in range(channels):
                row, x, made, scale, factor = g[n, k, c], normal[n, k, c], dx[n, k, c], weight[k, c], rstd[i]
                for j in range(len(row)):
                    made[j] = (row[j] * scale - mean - x[j] * slope) * factor


# --- samples that are rows of channels -----------------------------------------------------------------------------------


@kernel
def _moments_of_columns(x: Any, mean: Any, var: Any, count: int) -> None:
    for t in prange(count):
        start, stop = len(mean) * t // count, len(mean) * (t + 1) // count
        _add_columns(x, mean, var, start, stop)


@helper
def _add_columns(x: Any, mean: Any, var: Any, start: int, stop: int) -> None:
    center, square, size = mean[start:stop], var[start:stop], F(len(x))
    whole = len(x) // 4 * 4
    for n in range(0, whole, 4):
        p, q, r, s = x[n, start:stop], x[n + 1, start:stop], x[n + 2, start:stop], x[n + 3, start:stop]
        for c in range(len(center)):
            center[c] += p[c] + q[c] + r[c] + s[c]
    for n in range(whole, len(x)):
        p = x[n, start:stop]
        for c in range(len(center)):
            center[c] += p[c]
    for c in range(len(center)):
        center[c] /= size
    for n in range(0, whole, 4):
        p, q, r, s = x[n, start:stop], x[n + 1, start:stop], x[n + 2, start:stop], x[n + 3, start:stop]
        for c in range(len(square)):
            m = center[c]
            square[c] += (
                (p[c] - m) * (p[c] - m) + (q[c] - m) * (q[c] - m) + (r[c] - m) * (r[c] - m) + (s[c] - m) * (s[c] - m)
            )
    for n in range(whole, len(x)):
        p = x[n, start:stop]
        for c in range(len(square)):
            square[c] += (p[c] - center[c]) * (p[c] - center[c])
    for c in range(len(square)):
        square[c] /= size


@kernel
def _normalize_columns(x: Any, mean: Any, rstd: Any, weight: Any, bias: Any, y: Any, normal: Any, count: int) -> None:
    for t in prange(count):
        for n in range(len(x) * t // count, len(x) * (t + 1) // count):
            row, result, made = x[n], normal[n], y[n]
            for c in range(len(row)):
                v = (row[c] - mean[c]) * rstd[c]
                result[c] = v
                made[c] = v * weight[c] + bias[c]


@kernel
def _columns_backward(g: Any, normal: Any, factor: Any, dx: Any, dw: Any, db: Any, count: int) -> None:
    for t in prange(count):
        start, stop = len(dw) * t // count, len(dw) * (t + 1) // count
        _some_columns_backward(g, normal, factor, dx, dw, db, start, stop)


@helper
def _some_columns_backward(g: Any, normal: Any, factor: Any, dx: Any, dw: Any, db: Any, start: int, stop: int) -> None:
    size, scale, slope, total = F(len(g)), factor[start:stop], dw[start:stop], db[start:stop]
    for n in range(0, len(g), 4):
        _add_rows(g[n : n + 4, start:stop], normal[n : n + 4, start:stop], slope, total)
    for n in range(len(g)):
        row, x, made = g[n, start:stop], normal[n, start:stop], dx[n, start:stop]
        for c in range(len(row)):
            made[c] = (row[c] - total[c] / size - x[c] * (slope[c] / size)) * scale[c]
