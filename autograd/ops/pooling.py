"""Pooling: the largest, the mean or the p-norm of windows that slide over the spatial dimensions.

Maxima and sums are taken over strided views of the whole input, one view for each tap of the window: nothing is
gathered. A maximum remembers *which tap* won (a small integer for each result), and its derivative puts each cotangent
back at that tap: ``place_taps``, whose adjoint ``pick_taps`` reads the same places. Of equal elements the first in row
order wins, as in PyTorch. Sums go one dimension at a time, so a k x k window costs 2 k additions instead of k * k.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..fast import twin
from ..graph import mode
from ..lift import lift, linear
from ..tensor import Tensor, wrap
from ..threads import parallel_for
from ..views import current
from .conv import Ints, ints

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_max_pool1d",
    "avg_pool1d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
]


class _Windows:
    """Where the windows of a pooling lie: sizes, and the part of the input that each tap of the window meets."""

    def __init__(self, spatial: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool) -> None:
        self.spatial, self.kernel, self.stride, self.padding, self.dilation = spatial, kernel, stride, padding, dilation
        self.result = tuple(map(functools.partial(_windows, ceil=ceil), spatial, kernel, stride, padding, dilation))
        reach = [
            (n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(self.result, stride, dilation, kernel, strict=True)
        ]
        self.padded = tuple(max(r, n + p) for r, n, p in zip(reach, spatial, padding, strict=True))
        self.inside = tuple(slice(p, p + n) for n, p in zip(spatial, padding, strict=True))
        self.pads = self.padded != spatial
        self.taps = math.prod(kernel)
        steps = [math.prod(self.padded[i + 1 :]) for i in range(len(kernel))]  # in the flat padded input
        self.starts = _grid(self.result, [s * step for s, step in zip(stride, steps, strict=True)])
        self.offsets = _grid(kernel, [d * step for d, step in zip(dilation, steps, strict=True)]).reshape(-1)
        self.halves = not self.pads and set(kernel) == set(stride) == {2} and set(dilation) == {1} and len(kernel) == 2

    def region(self, t: int) -> Any:
        """The elements of the padded input that tap number ``t`` meets, as an index."""
        at = np.unravel_index(t, self.kernel)
        starts = [int(i) * d for i, d in zip(at, self.dilation, strict=True)]
        return (
            ...,
            *[slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, self.result, self.stride, strict=True)],
        )

    def pairs(self) -> tuple[Any, Any, Any, Any]:
        """Upper and lower rows, left and right columns, of windows of 2 x 2."""
        top, left = (slice(0, 2 * n, 2) for n in self.result)
        bottom, right = (slice(1, 2 * n, 2) for n in self.result)
        return (..., top, slice(None)), (..., bottom, slice(None)), (..., left), (..., right)

    def unpadded(self) -> Any:
        """For each position of the flat padded input the one without padding; -1 in the padding."""
        made = np.full(self.padded, -1)
        made[self.inside] = np.arange(math.prod(self.spatial)).reshape(self.spatial)
        return made.reshape(-1)

    def padded_with(self, x: Any, value: Any) -> Any:
        """``x`` in the middle of ``value``."""
        if not self.pads:
            return x
        made = np.full((*x.shape[: -len(self.spatial)], *self.padded), value, x.dtype)
        middle: Any = (..., *self.inside)
        made[middle] = x
        return made

    def flat(self, taps: Any) -> Any:
        """The positions in the flat spatial input of the taps that won: PyTorch's indices."""
        n = len(self.kernel)
        found: Any = 0
        for i, at in enumerate(np.unravel_index(taps.astype(np.int64), self.kernel)):
            shape = [1] * n
            shape[i] = -1
            start = np.arange(self.result[i]) * self.stride[i] - self.padding[i]
            along = np.clip(
                at * self.dilation[i] + start.reshape(shape), 0, self.spatial[i] - 1
            )  # -inf may win outside
            found = found * self.spatial[i] + along
        return found


def _grid(shape: Ints, steps: list[int]) -> Any:
    """The sum over the dimensions of index times step, for every index."""
    return functools.reduce(np.add.outer, [np.arange(n) * step for n, step in zip(shape, steps, strict=True)])


_windows_of = functools.lru_cache(256)(_Windows)


def _windows(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """How many windows fit along a dimension; with ``ceil`` a last one that begins inside may reach out of it."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    n = (-(-room // stride) if ceil else room // stride) + 1
    return n - 1 if ceil and (n - 1) * stride >= size + padding else n


# --- maxima --------------------------------------------------------------------------------------------------------


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" or dtype.kind == "V" else np.iinfo(dtype).min


def _blocks(x: Any, start: int, stop: int) -> list[tuple[int, int]]:
    """Ranges of images of about a megabyte: they stay in cache, and threads have something to do between two locks."""
    step = max(1, (1 << 20) // max(1, x[:1].nbytes))
    return [(i, min(i + step, stop)) for i in range(start, stop, step)]


@twin("pooling.largest", when=lambda x, w: x.size >= 8192 and w.halves and x.dtype == np.float32)
def _largest(x: Any, w: _Windows) -> Any:
    """The largest of each window."""
    x = w.padded_with(x, _lowest(x.dtype))
    made = np.empty((*x.shape[: x.ndim - len(w.kernel)], *w.result), x.dtype)

    def images(start: int, stop: int) -> None:
        for i, j in _blocks(x, start, stop):
            part, largest = x[i:j], made[i:j]
            if w.halves:  # pairs of rows first: they are contiguous
                top, bottom, left, right = w.pairs()
                rows = np.maximum(part[top], part[bottom])
                np.maximum(rows[left], rows[right], out=largest)
                continue
            np.copyto(largest, part[w.region(0)])
            for t in range(1, w.taps):
                np.maximum(largest, part[w.region(t)], out=largest)

    parallel_for(len(x), images, made.size * w.taps / 2)
    return made


@twin("pooling.largest_and_tap", when=lambda x, w: x.size >= 8192 and w.halves and x.dtype == np.float32)
def _largest_and_tap(x: Any, w: _Windows) -> tuple[Any, Any]:
    """The largest of each window, and the number of the tap where it is. NaN counts as largest."""
    x = w.padded_with(x, _lowest(x.dtype))
    made = np.empty((*x.shape[: x.ndim - len(w.kernel)], *w.result), x.dtype)
    taps = np.empty(made.shape, np.uint8 if w.taps <= 256 else np.int32)
    one, work = (_halve, 4 * made.size) if w.halves else (_compare, 2 * made.size * w.taps)
    parallel_for(len(x), lambda start, stop: one(x, made, taps, w, start, stop), work)
    if x.dtype.kind == "f" and np.isnan(made.sum()):  # rare, and then the place is worth another pass
        _compare(x, made, taps, w, 0, len(x), nan=True)
    return made, taps


def _compare(x: Any, made: Any, taps: Any, w: _Windows, start: int, stop: int, nan: bool = False) -> None:
    """Any windows, tap by tap: the last tap that is larger than all before it wins."""
    for i, j in _blocks(x, start, stop):
        largest, tap = made[i:j], taps[i:j]
        np.copyto(largest, x[i:j][w.region(0)])
        tap.fill(0)
        for t in range(1, w.taps):
            other = x[i:j][w.region(t)]
            wins = other > largest
            if nan:
                wins |= other != other
            np.maximum(largest, other, out=largest)
            np.maximum(tap, wins.astype(tap.dtype) * tap.dtype.type(t), out=tap)


def _halve(x: Any, made: Any, taps: Any, w: _Windows, start: int, stop: int) -> None:
    """Windows of 2 x 2: first along the rows, then between them, which keeps the order of ties."""
    top, bottom, left, right = w.pairs()
    height = w.result[0]
    for i, j in _blocks(x, start, stop):
        rows = x[i:j, ..., : 2 * height, :]
        a, b = np.ascontiguousarray(rows[left]), np.ascontiguousarray(rows[right])
        second = (b > a).view(np.uint8)  # of each pair in a row
        np.maximum(a, b, out=a)
        below = (a[bottom] > a[top]).view(np.uint8)
        np.maximum(a[top], a[bottom], out=made[i:j])
        tap = taps[i:j]  # 2 * below + (second of the row that won)
        np.bitwise_xor(second[top], second[bottom], out=tap)
        tap &= below
        tap ^= second[top]
        tap += below
        tap += below


@twin("pooling.place", when=lambda x, taps, w: x.size >= 4096 and x.dtype == np.float32 and taps.dtype == np.uint8)
def _place(input: Any, taps: Any, windows: _Windows) -> Any:
    """Each element at the tap of its window that ``taps`` names; what meets is added."""
    w = windows
    lead = input.shape[: input.ndim - len(w.kernel)]
    apart = not w.pads and w.kernel == w.stride and w.spatial == tuple(map(int.__mul__, w.result, w.stride))
    made = np.empty((*lead, *w.spatial), input.dtype)

    def images(start: int, stop: int) -> None:
        for i, j in _blocks(made, start, stop):
            if apart:  # the windows tile the input: every place is written once
                for t in range(w.taps):
                    chosen = (taps[i:j] == t).astype(input.dtype)
                    chosen *= input[i:j]
                    made[i:j][w.region(t)] = chosen
                continue
            padded = np.zeros((math.prod((j - i, *lead[1:])), math.prod(w.padded)), input.dtype)
            places = w.offsets.take(taps[i:j]) + w.starts
            places = places.reshape(len(padded), -1) + np.arange(len(padded))[:, None] * padded.shape[1]
            np.add.at(padded.reshape(-1), places.reshape(-1), np.ascontiguousarray(input[i:j]).reshape(-1))
            middle: Any = (..., *w.inside)
            made[i:j] = padded.reshape(j - i, *lead[1:], *w.padded)[middle]

    parallel_for(len(input), images, input.size * w.taps)
    return made


def _pick(input: Any, taps: Any, windows: _Windows, found: Any = None) -> Any:
    """Of each window the element that ``taps`` names; ``found`` are these elements, where they are known already."""
    if found is not None:
        return found
    padded = windows.padded_with(input, 0)
    made = np.zeros(taps.shape, input.dtype)
    for t in range(windows.taps):
        np.copyto(made, padded[windows.region(t)], where=taps == t)
    return made


pick_taps: Any = lift(
    _pick,
    constants=("taps",),
    name="max_pool",
    input=lambda g, taps, windows: place_taps(g, taps, windows),
)
place_taps: Any = linear(
    _place,
    constants=("taps",),
    name="max_pool_backward",
    input=lambda g, taps, windows: pick_taps(g, taps, windows),
)


def _by_channel(x: Any) -> Any:
    """(N, C, *S) -> (N, C, prod S), also of empty arrays."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def _put(input: Any, indices: Any, size: Ints) -> Any:
    made = np.zeros((*input.shape[:2], math.prod(size)), input.dtype)
    rows = np.arange(made.shape[0] * made.shape[1])[:, None] * made.shape[2]
    places = rows + indices.reshape(len(rows), math.prod(indices.shape[2:]))
    np.add.at(made.reshape(-1), places.reshape(-1), input.reshape(-1))
    return made.reshape(*input.shape[:2], *size)


def _take(input: Any, indices: Any, found: Any = None) -> Any:
    if found is not None:
        return found
    return np.take_along_axis(_by_channel(input), _by_channel(indices), -1).reshape(indices.shape)


def _unpool(input: Any, indices: Any, size: Ints) -> Any:
    made = np.zeros((*input.shape[:2], math.prod(size)), input.dtype)
    flat = _by_channel(indices)
    np.put_along_axis(made, flat, input.reshape(flat.shape), -1)
    return made.reshape(*input.shape[:2], *size)


take_flat: Any = lift(
    _take,
    constants=("indices",),
    name="take_flat",
    input=lambda g, indices, like: put_flat(g, indices, tuple(like.shape[2:])),
)
put_flat: Any = linear(_put, constants=("indices",), name="put_flat", input=lambda g, indices: take_flat(g, indices))
unpool: Any = linear(_unpool, constants=("indices",), name="max_unpool", input=lambda g, indices: take_flat(g, indices))


def _batched(n: int, input: Any, name: str) -> tuple[Any, bool]:
    """The input with a batch dimension, and whether it had none."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"{name}(): Expected {n + 1}D or {n + 2}D (batch mode) tensor, but got input of shape {list(input.shape)}"
        )
    if 0 in input.shape[-n - 1 :]:
        raise RuntimeError(
            f"{name}(): Expected input's non-batch dimensions to have positive length, but got input of shape "
            f"{list(input.shape)}"
        )
    return (input, False) if input.ndim == n + 2 else (input[None], True)  # type: ignore[index]


def _geometry(
    n: int, name: str, shape: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> _Windows:
    kernel = ints(kernel_size, n, "kernel_size", name)
    steps = (
        kernel
        if stride is None or (not hasattr(stride, "__index__") and len(stride) == 0)
        else ints(stride, n, "stride", name)
    )
    pads, dilations = ints(padding, n, "padding", name), ints(dilation, n, "dilation", name)
    if min(kernel) < 1:
        raise RuntimeError(f"{name}: kernel size should be greater than zero, but got {list(kernel)}")
    if min(steps) < 1:
        raise RuntimeError(f"{name}: stride should not be zero, but got {list(steps)}")
    if min(dilations) < 1:
        raise RuntimeError(f"{name}: dilation should be greater than zero, but got {list(dilations)}")
    for p, k, d in zip(pads, kernel, dilations, strict=True):
        if p < 0 or p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"{name}: pad should be non-negative and at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation={d}"
            )
    w = _windows_of(tuple(shape[-n:]), kernel, steps, pads, dilations, bool(ceil_mode))
    if min(w.result) < 1:
        raise RuntimeError(
            f"Given input size: {list(shape[-n - 1 :])}. Calculated output size: {[shape[-n - 1], *w.result]}. Output "
            f"size is too small: the window {list(kernel)} of {name} does not fit into {list(shape[-n:])}"
        )
    return w


def _max_pool(
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    batch, single = _batched(n, input, f"max_pool{n}d")
    w = _geometry(n, f"max_pool{n}d", input.shape, kernel_size, stride, padding, dilation, ceil_mode)
    x = batch.array
    if not return_indices and not (mode.now.enabled and current(batch) is not None):
        made = wrap(_largest(x, w))
        return made[0] if single else made
    found, taps = _largest_and_tap(x, w)
    made = pick_taps(batch, taps, w, found)
    if single:
        made, taps = made[0], taps[0]
    return (made, wrap(w.flat(taps))) if return_indices else made


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window: (N, C, L) or (C, L).

    Args:
        stride: the window's own size if None.
        padding: at most half the window, of minus infinity.
        ceil_mode: a last window may reach out of the input.
        return_indices: return the pair of the maxima and their positions.

    Raises:
        RuntimeError: the window does not fit, or is padded by more than half.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html

    >>> import autograd
    >>> max_pool1d(autograd.tensor([[[1.0, 3.0, 2.0, 5.0]]]), 2).tolist()
    [[[3.0, 5.0]]]
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of images, (N, C, H, W) or (C, H, W); see ``max_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of volumes, (N, C, D, H, W) or (C, D, H, W); see ``max_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """``max_pool1d`` that returns the positions too."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_unpool(n: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    """The partial inverse of max pooling: maxima at the places they came from, zeros elsewhere."""
    name = f"max_unpool{n}d"
    batch, single = _batched(n, input, name)
    kernel = ints(kernel_size, n, "kernel_size", name)
    steps = kernel if stride is None else ints(stride, n, "stride", name)
    pads = ints(padding, n, "padding", name)
    size = tuple((m - 1) * s - 2 * p + k for m, s, p, k in zip(input.shape[-n:], steps, pads, kernel, strict=True))
    if output_size is not None:
        wanted = tuple(output_size)[-n:]
        for got, usual, s in zip(wanted, size, steps, strict=True):
            if not usual - s < got < usual + s:
                raise ValueError(
                    f"invalid output_size {list(wanted)}: each length must be within one stride {list(steps)} of "
                    f"{list(size)}"
                )
        size = wanted
    if tuple(indices.shape) != tuple(input.shape):
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )
    places = indices.array if not single else indices.array[None]
    if places.size and not (places.min() >= 0 and places.max() < math.prod(size)):
        raise RuntimeError(f"Found an invalid max index: {places.max()} (output volumes are of size {list(size)})")
    made = unpool(batch, places, size)
    return made[0] if single else made


# --- sums and means ------------------------------------------------------------------------------------------------


def _sum_along(x: Any, axis: int, w: _Windows, i: int) -> Any:
    """The sum of the windows along one dimension."""
    index: list[Any] = [slice(None)] * x.ndim
    total = None
    for k in range(w.kernel[i]):
        index[axis] = slice(k, k + (w.result[i] - 1) * w.stride[i] + 1, w.stride[i])
        if total is None:
            total = x[tuple(index)].copy()
        else:
            total += x[tuple(index)]
    return total


def _spread_along(g: Any, axis: int, w: _Windows, i: int) -> Any:
    """Its adjoint: every element at all places of its window."""
    index: list[Any] = [slice(None)] * g.ndim
    shape = list(g.shape)
    shape[axis] = w.padded[i]
    tiles = w.kernel[i] == w.stride[i] and w.padded[i] == w.kernel[i] * w.result[i]
    made = np.empty(shape, g.dtype) if tiles else np.zeros(shape, g.dtype)
    for k in range(w.kernel[i]):
        index[axis] = slice(k, k + (w.result[i] - 1) * w.stride[i] + 1, w.stride[i])
        if tiles:
            made[tuple(index)] = g
        else:
            made[tuple(index)] += g
    return made


def _window_sums(input: Any, windows: _Windows, scale: Any) -> Any:
    n = len(windows.kernel)
    made = np.empty((*input.shape[: input.ndim - n], *windows.result), input.dtype)

    def images(start: int, stop: int) -> None:
        for first, end in _blocks(input, start, stop):
            x = windows.padded_with(input[first:end], 0)
            for i in range(n):
                x = _sum_along(x, x.ndim - n + i, windows, i)
            np.multiply(x, scale, out=made[first:end], casting="same_kind")

    parallel_for(len(input), images, input.size * 2)
    return made


def _window_spread(input: Any, windows: _Windows, scale: Any) -> Any:
    n = len(windows.kernel)
    made = np.empty((*input.shape[: input.ndim - n], *windows.spatial), input.dtype)

    def images(start: int, stop: int) -> None:
        for first, end in _blocks(made, start, stop):
            g = np.multiply(input[first:end], scale, dtype=input.dtype)
            for i in reversed(range(n)):
                g = _spread_along(g, g.ndim - n + i, windows, i)
            made[first:end] = g[(..., *windows.inside)]

    parallel_for(len(input), images, made.size * 2)
    return made


window_sums: Any = linear(
    _window_sums, name="avg_pool", input=lambda g, windows, scale: window_spread(g, windows, scale)
)
window_spread: Any = linear(
    _window_spread, name="avg_pool_backward", input=lambda g, windows, scale: window_sums(g, windows, scale)
)


def _scale(w: _Windows, count_include_pad: bool, divisor: Any, dtype: Any) -> Any:
    """One over the number of elements that each window's mean counts."""
    if divisor is not None:
        if divisor == 0:
            raise RuntimeError("divisor must be not zero")
        return 1.0 / divisor
    n = len(w.kernel)
    total: Any = 1.0
    for i in range(n):
        start = np.arange(w.result[i]) * w.stride[i] - w.padding[i]
        end = np.minimum(start + w.kernel[i], w.spatial[i] + w.padding[i])
        count = end - start if count_include_pad else np.minimum(end, w.spatial[i]) - np.maximum(start, 0)
        total = total * count.reshape([-1 if j == i else 1 for j in range(n)])
    if total.min() == total.max():
        return 1.0 / float(total.flat[0])
    return (1.0 / total).astype(dtype if dtype.kind == "f" else np.float64)


def avg_pool(
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
) -> Any:
    """The mean of each window in ``n`` dimensions; the public functions are this for n = 1, 2, 3."""
    name = f"avg_pool{n}d"
    batch, single = _batched(n, input, name)
    w = _geometry(n, name, input.shape, kernel_size, stride, padding, 1, ceil_mode)
    scale, dtype = _scale(w, count_include_pad, divisor_override, input.array.dtype), input.array.dtype
    if dtype.kind in "iu":  # whole numbers are divided as in C: towards zero
        made = wrap(np.trunc(_window_sums(batch.array, w, 1) / np.rint(1 / np.asarray(scale))).astype(dtype))
    else:
        made = window_sums(batch, w, scale)
    return made[0] if single else made


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window: (N, C, L) or (C, L).

    Args:
        stride: the window's own size if None.
        ceil_mode: a last window may reach out of the input.
        count_include_pad: whether the zeros of the padding count.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html

    >>> import autograd
    >>> avg_pool1d(autograd.tensor([[[1.0, 3.0, 2.0, 6.0]]]), 2).tolist()
    [[[2.0, 4.0]]]
    """
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of images, (N, C, H, W) or (C, H, W); see ``avg_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
    """
    return avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of volumes; see ``avg_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html
    """
    return avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def lp_pool(n: int, input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The p-norm of each window: (sum of x^p)^(1/p)."""
    import autograd

    kernel = ints(kernel_size, n, "kernel_size", f"lp_pool{n}d")
    means = avg_pool(n, autograd.pow(input, norm_type), kernel, stride, 0, ceil_mode, True, None)
    sums = autograd.sign(means) * autograd.relu(autograd.abs(means)) * math.prod(kernel)
    return sums ** (1.0 / norm_type)


# --- adaptive ------------------------------------------------------------------------------------------------------


def output_sizes(n: int, output_size: Any, shape: Any, name: str) -> Ints:
    """The wanted spatial sizes; None keeps the input's."""
    wanted = (output_size,) * n if output_size is None or hasattr(output_size, "__index__") else tuple(output_size)
    if len(wanted) != n:
        raise RuntimeError(f"{name}: output_size must be {n} integers, got {list(wanted)}")
    found = tuple(m if o is None else o.__index__() for o, m in zip(wanted, shape[-n:], strict=True))
    if any(m < 0 for m in found):
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0, got {list(found)}")
    if any(m == 0 for m in shape[-n:]):
        raise RuntimeError(f"{name}: Expected input to have non-zero size for non-batch dimensions, got {list(shape)}")
    return found


def cells(size: int, parts: int) -> tuple[Any, Any]:
    """Where the ``parts`` cells of an adaptive pooling of ``size`` elements begin and end."""
    i = np.arange(parts)
    return i * size // parts, -(-(i + 1) * size // parts)


def adaptive_avg_pool(n: int, input: Any, output_size: Any) -> Any:
    """The mean of each of ``output_size`` cells that divide the input as evenly as possible."""
    name = f"adaptive_avg_pool{n}d"
    batch, single = _batched(n, input, name)
    wanted = output_sizes(n, output_size, input.shape, name)
    spatial = tuple(input.shape[-n:])
    if all(o and m % o == 0 for m, o in zip(spatial, wanted, strict=True)):
        kernel = tuple(m // o for m, o in zip(spatial, wanted, strict=True))
        w = _windows_of(spatial, kernel, kernel, (0,) * n, (1,) * n, False)
        made = window_sums(batch, w, 1.0 / math.prod(kernel))
    else:
        from .resample import averaging, blend

        made = batch
        for i, (m, o) in enumerate(zip(spatial, wanted, strict=True)):
            made = blend(made, averaging(m, o), i + 2)
    return made[0] if single else made


def adaptive_max_pool(n: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    """The largest element of each of ``output_size`` cells, and its position if asked."""
    name = f"adaptive_max_pool{n}d"
    batch, single = _batched(n, input, name)
    wanted = output_sizes(n, output_size, input.shape, name)
    x = batch.array
    tables = []  # for each dimension: the elements of each cell, the last repeated where a cell is smaller
    for size, parts in zip(input.shape[-n:], wanted, strict=True):
        start, end = cells(size, parts)
        most = int((end - start).max()) if parts else 1
        tables.append(np.minimum(start[:, None] + np.arange(most), end[:, None] - 1))
    found: Any = None
    places: Any = None
    for tap in np.ndindex(*[table.shape[1] for table in tables]):
        part, at = x, np.zeros((1,) * n, np.int64)
        for i, (table, k) in enumerate(zip(tables, tap, strict=True)):
            part = part.take(table[:, k], axis=i + 2)
            at = at * input.shape[i - n] + table[:, k].reshape([-1 if j == i else 1 for j in range(n)])
        at = np.broadcast_to(at, part.shape)
        if found is None:
            found, places = part, at.copy()
            continue
        wins = (part > found) | (part != part)
        np.copyto(found, part, where=wins)
        np.copyto(places, at, where=wins)
    made = take_flat(batch, places, found)
    if single:
        made, places = made[0], places[0]
    return (made, wrap(places)) if return_indices else made


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` cells that divide the length as evenly as possible.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html

    >>> import autograd
    >>> adaptive_avg_pool1d(autograd.tensor([[[1.0, 2.0, 3.0, 4.0]]]), 2).tolist()
    [[[1.5, 3.5]]]
    """
    return adaptive_avg_pool(1, input, (output_size,) if hasattr(output_size, "__index__") else output_size)


def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """The pair of the largest elements of ``output_size`` cells and their positions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html
    """
    return adaptive_max_pool(1, input, output_size, True)


# --- fractional ----------------------------------------------------------------------------------------------------


def fractional_max_pool(
    n: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
) -> Any:
    """Max pooling with windows at pseudo-random steps, so that the output may have any smaller size.

    Source: Graham, Fractional Max-Pooling, https://arxiv.org/abs/1412.6071
    """
    name = f"fractional_max_pool{n}d"
    batch, single = _batched(n, input, name)
    kernel = ints(kernel_size, n, "kernel_size", name)
    spatial = tuple(input.shape[-n:])
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is not None:
        wanted = ints(output_size, n, "output_size", name)
    else:
        ratios = (output_ratio,) * n if isinstance(output_ratio, (int, float)) else tuple(output_ratio)
        wanted = tuple(int(m * r) for m, r in zip(spatial, ratios, strict=True))
    if any(o + k - 1 > m for o, k, m in zip(wanted, kernel, spatial, strict=True)):
        raise RuntimeError(f"{name}: pool size {list(kernel)} too large relative to input size {list(spatial)}")
    x = batch.array
    if samples is None:
        from ..random import rand

        u = rand(*x.shape[:2], n).array
    else:
        u = samples.array
    starts = []
    for i in range(n):
        m, o, k = spatial[i], wanted[i], kernel[i]
        sample = u[..., n - 1 - i if n == 2 else i].astype(x.dtype)[..., None]
        if o > 1:
            alpha = x.dtype.type((m - k) / (o - 1))
            at = ((np.arange(o) + sample) * alpha).astype(np.int64) - (sample * alpha).astype(np.int64)
        else:
            at = np.zeros((*x.shape[:2], 1), np.int64)
        at[..., -1] = m - k
        starts.append(at.reshape(*at.shape[:2], *[o if j == i else 1 for j in range(n)]))
    flat = _by_channel(x)
    found: Any = None
    places: Any = None
    for tap in np.ndindex(*kernel):
        where: Any = 0
        for i in range(n):
            where = where * spatial[i] + starts[i] + tap[i]
        part = np.take_along_axis(flat, _by_channel(where), -1).reshape(where.shape)
        if found is None:
            found, places = part, where
            continue
        wins = (part > found) | (part != part)
        found, places = np.where(wins, part, found), np.where(wins, where, places)
    made = take_flat(batch, places, found)
    if single:
        made, places = made[0], places[0]
    return (made, wrap(places)) if return_indices else made
