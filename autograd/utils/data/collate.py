"""Collating: a list of samples becomes one batch, a tensor for each part."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...creation import as_tensor, tensor
from ...dtypes import float64
from ...ops.joining import stack
from ...tensor import Tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

Table = dict[Any, Callable[..., Any]]
np_str_obj_array_pattern = re.compile(r"[SaUO]")  # kinds of arrays that make no batch; copies of this file look at it
default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def _tensors(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    return _stack(list(batch))


def _stack(batch: list[Tensor]) -> Tensor:
    try:
        return stack(batch)  # type: ignore[no-any-return]
    except RuntimeError as error:
        error.add_note("while collating a batch: pad the samples to one shape, or give the DataLoader a collate_fn")
        raise


def _arrays(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    if batch[0].dtype.kind in "SUO":
        raise _unknown(batch[0].dtype)
    return _stack([as_tensor(array) for array in batch])


def _numpy_numbers(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    return as_tensor(np.asarray(batch))


def _floats(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    return as_tensor(np.asarray(batch, np.float64), dtype=float64)


def _integers(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    return tensor(list(batch))


def _as_it_is(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    return batch


default_collate_fn_map: Table = {
    Tensor: _tensors,
    np.ndarray: _arrays,
    (np.bool_, np.number, np.object_): _numpy_numbers,
    float: _floats,
    int: _integers,
    str: _as_it_is,
    bytes: _as_it_is,
}
"""How to collate each type of element; programs may add their own."""


def _unknown(kind: Any) -> TypeError:
    return TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}. "
        "Pass a collate_fn that knows what to do with it"
    )


def collate(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """One batch of a list of samples: by the table, and inside mappings, tuples and lists, part by part."""
    first = batch[0]
    kind = type(first)
    for known, function in (collate_fn_map or {}).items():
        if kind is known or isinstance(first, known):
            return function(batch, collate_fn_map=collate_fn_map)

    def together(samples: Any) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        parts = {key: together([sample[key] for sample in batch]) for key in first}
        with contextlib.suppress(TypeError):  # a mapping that can't be copied or made so becomes a dict
            if isinstance(first, MutableMapping):
                twin = copy.copy(first)
                twin.update(parts)
                return twin
            return kind(parts)
        return parts
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*map(together, zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            lengths = sorted({len(sample) for sample in batch})
            raise RuntimeError(
                f"each element in list of batch should be of equal size, and these have the lengths {lengths}. "
                "Pad them, or pass a collate_fn"
            )
        columns = [together(column) for column in zip(*batch, strict=True)]
        if not isinstance(first, tuple):
            with contextlib.suppress(TypeError):  # range and the like stay a list
                if isinstance(first, MutableSequence):
                    clone = copy.copy(first)
                    for i, column in enumerate(columns):
                        clone[i] = column
                    return clone
                return kind(columns)
        return columns
    raise _unknown(kind)


def default_collate(batch: Any) -> Any:
    """One batch of a list of samples: tensors, arrays and numbers are stacked; tuples and dicts go part by part.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate

    >>> default_collate([(0, 1.5), (2, 3.0)])
    [tensor([0, 2]), tensor([1.5000, 3.0000], dtype=torch.float64)]
    >>> default_collate([{"a": 1}, {"a": 2}])
    {'a': tensor([1, 2])}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """The arrays inside one sample as tensors, all else as it is: what a DataLoader that makes no batches does.

    >>> default_convert([np.array([0, 1]), "text"])
    [tensor([0, 1]), 'text']
    """
    kind = type(data)
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)) and not isinstance(data, (str, bytes)):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, Mapping):
        parts = {key: default_convert(value) for key, value in data.items()}
        with contextlib.suppress(TypeError):
            if isinstance(data, MutableMapping):
                twin = copy.copy(data)
                twin.update(parts)
                return twin
            return kind(parts)
        return parts
    if isinstance(data, tuple):
        converted = [default_convert(value) for value in data]
        return kind(*converted) if hasattr(data, "_fields") else converted
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        with contextlib.suppress(TypeError):
            return kind([default_convert(value) for value in data])
        return [default_convert(value) for value in data]
    return data
