"""Matrix products shared among threads: each multiplies its part of the result with BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np

from .runtime import gemm, helper, kernel, prange, team

__all__ = ["matmul"]


def matmul(a: Any, b: Any) -> Any:
    """``a @ b`` of two float32 matrices, each contiguous or the transpose of such a one."""
    y = np.empty((a.shape[0], b.shape[1]), np.float32)
    ta, tb = not a.flags.c_contiguous, not b.flags.c_contiguous
    _matmul(a.T if ta else a, b.T if tb else b, y, ta, tb, team(y.size * a.shape[1] / 80))
    return y


@kernel
def _matmul(a: Any, b: Any, y: Any, ta: bool, tb: bool, count: int) -> None:
    m, n = y.shape
    k = a.shape[0] if ta else a.shape[1]
    if count == 1:
        _rectangle(a, b, y, ta, tb, k, 0, m, 0, n)
    elif m >= n:
        for t in prange(count):
            _rectangle(a, b, y, ta, tb, k, _cut(m, t, count), _cut(m, t + 1, count), 0, n)
    else:
        for t in prange(count):
            _rectangle(a, b, y, ta, tb, k, 0, m, _cut(n, t, count), _cut(n, t + 1, count))


@helper
def _cut(length: int, t: int, count: int) -> int:
    """Where part ``t`` begins: at multiples of 16, which BLAS's kernels like."""
    return length if t == count else length * t // count // 16 * 16


@helper
def _rectangle(
    a: Any, b: Any, y: Any, ta: bool, tb: bool, k: int, top: int, bottom: int, left: int, right: int
) -> None:
    """Rows top to bottom, columns left to right of the product."""
    if bottom > top and right > left:
        lda, ldb, ldy = a.shape[1], b.shape[1], y.shape[1]
        gemm(
            ta, tb, bottom - top, right - left, k,
            a.ctypes.data + 4 * (top if ta else top * lda), lda,
            b.ctypes.data + 4 * (left * ldb if tb else left), ldb,
            0.0, y.ctypes.data + 4 * (top * ldy + left), ldy,
        )  # fmt: skip
