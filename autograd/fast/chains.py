"""Formulas of large arrays that wait: the reverse pass puts together what one element goes through.

A cotangent that elementwise formulas pass on is not computed at every node. It is a ``Deferred``: a formula and its
arguments, some of which wait themselves. Where somebody looks at it - a matrix product, a leaf, a hook - all of them
become one loop (``elementwise.py``), which reads each saved array once and writes one result:

    g * other,  g * (1 - y * y),  pending + g        three formulas, one loop over four arrays

Nothing of this is seen from outside: the bits are those of the formulas one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Deferred", "Script", "defer"]

ndarray = np.ndarray
_FLOAT32 = np.dtype(np.float32)
_LITERALS = frozenset([float, int, bool, str, type(None)])
_MOST_ARRAYS, _MOST_STEPS = 12, 24  # of one loop: what waits keeps its arrays alive, and each new loop is compiled
_SHORT = 64  # elements: rows that are shorter are not worth a piece of their own


class Deferred:
    """The value of a formula that works element by element, before it is computed.

    ``shape``, ``size`` and ``dtype`` are the array's to come; ``arrays`` and ``steps`` count what its loop reads and
    does; ``row`` is the number of elements of those arguments that are rows of the whole, None if there are none.
    """

    __slots__ = ("args", "arrays", "formula", "row", "shape", "size", "steps", "value")
    dtype = _FLOAT32

    def __init__(
        self, formula: Callable[..., Any], args: tuple[Any, ...], shape: Any, row: int | None, arrays: int, steps: int
    ) -> None:
        self.formula = formula
        self.args = args
        self.shape = shape
        self.size = math.prod(shape)
        self.row = row
        self.arrays = arrays
        self.steps = steps
        self.value: Any = None

    @property
    def light(self) -> bool:
        """Whether working it out twice is no more than writing it down and reading it."""
        return self.value is not None or self.arrays < 3

    def computed(self) -> Any:
        """The array."""
        if self.value is None:
            from .elementwise import compute

            self.value = compute(Script(self), self.shape, self.row)
            if self.value is None:  # too many different loops: one by one, they are few
                self.args = tuple([a.computed() if type(a) is Deferred else a for a in self.args])
                self.value = compute(Script(self), self.shape, self.row)
            self.args = ()
        return self.value


class Script:
    """What a loop does, in numbers instead of arrays, so that equal scripts find what was compiled for the first.

    ``steps`` are (formula, operands) with operands such as ("array", 0), ("number", 0), ("step", 0) or a literal's
    (type, text, value): 0.0 equals -0.0, and 1 equals True.
    """

    def __init__(self, last: Deferred) -> None:
        self.steps: list[Any] = []
        self.arrays: list[Any] = []
        self.numbers: list[float] = []
        self._met: dict[int, tuple[str, int]] = {}
        self._step(last)

    def _step(self, made: Deferred) -> tuple[str, int]:
        operands = tuple([self._met.get(id(a)) or self._operand(a) for a in made.args])
        self.steps.append((made.formula, operands))
        place = self._met[id(made)] = ("step", len(self.steps) - 1)
        return place

    def _operand(self, value: Any) -> Any:
        if type(value) is Deferred:
            if value.value is None:
                return self._step(value)
            value = value.value
            if id(value) in self._met:
                return self._met[id(value)]
        if type(value) is not ndarray:
            return (type(value), repr(value), value)
        if _is_number(value):
            self.numbers.append(value.item(0))
            place = ("number", len(self.numbers) - 1)
        else:
            self.arrays.append(value)
            place = ("array", len(self.arrays) - 1)
        self._met[id(value)] = place
        return place


def _is_number(array: Any) -> bool:
    """Whether all elements of an array are one."""
    return array.size == 1 or not any(array.strides)


def defer(formula: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """``formula(*args)``, to be computed when somebody looks; None if it can't be part of a loop.

    Args:
        formula: works element by element.
        args: contiguous float32 arrays of one shape (or of its last dimensions), to which nobody writes as long as the
            result waits; numbers; values that wait themselves.
    """
    from .elementwise import traceable

    shape: Any = ()
    size = arrays = 0
    steps = 1
    kinds: list[Any] = []
    for a in args:
        kind = type(a)
        if kind is ndarray:
            if a.dtype is not _FLOAT32:
                return None
            if _is_number(a):
                kinds.append("number")
            elif a.flags.c_contiguous:
                arrays += 1
                kinds.append("array")
            else:
                return None
        elif kind is Deferred:
            arrays += a.arrays
            steps += a.steps
            kinds.append("array")
        elif kind in _LITERALS:
            kinds.append((kind, repr(a), a))
            continue
        else:
            return None
        if a.size > size or len(a.shape) > len(shape):
            shape, size = a.shape, a.size
    form = traceable(formula, tuple(kinds))
    if form is None:
        return None
    if form >= 0:
        return args[form]
    if not arrays:
        return _number(formula, args, shape)
    if (arrays > _MOST_ARRAYS or steps > _MOST_STEPS) and any([type(a) is Deferred for a in args]):
        return defer(formula, tuple([a.computed() if type(a) is Deferred else a for a in args]))
    rows = {_row(a, shape) for a, kind in zip(args, kinds) if kind == "array"} - {None}
    if len(rows) > 1 or 0 in rows:
        return None
    return Deferred(formula, args, shape, rows.pop() if rows else None, arrays, steps)


def _row(a: Any, shape: Any) -> int | None:
    """How many elements an argument's part has that is repeated: None for the whole, 0 if it is no part of it."""
    if a.shape == shape:
        return a.row if type(a) is Deferred and a.value is None else None
    fits = type(a) is ndarray and a.size >= _SHORT and a.shape == shape[len(shape) - a.ndim :]
    return a.size if fits else 0


def _number(formula: Callable[..., Any], args: tuple[Any, ...], shape: Any) -> Any:
    """A formula of arrays that are one number each: one number."""
    made = formula(*[a[(0,) * a.ndim].reshape(1) if type(a) is ndarray else a for a in args])
    return np.broadcast_to(np.asarray(made, _FLOAT32).reshape(()), shape)
