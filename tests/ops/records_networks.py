"""Records of activations, losses, normalization, affine maps, borders and table look-ups."""

from __future__ import annotations

import math

import numpy as np

from autograd.ops import activation as a
from autograd.ops import affine, arrange, loss
from autograd.ops import normalization as norm

from .records import Record, args, away_from, between, integers, normal, positive, unary

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


def elu(x, alpha, scale, input_scale):
    return np.where(x > 0, scale * x, scale * alpha * (np.exp(input_scale * x) - 1))


def gelu(x, approximate):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def softmax(x, dim):
    e = np.exp(x)
    return e / e.sum(dim, keepdims=True) if np.ndim(x) else np.ones(())


def log_softmax(x, dim):
    return np.log(softmax(x, dim))


KINKS = away_from(-3, -0.5, 0, 0.5, 3)

ACTIVATIONS = [
    Record(a.inside, unary(KINKS, -0.5, 0.5), lambda x, low, high: (x > low) & (x < high)),
    Record(a.step, unary(KINKS), lambda x: (x > 0) * 1.0),
    Record(a.leaky_slope, unary(KINKS, 0.2), lambda x, s: np.where(x > 0, 1, s)),
    Record(a.outside, unary(KINKS, 0.5), lambda x, bound: np.abs(x) > bound),
    Record(
        a.leaky_relu,
        [*unary(KINKS, 0.2), *unary(KINKS, 1.5), *unary(KINKS, -0.5)],
        lambda x, s: np.where(x > 0, x, s * x),
    ),
    Record(
        a.prelu,
        [args(KINKS(3, 4), normal(1, 4)), args(KINKS(2, 3), normal(1)), args(KINKS(), normal())],
        lambda x, w: np.where(x > 0, x, w * x),
    ),
    Record(a.rrelu, [args(KINKS(3, 4), positive(3, 4))], lambda x, s: np.where(x > 0, x, s * x)),
    Record(a.threshold, unary(KINKS, 0.5, 7.0), lambda x, t, v: np.where(x > t, x, v)),
    Record(a.hardtanh, unary(KINKS, -0.5, 3.0), lambda x, low, high: np.minimum(np.maximum(x, low), high)),
    Record(a.hardsigmoid, unary(KINKS), lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6),
    Record(a.hardswish, unary(KINKS), lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6),
    Record(a.hardshrink, unary(KINKS, 0.5), lambda x, b: np.where(np.abs(x) > b, x, 0)),
    Record(a.softshrink, unary(KINKS, 0.5), lambda x, b: np.sign(x) * np.maximum(np.abs(x) - b, 0)),
    Record(a.elu, [*unary(KINKS, 0.7, 1.3, 1.9), *unary(KINKS, -0.7, 1.0, 1.0)], elu),
    Record(
        a.elu_slope,
        [args(KINKS(3, 4), 0.7, 1.3, 1.9), args(KINKS(), 1.0, 1.0, 1.0)],
        lambda x, alpha, scale, input_scale: np.where(
            x > 0, scale, alpha * scale * input_scale * np.exp(x * input_scale)
        ),
    ),
    Record(a.softplus, unary(normal, 1.7, 20.0), lambda x, beta, t: softplus(beta * x) / beta),
    Record(a.log_sigmoid, unary(), lambda x: -softplus(-x)),
    Record(a.silu, unary(), lambda x: x * sigmoid(x)),
    Record(a.silu_slope, unary(), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
    Record(a.mish, unary(), lambda x: x * np.tanh(softplus(x))),
    Record(a.exact_gelu, unary(), lambda x: gelu(x, "none")),
    Record(a.tanh_gelu, unary(), lambda x: gelu(x, "tanh")),
    Record(a.normal_cdf, unary(), lambda x: 0.5 + 0.5 * erf(x / math.sqrt(2))),
    Record(
        a.gelu_back,
        [args(normal(3, 4), normal(3, 4), positive(3, 4)), args(normal(), normal(), positive())],
        lambda above, x, cdf: above * (cdf + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
    ),
    Record(
        a.tanh_gelu_back, [args(normal(3, 4), normal(3, 4)), args(normal(), normal())]
    ),  # tanh_gelu's own gradient is compared with it
    Record(a.softmax_along, [args(normal(3, 4), 1), args(normal(2, 3, 4), 0), args(normal(), 0)], softmax),
    Record(
        a.softmax_back,
        [
            args(normal(3, 4), positive(3, 4), 1),
            args(normal(2, 3, 4), positive(2, 3, 4), 0),
            args(normal(), positive(), 0),
        ],
        lambda g, p, dim: p * (g - (g * p).sum(axis=dim, keepdims=True)),
    ),
    Record(a.log_softmax_along, [args(normal(3, 4), 1), args(normal(2, 3, 4), 0), args(normal(), 0)], log_softmax),
    Record(
        a.log_softmax_back,
        [args(normal(3, 4), normal(3, 4), 1), args(normal(2, 3, 4), normal(2, 3, 4), 0)],
        lambda g, y, dim: g - np.exp(y) * g.sum(axis=dim, keepdims=True),
    ),
]

# --- affine maps, borders, tables ----------------------------------------------------------------------------------


def bordered(x, widths, value):
    crop = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, widths, strict=True))
    return np.pad(x[crop], [(max(a, 0), max(b, 0)) for a, b in widths], constant_values=value)


def gathered_back(x, index, rows, padding):
    made = np.zeros((rows, x.shape[-1]))
    for i, row in zip(index.reshape(-1), x.reshape(-1, x.shape[-1]), strict=True):
        if i != padding:
            made[i] += row
    return made


NUMPYS = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
FRAMES = [(((0, 0), (2, 1), (0, 3)), kind) for kind in NUMPYS] + [(((1, 0), (0, 0), (3, 0)), "circular")]
INDEX = integers(0, 5)(2, 3)
MAPS = [
    Record(
        affine.linear,
        [
            args(normal(5, 3), normal(4, 3), normal(4)),
            args(normal(2, 5, 3), normal(4, 3), None),
            args(normal(3), normal(4, 3), normal(4)),
            args(normal(0, 3), normal(4, 3), normal(4)),
        ],
        lambda x, w, b: x @ w.T + (0 if b is None else b),
    ),
    Record(
        affine.outer,
        [args(normal(2, 5, 3), normal(2, 5, 4)), args(normal(5, 3), normal(5, 4))],
        lambda x, y: np.einsum("...i,...j->...ij", x, y).reshape(-1, 3, 4).sum(0),
    ),
    Record(
        arrange.border,
        [args(normal(3, 4), ((1, 2), (0, 3)), 1.5), args(normal(3, 4), ((-1, 2), (1, -2)), 0)],
        bordered,
    ),
    Record(
        arrange.frame,
        [args(normal(2, 3, 4), widths, kind) for widths, kind in FRAMES],
        lambda x, widths, kind: np.pad(x, widths, NUMPYS[kind]),
    ),
    Record(
        arrange.unframe, [args(normal(2, 8, 4), ((0, 0), (2, 2), (1, 0)), kind) for kind in NUMPYS]
    ),  # frame's adjoint
    Record(arrange.embedding, [args(normal(5, 3), INDEX, -1)], lambda w, i, padding: w[i]),
    Record(
        arrange.embedding_back, [args(normal(2, 3, 4), INDEX, 5, -1), args(normal(2, 3, 4), INDEX, 5, 2)], gathered_back
    ),
]

# --- losses --------------------------------------------------------------------------------------------------------

TARGET, ROWS = integers(0, 4)(5), positive(5)
CLASSES = [(ROWS, 2.0), (None, 5), (ROWS, None), (None, None)]


def reduced(losses, rows, scale):
    losses = losses if rows is None else losses * rows
    return losses if scale is None else losses.sum() / scale


def hot(target, classes):
    return np.eye(classes)[target]


def per_row(grad, rows, scale, n):
    return np.broadcast_to(grad, (n,)) * (1 if rows is None else rows) / (1 if scale is None else scale)


LOSSES = [
    Record(
        loss.cross_entropy,
        [args(normal(5, 4), TARGET, rows, scale) for rows, scale in CLASSES],
        lambda x, t, rows, scale: reduced(-log_softmax(x, 1)[np.arange(5), t], rows, scale),
    ),
    Record(
        loss.cross_entropy_slope,
        [
            args(normal(5) if scale is None else normal(), positive(5, 4), TARGET, rows, scale)
            for rows, scale in CLASSES
        ],
        lambda g, p, t, rows, scale: (p - hot(t, 4)) * per_row(g, rows, scale, 5)[:, None],
    ),
    Record(loss.pick, [args(normal(5, 4), TARGET)], lambda x, t: x[np.arange(5), t]),
    Record(loss.spread, [args(normal(5), TARGET, 4)], lambda x, t, n: hot(t, n) * x[:, None]),
    Record(
        loss.nll,
        [args(normal(5, 4), TARGET, rows, scale) for rows, scale in CLASSES],
        lambda x, t, rows, scale: reduced(-x[np.arange(5), t], rows, scale),
    ),
    Record(
        loss.nll_slope,
        [args(normal(5) if scale is None else normal(), TARGET, rows, scale, 4) for rows, scale in CLASSES],
        lambda g, t, rows, scale, n: -hot(t, n) * per_row(g, rows, scale, 5)[:, None],
    ),
    Record(
        loss.soft_cross_entropy,
        [args(normal(5, 4), positive(5, 4))],
        lambda x, q: -(log_softmax(x, 1) * q).sum(1),
    ),
    Record(
        loss.soft_slopes,
        [args(normal(5), positive(5, 4), positive(5, 4))],
        lambda g, p, q: (p * q.sum(1, keepdims=True) - q) * g[:, None],
    ),
    Record(
        loss.squared_error,
        [args(normal(3, 4), normal(3, 4), 12), args(normal(3, 4), normal(1, 4), None), args(normal(), normal(), 1)],
        lambda x, y, scale: (x - y) ** 2 if scale is None else ((x - y) ** 2).sum() / scale,
    ),
    Record(
        loss.binary_logits,
        [args(KINKS(3, 4), positive(3, 4)), args(KINKS(), normal())],
        lambda x, t: softplus(x) - x * t,
    ),
    Record(
        loss.binary,
        [args(between(0.1, 0.9)(3, 4), between(0.1, 0.9)(3, 4))],
        lambda x, t: -t * np.log(x) - (1 - t) * np.log(1 - x),
    ),
    Record(loss.clamped_log, unary(positive), lambda x: np.maximum(np.log(x), -100)),
    Record(
        loss.smooth_absolute,
        unary(KINKS, 0.5),
        lambda x, beta: np.where(np.abs(x) < beta, x * x / (2 * beta), np.abs(x) - beta / 2),
    ),
]

# --- normalization -------------------------------------------------------------------------------------------------


def normalize(x, weight, bias, axes, eps, center):
    d = x - x.mean(axes, keepdims=True) if center else x
    y = d / np.sqrt((d * d).mean(axes, keepdims=True) + eps)
    return y * (1 if weight is None else weight) + (0 if bias is None else bias)


NORMALIZATION = [
    Record(
        norm.normalize,
        [
            args(normal(5, 4), normal(4), normal(4), (1,), 1e-2, True),
            args(normal(3, 2, 4), normal(2, 1), normal(2, 1), (0, 2), 1e-2, True),
            args(normal(3, 2, 4), None, None, (2,), 1e-2, True),
            args(normal(3, 4), normal(4), None, (1,), 1e-2, False),
            args(normal(4, 5, 60), normal(5, 1), normal(5, 1), (0, 2), 1e-2, True),
        ],
        normalize,
    ),
    Record(
        norm.overlap,
        [args(normal(3, 2, 4), normal(3, 2, 4), (2, 1)), args(normal(40, 30), normal(40, 30), (30,))],
        lambda x, y, shape: (
            (x * y)
            .sum(tuple(i for i in range(x.ndim) if i < x.ndim - len(shape) or shape[i - x.ndim] == 1))
            .reshape(shape)
        ),
    ),
    Record(
        norm.projection,
        [
            args(normal(3, 4), normal(3, 4), positive(3, 1), (1,), True),
            args(normal(3, 4), normal(3, 4), positive(3, 1), (1,), False),
        ],
        lambda v, n, rstd, axes, center: (
            rstd * (v - (v.mean(axes, keepdims=True) if center else 0) - n * (v * n).mean(axes, keepdims=True))
        ),
    ),
]

RECORDS = [*ACTIVATIONS, *MAPS, *LOSSES, *NORMALIZATION]
