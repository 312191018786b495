"""Right operations at random shapes, by family: gradcheck must not raise a false alarm on any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as torch
import nn.functional as F

FAMILIES: dict[str, Callable[[Any], tuple[str, Any, tuple[Any, ...]]]] = {}


def family(make: Any) -> Any:
    FAMILIES[make.__name__] = make
    return make


def shape(rng: Any, least: int = 0, most: int = 4, largest: int = 5) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, largest + 1, rng.integers(least, most + 1)))


def normal(rng: Any, *s: int) -> Any:
    return torch.from_numpy(np.asarray(rng.normal(size=s) * rng.choice([0.5, 1.0, 3.0]))).requires_grad_()


def positive(rng: Any, *s: int) -> Any:
    return torch.from_numpy(np.asarray(rng.uniform(0.1, 2.5, s))).requires_grad_()


def unit(rng: Any, *s: int) -> Any:
    return torch.from_numpy(np.asarray(rng.uniform(-0.95, 0.95, s))).requires_grad_()


def pick(rng: Any, options: Any) -> Any:
    return options[rng.integers(len(options))]


def broadcastable(rng: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    whole = shape(rng, 1)
    a = tuple(1 if rng.random() < 0.3 else n for n in whole)
    b = tuple(1 if rng.random() < 0.3 else n for n in whole)[rng.integers(0, len(whole)) :]
    return (a, b) if rng.random() < 0.5 else (b, a)


ANYWHERE = [
    "abs",
    "atan",
    "cos",
    "exp",
    "expm1",
    "neg",
    "relu",
    "sigmoid",
    "sin",
    "sinh",
    "cosh",
    "square",
    "tanh",
    "asinh",
    "softmax_last",
    "erf",
    "sinc",
]
POSITIVE = ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "acosh1", "exp2"]
UNIT = ["acos", "asin", "atanh", "tan"]


@family
def elementwise(rng: Any) -> Any:
    s = shape(rng)
    kind = rng.integers(3)
    name = pick(rng, (ANYWHERE, POSITIVE, UNIT)[kind])
    x = (normal, positive, unit)[kind](rng, *s)
    special = {
        "acosh1": lambda x: torch.acosh(x + 1.1),
        "softmax_last": lambda x: torch.softmax(x, -1) if x.ndim else torch.softmax(x, 0),
        "erf": lambda x: F.gelu(x),
    }
    return name, special.get(name) or getattr(torch, name), (x,)


@family
def activation(rng: Any) -> Any:
    names = [
        "relu",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "softsign",
        "logsigmoid",
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "relu6",
        "tanhshrink",
        "softshrink",
        "hardshrink",
    ]
    name = pick(rng, names)
    return name, getattr(F, name), (normal(rng, *shape(rng)),)


@family
def broadcasting(rng: Any) -> Any:
    a, b = broadcastable(rng)
    name = pick(rng, ["add", "sub", "mul", "div", "atan2", "maximum", "minimum", "hypot", "logaddexp", "where", "pow"])
    function = getattr(torch, name)
    if name == "where":
        mask = torch.from_numpy(rng.random(np.broadcast_shapes(a, b)) < 0.5)
        return name, lambda x, y: torch.where(mask, x, y), (normal(rng, *a), normal(rng, *b))
    make = positive if name in ("div", "pow") else normal
    return name, function, (make(rng, *a), make(rng, *b))


@family
def reduction(rng: Any) -> Any:
    name = pick(
        rng,
        [
            "sum",
            "mean",
            "prod",
            "var",
            "std",
            "amax",
            "amin",
            "logsumexp",
            "cumsum",
            "cumprod",
            "max",
            "median_free",
            "norm",
        ],
    )
    s = shape(rng, 1)
    dim, keep = int(rng.integers(-len(s), len(s))), bool(rng.random() < 0.5)
    x = normal(rng, *s)
    if name in ("var", "std"):
        s = tuple(max(n, 2) for n in s)
        return name, lambda x: getattr(torch, name)(x, dim=dim, keepdim=keep), (normal(rng, *s),)
    if name in ("cumsum", "cumprod"):
        return name, lambda x: getattr(torch, name)(x, dim), (x,)
    if name == "max":
        return name, lambda x: torch.max(x, dim)[0], (x,)
    if name == "norm":
        return name, lambda x: (x * x).sum(dim).sqrt(), (x,)
    if name == "median_free":
        return "mean of all", lambda x: x.mean(), (x,)
    return name, lambda x: getattr(torch, name)(x, dim=dim, keepdim=keep), (x,)


@family
def ties(rng: Any) -> Any:
    """Integers as values: kinks of abs and relu at zero, ties of max and sort."""
    name = pick(rng, ["amax", "amin", "relu", "abs", "maximum", "clamp", "max", "median"])
    s = shape(rng, 1, 3)
    x = torch.from_numpy(rng.integers(-2, 3, s).astype(float)).requires_grad_()
    if name == "maximum":
        y = torch.from_numpy(rng.integers(-2, 3, s).astype(float)).requires_grad_()
        return name, torch.maximum, (x, y)
    if name in ("amax", "amin"):
        return name, lambda x: getattr(torch, name)(x, dim=-1), (x,)
    if name == "max":
        return name, lambda x: torch.max(x, -1)[0], (x,)
    if name == "clamp":
        return name, lambda x: torch.clamp(x, -1, 1), (x,)
    if name == "median":
        return "sum of relus", lambda x: (torch.relu(x) * 2).sum(), (x,)
    return name, getattr(torch, name), (x,)


@family
def indexing(rng: Any) -> Any:
    s = shape(rng, 1)
    x = normal(rng, *s)
    name = pick(
        rng,
        ["take", "mask", "slice", "gather", "index_select", "flip", "roll", "index_add", "masked_fill", "scatter_add"],
    )
    dim = int(rng.integers(len(s)))
    index = rng.integers(0, s[dim], int(rng.integers(1, 6)))
    i = torch.from_numpy(index)
    if name == "take":
        return name, lambda x: x[torch.from_numpy(rng_index(s, index))], (x,)
    if name == "mask":
        mask = torch.from_numpy(np.random.default_rng(int(index[0])).random(s) < 0.7)
        mask.array.reshape(-1)[0] = True
        return name, lambda x: x[mask], (x,)
    if name == "slice":
        return name, lambda x: x[..., :: int(1 + index[0] % 2)], (x,)
    if name in ("gather", "scatter_add"):
        whole = torch.from_numpy(rng.integers(0, s[dim], s))
        if name == "gather":
            return name, lambda x: torch.gather(x, dim, whole), (x,)
        return name, lambda x, y: torch.scatter_add(x, dim, whole, y), (x, normal(rng, *s))
    if name == "index_select":
        return name, lambda x: torch.index_select(x, dim, i), (x,)
    if name == "index_add":
        source = normal(rng, *s[:dim], len(index), *s[dim + 1 :])
        return name, lambda x, y: torch.index_add(x, dim, i, y), (x, source)
    if name == "masked_fill":
        mask = torch.from_numpy(rng.random(s) < 0.5)
        return name, lambda x: torch.masked_fill(x, mask, 0.5), (x,)
    if name == "flip":
        return name, lambda x: torch.flip(x, (dim,)), (x,)
    return name, lambda x: torch.roll(x, 2, dim), (x,)


def rng_index(s: tuple[int, ...], index: Any) -> Any:
    return index % s[0]


@family
def shapes(rng: Any) -> Any:
    s = shape(rng, 1)
    x = normal(rng, *s)
    name = pick(
        rng,
        ["permute", "reshape", "cat", "stack", "expand", "tile", "diagonal", "tril", "squeeze", "split", "in_place"],
    )
    order = tuple(int(k) for k in rng.permutation(len(s)))
    if name == "permute":
        return name, lambda x: x.permute(*order), (x,)
    if name == "reshape":
        return name, lambda x: x.reshape(-1) * 2, (x,)
    if name in ("cat", "stack"):
        return name, lambda x, y: getattr(torch, name)([x, y, x], 0), (x, normal(rng, *s))
    if name == "expand":
        return name, lambda x: x.expand(3, *s), (x,)
    if name == "tile":
        return name, lambda x: torch.tile(x, (2, *([1] * (len(s) - 1)))), (x,)
    if name in ("diagonal", "tril"):
        return (
            name,
            getattr(torch, name),
            (normal(rng, *shape(rng, 2, 3)),) if name == "tril" else (normal(rng, *shape(rng, 2, 2)),),
        )
    if name == "split":
        return name, lambda x: tuple(torch.split(x, 2, 0)), (x,)
    if name == "in_place":

        def write(x: Any) -> Any:
            y = x * 1.0
            y[0] = y[0] * 3
            return y.sin_()

        return name, write, (x,)
    return name, lambda x: x.unsqueeze(0).squeeze(0), (x,)


@family
def matmul(rng: Any) -> Any:
    n, k, m = (int(v) for v in rng.integers(1, 6, 3))
    batch = shape(rng, 0, 2, 3)
    name = pick(rng, ["matmul", "mv", "dot", "einsum", "bmm", "linear", "outer", "batched"])
    if name == "mv":
        return name, torch.mv, (normal(rng, n, k), normal(rng, k))
    if name == "dot":
        return name, torch.dot, (normal(rng, n), normal(rng, n))
    if name == "outer":
        return name, torch.outer, (normal(rng, n), normal(rng, m))
    if name == "einsum":
        return name, lambda a, b: torch.einsum("bij,bjk->ki", a, b), (normal(rng, 2, n, k), normal(rng, 2, k, m))
    if name == "bmm":
        return name, torch.bmm, (normal(rng, 3, n, k), normal(rng, 3, k, m))
    if name == "linear":
        return name, F.linear, (normal(rng, *batch, n, k), normal(rng, m, k), normal(rng, m))
    return (
        name,
        torch.matmul,
        (normal(rng, *batch, n, k), normal(rng, k, m) if rng.random() < 0.5 else normal(rng, *batch, k, m)),
    )


@family
def conv(rng: Any) -> Any:
    n, c, o = (int(v) for v in rng.integers(1, 4, 3))
    k = int(rng.integers(1, 4))
    options = {
        "stride": int(rng.integers(1, 3)),
        "padding": int(rng.integers(0, 2)),
        "dilation": int(rng.integers(1, 3)),
    }
    name = pick(rng, ["conv1d", "conv2d", "max_pool2d", "avg_pool2d", "max_pool1d"])
    size = [int(v) for v in rng.integers(2 * k + 1, 2 * k + 4, 2)]
    if name == "conv1d":
        return (
            name,
            lambda x, w, b: F.conv1d(x, w, b, **options),
            (normal(rng, n, c, size[0]), normal(rng, o, c, k), normal(rng, o)),
        )
    if name == "conv2d":
        return (
            name,
            lambda x, w, b: F.conv2d(x, w, b, **options),
            (normal(rng, n, c, *size), normal(rng, o, c, k, k), normal(rng, o)),
        )
    x = normal(rng, n, c, *size) if name != "max_pool1d" else normal(rng, n, c, size[0])
    return name, lambda x: getattr(F, name)(x, 2), (x,)


@family
def norm(rng: Any) -> Any:
    n, c = int(rng.integers(2, 5)), int(rng.integers(2, 6))
    name = pick(rng, ["layer_norm", "softmax", "log_softmax", "normalize", "standardise", "softmin"])
    x = normal(rng, n, c)
    if name == "layer_norm" and hasattr(F, "layer_norm"):
        return name, lambda x, w, b: F.layer_norm(x, (c,), w, b), (x, normal(rng, c), normal(rng, c))
    if name in ("standardise", "layer_norm"):
        return "standardise", lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 1e-5).sqrt(), (x,)
    if name == "normalize":
        return name, lambda x: F.normalize(x, dim=-1), (x,)
    return name, lambda x: getattr(F, name)(x, -1), (x,)


@family
def loss(rng: Any) -> Any:
    n, c = int(rng.integers(1, 6)), int(rng.integers(2, 6))
    reduction = pick(rng, ["mean", "sum", "none"])
    name = pick(
        rng,
        [
            "mse_loss",
            "l1_loss",
            "smooth_l1_loss",
            "huber_loss",
            "cross_entropy",
            "nll_loss",
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
            "kl_div",
            "cosine_similarity",
        ],
    )
    target = torch.from_numpy(rng.integers(0, c, n))
    x, y = normal(rng, n, c), normal(rng, n, c)
    if name == "cross_entropy":
        return name, lambda x: F.cross_entropy(x, target, reduction=reduction), (x,)
    if name == "nll_loss":
        return name, lambda x: F.nll_loss(F.log_softmax(x, 1), target, reduction=reduction), (x,)
    if name == "binary_cross_entropy":
        return (
            name,
            lambda x: F.binary_cross_entropy(torch.sigmoid(x), torch.sigmoid(y.detach()), reduction=reduction),
            (x,),
        )
    if name == "binary_cross_entropy_with_logits":
        return (
            name,
            lambda x: F.binary_cross_entropy_with_logits(x, torch.sigmoid(y.detach()), reduction=reduction),
            (x,),
        )
    if name == "kl_div":
        return name, lambda x: F.kl_div(F.log_softmax(x, 1), F.softmax(y.detach(), 1), reduction=reduction), (x,)
    if name == "cosine_similarity":
        return name, lambda x, y: F.cosine_similarity(x, y, dim=1), (x, y)
    return name, lambda x, y: getattr(F, name)(x, y, reduction=reduction), (x, y)


@family
def recurrent(rng: Any) -> Any:
    steps, n, h = (int(v) for v in rng.integers(1, 5, 3))

    def rnn(x: Any, w: Any, u: Any, b: Any) -> Any:
        state = torch.zeros(h, dtype=torch.float64)
        states = []
        for t in range(steps):
            state = torch.tanh(x[t] @ w + state @ u + b)
            states.append(state)
        return torch.stack(states)

    return "tanh rnn", rnn, (normal(rng, steps, n), normal(rng, n, h), normal(rng, h, h), normal(rng, h))


@family
def complex_valued(rng: Any) -> Any:
    s = shape(rng, 0, 3)
    z = torch.from_numpy(np.asarray(rng.normal(size=s) + 1j * rng.normal(size=s))).requires_grad_()
    name = pick(
        rng, ["exp", "sin", "abs", "angle", "mul", "conj", "real", "imag", "square", "reciprocal", "view_as_real"]
    )
    if name == "mul":
        w = torch.from_numpy(np.asarray(rng.normal(size=s) + 1j * rng.normal(size=s))).requires_grad_()
        return name, torch.mul, (z, w)
    if name == "conj":
        return name, lambda z: torch.conj(z) * z, (z,)
    return name, getattr(torch, name), (z,)


@family
def ties_of_several(rng: Any) -> Any:
    """Whole numbers: the gradient is one of several nearby, and no element's own slope shows it."""
    functions = {
        "median": lambda x: x.median(1)[0],
        "kthvalue": lambda x: x.kthvalue(2, 1)[0],
        "topk": lambda x: x.topk(2, 1)[0],
        "sort": lambda x: x.sort(1)[0],
        "quantile": lambda x: x.quantile(0.5, 1),
        "cummax": lambda x: x.cummax(1)[0],
        "max_pool": lambda x: F.max_pool1d(x[None], 2),
        "range": lambda x: x.amax(0) - x.amin(0),
    }
    name = pick(rng, list(functions))
    return name, functions[name], (torch.from_numpy(rng.integers(-2, 3, (3, 4)).astype(float)).requires_grad_(),)


@family
def ill_conditioned(rng: Any) -> Any:
    """Matrices near singular ones, differences of nearly equal numbers, steps, values of very different size."""
    n = int(rng.integers(2, 5))
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    matrix = torch.from_numpy(q @ np.diag(np.logspace(0, -rng.uniform(1, 5), n)) @ q.T).requires_grad_()
    functions = {
        "inv": (torch.linalg.inv, matrix),
        "pinv": (torch.linalg.pinv, matrix),
        "logdet": (lambda a: torch.linalg.slogdet(a)[1], matrix),
        "1 - cos": (lambda x: 1 - x.cos(), torch.from_numpy(1e-5 * rng.normal(size=6)).requires_grad_()),
        "floor": (torch.floor, torch.from_numpy(rng.uniform(-60, 60, (3, 4))).requires_grad_()),
        "round and more": (lambda x: x.round() + x, torch.from_numpy(rng.uniform(-60, 60, 5)).requires_grad_()),
        "scales": (torch.tanh, torch.from_numpy(10.0 ** rng.integers(-7, 1, 6)).requires_grad_()),
        "softmax of large numbers": (lambda x: x.softmax(0), torch.from_numpy(300 * rng.normal(size=6)).requires_grad_()),
        "sort of many": (lambda x: x.sort(1)[0], torch.from_numpy(rng.uniform(-2, 2, (30, 50))).requires_grad_()),
        "layer norm of many": (lambda x: F.layer_norm(x, (50,)), torch.from_numpy(rng.normal(size=(30, 50))).requires_grad_()),
    }  # fmt: skip
    name = pick(rng, list(functions))
    return name, functions[name][0], (functions[name][1],)
