"""3 x 3 convolution with stride 1 by Winograd's F(4 x 4, 3 x 3): a quarter of the multiplications.

A row of 4 results of a kernel of 3 is a product of polynomials: evaluated at 5 points and at infinity (of 6 inputs, of 3
weights), multiplied point by point, and interpolated. In two dimensions each tile of 6 x 6 inputs becomes 36 numbers, and
so do the weights; for each of the 36 a matrix product adds up the channels, and the sums become 4 x 4 results.

    inputs  = B x B'      weights = G w G'      result = A' (sum of inputs * weights) A

The points 0, 1, -1, 1/2, -2 keep the error at 3 times that of adding the products one by one (0, 1, -1, 2, -2: at 4 to 8).
An infinity or a NaN makes all results of its tiles NaN.

The adjoint in the input is a convolution with the turned kernel. That in the weight goes backwards: the cotangents A g A',
for each of the 36 a product that adds up the tiles, then G' (sums) G.

Sources: Lavin and Gray, https://arxiv.org/abs/1509.09308; Barabasz and others, https://arxiv.org/abs/1803.10986
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .runtime import helper, kernel, prange, team
from .tiles import LANES, ROWS, multiply, sandwich, transpose

__all__ = ["convolution", "convolution_weight", "suits"]

_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)
_ONE = 7  # the number of the pair of points (1, 1), whose sums go into all results of a tile once


def _matrices() -> tuple[Any, Any, Any]:
    """A' (4 x 6), B (6 x 6) and G (6 x 3) for these points and infinity, by Toom and Cook's rule."""
    n = len(_POINTS)
    results, inputs, weights = np.zeros((4, n + 1)), np.zeros((n + 1, n + 1)), np.zeros((n + 1, 3))
    for j, point in enumerate(_POINTS):
        others = [p for p in _POINTS if p != point]
        results[:, j] = point ** np.arange(4)
        inputs[j, :n] = np.poly(others)[::-1]
        weights[j] = point ** np.arange(3) / math.prod(point - p for p in others)
    results[-1, n] = weights[n, -1] = 1
    inputs[n] = np.poly(_POINTS)[::-1]
    return results, inputs, weights


_A, _B, _G = _matrices()
_results, _inputs, _weights = sandwich(_A), sandwich(_B), sandwich(_G)
_cotangents, _sums = sandwich(_A.T), sandwich(_G.T)


@functools.lru_cache(512)
def suits(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> bool:
    """Whether this way is the quicker one, for an input and a weight of these shapes, and images for all threads."""
    if tuple(w[2:]) != (3, 3) or groups != 1 or (*stride, *dilation) != (1, 1, 1, 1):
        return False
    high, wide = (n + sum(p) - 2 for n, p in zip(x[2:], padding, strict=True))
    tiles = -(-high // 4) * -(-wide // 4)
    return (
        w[0] % LANES == w[1] % LANES == 0
        and min(high, wide) >= 4
        and 9 * tiles <= high * wide  # of the results of all tiles, more than half are wanted
        and x[0] * tiles >= 4 * ROWS
        and x[0] * tiles * w[0] * w[1] >= 1 << 17
        and all(0 <= n <= 2 for p in padding for n in p)
    )


class _Sizes:
    """The sizes of one convolution: the tiles of an image, how many images are worked on at a time, and their tables."""

    def __init__(self, images: int, channels: int, outputs: int, size: Any, padding: Any) -> None:
        self.high, self.wide = (n + sum(p) - 2 for n, p in zip(size, padding, strict=True))
        self.down, self.across = -(-self.high // 4), -(-self.wide // 4)
        self.stage = (4 * self.down + 2, 4 * self.across + 2)  # an image with its padding, up to the end of the tiles
        tiles = self.down * self.across
        self.block = max(1, min(images, _KEPT // (36 * tiles * (channels + outputs))))
        self.width = 2 * LANES if outputs % (2 * LANES) == 0 else LANES
        self.tiles, self.channels = _offsets(self.block * tiles, channels), _offsets(channels, 1)
        # The extra vector keeps the 36 parts of a tile from meeting in the same lines of the cache.
        self.inputs, self.weights = len(self.tiles) * channels + LANES, channels * outputs + LANES
        self.results, self.sums = len(self.tiles) * outputs + LANES, len(self.channels) * outputs + LANES


_sizes = functools.lru_cache(512)(_Sizes)
_KEPT = 160_000
"""Floats at points, of inputs and results, that a thread works on at a time: with the weights they fit into its cache."""


def _offsets(count: int, distance: int) -> Any:
    """0, distance, 2 * distance ... and zeros up to a multiple of ROWS."""
    return np.concatenate([np.arange(count) * distance, np.zeros(-count % ROWS, np.int64)])


def _buffer(*shape: int) -> Any:
    return np.empty(shape, np.float32)


def convolution(input: Any, weight: Any, bias: Any, padding: Any, turned: bool) -> Any:
    """Input [N, C, H, W], weight [O, C, 3, 3]; if ``turned`` weight [C, O, 3, 3], of which the last tap comes first."""
    images, channels = input.shape[:2]
    outputs = weight.shape[1] if turned else weight.shape[0]
    s = _sizes(images, channels, outputs, input.shape[2:], padding)
    made = _buffer(images, outputs, s.high, s.wide)
    count = min(images, team(made.size * channels / 10))
    _convolve(
        np.ascontiguousarray(input), np.ascontiguousarray(weight), np.zeros(0, np.float32) if bias is None else bias,
        made.reshape(images, outputs, -1), turned, s.tiles, s.channels, (s.down, s.across, s.wide, s.width, s.block),
        (padding[0][0], padding[1][0]), _buffer(2, weight.size), _buffer(36, s.weights), _buffer(count, input[0].size),
        np.zeros((count, *s.stage, channels), np.float32), _buffer(count, 36, s.inputs), _buffer(count, 36, s.results),
        _buffer(count, (4 * s.down * s.wide + 4) * outputs), count,
    )  # fmt: skip
    return made


@kernel
def _convolve(
    x: Any, w: Any, bias: Any, made: Any, turned: bool, tiles: Any, channels: Any, sizes: Any, before: Any,
    taps: Any, weights: Any, flat: Any, stage: Any, inputs: Any, sums: Any, last: Any, count: int,
) -> None:  # fmt: skip
    for t in prange(count):
        _weights_at_points(w, turned, taps, weights, sizes, t, count)
    for t in prange(count):
        _images(
            x, bias, made, tiles, channels, sizes, before, weights, flat[t], stage[t], inputs[t], sums[t], last[t],
            len(x) * t // count, len(x) * (t + 1) // count,
        )  # fmt: skip


@helper
def _weights_at_points(w: Any, turned: bool, taps: Any, points: Any, sizes: Any, t: int, count: int) -> None:
    """Part ``t`` of the weights [first, second, tap] to [36][panel, channel, output of the panel]."""
    first, second, width = w.shape[0], w.shape[1], sizes[3]
    begin, end = first // LANES * t // count * LANES, first // LANES * (t + 1) // count * LANES
    transpose(w.reshape(-1), begin * second * 9, second * 9, end - begin, second * 9, taps[0], begin, first)
    if turned:  # the first are the channels: from [second, tap, first] to [first, tap, second]
        for tap in range(9):
            to = (9 * begin + tap) * second
            transpose(taps[0], tap * first + begin, 9 * first, second, end - begin, taps[1], to, 9 * second)
        address, outputs, step = taps[1, 8 * second :].ctypes.data, second, -second
        from_channel, to_channel, from_output, to_output, channels = begin, end, 0, second, first
    else:
        address, outputs, step = taps[0].ctypes.data, first, first
        from_channel, to_channel, from_output, to_output, channels = 0, second, begin, end, second
    part = points.shape[1]
    for k in range(from_channel, to_channel):
        for n in range(from_output, to_output, LANES):
            target = points.ctypes.data + 4 * ((n // width * channels + k) * width + n % width)
            _weights(address + 4 * (k * 9 * outputs + n), 3 * step, step, target, 6 * part, part)


@helper
def _images(
    x: Any, bias: Any, made: Any, tiles: Any, channels: Any, sizes: Any, before: Any, weights: Any,
    flat: Any, stage: Any, inputs: Any, sums: Any, last: Any, start: int, stop: int,
) -> None:  # fmt: skip
    down, across, wide, width, block = sizes
    outputs, room, each = made.shape[1], len(tiles), down * across
    for i in range(start, stop, block):
        j = min(i + block, stop)
        for image in range(i, j):
            _channels_last(x[image], flat, stage, before[0], before[1])
            _inputs_at_points(stage, (image - i) * each, down, across, inputs)
        for f in range(36):
            for p in range(outputs // width):
                out = sums[f, p * room * width : (p + 1) * room * width]
                biased = f == _ONE and len(bias) > 0
                if biased:
                    for k in range(len(out)):
                        out[k] = bias[p * width + k % width]
                multiply(
                    inputs[f].ctypes.data, tiles.ctypes.data, (j - i) * each, channels.ctypes.data, x.shape[1],
                    weights[f, p * x.shape[1] * width :].ctypes.data, out.ctypes.data, width, width // LANES, not biased,
                )  # fmt: skip
        for image in range(i, j):
            _results_from_points(sums, (image - i) * each, room, sizes, outputs, last)
            transpose(last, 0, outputs, made.shape[2], outputs, made[image].reshape(-1), 0, made.shape[2])


@helper
def _channels_last(x: Any, flat: Any, stage: Any, top: int, left: int) -> None:
    """An image [C, H, W] into the middle of ``stage`` [H', W', C]."""
    channels, high, wide = x.shape
    transpose(x.reshape(-1), 0, high * wide, channels, high * wide, flat, 0, channels)
    for i in range(high):
        source = flat[i * wide * channels : (i + 1) * wide * channels]
        target = stage[top + i].reshape(-1)[left * channels : (left + wide) * channels]
        for k in range(len(source)):
            target[k] = source[k]


@helper
def _inputs_at_points(stage: Any, first: int, down: int, across: int, points: Any) -> None:
    """[36][tile, channel], beginning with tile ``first``."""
    wide, channels, part = stage.shape[1], stage.shape[2], points.shape[1]
    for i in range(down):
        for j in range(across):
            source = stage[4 * i, 4 * j].ctypes.data
            target = points.ctypes.data + 4 * (first + i * across + j) * channels
            for c in range(0, channels, LANES):
                _inputs(source + 4 * c, wide * channels, channels, target + 4 * c, 6 * part, part)


@helper
def _results_from_points(sums: Any, first: int, room: int, sizes: Any, outputs: int, last: Any) -> None:
    """An image's result [place, output]. What a tile writes beyond the right edge, those after it overwrite."""
    down, across, wide, width = sizes[0], sizes[1], sizes[2], sizes[3]
    part = sums.shape[1]
    for i in range(down):
        for back in range(across):
            j = across - 1 - back
            for n in range(0, outputs, LANES):
                source = (n // width * room + first + i * across + j) * width + n % width
                target = (4 * i * wide + 4 * j) * outputs + n
                _results(
                    sums.ctypes.data + 4 * source, 6 * part, part, last.ctypes.data + 4 * target, wide * outputs, outputs
                )  # fmt: skip


# --- the adjoint in the weight --------------------------------------------------------------------------------------


def convolution_weight(input: Any, other: Any, padding: Any) -> Any:
    """From a cotangent [N, O, H', W'] and an input [N, C, H, W] to [O, C, 3, 3]."""
    images, outputs = input.shape[:2]
    channels = other.shape[1]
    s = _sizes(images, channels, outputs, other.shape[2:], padding)
    made = _buffer(outputs, channels, 3, 3)
    count = min(images, team(input.size * channels / 10))
    _convolve_weight(
        np.ascontiguousarray(input), np.ascontiguousarray(other), made.reshape(-1), s.tiles, s.channels,
        (s.down, s.across, s.wide, s.width, s.block), (padding[0][0], padding[1][0]), _buffer(made.size),
        _buffer(count, max(input[0].size, other[0].size)), np.zeros((count, *s.stage, channels), np.float32),
        np.zeros((count, *s.stage, outputs), np.float32), _buffer(count, 36, s.inputs), _buffer(count, 36, s.results),
        _buffer(count, 36, s.sums), count,
    )  # fmt: skip
    return made


@kernel
def _convolve_weight(
    g: Any, x: Any, made: Any, tiles: Any, channels: Any, sizes: Any, before: Any, taps: Any, flat: Any, stage: Any,
    stage_of_g: Any, inputs: Any, cotangents: Any, sums: Any, count: int,
) -> None:  # fmt: skip
    for t in prange(count):
        _weight_images(
            g, x, tiles, channels, sizes, before, flat[t], stage[t], stage_of_g[t], inputs[t], cotangents[t],
            sums[t], len(g) * t // count, len(g) * (t + 1) // count,
        )  # fmt: skip
    for t in prange(count):
        begin, end = x.shape[1] * t // count, x.shape[1] * (t + 1) // count
        _weights_from_points(sums, len(channels), sizes[3], taps, made, g.shape[1], begin, end)


@helper
def _weight_images(
    g: Any, x: Any, tiles: Any, channels: Any, sizes: Any, before: Any, flat: Any, stage: Any, stage_of_g: Any,
    inputs: Any, cotangents: Any, sums: Any, start: int, stop: int,
) -> None:  # fmt: skip
    down, across, _, width, block = sizes
    outputs, room, each = g.shape[1], len(tiles), down * across
    for i in range(start, stop, block):
        j = min(i + block, stop)
        for image in range(i, j):
            _channels_last(x[image], flat, stage, before[0], before[1])
            _inputs_at_points(stage, (image - i) * each, down, across, inputs)
            _channels_last(g[image], flat, stage_of_g, 0, 0)
            _cotangents_at_points(stage_of_g, (image - i) * each, room, sizes, cotangents)
        for f in range(36):
            for p in range(outputs // width):
                multiply(
                    inputs[f].ctypes.data, channels.ctypes.data, x.shape[1], tiles.ctypes.data, (j - i) * each,
                    cotangents[f, p * room * width :].ctypes.data, sums[f, p * len(channels) * width :].ctypes.data,
                    width, width // LANES, i == start,
                )  # fmt: skip


@helper
def _cotangents_at_points(stage: Any, first: int, room: int, sizes: Any, points: Any) -> None:
    """[36][panel, tile, output of the panel], beginning with tile ``first``."""
    down, across, width = sizes[0], sizes[1], sizes[3]
    wide, outputs, part = stage.shape[1], stage.shape[2], points.shape[1]
    for i in range(down):
        for j in range(across):
            for n in range(0, outputs, LANES):
                target = (n // width * room + first + i * across + j) * width + n % width
                _cotangents(
                    stage[4 * i, 4 * j, n:].ctypes.data, wide * outputs, outputs,
                    points.ctypes.data + 4 * target, 6 * part, part,
                )  # fmt: skip


@helper
def _weights_from_points(
    sums: Any, room: int, width: int, taps: Any, made: Any, outputs: int, begin: int, end: int
) -> None:
    """Of the channels begin to end: the sums of all threads, their taps, and these into made [output, channel, tap]."""
    part, channels = sums.shape[2], len(made) // outputs // 9
    for p in range(outputs // width):
        for f in range(36):
            total = sums[0, f, (p * room + begin) * width : (p * room + end) * width]
            for t in range(1, len(sums)):
                more = sums[t, f, (p * room + begin) * width : (p * room + end) * width]
                for k in range(len(total)):
                    total[k] += more[k]
        for c in range(begin, end):
            for n in range(0, width, LANES):
                _sums(
                    sums[0, 0, (p * room + c) * width + n :].ctypes.data, 6 * part, part,
                    taps[9 * c * outputs + p * width + n :].ctypes.data, 3 * outputs, outputs,
                )  # fmt: skip
    transpose(taps, 9 * begin * outputs, outputs, 9 * (end - begin), outputs, made, 9 * begin, 9 * channels)
