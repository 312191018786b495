"""Normal numbers out of uniform ones, in the operations of PyTorch's vector code: they are its very numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, bits_of, exact, float_of_bits, fma

__all__ = ["box_muller32"]

_SQRT_HALF, _LOG2_HIGH, _LOG2_LOW = F(math.sqrt(0.5)), F(0.693359375), F(-2.12194440e-4)
_L0, _L1, _L2, _L3, _L4 = (
    F(7.0376836292e-2),
    F(-1.1514610310e-1),
    F(1.1676998740e-1),
    F(-1.2420140846e-1),
    F(1.4249322787e-1),
)
_L5, _L6, _L7, _L8 = F(-1.6668057665e-1), F(2.0000714765e-1), F(-2.4999993993e-1), F(3.3333331174e-1)
_C0, _C1, _C2 = F(2.443315711809948e-5), F(-1.388731625493765e-3), F(4.166664568298827e-2)
_S0, _S1, _S2 = F(-1.9515295891e-4), F(8.3321608736e-3), F(-1.6666654611e-1)
_P0, _P1, _P2 = F(-0.78515625), F(-2.4187564849853515625e-4), F(-3.77489497744594108e-8)
_TWO_PI, _FOUR_OVER_PI = F(2 * math.pi), F(4 / math.pi)
_ONE, _HALF, _TWO = F(1), F(0.5), F(2)


def box_muller32(pairs: Any, mean: Any, std: Any) -> None:
    """The twin of ``generator._box_muller32``: in place."""
    _box_muller32(pairs, F(mean), F(std))


_SIDE = 64
"""So many groups of 8 pairs are worked out at a time, the radii side by side, and the angles."""


@exact
def _box_muller32(pairs: Any, mean: Any, std: Any) -> None:
    radii, angles = np.empty(8 * _SIDE, F), np.empty(8 * _SIDE, F)
    for first in range(0, len(pairs), _SIDE):
        count = min(_SIDE, len(pairs) - first)
        for i in range(count):
            for k in range(8):
                radii[8 * i + k] = pairs[first + i, 0, k]
                angles[8 * i + k] = pairs[first + i, 1, k]
        _turn(radii[: 8 * count], angles[: 8 * count], mean, std)
        for i in range(count):
            for k in range(8):
                pairs[first + i, 0, k] = radii[8 * i + k]
                pairs[first + i, 1, k] = angles[8 * i + k]


@exact
def _turn(u: Any, v: Any, mean: Any, std: Any) -> None:
    """Two normals in place of each two uniforms."""
    for i in range(len(u)):
        # the logarithm of 1 - u, by Cephes
        bits = bits_of(_ONE - u[i])
        part = float_of_bits(np.int32((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)))  # in [0.5, 1)
        small = part < _SQRT_HALF
        exponent = F(np.int32(bits >> np.int32(23)) - np.int32(127 if small else 126))
        part = part + part - _ONE if small else part - _ONE
        square = part * part
        y = fma(fma(fma(fma(_L0, part, _L1), part, _L2), part, _L3), part, _L4)
        y = fma(fma(fma(fma(y, part, _L5), part, _L6), part, _L7), part, _L8) * part
        y = fma(square, -_HALF, fma(y, square, exponent * _LOG2_LOW))
        radius = np.sqrt(-_TWO * fma(exponent, _LOG2_HIGH, part + y))
        # sine and cosine of the angle, by octants
        x = _TWO_PI * v[i]
        octant = np.int32((np.int32(x * _FOUR_OVER_PI) + np.int32(1)) & np.int32(-2))
        turns = F(octant)
        x = fma(turns, _P2, fma(turns, _P1, fma(turns, _P0, x)))
        z = x * x
        even = fma(fma(_C0, z, _C1), z, _C2) * z
        even = fma(even, z, -(_HALF * z)) + _ONE
        odd = fma(fma(fma(_S0, z, _S1), z, _S2) * z, x, x)
        straight = (octant & np.int32(2)) == 0
        sine, cosine = odd if straight else even, even if straight else odd
        sine = -sine if (octant & np.int32(4)) != 0 else sine
        cosine = -cosine if ((octant - np.int32(2)) & np.int32(4)) == 0 else cosine
        u[i] = fma(radius * cosine, std, mean)
        v[i] = fma(radius * sine, std, mean)
