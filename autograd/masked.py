"""``torch.masked``: reductions and normalisations of the elements that a mask selects, as functions of plain tensors.

A mask is a bool tensor that broadcasts to the input; True means that the element counts. What is left out is replaced
by the value that changes nothing (0 in a sum, 1 in a product, -inf in a maximum), so its gradient is zero.

Source: https://docs.pytorch.org/docs/stable/masked.html

>>> import autograd
>>> x = autograd.tensor([1.0, 2.0, 3.0])
>>> autograd.masked.mean(x, mask=autograd.tensor([True, False, True]))
tensor(2.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import linalg
from .ops import activation, cumulative, elementwise, reduction, statistics
from .ops.piecewise import select_where
from .ops.shape import cast
from .tensor import Tensor, normal_dim, wrap

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp", "mean",
    "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum", "var",
]  # fmt: skip


def _filled(input: Tensor, mask: Tensor | None, fill: Any, dtype: Any = None) -> Any:
    """The input in the dtype asked for, with ``fill`` where the mask is false."""
    if dtype is not None:
        input = cast(input, np.dtype(dtype))
    if mask is None:
        return input
    if mask.array.dtype != np.bool_:
        raise TypeError(f"mask must be a bool tensor, not {mask.dtype}")
    return select_where(mask, input, fill)


def _lowest(input: Tensor, dtype: Any) -> Any:
    kind = np.dtype(dtype) if dtype is not None else input.array.dtype
    return -math.inf if kind.kind in "fV" else False if kind.kind == "b" else int(np.iinfo(kind).min)


def _highest(input: Tensor, dtype: Any) -> Any:
    kind = np.dtype(dtype) if dtype is not None else input.array.dtype
    return math.inf if kind.kind in "fV" else True if kind.kind == "b" else int(np.iinfo(kind).max)


def _dims(input: Tensor, dim: Any) -> Any:
    """All dimensions for None or (); PyTorch's masked functions take them so."""
    return tuple(range(input.ndim)) if dim is None or dim == () else dim


# --- sums and products ---------------------------------------------------------------------------------------------


def sum(input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """The sum of the selected elements; 0 where there are none."""
    return reduction.sum(_filled(input, mask, 0, dtype), _dims(input, dim), keepdim)


def prod(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """The product of the selected elements; 1 where there are none."""
    made = _filled(input, mask, 1, dtype)
    dims = _dims(input, dim)
    if dims == () and dtype is None and made.array.dtype.kind in "biu":
        made = cast(made, np.dtype(np.int64))
    for at in sorted([normal_dim(d, input.ndim) for d in (dims if isinstance(dims, tuple) else (dims,))], reverse=True):
        made = reduction.prod(made, at, keepdim)
    return made


def cumsum(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """The cumulative sum, in which the other elements count as 0."""
    return cumulative.cumsum(_filled(input, mask, 0, dtype), dim, dtype=dtype or input.dtype)


def cumprod(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """The cumulative product, in which the other elements count as 1."""
    return cumulative.cumprod(_filled(input, mask, 1, dtype), dim, dtype=dtype or input.dtype)


def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """``log(sum(exp(.)))`` of the selected elements, in the dtype of the input; -inf where there are none."""
    filled = _filled(input, mask, -math.inf, dtype)
    return cast(reduction.logsumexp(filled, _dims(input, dim), keepdim), np.dtype(dtype or input.dtype))


def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: Any = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Any:
    """``log(exp(input) + exp(other))``, where what a mask leaves out counts as -inf."""
    return elementwise.logaddexp(
        _filled(input, input_mask, -math.inf, dtype), _filled(other, other_mask, -math.inf, dtype)
    )


# --- extremes ------------------------------------------------------------------------------------------------------


def amax(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """The largest of the selected elements; the lowest number of the dtype where there are none."""
    return reduction.amax(_filled(input, mask, _lowest(input, dtype), dtype), _dims(input, dim), keepdim)


def amin(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """The smallest of the selected elements; the highest number of the dtype where there are none."""
    return reduction.amin(_filled(input, mask, _highest(input, dtype), dtype), _dims(input, dim), keepdim)


def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """Where the largest of the selected elements is, as PyTorch gives it: in the dtype of the input."""
    made = _filled(input, mask, _lowest(input, dtype), dtype)
    return cast(reduction.argmax(made, dim, keepdim), made.array.dtype)


def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """Where the smallest of the selected elements is, in the dtype of the input."""
    made = _filled(input, mask, _highest(input, dtype), dtype)
    return cast(reduction.argmin(made, dim, keepdim), made.array.dtype)


# --- statistics ----------------------------------------------------------------------------------------------------


def _count(input: Tensor, mask: Tensor | None, dims: Any, keepdim: bool) -> Any:
    """How many elements are selected, in the dtype of the input."""
    chosen = np.ones(input.array.shape, bool) if mask is None else np.broadcast_to(mask.array, input.array.shape)
    return cast(reduction.sum(wrap(np.array(chosen)), dims, keepdim), input.array.dtype)


def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """The mean of the selected elements; NaN where there are none."""
    dims = _dims(input, dim)
    total = reduction.sum(_filled(input, mask, 0, dtype), dims, keepdim)
    return total / _count(input, mask, dims, keepdim)


def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """The median of the selected elements along ``dim``; NaN where there are none."""
    return statistics.nanmedian(_filled(input, mask, math.nan, dtype), dim, keepdim)[0]


def norm(
    input: Tensor,
    ord: float | None = 2.0,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:
    """The vector norm of the selected elements."""
    order = 2.0 if ord is None else ord
    made = _filled(input, mask, math.inf if order < 0 else 0, dtype)
    return linalg.vector_norm(made, order, _dims(input, dim), keepdim)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:
    """The variance of the selected elements."""
    if unbiased is not None and correction is not None:
        raise RuntimeError("var() takes unbiased or correction, not both")
    less = correction if correction is not None else 1 if unbiased is None or unbiased else 0
    dims = _dims(input, dim)
    if dtype is not None:
        input = cast(input, np.dtype(dtype))
    away = input - mean(input, dims, keepdim=True, mask=mask)
    squares = away * away.conj() if input.is_complex() else away * away
    left = _count(squares.real if input.is_complex() else squares, mask, dims, keepdim) - less
    return sum(squares, dims, keepdim=keepdim, mask=mask) / left.clamp(min=0)


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Any:
    """The standard deviation of the selected elements."""
    return elementwise.sqrt(var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask))


# --- normalisation -------------------------------------------------------------------------------------------------


def softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """The softmax over the selected elements; the others get 0."""
    return activation.softmax(_filled(input, mask, -math.inf, dtype), dim)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """The logarithm of ``softmax``; the others get -inf."""
    return activation.log_softmax(_filled(input, mask, -math.inf, dtype), dim)


def softmin(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Any:
    """The softmax of the negated input."""
    return activation.softmax(-_filled(input, mask, math.inf, dtype), dim)


def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Tensor | None = None
) -> Any:
    """The selected elements divided by their norm (at least ``eps``); the others get 0."""
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return _filled(input, mask, 0, dtype) / length.clamp(min=eps)
