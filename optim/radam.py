"""RAdam: Adam that waits until its second average can be trusted."""

from __future__ import annotations

from typing import Any

from .adam import check_betas
from .optimizer import check
from .rule import RuleOptimizer, Values, averages, check_lr, decayed

__all__ = ["RAdam"]


class RAdam(RuleOptimizer):
    """Adam with its variance rectified: momentum alone at first, then Adam's step times a factor that grows to 1.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        betas: decay rates of the two averages.
        eps: added to the denominator.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        decoupled_weight_decay: shrink the parameter by ``lr * weight_decay`` instead.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Liu et al., https://arxiv.org/abs/1908.03265; https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> RAdam([p], lr=0.1).step()
    >>> p.detach()  # at first as gradient descent: in proportion to the gradient
    tensor([0.8000, 1.6000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
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
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize, foreach=foreach,
            capturable=capturable, decoupled_weight_decay=decoupled_weight_decay, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def slots(self, group: Values) -> Values:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        (beta1, beta2), lr, step = h["betas"], h["lr"], h["step"]
        p, g = decayed(do, h, p, g, t, u)
        m, v = averages(do, h["betas"], g, s, u)
        size = lr / (1 - beta1**step)
        bias = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1  # of the moving average, in steps
        length = longest - 2 * step * beta2**step / bias
        if length > 5:
            rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            down = do.add(do.sqrt(v, out=u), h["eps"], out=u)
            update = do.multiply(do.divide(m, down, out=u), size * (bias * rectified) ** 0.5, out=u)
        else:
            update = do.multiply(m, size, out=u)
        return do.subtract(p, update, out=p), {"exp_avg": m, "exp_avg_sq": v}
