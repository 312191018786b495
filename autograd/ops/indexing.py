"""Reading and writing by index.

Every way in which PyTorch reads by index comes down to two operations and every way in which it writes to two more:

    take_view   ints, slices, None and Ellipsis: a view
    take        masks and index tensors: a copy
    overwrite   a copy in which a region holds other values; its gradients are ``erase`` and ``extract``
    scatter     zeros to which values are added at an index: the adjoint of ``take``

The functions with names (gather, scatter_add, index_copy ...) translate their arguments into an index and call these.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .. import dtypes
from ..from_data import number_in
from ..graph import Node, mode
from ..half import is_half
from ..lift import attach, lift, view
from ..memory import in_order, laid_out
from ..tensor import Tensor, new, wrap
from ..views import current

__all__: list[str] = []

ndarray = np.ndarray

# --- understanding an index ----------------------------------------------------------------------------------------

_VIEW = frozenset([int, slice, type(None), type(Ellipsis)])
_SEQUENCE = (list, tuple, range)


def basic(index: Any) -> Any:
    """The index as NumPy wants it if it asks for a view, with ``...`` so that even all ints give one; else None."""
    kind = type(index)
    if kind is int:
        return (index, ...)
    if kind is slice:
        return index if index.step is None or _positive(index) else None
    if kind is tuple:
        dots = False
        for i in index:
            if type(i) not in _VIEW:
                return None
            if i is ...:
                dots = True
            elif type(i) is slice and i.step is not None and not _positive(i):
                return None
        return index if dots else (*index, ...)
    return (None, ...) if index is None else ... if index is ... else None


def _positive(index: slice) -> bool:
    return type(index.step) is int and index.step > 0


def plain(item: Any) -> Any:
    """One part of an index as an int, slice, None, Ellipsis, bool or array."""
    if item is None or item is ... or type(item) in (int, bool):
        return item
    if isinstance(item, Tensor):
        item = item.array
    elif isinstance(item, slice):
        ends = [i if i is None or type(i) is int else i.__index__() for i in (item.start, item.stop, item.step)]
        if ends[2] is not None and ends[2] <= 0:
            raise ValueError(
                f"step must be greater than zero, and is {ends[2]}: a view can't run backwards; use flip()"
            )
        return slice(*ends)
    elif isinstance(item, _SEQUENCE):
        item = np.array([plain(i) for i in item])
        if item.size == 0:
            item = item.astype(np.int64)
    if isinstance(item, (ndarray, np.generic)):
        if item.dtype == np.uint8:
            item = item.astype(bool)
        if item.dtype.kind not in "biu":
            raise IndexError(
                f"tensors used as indices must be long, int, byte or bool tensors, not {dtypes.of(item.dtype)}"
            )
        return item.item() if item.ndim == 0 else item
    if hasattr(item, "__index__"):
        return item.__index__()
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
        f"{type(item).__name__})"
    )


def understand(index: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """An index in two steps: what gives a view (or None), and the arrays that are applied to it (or None).

    PyTorch applies ints, slices and None first; NumPy would let ints take part in the broadcasting of index arrays.
    """
    if (
        isinstance(index, list)
        and len(index) < 32
        and any(isinstance(i, (*_SEQUENCE, slice, Tensor, type(None), type(...))) for i in index)
    ):
        index = tuple(index)
    items = [plain(i) for i in (index if type(index) is tuple else (index,))]
    used = sum(
        [
            i.ndim if isinstance(i, ndarray) and i.dtype == bool else 1
            for i in items
            if i is not None and i is not ... and type(i) is not bool
        ]
    )
    if used > len(shape):
        if not shape:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}: {used} for shape {list(shape)}")
    if not any(isinstance(i, ndarray) or type(i) is bool for i in items):
        return (
            *[i for k, i in enumerate(items) if i is not ... or ... not in items[:k]],
            *([] if ... in items else [...]),
        ), None
    first: list[Any] = []
    second: list[Any] = []
    at, dots = 0, False
    for item in items:
        if item is ...:
            skipped = 0 if dots else len(shape) - used
            first += [slice(None)] * skipped
            second += [slice(None)] * skipped
            at += skipped
            dots = True
        elif item is None:
            first.append(None)
            second.append(slice(None))
        elif type(item) is bool:
            first.append(None)
            second.append(np.zeros(int(item), np.int64))
        elif isinstance(item, ndarray):
            n = item.ndim if item.dtype == bool else 1
            if item.dtype == bool and item.shape != shape[at : at + n]:
                j = next(j for j, size in enumerate(item.shape) if shape[at + j : at + j + 1] != (size,))
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {j} does not match the shape of the"
                    f" indexed tensor {list(shape)} at index {at + j}"
                )
            first += [slice(None)] * n
            second.append(item)
            at += n
        else:
            first.append(item)
            if type(item) is slice:
                second.append(slice(None))
            at += 1
    while second and type(second[-1]) is slice:
        second.pop()
    whole = all(type(i) is slice and i == slice(None) for i in first)
    return None if whole else (*first, ...), second[0] if len(second) == 1 else tuple(second)


def index_error(index: Any, shape: tuple[int, ...], error: IndexError) -> IndexError:
    """The IndexError that names the axis and its size."""
    items = [i for i in (index if type(index) is tuple else (index,)) if i is not None]
    used = sum([i.ndim if isinstance(i, ndarray) and i.dtype == bool else 1 for i in items if i is not ...])
    if used > len(shape) or (not shape and items and items != [...]):
        if not shape:
            return IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a number"
            )
        return IndexError(f"too many indices for tensor of dimension {len(shape)}: {used} for shape {list(shape)}")
    at = 0
    for item in items:
        if item is ...:
            at += len(shape) - used
            continue
        if isinstance(item, ndarray) and item.dtype == bool:
            at += item.ndim
            continue
        n = shape[at]
        wrong = [int(i) for i in np.ravel(item) if not -n <= i < n] if isinstance(item, (int, ndarray)) else []
        if wrong:
            return IndexError(
                f"index {wrong[0]} is out of bounds for dimension {at} with size {n}; the tensor has shape"
                f" {list(shape)}"
            )
        at += 1
    shapes = ", ".join([str(list(i.shape)) for i in items if isinstance(i, ndarray)])
    if "broadcast" in str(error):
        return IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}")
    return IndexError(f"{error}; the tensor has shape {list(shape)}")


# --- reading -------------------------------------------------------------------------------------------------------


def add_at(buffer: Any, index: Any, values: Any) -> None:
    """``buffer[index] += values``, where places named several times get all their values.

    ``np.add.at`` is fast on flat positions and slow on rows, so index arrays in front become positions.
    """
    if is_half(buffer.dtype):
        wide = buffer.astype(np.float32)
        add_at(wide, index, np.asarray(values, np.float32))
        buffer[...] = wide
        return
    if type(index) is ndarray and index.dtype.kind in "iu" and (buffer.ndim == 1 or index.size <= 64 >= values.size):
        np.add.at(buffer, index, values)
        return
    arrays = index if type(index) is tuple else (index,)
    if all(type(i) in _VIEW for i in arrays):
        part = buffer[index] if Ellipsis in arrays else buffer[(*arrays, ...)]  # an array even of one element
        part += values
        return
    if len(arrays) == 1 and arrays[0].dtype == bool:
        buffer[index] += values
        return
    plain_arrays = all(isinstance(i, ndarray) and i.dtype != bool for i in arrays)
    if not plain_arrays or not buffer.flags.c_contiguous or len(arrays) > buffer.ndim or buffer.size == 0:
        np.add.at(buffer, index, values)
        return
    width = math.prod(buffer.shape[len(arrays) :])
    if width >= 512 and len(arrays) == 1:  # long rows: one addition each is faster
        rows = np.broadcast_to(values, (*arrays[0].shape, *buffer.shape[1:])).reshape(-1, *buffer.shape[1:])
        for i, row in zip(arrays[0].reshape(-1).tolist(), rows, strict=True):
            buffer[i] += row
        return
    position: Any = 0
    for i, n in zip(arrays, buffer.shape, strict=False):
        position = position * n + np.where(i < 0, i + n, i)
    if width != 1:
        position = (position * width)[..., None] + np.arange(width)
    shape = (*position.shape[: position.ndim - (width != 1)], *buffer.shape[len(arrays) :])
    flat = buffer.reshape(-1)
    np.add.at(flat, position.reshape(-1), np.broadcast_to(values, shape).reshape(-1))


def _scatter(input: Any, index: Any, shape: Any) -> Any:
    made = np.zeros(shape, input.dtype)
    add_at(made, index, input)
    return made


def _taken(input: Any, index: Any) -> Any:
    return in_order(input[index])


take_view: Any = view(
    lambda input, index: input[index],
    name="slice",
    into={"input": lambda buffer, g, node: add_at(buffer, node.params[0], g)},
    input=lambda g, index, like: spread_out(g, index, like.shape),
)
take_at: Any = lift(
    _taken,
    kind="linear",
    name="index",
    constants=("index",),
    into={"input": lambda buffer, g, node: add_at(buffer, node.saved[1], g)},
    input=lambda g, index, like: spread_out(g, index, like.shape),
)
scatter_at: Any = lift(
    _scatter, kind="linear", name="index_backward", constants=("index",), input=lambda g, index: getitem(g, index)
)


def spread_out(g: Any, index: Any, shape: Any) -> Any:
    """Zeros with ``g`` added at an index."""
    return scatter_at(g, index, tuple(shape))


def getitem(input: Any, index: Any) -> Any:
    """``input[index]``: a view for ints, slices, None and Ellipsis; a copy for masks and index tensors.

    Raises IndexError that names the axis and its size.
    """
    if type(input) is ndarray:
        return input[index.array if isinstance(index, Tensor) else index]
    wanted = basic(index)
    array = input.array
    if wanted is None:
        return _getitem_slowly(input, index)
    now = mode.now
    try:
        y = array[wanted] if now.recorder is None else now.quietly(operator.getitem, array, wanted)
    except IndexError as error:
        raise index_error(index, array.shape, error) from None
    parent = input.node if input.lineage is None else current(input)
    made: Any = new(Tensor)
    made.array = y
    made.lineage = None
    made.node = (
        Node(_VIEW_OP, (parent,), (), (wanted,), y.shape, y.dtype) if parent is not None and now.enabled else None
    )
    attach(made, input, _VIEW_OP, (wanted,))
    return made


def _getitem_slowly(input: Any, index: Any) -> Any:
    array = input.array
    if isinstance(index, Tensor) and index.array.ndim and index.array.dtype.kind in "bi":
        region: Any = None
        at: Any = index.array
        if at.dtype.kind == "b" and at.shape != array.shape[: at.ndim]:
            understand(index, array.shape)
    else:
        region, at = understand(index, array.shape)
    if region is not None:
        try:
            input = take_view(input, region)
        except IndexError as error:
            raise index_error(region, array.shape, error) from None
        if at is None:
            return input
    try:
        y = mode.now.quietly(_taken, input.array, at)
    except IndexError as error:
        raise index_error(at, input.array.shape, error) from None
    parent = input.node if input.lineage is None else current(input)
    made: Any = new(Tensor)
    made.array = y
    made.lineage = None
    made.node = (
        Node(_TAKE_OP, (parent, None), (None, at, None), (), y.shape, y.dtype)
        if parent is not None and mode.now.enabled
        else None
    )
    return made


_VIEW_OP = take_view.op
_TAKE_OP = take_at.op


# --- writing -------------------------------------------------------------------------------------------------------


def region_of(array: Any, path: tuple[Any, ...]) -> Any:
    """The part of a base array that a path of views shows."""
    for op, params in path:
        array = op.function(array, *params)
    return array


def _overwrite(input: Any, value: Any, index: Any, path: Any, order: Any) -> Any:
    made = laid_out(input, order or "C")
    region_of(made, path)[index] = value
    return made


def _embed(input: Any, index: Any, path: Any, order: Any, shape: Any, dtype: Any) -> Any:
    made = laid_out(np.zeros(shape, dtype), order or "C")
    add_at(region_of(made, path), index, input)
    return made


overwrite: Any = lift(
    _overwrite,
    kind="linear",
    name="copy_slices",
    promote="none",
    constants=("index",),
    holomorphic=False,
    input=lambda g, index, path, order: erase(g, index, path, order),
    value=lambda g, index, path, order: extract(g, index, path, order),
)
erase: Any = lift(
    lambda input, index, path, order: _overwrite(input, 0, index, path, order),
    kind="linear",
    name="erase",
    constants=("index",),
    holomorphic=False,
    input=lambda g, index, path, order: erase(g, index, path, order),
)
extract: Any = lift(
    lambda input, index, path, order: np.array(region_of(laid_out(input, order or "C"), path)[index]),
    kind="linear",
    name="extract",
    constants=("index",),
    holomorphic=False,
    input=lambda g, index, path, order, like: embed(g, index, path, order, like.shape, np.dtype(like.dtype)),
)
embed: Any = lift(
    _embed,
    kind="linear",
    name="embed",
    constants=("index",),
    holomorphic=False,
    input=lambda g, index, path, order: extract(g, index, path, order),
)


def setitem(input: Any, index: Any, value: Any) -> None:
    """``input[index] = value``, in memory and in the graph."""
    from ..inplace import write

    wanted = basic(index)
    if wanted is None:
        region, wanted = understand(index, input.array.shape)
        if wanted is None:
            wanted = region
        elif region is not None:
            input = _region(input, region)
        wanted = _own(wanted)
    if not isinstance(value, Tensor):
        value = wrap(as_value(value, input))
    try:
        write(input, wanted, value, "setitem")
    except IndexError as error:
        raise index_error(wanted, input.array.shape, error) from None


def _region(input: Any, region: Any) -> Any:
    try:
        return take_view(input, region)
    except IndexError as error:
        raise index_error(region, input.array.shape, error) from None


def _own(index: Any) -> Any:
    """The index with copies of its arrays: the graph keeps it, and the user may go on to change a mask."""
    if type(index) is tuple:
        return tuple([_own(i) for i in index])
    return index.copy() if isinstance(index, ndarray) else index


def as_value(value: Any, target: Any) -> Any:
    if not isinstance(value, (int, float, complex, np.generic, ndarray)):
        raise TypeError(
            f"can't assign a {type(value).__name__} to a tensor of {target.dtype}; convert it first:"
            " autograd.tensor(...)"
        )
    return value if isinstance(value, ndarray) else number_in(value, target.array.dtype)
