"""Mutants of what arrays can do: elementwise operations, reductions, broadcasting, indexing and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd

from .mutants import add, op, sigmoid

# --- elementwise -----------------------------------------------------------------------------------------------------

E = "elementwise"
add(E, "sign", "cos", op(lambda x: np.cos(x), x=lambda g, x: g * np.sin(x)), (3, 4))
add(E, "sign", "reciprocal", op(lambda x: 1 / x, x=lambda g, x: g / x**2), (5,), kind="positive")
add(E, "sign", "b - a", op(lambda a, b: b - a, a=lambda g: g, b=lambda g: g), (2, 3), (2, 3))
add(E, "sign", "exp(-x)", op(lambda x: np.exp(-x), x=lambda g, y: g * y), ())
add(E, "factor", "square without 2", op(lambda x: x * x, x=lambda g, x: g * x), (3, 4))
add(E, "factor", "cube with 2", op(lambda x: x**3, x=lambda g, x: g * 2 * x**2), (4,))
add(E, "factor", "log2 as log", op(lambda x: np.log2(x), x=lambda g, x: g / x), (2, 2), kind="positive")
add(E, "factor", "sqrt without 1/2", op(lambda x: np.sqrt(x), x=lambda g, y: g / y), (3, 2), kind="positive")
add(E, "factor", "scaled gelu constant", op(lambda x: 1.702 * x * 3, x=lambda g: g * 1.702), (6,))
add(E, "ignores-cotangent", "sin", op(lambda x: np.sin(x), x=lambda g, x: np.cos(x)), (3, 4))
add(E, "ignores-cotangent", "mul", op(lambda a, b: a * b, a=lambda g, b: b, b=lambda g, a: g * a), (3,), (3,))
add(E, "ignores-cotangent", "identity", op(lambda x: x * 1.0, x=lambda g: np.ones_like(g)), (2, 3))
add(
    E,
    "constant-cotangent",
    "tanh with g.mean()",
    op(lambda x: np.tanh(x), x=lambda g, y: g.mean() * (1 - y * y)),
    (3, 4),
)
add(E, "constant-cotangent", "exp with g[0]", op(lambda x: np.exp(x), x=lambda g, y: g.reshape(-1)[0] * y), (5,))
add(E, "constant-cotangent", "sin with g twice", op(lambda x: np.sin(x), x=lambda g, x: g * g * np.cos(x)), (4,))
add(
    E,
    "wrong-argument",
    "mul by itself",
    op(lambda a, b: a * b, a=lambda g, a: g * a, b=lambda g, a: g * a),
    (3, 4),
    (3, 4),
)
add(
    E,
    "wrong-argument",
    "mul exchanged",
    op(lambda a, b: a * b * b, a=lambda g, a, b: 2 * g * a * b, b=lambda g, b: g * b * b),
    (3,),
    (3,),
)
add(
    E,
    "wrong-argument",
    "div by numerator",
    op(lambda a, b: a / b, a=lambda g, a: g / a, b=lambda g, a, b: -g * a / b**2),
    (3,),
    (3,),
    kind="positive",
)
add(
    E,
    "wrong-argument",
    "atan2 exchanged",
    op(
        lambda a, b: np.arctan2(a, b),
        a=lambda g, a, b: -g * a / (a * a + b * b),
        b=lambda g, a, b: g * b / (a * a + b * b),
    ),
    (4,),
    (4,),
)
add(
    E,
    "wrong-argument",
    "maximum exchanged",
    op(lambda a, b: np.maximum(a, b), a=lambda g, a, b: g * (b > a), b=lambda g, a, b: g * (a > b)),
    (6,),
    (6,),
)
add(
    E, "missing-term", "chain factor of sin(x^2)", op(lambda x: np.sin(x * x), x=lambda g, x: g * np.cos(x * x)), (3, 4)
)
add(E, "missing-term", "product term of x*exp(x)", op(lambda x: x * np.exp(x), x=lambda g, x: g * np.exp(x)), (3, 4))
add(E, "missing-term", "sigmoid without 1-y", op(lambda x: sigmoid(x), x=lambda g, y: g * y), (5,))
add(E, "missing-term", "silu without second term", op(lambda x: x * sigmoid(x), x=lambda g, x: g * sigmoid(x)), (2, 5))
add(
    E,
    "missing-term",
    "tanh of product",
    op(lambda a, b: np.tanh(a * b), a=lambda g, b: g * b, b=lambda g, a, y: g * a * (1 - y * y)),
    (3,),
    (3,),
)
add(
    E,
    "missing-term",
    "pow without log",
    op(lambda a, b: a**b, a=lambda g, a, b: g * b * a ** (b - 1), b=lambda g, y: g * y),
    (4,),
    (4,),
    kind="positive",
)
add(E, "missing-term", "softplus", op(lambda x: np.log1p(np.exp(x)), x=lambda g, x: g * np.exp(x)), (4,))
add(E, "detached", "one of two", op(lambda a, b: a * b, a=lambda g, b: g * b, b=lambda g: g * 0), (3,), (3,))
add(E, "detached", "no formula", op(lambda a, b: a + np.sin(b), a=lambda g: g, b=lambda g: None), (3, 2), (3, 2))
add(E, "detached", "detach inside", lambda a, b: a * b.detach(), (3,), (3,))
add(E, "detached", "everything", lambda a: autograd.tensor(np.sin(a.detach().numpy())), (3,))
add(E, "spurious", "floor straight through", op(lambda x: np.floor(x), x=lambda g: g), (3, 4))
add(E, "spurious", "sign", op(lambda x: np.sign(x), x=lambda g: g), (6,))
add(
    E,
    "spurious",
    "condition of where",
    op(lambda a, b, c: np.where(a > 0, b, c), a=lambda g: g, b=lambda g, a: g * (a > 0), c=lambda g, a: g * (a <= 0)),
    (6,),
    (6,),
    (6,),
)
add(E, "spurious|partial", "relu without mask", op(lambda x: np.maximum(x, 0), x=lambda g: g), (4, 5))
add(E, "spurious|partial", "clamp without mask", op(lambda x: np.clip(x, -0.5, 0.5), x=lambda g: g), (4, 5))
add(E, "spurious", "adds a constant", op(lambda x: np.sin(x), x=lambda g, x: g * np.cos(x) + 0.1 * x), (4,))
add(E, "partial", "abs for negatives", op(lambda x: np.abs(x), x=lambda g: g), (3, 4))
add(
    E,
    "partial",
    "leaky relu slope",
    op(lambda x: np.where(x > 0, x, 0.1 * x), x=lambda g, x: g * np.where(x > 0, 1, 0.2)),
    (3, 4),
)
add(E, "partial", "first element", op(lambda x: np.exp(x), x=lambda g, y: g * y * (np.arange(y.size) > 0)), (6,))
add(
    E,
    "partial",
    "last element",
    op(lambda x: np.exp(x), x=lambda g, y: g * y * np.where(np.arange(y.size) == y.size - 1, 2, 1)),
    (6,),
)
add(E, "dtype", "cos in float32", op(lambda x: np.sin(x), x=lambda g, x: g * np.cos(x).astype(np.float32)), (3, 4))
add(
    E,
    "dtype",
    "g in float32",
    op(lambda x: np.exp(x), x=lambda g, y: (g.astype(np.float32) * y.astype(np.float32)).astype(np.float64)),
    (5,),
)
add(
    E,
    "dtype",
    "forward in float32",
    op(lambda x: np.exp(x.astype(np.float32)).astype(np.float64), x=lambda g, y: g * y),
    (5,),
)
add(E, "dtype", "g in float16", op(lambda x: 3 * x, x=lambda g: 3 * g.astype(np.float16)), (5,))
add(E, "sign", "complex: conj forgotten", op(lambda x: np.conj(x) * 1.0, x=lambda g: g), (3,), kind="complex")
add(E, "factor", "complex: i", op(lambda x: 2j * x, x=lambda g: 2 * g), (3,), kind="complex")

# --- reductions ------------------------------------------------------------------------------------------------------

R = "reduction"
add(R, "missing-mean", "mean of all", op(lambda x: x.mean(), x=lambda g, x: g * np.ones_like(x)), (3, 4))
add(R, "missing-mean", "mean along 0", op(lambda x: x.mean(0), x=lambda g, x: g * np.ones_like(x)), (5, 3))
add(
    R,
    "missing-mean",
    "mean along -1 of a square",
    op(lambda x: (x * x).mean(-1), x=lambda g, x: 2 * x * g[..., None]),
    (2, 3, 5),
)
add(
    R,
    "missing-mean",
    "mean along two",
    op(lambda x: x.mean((1, 2)), x=lambda g, x: g[:, None, None] * np.ones_like(x)),
    (2, 3, 5),
)
add(R, "ignores-cotangent", "sum", op(lambda x: x.sum(), x=lambda g, x: np.ones_like(x)), (3, 4))
add(R, "ignores-cotangent", "sum along 1", op(lambda x: x.sum(1), x=lambda g, x: np.ones_like(x)), (3, 4))
add(
    R,
    "constant-cotangent",
    "sum along 1 with the first g",
    op(lambda x: x.sum(1), x=lambda g, x: g[0] * np.ones_like(x)),
    (3, 4),
)
add(R, "constant-cotangent", "mean of g", op(lambda x: (x * x).sum(0), x=lambda g, x: g.mean() * 2 * x), (3, 4))
add(R, "factor", "sum of squares", op(lambda x: (x * x).sum(), x=lambda g, x: g * x), (3, 4))
add(R, "factor", "var with n", op(lambda x: x.var(ddof=1), x=lambda g, x: g * 2 * (x - x.mean()) / x.size), (7,))
add(R, "sign", "neg sum", op(lambda x: -x.sum(1), x=lambda g, x: g[:, None] * np.ones_like(x)), (3, 4))
add(R, "missing-term", "var without mean", op(lambda x: x.var(), x=lambda g, x: g * 2 * x / x.size), (7,))
add(
    R,
    "missing-term",
    "norm without 1/norm",
    op(lambda x: np.sqrt((x * x).sum(1)), x=lambda g, x: g[:, None] * x),
    (4, 3),
)
add(
    R,
    "missing-term",
    "prod",
    op(lambda x: x.prod(), x=lambda g, x: g * np.ones_like(x) * x.prod()),
    (4,),
    kind="positive",
)
add(
    R,
    "missing-term|missing-reduction",
    "logsumexp as exp",
    op(lambda x: np.log(np.exp(x).sum(-1)), x=lambda g, x: g[:, None] * np.exp(x)),
    (3, 4),
)
add(
    R,
    "transposed",
    "sum along the wrong axis",
    op(lambda x: x.sum(0), x=lambda g, x: g[:, None] * np.ones_like(x)),
    (4, 4),
)
add(R, "transposed", "cumsum not reversed", op(lambda x: x.cumsum(), x=lambda g: g.cumsum()), (5,))
add(R, "missing-term|missing-reduction|partial", "cumsum as identity", op(lambda x: x.cumsum(), x=lambda g: g), (5,))
add(
    R,
    "partial",
    "max: all ties",
    op(lambda x: x.max(-1), x=lambda g, x: g[..., None] * (x == x.max(-1, keepdims=True))),
    autograd.tensor([[1.0, 3.0, 3.0, 0.0], [0.5, 2.0, 1.0, -1.0]], dtype=autograd.float64, requires_grad=True),
)
add(
    R,
    "spurious|partial",
    "max: everything",
    op(lambda x: x.max(-1), x=lambda g, x: g[..., None] * np.ones_like(x)),
    (3, 4),
)
add(
    R,
    "wrong-argument|transposed|partial",
    "max: the smallest",
    op(lambda x: x.max(), x=lambda g, x: g * (x == x.min())),
    (5,),
)
add(R, "detached", "std detached", op(lambda x: x.std(), x=lambda g, x: np.zeros_like(x)), (5,))
add(
    R,
    "partial",
    "sum without the last row",
    op(lambda x: x.sum(), x=lambda g, x: g * (np.arange(x.shape[0]) < x.shape[0] - 1)[:, None] * np.ones_like(x)),
    (4, 3),
)

# --- broadcasting ----------------------------------------------------------------------------------------------------

B = "broadcasting"
add(B, "missing-reduction", "bias: first row", op(lambda x, b: x + b, x=lambda g: g, b=lambda g: g[0]), (4, 3), (3,))
add(B, "missing-reduction", "bias: last row", op(lambda x, b: x + b, x=lambda g: g, b=lambda g: g[-1]), (4, 3), (3,))
add(
    B,
    "missing-reduction",
    "scale: first row",
    op(lambda x, w: x * w, x=lambda g, w: g * w, w=lambda g, x: (g * x)[0]),
    (4, 3),
    (3,),
)
add(
    B,
    "missing-reduction",
    "column: first column",
    op(lambda x, w: x * w, x=lambda g, w: g * w, w=lambda g, x: (g * x)[:, :1]),
    (4, 3),
    (4, 1),
)
add(
    B,
    "missing-reduction",
    "scalar times matrix",
    op(lambda x, s: x * s, x=lambda g, s: g * s, s=lambda g, x: (g * x)[0, 0]),
    (4, 3),
    (),
)
add(
    B,
    "missing-reduction",
    "channel bias",
    op(lambda x, b: x + b[:, None, None], x=lambda g: g, b=lambda g: g[0, :, :, :].sum((1, 2))),
    (2, 3, 2, 2),
    (3,),
)
add(
    B,
    "missing-reduction",
    "square: wrong axis",
    op(lambda x, b: x + b, x=lambda g: g, b=lambda g: g.sum(1)),
    (3, 3),
    (3,),
)
add(
    B,
    "factor",
    "bias: mean in place of sum",
    op(lambda x, b: x + b, x=lambda g: g, b=lambda g: g.mean(0)),
    (4, 3),
    (3,),
)
add(B, "sign", "bias of a difference", op(lambda x, b: x - b, x=lambda g: g, b=lambda g: g.sum(0)), (4, 3), (3,))
add(B, "detached", "bias", op(lambda x, b: x + b, x=lambda g: g, b=lambda g: 0 * g), (4, 3), (3,))
add(
    B,
    "missing-reduction|transposed",
    "outer",
    op(lambda a, b: a[:, None] * b, a=lambda g, b: (g * b).sum(0), b=lambda g, a: (g * a[:, None]).sum(0)),
    (4,),
    (4,),
)
add(
    B,
    "ignores-cotangent",
    "bias counts",
    op(lambda x, b: x + b, x=lambda g: g, b=lambda g: np.full(g.shape[1:], float(len(g)))),
    (4, 3),
    (3,),
)

# --- indexing and shapes ---------------------------------------------------------------------------------------------

I = "indexing"  # noqa: E741
IDX = np.array([0, 2, 2, 1])
PERM = np.array([2, 0, 3, 1, 4])


def put(g: Any, n: int, index: Any) -> Any:
    made = np.zeros((n, *g.shape[1:]))
    made[index] = g
    return made


add(I, "partial", "take: assignment in place of add.at", op(lambda x: x[IDX], x=lambda g: put(g, 3, IDX)), (3, 2))
add(I, "transposed", "permutation not inverted", op(lambda x: x[PERM], x=lambda g: g[PERM]), (5, 2))
add(I, "transposed", "flip forgotten", op(lambda x: x[::-1] * 1.0, x=lambda g: g), (5,))
add(I, "transposed", "roll the same way", op(lambda x: np.roll(x, 2), x=lambda g: np.roll(g, 2)), (7,))
add(I, "transposed", "transpose as reshape", op(lambda x: x.T * 1.0, x=lambda g: g.reshape(3, 4)), (3, 4))
add(I, "transposed", "transpose of a square forgotten", op(lambda x: x.T * 1.0, x=lambda g: g), (4, 4))
add(
    I,
    "transposed",
    "permute not inverted",
    op(lambda x: x.transpose(1, 2, 0) * 1.0, x=lambda g: g.transpose(1, 2, 0)),
    (3, 3, 3),
)
add(
    I,
    "partial|detached|missing-term",
    "slice: drops the last",
    op(lambda x: x[1:] * 2.0, x=lambda g: np.concatenate([[0.0], 2 * g[:-1], [0.0]])),
    (6,),
)
add(
    I,
    "transposed|partial",
    "slice: shifted",
    op(lambda x: x[1:] * 2.0, x=lambda g: np.concatenate([2 * g, [0.0]])),
    (6,),
)
add(I, "partial", "diagonal doubled", op(lambda x: x + x.T, x=lambda g: g + g.T - np.diag(np.diag(g))), (4, 4))
add(I, "partial|spurious", "triu without mask", op(lambda x: np.triu(x), x=lambda g: g), (4, 4))
add(I, "partial", "pad: border lost", op(lambda x: np.pad(x, 1, mode="edge"), x=lambda g: g[1:-1, 1:-1]), (4, 4))
add(
    I,
    "missing-reduction|missing-term",
    "repeat: first copy only",
    op(lambda x: np.tile(x, (3, 1)), x=lambda g: g[0]),
    (4,),
)
add(
    I,
    "wrong-argument",
    "cat exchanged",
    op(lambda a, b: np.concatenate([a, b]), a=lambda g: g[3:], b=lambda g: g[:3]),
    (3,),
    (3,),
)
add(
    I,
    "detached",
    "cat: second forgotten",
    op(lambda a, b: np.concatenate([a, b]), a=lambda g: g[:3], b=lambda g: np.zeros(2)),
    (3,),
    (2,),
)
add(I, "transposed", "sort: order not inverted", op(lambda x: np.sort(x), x=lambda g, x: g[np.argsort(x)]), (6,))
