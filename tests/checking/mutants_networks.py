"""Mutants of what networks are made of: products, convolution, normalisation, losses, recurrence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import autograd

from .mutants import add, op, softmax

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
