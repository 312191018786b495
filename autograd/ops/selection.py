"""Gathering and scattering: the functions with names that read or write by index.

Each translates its arguments into an index and calls ``take_at``, ``overwrite`` or ``scatter_at``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..from_data import number_in
from ..half import is_half
from ..lift import elementwise, given, lift
from ..tensor import Tensor, normal_dim, wrap
from .indexing import add_at, as_value, getitem, overwrite, scatter_at, take_at, understand

__all__ = [
    "argwhere", "diagonal_scatter", "fill", "gather", "index_add", "index_copy", "index_fill", "index_put",
    "index_reduce", "index_select", "masked_fill", "masked_scatter", "masked_select", "nonzero",
    "nonzero_static", "put", "scatter", "scatter_add", "scatter_reduce", "select_scatter", "slice_scatter",
    "take", "take_along_dim",
]  # fmt: skip

# --- along a dimension ---------------------------------------------------------------------------------------------


def checked_index(index: Any, name: str, kinds: str = "int32/int64") -> Any:
    """The array of an index tensor. Raises RuntimeError if it holds no integers."""
    array = index.array if isinstance(index, Tensor) else index
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype {kinds} for index, and got {dtypes.of(array.dtype)}")
    return array


def check_bounds(array: Any, size: int, dim: int, name: str) -> None:
    """Raise if an index array leaves ``0 .. size - 1`` (negative ones too, as in PyTorch)."""
    unsigned = array.view(np.uint64 if array.itemsize == 8 else np.uint32)  # where a negative number is a huge one
    if array.size and unsigned.max() >= size:
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


def _check_places(input: Any, dim: int, index: Any, name: str, source: Any = None) -> None:
    """Raise what is wrong with the index of ``gather`` and ``scatter``."""
    if index.array.size == 0:
        return
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
        return
    for i, (n, m) in enumerate(zip(array.shape, shape, strict=True)):
        if i != at and n > m:
            raise RuntimeError(
                f"{name}: Size does not match at dimension {i}: expected index {list(array.shape)} to be no larger than"
                f" self {list(shape)} apart from dimension {at}"
            )
    if source is not None and any(n > m for n, m in zip(array.shape, source.shape, strict=False)):
        raise RuntimeError(f"{name}: expected index {list(array.shape)} to be no larger than src {list(source.shape)}")
    check_bounds(array, shape[at], at, name)


def _places(input: Any, dim: int, index: Any, name: str, source: Any = None) -> Any:
    """The checked NumPy index of ``scatter``."""
    _check_places(input, dim, index, name, source)
    array = index.array
    if array.size == 0:
        return None
    if input.ndim == 0 or array.ndim == 0:
        return (array,) if input.ndim else (...,)
    return along(tuple(input.shape), normal_dim(dim, input.ndim), array)


def flat_places(index: Any, shape: tuple[int, ...], dim: int) -> Any:
    """The flat positions that ``index`` along ``dim`` means in a C-ordered array of this shape."""
    position, step = index.astype(np.int64), 1
    for d in range(len(shape) - 1, -1, -1):
        if d == dim:
            position *= step
            break
        step *= shape[d]
    step = 1
    for d in range(len(shape) - 1, -1, -1):
        n = index.shape[d]
        if d != dim and n > 1:
            position += np.arange(0, n * step, step).reshape([-1 if i == d else 1 for i in range(len(shape))])
        step *= shape[d]
    return position


def _add_along(buffer: Any, values: Any, index: Any, dim: int) -> None:
    if buffer.ndim == 1:
        np.add.at(buffer, index, values)
    elif buffer.flags.c_contiguous:
        np.add.at(buffer.reshape(-1), flat_places(index, buffer.shape, dim).reshape(-1), values.reshape(-1))
    else:
        np.add.at(buffer, along(buffer.shape, dim, index), values)


def _scatter_along(input: Any, index: Any, dim: int, shape: Any) -> Any:
    made = np.zeros(shape, input.dtype)
    _add_along(made, input, index, dim)
    return made


gather_along: Any = lift(
    lambda input, index, dim: input.reshape(-1).take(
        index if input.ndim == 1 else flat_places(index, input.shape, dim)
    ),
    kind="linear",
    name="gather",
    constants=("index",),
    into={"input": lambda buffer, g, node: _add_along(buffer, g, node.saved[1], node.params[0])},
    input=lambda g, index, dim, like: scatter_along(g, index, dim, tuple(like.shape)),
)
scatter_along: Any = lift(
    _scatter_along,
    kind="linear",
    name="scatter_add",
    constants=("index",),
    input=lambda g, index, dim: gather_along(g, index, dim),
)


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """The elements of ``input`` at ``index`` along ``dim``: ``out[i][j] = input[index[i][j]][j]`` for ``dim=0``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.gather.html

    >>> import autograd
    >>> autograd.tensor([[1, 2], [3, 4]]).gather(1, autograd.tensor([[1], [0]])).tolist()
    [[2], [3]]
    """
    _check_places(input, dim, index, "gather")
    if out is not None and out.dtype != input.dtype:
        raise RuntimeError(f"Expected out tensor to have dtype {input.dtype}, but got {out.dtype} instead")
    if input.ndim == 0:
        return given(input.expand(index.shape).clone(), out)
    if index.array.size == 0:
        return given(take_at(input.reshape(-1), np.zeros(index.shape, np.int64)), out)
    if index.ndim == 0:
        return given(gather_along(input, index.reshape(1), 0).reshape(()), out)
    return gather_along(input, index, normal_dim(dim, input.ndim), out=out)


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
        return scatter_reduce(input, dim, index, full, {"add": "sum", "multiply": "prod"}[reduce], out=out)
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
        return given(input.clone(), out)
    return overwrite(input, src, places, (), None, out=out)


def _corner(src: Any, shape: Any) -> Any:
    return src if tuple(src.shape) == tuple(shape) else src[tuple([slice(n) for n in shape])]


def scatter_add(input: Any, dim: int, index: Any, src: Any, *, out: Any = None) -> Any:
    """A copy of ``input`` with the values of ``src`` added at ``index`` along ``dim``."""
    if src.dtype != input.dtype:
        raise RuntimeError(
            f"scatter(): Expected self.dtype to be equal to src.dtype, but got {input.dtype} and {src.dtype}"
        )
    if index.array.size == 0 or input.ndim == 0 or index.ndim == 0:
        places = _places(input, dim, index, "scatter", src)
        return given(
            input.clone() if places is None else _plus(input, scatter_at(src, places, tuple(input.shape))), out
        )
    _check_places(input, dim, index, "scatter", src)
    at = normal_dim(dim, input.ndim)
    return _plus(input, scatter_along(_corner(src, index.shape), index, at, tuple(input.shape)), out)


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
        return given(input.clone(), out)
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
        elif dtype.kind in "fV":
            neutral = -np.inf if reduce == "amax" else np.inf
        elif dtype.kind == "b":
            neutral = reduce == "amin"
        else:
            neutral = np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max
        input = where(wrap(touched), wrap(np.asarray(neutral, dtype)), input)
    if reduce == "sum":
        return _plus(input, scatter_at(src, places, shape), out)
    if reduce == "mean":
        count = np.zeros(shape, np.int64 if dtype.kind == "b" else np.float32 if is_half(dtype) else dtype)
        add_at(count, places, np.ones(src.shape, count.dtype))
        count = np.maximum(count + include_self, 1)
        total = _plus(input, scatter_at(src, places, shape))
        if dtype.kind in "fcV":
            return given(total / wrap(count.astype(dtype)), out)
        return total.div(wrap(count), rounding_mode="floor", out=out)
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
        return given(input.reshape(1)[array].reshape(()) if array.size == 1 else input.clone(), out)
    return selected(input, array, at, out=out)


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """A copy with ``alpha * source`` added at the places ``index`` of dimension ``dim``."""
    at, array = _rows_of(input, dim, index, "index_add")
    if source.dtype != input.dtype:
        raise RuntimeError(
            f"index_add(): self ({input.dtype}) and source ({source.dtype}) must have the same scalar type"
        )
    elsewhere = [tuple(x.shape[:at]) + tuple(x.shape[at + 1 :]) for x in (input, source)]
    if input.ndim and source.ndim and elsewhere[0] != elsewhere[1]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(input.shape)} source.shape = {list(source.shape)}"
        )
    if (source.shape[at] if source.ndim else 1) != array.size:
        raise RuntimeError(
            f"index_add(): Number of indices ({array.size}) should be equal to source.size(dim)"
            f" ({list(source.shape)}[{at}])"
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
    value = value if isinstance(value, Tensor) else wrap(as_value(value, input))
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
        made = _reduce_at(input.reshape(1), (array,), source.reshape(-1), reduce, include_self, "index_reduce")
        return given(made.reshape(()), out)
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
    made = np.array(input if shape == input.shape else np.broadcast_to(input, shape), order="C")
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
    elif isinstance(value, (int, float, complex)):
        fits = number_in(value, input.array.dtype)
        value = fits[()] if fits.dtype.kind in "iu" else value
    try:
        return filled(input, mask, value)
    except ValueError:
        from .shape import must_meet

        must_meet("masked_fill", input, mask)
        raise


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
    input: Any,
    src: Any,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    out: Any = None,
) -> Any:
    """A copy with ``src`` at the places ``start:end:step`` of dimension ``dim``."""
    at = normal_dim(dim, input.ndim)
    wanted = (slice(None),) * at + (slice(start, end, step), ...)
    _same_shape(getitem(input, wanted), src, "slice_scatter")
    return overwrite(input, _cast_to(src, input), wanted, (), None, out=out)


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy with ``src`` on a diagonal of two dimensions."""
    from .strides import diagonal, diagonal_of

    _same_shape(diagonal(input, offset, dim1, dim2), src, "diagonal_scatter")
    dims = (offset, normal_dim(dim1, input.ndim), normal_dim(dim2, input.ndim))
    return overwrite(input, _cast_to(src, input), ..., ((diagonal_of.op, dims),), None)
