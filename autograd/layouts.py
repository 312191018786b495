"""How elements lie in memory: the names that programs pass as ``layout=`` and ``memory_format=``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .memory import order_of

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "jagged", "layout", "memory_format", "preserve_format",
    "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc", "sparse_csr", "strided",
]  # fmt: skip


class _Named:
    """A value that is only its name; there is one of each."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class layout(_Named):
    """The kind of storage. Tensors here are ``strided``; the sparse kinds can be named, and are refused."""

    __slots__ = ()


class memory_format(_Named):
    """The order in which a new tensor's dimensions lie in memory."""

    __slots__ = ()


strided = layout("strided")
sparse_coo, sparse_csr, sparse_csc = layout("sparse_coo"), layout("sparse_csr"), layout("sparse_csc")
sparse_bsr, sparse_bsc, jagged = layout("sparse_bsr"), layout("sparse_bsc"), layout("jagged")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")


def check_layout(wanted: Any) -> None:
    """Raise NotImplementedError for any layout but ``strided`` (and None)."""
    if wanted is not None and wanted is not strided:
        raise NotImplementedError(
            f"layout {wanted} is not supported: tensors here are dense. Use layout=autograd.strided"
        )


def empty_in(shape: tuple[int, ...], dtype: Any, wanted: Any, like: Any = None) -> np.ndarray[Any, Any]:
    """Uninitialised memory of this shape in a memory format; ``preserve_format`` follows the strides of ``like``.

    >>> empty_in((1, 2, 3, 4), np.int8, channels_last).strides
    (24, 1, 8, 2)
    """
    if wanted is None or wanted is preserve_format:
        return np.empty(shape, dtype) if like is None else np.empty_like(like, dtype, order=order_of(like), subok=False)
    if wanted is contiguous_format:
        return np.empty(shape, dtype)
    if wanted is channels_last or wanted is channels_last_3d:
        n = 4 if wanted is channels_last else 5
        if len(shape) != n:
            raise RuntimeError(f"required rank {n} tensor to use {wanted._name} format, but the shape is {list(shape)}")
        last = np.empty((shape[0], *shape[2:], shape[1]), dtype)
        return last.transpose(0, n - 1, *range(1, n - 1))
    raise TypeError(f"memory_format must be one of autograd's memory formats, not {wanted!r}")
