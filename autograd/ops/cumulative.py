"""Cumulative operations: each element depends on those before it along one dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..fast import twin
from ..half import is_half, rounded_once
from ..lift import general, given, lift, linear
from ..memory import in_order
from ..tensor import Tensor, normal_dim, wrap
from .elementwise import log_add_exp
from .indexing import getitem

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "gradient", "logcumsumexp",
    "trapezoid", "trapz",
]  # fmt: skip


def along(dim: int, part: Any) -> tuple[Any, ...]:
    """The index that takes ``part`` of dimension ``dim`` and all of those before it."""
    return (slice(None),) * dim + (part,)


# --- shifting and turning ------------------------------------------------------------------------------------------


def _shift(input: Any, dim: int, by: int) -> Any:
    made = np.zeros_like(input)
    n = input.shape[dim]
    if abs(by) < n:
        made[along(dim, slice(max(by, 0), n + min(by, 0)))] = input[along(dim, slice(max(-by, 0), n - max(by, 0)))]
    return made


shift: Any = linear(_shift, name="shift", input=lambda g, dim, by: shift(g, dim, -by))
"""Elements moved ``by`` places along ``dim``; zeros come in."""

turned: Any = linear(lambda input, dim: np.flip(input, dim), name="flip", input=lambda g, dim: turned(g, dim))


def wider(dtype: Any) -> Any:
    """What PyTorch adds up in: float64 for float32."""
    return np.dtype(np.float64) if dtype == np.float32 else dtype


def _scanned(array: Any) -> bool:
    return array.size >= 2048 and array.dtype == np.float32  # type: ignore[no-any-return]


# --- the linear recurrence -----------------------------------------------------------------------------------------


@twin("scans.recur", when=lambda input, decay, dim: input.shape == decay.shape and _scanned(input) and _scanned(decay))
def _recur(input: Any, decay: Any, dim: int) -> Any:
    kind = np.result_type(input, decay)
    made = np.array(np.moveaxis(input, dim, 0), wider(kind))
    factor = np.moveaxis(decay, dim, 0)
    n = len(made)
    if n <= 64:
        for k in range(1, n):
            made[k] += factor[k] * made[k - 1]
    else:  # doubling: after each step, made[k] is the recurrence over the last 2*step places
        factor, step = np.array(factor, made.dtype), 1
        factor[0] = 0
        while step < n:
            made[step:] = made[step:] + factor[step:] * made[:-step]
            factor[step:] = factor[step:] * factor[:-step]
            factor[:step] = 0
            step *= 2
    return np.moveaxis(made.astype(kind, copy=False), 0, dim)


def _recur_back(g: Any, y: Any, decay: Any, dim: int) -> Any:
    back = recur_backwards(g, decay, dim)
    return back, back * shift(y, dim, 1)


recur = lift(_recur, name="recur", joint=_recur_back, arrays=("input", "decay"))
"""``y[k] = input[k] + decay[k] * y[k-1]`` along ``dim``: so are the derivatives of cumulative products and log-sums."""


def recur_backwards(input: Any, decay: Any, dim: int) -> Any:
    """``y[k] = input[k] + decay[k+1] * y[k+1]``: the adjoint of the recurrence."""
    return turned(recur(turned(input, dim), turned(shift(decay, dim, -1), dim), dim), dim)


# --- sums and products ---------------------------------------------------------------------------------------------


def _running(ufunc: Any, input: Any, dim: int, dtype: Any) -> Any:
    if dtype is not None:
        input = np.asarray(input, dtypes.as_numpy(dtype))
    wanted = np.dtype(np.int64) if input.dtype.kind in "biu" and dtype is None else input.dtype
    at = normal_dim(dim, input.ndim)
    if is_half(wanted):
        return _running(ufunc, input.astype(np.float32), dim, None).astype(wanted)
    return _accumulated(ufunc, input.astype(wanted, copy=False), at) if input.ndim else input.astype(wanted)


@twin("scans.accumulate", when=lambda ufunc, input, dim: _scanned(input))
def _accumulated(ufunc: Any, input: Any, dim: int) -> Any:
    made = ufunc.accumulate(input, axis=dim, dtype=wider(input.dtype))
    return in_order(made.astype(input.dtype, copy=False))


def backwards(g: Any, dim: int) -> Any:
    """The cumulative sum from the end: the adjoint of cumsum."""
    if not len(g.shape):
        return g
    at = normal_dim(dim, len(g.shape))
    return turned(cumsum(turned(g, at), at), at)


cumsum = linear(
    lambda input, dim, *, dtype=None: _running(np.add, input, dim, dtype),
    name="cumsum",
    input=lambda g, dim: backwards(g, dim),
)


def first_of(shape: tuple[int, ...], dim: int) -> Any:
    """A mask that is true in the first place along ``dim``, ready to broadcast."""
    mask = np.zeros((shape[dim],) + (1,) * (len(shape) - dim - 1), np.bool_)
    mask[:1] = True
    return mask


def product_before(input: Any, dim: int) -> Any:
    """For each element the product of those before it along ``dim``."""
    return shift(cumprod(input, dim), dim, 1) + first_of(input.shape, dim)


def _product_of_others(input: Any, dim: int) -> Any:
    if np.all(input):
        whole = np.multiply.reduce(input, axis=dim, keepdims=True)
        if np.isfinite(whole).all():
            return whole / input
    return product_before(input, dim) * turned(product_before(turned(input, dim), dim), dim)


def _product_of_others_back(g: Any, input: Any, dim: int) -> Any:
    back = turned(input, dim)
    before, after = product_before(input, dim), turned(product_before(back, dim), dim)
    return _cumprod_back(shift(g * after, dim, -1), input, dim) + turned(
        _cumprod_back(shift(turned(g * before, dim), dim, -1), back, dim), dim
    )


product_of_others = general(_product_of_others, name="product_of_others", input=_product_of_others_back)
"""For each element the product of all the others along ``dim``: exact where some are zero."""


def _cumprod_back(g: Any, input: Any, dim: int) -> Any:
    if not len(g.shape):
        return g
    at = normal_dim(dim, len(g.shape))
    return product_before(input, at) * recur_backwards(g, input, at)


cumprod = general(
    lambda input, dim, *, dtype=None: _running(np.multiply, input, dim, dtype),
    name="cumprod",
    input=lambda g, input, dim: _cumprod_back(g, input, dim),
)


@rounded_once
def _logcumsumexp(input: Any, dim: int) -> Any:
    if input.dtype.kind in "biu":
        raise NotImplementedError(
            f"logcumsumexp is not implemented for {dtypes.of(input.dtype)}: it needs floating point tensors"
        )
    at = normal_dim(dim, input.ndim)
    if not input.ndim or not input.size:
        return input.copy()
    if input.dtype.kind == "c":
        made = input.copy()
        for i in range(1, input.shape[at]):
            made[along(at, i)] = log_add_exp(input[along(at, i)], made[along(at, i - 1)])
        return made
    made = np.logaddexp.accumulate(input, axis=at, dtype=wider(input.dtype))
    return in_order(made.astype(input.dtype, copy=False))


def _logcumsumexp_back(g: Any, input: Any, y: Any, dim: int) -> Any:
    if not len(g.shape):
        return g
    at = normal_dim(dim, len(g.shape))
    idle = first_of(y.shape, at) | (y == -np.inf)
    decay = np.where(idle, 0, np.exp(np.where(idle, 0, shift(y, at, 1) - y)))  # at most 1, as y never falls
    return np.exp(input - y) * recur_backwards(g, decay, at)


logcumsumexp = general(
    _logcumsumexp, name="logcumsumexp", input=lambda g, input, y, dim: _logcumsumexp_back(g, input, y, dim)
)

# --- largest and smallest so far -----------------------------------------------------------------------------------


def _gather(input: Any, index: Any, dim: int) -> Any:
    return in_order(np.take_along_axis(input, index, dim))


def _gather_back(input: Any, index: Any, dim: int, shape: tuple[int, ...]) -> Any:
    made = np.zeros(shape, input.dtype)
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[dim] = index
    np.add.at(made, tuple(places), input)
    return made


gather_along: Any = lift(
    _gather,
    kind="linear",
    name="gather",
    constants=("index",),
    input=lambda g, index, dim, like: scatter_along(g, index, dim, like.shape),
)
scatter_along: Any = lift(
    _gather_back,
    kind="linear",
    name="scatter_add",
    constants=("index",),
    input=lambda g, index, dim: gather_along(g, index, dim),
)


def _so_far(kind: Any, ufunc: Any, input: Any, dim: int, out: Any) -> Any:
    at, array = normal_dim(dim, input.ndim), input.array
    if not array.ndim:
        made = kind(getitem(input, ...), wrap(np.zeros((), np.int64)))
    else:
        best = ufunc.accumulate(array, axis=at)
        here = np.arange(array.shape[at]).reshape((-1,) + (1,) * (array.ndim - at - 1))
        index = np.maximum.accumulate(np.where((array == best) | (array != array), here, 0), axis=at)
        made = kind(gather_along(input, index, at), wrap(index))
    if out is None:
        return made
    from ..lift import write_out

    return write_out(out, made)


def cummax(input: Any, dim: int, *, out: Any = None) -> Any:
    """``(values, indices)`` of the largest element so far along ``dim``; the last one among equals."""
    return _so_far(return_types.cummax, np.maximum, input, dim, out)  # type: ignore[attr-defined]


def cummin(input: Any, dim: int, *, out: Any = None) -> Any:
    """``(values, indices)`` of the smallest element so far along ``dim``; the last one among equals."""
    return _so_far(return_types.cummin, np.minimum, input, dim, out)  # type: ignore[attr-defined]


# --- differences and areas -----------------------------------------------------------------------------------------


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None, *, out: Any = None) -> Any:
    """The ``n``-th difference along ``dim``, of ``input`` with what is put before and after it.

    >>> import autograd
    >>> autograd.diff(autograd.tensor([1, 4, 9, 16]))
    tensor([3, 5, 7])
    """
    from .joining import cat

    if input.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    at = normal_dim(dim, input.ndim)
    if n == 0:
        return given(getitem(input, ...), out)
    if prepend is not None or append is not None:
        input = cat([t for t in (prepend, input, append) if t is not None], at)
    for _ in range(min(n, input.shape[at])):
        later, earlier = getitem(input, along(at, slice(1, None))), getitem(input, along(at, slice(None, -1)))
        input = later ^ earlier if input.array.dtype.kind == "b" else later - earlier
    return given(input, out)


def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    """Estimates of the derivative along each dimension by central differences, second order also where steps vary.

    Args:
        spacing: the step (a number for all dimensions or one for each), or the coordinates along each dimension.
        dim: the dimensions, all if None.
        edge_order: 1 or 2, the order of the one-sided differences at the ends.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.gradient.html

    >>> import autograd
    >>> autograd.gradient(autograd.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    if edge_order not in (1, 2):
        raise RuntimeError(f"torch.gradient only supports edge_order=1 and edge_order=2, and got {edge_order}")
    given = range(input.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else [dim]
    dims = [normal_dim(d, input.ndim) for d in given]
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim {dims[-1]} appears multiple times in the list of dims")
    each = list(spacing) if isinstance(spacing, (tuple, list)) else [1 if spacing is None else spacing] * len(dims)
    if len(each) != len(dims):
        raise RuntimeError(f"torch.gradient expected spacing for {len(dims)} dimensions, and got {len(each)}")
    for at in dims:
        if input.array.shape[at] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple([_slope(input, step, at, edge_order) for step, at in zip(each, dims, strict=True)])


def _slope(input: Any, spacing: Any, dim: int, edge_order: int) -> Any:
    """The derivative along one dimension."""
    from .joining import cat

    n = input.array.shape[dim]
    tail = (1,) * (input.ndim - dim - 1)
    if isinstance(spacing, Tensor) and spacing.ndim:
        if spacing.array.shape != (n,):
            raise RuntimeError(
                f"torch.gradient expected {n} coordinates along dimension {dim}, and got {list(spacing.shape)}"
            )
        steps = diff(spacing).reshape(-1, *tail)
    else:
        steps = wrap(
            np.full(
                (n - 1, *tail),
                float(spacing),
                input.array.real.dtype if input.array.dtype.kind in "fcV" else dtypes.default_float(),
            )
        )
    slopes = diff(input, dim=dim) / steps
    if n == 2:
        return cat([slopes, slopes], dim)
    first, last = along(dim, slice(0, 1)), along(dim, slice(-1, None))
    before, after = getitem(slopes, along(dim, slice(None, -1))), getitem(slopes, along(dim, slice(1, None)))
    back, ahead = getitem(steps, (slice(None, -1),)), getitem(steps, (slice(1, None),))
    middle = (before * ahead + after * back) / (back + ahead)
    left, right = getitem(slopes, first), getitem(slopes, last)
    if edge_order == 2:
        s, t = getitem(steps, (slice(0, 1),)), getitem(steps, (slice(1, 2),))
        left = left - (getitem(after, first) - left) * s / (s + t)
        s, t = getitem(steps, (slice(-1, None),)), getitem(steps, (slice(-2, -1),))
        right = right + (right - getitem(before, last)) * s / (s + t)
    return cat([left, middle, right], dim)


def _panels(y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """The areas between neighbours, and the dimension counted from the front."""
    at = normal_dim(dim, y.ndim)
    middles = (getitem(y, along(at, slice(1, None))) + getitem(y, along(at, slice(None, -1)))) / 2
    if x is None:
        return middles * (1 if dx is None else dx), at
    if dx is not None:
        raise TypeError("give x or dx, not both")
    if x.ndim == 1:
        if x.shape[0] != y.shape[at]:
            raise RuntimeError(
                f"trapezoid: There must be one `x` value for each sample point: {x.shape[0]} for {y.shape[at]}"
            )
        steps = diff(x).reshape((-1,) + (1,) * (y.ndim - at - 1))
    else:
        steps = diff(x, dim=at - y.ndim)
    return middles * steps, at


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The area under ``y`` along ``dim`` by the trapezoidal rule, at the points ``x`` or in steps of ``dx``.

    >>> import autograd
    >>> autograd.trapezoid(autograd.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    panels, at = _panels(y, x, dx, dim)
    return panels.sum(at)


def trapz(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """``trapezoid`` under its older name."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The areas under ``y`` up to each point after the first."""
    panels, at = _panels(y, x, dx, dim)
    return cumsum(panels, at)
