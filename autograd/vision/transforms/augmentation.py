"""Transforms that differ each time, with their randomness from the default generator as torchvision draws it."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor
from . import functional as F
from .fixed import Transform, plain, two
from .functional import InterpolationMode

__all__ = [
    "ColorJitter",
    "GaussianBlur",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSolarize",
    "RandomVerticalFlip",
]


def _uniform(low: float, high: float) -> float:
    from ...generator import chosen

    return float(chosen(None).uniform(1, np.float32, low, high)[0])


def _chance() -> float:
    return _uniform(0.0, 1.0)


def _integer(low: int, high: int) -> int:
    from ...random import randint

    return int(randint(low, high, (1,)).item())


class RandomCrop(Transform):
    """A rectangle of this size anywhere in the (perhaps padded) image."""

    _shown = ("size", "padding")

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        super().__init__()
        self.size = two(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random crop."""
        _, h, w = F.get_dimensions(img)
        height, width = output_size
        if h < height or w < width:
            raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(h, w)}")
        if (h, w) == (height, width):
            return 0, 0, h, w
        return _integer(0, h - height + 1), _integer(0, w - width + 1), height, width

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, h, w = F.get_dimensions(img)
        if self.pad_if_needed and w < self.size[1]:
            img = F.pad(img, [self.size[1] - w, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and h < self.size[0]:
            img = F.pad(img, [0, self.size[0] - h], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))


class _Sometimes(Transform):
    """Does something with probability ``p``."""

    _shown: tuple[str, ...] = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def change(self, img: Any) -> Any:
        raise NotImplementedError

    def forward(self, img: Any) -> Any:
        return self.change(img) if _chance() < self.p else img


class RandomHorizontalFlip(_Sometimes):
    """Left and right exchanged with probability ``p``."""

    def change(self, img: Any) -> Any:
        return F.hflip(img)


class RandomVerticalFlip(_Sometimes):
    """Top and bottom exchanged with probability ``p``."""

    def change(self, img: Any) -> Any:
        return F.vflip(img)


class RandomInvert(_Sometimes):
    """The negative with probability ``p``."""

    def change(self, img: Any) -> Any:
        return F.invert(img)


class RandomSolarize(_Sometimes):
    """The negative of what is bright, with probability ``p``."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def __repr__(self) -> str:
        return f"RandomSolarize(threshold={self.threshold},p={self.p})"

    def change(self, img: Any) -> Any:
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(_Sometimes):
    """Sharper (factor above 1) or softer with probability ``p``; PIL Images."""

    _shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img: Any) -> Any:
        return F.pillow().ImageEnhance.Sharpness(img).enhance(self.sharpness_factor)


class RandomGrayscale(_Sometimes):
    """Black and white, with as many channels as before, with probability ``p``."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def change(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, num_output_channels=F.get_dimensions(img)[0])


class RandomResizedCrop(Transform):
    """A random part of the image, of random area and shape, at a fixed size.

    Args:
        size: (height, width), or one number for both.
        scale: bounds of the part's share of the area.
        ratio: bounds of its width divided by its height.
        interpolation, antialias: as in ``Resize``.
    """

    def __init__(
        self,
        size: Any,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = two(size)
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation
        self.antialias = antialias

    @staticmethod
    def get_params(img: Any, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part; the middle of the image if ten tries fail."""
        _, height, width = F.get_dimensions(img)
        low, high = (float(np.log(np.float32(r))) for r in ratio)
        for _ in range(10):
            area = height * width * _uniform(scale[0], scale[1])
            aspect = float(np.exp(np.float32(_uniform(low, high))))
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                return _integer(0, height - h + 1), _integer(0, width - w + 1), h, w
        whole = width / height
        w, h = width, height
        if whole < min(ratio):
            h = round(w / min(ratio))
        elif whole > max(ratio):
            w = round(h * max(ratio))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        part = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *part, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(v, 4) for v in pair) for pair in (self.scale, self.ratio))
        return (
            f"RandomResizedCrop(size={self.size}, scale={scale}, ratio={ratio}, "
            f"interpolation={plain(self.interpolation)}, antialias={self.antialias})"
        )


def _around_zero(value: Any, name: str) -> list[float]:
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    return [float(v) for v in value]


class RandomRotation(Transform):
    """Rotated by an angle within ``degrees``: (low, high), or one number for both directions."""

    _shown = ("degrees", "interpolation", "expand", "fill")

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Any = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = _around_zero(degrees, "degrees")
        self.interpolation = interpolation
        self.expand = expand
        self.center = center
        self.fill = fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return _uniform(degrees[0], degrees[1])

    def forward(self, img: Any) -> Any:
        return F.rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, self.fill)


class RandomAffine(Transform):
    """Rotated, shifted, scaled and sheared at random; ``translate`` is the largest shift as a share of the size."""

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Any = None,
    ) -> None:
        super().__init__()
        self.degrees = _around_zero(degrees, "degrees")
        if translate is not None and not all(0.0 <= t <= 1.0 for t in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(s > 0 for s in scale):
            raise ValueError("scale values should be positive")
        self.translate = translate
        self.scale = scale
        self.shear = _around_zero(shear, "shear") if shear is not None else None
        self.interpolation = interpolation
        self.fill = fill
        self.center = center

    @staticmethod
    def get_params(
        degrees: Any, translate: Any, scale_ranges: Any, shears: Any, img_size: Sequence[int]
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """(angle, (shift right, shift down), scale, (shear x, shear y)) at random; ``img_size`` is (width, height)."""
        angle = _uniform(degrees[0], degrees[1])
        shift = (0, 0)
        if translate is not None:
            bounds = [float(t * s) for t, s in zip(translate, img_size, strict=True)]
            shift = (round(_uniform(-bounds[0], bounds[0])), round(_uniform(-bounds[1], bounds[1])))
        scale = 1.0 if scale_ranges is None else _uniform(scale_ranges[0], scale_ranges[1])
        x = y = 0.0
        if shears is not None:
            x = _uniform(shears[0], shears[1])
            y = _uniform(shears[2], shears[3]) if len(shears) == 4 else 0.0
        return angle, shift, scale, (x, y)

    def forward(self, img: Any) -> Any:
        size = F.get_image_size(img)
        params = self.get_params(self.degrees, self.translate, self.scale, self.shear, size)
        return F.affine(img, *params, interpolation=self.interpolation, fill=self.fill, center=self.center)

    def __repr__(self) -> str:
        usual = {"translate": None, "scale": None, "shear": None, "interpolation": InterpolationMode.NEAREST, "fill": 0}
        given = [f", {n}={plain(getattr(self, n))}" for n, value in usual.items() if getattr(self, n) != value]
        return f"RandomAffine(degrees={self.degrees}{''.join(given)})"


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed at random, in random order.

    A number x stands for the factors from max(0, 1 - x) to 1 + x, for the hue for the shifts from -x to x.
    """

    _shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = self._bounds(brightness, "brightness")
        self.contrast = self._bounds(contrast, "contrast")
        self.saturation = self._bounds(saturation, "saturation")
        self.hue = self._bounds(hue, "hue", center=0.0, low=-0.5, high=0.5)

    @staticmethod
    def _bounds(value: Any, name: str, center: float = 1.0, low: float = 0.0, high: float = math.inf) -> Any:
        if isinstance(value, (int, float)):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            pair = [center - float(value), center + float(value)]
            if center == 1.0:
                pair[0] = max(pair[0], 0.0)
        else:
            pair = [float(v) for v in value]
        if not low <= pair[0] <= pair[1] <= high:
            raise ValueError(f"{name} values should be between {low} and {high}, but got {pair}.")
        return None if pair == [center, center] else tuple(pair)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, ...]:
        """(order of the four, brightness, contrast, saturation, hue) at random."""
        from ...random import randperm

        order = randperm(4)
        return (order, *(None if b is None else _uniform(b[0], b[1]) for b in (brightness, contrast, saturation, hue)))

    def forward(self, img: Any) -> Any:
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in order.tolist():
            if factors[i] is not None:
                img = adjust[i](img, factors[i])
        return img


class GaussianBlur(Transform):
    """Blurred with a Gaussian whose width is drawn from ``sigma``."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = two(kernel_size)
        if any(k <= 0 or k % 2 == 0 for k in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = (float(sigma), float(sigma)) if isinstance(sigma, (int, float)) else tuple(sigma)
        if not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max). Got {self.sigma}")

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random width."""
        return _uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, list(self.kernel_size), [sigma, sigma])

    def __repr__(self) -> str:
        return f"GaussianBlur(kernel_size={self.kernel_size}, sigma={self.sigma})"


def _sequence(transforms: Any) -> Any:
    if not isinstance(transforms, Sequence) and not hasattr(transforms, "__iter__"):  # a ModuleList will do
        raise TypeError("Argument transforms should be a sequence")
    return transforms


class _Several:
    """Holds a list of transforms."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = _sequence(transforms)

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}(", *[f"    {t}" for t in self.transforms], ")"])


class RandomApply(Transform):
    """All of the transforms with probability ``p``, else none."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__()
        self.transforms = _sequence(transforms)
        self.p = p

    def forward(self, img: Any) -> Any:
        if self.p < _chance():
            return img
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["RandomApply(", f"    p={self.p}", *[f"    {t}" for t in self.transforms], ")"])


class RandomOrder(_Several):
    """The transforms in random order (by Python's ``random``, as torchvision)."""

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img


class RandomChoice(_Several):
    """One of the transforms (by Python's ``random``, as torchvision), with weights ``p``."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        self.p = p

    def __call__(self, img: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


class RandomErasing(Transform):
    """A random rectangle of a Tensor replaced, with probability ``p``.

    Args:
        p: probability.
        scale: bounds of the rectangle's share of the area.
        ratio: bounds of its height divided by its width.
        value: a number, one number for each channel, or "random".
        inplace: write into the Tensor.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    def _rectangle(self, img: Tensor) -> tuple[int, int, int, int, Any] | None:
        from ...random import randn

        channels, height, width = img.shape[-3:]
        low, high = (float(np.log(np.float32(r))) for r in self.ratio)
        for _ in range(10):
            area = height * width * _uniform(self.scale[0], self.scale[1])
            aspect = float(np.exp(np.float32(_uniform(low, high))))
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if h < height and w < width:
                if self.value == "random":
                    value: Any = randn(channels, h, w)
                else:
                    value = np.asarray(self.value, img.array.dtype).reshape(-1, 1, 1)
                return _integer(0, height - h + 1), _integer(0, width - w + 1), h, w, value
        return None

    def forward(self, img: Tensor) -> Tensor:
        if _chance() < self.p:
            found = self._rectangle(img)
            if found is not None:
                return F.erase(img, *found, self.inplace)  # type: ignore[no-any-return]
        return img

    def __repr__(self) -> str:
        return (
            f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, "
            f"inplace={self.inplace})"
        )
