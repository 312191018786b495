"""Adagrad: each coordinate's rate falls with the gradients it has seen."""

from __future__ import annotations

from typing import Any

from .optimizer import check
from .rule import RuleOptimizer, Values, check_lr, descent

__all__ = ["Adagrad"]


class Adagrad(RuleOptimizer):
    """Steps scaled by all gradients so far: ``sum += g * g; p -= lr * g / (sqrt(sum) + eps)``.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        lr_decay: divides the rate by ``1 + lr_decay * steps``.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        initial_accumulator_value: where the sum starts.
        eps: added to the denominator.
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, fused: accepted; there is one implementation.

    Source: Duchi et al., https://jmlr.org/papers/v12/duchi11a.html;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Adagrad([p], lr=0.1)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p.detach()
    tensor([0.7805, 1.7758])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check(lr_decay >= 0, f"Invalid lr_decay value: {lr_decay}")
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        check(initial_accumulator_value >= 0, f"Invalid initial_accumulator_value value: {initial_accumulator_value}")
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        defaults = dict(
            lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, foreach=foreach, maximize=maximize,
            differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.begin(group, p)  # PyTorch's Adagrad has its state from the start

    def share_memory(self) -> None:
        """Nothing: there is one process."""

    def slots(self, group: Values) -> Values:
        return {"sum": group["initial_accumulator_value"]}

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        g = descent(do, h, p, g, t, u)
        total = do.add(s["sum"], do.multiply(g, g, out=u), out=s["sum"])
        down = do.add(do.sqrt(total, out=u), h["eps"], out=u)
        rate = h["lr"] / (1 + (h["step"] - 1) * h["lr_decay"])
        return do.subtract(p, do.multiply(do.divide(g, down, out=u), rate, out=u), out=p), {"sum": total}
