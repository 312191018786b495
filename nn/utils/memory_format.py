"""The order in memory of convolutions' weights."""

from __future__ import annotations

from typing import Any

from ..conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def _converted(module: Any, kinds: Any, memory_format: Any) -> Any:
    for layer in module.modules():
        if isinstance(layer, kinds):
            layer.weight.data = layer.weight.data.clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Lay out the weights of all 2-d convolutions of a module anew; returns the module.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.convert_conv2d_weight_memory_format.html

    >>> import autograd, nn
    >>> model = convert_conv2d_weight_memory_format(nn.Sequential(nn.Conv2d(8, 4, 3)), autograd.channels_last)
    >>> model[0].weight.is_contiguous(memory_format=autograd.channels_last)
    True
    """
    return _converted(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """The same for 3-d convolutions.

    >>> import autograd, nn
    >>> model = convert_conv3d_weight_memory_format(nn.Conv3d(8, 4, 3), autograd.channels_last_3d)
    >>> model.weight.is_contiguous(memory_format=autograd.channels_last_3d)
    True
    """
    return _converted(module, (Conv3d, ConvTranspose3d), memory_format)
