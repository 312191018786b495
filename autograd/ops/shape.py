"""Shapes, dtypes and views: nothing is computed, elements are seen in another arrangement."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lift import linear
from ..lift import view as lift_view
from ..passes import sum_to_shape
from ..tensor import normal_dim

__all__ = ["expand", "reshape", "transpose"]  # fmt: skip

# --- what the engine uses ------------------------------------------------------------------------------------------

sum_to = linear(lambda input, shape: sum_to_shape(input, shape), name="sum_to_size", input=lambda g, like: broadcast(g, like.shape))
cast = linear(lambda input, dtype: to_dtype(input, dtype), name="to_copy", holomorphic=False, input=lambda g, like: cast(g, like.dtype))
broadcast = lift_view(
    lambda input, shape: np.broadcast_to(input, shape), name="expand", input=lambda g, like: sum_to(g, like.shape)
)


def to_dtype(array: Any, dtype: Any) -> Any:
    """``astype``, where complex to real takes the real part without a warning."""
    if array.dtype.kind == "c" and dtype.kind not in "cb":
        array = array.real
    return array.astype(dtype)


# --- views ---------------------------------------------------------------------------------------------------------

reshape_to = lift_view(
    lambda input, shape: input.reshape(shape), name="view", input=lambda g, like: reshape_to(g, like.shape)
)
transpose_by = lift_view(
    lambda input, dims: input.transpose(dims),
    name="permute",
    input=lambda g, dims: transpose_by(g, tuple(np.argsort(dims))),
)


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """The ints of ``f(2, 3)``, ``f((2, 3))`` or ``f(torch.Size([2, 3]))``."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    return tuple([n.__index__() for n in args])


def reshape(input: Any, *shape: Any) -> Any:
    """The same elements in another shape; a view where the memory allows it. One length may be -1."""
    wanted = sizes(shape)
    try:
        return reshape_to(input, wanted)
    except ValueError:
        raise RuntimeError(f"shape '{list(wanted)}' is invalid for input of size {input.numel()}: its shape is {list(input.shape)}") from None


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """The view with two dimensions exchanged."""
    n = input.ndim
    order = list(range(max(n, 1)))
    i, j = normal_dim(dim0, n), normal_dim(dim1, n)
    order[i], order[j] = order[j], order[i]
    return transpose_by(input, tuple(order[:n]))


def expand(input: Any, *sizes_: Any) -> Any:
    """The view with dimensions of length 1 stretched, and new ones in front; -1 keeps a length."""
    wanted = sizes(sizes_)
    extra = len(wanted) - input.ndim
    full = tuple([input.shape[i - extra] if n == -1 and i >= extra else n for i, n in enumerate(wanted)])
    return broadcast(input, full)

