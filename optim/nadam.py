"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

from typing import Any

from .adam import check_betas
from .optimizer import check
from .rule import RuleOptimizer, Values, averages, check_lr, decayed

__all__ = ["NAdam"]


class NAdam(RuleOptimizer):
    """Adam with Nesterov momentum: the step looks ahead, with a momentum that grows from ``beta1 / 2`` to ``beta1``.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        betas: decay rates of the two averages.
        eps: added to the denominator.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        momentum_decay: how fast the momentum grows.
        decoupled_weight_decay: shrink the parameter by ``lr * weight_decay`` instead.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Dozat (2016), https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = NAdam([p], lr=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p.detach()
    tensor([0.8200, 1.8179])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        check(momentum_decay >= 0, f"Invalid momentum_decay value: {momentum_decay}")
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay, maximize=maximize, foreach=foreach, capturable=capturable,
            differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def scalars(self, group: Values) -> Values:
        return {"step": 0.0, "mu_product": 1.0}

    def advance(self, h: Values) -> None:
        h["step"] += 1
        beta1, decay = h["betas"][0], h["momentum_decay"]
        h["mu"], h["mu_next"] = (beta1 * (1 - 0.5 * 0.96 ** (k * decay)) for k in (h["step"], h["step"] + 1))
        h["mu_product"] *= h["mu"]

    def slots(self, group: Values) -> Values:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        lr, so_far = h["lr"], h["mu_product"]
        p, g = decayed(do, h, p, g, t, u)
        m, v = averages(do, h["betas"], g, s, u)
        down = do.sqrt(do.multiply(v, 1 / (1 - h["betas"][1] ** h["step"]), out=u), out=u)
        down = do.add(down, h["eps"], out=u)
        now = do.multiply(g, lr * (1 - h["mu"]) / (1 - so_far), out=t)
        p = do.subtract(p, do.divide(now, down, out=t), out=p)
        ahead = do.multiply(m, lr * h["mu_next"] / (1 - so_far * h["mu_next"]), out=t)
        return do.subtract(p, do.divide(ahead, down, out=t), out=p), {"exp_avg": m, "exp_avg_sq": v}
