"""Shapes and views: nothing is computed, elements are seen in another arrangement.

First the table of *views*, whose results share memory with their argument; then the functions that read PyTorch's many
ways of saying a shape. Diagonals, windows and ``as_strided`` are in ``strides.py``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..lift import linear
from ..lift import view as lift_view
from ..memory import has_channels_last, is_contiguous_as, laid_out, order_of, strided
from ..sums import sum_to_shape
from ..tensor import Size, Tensor, normal_dim, wrap

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_shapes", "broadcast_tensors",
    "broadcast_to", "clone", "flatten", "moveaxis", "movedim", "narrow", "permute", "ravel",
    "reshape", "select", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten", "unsqueeze",
]  # fmt: skip

METHODS = [
    "contiguous",
    "expand",
    "expand_as",
    "is_contiguous",
    "reshape_as",
    "sum_to_size",
    "view",
    "view_as",
]
"""What is a method of Tensor and not a function, as in PyTorch."""

# --- what the engine uses ------------------------------------------------------------------------------------------

sum_to: Any = linear(
    lambda input, shape: sum_to_shape(input, shape), name="sum_to_size", input=lambda g, like: broadcast(g, like.shape)
)
cast: Any = linear(
    lambda input, dtype: to_dtype(input, dtype),
    name="to_copy",
    holomorphic=False,
    input=lambda g, like: cast(g, like.dtype),
)


def to_dtype(array: Any, dtype: Any) -> Any:
    """``astype``, where complex to real takes the real part without a warning."""
    if array.dtype.kind == "c" and dtype.kind not in "cb":
        array = array.real
    return array.astype(dtype, order_of(array))


# --- views ---------------------------------------------------------------------------------------------------------


def _broadcast(input: Any, shape: tuple[int, ...]) -> Any:
    if type(input) is not np.ndarray:
        return np.broadcast_to(input, shape)
    extra = len(shape) - input.ndim
    strides = (0,) * extra + tuple([0 if n == 1 else s for n, s in zip(input.shape, input.strides, strict=True)])
    if extra < 0 or any(n != m and n != 1 for n, m in zip(input.shape, shape[extra:], strict=True)):
        raise expand_error(input, shape)
    return strided(input, shape, strides)


def expand_error(input: Any, shape: tuple[int, ...]) -> RuntimeError:
    """What to raise when a shape can't be stretched to another."""
    have, want = list(input.shape), list(shape)
    if len(want) < len(have):
        return RuntimeError(
            f"expand: the number of sizes provided ({len(want)}) must be greater or equal to the number of dimensions"
            f" in the tensor ({len(have)}): {want} was asked of a tensor of shape {have}"
        )
    extra = len(want) - len(have)
    at = next(i for i in range(extra, len(want)) if have[i - extra] not in (1, want[i]))
    return RuntimeError(
        f"The expanded size of the tensor ({want[at]}) must match the existing size ({have[at - extra]}) at"
        f" non-singleton dimension {at}. Target sizes: {want}. Tensor sizes: {have}"
    )


broadcast: Any = lift_view(_broadcast, name="expand", input=lambda g, like: sum_to(g, like.shape))
alias: Any = lift_view(lambda input: input[...], name="alias", input=lambda g: g)
reshape_to: Any = lift_view(
    lambda input, shape: input.reshape(shape), name="view", input=lambda g, like: reshape_to(g, like.shape)
)
squeeze_to: Any = lift_view(
    lambda input, shape: input.reshape(shape), name="squeeze", input=lambda g, like: reshape_to(g, like.shape)
)
unsqueeze_to: Any = lift_view(
    lambda input, shape: input.reshape(shape), name="unsqueeze", input=lambda g, like: reshape_to(g, like.shape)
)
transpose_by: Any = lift_view(
    lambda input, dims: input.transpose(dims), name="permute", input=lambda g, dims: transpose_by(g, inverse(dims))
)
swap: Any = lift_view(
    lambda input, dim0, dim1: input.swapaxes(dim0, dim1),
    name="transpose",
    input=lambda g, dim0, dim1: swap(g, dim0, dim1),
)


def inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes ``dims``."""
    back = [0] * len(dims)
    for i, d in enumerate(dims):
        back[d] = i
    return tuple(back)


# --- copies ----------------------------------------------------------------------------------------------------------


copy_as: Any = linear(lambda input, order: laid_out(input, order), name="clone", input=lambda g: g)


def pass_on(made: Any, *givers: Any) -> Any:
    """``made`` with its channels last in memory if one of ``givers`` has them so, as PyTorch's kernels pass it on.

    For operations whose own work is in the ordinary order.
    """
    for giver in givers:
        array = giver.array
        if array.ndim < 4 or (array.flags.c_contiguous and array.strides[1] != array.itemsize):
            continue  # the usual case
        if array.ndim == made.array.ndim and has_channels_last(array):
            return copy_as(made, "last")
    return made


# --- reading PyTorch's ways of saying a shape ----------------------------------------------------------------------


def sizes(args: Any) -> tuple[int, ...]:
    """The ints of ``f(2, 3)``, ``f((2, 3))`` or ``f(torch.Size([2, 3]))``."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    try:
        return tuple([n if type(n) is int else n.__index__() for n in args])
    except AttributeError:
        raise TypeError(f"a shape consists of ints, and got {args!r}") from None


def complete(shape: tuple[int, ...], have: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with its -1 worked out. Raises RuntimeError if the elements don't fit."""
    total = math.prod(have)
    if -1 in shape:
        known = -math.prod(shape)
        if shape.count(-1) > 1:
            raise RuntimeError(f"only one dimension can be inferred, and the shape {list(shape)} has several -1")
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size"
                " -1 can be any value and is ambiguous"
            )
        shape = tuple([total // known if n == -1 else n for n in shape])
        if math.prod(shape) == total:
            return shape
        shape = tuple([-1 if n == total // known else n for n in shape])
    elif math.prod(shape) == total:
        for n in shape:
            if n < 0:
                raise RuntimeError(f"invalid shape dimension {n} in {list(shape)}")
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {total}: its shape is {list(have)}")


def reshape(input: Any, *shape: Any, **named: Any) -> Any:
    """The same elements in another shape; a view where the memory allows it, else a copy. One length may be -1.

    Raises RuntimeError if the number of elements differs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.reshape.html

    >>> import autograd
    >>> autograd.arange(6).reshape(2, -1).shape
    torch.Size([2, 3])
    """
    if named:
        shape = only(named, "shape", "reshape")
    return reshape_to(input, complete(sizes(shape), input.shape))


def only(named: dict[str, Any], name: str, function: str) -> tuple[Any, ...]:
    if set(named) != {name}:
        raise TypeError(f"{function}() got an unexpected keyword argument {next(iter(set(named) - {name}), name)!r}")
    return (named[name],)


def view(input: Any, *shape: Any, **named: Any) -> Any:
    """The same memory in another shape, or seen as another dtype (``view(dtype)``).

    Raises RuntimeError if the strides don't allow it; use ``reshape`` then.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """
    if named:
        shape = tuple(named.values()) if set(named) <= {"dtype", "size"} else only(named, "size", "view")
    if len(shape) == 1 and isinstance(shape[0], (dtypes.dtype, type, np.dtype)):
        return _view_as_dtype(input, dtypes.as_numpy(shape[0]))
    array = input.array
    wanted = complete(sizes(shape), array.shape)
    made = reshape_to(input, wanted)
    base = made.array.base
    if made.array is not array and (base is None or (base is not array and base is not array.base)) and array.size:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            f"contiguous subspaces): {list(wanted)} of a tensor of shape {list(array.shape)} and strides "
            f"{list(input.stride())}. Use .reshape(...) instead."
        )
    return made


def _view_as_dtype(input: Tensor, dtype: Any) -> Tensor:
    array = input.array
    if dtype.itemsize != array.itemsize and (array.ndim == 0 or array.strides[-1] != array.itemsize):
        raise RuntimeError(
            f"self.stride(-1) must be 1 and self.dim() at least 1 to view {input.dtype} as {dtypes.of(dtype)}"
            f" (different element sizes), but the shape is {list(array.shape)} and the strides {list(input.stride())}"
        )
    try:
        return wrap(array.view(dtype))
    except ValueError as error:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {dtype.itemsize / array.itemsize:g} to view {input.dtype} as"
            f" {dtypes.of(dtype)} (different element sizes), but got {array.shape[-1]}"
        ) from error


def view_as(input: Any, other: Any) -> Any:
    """``input.view(other.size())``."""
    return view(input, other.shape)


def reshape_as(input: Any, other: Any) -> Any:
    """``input.reshape(other.size())``."""
    return reshape(input, tuple(other.shape))


def sum_to_size(input: Any, *size: Any) -> Any:
    """The sum over the dimensions along which ``size`` would be stretched to the shape of ``input``."""
    wanted = sizes(size)
    have = tuple(input.shape)
    extra = len(have) - len(wanted)
    if extra < 0 or any(n not in (1, m) for n, m in zip(wanted, have[extra:], strict=True)):
        raise RuntimeError(f"size {list(wanted)} is not expandable to size {list(have)}")
    if input.array.dtype.kind in "biu" and (wanted != have or not have):  # PyTorch sums a number too
        input = cast(input, np.dtype(np.int64))
    return sum_to(input, wanted)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from ``start_dim`` to ``end_dim`` (both included) made one.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.flatten.html

    >>> import autograd
    >>> autograd.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = tuple(input.shape)
    first, last = normal_dim(start_dim, len(shape)), normal_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten() has invalid args: start_dim cannot come after end_dim ({start_dim}, {end_dim})")
    if not shape:
        return reshape_to(input, (1,))
    if first == last:
        return input
    return reshape_to(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def ravel(input: Any) -> Any:
    """All elements in one dimension."""
    return input if input.ndim == 1 and input.array.flags.c_contiguous else reshape_to(input, (math.prod(input.shape),))


def unflatten(input: Any, dim: Any, sizes: Any) -> Any:
    """Dimension ``dim`` split into several of the given sizes, one of which may be -1."""
    at = normal_dim(dim, input.ndim)
    if len(sizes) == 0:
        raise RuntimeError("unflatten: sizes must be non-empty")
    shape = tuple(input.shape)
    try:
        split = complete(tuple([int(n) for n in sizes]), (shape[at],))
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[at]}) in the"
            " input tensor"
        ) from None
    return reshape_to(input, (*shape[:at], *split, *shape[at + 1 :]))


def squeeze(input: Any, dim: Any = None, *more: int) -> Any:
    """Without the dimensions of length 1, or without those named by ``dim`` (an int or several) that have length 1."""
    shape = tuple(input.shape)
    dim = (dim, *more) if more else dim
    if dim is None:
        return squeeze_to(input, tuple([n for n in shape if n != 1]))
    at = [normal_dim(d, len(shape)) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(at)) != len(at):
        raise RuntimeError(f"dim {dim} appears multiple times in the list of dims")
    return squeeze_to(input, tuple([n for i, n in enumerate(shape) if n != 1 or i not in at]))


def unsqueeze(input: Any, dim: int) -> Any:
    """With a new dimension of length 1 at ``dim``."""
    shape = tuple(input.shape)
    at = normal_dim(dim, len(shape) + 1)
    return unsqueeze_to(input, (*shape[:at], 1, *shape[at:]))


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """The view with two dimensions exchanged."""
    try:
        return swap(input, dim0, dim1)
    except np.exceptions.AxisError:
        normal_dim(dim0, input.ndim), normal_dim(dim1, input.ndim)
        return input  # 0-d


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """NumPy's name of ``transpose``."""
    return transpose(input, axis0, axis1)


def swapdims(input: Any, dim0: int, dim1: int) -> Any:
    """Another name of ``transpose``."""
    return transpose(input, dim0, dim1)


def permute(input: Any, *dims: Any, **named: Any) -> Any:
    """The view with the dimensions in this order.

    >>> import autograd
    >>> autograd.zeros(2, 3, 4).permute(2, 0, -2).shape
    torch.Size([4, 2, 3])
    """
    if named:
        dims = only(named, "dims", "permute")
    n = input.ndim
    order = sizes(dims)
    if len(order) != n:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired"
            f" ordering of dimensions i.e. input.dim() = {n} is not equal to len(dims) = {len(order)}"
        )
    order = tuple([normal_dim(d, n) for d in order])
    if len(set(order)) != n:
        raise RuntimeError(f"permute(): duplicate dims are not allowed: {list(dims)}")
    return transpose_by(input, order)


def t(input: Any) -> Any:
    """The transpose of a matrix; a tensor of fewer dimensions is returned as it is."""
    if input.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D. Use transpose(), .T or .mT"
        )
    return swap(input, 1, 0) if input.ndim == 2 else input  # in this order it is PyTorch's TBackward0


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """The dimensions ``source`` moved to the places ``destination``; the others keep their order."""
    n = input.ndim
    source, destination = ((x,) if isinstance(x, int) else tuple(x) for x in (source, destination))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source {source} should contain as many as destination"
            f" {destination}"
        )
    start, end = [normal_dim(d, n) for d in source], [normal_dim(d, n) for d in destination]
    for dims, name in ((start, "source"), (end, "destination")):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}`")
    rest = iter([d for d in range(n) if d not in start])
    return transpose_by(input, tuple([start[end.index(i)] if i in end else next(rest) for i in range(n)]))


def moveaxis(input: Any, source: Any, destination: Any) -> Any:
    """NumPy's name of ``movedim``."""
    return movedim(input, source, destination)


def adjoint(input: Any) -> Any:
    """The conjugate transpose of the last two dimensions."""
    return conjugated(matrix_transpose(input))


def matrix_transpose(input: Any) -> Any:
    """``input.mT``: the last two dimensions exchanged."""
    if input.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input.ndim}-D tensor."
        )
    return swap(input, input.ndim - 2, input.ndim - 1)


def conjugated(input: Any) -> Any:
    """The conjugate; a real tensor is returned as it is."""
    from .complex import conj

    return conj(input)


def reversed_dims(input: Any) -> Any:
    """``input.T``: all dimensions in reverse order."""
    if input.ndim not in (0, 2):
        import warnings

        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated. Consider"
            " `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the"
            " dimensions",
            UserWarning,
            stacklevel=2,
        )
    return swap(input, 0, 1) if input.ndim == 2 else transpose_by(input, tuple(range(input.ndim))[::-1])


def hermitian(input: Any) -> Any:
    """``input.H``: the conjugate transpose of a matrix."""
    if input.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.ndim}-D tensor. Use .mH for batches"
        )
    return adjoint(input) if input.ndim else conjugated(input)


def expand(input: Any, *size: Any, implicit: bool = False, **named: Any) -> Any:
    """The view with dimensions of length 1 stretched, and new ones in front; -1 keeps a length.

    >>> import autograd
    >>> autograd.zeros(3, 1).expand(2, -1, 4).shape
    torch.Size([2, 3, 4])
    """
    if named:
        size = only(named, "size", "expand")
    wanted, have = sizes(size), tuple(input.shape)
    extra = len(wanted) - len(have)
    full = tuple([have[i - extra] if n == -1 and i >= extra else n for i, n in enumerate(wanted)])
    if any(n < 0 for n in full):
        raise RuntimeError(
            f"The expanded size of the tensor ({min(full)}) isn't allowed in a leading, non-existing dimension"
        )
    return broadcast(input, full)


def expand_as(input: Any, other: Any) -> Any:
    """``input.expand(other.size())``."""
    return broadcast(input, tuple(other.shape))


def broadcast_to(input: Any, size: Any) -> Any:
    """The same as ``expand``."""
    return expand(input, size)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes have together."""
    try:
        return Size(np.broadcast_shapes(*[(s,) if isinstance(s, int) else tuple(s) for s in shapes]))
    except ValueError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape: " + ", ".join(str(list(s)) for s in shapes)
        ) from None


def must_meet(function: str, *values: Any) -> None:
    """Raise RuntimeError, with all shapes, if these tensors and numbers have no common shape."""
    shapes = [np.shape(v.array if isinstance(v, Tensor) else v) for v in values]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(
            f"{function}: the sizes of the tensors must match at non-singleton dimensions, and their shapes are "
            f"{', '.join(str(list(s)) for s in shapes)}; shapes are aligned from the right and a dimension of 1 "
            "stretches. Use unsqueeze or reshape to line them up"
        ) from None


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Views of the tensors in their common shape."""
    tensors = spread(tensors)
    shape = tuple(broadcast_shapes(*[t.shape for t in tensors]))
    return tuple([t if t.shape == shape else broadcast(t, shape) for t in tensors])


def spread(args: Any) -> Any:
    """The tensors of ``f(a, b)`` or ``f([a, b])``."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """The view of ``length`` places of dimension ``dim``, from ``start`` on."""
    if input.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start.ndim or start.array.dtype.kind not in "iu"):
        raise RuntimeError(
            f"start must be an 0-dim integral Tensor, not one of shape {list(start.shape)} and {start.dtype}"
        )
    at, n, first = normal_dim(dim, input.ndim), input.shape[normal_dim(dim, input.ndim)], int(start)
    if not -n <= first <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {first})")
    first += n if first < 0 else 0
    if length < 0 or first + length > n:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({n}).")
    return input[(slice(None),) * at + (slice(first, first + length),)]


def select(input: Any, dim: int, index: int) -> Any:
    """The view at one place of dimension ``dim``."""
    if input.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    at = normal_dim(dim, input.ndim)
    n = input.shape[at]
    if not -n <= index < n:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {at}"
        )
    return input[(slice(None),) * at + (int(index),)]


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy that gradients flow through.

    >>> import autograd
    >>> x = autograd.ones(2)
    >>> y = x.clone(); y[0] = 5.0; x.tolist()
    [1.0, 1.0]
    """
    return copy_as(input, None if memory_format is None else _order(memory_format))


def _order(memory_format: Any) -> str | None:
    name = getattr(memory_format, "name", str(memory_format)).removeprefix("torch.")
    orders = {"preserve_format": None, "contiguous_format": "C", "channels_last": "last", "channels_last_3d": "last"}
    if name not in orders:
        raise TypeError(f"memory_format must be one of {', '.join(orders)}, not {memory_format!r}")
    return orders[name]


def contiguous(input: Any, memory_format: Any = None) -> Any:
    """The tensor itself if its elements lie in memory in order, else such a copy."""
    order = "C" if memory_format is None else _order(memory_format) or "C"
    return input if is_contiguous_as(input.array, order) else copy_as(input, order)


def is_contiguous(input: Any, memory_format: Any = None) -> bool:
    """Whether the elements lie in memory in the order of the indices."""
    return is_contiguous_as(input.array, "C" if memory_format is None else _order(memory_format) or "C")


def _each(tensors: Any, function: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tuple([function(x) for x in tensors[0]])
    return function(tensors[0]) if len(tensors) == 1 else tuple([function(x) for x in tensors])


def atleast_1d(*tensors: Any) -> Any:
    """Views with at least one dimension."""
    return _each(tensors, lambda x: x if x.ndim else reshape_to(x, (1,)))


def atleast_2d(*tensors: Any) -> Any:
    """Views with at least two dimensions; a vector becomes a row."""
    return _each(tensors, lambda x: x if x.ndim > 1 else reshape_to(x, (1, *x.shape) if x.ndim else (1, 1)))


def atleast_3d(*tensors: Any) -> Any:
    """Views with at least three dimensions; new ones go before and after a vector, and after a matrix."""

    def grow(x: Any) -> Any:
        shape = tuple(x.shape)
        return x if len(shape) > 2 else reshape_to(x, ((1, 1, 1), (1, *shape, 1), (*shape, 1))[len(shape)])

    return _each(tensors, grow)


PROPERTIES = {"T": reversed_dims, "mT": matrix_transpose, "H": hermitian, "mH": adjoint}
"""Attributes of Tensor that are views."""
