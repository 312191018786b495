"""Borders around arrays, rows looked up in a table, and channels dealt out over pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..fast import twin
from ..half import rounded_once
from ..lift import general, linear

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]  # fmt: skip

Widths = tuple[tuple[int, int], ...]  # for each dimension: how much before and after; negative crops

# --- borders -------------------------------------------------------------------------------------------------------


def inner(shape: Any, widths: Widths) -> tuple[slice, ...]:
    """Where the array itself lies inside its bordered form."""
    return tuple([slice(max(a, 0), a + n + min(b, 0)) for n, (a, b) in zip(shape, widths, strict=True)])


def cropped(shape: Any, widths: Widths) -> tuple[slice, ...]:
    """What negative widths leave of the array."""
    return tuple([slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(shape, widths, strict=True)])


def _border(input: Any, widths: Widths, value: Any) -> Any:
    made = np.full([n + a + b for n, (a, b) in zip(input.shape, widths, strict=True)], value, input.dtype)
    made[inner(input.shape, widths)] = input[cropped(input.shape, widths)]
    return made


border = general(
    _border,
    name="constant_pad_nd",
    input=lambda g, widths, like: border(g, tuple([(-a, -b) for a, b in widths]), 0),  # type: ignore[has-type]
)


def _sources(kind: str, before: int, n: int, after: int) -> list[tuple[slice, slice]]:
    """Along one dimension, which places of the frame take their values from which places inside."""
    end = before + n
    if kind == "reflect":
        stop = end - 2 - after
        left, right = slice(2 * before, before, -1), slice(end - 2, None if stop < 0 else stop, -1)
    elif kind == "circular":
        left, right = slice(n, n + before), slice(before, before + after)
    else:
        left, right = slice(before, before + 1), slice(end - 1, end)
    pairs = [(slice(0, before), left), (slice(end, end + after), right)]
    return [pair for pair, size in zip(pairs, (before, after), strict=True) if size]


def _frame(input: Any, widths: Widths, kind: str) -> Any:
    made = np.empty([n + a + b for n, (a, b) in zip(input.shape, widths, strict=True)], input.dtype)
    made[inner(input.shape, widths)] = input
    for dim, (before, after) in enumerate(widths):
        at = (slice(None),) * dim
        for frame, inside in _sources(kind, before, input.shape[dim], after):
            made[(*at, frame)] = made[(*at, inside)]
    return made


def _unframe(input: Any, widths: Widths, kind: str) -> Any:
    sizes = [n - a - b for n, (a, b) in zip(input.shape, widths, strict=True)]
    made = input.copy()
    for dim in reversed(range(input.ndim)):
        before, after = widths[dim]
        at = (slice(None),) * dim
        for frame, inside in _sources(kind, before, sizes[dim], after):
            added = made[(*at, frame)]
            made[(*at, inside)] += added.sum(axis=dim, keepdims=True) if kind == "replicate" else added
    return np.ascontiguousarray(made[inner(sizes, widths)])


frame = linear(  # a border of the array's own elements: "reflect", "replicate" or "circular"
    _frame,
    name="pad",
    flat=True,
    input=lambda g, widths, kind: unframe(g, widths, kind),  # type: ignore[has-type]
)
unframe = linear(_unframe, name="pad_backward", input=lambda g, widths, kind: frame(g, widths, kind))

# --- rows of a table -----------------------------------------------------------------------------------------------


def _large_table(input: Any, index: Any, rows: int, padding: int) -> bool:
    large = input.size >= 8192 and input.dtype == np.float32 and index.dtype == np.int64
    return large and input.flags.c_contiguous and index.flags.c_contiguous  # type: ignore[no-any-return]


@twin("rows.embedding_back", when=_large_table)
@rounded_once
def _embedding_back(input: Any, index: Any, rows: int, padding: int) -> Any:
    """The sum of the rows of ``input`` for each row of a table of ``rows``; those of ``padding`` are left out."""
    width = input.shape[-1] if input.ndim > index.ndim else 1
    values, at = input.reshape(-1, width), index.reshape(-1)
    if padding >= 0:
        used = at != padding
        values, at = values[used], at[used]
    made = np.zeros((rows, width), input.dtype)
    if at.size < 8 * rows:  # few are added to the same row
        np.add.at(made.reshape(-1), (at[:, None] * width + np.arange(width)).reshape(-1), values.reshape(-1))
    elif at.size:
        order = np.argsort(at, kind="stable")
        at = at[order]
        starts = np.flatnonzero(np.concatenate(([True], at[1:] != at[:-1])))
        made[at[starts]] = np.add.reduceat(values[order], starts, axis=0)
    return made


embedding = linear(
    lambda weight, index, padding: weight[index],
    name="embedding",
    promote="none",
    constants=("index",),
    weight=lambda g, index, padding, like: embedding_back(g, index, like.shape[0], padding),  # type: ignore[has-type]
)
embedding_back = linear(
    _embedding_back,
    name="embedding_backward",
    promote="none",
    constants=("index",),
    input=lambda g, index, padding: _without(embedding(g, index, padding), index, padding),
)


def _without(rows: Any, index: Any, padding: int) -> Any:
    """Rows of the padding index are zero."""
    return rows if padding < 0 else rows * (index != padding).reshape(*index.shape, 1)


# --- pixels --------------------------------------------------------------------------------------------------------


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """[..., C * r * r, H, W] to [..., C, H * r, W * r].

    Source: Shi et al. 2016, https://docs.pytorch.org/docs/stable/generated/torch.pixel_shuffle.html

    >>> import autograd
    >>> pixel_shuffle(autograd.arange(4.0).reshape(1, 4, 1, 1), 2)
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """
    r = upscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *front, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(front)
    split = input.reshape(*front, channels // (r * r), r, r, height, width)
    dealt = split.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return dealt.reshape(*front, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """[..., C, H * r, W * r] to [..., C * r * r, H, W]: the inverse of ``pixel_shuffle``.

    >>> import autograd
    >>> pixel_unshuffle(autograd.arange(4.0).reshape(1, 1, 2, 2), 2).flatten()
    tensor([0., 1., 2., 3.])
    """
    r = downscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *front, channels, height, width = input.shape
    for name, size in (("height", height), ("width", width)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but {size} is not divisible by "
                f"{r}"
            )
    n = len(front)
    split = input.reshape(*front, channels, height // r, r, width // r, r)
    gathered = split.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return gathered.reshape(*front, channels * r * r, height // r, width // r)


def channel_shuffle(input: Any, groups: int) -> Any:
    """The channels (dimension 1) dealt out: channel i of group j becomes channel j of group i (Zhang et al. 2018).

    >>> import autograd
    >>> channel_shuffle(autograd.arange(4.0).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    if input.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    batch, channels, *places = input.shape
    if groups <= 0 or channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups."
            if groups > 0
            else f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    size = math.prod(places)
    return input.reshape(batch, groups, channels // groups, size).transpose(1, 2).reshape(input.shape)
