"""Convolution and its adjoints as products with windows that are not copied anywhere (see ``tiles.py``).

A *correlation* sums input[channel, place + step] times a weight, over the channels of a group and the taps of the
kernel: ``_Layout`` holds where places and steps are, as offsets in one image, padded if there is padding (a thread pads
the image that it works on, in memory of its own). Convolution is one; its adjoint in the input is one for each
remainder of the stride; its adjoint in the weight is the same table turned: a step for each place, a row for each tap.

Where ``winograd.py`` suits, it needs fewer multiplications; where each channel is a group, there is ``depthwise.py``.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from . import depthwise, winograd
from .runtime import helper, kernel, prange, team
from .tiles import LANES, ROWS, copy, multiply, transpose

__all__ = ["convolution", "convolution_input", "convolution_weight"]

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
_CHUNK = 16 * ROWS  # places whose sums are worked on at a time: they stay in the first-level cache


class _Layout:
    """The tables of one correlation: offsets in a padded image of ``channels`` channels.

    ``classes`` has a row for each remainder: its first place, how many places, its first step, how many steps.
    ``weights`` says for each step where in a group's weights its row of the right matrix begins.
    """

    def __init__(self, channels: int, size: Ints, padding: Pairs) -> None:
        self.padded = tuple([a + n + b for n, (a, b) in zip(size, padding, strict=True)])
        self.plane, self.strides = math.prod(self.padded), _strides(self.padded)
        self.stage = channels * self.plane if self.padded != size else 0  # floats of the memory to pad an image in
        ones = 3 - len(size)  # the kernels see volumes
        self.box = np.array([*[1] * ones, *self.padded, *[0] * ones, *[low for low, _ in padding]], np.int64)
        self.parts: list[tuple[Any, Any, Any, Any]] = []
        self.lengths: list[int] = []

    def add(self, places: list[Any], targets: Any, steps: list[Any], taps: Any, per_group: int, tap_row: int) -> None:
        """One class: places and steps as coordinates along each dimension, targets and taps as flat positions."""
        place = _grid([p * s for p, s in zip(places, self.strides, strict=True)])
        within = _grid([t * s for t, s in zip(steps, self.strides, strict=True)])
        channel = np.arange(per_group)
        step, weight = _grid([channel * self.plane, within]), _grid([channel * tap_row, taps])
        self.parts.append((_filled(place), _filled(targets), step, weight))
        self.lengths.append(len(place))

    def done(self) -> _Layout:
        self.places, self.targets, self.steps, self.weights = map(np.concatenate, zip(*self.parts, strict=True))
        self.rows = _filled(self.steps)
        first, step = 0, 0
        classes = []
        for length, (place, _, steps, _) in zip(self.lengths, self.parts, strict=True):
            classes.append((first, length, step, len(steps)))
            first, step = first + len(place), step + len(steps)
        self.classes = np.array(classes, np.int64)
        return self


def _filled(offsets: Any) -> Any:
    """With zeros behind, up to a multiple of ROWS."""
    return np.concatenate([offsets, np.zeros(-len(offsets) % ROWS, np.int64)])


def _strides(shape: Ints) -> list[int]:
    """How far apart neighbours along each dimension are."""
    return [math.prod(shape[i + 1 :]) for i in range(len(shape))]


def _grid(axes: list[Any]) -> Any:
    """All sums of one element of each array, the last index moving quickest."""
    return functools.reduce(np.add.outer, axes).reshape(-1)


@functools.lru_cache(512)
def _forward(x: Ints, w: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> _Layout:
    """Input (channels, *spatial), weight (outputs, per group, *kernel)."""
    layout = _Layout(x[0], x[1:], padding)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, w[2:], strict=True)]
    sizes = [(n - e) // s + 1 for n, e, s in zip(layout.padded, spans, stride, strict=True)]
    places = [np.arange(n) * s for n, s in zip(sizes, stride, strict=True)]
    steps = [np.arange(k) * d for k, d in zip(w[2:], dilation, strict=True)]
    taps = math.prod(w[2:])
    layout.add(places, np.arange(math.prod(sizes)), steps, np.arange(taps), w[1], taps)
    return layout.done()


@functools.lru_cache(512)
def _backward(g: Ints, w: Ints, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int) -> _Layout:
    """Cotangent (channels, *result), weight (outputs, per group, *kernel): to an input of spatial ``size``."""
    lines = [
        _meeting(n, low, s, d, k) for n, (low, _), s, d, k in zip(size, padding, stride, dilation, w[2:], strict=True)
    ]
    pads = []  # zeros around the cotangent, wherever a place minus a tap lies outside
    for n, line in zip(g[1:], lines, strict=True):
        met = [o - t for _, places, _, taps in line if len(places) and len(taps) for o in places[[0, -1]] for t in taps]
        pads.append((max([0, *[-int(o) for o in met]]), max([0, *[int(o) - n + 1 for o in met]])))
    layout = _Layout(g[0], g[1:], tuple(pads))
    rows, inner = _strides(size), _strides(w[2:])
    for parts in itertools.product(*lines):
        targets, places, taps, back = zip(*parts, strict=True)
        if all(map(len, targets)):
            layout.add(
                [o + low for o, (low, _) in zip(places, pads, strict=True)],
                _grid([h * a for h, a in zip(targets, rows, strict=True)]),
                [-t for t in back],
                _grid([i * a for i, a in zip(taps, inner, strict=True)]),
                w[0] // groups,
                w[1] * math.prod(w[2:]),
            )
    return layout.done()


def _meeting(size: int, low: int, stride: int, dilation: int, kernel: int) -> list[Any]:
    """Along one dimension: which places of the input and which taps meet, for each remainder of the stride.

    Place h met tap i of the window at o where h + low = o * stride + i * dilation. Places and taps with the same
    remainder r belong together, and there o is a difference: (h + low - r) / stride - (i * dilation - r) / stride.

    Returns for each remainder: the places h, their part of that difference, the taps i, and theirs.
    """
    h, i = np.arange(size), np.arange(kernel)
    found = []
    for r in range(stride):
        some, taps = h[(h + low) % stride == r], i[i * dilation % stride == r]
        found.append((some, (some + low - r) // stride, taps, (taps * dilation - r) // stride))
    return found


# --- the correlation -----------------------------------------------------------------------------------------------


def convolution(input: Any, weight: Any, bias: Any, stride: Ints, padding: Pairs, dilation: Ints, groups: int) -> Any:
    """The twin of ``ops.conv._convolution``."""
    if len(weight) == groups == input.shape[1]:
        return depthwise.convolution(input, weight, bias, stride, padding, dilation)
    if len(input) >= team() and winograd.suits(input.shape, weight.shape, stride, padding, dilation, groups):
        return winograd.convolution(input, weight, bias, padding, turned=False)
    layout = _forward(input.shape[1:], weight.shape, stride, padding, dilation)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    size = [(n - e) // s + 1 for n, e, s in zip(layout.padded, spans, stride, strict=True)]
    made = np.empty((len(input), len(weight), *size), np.float32)
    column = math.prod(weight.shape[1:])
    _run(layout, input, weight, bias, made, groups, column)
    return made


def convolution_input(
    input: Any, weight: Any, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """The twin of ``ops.conv._convolution_input``."""
    if len(weight) == groups and weight.shape[1] == 1:
        return depthwise.convolution_input(input, weight, tuple(size), stride, padding, dilation)
    rest = tuple([tuple([2 - p for p in pair]) for pair in padding])
    swapped = (weight.shape[1], weight.shape[0], *weight.shape[2:])
    if len(input) >= team() and winograd.suits(input.shape, swapped, stride, rest, dilation, groups):
        return winograd.convolution(input, weight, None, rest, turned=True)
    layout = _backward(input.shape[1:], weight.shape, tuple(size), stride, padding, dilation, groups)
    made = np.empty((len(input), weight.shape[1] * groups, *size), np.float32)
    _run(layout, input, weight, None, made, groups, math.prod(weight.shape[2:]))
    return made


_NO_BIAS = np.zeros(0, np.float32)


def _run(layout: _Layout, x: Any, w: Any, bias: Any, made: Any, groups: int, column: int) -> None:
    """``column``: how far the weights of neighbouring channels of the result are from each other."""
    images, channels = made.shape[:2]
    each = channels // groups
    width = LANES if each <= LANES else 2 * LANES
    panels = -(-each // width)
    count = team(made.size * len(layout.weights) / len(layout.classes) / 90)
    packed = (np.empty if panels * width == each else np.zeros)(
        (groups * panels, len(layout.weights), width), np.float32
    )
    stage = np.zeros((count, layout.stage), np.float32)
    sums = np.empty((count, _CHUNK * width), np.float32)
    whole = len(layout.classes) == 1  # else the places of all classes come together in ``spread``
    spread = np.empty((count, 0 if whole else made[0, 0].size * width), np.float32)
    parts = count if whole and images % count and images < 4 * count else 1
    _correlate(
        np.ascontiguousarray(x).reshape(images, x.shape[1], *[1] * (5 - x.ndim), *x.shape[2:]),
        np.ascontiguousarray(w).reshape(-1), _NO_BIAS if bias is None else bias, made.reshape(images, groups, each, -1),
        layout.places, layout.targets, layout.steps, layout.weights, layout.classes, layout.box,
        packed, column, stage, sums, spread, parts, count,
    )  # fmt: skip


@kernel
def _correlate(
    x: Any, w: Any, bias: Any, made: Any,
    places: Any, targets: Any, steps: Any, weights: Any, classes: Any, box: Any,
    packed: Any, column: int, stage: Any, sums: Any, spread: Any, parts: int, count: int,
) -> None:  # fmt: skip
    units, rows = len(x) * parts, packed.shape[0] * packed.shape[1]
    for t in prange(count):
        _pack(w, weights, column, made.shape, packed, rows * t // count, rows * (t + 1) // count)
    for t in prange(count):
        _images(
            x, bias, made, places, targets, steps, classes, box, packed, stage[t], sums[t], spread[t], parts,
            units * t // count, units * (t + 1) // count,
        )  # fmt: skip


@helper
def _pack(w: Any, weights: Any, column: int, shape: Any, packed: Any, start: int, stop: int) -> None:
    """Rows start to stop of the right matrices: for each step the weights of a panel's channels, side by side."""
    groups, each = shape[1], shape[2]
    panels, length, width = packed.shape[0] // groups, packed.shape[1], packed.shape[2]
    group = len(w) // groups
    for i in range(start, stop):
        g, k = i // length, i % length
        left = g % panels * width
        begin = g // panels * group + weights[k] + left * column
        row = packed[g, k]
        for j in range(min(width, each - left)):
            row[j] = w[begin + j * column]


@helper
def _padded(x: Any, image: int, box: Any, stage: Any) -> Any:
    """The address of an image inside its padding, whose zeros ``stage`` has already; of itself if there is none."""
    if len(stage) == 0:
        return x[image].ctypes.data
    deep, high, wide = box[0], box[1], box[2]
    source, target = x[image].ctypes.data, stage.ctypes.data + 4 * ((box[3] * high + box[4]) * wide + box[5])
    for c in range(x.shape[1]):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                copy(source, target + 4 * (((c * deep + i) * high + j) * wide), x.shape[4])
                source += 4 * x.shape[4]
    return stage.ctypes.data


@helper
def _images(
    x: Any, bias: Any, made: Any, places: Any, targets: Any, steps: Any, classes: Any, box: Any, packed: Any,
    stage: Any, sums: Any, spread: Any, parts: int, start: int, stop: int,
) -> None:  # fmt: skip
    """The units start to stop of the result: an image, or one of its ``parts``."""
    groups, each, width, depth = made.shape[1], made.shape[2], packed.shape[2], packed.shape[1]
    panels, vectors, length = len(packed) // groups, width // LANES, made.shape[3]
    group = 4 * (x.shape[1] // groups) * box[0] * box[1] * box[2]
    loaded, address = -1, 0
    for unit in range(start, stop):
        image, part = unit // parts, unit % parts
        if image != loaded:
            loaded, address = image, _padded(x, image, box, stage)
        for g in range(len(packed)):
            left = g % panels * width
            result, wanted = made[image, g // panels].reshape(-1), min(width, each - left)
            for c in range(len(classes)):
                first, many, step, deep = classes[c]
                begin, end = many * part // parts // ROWS * ROWS, many * (part + 1) // parts // ROWS * ROWS
                end = many if part + 1 == parts else end
                for p in range(begin, end, _CHUNK):
                    n = min(_CHUNK, end - p)
                    fresh = len(bias) == 0 and deep > 0
                    if not fresh:
                        _fill(sums, (n + ROWS - 1) // ROWS * ROWS, width, bias, g // panels * each + left, each - left)
                    multiply(
                        address + g // panels * group, places.ctypes.data + 8 * (first + p), n,
                        steps.ctypes.data + 8 * step, deep, packed.ctypes.data + 4 * (g * depth + step) * width,
                        sums.ctypes.data, width, vectors, fresh,
                    )  # fmt: skip
                    if len(classes) == 1:
                        transpose(sums, 0, width, n, wanted, result, left * length + p, length)
                    else:
                        _scatter(sums, n, width, targets[first + p :], spread)
            if len(classes) > 1:
                transpose(spread, 0, width, length, wanted, result, left * length, length)


@helper
def _fill(sums: Any, rows: int, width: int, bias: Any, at: int, columns: int) -> None:
    """What the sums begin with: the bias, or zeros."""
    sums[: rows * width] = 0
    if len(bias):
        offset = bias[at:]
        for i in range(rows):
            row = sums[i * width :]
            for j in range(min(width, columns)):
                row[j] = offset[j]


@helper
def _scatter(sums: Any, rows: int, width: int, targets: Any, spread: Any) -> None:
    """The rows of ``sums`` to where they belong among those of ``spread``."""
    for i in range(rows):
        copy(sums.ctypes.data + 4 * i * width, spread.ctypes.data + 4 * targets[i] * width, width)


# --- the adjoint in the weight --------------------------------------------------------------------------------------


def convolution_weight(
    input: Any, other: Any, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """The twin of ``ops.conv._convolution_weight``: ``input`` is the cotangent, ``other`` the image."""
    images, outputs = input.shape[:2]
    shape = (outputs, other.shape[1] // groups, *size)
    if groups == outputs == other.shape[1]:
        return depthwise.convolution_weight(input, other, tuple(size), stride, padding, dilation)
    if winograd.suits(other.shape, shape, stride, padding, dilation, groups):
        return winograd.convolution_weight(input, other, padding)
    layout = _forward(other.shape[1:], shape, stride, padding, dilation)
    each, depth = outputs // groups, len(layout.steps)
    width = LANES if each <= LANES else 2 * LANES
    panels = -(-each // width)
    places = math.prod(input.shape[2:])
    count = min(team(input.size * depth / 90), max(1, images))
    stage = np.zeros((count, layout.stage), np.float32)
    turned = (np.empty if panels * width == each else np.zeros)((count, panels * places * width), np.float32)
    sums = np.zeros((count, groups, panels, len(layout.rows), width), np.float32)
    _weight(
        np.ascontiguousarray(input).reshape(images, groups, each, places),
        np.ascontiguousarray(other).reshape(images, other.shape[1], *[1] * (5 - other.ndim), *other.shape[2:]),
        layout.places, layout.rows, layout.box, stage, turned, sums, depth, count,
    )  # fmt: skip
    total = sums.sum(0) if count > 1 else sums[0]
    total = total[:, :, :depth].transpose(0, 1, 3, 2).reshape(groups, panels * width, depth)[:, :each]
    return np.ascontiguousarray(total).reshape(shape)


@kernel
def _weight(
    g: Any, x: Any, places: Any, taps: Any, box: Any, stage: Any, turned: Any, sums: Any, depth: int, count: int
) -> None:
    for t in prange(count):
        _weight_images(
            g, x, places, taps, box, stage[t], turned[t], sums[t], depth, len(g) * t // count, len(g) * (t + 1) // count
        )


@helper
def _weight_images(
    g: Any,
    x: Any,
    places: Any,
    taps: Any,
    box: Any,
    stage: Any,
    turned: Any,
    sums: Any,
    depth: int,
    start: int,
    stop: int,
) -> None:
    groups, each, length = g.shape[1], g.shape[2], g.shape[3]
    panels, width = sums.shape[1], sums.shape[3]
    group = 4 * (x.shape[1] // groups) * box[0] * box[1] * box[2]
    for image in range(start, stop):
        address = _padded(x, image, box, stage)
        for k in range(groups):
            flat = g[image, k].reshape(-1)
            for p in range(panels):
                left = p * width
                transpose(
                    flat, left * length, length, min(width, each - left), length, turned, p * length * width, width
                )
                multiply(
                    address + k * group, taps.ctypes.data, depth, places.ctypes.data, length,
                    turned.ctypes.data + 4 * p * length * width, sums[k, p].ctypes.data, width, width // LANES, False,
                )  # fmt: skip
