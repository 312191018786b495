"""Normalization of activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd
from autograd.dtypes import finfo
from autograd.ops.normalization import moments, normalize
from autograd.ops.shape import pass_on
from autograd.tensor import Tensor
from autograd.views import stamp

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


def _trailing(input: Tensor, normalized_shape: Any, params: tuple[Any, ...], name: str) -> tuple[int, ...]:
    """The axes of the trailing dimensions, after checking that they and the parameters fit."""
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            f"{name}: Expected normalized_shape to be at least 1-dimensional, but got normalized_shape = []"
        )
    for what, param in zip(("weight", "bias"), params, strict=False):
        if param is not None and tuple(param.shape) != shape:
            raise RuntimeError(
                f"Expected {what} to be of same shape as normalized_shape, but got {what} of shape "
                f"{list(param.shape)} and normalized_shape = {list(shape)}"
            )
    if tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"{name}: Given normalized_shape={list(shape)}, expected input with shape [*, "
            f"{', '.join(map(str, shape))}], but got input of size {list(input.shape)}"
        )
    return tuple(range(input.ndim - len(shape), input.ndim))


def _normalized(input: Tensor, weight: Any, bias: Any, axes: tuple[int, ...], eps: float, center: bool) -> Any:
    """In the dtype of the input, which may be narrower than the parameters': in ``autocast``."""
    y = normalize(input, weight, bias, axes, eps, center)
    return y if y.array.dtype is input.array.dtype else y.to(input.dtype)


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Any:
    """Mean 0 and variance 1 over the trailing dimensions ``normalized_shape``, then ``* weight + bias``.

    Source: Ba et al. 2016, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html

    >>> import autograd
    >>> layer_norm(autograd.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,)).round()
    tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    axes = _trailing(input, normalized_shape, (weight, bias), "layer_norm")
    return _normalized(input, weight, bias, axes, eps, True)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Any:
    """``input / sqrt(mean(input**2) + eps) * weight`` over the trailing dimensions ``normalized_shape``.

    >>> import autograd
    >>> rms_norm(autograd.tensor([[1.0, 7.0]]), (2,))
    tensor([[0.2000, 1.4000]])
    """
    axes = _trailing(input, normalized_shape, (weight,), "rms_norm")
    return _normalized(input, weight, None, axes, finfo(input.dtype).eps if eps is None else eps, False)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Any:
    """Mean 0 and variance 1 in each group of channels (dimension 1) of each sample, then ``* weight + bias``.

    Source: Wu and He 2018, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html

    >>> import autograd
    >>> group_norm(autograd.ones(4, 6, 5), 2).shape
    torch.Size([4, 6, 5])
    """
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    batch, channels = input.shape[:2]
    if num_groups <= 0 or channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    per_group = (1, num_groups, channels // num_groups, 1)
    scale, shift = (_reshaped(p, per_group, channels, what) for p, what in ((weight, "weight"), (bias, "bias")))
    if input.numel() == 0:
        return input * 1
    grouped = input.reshape(batch, num_groups, channels // num_groups, -1)
    return _its_own(_normalized(grouped, scale, shift, (2, 3), eps, True).reshape(input.shape))


def _its_own(made: Tensor) -> Tensor:
    """A fresh tensor in another shape, as the result that it is: no view, so in-place layers after it write it directly."""
    made.lineage = None
    return made


def _reshaped(param: Tensor | None, shape: tuple[int, ...], channels: int, what: str) -> Any:
    if param is None:
        return None
    if tuple(param.shape) != (channels,):
        raise RuntimeError(
            f"Expected {what} to be a vector of size equal to the number of channels in input, but got {what} of shape "
            f"{list(param.shape)} and {channels} channels"
        )
    return param.reshape(shape)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Mean 0 and variance 1 of each channel (dimension 1), then ``* weight + bias``.

    In training the statistics are the batch's, and the running ones move towards them by ``momentum``; else they are
    the running ones. Raises ValueError when training on one value per channel.

    Source: Ioffe and Szegedy 2015, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html

    >>> import autograd
    >>> x = autograd.tensor([[1.0, 10.0], [3.0, 30.0]])
    >>> batch_norm(x, autograd.zeros(2), autograd.ones(2), training=True).round()
    tensor([[-1., -1.],
            [ 1.,  1.]])
    """
    if input.numel() == 0:
        return input * 1
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected an input with a batch and channels, got shape {list(input.shape)}")
    channels = input.shape[1]
    for what, t in (("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)):
        if t is not None and t.array.size != channels:
            raise RuntimeError(
                f"{what} should contain {channels} elements not {t.numel()}: the input is {list(input.shape)}"
            )
    flat = input.reshape(input.shape[0], channels, -1) if input.ndim > 3 else input
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        return _its_own(_by_running(flat, running_mean, running_var, weight, bias, eps).reshape(input.shape))
    if eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    count = input.shape[0] * math.prod(input.shape[2:])
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    if running_mean is not None or running_var is not None:
        _follow(flat.array, running_mean, running_var, momentum, (0, 2)[: flat.ndim - 1], count)
    if input.ndim == 2:
        return _normalized(input, weight, bias, (0,), eps, True)
    scale, shift = (None if p is None else p.reshape(channels, 1) for p in (weight, bias))
    y = _normalized(flat, scale, shift, (0, 2), eps, True)
    return _its_own(pass_on(y.reshape(input.shape), input)) if input.ndim > 3 else y


def _by_running(flat: Tensor, mean: Tensor, var: Tensor, weight: Any, bias: Any, eps: float) -> Any:
    scale = (var + eps) ** -0.5
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return flat * scale + shift if flat.ndim == 2 else flat * scale.reshape(-1, 1) + shift.reshape(-1, 1)


def _follow(values: Any, mean: Any, var: Any, momentum: float, axes: tuple[int, ...], count: int) -> None:
    """Move running statistics towards those of a batch; per-sample statistics are averaged over the samples."""
    batch_mean, batch_var = moments(values, axes)
    batch_var = batch_var * values.dtype.type(count / max(count - 1, 1))
    for running, batch in ((mean, batch_mean), (var, batch_var)):
        if running is not None:
            now = batch.mean(axis=(0, 2)) if batch.size > running.array.size else batch
            running.array *= 1 - momentum
            running.array += momentum * now.reshape(running.array.shape)
            stamp(running.array, "batch_norm")


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Mean 0 and variance 1 of each channel of each sample, then ``* weight + bias``.

    Source: Ulyanov et al. 2016, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html

    >>> import autograd
    >>> instance_norm(autograd.tensor([[[1.0, 3.0], [10.0, 30.0]]])).round()
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    places = math.prod(input.shape[2:])
    if places == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    channels = input.shape[1]
    flat = input.reshape(input.shape[0], channels, -1)
    if running_mean is not None or running_var is not None:
        _follow(flat.array, running_mean, running_var, momentum, (2,), places)
    scale, shift = (None if p is None else p.reshape(channels, 1) for p in (weight, bias))
    return _its_own(_normalized(flat, scale, shift, (2,), eps, True).reshape(input.shape))


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """``input / (k + alpha * mean of the squares over size neighbouring channels)**beta`` (Krizhevsky et al. 2012).

    >>> import autograd
    >>> local_response_norm(autograd.ones(1, 4, 2), 3).shape
    torch.Size([1, 4, 2])
    """
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {input.ndim} dimensions)"
        )
    if input.numel() == 0:
        return input
    squares = window_sums(input * input, size // 2, (size - 1) // 2) / size
    return input / (squares * alpha + k) ** beta


def window_sums(x: Tensor, before: int, after: int) -> Any:
    """Sums over the channels from ``before`` places before to ``after`` places after each one."""
    channels = x.shape[1]
    pad = [np.zeros((x.shape[0], n, *x.shape[2:]), x.array.dtype) for n in (before, after)]
    padded = autograd.cat([autograd.from_numpy(pad[0]), x, autograd.from_numpy(pad[1])], 1)
    total = padded[:, :channels]
    for i in range(1, before + after + 1):
        total = total + padded[:, i : i + channels]
    return total
