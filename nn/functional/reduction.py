"""How a loss becomes a number: ``reduction`` is "mean", "sum" or "none"; ``size_average`` and ``reduce`` are its old form."""

from __future__ import annotations

import warnings
from typing import Any

from autograd.graph import is_casting
from autograd.tensor import Tensor


def old_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """``reduction``, or what the old arguments mean in its place."""
    if size_average is None and reduce is None:
        return reduction
    if isinstance(size_average, Tensor) or isinstance(reduce, Tensor):
        raise TypeError(
            "a loss is made first and then called: MSELoss()(input, target); size_average was given a Tensor"
        )
    meant = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=3
    )
    return meant


class AllDims(tuple[int, ...]):
    """No dimension by number, which means all of them; and what PyTorch calls the node of a loss that is one step there."""

    node_name: str

    def __new__(cls, node_name: str) -> AllDims:
        made = super().__new__(cls)
        made.node_name = node_name
        return made


def reduced(losses: Any, reduction: str, dims: AllDims | None = None) -> Any:
    """The losses themselves, their mean or their sum; in float32 inside ``autocast``. Raises ValueError for others."""
    if losses.array.itemsize == 2 and is_casting():
        losses = losses.float()
    if reduction == "mean":
        return losses.mean(dims)
    if reduction == "sum":
        return losses.sum(dims)
    check_reduction(reduction)
    return losses


def check_reduction(reduction: str) -> None:
    """Raise ValueError for a reduction that is not "mean", "sum" or "none"."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction: choose 'mean', 'sum' or 'none'")
