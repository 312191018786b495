"""Draws that most distributions begin with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..random import normal, rand
from ..tensor import Tensor, wrap

__all__ = ["standard_normal", "unfilled", "uniform"]


def standard_normal(shape: Any, dtype: Any) -> Any:
    """Independent draws with mean 0 and deviation 1."""
    return normal(wrap(np.zeros(shape, dtype)), wrap(np.ones(shape, dtype)))


def uniform(shape: Any, like: Tensor) -> Any:
    """Independent draws from [0, 1)."""
    return rand(*shape, dtype=like.dtype) if shape else rand((), dtype=like.dtype)


def unfilled(shape: Any, like: Tensor) -> Any:
    """A Tensor for draws to be written into."""
    return wrap(np.empty(shape, like.array.dtype))
