"""Affine layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, dtypes, from_numpy
from autograd.devices import check_device

from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


def empty(*size: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter whose values are yet to be drawn."""
    check_device(device)
    if size and min(size) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    return Parameter(from_numpy(np.empty(size, dtypes.as_numpy(dtype) if dtype else dtypes.default_float())))  # type: ignore[no-any-return]


class Identity(Module):
    """Hands its input on, whatever its arguments were.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html

    >>> import autograd, nn
    >>> nn.Identity("any", arguments=1)(autograd.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """``y = x W^T + b``.

    Shapes: input [..., in_features], output [..., out_features], weight [out_features, in_features], bias
    [out_features]; drawn from U(-k, k) with k = 1 / sqrt(in_features). Raises RuntimeError when shapes or dtypes
    of input and weight don't fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html

    >>> import autograd, nn
    >>> nn.Linear(20, 30)(autograd.ones(128, 20)).shape
    torch.Size([128, 30])
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = empty(out_features, in_features, device=device, dtype=dtype)
        self.register_parameter("bias", empty(out_features, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values (anew)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Any:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """``y = x1^T A x2 + b``, for each output its own matrix A.

    Shapes: inputs [..., in1_features] and [..., in2_features], result [..., out_features], weight [out, in1, in2].
    Raises ValueError unless ``in1_features > 0``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html

    >>> import autograd, nn
    >>> nn.Bilinear(3, 4, 5)(autograd.ones(2, 3), autograd.ones(2, 4)).shape
    torch.Size([2, 5])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = empty(out_features, in1_features, in2_features, device=device, dtype=dtype)
        self.register_parameter("bias", empty(out_features, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values (anew)."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Any:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
