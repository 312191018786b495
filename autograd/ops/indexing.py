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
from typing import Any

import numpy as np

from .. import dtypes
from ..graph import Node, mode
from ..lift import attach, elementwise, lift, view
from ..memory import laid_out
from ..tensor import Tensor, new, normal_dim, wrap
from ..views import current

__all__ = [
    "argwhere", "diagonal_scatter", "gather", "index_add", "index_copy", "index_fill", "index_put", "index_reduce", "index_select",
    "fill", "masked_fill", "masked_scatter", "nonzero_static", "masked_select", "nonzero", "put", "scatter", "scatter_add", "scatter_reduce",
    "select_scatter", "slice_scatter", "take", "take_along_dim",
]  # fmt: skip

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
    if not any([isinstance(i, ndarray) or type(i) is bool for i in items]):
        return (
            *[i for k, i in enumerate(items) if i is not ... or ... not in items[:k]],
            *([] if ... in items else [...]),
        ), None
    first: list[Any] = []
    second: list[Any] = []
    at, dots = 0, False
    for number, item in enumerate(items):
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
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {number} does not match the shape of the"
                    f" indexed tensor {list(shape)} at dimension {at}"
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
    whole = all([type(i) is slice and i == slice(None) for i in first])
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
    arrays = index if type(index) is tuple else (index,)
    if all([type(i) in _VIEW for i in arrays]) or (len(arrays) == 1 and arrays[0].dtype == bool):
        buffer[index] += values
        return
    plain_arrays = all([isinstance(i, ndarray) and i.dtype != bool for i in arrays])
    if not plain_arrays or not buffer.flags.c_contiguous or len(arrays) > buffer.ndim or buffer.size == 0:
        np.add.at(buffer, index, values)
        return
    width = math.prod(buffer.shape[len(arrays) :])
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


take_view: Any = view(
    lambda input, index: input[index],
    name="slice",
    into={"input": lambda buffer, g, node: add_at(buffer, node.params[0], g)},
    input=lambda g, index, like: spread_out(g, index, like.shape),
)
take_at: Any = lift(
    lambda input, index: input[index],
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
    try:
        y = array[wanted]
    except IndexError as error:
        raise index_error(index, array.shape, error) from None
    parent = input.node if input.lineage is None else current(input)
    made: Any = new(Tensor)
    made.array = y
    made.lineage = None
    made.node = (
        Node(_VIEW_OP, (parent,), (), (wanted,), y.shape, y.dtype) if parent is not None and mode.enabled else None
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
        y = input.array[at]
    except IndexError as error:
        raise index_error(at, input.array.shape, error) from None
    parent = input.node if input.lineage is None else current(input)
    made: Any = new(Tensor)
    made.array = y
    made.lineage = None
    made.node = (
        Node(_TAKE_OP, (parent, None), (None, at, None), (), y.shape, y.dtype)
        if parent is not None and mode.enabled
        else None
    )
    return made


_VIEW_OP = take_view.op  # type: ignore[attr-defined]
_TAKE_OP = take_at.op  # type: ignore[attr-defined]


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
        value = wrap(_as_value(value, input))
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


def _as_value(value: Any, target: Any) -> Any:
    if not isinstance(value, (int, float, complex, np.generic, ndarray)):
        raise TypeError(
            f"can't assign a {type(value).__name__} to a tensor of {target.dtype}; convert it first:"
            " autograd.tensor(...)"
        )
    kind = target.array.dtype.kind
    if isinstance(value, complex) and kind != "c":
        raise RuntimeError(f"value cannot be converted to type {target.dtype} without overflow: {value} is complex")
    return np.asarray(value).astype(target.array.dtype) if not isinstance(value, ndarray) else value


# --- along a dimension ---------------------------------------------------------------------------------------------


def checked_index(index: Any, name: str, kinds: str = "int32/int64") -> Any:
    """The array of an index tensor. Raises RuntimeError if it holds no integers."""
    array = index.array if isinstance(index, Tensor) else index
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype {kinds} for index, and got {dtypes.of(array.dtype)}")
    return array


def check_bounds(array: Any, size: int, dim: int, name: str) -> None:
    """Raise if an index array leaves ``0 .. size - 1`` (negative ones too, as in PyTorch)."""
    if array.size and (array.min() < 0 or array.max() >= size):
        wrong = int(array[(array < 0) | (array >= size)].reshape(-1)[0])
        kind = RuntimeError if name in ("gather", "scatter") else IndexError
        raise kind(f"index {wrong} is out of bounds for dimension {dim} with size {size} in {name}()")


def along(shape: tuple[int, ...], dim: int, index: Any) -> Any:
    """The NumPy index for ``index`` along ``dim``, with all other indices running."""
    n = len(shape)
    return tuple(
        [
            index if i == dim else np.arange(m).reshape([-1 if i == k else 1 for k in range(n)])
            for i, m in enumerate(index.shape)
        ]
    )


def _places(input: Any, dim: int, index: Any, name: str, source: Any = None) -> Any:
    """The checked NumPy index of ``gather`` and ``scatter``."""
    if index.array.size == 0:
        return None
    array = checked_index(index, name)
    if input.ndim != array.ndim and not (input.ndim <= 1 and array.ndim <= 1):
        raise RuntimeError(
            f"{name}: Index tensor must have the same number of dimensions as input tensor: {list(array.shape)} and"
            f" {list(input.shape)}"
        )
    at = normal_dim(dim, input.ndim)
    shape = tuple(input.shape)
    if input.ndim == 0 or array.ndim == 0:
        check_bounds(array, shape[0] if shape else 1, at, name)
        return (array,) if shape else (...,)
    for i, (n, m) in enumerate(zip(array.shape, shape, strict=True)):
        if i != at and n > m:
            raise RuntimeError(
                f"{name}: Size does not match at dimension {i}: expected index {list(array.shape)} to be no larger than"
                f" self {list(shape)} apart from dimension {at}"
            )
    if source is not None and any([n > m for n, m in zip(array.shape, source.shape, strict=False)]):
        raise RuntimeError(f"{name}: expected index {list(array.shape)} to be no larger than src {list(source.shape)}")
    check_bounds(array, shape[at], at, name)
    return along(shape, at, array)


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """The elements of ``input`` at ``index`` along ``dim``: ``out[i][j] = input[index[i][j]][j]`` for ``dim=0``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.gather.html

    >>> import autograd
    >>> autograd.tensor([[1, 2], [3, 4]]).gather(1, autograd.tensor([[1], [0]])).tolist()
    [[2], [3]]
    """
    places = _places(input, dim, index, "gather")
    if out is not None and out.dtype != input.dtype:
        raise RuntimeError(f"Expected out tensor to have dtype {input.dtype}, but got {out.dtype} instead")
    if input.ndim == 0:
        return input.expand(index.shape).clone()
    if index.array.size == 0:
        return take_at(input.reshape(-1), np.zeros(index.shape, np.int64))
    return take_at(input, places, out=out)


def scatter(
    input: Any, dim: int, index: Any, src: Any = None, value: Any = None, *, reduce: str | None = None, out: Any = None
) -> Any:
    """A copy of ``input`` with the values of ``src`` (a tensor or a number) written at ``index`` along ``dim``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html
    """
    src = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"reduce argument must be either add or multiply, not {reduce!r}")
        full = src if isinstance(src, Tensor) else wrap(np.full(index.shape, src, input.array.dtype))
        return scatter_reduce(input, dim, index, full, {"add": "sum", "multiply": "prod"}[reduce], include_self=True)
    if isinstance(src, Tensor):
        if src.dtype != input.dtype:
            raise RuntimeError(
                f"scatter(): Expected self.dtype to be equal to src.dtype, but got {input.dtype} and {src.dtype}"
            )
        places = _places(input, dim, index, "scatter", src)
        src = _corner(src, index.shape)
    else:
        places = _places(input, dim, index, "scatter")
        src = wrap(np.asarray(src, input.array.dtype))
    if index.array.size == 0:
        return input.clone()
    return overwrite(input, src, places, (), None, out=out)


def _corner(src: Any, shape: Any) -> Any:
    return src if tuple(src.shape) == tuple(shape) else src[tuple([slice(n) for n in shape])]


def scatter_add(input: Any, dim: int, index: Any, src: Any, *, out: Any = None) -> Any:
    """A copy of ``input`` with the values of ``src`` added at ``index`` along ``dim``."""
    if src.dtype != input.dtype:
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype, but got {input.dtype} and {src.dtype}"
        )
    places = _places(input, dim, index, "scatter", src)
    if index.array.size == 0:
        return input.clone()
    return _plus(input, scatter_at(_corner(src, index.shape), places, tuple(input.shape)), out)


def _plus(a: Any, b: Any, out: Any = None) -> Any:
    from .elementwise import plain_add

    return plain_add(a, b, out=out)


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True, out: Any = None
) -> Any:
    """A copy of ``input`` with ``src`` combined into it at ``index`` along ``dim``, by sum, prod, mean, amax or amin.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html
    """
    if src.dtype != input.dtype:
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype, but got {input.dtype} and {src.dtype}"
        )
    places = _places(input, dim, index, "scatter", src)
    if index.array.size == 0:
        return input.clone()
    return _reduce_at(input, places, _corner(src, index.shape), reduce, include_self, "scatter_reduce", out)


_NEUTRAL = {"sum": 0, "mean": 0, "prod": 1}


def _reduce_at(input: Any, places: Any, src: Any, reduce: str, include_self: bool, name: str, out: Any = None) -> Any:
    """Combine ``src`` into ``input`` at a NumPy index."""
    from .. import where

    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    shape, dtype = tuple(input.shape), input.array.dtype
    if not include_self:
        touched = np.zeros(shape, bool)
        touched[places] = True
        if reduce in _NEUTRAL:
            neutral: Any = _NEUTRAL[reduce]
        elif dtype.kind == "f":
            neutral = -np.inf if reduce == "amax" else np.inf
        elif dtype.kind == "b":
            neutral = reduce == "amin"
        else:
            neutral = np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max
        input = where(wrap(touched), wrap(np.asarray(neutral, dtype)), input)
    if reduce == "sum":
        return _plus(input, scatter_at(src, places, shape), out)
    if reduce == "mean":
        count = np.zeros(shape, dtype if dtype.kind != "b" else np.int64)
        add_at(count, places, np.ones(src.shape, count.dtype))
        count = np.maximum(count + include_self, 1)
        total = _plus(input, scatter_at(src, places, shape))
        return total / wrap(count) if dtype.kind in "fc" else total.div(wrap(count), rounding_mode="floor")
    if reduce == "prod":
        return multiply_at(input, src, places, out=out)
    return (maximum_at if reduce == "amax" else minimum_at)(input, src, places, out=out)


def _with(ufunc: Any) -> Any:
    def combine(input: Any, src: Any, index: Any) -> Any:
        made = np.array(input, order="C")
        ufunc.at(made, index, src)
        return made

    return combine


def _extreme_back(g: Any, y: Any, input: Any, src: Any, index: Any, needs: Any) -> Any:
    """The winners share the cotangent evenly, as in PyTorch."""
    won, src_won = (input == y) * 1.0, (src == getitem(y, index)) * 1.0
    share = g / (won + scatter_at(src_won, index, tuple(y.shape)))
    return won * share if needs[0] else None, src_won * getitem(share, index) if needs[1] else None, None


def _product_back(g: Any, y: Any, input: Any, src: Any, index: Any, needs: Any) -> Any:
    """Products of all other factors, right where factors are zero too."""
    shape = tuple(input.shape)
    of_input = g * multiply_at(input * 0 + 1, src, index) if needs[0] else None
    if not needs[1]:
        return of_input, None, None
    zero = src == 0
    zeros = getitem(scatter_at(zero * 1.0, index, shape), index)
    others = np.where(zero, 1.0 + 0 * src, src)
    alone = getitem(g * multiply_at(input, others, index), index)  # the product of the others, for the only zero
    usual = getitem(g * y, index) / others
    return of_input, np.where(zero, np.where(zeros > 1, 0 * alone, alone), usual), None


maximum_at: Any = lift(
    _with(np.maximum), name="scatter_reduce", joint=_extreme_back, arrays=("input", "src"), constants=("index",)
)
minimum_at: Any = lift(
    _with(np.minimum), name="scatter_reduce", joint=_extreme_back, arrays=("input", "src"), constants=("index",)
)
multiply_at: Any = lift(
    _with(np.multiply), name="scatter_reduce", joint=_product_back, arrays=("input", "src"), constants=("index",)
)


# --- rows of a dimension -------------------------------------------------------------------------------------------

selected: Any = lift(
    lambda input, index, dim: np.take(input, index, axis=dim),
    kind="linear",
    name="index_select",
    constants=("index",),
    into={"input": lambda buffer, g, node: add_rows(buffer, node.saved[1], g, node.params[0])},
    input=lambda g, index, dim, like: rows_into_zeros(g, index, dim, tuple(like.shape)),
)


def add_rows(buffer: Any, index: Any, values: Any, dim: int) -> None:
    """Add to the places ``index`` of dimension ``dim``, each as often as it is named."""
    if dim == 0:
        add_at(buffer, index, values)
    else:
        add_at(buffer, (slice(None),) * dim + (index,), values)


def _rows(input: Any, index: Any, dim: int, shape: Any) -> Any:
    made = np.zeros(shape, input.dtype)
    add_rows(made, index, input, dim)
    return made


rows_into_zeros: Any = lift(
    _rows, kind="linear", name="index_add", constants=("index",), input=lambda g, index, dim: selected(g, index, dim)
)


def lookup(weight: Any, index: Any) -> Any:
    """Rows of a table: what an embedding does. ``index`` may have any shape; IndexError if it leaves the table."""
    array = checked_index(index, "embedding")
    check_bounds(array, weight.shape[0], 0, "embedding")
    return selected(weight, array, 0)


def _rows_of(input: Any, dim: int, index: Any, name: str) -> tuple[int, Any]:
    """The dimension and the checked vector of indices of the ``index_*`` family."""
    at = normal_dim(dim, input.ndim)
    array = checked_index(index, name)
    if array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {array.ndim}")
    check_bounds(array, input.shape[at] if input.ndim else 1, at, name)
    return at, array.reshape(-1)


def index_select(input: Any, dim: int, index: Any, *, out: Any = None) -> Any:
    """The places ``index`` of dimension ``dim``, in that order; a copy.

    >>> import autograd
    >>> autograd.tensor([1, 2, 3]).index_select(0, autograd.tensor([2, 0])).tolist()
    [3, 1]
    """
    at, array = _rows_of(input, dim, index, "index_select")
    if input.ndim == 0:
        return input.reshape(1)[array].reshape(()) if array.size == 1 else input.clone()
    return selected(input, array, at, out=out)


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """A copy with ``alpha * source`` added at the places ``index`` of dimension ``dim``."""
    at, array = _rows_of(input, dim, index, "index_add")
    if source.dtype != input.dtype:
        raise RuntimeError(
            f"index_add(): self ({input.dtype}) and source ({source.dtype}) must have the same scalar type"
        )
    if (source.shape[at] if source.ndim else 1) != array.size:
        raise RuntimeError(
            f"index_add(): Number of indices ({array.size}) should be equal to source.size(dim)"
            f" ({list(source.shape)}[{at}])"
        )
    if (
        input.ndim
        and source.ndim
        and any(n != m for d, (n, m) in enumerate(zip(input.shape, source.shape, strict=False)) if d != at)
    ):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(input.shape)} source.shape = {list(source.shape)}"
        )
    scaled = source if isinstance(alpha, int) and alpha == 1 else source * alpha
    if input.ndim == 0:
        return _plus(input, scaled.reshape(()), out)
    return _plus(
        input, rows_into_zeros(scaled if scaled.ndim else scaled.reshape(1), array, at, tuple(input.shape)), out
    )


def index_copy(input: Any, dim: int, index: Any, source: Any, *, out: Any = None) -> Any:
    """A copy with ``source`` written at the places ``index`` of dimension ``dim``."""
    at, array = _rows_of(input, dim, index, "index_copy")
    if source.dtype != input.dtype:
        raise RuntimeError(
            f"index_copy_(): self and source expected to have the same dtype, but got {input.dtype} and {source.dtype}"
        )
    if (source.shape[at] if source.ndim else 1) != array.size:
        raise IndexError(
            f"index_copy_(): Number of indices ({array.size}) should be equal to source.size(dim)"
            f" ({list(source.shape)}[{at}])"
        )
    if input.ndim == 0:
        return overwrite(input, source.reshape(()), ..., (), None, out=out)
    return overwrite(input, source, (slice(None),) * at + (array,), (), None, out=out)


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy with ``value`` (a number or a 0-d tensor) at the places ``index`` of dimension ``dim``."""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    at = normal_dim(dim, input.ndim)
    array = checked_index(index, "index_fill").reshape(-1)
    n = input.shape[at] if input.ndim else 1
    check_bounds(np.where(array < 0, array + n, array), n, at, "index_fill")
    array = np.unique(array % n if n else array)  # each place once: its gradient counts once
    value = value if isinstance(value, Tensor) else wrap(_as_value(value, input))
    if input.ndim == 0:
        return overwrite(input, value, ..., (), None) if array.size else input.clone()
    return overwrite(input, _cast_to(value, input), (slice(None),) * at + (array,), (), None)


def _cast_to(value: Any, input: Any) -> Any:
    from .shape import cast

    return value if value.array.dtype == input.array.dtype else cast(value, input.array.dtype)


def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True, out: Any = None
) -> Any:
    """A copy with ``source`` combined into the places ``index`` of dimension ``dim``, by prod, mean, amax or amin."""
    at, array = _rows_of(input, dim, index, "index_reduce")
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    if source.dtype != input.dtype:
        raise RuntimeError(f"index_reduce(): self ({input.dtype}) and source ({source.dtype}) must have the same dtype")
    if input.ndim == 0:
        return _reduce_at(input.reshape(1), (array,), source.reshape(-1), reduce, include_self, "index_reduce").reshape(
            ()
        )
    return _reduce_at(input, (slice(None),) * at + (array,), source, reduce, include_self, "index_reduce", out)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of ``input`` after ``input[indices] = values`` (or ``+=``, each place as often as it is named).

    ``indices`` is a tuple of index tensors, or None for a whole dimension.
    """
    if values.dtype != input.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype} for the destination and"
            f" {values.dtype} for the source."
        )
    wanted = tuple([slice(None) if i is None else i for i in indices])
    _, at = understand(wanted, tuple(input.shape))
    at = ... if at is None else at
    if accumulate:
        from .shape import broadcast

        shape = input.array[at].shape
        return _plus(
            input,
            scatter_at(values if tuple(values.shape) == shape else broadcast(values, shape), at, tuple(input.shape)),
        )
    return overwrite(input, values, at, (), None)


# --- masks ---------------------------------------------------------------------------------------------------------


def _masked_fill(input: Any, mask: Any, value: Any) -> Any:
    shape = np.broadcast_shapes(input.shape, mask.shape)
    made = np.array(input if shape == input.shape else np.broadcast_to(input, shape))
    np.copyto(made, value, where=mask, casting="unsafe")
    return made


filled: Any = elementwise(
    _masked_fill,
    name="masked_fill",
    promote="none",
    constants=("mask",),
    input=lambda g, mask: filled(g, mask, 0),
    value=lambda g, mask: np.where(mask, g, 0),
)


def _mask(mask: Any, name: str) -> Any:
    if not isinstance(mask, Tensor) or mask.array.dtype != bool:
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {got}")
    return mask


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with ``value`` (a number or a 0-d tensor) where ``mask`` is true; the mask broadcasts.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill_.html
    """
    _mask(mask, "masked_fill_")
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim}"
                " dimension(s)."
            )
        if dtypes.category(value.array.dtype) > dtypes.category(input.array.dtype) and value.is_complex():
            raise RuntimeError(f"value cannot be converted to type {input.dtype} without overflow: it is complex")
        value = _cast_to(value, input)
    elif isinstance(value, complex) and input.array.dtype.kind != "c":
        raise RuntimeError(f"value cannot be converted to type {input.dtype} without overflow: {value} is complex")
    return filled(input, mask, value)


def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """The elements where ``mask`` is true, in one dimension."""
    from .shape import broadcast_tensors

    if _mask_kind(mask) != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    input, mask = broadcast_tensors(input, mask)
    if input.ndim == 0:
        input, mask = input.reshape(1), mask.reshape(1)
    return take_at(input, mask, out=out)


def _mask_kind(mask: Any) -> str:
    return mask.array.dtype.kind  # type: ignore[no-any-return]


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy with the elements of ``source``, one after the other, where ``mask`` is true."""
    from .shape import broadcast_tensors

    _mask(mask, "masked_scatter_")
    if source.dtype != input.dtype:
        raise RuntimeError(
            f"masked_scatter_: expected self and source to have same dtypes but got {input.dtype} and {source.dtype}"
        )
    input, mask = broadcast_tensors(input, mask)
    n = int(np.count_nonzero(mask.array))
    if n > source.numel():
        raise RuntimeError(
            f"masked_scatter: expected at least {n} elements in source, one for each True, but it has {source.numel()}"
        )
    return overwrite(input, source.reshape(-1)[:n], mask, (), None)


# --- flat positions ------------------------------------------------------------------------------------------------


def _flat_places(input: Any, index: Any, name: str) -> Any:
    array, n = checked_index(index, name, "Long"), input.numel()
    if array.size and (array.min() < -n or array.max() >= n):
        raise IndexError(f"out of range: tried to access index {int(array.max())} on a tensor of {n} elements.")
    return array


def take(input: Any, index: Any, *, out: Any = None) -> Any:
    """The elements at flat positions, in the shape of ``index``."""
    return take_at(input.reshape(-1), _flat_places(input, index, "take"), out=out)


def take_along_dim(input: Any, indices: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """``gather`` that broadcasts; without ``dim``, flat positions."""
    checked_index(indices, "torch.take_along_dim", "Long")
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1), out=out)
    at = normal_dim(dim, input.ndim)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got {input.ndim}"
            f" dimensions for input, and {indices.ndim} dimensions for indices"
        )
    from .shape import broadcast, broadcast_shapes

    def without(shape: Any) -> Any:
        return (*shape[:at], 1, *shape[at + 1 :])

    common = tuple(broadcast_shapes(without(input.shape), without(indices.shape)))
    x, i = (broadcast(a, (*common[:at], a.shape[at], *common[at + 1 :])) for a in (input, indices))
    array = i.array
    n = input.shape[at]
    check_bounds(np.where(array < 0, array + n, array), n, at, "gather")
    return take_at(x, along(x.shape, at, array), out=out)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy with the elements of ``source`` at flat positions (added to what is there, if ``accumulate``)."""
    if source.dtype != input.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {input.dtype} and"
            f" source.dtype = {source.dtype}"
        )
    array = _flat_places(input, index, "put_").reshape(-1)
    if array.size != source.numel():
        raise RuntimeError(
            f"put_(): Expected source and index to have the same number of elements, but got {source.numel()} and"
            f" {array.size}"
        )
    flat, values = input.reshape(-1), source.reshape(-1)
    made = (
        _plus(flat, scatter_at(values, array, tuple(flat.shape)))
        if accumulate
        else overwrite(flat, values, array, (), None)
    )
    return made.reshape(tuple(input.shape))


def nonzero(input: Any, *, out: Any = None, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: a row for each, or (``as_tuple``) a tensor for each dimension."""
    found = np.nonzero(np.atleast_1d(input.array))
    if as_tuple:
        return tuple([wrap(i) for i in found])
    rows = wrap(np.stack(found, 1) if input.ndim else np.zeros((len(found[0]), 0), np.int64))
    if out is None:
        return rows
    from ..lift import write_out

    return write_out(out, rows)


def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """The first ``size`` rows of ``nonzero``, filled up with ``fill_value``."""
    found = nonzero(input).array[:size]
    made = np.full((size, input.ndim), fill_value, np.int64)
    made[: len(found)] = found
    return wrap(made)


def fill(input: Any, value: Any) -> Any:
    """A copy with ``value``, a number or a 0-d tensor, everywhere."""
    return input.clone().fill_(value)


def argwhere(input: Any) -> Any:
    """The indices of the elements that are not zero, a row for each."""
    return nonzero(input)


# --- a region replaced ---------------------------------------------------------------------------------------------


def _same_shape(region: Any, src: Any, name: str) -> None:
    if tuple(region.shape) != tuple(src.shape):
        raise RuntimeError(
            f"{name}: expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size"
            f" = {list(region.shape)}"
        )


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy with ``src`` at one place of dimension ``dim``."""
    at = normal_dim(dim, input.ndim)
    wanted = (slice(None),) * at + (int(index), ...)
    _same_shape(getitem(input, wanted), src, "select_scatter")
    return overwrite(input, _cast_to(src, input), wanted, (), None)


def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """A copy with ``src`` at the places ``start:end:step`` of dimension ``dim``."""
    at = normal_dim(dim, input.ndim)
    wanted = (slice(None),) * at + (slice(start, end, step), ...)
    _same_shape(getitem(input, wanted), src, "slice_scatter")
    return overwrite(input, _cast_to(src, input), wanted, (), None)


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy with ``src`` on a diagonal of two dimensions."""
    from .shape import diagonal, diagonal_of

    _same_shape(diagonal(input, offset, dim1, dim2), src, "diagonal_scatter")
    dims = (offset, normal_dim(dim1, input.ndim), normal_dim(dim2, input.ndim))
    return overwrite(input, _cast_to(src, input), ..., ((diagonal_of.op, dims),), None)  # type: ignore[attr-defined]
