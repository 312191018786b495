"""Joining tensors, and splitting them into views."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from .. import dtypes
from ..lift import attach, general, linear, write_out
from ..memory import has_channels_last, in_order
from ..tensor import Tensor, normal_dim, wrap
from ..views import UNTRACKED
from .indexing import getitem, overwrite, take_view
from .shape import atleast_1d, atleast_2d, atleast_3d, pass_on, reshape_to

__all__ = [
    "block_diag", "cat", "chunk", "column_stack", "concat", "concatenate", "dsplit", "dstack", "hsplit",
    "hstack", "row_stack", "split", "split_with_sizes", "stack", "tensor_split", "unbind", "unbind_copy",
    "unsafe_chunk", "unsafe_split", "vsplit", "vstack",
]  # fmt: skip

METHODS = ["split"]
"""What is a method of Tensor though its first argument has another name."""

# --- joining -------------------------------------------------------------------------------------------------------


concatenate_along: Any = linear(
    lambda *tensors, dim, sizes: in_order(np.concatenate(tensors, axis=dim)),
    name="cat",
    joint=lambda g, dim, sizes: split_sizes(g, sizes, dim),
)
stack_along: Any = linear(
    lambda *tensors, dim: _stacked(tensors, dim), name="stack", joint=lambda g, dim: unbind_at(g, dim)
)


def _stacked(tensors: Any, dim: int) -> Any:
    """``np.stack``, which takes ten times as long for single numbers."""
    return np.array(tensors) if tensors[0].ndim == 0 else in_order(np.stack(tensors, axis=dim))


def _sequence(tensors: Any, name: str) -> list[Any]:
    if isinstance(tensors, Tensor):
        raise TypeError(
            f"{name}(): argument 'tensors' must be tuple of Tensors, not Tensor. Pass a list: {name}([a, b])"
        )
    parts = list(tensors)
    if not parts:
        wrong = ValueError if name == "cat" else RuntimeError  # PyTorch's own distinction
        raise wrong(f"{name}(): expected a non-empty list of Tensors")
    for i, part in enumerate(parts):
        if not isinstance(part, (Tensor, np.ndarray)):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(part).__name__}")
    return parts


def cat(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Tensors joined along an existing dimension, in their common dtype.

    Empty tensors of shape (0,) are left out, as in PyTorch. Raises RuntimeError if the other dimensions differ.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cat.html

    >>> import autograd
    >>> autograd.cat([autograd.zeros(2, 3), autograd.ones(1, 3)]).shape
    torch.Size([3, 3])
    """
    parts = _sequence(tensors, "cat")
    kept = [p for p in parts if p.shape != (0,)] if len(parts) > 1 else parts
    if not kept:
        kept = parts[:1]
    first = kept[0]
    if first.ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated. Use stack")
    at = normal_dim(dim, first.ndim)
    shape = first.shape
    sizes = []
    for i, p in enumerate(kept):
        if p.shape != shape:
            _check_parts(p, first, i, at)
        sizes.append(p.shape[at])
    if len(kept) != len(parts):  # they still take part in the promotion
        common = dtypes.of(dtypes.result_dtype(*[np.empty(1, p.dtype) for p in parts]))
        kept = [p.to(common) for p in kept]
    made = concatenate_along(*kept, dim=at, sizes=tuple(sizes), out=out)
    if out is not None or first.array.flags.c_contiguous or not all(has_channels_last(p.array) for p in kept):
        return made
    return pass_on(made, first)


def _check_parts(part: Any, first: Any, i: int, at: int) -> None:
    if part.ndim != first.ndim:
        raise RuntimeError(
            f"Tensors must have same number of dimensions: got {first.ndim} and {part.ndim} (shapes {list(first.shape)}"
            f" and, for tensor number {i} in the list, {list(part.shape)})"
        )
    for d, (n, m) in enumerate(zip(first.shape, part.shape, strict=True)):
        if d != at and n != m:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {at}. Expected size {n} but got size {m} for tensor"
                f" number {i} in the list (dimension {d} of shapes {list(first.shape)} and {list(part.shape)})."
            )


def concat(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Another name of ``cat``."""
    return cat(tensors, dim, out=out)


def concatenate(tensors: Any, axis: Any = None, *, dim: int | None = None, out: Any = None) -> Any:
    """NumPy's name of ``cat``."""
    return cat(tensors, dim if dim is not None else axis or 0, out=out)


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Tensors of one shape joined along a new dimension.

    >>> import autograd
    >>> autograd.stack([autograd.zeros(3), autograd.ones(3)], dim=1).shape
    torch.Size([3, 2])
    """
    parts = _sequence(tensors, "stack")
    shapes = [(p.array if isinstance(p, Tensor) else p).shape for p in parts]
    first = shapes[0]
    for i, shape in enumerate(shapes):
        if shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(shape)} at"
                f" entry {i}"
            )
    return stack_along(*parts, dim=normal_dim(dim, len(first) + 1), out=out)


def hstack(tensors: Any, *, out: Any = None) -> Any:
    """Joined along the second dimension; vectors along their only one."""
    parts = [atleast_1d(p) for p in _sequence(tensors, "hstack")]
    return cat(parts, 0 if parts[0].ndim == 1 else 1, out=out)


def vstack(tensors: Any, *, out: Any = None) -> Any:
    """Joined along the first dimension; vectors are rows."""
    return cat([atleast_2d(p) for p in _sequence(tensors, "vstack")], 0, out=out)


def row_stack(tensors: Any, *, out: Any = None) -> Any:
    """Another name of ``vstack``."""
    return vstack(tensors, out=out)


def dstack(tensors: Any, *, out: Any = None) -> Any:
    """Joined along the third dimension."""
    return cat([atleast_3d(p) for p in _sequence(tensors, "dstack")], 2, out=out)


def column_stack(tensors: Any, *, out: Any = None) -> Any:
    """Joined along the second dimension; vectors are columns."""
    return cat(
        [reshape_to(p, (p.numel(), 1)) if p.ndim < 2 else p for p in _sequence(tensors, "column_stack")], 1, out=out
    )


def block_diag(*tensors: Any) -> Any:
    """The matrix with the given matrices along its diagonal and zeros elsewhere."""
    for i, part in enumerate(tensors):
        if part.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {part.ndim} dimensions"
            )
    parts = [atleast_2d(p) for p in tensors] or [wrap(np.zeros((1, 0), dtypes.default_float()))]
    common = dtypes.result_dtype(*[np.empty(1, p.array.dtype) for p in parts])
    made = wrap(np.zeros((sum([p.shape[0] for p in parts]), sum([p.shape[1] for p in parts])), common))
    r = c = 0
    for part in parts:
        n, m = part.shape
        made = overwrite(made, part, (slice(r, r + n), slice(c, c + m)), (), None)
        r, c = r + n, c + m
    return made


# --- splitting -----------------------------------------------------------------------------------------------------


def _ranges(sizes: tuple[int, ...], dim: int) -> tuple[Any, ...]:
    """The indices of consecutive parts of these sizes."""
    return _few_ranges(sizes, dim) if len(sizes) <= 64 else _few_ranges.__wrapped__(sizes, dim)


@functools.lru_cache(256)
def _few_ranges(sizes: tuple[int, ...], dim: int) -> tuple[Any, ...]:
    before, ends = (slice(None),) * dim, itertools.accumulate(sizes)
    return tuple([(*before, slice(end - size, end)) for size, end in zip(sizes, ends, strict=True)])


def _equal(n: int, size: int) -> tuple[int, ...]:
    """The sizes of parts of ``size`` places each, of which the last may be shorter."""
    return (n,) if n == 0 or size == 0 else tuple([min(size, n - start) for start in range(0, n, size)])


def _places(n: int, dim: int) -> tuple[Any, ...]:
    """The indices of all places of a dimension, as views even of a single number."""
    return tuple([(*(slice(None),) * dim, i, ...) for i in range(n)])


# One operation with all parts as its results: their cotangents are joined in one pass.
split_sizes: Any = general(
    lambda input, split_sizes, dim: tuple([input[at] for at in _ranges(split_sizes, dim)]),
    name="split_with_sizes",
    outputs=0,
    arrays=("input",),
    joint=lambda g, dim, split_sizes: (concatenate_along(*g, dim=dim, sizes=split_sizes),),
)
split_equally: Any = general(
    lambda input, split_size, dim: tuple([input[at] for at in _ranges(_equal(input.shape[dim], split_size), dim)]),
    name="split",
    outputs=0,
    arrays=("input",),
    joint=lambda g, dim: (concatenate_along(*g, dim=dim, sizes=tuple([part.shape[dim] for part in g])),),
)
unbind_at: Any = general(
    lambda input, dim: tuple([input[at] for at in _places(input.shape[dim], dim)]),
    name="unbind",
    outputs=0,
    arrays=("input",),
    joint=lambda g, dim: (stack_along(*g, dim=dim),),
)


def _views(parts: tuple[Any, ...], input: Any, indices: tuple[Any, ...], limit: str | None) -> tuple[Any, ...]:
    """Make the results of one call views. ``limit``: its node's name, if PyTorch lets nobody write to them in place."""
    for part, index in zip(parts, indices, strict=True):
        attach(part, input, take_view.op, (index,))
        if limit is not None and part.lineage is not None and part.lineage is not UNTRACKED:
            part.lineage.limit = limit
    return parts


def _split(input: Any, sizes: tuple[int, ...], dim: int, limit: str | None) -> tuple[Any, ...]:
    return _views(split_sizes(input, sizes, dim), input, _ranges(sizes, dim), limit)


def _length(input: Any, dim: int, name: str) -> tuple[int, int]:
    shape = input.array.shape
    if not shape:
        raise RuntimeError(f"{name} expects at least a 1-dimensional tensor")
    at = normal_dim(dim, len(shape))
    return at, shape[at]


def split(tensor: Any, split_size_or_sections: Any = None, dim: int = 0, *, split_size: Any = None) -> tuple[Any, ...]:
    """Views of ``split_size`` places each along ``dim`` (the last may be shorter), or of the sizes in a list.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.split.html

    >>> import autograd
    >>> [len(part) for part in autograd.arange(5).split(2)]
    [2, 2, 1]
    """
    size = split_size if split_size_or_sections is None else split_size_or_sections
    if isinstance(size, (list, tuple)):
        return split_with_sizes(tensor, size, dim)
    at, n = _length(tensor, dim, "split")
    size = int(size)
    if size < 0 or (size == 0 and n):
        raise RuntimeError(
            f"split expects split_size be non-negative (and positive where there is something to split), but got {size}"
        )
    return _views(split_equally(tensor, size, at), tensor, _ranges(_equal(n, size), at), "SplitBackward0")


def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of the given sizes along ``dim``. Raises RuntimeError if the sizes don't add up to the length."""
    at, n = _length(input, dim, "split_with_sizes")
    sizes = [int(s) for s in split_sizes]
    if sum(sizes) != n or any(s < 0 for s in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {at}), but"
            f" got split_sizes={sizes}"
        )
    return _split(input, tuple(sizes), at, "SplitWithSizesBackward0")


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most ``chunks`` views of equal length along ``dim``; the last may be shorter.

    >>> import autograd
    >>> [len(part) for part in autograd.arange(5).chunk(2)]
    [3, 2]
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    at, n = _length(input, dim, "chunk")
    return split(input, -(-n // chunks), at) if n else _split(input, (0,) * chunks, at, "SplitWithSizesBackward0")


def unsafe_split(input: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """``split`` whose parts may be written in place."""
    at, n = _length(input, dim, "split")
    return _split(input, _equal(n, int(split_size)), at, None)


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """``chunk`` whose parts may be written in place."""
    at, n = _length(input, dim, "chunk")
    return _split(input, _equal(n, -(-n // chunks)) if n else (0,) * chunks, at, None)


def tensor_split(
    input: Any, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None, sections: Any = None
) -> tuple[Any, ...]:
    """Views along ``dim``: so many nearly equal ones, or those between the given places."""
    given = next(v for v in (indices_or_sections, indices, sections) if v is not None)
    if input.ndim == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    at, n = _length(input, dim, "tensor_split")
    if isinstance(given, Tensor):
        given = given.array.tolist()
    if isinstance(given, int):
        if given <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {given}")
        indices = _ranges(tuple([n // given + (i < n % given) for i in range(given)]), at)
        return tuple([getitem(input, index) for index in indices])
    before = (slice(None),) * at
    places = [None, *[int(i) for i in given], None]
    return tuple([getitem(input, (*before, slice(a, b))) for a, b in itertools.pairwise(places)])


def _split_along(input: Any, indices_or_sections: Any, dim: int, least: int, name: str) -> tuple[Any, ...]:
    if input.ndim < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {input.ndim}"
            " dimensions!"
        )
    if isinstance(indices_or_sections, int) and (indices_or_sections <= 0 or input.shape[dim] % indices_or_sections):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {input.shape[dim]}"
            f" is not divisible by the split_size {indices_or_sections}!"
        )
    return tensor_split(input, indices_or_sections, dim)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Views of columns (of a vector: of its elements)."""
    return _split_along(input, indices_or_sections, 0 if input.ndim == 1 else 1, 1, "hsplit")


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Views of rows."""
    return _split_along(input, indices_or_sections, 0, 2, "vsplit")


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Views along the third dimension."""
    return _split_along(input, indices_or_sections, 2, 3, "dsplit")


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The views at all places of dimension ``dim``."""
    if input.ndim == 0:
        raise RuntimeError("Dimension specified as 0 but tensor has no dimensions")
    at = normal_dim(dim, input.ndim)
    return _views(unbind_at(input, at), input, _places(input.shape[at], at), "UnbindBackward0")


def unbind_copy(tensor: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Copies of what ``unbind`` gives."""
    made = tuple([part.clone() for part in unbind(tensor, dim)])
    return made if out is None else write_out(out, made)
