"""Sums of arrays over some of their dimensions; of floats by BLAS, as products with ones.

NumPy starts a loop of its own for every row: 4096 rows of 16 take it ten times as long as the product.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .fast import twin
from .half import is_half

__all__ = ["sum_over", "sum_to_shape"]

_FLOAT32 = np.dtype(np.float32)
_LONGEST = 4096
"""Of longer rows NumPy's sum is more exact: it adds in pairs, BLAS a few dozen partial sums."""


def sum_to_shape(array: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting ``shape`` to ``array.shape``: sums over the stretched dimensions."""
    extra = array.ndim - len(shape)
    if extra < 0:
        return np.broadcast_to(array, shape)  # a formula may return less than the whole, such as a scalar
    axes = tuple(range(extra))
    if array.shape[extra:] != shape:  # else as of the bias of a layer
        axes += tuple([i + extra for i, n in enumerate(shape) if n == 1 and array.shape[i + extra] != 1])
    if axes:
        array = sum_over(array, axes).reshape([1 if i in axes else n for i, n in enumerate(array.shape)][extra:])
    return array if array.shape == shape else np.broadcast_to(array, shape)


def sum_over(array: Any, axes: tuple[int, ...]) -> Any:
    """The sum over these dimensions, in increasing order, which the result no longer has."""
    if is_half(array.dtype):
        return np.add.reduce(array, axis=axes, dtype=np.float32).astype(array.dtype)
    if array.size < 2048 or array.dtype.kind != "f" or array.itemsize < 4 or not array.flags.c_contiguous:
        return np.add.reduce(array, axis=axes)
    while axes:  # the last neighbours among them at a time: what is left is smaller and still in order
        start = stop = axes[-1] + 1
        while axes and axes[-1] == start - 1:
            start, axes = start - 1, axes[:-1]
        array = _sum_block(array, start, stop)
    return array


def _sum_block(array: Any, start: int, stop: int) -> Any:
    """The sum over neighbouring dimensions."""
    shape = array.shape
    before, length, after = math.prod(shape[:start]), math.prod(shape[start:stop]), math.prod(shape[stop:])
    if (after == 1 and (before == 1 or length > _LONGEST)) or length < 2:
        return np.add.reduce(array, axis=tuple(range(start, stop)))
    if before == 1:
        made = _sum_rows(array.reshape(length, after))
    elif after == 1:
        made = array.reshape(before, length) @ _ones(length, array.dtype)
    else:
        made = _ones(length, array.dtype) @ array.reshape(before, length, after)
    return made.reshape(shape[:start] + shape[stop:])


@twin("rows.sum_rows", when=lambda array: array.size >= 250_000 and array.shape[1] >= 64 and array.dtype is _FLOAT32)
def _sum_rows(array: Any) -> Any:
    """The sum of a matrix's rows."""
    return _ones(len(array), array.dtype) @ array


def _ones(length: int, dtype: Any) -> Any:
    return (_few_ones if length <= 1024 else np.ones)(length, dtype)


_few_ones = functools.lru_cache(64)(np.ones)
