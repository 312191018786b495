"""Wrong gradients, seeded into right operations: what gradcheck has to find and to name.

Each mutant is a function whose forward is right and whose formula has one mistake of the kind that people make. ``causes`` are the
names that count as right (one, save where two say the same thing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import autograd
from autograd.lift import lift


@dataclass
class Mutant:
    name: str
    family: str
    causes: tuple[str, ...]
    function: Any
    inputs: tuple[Any, ...]
    order: int = 1


MUTANTS: list[Mutant] = []


def tensor(*shape: int, seed: int = 0, kind: str = "normal") -> Any:
    rng = np.random.default_rng([seed, *shape])
    made = {
        "normal": lambda: rng.normal(size=shape),
        "positive": lambda: rng.uniform(0.5, 2.0, shape),
        "unit": lambda: rng.uniform(0.1, 0.9, shape),
        "complex": lambda: rng.normal(size=shape) + 1j * rng.normal(size=shape),
    }[kind]()
    return autograd.from_numpy(np.asarray(made)).requires_grad_()


def add(family: str, causes: str, name: str, function: Any, *shapes: Any, order: int = 1, kind: str = "normal") -> None:
    inputs = tuple(tensor(*s, seed=k, kind=kind) if isinstance(s, tuple) else s for k, s in enumerate(shapes))
    MUTANTS.append(Mutant(name, family, tuple(causes.split("|")), function, inputs, order))


def op(function: Any, kind: str = "general", **formulas: Any) -> Any:
    return lift(function, kind=kind, name="mutant", **formulas)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


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

# --- matmul ----------------------------------------------------------------------------------------------------------

M = "matmul"
add(
    M,
    "transposed",
    "left without mT",
    op(lambda a, b: a @ b, a=lambda g, b: g @ b, b=lambda g, a: a.T @ g),
    (3, 4),
    (4, 4),
)
add(
    M,
    "transposed",
    "right without mT",
    op(lambda a, b: a @ b, a=lambda g, b: g @ b.T, b=lambda g, a: a @ g),
    (4, 4),
    (4, 3),
)
add(
    M,
    "transposed",
    "gradient transposed",
    op(lambda a, b: a @ b, a=lambda g, b: (g @ b.T).T, b=lambda g, a: a.T @ g),
    (4, 4),
    (4, 4),
)
add(
    M,
    "transposed",
    "batched",
    op(lambda a, b: a @ b, a=lambda g, b: g @ b, b=lambda g, a: np.swapaxes(a, -1, -2) @ g),
    (2, 3, 3),
    (2, 3, 3),
)
add(M, "sign", "minus", op(lambda a, b: a @ b, a=lambda g, b: g @ b.T, b=lambda g, a: -a.T @ g), (2, 3), (3, 4))
add(
    M,
    "factor",
    "scaled attention scores",
    op(lambda q, k: q @ k.T / np.sqrt(3), q=lambda g, k: g @ k / np.sqrt(3), k=lambda g, q: g.T @ q),
    (2, 3),
    (4, 3),
)
add(
    M,
    "wrong-argument",
    "a and b exchanged",
    op(lambda a, b: a @ b, a=lambda g, a: a.T @ g, b=lambda g, b: g @ b.T),
    (3, 3),
    (3, 3),
)
add(
    M,
    "missing-term",
    "x'Ax: one term",
    op(lambda x, a: x @ a @ x, x=lambda g, x, a: g * (a @ x), a=lambda g, x: g * np.outer(x, x)),
    (4,),
    (4, 4),
)
add(
    M,
    "missing-reduction",
    "linear bias: one row",
    op(lambda x, w, b: x @ w.T + b, x=lambda g, w: g @ w, w=lambda g, x: g.T @ x, b=lambda g: g[0]),
    (5, 3),
    (2, 3),
    (2,),
)
add(
    M,
    "missing-reduction|missing-term",
    "weights: one sample",
    op(lambda x, w: x @ w, x=lambda g, w: g @ w.T, w=lambda g, x: np.outer(x[0], g[0])),
    (5, 3),
    (3, 2),
)
add(
    M,
    "missing-mean",
    "mean over the batch",
    op(
        lambda x, w: (x @ w).mean(0),
        x=lambda g, w, x: np.ones((len(x), 1)) * (g @ w.T),
        w=lambda g, x: np.outer(x.mean(0), g),
    ),
    (5, 3),
    (3, 2),
)
add(
    M,
    "transposed",
    "trace",
    op(lambda a, b: np.trace(a @ b), a=lambda g, b: g * b, b=lambda g, a: g * a.T),
    (3, 3),
    (3, 3),
)
add(
    M,
    "transposed",
    "inverse",
    op(lambda a: np.linalg.inv(a), a=lambda g, y: -y @ g @ y),
    autograd.tensor(np.random.default_rng(3).normal(size=(3, 3)) + 3 * np.eye(3), requires_grad=True),
)
add(
    M,
    "detached",
    "weight",
    op(lambda x, w: x @ w, x=lambda g, w: g @ w.T, w=lambda g, x: np.zeros((x.shape[1], g.shape[1]))),
    (2, 3),
    (3, 4),
)

# --- convolution -----------------------------------------------------------------------------------------------------

C = "conv"


def conv(x: Any, w: Any) -> Any:
    """(n, c, l) and (o, c, k) give (n, o, l - k + 1)."""
    return np.einsum("nclk,ock->nol", sliding_window_view(x, w.shape[-1], axis=-1), w)


def conv_x(g: Any, w: Any) -> Any:
    k = w.shape[-1]
    return np.einsum(
        "nolk,ock->ncl", sliding_window_view(np.pad(g, ((0, 0), (0, 0), (k - 1, k - 1))), k, axis=-1), w[..., ::-1]
    )


def conv_w(g: Any, x: Any) -> Any:
    return np.einsum("nckl,nol->ock", sliding_window_view(x, g.shape[-1], axis=-1), g)


add(
    C,
    "transposed",
    "kernel not turned",
    op(conv, x=lambda g, w: conv_x(g, w[..., ::-1]), w=lambda g, x: conv_w(g, x)),
    (2, 2, 6),
    (3, 2, 3),
)
add(
    C,
    "transposed",
    "channels exchanged",
    op(conv, x=lambda g, w: conv_x(g, w.transpose(1, 0, 2)), w=lambda g, x: conv_w(g, x)),
    (2, 3, 6),
    (3, 3, 3),
)
add(
    C,
    "partial",
    "border lost",
    op(conv, x=lambda g, w: conv_x(g, w) * np.r_[0.0, np.ones(5), 0.0], w=lambda g, x: conv_w(g, x)),
    (2, 2, 7),
    (3, 2, 3),
)
add(
    C,
    "missing-reduction|missing-term",
    "weight: first sample",
    op(conv, x=lambda g, w: conv_x(g, w), w=lambda g, x: conv_w(g[:1], x[:1])),
    (3, 2, 6),
    (3, 2, 3),
)
add(
    C,
    "factor",
    "weight: mean over the batch",
    op(conv, x=lambda g, w: conv_x(g, w), w=lambda g, x: conv_w(g, x) / len(x)),
    (3, 2, 6),
    (3, 2, 3),
)
add(C, "sign", "weight", op(conv, x=lambda g, w: conv_x(g, w), w=lambda g, x: -conv_w(g, x)), (2, 2, 6), (3, 2, 3))
add(
    C,
    "missing-reduction",
    "bias: sum over the batch only",
    op(lambda x, b: x + b[:, None], x=lambda g: g, b=lambda g: g.sum(0)[:, 0]),
    (2, 3, 5),
    (3,),
)
add(
    C,
    "partial|missing-term",
    "one tap forgotten",
    op(conv, x=lambda g, w: conv_x(g, w), w=lambda g, x: conv_w(g, x) * np.array([1.0, 1.0, 0.0])),
    (2, 2, 6),
    (3, 2, 3),
)
add(
    C,
    "detached",
    "weight detached",
    op(conv, x=lambda g, w: conv_x(g, w), w=lambda g, w: np.zeros_like(w)),
    (2, 2, 6),
    (3, 2, 3),
)

# --- normalisation ---------------------------------------------------------------------------------------------------

N = "norm"


def standard(x: Any) -> Any:
    return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)


def standard_x(g: Any, x: Any, y: Any, first: int = 1, second: int = 1) -> Any:
    return (g - first * g.mean(-1, keepdims=True) - second * y * (g * y).mean(-1, keepdims=True)) / x.std(
        -1, keepdims=True
    )


add(N, "missing-term", "layer norm: mean term", op(standard, x=lambda g, x, y: standard_x(g, x, y, first=0)), (3, 5))
add(
    N,
    "missing-term",
    "layer norm: variance term",
    op(standard, x=lambda g, x, y: standard_x(g, x, y, second=0)),
    (3, 5),
)
add(N, "missing-term", "layer norm: scale alone", op(standard, x=lambda g, x: g / x.std(-1, keepdims=True)), (3, 5))
add(N, "sign", "layer norm", op(standard, x=lambda g, x, y: -standard_x(g, x, y)), (3, 5))
add(N, "missing-term", "softmax: y g", op(softmax, x=lambda g, y: y * g), (3, 4))
add(N, "missing-reduction", "softmax: sum forgotten", op(softmax, x=lambda g, y: y * (g - g * y)), (3, 4))
add(
    N,
    "missing-reduction",
    "log softmax: sum forgotten",
    op(lambda x: np.log(softmax(x)), x=lambda g, y: g - np.exp(y) * g),
    (3, 4),
)
add(
    N,
    "missing-reduction",
    "x / sum(x)",
    op(lambda x: x / x.sum(-1, keepdims=True), x=lambda g, x, y: (g - g * y) / x.sum(-1, keepdims=True)),
    (3, 4),
    kind="positive",
)
add(
    N,
    "missing-term",
    "x / |x|",
    op(
        lambda x: x / np.sqrt((x * x).sum(-1, keepdims=True)),
        x=lambda g, x: g / np.sqrt((x * x).sum(-1, keepdims=True)),
    ),
    (3, 4),
)
add(
    N,
    "missing-reduction",
    "scale of a norm",
    op(
        lambda x, w: standard(x) * w,
        x=lambda g, x, w: standard_x(g * w, x, standard(x)),
        w=lambda g, x: (g * standard(x))[0],
    ),
    (3, 5),
    (5,),
)
add(
    N,
    "constant-cotangent",
    "softmax: one g for all rows",
    op(lambda x: np.exp(x), x=lambda g, y: y * g.mean(0)),
    (3, 4),
)

# --- losses ----------------------------------------------------------------------------------------------------------

L = "loss"
LABELS = np.array([2, 0, 1, 2])
HOT = np.eye(3)[LABELS]
add(
    L,
    "missing-mean",
    "mse",
    op(
        lambda a, b: ((a - b) ** 2).mean(),
        a=lambda g, a, b: g * 2 * (a - b),
        b=lambda g, a, b: -g * 2 * (a - b) / a.size,
    ),
    (4, 3),
    (4, 3),
)
add(
    L,
    "factor",
    "mse without 2",
    op(
        lambda a, b: ((a - b) ** 2).mean(),
        a=lambda g, a, b: g * (a - b) / a.size,
        b=lambda g, a, b: -g * 2 * (a - b) / a.size,
    ),
    (4, 3),
    (4, 3),
)
add(
    L,
    "sign",
    "mse: target minus input",
    op(
        lambda a, b: ((a - b) ** 2).mean(),
        a=lambda g, a, b: g * 2 * (b - a) / a.size,
        b=lambda g, a, b: -g * 2 * (a - b) / a.size,
    ),
    (4, 3),
    (4, 3),
)
add(
    L,
    "missing-mean",
    "cross entropy over the batch",
    op(lambda x: -(HOT * np.log(softmax(x))).sum() / 4, x=lambda g, x: g * (softmax(x) - HOT)),
    (4, 3),
)
add(
    L,
    "missing-term",
    "cross entropy without labels",
    op(lambda x: -(HOT * np.log(softmax(x))).sum() / 4, x=lambda g, x: g * softmax(x) / 4),
    (4, 3),
)
add(
    L,
    "ignores-cotangent",
    "cross entropy",
    op(lambda x: -(HOT * np.log(softmax(x))).sum() / 4, x=lambda g, x: (softmax(x) - HOT) / 4),
    (4, 3),
)
add(
    L,
    "sign",
    "cross entropy",
    op(lambda x: -(HOT * np.log(softmax(x))).sum() / 4, x=lambda g, x: g * (HOT - softmax(x)) / 4),
    (4, 3),
)
add(
    L,
    "missing-term",
    "binary cross entropy",
    op(lambda p: -np.log(p).sum() - 2 * np.log(1 - p).sum(), p=lambda g, p: -g / p),
    (5,),
    kind="unit",
)
add(
    L,
    "wrong-argument",
    "kl exchanged",
    op(lambda a, b: (a * np.log(a / b)).sum(), a=lambda g, a, b: -g * a / b, b=lambda g, a, b: g * (np.log(a / b) + 1)),
    (5,),
    (5,),
    kind="unit",
)
add(
    L,
    "partial",
    "huber beyond delta",
    op(lambda x: np.where(np.abs(x) < 0.5, 0.5 * x * x, 0.5 * (np.abs(x) - 0.25)).sum(), x=lambda g, x: g * x),
    (4, 5),
)
add(
    L,
    "detached",
    "target",
    op(lambda a, b: ((a - b) ** 2).mean(), a=lambda g, a, b: g * 2 * (a - b) / a.size, b=lambda g, b: 0 * b),
    (4, 3),
    (4, 3),
)

# --- recurrent -------------------------------------------------------------------------------------------------------

RNN = "rnn"


def rnn(x: Any, u: Any, steps: int = 0) -> Any:
    """h[t] = tanh(x[t] + h[t-1] @ u), for x of shape (t, n)."""
    h, out = np.zeros_like(x[0]), []
    for row in x:
        h = np.tanh(row + h @ u)
        out.append(h)
    return np.stack(out)


def rnn_back(g: Any, x: Any, u: Any, through: float = 1.0, slope: bool = True, early: bool = True) -> tuple[Any, Any]:
    h = rnn(x, u)
    gx, gu, gh = np.zeros_like(x), np.zeros_like(u), np.zeros_like(x[0])
    for t in reversed(range(len(x))):
        a = (g[t] + through * gh) * ((1 - h[t] ** 2) if slope else 1.0)
        gx[t] = a
        if t and (early or t > 1):
            gu += np.outer(h[t - 1], a)
        gh = u @ a
    return gx, gu


add(
    RNN,
    "missing-term",
    "not through time",
    op(rnn, x=lambda g, x, u: rnn_back(g, x, u, through=0.0)[0], u=lambda g, x, u: rnn_back(g, x, u)[1]),
    (4, 3),
    (3, 3),
)
add(
    RNN,
    "missing-term",
    "without tanh'",
    op(rnn, x=lambda g, x, u: rnn_back(g, x, u, slope=False)[0], u=lambda g, x, u: rnn_back(g, x, u)[1]),
    (4, 3),
    (3, 3),
)
add(
    RNN,
    "missing-term|missing-reduction",
    "weight: truncated",
    op(rnn, x=lambda g, x, u: rnn_back(g, x, u)[0], u=lambda g, x, u: rnn_back(g, x, u, through=0.0)[1]),
    (4, 3),
    (3, 3),
)
add(
    RNN,
    "transposed",
    "weight gradient transposed",
    op(rnn, x=lambda g, x, u: rnn_back(g, x, u)[0], u=lambda g, x, u: rnn_back(g, x, u)[1].T),
    (4, 3),
    (3, 3),
)
add(
    RNN,
    "sign",
    "weight",
    op(rnn, x=lambda g, x, u: rnn_back(g, x, u)[0], u=lambda g, x, u: -rnn_back(g, x, u)[1]),
    (4, 3),
    (3, 3),
)
add(
    RNN,
    "partial",
    "first step lost",
    op(
        rnn,
        x=lambda g, x, u: rnn_back(g, x, u)[0] * (np.arange(len(x)) > 0)[:, None],
        u=lambda g, x, u: rnn_back(g, x, u)[1],
    ),
    (4, 3),
    (3, 3),
)
add(
    RNN,
    "detached",
    "hidden weight",
    op(rnn, x=lambda g, x, u: rnn_back(g, x, u)[0], u=lambda g, u: 0 * u),
    (4, 3),
    (3, 3),
)

# --- memory, chance, strides -----------------------------------------------------------------------------------------

S = "state"
CHANCE = np.random.default_rng(0)


def overwriting(x: Any) -> Any:
    y = x.exp()
    z = y * y
    y.data.mul_(2)  # unseen by the stamps, as in PyTorch
    return z


def writing_to_input(x: Any) -> Any:
    y = x * x
    x.data.add_(0.5)
    return y


def into_buffer(x: Any) -> Any:
    y = x.sin()
    z = y * y
    y.array[...] = 0.0
    return z


def in_place_formula(g: Any, x: Any) -> Any:
    x *= 2.0
    return g * x


add(S, "overwritten", ".data of a saved value", overwriting, (4,))
add(S, "overwritten", "input changed", writing_to_input, (4,))
add(S, "overwritten", "saved array zeroed", into_buffer, (4,))
add(S, "overwritten", "formula writes to what is saved", op(lambda x: x * x, x=in_place_formula), (4,))
add(S, "overwritten", "out= over the argument", op(lambda x: np.exp(x, out=x) * 1.0, x=lambda g, x: g * x), (4,))
add(
    S,
    "nondeterministic",
    "noise in the formula",
    op(lambda x: np.sin(x), x=lambda g, x: g * np.cos(x) * (1 + CHANCE.normal(size=x.shape) * 1e-3)),
    (4,),
)
add(
    S,
    "nondeterministic",
    "dropout in forward",
    op(lambda x: x * (CHANCE.uniform(size=x.shape) > 0.5), x=lambda g: g),
    (50,),
)
add(S, "layout", "g read in memory order", op(lambda x: x * 2.0, x=lambda g: 2 * g.ravel("K").reshape(g.shape)), (3, 4))
add(
    S,
    "layout",
    "x read in memory order",
    op(lambda x: np.sin(x), x=lambda g, x: g * np.cos(x.ravel("K")).reshape(x.shape)),
    (3, 4),
)

# --- second order ----------------------------------------------------------------------------------------------------

Q = "second-order"


def raw(t: Any) -> Any:
    return t.detach() if isinstance(t, autograd.Tensor) else t


add(Q, "second-order", "cube: x detached", op(lambda x: x**3, x=lambda g, x: g * 3 * raw(x) ** 2), (4,), order=2)
add(Q, "second-order", "exp: y detached", op(lambda x: np.exp(x), x=lambda g, y: g * raw(y)), (3, 2), order=2)
add(
    Q,
    "second-order",
    "product: other detached",
    op(lambda a, b: a * b, a=lambda g, b: g * raw(b), b=lambda g, a: g * a),
    (3,),
    (3,),
    order=2,
)
add(Q, "second-order", "g detached", op(lambda x: np.sin(x), x=lambda g, x: raw(g) * np.cos(x)), (4,), order=2)
_wrong_cos = op(lambda x: np.cos(x), x=lambda g, x: g * np.sin(x))
add(
    Q,
    "second-order",
    "wrong derivative inside a formula",
    op(lambda x: np.sin(x), x=lambda g, x: g * _wrong_cos(x)),
    (4,),
    order=2,
)
add(
    Q,
    "second-order",
    "softmax: y detached",
    op(softmax, x=lambda g, y: raw(y) * (g - (g * raw(y)).sum(-1, keepdims=True))),
    (2, 3),
    order=2,
)
add(
    Q,
    "second-order",
    "matmul: b detached",
    op(lambda a, b: a @ b, a=lambda g, b: g @ raw(b).T, b=lambda g, a: a.T @ g),
    (2, 3),
    (3, 2),
    order=2,
)


# --- told apart by a second look ---------------------------------------------------------------------------------------

add(
    E,
    "wrong-argument",
    "difference exchanged",
    op(lambda a, b: 2 * a - 3 * b, a=lambda g: -3 * g, b=lambda g: 2 * g),
    (4,),
    (4,),
)
add(R, "missing-term", "logsumexp of all", op(lambda x: np.log(np.exp(x).sum()), x=lambda g, x: g * np.exp(x)), (5,))
add(
    M,
    "transposed",
    "outer with g transposed",
    op(lambda a, b: np.outer(a, b), a=lambda g, b: g.T @ b, b=lambda g, a: g @ a),
    (4,),
    (4,),
)
add(
    E,
    "missing-term",
    "right at 1 by chance",
    op(lambda x: np.exp(x * x / 2), x=lambda g, y: g * y),
    autograd.from_numpy(np.arange(1.0, 6.0)).requires_grad_(),
)
add(
    S,
    "layout",
    "bytes of g in its own order",
    op(lambda x: x * 2.0, x=lambda g: 2 * np.frombuffer(np.asarray(g).tobytes("A")).reshape(g.shape)),
    (3, 4),
)
add(
    E,
    "dtype",
    "g in half precision",
    op(lambda x: x**3, x=lambda g, x: 3 * g.astype(np.float16).astype(np.float64) * x**2),
    (5,),
)
