"""Rprop: only the sign of the gradient counts."""

from __future__ import annotations

from typing import Any

from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, number

__all__ = ["Rprop"]


class Rprop(RuleOptimizer):
    """Each coordinate has its own step, which grows while the gradient keeps its sign and shrinks when it changes.

    Args:
        params: the parameters, or groups of them.
        lr: the first step.
        etas: the factors by which steps shrink and grow.
        step_sizes: the smallest and the largest step.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Riedmiller and Braun (1993), https://doi.org/10.1109/ICNN.1993.298623;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Rprop([p], lr=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p.detach()  # 0.1, then 0.12: the sign of the gradient has not changed
    tensor([0.7800, 1.7800])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check(0.0 < etas[0] < 1.0 < etas[1], f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = dict(
            lr=lr, etas=etas, step_sizes=step_sizes, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def slots(self, group: Values) -> Values:
        return {"prev": 0.0, "step_size": number(group["lr"])}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        (shrink, grow), (least, most) = h["etas"], h["step_sizes"]
        prev, size = s["prev"], s["step_size"]
        if h["maximize"]:
            g = do.negative(g, out=t)
        agree = do.sign(do.multiply(g, prev, out=u), out=u)  # -1 where the gradient changed its sign
        up, down = do.multiply(do.clip(agree, 0, 1), grow - 1), do.multiply(do.clip(agree, -1, 0), 1 - shrink)
        factor = do.add(do.add(up, down), 1.0)
        size = do.clip(do.multiply(size, factor, out=size), least, most, out=size)
        g = do.multiply(g, do.greater_equal(agree, 0), out=prev)  # where it changed, stay
        return do.subtract(p, do.multiply(do.sign(g, out=u), size, out=u), out=p), {"prev": g, "step_size": size}
