"""AdamW: Adam whose weight decay does not pass through the averages."""

from __future__ import annotations

from typing import Any

from .adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam with decoupled weight decay: the parameter first shrinks by ``lr * weight_decay`` of itself.

    Arguments and state are Adam's; ``weight_decay`` is 0.01 by default.

    Source: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.detach()  # 5 percent smaller, then Adam's step
    tensor([0.8500, 1.8000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
