"""How the elements of an array lie in memory: strides, layouts, overlap. Plain NumPy, for the operations on views."""

from __future__ import annotations

from typing import Any

import numpy as np

from .views import owner


def strided(array: Any, shape: Any, strides: Any, offset: int = 0) -> Any:
    """The writable view of ``array``'s memory with these lengths and steps (in bytes), ``offset`` bytes from its start.

    NumPy's own ``as_strided`` hides who owns the memory, and its ``broadcast_to`` makes it read-only.
    """
    memory = owner(array)
    if not memory.flags.c_contiguous:
        memory = memory.ravel(order="K")
    if memory.dtype.kind == "V":  # bfloat16 has no buffer protocol
        memory = memory.view(np.uint16)
    made = np.ndarray(shape, array.dtype, memory, _distance(array, memory) + offset, strides)
    if not array.flags.writeable:
        made.flags.writeable = False
    return made


def _distance(array: Any, memory: Any) -> int:
    """Bytes from the start of ``memory`` to that of ``array``."""
    if array is memory or array.size == 0:
        return 0
    start: int = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return start


def storage_of(array: Any) -> tuple[Any, int]:
    """The elements of the whole memory in order, and the place of the first element of ``array`` among them."""
    memory = owner(array)
    flat = memory.reshape(-1) if memory.flags.c_contiguous else memory.ravel(order="K")
    flat = flat if flat.dtype == array.dtype else flat.view(array.dtype)
    return flat, _distance(array, memory) // array.itemsize


def layout(array: Any) -> tuple[int, ...] | None:
    """The order in which the dimensions lie in memory, slowest first; None for the ordinary order."""
    if array.flags.c_contiguous:
        return None
    order = tuple(sorted(range(array.ndim), key=lambda i: (-array.strides[i], i)))
    return None if order == tuple(range(array.ndim)) else order


def in_order(array: Any) -> Any:
    """The array if its elements lie in memory in the ordinary order, else such a copy.

    NumPy's results follow the strides of their arguments; PyTorch's do only where the operation goes element by element. A
    program sees that: ``view`` needs the ordinary order, and random numbers are drawn in the order of the memory.
    """
    return array if array.flags.c_contiguous else array.copy()


def order_of(array: Any) -> Any:
    """NumPy's order for a copy with the same strides; a stretched array has none to keep, and gets the ordinary order.

    >>> order_of(np.ones((2, 3)).T), order_of(np.broadcast_to(np.ones(3), (2, 3)))
    ('K', 'C')
    """
    return "K" if array.flags.c_contiguous or 0 not in array.strides else "C"


def laid_out(array: Any, order: Any) -> Any:
    """A copy: "C" in the ordinary order, "last" with the channels last, a permutation in that one, None as it is."""
    if order is None:
        return np.array(array, order=order_of(array))
    if order == "C":
        return np.array(array, order="C")
    if order == "last":
        order = (0, *range(2, array.ndim), 1)
    back = np.argsort(order)
    return np.array(array.transpose(order), order="C").transpose(back)


def is_contiguous_as(array: Any, order: str) -> bool:
    """Whether the elements lie in memory in the ordinary order ("C"), or with the channels last ("last")."""
    if order == "last":
        if array.ndim not in (4, 5):
            return False
        array = array.transpose(0, *range(2, array.ndim), 1)
    return bool(array.flags.c_contiguous)


def has_channels_last(array: Any) -> bool:
    """Whether an operation takes these strides for channels last in memory: dense or not, they grow in that order.

    PyTorch's rule (``is_channels_last_strides``), which also decides where a dimension of length 1 leaves it open.

    >>> images = np.zeros((2, 4, 4, 3)).transpose(0, 3, 1, 2)
    >>> has_channels_last(images[:, :2]), has_channels_last(images.copy()), has_channels_last(np.zeros((2, 3, 1, 1)))
    (True, False, False)
    """
    strides = array.strides
    if array.ndim not in (4, 5) or strides[1] == 0:
        return False
    least = 0
    for d in (1, *range(array.ndim - 1, 1, -1), 0):
        if array.shape[d] == 0 or strides[d] < least or (d == 0 and least == strides[1]):
            return False
        least = strides[d] * array.shape[d]
    return True


def overlaps_itself(array: Any) -> bool:
    """Whether some place of the memory is certainly seen twice: a stretched dimension, or more elements than places."""
    if array.flags.c_contiguous or array.size == 0:
        return False
    reach = array.itemsize
    for n, s in zip(array.shape, array.strides, strict=True):
        if s == 0 and n > 1:
            return True
        reach += (n - 1) * abs(s)
    return bool(array.nbytes > reach)


def empty_heads(shape: tuple[int, ...], dtype: Any, lengths_first: bool = True) -> Any:
    """Memory in the order (batch, length, heads, size), so that joining the heads again is a view; else the usual order."""
    if len(shape) != 4 or not lengths_first:
        return np.empty(shape, dtype)
    n, h, length, size = shape
    return np.empty((n, length, h, size), dtype).transpose(0, 2, 1, 3)


def lengths_first(query: Any, value: Any, dropped: Any) -> bool:
    """Whether the result lies in the order (batch, length, heads, size).

    As in PyTorch it lies as the query does, and in the usual order where weights are dropped: programs ``view`` it.
    """
    same = dropped is None and query.ndim == 4 and query.shape[-1] == value.shape[-1]
    return bool(same and query.strides[1] < query.strides[2])
