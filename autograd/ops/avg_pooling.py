"""Pooling by sums: the mean or the p-norm of windows that slide over the spatial dimensions.

Sums go one dimension at a time, so a k x k window costs 2 k additions instead of k * k.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..half import rounded_once
from ..lift import given, linear
from ..tensor import wrap
from ..threads import parallel_for
from .conv import ints
from .reduction import mean
from .shape import pass_on
from .sliding import Windows, batched, blocks, output_sizes, windows_for, windows_of

__all__ = ["adaptive_avg_pool1d", "avg_pool1d"]


def _sum_along(x: Any, axis: int, w: Windows, i: int) -> Any:
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


def _spread_along(g: Any, axis: int, w: Windows, i: int) -> Any:
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


@rounded_once
def _window_sums(input: Any, windows: Windows, scale: Any) -> Any:
    n = len(windows.kernel)
    made = np.empty((*input.shape[: input.ndim - n], *windows.result), input.dtype)

    def images(start: int, stop: int) -> None:
        for first, end in blocks(input, start, stop):
            x = windows.padded_with(input[first:end], 0)
            for i in range(n):
                x = _sum_along(x, x.ndim - n + i, windows, i)
            np.multiply(x, scale, out=made[first:end], casting="same_kind")

    parallel_for(len(input), images, input.size * 2)
    return made


@rounded_once
def _window_spread(input: Any, windows: Windows, scale: Any) -> Any:
    n = len(windows.kernel)
    made = np.empty((*input.shape[: input.ndim - n], *windows.spatial), input.dtype)

    def images(start: int, stop: int) -> None:
        for first, end in blocks(made, start, stop):
            g = input[first:end] * np.asarray(scale, input.dtype)
            for i in reversed(range(n)):
                g = _spread_along(g, g.ndim - n + i, windows, i)
            made[first:end] = g[(..., *windows.inside)]

    parallel_for(len(input), images, made.size * 2)
    return made


window_sums: Any = linear(
    _window_sums, name="avg_pool", flat=True, input=lambda g, windows, scale: window_spread(g, windows, scale)
)


window_spread: Any = linear(
    _window_spread, name="avg_pool_backward", input=lambda g, windows, scale: window_sums(g, windows, scale)
)


def _scale(w: Windows, count_include_pad: bool, divisor: Any, dtype: Any) -> Any:
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
    batch, single = batched(n, input, name)
    w = windows_for(n, name, input.shape, kernel_size, stride, padding, 1, ceil_mode)
    scale, dtype = _scale(w, count_include_pad, divisor_override, input.array.dtype), input.array.dtype
    if dtype.kind in "iu":  # whole numbers are divided as in C: towards zero
        made = wrap(np.trunc(_window_sums(batch.array, w, 1) / np.rint(1 / np.asarray(scale))).astype(dtype))
    else:
        made = window_sums(batch, w, scale)
    return made[0] if single else pass_on(made, input)


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
    *,
    out: Any = None,
) -> Any:
    """The mean of each window of images, (N, C, H, W) or (C, H, W); see ``avg_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html

    >>> import autograd
    >>> avg_pool2d(autograd.ones(1, 3, 8, 8), 3, stride=2, padding=1).shape
    torch.Size([1, 3, 4, 4])
    """
    return given(avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override), out)


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Any = None,
) -> Any:
    """The mean of each window of volumes; see ``avg_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html

    >>> import autograd
    >>> avg_pool3d(autograd.ones(1, 3, 4, 6, 8), 2).shape
    torch.Size([1, 3, 2, 3, 4])
    """
    return given(avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override), out)


def lp_pool(n: int, input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The p-norm of each window: (sum of x^p)^(1/p)."""
    import autograd

    kernel = ints(kernel_size, n, "kernel_size", f"lp_pool{n}d")
    means = avg_pool(n, autograd.pow(input, norm_type), kernel, stride, 0, ceil_mode, True, None)
    sums = autograd.sign(means) * autograd.relu(autograd.abs(means)) * math.prod(kernel)
    return sums ** (1.0 / norm_type)


# --- adaptive ------------------------------------------------------------------------------------------------------


def adaptive_avg_pool(n: int, input: Any, output_size: Any) -> Any:
    """The mean of each of ``output_size`` cells that divide the input as evenly as possible."""
    name = f"adaptive_avg_pool{n}d"
    batch, single = batched(n, input, name)
    wanted = output_sizes(n, output_size, input.shape, name)
    if n > 1 and set(wanted) == {1}:
        return pass_on(mean(input, tuple(range(-n, 0)), True), input)
    spatial = tuple(input.shape[-n:])
    if all(o and m % o == 0 for m, o in zip(spatial, wanted, strict=True)):
        kernel = tuple(m // o for m, o in zip(spatial, wanted, strict=True))
        w = windows_of(spatial, kernel, kernel, (0,) * n, (1,) * n, False)
        made = window_sums(batch, w, 1.0 / math.prod(kernel))
    else:
        from .resample import averaging, blend

        made = batch
        for i, (m, o) in enumerate(zip(spatial, wanted, strict=True)):
            made = blend(made, averaging(m, o), i + 2)
    return made[0] if single else pass_on(made, input)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of ``output_size`` cells that divide the length as evenly as possible.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html

    >>> import autograd
    >>> adaptive_avg_pool1d(autograd.tensor([[[1.0, 2.0, 3.0, 4.0]]]), 2).tolist()
    [[[1.5, 3.5]]]
    """
    return adaptive_avg_pool(1, input, (output_size,) if hasattr(output_size, "__index__") else output_size)
