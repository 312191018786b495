"""What is worked out row by row: softmax and its relatives, gradients of tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import check_classes
from . import across
from .runtime import F, exp_below, helper, inline, kernel, largest, log, prange, scratch, team

__all__ = [
    "cross_entropy",
    "embedding_back",
    "log_softmax",
    "log_softmax_back",
    "slopes",
    "soft_cross_entropy",
    "soft_slopes",
    "softmax",
    "softmax_back",
    "sum_rows",
    "total",
]


def softmax(input: Any, dim: int) -> Any:
    """The twin of ``ops.activation._softmax``."""
    if dim < input.ndim - 1:
        return across.softmax(input, dim, False)
    return _softmax_of(input, False)


def log_softmax(input: Any, dim: int) -> Any:
    """The twin of ``ops.activation._log_softmax``."""
    if dim < input.ndim - 1:
        return across.softmax(input, dim, True)
    return _softmax_of(input, True)


def _softmax_of(input: Any, logarithms: bool) -> Any:
    y = np.empty_like(input)
    length = input.shape[-1]
    _softmax(input.reshape(-1, length), y.reshape(-1, length), logarithms, team(input.size / 2))
    return y


@kernel
def _softmax(x: Any, y: Any, logarithms: bool, count: int) -> None:
    if count == 1:
        _softmax_rows(x, y, logarithms, 0, len(x))
    else:
        for t in prange(count):
            _softmax_rows(x, y, logarithms, len(x) * t // count, len(x) * (t + 1) // count)


@helper
def _softmax_rows(x: Any, y: Any, logarithms: bool, start: int, stop: int) -> None:
    if x.shape[1] < _SHORT and stop - start >= _SIDE:
        _short_rows(x, y, logarithms, start, stop)
        return
    for i in range(start, stop):
        row, made = x[i], y[i]
        top = largest(row)
        total = exponentials(row, made, top)
        if logarithms:
            top += np.log(total)
            for j in range(len(row)):
                made[j] = row[j] - top
        else:
            total = F(1) / total
            for j in range(len(row)):
                made[j] *= total


# --- rows too short to fill vectors: many are turned at once, and vectors go from row to row ------------------------------

_SHORT = 32
_SIDE = 64


@helper
def _turned_exponentials(x: Any, first: int, count: int, e: Any, top: Any, total: Any) -> None:
    """``e[j, i] = exp(x[first + i, j] - top[i])`` of ``count`` rows, their maxima and their sums."""
    for i in range(count):
        for j in range(len(e)):
            e[j, i] = x[first + i, j]
    for i in range(count):
        top[i] = e[0, i]
        total[i] = F(0)
    for j in range(1, len(e)):
        row = e[j]
        for i in range(count):
            top[i] = row[i] if row[i] > top[i] or row[i] != row[i] else top[i]
    for j in range(len(e)):
        row = e[j]
        for i in range(count):
            row[i] = exp_below(row[i] - top[i])
            total[i] += row[i]


@helper
def _short_rows(x: Any, y: Any, logarithms: bool, start: int, stop: int) -> None:
    e, top, total = np.empty((x.shape[1], _SIDE), F), np.empty(_SIDE, F), np.empty(_SIDE, F)
    for first in range(start, stop, _SIDE):
        count = min(_SIDE, stop - first)
        _turned_exponentials(x, first, count, e, top, total)
        for i in range(count):
            total[i] = top[i] + log(total[i]) if logarithms else F(1) / total[i]
        for i in range(count):
            row, made = x[first + i], y[first + i]
            for j in range(len(row)):
                made[j] = row[j] - total[i] if logarithms else e[j, i] * total[i]


@helper
def _short_cross_entropy(x: Any, target: Any, y: Any, losses: Any, start: int, stop: int) -> None:
    e, top, total = np.empty((x.shape[1], _SIDE), F), np.empty(_SIDE, F), np.empty(_SIDE, F)
    for first in range(start, stop, _SIDE):
        count = min(_SIDE, stop - first)
        _turned_exponentials(x, first, count, e, top, total)
        for i in range(count):
            losses[first + i] = log(total[i])
            total[i] = F(1) / total[i]
        for i in range(count):
            losses[first + i] += top[i] - x[first + i, target[first + i]]
            made = y[first + i]
            for j in range(len(made)):
                made[j] = e[j, i] * total[i]


# --- derivatives of softmax ------------------------------------------------------------------------------------------------


def softmax_back(above: Any, probabilities: Any, dim: int) -> Any:
    """The twin of ``ops.activation._softmax_back``."""
    if dim < above.ndim - 1:
        return across.slope(above, probabilities, dim, False)
    y = np.empty_like(above)
    shape = (-1, above.shape[-1])
    _softmax_back(above.reshape(shape), probabilities.reshape(shape), y.reshape(shape), team(above.size / 5))
    return y


@kernel
def _softmax_back(g: Any, p: Any, y: Any, count: int) -> None:
    if count == 1:
        _softmax_back_rows(g, p, y, 0, len(g))
    else:
        for t in prange(count):
            _softmax_back_rows(g, p, y, len(g) * t // count, len(g) * (t + 1) // count)


@helper
def _softmax_back_rows(g: Any, p: Any, y: Any, start: int, stop: int) -> None:
    for i in range(start, stop):
        above, row, made = g[i], p[i], y[i]
        total = F(0)
        for j in range(len(row)):
            total += above[j] * row[j]
        for j in range(len(row)):
            made[j] = (above[j] - total) * row[j]


def log_softmax_back(above: Any, logarithms: Any, dim: int) -> Any:
    """The twin of ``ops.activation._log_softmax_back``."""
    if dim < above.ndim - 1:
        return across.slope(above, logarithms, dim, True)
    y = np.empty_like(above)
    shape = (-1, above.shape[-1])
    _log_softmax_back(above.reshape(shape), logarithms.reshape(shape), y.reshape(shape), team(above.size / 2))
    return y


@kernel
def _log_softmax_back(g: Any, logs: Any, y: Any, count: int) -> None:
    if count == 1:
        _log_softmax_back_rows(g, logs, y, 0, len(g))
    else:
        for t in prange(count):
            _log_softmax_back_rows(g, logs, y, len(g) * t // count, len(g) * (t + 1) // count)


@helper
def _log_softmax_back_rows(g: Any, logs: Any, y: Any, start: int, stop: int) -> None:
    for i in range(start, stop):
        above, row, made = g[i], logs[i], y[i]
        total = F(0)
        for j in range(len(row)):
            total += above[j]
        for j in range(len(row)):
            made[j] = above[j] - exp_below(row[j]) * total


@inline
def exponentials(row: Any, made: Any, top: Any) -> Any:
    """``exp(row - top)`` into ``made``; returns the sum. A loop each: together they would not become vectors."""
    for j in range(len(row)):
        made[j] = exp_below(row[j] - top)
    total = F(0)
    for j in range(len(row)):
        total += made[j]
    return total


# --- cross-entropy ---------------------------------------------------------------------------------------------------------


def cross_entropy(input: Any, target: Any) -> tuple[Any, Any]:
    """The twin of ``ops.loss._entropies``."""
    y, losses = np.empty_like(input), np.empty(len(input), F)
    if not _cross_entropy(input, target, y, losses, team(input.size / 2)):
        check_classes(target, input.shape[1])  # says which is none
    return losses, y


@kernel
def _cross_entropy(x: Any, target: Any, y: Any, losses: Any, count: int) -> bool:
    """False, having done nothing, if a number is no class."""
    for i in range(len(target)):
        if target[i] < 0 or target[i] >= x.shape[1]:
            return False
    if count == 1:
        _cross_entropy_rows(x, target, y, losses, 0, len(x))
    else:
        for t in prange(count):
            _cross_entropy_rows(x, target, y, losses, len(x) * t // count, len(x) * (t + 1) // count)
    return True


@helper
def _cross_entropy_rows(x: Any, target: Any, y: Any, losses: Any, start: int, stop: int) -> None:
    if x.shape[1] < _SHORT:
        _short_cross_entropy(x, target, y, losses, start, stop)
        return
    for i in range(start, stop):
        row, made = x[i], y[i]
        top = largest(row)
        total = exponentials(row, made, top)
        losses[i] = np.log(total) + (top - row[target[i]])
        total = F(1) / total
        for j in range(len(row)):
            made[j] *= total


def slopes(probabilities: Any, target: Any, factor: Any) -> Any:
    """The twin of ``ops.loss._slopes``."""
    y = np.empty_like(probabilities)
    _slopes(probabilities, target, factor, y, team(y.size / 5))
    return y


@kernel
def _slopes(p: Any, target: Any, factor: Any, y: Any, count: int) -> None:
    if count == 1:
        _slope_rows(p, target, factor, y, 0, len(p))
    else:
        for t in prange(count):
            _slope_rows(p, target, factor, y, len(p) * t // count, len(p) * (t + 1) // count)


@helper
def _slope_rows(p: Any, target: Any, factor: Any, y: Any, start: int, stop: int) -> None:
    numbers, made = p[start:stop].reshape(-1), y[start:stop].reshape(-1)
    for j in range(len(numbers)):
        made[j] = numbers[j] * factor
    for i in range(start, stop):
        y[i, target[i]] -= factor


def soft_cross_entropy(input: Any, target: Any) -> tuple[Any, Any]:
    """The twin of ``ops.loss._soft_cross_entropy``."""
    y, losses = np.empty_like(input), np.empty(len(input), F)
    _soft_cross_entropy(input, target, y, losses, team(input.size / 2))
    return losses, y


@kernel
def _soft_cross_entropy(x: Any, target: Any, y: Any, losses: Any, count: int) -> None:
    for t in prange(count):
        for i in range(len(x) * t // count, len(x) * (t + 1) // count):
            row, goal, made = x[i], target[i], y[i]
            top = largest(row)
            total = exponentials(row, made, top)
            top += np.log(total)
            total = F(1) / total
            loss = F(0)
            for j in range(len(row)):
                made[j] *= total
                loss += (top - row[j]) * goal[j]
            losses[i] = loss


def soft_slopes(grad: Any, probabilities: Any, target: Any) -> Any:
    """The twin of ``ops.loss._soft_slopes``."""
    y = np.empty_like(probabilities)
    _soft_slopes(grad, probabilities, target, y, team(y.size / 5))
    return y


@kernel
def _soft_slopes(g: Any, p: Any, target: Any, y: Any, count: int) -> None:
    for t in prange(count):
        for i in range(len(p) * t // count, len(p) * (t + 1) // count):
            row, goal, made = p[i], target[i], y[i]
            total = F(0)
            for j in range(len(row)):
                total += goal[j]
            for j in range(len(row)):
                made[j] = (row[j] * total - goal[j]) * g[i]


# --- tables, and sums of rows ----------------------------------------------------------------------------------------------


def embedding_back(input: Any, index: Any, rows: int, padding: int) -> Any:
    """The twin of ``ops.arrange._embedding_back``."""
    width = input.shape[-1] if input.ndim > index.ndim else 1
    made = np.zeros((rows, width), F)
    _embedding_back(input.reshape(-1, width), index.reshape(-1), padding, made, min(team(input.size / 5), width))
    return made


@kernel
def _embedding_back(g: Any, index: Any, padding: int, made: Any, count: int) -> None:
    width = made.shape[1]
    for t in prange(count):  # each thread has columns of its own
        _embedding_columns(g, index, padding, made, width * t // count, width * (t + 1) // count)


@helper
def _embedding_columns(g: Any, index: Any, padding: int, made: Any, left: int, right: int) -> None:
    for i in range(len(index)):
        if index[i] != padding:
            total, row = made[index[i], left:right], g[i, left:right]
            for j in range(len(row)):
                total[j] += row[j]


def sum_rows(array: Any) -> Any:
    """The twin of ``sums._sum_rows``."""
    y, count = np.empty(array.shape[1], F), team(array.size / 10)
    _sum_rows(array, scratch(count, 2 * len(y)), y, count)
    return y


def total(array: Any) -> Any:
    """The twin of ``ops.reduction._total``."""
    count = team(array.size / 20)
    sums = np.empty(count)
    _total(array.reshape(-1), sums)
    return np.asarray(sums.sum(), F)


@kernel
def _total(x: Any, sums: Any) -> None:
    for t in prange(len(sums)):
        sums[t] = _total_of(x[len(x) * t // len(sums) : len(x) * (t + 1) // len(sums)])


@helper
def _total_of(x: Any) -> float:
    """Of 1024 elements in float32, of these sums in float64."""
    whole = 0.0
    for first in range(0, len(x), 1024):
        some: Any = x[first : first + 1024]
        part: Any = F(0)
        for j in range(len(some)):
            part += some[j]
        whole += part
    return whole


_TOGETHER = 64
"""Rows that are added up before the sum is added to that of all: what is rounded off grows with the larger of both."""


@kernel
def _sum_rows(x: Any, own: Any, y: Any, count: int) -> None:
    n = len(y)
    for t in prange(count):
        _sum_some(x, len(x) * t // count, len(x) * (t + 1) // count, own[t, :n], own[t, n : 2 * n])
    y[:] = own[0, :n]
    for t in range(1, count):
        more = own[t]
        for j in range(n):
            y[j] += more[j]


@helper
def _sum_some(x: Any, start: int, stop: int, total: Any, part: Any) -> None:
    total[:] = F(0)
    for first in range(start, stop, _TOGETHER):
        last = min(stop, first + _TOGETHER)
        part[:] = F(0)
        for i in range(first, last - 3, 4):
            a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
            for j in range(len(part)):
                part[j] += (a[j] + b[j]) + (c[j] + d[j])
        for i in range(last - (last - first) % 4, last):
            row = x[i]
            for j in range(len(part)):
                part[j] += row[j]
        for j in range(len(part)):
            total[j] += part[j]
