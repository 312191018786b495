"""SparseAdam, which updates what sparse gradients name."""

from __future__ import annotations

from typing import Any

from .adam import check_betas
from .optimizer import Closure, Optimizer, check
from .rule import check_lr

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """For sparse gradients only, which this library does not make: ``step`` says so. Use Adam.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html

    >>> import autograd
    >>> SparseAdam([autograd.ones(2, requires_grad=True)])
    SparseAdam (
    Parameter Group 0
        betas: (0.9, 0.999)
        eps: 1e-08
        lr: 0.001
        maximize: False
    )
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_lr(lr)
        check(eps > 0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, maximize=maximize))

    def step(self, closure: Closure = None) -> Any:
        """Raises RuntimeError when a parameter has a (dense) gradient."""
        if any(p.grad is not None for group in self.param_groups for p in group["params"]):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        return None if closure is None else closure()
