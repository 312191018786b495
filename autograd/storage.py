"""The memory under a tensor, which all its views share: ``x.storage()`` by elements, ``x.untyped_storage()`` by bytes.

Source: https://docs.pytorch.org/docs/stable/storage.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import dtypes
from .devices import CPU, check_device, device
from .memory import storage_of
from .tensor import Tensor
from .views import stamp

__all__ = ["TypedStorage", "UntypedStorage"]


class Storage:
    """A row of numbers in memory. Writing to it writes to every tensor that lies there."""

    __slots__ = ("array",)
    is_cuda = False

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array  # one dimension

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return int(self.array.__array_interface__["data"][0])

    def nbytes(self) -> int:
        """The number of bytes."""
        return self.array.nbytes

    def __sizeof__(self) -> int:
        """The object and the memory behind it: what ``sys.getsizeof`` tells."""
        return object.__sizeof__(self) + self.nbytes()

    def size(self) -> int:
        """The number of elements (bytes, for an untyped storage)."""
        return len(self.array)

    __len__ = size

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.array.itemsize

    @property
    def device(self) -> device:
        """The CPU."""
        return CPU

    def tolist(self) -> list[Any]:
        """The elements in the order of memory."""
        found: list[Any] = self.array.tolist()
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._slice(index)
        if not -len(self.array) <= index < len(self.array):
            raise IndexError(f"index {index} out of range for storage of size {len(self.array)}")
        return self.array[index].item()

    def _slice(self, index: slice) -> Any:
        return type(self)(self.array[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array[index] = value.array if isinstance(value, (Storage, Tensor)) else value
        stamp(self.array, "storage()[...] = ...")

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self.array.view(np.uint8))

    def fill_(self, value: Any) -> Any:
        """Set every element."""
        self[:] = value
        return self

    def copy_(self, source: Any, non_blocking: bool | None = None) -> Any:
        """Set the elements to those of another storage of this size."""
        self[:] = source
        return self

    def clone(self) -> Any:
        """A storage of the same elements in memory of its own."""
        return type(self)(self.array.copy())

    def _told(self, more: str) -> str:
        elements = " " + "\n ".join(map(str, self.tolist()))
        return f"{elements}\n[torch.storage.{type(self).__name__}({more}device=cpu) of size {len(self.array)}]"

    def __repr__(self) -> str:
        return self._told("")


class UntypedStorage(Storage):
    """The memory as bytes."""

    __slots__ = ()

    @classmethod
    def from_file(cls, filename: str, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """The bytes of a file, read when they are used; ``shared``: what is written goes to the file, too."""
        return cls(np.memmap(filename, np.uint8, "r+" if shared else "c", shape=(nbytes,)).view(np.ndarray))


class TypedStorage(Storage):
    """The memory as elements of a dtype.

    >>> import autograd
    >>> x = autograd.zeros(2, 2)
    >>> x.t().storage()[1] = 5.0
    >>> x
    tensor([[0., 5.],
            [0., 0.]])
    >>> TypedStorage(3, dtype=autograd.float64).element_size()
    8
    """

    __slots__ = ()

    def __init__(self, data: Any = 0, *, dtype: Any = None, device: Any = None) -> None:
        check_device(device)
        if not isinstance(data, np.ndarray):  # a number of elements, or the elements
            element = dtypes.default_float() if dtype is None else dtypes.as_numpy(dtype)
            data = np.empty(data, element) if hasattr(data, "__index__") else np.array(data, element)
        super().__init__(data)

    @property
    def dtype(self) -> dtypes.dtype:
        """The dtype of the elements."""
        return dtypes.of(self.array.dtype)

    def _slice(self, index: slice) -> Any:
        raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")

    def __repr__(self) -> str:
        return self._told(f"dtype={self.dtype}, ")


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory under this tensor, as bytes."""
    return UntypedStorage(storage_of(self.array)[0].view(np.uint8))


def storage(self: Tensor) -> TypedStorage:
    """The memory under this tensor, as elements of its dtype."""
    return TypedStorage(storage_of(self.array)[0])


def storage_offset(self: Tensor) -> int:
    """How many elements into its memory this tensor begins."""
    return storage_of(self.array)[1]


METHODS = {f.__name__: f for f in (untyped_storage, storage, storage_offset)}
"""What ``methods.bind`` gives Tensor from this file."""
