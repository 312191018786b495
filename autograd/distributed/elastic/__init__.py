"""``torch.distributed.elastic``: of it programs name ``record``, around the function that a launcher starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["record"]

Function = TypeVar("Function", bound=Callable[..., object])


def record(fn: Function) -> Function:
    """The function itself: its error reaches the caller, whom no launcher stands between.

    >>> record(max) is max
    True
    """
    return fn
