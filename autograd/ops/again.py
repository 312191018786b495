"""The derivative of a fused backward, without writing it: the engine differentiates the plain definition twice.

A fused operation (a recurrent layer, attention) has a fast backward, which is an operation of its own. That needs a
formula too, for gradients of gradients. ``differentiate_again`` is this formula: it runs the *definition* - the same
mathematics in recorded operations - and asks the engine for the gradient of its gradient. Slower than a hand-written
second derivative, and never wrong about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph import enable_grad
from ..passes import grad
from ..tensor import Tensor, wrap
from .shape import reshape_to


def differentiate_again(
    definition: Callable[..., tuple[Any, ...]], G: Any, gs: tuple[Any, ...], inputs: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The cotangents of ``gs`` and ``inputs``, given those of what the backward of ``definition`` made of them.

    Args:
        definition: takes the inputs that are not None as they stand (and None for the others), gives as many results
            as there are ``gs``.
        G: the cotangents of the backward's results: one for each input.
        gs: the cotangents of the definition's results that the backward was given.
        inputs: arrays or Tensors; None for an input that is absent.

    Returns:
        One cotangent, or None, for each of ``gs`` and then ``inputs``: arrays if everything given is an array, and
        otherwise Tensors that can be differentiated further.
    """
    recording = any(isinstance(a, Tensor) for a in (*G, *gs, *inputs))
    with enable_grad():
        aliases = [_alias(a) for a in (*gs, *inputs)]
        outer, inner = aliases[: len(gs)], aliases[len(gs) :]
        outputs = definition(*inner)
        live = [a for a in inner if a is not None]
        first = grad(list(outputs), live, outer, create_graph=True, allow_unused=True)
        weights = [c for c, a in zip(G, inner, strict=True) if a is not None]
        pairs = [
            (f, c if isinstance(c, Tensor) else wrap(c)) for f, c in zip(first, weights, strict=True) if f is not None
        ]
        wanted = [a for a in aliases if a is not None]
        got = iter(
            grad([f for f, _ in pairs], wanted, [c for _, c in pairs], create_graph=recording, allow_unused=True)
        )
    found = [None if a is None else next(got) for a in aliases]
    return tuple([c if c is None or recording else c.array for c in found])


def _alias(a: Any) -> Any:
    """The same value with a node of its own, so that other ways on which it matters do not count."""
    if a is None:
        return None
    if isinstance(a, Tensor) and a.requires_grad:
        return reshape_to(a, a.array.shape)
    return wrap(a.array if isinstance(a, Tensor) else a).requires_grad_()
