"""Convolution in any number of dimensions, as three operations that are each other's derivatives.

    convolution          y  = x * w              (N, C, *S), (O, C/groups, *k) -> (N, O, *L)
    convolution_input    x' = the adjoint in x   (N, O, *L), (O, C/groups, *k) -> (N, C, *S): transposed convolution
    convolution_weight   w' = the adjoint in w   (N, O, *L), (N, C, *S) -> (O, C/groups, *k)

All three are bilinear and come from one number, <y', x * w>, so that each formula below is again one of the three: the
table is closed, and every order of derivative is there.

They run as matrix products, a few images at a time (``columns.py``), in threads that share the images. With numba,
float32 runs without columns, in ``fast/convolution.py``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..fast import twin
from ..graph import is_casting
from ..lift import lift
from ..tensor import Tensor
from ..threads import parallel_for, scratch
from .columns import Ints, Pairs, Plan, Some, pixel_columns, plan_of, plane_columns, results_last, working
from .indexing import spread_out
from .shape import pass_on

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


# --- the three functions -------------------------------------------------------------------------------------------


def _pays(a: Any, b: Any, outputs: int, groups: int) -> bool:
    """Whether a kernel takes the convolution of these arrays: it makes the outputs of a group, or places, in vectors."""
    return (
        a.dtype == b.dtype == np.float32
        and a.size * b.size >= 1e5
        and (outputs >= 3 * groups or outputs == groups)
        and 2 < a.ndim <= 5
    )


@twin("convolution.convolution", when=lambda *args: _pays(args[0], args[1], len(args[1]), args[6]))
def _convolution(input: Any, weight: Any, bias: Any, stride: Ints, padding: Pairs, dilation: Ints, groups: int) -> Any:
    """y[n, o, l] = bias[o] + sum over c, t of weight[o, c, t] * input[n, c, l * stride + t * dilation - padding]"""
    p = plan_of(input.shape, weight.shape, input.dtype, stride, padding, dilation, groups)
    dtype = working(input.dtype)
    out = np.empty((p.images, p.outputs, *p.result), dtype)
    flat = out.reshape(p.images, p.outputs, p.places)
    if p.pixels:
        w = weight.reshape(p.outputs, p.per_group, p.taps).transpose(2, 1, 0).astype(dtype).reshape(p.depth, p.outputs)
    else:
        w = weight.reshape(groups, -1, p.depth).astype(dtype, copy=False)
    offset = None if bias is None else bias if p.pixels else bias[:, None]

    def pixels(start: int, stop: int) -> None:
        columns = pixel_columns(p, input, dtype)
        product = scratch("product", (min(p.block, p.images) * p.places, p.outputs), dtype)
        turned = flat.transpose(0, 2, 1)
        for i in range(start, stop, p.block):
            j = min(i + p.block, stop)
            made = product[: (j - i) * p.places]
            np.matmul(columns(i, j), w, out=made)
            if offset is not None:
                made += offset
            turned[i:j] = made.reshape(j - i, p.places, p.outputs)

    def planes(start: int, stop: int) -> None:
        columns = plane_columns(p, input, dtype)
        grouped = flat.reshape(p.images, groups, -1, p.places)
        for i in range(start, stop, p.block):
            j = min(i + p.block, stop)
            np.matmul(w, columns(i, j), out=grouped[i:j])
            if offset is not None:
                flat[i:j] += offset

    parallel_for(p.images, pixels if p.pixels else planes, p.work, products=True)
    return out.astype(input.dtype, copy=False)


@twin("convolution.convolution_input", when=lambda *args: _pays(args[0], args[1], args[1].shape[1] * args[6], args[6]))
def _convolution_input(
    input: Any, weight: Any, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """The adjoint of convolution in its input of spatial ``size``: every result element is spread over its window."""
    channels = weight.shape[1] * groups
    p = plan_of((len(input), channels, *size), weight.shape, input.dtype, stride, padding, dilation, groups)
    if p.pixels and p.mirrored is not None:  # with stride 1 it is a convolution with the kernel turned around
        turned = weight[(..., *[slice(None, None, -1)] * len(size))].swapaxes(0, 1)
        return _convolution(input, turned, None, stride, p.mirrored, dilation, groups)
    dtype = working(input.dtype)
    made = np.empty((p.images, channels, *size), dtype)
    if p.pixels:
        w = np.ascontiguousarray(weight.reshape(p.outputs, channels, p.taps).transpose(2, 0, 1), dtype)
        prepare = _spread_pixels
    else:
        w = weight.reshape(groups, -1, p.depth).transpose(0, 2, 1).astype(dtype, copy=False)
        prepare = _spread_pointwise if p.pointwise else _spread_shifted if p.shifts else _spread_planes

    def images(start: int, stop: int) -> None:
        spread = prepare(p, input, w, made)
        for i in range(start, stop, p.block):
            spread(i, min(i + p.block, stop))

    parallel_for(p.images, images, p.work, products=True)
    return made.astype(input.dtype, copy=False)


def _spread_pointwise(p: Plan, g: Any, w: Any, made: Any) -> Some:
    """Without neighbours there is nothing to spread."""
    from_, into = g.reshape(len(g), p.groups, -1, p.places), made.reshape(len(g), p.groups, p.depth, p.places)
    return lambda i, j: np.matmul(w, from_[i:j], out=into[i:j])


def _spread_planes(p: Plan, g: Any, w: Any, made: Any) -> Some:
    """Columns from one product, then each tap's part is added where it belongs."""
    size = min(p.block, len(g))
    g = g.reshape(len(g), p.groups, -1, p.places)
    flat = scratch("columns", (size, p.groups, p.depth, p.places), made.dtype)
    columns = flat.reshape(size, p.channels, p.taps, *p.result)
    padded = scratch("padded", (size, p.channels, *p.padded), made.dtype)
    parts = [(padded[(..., *p.region(tap))], columns[:, :, t]) for t, tap in enumerate(p.taps_at())]
    middle = padded[(..., *p.inside)]

    def some(i: int, j: int) -> None:
        n = j - i
        np.matmul(w, g[i:j], out=flat[:n])
        padded.fill(0)
        for region, part in parts:
            region[:n] += part[:n]
        made[i:j] = middle[:n]

    return some


def _spread_shifted(p: Plan, g: Any, w: Any, made: Any) -> Some:
    """The same where the stride is 1: with rows of ``g`` as wide as the padded input, a tap is a shift in flat memory.

    The columns lie in rows of the padded size, each with as many zeros behind it as the largest shift. A view that
    steps back by each tap's shift then finds at one place all that belongs there, and one ``add.reduce`` adds it up.
    """
    size, dtype = min(p.block, len(g)), made.dtype
    wide = scratch("results", (size, p.outputs, p.result[0], *p.padded[1:]), dtype)
    wide.fill(0)
    valid = wide[(..., *[slice(0, n) for n in p.result])]
    rows = wide.reshape(size, p.groups, p.outputs // p.groups, -1)[..., : p.flat]
    whole = math.prod(p.padded)
    furthest = whole - p.flat
    memory = scratch("columns", (furthest + size * p.channels * p.taps * whole,), dtype)
    memory[:furthest] = 0
    columns = memory[furthest:].reshape(size, p.groups, p.depth, whole)
    columns[..., p.flat :] = 0
    columns = columns[..., : p.flat]
    product = np.multiply if p.outputs == p.groups else np.matmul  # depthwise: an outer product
    item = dtype.itemsize
    channel = whole * p.taps * item
    across = [math.prod(p.kernel[i + 1 :]) * whole for i in range(len(p.kernel))]
    back = [(a - d * step) * item for a, d, step in zip(across, p.dilation, p.steps(), strict=True)]
    meeting = as_strided(
        columns, (size, p.channels, whole, *p.kernel), (p.channels * channel, channel, item, *back), writeable=False
    )
    axes = tuple(range(3, meeting.ndim))
    padded = scratch("padded", (size, p.channels, *p.padded), dtype) if p.pads else made
    sums, middle = padded.reshape(len(padded), p.channels, whole), padded[(..., *p.inside)]

    def some(i: int, j: int) -> None:
        n = j - i
        valid[:n] = g[i:j]
        product(w, rows[:n], out=columns[:n])
        if p.pads:
            np.add.reduce(meeting[:n], axis=axes, out=sums[:n])
            made[i:j] = middle[:n]
        else:
            np.add.reduce(meeting[:n], axis=axes, out=sums[i:j])

    return some


def _spread_pixels(p: Plan, g: Any, w: Any, made: Any) -> Some:
    """The same with the channels inside."""
    size = min(p.block, len(g))
    results = results_last(p, g, made.dtype)
    columns = scratch("columns", (p.taps, size * p.places, p.channels), made.dtype)
    padded = scratch("padded", (size, *p.padded, p.channels), made.dtype)
    regions = [padded[(slice(None), *p.region(tap))] for tap in p.taps_at()]
    middle = np.moveaxis(padded[(slice(None), *p.inside)], -1, 1)

    def some(i: int, j: int) -> None:
        n = j - i
        part = columns[:, : n * p.places]
        np.matmul(results(i, j), w, out=part)
        padded.fill(0)
        for region, tap in zip(regions, part.reshape(p.taps, n, *p.result, p.channels), strict=True):
            region[:n] += tap
        made[i:j] = middle[:n]

    return some


@twin("convolution.convolution_weight", when=lambda *args: _pays(args[0], args[1], args[0].shape[1], args[6]))
def _convolution_weight(
    input: Any, other: Any, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """The adjoint of convolution in its weight of spatial ``size``: ``input`` is the cotangent, ``other`` the image."""
    shape = (input.shape[1], other.shape[1] // groups, *size)
    p = plan_of(other.shape, shape, input.dtype, stride, padding, dilation, groups)
    dtype = working(input.dtype)

    def pixels(start: int, stop: int) -> Any:
        total = np.zeros((p.outputs, p.depth), dtype)
        part = np.empty_like(total)
        results, columns = results_last(p, input, dtype), pixel_columns(p, other, dtype)
        for i in range(start, stop, p.block):
            j = min(i + p.block, stop)
            total += np.matmul(results(i, j).T, columns(i, j), out=part)
        return total.reshape(p.outputs, p.taps, p.channels).transpose(0, 2, 1).reshape(shape)

    def planes(start: int, stop: int) -> Any:
        total = np.zeros((groups, p.depth, p.outputs // groups), dtype)
        g = input.reshape(len(input), groups, -1, p.places).swapaxes(2, 3).astype(dtype, copy=False)
        columns = plane_columns(p, other, dtype)
        parts = scratch("product", (min(p.block, len(input)), *total.shape), dtype)
        for i in range(start, stop, p.block):
            j = min(i + p.block, stop)
            part = np.matmul(columns(i, j), g[i:j], out=parts[: j - i])
            total += part[0] if j - i == 1 else part.sum(0)
        return total.swapaxes(1, 2).reshape(shape)

    sums = parallel_for(p.images, pixels if p.pixels else planes, p.work, products=True)
    total = sum(sums[1:], sums[0]) if sums else np.zeros(shape, dtype)
    return total.astype(input.dtype, copy=False)


def _sum_channels(input: Any) -> Any:
    """(N, C, *S) -> (C,): a product with ones is the quickest sum of rows."""
    flat = input.reshape(*input.shape[:2], math.prod(input.shape[2:]))
    dtype = working(input.dtype)
    return (
        np.matmul(flat.astype(dtype, copy=False), np.ones(flat.shape[2], dtype)).sum(0).astype(input.dtype, copy=False)
    )


# --- the table -----------------------------------------------------------------------------------------------------

sum_channels: Any = lift(
    _sum_channels,
    kind="linear",
    name="sum_channels",
    input=lambda g, like: np.broadcast_to(g.reshape(-1, *[1] * (len(like.shape) - 2)), like.shape),
)
convolution: Any = lift(
    _convolution,
    promote="none",
    name="convolution",
    input=lambda g, weight, like, stride, padding, dilation, groups: convolution_input(
        g, weight, tuple(like.shape[2:]), stride, padding, dilation, groups
    ),
    weight=lambda g, input, like, stride, padding, dilation, groups: convolution_weight(
        g, input, tuple(like.shape[2:]), stride, padding, dilation, groups
    ),
    bias=lambda g: sum_channels(g),
)
convolution_input: Any = lift(
    _convolution_input,
    kind="bilinear",
    promote="none",
    name="convolution_input",
    input=lambda g, weight, stride, padding, dilation, groups: convolution(
        g, weight, None, stride, padding, dilation, groups
    ),
    weight=lambda g, input, like, stride, padding, dilation, groups: convolution_weight(
        input, g, tuple(like.shape[2:]), stride, padding, dilation, groups
    ),
)
convolution_weight: Any = lift(
    _convolution_weight,
    kind="bilinear",
    promote="none",
    name="convolution_weight",
    input=lambda g, other, stride, padding, dilation, groups: convolution(
        other, g, None, stride, padding, dilation, groups
    ),
    other=lambda g, input, like, stride, padding, dilation, groups: convolution_input(
        input, g, tuple(like.shape[2:]), stride, padding, dilation, groups
    ),
)

# --- the public functions ------------------------------------------------------------------------------------------


def ints(value: Any, n: int, what: str, by: str) -> Ints:
    """``value`` (an int, or a sequence of 1 or ``n`` ints) as ``n`` ints."""
    if hasattr(value, "__index__"):
        return (value.__index__(),) * n
    found = tuple(i.__index__() for i in value)
    if len(found) == 1:
        return found * n
    if len(found) != n:
        raise RuntimeError(f"{by}: expected {what} to be a single integer value or a list of {n} values, got {found}")
    return found


def _check(name: str, n: int, input: Any, weight: Any, bias: Any, groups: int, transposed: bool) -> None:
    """Raise RuntimeError where the arguments of a convolution don't fit each other."""
    for what, value in (("input", input), ("weight", weight), ("bias", bias)):
        if not isinstance(value, Tensor) and not (what == "bias" and value is None):
            raise TypeError(f"{name}(): argument '{what}' must be Tensor, not {type(value).__name__}")
    shape, wanted = list(input.shape), list(weight.shape)
    if weight.ndim != n + 2:
        raise RuntimeError(f"{name}: expected a weight with {n + 2} dimensions, but got one of size {wanted}")
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: {shape}"
        )
    for what, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.array.dtype != input.array.dtype and not is_casting():
            raise RuntimeError(
                f"Input type ({input.dtype}) and {what} type ({other.dtype}) should be the same in {name}. Convert one "
                "of them with .to(dtype)"
            )
    if groups < 1:
        raise RuntimeError("non-positive groups is not supported")
    if wanted[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{wanted} instead"
        )
    channels = input.shape[-n - 1]
    expected = wanted[0] if transposed else wanted[1] * groups
    if channels != expected:
        last = shape[-1] == expected
        cure = (
            f". Channels come before the places: move the last dimension there, movedim(-1, {-n - 1})" if last else ""
        )
        raise RuntimeError(
            f"Given groups={groups}, {'transposed=1, ' if transposed else ''}weight of size {wanted}, expected input"
            f"{shape} to have {expected} channels, but got {channels} channels instead{cure}"
        )
    if wanted[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size {wanted} instead"
        )
    outputs = wanted[1] * groups if transposed else wanted[0]
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {wanted}, expected bias to be 1-dimensional "
            f"with {outputs} elements, but got bias of size {list(bias.shape)} instead"
        )


def pads(name: str, padding: Any, n: int, kernel: Ints, stride: Ints, dilation: Ints) -> Pairs:
    """The padding before and after each dimension."""
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: {padding!r}; it is 'valid' or 'same' (or a number)")
        if padding == "valid":
            return ((0, 0),) * n
        if any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((t // 2, t - t // 2) for t in totals)
    sizes = ints(padding, n, "padding", name)
    if any(p < 0 for p in sizes):
        raise RuntimeError(f"negative padding is not supported: {name} got padding={padding}")
    return tuple((p, p) for p in sizes)


def _conv(n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    name = f"conv{n}d"
    _check(name, n, input, weight, bias, groups, transposed=False)
    stride, dilation = ints(stride, n, "stride", name), ints(dilation, n, "dilation", name)
    if any(s < 1 for s in stride):
        raise RuntimeError(f"non-positive stride is not supported: {name} got stride={stride}")
    if any(d < 1 for d in dilation):
        raise RuntimeError(f"{name}: dilation should be greater than zero, got {dilation}")
    kernel = tuple(weight.shape[2:])
    around = pads(name, padding, n, kernel, stride, dilation)
    padded = [s + a + b for s, (a, b) in zip(input.shape[-n:], around, strict=True)]
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if any(e > s for e, s in zip(spans, padded, strict=True)):
        sizes = [" x ".join(map(str, s)) for s in (padded, spans)]
        raise RuntimeError(
            f"Calculated padded input size per channel: ({sizes[0]}). Kernel size: ({sizes[1]}). Kernel size can't be "
            f"greater than actual input size. The input of {name} has shape {list(input.shape)}: use more padding, or "
            "less pooling and stride before"
        )
    if input.ndim == n + 1:
        return convolution(input[None], weight, bias, stride, around, dilation, groups)[0]
    made = convolution(input, weight, bias, stride, around, dilation, groups)
    return pass_on(made, input, weight) if n == 2 else made


def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Cross-correlation along one dimension.

    Args:
        input: (N, C, L) or (C, L).
        weight: (O, C / groups, k).
        bias: (O), or None.
        padding: zeros on both sides: a number, "valid" (none) or "same" (as many as keep the length; stride 1 only).

    Returns:
        (N, O, L'), L' = (L + 2 padding - dilation (k - 1) - 1) // stride + 1.

    Raises:
        RuntimeError: shapes or dtypes don't fit, or the kernel is larger than the padded input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html

    >>> import autograd
    >>> x = autograd.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    >>> conv1d(x, autograd.tensor([[[1.0, -1.0]]])).tolist()
    [[[-1.0, -1.0, -1.0]]]
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Cross-correlation of images: (N, C, H, W) or (C, H, W) with weight (O, C / groups, kH, kW); see ``conv1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    >>> import autograd
    >>> conv2d(autograd.ones(1, 1, 3, 3), autograd.ones(2, 1, 2, 2), stride=1, padding="same").shape
    torch.Size([1, 2, 3, 3])
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Cross-correlation of volumes: (N, C, D, H, W) or (C, D, H, W); see ``conv1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html

    >>> import autograd
    >>> conv3d(autograd.ones(1, 1, 4, 4, 4), autograd.ones(1, 1, 2, 2, 2), stride=2).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def _conv_transpose(
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    name = f"conv_transpose{n}d"
    _check(name, n, input, weight, bias, groups, transposed=True)
    stride, dilation = ints(stride, n, "stride", name), ints(dilation, n, "dilation", name)
    pads, more = ints(padding, n, "padding", name), ints(output_padding, n, "output_padding", name)
    if any(p < 0 for p in pads):
        raise RuntimeError(f"negative padding is not supported: {name} got padding={padding}")
    if any(s < 1 for s in stride):
        raise RuntimeError(f"non-positive stride is not supported: {name} got stride={stride}")
    if any(d < 1 for d in dilation):
        raise RuntimeError(f"{name}: dilation should be greater than zero, got {dilation}")
    if any(m < 0 or m >= max(s, d) for m, s, d in zip(more, stride, dilation, strict=True)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {more}, stride: "
            f"{stride}, dilation: {dilation}"
        )
    sizes = tuple(
        (length - 1) * s - 2 * p + d * (k - 1) + m + 1
        for length, s, p, d, k, m in zip(input.shape[-n:], stride, pads, dilation, weight.shape[2:], more, strict=True)
    )
    if any(size < 1 for size in sizes):
        raise RuntimeError(
            f"Given input size per channel: {list(input.shape[-n:])}. Calculated output size per channel: "
            f"{list(sizes)}. Output size is too small: use less padding in {name}"
        )
    batched = input if input.ndim == n + 2 else input[None]
    ends = tuple((p, max(p - m, 0)) for p, m in zip(pads, more, strict=True))  # more output, less far padding
    beyond = [max(0, m - p - s + 1) for m, p, s in zip(more, pads, stride, strict=True)]
    reached = tuple(size - b for size, b in zip(sizes, beyond, strict=True))
    made = convolution_input(batched, weight, reached, stride, ends, dilation, groups)
    if reached != sizes:  # no window touches what is beyond: there the result is the bias alone
        like = np.broadcast_to(made.array[:1, :1, ..., *[slice(0, 1)] * n], (*made.shape[:2], *sizes))
        made = spread_out(made, (..., *[slice(0, r) for r in reached]), like.shape)
    if bias is not None:
        made = made + bias.reshape(-1, *[1] * n).to(made.dtype)  # which autocast may have narrowed
    if input.ndim != n + 2:
        return made[0]
    return pass_on(made, input, weight) if n == 2 else made


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Transposed convolution: the adjoint of ``conv1d`` in its input, which makes longer what that makes shorter.

    Args:
        input: (N, C, L) or (C, L).
        weight: (C, O / groups, k).
        output_padding: added to one side of the result's size, where several sizes are possible.

    Returns:
        (N, O, L'), L' = (L - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1.

    Raises:
        RuntimeError: shapes or dtypes don't fit, or ``output_padding`` is not below both stride and dilation.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html

    >>> import autograd
    >>> conv_transpose1d(autograd.tensor([[[1.0, 2.0]]]), autograd.tensor([[[1.0, 1.0]]]), stride=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Transposed convolution of images, weight (C, O / groups, kH, kW); see ``conv_transpose1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html

    >>> import autograd
    >>> conv_transpose2d(autograd.ones(1, 3, 7, 7), autograd.ones(3, 2, 4, 4), stride=2, padding=1).shape
    torch.Size([1, 2, 14, 14])
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Transposed convolution of volumes; see ``conv_transpose1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html

    >>> import autograd
    >>> conv_transpose3d(autograd.ones(1, 1, 2, 2, 2), autograd.ones(1, 1, 2, 2, 2), stride=2).shape
    torch.Size([1, 1, 4, 4, 4])
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)
