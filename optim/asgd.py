"""ASGD: stochastic gradient descent that averages its path."""

from __future__ import annotations

from typing import Any

from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, descent, number

__all__ = ["ASGD"]


class ASGD(RuleOptimizer):
    """Gradient descent with a falling rate; ``state[p]["ax"]`` is the average of the path from step ``t0`` on.

    Args:
        params: the parameters, or groups of them.
        lr: the first rate.
        lambd: decay term.
        alpha: the rate is ``lr / (1 + lambd * lr * step) ** alpha``.
        t0: the step at which averaging begins.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Polyak and Juditsky (1992), https://doi.org/10.1137/0330046;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = ASGD([p], lr=0.1, t0=0)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p.detach(), optimizer.state[p]["ax"]  # the last point, and the average of the path
    (tensor([0.5120, 1.0240]), tensor([0.5760, 1.1520]))
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        defaults = dict(
            lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def scalars(self, group: Values) -> Values:
        return {"step": 0.0, "eta": number(group["lr"]), "mu": 1.0}

    def advance(self, h: Values) -> None:
        h["step"] += 1
        h["rate"], h["share"] = h["eta"], h["mu"]  # of this step; those that are kept are for the next one
        h["eta"] = h["lr"] / (1 + h["lambd"] * h["lr"] * h["step"]) ** h["alpha"]
        h["mu"] = 1 / max(1, h["step"] - h["t0"])

    def slots(self, group: Values) -> Values:
        return {"ax": 0.0}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        rate, average = h["rate"], s["ax"]
        g = descent(do, h, p, g, t, u)
        g = do.multiply(g, rate, out=t)
        p = do.subtract(do.multiply(p, 1 - h["lambd"] * rate, out=p), g, out=p)
        if h["share"] == 1:
            average = do.multiply(p, 1.0, out=average)
        else:
            average = do.add(average, do.multiply(do.subtract(p, average, out=u), h["share"], out=u), out=average)
        return p, {"ax": average}
