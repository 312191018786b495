"""Activations of large arrays, element by element: all of a formula in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from .runtime import F, exact, exp_below, helper, inline, kernel, prange, tanh, team

__all__ = ["gelu", "gelu_back", "sigmoid_back", "tanh_back", "tanh_gelu", "tanh_gelu_back"]

_DENSITY = F(0.3989422804)  # 1 / sqrt(2 pi)


@inline
def _normal_cdf(x: Any) -> Any:
    """Phi(x) = 1 / (1 + exp(-2 x P(x^2))) with the P of ``ops.activation``; both tails keep their digits."""
    square = x * x
    p = F(1.8174852e-9) * square + F(-1.3397327e-7)
    p = p * square + F(3.9778625e-6)
    p = p * square + F(-5.5309136e-5)
    p = p * square + F(-3.2860985e-5)
    p = p * square + F(0.036333797)
    p = p * square + F(0.79788453)
    e = exp_below(F(-2) * p * abs(x))
    upper = F(1) / (F(1) + e)
    return e * upper if x < F(0) else upper


def gelu(input: Any) -> tuple[Any, Any]:
    """The twin of ``ops.activation._exact_gelu``: ``input * cdf`` and ``cdf``."""
    y, cdf = np.empty_like(input), np.empty_like(input)
    _gelu(input.reshape(-1), y.reshape(-1), cdf.reshape(-1), team(input.size / 2))
    return y, cdf


@kernel
def _gelu(x: Any, y: Any, cdf: Any, count: int) -> None:
    for t in prange(count):
        _gelu_part(x, y, cdf, x.size * t // count, x.size * (t + 1) // count)


@helper
def _gelu_part(x: Any, y: Any, cdf: Any, start: int, stop: int) -> None:
    x, y, cdf = x[start:stop], y[start:stop], cdf[start:stop]
    for i in range(len(x)):
        share = _normal_cdf(x[i])
        cdf[i] = share
        y[i] = x[i] * share


def gelu_back(g: Any, input: Any, cdf: Any) -> Any:
    """The twin of ``ops.activation._gelu_back``: ``g * (cdf + x * density(x))``."""
    made = np.empty_like(input)
    _gelu_back(g.reshape(-1), input.reshape(-1), cdf.reshape(-1), made.reshape(-1), team(input.size / 2))
    return made


@kernel
def _gelu_back(g: Any, x: Any, cdf: Any, made: Any, count: int) -> None:
    for t in prange(count):
        _gelu_back_part(g, x, cdf, made, x.size * t // count, x.size * (t + 1) // count)


@helper
def _gelu_back_part(g: Any, x: Any, cdf: Any, made: Any, start: int, stop: int) -> None:
    g, x, cdf, made = g[start:stop], x[start:stop], cdf[start:stop], made[start:stop]
    for i in range(len(x)):
        made[i] = g[i] * (cdf[i] + x[i] * (exp_below(F(-0.5) * x[i] * x[i]) * _DENSITY))


# --- the variant with tanh -----------------------------------------------------------------------------------------

_SCALE, _CUBE = F(0.7978845608), F(0.0356774081)  # sqrt(2 / pi), and 0.044715 times that


def tanh_gelu(input: Any) -> Any:
    """The twin of ``ops.activation._tanh_gelu``."""
    y = np.empty_like(input)
    _tanh_gelu(input.reshape(-1), y.reshape(-1), team(input.size / 2))
    return y


@kernel
def _tanh_gelu(x: Any, y: Any, count: int) -> None:
    for t in prange(count):
        _tanh_gelu_part(x, y, x.size * t // count, x.size * (t + 1) // count)


@helper
def _tanh_gelu_part(x: Any, y: Any, start: int, stop: int) -> None:
    x, y = x[start:stop], y[start:stop]
    for i in range(len(x)):
        y[i] = F(0.5) * x[i] * (F(1) + tanh(x[i] * (_SCALE + _CUBE * x[i] * x[i])))


def tanh_gelu_back(g: Any, input: Any) -> Any:
    """The twin of ``ops.activation._tanh_gelu_back``."""
    made = np.empty_like(input)
    _tanh_gelu_back(g.reshape(-1), input.reshape(-1), made.reshape(-1), team(input.size / 2))
    return made


@kernel
def _tanh_gelu_back(g: Any, x: Any, made: Any, count: int) -> None:
    for t in prange(count):
        _tanh_gelu_back_part(g, x, made, x.size * t // count, x.size * (t + 1) // count)


@helper
def _tanh_gelu_back_part(g: Any, x: Any, made: Any, start: int, stop: int) -> None:
    g, x, made = g[start:stop], x[start:stop], made[start:stop]
    for i in range(len(x)):
        square = x[i] * x[i]
        t = tanh(x[i] * (_SCALE + _CUBE * square))
        inner = x[i] * (_SCALE + F(3) * _CUBE * square)
        made[i] = F(0.5) * g[i] * (F(1) + t + inner * (F(1) - t * t))


# --- slopes of a few thousand elements, with NumPy's bits: below the size that is worth a loop of ``elementwise.py`` --------


def tanh_back(g: Any, y: Any) -> Any:
    """The twin of the derivative of tanh: ``g * (1 - y * y)``."""
    made = np.empty_like(g)
    _tanh_back(g, y, made)
    return made


@exact
def _tanh_back(g: Any, y: Any, made: Any) -> None:
    g, y, made = g.reshape(-1), y.reshape(-1), made.reshape(-1)
    for i in range(len(made)):
        made[i] = g[i] * (F(1) - y[i] * y[i])


def sigmoid_back(g: Any, y: Any) -> Any:
    """The twin of the derivative of the sigmoid: ``g * (y * (1 - y))``."""
    made = np.empty_like(g)
    _sigmoid_back(g, y, made)
    return made


@exact
def _sigmoid_back(g: Any, y: Any, made: Any) -> None:
    g, y, made = g.reshape(-1), y.reshape(-1), made.reshape(-1)
    for i in range(len(made)):
        made[i] = g[i] * (y[i] * (F(1) - y[i]))
