"""More mutants, written as PyTorch programs write their own operations: subclasses of Function, in several sizes.

Their causes were written down before the diagnosis was tried on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as torch
import nn.functional as F
from autograd import Function

from .mutants import MUTANTS, Mutant

_random = np.random.default_rng(7)


def normal(*shape: int) -> Any:
    return torch.from_numpy(np.asarray(_random.normal(size=shape))).requires_grad_()


def custom(forward: Any, backward: Any) -> Any:
    """The Function of a plain forward, which saves its inputs and ``ctx.y``, and a backward."""

    def saving(ctx: Any, *arguments: Any) -> Any:
        ctx.save_for_backward(*arguments)
        ctx.y = forward(*arguments)
        return ctx.y

    made = type(
        "Mutant",
        (Function,),
        {"forward": staticmethod(saving), "backward": staticmethod(lambda c, g: backward(c, g, *c.saved_tensors))},
    )
    return made.apply


def add(causes: str, name: str, function: Any, *inputs: Any, family: str = "Function", order: int = 1) -> None:
    MUTANTS.append(Mutant(name, family, tuple(causes.split("|")), function, inputs, order))


def elementwise(s: tuple[int, ...]) -> None:
    one, two = (normal(*s),), (normal(*s), normal(*s))
    add("sign", f"sin {s}", custom(lambda x: x.sin(), lambda c, g, x: -g * x.cos()), *one)
    add("factor", f"x^4 {s}", custom(lambda x: x**4, lambda c, g, x: 3 * g * x**3), *one)
    add("ignores-cotangent", f"exp {s}", custom(lambda x: x.exp(), lambda c, g, x: x.exp()), *one)
    add(
        "constant-cotangent", f"exp, mean of g {s}", custom(lambda x: x.exp(), lambda c, g, x: g.mean() * x.exp()), *one
    )
    add("missing-term", f"sigmoid {s}", custom(lambda x: x.sigmoid(), lambda c, g, x: g * c.y), *one)
    add("missing-term", f"x sin x {s}", custom(lambda x: x * x.sin(), lambda c, g, x: g * x.sin()), *one)
    add(
        "missing-term",
        f"x sigmoid(1.7 x) {s}",
        custom(lambda x: x * (1.7 * x).sigmoid(), lambda c, g, x: g * (1.7 * x).sigmoid()),
        *one,
    )
    add("detached", f"second of a product {s}", custom(lambda a, b: a * b, lambda c, g, a, b: (g * b, None)), *two)
    add("spurious", f"round {s}", custom(torch.round, lambda c, g, x: g), *one)
    add("spurious|partial", f"relu {s}", custom(torch.relu, lambda c, g, x: g), *one)
    add("wrong-argument", f"product {s}", custom(lambda a, b: a * b, lambda c, g, a, b: (g * a, g * b)), *two)
    add(
        "wrong-argument",
        f"a exp(b) {s}",
        custom(lambda a, b: a * b.exp(), lambda c, g, a, b: (g * a * b.exp(), g * b.exp())),
        *two,
    )
    add(
        "dtype",
        f"tanh {s}",
        custom(lambda x: x.tanh(), lambda c, g, x: (g.float() * (1 - c.y**2).float()).double()),
        *one,
    )
    last = lambda t: torch.cat([t.reshape(-1)[:-1], torch.zeros(1, dtype=torch.float64)]).reshape(t.shape)
    first = lambda t: torch.cat([torch.zeros(1, dtype=torch.float64), t.reshape(-1)[1:]]).reshape(t.shape)
    add("partial", f"last {s}", custom(lambda x: x.exp(), lambda c, g, x: last(g * c.y)), *one)
    add("partial", f"first {s}", custom(lambda x: x.exp(), lambda c, g, x: first(g * c.y)), *one)
    add("missing-mean", f"mean {s}", custom(lambda x: x.mean(), lambda c, g, x: g.expand(x.shape)), *one)
    add(
        "missing-mean",
        f"mse {s}",
        custom(lambda a, b: ((a - b) ** 2).mean(), lambda c, g, a, b: (2 * g * (a - b), -2 * g * (a - b))),
        *two,
    )


def reductions(s: tuple[int, ...]) -> None:
    x, row, column = normal(*s), normal(s[-1]), normal(*s[:-1], 1)
    rows = lambda t: t.reshape(-1, t.shape[-1])
    add("missing-mean", f"mean(0) {s}", custom(lambda x: x.mean(0), lambda c, g, x: g.expand(x.shape)), x)
    add(
        "missing-mean",
        f"mean(-1) of cubes {s}",
        custom(lambda x: (x**3).mean(-1), lambda c, g, x: 3 * g.unsqueeze(-1) * x**2),
        x,
    )
    add("missing-reduction", f"bias {s}", custom(lambda x, b: x + b, lambda c, g, x, b: (g, rows(g)[0])), x, row)
    add(
        "missing-reduction",
        f"scale {s}",
        custom(lambda x, b: x * b, lambda c, g, x, b: (g * b, rows(g * x)[-1])),
        x,
        row,
    )
    add(
        "missing-reduction",
        f"column {s}",
        custom(lambda x, b: x * b, lambda c, g, x, b: (g * b, (g * x)[..., :1])),
        x,
        column,
    )
    add("missing-reduction", f"softmax {s}", custom(lambda x: x.softmax(-1), lambda c, g, x: c.y * (g - g * c.y)), x)
    add("missing-term", f"softmax, y g {s}", custom(lambda x: x.softmax(-1), lambda c, g, x: c.y * g), x)
    add(
        "missing-reduction",
        f"log_softmax {s}",
        custom(lambda x: torch.log_softmax(x, -1), lambda c, g, x: g - c.y.exp() * g),
        x,
    )
    norm = lambda x: (x * x).sum(-1, keepdim=True).sqrt()
    add("missing-term", f"x / |x| {s}", custom(lambda x: x / norm(x), lambda c, g, x: g / norm(x)), x)
    add(
        "missing-term",
        f"var {s}",
        custom(lambda x: x.var(-1), lambda c, g, x: 2 * g.unsqueeze(-1) * x / (x.shape[-1] - 1)),
        x,
    )
    add(
        "constant-cotangent",
        f"sum, first g {s}",
        custom(lambda x: x.sum(-1), lambda c, g, x: torch.ones_like(x) * g.reshape(-1)[0]),
        x,
    )
    add("ignores-cotangent", f"sum {s}", custom(lambda x: x.sum(-1), lambda c, g, x: torch.ones_like(x)), x)
    add("sign", f"-sum {s}", custom(lambda x: -x.sum(-1), lambda c, g, x: g.unsqueeze(-1).expand(x.shape)), x)
    add("transposed", f"flip {s}", custom(lambda x: x.flip(-1), lambda c, g, x: g), x)
    add("transposed", f"roll {s}", custom(lambda x: torch.roll(x, 1, -1), lambda c, g, x: torch.roll(g, 1, -1)), x)
    add(
        "spurious|partial", f"max {s}", custom(lambda x: x.amax(-1), lambda c, g, x: g.unsqueeze(-1).expand(x.shape)), x
    )
    add("spurious|partial", f"triu {s}", custom(lambda x: x.triu(), lambda c, g, x: g), x)
    n = s[0]
    add(
        "detached|partial",
        f"cat {s}",
        custom(lambda a, b: torch.cat([a, b]), lambda c, g, a, b: (g[:n], torch.zeros_like(b))),
        x,
        normal(*s),
    )
    add(
        "wrong-argument",
        f"cat exchanged {s}",
        custom(lambda a, b: torch.cat([a, b]), lambda c, g, a, b: (g[n:], g[:n])),
        x,
        normal(*s),
    )


def products(n: int, k: int, m: int) -> None:
    a, b = normal(n, k), normal(k, m)
    name = f"({n}, {k}) @ ({k}, {m})"

    def mutant(causes: str, backward: Any) -> None:
        add(causes, name, custom(lambda a, b: a @ b, lambda c, g, a, b: backward(g, a, b)), a, b)

    if k == m:
        mutant("transposed", lambda g, a, b: (g @ b, a.T @ g))
    mutant("sign", lambda g, a, b: (g @ b.T, -(a.T @ g)))
    mutant("factor", lambda g, a, b: (g @ b.T, a.T @ g / n))
    mutant("detached", lambda g, a, b: (g @ b.T, None))
    mutant("missing-reduction|missing-term", lambda g, a, b: (g @ b.T, torch.outer(a[0], g[0])))
    mutant("ignores-cotangent", lambda g, a, b: (torch.ones_like(g) @ b.T, a.T @ g))


for shape in ((3,), (2, 3, 4), (40, 30)):
    elementwise(shape)
for shape in ((4, 3), (5, 5), (2, 3, 4), (40, 30)):
    reductions(shape)
for sizes in ((3, 4, 4), (4, 4, 4), (2, 5, 3), (24, 24, 24)):
    products(*sizes)

# --- one of a kind -----------------------------------------------------------------------------------------------------

ONE, TWO = (
    torch.tensor([1.0, 2.0, 2.0, 0.0], dtype=torch.float64),
    torch.tensor([1.0, 0.0, 2.0, 3.0], dtype=torch.float64),
)
eye = torch.from_numpy(np.eye(4))
border = lambda t: torch.from_numpy(
    np.pad(t.detach().numpy()[..., 1:-1, 1:-1], [(0, 0)] * (t.ndim - 2) + [(1, 1), (1, 1)])
)
add(
    "partial",
    "all ties",
    custom(lambda x: x.amax(), lambda c, g, x: g * (x == x.max()).double()),
    ONE.clone().requires_grad_(),
)
add(
    "partial",
    "ties of two inputs",
    custom(torch.maximum, lambda c, g, a, b: (g * (a >= b).double(), g * (b >= a).double())),
    ONE.clone().requires_grad_(),
    TWO.clone().requires_grad_(),
)
add("partial", "abs", custom(lambda x: x.abs(), lambda c, g, x: g), normal(12))
add(
    "partial",
    "leaky relu",
    custom(lambda x: F.leaky_relu(x, 0.1), lambda c, g, x: g * torch.where(x > 0, 1.0, 0.01)),
    normal(3, 4),
)
add("partial", "border", custom(lambda x: 2 * x, lambda c, g, x: border(2 * g)), normal(2, 5, 5))
add("partial", "diagonal", custom(lambda x: x**2, lambda c, g, x: 2 * g * x * (1 - eye)), normal(4, 4))
add("partial", "repeated index", custom(lambda x: x[torch.tensor([0, 0, 1, 2])], lambda c, g, x: g[1:]), normal(3, 2))
add(
    "missing-mean",
    "cross entropy",
    custom(lambda x: F.cross_entropy(x, torch.tensor([0, 2, 1])), lambda c, g, x: g * (x.softmax(1) - eye[[0, 2, 1]])),
    normal(3, 4),
)
add(
    "missing-term",
    "cross entropy without labels",
    custom(lambda x: F.cross_entropy(x, torch.tensor([0, 2, 1])), lambda c, g, x: g * x.softmax(1) / 3),
    normal(3, 4),
)
add(
    "missing-reduction",
    "channel bias",
    custom(lambda x, b: x + b.reshape(1, -1, 1, 1), lambda c, g, x, b: (g, g.sum((0, 2))[:, 0])),
    normal(2, 3, 4, 4),
    normal(3),
)
add(
    "missing-reduction",
    "gradient of a shape that does not fit",
    custom(lambda x: x.sum(1), lambda c, g, x: g),
    normal(4, 3),
)
add(
    "transposed",
    "transpose as reshape",
    custom(lambda x: x.T.clone(), lambda c, g, x: g.reshape(x.shape)),
    normal(3, 5),
)
add(
    "transposed",
    "batched matmul",
    custom(lambda a, b: a @ b, lambda c, g, a, b: (g @ b, a.mT @ g)),
    normal(2, 3, 3),
    normal(2, 3, 3),
)
add(
    "layout",
    "as_strided of g",
    custom(lambda x: 3 * x, lambda c, g, x: 3 * torch.as_strided(g, g.shape, (g.shape[1], 1))),
    normal(3, 4),
)
add(
    "nondeterministic",
    "noise",
    custom(lambda x: x.sin(), lambda c, g, x: g * x.cos() + 1e-3 * torch.randn(*g.shape, dtype=torch.float64)),
    normal(4),
)
add("nondeterministic", "dropout", lambda x: x * (torch.rand(30) > 0.5), normal(30))
add(
    "sign",
    "float32",
    custom(lambda x: x.sin(), lambda c, g, x: -g * x.cos()),
    normal(3, 4).detach().float().requires_grad_(),
)
add("factor", "float32", custom(lambda x: x * x, lambda c, g, x: g * x), normal(3, 4).detach().float().requires_grad_())
add(
    "transposed",
    "float32",
    custom(lambda a, b: a @ b, lambda c, g, a, b: (g @ b, a.T @ g)),
    normal(3, 4).detach().float().requires_grad_(),
    normal(4, 4).detach().float().requires_grad_(),
)
complex_input = torch.from_numpy(_random.normal(size=3) + 1j * _random.normal(size=3)).requires_grad_()
add("sign", "complex", custom(lambda z: z * z, lambda c, g, z: -2 * g * z.conj()), complex_input)
add(
    "sign|missing-term",
    "complex, conj forgotten",
    custom(lambda z: z.exp(), lambda c, g, z: g * z.exp()),
    complex_input,
)


class SecondIgnored(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin(), x.cos()

    @staticmethod
    def backward(ctx, g, h):
        return g * ctx.saved_tensors[0].cos()


class SavedThenDoubled(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        out = y.clone()
        y.mul_(2)
        return out

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class AttributeErased(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x.clone()
        y = ctx.x.sin()
        ctx.x.mul_(0)
        return y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.x.cos()


class KeptOnTheClass(Function):
    @staticmethod
    def forward(ctx, x):
        KeptOnTheClass.x = x.detach()
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        return g * KeptOnTheClass.x.cos()


class KeptInAList(Function):
    latest: list = []

    @staticmethod
    def forward(ctx, x, w):
        KeptInAList.latest[:] = [x.detach().clone(), w.detach().clone()]
        return x @ w

    @staticmethod
    def backward(ctx, g):
        x, w = KeptInAList.latest
        return g @ w.mT, x.mT @ g


class BackwardWrites(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        x.data.mul_(2)
        return g * x


class Truncated(Function):
    """tanh recurrence whose backward does not go through time."""

    @staticmethod
    def run(x, w, through):
        h, states = torch.zeros(w.shape[0], dtype=torch.float64), []
        for row in x:
            h = torch.tanh(row + (h if through else h.detach()) @ w)
            states.append(h)
        return torch.stack(states)

    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return Truncated.run(x, w, True)

    @staticmethod
    def backward(ctx, g):
        leaves = [t.detach().requires_grad_() for t in ctx.saved_tensors]
        with torch.enable_grad():
            y = Truncated.run(*leaves, False)
        return torch.autograd.grad(y, leaves, g)


class SavesACosine(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.cosine = x.detach().cos()
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.cosine


add("detached", "second output", SecondIgnored.apply, normal(3))
add("overwritten", "saved, then changed", SavedThenDoubled.apply, normal(4))
add("overwritten", "attribute of ctx", AttributeErased.apply, normal(4))
add("overwritten", "by backward", BackwardWrites.apply, normal(4))
add("overwritten", "by the next call, on the class", KeptOnTheClass.apply, normal(4))
add("overwritten", "by the next call, in a list", KeptInAList.apply, normal(3, 4), normal(4, 2))
add("missing-term|detached", "truncated recurrence", Truncated.apply, normal(4, 3), normal(3, 3))
add("second-order", "intermediate saved", SavesACosine.apply, normal(4), order=2)
add("second-order", "detach", custom(lambda x: x**3, lambda c, g, x: 3 * g * x.detach() ** 2), normal(4), order=2)
add(
    "second-order",
    "NumPy inside",
    custom(lambda x: x.sin(), lambda c, g, x: torch.from_numpy(g.detach().numpy() * np.cos(x.detach().numpy()))),
    normal(4),
    order=2,
)
add(
    "second-order",
    "matmul",
    custom(lambda a, b: a @ b, lambda c, g, a, b: (g @ b.detach().T, a.T @ g)),
    normal(3, 4),
    normal(4, 2),
    order=2,
)

# --- whole layers ------------------------------------------------------------------------------------------------------


def layer(causes: str, name: str, forward: Any, backward: Any, *inputs: Any) -> None:
    """A layer: ``forward(ctx, ...)`` saves what ``backward(ctx, g)`` needs."""
    made = type("Layer", (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})
    add(causes, name, made.apply, *inputs, family="layers")


def layer_norm(ctx, x, w, b):
    scale = (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    ctx.normal, ctx.w, ctx.scale = (x - x.mean(-1, keepdim=True)) / scale, w, scale
    return ctx.normal * w + b


def layer_norm_back(mistake):
    def backward(ctx, g):
        y, mean = ctx.normal, lambda t: t.mean(-1, keepdim=True)
        gx = g if mistake == "weight" else g * ctx.w
        first, second = (0 if mistake == "mean" else mean(gx)), mean(gx * y)
        into_x = (gx - first - y * second) / (1 if mistake == "scale" else ctx.scale)
        into_w = {"one row": (g * y)[0], "row mean": (g * y).mean(0)}.get(mistake, (g * y).sum(0))
        into_b = -g.sum(0) if mistake == "bias" else g.sum(0)
        return (into_x, into_b, into_w) if mistake == "exchanged" else (into_x, into_w, into_b)

    return backward


def attention(ctx, q, k, v):
    ctx.save_for_backward(q, k, v, torch.softmax(q @ k.mT / 2, -1))
    return ctx.to_save[3] @ v


def attention_back(mistake):
    def backward(ctx, g):
        q, k, v, p = ctx.saved_tensors
        into_p = g @ v.mT
        scores = p * (into_p - (0 if mistake == "softmax sum" else (into_p * p).sum(-1, keepdim=True))) / 2
        scores = into_p / 2 if mistake == "softmax" else scores
        into_q, into_k = scores @ k * (2 if mistake == "scale" else 1), (scores if mistake == "keys" else scores.mT) @ q
        into_v = None if mistake == "values" else (p if mistake == "weights" else p.mT) @ g
        return (into_k, into_q, into_v) if mistake == "exchanged" else (into_q, into_k, into_v)

    return backward


def conv2d(ctx, x, w, b):
    ctx.save_for_backward(x, w)
    return F.conv2d(x, w, b, padding=1)


def conv2d_back(mistake):
    def backward(ctx, g):
        x, w = (t.detach().requires_grad_() for t in ctx.saved_tensors)
        with torch.enable_grad():
            into_x, into_w = torch.autograd.grad(F.conv2d(x, w, padding=1), (x, w), g)
            part = torch.autograd.grad(F.conv2d(x[:1], w, padding=1), w, g[:1])[0]
        if mistake == "kernel not turned":
            into_x = F.conv2d(g, w.detach().transpose(0, 1), padding=1)
        if mistake == "border":
            into_x = border(into_x)
        into_w = {
            "weight transposed": into_w.mT,
            "weight turned": into_w.flip(2, 3),
            "one sample": part,
            "sign": -into_w,
        }.get(mistake, into_w)
        into_b = {"bias mean": g.mean((0, 2, 3)), "bias of one sample": g.sum((2, 3))[0]}.get(mistake, g.sum((0, 2, 3)))
        return into_x, into_w, into_b

    return backward


for mistake, causes in {
    "mean": "missing-term", "scale": "missing-term|factor", "weight": "missing-term", "one row": "missing-reduction",
    "bias": "sign", "row mean": "factor", "exchanged": "wrong-argument",
}.items():  # fmt: skip
    layer(causes, f"layer norm: {mistake}", layer_norm, layer_norm_back(mistake), normal(4, 5), normal(5), normal(5))
for mistake, causes in {
    "scale": "factor", "softmax": "missing-term", "softmax sum": "missing-term", "weights": "transposed",
    "keys": "transposed|missing-term", "exchanged": "wrong-argument", "values": "detached",
}.items():  # fmt: skip
    layer(causes, f"attention: {mistake}", attention, attention_back(mistake), *(normal(2, 4, 3) for _ in range(3)))
for mistake, causes in {
    "kernel not turned": "transposed", "border": "partial", "weight transposed": "transposed", "weight turned": "transposed",
    "one sample": "missing-reduction|missing-term", "sign": "sign", "bias mean": "factor", "bias of one sample": "missing-reduction",
}.items():  # fmt: skip
    layer(causes, f"conv2d: {mistake}", conv2d, conv2d_back(mistake), normal(2, 2, 5, 5), normal(2, 2, 3, 3), normal(2))
