"""Reductions: many elements become one, along dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..lift import linear
from ..tensor import normal_dim
from .shape import broadcast

__all__ = ["sum"]  # fmt: skip


def dims_of(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """``dim`` (None, an int or several) as a tuple of non-negative ints; None for all dimensions."""
    if dim is None or (isinstance(dim, (tuple, list)) and len(dim) == 0):
        return None
    if isinstance(dim, (tuple, list)):
        found = tuple([normal_dim(d, ndim) for d in dim])
        if len(set(found)) != len(found):
            raise RuntimeError(f"dim {dim[-1]} appears multiple times in the list of dims")
    else:
        found = (normal_dim(dim, ndim),)
    return found if ndim else None


def restore(g: Any, like: Any, dim: Any, keepdim: bool) -> Any:
    """A reduced value spread again over the dimensions that were reduced: the adjoint of sum."""
    if not keepdim:
        axes = dims_of(dim, len(like.shape))
        kept = tuple([1 if axes is None or i in axes else n for i, n in enumerate(like.shape)])
        g = g.reshape(kept)
    return broadcast(g, like.shape)


def _sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    wanted = dtypes.as_numpy(dtype) if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else None
    return np.add.reduce(input, axis=dims_of(dim, input.ndim), dtype=wanted, keepdims=keepdim)


sum = linear(_sum, name="sum", input=lambda g, like, dim, keepdim: restore(g, like, dim, keepdim))
