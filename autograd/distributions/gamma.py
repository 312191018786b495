"""Draws from the standard gamma distribution, and their derivative with respect to its shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..generator import chosen
from ..lift import elementwise

__all__ = ["standard_gamma"]

Array = np.ndarray[Any, Any]


def _draw(alpha: Array) -> Array:
    """Marsaglia and Tsang's rejection method, for all elements at once; https://doi.org/10.1145/358407.358414"""
    shape = np.asarray(alpha, np.float64)
    source, flat = chosen(None), shape.reshape(-1)
    boost = np.where(flat < 1, source.uniform(flat.size) ** (1 / np.where(flat < 1, flat, 1.0)), 1.0)
    d = np.where(flat < 1, flat + 1, flat) - 1 / 3
    c = 1 / np.sqrt(9 * d)
    out = np.empty_like(flat)
    left = np.arange(flat.size)
    while left.size:
        x, u = source.normal(left.size), source.uniform(left.size)
        v = (1 + c[left] * x) ** 3
        safe = np.where(v > 0, v, 1.0)
        good = (v > 0) & (np.log(np.maximum(u, 1e-300)) < 0.5 * x * x + d[left] * (1 - safe + np.log(safe)))
        out[left[good]] = (d[left] * v)[good]
        left = left[~good]
    return (out * boost).reshape(shape.shape).astype(alpha.dtype)


def _slope(alpha: Array, draw: Array) -> Array:
    """d draw / d alpha at equal probability: minus the slope of the distribution function over the density."""
    try:
        from scipy.special import gammainc, gammaln
    except ImportError as error:
        raise ImportError("gradients of gamma, beta and Dirichlet draws need SciPy: pip install scipy") from error
    a, x = np.asarray(alpha, np.float64), np.maximum(np.asarray(draw, np.float64), 1e-300)
    h = 1e-4 * np.maximum(a, 1e-2)
    rise: Array = (
        gammainc(a - 2 * h, x) - 8 * gammainc(a - h, x) + 8 * gammainc(a + h, x) - gammainc(a + 2 * h, x)
    ) / (12 * h)
    slope: Array = -rise / np.exp((a - 1) * np.log(x) - x - gammaln(a))
    return slope.astype(alpha.dtype)


def _apply(input: Array, slope: Array, draw: Array) -> Array:
    return draw


_at = elementwise(_apply, input=lambda g, slope: g * slope, constants=("slope", "draw"), name="standard_gamma")


def standard_gamma(alpha: Any) -> Any:
    """Draws with these shapes; gradients flow to ``alpha`` (to first order)."""
    draw = _draw(alpha.detach().array)
    slope = _slope(alpha.detach().array, draw) if alpha.requires_grad else draw
    return _at(alpha, slope, draw)
