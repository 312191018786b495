"""``torch.sparse``: products with matrices that PyTorch would store sparsely; here they are dense, with the same
results.
"""

from __future__ import annotations

from typing import Any

from .ops import FUNCTIONS
from .tensor import Tensor

__all__ = ["mm", "softmax", "sum"]


def mm(sparse: Tensor, dense: Tensor) -> Tensor:
    """The matrix product."""
    return FUNCTIONS["mm"](sparse, dense)  # type: ignore[no-any-return]


def sum(input: Tensor, dim: Any = None, dtype: Any = None) -> Tensor:
    """The sum of the elements."""
    return FUNCTIONS["sum"](input, dim, dtype=dtype) if dim is not None else FUNCTIONS["sum"](input, dtype=dtype)  # type: ignore[no-any-return]


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Raises NotImplementedError: it would count the zeros that are not stored as minus infinity."""
    raise NotImplementedError(
        "sparse.softmax leaves out elements that are not stored, and tensors here are dense: use masked_fill and "
        "softmax"
    )
