"""Resampling of images and volumes."""

from __future__ import annotations

import warnings
from typing import Any

from autograd.ops import resample
from autograd.ops.resample import interpolate

__all__ = ["affine_grid", "grid_sample", "interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """The sampling grid of affine maps, for ``grid_sample``; see ``autograd.ops.resample.affine_grid``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html

    >>> import autograd
    >>> affine_grid(autograd.eye(2, 3)[None], (1, 1, 2, 2), align_corners=True)[0, 0]
    tensor([[-1., -1.],
            [ 1., -1.]])
    """
    if align_corners is None:
        _warn_of_corners("affine_grid")
    return resample.affine_grid(theta, size, bool(align_corners))


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """``input`` read at the places of ``grid``; see ``autograd.ops.resample.grid_sample``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html

    >>> import autograd
    >>> image = autograd.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    >>> grid_sample(image, autograd.zeros(1, 1, 1, 2), align_corners=True)  # the middle
    tensor([[[[1.5000]]]])
    """
    if align_corners is None:
        _warn_of_corners("grid_sample")
    return resample.grid_sample(input, grid, mode, padding_mode, bool(align_corners))


def _warn_of_corners(name: str) -> None:
    warnings.warn(
        f"Default {name} behavior has changed to align_corners=False since 1.3.0. Please specify align_corners=True if "
        f"the old behavior is desired. See the documentation of {name} for details.",
        stacklevel=3,
    )


def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Any:
    """The old name of ``interpolate``.

    >>> import autograd
    >>> upsample(autograd.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """``interpolate`` with mode "nearest".

    >>> import autograd
    >>> upsample_nearest(autograd.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """``interpolate`` with mode "bilinear" and aligned corners.

    >>> import autograd
    >>> upsample_bilinear(autograd.tensor([[[[0.0, 3.0]]]]), scale_factor=2)
    tensor([[[[0., 1., 2., 3.],
              [0., 1., 2., 3.]]]])
    """
    return interpolate(input, size, scale_factor, "bilinear", True)
