"""Adam: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

from typing import Any

from autograd.tensor import Tensor

from .optimizer import check
from .rule import RuleOptimizer, Values, averages, check_lr, decayed, number

__all__ = ["Adam"]


def check_betas(betas: tuple[Any, ...]) -> None:
    """Raise ValueError unless every decay rate is in [0, 1)."""
    for i, beta in enumerate(betas):
        check(0.0 <= beta < 1.0, f"Invalid beta parameter at index {i}: {beta}")


class Adam(RuleOptimizer):
    """Adam: ``p -= lr * m / (sqrt(v) + eps)`` with bias-corrected running averages m of g and v of g squared.

    Args:
        params: the parameters, or groups of them.
        lr: learning rate.
        betas: decay rates of the two averages.
        eps: added to the denominator.
        weight_decay: adds ``weight_decay * p`` to the gradient.
        amsgrad: use the largest v so far.
        decoupled_weight_decay: shrink the parameter by ``lr * weight_decay`` instead (AdamW).
        maximize: climb instead.
        differentiable: record the step itself.
        foreach, capturable, fused: accepted; there is one implementation.

    Source: Kingma and Ba, https://arxiv.org/abs/1412.6980; Reddi et al. (AMSGrad), https://openreview.net/forum?id=ryQu7f-RZ;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html

    >>> import autograd
    >>> p = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Adam([p], lr=0.1).step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_lr(lr)
        check(eps >= 0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check(weight_decay >= 0, f"Invalid weight_decay value: {weight_decay}")
        tensors = [isinstance(beta, Tensor) for beta in betas]
        check(tensors[0] == tensors[1], "betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas):
            check(not tensors[i] or beta.numel() == 1, f"Tensor betas[{i}] must be 1-element")
        if foreach and not capturable:
            only = "is not supported for capturable=False and foreach=True"
            check(not isinstance(lr, Tensor), f"lr as a Tensor {only}")
            check(not tensors[0], f"betas[0] as a Tensor {only}")
        if fused and (differentiable or foreach):
            other = "differentiable" if differentiable else "foreach"
            raise RuntimeError(f"`fused` and `{other}` cannot be `True` together")
        defaults = dict(
            lr=lr, betas=number(tuple(betas)), eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize,
            foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )  # fmt: skip
        super().__init__(params, defaults)

    def slots(self, group: Values) -> Values:
        averages = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {**averages, "max_exp_avg_sq": 0.0} if group["amsgrad"] else averages

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        (beta1, beta2), step = h["betas"], h["step"]
        p, g = decayed(do, h, p, g, t, u)
        m, v = averages(do, h["betas"], g, s, u)
        s = {**s, "exp_avg": m, "exp_avg_sq": v}
        if h["amsgrad"]:
            largest = s["max_exp_avg_sq"]
            v = s["max_exp_avg_sq"] = do.maximum(largest, v, out=largest)
        root = (1 - beta2**step) ** 0.5  # of v's bias: m/c1 / (sqrt(v)/root + eps) = (root/c1) m / (sqrt(v) + eps root)
        size = h["lr"] * root / (1 - beta1**step)
        down = do.add(do.sqrt(v, out=u), h["eps"] * root, out=u)
        return do.subtract(p, do.multiply(do.divide(m, down, out=u), size, out=u), out=p), s
