"""Pooling by maxima: the largest element of windows that slide over the spatial dimensions.

A maximum remembers *which tap* won (a small integer for each result), and its derivative puts each cotangent
back at that tap: ``place_taps``, whose adjoint ``pick_taps`` reads the same places. Of equal elements the first in row
order wins, as in PyTorch. Where the windows are not regular (adaptive, fractional) it remembers the place in the input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..fast import twin
from ..graph import mode
from ..lift import lift, linear
from ..tensor import wrap
from ..threads import parallel_for
from ..views import current
from .columns import Ints
from .conv import ints
from .shape import pass_on
from .sliding import Windows, batched, blocks, cells, output_sizes, windows_for

__all__ = [
    "adaptive_max_pool1d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
]

# --- regular windows: which tap won ----------------------------------------------------------------------------------


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" or dtype.kind == "V" else np.iinfo(dtype).min


@twin("pooling.largest", when=lambda x, w: x.size >= 8192 and w.halves and x.dtype == np.float32)
def _largest(x: Any, w: Windows) -> Any:
    """The largest of each window."""
    x = w.padded_with(x, _lowest(x.dtype))
    made = np.empty((*x.shape[: x.ndim - len(w.kernel)], *w.result), x.dtype)

    def images(start: int, stop: int) -> None:
        for i, j in blocks(x, start, stop):
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
def _largest_and_tap(x: Any, w: Windows) -> tuple[Any, Any]:
    """The largest of each window, and the number of the tap where it is. NaN counts as largest."""
    x = w.padded_with(x, _lowest(x.dtype))
    made = np.empty((*x.shape[: x.ndim - len(w.kernel)], *w.result), x.dtype)
    taps = np.empty(made.shape, np.uint8 if w.taps <= 256 else np.int32)
    one, work = (_halve, 4 * made.size) if w.halves else (_compare, 2 * made.size * w.taps)
    parallel_for(len(x), lambda start, stop: one(x, made, taps, w, start, stop), work)
    if x.dtype.kind == "f" and np.isnan(made.sum()):  # rare, and then the place is worth another pass
        _compare(x, made, taps, w, 0, len(x), nan=True)
    return made, taps


def _compare(x: Any, made: Any, taps: Any, w: Windows, start: int, stop: int, nan: bool = False) -> None:
    """Any windows, tap by tap: the last tap that is larger than all before it wins."""
    for i, j in blocks(x, start, stop):
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


def _halve(x: Any, made: Any, taps: Any, w: Windows, start: int, stop: int) -> None:
    """Windows of 2 x 2: first along the rows, then between them, which keeps the order of ties."""
    top, bottom, left, right = w.pairs()
    height = w.result[0]
    for i, j in blocks(x, start, stop):
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
def _place(input: Any, taps: Any, windows: Windows) -> Any:
    """Each element at the tap of its window that ``taps`` names; what meets is added."""
    w = windows
    lead = input.shape[: input.ndim - len(w.kernel)]
    apart = not w.pads and w.kernel == w.stride and w.spatial == tuple(map(int.__mul__, w.result, w.stride))
    made = np.empty((*lead, *w.spatial), input.dtype)

    def images(start: int, stop: int) -> None:
        for i, j in blocks(made, start, stop):
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


def _pick(input: Any, taps: Any, windows: Windows, found: Any = None) -> Any:
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
    flat=True,
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
    flat=True,
    input=lambda g, indices, like: put_flat(g, indices, tuple(like.shape[2:])),
)
put_flat: Any = linear(_put, constants=("indices",), name="put_flat", input=lambda g, indices: take_flat(g, indices))
unpool: Any = linear(_unpool, constants=("indices",), name="max_unpool", input=lambda g, indices: take_flat(g, indices))


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
    batch, single = batched(n, input, f"max_pool{n}d")
    w = windows_for(n, f"max_pool{n}d", input.shape, kernel_size, stride, padding, dilation, ceil_mode)
    x = batch.array
    if not return_indices and not (mode.now.enabled and current(batch) is not None):
        made = wrap(_largest(x, w))
        return made[0] if single else pass_on(made, input)
    found, taps = _largest_and_tap(x, w)
    made = pick_taps(batch, taps, w, found)
    if single:
        made, taps = made[0], taps[0]
    made = made if single else pass_on(made, input)
    return (made, pass_on(wrap(w.flat(taps)), input)) if return_indices else made


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

    >>> import autograd
    >>> max_pool2d(autograd.ones(1, 3, 8, 8), 3, stride=2, padding=1).shape
    torch.Size([1, 3, 4, 4])
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

    >>> import autograd
    >>> max_pool3d(autograd.ones(1, 3, 4, 6, 8), 2).shape
    torch.Size([1, 3, 2, 3, 4])
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """``max_pool1d`` that returns the positions too.

    >>> import autograd
    >>> values, places = max_pool1d_with_indices(autograd.tensor([[[1.0, 3.0, 2.0, 5.0]]]), 2)
    >>> places
    tensor([[[1, 3]]])
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_unpool(n: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    """The partial inverse of max pooling: maxima at the places they came from, zeros elsewhere."""
    name = f"max_unpool{n}d"
    batch, single = batched(n, input, name)
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


# --- windows of any shape: the place in the input that won -----------------------------------------------------------


def _largest_of(candidates: Iterator[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Of (values, places), one pair of new arrays for each tap, the largest values and their places; NaN is largest."""
    found, places = next(candidates)
    for values, at in candidates:
        wins = (values > found) | (values != values)
        np.copyto(found, values, where=wins)
        np.copyto(places, at, where=wins)
    return found, places


def _at_places(batch: Any, single: bool, found: Any, places: Any, return_indices: bool) -> Any:
    """The differentiable result of ``_largest_of``."""
    made = take_flat(batch, places, found)
    if single:
        made, places = made[0], places[0]
    else:
        made = pass_on(made, batch)
    return (made, pass_on(wrap(places), batch)) if return_indices else made


def adaptive_max_pool(n: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    """The largest element of each of ``output_size`` cells, and its position if asked."""
    name = f"adaptive_max_pool{n}d"
    batch, single = batched(n, input, name)
    wanted = output_sizes(n, output_size, input.shape, name)
    tables = []  # for each dimension: the elements of each cell, the last repeated where a cell is smaller
    for size, parts in zip(input.shape[-n:], wanted, strict=True):
        start, end = cells(size, parts)
        most = int((end - start).max()) if parts else 1
        tables.append(np.minimum(start[:, None] + np.arange(most), end[:, None] - 1))

    def candidates() -> Iterator[tuple[Any, Any]]:
        for tap in np.ndindex(*[table.shape[1] for table in tables]):
            part, at = batch.array, np.zeros((1,) * n, np.int64)
            for i, (table, k) in enumerate(zip(tables, tap, strict=True)):
                part = part.take(table[:, k], axis=i + 2)
                at = at * input.shape[i - n] + table[:, k].reshape([-1 if j == i else 1 for j in range(n)])
            yield part, np.broadcast_to(at, part.shape).copy()

    return _at_places(batch, single, *_largest_of(candidates()), return_indices)


def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """The pair of the largest elements of ``output_size`` cells and their positions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html
    """
    return adaptive_max_pool(1, input, output_size, True)


def fractional_max_pool(
    n: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
) -> Any:
    """Max pooling with windows at pseudo-random steps, so that the output may have any smaller size.

    Source: Graham, Fractional Max-Pooling, https://arxiv.org/abs/1412.6071
    """
    name = f"fractional_max_pool{n}d"
    batch, single = batched(n, input, name)
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
    starts = _fractional_starts(x, spatial, wanted, kernel, samples)
    flat = _by_channel(x)

    def candidates() -> Iterator[tuple[Any, Any]]:
        for tap in np.ndindex(*kernel):
            at: Any = 0
            for i in range(n):
                at = at * spatial[i] + starts[i] + tap[i]
            yield np.take_along_axis(flat, _by_channel(at), -1).reshape(at.shape), at

    return _at_places(batch, single, *_largest_of(candidates()), return_indices)


def _fractional_starts(x: Any, spatial: Ints, wanted: Ints, kernel: Ints, samples: Any) -> list[Any]:
    """Where the windows begin along each dimension, by one random number for each image, channel and dimension."""
    from ..random import rand

    n = len(kernel)
    u = rand(*x.shape[:2], n).array if samples is None else samples.array
    starts = []
    for i, (m, o, k) in enumerate(zip(spatial, wanted, kernel, strict=True)):
        sample = u[..., n - 1 - i if n == 2 else i].astype(x.dtype)[..., None]
        if o > 1:
            alpha = x.dtype.type((m - k) / (o - 1))
            at = ((np.arange(o) + sample) * alpha).astype(np.int64) - (sample * alpha).astype(np.int64)
        else:
            at = np.zeros((*x.shape[:2], 1), np.int64)
        at[..., -1] = m - k
        starts.append(at.reshape(*at.shape[:2], *[o if j == i else 1 for j in range(n)]))
    return starts
