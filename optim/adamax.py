"""Adamax: Adam with the infinity norm."""

from __future__ import annotations

from typing import Any

from .adam import check_betas
from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, descent

__all__ = ["Adamax"]


class Adamax(RuleOptimizer):
    """Adam whose second average is a decaying maximum: ``u = max(beta2 * u, |g| + eps); p -= lr * m / u``.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        betas: decay rates of the average and of the maximum.
        eps: added to the gradient's size.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Kingma and Ba, https://arxiv.org/abs/1412.6980; https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adamax([p], lr=0.1).step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def slots(self, group: Values) -> Values:
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        (beta1, beta2), m, most = h["betas"], s["exp_avg"], s["exp_inf"]
        g = descent(do, h, p, g, t, u)
        m = do.add(do.multiply(m, beta1, out=m), do.multiply(g, 1 - beta1, out=u), out=m)
        size = do.add(do.absolute(g, out=u), h["eps"], out=u)
        most = do.maximum(do.multiply(most, beta2, out=most), size, out=most)
        step = do.multiply(do.divide(m, most, out=u), h["lr"] / (1 - beta1 ** h["step"]), out=u)
        return do.subtract(p, step, out=p), {"exp_avg": m, "exp_inf": most}
