"""The exchange of memory between libraries: what ``torch.utils.dlpack`` is to PyTorch.

Source: https://docs.pytorch.org/docs/stable/dlpack.html
"""

from __future__ import annotations

from typing import Any

from .. import protocols
from ..tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]

to_dlpack = protocols.to_dlpack


class _Capsule:
    """A capsule as what it was made from: an array that can be asked for it."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the CPU


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of another library's array, or (to be read only) of a capsule from its ``to_dlpack``.

    >>> import autograd
    >>> from_dlpack(to_dlpack(autograd.tensor([1.0, 2.0])))
    tensor([1., 2.])
    """
    return protocols.from_dlpack(ext_tensor if hasattr(ext_tensor, "__dlpack__") else _Capsule(ext_tensor))
