"""Adadelta: Adagrad with a window, and units that match."""

from __future__ import annotations

from typing import Any

from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, descent

__all__ = ["Adadelta"]


class Adadelta(RuleOptimizer):
    """Steps scaled by a running average of squared steps over one of squared gradients.

    Args:
        params: the parameters, or groups of them.
        lr: scales the step.
        rho: decay rate of both averages.
        eps: added under both roots.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Zeiler, https://arxiv.org/abs/1212.5701; https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adadelta([p], lr=100.0).step()
    >>> p.detach()
    tensor([0.6838, 1.6838])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check(0 <= rho <= 1, f"Invalid rho value: {rho}")
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        defaults = dict(
            lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize, capturable=capturable,
            foreach=foreach, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def slots(self, group: Values) -> Values:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        rho, eps, square, moved = h["rho"], h["eps"], s["square_avg"], s["acc_delta"]
        g = descent(do, h, p, g, t, u)
        latest = do.multiply(do.multiply(g, g, out=u), 1 - rho, out=u)
        square = do.add(do.multiply(square, rho, out=square), latest, out=square)
        ratio = do.divide(do.add(moved, eps, out=u), do.add(square, eps), out=u)
        delta = do.multiply(do.sqrt(ratio, out=u), g, out=u)
        p = do.subtract(p, do.multiply(delta, h["lr"], out=t), out=p)
        latest = do.multiply(do.multiply(delta, delta, out=u), 1 - rho, out=u)
        moved = do.add(do.multiply(moved, rho, out=moved), latest, out=moved)
        return p, {"square_avg": square, "acc_delta": moved}
