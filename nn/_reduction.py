"""``torch.nn._reduction``: how losses used to name what becomes of their elements; old copies of losses ask."""

from __future__ import annotations

from typing import Any

from .functional.reduction import check_reduction, old_reduction

__all__ = ["get_enum", "legacy_get_enum", "legacy_get_string"]


def get_enum(reduction: str) -> int:
    """0 for "none", 1 for "mean", 2 for "sum".

    >>> get_enum("mean")
    1
    """
    check_reduction(reduction)
    return {"none": 0, "mean": 1, "sum": 2}[reduction]


def legacy_get_string(size_average: Any, reduce: Any, emit_warning: bool = True) -> str:
    """The reduction that the two old arguments mean."""
    if not emit_warning:
        return "none" if reduce is False else "sum" if size_average is False else "mean"
    return old_reduction(True if size_average is None else size_average, reduce, "mean")


def legacy_get_enum(size_average: Any, reduce: Any, emit_warning: bool = True) -> int:
    """The same as a number."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))
