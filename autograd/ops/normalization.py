"""Normalization: values drawn to mean 0 and variance 1 over some dimensions, then scaled and shifted.

Layer, batch, group, instance and RMS norm are one operation; they differ in the dimensions, and in whether the mean is
taken away. With x^ = (x - mean) * rstd, the derivative is rstd times the projection
P(v) = v - mean(v) - x^ mean(v x^).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..fast import twin
from ..half import rounded_once
from ..lift import bilinear, general, lift
from ..memory import in_order
from .shape import sum_to

__all__ = []  # fmt: skip

Axes = tuple[int, ...]


def _size(shape: Any, axes: Axes) -> int:
    return math.prod([shape[axis] for axis in axes])


def _mean(x: Any, axes: Axes) -> Any:
    """The mean over some dimensions, which are kept; of arrays and Tensors."""
    return x.sum(axis=axes, keepdims=True) * (1.0 / _size(x.shape, axes))


def sums(x: Any, axes: Axes) -> Any:
    """The sum over some dimensions, which are kept. Over the last ones it is a product with ones: BLAS adds fastest."""
    last = x.ndim
    while last - 1 in axes:
        last -= 1
    n = math.prod(x.shape[last:])
    if n < 2 or x.size < 1024 or x.dtype.itemsize < 4 or not x.flags.c_contiguous:
        return np.add.reduce(x, axis=axes, keepdims=True)
    rows = x.reshape(-1, n) @ np.ones(n, x.dtype)
    return _over_others(rows, x.shape, axes, last)


def dots(x: Any, y: Any, axes: Axes) -> Any:
    """``sums(x * y, axes)`` without the product as an array of its own, where that is possible."""
    last = x.ndim
    while last - 1 in axes:
        last -= 1
    n = math.prod(x.shape[last:])
    if n < 2 or x.size < 1024 or x.dtype.itemsize < 4 or x.shape != y.shape:
        return np.add.reduce(x * y, axis=axes, keepdims=True)
    if not (x.flags.c_contiguous and y.flags.c_contiguous):
        return np.add.reduce(x * y, axis=axes, keepdims=True)
    rows = np.einsum("ij,ij->i", x.reshape(-1, n), y.reshape(-1, n))
    return _over_others(rows, x.shape, axes, last)


def _over_others(rows: Any, shape: Any, axes: Axes, last: int) -> Any:
    """Sums over the last dimensions, summed over the other ones too."""
    others = tuple(axis for axis in axes if axis < last)
    rows = rows.reshape(shape[:last])
    if others:
        rows = np.add.reduce(rows, axis=others, keepdims=True)
    return rows.reshape(rows.shape + (1,) * (len(shape) - last))


def _compiled(input: Any, weight: Any, bias: Any, axes: Axes) -> bool:
    """Whether a kernel takes it: of rows, of the channels of [N, C] or [N, C, P], or of the groups of [N, groups, C, P]."""
    channels = (axes == (0, 2) and input.ndim == 3) or (axes == (0,) and input.ndim == 2)
    shape = (input.shape[1], 1)[: input.ndim - 1] if channels else input.shape[axes[0] :]
    groups = (1, *input.shape[1:3], 1) if axes == (2, 3) and input.ndim == 4 else shape
    return (  # type: ignore[no-any-return]
        (channels or axes == tuple(range(axes[0], input.ndim)))
        and input.flags.c_contiguous
        and any([all([p is None or p.shape == form for p in (weight, bias)]) for form in (shape, groups)])
        and all([p is None or p.dtype == np.float32 for p in (weight, bias)])
    )


@twin("normalization.normalize", when=lambda input, weight, bias, axes, eps, center: (
    input.size >= 8192 and input.dtype == np.float32 and _compiled(input, weight, bias, axes)
))  # fmt: skip
@rounded_once
def _normalize(input: Any, weight: Any, bias: Any, axes: Axes, eps: float, center: bool) -> tuple[Any, Any]:
    kind = input.dtype.type
    scale = kind(1.0 / max(_size(input.shape, axes), 1))
    normal = input - sums(input, axes) * scale if center else input.copy()
    rstd = dots(normal, normal, axes)
    rstd *= scale
    rstd += kind(eps)
    np.sqrt(rstd, out=rstd)
    np.divide(1, rstd, out=rstd)
    normal *= rstd
    y = normal.copy() if weight is None else normal * weight
    if bias is not None:
        y += bias
    return (y if y.ndim > 3 else in_order(y)), (normal, rstd)  # with channels last it stays so


def _normal_and_rstd(input: Any, axes: Axes, eps: float, center: bool) -> tuple[Any, Any]:
    """The residual of ``normalize`` again, on Tensors."""
    centered = input - _mean(input, axes) if center else input
    rstd = (_mean(centered * centered, axes) + eps) ** -0.5
    return centered * rstd, rstd


normalize = lift(
    _normalize,
    kind="general",
    name="normalize",
    residual=lambda input, axes, eps, center: _normal_and_rstd(input, axes, eps, center),
    arrays=("input", "weight", "bias"),
    joint=lambda g, r, weight, axes, center, likes: _backward(  # type: ignore[has-type]
        g, *r, weight, axes, center, tuple([None if like is None else like.shape for like in likes])
    ),
)


@twin("normalization.normalize_backward", when=lambda g, normal, rstd, weight, axes, center, shapes: (
    isinstance(g, np.ndarray)
    and g.size >= 8192
    and g.dtype == normal.dtype == np.float32
    and _compiled(normal, weight, None, axes)
))  # fmt: skip
def _backward(g: Any, normal: Any, rstd: Any, weight: Any, axes: Axes, center: bool, shapes: Any) -> Any:
    """The cotangents of input, weight and bias: those that have a shape. Of arrays and Tensors."""
    input, scale, shift = shapes
    return (
        None if input is None else projection(g if weight is None else g * weight, normal, rstd, axes, center),  # type: ignore[has-type]
        None if scale is None else overlap(g, normal, scale),  # type: ignore[has-type]
        None if shift is None else sum_to(g, shift),
    )


@rounded_once
def _moments(input: Any, axes: Axes) -> tuple[Any, Any]:
    """The mean over some dimensions, which are kept, and the mean of the squared deviations from it."""
    scale = input.dtype.type(1.0 / max(_size(input.shape, axes), 1))
    mean = sums(input, axes) * scale
    centered = input - mean
    return mean, dots(centered, centered, axes) * scale


moments = twin("normalization.moments", when=lambda input, axes: (
    input.size >= 8192 and input.dtype == np.float32 and _compiled(input, None, None, axes)
))(_moments)  # fmt: skip


@rounded_once
def _overlap(input: Any, other: Any, shape: Any) -> Any:
    axes = tuple(i for i in range(input.ndim) if i < input.ndim - len(shape) or shape[i - input.ndim] == 1)
    return dots(input, other, axes).reshape(shape)


overlap = bilinear(  # the sum of the products, over all dimensions that ``shape`` does not have or has as 1
    _overlap,
    name="overlap",
    input=lambda g, other: g * other,
    other=lambda g, input: g * input,
)


@rounded_once
def _projection(input: Any, normal: Any, rstd: Any, axes: Axes, center: bool) -> Any:
    scale = input.dtype.type(1.0 / max(_size(input.shape, axes), 1))
    y = normal * (dots(input, normal, axes) * scale)
    np.subtract(input, y, out=y)
    if center:
        y -= sums(input, axes) * scale
    y *= rstd
    return y


projection = general(
    _projection,
    name="normalize_backward",
    promote="none",
    input=lambda g, normal, rstd, axes, center: projection(g, normal, rstd, axes, center),  # type: ignore[has-type]
    normal=lambda g, input, normal, rstd, axes: (
        -rstd * (g * _mean(input * normal, axes) + input * _mean(g * normal, axes))
    ),
    rstd=lambda g, y, rstd, axes: (g * y).sum(axis=axes, keepdims=True) / rstd,
)
