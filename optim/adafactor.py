"""Adafactor: Adam's second average, kept as one row and one column."""

from __future__ import annotations

from typing import Any

import numpy as np

from .optimizer import check
from .rule import ArrayOptimizer, Values, check_lr

__all__ = ["Adafactor"]

Array = np.ndarray[Any, Any]


class Adafactor(ArrayOptimizer):
    """Adam without momentum, whose average of squares is the outer product of a column and a row of means.

    Args:
        params: the parameters, or groups of them.
        lr: bound of the relative step.
        beta2_decay: the average's weight of the newest square is ``step ** beta2_decay``.
        eps: least square (default: the dtype's epsilon), and least scale of a parameter.
        d: updates are clipped to this root mean square.
        weight_decay: decoupled.
        maximize: climb instead.
        foreach: accepted; there is one implementation.

    Source: Shazeer and Stern, https://arxiv.org/abs/1804.04235;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html

    >>> import autograd
    >>> p = autograd.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adafactor([p], lr=0.1).step()
    >>> p.detach()
    tensor([[0.7879, 1.7000],
            [2.7154, 3.7317]])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_lr(lr)
        check(beta2_decay <= 0, f"beta2_decay should be <= 0 but is: {beta2_decay}")
        check(eps[0] is None or eps[0] >= 0, f"epsilon1 should be >= 0 but is: {eps[0]}")
        check(eps[1] >= 0, f"epsilon2 should be >= 0 but is: {eps[1]}")
        check(d >= 1, f"Clipping threshold d should be >= 1 but is: {d}")
        check(weight_decay >= 0, f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = dict(
            lr=lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay, foreach=foreach, maximize=maximize
        )
        super().__init__(params, defaults)

    def update(self, h: Values, p: Array, g: Array, state: Values) -> None:
        if p.dtype.kind == "c":
            raise RuntimeError("Adafactor does not support complex parameters")
        step_count = self.kept(state, "step", (), None)
        step_count += 1
        step = float(step_count)
        g = -g if h["maximize"] else g
        least = np.finfo(p.dtype).eps if h["eps"][0] is None else h["eps"][0]
        newest = step ** h["beta2_decay"]
        scale = max(h["eps"][1], float(np.linalg.norm(p)) / p.size**0.5) * min(h["lr"], step**-0.5)
        if h["weight_decay"]:
            p *= 1 - h["lr"] * h["weight_decay"]
        squares = g * g
        if p.ndim > 1:
            row = self.kept(state, "row_var", (*p.shape[:-1], 1), p.dtype)
            column = self.kept(state, "col_var", (*p.shape[:-2], 1, p.shape[-1]), p.dtype)
            row += newest * (squares.mean(-1, keepdims=True) - row)
            column += newest * (squares.mean(-2, keepdims=True) - column)
            variance = row @ column / np.maximum(row.mean(-2, keepdims=True), least)
        else:
            variance = self.kept(state, "variance", p.shape, p.dtype)
            variance += newest * (squares - variance)
        update = g / np.sqrt(np.maximum(variance, least * least))
        p -= scale / max(1.0, float(np.linalg.norm(update)) / (update.size**0.5 * h["d"])) * update
