"""Making tensors from data."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .devices import check_device
from .tensor import Tensor, wrap

__all__ = ["tensor", "as_tensor", "from_numpy", "zeros", "ones"]


def _finish(array: Any, device: Any, requires_grad: bool) -> Tensor:
    check_device(device)
    made = wrap(array)
    return made.requires_grad_() if requires_grad else made


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A new tensor with a copy of ``data``: a number, nested lists, an array or a Tensor.

    >>> tensor([[1, 2], [3, 4]]).dtype, tensor(2.5).dtype
    (torch.int64, torch.float32)
    """
    if isinstance(data, Tensor):
        array: Any = np.array(data.array)
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data)
    else:
        array = np.array(_numbers(data))
        if array.dtype == np.float64:
            array = array.astype(dtypes.default_float())
        elif array.dtype == np.complex128:
            array = array.astype(np.complex64)
    if dtype is not None:
        array = array.astype(dtypes.as_numpy(dtype))
    return _finish(array, device, requires_grad)


def _numbers(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_numbers(item) for item in data]
    if isinstance(data, Tensor):
        return data.array.tolist()
    return data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, sharing its memory where possible."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.to(dtype)  # type: ignore[attr-defined, no-any-return]
    if isinstance(data, np.ndarray):
        return wrap(data if dtype is None else data.astype(dtypes.as_numpy(dtype), copy=False))
    return tensor(data, dtype=dtype)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of a NumPy array."""
    dtypes.of(ndarray.dtype)
    return wrap(ndarray)


def _size(size: Any) -> Any:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros."""
    return _finish(np.zeros(_size(size), dtypes.as_numpy(dtype) if dtype else dtypes.default_float()), device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones."""
    return _finish(np.ones(_size(size), dtypes.as_numpy(dtype) if dtype else dtypes.default_float()), device, requires_grad)
