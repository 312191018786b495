"""Loops and branches as functions of functions: ``cond``, ``while_loop``, ``scan``, ``map``, ``associative_scan``.

PyTorch has them for programs that are traced. Here they are the Python loops and branches that they stand for.

Source: https://docs.pytorch.org/docs/stable/cond.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .ops import FUNCTIONS
from .utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

__all__ = ["associative_scan", "cond", "map", "scan", "while_loop"]


def cond(pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], operands: Any = ()) -> Any:
    """``true_fn(*operands)`` if ``pred`` is true, else ``false_fn(*operands)``.

    >>> import autograd
    >>> x = autograd.tensor(2.0)
    >>> cond(x > 0, lambda x: x * 10, lambda x: -x, (x,))
    tensor(20.)
    """
    return true_fn(*operands) if pred else false_fn(*operands)


def while_loop(cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried_inputs: Any) -> Any:
    """Replace the values by ``body_fn(*values)`` as long as ``cond_fn(*values)`` is true.

    >>> import autograd
    >>> while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (autograd.tensor(0), autograd.tensor(1)))
    (tensor(3), tensor(8))
    """
    values = tuple(carried_inputs)
    while cond_fn(*values):
        values = tuple(body_fn(*values))
    return values


def _steps(xs: Any, dim: int) -> list[Any]:
    """The nests of slices along a dimension."""
    leaves, spec = tree_flatten(xs)
    return [tree_unflatten(slices, spec) for slices in zip(*[leaf.unbind(dim) for leaf in leaves], strict=True)]


def _together(steps: list[Any], dim: int) -> Any:
    return tree_map(lambda *slices: FUNCTIONS["stack"](slices, dim), steps[0], *steps[1:])


def map(f: Callable[..., Any], xs: Any, *args: Any) -> Any:
    """``f(x, *args)`` of each slice of ``xs`` along the first dimension, stacked."""
    return _together([f(x, *args) for x in _steps(xs, 0)], 0)


def scan(combine_fn: Callable[..., Any], init: Any, xs: Any, *, dim: int = 0, reverse: bool = False) -> Any:
    """``carry, y = combine_fn(carry, x)`` of each slice: the last carry, and the ys stacked along ``dim``.

    >>> import autograd
    >>> scan(lambda total, x: (total + x, total * x), autograd.tensor(0.0), autograd.tensor([1.0, 2.0, 3.0]))
    (tensor(6.), tensor([0., 2., 9.]))
    """
    steps, made = _steps(xs, dim), []
    for x in reversed(steps) if reverse else steps:
        init, y = combine_fn(init, x)
        made.append(y)
    return init, _together(made[::-1] if reverse else made, dim)


def associative_scan(
    combine_fn: Callable[[Any, Any], Any], xs: Any, dim: int, reverse: bool = False, combine_mode: str = "pointwise"
) -> Any:
    """The combination of all slices up to each one, for ``combine_fn(left, right)`` that is associative.

    In steps of doubled distance: log2 of the length calls on whole tensors.

    >>> import autograd
    >>> associative_scan(lambda a, b: a * b, autograd.tensor([1.0, 2.0, 3.0, 4.0]), dim=0)
    tensor([ 1.,  2.,  6., 24.])
    """
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(f"Combine_mode must either 'pointwise' or 'generic', but got {combine_mode}")
    if reverse:
        xs = tree_map(lambda x: x.flip(dim), xs)
    length, distance = tree_leaves(xs)[0].shape[dim], 1
    while distance < length:
        earlier = tree_map(lambda x: x.narrow(dim, 0, length - distance), xs)  # noqa: B023
        later = tree_map(lambda x: x.narrow(dim, distance, length - distance), xs)  # noqa: B023
        xs = tree_map(
            lambda x, made: FUNCTIONS["cat"]([x.narrow(dim, 0, distance), made], dim),  # noqa: B023
            xs,
            combine_fn(earlier, later),
        )
        distance *= 2
    return tree_map(lambda x: x.flip(dim), xs) if reverse else xs


for _name in __all__:  # PyTorch has a module of this name for each
    sys.modules[f"{__name__}.{_name}"] = sys.modules[__name__]
