"""Operations that work element by element, with broadcasting: one line each, the function and its derivative.

A formula is the textbook derivative; the engine conjugates around it for complex values (PyTorch's convention), so only
functions that are not holomorphic (abs, sgn, ...) say ``holomorphic=False`` and give the gradient itself.

What a table line can't say - an ``alpha``, a mode, a default - is a small function below its table.
"""

from __future__ import annotations

import math
import operator
import warnings
from typing import Any

import numpy as np

from .. import dtypes
from ..fast import alike, twin
from ..lift import elementwise, linear
from ..tensor import Tensor, wrap
from .blocks import by_blocks

__all__ = [
    "acos", "acosh", "add", "addcdiv", "addcmul", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "deg2rad", "div", "divide", "exp", "exp2",
    "expm1", "float_power", "floor_divide", "fmod", "gcd", "hypot", "lcm", "ldexp", "lerp", "log", "log10",
    "log1p", "log2", "logaddexp", "logaddexp2", "mul", "multiply", "neg", "negative", "positive", "pow", "rad2deg",
    "reciprocal", "remainder", "rsqrt", "rsub", "sin", "sinc", "sinh", "sqrt", "square", "sub", "subtract", "tan",
    "tanh", "true_divide", "xlogy",
]  # fmt: skip

vanish: Any = linear(lambda input: np.zeros(input.shape, input.dtype), name="zero", input=lambda g: vanish(g))
"""The cotangent of what is flat almost everywhere (floor, sign, ...): zeros, as in PyTorch, rather than none."""


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
    kind, divided = np.asarray(other).dtype.kind, np.asarray(input).dtype.kind
    if kind == "b" and divided == "b":
        raise NotImplementedError("the division of bools with a remainder is not implemented. Convert first: t.long()")
    if kind in "iu" and divided not in "fc" and not np.all(other):
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


def log_add_exp(input: Any, other: Any) -> Any:
    """log(exp(input) + exp(other)) of arrays, without overflow."""
    if input.dtype.kind == "c":  # by the larger real part, whose phase is kept as it is, turns and all
        turned = input.real < other.real
        large, small = np.where(turned, other, input), np.where(turned, input, other)
        return large + np.where(small.real == -np.inf, 0, np.log1p(np.exp(small - large)))
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


def number_first(name: str, given: tuple[Any, ...], keyword: str) -> tuple[Any, ...]:
    """The arguments of an old call that had the number first, ``p.add_(-lr, grad)``: the tensors, then the number."""
    number, *tensors = given
    if not isinstance(number, (int, float, complex)) or isinstance(tensors[-1], (int, float)):
        raise TypeError(f"{name}() takes {len(given)} positional arguments but {len(given) + 1} were given")
    warnings.warn(f"This overload of {name} is deprecated: give the number as {keyword}=", UserWarning, stacklevel=3)
    return (*tensors, number)


def add(input: Any, other: Any, *old: Any, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other``. The old form ``add(input, alpha, other)`` warns.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.add.html

    >>> import autograd
    >>> autograd.add(autograd.tensor([1.0, 2.0]), 1, alpha=10)
    tensor([11., 12.])
    """
    if old:
        other, alpha = number_first("add", (other, *old), "alpha")
    if alpha == 1:
        return plain_add(input, other, out=out)
    return plain_add(input, _scaled(other, alpha, input), out=out)


def sub(input: Any, other: Any, *old: Any, alpha: Any = 1, out: Any = None) -> Any:
    """``input - alpha * other``. The old form ``sub(input, alpha, other)`` warns.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sub.html
    """
    if old:
        other, alpha = number_first("sub", (other, *old), "alpha")
    if alpha == 1:
        return plain_sub(input, other, out=out)
    return plain_sub(input, _scaled(other, alpha, input), out=out)


def only_tensors(function: str, **values: Any) -> None:
    """Raise TypeError for a number where PyTorch wants a tensor; formulas may have arrays."""
    for position, (name, value) in enumerate(values.items(), 1):
        if not isinstance(value, (Tensor, np.ndarray, np.generic)):
            kind = type(value).__name__
            raise TypeError(f"{function}(): argument {name!r} (position {position}) must be Tensor, not {kind}")


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``."""
    only_tensors("rsub", input=input)
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
    if isinstance(input, (int, float)):  # ``div(x.size(0), 2, rounding_mode="floor")`` is a tensor in PyTorch
        input = wrap(np.asarray(input, dtypes.default_float() if isinstance(input, float) else None))
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
    only_tensors("ldexp", input=input, other=other)
    return mul(input, plain_pow(2.0, other), out=out)


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
    by_blocks(log_add_exp),
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


_QUICKER = frozenset([*range(3, 9), *range(-8, -1), -0.5])
"""Exponents that are products or roots: NumPy's power takes 40 ns for a negative base. It has 2, 1, 0.5, 0 and -1 itself."""


def _product(x: Any, count: int) -> Any:
    """The product of so many x, by squaring."""
    made = None
    while count:
        if count & 1:
            made = x if made is None else made * x
        count >>= 1
        if count:
            x = x * x
    return made


def _pow(input: Any, other: Any) -> Any:
    if (type(other) is int or type(other) is float) and other in _QUICKER and input.dtype.kind == "f":
        made = np.sqrt(input) if other == -0.5 else _product(input, abs(int(other)))
        return made if other > 0 else 1 / made
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


plain_pow = elementwise(
    _pow,
    name="pow",
    input=lambda g, input, other: g * (other * plain_pow(input, one_less(other))),  # type: ignore[has-type]
    other=lambda g, y, input, other: g * np.where((input == 0) & (other.real >= 0), 0, y * log_of_base(input)),
)


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """``input ** exponent``. Raises RuntimeError for integers to the power of a negative integer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.pow.html
    """
    return plain_pow(input, exponent, out=out)


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
    return plain_pow(*both, out=out)


def as_weak(number: Any, array: Any) -> Any:
    """A Python number in the dtype of the array that it meets: NumPy's functions of it alone would be float64."""
    return array.dtype.type(number) if isinstance(number, (int, float)) else number


def _xlogy(input: Any, other: Any) -> Any:
    return np.where((input == 0) & ~np.isnan(other), 0, input * np.log(as_weak(other, input)))


xlogy = elementwise(
    _xlogy,
    name="xlogy",
    promote="float",
    input=lambda g, input, other: g * np.log(np.where((input == 0) & (other <= 0), 1, other)),
    other=lambda g, input, other: g * input / other,
)  # fmt: skip


# --- trigonometric and hyperbolic ----------------------------------------------------------------------------------


def _plain_float32(input: Any) -> bool:
    return input.size >= 8192 and input.dtype == np.float32 and input.flags.c_contiguous  # type: ignore[no-any-return]


sin = elementwise(
    twin("waves.sin", when=_plain_float32)(lambda input: np.sin(input)),
    name="sin",
    promote="float",
    input=lambda g, input: g * cos(input),  # type: ignore[has-type]
)
cos = elementwise(
    twin("waves.cos", when=_plain_float32)(lambda input: np.cos(input)),
    name="cos",
    promote="float",
    input=lambda g, input: -g * sin(input),
)
tan = elementwise(np.tan, promote="float", input=lambda g, y: g * (1 + y * y))
asin = elementwise(np.arcsin, promote="float", input=lambda g, input: g / np.sqrt(1 - input * input))
acos = elementwise(np.arccos, promote="float", input=lambda g, input: -g / np.sqrt(1 - input * input))
atan = elementwise(np.arctan, promote="float", input=lambda g, input: g / (1 + input * input))
sinh = elementwise(np.sinh, promote="float", input=lambda g, input: g * np.cosh(input))
cosh = elementwise(np.cosh, promote="float", input=lambda g, input: g * np.sinh(input))
tanh = elementwise(np.tanh, promote="float", input=lambda g, y: tanh_backward(g, y))  # type: ignore[has-type]
tanh_backward = elementwise(  # one operation, since double backward records it
    twin("activation.tanh_back", when=alike)(lambda input, other: input * (1 - other * other)),
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

# --- three arguments ------------------------------------------------------------------------------------------------


def in_kind(number: Any, like: Any) -> Any:
    """A number for arithmetic with an array. With bfloat16, NumPy's own scalars widen the result."""
    return like.dtype.type(number) if like.dtype.kind == "V" and not isinstance(number, np.ndarray) else number


def _lerp(input: Any, end: Any, weight: Any) -> Any:
    if input.dtype.kind not in "fcV":
        raise NotImplementedError(
            f"lerp is not implemented for {dtypes.of(input.dtype)}: it needs floating point tensors"
        )
    way = end - input
    weight = in_kind(weight, input)
    if np.ndim(weight) == 0:
        return input + weight * way if abs(weight) < 0.5 else end - way * (1 - weight)  # exact at weight 1
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


plain_addcmul = elementwise(
    lambda input, tensor1, tensor2, *, value=1: (
        input + (tensor1 * tensor2 if value == 1 else in_kind(value, input) * tensor1 * tensor2)
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
    return input + in_kind(value, input) * (tensor1 / tensor2)


plain_addcdiv = elementwise(
    _addcdiv,
    name="addcdiv",
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: -g * (value * (tensor1 / (tensor2 * tensor2))),
)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *old: Any, value: Any = 1, out: Any = None) -> Any:
    """``input + value * tensor1 * tensor2``. The old form ``addcmul(input, value, tensor1, tensor2)`` warns.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.addcmul.html

    >>> import autograd
    >>> autograd.addcmul(autograd.zeros(2), autograd.ones(2), autograd.tensor([2.0, 3.0]), value=0.5)
    tensor([1.0000, 1.5000])
    """
    if old:
        tensor1, tensor2, value = number_first("addcmul", (tensor1, tensor2, *old), "value")
    return plain_addcmul(input, tensor1, tensor2, value=value, out=out)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *old: Any, value: Any = 1, out: Any = None) -> Any:
    """``input + value * tensor1 / tensor2``. The old form ``addcdiv(input, value, tensor1, tensor2)`` warns.

    Raises RuntimeError for integers. Source: https://docs.pytorch.org/docs/stable/generated/torch.addcdiv.html
    """
    if old:
        tensor1, tensor2, value = number_first("addcdiv", (tensor1, tensor2, *old), "value")
    return plain_addcdiv(input, tensor1, tensor2, value=value, out=out)


# --- other names of the same ---------------------------------------------------------------------------------------

negative, subtract, multiply, divide = neg, sub, mul, div
arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh = acos, acosh, asin, asinh, atan, atan2, atanh


def true_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input / other``; integers become floats."""
    return true_div(input, other, out=out)
