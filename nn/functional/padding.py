"""Padding, and channels dealt out over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.ops.arrange import border, channel_shuffle, frame, pixel_shuffle, pixel_unshuffle
from autograd.ops.shape import pass_on
from autograd.tensor import Tensor

__all__ = ["channel_shuffle", "native_channel_shuffle", "pad", "pixel_shuffle", "pixel_unshuffle"]

native_channel_shuffle = channel_shuffle


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """A border around the last dimensions: ``pad`` is (left, right, top, bottom, front, back, ...); negative crops.

    ``mode``: "constant" (with ``value``, 0 by default), "reflect", "replicate", "circular"; all but the first pad the
    last 1, 2 or 3 dimensions of a tensor with two more (or one, without a batch). Raises RuntimeError where it does not
    fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    >>> import autograd
    >>> pad(autograd.tensor([1.0, 2.0]), (1, 2))
    tensor([0., 1., 2., 0., 0.])
    """
    sizes = [int(n) for n in pad]
    pairs = list(zip(sizes[::2], sizes[1::2], strict=False))[::-1]
    free = input.ndim - len(pairs)
    if len(sizes) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if free < 0:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(sizes)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        for i, (before, after) in enumerate(pairs):
            if input.shape[free + i] + before + after < 0:
                raise RuntimeError(
                    f"The input size {input.shape[free + i]}, plus negative padding {before} and {after} resulted in "
                    f"a negative output size, which is invalid. Check dimension {free + i} of your input."
                )
        return pass_on(border(input, ((0, 0),) * free + tuple(pairs), 0 if value is None else value), input)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}: choose constant, reflect, replicate or circular")
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if free not in (1, 2) or len(pairs) > 3:
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: pad the last 1, 2 or 3 "
            f"dimensions of an input with one or two more; got an input of {input.ndim}D and padding for {len(pairs)}"
        )
    made: Any = input
    for i, (before, after) in enumerate(pairs):
        made = _cropped(made, mode, free + i, before, after)
    widths = ((0, 0),) * free + tuple((max(before, 0), max(after, 0)) for before, after in pairs)
    if mode == "replicate":
        widths = tuple((0, 0) if min(pad) < 0 else pad for pad in ((0, 0),) * free + tuple(pairs))
    return pass_on(frame(made, widths, mode), input)


def _cropped(input: Tensor, mode: str, dim: int, before: int, after: int) -> Any:
    """Check the padding of one dimension, and do what is negative of it."""
    size = input.shape[dim]
    most = {"reflect": size - 1, "circular": size}.get(mode)
    if most is not None and max(before, after) > most:
        raise RuntimeError(
            f"Padding size should be {'less than' if mode == 'reflect' else 'at most'} the corresponding input "
            f"dimension, but got: padding ({before}, {after}) at dimension {dim} of input {list(input.shape)}"
        )
    if size == 0 and max(before, after) > 0:
        raise RuntimeError(f"Expected a non-empty input to pad, but dimension {dim} of {list(input.shape)} is empty")
    if size + before + after < 1:
        raise RuntimeError(
            f"padding ({before}, {after}) leaves nothing of dimension {dim} of input {list(input.shape)}"
        )
    if min(before, after) >= 0:
        return input
    if mode == "replicate":  # the edge that is repeated is that of the whole input
        places: Any = np.clip(np.arange(size + before + after) - before, 0, size - 1)
    else:
        places = slice(max(-before, 0), size - max(-after, 0))
    return input[(slice(None),) * dim + (places,)]
