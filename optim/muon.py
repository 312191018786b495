"""Muon: momentum, orthogonalized. For the matrices of hidden layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .optimizer import check
from .rule import ArrayOptimizer, Values, check_lr

__all__ = ["Muon"]

Array = np.ndarray[Any, Any]


class Muon(ArrayOptimizer):
    """Momentum whose singular values are brought near to 1 (by a Newton-Schulz iteration, in bfloat16 as PyTorch's).

    For two-dimensional parameters of hidden layers; train biases, embeddings and the like with AdamW.

    Args:
        params: matrices, or groups of them.
        lr: learning rate.
        weight_decay: decoupled.
        momentum: of the gradient.
        nesterov: look ahead.
        ns_coefficients: a, b, c of the iteration ``x <- a x + b (x x^T) x + c (x x^T)^2 x``.
        eps: least norm that the update is divided by.
        ns_steps: how often it is done.
        adjust_lr_fn: scale the rate by the matrix's shape: "original" (the default) or "match_rms_adamw".

    Source: Jordan et al., https://kellerjordan.github.io/posts/muon/; Liu et al., https://arxiv.org/abs/2502.16982;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html

    >>> import autograd
    >>> p = autograd.tensor([[2.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Muon([p], lr=0.1, weight_decay=0.0).step()
    >>> (autograd.tensor([[2.0, 0.0], [0.0, 1.0]]) - p.detach()).round(decimals=2)  # of 4 and 2, both nearly 1 (times lr)
    tensor([[0.0700, 0.0000],
            [0.0000, 0.1100]])
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        check(momentum >= 0, f"momentum should be >= 0 but is: {momentum}")
        check(weight_decay >= 0, f"weight decay should be >= 0 but is: {weight_decay}")
        known = ("original", "match_rms_adamw", None)
        check(
            adjust_lr_fn in known, f"Adjust learning rate function {adjust_lr_fn} is not supported; known are {known}"
        )
        check(ns_steps < 100, "Number of steps must be less than 100 for computational efficiency")
        check(len(ns_coefficients) == 3, "Coefficients must be a tuple of exactly 3 values")
        defaults = dict(
            lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov, ns_coefficients=ns_coefficients,
            eps=eps, ns_steps=ns_steps, adjust_lr_fn=adjust_lr_fn,
        )  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                check(
                    p.ndim == 2, f"Muon only supports 2D parameters whereas we found a parameter with size: {p.shape}"
                )

    def update(self, h: Values, p: Array, g: Array, state: Values) -> None:
        if p.dtype.kind == "c":
            raise RuntimeError("Muon does not support complex parameters")
        b, momentum, lr = self.kept(state, "momentum_buffer", g.shape, g.dtype), h["momentum"], h["lr"]
        b += (1 - momentum) * (g - b)
        ahead = g + momentum * (b - g) if h["nesterov"] else b
        ratio = math.sqrt(max(1, p.shape[0] / p.shape[1]))
        if h["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(p.shape))
        p *= 1 - lr * h["weight_decay"]
        p -= lr * ratio * orthogonal(ahead, h["ns_coefficients"], h["ns_steps"], h["eps"])


def orthogonal(matrix: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """Nearly U V^T of the singular value decomposition U S V^T, by ``steps`` Newton-Schulz iterations."""
    a, b, c = coefficients
    x = _bfloat16(matrix)
    if tall := x.shape[0] > x.shape[1]:
        x = x.T
    x = _bfloat16(x / max(float(_bfloat16(np.linalg.norm(x))), eps))
    for _ in range(steps):
        gram = _bfloat16(x @ x.T)
        x = _bfloat16(a * x + _bfloat16(b * gram + c * (gram @ gram)) @ x)
    return x.T if tall else x


def _bfloat16(x: Any) -> Array:
    """Float32 numbers rounded to those that bfloat16 has: the upper sixteen bits, to nearest, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    rounded = (bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32)
