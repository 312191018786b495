"""Joining and splitting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lift import linear
from ..tensor import normal_dim
from .indexing import getitem

__all__ = ["cat", "stack"]  # fmt: skip


def _concatenate(*tensors: Any, dim: int, sizes: tuple[int, ...]) -> Any:
    return np.concatenate(tensors, axis=dim)


concatenate_along = linear(
    _concatenate,
    name="cat",
    joint=lambda g, dim, sizes: pieces(g, dim, sizes),
)


def pieces(g: Any, dim: int, sizes: tuple[int, ...]) -> Any:
    """The cotangent of each part of a concatenation."""
    ends = np.cumsum(sizes)
    return [getitem(g, (slice(None),) * dim + (slice(end - n, end),)) for n, end in zip(sizes, ends, strict=True)]


def cat(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Tensors joined along an existing dimension."""
    parts = list(tensors)
    at = normal_dim(dim, parts[0].ndim)
    return concatenate_along(*parts, dim=at, sizes=tuple([t.shape[at] for t in parts]), out=out)


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Tensors of one shape joined along a new dimension."""
    parts = list(tensors)
    at = normal_dim(dim, parts[0].ndim + 1)
    index = (slice(None),) * at + (None,)
    return cat([getitem(t, index) for t in parts], at, out=out)
