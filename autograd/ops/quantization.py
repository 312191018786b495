"""Fake quantization: numbers rounded to those that 8 bits (or fewer) can hold, as training for quantized use does.

A number becomes the nearest of ``(q - zero_point) * scale`` with a whole q between ``quant_min`` and ``quant_max``. The gradient goes
through unchanged where q lies between the two, and is zero elsewhere (Jacob et al., "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import unsupported
from ..lift import elementwise
from ..tensor import Tensor, normal_dim
from .piecewise import where_true

__all__ = ["fake_quantize_per_channel_affine", "fake_quantize_per_tensor_affine"]


def _whole(input: Any, scale: Any, zero_point: Any) -> Any:
    return np.rint(input * (1 / scale).astype(input.dtype)) + zero_point


def _quantized(input: Any, scale: Any, zero_point: Any, low: int, high: int) -> Any:
    q = np.clip(_whole(input, scale, zero_point), low, high)
    q = np.where(np.isnan(q), low, q).astype(np.float32)  # as PyTorch, which keeps scales in it
    return ((q - zero_point) * scale).astype(input.dtype)


held: Any = elementwise(
    lambda input, scale, zero_point, low, high: (low <= _whole(input, scale, zero_point)) & (_whole(input, scale, zero_point) <= high),
    name="held", arrays=("input",),
)  # fmt: skip
"""Where the rounded number lies in the range."""

quantized: Any = elementwise(
    _quantized,
    name="fake_quantize",
    input=lambda g, input, scale, zero_point, low, high: where_true(g, held(input, scale, zero_point, low, high)),
)


def _plain(name: str, value: Any) -> Any:
    """A scale or zero point as an array."""
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    if name == "zero_point" and array.dtype == np.int64 and isinstance(value, Tensor) and array.ndim:
        raise RuntimeError("Zero-point must be Int32, Float or Half, found Long. Convert it: zero_point.int()")
    return array.astype(np.float32)


def _check(input: Any, scale: Any, zero_point: Any, quant_min: int, quant_max: int) -> None:
    if input.array.dtype.kind != "f":
        raise unsupported(quantized.op, input.array)
    if quant_min > quant_max:
        raise RuntimeError(
            f"`quant_min` should be less than or equal to `quant_max`, and they are {quant_min} and {quant_max}"
        )
    if ((zero_point < quant_min) | (zero_point > quant_max)).any():
        raise RuntimeError(f"`zero_point` must be between `quant_min` and `quant_max`: {quant_min} and {quant_max}")


def fake_quantize_per_tensor_affine(input: Any, scale: Any, zero_point: Any, quant_min: int, quant_max: int) -> Any:
    """The elements, rounded to ``(q - zero_point) * scale`` with whole q from ``quant_min`` to ``quant_max``.

    Args:
        scale, zero_point: numbers, or tensors of one element, which get no gradient.

    Raises RuntimeError if the zero point is not in the range, or the range is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_tensor_affine.html

    >>> import autograd
    >>> fake_quantize_per_tensor_affine(autograd.tensor([-1.0, 0.26, 0.9]), 0.5, 0, 0, 255)
    tensor([0.0000, 0.5000, 1.0000])
    """
    for name, value in (("scale", scale), ("zero_point", zero_point)):
        if isinstance(value, Tensor) and value.array.size != 1:
            raise RuntimeError(
                f"{name} has {value.array.size} elements, and one is wanted: fake_quantize_per_channel_affine takes several"
            )
    scale, zero_point = _plain("scale", scale).reshape(()), _plain("zero", zero_point).reshape(())
    _check(input, scale, zero_point, quant_min, quant_max)
    return quantized(input, scale, zero_point, quant_min, quant_max)


def fake_quantize_per_channel_affine(
    input: Any, scale: Any, zero_point: Any, axis: int, quant_min: int, quant_max: int
) -> Any:
    """``fake_quantize_per_tensor_affine`` with a scale and a zero point (int32) of its own for each index of dimension ``axis``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_channel_affine.html

    >>> import autograd
    >>> scale, zero = autograd.tensor([0.5, 1.0]), autograd.zeros(2, dtype=autograd.int32)
    >>> fake_quantize_per_channel_affine(autograd.tensor([[0.8], [0.8]]), scale, zero, 0, 0, 255)
    tensor([[1.],
            [1.]])
    """
    axis = normal_dim(axis, input.ndim)
    scale, zero_point = _plain("scale", scale), _plain("zero_point", zero_point)
    if not scale.shape == zero_point.shape == (input.shape[axis],):
        raise RuntimeError(
            f"expected one scale and one zero point for each of the {input.shape[axis]} indices of dimension {axis}, but got "
            f"{list(scale.shape)} and {list(zero_point.shape)}"
        )
    _check(input, scale, zero_point, quant_min, quant_max)
    shape = [-1 if i == axis else 1 for i in range(input.ndim)]
    return quantized(input, scale.reshape(shape), zero_point.reshape(shape), quant_min, quant_max)
