"""Reading and writing image files, with Pillow.

Source: https://docs.pytorch.org/vision/stable/io.html
"""

from __future__ import annotations

import enum
import io
from pathlib import Path
from typing import Any

import numpy as np

from ...tensor import Tensor, wrap
from ..transforms.functional import pil_to_tensor, pillow, to_pil_image

__all__ = ["ImageReadMode", "decode_image", "read_file", "read_image", "write_jpeg", "write_png"]


class ImageReadMode(enum.Enum):
    """The colours that a reader gives: those of the file, or converted."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


_PIL = {"GRAY": "L", "GRAY_ALPHA": "LA", "RGB": "RGB", "RGB_ALPHA": "RGBA"}


def decode_image(
    input: Any, mode: ImageReadMode | str = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """A uint8 Tensor C x H x W of the bytes of an image file (a 1-d uint8 Tensor), or of the file at a path."""
    chosen = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    source: Any = io.BytesIO(input.array.tobytes()) if isinstance(input, Tensor) else input
    with pillow().Image.open(source) as image:
        if apply_exif_orientation:
            image = pillow().ImageOps.exif_transpose(image)
        if chosen.name in _PIL:
            image = image.convert(_PIL[chosen.name])
        elif image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        return pil_to_tensor(image)


def read_image(
    path: str | Path, mode: ImageReadMode | str = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """The image in a file as a uint8 Tensor C x H x W."""
    return decode_image(str(path), mode, apply_exif_orientation)


def read_file(path: str | Path) -> Tensor:
    """The bytes of a file as a 1-d uint8 Tensor."""
    return wrap(np.fromfile(path, np.uint8))


def write_png(input: Tensor, filename: str | Path, compression_level: int = 6) -> None:
    """Write a uint8 Tensor C x H x W as PNG."""
    to_pil_image(input).save(filename, format="png", compress_level=compression_level)


def write_jpeg(input: Tensor, filename: str | Path, quality: int = 75) -> None:
    """Write a uint8 Tensor C x H x W as JPEG."""
    to_pil_image(input).save(filename, format="jpeg", quality=quality)
