"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, descent

__all__ = ["SGD"]


class SGD(RuleOptimizer):
    """Stochastic gradient descent, with momentum if asked: ``p -= lr * g``.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        momentum: ``b = momentum * b + (1 - dampening) * g`` takes the place of g (in the first step, g itself).
        dampening: see momentum.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        nesterov: go along ``g + momentum * b``.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, fused: accepted; there is one implementation.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    >>> import autograd
    >>> p = autograd.tensor([1.0], requires_grad=True)
    >>> (p * 3).sum().backward()
    >>> SGD([p], lr=0.1).step()
    >>> p.detach()
    tensor([0.7000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check(momentum >= 0, f"Invalid momentum value: {momentum}")
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        check(
            not nesterov or (momentum > 0 and dampening == 0),
            "Nesterov momentum requires a momentum and zero dampening",
        )
        defaults = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
            maximize=maximize, foreach=foreach, differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)

    _nanoseconds = 0.5

    def scalars(self, group: Values) -> Values:
        return {}

    def slots(self, group: Values) -> Values:
        return {"momentum_buffer": None} if group["momentum"] != 0 else {}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        g = descent(do, h, p, g, t, u)
        momentum = h["momentum"]
        if momentum != 0:
            b = s["momentum_buffer"]
            if h["fresh"]:
                b = do.multiply(g, 1.0, out=b)
            else:
                b = do.add(do.multiply(b, momentum, out=b), do.multiply(g, 1 - h["dampening"], out=u), out=b)
            s = {"momentum_buffer": b}
            g = do.add(g, do.multiply(b, momentum, out=u), out=t) if h["nesterov"] else b
        return do.subtract(p, do.multiply(g, h["lr"], out=u), out=p), s
