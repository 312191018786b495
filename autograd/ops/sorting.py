"""Sorting, and searching in what is sorted. NaN counts as larger than every number; equals keep their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..lift import given
from ..tensor import Tensor, normal_dim, wrap
from .reduction import pick

__all__ = [
    "argsort", "bucketize", "isin", "msort", "searchsorted", "sort", "topk", "unique", "unique_consecutive",
]  # fmt: skip


def no_order(array: Any, name: str) -> None:
    """Raise for complex numbers."""
    if array.dtype.kind == "c":
        raise RuntimeError(f"{name}(): complex numbers have no order. Sort their .abs() or .real")


def order_of(array: Any, dim: int, descending: bool = False) -> Any:
    """The indices that sort an array along a dimension, equals in their order."""
    if not array.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return array.argsort(dim, kind="stable")
    turn = (slice(None),) * dim + (slice(None, None, -1),)
    return np.ascontiguousarray((array.shape[dim] - 1 - array[turn].argsort(dim, kind="stable"))[turn])


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False, *, out: Any = None) -> Any:
    """``(values, indices)`` of the elements in order along ``dim``; always stable here.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sort.html

    >>> import autograd
    >>> autograd.sort(autograd.tensor([3, 1, 2])).values
    tensor([1, 2, 3])
    """
    at = normal_dim(dim, input.ndim)
    no_order(input.array, "sort")
    index = order_of(input.array, at, descending)
    return given(return_types.sort(pick(input, index, at, True, "sort"), wrap(index)), out)  # type: ignore[attr-defined]


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that sort along ``dim``."""
    no_order(input.array, "argsort")
    return wrap(order_of(input.array, normal_dim(dim, input.ndim), descending))


def msort(input: Any, *, out: Any = None) -> Any:
    """The elements in order along the first dimension."""
    return given(sort(input, 0).values, out)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None) -> Any:
    """``(values, indices)`` of the ``k`` largest (or smallest) elements along ``dim``, in order.

    Raises RuntimeError if there are fewer than ``k``.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.topk.html

    >>> import autograd
    >>> autograd.topk(autograd.tensor([1.0, 9.0, 5.0]), 2)
    torch.return_types.topk(
    values=tensor([9., 5.]),
    indices=tensor([1, 2]))
    """
    at, array, k = normal_dim(dim, input.ndim), input.array, k.__index__()
    no_order(array, "topk")
    n = array.shape[at] if array.ndim else 1
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: topk of {k} among the {n} elements of dimension {at}")
    few: Any = (slice(None),) * at + (slice(k),)
    if not array.ndim:
        index = np.zeros((), np.int64)
    elif k < n // 4 and n > 16:  # find them first, sort the few
        where = (
            np.argpartition(array, n - k if largest else k - 1, axis=at)
            if k
            else np.zeros((*array.shape[:at], 0, *array.shape[at + 1 :]), np.int64)
        )
        mine: Any = (slice(None),) * at + ((slice(n - k, None) if largest else slice(k)),)
        where = np.sort(where[mine], axis=at)
        index = np.take_along_axis(where, order_of(np.take_along_axis(array, where, at), at, largest), at)
    else:
        index = np.ascontiguousarray(order_of(array, at, largest)[few])
    return given(return_types.topk(pick(input, index, at, True, "topk"), wrap(index)), out)  # type: ignore[attr-defined]


# --- distinct elements ---------------------------------------------------------------------------------------------


def _results(values: Any, inverse: Any, counts: Any, return_inverse: bool, return_counts: bool) -> Any:
    made = [wrap(values)]
    if return_inverse:
        made.append(wrap(np.asarray(inverse, np.int64)))
    if return_counts:
        made.append(wrap(np.asarray(counts, np.int64)))
    return tuple(made) if len(made) > 1 else made[0]


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The distinct elements in order; on request where each element went, and how often each occurs.

    With ``dim`` the distinct slices along it. Every NaN is distinct.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.unique.html

    >>> import autograd
    >>> autograd.unique(autograd.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    array = input.array
    axis = None if dim is None else normal_dim(dim, array.ndim)
    if axis is not None and array.ndim and array.size == 0 and array.shape[axis] != 0:
        raise RuntimeError("unique: there are elements of size 0 along dim; they can't be told apart")
    if array.ndim == 0:
        axis, array = None, array.reshape(1)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    inverse = inverse.reshape(input.array.shape if axis is None else (array.shape[axis],))
    return _results(values, inverse, counts, return_inverse, return_counts)


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements without those that equal the one before them.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.unique_consecutive.html
    """
    whole = dim is None or input.ndim == 0
    array = input.array.reshape(-1) if whole else np.moveaxis(input.array, normal_dim(dim, input.ndim), 0)
    n = len(array)
    if n:
        changes = (array[1:] != array[:-1]).any(tuple(range(1, array.ndim)))
        starts = np.flatnonzero(np.concatenate(([True], changes)))
    else:
        starts = np.zeros(0, np.int64)
    inverse = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, n)))
    values = array[starts] if whole else np.moveaxis(array[starts], 0, normal_dim(dim, input.ndim))
    if whole:
        inverse = inverse.reshape(input.array.shape)
    return _results(np.ascontiguousarray(values), inverse, np.diff(np.append(starts, n)), return_inverse, return_counts)


# --- searching -----------------------------------------------------------------------------------------------------


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
    out: Any = None,
) -> Any:
    """Where each value would go in the sorted innermost dimension: before its equals, or after them if ``right``.

    Raises RuntimeError if the leading dimensions disagree or ``side`` contradicts ``right``.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.searchsorted.html

    >>> import autograd
    >>> autograd.searchsorted(autograd.tensor([1, 3, 5]), autograd.tensor([3, 6]))
    tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(f"side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(f"side and right can't be set to opposites, got side of {side} while right was True")
    where: Any = "right" if right or side == "right" else "left"
    line = sorted_sequence.array
    values = input.array if isinstance(input, Tensor) else np.asarray(input)
    if isinstance(input, Tensor) and line.dtype != values.dtype:
        raise RuntimeError(
            "searchsorted(): boundary tensor and input value tensor should have same dtype, but got boundaries of "
            f"{sorted_sequence.dtype} and input of {input.dtype}. Convert one of them"
        )
    if line.ndim == 0 and not isinstance(input, Tensor):
        raise RuntimeError("searchsorted(): the boundaries must have a dimension")
    if sorter is not None:
        line = _in_given_order(line, sorter)
    index_dtype = np.int32 if out_int32 else np.int64
    if line.ndim <= 1:
        found = np.searchsorted(line.reshape(-1), values, where)
    else:
        if not isinstance(input, Tensor) or values.shape[:-1] != line.shape[:-1]:
            raise RuntimeError(
                "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
                f"tensor and input value tensor must match: {list(line.shape)} and input {list(values.shape)}"
            )
        found = np.empty(values.shape, np.int64)
        for i in np.ndindex(line.shape[:-1]):
            found[i] = np.searchsorted(line[i], values[i], where)
    return given(wrap(np.asarray(found, index_dtype)), out)


def _in_given_order(line: Any, sorter: Any) -> Any:
    order = sorter.array
    if order.shape != line.shape:
        raise RuntimeError(
            f"searchsorted(): the sorter has shape {list(order.shape)} and the boundaries {list(line.shape)}"
        )
    if order.dtype != np.int64:
        raise RuntimeError(f"searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype}")
    if order.size and (order.min() < 0 or order.max() >= line.shape[-1]):
        raise RuntimeError("searchsorted(): sorter index out of range")
    return np.take_along_axis(line, order, -1)


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False, out: Any = None) -> Any:
    """The number of the bucket, between sorted ``boundaries``, that each value falls into."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    values = input.array if isinstance(input, Tensor) else np.asarray(input)
    found = np.searchsorted(boundaries.array, values, "right" if right else "left")
    return given(wrap(np.asarray(found, np.int32 if out_int32 else np.int64)), out)


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False, out: Any = None
) -> Any:
    """Which of ``elements`` are among ``test_elements``; either may be a number.

    >>> import autograd
    >>> autograd.isin(autograd.tensor([1, 2, 3]), autograd.tensor([2, 5]))
    tensor([False,  True, False])
    """
    a, b = [v.array if isinstance(v, Tensor) else np.asarray(v) for v in (elements, test_elements)]
    if not any(isinstance(v, Tensor) for v in (elements, test_elements)):
        raise TypeError("isin() takes at least one Tensor")
    return given(wrap(np.isin(a, b, assume_unique=assume_unique, invert=invert)), out)
