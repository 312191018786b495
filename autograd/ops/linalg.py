"""Matrix products."""

from __future__ import annotations

import operator
from typing import Any

from ..lift import bilinear

__all__ = ["matmul"]  # fmt: skip

matrix_product = bilinear(
    operator.matmul,
    name="matmul",
    input=lambda g, other: g @ other.mT,
    other=lambda g, input: input.mT @ g,
)


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """Matrix product."""
    return matrix_product(input, other, out=out)
