"""Reading and writing by index."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lift import lift, linear, view
from ..tensor import Tensor, wrap

__all__ = []  # fmt: skip

_BASIC = (int, slice, type(None), type(Ellipsis))


def plain_index(index: Any) -> Any:
    """An index with Tensors as arrays, lists as arrays and 0-d integer tensors as ints."""
    if type(index) is tuple:
        return tuple([plain_index(i) for i in index])
    if isinstance(index, Tensor):
        index = index.array
    elif isinstance(index, (list, range)):
        index = np.array([plain_index(i) for i in index])
        if index.size == 0:
            index = index.astype(np.int64)
    if isinstance(index, np.ndarray):
        if index.dtype == np.uint8:
            return index.astype(bool)
        if index.ndim == 0 and index.dtype.kind in "iu":
            return int(index)
        if index.dtype.kind not in "biu":
            raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, not {index.dtype}")
        return index
    if isinstance(index, np.integer):
        return int(index)
    if type(index) is slice:
        parts = [i if i is None or type(i) is int else i.__index__() for i in (index.start, index.stop, index.step)]
        if parts[2] is not None and parts[2] <= 0:
            raise ValueError("step must be greater than zero: a view can't run backwards; use flip()")
        return slice(*parts)
    return index


def is_basic(index: Any) -> bool:
    """Whether NumPy answers this index with a view."""
    if type(index) is tuple:
        return all([type(i) in _BASIC for i in index])
    return type(index) in _BASIC


def _into(buffer: Any, g: Any, node: Any) -> None:
    index = node.params[0]
    if is_basic(index):
        buffer[index] += g
    else:
        np.add.at(buffer, index, g)


def _scatter(input: Any, index: Any, like: Any) -> Any:
    made = np.zeros(like.shape, input.dtype)
    if is_basic(index):
        made[index] = input
    else:
        np.add.at(made, index, input)
    return made


take_view = view(
    lambda input, index: input[index],
    name="slice",
    into={"input": _into},
    input=lambda g, index, like: scatter(g, index, like),
)
take = linear(
    lambda input, index: input[index],
    name="index",
    into={"input": _into},
    input=lambda g, index, like: scatter(g, index, like),
)
scatter = linear(_scatter, name="index_backward", input=lambda g, index: getitem(g, index))


def getitem(input: Any, index: Any) -> Any:
    """``input[index]``: a view for ints, slices, None and Ellipsis; a copy for masks and index tensors."""
    index = plain_index(index)
    try:
        return take_view(input, index) if is_basic(index) else take(input, index)
    except IndexError as error:
        raise index_error(input, index, error) from None


def index_error(input: Any, index: Any, error: IndexError) -> IndexError:
    """The IndexError that names the axis and its size."""
    shape = tuple(input.shape)
    return IndexError(f"{error}; the tensor has shape {list(shape)}")


# --- writing -------------------------------------------------------------------------------------------------------


def region_of(array: Any, path: tuple[Any, ...]) -> Any:
    """The part of a base array that a path of views shows."""
    for op, params in path:
        array = op.function(array, *params)
    return array


def places(shape: tuple[int, ...], path: tuple[Any, ...], index: Any) -> Any:
    """The flat positions in a base of this shape that a path and an index reach: right for any memory layout."""
    flat = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return region_of(flat, path)[index]


def _erase(input: Any, path: Any, index: Any) -> Any:
    made = np.array(input, order="C")
    region = region_of(made, path)
    if np.may_share_memory(region, made):
        region[index] = 0
    else:
        made.reshape(-1)[places(made.shape, path, index)] = 0
    return made


erase = linear(_erase, name="erase", input=lambda g, path, index: erase(g, path, index))
extract = linear(
    lambda input, path, index: np.array(region_of(input, path)[index]),
    name="extract",
    input=lambda g, path, index, like: embed(g, path, index, like),
)


def _embed(input: Any, path: Any, index: Any, like: Any) -> Any:
    made = np.zeros(like.shape, input.dtype)
    made.reshape(-1)[places(made.shape, path, index)] = input
    return made


embed = linear(_embed, name="embed", input=lambda g, path, index: extract(g, path, index))


def _overwrite(input: Any, value: Any, path: Any, index: Any) -> Any:
    made = np.array(input, order="C")
    made.reshape(-1)[places(made.shape, path, index)] = value
    return made


overwrite = lift(
    _overwrite,
    kind="linear",
    name="copy_slices",
    input=lambda g, path, index: erase(g, path, index),
    value=lambda g, path, index: extract(g, path, index),
)


def setitem(input: Any, index: Any, value: Any) -> None:
    """``input[index] = value``, recorded."""
    from ..inplace import write

    if not isinstance(value, Tensor):
        value = wrap(np.asarray(value, input.array.dtype))
    write(input, plain_index(index), value, "setitem")

