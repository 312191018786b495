"""RMSprop: steps divided by a running root mean square of the gradient."""

from __future__ import annotations

from typing import Any

from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, descent

__all__ = ["RMSprop"]


class RMSprop(RuleOptimizer):
    """Steps divided by a running root mean square: ``p -= lr * g / (sqrt(avg(g * g)) + eps)``.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        alpha: decay rate of the average.
        eps: added to the denominator.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        momentum: of the scaled step.
        centered: divide by the standard deviation instead.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable: accepted; there is one implementation.

    Source: Hinton, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> RMSprop([p], lr=0.01).step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        check(momentum >= 0, f"Invalid momentum value: {momentum}")
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        check(alpha >= 0, f"Invalid alpha value: {alpha}")
        defaults = dict(
            lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered, weight_decay=weight_decay,
            capturable=capturable, foreach=foreach, maximize=maximize, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def slots(self, group: Values) -> Values:
        slots = {"square_avg": 0.0}
        if group["momentum"] > 0:
            slots["momentum_buffer"] = 0.0
        if group["centered"]:
            slots["grad_avg"] = 0.0
        return slots

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        alpha, square = h["alpha"], s["square_avg"]
        g = descent(do, h, p, g, t, u)
        latest = do.multiply(do.multiply(g, g, out=u), 1 - alpha, out=u)
        square = do.add(do.multiply(square, alpha, out=square), latest, out=square)
        s = {**s, "square_avg": square}
        spread = square
        if h["centered"]:
            mean = s["grad_avg"]
            mean = do.add(do.multiply(mean, alpha, out=mean), do.multiply(g, 1 - alpha, out=u), out=mean)
            s["grad_avg"] = mean
            spread = do.subtract(square, do.multiply(mean, mean, out=u), out=u)
        step = do.divide(g, do.add(do.sqrt(spread, out=u), h["eps"], out=u), out=u)
        if h["momentum"] > 0:
            buffer = s["momentum_buffer"]
            step = do.add(do.multiply(buffer, h["momentum"], out=buffer), step, out=buffer)
            s["momentum_buffer"] = step
        return do.subtract(p, do.multiply(step, h["lr"], out=u), out=p), s
