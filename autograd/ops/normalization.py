"""Normalization: values drawn to mean 0 and variance 1 over some dimensions, then scaled and shifted.

Layer, batch, group, instance and RMS norm are one operation; they differ in the dimensions, and in whether the mean is
taken away. With x^ = (x - mean) * rstd, the derivative is rstd times the projection
P(v) = v - mean(v) - x^ mean(v x^).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..lift import general, lift

__all__ = []  # fmt: skip

Axes = tuple[int, ...]


def _size(shape: Any, axes: Axes) -> int:
    return math.prod([shape[axis] for axis in axes])


def _mean(x: Any, axes: Axes) -> Any:
    """The mean over some dimensions, which are kept; of arrays and Tensors."""
    return x.sum(axis=axes, keepdims=True) * (1.0 / _size(x.shape, axes))


def _normalize(input: Any, weight: Any, bias: Any, axes: Axes, eps: float, center: bool) -> tuple[Any, Any]:
    kind = input.dtype.type
    scale = kind(1.0 / max(_size(input.shape, axes), 1))
    if center:
        normal = input - np.add.reduce(input, axis=axes, keepdims=True) * scale
    else:
        normal = input.copy()
    y = normal * normal
    rstd = np.add.reduce(y, axis=axes, keepdims=True)
    rstd *= scale
    rstd += kind(eps)
    np.sqrt(rstd, out=rstd)
    np.divide(1, rstd, out=rstd)
    normal *= rstd
    if weight is None:
        np.copyto(y, normal)
    else:
        np.multiply(normal, weight, out=y)
    if bias is not None:
        y += bias
    return y, (normal, rstd)


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
    input=lambda g, r, weight, axes, center: projection(g if weight is None else g * weight, *r, axes, center),
    weight=lambda g, r: g * r[0],
    bias=lambda g: g,
)


def _projection(input: Any, normal: Any, rstd: Any, axes: Axes, center: bool) -> Any:
    scale = input.dtype.type(1.0 / max(_size(input.shape, axes), 1))
    y = input * normal
    along = np.add.reduce(y, axis=axes, keepdims=True)
    along *= scale
    np.multiply(normal, along, out=y)
    np.subtract(input, y, out=y)
    if center:
        y -= np.add.reduce(input, axis=axes, keepdims=True) * scale
    y *= rstd
    return y


projection = general(
    _projection,
    name="normalize_backward",
    promote="none",
    input=lambda g, normal, rstd, axes, center: projection(g, normal, rstd, axes, center),
    normal=lambda g, input, normal, rstd, axes: (
        -rstd * (g * _mean(input * normal, axes) + input * _mean(g * normal, axes))
    ),
    rstd=lambda g, y, rstd, axes: (g * y).sum(axis=axes, keepdims=True) / rstd,
)
