"""Lion: the sign of an interpolated momentum. Not in PyTorch."""

from __future__ import annotations

from typing import Any

from .adam import check_betas
from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr

__all__ = ["Lion"]


class Lion(RuleOptimizer):
    """Lion ("evolved sign momentum"): ``p -= lr * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * p)``.

    Half the state of Adam. The authors suggest a learning rate 3 to 10 times smaller than Adam's, and a weight decay as
    much larger.

    Args:
        params: the parameters, or groups of them.
        lr: the size of the step in every coordinate.
        betas: how much momentum is in the step, and the momentum's own decay rate.
        weight_decay: decoupled.
        maximize: climb instead.
        differentiable: record the step itself.

    Source: Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms", https://arxiv.org/abs/2302.06675

    >>> import autograd
    >>> p = autograd.tensor([1.0, -2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Lion([p], lr=0.5).step()
    >>> p.detach()
    tensor([ 0.5000, -1.5000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_betas(betas)
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        super().__init__(
            params,
            dict(lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize, differentiable=differentiable),
        )

    def slots(self, group: Values) -> Values:
        return {"exp_avg": 0.0}

    def scalars(self, group: Values) -> Values:
        return {}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        (beta1, beta2), lr, m = h["betas"], h["lr"], s["exp_avg"]
        if h["maximize"]:
            g = do.negative(g, out=t)
        p = do.multiply(p, 1 - lr * h["weight_decay"], out=p)
        # of beta1 * m + (1 - beta1) * g only the sign counts: divided by 1 - beta1 it needs no second scratch
        ahead = do.add(do.multiply(m, beta1 / (1 - beta1), out=u), g, out=u)
        p = do.subtract(p, do.multiply(do.sign(ahead, out=u), lr, out=u), out=p)
        m = do.add(do.multiply(m, beta2, out=m), do.multiply(g, 1 - beta2, out=u), out=m)
        return p, {"exp_avg": m}
