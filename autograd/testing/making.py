"""make_tensor: random tensors of any dtype for tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..random import randint, uniform_
from ..tensor import Tensor, wrap

__all__ = ["make_tensor"]


def make_tensor(
    *shape: Any,
    dtype: dtypes.dtype,
    device: Any = None,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of this shape with numbers drawn uniformly from [low, high).

    Args:
        dtype: of the result.
        low: default -9, and 0 for bool and unsigned integers.
        high: default 9 (10 for integers, 2 for bool).
        requires_grad: only for floating point and complex dtypes.
        noncontiguous: lay the elements out with gaps between them.
        exclude_zero: replace zeros by the smallest positive number (1 for integers).

    Raises:
        ValueError: ``low >= high``, bounds that the dtype does not have, or ``requires_grad`` for an integer dtype.

    Source: https://docs.pytorch.org/docs/stable/testing.html#torch.testing.make_tensor

    >>> import autograd
    >>> t = make_tensor((2, 3), dtype=autograd.float64, low=1, high=2, requires_grad=True)
    >>> t.shape, bool((t >= 1).all())
    (torch.Size([2, 3]), True)
    """
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
            f"but got noncontiguous=True and memory_format={memory_format}"
        )
    kind = np.dtype(dtypes.as_numpy(dtype)).kind
    whole = kind in "biu"
    if requires_grad and whole:
        raise ValueError(
            f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype}"
        )
    low, high = _bounds(dtype, kind, low, high)
    spread = noncontiguous and math.prod(shape) > 1
    drawn = (*shape[:-1], 2 * shape[-1]) if spread else shape
    if whole:
        array = randint(int(low), int(high), drawn, dtype=dtype, device=device).array
    else:
        array = np.empty(drawn, dtypes.as_numpy(dtype))
        uniform_(wrap(array.view(array.real.dtype) if kind == "c" and drawn else array), low, high)
    if spread:
        array = array[..., 1::2]
    made = wrap(array)
    if memory_format is not None:
        made = made.clone(memory_format=memory_format)  # type: ignore[attr-defined]
    if exclude_zero:
        made.array[made.array == 0] = 1 if whole else np.finfo(made.array.dtype).tiny
    return made.requires_grad_() if requires_grad else made


def _bounds(dtype: Any, kind: str, low: float | None, high: float | None) -> tuple[float, float]:
    """``low`` and ``high`` with their defaults, checked against what the dtype can hold."""
    element = np.dtype(dtypes.as_numpy(dtype))
    if kind == "b":
        least, most, usual = 0.0, 2.0, (0, 2)
    elif kind in "iu":
        info = np.iinfo(element)
        least, most, usual = int(info.min), int(info.max) + (element != np.int64), (-9, 10)
    else:
        limits = dtypes.finfo(dtype)
        least, most, usual = limits.min, limits.max, (-9, 9)
    low, high = usual[0] if low is None else low, usual[1] if high is None else high
    if any(isinstance(value, float) and math.isnan(value) for value in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low >= high and not (low == high and kind in "fcV"):
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    if high < least or low >= most:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
            f"[{least}, {most})"
        )
    low, high = min(max(low, least), most), min(max(high, least), most)
    return (math.ceil(low), math.ceil(high)) if kind in "biu" else (low, high)
