"""SparseAdam: Adam for tables of which a step uses few rows."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd.graph import enable_grad
from autograd.views import stamp

from .adam import check_betas
from .optimizer import Closure, Optimizer, check
from .rule import check_lr, number

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam that leaves alone, moments included, the rows of an embedding which a step did not look up.

    For the weights of ``nn.Embedding(..., sparse=True)``. Their gradients are dense here, so the rows that were looked up
    are those whose gradient is not all zero; PyTorch, which knows them, also updates a row that was looked up and got a
    gradient of exactly zero.

    Source: Kingma and Ba 2015, https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html

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
        """Update the rows that have a gradient.

        Raises RuntimeError for a parameter with a gradient that is not the weight of an embedding with ``sparse=True``.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if not getattr(p, "by_rows", False):
                    raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
                self._update(p, group)
        return loss

    def _update(self, p: Any, group: dict[str, Any]) -> None:
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=autograd.zeros_like(p), exp_avg_sq=autograd.zeros_like(p))
        state["step"] += 1
        grad = p.grad.array
        rows = np.flatnonzero(grad.reshape(len(grad), -1).any(axis=1))
        g = -grad[rows] if group["maximize"] else grad[rows]
        beta1, beta2 = group["betas"]
        mean, square = state["exp_avg"].array, state["exp_avg_sq"].array
        mean[rows] += (g - mean[rows]) * (1 - beta1)
        square[rows] += (g * g - square[rows]) * (1 - beta2)
        size = number(group["lr"]) * (1 - beta2 ** state["step"]) ** 0.5 / (1 - beta1 ** state["step"])
        p.array[rows] -= size * (mean[rows] / (np.sqrt(square[rows]) + group["eps"]))
        stamp(p.array, "SparseAdam.step")
