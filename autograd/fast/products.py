"""Matrix products shared among threads: each multiplies its part of the result with BLAS, in blocks that suit it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..threads import blas_core
from .runtime import aligned, gemm, helper, kernel, prange, team
from .tiles import LANES, ROWS, copy, multiply, transpose

__all__ = ["affine", "matmul"]

_NO_BIAS = np.empty(0, np.float32)


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
    # below 1.2 million multiplications what two threads gain is lost by who reads the result: half is in the other's cache
    y, count = np.empty((m, n), np.float32), team(m * n * k / 120)
    if not ta and 48 <= m <= 256 and k * n >= 1 << 17:  # where BLAS spends much on copying what it uses little
        panels, sums = np.empty((count, k * _WIDTH), np.float32), np.empty((count, (m + ROWS) * _WIDTH), np.float32)
        _by_panels(a.reshape(-1), *_offsets(m, k), b.reshape(-1), tb, bias, y, panels, sums, count)
    elif _SMALL and m >= 64 and (k if ta else m) > 128 and m * n * k <= 100_000_000:  # parts that stay in cache
        _by_pieces(a, b.reshape(-1), bias, y, aligned(count, _PIECE * 64), ta, tb, count)
    else:
        _matmul(a, b, bias, y, ta, tb, count)
    return y


_WIDTH = 2 * LANES
"""Columns of a panel."""


@functools.lru_cache(64)
def _offsets(m: int, k: int) -> tuple[Any, Any]:
    """Where the rows begin, the last one repeated to a whole tile, and where each step is within a row."""
    return np.minimum(np.arange(-(-m // ROWS) * ROWS), m - 1) * k, np.arange(k)


@kernel
def _by_panels(
    a: Any, rows: Any, steps: Any, b: Any, tb: bool, bias: Any, y: Any, panels: Any, sums: Any, count: int
) -> None:
    """As many columns at a time as a tile has: packed once, they are used for all rows out of the second level cache."""
    m, n = y.shape
    k, whole = len(steps), -(-n // _WIDTH)
    for t in prange(count):
        panel, made = panels[t], sums[t]
        for p in range(whole * t // count, whole * (t + 1) // count):
            left = p * _WIDTH
            width = min(_WIDTH, n - left)
            if tb:
                transpose(b, left * k, k, width, k, panel, 0, _WIDTH)
            else:
                for i in range(k):
                    copy(b.ctypes.data + 4 * (i * n + left), panel.ctypes.data + 4 * i * _WIDTH, width)
            multiply(
                a.ctypes.data, rows.ctypes.data, m, steps.ctypes.data, k, panel.ctypes.data, made.ctypes.data, 2, True
            )  # fmt: skip
            for i in range(m):
                row, total = y[i], made[i * _WIDTH : (i + 1) * _WIDTH]
                if len(bias):
                    for j in range(width):
                        row[left + j] = total[j] + bias[left + j]
                else:
                    copy(total.ctypes.data, row.ctypes.data + 4 * left, width)


_PIECE = 128
"""Rows of the right matrix that are packed at a time, 64 columns of them: half of the first level cache."""


@kernel
def _by_pieces(a: Any, b: Any, bias: Any, y: Any, pieces: Any, ta: bool, tb: bool, count: int) -> None:
    """OpenBLAS's small products, which copy nothing, at their best: the right side packed, at cache lines."""
    for t in prange(count):
        _rows_by_pieces(a, b, bias, y, pieces[t], ta, tb, _cut(len(y), t, count), _cut(len(y), t + 1, count))


@helper
def _rows_by_pieces(a: Any, b: Any, bias: Any, y: Any, piece: Any, ta: bool, tb: bool, top: int, bottom: int) -> None:
    n, lda = y.shape[1], a.shape[1]
    k = a.shape[0] if ta else lda
    for left in range(0, n, 64):
        width = min(64, n - left)
        for first in range(0, k, _PIECE):
            depth = min(_PIECE, k - first)
            if tb:
                transpose(b, left * k + first, k, width, depth, piece, 0, width)
            else:
                for i in range(depth):
                    copy(b.ctypes.data + 4 * ((first + i) * n + left), piece.ctypes.data + 4 * i * width, width)
            for i in range(top, bottom, 64):
                gemm(
                    ta, False, min(64, bottom - i), width, depth,
                    a.ctypes.data + 4 * (first * lda + i if ta else i * lda + first), lda,
                    piece.ctypes.data, width, 0.0 if first == 0 else 1.0, y.ctypes.data + 4 * (i * n + left), n,
                )  # fmt: skip
        if len(bias):
            added = bias[left : left + width]
            for i in range(top, bottom):
                row = y[i, left : left + width]
                for j in range(width):
                    row[j] += added[j]


@kernel
def _matmul(a: Any, b: Any, bias: Any, y: Any, ta: bool, tb: bool, count: int) -> None:
    m, n = y.shape
    if count == 1:
        _rectangle(a, b, bias, y, ta, tb, 0, m, 0, n)
    elif m >= n or (ta and m >= 64):
        for t in prange(count):
            _rectangle(a, b, bias, y, ta, tb, _cut(m, t, count), _cut(m, t + 1, count), 0, n)
    else:
        for t in prange(count):
            _rectangle(a, b, bias, y, ta, tb, 0, m, _cut(n, t, count), _cut(n, t + 1, count))


@helper
def _cut(length: int, t: int, count: int) -> int:
    """Where part ``t`` begins: at multiples of 16, which BLAS's kernels like."""
    return length if t == count else length * t // count // 16 * 16


_SMALL = blas_core() in ("SkylakeX", "Cooperlake", "SapphireRapids")
"""Whether OpenBLAS multiplies small matrices (of up to a million products) here without copying them first."""


@helper
def _block(ta: bool, m: int, n: int, k: int) -> Any:
    """How many rows and columns to multiply at a time.

    Copying, as BLAS does, pays if what is copied is used often. Of a batch of up to 128 rows (or when summing over so
    many) it isn't: blocks that are small enough not to be copied are up to twice as fast.
    """
    if not _SMALL or (k if ta else m) > 128 or k > 1953:
        return max(m, 1), max(n, 1)
    return 64 if ta else 16 if k <= 976 else 8, 64


@helper
def _rectangle(
    a: Any, b: Any, bias: Any, y: Any, ta: bool, tb: bool, top: int, bottom: int, left: int, right: int
) -> None:
    """Rows top to bottom, columns left to right of the product."""
    k = a.shape[0] if ta else a.shape[1]
    lda, ldb, ldy = a.shape[1], b.shape[1], y.shape[1]
    height, width = _block(ta, y.shape[0], y.shape[1], k)
    for i in range(top, bottom, height):
        for j in range(left, right, width):
            gemm(
                ta, tb, min(height, bottom - i), min(width, right - j), k,
                a.ctypes.data + 4 * (i if ta else i * lda), lda,
                b.ctypes.data + 4 * (j * ldb if tb else j), ldb,
                0.0, y.ctypes.data + 4 * (i * ldy + j), ldy,
            )  # fmt: skip
        if len(bias):
            for r in range(i, min(i + height, bottom)):
                row, added = y[r, left:right], bias[left:right]
                for j in range(len(row)):
                    row[j] += added[j]
