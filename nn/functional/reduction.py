"""How a loss becomes a number: ``reduction`` is "mean", "sum" or "none"; ``size_average`` and ``reduce`` are its old form."""

from __future__ import annotations

import warnings
from typing import Any

from autograd.graph import is_casting


def old_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """``reduction``, or what the old arguments mean in its place."""
    if size_average is None and reduce is None:
        return reduction
    meant = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=3
    )
    return meant


def reduced(losses: Any, reduction: str) -> Any:
    """The losses themselves, their mean or their sum; in float32 inside ``autocast``. Raises ValueError for others."""
    if losses.array.itemsize == 2 and is_casting():
        losses = losses.float()
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    check_reduction(reduction)
    return losses


def check_reduction(reduction: str) -> None:
    """Raise ValueError for a reduction that is not "mean", "sum" or "none"."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction: choose 'mean', 'sum' or 'none'")
