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

loops: Any = None
"""``elementwise.py``, set when kernels are there (``ready``); importing it at each call would take a third of a microsecond."""

ndarray = np.ndarray
_FLOAT32 = np.dtype(np.float32)
_LITERALS = frozenset([float, int, bool, str, type(None)])
_ARRAY, _COLUMN, _NUMBER = "array", "column", "number"
_MOST_ARRAYS, _MOST_STEPS = 12, 24  # of one loop: what waits keeps its arrays alive, and each new loop is compiled
_SHORT = 64  # elements: rows that are shorter are not worth a piece of their own


class Deferred:
    """The value of a formula that works element by element, before it is computed.

    ``shape``, ``size`` and ``dtype`` are the array's to come. ``kinds`` says of each argument whether it is an array (now or
    to come), a column (an array with one number for each row, taken again from its start when it ends), an array of one
    number, or a literal; ``arrays`` and ``steps`` count what the loop reads and does; ``row`` is the number of elements of a row of the whole, None where neither rows nor
    columns are among the arguments.
    """

    __slots__ = ("args", "arrays", "formula", "kinds", "row", "shape", "size", "steps", "value")
    dtype = _FLOAT32

    def __init__(
        self,
        formula: Callable[..., Any],
        args: tuple[Any, ...],
        kinds: Any,
        shape: Any,
        row: Any,
        arrays: int,
        steps: int,
    ) -> None:
        self.formula = formula
        self.args = args
        self.kinds = kinds
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
            loop = None
            if self.steps > 1:
                script = Script(self)
                columns = frozenset(script.columns)
                loop = loops.traced(tuple(script.steps), len(script.arrays), len(script.numbers), columns)
                arrays, numbers = script.arrays, script.numbers
            if loop is None:  # a single formula; or there are too many different loops already, and formulas are few
                args = [a.computed() if type(a) is Deferred else a for a in self.args]
                arrays = [a for a, kind in zip(args, self.kinds) if kind is _ARRAY or kind is _COLUMN]
                numbers = [a.item(0) for a, kind in zip(args, self.kinds) if kind is _NUMBER]
                loop = loops.alone(self.formula, self.kinds)
            self.value = loops.compute(loop, arrays, numbers, self.shape, self.row)
            self.args = ()
        return self.value


class Script:
    """What a loop does, in numbers instead of arrays, so that equal scripts find what was compiled for the first.

    ``steps`` are (formula, operands), with operands such as ("array", 0), ("number", 0), ("step", 0) or a literal.
    """

    def __init__(self, last: Deferred) -> None:
        self.steps: list[Any] = []
        self.arrays: list[Any] = []
        self.numbers: list[float] = []
        self.columns: list[int] = []  # which of the arrays are columns
        self._met: dict[int, tuple[str, int]] = {}
        self._step(last)

    def _step(self, made: Deferred) -> tuple[str, int]:
        operands = tuple([self._met.get(id(a)) or self._operand(a, kind) for a, kind in zip(made.args, made.kinds)])
        self.steps.append((made.formula, operands))
        place = self._met[id(made)] = ("step", len(self.steps) - 1)
        return place

    def _operand(self, value: Any, kind: Any) -> Any:
        if type(value) is Deferred:
            if value.value is None:
                return self._step(value)
            value = value.value
            if id(value) in self._met:
                return self._met[id(value)]
        if kind is _ARRAY or kind is _COLUMN:
            self.arrays.append(value)
            place = (_ARRAY, len(self.arrays) - 1)
            if kind is _COLUMN:
                self.columns.append(place[1])
        elif kind is _NUMBER:
            self.numbers.append(value.item(0))
            place = (_NUMBER, len(self.numbers) - 1)
        else:
            return kind
        self._met[id(value)] = place
        return place


def defer(formula: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """``formula(*args)``, to be computed when somebody looks; None if it can't be part of a loop.

    Args:
        formula: works element by element.
        args: contiguous float32 arrays of one shape (or of dimensions of it that lie together, with ones around them), to
            which nobody writes as long as the result waits; numbers; values that wait themselves.
    """
    shape: Any = None
    alike, arrays, steps = True, 0, 1
    kinds: list[Any] = []
    for a in args:
        kind = type(a)
        if kind is ndarray and a.dtype is _FLOAT32:
            if a.flags.c_contiguous and a.size > 1:
                kinds.append(_ARRAY)
                arrays += 1
            elif a.size == 1 or not any(a.strides):  # all its elements are one
                kinds.append(_NUMBER)
            else:
                return None
        elif kind is Deferred:
            kinds.append(_ARRAY)
            arrays += a.arrays
            steps += a.steps
            alike = alike and a.row is None
        elif kind in _LITERALS:
            kinds.append((kind, a) if a else (kind, a, repr(a)))  # 0.0 and -0.0 are equal
            continue
        else:
            return None
        if shape is None:
            shape = a.shape
        elif a.shape != shape:
            alike = False
            if len(a.shape) > len(shape) or a.size > math.prod(shape):
                shape = a.shape
    form = loops.traceable(formula, tuple(kinds))
    if form is None:
        return None
    if form >= 0:
        return args[form]
    if not arrays:
        return _number(formula, args, shape)
    if (arrays > _MOST_ARRAYS or steps > _MOST_STEPS) and steps > 1:
        return defer(formula, tuple([a.computed() if type(a) is Deferred else a for a in args]))
    row = None
    if not alike:
        for i, a in enumerate(args):
            if kinds[i] is not _ARRAY or (a.shape == shape and (type(a) is ndarray or a.row is None)):
                continue
            kinds[i], length = _place(a, shape)
            if length is None or (row is not None and row != length):
                return None
            row = length
    return Deferred(formula, args, tuple(kinds), shape, row, arrays, steps)


def _place(a: Any, shape: tuple[int, ...]) -> tuple[str, int | None]:
    """What an argument that is not simply the whole is, and how many elements a row has then; None: it does not fit."""
    if a.shape == shape:
        return _ARRAY, a.row  # it waits, for rows or columns itself
    if type(a) is not ndarray:
        return _ARRAY, None
    whole = (1,) * (len(shape) - a.ndim) + a.shape
    own = [i for i, n in enumerate(whole) if n != 1]
    first, stop = own[0], own[-1] + 1
    length = math.prod(shape[stop:])
    if whole[first:stop] != shape[first:stop] or (a.size if length == 1 else length) < _SHORT:
        return _ARRAY, None
    return (_ARRAY, a.size) if length == 1 else (_COLUMN, length)


def _number(formula: Callable[..., Any], args: tuple[Any, ...], shape: Any) -> Any:
    """A formula of arrays that are one number each: one number."""
    made = formula(*[a[(0,) * a.ndim].reshape(1) if type(a) is ndarray else a for a in args])
    return np.broadcast_to(np.asarray(made, _FLOAT32).reshape(()), shape)
