"""Operations that work element by element, with broadcasting: one line each, the function and its derivative.

A formula is the textbook derivative; the engine conjugates around it for complex values (PyTorch's convention), so only
functions that are not holomorphic (abs, angle, ...) say ``holomorphic=False`` and give the gradient itself.

What a table line can't say - an ``alpha``, a mode, a default - is a small function below its table.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..lift import elementwise

__all__ = ["abs", "add", "cos", "div", "eq", "exp", "ge", "gt", "le", "log", "lt", "maximum", "minimum", "mul", "ne", "neg", "pow", "relu", "sigmoid", "sin", "sqrt", "square", "sub", "tanh", "where"]  # fmt: skip

# --- arithmetic ----------------------------------------------------------------------------------------------------

plain_add = elementwise(operator.add, name="add", input=lambda g: g, other=lambda g: g)
plain_sub = elementwise(operator.sub, name="sub", input=lambda g: g, other=lambda g: -g)
mul = elementwise(operator.mul, input=lambda g, other: g * other, other=lambda g, input: g * input)
true_div = elementwise(
    operator.truediv,
    name="div",
    promote="float",
    input=lambda g, other: g / other,
    other=lambda g, y, other: -g * (y / other),
)
neg = elementwise(operator.neg, input=lambda g: -g)
maximum = elementwise(
    np.maximum,
    input=lambda g, input, other: g * share(input > other, input == other),
    other=lambda g, input, other: g * share(other > input, input == other),
)
minimum = elementwise(
    np.minimum,
    input=lambda g, input, other: g * share(input < other, input == other),
    other=lambda g, input, other: g * share(other < input, input == other),
)


def share(wins: Any, ties: Any) -> Any:
    """The part of a cotangent that an argument of max or min gets: all where it wins, half where they tie."""
    return wins + 0.5 * ties


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other``."""
    return plain_add(input, other if alpha == 1 else mul(other, alpha), out=out)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input - alpha * other``."""
    return plain_sub(input, other if alpha == 1 else mul(other, alpha), out=out)


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """``input / other``."""
    return true_div(input, other, out=out)


# --- powers, exponentials and logarithms ---------------------------------------------------------------------------

exp = elementwise(np.exp, promote="float", input=lambda g, y: g * y)
log = elementwise(np.log, promote="float", input=lambda g, input: g / input)
sqrt = elementwise(np.sqrt, promote="float", input=lambda g, y: g / (2 * y))
square = elementwise(np.square, input=lambda g, input: g * (2 * input))
pow = elementwise(
    operator.pow,
    input=lambda g, input, other: g * (other * input ** (other - (other != 0))),
    other=lambda g, y, input: g * np.where((input == 0) & (y == 0), 0, y * np.log(np.where(input == 0, 1, input))),
)

# --- trigonometric and hyperbolic ----------------------------------------------------------------------------------

sin = elementwise(np.sin, promote="float", input=lambda g, input: g * np.cos(input))
cos = elementwise(np.cos, promote="float", input=lambda g, input: -g * np.sin(input))
tanh = elementwise(np.tanh, promote="float", input=lambda g, y: g * (1 - y * y))

# --- signs and rectifiers ------------------------------------------------------------------------------------------

abs = elementwise(np.abs, holomorphic=False, input=lambda g, input: g * np.sign(input))
relu = elementwise(lambda input: np.maximum(input, 0), name="relu", input=lambda g, y: g * (y > 0))
sigmoid = elementwise(
    lambda input: 1 / (1 + np.exp(-input)), name="sigmoid", promote="float", input=lambda g, y: g * (y * (1 - y))
)

# --- comparison: no gradient ---------------------------------------------------------------------------------------

eq = elementwise(operator.eq, arrays=("input", "other"))
ne = elementwise(operator.ne, arrays=("input", "other"))
lt = elementwise(operator.lt, arrays=("input", "other"))
le = elementwise(operator.le, arrays=("input", "other"))
gt = elementwise(operator.gt, arrays=("input", "other"))
ge = elementwise(operator.ge, arrays=("input", "other"))

# --- selection -----------------------------------------------------------------------------------------------------

select_where = elementwise(
    lambda condition, input, other: np.where(condition, input, other),
    name="where",
    constants=("condition",),
    input=lambda g, condition: np.where(condition, g, 0),
    other=lambda g, condition: np.where(condition, 0, g),
)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition`` is true, else ``other``; with a condition alone, its true places as indices."""
    if input is None and other is None:
        from .indexing import nonzero

        return nonzero(condition, as_tuple=True)
    return select_where(condition, input, other, out=out)
