"""Copies and pickles of tensors: ``copy.copy``, ``copy.deepcopy``, ``pickle``; and the exchange of two of them."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from .graph import Leaf
from .memory import order_of
from .tensor import Tensor, new
from .views import UNTRACKED, current


def shallow(self: Tensor) -> Tensor:
    """A second Tensor on the same memory, of the same class and place in the graph."""
    made = new(type(self))
    made.array, made.node, made.lineage = self.array, self.node, self.lineage
    if made.lineage is not None and made.lineage is not UNTRACKED:
        made.lineage = made.lineage.copy()
    made.__dict__.update(self.__dict__)
    return made


def deep(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """A copy of a leaf with memory of its own; its gradient is copied too.

    Raises RuntimeError for a tensor that an operation made: its history can't be copied.
    """
    import copy

    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    maker = self.grad_fn
    if maker is not None:  # no leaf
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment. "
            f"This one comes from {maker.name()}: use detach().clone() for the values, or clone() to stay in the graph"
        )
    memory = _copied_memory(self.array, memo)
    made = new(type(self))
    made.array, made.node, made.lineage = memory, None, None
    memo[id(self)] = made
    if self.requires_grad:
        made.requires_grad_()
    if self.grad is not None:
        made.grad = copy.deepcopy(self.grad, memo)
    rest = {k: v for k, v in self.__dict__.items() if k != "_resting_leaf"}
    made.__dict__.update(copy.deepcopy(rest, memo))
    return made


def _copied_memory(array: np.ndarray[Any, Any], memo: dict[int, Any]) -> np.ndarray[Any, Any]:
    """A copy; tensors that shared memory share the copy, as long as one deepcopy call makes both."""
    key = id(array)
    if key not in memo:
        memo[key] = array.copy(order=order_of(array))
        memo.setdefault(id(memo), []).append(array)  # keeps the id taken
    copied: np.ndarray[Any, Any] = memo[key]
    return copied


def reduced(self: Tensor, protocol: Any) -> Any:
    """A pickle holds the class, the array, whether it requires grad, and the attributes; never the graph."""
    if not self.is_leaf:
        raise RuntimeError(
            "a tensor that an operation made can't be pickled with its history: pickle t.detach(), or use autograd.save"
        )
    rest = {k: v for k, v in self.__dict__.items() if k != "_resting_leaf"}
    return rebuild, (type(self), self.array, current(self) is not None, rest)


def rebuild(cls: type[Tensor], array: np.ndarray[Any, Any], requires_grad: bool, rest: dict[str, Any]) -> Tensor:
    """What a pickle calls to make the tensor again."""
    made = new(cls)
    made.array, made.node, made.lineage = array, None, None
    made.__dict__.update(rest)
    return made.requires_grad_() if requires_grad else made


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Exchange two tensors: whoever holds the one holds the other's values, gradient, history and class from then on.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.utils.swap_tensors.html

    >>> import autograd
    >>> a, b = autograd.ones(2), autograd.zeros(3, requires_grad=True)
    >>> autograd.utils.swap_tensors(a, b)
    >>> a, b
    (tensor([0., 0., 0.], requires_grad=True), tensor([1., 1.]))
    """
    for name in ("__class__", "__dict__", "array", "node", "lineage"):
        first, second = getattr(t1, name), getattr(t2, name)
        setattr(t1, name, second)
        setattr(t2, name, first)
    for t in (t1, t2):
        for leaf in (t.node, t.__dict__.get("_resting_leaf")):
            if isinstance(leaf, Leaf):
                leaf.variable_ref = weakref.ref(t)


METHODS = {"__copy__": shallow, "__deepcopy__": deep, "__reduce_ex__": reduced}
"""What ``methods.bind`` gives Tensor from this file."""
