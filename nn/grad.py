"""``torch.nn.grad``: the gradients of convolutions in their input and their weight, for Functions that write them by hand.

All take the cotangent ``grad_output`` of the convolution's result and its stride, padding, dilation and groups. They are
operations themselves: what they return can be differentiated again.

Source: https://github.com/pytorch/pytorch/blob/main/torch/nn/grad.py
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autograd.ops.conv import convolution_input, convolution_weight, ints, pads
from autograd.tensor import Tensor

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _geometry(name: str, n: int, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[Any, Any, Any]:
    stride, dilation = ints(stride, n, "stride", name), ints(dilation, n, "dilation", name)
    return stride, pads(name, padding, n, tuple(kernel), stride, dilation), dilation


def _input(
    n: int, input_size: Any, weight: Tensor, grad_output: Tensor,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of a convolution in its input of size ``input_size``.

    >>> import autograd
    >>> conv1d_input((1, 1, 4), autograd.tensor([[[1.0, 2.0]]]), autograd.ones(1, 1, 3)).tolist()
    [[[1.0, 3.0, 3.0, 2.0]]]
    """
    geometry = _geometry(f"conv{n}d_input", n, weight.shape[2:], stride, padding, dilation)
    made: Tensor = convolution_input(grad_output, weight, tuple(input_size)[2:], *geometry, groups)
    return made


def _weight(
    n: int, input: Tensor, weight_size: Any, grad_output: Tensor,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of a convolution in its weight of size ``weight_size``.

    >>> import autograd
    >>> conv1d_weight(autograd.tensor([[[1.0, 2.0, 3.0, 4.0]]]), (1, 1, 2), autograd.ones(1, 1, 3)).tolist()
    [[[6.0, 9.0]]]
    """
    geometry = _geometry(f"conv{n}d_weight", n, tuple(weight_size)[2:], stride, padding, dilation)
    made: Tensor = convolution_weight(grad_output, input, tuple(weight_size)[2:], *geometry, groups)
    return made


def _of(function: Callable[..., Tensor], n: int, name: str) -> Callable[..., Tensor]:
    made: Any = functools.partial(function, n)
    made.__name__, made.__doc__ = name, function.__doc__
    return made  # type: ignore[no-any-return]


conv1d_input, conv1d_weight = _of(_input, 1, "conv1d_input"), _of(_weight, 1, "conv1d_weight")
conv2d_input, conv2d_weight = _of(_input, 2, "conv2d_input"), _of(_weight, 2, "conv2d_weight")
conv3d_input, conv3d_weight = _of(_input, 3, "conv3d_input"), _of(_weight, 3, "conv3d_weight")
