"""Reading and adding at places that are the same for all channels: what sampling along a grid is made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .runtime import F, helper, kernel, prange, team

__all__ = ["read_places", "write_places"]


def read_places(input: Any, places: Any, inside: Any) -> Any:
    """The twin of ``ops.resample._read_places``."""
    n, c = input.shape[:2]
    y = np.empty((n, c, *places.shape[1:]), F)
    _share(input.reshape(n, c, -1), *_flat(places, inside), y.reshape(n, c, -1), False, team(y.size * 2))
    return y


def write_places(input: Any, places: Any, inside: Any, size: Any) -> Any:
    """The twin of ``ops.resample._write_places``."""
    n, c = input.shape[:2]
    y = np.zeros((n, c, math.prod(size)), F)
    _share(np.ascontiguousarray(input).reshape(n, c, -1), *_flat(places, inside), y, True, team(input.size * 2))
    return y.reshape(n, c, *size)


def _flat(places: Any, inside: Any) -> tuple[Any, Any]:
    n = len(places)
    return np.ascontiguousarray(places).reshape(n, -1), np.ascontiguousarray(inside).reshape(n, -1)


@kernel
def _share(x: Any, places: Any, inside: Any, y: Any, adds: bool, count: int) -> None:
    works = y.shape[0] * y.shape[1]
    for t in prange(count):
        for work in range(works * t // count, works * (t + 1) // count):
            n, c = work // y.shape[1], work % y.shape[1]
            if adds:
                _add(x[n, c], places[n], inside[n], y[n, c])
            else:
                _read(x[n, c], places[n], inside[n], y[n, c])


@helper
def _read(x: Any, places: Any, inside: Any, y: Any) -> None:
    for i in range(len(y)):
        y[i] = x[places[i]] if inside[i] else F(0)


@helper
def _add(x: Any, places: Any, inside: Any, y: Any) -> None:
    for i in range(len(x)):
        if inside[i]:
            y[places[i]] += x[i]
