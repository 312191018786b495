"""Wrong gradients whose sentence is tested too: it has to name what is wrong in words that can be acted on."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as torch
import nn.functional as F
from autograd import Function

from .mutants import MUTANTS, Mutant
from .mutants_programs import wrong

RNG = np.random.default_rng(5)
SENTENCES: dict[str, str] = {}  # a part of the sentence, by the name of the mutant


def random(*shape: int) -> Any:
    return torch.from_numpy(np.asarray(RNG.normal(size=shape))).requires_grad_()


def program(cause: str, name: str, says: str, function: Any, *inputs: Any) -> None:
    MUTANTS.append(Mutant(name, "details", (cause,), function, inputs))
    SENTENCES[name] = says


def seed(cause: str, name: str, says: str, forward: Any, backward: Any, *inputs: Any) -> None:
    wrong("details", name, cause, forward, backward, *inputs)
    SENTENCES[name] = says


# --- state ---
class CachedByShape(Function):
    """What the first call of a shape was given is used by all later ones."""

    cache: dict[Any, Any] = {}

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        CachedByShape.cache.setdefault(x.shape, x.detach().clone())
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g * CachedByShape.cache[g.shape]


class OthersCondition(Function):
    """The second gradient is computed if the first one is needed."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, b = ctx.saved_tensors
        return g * b, g * a if ctx.needs_input_grad[0] else None


class MaskDrawnAgain(Function):
    """Dropout whose backward draws a mask of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        torch.manual_seed(0)
        return x * (torch.rand(x.shape) > 0.5) * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * (torch.rand(g.shape) > 0.5) * 2


program("nondeterministic", "cached by shape", "At other values the gradient is still the one of here", CachedByShape.apply, random(5))  # fmt: skip
program("detached", "needs_input_grad of the other", "needs_input_grad", OthersCondition.apply, random(3), random(3))
program("nondeterministic", "mask drawn again", "random numbers", MaskDrawnAgain.apply, random(20))


class ClippedFarAway(Function):
    """A limit for the gradient that only large ones reach."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return (2 * g).clamp(-10, 10)


program("nonlinear", "clipped at 10", "-1024 times the cotangent", ClippedFarAway.apply, random(4))


# --- terms that go through a number which elements share ---
def rms(x: Any) -> Any:
    return x * (x * x).mean(-1, keepdim=True).add(1e-6).rsqrt()


def rms_back(g: Any, x: Any, k: float) -> Any:
    r = (x * x).mean(-1, keepdim=True).add(1e-6).rsqrt()
    return g * r - k * x * r**3 * (g * x).mean(-1, keepdim=True)


def layer_norm(x: Any, w: Any) -> Any:
    return F.layer_norm(x, (5,)) * w


def layer_norm_back(g: Any, x: Any, w: Any, k: float) -> Any:
    h, r = F.layer_norm(x, (5,)), (x.var(-1, unbiased=False, keepdim=True) + 1e-5).rsqrt()
    v = g * w if k else g
    k = k or 1
    return r * (v - k * v.mean(-1, keepdim=True) - k * h * (v * h).mean(-1, keepdim=True)), (g * h).sum(0)


def standardised(x: Any) -> Any:
    with torch.no_grad():
        s = x.std()
    return x / s


TERM = "What differs is a multiple of "
seed("missing-term", "rms norm: half a term", TERM + "input * sum(g * input)", rms, lambda g, x: rms_back(g, x, 0.5), random(3, 4))  # fmt: skip
seed("missing-term", "log_softmax: mean for sum", TERM + "exp(input) * sum(g)", lambda x: x.log_softmax(-1), lambda g, x: g - x.softmax(-1) * g.mean(-1, keepdim=True), random(3, 5))  # fmt: skip
seed("spurious", "a sum too many", "A term too many: a multiple of input * sum(g)", torch.sin, lambda g, x: g * x.cos() + g.sum() * x, random(5))  # fmt: skip
seed("missing-term", "layer norm: sums for means", "goes through a number that elements share", layer_norm, lambda g, x, w: layer_norm_back(g, x, w, 5.0), random(3, 5), random(5))  # fmt: skip
seed("missing-term", "layer norm: scale left out", "true = claimed * argument 1", layer_norm, lambda g, x, w: layer_norm_back(g, x, w, 0.0), random(3, 5), random(5))  # fmt: skip
program("missing-term", "deviation under no_grad", "goes through a number that elements share", standardised, random(5))
seed("missing-term", "silu after a product", "look at the last thing that happens to the output", lambda x, w: F.silu(x @ w), lambda g, x, w: (g @ w.T, x.T @ g), random(3, 3), random(3, 2))  # fmt: skip

# --- the right numbers in other places ---
seed("transposed", "causal padding on the other side", "2 further along axis 2", lambda x, w: F.conv1d(F.pad(x, (2, 0)), w), lambda g, x, w: (F.conv_transpose1d(g, w)[..., :-2], None), random(1, 2, 6), random(2, 2, 3).detach())  # fmt: skip
seed("transposed", "cumprod: not turned round", "a scan runs the wrong way", lambda x: x.cumprod(0), lambda g, x: (g * x.cumprod(0)).cumsum(0) / x, random(5))  # fmt: skip
seed("wrong-argument", "the input saved for the output", "formula were given the output", torch.tanh, lambda g, x: g * (1 - x * x), random(5))  # fmt: skip
seed("wrong-argument", "the output saved for the input", "formula were given the input", torch.sin, lambda g, x: g * x.sin().cos(), random(5))  # fmt: skip


class Exchanged(Function):
    """Two outputs whose cotangents are unpacked in the wrong order."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.sin(), x.exp()

    @staticmethod
    def backward(ctx: Any, second: Any, first: Any) -> Any:
        (x,) = ctx.saved_tensors
        return first * x.cos() + second * x.exp()


program("wrong-argument", "cotangents of two outputs", "It is the gradient of output 1", Exchanged.apply, random(4))

# --- some elements, some uses ---
OTHER = torch.tensor([1.0, 0, 1, 1, 0, 0, 1, 0]).double()
DROPPED = torch.tensor([1.0, 1, 0, 1, 0, 1, 0, 0]).double()
TWICE = torch.tensor([1, 1, 3, 0])
seed("spurious", "another mask", "the mask is another one", lambda x: x * DROPPED, lambda g, x: g * OTHER, random(8))
seed("spurious", "masked mean over all", "the rest is 0.6 times", lambda x: x[TWICE[1:]].mean(), lambda g, x: g * torch.ones_like(x) / 5, random(5))  # fmt: skip
seed("partial", "an average of repeated rows", "There it is 0.5 times", lambda x: x[TWICE] * 1.0, lambda g, x: torch.zeros_like(x).index_add(0, TWICE, g) / torch.tensor([1.0, 2, 1, 1])[:, None], random(4, 2))  # fmt: skip
seed("partial", "repeated rows assigned", "must be added up", lambda x: x[TWICE] * 1.0, lambda g, x: torch.zeros_like(x).index_copy(0, TWICE, g), random(4, 2))  # fmt: skip
seed("partial", "product with a zero", "No gradient arrives at these values", torch.prod, lambda g, x: g * x.prod() / torch.where(x == 0, 1.0, x), torch.tensor([0.0, 2, 3], dtype=torch.float64, requires_grad=True))  # fmt: skip
seed("missing-term", "differences: first use", "only the first of the two uses", lambda x: ((x[:, None] - x) ** 2).sum(-1), lambda g, x: 2 * (g[..., None] * (x[:, None] - x)).sum(1), random(3, 2))  # fmt: skip
seed("missing-term", "linear interpolation as nearest", "goes to fewer places", lambda x: F.interpolate(x, scale_factor=2, mode="linear"), lambda g, x: g.reshape(1, 1, 4, 2).sum(-1), random(1, 1, 4))  # fmt: skip
seed("partial", "imaginary part lost", "(imaginary parts)", lambda z: torch.view_as_real(z) * 1.0, lambda g, z: g[..., 0].to(torch.complex128), torch.view_as_complex(random(4, 2).detach()).requires_grad_())  # fmt: skip
seed("factor", "mean over the batch", "a mean over 4 elements stands where their sum is meant", lambda x, b: x + b, lambda g, x, b: (g, g.mean(0)), random(4, 3), random(3))  # fmt: skip
seed("dtype", "cosine near pi/2 in float32", "right to float32 only", torch.sin, lambda g, x: (g * x.float().cos()).double(), torch.tensor([1.5707, 0.3, 1.0], dtype=torch.float64, requires_grad=True))  # fmt: skip
