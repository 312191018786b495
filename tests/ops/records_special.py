"""Records of the special functions."""

from __future__ import annotations

import math

import numpy as np
import pytest

scipy_special = pytest.importorskip("scipy.special")

from autograd.operation import LIFTED
from autograd.ops import special as s

from .records import Record, args, away_from, between, binary, integers, normal, positive, unary
from .records_elementwise import each

inside = between(-0.9, 0.9)

RECORDS = [
    Record(s.erf, unary(), each(math.erf)),
    Record(s.erfc, unary(), each(math.erfc)),
    Record(s.erfcx, unary(), each(lambda x: math.exp(x * x) * math.erfc(x))),
    Record(s.erfinv, unary(inside)),
    Record(s.ndtr, unary(), each(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))),
    Record(s.ndtri, unary(between(0.1, 0.9))),
    Record(s.log_ndtr, unary(), each(lambda x: math.log(0.5 * math.erfc(-x / math.sqrt(2))))),
    Record(s.entr, unary(positive), each(lambda x: -x * math.log(x))),
    Record(s.xlog1py, binary(normal, positive), each(lambda x, y: x * math.log1p(y))),
    Record(s.polygamma_of, unary(positive, 1) + unary(positive, 2)),
    Record(s.lgamma, unary(positive), each(math.lgamma)),
    Record(s.digamma, unary(positive)),
    Record(s.igamma, binary(positive), scipy_special.gammainc),
    Record(s.igammac, binary(positive), scipy_special.gammaincc),
    Record(s.zeta, binary(between(2, 4), positive), scipy_special.zeta),
    Record(s.i0, unary(away_from(0.0)), np.i0),
    Record(s.i0e, unary(away_from(0.0)), lambda x: np.i0(x) * np.exp(-abs(x))),
    Record(s.i1, unary(away_from(0.0)), scipy_special.i1),
    Record(s.i1e, unary(away_from(0.0)), scipy_special.i1e),
    *[Record(getattr(s, n), unary(positive), getattr(scipy_special, f)) for n, f in [
        ("bessel_j0", "j0"), ("bessel_j1", "j1"), ("bessel_y0", "y0"), ("bessel_y1", "y1"), ("modified_bessel_i0", "i0"),
        ("modified_bessel_i1", "i1"), ("modified_bessel_k0", "k0"), ("modified_bessel_k1", "k1"), ("scaled_modified_bessel_k0", "k0e"),
        ("scaled_modified_bessel_k1", "k1e"),
    ]],
    Record(s.airy_ai, unary(), lambda x: scipy_special.airy(x)[0]),
    Record(s.spherical_bessel_j0, unary(away_from(0.0)), each(lambda x: math.sin(x) / x)),
]  # fmt: skip

_POLYNOMIALS = {
    "chebyshev_polynomial_t": lambda x, n: np.cos(n * np.arccos(x)),
    "chebyshev_polynomial_u": lambda x, n: np.sin((n + 1) * np.arccos(x)) / np.sin(np.arccos(x)),
    "chebyshev_polynomial_v": lambda x, n: np.cos((n + 0.5) * np.arccos(x)) / np.cos(0.5 * np.arccos(x)),
    "chebyshev_polynomial_w": lambda x, n: np.sin((n + 0.5) * np.arccos(x)) / np.sin(0.5 * np.arccos(x)),
    "hermite_polynomial_h": lambda x, n: scipy_special.eval_hermite(n.astype(int), x),
    "hermite_polynomial_he": lambda x, n: scipy_special.eval_hermitenorm(n.astype(int), x),
    "laguerre_polynomial_l": lambda x, n: scipy_special.eval_laguerre(n, x),
    "legendre_polynomial_p": lambda x, n: scipy_special.eval_legendre(n, x),
}
for _op in LIFTED:
    _shifted = _op.name.removeprefix("shifted_")
    if _shifted in _POLYNOMIALS:
        _reference = _POLYNOMIALS[_shifted]
        if _op.name != _shifted:
            _reference = lambda x, n, f=_reference: f(2 * x - 1, n)
        RECORDS.append(Record(_op.call, [args(between(0.1, 0.9)(3, 4), integers(0, 6)(4).astype(float))], _reference))
