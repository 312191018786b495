"""What is worked out row by row: softmax and its relatives, normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .runtime import F, exp, helper, kernel, prange, team

__all__ = ["softmax"]


def softmax(input: Any, dim: int) -> Any:
    """The twin of ``ops.activation.softmax`` along the last dimension."""
    y = np.empty_like(input)
    length = input.shape[-1]
    _softmax(input.reshape(-1, length), y.reshape(-1, length), team(input.size))
    return y


@kernel
def _softmax(x: Any, y: Any, count: int) -> None:
    if count == 1:
        _softmax_rows(x, y, 0, len(x))
    else:
        for t in prange(count):
            _softmax_rows(x, y, len(x) * t // count, len(x) * (t + 1) // count)


@helper
def _softmax_rows(x: Any, y: Any, start: int, stop: int) -> None:
    for i in range(start, stop):
        row, made = x[i], y[i]
        top = row[0]
        for v in row:
            top = v if v > top or v != v else top
        total = F(0)
        for j in range(len(row)):
            made[j] = exp(row[j] - top)
        for j in range(len(row)):
            total += made[j]
        total = F(1) / total
        for j in range(len(row)):
            made[j] *= total
