"""Draws from the standard gamma distribution, and their derivative with respect to its shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..generator import chosen
from ..lift import elementwise

__all__ = ["standard_gamma"]

Array = np.ndarray[Any, Any]


def _draw(alpha: Array) -> Array:
    return chosen(None).standard_gamma(alpha)


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
