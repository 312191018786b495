"""float16 and bfloat16: computed in float32 and rounded once, as PyTorch's kernels do.

NumPy rounds after each step. A sum of bfloat16 numbers stands still once it is 256 times as large as what comes, and the
square of 300 is infinite in float16, so a mean, a norm or a softmax of such arrays would be nonsense.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["is_half", "rounded_once"]

Function = TypeVar("Function", bound=Callable[..., Any])


def is_half(dtype: np.dtype[Any]) -> bool:
    """Whether this is float16 or bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def rounded_once(function: Function) -> Function:
    """Let a function of arrays compute half precision in float32, and round its results (not their residuals) once.

    The first argument decides; the function returns an array, or a tuple of arrays and residuals (tuples or None).
    """

    @functools.wraps(function)
    def call(first: Any, *rest: Any, **options: Any) -> Any:
        dtype = first.dtype
        if dtype.itemsize != 2 or dtype.kind not in "fV":
            return function(first, *rest, **options)
        made = function(_wide(first), *[_wide(value) for value in rest], **options)
        return tuple([_narrow(value, dtype) for value in made]) if type(made) is tuple else _narrow(made, dtype)

    return call  # type: ignore[return-value]


def _wide(value: Any) -> Any:
    return value.astype(np.float32) if isinstance(value, np.ndarray) and is_half(value.dtype) else value


def _narrow(value: Any, dtype: np.dtype[Any]) -> Any:
    return (
        np.asarray(value, dtype) if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f" else value
    )
