"""How a convolution becomes a matrix product: the windows of a few images side by side in a buffer, as *columns*.

A few images at a time, so that what is worked on stays in cache, and always in the same buffer. There are two arrangements.
*Planes* keeps the channels outside, as the input has them: runs of a whole output row are copied, which is best for wide
images and few channels. *Pixels* puts the channels inside: runs of k * C, best for small images with many channels, and
indifferent to the stride. ``Plan`` chooses.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..threads import scratch

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class Plan:
    """The sizes of one convolution and how to go about it; made once for each combination of shapes."""

    def __init__(
        self, x: Ints, w: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int, itemsize: int
    ) -> None:
        self.images, self.channels, *spatial = x
        self.outputs, self.per_group, *kernel = w
        self.spatial, self.kernel, self.groups = tuple(spatial), tuple(kernel), groups
        self.stride, self.dilation, self.padding = stride, dilation, padding
        self.padded = tuple(n + a + b for n, (a, b) in zip(spatial, padding, strict=True))
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        self.result = tuple((n - e) // s + 1 for n, e, s in zip(self.padded, spans, stride, strict=True))
        self.inside = tuple(slice(a, a + n) for n, (a, _) in zip(spatial, padding, strict=True))
        self.pads = self.padded != self.spatial
        self.taps = math.prod(kernel)
        self.depth = self.per_group * self.taps  # what one output element sums over
        self.places = math.prod(self.result)
        self.pointwise = self.taps == 1 and not self.pads and all(s == 1 for s in stride)
        last = self.result[-1]
        self.pixels = groups == 1 and not self.pointwise and last <= 16 and kernel[-1] * self.channels >= 2 * last
        image = max(1, self.channels * self.taps * self.places * itemsize)  # bytes of one image's columns
        self.block = max(1, (1 << 20 if self.pixels else 1 << 19) // image)
        # With stride 1 a shift by one tap is a shift in flat memory, if rows may overhang into the padding.
        self.flat = sum((n - 1) * step for n, step in zip(self.result, self.steps(), strict=True)) + 1
        self.shifts = all(s == 1 for s in stride) and self.flat < 1.35 * self.places
        mirrored = tuple(
            (e - 1 - a, n + a - r) for e, (a, _), n, r in zip(spans, padding, spatial, self.result, strict=True)
        )
        self.mirrored = mirrored if all(s == 1 for s in stride) and min(map(min, mirrored)) >= 0 else None
        self.work = self.images * (self.outputs * self.depth * self.places / 100 + image / 8)  # ns, about

    def steps(self) -> list[int]:
        """The distance in flat memory between neighbours along each padded dimension."""
        return [math.prod(self.padded[i + 1 :]) for i in range(len(self.padded))]

    def taps_at(self) -> list[Ints]:
        """Where each tap of the kernel begins in the padded input."""
        return [tuple(i * d for i, d in zip(at, self.dilation, strict=True)) for at in np.ndindex(*self.kernel)]

    def region(self, tap: Ints) -> tuple[slice, ...]:
        """The places of the padded input that a tap meets."""
        return tuple(slice(t, t + (n - 1) * s + 1, s) for t, n, s in zip(tap, self.result, self.stride, strict=True))


plan = functools.lru_cache(512)(Plan)


def plan_of(x: Ints, w: Ints, dtype: Any, stride: Ints, padding: Pairs, dilation: Ints, groups: int) -> Plan:
    """The plan for an input and a weight of these shapes."""
    return plan(tuple(x), tuple(w), stride, padding, dilation, groups, dtype.itemsize)


def working(dtype: Any) -> Any:
    """Half precision is computed in float32."""
    return dtype if dtype.kind in "biu" or dtype.itemsize > 2 else np.dtype(np.float32)


# Each of these prepares memory and views once and returns a function of a few lines that is called for every few
# images: what Python does there, it does while another thread waits for its lock.

Some = Callable[[int, int], Any]


def plane_columns(p: Plan, x: Any, dtype: Any) -> Some:
    """A function of (i, j) that gives the windows of images i to j as (B, groups, depth, places)."""
    copies = p.pads or x.dtype != dtype or not x.flags.c_contiguous
    size = min(p.block, len(x))
    if p.pointwise and not copies:
        every = x.reshape(len(x), p.groups, p.depth, p.places)
        return lambda i, j: every[i:j]
    padded = scratch("padded", (size, p.channels, *p.padded), dtype) if copies else x
    if p.pads:
        padded.fill(0)
    middle = padded[(..., *p.inside)]
    n, c, *steps = padded.strides
    near = [d * s for d, s in zip(p.dilation, steps, strict=True)]
    far = [d * s for d, s in zip(p.stride, steps, strict=True)]
    windows = as_strided(padded, (len(padded), p.channels, *p.kernel, *p.result), (n, c, *near, *far))
    columns = scratch("columns", (size, *windows.shape[1:]), dtype)
    flat = columns.reshape(size, p.groups, p.depth, p.places)

    def some(i: int, j: int) -> Any:
        if copies:
            middle[: j - i] = x[i:j]
        np.copyto(columns[: j - i], windows[: j - i] if copies else windows[i:j])
        return flat[: j - i]

    return some


def pixel_columns(p: Plan, x: Any, dtype: Any) -> Some:
    """A function of (i, j) that gives the windows of images i to j as (B * places, taps * channels)."""
    size = min(p.block, len(x))
    padded = scratch("padded", (size, *p.padded, p.channels), dtype)
    if p.pads:
        padded.fill(0)
    middle = padded[(slice(None), *p.inside)]
    last = np.moveaxis(x, 1, -1)
    n, *steps, c = padded.strides
    near = [d * s for d, s in zip(p.dilation, steps, strict=True)]
    far = [d * s for d, s in zip(p.stride, steps, strict=True)]
    windows = as_strided(padded, (size, *p.result, *p.kernel, p.channels), (n, *far, *near, c))
    columns = scratch("columns", windows.shape, dtype)
    flat = columns.reshape(size * p.places, p.depth)

    def some(i: int, j: int) -> Any:
        middle[: j - i] = last[i:j]
        np.copyto(columns[: j - i], windows[: j - i])
        return flat[: (j - i) * p.places]

    return some


def results_last(p: Plan, g: Any, dtype: Any) -> Some:
    """A function of (i, j) that gives images i to j of the result as (B * places, outputs)."""
    last = scratch("results", (min(p.block, len(g)), p.places, p.outputs), dtype)
    turned = g.reshape(len(g), p.outputs, p.places).transpose(0, 2, 1)
    flat = last.reshape(-1, p.outputs)

    def some(i: int, j: int) -> Any:
        last[: j - i] = turned[i:j]
        return flat[: (j - i) * p.places]

    return some
