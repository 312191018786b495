"""Activations.

``inplace=True`` (or a name with ``_``) writes over the input, and still differentiates.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import autograd
from autograd.generator import default_generator
from autograd.inplace import assign
from autograd.ops import activation as ops
from autograd.tensor import Tensor, normal_dim

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "prelu", "relu",
    "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid", "silu", "softmax", "softmin", "softplus",
    "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip


def _in_place(inplace: bool, input: Tensor, result: Any, name: str) -> Any:
    return assign(input, result, name) if inplace else result


def relu(input: Tensor, inplace: bool = False) -> Any:
    """``max(input, 0)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html

    >>> import autograd
    >>> relu(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return _in_place(inplace, input, autograd.relu(input), "relu_")


def relu6(input: Tensor, inplace: bool = False) -> Any:
    """``min(max(input, 0), 6)``.

    >>> import autograd
    >>> relu6(autograd.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Any:
    """``input`` where it is greater than ``threshold``, else ``value``.

    >>> import autograd
    >>> threshold(autograd.tensor([0.2, 0.5, 0.7]), 0.5, -1.0)
    tensor([-1.0000, -1.0000,  0.7000])
    """
    return _in_place(inplace, input, ops.threshold(input, threshold, value), "threshold_")


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """``input`` cut off below ``min_val`` and above ``max_val``.

    >>> import autograd
    >>> hardtanh(autograd.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val: {min_val} and {max_val}")
    return _in_place(inplace, input, ops.hardtanh(input, min_val, max_val), "hardtanh_")


def hardsigmoid(input: Tensor, inplace: bool = False) -> Any:
    """``relu6(input + 3) / 6``.

    >>> import autograd
    >>> hardsigmoid(autograd.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    return _in_place(inplace, input, ops.hardsigmoid(input), "hardsigmoid_")


def hardswish(input: Tensor, inplace: bool = False) -> Any:
    """``input * relu6(input + 3) / 6``.

    >>> import autograd
    >>> hardswish(autograd.tensor([-4.0, 1.0, 4.0]))
    tensor([-0.0000, 0.6667, 4.0000])
    """
    return _in_place(inplace, input, ops.hardswish(input), "hardswish_")


def hardshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Any:
    """``input`` where its absolute value is greater than ``lambd``, else 0.

    >>> import autograd
    >>> hardshrink(autograd.tensor([-1.0, 0.3, 2.0]))
    tensor([-1.,  0.,  2.])
    """
    return ops.hardshrink(input, lambd, out=out)


def softshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Any:
    """``input`` drawn towards 0 by ``lambd``.

    >>> import autograd
    >>> softshrink(autograd.tensor([-1.0, 0.3, 2.0]))
    tensor([-0.5000,  0.0000,  1.5000])
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}")
    return ops.softshrink(input, lambd, out=out)


def tanhshrink(input: Tensor) -> Any:
    """``input - tanh(input)``.

    >>> import autograd
    >>> tanhshrink(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.2384,  0.0000,  1.0360])
    """
    return input - autograd.tanh(input)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Any:
    """``input`` where it is positive, else ``alpha * (exp(input) - 1)``.

    >>> import autograd
    >>> elu(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    """
    return _in_place(inplace, input, ops.elu(input, alpha, 1.0, 1.0), "elu_")


def selu(input: Tensor, inplace: bool = False) -> Any:
    """The self-normalising ELU (Klambauer et al. 2017): its two constants keep mean 0 and variance 1.

    >>> import autograd
    >>> selu(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-1.1113,  0.0000,  2.1014])
    """
    y = ops.elu(input, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1.0)
    return _in_place(inplace, input, y, "selu_")


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Any:
    """``max(input, 0) + min(alpha * (exp(input / alpha) - 1), 0)``.

    >>> import autograd
    >>> celu(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _in_place(inplace, input, ops.elu(input, alpha, 1.0, 1.0 / alpha), "celu_")


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """``input`` where it is positive, else ``negative_slope * input``.

    >>> import autograd
    >>> leaky_relu(autograd.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return _in_place(inplace, input, ops.leaky_relu(input, negative_slope), "leaky_relu_")


def prelu(input: Tensor, weight: Tensor) -> Any:
    """``input`` where it is positive, else ``weight * input``; one weight, or one for each channel (dimension 1).

    >>> import autograd
    >>> prelu(autograd.tensor([-1.0, 2.0]), autograd.tensor([0.5]))
    tensor([-0.5000,  2.0000])
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    channels = 1 if input.ndim < 2 else input.shape[1]
    if weight.numel() != 1:
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        if weight.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
    if weight.ndim and input.ndim != 1:
        weight = weight.reshape([-1 if i == min(1, input.ndim - 1) else 1 for i in range(input.ndim)])
    return ops.prelu(input, weight)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Any:
    """Leaky ReLU whose slope is drawn from [lower, upper] for each negative element; the middle of it in evaluation.

    >>> import autograd
    >>> rrelu(autograd.tensor([-1.0, 2.0]), 0.25, 0.25)
    tensor([-0.2500,  2.0000])
    """
    if not lower <= upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound: {lower} and {upper}")
    if training:
        negative = input.array <= 0
        slopes = np.ones(input.array.shape, input.array.dtype)
        slopes[negative] = lower + (upper - lower) * default_generator.uniform(int(negative.sum()))
        y = ops.rrelu(input, slopes)
    else:
        y = ops.leaky_relu(input, (lower + upper) / 2)
    return _in_place(inplace, input, y, "rrelu_")


def gelu(input: Tensor, approximate: str = "none", *, out: Tensor | None = None) -> Any:
    """``input * Phi(input)``, Phi the standard normal distribution function; ``approximate="tanh"`` is a cheaper form.

    Source: Hendrycks and Gimpel 2016, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html

    >>> import autograd
    >>> gelu(autograd.tensor([-1.0, 0.0, 2.0])), gelu(autograd.tensor([2.0]), approximate="tanh")
    (tensor([-0.1587,  0.0000,  1.9545]), tensor([1.9546]))
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, not {approximate!r}")
    return ops.exact_gelu(input, out=out) if approximate == "none" else ops.tanh_gelu(input, out=out)


def silu(input: Tensor, inplace: bool = False) -> Any:
    """``input * sigmoid(input)``, also called swish.

    >>> import autograd
    >>> silu(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.2689,  0.0000,  1.7616])
    """
    return _in_place(inplace, input, ops.silu(input), "silu_")


def mish(input: Tensor, inplace: bool = False) -> Any:
    """``input * tanh(softplus(input))``.

    >>> import autograd
    >>> mish(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.3034,  0.0000,  1.9440])
    """
    return _in_place(inplace, input, ops.mish(input), "mish_")


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0, *, out: Tensor | None = None) -> Any:
    """``log(1 + exp(beta * input)) / beta``; ``input`` itself where ``beta * input > threshold``.

    >>> import autograd
    >>> softplus(autograd.tensor([-1.0, 0.0, 30.0]))
    tensor([ 0.3133,  0.6931, 30.0000])
    """
    return ops.softplus(input, beta, threshold, out=out)


def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Any:
    """``log(sigmoid(input))``, without overflow.

    >>> import autograd
    >>> logsigmoid(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-1.3133, -0.6931, -0.1269])
    """
    return ops.log_sigmoid(input.contiguous(), out=out)


def softsign(input: Tensor) -> Any:
    """``input / (1 + |input|)``.

    >>> import autograd
    >>> softsign(autograd.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5000,  0.0000,  0.7500])
    """
    return input / (autograd.abs(input) + 1)


def sigmoid(input: Tensor) -> Any:
    """``1 / (1 + exp(-input))``.

    >>> import autograd
    >>> sigmoid(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([0.2689, 0.5000, 0.8808])
    """
    return autograd.sigmoid(input)


def tanh(input: Tensor) -> Any:
    """The hyperbolic tangent.

    >>> import autograd
    >>> tanh(autograd.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.7616,  0.0000,  0.9640])
    """
    return autograd.tanh(input)


def glu(input: Tensor, dim: int = -1) -> Any:
    """``a * sigmoid(b)``, where a and b are the halves of the input along ``dim`` (Dauphin et al. 2017).

    >>> import autograd
    >>> glu(autograd.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    at = normal_dim(dim, input.ndim)
    n = input.shape[at]
    if n % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {n}")
    front = (slice(None),) * at
    return input[(*front, slice(n // 2))] * autograd.sigmoid(input[(*front, slice(n // 2, None))])


def _implicit_dim(name: str, ndim: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """``exp(input) / exp(input).sum(dim)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html

    >>> import autograd
    >>> softmax(autograd.tensor([[1.0, 2.0, 3.0]]), dim=1)
    tensor([[0.0900, 0.2447, 0.6652]])
    """
    return autograd.softmax(input, _implicit_dim("softmax", input.ndim) if dim is None else dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """``softmax(-input)``.

    >>> import autograd
    >>> softmin(autograd.tensor([[1.0, 2.0, 3.0]]), dim=1)
    tensor([[0.6652, 0.2447, 0.0900]])
    """
    return autograd.softmax(-input, _implicit_dim("softmin", input.ndim) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """``log(softmax(input))``, without overflow.

    >>> import autograd
    >>> log_softmax(autograd.tensor([[1.0, 2.0, 3.0]]), dim=1)
    tensor([[-2.4076, -1.4076, -0.4076]])
    """
    return autograd.log_softmax(input, _implicit_dim("log_softmax", input.ndim) if dim is None else dim, dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """A sample from the Gumbel-softmax distribution (Jang et al. 2017): nearly one-hot, and differentiable.

    ``hard``: exactly one-hot, with the gradient of the soft sample.

    >>> import autograd
    >>> gumbel_softmax(autograd.zeros(3, 5), hard=True).sum(1)
    tensor([1., 1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -autograd.log(autograd.empty_like(logits).detach().exponential_())
    soft = autograd.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    top = autograd.zeros_like(logits).detach().scatter_(dim, soft.detach().max(dim, keepdim=True)[1], 1.0)
    return top - soft.detach() + soft


def _twin(function: Any) -> Any:
    def in_place(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        return function(input, *args, **kwargs, inplace=True)

    in_place.__name__ = in_place.__qualname__ = function.__name__ + "_"
    in_place.__doc__ = f"``{function.__name__}``, in place."
    return in_place


celu_, elu_, hardtanh_, leaky_relu_, relu_ = map(_twin, (celu, elu, hardtanh, leaky_relu, relu))
rrelu_, selu_, threshold_ = map(_twin, (rrelu, selu, threshold))
