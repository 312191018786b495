"""Mutants that only a second look finds: memory that is written over, chance, strides, second derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd

from .mutants import add, op, softmax

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
    "elementwise",
    "wrong-argument",
    "difference exchanged",
    op(lambda a, b: 2 * a - 3 * b, a=lambda g: -3 * g, b=lambda g: 2 * g),
    (4,),
    (4,),
)
add(
    "reduction",
    "missing-term",
    "logsumexp of all",
    op(lambda x: np.log(np.exp(x).sum()), x=lambda g, x: g * np.exp(x)),
    (5,),
)
add(
    "matmul",
    "transposed",
    "outer with g transposed",
    op(lambda a, b: np.outer(a, b), a=lambda g, b: g.T @ b, b=lambda g, a: g @ a),
    (4,),
    (4,),
)
add(
    "elementwise",
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
    "elementwise",
    "dtype",
    "g in half precision",
    op(lambda x: x**3, x=lambda g, x: 3 * g.astype(np.float16).astype(np.float64) * x**2),
    (5,),
)
