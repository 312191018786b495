"""Functions on images: PIL Images (Pillow does the work), Tensors ``[..., C, H, W]``, and uint8 arrays ``H x W (x C)``.

Source: https://docs.pytorch.org/vision/stable/transforms.html#functional-transforms
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...namespace import resolve
from ...ops import FUNCTIONS
from ...tensor import Tensor, wrap

__all__ = [
    "InterpolationMode", "adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation", "affine",
    "center_crop", "convert_image_dtype", "crop", "equalize", "erase", "five_crop", "gaussian_blur",
    "get_dimensions", "get_image_size", "hflip", "invert", "normalize", "pad", "pil_to_tensor", "resize",
    "resized_crop", "rgb_to_grayscale", "rotate", "solarize", "to_grayscale", "to_pil_image", "to_tensor", "vflip",
]  # fmt: skip

Array = Any  # an np.ndarray


class InterpolationMode(enum.Enum):
    """How pixels between pixels are found."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


def pillow() -> Any:
    """Pillow's package. Raises ImportError with the cure."""
    try:
        import PIL.Image
        import PIL.ImageEnhance
        import PIL.ImageOps
    except ImportError as error:
        raise ImportError("this needs Pillow (pip install pillow); arrays and Tensors work without it") from error
    return PIL


def is_pil(img: Any) -> bool:
    """Whether ``img`` is a PIL Image (known without importing Pillow)."""
    return type(img).__module__.startswith("PIL.")


def _on_array(img: Any, function: Callable[[Any], Any]) -> Any:
    """Apply a function of ``[..., C, H, W]`` to a Tensor, or to an array ``H x W (x C)``.

    A Tensor that requires grad is given to it as it is, others as arrays: the functions are written for both.
    """
    if isinstance(img, Tensor):
        return function(img) if img.requires_grad else wrap(function(img.array))
    if isinstance(img, np.ndarray) and img.ndim in (2, 3):
        out = function(img[None] if img.ndim == 2 else img.transpose(2, 0, 1))
        return out[0] if img.ndim == 2 else np.ascontiguousarray(out.transpose(1, 2, 0))
    raise TypeError(f"img should be a PIL Image, a Tensor or a uint8 array H x W (x C), not {type(img).__name__}")


def _cast(a: Any, dtype: Any) -> Any:
    """An array or a Tensor in another of NumPy's dtypes."""
    return a.to(dtypes.of(np.dtype(dtype))) if isinstance(a, Tensor) else a.astype(dtype)


def _dtype(a: Any) -> Any:
    return a.array.dtype if isinstance(a, Tensor) else a.dtype


def _like(values: Array, a: Any) -> Any:
    """Values of ours in the dtype of an image, to compute with it."""
    values = np.asarray(values, _dtype(a))
    return wrap(values) if isinstance(a, Tensor) else values


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width]."""
    if is_pil(img):
        return [len(img.getbands()), img.height, img.width]
    if isinstance(img, Tensor):
        return [1 if img.ndim == 2 else img.shape[-3], img.shape[-2], img.shape[-1]]
    return [1 if img.ndim == 2 else img.shape[2], *img.shape[:2]]


def get_image_size(img: Any) -> list[int]:
    """[width, height]."""
    _, height, width = get_dimensions(img)
    return [width, height]


# --- types ---------------------------------------------------------------------------------------------------------


def _pil_array(pic: Any) -> Array:
    kinds = {"I": np.int32, "I;16": np.uint16, "F": np.float32}
    array = np.array(pic, kinds.get(pic.mode, np.uint8), copy=True)
    return 255 * array if pic.mode == "1" else array


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL Image as a Tensor C x H x W of its own dtype."""
    if not is_pil(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = _pil_array(pic)
    return wrap(array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1)))


def to_tensor(pic: Any) -> Tensor:
    """A PIL Image or an array ``H x W (x C)`` as a Tensor C x H x W; bytes become floats from 0 to 1.

    >>> to_tensor(np.full((2, 2), 255, np.uint8))
    tensor([[[1., 1.],
             [1., 1.]]])
    """
    if is_pil(pic):
        array = _pil_array(pic)
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    array = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return wrap(as_floats(array) if array.dtype == np.uint8 else np.ascontiguousarray(array))


def as_floats(array: Array) -> Array:
    """Bytes as default floats from 0 to 1."""
    return np.divide(array, 255, dtype=dtypes.default_float(), order="C")


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A Tensor C x H x W or an array ``H x W (x C)`` as a PIL Image; floats are taken to be from 0 to 1."""
    if isinstance(pic, Tensor):
        array = pic.detach().array
        if array.ndim == 2:
            array = array[None]
        if array.ndim != 3:
            raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
        if array.dtype.kind == "f" and mode != "F":
            array = (array * 255).astype(np.uint8)
        array = array.transpose(1, 2, 0)
    elif isinstance(pic, np.ndarray):
        array = pic[..., None] if pic.ndim == 2 else pic
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if array.ndim != 3 or array.shape[2] > 4:
        raise ValueError(f"pic should have 1 to 4 channels, not the shape {list(array.shape)}")
    channels = array.shape[2]
    if channels == 1:
        array = array[:, :, 0]
        expected = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}.get(array.dtype.name)
        if expected is None:
            raise TypeError(f"Input type {array.dtype} is not supported")
        if mode is not None and mode != expected:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {expected}")
        return pillow().Image.fromarray(np.ascontiguousarray(array))
    allowed = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}[channels]
    if mode is not None and mode not in allowed:
        raise ValueError(f"Only modes {allowed} are supported for {channels} channels, not {mode}")
    image = pillow().Image.fromarray(np.ascontiguousarray(array))
    if mode is not None and mode != image.mode:
        image = pillow().Image.frombytes(mode, image.size, image.tobytes())
    return image


def convert_image_dtype(image: Tensor, dtype: Any = None) -> Tensor:
    """Another dtype, and its range: integers use all of theirs, floats go from 0 to 1."""
    source: Any = image.array
    wanted: Any = dtypes.as_numpy(dtype) if dtype is not None else np.dtype(np.float32)
    if source.dtype == wanted:
        return image
    if source.dtype.kind == "f" and wanted.kind == "f":
        return image.to(dtypes.of(wanted))
    if source.dtype.kind == "f":
        return wrap((source * (np.iinfo(wanted).max + 1.0 - 1e-3)).astype(wanted))
    if wanted.kind == "f":
        return wrap(source.astype(wanted) / np.iinfo(source.dtype).max)
    high, low = np.iinfo(source.dtype).max, np.iinfo(wanted).max
    if high > low:
        return wrap((source // ((high + 1) // (low + 1))).astype(wanted))
    return wrap(source.astype(wanted) * ((low + 1) // (high + 1)))


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    """``(tensor - mean) / std``, channel by channel.

    >>> normalize(wrap(np.ones((1, 1, 2), np.float32)), [0.5], [0.5])
    tensor([[[1., 1.]]])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if tensor.array.dtype.kind != "f":
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.shape}"
        )
    array = tensor.array
    m, s = (np.asarray(v.array if isinstance(v, Tensor) else v, array.dtype) for v in (mean, std))
    if (s == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    m, s = (v.reshape(-1, 1, 1) if v.ndim == 1 else v for v in (m, s))
    return (tensor if inplace else tensor.clone()).sub_(wrap(m)).div_(wrap(s))


# --- where the pixels are ------------------------------------------------------------------------------------------


def hflip(img: Any) -> Any:
    """Left and right exchanged."""
    if is_pil(img):
        return img.transpose(pillow().Image.Transpose.FLIP_LEFT_RIGHT)
    return img.flip(-1) if isinstance(img, Tensor) else _on_array(img, lambda a: a[..., ::-1])


def vflip(img: Any) -> Any:
    """Top and bottom exchanged."""
    if is_pil(img):
        return img.transpose(pillow().Image.Transpose.FLIP_TOP_BOTTOM)
    return img.flip(-2) if isinstance(img, Tensor) else _on_array(img, lambda a: a[..., ::-1, :])


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The rectangle with this upper left corner and size; what lies outside of the image is 0."""
    if is_pil(img):
        return img.crop((left, top, left + width, top + height))

    _, h, w = get_dimensions(img)
    edges = [max(-left, 0), max(-top, 0), max(left + width - max(w, left), 0), max(top + height - max(h, top), 0)]
    rows, columns = slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0))
    if isinstance(img, Tensor):
        inner = img[..., rows, columns]
        return pad(inner, edges) if any(edges) else inner
    return _on_array(img, lambda a: _border(a[..., rows, columns], edges, 0))


def _pair(size: Any) -> list[int]:
    values = [size] if isinstance(size, int) else [int(s) for s in size]
    return values * 2 if len(values) == 1 else values


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle of this size; a smaller image is padded with 0 first."""
    height, width = _pair(output_size)
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        wide, high = max(width - w, 0), max(height - h, 0)
        img = pad(img, [wide // 2, high // 2, (wide + 1) // 2, (high + 1) // 2])
        _, h, w = get_dimensions(img)
        if (width, height) == (w, h):
            return img
    return crop(img, round((h - height) / 2.0), round((w - width) / 2.0), height, width)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle."""
    height, width = _pair(size)
    _, h, w = get_dimensions(img)
    if width > w or height > h:
        raise ValueError(f"Requested crop size {(height, width)} is bigger than input size {(h, w)}")
    corners = [(0, 0), (0, w - width), (h - height, 0), (h - height, w - width)]
    return (*(crop(img, top, left, height, width) for top, left in corners), center_crop(img, [height, width]))


def _edges(padding: Any) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) from 1, 2 or 4 numbers."""
    values = [padding] if isinstance(padding, int) else list(padding)
    if len(values) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(values)} element tuple")
    return tuple(values * (4 // len(values)))  # type: ignore[return-value]


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """A border: one width, or (left/right, top/bottom), or (left, top, right, bottom)."""
    modes = {"constant": "constant", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}
    if padding_mode not in modes:
        raise ValueError(f"Padding mode should be either constant, edge, reflect or symmetric, not {padding_mode!r}")
    left, top, right, bottom = _edges(padding)
    if is_pil(img):
        if padding_mode == "constant":
            return pillow().ImageOps.expand(img, border=(left, top, right, bottom), fill=_pil_fill(img, fill))
        array = np.asarray(img)
        widths = [(top, bottom), (left, right), (0, 0)][: array.ndim]
        return pillow().Image.fromarray(np.pad(array, widths, mode=modes[padding_mode]))  # type: ignore[call-overload]
    if padding_mode == "constant":
        number = fill[0] if isinstance(fill, (list, tuple)) and len(fill) == 1 else fill
        if isinstance(number, (list, tuple)):
            raise ValueError("fill of several numbers is for PIL Images; a Tensor is filled with one")
        return _on_array(img, lambda a: _border(a, (left, top, right, bottom), number))

    def border(a: Any) -> Any:
        height, width = a.shape[-2:]
        rows = np.pad(np.arange(height)[max(-top, 0) : height - max(-bottom, 0)], (max(top, 0), max(bottom, 0)), mode)
        columns = np.pad(np.arange(width)[max(-left, 0) : width - max(-right, 0)], (max(left, 0), max(right, 0)), mode)
        return a[..., rows, :][..., columns]

    mode: Any = modes[padding_mode]
    return _on_array(img, border)


def _border(a: Any, edges: Sequence[int], fill: Any) -> Any:
    """A constant border of (left, top, right, bottom); negative widths cut off."""
    left, top, right, bottom = edges
    if isinstance(a, Tensor):
        return resolve("constant_pad_nd")(a, [left, right, top, bottom], fill or 0)
    cut = a[..., max(-top, 0) : a.shape[-2] - max(-bottom, 0), max(-left, 0) : a.shape[-1] - max(-right, 0)]
    widths = [(0, 0)] * (a.ndim - 2) + [(max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))]
    return np.pad(cut, widths, constant_values=fill or 0)


def _pil_fill(img: Any, fill: Any) -> Any:
    bands = len(img.getbands())
    if fill is None:
        fill = 0
    values = list(fill) if isinstance(fill, (list, tuple)) else [fill]
    if len(values) == 1:
        values *= bands
    if len(values) != bands:
        raise ValueError(
            f"The number of elements in 'fill' does not match the number of channels: {len(values)}, {bands}"
        )
    kind = float if img.mode == "F" else int
    return tuple(map(kind, values)) if bands > 1 else kind(values[0])


def _pil_mode(interpolation: Any) -> Any:
    resampling = pillow().Image.Resampling
    name = interpolation.value if isinstance(interpolation, InterpolationMode) else interpolation
    if isinstance(name, int):
        return resampling(name)
    return resampling["NEAREST" if name.startswith("nearest") else name.upper()]


def _target_size(h: int, w: int, size: Any, max_size: int | None) -> tuple[int, int]:
    """(height, width) to resize to; one number is the length of the shorter side."""
    values = [size] if isinstance(size, int) else [int(s) for s in size]
    if len(values) == 2:
        if max_size is not None:
            raise ValueError("max_size should only be passed if size specifies the length of the smaller edge")
        return values[0], values[1]
    short, long = min(h, w), max(h, w)
    new_short, new_long = values[0], int(values[0] * long / short)
    if max_size is not None:
        if max_size <= values[0]:
            raise ValueError(f"max_size = {max_size} must be strictly greater than the requested size {values[0]}")
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_short, new_long) if h <= w else (new_long, new_short)


def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Another size: (height, width), or the length of the shorter side."""
    _, h, w = get_dimensions(img)
    height, width = _target_size(h, w, size, max_size)
    if (height, width) == (h, w):
        return img
    if is_pil(img):
        return img.resize((width, height), _pil_mode(interpolation))
    name = InterpolationMode(interpolation).value if isinstance(interpolation, str) else interpolation.value

    def scaled(a: Any) -> Any:
        kind = _dtype(a)
        out = a if name.startswith("nearest") or kind.kind == "f" else _cast(a, np.float32)
        for axis, (old, new) in ((-2, (h, height)), (-1, (w, width))):
            if old == new:
                continue
            if name.startswith("nearest"):
                middle = 0.5 if name == "nearest-exact" else 0.0
                at = ((np.arange(new) + middle) * old / new).astype(int)
                out = out[..., at] if axis == -1 else out[..., at, :]
            else:
                weights = _like(_filter(old, new, name, bool(antialias)), out)
                out = out @ weights.T if axis == -1 else weights @ out
        if kind.kind in "iu" and _dtype(out) != kind:
            info = np.iinfo(kind)
            out = np.clip(np.rint(out), info.min, info.max).astype(kind)
        return out.contiguous() if isinstance(out, Tensor) else np.ascontiguousarray(out)

    return _on_array(img, scaled)


def _filter(old: int, new: int, name: str, antialias: bool) -> Array:
    """The matrix new x old that resamples a line with a triangle (bilinear) or cubic (bicubic) filter."""
    if name not in ("bilinear", "bicubic"):
        raise ValueError(f"interpolation {name!r} is not supported for tensors: use nearest, bilinear or bicubic")
    scale = old / new
    stretch = max(scale, 1.0) if antialias else 1.0
    centers = (np.arange(new) + 0.5) * scale
    if antialias:
        at = np.abs((np.arange(old)[None] + 0.5 - centers[:, None]) / stretch)
        weights = np.maximum(1 - at, 0) if name == "bilinear" else _cubic(at, -0.5)
        return weights / weights.sum(1, keepdims=True)
    reach = 1 if name == "bilinear" else 2
    weights = np.zeros((new, old))
    first = np.floor(centers - 0.5).astype(int)
    for k in range(1 - reach, reach + 1):
        at = np.abs(first + k - (centers - 0.5))
        value = np.maximum(1 - at, 0) if name == "bilinear" else _cubic(at, -0.75)
        np.add.at(weights, (np.arange(new), np.clip(first + k, 0, old - 1)), value)
    return weights


def _cubic(x: Array, a: float) -> Array:
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """Crop, then resize."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def _sampled(a: Any, x: Array, y: Array, name: str, fill: Any) -> Any:
    """The image at the points (x, y), in pixels; ``fill`` outside, faded in as torchvision does it."""
    h, w = a.shape[-2:]
    pixels = a if _dtype(a).kind == "f" else a.astype(np.float64)
    fills = np.asarray(fill or 0, np.float64)
    fills = _like(fills.reshape(-1, 1, 1) if fills.ndim else fills, pixels)

    def at(i: Array, j: Array, weight: Any = 1.0) -> tuple[Any, Any]:
        inside = _like(((i >= 0) & (i < h) & (j >= 0) & (j < w)) * weight, pixels)
        return pixels[..., np.clip(i, 0, h - 1), np.clip(j, 0, w - 1)] * inside, inside

    if name.startswith("nearest"):
        corners = [at(np.rint(y).astype(int), np.rint(x).astype(int))]
    else:
        j, i = np.floor(x).astype(int), np.floor(y).astype(int)
        u, v = x - j, y - i
        corners = [at(i, j, (1 - u) * (1 - v)), at(i, j + 1, u * (1 - v))]
        corners += [at(i + 1, j, (1 - u) * v), at(i + 1, j + 1, u * v)]
    value, share = (sum(part) for part in zip(*corners, strict=True))
    out = value * share + (1 - share) * fills
    return np.rint(out).astype(a.dtype) if pixels is not a else out


def _affine_matrix(center: Any, angle: float, translate: Any, scale: float, shear: Any) -> Array:
    """The inverse of: shear, rotate, scale about the center, then translate; 2 x 3."""
    turn = math.radians(angle)
    sx, sy = (math.radians(s) for s in shear)
    rotation = np.array(
        [
            [math.cos(turn - sy) / math.cos(sy), -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)],
            [math.sin(turn - sy) / math.cos(sy), -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)],
        ]
    )
    inverse = np.linalg.inv(rotation) / scale
    shift = np.asarray(center, float) - inverse @ (np.asarray(center, float) + np.asarray(translate, float))
    return np.concatenate([inverse, shift[:, None]], 1)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Any = None,
) -> Any:
    """Sheared, rotated by ``angle`` degrees clockwise, scaled and shifted by ``translate`` pixels; the size is kept."""
    shear = [shear, 0.0] if isinstance(shear, (int, float)) else [*shear, 0.0][:2]
    _, h, w = get_dimensions(img)
    middle = [w * 0.5, h * 0.5] if center is None else center
    matrix = _affine_matrix(middle, angle, translate, scale, shear)
    if is_pil(img):
        mode = pillow().Image.Transform.AFFINE
        return img.transform(
            img.size, mode, matrix.reshape(-1).tolist(), _pil_mode(interpolation), fillcolor=_pil_fill(img, fill)
        )
    y, x = np.mgrid[0:h, 0:w] + 0.5
    sx, sy = (row[0] * x + row[1] * y + row[2] - 0.5 for row in matrix)
    return _on_array(img, lambda a: _sampled(a, sx, sy, interpolation.value, fill))


def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Any = None,
    fill: Any = None,
) -> Any:
    """Rotated by ``angle`` degrees counter-clockwise; with ``expand`` the result is large enough for all of it."""
    if is_pil(img):
        return img.rotate(angle, _pil_mode(interpolation), expand, center, fillcolor=_pil_fill(img, fill))
    _, h, w = get_dimensions(img)
    cx, cy = (w * 0.5, h * 0.5) if center is None else center
    turn = math.radians(angle)
    cos, sin = math.cos(turn), math.sin(turn)
    height, width = h, w
    if expand:
        wide, high = abs(w * cos) + abs(h * sin), abs(w * sin) + abs(h * cos)
        width, height = (_span(n / 2 - reach / 2, n / 2 + reach / 2) for n, reach in ((w, wide), (h, high)))
    y, x = np.mgrid[0:height, 0:width] + 0.5
    x, y = (x - width / 2, y - height / 2) if expand else (x - cx, y - cy)
    sx, sy = cos * x - sin * y + cx - 0.5, sin * x + cos * y + cy - 0.5
    return _on_array(img, lambda a: _sampled(a, sx, sy, interpolation.value, fill))


def _span(low: float, high: float) -> int:
    """How many pixels from ``low`` to ``high`` touches, but for a ten-thousandth."""
    low, high = (math.trunc(round(v * 1e4, 2)) / 1e4 for v in (low, high))
    return math.ceil(high) - math.floor(low)


def erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    """The rectangle with the corner (i, j) replaced by ``v``."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be a Tensor. Got {type(img)}")
    img = img if inplace else img.clone()
    img[..., i : i + h, j : j + w] = v if isinstance(v, Tensor) else wrap(np.asarray(v, img.array.dtype))
    return img


# --- colours -------------------------------------------------------------------------------------------------------


def _blend(a: Any, b: Any, ratio: float) -> Any:
    return _cast((ratio * _cast(a, np.float32) + (1.0 - ratio) * b).clip(0, _white(a)), _dtype(a))


def _white(a: Any) -> Any:
    return 1 if _dtype(a).kind == "f" else np.iinfo(_dtype(a)).max


def _gray(a: Any) -> Any:
    if a.shape[-3] == 1:
        return a
    gray = 0.2989 * a[..., 0, :, :] + 0.587 * a[..., 1, :, :] + 0.114 * a[..., 2, :, :]
    return _cast(gray, _dtype(a))[..., None, :, :]


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 is black, 1 the image, 2 twice as bright."""
    _not_negative("brightness_factor", brightness_factor)
    if is_pil(img):
        return pillow().ImageEnhance.Brightness(img).enhance(brightness_factor)
    return _on_array(img, lambda a: _blend(a, 0.0, brightness_factor))


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 is a solid gray, 1 the image."""
    _not_negative("contrast_factor", contrast_factor)
    if is_pil(img):
        return pillow().ImageEnhance.Contrast(img).enhance(contrast_factor)
    return _on_array(
        img, lambda a: _blend(a, _cast(_gray(a), np.float32).mean((-3, -2, -1), keepdims=True), contrast_factor)
    )


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 is black and white, 1 the image."""
    _not_negative("saturation_factor", saturation_factor)
    if is_pil(img):
        return pillow().ImageEnhance.Color(img).enhance(saturation_factor)
    return _on_array(img, lambda a: a if a.shape[-3] == 1 else _blend(a, _gray(a), saturation_factor))


def _not_negative(name: str, value: float) -> None:
    if value < 0:
        raise ValueError(f"{name} ({value}) is not non-negative.")


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """The hues shifted by a fraction of the circle, from -0.5 to 0.5."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if is_pil(img):
        if img.mode in {"L", "1", "I", "F"}:
            return img
        h, s, v = img.convert("HSV").split()
        shifted = np.array(h, np.uint8) + np.array(int(hue_factor * 255)).astype(np.uint8)
        return pillow().Image.merge("HSV", (pillow().Image.fromarray(shifted), s, v)).convert(img.mode)

    def shift(a: Any) -> Any:
        if a.shape[-3] == 1:
            return a
        if isinstance(a, Tensor):
            raise NotImplementedError("adjust_hue has no gradient here: give it img.detach()")
        high = 1.0 if a.dtype.kind == "f" else np.iinfo(a.dtype).max
        out = _from_hsv(*_to_hsv(np.moveaxis(a, -3, 0) / high), hue_factor)
        return np.moveaxis(out * (high if high == 1.0 else high + 1 - 1e-3), 0, -3).astype(a.dtype)

    return _on_array(img, shift)


def _to_hsv(rgb: Array) -> tuple[Array, Array, Array]:
    r, g, b = rgb
    top, low = rgb.max(0), rgb.min(0)
    span = np.where(top == low, 1.0, top - low)
    rc, gc, bc = (top - r) / span, (top - g) / span, (top - b) / span
    hue = np.where(top == r, bc - gc, np.where(top == g, 2.0 + rc - bc, 4.0 + gc - rc))
    hue = np.where(top == low, 0.0, hue)
    return (hue / 6.0 + 1.0) % 1.0, (top - low) / np.where(top == 0, 1.0, top), top


def _from_hsv(h: Array, s: Array, v: Array, shift: float) -> Array:
    h = (h + shift) % 1.0 * 6.0
    which = np.floor(h)
    f = h - which
    p, q, t = v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))
    choices = [(v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q)]
    index = which.astype(int) % 6
    return np.clip(np.stack([np.choose(index, [c[k] for c in choices]) for k in range(3)]), 0, 1)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Black and white, with 1 or 3 equal channels."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if is_pil(img):
        gray = img.convert("L")
        return gray if num_output_channels == 1 else pillow().Image.merge("RGB", (gray, gray, gray))
    return _on_array(img, lambda a: _gray(a)[..., [0] * num_output_channels, :, :])


to_grayscale = rgb_to_grayscale


def invert(img: Any) -> Any:
    """The negative."""
    if is_pil(img):
        return pillow().ImageOps.invert(img)
    return _on_array(img, lambda a: _white(a) - a)


def solarize(img: Any, threshold: float) -> Any:
    """The negative of what is at least as bright as ``threshold``."""
    if is_pil(img):
        return pillow().ImageOps.solarize(img, threshold)
    if threshold > _white(img):
        raise TypeError(f"Threshold should be less than bound of img, and is {threshold} for {img.dtype}.")
    return _on_array(
        img, lambda a: (FUNCTIONS["where"] if isinstance(a, Tensor) else np.where)(a >= threshold, _white(a) - a, a)
    )


def equalize(img: Any) -> Any:
    """A flat histogram; PIL Images."""
    if not is_pil(img):
        return pil_to_tensor(pillow().ImageOps.equalize(to_pil_image(img)))
    return pillow().ImageOps.equalize(img)


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Blurred with a Gaussian, mirrored at the border; sizes are (x, y)."""
    sizes = _pair(kernel_size)
    if any(k <= 0 or k % 2 == 0 for k in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    given = [k * 0.15 + 0.35 for k in sizes] if sigma is None else sigma
    sigmas = [float(given)] * 2 if isinstance(given, (int, float)) else [float(s) for s in given]
    sigmas = sigmas * 2 if len(sigmas) == 1 else sigmas
    if any(s <= 0 for s in sigmas):
        raise ValueError(f"sigma should have positive values. Got {sigmas}")
    if is_pil(img):
        return to_pil_image(gaussian_blur(pil_to_tensor(img), sizes, sigmas), mode=img.mode)

    def blur(a: Any) -> Any:
        out = a if _dtype(a).kind == "f" else a.astype(np.float32)
        for axis, size, sd in ((-1, sizes[0], sigmas[0]), (-2, sizes[1], sigmas[1])):
            n, x = out.shape[axis], np.linspace(-(size - 1) / 2, (size - 1) / 2, size)
            weights = np.exp(-0.5 * (x / sd) ** 2)
            places = np.pad(np.arange(n), size // 2, mode="reflect")
            wide = out[..., places] if axis == -1 else out[..., places, :]
            parts = [wide[..., k : k + n] if axis == -1 else wide[..., k : k + n, :] for k in range(size)]
            out = sum(part * float(weight) for part, weight in zip(parts, weights / weights.sum(), strict=True))
        return out if _dtype(a).kind == "f" else np.rint(out).astype(a.dtype)

    return _on_array(img, blur)
