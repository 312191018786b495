"""Wrong gradients as strangers to the diagnosis wrote them; those that it missed or misnamed at first have a rule now."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as torch
import nn.functional as F
from autograd import Function

from .mutants import MUTANTS, Mutant
from .mutants_programs import random, wrong

INDEX = torch.tensor([2, 0, 1, 2, 3])
MASK = torch.tensor([1, 0, 1, 1, 0, 1, 0, 1]).double()
EYE = torch.eye(3, dtype=torch.float64)


def values(*numbers: Any) -> Any:
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def seed(causes: str, name: str, forward: Any, backward: Any, *inputs: Any, order: int = 1) -> None:
    wrong("strangers", name, causes, forward, backward, *inputs, order=order)


def program(causes: str, name: str, function: Any, *inputs: Any) -> None:
    MUTANTS.append(Mutant(name, "strangers", tuple(causes.split("|")), function, inputs))


# --- several arguments ---
a, b, c = random(4), random(4), random(4)
seed("wrong-argument", "ring of three", lambda a, b, c: a * 2 + b * 3 + c * c, lambda g, a, b, c: (3 * g, 2 * g * c, 2 * g), a, b, c)  # fmt: skip
seed("wrong-argument", "fma with the addend", lambda a, b, c: a * b + c, lambda g, a, b, c: (g * c, g * a, g), a, b, c)
seed("wrong-argument", "gate of itself", lambda a, b: a * b.sigmoid(), lambda g, a, b: (g * a.sigmoid(), g * a * b.sigmoid() * (1 - b.sigmoid())), a, b)  # fmt: skip
seed("wrong-argument", "gradients in the other's place", lambda a, b: a + 0 * b, lambda g, a, b: (0 * g, g), a, b)
seed("wrong-argument", "halves of cat", lambda a, b: torch.cat([a, b]), lambda g, a, b: (g[3:], g[:3]), random(3, 2), random(3, 2))  # fmt: skip
seed("sign", "second of a quotient", lambda a, b: a / b, lambda g, a, b: (g / b, g * a / b**2), a, random(4, kind="positive"))  # fmt: skip
seed("detached", "bias", lambda x, w, b: x @ w + b, lambda g, x, w, b: (g @ w.T, x.T @ g, None), random(3, 2), random(2, 4), random(4))  # fmt: skip

# --- masks, kinks, branches ---
seed("spurious", "dropout inverted", lambda x: x * MASK * 2, lambda g, x: g * (1 - MASK) * 2, random(8))
seed("spurious", "clamp inverted", lambda x: x.clamp(-0.5, 0.5), lambda g, x: g * (x.abs() > 0.5).double(), random(8))
seed("spurious", "constant of a step", torch.floor, lambda g, x: 0 * g + 0.3, random(6))
seed("factor", "dropout without scale", lambda x: x * MASK * 2, lambda g, x: g * MASK, random(8))
seed("partial", "prelu branches", lambda x: torch.where(x > 0, x, x / 4), lambda g, x: torch.where(x > 0, g / 4, g), random(8))  # fmt: skip
seed("partial", "two at the kink of relu", torch.relu, lambda g, x: g * torch.where(x > 0, 1.0, torch.where(x == 0, 2.0, 0.0)), values(1, 0, 2, -3))  # fmt: skip
seed("partial", "hardswish beyond its range", F.hardswish, lambda g, x: g * (2 * x + 3) / 6, values(-5, -4, -2, -1, 0.5, 1.5, 4, 6))  # fmt: skip
seed("not-finite", "abs as x/|x| at zero", torch.abs, lambda g, x: g * x / x.abs(), values(1, 0, 2, -3))
seed("partial", "last chunk lost", torch.tanh, lambda g, x: torch.cat([(g * (1 - x.tanh() ** 2))[:4], 0 * g[4:]]), random(6, 2))  # fmt: skip
seed("partial", "batch from its first sample", lambda x: x * x, lambda g, x: 2 * g * x[0], random(4, 3))
seed("partial", "lower triangle lost", lambda x: x * x, lambda g, x: torch.triu(2 * g * x), random(4, 4))
seed("partial", "repeated ids overwritten", lambda x: x[INDEX] * 1.0, lambda g, x: torch.zeros_like(x).index_copy(0, INDEX, g), random(4, 3))  # fmt: skip

# --- the cotangent ---
seed("ignores-cotangent", "softmax part of log_softmax", lambda x: x.log_softmax(-1), lambda g, x: g - x.softmax(-1), random(3, 4))  # fmt: skip
seed("ignores-cotangent", "weights only", lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ torch.ones_like(g)), random(4, 2), random(2, 3))  # fmt: skip
seed("nonlinear", "normalised", torch.sin, lambda g, x: g / g.norm() * x.cos(), random(5))
seed("nonlinear", "clipped", torch.exp, lambda g, x: g.clamp(-0.5, 0.5) * x.exp(), random(5))
seed("constant-cotangent", "largest", torch.exp, lambda g, x: g.max() * x.exp(), random(5))
seed("spurious", "sum over the batch", torch.exp, lambda g, x: g.sum(0) * x.exp(), random(4, 3))
seed("spurious", "weight decay", torch.sin, lambda g, x: g * x.cos() + 0.01 * x, random(6))
seed("spurious", "a term too many", torch.sin, lambda g, x: g * x.cos() + (g * x).sum() * x, random(5))

# --- axes and places ---
seed("missing-reduction", "softmax along the other axis", lambda x: x.softmax(1), lambda g, x: x.softmax(1) * (g - (g * x.softmax(1)).sum(0)), random(3, 3))  # fmt: skip
seed("missing-reduction", "cumsum along the other axis", lambda x: x.cumsum(0), lambda g, x: g.flip(1).cumsum(1).flip(1), random(3, 4))  # fmt: skip
seed("missing-reduction", "softmax: own place only", lambda x: x.softmax(-1), lambda g, x: g * x.softmax(-1) * (1 - x.softmax(-1)), random(3, 4))  # fmt: skip
seed("missing-reduction", "repeat_interleave", lambda x: x.repeat_interleave(3), lambda g, x: g[::3], random(4))
seed("missing-reduction", "scalar: one column", lambda x, s: x * s, lambda g, x, s: (g * s, (g * x).sum(0)[0]), random(4, 3), random())  # fmt: skip
seed("transposed", "roll back by one too few", lambda x: x.roll(2, 0) * 1.0, lambda g, x: g.roll(-1, 0), random(6))
seed("transposed", "padding on the other side", lambda x: F.pad(x, (2, 1)), lambda g, x: g[..., 1:-2], random(3, 4))
seed("transposed", "slice shifted by one", lambda x: x[1:4] * 1.0, lambda g, x: torch.cat([g, torch.zeros(2, 2).double()]), random(5, 2))  # fmt: skip
seed("transposed", "index off by one", lambda x: x[INDEX] * 1.0, lambda g, x: torch.zeros_like(x).index_add(0, (INDEX + 1) % 4, g), random(4, 3))  # fmt: skip
seed("transposed", "argmin for argmax", lambda x: x.max(1).values, lambda g, x: torch.zeros_like(x).scatter(1, x.argmin(1, keepdim=True), g[:, None]), random(4, 5))  # fmt: skip
seed("transposed", "heads merged without transpose", lambda x: x.reshape(2, 4, 2, 3).transpose(1, 2) * 1.0, lambda g, x: g.reshape(2, 4, 6), random(2, 4, 6))  # fmt: skip
seed("transposed", "time shifted again", lambda x: torch.cat([0 * x[:1], x[:-1]]), lambda g, x: torch.cat([0 * g[:1], g[:-1]]), random(5, 2))  # fmt: skip
seed("partial", "row of a padded array lost", lambda x: F.pad(x, (1, 2, 0, 3)), lambda g, x: torch.cat([g[:2, 1:5], 0 * g[:1, 1:5]]), random(3, 4))  # fmt: skip

# --- factors and terms ---
seed("factor", "counted twice", torch.sin, lambda g, x: g * x.cos() + g * x.cos(), random(4, 3))
seed("factor", "n - 1", lambda x: x.var(), lambda g, x: g * 2 * (x - x.mean()) / x.numel(), random(6))
seed("factor", "width not squared", lambda x: torch.exp(-x * x / 0.18), lambda g, x: -g * x / 0.3 * torch.exp(-x * x / 0.18), random(5))  # fmt: skip
seed("missing-mean", "global average pool", lambda x: x.mean((2, 3)), lambda g, x: g[:, :, None, None].expand_as(x), random(2, 3, 4, 4))  # fmt: skip
seed("missing-mean", "last axis of a loss", lambda a, b: ((a - b) ** 2).mean(-1), lambda g, a, b: (2 * g[:, None] * (a - b), -2 * g[:, None] * (a - b)), random(3, 4), random(3, 4))  # fmt: skip
seed("missing-mean|factor", "scale of ifft", torch.fft.ifft, lambda g, x: torch.fft.fft(g), random(6, kind="complex"))
seed("missing-term", "eps outside of the root", lambda x: x / (x * x + 0.1).sqrt(), lambda g, x: 0.1 * g / (x.abs() + 0.1) ** 3, random(5))  # fmt: skip
seed("missing-term", "last contribution of logcumsumexp", lambda x: x.logcumsumexp(0), lambda g, x: g * x.softmax(0), random(5))  # fmt: skip
seed("missing-term", "entropy without its constant", lambda x: -(x * x.log()).sum(), lambda g, x: -g * x.log(), random(6, kind="unit"))  # fmt: skip
seed("missing-term", "A A'", lambda x: x @ x.T, lambda g, x: g @ x, random(3, 4))
seed(
    "missing-term",
    "complex chain factor",
    lambda z: z * z.conj() * z,
    lambda g, z: g * z * z,
    random(3, kind="complex"),
)
seed("transposed", "solve", lambda A, b: torch.linalg.solve(A, b), lambda g, A, b: (None, torch.linalg.solve(A, g)), (3 * EYE + random(3, 3).detach()), random(3, 2))  # fmt: skip
seed("sign", "conj of 1j", lambda z: z * 1j, lambda g, z: g * 1j, random(4, kind="complex"))
seed(
    "sign",
    "second derivative of angle",
    torch.angle,
    lambda g, z: -g * 1j * z / z.abs() ** 2,
    random(4, kind="complex"),
)
seed("dtype", "constant in float32", lambda x: torch.sin(np.pi * x), lambda g, x: g * float(np.float32(np.pi)) * torch.cos(np.pi * x), random(4))  # fmt: skip

# --- programs ---
program("missing-term|detached", "statistics detached", lambda x: x / x.detach().norm(), random(5))
program("factor", "one of two uses by .data", lambda x: x * x.data, random(4))
program("detached", "item()", lambda a, b: a * b.item(), random(4), random())


class PreviousCall(Function):
    """Its backward uses what the call before this one was given."""

    last: Any = None

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x if PreviousCall.last is None else PreviousCall.last)
        PreviousCall.last = x.detach().clone()
        return x.sin()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0].cos()


class SharedBuffer(Function):
    """All calls write what they need into one buffer."""

    buffer = torch.zeros(4, dtype=torch.float64)

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.buffer = SharedBuffer.buffer.copy_(x.detach())
        return x.sin()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.buffer.cos()


program("nondeterministic", "value of the call before", PreviousCall.apply, random(4))
program(
    "overwritten", "one buffer for all calls", lambda x: SharedBuffer.apply(x) * SharedBuffer.apply(2 * x), random(4)
)


# --- second order: a backward written as a Function of its own ---
class WrongTwice(Function):
    """The derivative of the cube, whose own derivative lacks the x."""

    @staticmethod
    def forward(ctx: Any, g: Any, x: Any) -> Any:
        ctx.save_for_backward(g, x)
        return g * 3 * x**2

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        g, x = ctx.saved_tensors
        return h * 3 * x**2, h * g * 6


seed("second-order", "double backward without x", lambda x: x**3, WrongTwice.apply, random(4), order=2)


# --- large inputs, whose Jacobians are sampled; float32 ---
large, other = random(40, 50), random(40, 50)
single = random(4, 3).detach().float().requires_grad_()
seed("spurious", "large: inverted mask", torch.relu, lambda g, x: g * (x < 0).double(), large)
seed("transposed", "large: reshape for transpose", lambda x: x.T * 2, lambda g, x: 2 * g.reshape(x.shape), large)
seed("partial", "large: last row", torch.exp, lambda g, x: torch.cat([(g * x.exp())[:-1], 0 * g[-1:]]), large)
seed("missing-reduction", "large: one row", lambda x, b: x + b, lambda g, x, b: (g, g[0]), large, random(50))
seed("constant-cotangent", "large: mean", torch.sin, lambda g, x: g.mean() * x.cos(), large)
seed(
    "wrong-argument",
    "large: exchanged",
    lambda a, b: a * b * b,
    lambda g, a, b: (2 * g * a * b, g * b * b),
    large,
    other,
)
seed("missing-term", "float32: silu", F.silu, lambda g, x: g * torch.sigmoid(x), single)
seed("missing-reduction", "float32: one row", lambda x, b: x + b, lambda g, x, b: (g, g[0]), single, random(3).detach().float().requires_grad_())  # fmt: skip
seed("nonlinear", "only what is positive", torch.relu, lambda g, x: g * (x > 0).double() * (g > 0).double(), random(6))
seed("nonlinear", "clipped by its norm", lambda x: x * 1.0, lambda g, x: g * min(1.0, 1.0 / float(g.norm())), random(4))
seed("missing-term", "one-hot of a cross-entropy", lambda x: F.cross_entropy(x, torch.tensor([0, 1]), reduction="sum"), lambda g, x: g * x.softmax(1), random(2, 3))  # fmt: skip
