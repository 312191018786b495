"""Operations by cases, element by element: selection, rounding, signs, the larger and the smaller.

Each is one function on one part of the numbers and another on the next, so its derivative is a mask; where two parts
meet it is what PyTorch says.
"""

from __future__ import annotations

import builtins
import warnings
from typing import Any

import numpy as np

from ..lift import elementwise, linear
from ..tensor import Tensor
from .elementwise import mul, only_tensors, true_div, vanish

__all__ = [
    "abs", "absolute", "ceil", "clamp", "clamp_max", "clamp_min", "clip", "copysign", "fix", "floor", "fmax",
    "fmin", "frac", "frexp", "heaviside", "maximum", "minimum", "nan_to_num", "nextafter", "round", "sgn", "sign",
    "signbit", "trunc", "where",
]  # fmt: skip

# --- selection -------------------------------------------------------------------------------------------------------


def _where_true(input: Any, mask: Any) -> Any:
    """On random masks NumPy's where mispredicts every other branch: large arrays are masked bit by bit instead."""
    if input.size < 2048 or input.shape != mask.shape or input.dtype.char not in "fd" or not input.flags.c_contiguous:
        return np.where(mask, input, np.zeros((), input.dtype))
    bits = np.int32 if input.itemsize == 4 else np.int64
    made = np.negative(mask.view(np.int8), dtype=bits)
    return np.bitwise_and(made, input.view(bits), out=made).view(input.dtype)


def ones_where(mask: Any, like: Any) -> Any:
    """1 where a mask is true and 0 elsewhere, in the dtype of ``like``: ``np.where`` would take ten times as long."""
    return mask.view(np.int8).astype(like.dtype) if type(mask) is np.ndarray else mask * like.dtype.type(1)


where_true: Any = linear(
    lambda input, mask: _where_true(input, mask),
    name="where",
    constants=("mask",),
    promote="none",
    input=lambda g, mask: where_true(g, mask),
)
"""``input`` where a mask is true and 0 elsewhere: the gradient of everything that selects."""


select_where = elementwise(
    lambda condition, input, other: np.where(condition, input, other),
    name="where",
    constants=("condition",),
    input=lambda g, condition: where_true(g, condition),
    other=lambda g, condition: where_true(g, ~condition),
)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition`` is true, else ``other``; with a condition alone, its true places as indices.

    A condition of uint8 counts where it is not 0, with PyTorch's warning.

    Raises RuntimeError if the condition is neither a bool nor a uint8 tensor, or if the three have no common shape.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.where.html

    >>> import autograd
    >>> x = autograd.tensor([1.0, -2.0])
    >>> autograd.where(x > 0, x, 0.0)
    tensor([1., 0.])
    """
    if input is None and other is None:
        from .selection import nonzero

        return nonzero(condition, as_tuple=True)
    if isinstance(condition, Tensor) and condition.array.dtype.kind != "b":
        if condition.array.dtype == np.uint8:
            warnings.warn(
                "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
                "version of PyTorch. Use a boolean condition instead.",
                UserWarning,
                stacklevel=2,
            )
            return where(condition != 0, input, other, out=out)
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    try:
        return select_where(condition, input, other, out=out)
    except ValueError:
        from .shape import must_meet

        must_meet("where", condition, input, other)
        raise


replace_nan = elementwise(
    lambda input, nan, posinf, neginf: np.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf),
    name="nan_to_num",
    input=lambda g, input: g * np.isfinite(input),
)


def nan_to_num(
    input: Any, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None, *, out: Any = None
) -> Any:
    """``input`` with NaN replaced by ``nan`` and the infinities by the largest and smallest numbers, or those given."""
    return replace_nan(input, 0.0 if nan is None else nan, posinf, neginf, out=out)


# --- rounding --------------------------------------------------------------------------------------------------------


def _rounding(function: Any) -> Any:
    """A rounding function that leaves integers what they are."""
    return lambda input: np.array(input) if input.dtype.kind in "iu" else function(input)


floor = elementwise(_rounding(np.floor), name="floor", refuses="bc", input=lambda g: vanish(g))


ceil = elementwise(_rounding(np.ceil), name="ceil", refuses="bc", input=lambda g: vanish(g))


trunc = elementwise(_rounding(np.trunc), name="trunc", refuses="bc", input=lambda g: vanish(g))


round_half_even = elementwise(_rounding(np.rint), name="round", refuses="bc", input=lambda g: vanish(g))


frac = elementwise(lambda input: input - np.trunc(input), name="frac", refuses="biuc", input=lambda g: g)


def round(input: Any, *, decimals: int = 0, out: Any = None) -> Any:
    """The nearest integer, halves to the even one; with ``decimals``, that many places after the point.

    >>> import autograd
    >>> autograd.round(autograd.tensor([0.5, 1.5, -2.5]))
    tensor([ 0.,  2., -2.])
    """
    if decimals == 0:
        return round_half_even(input, out=out)
    ten = 10.0 ** builtins.abs(decimals)
    if decimals > 0:
        return true_div(round_half_even(mul(input, ten)), ten, out=out)
    return mul(round_half_even(true_div(input, ten)), ten, out=out)


def frexp(input: Any, *, out: Any = None) -> Any:
    """``(mantissa, exponent)``: ``input == mantissa * 2 ** exponent``, the mantissa in [0.5, 1), the exponent int32."""
    from ..lift import write_out
    from ..return_types import frexp as named
    from ..tensor import wrap

    array = input.array
    if array.dtype.kind not in "fV":
        raise RuntimeError(f"torch.frexp() only supports floating-point dtypes, and got {input.dtype}")
    wide = array.astype(np.float32) if array.dtype.kind == "V" else array
    exponent = np.frexp(wide)[1].astype(np.int32)
    made = named(mul(input, wrap(np.ldexp(np.ones((), wide.dtype), -exponent).astype(array.dtype))), wrap(exponent))
    return made if out is None else write_out(out, made)


# --- signs -----------------------------------------------------------------------------------------------------------


def _sign(input: Any) -> Any:
    if input.dtype.kind == "c":
        raise NotImplementedError(
            "Unlike NumPy, sign is not intended to support complex numbers. Please use sgn instead."
        )
    if input.dtype.kind == "b":
        return input.copy()
    above, below = np.greater(input, 0), np.less(input, 0)  # neither for NaN: its sign is 0, as in PyTorch
    if type(above) is not np.ndarray:
        return ones_where(above, input) - ones_where(below, input)
    return np.subtract(above.view(np.int8), below.view(np.int8)).astype(input.dtype)


def _direction(input: Any) -> Any:
    size = np.abs(input)
    return input / np.where(size == 0, 1, size)


def sgn(input: Any, *, out: Any = None) -> Any:
    """The sign; of a complex number ``input / abs(input)``, and 0 for 0."""
    array = input.array if isinstance(input, Tensor) else input
    kind = array.dtype.kind if hasattr(array, "dtype") else np.asarray(array).dtype.kind
    return direction(input, out=out) if kind == "c" else sign(input, out=out)


abs = elementwise(np.abs, refuses="b", holomorphic=False, input=lambda g, input: g * sgn(input))


sign = elementwise(_sign, name="sign", input=lambda g: vanish(g))


direction = elementwise(
    _direction,
    name="sgn",
    holomorphic=False,
    input=lambda g, y, input: (g - y * (g * y.conj()).real) / size_or_one(input),
)


def size_or_one(input: Any) -> Any:
    """``abs(input)``, and 1 where that is 0: a divisor."""
    size = abs(input)
    return np.where(size == 0, 1, size)


signbit = elementwise(
    lambda input: np.signbit(input) if input.dtype.kind == "f" else input < 0, name="signbit", arrays=("input",)
)


copysign = elementwise(
    np.copysign,
    tensors=1,
    promote="float",
    input=lambda g, y, input: g * (sign(input) * sign(y)),
    other=lambda g: vanish(g),
)


def _jump(input: Any, values: Any) -> Any:
    return np.where(input == 0, values, input > 0).astype(input.dtype)


jump = elementwise(_jump, name="heaviside", arrays=("input", "values"))


def heaviside(input: Any, values: Any, *, out: Any = None) -> Any:
    """0 below zero, 1 above, and ``values`` where the input is zero. Both are tensors."""
    only_tensors("heaviside", input=input, values=values)
    return jump(input, values, out=out)


nextafter = elementwise(
    np.nextafter, tensors=2, input=lambda g, input, other: np.where(input == other, 0, g), other=lambda g: vanish(g)
)


# --- larger and smaller ----------------------------------------------------------------------------------------------


def half_where_equal(g: Any, input: Any, other: Any) -> Any:
    """The cotangent of max and min where the two arguments tie: half for each."""
    return g - where_true(g / 2, input == other)


maximum = elementwise(
    np.maximum,
    refuses="c",
    tensors=2,
    input=lambda g, input, other: where_true(half_where_equal(g, input, other), ~(input < other)),
    other=lambda g, input, other: where_true(half_where_equal(g, input, other), ~(other < input)),
)


minimum = elementwise(
    np.minimum,
    refuses="c",
    tensors=2,
    input=lambda g, input, other: where_true(half_where_equal(g, input, other), ~(input > other)),
    other=lambda g, input, other: where_true(half_where_equal(g, input, other), ~(other > input)),
)


fmax = elementwise(
    np.fmax,
    refuses="c",
    tensors=2,
    input=lambda g, input, other: where_true(g, (input >= other) | (other != other)),
    other=lambda g, input, other: where_true(g, ~((input >= other) | (other != other))),
)


fmin = elementwise(
    np.fmin,
    refuses="c",
    tensors=2,
    input=lambda g, input, other: where_true(g, (input <= other) | (other != other)),
    other=lambda g, input, other: where_true(g, ~((input <= other) | (other != other))),
)


_clip: Any = np._core.umath.clip  # type: ignore[attr-defined]


def bounded(input: Any, low: Any, high: Any) -> Any:
    """``min(max(input, low), high)``, where None is no bound. NumPy's ``maximum`` with a number takes four times its ``clip``."""
    if getattr(input, "size", 0) >= 1024 and input.dtype.kind == "f" and type(low) in _BOUNDS and type(high) in _BOUNDS:
        return _clip(input, -np.inf if low is None else low, np.inf if high is None else high)
    y = input if low is None else np.maximum(input, low)
    return y if high is None else np.minimum(y, high)


_NUMBERS = (float, int)
_BOUNDS = (float, int, type(None))


at_least = elementwise(
    lambda input, other: bounded(input, other, None),
    name="clamp_min",
    input=lambda g, input, other: where_true(g, input >= other),
    other=lambda g, input, other: where_true(g, input < other),
)


at_most = elementwise(
    lambda input, other: bounded(input, None, other),
    name="clamp_max",
    input=lambda g, input, other: where_true(g, input <= other),
    other=lambda g, input, other: where_true(g, input > other),
)


between = elementwise(
    lambda input, min, max: np.minimum(np.maximum(input, min), max),
    name="clamp",
    input=lambda g, input, min, max: where_true(g, (input >= min) & (input <= max)),
    min=lambda g, input, min, max: where_true(g, (input < min) & (min < max)),
    max=lambda g, input, min, max: where_true(g, (input > max) | (max < min)),
)


between_numbers = elementwise(
    lambda input, min, max: bounded(input, min, max),
    name="clamp",
    input=lambda g, input, min, max: where_true(g, (input >= min) & (input <= max)),
)
"""``between`` for the usual case that the bounds are numbers, which need no promotion."""


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """``input`` kept between ``min`` and ``max`` (numbers or tensors; either may be None). NaN stays NaN.

    The gradient passes where the input is within the bounds, the bounds included. Raises RuntimeError if both are None.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.clamp.html

    >>> import autograd
    >>> autograd.clamp(autograd.tensor([-1.0, 0.5, 3.0]), min=0, max=1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if input.dtype.kind == "c" if isinstance(input, np.ndarray) else input.is_complex():
        raise NotImplementedError("clamp is not supported for complex types")
    if max is None:
        if min is None:
            raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
        return at_least(input, min, out=out)
    if min is None:
        return at_most(input, max, out=out)
    if type(min) in _NUMBERS and type(max) in _NUMBERS and isinstance(input, Tensor) and input.array.dtype.kind == "f":
        return between_numbers(input, min, max, out=out)
    return between(input, min, max, out=out)


def clamp_min(input: Any, min: Any, *, out: Any = None) -> Any:
    """``input``, and ``min`` where it is less."""
    only_tensors("clamp_min", input=input)
    return at_least(input, min, out=out)


def clamp_max(input: Any, max: Any, *, out: Any = None) -> Any:
    """``input``, and ``max`` where it is more."""
    only_tensors("clamp_max", input=input)
    return at_most(input, max, out=out)


# --- other names of the same -----------------------------------------------------------------------------------------

absolute, clip, fix = abs, clamp, trunc
