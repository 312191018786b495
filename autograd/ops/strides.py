"""Views by strides: diagonals, sliding windows, and whatever ``as_strided`` asks for, each with its adjoint.

A view of this kind may show an element twice or not at all, so its adjoint adds up.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..lift import linear
from ..lift import view as lift_view
from ..memory import storage_of, strided
from ..tensor import normal_dim
from ..views import UNTRACKED
from .shape import sizes

__all__ = ["as_strided", "diagonal"]

METHODS = ["unfold"]
"""What is a method of Tensor and not a function, as in PyTorch."""

# --- diagonals -------------------------------------------------------------------------------------------------------


def _diagonal(input: Any, offset: int, dim1: int, dim2: int) -> Any:
    found = input.diagonal(offset, dim1, dim2)
    if input.flags.writeable:
        found.flags.writeable = True
    return found


def _embed_diagonal(input: Any, shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    made = np.zeros(shape, input.dtype)
    _diagonal(made, offset, dim1, dim2)[...] = input
    return made


diagonal_of: Any = lift_view(
    _diagonal,
    name="diagonal",
    input=lambda g, like, offset, dim1, dim2: embed_diagonal(g, like.shape, offset, dim1, dim2),
)


embed_diagonal: Any = linear(
    _embed_diagonal, name="diagonal_backward", input=lambda g, offset, dim1, dim2: diagonal_of(g, offset, dim1, dim2)
)


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The view of the elements where the indices in two dimensions differ by ``offset``, as a last dimension."""
    i, j = normal_dim(dim1, input.ndim), normal_dim(dim2, input.ndim)
    if i == j:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return diagonal_of(input, int(offset), i, j)


# --- windows ---------------------------------------------------------------------------------------------------------


def _windows(input: Any, dimension: int, size: int, step: int) -> Any:
    if input.ndim == 0:
        return input.reshape(1)[:size]
    count = (input.shape[dimension] - size) // step + 1
    shape = (*input.shape[:dimension], count, *input.shape[dimension + 1 :], size)
    strides = list(input.strides)
    strides[dimension] *= step
    return strided(input, shape, (*strides, input.strides[dimension]))


def _sum_windows(input: Any, shape: Any, dimension: int, size: int, step: int) -> Any:
    if len(shape) == 0:
        return input.sum().reshape(shape)
    made = np.zeros(shape, input.dtype)
    count = (shape[dimension] - size) // step + 1
    for k in range(size):
        index = (slice(None),) * dimension + (slice(k, k + step * (count - 1) + 1, step),)
        made[index] += input[..., k]
    return made


windows: Any = lift_view(
    lambda input, dimension, size, step: _windows(input, dimension, size, step),
    name="unfold",
    input=lambda g, like, dimension, size, step: sum_windows(g, like.shape, dimension, size, step),
)


sum_windows: Any = linear(
    _sum_windows, name="unfold_backward", input=lambda g, dimension, size, step: windows(g, dimension, size, step)
)


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """The view of all windows of ``size`` places along a dimension, ``step`` apart; the window is a new last dimension.

    >>> import autograd
    >>> autograd.arange(5).unfold(0, 3, 2).tolist()
    [[0, 1, 2], [2, 3, 4]]
    """
    at = normal_dim(dimension, input.ndim)
    n = input.shape[at] if input.ndim else 1
    if size < 0 or size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {at} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return windows(input, at, size, step)


# --- any strides -----------------------------------------------------------------------------------------------------


def _as_strided(input: Any, size: Any, stride: Any, offset: int, own: Any) -> Any:
    """``own``: the strides, in elements, of the array that the others were given for; another is laid out so first."""
    step = input.itemsize
    if tuple([s // step for s in input.strides]) == own:
        return strided(input, size, tuple([s * step for s in stride]), offset * step)
    return _laid_out(input, size, stride, offset, own)


def _laid_out(input: Any, size: Any, stride: Any, offset: int, own: Any) -> Any:
    """As ``_as_strided`` of an array that lies by these strides among zeros, whatever lies around this one."""
    step = input.itemsize
    before, reach = _reach(input.shape, size, stride, offset, own)
    memory = np.zeros(reach, input.dtype)
    strided(memory, input.shape, tuple([s * step for s in own]), before * step)[...] = input
    return strided(memory, size, tuple([s * step for s in stride]), (before + offset) * step)


def _reach(shape: Any, size: Any, stride: Any, offset: int, own: Any) -> tuple[int, int]:
    """How far before an array's first element, and over how many elements, it and an ``as_strided`` of it extend."""
    before = max(0, -offset)
    ends = [
        builtins.sum([(n - 1) * s for n, s in zip(a, b, strict=True) if n]) for a, b in ((shape, own), (size, stride))
    ]
    return before, before + max(ends[0], offset + ends[1]) + 1


def _sum_strided(input: Any, shape: Any, size: Any, stride: Any, offset: int, own: Any) -> Any:
    before, reach = _reach(shape, size, stride, offset, own)
    total = math.prod(shape)
    places = np.full(reach, total)  # of each element of the memory, its place in the array; the last is for none
    strided(places, shape, tuple([s * 8 for s in own]), before * 8)[...] = np.arange(total).reshape(shape)
    made = np.zeros(total + 1, input.dtype)
    np.add.at(made, strided(places, size, tuple([s * 8 for s in stride]), (before + offset) * 8), input)
    return made[:total].reshape(shape)


restride: Any = lift_view(
    _as_strided,
    name="as_strided",
    input=lambda g, like, size, stride, offset, own: sum_strided(g, like.shape, size, stride, offset, own),
)


sum_strided: Any = linear(
    _sum_strided,
    name="as_strided_backward",
    input=lambda g, size, stride, offset, own: laid_out(g, size, stride, offset, own),
)


laid_out: Any = linear(
    _laid_out,
    name="as_strided_of_zeros",
    input=lambda g, like, size, stride, offset, own: sum_strided(g, like.shape, size, stride, offset, own),
)


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """The view of the memory with these lengths and steps (in elements), from a place of the storage on.

    Raises RuntimeError if that would leave the memory.
    """
    size, stride = sizes((size,)), sizes((stride,))
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {list(size)} and {list(stride)}")
    array = input.array
    memory, start = storage_of(array)
    offset = start if storage_offset is None else storage_offset
    last = offset + builtins.sum([(n - 1) * s for n, s in zip(size, stride, strict=True)])
    if 0 not in size and (offset < 0 or last >= memory.size):
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset} reach place {last} of a"
            f" storage of {memory.size} elements"
        )
    made = restride(input, size, stride, offset - start, input.stride())
    if not array.flags.c_contiguous and made.lineage is not None and made.lineage is not UNTRACKED:
        made.lineage.limit = made.lineage.limit or "as_strided of a tensor that is not contiguous"
    return made
