"""Activations as modules: each holds its options and calls its function."""

from __future__ import annotations

import warnings
from typing import Any

import autograd
from autograd.tensor import Tensor

from . import functional as F
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class _Plain(Module):
    """An activation without options."""

    _function: Any

    def forward(self, input: Tensor) -> Any:
        return type(self)._function(input)


class Sigmoid(_Plain):
    """``1 / (1 + exp(-x))``.

    >>> import autograd, nn
    >>> nn.Sigmoid()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([0.2689, 0.5000, 0.8808])
    """

    _function = staticmethod(F.sigmoid)


class Tanh(_Plain):
    """``tanh(x)``.

    >>> import autograd, nn
    >>> nn.Tanh()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.7616,  0.0000,  0.9640])
    """

    _function = staticmethod(F.tanh)


class Softsign(_Plain):
    """``x / (1 + |x|)``.

    >>> import autograd, nn
    >>> nn.Softsign()(autograd.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5000,  0.0000,  0.7500])
    """

    _function = staticmethod(F.softsign)


class Tanhshrink(_Plain):
    """``x - tanh(x)``.

    >>> import autograd, nn
    >>> nn.Tanhshrink()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.2384,  0.0000,  1.0360])
    """

    _function = staticmethod(F.tanhshrink)


class LogSigmoid(_Plain):
    """``log(sigmoid(x))``.

    >>> import autograd, nn
    >>> nn.LogSigmoid()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-1.3133, -0.6931, -0.1269])
    """

    _function = staticmethod(F.logsigmoid)


class _InPlace(Module):
    """An activation whose only option is to write over its input."""

    _function: Any

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        return type(self)._function(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """``max(x, 0)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html

    >>> import autograd, nn
    >>> nn.ReLU()(autograd.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    _function = staticmethod(F.relu)


class SELU(_InPlace):
    """``scale * elu(x, alpha)`` with the constants of Klambauer et al. 2017.

    >>> import autograd, nn
    >>> nn.SELU()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-1.1113,  0.0000,  2.1014])
    """

    _function = staticmethod(F.selu)


class SiLU(_InPlace):
    """``x * sigmoid(x)``.

    >>> import autograd, nn
    >>> nn.SiLU()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.2689,  0.0000,  1.7616])
    """

    _function = staticmethod(F.silu)


class Mish(_InPlace):
    """``x * tanh(softplus(x))``.

    >>> import autograd, nn
    >>> nn.Mish()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.3034,  0.0000,  1.9440])
    """

    _function = staticmethod(F.mish)


class Hardsigmoid(_InPlace):
    """``relu6(x + 3) / 6``.

    >>> import autograd, nn
    >>> nn.Hardsigmoid()(autograd.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """

    _function = staticmethod(F.hardsigmoid)

    def extra_repr(self) -> str:
        return ""


class Hardswish(_InPlace):
    """``x * relu6(x + 3) / 6``.

    >>> import autograd, nn
    >>> nn.Hardswish()(autograd.tensor([-4.0, 1.0, 4.0]))
    tensor([-0.0000, 0.6667, 4.0000])
    """

    _function = staticmethod(F.hardswish)

    def extra_repr(self) -> str:
        return ""


class Threshold(Module):
    """``x`` where it is greater than ``threshold``, else ``value``.

    >>> import autograd, nn
    >>> nn.Threshold(0.5, -1.0)(autograd.tensor([0.2, 0.5, 0.7]))
    tensor([-1.0000, -1.0000,  0.7000])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Any:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class RReLU(Module):
    """Leaky ReLU with slopes drawn from [lower, upper] in training.

    >>> import autograd, nn
    >>> nn.RReLU(0.25, 0.25)(autograd.tensor([-1.0, 2.0]))
    tensor([-0.2500,  2.0000])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Any:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class Hardtanh(Module):
    """``x`` cut off below ``min_val`` and above ``max_val``.

    >>> import autograd, nn
    >>> nn.Hardtanh(-2.0, 2.0)(autograd.tensor([-3.0, 0.5, 3.0]))
    tensor([-2.0000,  0.5000,  2.0000])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for old, new in (("min_value", "min_val"), ("max_value", "max_val")):
            if locals()[old] is not None:
                warnings.warn(
                    f"keyword argument `{old}` is deprecated and rename to `{new}`", FutureWarning, stacklevel=2
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if not self.max_val > self.min_val:
            raise AssertionError(f"max_val must be larger than min_val: {self.max_val} and {self.min_val}")

    def forward(self, input: Tensor) -> Any:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``.

    >>> import autograd, nn
    >>> nn.ReLU6()(autograd.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ELU(Module):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    >>> import autograd, nn
    >>> nn.ELU()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Any:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(ELU):
    """``max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)``.

    >>> import autograd, nn
    >>> nn.CELU()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    """

    def forward(self, input: Tensor) -> Any:
        return F.celu(input, self.alpha, self.inplace)


class LeakyReLU(Module):
    """``x`` where it is positive, else ``negative_slope * x``.

    >>> import autograd, nn
    >>> nn.LeakyReLU(0.1)(autograd.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Any:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """Leaky ReLU whose slope is learned: one for all, or one for each of ``num_parameters`` channels.

    Shapes: [N, C, *] gives the same; weight [num_parameters], which is 1 or C.

    >>> import autograd, nn
    >>> nn.PReLU(init=0.5)(autograd.tensor([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(autograd.ones(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to ``init``."""
        from .init import constant_

        constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Any:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class GELU(Module):
    """``x * Phi(x)``, Phi the standard normal distribution function.

    >>> import autograd, nn
    >>> nn.GELU()(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.1587,  0.0000,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Any:
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """``a * sigmoid(b)``, where a and b are the halves of the input along ``dim``.

    Shapes: an even length along ``dim`` becomes half of it. Raises RuntimeError for an odd one.

    >>> import autograd, nn
    >>> nn.GLU()(autograd.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class _Shrink(Module):
    """An activation that draws small values to zero."""

    _function: Any

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Any:
        return type(self)._function(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(_Shrink):
    """``x`` where its absolute value is greater than ``lambd``, else 0.

    >>> import autograd, nn
    >>> nn.Hardshrink()(autograd.tensor([-1.0, 0.3, 2.0]))
    tensor([-1.,  0.,  2.])
    """

    _function = staticmethod(F.hardshrink)


class Softshrink(_Shrink):
    """``x`` drawn towards 0 by ``lambd``.

    >>> import autograd, nn
    >>> nn.Softshrink()(autograd.tensor([-1.0, 0.3, 2.0]))
    tensor([-0.5000,  0.0000,  1.5000])
    """

    _function = staticmethod(F.softshrink)


class Softplus(Module):
    """``log(1 + exp(beta * x)) / beta``.

    >>> import autograd, nn
    >>> nn.Softplus()(autograd.tensor([-1.0, 0.0, 30.0]))
    tensor([ 0.3133,  0.6931, 30.0000])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Any:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class _Along(Module):
    """A function of the elements along one dimension."""

    _function: Any

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Any:
        return type(self)._function(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(_Along):
    """``exp(x) / exp(x).sum(dim)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html

    >>> import autograd, nn
    >>> nn.Softmax(dim=1)(autograd.tensor([[1.0, 2.0, 3.0]]))
    tensor([[0.0900, 0.2447, 0.6652]])
    """

    _function = staticmethod(F.softmax)


class Softmin(_Along):
    """``softmax(-x)``.

    Shapes: [*] gives [*], positive and with sums of 1 along ``dim``.

    >>> import autograd, nn
    >>> nn.Softmin(dim=1)(autograd.tensor([[1.0, 2.0, 3.0]]))
    tensor([[0.6652, 0.2447, 0.0900]])
    """

    _function = staticmethod(F.softmin)


class LogSoftmax(_Along):
    """``log(softmax(x))``.

    Shapes: [*] gives [*].

    >>> import autograd, nn
    >>> nn.LogSoftmax(dim=1)(autograd.tensor([[1.0, 2.0, 3.0]]))
    tensor([[-2.4076, -1.4076, -0.4076]])
    """

    _function = staticmethod(F.log_softmax)


class Softmax2d(Module):
    """Softmax over the channels at each place of an image.

    Shapes: [N, C, H, W] or [C, H, W] gives the same. Raises ValueError for others.

    >>> import autograd, nn
    >>> nn.Softmax2d()(autograd.ones(1, 4, 1, 1)).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def forward(self, input: Tensor) -> Any:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
