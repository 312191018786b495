"""The naive oracle: numbers in cells, each with its dense derivative by all leaf elements, carried forward.

A *memory* is a vector of values. A *history* is a matrix with a row for each cell: the derivative of what the cell holds,
as far as this family of tensors knows (``detach`` shares memory and starts another history). A tensor is an array of
cell numbers with a memory and a history: views are the same numbers in another arrangement, a write sets rows. Nothing
here knows of graphs, formulas, stamps or lineages, so it can't have the same bugs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass
class Cells:
    """A tensor of the oracle."""

    memory: np.ndarray
    history: np.ndarray
    index: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.index.shape

    def values(self) -> np.ndarray:
        return self.memory[self.index]

    def slopes(self) -> np.ndarray:
        return self.history[self.index]

    def view(self, arrange: Callable[[np.ndarray], np.ndarray]) -> Cells:
        """The same cells in another arrangement."""
        return Cells(self.memory, self.history, arrange(self.index))

    def detached(self) -> Cells:
        """The same memory, and a history that knows nothing."""
        return Cells(self.memory, np.zeros_like(self.history), self.index)


def fresh(values: Any, slopes: Any) -> Cells:
    """A tensor with memory of its own."""
    values = np.asarray(values, float)
    n = values.size
    slopes = np.broadcast_to(slopes, (*values.shape, slopes.shape[-1])).reshape(n, -1)
    return Cells(values.reshape(-1).copy(), slopes.copy(), np.arange(n).reshape(values.shape))


def leaf(values: np.ndarray, first: int, total: int) -> Cells:
    """A leaf, whose elements are numbers ``first`` ... of all leaf elements."""
    made = fresh(values, np.zeros((*values.shape, total)))
    made.history[:, first : first + values.size] = np.eye(values.size)
    return made


def elementwise(f: Callable[..., Any], slopes: Callable[..., Any], *args: Any) -> tuple[np.ndarray, np.ndarray]:
    """Values and derivative of ``f(*args)``; ``slopes`` gives the partial derivatives; numbers count as constants."""
    raw = [a.values() if isinstance(a, Cells) else np.asarray(a, float) for a in args]
    values = np.asarray(f(*raw))
    total = next(a.history.shape[1] for a in args if isinstance(a, Cells))
    made = np.zeros((*values.shape, total))
    for a, partial in zip(args, slopes(*raw), strict=True):
        if isinstance(a, Cells):
            inner = a.slopes().reshape((1,) * (values.ndim - a.index.ndim) + (*a.shape, total))
            made = made + np.broadcast_to(partial, values.shape)[..., None] * inner
    return values, made


def write(target: Cells, values: Any, slopes: Any, record: bool) -> None:
    """Set the cells of ``target``; without ``record`` their history stays what it was."""
    target.memory[target.index] = values
    if record:
        target.history[target.index] = np.broadcast_to(slopes, (*target.shape, target.history.shape[1]))
