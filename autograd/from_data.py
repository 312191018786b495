"""What data become: the array that stands for a number, nested sequences of numbers, or an array of NumPy's.

``creation.py`` makes tensors of these arrays, ``conversion.py`` other dtypes.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from . import dtypes
from .memory import order_of
from .tensor import Tensor


def native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array, if a tensor can hold it. Raises TypeError for strings, objects and dates."""
    try:
        kind = dtypes.of(array.dtype)
    except TypeError:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}: a tensor holds bool, integer, floating point and complex "
            "numbers"
        ) from None
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Convert it first: "
            f"array.astype({kind.dtype.name!r})"
        )
    return array


def convert(array: np.ndarray[Any, Any], dtype: np.dtype[Any], copy: bool = False) -> np.ndarray[Any, Any]:
    """``astype`` as PyTorch converts: complex to real drops the imaginary part, and nothing warns."""
    if array.dtype == dtype:
        return array.copy(order=order_of(array)) if copy else array
    if array.dtype.kind == "c" and dtype.kind not in "cb":
        array = array.real
    if array.dtype.kind in "fV" and dtype.kind in "iu":
        if dtype.kind == "u" or dtype.itemsize < 4:  # by way of a wider type, so that -1.0 becomes 255 in uint8
            array = truncate(array, np.dtype(np.int64 if dtype.itemsize >= 4 else np.int32))
        else:
            return truncate(array, dtype)
    return array.astype(dtype, order_of(array))


def truncate(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Floating point to integer, toward zero; what does not fit is whatever the processor makes of it."""
    with np.errstate(invalid="ignore"):
        return array.astype(dtype)


_PYTHON = {bool: 0, int: 1, float: 2, complex: 3}


def from_sequence(data: Any, dtype: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
    """The array of a Python number or of nested sequences of numbers, one-element Tensors and arrays."""
    found: set[Any] = set()
    plain = _gather(data, found)
    inferred = infer(found)
    if dtype is not None and dtype.kind != "c" and inferred.kind == "c" and complex in found:
        raise TypeError(f"must be real number, not complex: {dtypes.of(dtype)} was asked for")
    try:
        if dtype is None:
            return np.array(plain, inferred)
        if (dtype.kind in "iu" and inferred.kind in "fbc") or dtype.itemsize < 8:
            raw = np.array(plain, inferred if inferred.kind != "f" else np.float64)
            if dtype.kind in "iu" and inferred.kind in "iu" and raw.size:
                info = np.iinfo(dtype)
                low = -info.max - 1 if dtype.kind == "u" else info.min  # PyTorch lets -1 wrap around
                if raw.max() > info.max or raw.min() < low:
                    raise RuntimeError(f"value cannot be converted to type {dtypes.of(dtype)} without overflow")
            with np.errstate(over="ignore"):
                return convert(raw, dtype)
        return np.array(plain, dtype)
    except OverflowError:
        raise ValueError(
            f"Overflow when unpacking long long: a number does not fit {dtypes.of(dtype or inferred)}"
        ) from None
    except ValueError as error:
        raise _ragged(plain) or error from None


def number_in(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A number as a 0-d array of ``dtype``; raises RuntimeError if it does not fit (-1 wraps around, as in PyTorch)."""
    if isinstance(value, complex) and dtype.kind != "c":
        raise RuntimeError(f"value cannot be converted to type {dtypes.of(dtype)} without overflow: {value} is complex")
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        if not (-info.max - 1 if dtype.kind == "u" else info.min) <= value <= info.max:
            raise RuntimeError(
                f"value cannot be converted to type {dtypes.of(dtype)} without overflow: {value} is not within "
                f"{info.min} ... {info.max}"
            )
    return np.asarray(value).astype(dtype)


def _gather(data: Any, found: set[Any]) -> Any:
    """``data`` as nested lists of numbers; the Python types and NumPy dtypes in it are added to ``found``."""
    if isinstance(data, (list, tuple)):
        types = set(map(type, data))
        if types <= _PYTHON.keys():
            found |= types
            return data
        return [_gather(item, found) for item in data]
    if type(data) in _PYTHON:
        found.add(type(data))
        return data
    if isinstance(data, (Tensor, np.ndarray, np.generic)):
        array = data.array if isinstance(data, Tensor) else np.asarray(data)
        if isinstance(data, Tensor) and array.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars: the list holds one of shape "
                f"{list(array.shape)}. Use stack() or cat()"
            )
        if isinstance(data, Tensor):
            array = array.reshape(())  # a tensor of one element stands for its number, whatever its dimensions
        found.add(native(array).dtype)
        return array.tolist() if array.dtype.kind != "V" else array.astype(np.float32).tolist()
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str': a tensor holds numbers")
    if isinstance(data, numbers.Number):
        kind: Any = next((k for k in (bool, int, float, complex) if isinstance(data, k)), float)
        found.add(kind)
        return kind(data)
    if hasattr(data, "__array__") and not hasattr(data, "keys"):
        return _gather(np.asarray(data), found)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not hasattr(data, "keys"):
        return [_gather(item, found) for item in data]
    raise RuntimeError(
        f"Could not infer dtype of {type(data).__name__}: a tensor is made of numbers and sequences of them"
    )


def infer(found: set[Any]) -> np.dtype[Any]:
    """The dtype in which these Python types and NumPy dtypes meet."""
    if not found:
        return dtypes.default_float()
    best: np.dtype[Any] | None = None
    own = (
        np.dtype(bool),
        np.dtype(np.int64),
        dtypes.default_float(),
        dtypes.of(dtypes.default_float()).to_complex().dtype,
    )
    for kind in found:
        dtype = own[_PYTHON[kind]] if isinstance(kind, type) else kind
        best = dtype if best is None else dtypes.promote(best, dtype)
    assert best is not None
    return best


def _ragged(data: Any) -> Exception | None:
    """What is wrong with sequences that NumPy refuses: where the lengths first disagree."""
    shape: list[int] = []
    level = data
    while isinstance(level, (list, tuple)):
        shape.append(len(level))
        level = level[0] if level else None

    def check(item: Any, dim: int) -> Exception | None:
        if dim == len(shape):
            wrong = isinstance(item, (list, tuple))
            return (
                TypeError(f"{type(item).__name__!r} object cannot be interpreted as a number: at dim {dim}")
                if wrong
                else None
            )
        if not isinstance(item, (list, tuple)):
            return TypeError(f"not a sequence: {item!r} stands where dim {dim} has sequences of length {shape[dim]}")
        if len(item) != shape[dim]:
            return ValueError(f"expected sequence of length {shape[dim]} at dim {dim} (got {len(item)})")
        return next((e for e in (check(part, dim + 1) for part in item) if e), None)

    return check(data, 0)
