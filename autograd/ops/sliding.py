"""Windows that slide over the spatial dimensions of images: where they lie, and what each of their taps meets.

Pooling works on strided views of the whole input, one view for each tap of the window: nothing is gathered.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from .columns import Ints
from .conv import ints


class Windows:
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
            along = at * self.dilation[i] + start.reshape(shape)
            found = found * self.spatial[i] + np.clip(along, 0, self.spatial[i] - 1)  # -inf may win outside
        return found


windows_of = functools.lru_cache(256)(Windows)


def _grid(shape: Ints, steps: list[int]) -> Any:
    """The sum over the dimensions of index times step, for every index."""
    return functools.reduce(np.add.outer, [np.arange(n) * step for n, step in zip(shape, steps, strict=True)])


def _windows(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """How many windows fit along a dimension; with ``ceil`` a last one that begins inside may reach out of it."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    n = (-(-room // stride) if ceil else room // stride) + 1
    return n - 1 if ceil and (n - 1) * stride >= size + padding else n


def blocks(x: Any, start: int, stop: int) -> list[tuple[int, int]]:
    """Ranges of images of about a megabyte: they stay in cache, and threads have something to do between two locks."""
    step = max(1, (1 << 20) // max(1, x[:1].nbytes))
    return [(i, min(i + step, stop)) for i in range(start, stop, step)]


def batched(n: int, input: Any, name: str) -> tuple[Any, bool]:
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


def windows_for(
    n: int, name: str, shape: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    """The windows that the arguments of ``name`` (a pooling in ``n`` dimensions) describe, for an input of ``shape``.

    Raises RuntimeError for sizes that make no windows.
    """
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
    w = windows_of(tuple(shape[-n:]), kernel, steps, pads, dilations, bool(ceil_mode))
    if min(w.result) < 1:
        raise RuntimeError(
            f"Given input size: {list(shape[-n - 1 :])}. Calculated output size: {[shape[-n - 1], *w.result]}. Output "
            f"size is too small: the window {list(kernel)} of {name} does not fit into {list(shape[-n:])}"
        )
    return w


# --- cells of adaptive pooling ---------------------------------------------------------------------------------------


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
