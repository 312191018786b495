"""Long chains of NumPy calls on large arrays, a block at a time: what is in the cache need not be fetched again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

BLOCK = 16384
"""Elements in a block: with a few temporaries it fits the second level of the cache."""


def by_blocks(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """``function`` of two arrays, called on one block after the other where they are large, alike and contiguous.

    The result must have the shape and dtype of the arguments.
    """

    def blocked(input: Any, other: Any) -> Any:
        if (
            type(input) is not np.ndarray
            or input.size <= BLOCK
            or type(other) is not np.ndarray
            or input.shape != other.shape
            or not (input.flags.c_contiguous and other.flags.c_contiguous)
        ):
            return function(input, other)
        made = np.empty(input.shape, input.dtype)
        flat, a, b = made.reshape(-1), input.reshape(-1), other.reshape(-1)
        for at in range(0, flat.size, BLOCK):
            flat[at : at + BLOCK] = function(a[at : at + BLOCK], b[at : at + BLOCK])
        return made

    return blocked
