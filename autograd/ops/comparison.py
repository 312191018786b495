"""Comparisons, logic and bits: results without a gradient.

Comparisons and logic give bool tensors. Bitwise operations keep integers and bools what they are, and refuse floats.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..lift import elementwise
from ..tensor import Tensor, wrap
from .shape import broadcast_shapes

__all__ = [
    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isinf", "isnan",
    "isneginf", "isposinf", "isreal", "le", "less", "less_equal", "logical_and", "logical_not", "logical_or",
    "logical_xor", "lt", "ne", "not_equal",
]  # fmt: skip

_PAIR = ("input", "other")

# --- comparison ----------------------------------------------------------------------------------------------------


def _ordering(compare: Any) -> Any:
    """A comparison that refuses complex numbers, which NumPy would order."""

    def ordered(input: Any, other: Any) -> Any:
        y = compare(input, other)
        if type(input) is np.ndarray and input.dtype.kind == "c":
            raise NotImplementedError("complex numbers have no order: compare their .real, .imag or .abs()")
        return y

    return ordered


eq = elementwise(operator.eq, name="eq", tensors=1, arrays=_PAIR)
ne = elementwise(operator.ne, name="ne", tensors=1, arrays=_PAIR)
lt = elementwise(_ordering(operator.lt), name="lt", tensors=1, arrays=_PAIR)
le = elementwise(_ordering(operator.le), name="le", tensors=1, arrays=_PAIR)
gt = elementwise(_ordering(operator.gt), name="gt", tensors=1, arrays=_PAIR)
ge = elementwise(_ordering(operator.ge), name="ge", tensors=1, arrays=_PAIR)
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def _arrays(input: Any, other: Any, name: str) -> tuple[Any, Any]:
    for position, (label, value) in enumerate((("input", input), ("other", other))):
        if not isinstance(value, Tensor):
            kind = type(value).__name__
            raise TypeError(f"{name}(): argument {label!r} (position {position + 1}) must be Tensor, not {kind}")
    return input.array, other.array


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and the same elements (NaN equals nothing)."""
    a, b = _arrays(input, other, "equal")
    return a.shape == b.shape and bool(np.all(a == b))


def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Where ``|input - other| <= atol + rtol * |other|``; equal infinities are close.

    Raises RuntimeError if the dtypes differ or a tolerance is negative.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.isclose.html
    """
    a, b = _arrays(input, other, "isclose")
    if a.dtype != b.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}: isclose compares tensors of one dtype")
    if a.shape != b.shape:
        broadcast_shapes(a.shape, b.shape)  # raises RuntimeError if they don't fit
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"rtol and atol must not be negative; they are {rtol} and {atol}")
    if a.dtype.kind in "biu":
        a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        close = (a == b) | (np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(b)))
    return wrap(close | (np.isnan(a) & np.isnan(b)) if equal_nan else close)


def allclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether ``isclose`` holds everywhere.

    >>> import autograd
    >>> autograd.allclose(autograd.tensor([1.0]), autograd.tensor([1.0 + 1e-7]))
    True
    """
    return bool(np.all(isclose(input, other, rtol, atol, equal_nan).array))


# --- kinds of number -----------------------------------------------------------------------------------------------


def _real_only(test: Any, name: str) -> Any:
    def tested(input: Any) -> Any:
        if input.dtype.kind == "c":
            raise RuntimeError(f"{name} does not support complex inputs.")
        return test(input)

    return tested


isnan = elementwise(np.isnan, arrays=("input",))
isinf = elementwise(np.isinf, arrays=("input",))
isfinite = elementwise(np.isfinite, arrays=("input",))
isposinf = elementwise(_real_only(np.isposinf, "isposinf"), name="isposinf", arrays=("input",))
isneginf = elementwise(_real_only(np.isneginf, "isneginf"), name="isneginf", arrays=("input",))
isreal = elementwise(np.isreal, name="isreal", arrays=("input",))

# --- logic ---------------------------------------------------------------------------------------------------------

logical_and = elementwise(np.logical_and, tensors=2, arrays=_PAIR)
logical_or = elementwise(np.logical_or, tensors=2, arrays=_PAIR)
logical_xor = elementwise(np.logical_xor, tensors=2, arrays=_PAIR)
logical_not = elementwise(np.logical_not, arrays=("input",))

# --- bits ----------------------------------------------------------------------------------------------------------

bitwise_and = elementwise(operator.and_, name="bitwise_and", arrays=_PAIR)
bitwise_or = elementwise(operator.or_, name="bitwise_or", arrays=_PAIR)
bitwise_xor = elementwise(operator.xor, name="bitwise_xor", arrays=_PAIR)
plain_left_shift = elementwise(operator.lshift, name="bitwise_left_shift", arrays=_PAIR)
plain_right_shift = elementwise(operator.rshift, name="bitwise_right_shift", arrays=_PAIR)


def _float_shift(input: Any, other: Any) -> bool:
    return isinstance(input, Tensor) and input.array.dtype.kind == "f"


def bitwise_left_shift(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input << other``: times ``2 ** other``, for floating point tensors too."""
    if _float_shift(input, other):
        from .elementwise import ldexp

        return ldexp(input, other, out=out)
    return plain_left_shift(input, other, out=out)


def bitwise_right_shift(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input >> other``: divided by ``2 ** other``, for floating point tensors too."""
    if _float_shift(input, other):
        from .elementwise import ldexp, neg

        return ldexp(input, neg(other) if isinstance(other, Tensor) else -other, out=out)
    return plain_right_shift(input, other, out=out)


def bitwise_not(input: Any, *, out: Any = None) -> Any:
    """``~input``: the bits flipped, a bool negated. Raises TypeError for floating point tensors."""
    if isinstance(input, Tensor) and input.array.dtype.kind not in "biu":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return flip_bits(input, out=out)


flip_bits = elementwise(operator.invert, name="bitwise_not", arrays=("input",))
