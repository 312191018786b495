"""Records of the elementwise operations and comparisons."""

from __future__ import annotations

import math

import numpy as np

from autograd.ops import activation as act
from autograd.ops import comparison as c
from autograd.ops import elementwise as e
from autograd.ops import piecewise as pw
from autograd.ops import quantization as q

from .records import (
    Record,
    args,
    away_from,
    between,
    binary,
    complex_normal,
    integers,
    normal,
    positive,
    ternary,
    unary,
)


def each(function):
    """A function of numbers, applied to arrays element by element: slow, and not NumPy's own code."""

    def slowly(*arrays):
        full = np.broadcast_arrays(*arrays)
        made = [function(*[float(v) for v in values]) for values in zip(*[a.ravel() for a in full], strict=True)]
        return np.asarray(made, np.float64).reshape(full[0].shape)

    return slowly


nonzero = away_from(0.0)
STEP = np.float32(0.25)
complexes = [args(complex_normal(3, 2)), args(complex_normal())]
complex_pairs = [args(complex_normal(3, 2), complex_normal(2)), args(complex_normal(2), normal(3, 2))]

ARITHMETIC = [
    Record(e.plain_add, binary() + complex_pairs, np.add),
    Record(e.plain_sub, binary() + complex_pairs, np.subtract),
    Record(e.mul, binary() + complex_pairs, np.multiply),
    Record(e.true_div, binary(normal, nonzero) + complex_pairs, np.divide),
    Record(e.neg, unary() + complexes, lambda x: 0 - x),
    Record(e.vanish, unary(), lambda x: 0 * x),
    Record(e.reciprocal, unary(nonzero) + complexes, lambda x: 1 / x),
    Record(e.floor_divide, [args(between(0.1, 0.9)(3, 4) + 2, between(1, 1.2)(4))], each(lambda a, b: a // b)),
    Record(
        e.trunc_divide, [args(between(0.1, 0.9)(3, 4) - 3, between(1, 1.2)(4))], each(lambda a, b: math.trunc(a / b))
    ),
    Record(
        e.remainder,
        [args(between(0.1, 0.9)(3, 4) - 3, between(1, 1.2)(4)), args(between(1.1, 1.4)(3), np.array(0.5))],
        each(lambda a, b: a % b),
    ),
    Record(e.fmod, [args(between(0.1, 0.9)(3, 4) - 3, between(1, 1.2)(4))], each(math.fmod)),
    Record(e.gcd, [args(integers(1, 30)(3, 4), integers(1, 30)(4))], lambda a, b: np.vectorize(math.gcd)(a, b)),
    Record(e.lcm, [args(integers(1, 30)(3, 4), integers(1, 30)(4))], lambda a, b: np.vectorize(math.lcm)(a, b)),
]

POWERS = [
    Record(e.exp, unary() + complexes, np.exp),
    Record(e.exp2, unary(), each(lambda x: 2.0**x)),
    Record(e.expm1, unary() + complexes, np.expm1),
    Record(e.log, unary(positive) + complexes, np.log),
    Record(e.log2, unary(positive) + complexes, np.log2),
    Record(e.log10, unary(positive) + complexes, np.log10),
    Record(e.log1p, unary(positive) + complexes, np.log1p),
    Record(e.sqrt, unary(positive) + complexes, np.sqrt),
    Record(e.rsqrt, unary(positive) + complexes, lambda x: x**-0.5),
    Record(e.square, unary() + complexes, lambda x: x * x),
    Record(e.logaddexp, binary(), each(lambda a, b: math.log(math.exp(a) + math.exp(b)))),
    Record(e.logaddexp2, binary(), each(lambda a, b: math.log2(2**a + 2**b))),
    Record(
        e.plain_pow,
        [*binary(positive, normal), args(normal(3), 2), args(normal(3), 3.0), args(2.5, normal(3)), *complex_pairs],
        np.power,
    ),
    Record(e.xlogy, binary(normal, positive), each(lambda a, b: a * math.log(b))),
]

TRIGONOMETRIC = [
    Record(e.sin, unary() + complexes, np.sin),
    Record(e.cos, unary() + complexes, np.cos),
    Record(e.tan, unary(between(-1, 1)) + complexes, np.tan),
    Record(e.asin, unary(between(-0.9, 0.9)) + complexes, np.arcsin),
    Record(e.acos, unary(between(-0.9, 0.9)) + complexes, np.arccos),
    Record(e.atan, unary(), each(math.atan)),
    Record(e.sinh, unary() + complexes, np.sinh),
    Record(e.cosh, unary() + complexes, np.cosh),
    Record(e.tanh, unary() + complexes, np.tanh),
    Record(e.tanh_backward, [*binary(), *complex_pairs], lambda g, y: g * (1 - y * y)),
    Record(e.asinh, unary() + complexes, np.arcsinh),
    Record(e.acosh, unary(between(1.2, 3)) + complexes, np.arccosh),
    Record(e.atanh, unary(between(-0.9, 0.9)) + complexes, np.arctanh),
    Record(e.atan2, binary(nonzero), each(math.atan2)),
    Record(e.hypot, binary(nonzero), each(math.hypot)),
    Record(e.deg2rad, unary(), each(math.radians)),
    Record(e.rad2deg, unary(), each(math.degrees)),
    Record(e.sinc, unary(nonzero), each(lambda x: math.sin(math.pi * x) / (math.pi * x))),
]

halves = away_from(*[k / 2 for k in range(-12, 13)])
ROUNDING = [
    Record(pw.floor, unary(between(0.1, 0.9)), each(math.floor)),
    Record(pw.ceil, unary(between(1.1, 1.9)), each(math.ceil)),
    Record(pw.trunc, unary(between(-1.9, -1.1)), each(math.trunc)),
    Record(pw.round_half_even, unary(between(0.6, 1.4)), each(round)),
    Record(pw.frac, unary(between(-1.9, -1.1)), each(lambda x: x - math.trunc(x))),
]

QUANTIZED = [
    Record(q.held, [args(normal(3, 4), STEP, np.float32(1), -3, 4)], lambda x, s, z, a, b: (np.rint(x / s) + z >= a) & (np.rint(x / s) + z <= b)),
    # steps have no slope: the gradient is that of the identity, where the number is in the range
    Record(q.quantized, [args(normal(3, 4), STEP, np.float32(1), -3, 4)], lambda x, s, z, a, b: (np.clip(np.rint(x / s) + z, a, b) - z) * s, first=False),
]  # fmt: skip

SIGNS = [
    Record(pw.abs, unary(nonzero) + complexes, np.abs),
    Record(pw.sign, unary(nonzero), each(lambda x: (x > 0) - (x < 0))),
    Record(pw.direction, complexes, lambda x: x / np.abs(x)),
    Record(pw.signbit, unary(nonzero), lambda x: x < 0),
    Record(pw.copysign, binary(nonzero), each(math.copysign)),
    Record(pw.jump, binary(nonzero), lambda a, b: (a > 0) + 0 * b),
    Record(pw.nextafter, binary(nonzero), each(math.nextafter), float32=False),
    Record(act.relu, unary(nonzero), each(lambda x: max(x, 0.0))),
    Record(act.sigmoid, unary() + complexes, lambda x: 1 / (1 + np.exp(-x))),
    Record(act.sigmoid_backward, [*binary(), *complex_pairs], lambda g, y: g * y * (1 - y)),
    Record(act.log_odds, unary(between(0.1, 0.9)), each(lambda x: math.log(x / (1 - x)))),
]

low, high = between(-2, -0.6), between(0.6, 2)
SELECTION = [
    Record(pw.maximum, binary(low, high) + binary(high, low), each(max)),
    Record(pw.minimum, binary(low, high) + binary(high, low), each(min)),
    Record(pw.fmax, binary(low, high) + binary(high, low), each(max)),
    Record(pw.fmin, binary(low, high) + binary(high, low), each(min)),
    Record(pw.at_least, binary(low, high) + binary(high, low), each(max)),
    Record(pw.at_most, binary(low, high) + binary(high, low), each(min)),
    Record(
        pw.between,
        ternary(between(-0.5, 0.5), low, high) + ternary(between(3, 4), low, high),
        each(lambda x, a, b: min(max(x, a), b)),
    ),
    Record(pw.between_numbers, unary(away_from(-0.5, 0.5), -0.5, 0.5), lambda x, a, b: np.clip(x, a, b)),
    Record(
        pw.where_true,
        [args(normal(3, 4), normal(3, 4) > 0), args(normal(50, 50), normal(50, 50) > 0)],
        lambda x, m: x * m,
    ),
    Record(e.lerp_by_number, binary(normal, None, 0.3) + binary(normal, None, 0.8), lambda a, b, w: a + w * (b - a)),
    Record(e.lerp_by_tensor, ternary(normal, normal, normal), each(lambda a, b, w: a + w * (b - a))),
    Record(e.plain_addcmul, ternary(normal, normal, normal, value=0.5), lambda a, b, c, *, value: a + value * b * c),
    Record(e.plain_addcdiv, ternary(normal, normal, nonzero, value=0.5), lambda a, b, c, *, value: a + value * b / c),
    Record(
        pw.select_where,
        [args(normal(3, 4) > 0, normal(3, 4), normal(4)), args(np.array(True), normal(2), normal())],
        np.where,
    ),
    Record(pw.replace_nan, unary(normal, 0.0, None, None), lambda x, *_: x),
]

floats = binary(integers(0, 3))
COMPARISON = [
    *[Record(f, floats + binary(), g) for f, g in [
        (c.eq, np.equal), (c.ne, np.not_equal), (c.lt, np.less), (c.le, np.less_equal), (c.gt, np.greater), (c.ge, np.greater_equal),
        (c.logical_and, lambda a, b: (a != 0) & (b != 0)), (c.logical_or, lambda a, b: (a != 0) | (b != 0)),
        (c.logical_xor, lambda a, b: (a != 0) ^ (b != 0)),
    ]],
    Record(c.logical_not, unary(integers(0, 2)), lambda a: a == 0),
    *[Record(f, unary(lambda *s, v=value: np.where(normal(*s) > 0, v, normal(*s))), g) for f, value, g in [
        (c.isnan, np.nan, lambda x: x != x), (c.isinf, -np.inf, lambda x: abs(x) == np.inf), (c.isfinite, np.inf, lambda x: abs(x) < np.inf),
        (c.isposinf, np.inf, lambda x: x == np.inf), (c.isneginf, -np.inf, lambda x: x == -np.inf), (c.isreal, 1.0, lambda x: x == x),
    ]],
    *[Record(f, floats, g) for f, g in [
        (c.bitwise_and, np.bitwise_and), (c.bitwise_or, np.bitwise_or), (c.bitwise_xor, np.bitwise_xor),
        (c.plain_left_shift, lambda a, b: a * 2**b), (c.plain_right_shift, lambda a, b: a // 2**b),
    ]],
    Record(c.flip_bits, unary(integers(-5, 5)), lambda a: -a - 1),
]  # fmt: skip

RECORDS = [*ARITHMETIC, *POWERS, *TRIGONOMETRIC, *ROUNDING, *QUANTIZED, *SIGNS, *SELECTION, *COMPARISON]
