"""Grids of images, and saving them.

Source: https://docs.pytorch.org/vision/stable/utils.html
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..tensor import Tensor, wrap

__all__ = ["make_grid", "save_image"]


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Images ``B x C x H x W`` (or a list of them) side by side, ``nrow`` in a row: one image ``3 x H x W``.

    Args:
        padding: pixels between images.
        normalize: bring the values to 0..1, from their own smallest and largest, or from ``value_range``.
        scale_each: do so for each image by itself.
        pad_value: what lies between the images.

    >>> import autograd
    >>> make_grid(autograd.zeros(5, 1, 4, 4), nrow=3).shape
    torch.Size([3, 14, 20])
    """
    if isinstance(tensor, (list, tuple)):
        if not all(isinstance(t, Tensor) for t in tensor):
            raise TypeError("tensor or list of tensors expected")
        images = np.stack([t.detach().array for t in tensor])
    elif isinstance(tensor, Tensor):
        images = tensor.detach().array
    else:
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = np.concatenate([images] * 3)[None] if images.shape[0] == 1 else images[None]
    if images.shape[1] == 1:
        images = np.concatenate([images] * 3, axis=1)
    if normalize:
        images = images.copy()
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
        for part in images if scale_each else [images]:
            low, high = value_range if value_range is not None else (float(part.min()), float(part.max()))
            np.clip(part, low, high, out=part)
            part -= low
            part /= max(high - low, 1e-5)
    if images.shape[0] == 1:
        return wrap(images[0].copy())
    n, channels, h, w = images.shape
    columns = min(nrow, n)
    rows = math.ceil(n / columns)
    height, width = h + padding, w + padding
    grid = np.full((channels, height * rows + padding, width * columns + padding), pad_value, images.dtype)
    for k, image in enumerate(images):
        y, x = k // columns * height + padding, k % columns * width + padding
        grid[:, y : y + h, x : x + w] = image
    return wrap(grid)


def save_image(tensor: Any, fp: str | Path | IO[bytes], format: str | None = None, **kwargs: Any) -> None:
    """Write an image, or a grid of them, to a file; values go from 0 to 1. Other arguments: ``make_grid``."""
    from .transforms.functional import pillow

    grid = make_grid(tensor, **kwargs).array
    pixels = np.clip(grid * 255 + 0.5, 0, 255).transpose(1, 2, 0).astype(np.uint8)
    pillow().Image.fromarray(np.ascontiguousarray(pixels)).save(fp, format=format)
