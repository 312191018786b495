"""Hypothesis strategies: shapes, broadcastable shapes, dtypes, strides and tensors, to fuzz your own operations.

    from hypothesis import given
    from autograd.testing import gradcheck, strategies as st

    @given(st.tensors(st.shapes(min_dims=1), requires_grad=True))
    def test_my_op(x):
        assert gradcheck(my_op, x)

Failures shrink to few dimensions of length 1, to zeros and plain strides. Needs ``pip install hypothesis``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as kinds
from ..tensor import Tensor, wrap

try:
    from hypothesis import strategies as st
except ImportError as error:  # pragma: no cover - said once, clearly
    raise ImportError("autograd.testing.strategies needs Hypothesis: pip install hypothesis") from error

__all__ = ["arrays", "broadcastable", "dims", "dtypes", "indices", "shapes", "strided", "tensor_tuples", "tensors"]

Strategy = st.SearchStrategy[Any]

FLOATING = (kinds.float64, kinds.float32)
INTEGRAL = (kinds.int64, kinds.int32, kinds.int16, kinds.int8, kinds.uint8)


def shapes(min_dims: int = 0, max_dims: int = 4, min_side: int = 1, max_side: int = 5) -> Strategy:
    """Shapes as tuples; ``min_side=0`` for empty ones too. Shrink towards few dimensions and short ones.

    >>> from hypothesis import find
    >>> find(shapes(min_dims=2), lambda shape: True)
    (1, 1)
    """
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


@st.composite
def broadcastable(
    draw: Any, count: int = 2, max_dims: int = 4, min_side: int = 1, max_side: int = 5
) -> tuple[Any, ...]:
    """``count`` shapes that broadcast together: some dimensions are 1, some leading ones are missing."""
    whole = draw(shapes(0, max_dims, min_side, max_side))
    found = []
    for _ in range(count):
        missing = draw(st.integers(0, len(whole)))
        ones = draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
        found.append(tuple(1 if one else n for n, one in zip(whole, ones, strict=True))[missing:])
    return tuple(found)


def dtypes(*groups: str) -> Strategy:
    """dtypes of the groups ``floating`` (the default), ``complex``, ``integral``, ``bool``; shrink to the first.

    >>> from hypothesis import find
    >>> find(dtypes("floating", "bool"), lambda dtype: True)
    torch.float64
    """
    table = {
        "floating": FLOATING,
        "complex": (kinds.complex128, kinds.complex64),
        "integral": INTEGRAL,
        "bool": (kinds.bool,),
    }
    unknown = [g for g in groups if g not in table]
    if unknown:
        raise ValueError(f"unknown group of dtypes {unknown[0]!r}; there are {', '.join(table)}")
    return st.sampled_from([d for group in groups or ("floating",) for d in table[group]])


def dims(ndim: int) -> Strategy:
    """Dimensions of a tensor with ``ndim``, counted from either end."""
    return st.integers(-ndim, ndim - 1)


def indices(length: int, max_size: int = 6) -> Strategy:
    """Index lists into a dimension, with repetitions and negative ones."""
    return st.lists(st.integers(-length, length - 1), max_size=max_size)


@st.composite
def arrays(
    draw: Any, shape: Any, dtype: Any = kinds.float64, low: float = -3.0, high: float = 3.0, distinct: bool = False
) -> Any:
    """NumPy arrays with values in [low, high]; with ``distinct`` all different (no ties for max and sort)."""
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else tuple(shape)
    dtype = draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype
    element = np.dtype(kinds.as_numpy(dtype))
    n = int(np.prod(shape))
    if element.kind == "b":
        values: Any = st.booleans()
    elif element.kind in "iu":
        least = max(int(low), 0) if element.kind == "u" else int(low)
        values = st.integers(least, int(high))
    else:
        values = st.floats(low, high, width=32, allow_subnormal=False)
    if element.kind == "c":
        values = st.builds(complex, values, values)
    made = draw(st.lists(values, min_size=n, max_size=n, unique=distinct))
    return np.array(made, element).reshape(shape)


@st.composite
def strided(draw: Any, array: Any) -> Any:
    """The same values in another arrangement in memory: permuted, with gaps, or reversed. Shrinks to contiguous."""
    array = draw(array) if isinstance(array, st.SearchStrategy) else np.asarray(array)
    order = draw(st.permutations(range(array.ndim)))
    steps = [draw(st.sampled_from([1, 2, -1, -2])) for _ in range(array.ndim)]
    wide = np.zeros([array.shape[k] * abs(steps[k]) for k in order], array.dtype)
    made = wide.transpose(np.argsort(order))[(..., *[slice(None, None, step) for step in steps])]  # type: ignore[arg-type]
    made[...] = array
    return made


@st.composite
def tensors(
    draw: Any,
    shape: Any = None,
    dtype: Any = kinds.float64,
    low: float = -3.0,
    high: float = 3.0,
    requires_grad: bool = False,
    contiguous: bool = False,
    distinct: bool = False,
) -> Tensor:
    """Tensors. ``shape`` and ``dtype`` are values or strategies; memory is arranged in all ways unless
    ``contiguous``."""
    array = draw(arrays(shapes() if shape is None else shape, dtype, low, high, distinct))
    made = wrap(array if contiguous else draw(strided(array)))
    return made.requires_grad_() if requires_grad and array.dtype.kind in "fc" else made


@st.composite
def tensor_tuples(draw: Any, /, count: int = 2, **options: Any) -> tuple[Tensor, ...]:
    """Tensors whose shapes broadcast together; ``options`` are those of ``tensors``."""
    return tuple(draw(tensors(shape, **options)) for shape in draw(broadcastable(count)))
