"""Affine and bilinear maps."""

from __future__ import annotations

from typing import Any

import autograd
from autograd.namespace import take_in
from autograd.ops.affine import linear
from autograd.tensor import Tensor

__all__ = ["bilinear", "linear"]

take_in(__name__, {"linear": linear})


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
    """``y_k = x1^T W_k x2 + b_k``: [..., I], [..., J] and [K, I, J] give [..., K].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html

    >>> import autograd
    >>> bilinear(autograd.ones(2, 3), autograd.ones(2, 4), autograd.ones(5, 3, 4)).shape
    torch.Size([2, 5])
    """
    if tuple(input1.shape[:-1]) != tuple(input2.shape[:-1]):
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {list(input1.shape)} and {list(input2.shape)}"
        )
    if input1.shape[-1] != weight.shape[1] or input2.shape[-1] != weight.shape[2]:
        raise RuntimeError(
            f"bilinear(): inputs {list(input1.shape)} and {list(input2.shape)} don't fit the weight "
            f"{list(weight.shape)}: their last dimensions must be its second and third"
        )
    outputs, first, second = weight.shape
    left = input1.reshape(-1, first) @ weight.permute(1, 0, 2).reshape(first, outputs * second)
    y = (left.reshape(-1, outputs, second) @ input2.reshape(-1, second, 1)).reshape(*input1.shape[:-1], outputs)
    return y if bias is None else autograd.add(y, bias)
