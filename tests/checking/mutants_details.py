"""Wrong gradients whose sentence is tested too: it has to name what is wrong in words that can be acted on."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as torch
from autograd import Function

from .mutants import MUTANTS, Mutant

RNG = np.random.default_rng(5)
SENTENCES: dict[str, str] = {}  # a part of the sentence, by the name of the mutant


def random(*shape: int) -> Any:
    return torch.from_numpy(np.asarray(RNG.normal(size=shape))).requires_grad_()


def program(cause: str, name: str, says: str, function: Any, *inputs: Any) -> None:
    MUTANTS.append(Mutant(name, "details", (cause,), function, inputs))
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
