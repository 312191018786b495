"""Pooling."""

from __future__ import annotations

from typing import Any

from autograd.ops.avg_pooling import (
    adaptive_avg_pool,
    adaptive_avg_pool1d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool,
)
from autograd.ops.max_pooling import (
    adaptive_max_pool,
    fractional_max_pool,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool3d,
    max_unpool,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """``max_pool2d`` that always returns the positions too."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """``max_pool3d`` that always returns the positions too."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """Maxima back at the places they came from, zeros elsewhere.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html

    >>> import autograd
    >>> max_unpool1d(autograd.tensor([[[3.0, 5.0]]]), autograd.tensor([[[1, 2]]]), 2)
    tensor([[[0., 3., 5., 0.]]])
    """
    return max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """``max_unpool1d`` for images.

    >>> import autograd
    >>> max_unpool2d(autograd.tensor([[[[7.0]]]]), autograd.tensor([[[[2]]]]), 2)
    tensor([[[[0., 0.],
              [7., 0.]]]])
    """
    return max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """``max_unpool1d`` for volumes.

    >>> import autograd
    >>> max_unpool3d(autograd.ones(1, 1, 1, 1, 1), autograd.zeros(1, 1, 1, 1, 1).long(), 2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` cells of images; None keeps a length.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html

    >>> import autograd
    >>> adaptive_avg_pool2d(autograd.ones(1, 3, 5, 7), (2, None)).shape
    torch.Size([1, 3, 2, 7])
    """
    return adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` cells of volumes; None keeps a length.

    >>> import autograd
    >>> adaptive_avg_pool3d(autograd.ones(1, 3, 4, 4, 4), (1, 2, None)).shape
    torch.Size([1, 3, 1, 2, 4])
    """
    return adaptive_avg_pool(3, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of ``output_size`` cells, with their positions if asked.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html

    >>> import autograd
    >>> adaptive_max_pool1d(autograd.tensor([[[1.0, 3.0, 2.0, 5.0]]]), 2)
    tensor([[[3., 5.]]])
    """
    return adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """``adaptive_max_pool1d`` for images.

    >>> import autograd
    >>> adaptive_max_pool2d(autograd.ones(1, 3, 5, 7), (2, None)).shape
    torch.Size([1, 3, 2, 7])
    """
    return adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """``adaptive_max_pool1d`` for volumes.

    >>> import autograd
    >>> adaptive_max_pool3d(autograd.ones(1, 3, 4, 4, 4), 2).shape
    torch.Size([1, 3, 2, 2, 2])
    """
    return adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """``adaptive_max_pool1d`` that always returns the positions too.

    >>> import autograd
    >>> values, places = adaptive_max_pool1d_with_indices(autograd.tensor([[[1.0, 3.0, 2.0, 5.0]]]), 2)
    >>> places
    tensor([[[1, 3]]])
    """
    return adaptive_max_pool(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """``adaptive_max_pool2d`` that always returns the positions too."""
    return adaptive_max_pool(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """``adaptive_max_pool3d`` that always returns the positions too."""
    return adaptive_max_pool(3, input, output_size, True)


def lp_pool1d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The p-norm of each window.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html

    >>> import autograd
    >>> lp_pool1d(autograd.tensor([[[3.0, 4.0, 0.0, 1.0]]]), 2, 2)
    tensor([[[5., 1.]]])
    """
    return lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The p-norm of each window of images.

    >>> import autograd
    >>> lp_pool2d(autograd.ones(1, 3, 4, 6), 2, 2).shape
    torch.Size([1, 3, 2, 3])
    """
    return lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The p-norm of each window of volumes.

    >>> import autograd
    >>> lp_pool3d(autograd.ones(1, 3, 4, 6, 8), 2, 2).shape
    torch.Size([1, 3, 2, 3, 4])
    """
    return lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Max pooling at pseudo-random steps, to any smaller size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html

    >>> import autograd
    >>> fractional_max_pool2d(autograd.ones(1, 2, 8, 8), 2, output_size=(5, 3)).shape
    torch.Size([1, 2, 5, 3])
    """
    return fractional_max_pool(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """``fractional_max_pool2d`` for volumes.

    >>> import autograd
    >>> fractional_max_pool3d(autograd.ones(1, 2, 8, 8, 8), 2, output_ratio=0.5).shape
    torch.Size([1, 2, 4, 4, 4])
    """
    return fractional_max_pool(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """``fractional_max_pool2d`` that always returns the positions too."""
    return fractional_max_pool(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """``fractional_max_pool3d`` that always returns the positions too."""
    return fractional_max_pool(3, input, kernel_size, output_size, output_ratio, True, _random_samples)
