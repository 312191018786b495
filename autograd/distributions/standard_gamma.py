"""Draws from the standard gamma and the Dirichlet distribution, and their derivatives with respect to their shapes.

A draw x depends on a shape a such that its probability F(x; a) stays: dx/da = -(dF/da) / (dF/dx). SciPy has F.

Source: M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", https://arxiv.org/abs/1805.08498
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..generator import chosen
from ..lift import general

__all__ = ["standard_dirichlet", "standard_gamma"]

Array = np.ndarray[Any, Any]


def _special() -> Any:
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError("gradients of gamma, beta and Dirichlet draws need SciPy: pip install scipy") from error
    return scipy.special


def _rise(distribution: Callable[[Array], Array], a: Array) -> Array:
    """The derivative with respect to a, by differences of fourth order."""
    h = 1e-4 * np.maximum(a, 1e-2)
    at = [distribution(a + k * h) for k in (-2, -1, 1, 2)]
    rise: Array = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)
    return rise


def _gamma_slope(a: Array, x: Array) -> Array:
    s = _special()
    density: Array = np.exp((a - 1) * np.log(x) - x - s.gammaln(a))
    return -_rise(lambda shape: s.gammainc(shape, x), a) / density


def _dirichlet_slope(a: Array, x: Array) -> Array:
    """Of one component, which is a beta variable, over what is left of 1 for the others."""
    s = _special()
    b = a.sum(-1, keepdims=True) - a
    density: Array = np.exp((a - 1) * np.log(x) + b * np.log1p(-x) - s.betaln(a, b))
    return -_rise(lambda shape: s.betainc(shape, b, x), a) / density


def _slope(of: Callable[[Array, Array], Array], alpha: Any, draw: Array) -> Array:
    """The slope, if a gradient will ask for it."""
    if not alpha.requires_grad:
        return draw
    a, x = alpha.detach().array.astype(np.float64), np.maximum(draw.astype(np.float64), 1e-300)
    return of(a, x).astype(draw.dtype)


def _apply(input: Array, slope: Array, draw: Array) -> Array:
    return draw


_gamma = general(_apply, input=lambda g, slope: g * slope, constants=("slope", "draw"), name="standard_gamma")
_dirichlet = general(  # a component that grows takes from the others in proportion
    _apply,
    input=lambda g, slope, draw: slope * (g - (draw * g).sum(-1, keepdims=True)),
    constants=("slope", "draw"),
    name="standard_dirichlet",
)


def standard_gamma(alpha: Any) -> Any:
    """Draws with these shapes; gradients flow to ``alpha`` (to first order)."""
    draw = chosen(None).standard_gamma(alpha.detach().array)
    return _gamma(alpha, _slope(_gamma_slope, alpha, draw), draw)


def standard_dirichlet(alpha: Any) -> Any:
    """Draws with these shapes along the last dimension; gradients flow to ``alpha`` (to first order)."""
    parts = chosen(None).standard_gamma(alpha.detach().array)
    draw = parts / parts.sum(-1, keepdims=True)
    return _dirichlet(alpha, _slope(_dirichlet_slope, alpha, draw), draw)
