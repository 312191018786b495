"""Many tensors as one, under the names by which training code that averages gradients imports it.

Source: https://github.com/pytorch/pytorch/blob/main/torch/_utils.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .ops import FUNCTIONS
from .tensor import Tensor

__all__ = ["_flatten_dense_tensors", "_take_tensors", "_unflatten_dense_tensors"]


def _flatten_dense_tensors(tensors: Iterable[Tensor]) -> Any:
    """All elements of tensors of one dtype, as one vector.

    >>> import autograd
    >>> _flatten_dense_tensors([autograd.ones(2), autograd.zeros(1, 1)])
    tensor([1., 1., 0.])
    """
    return FUNCTIONS["cat"]([FUNCTIONS["reshape"](t, (-1,)) for t in tensors])


def _unflatten_dense_tensors(flat: Tensor, tensors: Iterable[Tensor]) -> tuple[Any, ...]:
    """Views of a flat vector, in the shapes of ``tensors``, which it was made from.

    >>> import autograd
    >>> _unflatten_dense_tensors(autograd.arange(3.0), [autograd.ones(2), autograd.zeros(1, 1)])
    (tensor([0., 1.]), tensor([[2.]]))
    """
    like = list(tensors)
    parts = FUNCTIONS["split"](flat, [t.array.size for t in like])
    return tuple(FUNCTIONS["reshape"](part, t.shape) for part, t in zip(parts, like, strict=True))


def _take_tensors(tensors: Iterable[Tensor], size_limit: int) -> Iterator[list[Tensor]]:
    """Groups of tensors of one dtype, each of at most ``size_limit`` bytes or one tensor, in order.

    >>> import autograd
    >>> [len(group) for group in _take_tensors([autograd.ones(2)] * 3, 16)]
    [2, 1]
    """
    groups: dict[Any, list[Tensor]] = {}
    for t in tensors:
        group = groups.setdefault(t.array.dtype, [])
        if group and sum(other.array.nbytes for other in group) + t.array.nbytes > size_limit:
            yield group
            group = groups[t.array.dtype] = []
        group.append(t)
    yield from groups.values()
