"""Operations that work element by element, with broadcasting: one line each, the function and its derivative.

A formula is the textbook derivative; the engine conjugates around it for complex values (PyTorch's convention), so only
functions that are not holomorphic (abs, sgn, ...) say ``holomorphic=False`` and give the gradient itself.

What a table line can't say - an ``alpha``, a mode, a default - is a small function below its table.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from .. import dtypes
from ..lift import elementwise, linear
from ..tensor import Tensor
from .blocks import by_blocks

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "addcdiv", "addcmul", "arccos", "arccosh", "arcsin", "arcsinh",
    "arctan", "arctan2", "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "clamp", "clamp_max",
    "clamp_min", "clip", "copysign", "cos", "cosh", "deg2rad", "div", "divide", "exp", "exp2", "expm1", "fix",
    "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "frexp", "gcd", "heaviside", "hypot",
    "lcm", "ldexp", "lerp", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logit", "maximum",
    "minimum", "mul", "multiply", "nan_to_num", "neg", "negative", "nextafter", "positive", "pow", "rad2deg",
    "reciprocal", "relu", "remainder", "round", "rsqrt", "rsub", "sgn", "sigmoid", "sign", "signbit", "sin", "sinc",
    "sinh", "sqrt", "square", "sub", "subtract", "tan", "tanh", "true_divide", "trunc", "where", "xlogy",
]  # fmt: skip

vanish: Any = linear(lambda input: np.zeros(input.shape, input.dtype), name="zero", input=lambda g: vanish(g))
"""The cotangent of what is flat almost everywhere (floor, sign, ...): zeros, as in PyTorch, rather than none."""


def _where_true(input: Any, mask: Any) -> Any:
    """On random masks NumPy's where mispredicts every other branch: large arrays are masked bit by bit instead."""
    if input.size < 2048 or input.shape != mask.shape or input.dtype.char not in "fd" or not input.flags.c_contiguous:
        return np.where(mask, input, np.zeros((), input.dtype))
    bits = np.int32 if input.itemsize == 4 else np.int64
    made = np.negative(mask.view(np.int8), dtype=bits)
    return np.bitwise_and(made, input.view(bits), out=made).view(input.dtype)


where_true: Any = linear(
    lambda input, mask: _where_true(input, mask),
    name="where",
    constants=("mask",),
    promote="none",
    input=lambda g, mask: where_true(g, mask),
)
"""``input`` where a mask is true and 0 elsewhere: the gradient of everything that selects."""


# --- arithmetic ----------------------------------------------------------------------------------------------------

plain_add = elementwise(operator.add, name="add", input=lambda g: g, other=lambda g: g)
plain_sub = elementwise(operator.sub, name="sub", refuses="b", input=lambda g: g, other=lambda g: -g)
mul = elementwise(operator.mul, input=lambda g, other: g * other, other=lambda g, input: g * input)
true_div = elementwise(
    operator.truediv,
    name="div",
    promote="float",
    input=lambda g, other: g / other,
    other=lambda g, y, other: -g * (y / other),
)
neg = elementwise(operator.neg, name="neg", input=lambda g: -g)
reciprocal = elementwise(lambda input: 1 / input, name="reciprocal", promote="float", input=lambda g, y: -g * (y * y))


def _divisor(input: Any, other: Any) -> None:
    """Raise RuntimeError for an integer division by zero, where NumPy would only warn, and for bools."""
    kind = np.asarray(other).dtype.kind
    if kind == "b" and np.asarray(input).dtype.kind == "b":
        raise NotImplementedError("the division of bools with a remainder is not implemented. Convert first: t.long()")
    if kind in "iu" and not np.all(other):
        raise RuntimeError(
            "ZeroDivisionError: an integer tensor is divided by zero. Convert it to float first for inf and nan"
        )


def _floor_divide(input: Any, other: Any) -> Any:
    _divisor(input, other)
    return np.floor_divide(input, other)


def _trunc_divide(input: Any, other: Any) -> Any:
    if np.result_type(input, other).kind in "fc":
        return np.trunc(input / other)
    _divisor(input, other)
    return (input - np.fmod(input, other)) // other


def _remainder(input: Any, other: Any) -> Any:
    _divisor(input, other)
    if np.size(input) < 256 or np.asarray(input).dtype != np.float32:
        return np.remainder(input, other)
    made = _fmod32(input, other)
    return np.where((made != 0) & ((made < 0) != (other < 0)), made + other, made)


def _fmod(input: Any, other: Any) -> Any:
    _divisor(input, other)
    return _fmod32(input, other) if np.asarray(input).dtype == np.float32 else np.fmod(input, other)


def _fmod32(input: Any, other: Any) -> Any:
    """fmod of float32, seven times as fast as NumPy's: in float64 the product is exact for quotients under 2**28."""
    wide = np.asarray(other, np.float64)
    quotient = np.trunc(np.asarray(input, np.float64) / wide)
    if not (np.abs(quotient) < 2.0**28).all():  # very large, infinite or NaN
        return np.fmod(input, other)
    return np.copysign(input - quotient * wide, input).astype(np.float32)


def _logaddexp(input: Any, other: Any) -> Any:
    if input.dtype.kind == "c":
        top = np.maximum(input.real, other.real)
        return top + np.log(np.exp(input - top) + np.exp(other - top))
    gap = np.abs(input - other)
    made = np.maximum(input, other) + np.log1p(np.exp(-gap))
    return np.where(input == other, input + math.log(2), made) if not np.isfinite(gap).all() else made


floor_divide = elementwise(_floor_divide, name="floor_divide", input=lambda g: vanish(g), other=lambda g: vanish(g))
trunc_divide = elementwise(_trunc_divide, name="div", input=lambda g: vanish(g), other=lambda g: vanish(g))
remainder = elementwise(
    by_blocks(_remainder),
    name="remainder",
    input=lambda g: g,
    other=lambda g, input, other: -g * np.floor(input / other),
)
fmod = elementwise(
    by_blocks(_fmod),
    name="fmod",
    tensors=1,
    input=lambda g: g,
    other=lambda g, input, other: -g * np.trunc(input / other),
)


def _scaled(other: Any, alpha: Any, input: Any) -> Any:
    """``alpha * other``, if add and sub may have this ``alpha``."""
    if type(alpha) is float:
        kinds = {
            t.array.dtype.kind if isinstance(t, Tensor) else "f" if isinstance(t, float) else "i"
            for t in (input, other)
        }
        if not kinds & set("fcV"):
            raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return mul(other, alpha) if isinstance(other, Tensor) else other * alpha


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.add.html

    >>> import autograd
    >>> autograd.add(autograd.tensor([1.0, 2.0]), 1, alpha=10)
    tensor([11., 12.])
    """
    if alpha == 1:
        return plain_add(input, other, out=out)
    return plain_add(input, _scaled(other, alpha, input), out=out)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input - alpha * other``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sub.html
    """
    if alpha == 1:
        return plain_sub(input, other, out=out)
    return plain_sub(input, _scaled(other, alpha, input), out=out)


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``."""
    return plain_sub(other, input if alpha == 1 else _scaled(input, alpha, other))


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """``input / other``, rounded toward zero (``rounding_mode="trunc"``) or down (``"floor"``) if asked.

    Without rounding integers become floats. Source: https://docs.pytorch.org/docs/stable/generated/torch.div.html

    >>> import autograd
    >>> autograd.div(autograd.tensor([-7, 7]), 2, rounding_mode="trunc")
    tensor([-3,  3])
    """
    if rounding_mode is None:
        return true_div(input, other, out=out)
    if rounding_mode == "floor":
        return floor_divide(input, other, out=out)
    if rounding_mode == "trunc":
        return trunc_divide(input, other, out=out)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


def positive(input: Any) -> Any:
    """``input`` itself. Raises RuntimeError for bool tensors, as ``-`` does."""
    if input.array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def ldexp(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input * 2 ** other``."""
    return mul(input, pow(2.0, other), out=out)


gcd = elementwise(np.gcd, tensors=2, arrays=("input", "other"))
lcm = elementwise(np.lcm, tensors=2, arrays=("input", "other"))

# --- powers, exponentials and logarithms ---------------------------------------------------------------------------

exp = elementwise(np.exp, promote="float", input=lambda g, y: g * y)
exp2 = elementwise(np.exp2, promote="float", input=lambda g, y: g * (y * math.log(2)))
expm1 = elementwise(np.expm1, promote="float", input=lambda g, y: g * (y + 1))
log = elementwise(np.log, promote="float", input=lambda g, input: g / input)
log2 = elementwise(np.log2, promote="float", input=lambda g, input: g / (input * math.log(2)))
log10 = elementwise(np.log10, promote="float", input=lambda g, input: g / (input * math.log(10)))
log1p = elementwise(np.log1p, promote="float", input=lambda g, input: g / (input + 1))
sqrt = elementwise(np.sqrt, promote="float", input=lambda g, y: g / (2 * y))
rsqrt = elementwise(
    lambda input: 1 / np.sqrt(input), name="rsqrt", promote="float", input=lambda g, y: -0.5 * g * (y * y * y)
)
square = elementwise(
    lambda input: np.square(input if input.dtype.kind != "b" else input.astype(np.int64)),
    name="square",
    input=lambda g, input: g * (2 * input),
)
logaddexp = elementwise(
    by_blocks(_logaddexp),
    name="logaddexp",
    tensors=2,
    input=lambda g, input, other: g / (1 + np.exp(other - input)),
    other=lambda g, input, other: g / (1 + np.exp(input - other)),
)
logaddexp2 = elementwise(
    np.logaddexp2,
    tensors=2,
    input=lambda g, y, input: g * np.exp2(input - y),
    other=lambda g, y, other: g * np.exp2(other - y),
)


def _pow(input: Any, other: Any) -> Any:
    try:
        made = input**other
        if made.dtype == np.int8 and np.result_type(input, other).kind == "b":
            raise NotImplementedError("pow() is not implemented for torch.bool. Convert first: t.long()")
        return made
    except ValueError as error:
        if "negative integer powers" not in str(error):
            raise
    if not isinstance(other, np.ndarray):
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    safe = np.power(input, np.maximum(other, 0))
    return np.where(other >= 0, safe, np.where(input == 1, 1, np.where(input == -1, 1 - 2 * (other % 2), 0))).astype(
        safe.dtype
    )


pow = elementwise(
    _pow,
    name="pow",
    input=lambda g, input, other: g * (other * input ** one_less(other)),
    other=lambda g, y, input, other: g * np.where((input == 0) & (other.real >= 0), 0, y * log_of_base(input)),
)


def one_less(exponent: Any) -> Any:
    """``exponent - 1``, and 0 for 0, whose derivative is 0 at the base 0 too; a number stays a number."""
    if isinstance(exponent, (float, int, complex)):
        return exponent - (exponent != 0)
    return np.where(exponent == 0, exponent, exponent - 1)


def log_of_base(input: Any) -> Any:
    """The logarithm of a base, 0 for the base 0; a number stays a number, so that it is weak in promotion."""
    if isinstance(input, (float, int, complex)):
        return (
            math.log(input)
            if not isinstance(input, complex) and input > 0
            else complex(np.log(complex(input)))
            if input
            else 0.0
        )
    return np.log(np.where(input == 0, 1, input))


def float_power(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """``input ** exponent`` in double precision, whatever the dtypes."""
    kinds = [
        v.array.dtype.kind if isinstance(v, Tensor) else "c" if isinstance(v, complex) else "f"
        for v in (input, exponent)
    ]
    wanted = dtypes.complex128 if "c" in kinds else dtypes.float64
    from .shape import cast

    both = [cast(v, wanted.dtype) if isinstance(v, Tensor) else v for v in (input, exponent)]
    return pow(*both, out=out)


xlogy = elementwise(
    lambda input, other: np.where((input == 0) & ~np.isnan(other), 0, input * np.log(other)),
    name="xlogy",
    promote="float",
    input=lambda g, input, other: g * np.log(np.where((input == 0) & (other <= 0), 1, other)),
    other=lambda g, input, other: g * input / other,
)  # fmt: skip


# --- trigonometric and hyperbolic ----------------------------------------------------------------------------------

sin = elementwise(np.sin, promote="float", input=lambda g, input: g * np.cos(input))
cos = elementwise(np.cos, promote="float", input=lambda g, input: -g * np.sin(input))
tan = elementwise(np.tan, promote="float", input=lambda g, y: g * (1 + y * y))
asin = elementwise(np.arcsin, promote="float", input=lambda g, input: g / np.sqrt(1 - input * input))
acos = elementwise(np.arccos, promote="float", input=lambda g, input: -g / np.sqrt(1 - input * input))
atan = elementwise(np.arctan, promote="float", input=lambda g, input: g / (1 + input * input))
sinh = elementwise(np.sinh, promote="float", input=lambda g, input: g * np.cosh(input))
cosh = elementwise(np.cosh, promote="float", input=lambda g, input: g * np.sinh(input))
tanh = elementwise(np.tanh, promote="float", input=lambda g, y: tanh_backward(g, y))  # type: ignore[has-type]
tanh_backward = elementwise(  # one operation, since double backward records it
    lambda input, other: input * (1 - other * other),
    name="tanh_backward",
    input=lambda g, other: tanh_backward(g, other),  # type: ignore[has-type]
    other=lambda g, input, other: g * input * other * -2,
)
asinh = elementwise(np.arcsinh, promote="float", input=lambda g, input: g / np.sqrt(1 + input * input))
acosh = elementwise(np.arccosh, promote="float", input=lambda g, input: g / (np.sqrt(input - 1) * np.sqrt(input + 1)))
atanh = elementwise(np.arctanh, promote="float", input=lambda g, input: g / (1 - input * input))


def _hypot(input: Any, other: Any) -> Any:
    if input.dtype != np.float32:
        return np.hypot(input, other)
    made = np.sqrt(np.square(input, dtype=np.float64) + np.square(other, dtype=np.float64))  # can't overflow
    return made.astype(np.float32) if not np.isnan(made).any() else np.hypot(input, other)


atan2 = elementwise(
    np.arctan2,
    tensors=2,
    promote="float",
    input=lambda g, input, other: g * (other / squared_length(input, other)),
    other=lambda g, input, other: -g * (input / squared_length(input, other)),
)
hypot = elementwise(
    by_blocks(_hypot),
    name="hypot",
    tensors=2,
    input=lambda g, y, input: g * (input / y),
    other=lambda g, y, other: g * (other / y),
)
deg2rad = elementwise(np.deg2rad, promote="float", input=lambda g: g * (math.pi / 180))
rad2deg = elementwise(np.rad2deg, promote="float", input=lambda g: g * (180 / math.pi))


def squared_length(a: Any, b: Any) -> Any:
    """``a*a + b*b``, and 1 at the origin, where atan2 has no derivative and PyTorch says 0."""
    return np.where((a == 0) & (b == 0), 1, a * a + b * b)


def _sinc_slope(input: Any) -> Any:
    x = math.pi * np.where(input == 0, 1, input)
    return np.where(input == 0, 0, math.pi * (np.cos(x) - np.sin(x) / x) / x)


sinc = elementwise(
    lambda input: np.sinc(input).astype(input.dtype),
    name="sinc",
    promote="float",
    input=lambda g, input: g * _sinc_slope(input),
)

# --- rounding ------------------------------------------------------------------------------------------------------


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


# --- signs and rectifiers ------------------------------------------------------------------------------------------


def _sign(input: Any) -> Any:
    if input.dtype.kind == "c":
        raise NotImplementedError(
            "Unlike NumPy, sign is not intended to support complex numbers. Please use sgn instead."
        )
    if input.dtype.kind == "b":
        return input.copy()
    above, below = np.greater(input, 0), np.less(input, 0)  # neither for NaN: its sign is 0, as in PyTorch
    return np.subtract(above.view(np.int8), below.view(np.int8)).astype(input.dtype)


def _direction(input: Any) -> Any:
    size = np.abs(input)
    return input / np.where(size == 0, 1, size)


def sgn(input: Any, *, out: Any = None) -> Any:
    """The sign; of a complex number ``input / abs(input)``, and 0 for 0."""
    kind = input.array.dtype.kind if isinstance(input, Tensor) else np.asarray(input).dtype.kind
    return direction(input, out=out) if kind == "c" else sign(input, out=out)


abs = elementwise(np.abs, refuses="b", holomorphic=False, input=lambda g, input: g * sgn(input))
sign = elementwise(_sign, name="sign", input=lambda g: vanish(g))
direction = elementwise(
    _direction,
    name="sgn",
    holomorphic=False,
    input=lambda g, y, input: (g - y * (g * y.conj()).real) / size_or_one(input),
)
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
heaviside = elementwise(
    lambda input, values: (
        np.heaviside(input, values)
        if input.dtype.kind == "f"
        else np.where(input == 0, values, input > 0).astype(input.dtype)
    ),
    name="heaviside",
    arrays=("input", "values"),
)
nextafter = elementwise(
    np.nextafter, tensors=2, input=lambda g, input, other: np.where(input == other, 0, g), other=lambda g: vanish(g)
)
relu = elementwise(lambda input: np.maximum(input, 0), name="relu", refuses="bc", input=lambda g, y: g * (y > 0))


def size_or_one(input: Any) -> Any:
    """``abs(input)``, and 1 where that is 0: a divisor."""
    size = abs(input)
    return np.where(size == 0, 1, size)


def _sigmoid(input: Any) -> Any:
    made = np.negative(input)
    if not made.ndim:
        return 1 / (1 + np.exp(made))
    np.exp(made, out=made)
    made += 1
    return np.divide(1, made, out=made)


sigmoid = elementwise(
    _sigmoid,
    name="sigmoid",
    promote="float",
    input=lambda g, y: sigmoid_backward(g, y),  # type: ignore[has-type]
)
sigmoid_backward = elementwise(
    lambda input, other: input * (other * (1 - other)),
    name="sigmoid_backward",
    input=lambda g, other: sigmoid_backward(g, other),  # type: ignore[has-type]
    other=lambda g, input, other: g * input * (1 - 2 * other),
)


def logit(input: Any, eps: float | None = None, *, out: Any = None) -> Any:
    """``log(x / (1 - x))``, the inverse of sigmoid; ``x`` is first clamped to ``[eps, 1 - eps]``, if that is given."""
    x = input if eps is None else clamp(input, eps, 1 - eps)
    return log_odds(x, out=out)


log_odds = elementwise(
    lambda input: np.log(input / (1 - input)),
    name="logit",
    promote="float",
    input=lambda g, input: g / (input * (1 - input)),
)

# --- larger and smaller --------------------------------------------------------------------------------------------


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
at_least = elementwise(
    np.maximum,
    name="clamp_min",
    input=lambda g, input, other: where_true(g, input >= other),
    other=lambda g, input, other: where_true(g, input < other),
)
at_most = elementwise(
    np.minimum,
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
    lambda input, min, max: np.minimum(np.maximum(input, min), max),
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


_NUMBERS = (float, int)


def clamp_min(input: Any, min: Any, *, out: Any = None) -> Any:
    """``input``, and ``min`` where it is less."""
    return at_least(input, min, out=out)


def clamp_max(input: Any, max: Any, *, out: Any = None) -> Any:
    """``input``, and ``max`` where it is more."""
    return at_most(input, max, out=out)


# --- three arguments, and selection --------------------------------------------------------------------------------


def _lerp(input: Any, end: Any, weight: Any) -> Any:
    if input.dtype.kind not in "fc":
        raise NotImplementedError(
            f"lerp is not implemented for {dtypes.of(input.dtype)}: it needs floating point tensors"
        )
    way = end - input
    if np.ndim(weight) == 0:
        return input + weight * way if builtins.abs(weight) < 0.5 else end - way * (1 - weight)  # exact at weight 1
    return np.where(np.abs(weight) < 0.5, input + weight * way, end - way * (1 - weight))


lerp_by_number = elementwise(
    lambda input, end, weight: _lerp(input, end, weight),
    name="lerp",
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
)
lerp_by_tensor = elementwise(
    _lerp,
    name="lerp",
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, input, end: g * (end - input),
)


def lerp(input: Any, end: Any, weight: Any, *, out: Any = None) -> Any:
    """``input + weight * (end - input)``; the weight is a number or a tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.lerp.html
    """
    return (lerp_by_number if isinstance(weight, (float, int)) else lerp_by_tensor)(input, end, weight, out=out)


addcmul = elementwise(
    lambda input, tensor1, tensor2, *, value=1: (
        input + (tensor1 * tensor2 if value == 1 else value * tensor1 * tensor2)
    ),
    name="addcmul",
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (tensor2 * value),
    tensor2=lambda g, tensor1, value: g * (tensor1 * value),
)


def _addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    if input.dtype.kind in "biu":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, as it would truncate: convert to float first"
        )
    return input + value * (tensor1 / tensor2)


addcdiv = elementwise(
    _addcdiv,
    name="addcdiv",
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: -g * (value * (tensor1 / (tensor2 * tensor2))),
)

select_where = elementwise(
    lambda condition, input, other: np.where(condition, input, other),
    name="where",
    constants=("condition",),
    input=lambda g, condition: where_true(g, condition),
    other=lambda g, condition: where_true(g, ~condition),
)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition`` is true, else ``other``; with a condition alone, its true places as indices.

    Raises RuntimeError if the condition is not a bool tensor.
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
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    return select_where(condition, input, other, out=out)


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


def frexp(input: Any, *, out: Any = None) -> Any:
    """``(mantissa, exponent)``: ``input == mantissa * 2 ** exponent``, the mantissa in [0.5, 1), the exponent int32."""
    from ..lift import write_out
    from ..return_types import frexp as named
    from ..tensor import wrap

    if input.array.dtype.kind != "f":
        raise RuntimeError(f"torch.frexp() only supports floating-point dtypes, and got {input.dtype}")
    exponent = np.frexp(input.array)[1].astype(np.int32)
    made = named(mul(input, wrap(np.ldexp(np.ones((), input.array.dtype), -exponent))), wrap(exponent))
    return made if out is None else write_out(out, made)


# --- other names of the same ---------------------------------------------------------------------------------------

absolute, negative, subtract, multiply, divide, clip, fix = abs, neg, sub, mul, div, clamp, trunc
arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh = acos, acosh, asin, asinh, atan, atan2, atanh


def true_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input / other``; integers become floats."""
    return true_div(input, other, out=out)
