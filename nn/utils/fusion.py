"""Batch norm folded into the layer before it, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

import autograd

from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def _folded(weight: Any, bias: Any, bn: tuple[Any, ...], axis: int) -> tuple[Parameter, Parameter]:
    """Weight and bias of the layer that does what it and the batch norm after it do."""
    mean, var, eps, scale, shift = bn
    with autograd.no_grad():
        factor = (var + eps) ** -0.5
        factor = factor if scale is None else factor * scale
        start = -mean if bias is None else bias - mean
        shape = [-1 if i == axis else 1 for i in range(weight.ndim)]
        new_weight = weight * factor.reshape(shape)
        new_bias = start * factor if shift is None else start * factor + shift
    return Parameter(new_weight, weight.requires_grad), Parameter(new_bias, weight.requires_grad)


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any, transpose: bool = False
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution with a batch norm folded in.

    >>> import nn
    >>> conv, norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
    >>> statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    >>> weight, bias = fuse_conv_bn_weights(conv.weight, conv.bias, *statistics)
    >>> weight.shape, bias.shape
    (torch.Size([8, 3, 3, 3]), torch.Size([8]))
    """
    return _folded(conv_w, conv_b, (bn_rm, bn_rv, bn_eps, bn_w, bn_b), 1 if transpose else 0)


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a linear layer with a batch norm folded in.

    >>> import nn
    >>> linear, norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
    >>> statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    >>> weight, bias = fuse_linear_bn_weights(linear.weight, linear.bias, *statistics)
    >>> weight.shape, bias.shape
    (torch.Size([4, 3]), torch.Size([4]))
    """
    return _folded(linear_w, linear_b, (bn_rm, bn_rv, bn_eps, bn_w, bn_b), 0)


def _fused(layer: Any, bn: Any, axis: int) -> Any:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    made = copy.deepcopy(layer)
    statistics = (bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    made.weight, made.bias = _folded(layer.weight, layer.bias, statistics, axis)
    return made


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution that does what ``bn(conv(x))`` does in evaluation.

    >>> import autograd, nn
    >>> conv, bn = nn.Conv2d(2, 3, 3).eval(), nn.BatchNorm2d(3).eval()
    >>> x = autograd.ones(1, 2, 4, 4)
    >>> bool(autograd.allclose(fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6))
    True
    """
    return _fused(conv, bn, 1 if transpose else 0)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A linear layer that does what ``bn(linear(x))`` does in evaluation.

    >>> import autograd, nn
    >>> fused = fuse_linear_bn_eval(nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval())
    >>> fused(autograd.ones(2, 3)).shape
    torch.Size([2, 4])
    """
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError("To fuse, linear.out_features == bn.num_features or bn.num_features == 1")
    return _fused(linear, bn, 0)
