"""Special functions: SciPy's, imported when the first one is called, with PyTorch's derivatives.

Results have the dtype of the argument, and integers become floats. ``autograd.special`` shows all of these; those that
PyTorch has in its main namespace as well (erf, lgamma, ...) are in ``__all__``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..lift import elementwise
from ..tensor import Tensor
from ..threads import in_blocks
from .elementwise import as_weak, log_of_base

__all__ = [
    "digamma", "erf", "erfc", "erfinv", "i0", "igamma", "igammac", "lgamma", "mvlgamma", "polygamma",
]  # fmt: skip


@functools.cache
def scipy_special() -> Any:
    """The module scipy.special. Raises ImportError that says what to install."""
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError(
            "the special functions (erf, lgamma, digamma, i0, ...) need SciPy: pip install scipy"
        ) from error
    return scipy.special


def _scipy(name: str, *arrays: Any) -> Any:
    """``scipy.special.<name>`` of the arrays, in their dtype."""
    made = getattr(scipy_special(), name)(*arrays)
    dtype = next((a.dtype for a in arrays if hasattr(a, "dtype")), np.float64)
    return np.asarray(made, dtype)


def _one(name: str, formula: Callable[..., Any] | None = None) -> Any:
    """An operation of one argument; without a formula it has no derivative, as in PyTorch."""
    function = lambda input: _scipy(name, input)
    if formula is None:
        return elementwise(function, name=name, promote="float", arrays=("input",))
    return elementwise(function, name=name, promote="float", input=formula)


# --- the error function and the normal distribution ----------------------------------------------------------------

# erf(x) = tanh(x P(x^2)), which keeps its sign and its limits. P was fitted by reweighted least squares to 4 units in the
# last place of float32; it is positive everywhere.
_ERF = (1.1283792, 0.10276987, -1.952875e-4, -6.1483897e-4, 8.459693e-5, -4.794685e-6, 2.758484e-8, 5.421252e-9)


@in_blocks
def _erf(x: Any) -> Any:
    if x.dtype.itemsize == 2:
        return _erf(x.astype(np.float32)).astype(x.dtype)
    if x.dtype != np.float32:
        return _scipy("erf", x)
    square = x * x
    p = square * x.dtype.type(_ERF[-1])
    for coefficient in _ERF[-2:0:-1]:
        p += x.dtype.type(coefficient)
        p *= square
    p += x.dtype.type(_ERF[0])
    p *= x
    return np.tanh(p)


erf = elementwise(
    lambda input: _erf(input),
    name="erf",
    promote="float",
    input=lambda g, input: g * (2 / math.sqrt(math.pi) * np.exp(-input * input)),
    long=True,
)
erfc = _one("erfc", lambda g, input: g * (-2 / math.sqrt(math.pi) * np.exp(-input * input)))
erfcx = _one("erfcx", lambda g, input, y: g * (2 * input * y - 2 / math.sqrt(math.pi)))
erfinv = _one("erfinv", lambda g, y: g * (math.sqrt(math.pi) / 2 * np.exp(y * y)))
ndtr = _one("ndtr", lambda g, input: g * (1 / math.sqrt(2 * math.pi) * np.exp(-0.5 * input * input)))
ndtri = _one("ndtri", lambda g, y: g * (math.sqrt(2 * math.pi) * np.exp(0.5 * y * y)))
log_ndtr = _one("log_ndtr", lambda g, input: g * (math.sqrt(2 / math.pi) / erfcx(input * -math.sqrt(0.5))))


def _entropy(input: Any) -> Any:
    usual = -input * np.log(np.where(input > 0, input, 1))
    return np.where(input < 0, -np.inf, np.where(np.isnan(input), input, usual)).astype(input.dtype)


entr = elementwise(
    lambda input: _entropy(input),
    name="entr",
    promote="float",
    input=lambda g, input: g * (-1 - np.log(input)),
)  # fmt: skip


def _xlog1py(input: Any, other: Any) -> Any:
    return np.where((input == 0) & ~np.isnan(other), 0, input * np.log1p(as_weak(other, input)))


xlog1py = elementwise(
    _xlog1py,
    name="xlog1py",
    promote="float",
    input=lambda g, input, other: g * np.log1p(np.where((input == 0) & (other <= -1), 0, other)),
    other=lambda g, input, other: g * input / (other + 1),
)  # fmt: skip

# --- the gamma function and its family -----------------------------------------------------------------------------


def _polygamma(input: Any, n: int) -> Any:
    return np.asarray(_scipy("psi", input) if n == 0 else scipy_special().polygamma(n, input), input.dtype)


def _lgamma(input: Any) -> Any:
    return np.abs(_scipy("gammaln", input)) if np.isneginf(input).any() else _scipy("gammaln", input)


polygamma_of: Any = elementwise(
    _polygamma, name="polygamma", promote="float", input=lambda g, input, n: g * polygamma_of(input, n + 1)
)
lgamma = elementwise(_lgamma, name="lgamma", promote="float", input=lambda g, input: g * polygamma_of(input, 0))
digamma = elementwise(
    lambda input: _digamma(input), name="digamma", promote="float", input=lambda g, input: g * polygamma_of(input, 1)
)


def _digamma(input: Any) -> Any:
    """SciPy's psi, with PyTorch's value at the poles: -inf at 0 (inf at -0), NaN at the negative integers."""
    made = _scipy("psi", input)
    return np.where(
        input == 0, np.copysign(np.inf, -input), np.where((input < 0) & (input == np.floor(input)), np.nan, made)
    ).astype(input.dtype)


def polygamma(n: int, input: Any, *, out: Any = None) -> Any:
    """The ``n``-th derivative of the digamma function.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.polygamma
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n: {n}")
    return digamma(input, out=out) if n == 0 else polygamma_of(input, n, out=out)


def mvlgamma(input: Any, p: int, *, out: Any = None) -> Any:
    """The logarithm of the multivariate gamma function of dimension ``p``, defined for elements above ``(p - 1) / 2``."""
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, and is {p}")
    total: Any = p * (p - 1) / 4 * math.log(math.pi)
    for j in range(p):
        total = total + lgamma(input - j / 2)
    if out is None:
        return total
    from ..lift import write_out

    return write_out(out, total)


def _power_over_gamma(input: Any, other: Any) -> Any:
    """``other ** (input - 1) * exp(-other) / gamma(input)``: the density of the gamma distribution."""
    return np.exp((input - 1) * log_of_base(other) - other - lgamma(input))


igamma = elementwise(
    lambda input, other: _scipy("gammainc", input, other),
    name="igamma",
    tensors=2,
    promote="float",
    arrays=("input", "other"),
    other=lambda g, input, other: g * _power_over_gamma(input, other),
)
igammac = elementwise(
    lambda input, other: _scipy("gammaincc", input, other),
    name="igammac",
    tensors=2,
    promote="float",
    arrays=("input", "other"),
    other=lambda g, input, other: -g * _power_over_gamma(input, other),
)


def _zeta(input: Any, other: Any) -> Any:
    """SciPy's Hurwitz zeta; inf at a pole of either argument, as PyTorch has it."""
    return _scipy("zeta", input, other)


zeta: Any = elementwise(
    _zeta,
    name="zeta",
    promote="float",
    arrays=("input", "other"),
    other=lambda g, input, other: g * (-input * zeta(input + 1, other)),
)

# --- Bessel and Airy functions -------------------------------------------------------------------------------------


def _slope_at_zero(input: Any, usual: Any, at_zero: float) -> Any:
    return np.where(input == 0, at_zero, usual)


def _or_one(input: Any) -> Any:
    return np.where(input == 0, 1, input)


i0: Any = _one("i0", lambda g, input: g * i1(input))
i0e: Any = _one("i0e", lambda g, input, y: g * (i1e(input) - np.sign(input) * y))
i1: Any = _one("i1", lambda g, input, y: g * _slope_at_zero(input, i0(input) - y / _or_one(input), 0.5))
i1e: Any = _one(
    "i1e", lambda g, input, y: g * _slope_at_zero(input, i0e(input) - y * (np.sign(input) + 1 / _or_one(input)), 0.5)
)
bessel_j0, bessel_j1, bessel_y0, bessel_y1 = [_one(name) for name in ("j0", "j1", "y0", "y1")]
modified_bessel_i0, modified_bessel_i1, modified_bessel_k0, modified_bessel_k1 = [
    _one(name) for name in ("i0", "i1", "k0", "k1")
]
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = _one("k0e"), _one("k1e")
airy_ai = elementwise(
    lambda input: np.asarray(scipy_special().airy(input)[0], input.dtype),
    name="airy_ai",
    promote="float",
    arrays=("input",),
)
spherical_bessel_j0 = elementwise(
    lambda input: np.where(np.isinf(input), 0, np.sinc(input / math.pi)).astype(input.dtype),
    name="spherical_bessel_j0",
    promote="float",
    arrays=("input",),
)

# --- orthogonal polynomials ----------------------------------------------------------------------------------------


def _polynomial(name: str, first: Callable[[Any], Any], step: Callable[..., Any], shifted: bool = False) -> Any:
    """``p(x, n)`` by recurrence: ``p0 = 1``, ``p1 = first(x)``, ``p[k+1] = step(k, x, p[k], p[k-1])``; 0 for n < 0."""

    def function(input: Any, n: Any) -> Any:
        x, degree = np.broadcast_arrays(2 * input - 1 if shifted else input, n)
        degree = np.where(np.isfinite(degree), np.trunc(degree), -1)
        before, now = np.ones_like(x), np.asarray(first(x))
        made = np.where(degree < 0, 0, np.where(degree == 0, before, now)).astype(x.dtype)
        for k in range(1, int(degree.max(initial=0))):
            before, now = now, step(k, x, now, before)
            made = np.where(degree == k + 1, now, made)
        return made

    op = elementwise(function, name=name, promote="float", arrays=("input", "n"))

    def polynomial(input: Any, n: Any, *, out: Any = None) -> Any:
        if not isinstance(input, Tensor) and not isinstance(n, Tensor):
            raise TypeError(f"{name}(): one of input and n must be a Tensor")
        return op(input, n, out=out)

    polynomial.__name__ = polynomial.__qualname__ = name
    polynomial.__doc__ = f"The {name.replace('_', ' ')} of degree ``n`` at ``input``, by its recurrence; no gradient."
    return polynomial


def _chebyshev(k: int, x: Any, now: Any, before: Any) -> Any:
    return 2 * x * now - before


_KINDS = {"t": lambda x: x, "u": lambda x: 2 * x, "v": lambda x: 2 * x - 1, "w": lambda x: 2 * x + 1}
chebyshev_polynomial_t, chebyshev_polynomial_u, chebyshev_polynomial_v, chebyshev_polynomial_w = [
    _polynomial(f"chebyshev_polynomial_{kind}", first, _chebyshev) for kind, first in _KINDS.items()
]
(
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
) = [
    _polynomial(f"shifted_chebyshev_polynomial_{kind}", first, _chebyshev, shifted=True)
    for kind, first in _KINDS.items()
]
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h", lambda x: 2 * x, lambda k, x, now, before: 2 * x * now - 2 * k * before
)
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he", lambda x: x, lambda k, x, now, before: x * now - k * before
)
laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l", lambda x: 1 - x, lambda k, x, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1)
)
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p", lambda x: x, lambda k, x, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1)
)
