"""Transforms that do the same each time.

As in torchvision most are modules (``nn.Sequential(T.Resize(8), T.CenterCrop(6))``), and those that take no tensor are not.

A transform that gives the same to a whole batch of uint8 arrays at once has ``on_batch``: a DataLoader uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...namespace import resolve
from ...tensor import Tensor, wrap
from . import functional as F
from .functional import InterpolationMode

__all__ = [
    "CenterCrop",
    "Compose",
    "ConvertImageDtype",
    "FiveCrop",
    "Grayscale",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "Resize",
    "ToPILImage",
    "ToTensor",
]


Module: Any = resolve("nn").Module  # found when first used, as ``models`` is: ``autograd`` itself stands below ``nn``


class Transform(Module):  # type: ignore[misc]
    """A module whose repr is torchvision's: the class and its arguments."""

    _shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{n}={plain(getattr(self, n))}' for n in self._shown)})"


def plain(value: Any) -> Any:
    return value.value if isinstance(value, InterpolationMode) else value


class Compose:
    """One transform after the other.

    >>> Compose([ToTensor(), Normalize(0.5, 0.5)])(np.full((1, 1), 255, np.uint8))
    tensor([[[1.]]])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *[f"    {t}" for t in self.transforms], ")"])

    def on_batch(self, images: Any) -> Any:
        """All images at once; None if some transform can't."""
        for t in self.transforms:
            step = getattr(t, "on_batch", None)
            if step is None or images is None:
                return None
            images = step(images)
        return images


class Plain:
    """What is no module: its repr is the name alone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToTensor(Plain):
    """A PIL Image or an array ``H x W (x C)`` of bytes as a float Tensor C x H x W from 0 to 1."""

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def on_batch(self, images: Any) -> Any:
        """Arrays N x H x W (x C) as a Tensor N x C x H x W."""
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            return None
        return wrap(F.as_floats(images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)))


class PILToTensor(Plain):
    """A PIL Image as a Tensor C x H x W of its own dtype."""

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)


class ConvertImageDtype(Transform):
    """Another dtype, and its range."""

    def __init__(self, dtype: Any) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class ToPILImage:
    """A Tensor C x H x W or an array ``H x W (x C)`` as a PIL Image."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return "ToPILImage(" + (f"mode={self.mode}" if self.mode is not None else "") + ")"


class Normalize(Transform):
    """``(tensor - mean) / std``, channel by channel."""

    _shown = ("mean", "std")

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def on_batch(self, images: Any) -> Any:
        """All images at once."""
        return F.normalize(images, self.mean, self.std, True) if isinstance(images, Tensor) else None


class Lambda(Plain):
    """A function as a transform."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)


class Resize(Transform):
    """Another size: (height, width), or the length of the shorter side."""

    _shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


def two(size: Any) -> tuple[int, int]:
    values = [size] if isinstance(size, int) else list(size)
    if len(values) not in (1, 2):
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return int(values[0]), int(values[-1])


class CenterCrop(Transform):
    """The middle of this size."""

    _shown = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = two(size)

    def forward(self, img: Any) -> Any:
        return F.center_crop(img, self.size)


class FiveCrop(Transform):
    """The four corners and the middle, as a tuple."""

    _shown = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = two(size)

    def forward(self, img: Any) -> Any:
        return F.five_crop(img, self.size)


class Pad(Transform):
    """A border."""

    _shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class Grayscale(Transform):
    """Black and white, with 1 or 3 equal channels."""

    _shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)
