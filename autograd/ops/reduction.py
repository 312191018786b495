"""Reductions: many elements become one, along dimensions.

``dim`` is None (all of them), an int or several; with ``keepdim`` what is reduced keeps its place. Functions
that say *where* the value came from return a named tuple ``(values, indices)``, and the gradient goes to that place;
those that don't (amax, amin, max of everything) share it evenly among the equals.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..fast import LARGE, twin
from ..half import is_half, rounded_once
from ..lift import general, given, lift, linear
from ..memory import in_order
from ..sums import sum_over
from ..tensor import Tensor, normal_dim, wrap
from .piecewise import maximum, minimum, select_where
from .shape import cast, reshape_to, sum_to

__all__ = [
    "all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero", "logsumexp", "max", "mean", "min",
    "nanmean", "nansum", "prod", "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip

_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_maximum: Any = np.maximum.reduce


def dims_of(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """``dim`` (None, an int or several) as a tuple of non-negative ints; None for all dimensions."""
    if dim is None or (isinstance(dim, (tuple, list)) and len(dim) == 0):
        return None
    if isinstance(dim, (tuple, list)):
        found = tuple([normal_dim(d, ndim) for d in dim])
        if len(set(found)) != len(found):
            raise RuntimeError(f"dim {dim[-1]} appears multiple times in the list of dims")
    else:
        found = (normal_dim(dim, ndim),)
    return found if ndim else None


def kept(g: Any, like: Any, dim: Any, keepdim: bool) -> Any:
    """A reduced value with its dimensions back, as ones, so that it broadcasts against the argument."""
    if keepdim or not len(g.shape):
        return g
    axes = dims_of(dim, len(like.shape))
    return g.reshape(tuple([1 if axes is None or i in axes else n for i, n in enumerate(like.shape)]))


def _spread_out(input: Any, shape: tuple[int, ...]) -> Any:
    made = np.empty(shape, input.dtype)
    made[...] = input
    return made


spread_out = linear(_spread_out, name="expand", input=lambda g, like: sum_to(g, like.shape))
"""Broadcast to a shape, in memory of its own: what comes next may write over it."""


def restore(g: Any, like: Any, dim: Any, keepdim: bool) -> Any:
    """A reduced value spread again over the dimensions that were reduced: the adjoint of sum."""
    if not isinstance(g, Tensor) and g.size == 1 and math.prod(like.shape) >= LARGE:
        return np.broadcast_to(g.reshape(()), like.shape)  # loops take it as the one number that it is
    return spread_out(g if keepdim or dim is None else kept(g, like, dim, keepdim), like.shape)


def count(shape: tuple[int, ...], dim: Any) -> int:
    """How many elements of a tensor of this shape become one."""
    axes = dims_of(dim, len(shape))
    return math.prod(shape if axes is None else [shape[i] for i in axes])


# --- sums and means ------------------------------------------------------------------------------------------------


def add_up(array: Any, dim: Any, keepdim: bool) -> Any:
    """The sum in the array's own dtype; half precision is added up in float32."""
    kind = array.dtype.kind
    if array.itemsize == 2 and kind in "fV":
        return _add(array, axis=dims_of(dim, array.ndim), dtype=np.float32, keepdims=keepdim).astype(array.dtype)
    if kind == "b":
        return np.any(array, axis=dims_of(dim, array.ndim), keepdims=keepdim)
    if dim is None and array.size >= LARGE:
        return _total(array).reshape((1,) * array.ndim * keepdim)
    axes = None if dim is None else dims_of(dim, array.ndim)
    if axes is not None and kind == "f" and array.size >= 2048:
        y = sum_over(array, tuple(sorted(axes)) if len(axes) > 1 else axes)
        y = y.reshape([1 if i in axes else n for i, n in enumerate(array.shape)]) if keepdim else y
    else:
        y = _add(array, axis=axes, dtype=array.dtype, keepdims=keepdim)
    return y if y.ndim < 2 else in_order(y)


@twin("rows.total", when=lambda array: array.dtype == np.float32 and array.flags.c_contiguous)
def _total(array: Any) -> Any:
    """The sum of all elements."""
    return np.asarray(_add(array, axis=None, dtype=array.dtype))


def _summed_in(input: Any, dtype: Any) -> Any:
    """``input`` in the dtype in which to add or multiply: the one asked for; int64 for integers and bools."""
    if dtype is not None:
        return np.asarray(input, dtypes.as_numpy(dtype))
    return input.astype(np.int64) if input.dtype.kind in "biu" else input


def _sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over ``dim`` (all dimensions if None). Integers and bools are summed in int64.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sum.html

    >>> import autograd
    >>> autograd.sum(autograd.tensor([[1, 2], [3, 4]]), dim=1)
    tensor([3, 7])
    """
    return add_up(_summed_in(input, dtype) if dtype is not None or input.dtype.kind in "biu" else input, dim, keepdim)


def _float_of(input: Any, dtype: Any, name: str) -> Any:
    if dtype is not None:
        wanted = dtypes.as_numpy(dtype)
        input = input if input.dtype == wanted else input.astype(wanted)
    if input.dtype.kind in "biu":
        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dtypes.of(input.dtype)}. Use .float() first, or dtype="
        )
    return input


def _mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean over ``dim`` (all dimensions if None). Raises RuntimeError for integers, unless ``dtype`` is given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.mean.html

    >>> import autograd
    >>> autograd.mean(autograd.tensor([1.0, 2.0, 6.0]))
    tensor(3.)
    """
    input = _float_of(input, dtype, "mean")
    n = input.size if dim is None else count(input.shape, dim)
    if is_half(input.dtype):
        return np.asarray(add_up(input.astype(np.float32), dim, keepdim) / (n or np.nan), input.dtype)
    return add_up(input, dim, keepdim) / (n or np.nan)


sum = linear(_sum, name="sum", input=lambda g, like, dim, keepdim: restore(g, like, dim, keepdim))
mean = linear(
    _mean,
    name="mean",
    input=lambda g, like, dim, keepdim: restore(g / (count(like.shape, dim) or 1), like, dim, keepdim),
)


def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None) -> Any:
    """The sum of what is not NaN."""
    if input.array.dtype.kind == "c":
        raise RuntimeError("nansum does not support complex inputs")
    return sum(select_where(np.isnan(input.array), 0, input), dim, keepdim, dtype=dtype, out=out)


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None) -> Any:
    """The mean of what is not NaN; NaN where nothing is left."""
    if input.array.dtype.kind in "biu":
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {input.dtype}")
    total = nansum(input, dim, keepdim, dtype=dtype)
    return total.div(sum(wrap(~np.isnan(input.array)), dim, keepdim), out=out)


# --- spread --------------------------------------------------------------------------------------------------------


@rounded_once
def _var(input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    input = _float_of(input, None, "var")
    axes = dims_of(dim, input.ndim)
    n = count(input.shape, dim)
    away = input - _add(input, axis=axes, keepdims=True) / (n or np.nan)
    down = axes is not None and n > 64 and input.ndim - 1 not in axes  # NumPy adds rows up one after the other
    drift = _add(away, axis=axes, keepdims=keepdim) if down else 0  # what their rounding left out of the mean
    squares = np.square(away, out=away if away.ndim else None) if away.dtype.kind != "c" else (away * away.conj()).real
    total = add_up(squares, dim, keepdim)
    if down:
        total = total - (drift * np.conj(drift)).real / n
    left = n - correction
    return total / left if left > 0 else total / np.zeros((), total.dtype)


def away_from_mean(input: Any, dim: Any, correction: Any) -> Any:
    """``(input - mean) / (n - correction)``: half the derivative of the variance."""
    left = count(input.shape, dim) - correction
    return (input - mean(input, dim, True)) * (1 / left if left > 0 else math.inf)


spread = general(
    _var,
    name="var",
    holomorphic=False,
    input=lambda g, input, dim, correction, keepdim, like: (
        kept(g * 2, like, dim, keepdim) * away_from_mean(input, dim, correction)
    ),
)


@rounded_once
def _std(input: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    return np.sqrt(_var(input, dim, correction, keepdim))


deviation = general(
    _std,
    name="std",
    holomorphic=False,
    input=lambda g, y, input, dim, correction, keepdim, like: (
        kept(np.where(y == 0, 0, g / np.where(y == 0, 1, y)), like, dim, keepdim)
        * away_from_mean(input, dim, correction)
    ),
)


def _spread_arguments(name: str, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> tuple[Any, Any, bool]:
    """PyTorch's overloads: ``var(x, unbiased)``, ``var(x, dim, unbiased, keepdim)``, ``var(x, dim, *, correction)``."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}() takes unbiased or correction, not both")
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return dim, correction, keepdim


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Any = None,
) -> Any:
    """The variance over ``dim``, divided by ``n - correction`` (1 if not given; ``unbiased=False`` means 0).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.var.html

    >>> import autograd
    >>> autograd.var(autograd.tensor([1.0, 3.0])), autograd.var(autograd.tensor([1.0, 3.0]), unbiased=False)
    (tensor(2.), tensor(1.))
    """
    return spread(input, *_spread_arguments("var", dim, unbiased, keepdim, correction), out=out)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Any = None,
) -> Any:
    """The standard deviation: the root of ``var``."""
    return deviation(input, *_spread_arguments("std", dim, unbiased, keepdim, correction), out=out)


def _with_mean(function: Any, name: str, input: Any, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> Any:
    dim, correction, keepdim = _spread_arguments(name, dim, unbiased, keepdim, correction)
    return function(input, dim, correction, keepdim), mean(input, dim, keepdim)


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Any = None,
) -> Any:
    """``(var, mean)``."""
    return given(_with_mean(spread, "var_mean", input, dim, unbiased, keepdim, correction), out)


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Any = None,
) -> Any:
    """``(std, mean)``."""
    return given(_with_mean(deviation, "std_mean", input, dim, unbiased, keepdim, correction), out)


# --- products and logarithms of sums -------------------------------------------------------------------------------


def multiply_up(array: Any, axis: Any, keepdims: bool) -> Any:
    """The product; of many elements in columns, since NumPy multiplies one after the other along a row."""
    if axis is None and array.size > 16384 and array.flags.c_contiguous and array.dtype.kind == "f":
        flat = array.reshape(-1)
        body = flat[: flat.size // 1024 * 1024].reshape(-1, 1024)
        made = _multiply(_multiply(body)) * _multiply(flat[body.size :])
        return made.reshape((1,) * array.ndim) if keepdims else made
    return _multiply(array, axis=axis, dtype=array.dtype, keepdims=keepdims)


def _prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The product over ``dim``, one dimension or (None) all. The gradient is exact where elements are zero.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.prod.html
    """
    if dim is not None:
        dim = normal_dim(dim, input.ndim)
    axis = None if dim is None or input.ndim == 0 else dim
    return multiply_up(_summed_in(input, dtype), axis, keepdim)


def _others(input: Any, dim: Any) -> Any:
    from .cumulative import product_of_others

    if dim is not None and len(input.shape):
        return product_of_others(input, normal_dim(dim, len(input.shape)))
    return reshape_to(product_of_others(reshape_to(input, (-1,)), 0), tuple(input.shape))


prod = general(
    _prod,
    name="prod",
    input=lambda g, input, dim, keepdim, like: kept(g, like, dim, keepdim) * _others(input, dim),
)


@rounded_once
def _logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """``log(sum(exp(input)))`` over ``dim``, without overflow.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html

    >>> import autograd
    >>> autograd.logsumexp(autograd.tensor([1000.0, 0.0]), 0)
    tensor(1000.)
    """
    axes = dims_of(dim, input.ndim)
    if input.size == 0:
        return np.log(_add(np.exp(input), axis=axes, keepdims=keepdim))
    size = input.real if input.dtype.kind == "c" else input
    top = _maximum(size, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros((), top.dtype))
    total = np.log(_add(np.exp(input - top), axis=axes, keepdims=keepdim))
    return total + (top if keepdim else top.reshape(np.shape(total)))


logsumexp = general(
    _logsumexp,
    name="logsumexp",
    promote="float",
    input=lambda g, y, input, dim, keepdim, like: (
        kept(g, like, dim, keepdim) * np.exp(input - kept(y, like, dim, keepdim))
    ),
)

# --- largest and smallest ------------------------------------------------------------------------------------------


def kept_shape(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    """The shape with dimension ``dim`` reduced to 1."""
    return (*shape[:dim], 1, *shape[dim + 1 :]) if shape else ()


@functools.lru_cache(1024)
def _grid(shape: tuple[int, ...], dim: int) -> list[Any]:
    """The indices of every place of a shape, ready to broadcast; what stands for ``dim`` is to be replaced."""
    n = len(shape)
    return [None if i == dim else np.arange(m).reshape((-1,) + (1,) * (n - i - 1)) for i, m in enumerate(shape)]


def places(index: Any, dim: int) -> tuple[Any, ...]:
    """The index tuple that reads ``index`` along ``dim``, and each place's own position along the others."""
    grid = _grid(index.shape, dim).copy()
    grid[dim] = index
    return tuple(grid)


def _pick(input: Any, index: Any, dim: int, keepdim: bool, by: str) -> Any:
    if not input.ndim:
        return input.copy()
    found = input[places(index, dim)]
    return found if keepdim else found.squeeze(dim)


def _put_back(input: Any, index: Any, dim: int, keepdim: bool, by: str, shape: tuple[int, ...]) -> Any:
    if not shape:
        return np.array(input).reshape(())
    made = np.zeros(shape, input.dtype)
    made[places(index, dim)] = input.reshape(index.shape)
    return made


pick: Any = lift(
    _pick,
    kind="linear",
    name="pick",
    constants=("index",),
    input=lambda g, index, dim, keepdim, by, like: put_back(g, index, dim, keepdim, by, like.shape),
)
"""The elements at ``index`` along ``dim`` (each at most once): what max, sort, topk, median ... (``by``) select."""

put_back: Any = lift(
    _put_back,
    kind="linear",
    name="put_back",
    constants=("index",),
    input=lambda g, index, dim, keepdim, by: pick(g, index, dim, keepdim, by),
)


def chosen(kind: Any, input: Any, index: Any, dim: int, keepdim: bool, out: Any = None) -> Any:
    """The named tuple of the values at ``index`` (an array that keeps the dimension) and the index itself."""
    values = pick(input, index, dim, keepdim, kind.__name__)
    if input.ndim and not keepdim:
        index = index.squeeze(dim)
    return given(kind(values, wrap(index.reshape(values.array.shape))), out)


def _not_empty(name: str, array: Any, dim: Any) -> None:
    """Raise what PyTorch raises where there is no element to choose."""
    if array.size and array.dtype.kind != "c":
        return
    if array.dtype.kind == "c":
        raise NotImplementedError(f"{name}() is not implemented for complex tensors: they have no order")
    if array.size == 0:
        if dim is None:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        for at in dims_of(dim, array.ndim) or ():
            if array.shape[at] == 0:
                raise IndexError(f"{name}(): Expected reduction dim {at} to have non-zero size.")


def _arg(find: Any, input: Any, dim: Any, keepdim: bool, name: str) -> Any:
    if input.dtype.kind == "b" and name.startswith("arg"):
        raise NotImplementedError(f"{name}() is not implemented for torch.bool. Convert first: t.long()")
    _not_empty(name, input, dim)
    if dim is None or not input.ndim:
        found = np.asarray(find(input))
        return found.reshape((1,) * input.ndim) if keepdim else found
    at = normal_dim(dim, input.ndim)
    found = find(input, at)
    return found.reshape(kept_shape(input.shape, at)) if keepdim else found


argmax = general(
    lambda input, dim=None, keepdim=False: _arg(np.ndarray.argmax, input, dim, keepdim, "argmax"),
    name="argmax",
    arrays=("input",),
)
argmin = general(
    lambda input, dim=None, keepdim=False: _arg(np.ndarray.argmin, input, dim, keepdim, "argmin"),
    name="argmin",
    arrays=("input",),
)


def _extreme(reduce: Any, name: str) -> Any:
    def function(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
        _not_empty(name, input, None if dims_of(dim, input.ndim) is None else dim)
        return reduce(input, axis=dims_of(dim, input.ndim), keepdims=keepdim)

    function.__doc__ = (
        f"The {name[1:]}imum over ``dim`` (one, several or all dimensions). Equals share the gradient evenly."
    )
    return function


def evenly(g: Any, equal: Any, like: Any, dim: Any, keepdim: bool) -> Any:
    """``g`` shared among the places where ``equal`` is true."""
    n = cast(sum(equal, dim, keepdim), like.dtype)
    return select_where(equal, kept(g / n, like, dim, keepdim), 0)


def _evenly_or_nan(g: Any, input: Any, y: Any, like: Any, dim: Any, keepdim: bool) -> Any:
    equal = input == kept(y, like, dim, keepdim)
    n = cast(sum(equal, dim, keepdim), like.dtype)
    return kept(g / n, like, dim, keepdim) * equal  # 0 / 0 where y is NaN: NaN everywhere, as in PyTorch


amax, amin = [
    general(
        _extreme(ufunc.reduce, name),
        name=name,
        input=lambda g, input, y, like, dim, keepdim: _evenly_or_nan(g, input, y, like, dim, keepdim),
    )
    for ufunc, name in ((np.maximum, "amax"), (np.minimum, "amin"))
]
max_of_all, min_of_all = [
    general(
        _extreme(ufunc.reduce, name),
        name=name,
        input=lambda g, input, y, like: evenly(g, (input == y) | ((y != y) & (input != input)), like, None, False),
    )
    for ufunc, name in ((np.maximum, "max"), (np.minimum, "min"))
]


def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
    """The largest element; with ``dim``, ``(values, indices)`` along it; with another tensor, ``maximum``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.max.html

    >>> import autograd
    >>> values, indices = autograd.max(autograd.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    >>> values, indices
    (tensor([5., 7.]), tensor([1, 0]))
    """
    if other is not None or isinstance(dim, Tensor) or not isinstance(input, Tensor):
        return maximum(input, dim if other is None else other, out=out)
    if dim is None:
        return max_of_all(input, out=out)
    at = normal_dim(dim, input.ndim)
    return chosen(return_types.max, input, _arg(np.ndarray.argmax, input.array, at, True, "max"), at, keepdim, out)  # type: ignore[attr-defined]


def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
    """The smallest element; with ``dim``, ``(values, indices)`` along it; with another tensor, ``minimum``."""
    if other is not None or isinstance(dim, Tensor) or not isinstance(input, Tensor):
        return minimum(input, dim if other is None else other, out=out)
    if dim is None:
        return min_of_all(input, out=out)
    at = normal_dim(dim, input.ndim)
    return chosen(return_types.min, input, _arg(np.ndarray.argmin, input.array, at, True, "min"), at, keepdim, out)  # type: ignore[attr-defined]


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """``(min, max)`` over ``dim``, or over everything."""
    over: Any = () if dim is None else dim
    for target in () if out is None else out:
        if target.dtype != input.dtype:
            raise RuntimeError(f"Expected out tensor to have dtype {input.dtype}, but got {target.dtype} instead")
    return given(return_types.aminmax(amin(input, over, keepdim), amax(input, over, keepdim)), out)  # type: ignore[attr-defined]


# --- truth ---------------------------------------------------------------------------------------------------------


def _truth(reduce: Any) -> Any:
    def function(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        found = reduce(input, axis=None if dim is None else dims_of(dim, input.ndim), keepdims=keepdim)
        return found.astype(np.uint8) if input.dtype == np.uint8 else found  # PyTorch's one exception to bool

    return function


all = lift(_truth(np.logical_and.reduce), name="all", arrays=("input",))
any = lift(_truth(np.logical_or.reduce), name="any", arrays=("input",))
count_nonzero = lift(
    lambda input, dim=None: np.asarray(np.count_nonzero(input, axis=dims_of(dim, input.ndim)), np.int64),
    name="count_nonzero",
    arrays=("input",),
)
