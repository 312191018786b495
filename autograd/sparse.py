"""``torch.sparse``: products with matrices that PyTorch stores sparsely. Here they are dense; the results are the same."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .conversion import sparse_coo_tensor
from .ops import FUNCTIONS
from .tensor import Tensor

__all__ = ["DoubleTensor", "FloatTensor", "IntTensor", "LongTensor", "mm", "softmax", "sum"]


class _Kind:
    """The old way to make a sparse tensor: ``torch.sparse.FloatTensor(indices, values, size)``."""

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = f"{name.capitalize()}Tensor"
        self._dtype = getattr(dtypes, {"float": "float32", "double": "float64", "int": "int32", "long": "int64"}[name])

    def __call__(self, indices: Tensor, values: Tensor, size: Any = None) -> Tensor:
        return sparse_coo_tensor(indices, values, size, dtype=self._dtype)

    def __repr__(self) -> str:
        return f"<class 'torch.sparse.{self.__name__}'>"


FloatTensor, DoubleTensor, IntTensor, LongTensor = map(_Kind, ("float", "double", "int", "long"))


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
