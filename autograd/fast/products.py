"""Matrix products: each thread lays out its part of the right matrix in panels, and runs the left one's rows over them.

The order of work is BLAS's own (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008), with
one difference: rows of the left matrix are not copied. Of a batch beside a layer's weight there are too few to pay for it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..threads import get_num_threads
from .runtime import gemm, helper, kernel, prange, scratch, team
from .tiles import LANES, ROWS, copy, multiply, transpose

__all__ = ["affine", "batched", "matmul"]

_NO_BIAS = np.empty(0, np.float32)
_WIDTH = 2 * LANES
"""Columns of a panel, as of a tile."""
_BLOCK = 8 * ROWS
"""Rows that use one panel after the other."""
_NEIGHBOURS = 4
"""Panels that are laid out together, to read whole pages; of more, the lines would push each other out of the cache."""
_DEPTH = 1024
_PACKED = 1 << 17
"""Steps, and numbers, that a thread lays out at a time: a quarter of the second-level cache."""


def matmul(a: Any, b: Any) -> Any:
    """``a @ b`` of two float32 matrices, each contiguous or the transpose of such a one."""
    ta, tb = not a.flags.c_contiguous, not b.flags.c_contiguous
    return _product(a.T if ta else a, b.T if tb else b, _NO_BIAS, ta, tb)


def affine(rows: Any, weight: Any, bias: Any) -> Any:
    """``rows @ weight.T + bias`` of float32 matrices, as in ``matmul``; the bias may be None."""
    ta, tb = not rows.flags.c_contiguous, weight.flags.c_contiguous
    bias = _NO_BIAS if bias is None else bias
    return _product(rows.T if ta else rows, weight if tb else weight.T, bias, ta, tb)


def _product(a: Any, b: Any, bias: Any, ta: bool, tb: bool) -> Any:
    """``op(a) @ op(b) + bias`` of contiguous matrices."""
    m, k = a.shape[::-1] if ta else a.shape
    n = b.shape[0 if tb else 1]
    room, *plan = _plan(m, n, k, ta, tb, get_num_threads())
    y, (count, turned, *_) = np.empty((m, n), np.float32), plan
    if turned:
        a, b, ta, tb = b, a, not tb, not ta
    _multiplied(a.reshape(-1), ta, b.reshape(-1), tb, bias, y, scratch(count, room), *plan)
    return y


@functools.lru_cache(256)
def _plan(m: int, n: int, k: int, ta: bool, tb: bool, threads: int) -> tuple[Any, ...]:
    """The memory that each thread needs, and the last arguments of ``_multiplied``."""
    # below 1.2 million multiplications what two threads gain is lost by who reads the result: half is in the other's cache
    count = threads if m * n * k > 1_200_000 else 1
    # of a weight that few rows use, only reading it matters: it becomes the left matrix, and the result its transpose
    turned = tb and k * n > 3 * (k * m + m * n)
    if turned:
        m, n, ta = n, m, False
    # a thread takes half of the columns, and lays out half of the panels, or else rows, which suits who updates a weight
    wide = n >= 2 * m and (not ta or k >= 2 * m)
    # or its share of the steps, as of a batch's rows in a weight's gradient, and then the results are added up
    shared = count > 1 and not turned and k >= max((5 if ta else 16) * min(m, n), 64 * count)
    depth = min(k, _DEPTH)
    columns = min(n + _WIDTH, max(_WIDTH, _PACKED // depth)) // _WIDTH * _WIDTH
    rows = np.arange(_BLOCK) * depth if ta else np.minimum(np.arange(-(-m // ROWS) * ROWS), m - 1) * k
    room = _BLOCK * _WIDTH + _BLOCK * depth * ta + depth * columns + (turned or shared) * m * n
    return room, count, turned, wide, shared, rows, np.arange(k), depth, columns


@kernel
def _multiplied(
    a: Any, ta: bool, b: Any, tb: bool, bias: Any, y: Any, own: Any,
    count: int, turned: bool, wide: bool, shared: bool, rows: Any, steps: Any, depth: int, columns: int,
) -> None:  # fmt: skip
    """``y = op(a) @ op(b) + bias``, or if ``turned``, ``(op(a) @ op(b)).T + bias``.

    Args:
        rows: where the rows of ``op(a)`` begin, or if ``ta``, those of a block that has been laid out.
        steps: where the elements of a row are.
        depth, columns: how much of ``op(b)`` is laid out at a time.
    """
    if count == 1:  # to start a loop of one costs microseconds, and wakes the other core
        _part(a, ta, b, tb, bias, y, own, count, turned, wide, shared, rows, steps, depth, columns, 0)
    else:
        for t in prange(count):
            _part(a, ta, b, tb, bias, y, own, count, turned, wide, shared, rows, steps, depth, columns, t)
    if shared:
        m, n = y.shape
        for t in prange(count):
            top, bottom = _cut(m, t, count, ROWS), _cut(m, t + 1, count, ROWS)
            for u in range(1, count):
                made = own[u, own.shape[1] - m * n :].reshape(m, n)
                for i in range(top, bottom):
                    _add_row(y[i], made[i])
            _add(y, bias, top, bottom, 0, n)


@helper
def _part(
    a: Any, ta: bool, b: Any, tb: bool, bias: Any, y: Any, own: Any,
    count: int, turned: bool, wide: bool, shared: bool, rows: Any, steps: Any, depth: int, columns: int, t: int,
) -> None:  # fmt: skip
    """What one thread does."""
    m, n = y.shape
    k = len(a) // (n if turned else m)
    if shared:
        first, last = _cut(k, t, count, ROWS), _cut(k, t + 1, count, ROWS)
        made = y if t == 0 else own[t, own.shape[1] - m * n :].reshape(m, n)
        _rectangle(a, ta, rows, steps, b, tb, bias[:0], made, 0, m, 0, n, first, last, own[t], depth, columns)
    elif turned:
        top, bottom = _cut(n, t, count, ROWS), _cut(n, t + 1, count, ROWS)
        made = own[t, own.shape[1] - m * n :].reshape(n, m)
        _rectangle(a, ta, rows, steps, b, tb, bias[:0], made, top, bottom, 0, m, 0, k, own[t], depth, columns)
        transpose(made.reshape(-1), top * m, m, bottom - top, m, y.reshape(-1), top, n)
        _add(y, bias, 0, m, top, bottom)
    elif wide:
        left, right = _cut(n, t, count, _WIDTH), _cut(n, t + 1, count, _WIDTH)
        _rectangle(a, ta, rows, steps, b, tb, bias, y, 0, m, left, right, 0, k, own[t], depth, columns)
    else:
        top, bottom = _cut(m, t, count, ROWS), _cut(m, t + 1, count, ROWS)
        _rectangle(a, ta, rows, steps, b, tb, bias, y, top, bottom, 0, n, 0, k, own[t], depth, columns)


@helper
def _add_row(row: Any, more: Any) -> None:
    for j in range(len(row)):
        row[j] += more[j]


@helper
def _cut(length: int, t: int, count: int, unit: int) -> int:
    """Where part ``t`` begins: at whole tiles."""
    return length if t == count else length * t // count // unit * unit


@helper
def _add(y: Any, bias: Any, top: int, bottom: int, left: int, right: int) -> None:
    if len(bias):
        for i in range(top, bottom):
            _add_row(y[i, left:right], bias[left:right])


@helper
def _rectangle(
    a: Any, ta: bool, rows: Any, steps: Any, b: Any, tb: bool, bias: Any, y: Any,
    top: int, bottom: int, left: int, right: int, begin: int, end: int, own: Any, depth: int, columns: int,
) -> None:  # fmt: skip
    """Rows top to bottom, columns left to right of the product."""
    n, k = y.shape[1], len(a) // len(y)
    edge, turned = own[: _BLOCK * _WIDTH], own[_BLOCK * _WIDTH :]
    panels = turned[_BLOCK * depth * ta :]
    for start in range(left, right, columns):
        stop = min(right, start + columns)
        for first in range(begin, end, depth):
            deep = min(depth, end - first)
            _lay_out(b, tb, n, k, first, deep, start, stop, panels)
            for i in range(top, bottom, _BLOCK):
                height = min(_BLOCK, bottom - i)
                at, starts = a.ctypes.data + 4 * first, rows.ctypes.data + 8 * i
                if ta:  # its elements, a row of memory apart, would each take a line of the cache
                    transpose(a, first * len(y) + i, len(y), deep, height, turned, 0, depth)
                    at, starts = turned.ctypes.data, rows.ctypes.data
                for j in range(start, stop, _WIDTH):
                    width = min(_WIDTH, stop - j)
                    _tiles(
                        at, starts, height, steps.ctypes.data, deep, panels.ctypes.data + 4 * (j - start) * deep,
                        y, i, j, width, edge, first == begin,
                    )  # fmt: skip
        _add(y, bias, top, bottom, start, stop)


@helper
def _lay_out(b: Any, tb: bool, n: int, k: int, first: int, deep: int, start: int, stop: int, panels: Any) -> None:
    """Some steps of some columns of the right matrix, as panels: of two vectors, and the last of one if that is enough."""
    if tb:
        for j in range(start, stop, _WIDTH):
            width = min(_WIDTH, stop - j)
            row = LANES if width <= LANES else _WIDTH
            transpose(b, j * k + first, k, width, deep, panels, (j - start) * deep, row)
        return
    for left in range(start, stop, _NEIGHBOURS * _WIDTH):
        for i in range(deep):
            for j in range(left, min(stop, left + _NEIGHBOURS * _WIDTH), _WIDTH):
                width = min(_WIDTH, stop - j)
                row = LANES if width <= LANES else _WIDTH
                target = panels.ctypes.data + 4 * ((j - start) * deep + i * row)
                copy(b.ctypes.data + 4 * ((first + i) * n + j), target, width)


@helper
def _tiles(
    at: int, starts: int, height: int, steps: int, deep: int, panel: int,
    y: Any, i: int, j: int, width: int, edge: Any, fresh: bool,
) -> None:  # fmt: skip
    """A block of rows times a panel, into ``y`` from row i and column j on; tiles that don't fit there by way of ``edge``."""
    vectors = 1 if width <= LANES else 2
    whole = height // ROWS * ROWS if width == vectors * LANES else 0
    target, n = y.ctypes.data + 4 * (i * y.shape[1] + j), y.shape[1]
    multiply(at, starts, whole, steps, deep, panel, target, n, vectors, fresh)
    if whole < height:
        multiply(at, starts + 8 * whole, height - whole, steps, deep, panel, edge.ctypes.data, _WIDTH, vectors, True)
        for r in range(whole, height):
            row, made = y[i + r, j : j + width], edge[(r - whole) * _WIDTH :]
            for c in range(width):
                row[c] = made[c] if fresh else row[c] + made[c]


# --- many small ones, as of the heads of attention: each for BLAS, and the threads share them -----------------------------


def batched(a: Any, b: Any) -> Any:
    """``a @ b`` of two stacks of float32 matrices, with equal leading dimensions and rows or columns that lie whole in memory."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    y = np.empty((*a.shape[:-1], n), np.float32)
    count = team(a.size * n * 0.02)
    _batched(*_where(a), *_where(b), y.ctypes.data, m, n, k, count)
    return y


def _where(a: Any) -> tuple[int, Any, bool, int]:
    """The address of a stack, how far from there each matrix lies, whether it is transposed, and how far its lines are apart."""
    row, column = a.strides[-2:]
    turned = column != 4
    return a.ctypes.data, _distances(a.shape[:-2], a.strides[:-2]), turned, (column if turned else row) // 4


@functools.lru_cache(256)
def _distances(shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """The bytes from the first matrix to each one."""
    far = np.zeros(1, np.int64)
    for n, stride in zip(shape, strides, strict=True):
        far = np.add.outer(far, np.arange(n) * stride).reshape(-1)
    return far


@kernel
def _batched(
    a: int, to_a: Any, ta: bool, lda: int, b: int, to_b: Any, tb: bool, ldb: int,
    y: int, m: int, n: int, k: int, count: int,
) -> None:  # fmt: skip
    each = 4 * m * n
    if count == 1:
        for i in range(len(to_a)):
            gemm(ta, tb, m, n, k, a + to_a[i], lda, b + to_b[i], ldb, 0.0, y + i * each, n)
    else:
        for t in prange(count):
            for i in range(len(to_a) * t // count, len(to_a) * (t + 1) // count):
                gemm(ta, tb, m, n, k, a + to_a[i], lda, b + to_b[i], ldb, 0.0, y + i * each, n)
