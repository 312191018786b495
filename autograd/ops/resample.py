"""Resampling: interpolation, sampling along a grid, and windows as columns (fold and unfold).

Interpolation is separable: along each dimension every result element is a weighted sum of a few input elements. Such a
table of positions and weights is a ``Blend``; ``blend`` applies it along one dimension, and its adjoint is ``blend``
with the transposed table. All modes of ``interpolate`` and the adaptive means are tables and nothing else.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..fast import twin
from ..half import is_half, rounded_once
from ..lift import linear
from ..tensor import wrap
from .columns import Ints
from .conv import ints
from .indexing import getitem
from .shape import pass_on
from .sliding import cells

__all__ = ["affine_grid_generator", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

# --- a weighted sum of a few elements along one dimension ----------------------------------------------------------


class Blend:
    """Result i is the sum over k of ``weights[i, k] * input[places[i, k]]``. Unused places have weight 0."""

    def __init__(self, size: int, places: Any, weights: Any) -> None:
        self.size = size  # of the input
        self.places = places
        self.weights = weights
        self.copies = places.shape[1] == 1 and bool((weights == 1).all())

    @functools.cached_property
    def transposed(self) -> Blend:
        """The table of the adjoint: for each input element the results that it went into."""
        rows = np.repeat(np.arange(len(self.places)), self.places.shape[1])
        columns, weights = self.places.reshape(-1), self.weights.reshape(-1)
        used = weights != 0
        rows, columns, weights = rows[used], columns[used], weights[used]
        order = np.argsort(columns, kind="stable")
        counts = np.bincount(columns, minlength=self.size)
        places = np.zeros((self.size, max(1, counts.max(initial=0))), np.int64)
        factors = np.zeros(places.shape)
        slot = np.arange(len(columns)) - np.repeat(np.cumsum(counts) - counts, counts)
        places[columns[order], slot] = rows[order]
        factors[columns[order], slot] = weights[order]
        unused = np.arange(places.shape[1]) >= counts[:, None]
        places = np.where(unused, places[:, :1], places)  # read again what is read anyway
        table = Blend(len(self.places), places, factors)
        return table


def _blend(input: Any, table: Blend, dim: int) -> Any:
    if table.copies:
        return input.take(table.places[:, 0], axis=dim)
    shape = [1] * input.ndim
    shape[dim] = -1
    total: Any = None
    for k in range(table.places.shape[1]):
        part = input.take(table.places[:, k], axis=dim)
        part *= table.weights[:, k].astype(part.real.dtype).reshape(shape)
        total = part if total is None else np.add(total, part, out=total)
    return total


blend: Any = linear(_blend, name="blend", input=lambda g, table, dim: blend(g, table.transposed, dim))


@functools.lru_cache(256)
def averaging(size: int, parts: int) -> Blend:
    """The means of the cells of an adaptive pooling."""
    start, end = cells(size, parts)
    most = int((end - start).max()) if parts else 1
    places = start[:, None] + np.arange(most)
    weights = (places < end[:, None]) / (end - start)[:, None]
    return Blend(size, np.minimum(places, size - 1), weights)


# --- interpolation -------------------------------------------------------------------------------------------------


def _cubic(t: Any, a: float) -> Any:
    """Keys' kernel with parameter ``a``."""
    t = np.abs(t)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def _triangle(t: Any) -> Any:
    return np.maximum(0.0, 1 - np.abs(t))


@functools.lru_cache(256)
def interpolation(
    size: int, wanted: int, mode: str, align: bool, scale: float | None, antialias: bool, single: bool
) -> Blend:
    """The table that takes ``size`` elements to ``wanted`` of them.

    Positions are computed in float32 where the data is (``single``), as PyTorch does: a position that lies between two
    elements to the last bit must fall on the same side.
    """
    real: Any = np.float32 if single else np.float64
    i: Any = np.arange(wanted)
    step = real(1.0 / scale) if scale is not None and scale > 0 else real(size) / real(max(wanted, 1))
    if mode == "nearest":
        at = np.minimum(np.floor(i.astype(np.float32) * np.float32(step)).astype(np.int64), size - 1)
        return Blend(size, at[:, None], np.ones((wanted, 1)))
    if mode == "nearest-exact":
        at = np.minimum(
            np.floor((i + np.float32(0.5)).astype(np.float32) * np.float32(step)).astype(np.int64), size - 1
        )
        return Blend(size, at[:, None], np.ones((wanted, 1)))
    if align:
        step = real(size - 1) / real(wanted - 1) if wanted > 1 else real(0)
        centre = i.astype(real) * step
    else:
        centre = (i.astype(real) + real(0.5)) * step - real(0.5)
    if antialias:
        return _antialiased(size, wanted, mode, float(step), align)
    if mode == "linear":
        centre = np.maximum(centre, 0)
        low = np.minimum(centre.astype(np.int64), size - 1)
        part = np.clip(centre - low, 0, 1)
        high = np.minimum(low + 1, size - 1)
        return Blend(size, np.stack([low, high], 1), np.stack([1 - part, part], 1))
    low = np.floor(centre).astype(np.int64)
    part = np.clip(centre - low, 0, 1)
    taps = np.arange(-1, 3)
    places = np.clip(low[:, None] + taps, 0, size - 1)
    return Blend(size, places, _cubic(part[:, None] - taps, -0.75))


def _antialiased(size: int, wanted: int, mode: str, step: float, align: bool) -> Blend:
    """A kernel as wide as the step, so that every input element counts when the result is smaller (Pillow's way)."""
    reach = (1.0 if mode == "linear" else 2.0) * max(step, 1.0)
    slope = 1.0 / step if step >= 1.0 else 1.0
    centre = step * (np.arange(wanted) + 0.5)
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    count = np.minimum((centre + reach + 0.5).astype(np.int64), size) - first
    taps = np.arange(max(1, int(count.max(initial=1))))
    t = (taps + first[:, None] - centre[:, None] + 0.5) * slope
    weights = _triangle(t) if mode == "linear" else _cubic(t, -0.5)
    weights = np.where(taps < count[:, None], weights, 0)
    total = weights.sum(1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total != 0)
    return Blend(size, np.minimum(first[:, None] + taps, size - 1), weights)


_MODES = {
    "nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "linear": (1,), "bilinear": (2,),
    "bicubic": (2,), "trilinear": (3,),
}  # fmt: skip
_ALONG = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """``input`` (N, C, [D,] [H,] W) resampled to ``size`` or by ``scale_factor``.

    Args:
        mode: "nearest", "nearest-exact", "area"; "linear" (3-D input), "bilinear", "bicubic" (4-D), "trilinear" (5-D).
        align_corners: the corner elements keep their places; for the linear and cubic modes.
        recompute_scale_factor: compute the factor anew from the rounded size.
        antialias: for bilinear and bicubic, average over all elements when making smaller.

    Raises:
        ValueError: both or none of size and scale_factor, or an option that the mode does not have.
        NotImplementedError: an input of a dimension that the mode does not have, or integers (but for the nearest modes,
            and bilinear and bicubic of uint8, which round).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html

    >>> import autograd
    >>> interpolate(autograd.tensor([[[1.0, 2.0]]]), scale_factor=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    _check_mode(mode, input, align_corners, antialias)
    spatial = tuple(input.shape[2:])
    wanted, factors = _wanted_sizes(size, scale_factor, recompute_scale_factor, spatial)
    if min(wanted) < 1 or min(spatial) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(spatial)} and output {list(wanted)}"
        )
    if mode == "area":
        from .avg_pooling import adaptive_avg_pool

        return adaptive_avg_pool(len(spatial), input, tuple(int(w) for w in wanted))
    along, single, dtype = _ALONG.get(mode, mode), input.array.dtype.itemsize <= 4, input.array.dtype
    bytes_ = dtype == np.uint8 and "nearest" not in along
    made = input.float() if bytes_ or (is_half(dtype) and "nearest" not in along) else input
    steps = list(enumerate(zip(spatial, wanted, factors, strict=True)))
    for i, (m, w, f) in reversed(steps) if bytes_ else steps:
        made = blend(made, interpolation(m, int(w), along, bool(align_corners), f, antialias, single), i + 2)
        if bytes_:  # PyTorch rounds after the rows, and after the columns
            made = (made + 0.5).floor().clamp(0, 255)
    return pass_on(made if made.array.dtype == dtype else made.to(input.dtype), input)


def _check_mode(mode: str, input: Any, align_corners: Any, antialias: bool) -> None:
    """Raise NotImplementedError or ValueError for a mode, a number of dimensions and options that don't go together."""
    if mode not in _MODES:
        raise NotImplementedError(f"interpolate: mode {mode!r} is not one of {', '.join(_MODES)}")
    if mode in ("nearest", "nearest-exact", "area") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if input.ndim - 2 not in _MODES[mode]:
        raise NotImplementedError(
            f"interpolate: got an input of {input.ndim} dimensions (shape {list(input.shape)}), and mode {mode!r} wants "
            f"{' or '.join(str(k + 2) for k in _MODES[mode])}: (batch, channels, then the dimensions to resample)"
        )
    kind = input.array.dtype
    if kind.kind in "biu" and "nearest" not in mode and not (kind == np.uint8 and mode in ("bilinear", "bicubic")):
        raise NotImplementedError(
            f"interpolate: mode {mode!r} is not implemented for {input.dtype}. Convert first: t.float()"
        )
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input"
        )


def _wanted_sizes(size: Any, scale_factor: Any, recompute: bool | None, spatial: Ints) -> tuple[Any, Any]:
    """The sizes to resample to, and the factors to step by (None: the quotient of the sizes)."""
    n = len(spatial)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "either size or scale_factor should be defined"
            if size is None
            else "only one of size or scale_factor should be defined"
        )
    if size is not None:
        wanted = _per_dimension(size, n, "size", spatial)
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return wanted, (None,) * n
    factors = _per_dimension(scale_factor, n, "scale_factor", spatial)
    wanted = tuple(math.floor(float(m) * f) for m, f in zip(spatial, factors, strict=True))
    return wanted, (None,) * n if recompute else factors


def _per_dimension(value: Any, n: int, what: str, spatial: Ints) -> tuple[Any, ...]:
    if not isinstance(value, (tuple, list)):
        return (value,) * n
    if len(value) != n:
        raise ValueError(
            f"Input and {what} must have the same number of spatial dimensions, but got input with spatial dimensions "
            f"of {list(spatial)} and {what} of {tuple(value)}"
        )
    return tuple(value)


# --- grids ---------------------------------------------------------------------------------------------------------


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """The sampling grid of an affine map, for ``grid_sample``: theta (N, 2, 3) or (N, 3, 4), size (N, C, [D,] H, W).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html

    >>> import autograd
    >>> affine_grid(autograd.tensor([[[1.0, 0, 0], [0, 1, 0]]]), (1, 1, 2, 2), align_corners=True).tolist()
    [[[[-1.0, -1.0], [1.0, -1.0]], [[-1.0, 1.0], [1.0, 1.0]]]]
    """
    import autograd

    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms; got {list(size)}"
        )
    if tuple(theta.shape) != (size[0], n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape {size[0]}x{n}x{n + 1} for size {list(size)}. Got "
            f"{list(theta.shape)}."
        )
    if min(size) < 1:
        raise ValueError(f"Expected non-zero, positive output size. Got {list(size)}")
    axes = []
    for m in reversed(size[2:]):
        axis = autograd.linspace(-1, 1, m, dtype=theta.dtype) if m > 1 else autograd.zeros(1, dtype=theta.dtype)
        axes.append((axis if align_corners else axis * (m - 1) / m).array)  # the same roundings as PyTorch's
    places = np.meshgrid(*reversed(axes), indexing="ij")
    points = np.stack([*reversed(places), np.ones(tuple(size[2:]), theta.array.dtype)], -1)
    base = autograd.from_numpy(points.reshape(1, -1, n + 1))
    return autograd.matmul(base, theta.transpose(1, 2)).reshape(size[0], *size[2:], n)


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """``input`` (N, C, [D,] H, W) read at the places of ``grid`` (N, [D',] H', W', 2 or 3), in [-1, 1], x before y.

    Args:
        mode: "bilinear" (trilinear for volumes), "nearest", or "bicubic" (images only).
        padding_mode: what lies outside: "zeros", "border" or "reflection".
        align_corners: whether -1 and 1 are the centres of the corner elements or their outer edges (the default).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html

    >>> import autograd
    >>> grid_sample(autograd.ones(1, 1, 2, 2), autograd.zeros(1, 1, 1, 2), align_corners=False).item()
    1.0
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: {mode!r}"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"{padding_mode!r}"
        )
    n = input.ndim - 2
    if n not in (2, 3) or grid.ndim != n + 2 or grid.shape[-1] != n or grid.shape[0] != input.shape[0]:
        raise RuntimeError(
            "grid_sampler(): expected an input of 4 or 5 dimensions and a grid of as many, with the same batch size "
            f"and a last dimension of 2 or 3, but got input {list(input.shape)} and grid {list(grid.shape)}"
        )
    if input.array.dtype != grid.array.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid to have same dtype, but input has {input.dtype} and grid has "
            f"{grid.dtype}"
        )
    if mode == "bicubic" and n == 3:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    spatial = tuple(input.shape[2:])
    at = [
        _unnormalise(getitem(grid, (..., n - 1 - i)), spatial[i], bool(align_corners)) for i in range(n)
    ]  # in the order of the dimensions
    if mode != "bicubic":
        at = [_keep_inside(x, size, padding_mode, bool(align_corners)) for x, size in zip(at, spatial, strict=True)]
    if mode == "nearest":
        return _read(input, [np.rint(x.array) for x in at], padding_mode, bool(align_corners))
    lows = [np.floor(x.array) for x in at]
    parts = [x - wrap(low) for x, low in zip(at, lows, strict=True)]
    if mode == "bilinear":
        factors = [[(0, 1 - t), (1, t)] for t in parts]
    else:
        factors = [[(k, _cubic_weight(t, k)) for k in range(-1, 3)] for t in parts]
    total: Any = None
    for corner in np.ndindex(*[len(f) for f in factors]):
        chosen = [f[c] for f, c in zip(factors, corner, strict=True)]
        value = _read(
            input, [low + k for low, (k, _) in zip(lows, chosen, strict=True)], padding_mode, bool(align_corners)
        )
        weight = functools.reduce(lambda a, b: a * b, [w for _, w in chosen])
        term = value * weight[:, None]
        total = term if total is None else total + term
    return total if total.array.dtype == input.array.dtype else total.to(input.dtype)


def grid_sampler(input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """``grid_sample`` with its modes by number: bilinear, nearest, bicubic; zeros, border, reflection."""
    mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
    return grid_sample(input, grid, mode, ("zeros", "border", "reflection")[padding_mode], align_corners)


def grid_sampler_2d(input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """``grid_sampler`` of images."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """``grid_sampler`` of volumes."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """``affine_grid`` by its older name."""
    return affine_grid(theta, size, align_corners)


def _cubic_weight(t: Any, k: int) -> Any:
    """Keys' kernel (a = -0.75) at distance ``t - k``, as a polynomial in the Tensor ``t``."""
    a = -0.75
    if k in (0, 1):
        d = t if k == 0 else 1 - t
        return ((a + 2) * d - (a + 3)) * d * d + 1
    d = t + 1 if k == -1 else 2 - t
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a


def _unnormalise(x: Any, size: int, align: bool) -> Any:
    """From [-1, 1] to element positions."""
    return (x + 1) * ((size - 1) / 2) if align else ((x + 1) * size - 1) / 2


def _keep_inside(x: Any, size: int, padding_mode: str, align: bool) -> Any:
    if padding_mode == "zeros":
        return x
    import autograd

    if padding_mode == "reflection":
        low, high = (0.0, size - 1.0) if align else (-0.5, size - 0.5)
        span = high - low
        if span == 0:
            x = x * 0
        else:
            d = autograd.abs(x - low)
            turns = np.floor(d.array / span)
            extra = d - wrap((turns * span).astype(d.array.dtype))
            odd = wrap(turns % 2 == 1)
            x = autograd.where(odd, high - extra, extra + low)
    outside = wrap((x.array <= 0) | (x.array >= size - 1))  # at the border itself PyTorch's gradient is zero
    return autograd.where(outside, wrap(np.clip(x.array, 0, size - 1)), x)


def _read(input: Any, at: list[Any], padding_mode: str, align: bool) -> Any:
    """The elements at whole positions; what lies outside is zero, or moved inside as the mode says."""
    spatial = tuple(input.shape[2:])
    inside: Any = True
    index = []
    for x, size in zip(at, spatial, strict=True):
        if padding_mode != "zeros":
            x = _keep_inside(wrap(x), size, padding_mode, align).array
        x = np.nan_to_num(x, nan=-1.0, posinf=-1.0, neginf=-1.0)
        inside = inside & (x >= 0) & (x <= size - 1)
        index.append(np.clip(x, 0, size - 1).astype(np.int64))
    batch = np.arange(input.shape[0]).reshape(-1, *[1] * (at[0].ndim - 1))
    places = functools.reduce(
        lambda flat, pair: flat * pair[1] + pair[0], zip(index, spatial, strict=True), np.zeros_like(batch)
    )
    return read_places(input, places, np.broadcast_to(inside, places.shape))


def _worth_a_kernel(input: Any, places: Any, inside: Any, size: Any = None) -> bool:
    return input.size >= 2048 and input.dtype == np.float32 and (size is not None or input.flags.c_contiguous)


@twin("places.read_places", when=_worth_a_kernel)
def _read_places(input: Any, places: Any, inside: Any) -> Any:
    """input (N, C, *S), places (N, *P) in flat S -> (N, C, *P)"""
    flat = input.reshape(*input.shape[:2], math.prod(input.shape[2:]))
    at = np.broadcast_to(places.reshape(len(places), 1, -1), (*input.shape[:2], places[0].size))
    made = np.take_along_axis(flat, at, 2).reshape(*input.shape[:2], *places.shape[1:])
    return np.where(inside[:, None], made, input.dtype.type(0))


@twin("places.write_places", when=_worth_a_kernel)
@rounded_once
def _write_places(input: Any, places: Any, inside: Any, size: Ints) -> Any:
    n, c = input.shape[:2]
    made = np.zeros((n, c, math.prod(size)), input.dtype)
    g = np.where(inside[:, None], input, input.dtype.type(0)).reshape(n, c, -1)
    for image, where, values in zip(made, places.reshape(n, -1), g, strict=True):
        at: Any = (slice(None), where)
        np.add.at(image, at, values)
    return made.reshape(n, c, *size)


read_places: Any = linear(
    _read_places,
    constants=("places", "inside"),
    name="grid_sampler",
    input=lambda g, places, inside, like: write_places(g, places, inside, tuple(like.shape[2:])),
)
write_places: Any = linear(
    _write_places,
    constants=("places", "inside"),
    name="grid_sampler_backward",
    input=lambda g, places, inside: read_places(g, places, inside),
)

# --- windows as columns --------------------------------------------------------------------------------------------


def _unfold(input: Any, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Any:
    """(N, C, H, W) -> (N, C * kh * kw, L)"""
    n, c, *spatial = input.shape
    padded = np.zeros((n, c, *[m + 2 * p for m, p in zip(spatial, padding, strict=True)]), input.dtype)
    middle: Any = (..., *[slice(p, p + m) for p, m in zip(padding, spatial, strict=True)])
    padded[middle] = input
    result = _blocks(tuple(spatial), kernel, dilation, padding, stride)
    steps = padded.strides
    near = [d * s for d, s in zip(dilation, steps[2:], strict=True)]
    far = [d * s for d, s in zip(stride, steps[2:], strict=True)]
    columns = as_strided(padded, (n, c, *kernel, *result), (*steps[:2], *near, *far))
    return columns.reshape(n, c * math.prod(kernel), math.prod(result))


def _fold(input: Any, size: Ints, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Any:
    n = len(input)
    result = _blocks(size, kernel, dilation, padding, stride)
    columns = input.reshape(n, input.shape[1] // math.prod(kernel), *kernel, *result)
    made = np.zeros((n, columns.shape[1], *[m + 2 * p for m, p in zip(size, padding, strict=True)]), input.dtype)
    for tap in np.ndindex(*kernel):
        region = [
            slice(t * d, t * d + (m - 1) * s + 1, s) for t, d, m, s in zip(tap, dilation, result, stride, strict=True)
        ]
        at: Any = (..., *region)
        made[at] += columns[(slice(None), slice(None), *tap)]
    middle: Any = (..., *[slice(p, p + m) for p, m in zip(padding, size, strict=True)])
    return np.ascontiguousarray(made[middle])


def _blocks(size: Ints, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Ints:
    return tuple(
        (m + 2 * p - d * (k - 1) - 1) // s + 1
        for m, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
    )


unfold_columns: Any = linear(
    _unfold,
    name="im2col",
    input=lambda g, like, kernel, dilation, padding, stride: fold_columns(
        g, tuple(like.shape[2:]), kernel, dilation, padding, stride
    ),
)
fold_columns: Any = linear(
    _fold,
    name="col2im",
    input=lambda g, kernel, dilation, padding, stride: unfold_columns(g, kernel, dilation, padding, stride),
)


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows of images as columns: (N, C, H, W) -> (N, C * kH * kW, L), also unbatched.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html

    >>> import autograd
    >>> unfold(autograd.ones(1, 3, 4, 4), 2).shape
    torch.Size([1, 12, 9])
    """
    kernel, dilations, pads, steps = _of_columns("unfold", kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4):
        raise RuntimeError(f"Expected 3D or 4D (batch mode) tensor for unfold, but got: {list(input.shape)}")
    if min(_blocks(tuple(input.shape[-2:]), kernel, dilations, pads, steps)) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(input.shape[-2:])}, kernel_size={kernel}, dilation={dilations}, "
            f"padding={pads}, calculated shape of the array of sliding blocks is too small (non-positive)"
        )
    batch = input if input.ndim == 4 else input[None]
    made = unfold_columns(batch, kernel, dilations, pads, steps)
    return made if input.ndim == 4 else made[0]


def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Columns put back at their windows, what overlaps is added: (N, C * kH * kW, L) -> (N, C, *output_size).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fold.html

    >>> import autograd
    >>> fold(autograd.ones(1, 4, 4), (3, 3), 2).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    kernel, dilations, pads, steps = _of_columns("fold", kernel_size, dilation, padding, stride)
    size = ints(output_size, 2, "output_size", "fold")
    if input.ndim not in (2, 3):
        raise RuntimeError(f"Expected 2D or 3D (batch mode) tensor for fold, but got: {list(input.shape)}")
    blocks = math.prod(_blocks(size, kernel, dilations, pads, steps))
    if input.shape[-2] % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)="
            f"{input.shape[-2]} and kernel_size={kernel}."
        )
    if input.shape[-1] != blocks:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilations}, padding={pads}, stride={steps}, "
            f"expected size of input's dimension 2 to match the calculated number of sliding blocks {blocks}, but got "
            f"{input.shape[-1]}"
        )
    batch = input if input.ndim == 3 else input[None]
    made = fold_columns(batch, size, kernel, dilations, pads, steps)
    return made if input.ndim == 3 else made[0]


def _of_columns(name: str, kernel: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Ints, Ints, Ints, Ints]:
    found = tuple(
        ints(value, 2, what, name)
        for value, what in ((kernel, "kernel_size"), (dilation, "dilation"), (padding, "padding"), (stride, "stride"))
    )
    if min(found[0]) < 1 or min(found[1]) < 1 or min(found[3]) < 1 or min(found[2]) < 0:
        raise RuntimeError(
            f"{name}: kernel_size, dilation and stride must be positive and padding not negative, got {found}"
        )
    return found  # type: ignore[return-value]
