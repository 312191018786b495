"""Arrangements that copy: repeating, flipping, rolling, triangles and diagonals, grids."""

from __future__ import annotations

import builtins
import functools
import math
from typing import Any

import numpy as np

from .. import dtypes
from ..lift import given, linear, write_out
from ..memory import in_order, order_of, storage_of
from ..tensor import Tensor, normal_dim, wrap
from .shape import (
    broadcast,
    clone,
    contiguous,
    expand,
    flatten,
    narrow,
    only,
    permute,
    reshape_to,
    select,
    sizes,
    spread,
    squeeze,
    swap,
    t,
    transpose,
    unsqueeze,
    view,
)
from .strides import as_strided, diagonal, diagonal_of, embed_diagonal, unfold

__all__ = [
    "alias_copy", "as_strided_copy", "as_strided_scatter", "cartesian_prod", "combinations", "detach_copy",
    "diag", "diag_embed", "diagflat", "diagonal_copy", "expand_copy", "flip", "fliplr", "flipud", "meshgrid",
    "narrow_copy", "permute_copy", "repeat_interleave", "roll", "rot90", "select_copy", "squeeze_copy",
    "t_copy", "tile", "transpose_copy", "tril", "tril_indices", "triu", "triu_indices", "unfold_copy",
    "unsqueeze_copy", "view_copy",
]  # fmt: skip

METHODS = ["repeat"]
"""What is a method of Tensor and not a function, as in PyTorch."""


def _repeat(input: Any, repeats: Any) -> Any:
    return np.tile(input, repeats)


def _sum_repeats(input: Any, repeats: Any, shape: Any) -> Any:
    extra = len(repeats) - len(shape)
    full = (1,) * extra + tuple(shape)
    split = tuple([k for pair in zip(repeats, full, strict=True) for k in pair])
    return input.reshape(split).sum(axis=tuple(range(0, len(split), 2))).reshape(shape)


repeat_by: Any = linear(_repeat, name="repeat", input=lambda g, repeats, like: sum_repeats(g, repeats, like.shape))
sum_repeats: Any = linear(_sum_repeats, name="repeat_backward", input=lambda g, repeats: repeat_by(g, repeats))


def _flipped(input: Any, dims: Any) -> Any:
    made = np.empty_like(input, order=order_of(input))  # in the order of the argument, as PyTorch's
    made[...] = np.flip(input, dims)
    return made


flip_over: Any = linear(
    lambda input, dims: _flipped(input, dims),
    name="flip",
    input=lambda g, dims: flip_over(g, dims),
)
roll_by: Any = linear(
    lambda input, shifts, dims: in_order(np.roll(input, shifts, dims)),
    name="roll",
    input=lambda g, shifts, dims: roll_by(
        g, tuple([-s for s in shifts]) if isinstance(shifts, tuple) else -shifts, dims
    ),
)


def _triangle(input: Any, diagonal: int, part: Any) -> Any:
    """``part`` (np.tril or np.triu) of the matrices; of floats with a mask of all bits or none, five times as fast."""
    rows, columns = input.shape[-2:]
    if input.dtype.char not in "fd" or rows * columns > 1 << 22:
        return part(input, diagonal)
    bits = np.dtype(np.int32 if input.itemsize == 4 else np.int64)
    return np.bitwise_and(input.view(bits), _mask(rows, columns, diagonal, part, bits)).view(input.dtype)


@functools.lru_cache(16)
def _mask(rows: int, columns: int, diagonal: int, part: Any, bits: Any) -> Any:
    return part(np.full((rows, columns), -1, bits), diagonal)


tril: Any = linear(
    lambda input, diagonal=0: in_order(_triangle(_matrix(input, "tril"), diagonal, np.tril)),
    name="tril",
    input=lambda g, diagonal: tril(g, diagonal),
)
triu: Any = linear(
    lambda input, diagonal=0: in_order(_triangle(_matrix(input, "triu"), diagonal, np.triu)),
    name="triu",
    input=lambda g, diagonal: triu(g, diagonal),
)


def _matrix(input: Any, name: str) -> Any:
    if input.ndim < 2:
        raise RuntimeError(
            f"{name}: input tensor must have at least 2 dimensions, but its shape is {list(input.shape)}"
        )
    return input


def narrow_copy(input: Any, dim: int, start: int, length: int, *, out: Any = None) -> Any:
    """A copy of ``narrow``."""
    return given(clone(narrow(input, dim, start, length)), out)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Zeros with the last dimension of ``input`` on a diagonal of two new dimensions."""
    n = input.ndim + 1
    i, j = normal_dim(dim1, n), normal_dim(dim2, n)
    if i == j:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    side = input.shape[-1] + builtins.abs(offset)
    shape = list(input.shape[:-1])
    for d in sorted((i, j)):
        shape.insert(d, side)
    return embed_diagonal(input, tuple(shape), offset, i, j)


def diag(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """The diagonal of a matrix, or the matrix with this diagonal."""
    if input.ndim == 1:
        return given(diag_embed(input, diagonal), out)
    if input.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D. Use diagonal() or diag_embed()")
    return given(clone(diagonal_of(input, diagonal, 0, 1)), out)


def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements of ``input`` on a diagonal."""
    return diag_embed(reshape_to(input, (math.prod(input.shape),)), offset)


def repeat(input: Any, *repeats: Any, **named: Any) -> Any:
    """Copies side by side: ``repeats`` along each dimension, new ones in front.

    >>> import autograd
    >>> autograd.tensor([1, 2]).repeat(2, 2).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    if named:
        repeats = only(named, "repeats", "repeat")
    times = sizes(repeats)
    if len(times) < input.ndim:
        raise RuntimeError(
            f"Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: {list(times)}"
            f" for shape {list(input.shape)}"
        )
    if any(n < 0 for n in times):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(times)}: {list(times)}")
    return repeat_by(input, times)


def tile(input: Any, *dims: Any, **named: Any) -> Any:
    """Copies side by side; missing leading ``dims`` are 1."""
    if named:
        dims = only(named, "dims", "tile")
    times = sizes(dims)
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element repeated in place: ``repeats`` times, or as often as ``repeats`` says for each place of ``dim``."""
    from .selection import index_select

    def counts_of(value: Any) -> Any:
        counts = value.array if isinstance(value, Tensor) else np.asarray(value)
        if counts.dtype.kind not in "iu":
            raise RuntimeError(f"repeats has to be Long or Int tensor, not {counts.dtype}")
        if counts.size and counts.min() < 0:
            raise RuntimeError("repeats can not be negative")
        return counts

    if repeats is None:
        return wrap(np.repeat(np.arange(input.numel()), counts_of(input)))
    if dim is None:
        input, dim = flatten(input), 0
    at = normal_dim(dim, input.ndim)
    if input.ndim == 0:
        input = reshape_to(input, (1,))
    n, counts = input.shape[at], counts_of(repeats)
    if counts.ndim > 1 or (counts.size != 1 and counts.size != n):
        raise RuntimeError(
            f"repeats must have the same size as input along dim: {counts.size} for {n} places of dim {dim}"
        )
    index = np.repeat(np.arange(n), counts.reshape(-1) if counts.size == n else int(counts.reshape(())))
    if output_size is not None and output_size != len(index):
        raise RuntimeError(
            f"allocated size does not match required size: output_size is {output_size}, the repeats give {len(index)}"
        )
    return index_select(input, at, wrap(index))


def flip(input: Any, *dims: Any, **named: Any) -> Any:
    """A copy with the order along ``dims`` reversed."""
    if named:
        dims = only(named, "dims", "flip")
    found = tuple([normal_dim(d, input.ndim) for d in sizes(dims)])
    if len(set(found)) != len(found):
        raise RuntimeError(f"dim {dims} appears multiple times in the list of dims")
    return flip_over(input, found if input.ndim else ())


def fliplr(input: Any) -> Any:
    """A copy with the columns in reverse order."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip_over(input, (1,))


def flipud(input: Any) -> Any:
    """A copy with the rows in reverse order."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip_over(input, (0,))


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """A copy turned by ``k`` right angles in the plane of two dimensions, from the first towards the second."""
    if len(dims) != 2 or input.ndim < 2:
        raise RuntimeError(
            f"expected total rotation dims == 2 and total dims >= 2, but got dims {list(dims)} of {input.ndim}"
        )
    a, b = (normal_dim(d, input.ndim) for d in dims)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    turn = k % 4
    if turn == 0:
        return clone(input)
    if turn == 2:
        return flip_over(input, (a, b))
    return clone(swap(flip_over(input, (b,)), a, b)) if turn == 1 else flip_over(swap(input, a, b), (b,))


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """A copy moved along ``dims`` by ``shifts``; what falls off one end comes in at the other."""
    shifts = tuple(shifts) if isinstance(shifts, (tuple, list)) else (int(shifts),)
    if dims is None or (isinstance(dims, (tuple, list)) and not dims):
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims: 0")
        return roll_by(input, shifts[0], None)
    dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims: {len(dims)}")
    return roll_by(input, shifts, tuple([normal_dim(d, input.ndim) for d in dims]))


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """The coordinates of a grid: one view for each tensor of at most one dimension.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.meshgrid.html
    """
    axes = [reshape_to(x, (1,)) if x.ndim == 0 else x for x in spread(tensors)]
    if not axes:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for i, x in enumerate(axes):
        if x.ndim != 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got shape {list(x.shape)} at {i}"
            )
        if x.dtype != axes[0].dtype:
            raise RuntimeError(
                f"meshgrid expects all tensors to have the same dtype, but got {axes[0].dtype} and {x.dtype}"
            )
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swapped = indexing == "xy" and len(axes) > 1
    if swapped:
        axes[:2] = axes[1::-1]
    shape = tuple([x.shape[0] for x in axes])
    grids = [
        broadcast(reshape_to(x, tuple([-1 if i == k else 1 for k in range(len(axes))])), shape)
        for i, x in enumerate(axes)
    ]
    if swapped:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element of each tensor, as rows; one tensor is returned as it is."""
    from .joining import stack

    tensors = spread(tensors)
    return tensors[0] if len(tensors) == 1 else stack([flatten(x) for x in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All combinations of ``r`` elements of a vector, as rows."""
    import itertools

    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    pick = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(pick(range(len(input)), r)), dtype=np.int64).reshape(-1, r) if r else np.zeros((0,), np.int64)
    return input[wrap(rows)]


def _indices(of: Any, row: int, col: int, offset: int, dtype: Any) -> Tensor:
    if row < 0 or col < 0:
        raise RuntimeError(f"row and col must be non-negative, got {row} and {col}")
    return wrap(np.array(of(row, offset, col), np.int64 if dtype is None else dtypes.as_numpy(dtype)))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of the lower triangle of a matrix: a row of row indices and a row of column indices."""
    return _indices(np.tril_indices, row, col, offset, dtype)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of the upper triangle of a matrix: a row of row indices and a row of column indices."""
    return _indices(np.triu_indices, row, col, offset, dtype)


def as_strided_scatter(input: Any, src: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A copy, by the same strides, with ``src`` where ``as_strided`` would show."""
    memory, start = storage_of(input.array)
    if memory.size == input.numel():
        made = contiguous(clone(input))
        region = as_strided(made, size, stride, storage_offset)
    else:  # what lies around the input is part of the copy
        base = wrap(memory.copy())
        as_strided(base, input.shape, input.stride(), start).copy_(input)
        region = as_strided(base, size, stride, start if storage_offset is None else storage_offset)
        made = None
    if tuple(region.shape) != tuple(src.shape):
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size ="
            f" {list(region.shape)}"
        )
    region.copy_(src)
    return as_strided(base, input.shape, input.stride(), start) if made is None else made


def _copying(function: Any, name: str) -> Any:
    def call(tensor: Any, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        made = function(tensor, *args, **kwargs)
        made = tuple([clone(v) for v in made]) if isinstance(made, tuple) else clone(made)
        return made if out is None else write_out(out, made)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"A copy of the view that ``{name.removesuffix('_copy')}`` gives."
    return call


as_strided_copy, diagonal_copy = _copying(as_strided, "as_strided_copy"), _copying(diagonal, "diagonal_copy")
expand_copy, permute_copy = _copying(expand, "expand_copy"), _copying(permute, "permute_copy")
squeeze_copy, unsqueeze_copy = _copying(squeeze, "squeeze_copy"), _copying(unsqueeze, "unsqueeze_copy")
t_copy, transpose_copy = _copying(t, "t_copy"), _copying(transpose, "transpose_copy")
view_copy, unfold_copy = _copying(view, "view_copy"), _copying(unfold, "unfold_copy")
select_copy, alias_copy = _copying(select, "select_copy"), _copying(lambda x: x, "alias_copy")
detach_copy: Any = _copying(lambda x: x.detach(), "detach_copy")
