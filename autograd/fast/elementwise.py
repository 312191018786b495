"""Formulas of single elements as one loop: no temporaries, every array read and written once.

A formula is called with symbols in place of its arrays. What it does with them - operators, NumPy's functions - is
written down and becomes the body of a loop, which numba compiles; the next call that comes to the same text finds it
compiled. So tables and update rules keep their one definition, and nothing here knows any of them.

    trace, (g, y) = Trace(), ...
    result = formula(g, y)              # "v2 = v1 * v1", "v3 = n0 - v2", "v4 = v0 * v3"

Numbers are arguments of the loop, not part of its text: a learning rate that changes compiles nothing. Arithmetic is
done as NumPy does it, in float32 and in the same order: the same bits, but for exp and its relatives.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

from .runtime import F, exp, helper, kernel, log, log1p, prange, sigmoid, tanh, team

__all__ = ["Trace", "Untraceable", "alone", "compute", "run", "traceable", "traced"]

_FUNCTIONS = {
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}", "negative": "-{}",
    "positive": "{}", "square": "{0} * {0}", "sqrt": "sqrt({})", "exp": "exp({})", "log": "log({})", "tanh": "tanh({})",
    "absolute": "abs({})", "floor": "floor({})", "ceil": "ceil({})", "trunc": "trunc({})", "rint": "rint({})", "log1p": "log1p({})",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}", "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "fmin": "{0} if {0} <= {1} or {1} != {1} else {1}", "fmax": "{0} if {0} >= {1} or {1} != {1} else {1}",
    "sign": "{0} if {0} != {0} or {0} == F(0) else F(1) if {0} > F(0) else F(-1)",
    "where": "{1} if {0} else {2}",
}  # fmt: skip
_COMPARISONS = {
    "greater": "{} > {}", "greater_equal": "{} >= {}", "less": "{} < {}", "less_equal": "{} <= {}",
    "equal": "{} == {}", "not_equal": "{} != {}", "logical_not": "not {}", "bitwise_and": "{} and {}",
    "bitwise_or": "{} or {}", "invert": "not {}", "isnan": "{0} != {0}",
}  # fmt: skip


_FLOAT32 = np.dtype(np.float32)


class Untraceable(Exception):
    """A formula does something with its arrays that is not known here."""


class Trace:
    """The text of a loop's body as it is written, and the numbers it needs."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}  # what is computed, and the name of the result: nothing is computed twice
        self.numbers: list[float] = []
        self.arrays = 0
        self.columns: frozenset[int] = frozenset()  # which of the arrays have one number for each row

    def array(self) -> Symbol:
        """The element of one more array."""
        self.arrays += 1
        return Symbol(self, f"v{self.arrays - 1}")

    def symbols(self, kinds: tuple[Any, ...]) -> list[Any]:
        """The arguments of a formula: of "array", "column", "number" and literals as (type, value)."""
        given = [kind for kind in kinds if kind == "array" or kind == "column"]
        self.columns = frozenset([i for i, kind in enumerate(given) if kind == "column"])
        return [self.array() if k in ("array", "column") else self.number() if k == "number" else k[1] for k in kinds]

    def number(self) -> Symbol:
        """A number that is known when the loop runs: the next of ``numbers``."""
        self.numbers.append(0.0)
        return Symbol(self, f"n{len(self.numbers) - 1}")

    def emit(self, name: str, *operands: Any) -> Symbol:
        """The result of a function of symbols and numbers."""
        mask = name in _COMPARISONS
        template = _COMPARISONS[name] if mask else _FUNCTIONS.get(name)
        if template is None:
            raise Untraceable(name)
        names = [self._name(value, mask or (name == "where" and i == 0)) for i, value in enumerate(operands)]
        code = template.format(*names)
        known = self.lines.get(code)
        if known is None:
            known = self.lines[code] = f"w{len(self.lines)}"
        return (Mask if mask else Symbol)(self, known)

    def _name(self, value: Any, truth: bool) -> str:
        if isinstance(value, Symbol):
            return f"(F(1) if {value.name} else F(0))" if type(value) is Mask and not truth else value.name
        if type(value) in (float, int) or (getattr(value, "dtype", None) is _FLOAT32 and value.ndim == 0):
            self.numbers.append(float(value))
            return f"n{len(self.numbers) - 1}"
        raise Untraceable(str(type(value)))

    def loop(self, stores: list[tuple[int, Symbol]], outputs: int) -> int:
        """The address of the compiled loop, which stores these results in the arrays of these numbers."""
        lines = [*(f"{name} = {code}" for code, name in self.lines.items())]
        lines += [f"x{i}[i] = {self._name(result, False)}" for i, result in stores]
        return _compiled("\n".join(lines), self.arrays, self.arrays + outputs, len(self.numbers), self.columns)


def _method(name: str, reflected: bool = False) -> Any:
    if reflected:
        return lambda self, other: self.trace.emit(name, other, self)
    return lambda self, *others: self.trace.emit(name, self, *others)


class Symbol:
    """One element of an array, or what a formula makes of it. Written over (``out=``), it becomes another result."""

    ndim, size, dtype, symbolic = 1, 1, _FLOAT32, True
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, name: str) -> None:
        self.trace = trace
        self.name = name

    __neg__, __abs__, __pos__, __invert__ = map(_method, ("negative", "absolute", "positive", "invert"))
    __add__, __radd__ = _method("add"), _method("add", True)
    __sub__, __rsub__ = _method("subtract"), _method("subtract", True)
    __mul__, __rmul__ = _method("multiply"), _method("multiply", True)
    __truediv__, __rtruediv__ = _method("divide"), _method("divide", True)
    __gt__, __ge__, __lt__, __le__ = map(_method, ("greater", "greater_equal", "less", "less_equal"))
    __eq__, __ne__ = map(_method, ("equal", "not_equal"))  # type: ignore[assignment]
    __and__, __or__ = map(_method, ("bitwise_and", "bitwise_or"))

    def __pow__(self, exponent: Any) -> Any:
        special = _POWERS.get(exponent) if type(exponent) in (float, int) else None
        if special is None:
            raise Untraceable("a power")
        return special(self)

    def __bool__(self) -> bool:
        raise Untraceable("a branch")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise Untraceable("a symbol as an array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if method != "__call__" or options:
            raise Untraceable(f"{ufunc.__name__}.{method}")
        made = self.trace.emit(ufunc.__name__, *inputs)
        target = None if out is None else out[0]
        if target is None:
            return made
        if type(target) is not type(made):
            raise Untraceable("out")
        target.name = made.name
        return target

    def __array_function__(self, function: Any, kinds: Any, args: Any, options: Any) -> Any:
        if function is np.clip:
            return np.minimum(np.maximum(args[0], args[1]), args[2])
        if function is not np.where or len(args) != 3:
            raise Untraceable(function.__name__)
        return self.trace.emit("where", *args)


_POWERS: dict[float, Any] = {2: np.square, 1: np.positive, 0.5: np.sqrt, -1: lambda x: 1 / x}  # NumPy's special cases


class Mask(Symbol):
    """A comparison of two elements: true or false."""


# --- loops ---------------------------------------------------------------------------------------------------------

# Their sums and products may be contracted, which makes them a third faster; those of formulas keep their bits.
_curves = {
    f.__name__: njit(forceinline=True, error_model="numpy", fastmath={"contract"})(f.py_func)
    for f in (exp, log, log1p, tanh, sigmoid)
}
_ROUNDING = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint}
_NAMES = {**_curves, **_ROUNDING, "F": F, "sqrt": np.sqrt, "carray": carray}
_pointer: Any = types.CPointer
_SIGNATURE = types.void(_pointer(_pointer(types.float32)), _pointer(types.float32), types.uintp, types.uintp)
_loops: list[Any] = []
_intrinsic: Any = intrinsic


@functools.cache
def _compiled(text: str, inputs: int, arrays: int, numbers: int, columns: frozenset[int]) -> int:
    """The address of a loop: of (the addresses of its arrays, its numbers, start, stop)."""
    lines = [f"x{i} = carray(P[{i}], (stop,))" for i in range(arrays)]
    lines += [f"n{i} = N[{i}]" for i in range(numbers)]
    lines += [f"v{i} = x{i}[0]" for i in columns]
    body = [f"v{i} = x{i}[i]" for i in range(inputs) if i not in columns] + text.split("\n")
    lines += ["for i in range(start, stop):", *("    " + line for line in body)]
    made: dict[str, Any] = {}
    exec("def loop(P, N, start, stop):\n    " + "\n    ".join(lines), dict(_NAMES), made)
    _loops.append(cfunc(_SIGNATURE, nogil=True, error_model="numpy")(made["loop"]))
    return int(_loops[-1].address)


@_intrinsic
def _call(typingctx: Any, loop: Any, arrays: Any, numbers: Any, start: Any, stop: Any) -> Any:
    """Call the loop at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir

        integer = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [integer] * 4)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    address = types.uintp
    return types.void(address, address, address, address, address), codegen


@helper
def _part(loop: int, table: Any, ends: Any, numbers: Any, start: int, stop: int) -> None:
    """Elements start to stop, counted through all pieces."""
    begin = 0
    for j in range(len(ends)):
        lo, hi = max(start, begin) - begin, min(stop, ends[j]) - begin
        if lo < hi:
            _call(loop, table.ctypes.data + table.itemsize * table.shape[1] * j, numbers.ctypes.data, lo, hi)
        begin = ends[j]


@kernel
def _share(loop: int, table: Any, ends: Any, numbers: Any, count: int) -> None:
    if count == 1:
        _part(loop, table, ends, numbers, 0, ends[-1])
    else:
        for t in prange(count):
            stop = ends[-1] if t + 1 == count else ends[-1] * (t + 1) // count // 16 * 16
            _part(loop, table, ends, numbers, ends[-1] * t // count // 16 * 16, stop)


@helper
def _share_whole(loop: int, numbers: Any, count: int, y: Any, *arrays: Any) -> None:
    """The same for whole arrays, of which the last becomes the result. Their addresses would take Python a microsecond each."""
    table = np.empty((1, len(arrays) + 1), np.uintp)
    for i in range(len(arrays)):
        table[0, i] = arrays[i].ctypes.data
    table[0, len(arrays)] = y.ctypes.data
    ends = np.array([len(y)])
    _share(loop, table, ends, numbers, count)


def run(loop: int, length: int, numbers: Sequence[float], table: Any, ends: Any) -> None:
    """Run a loop of so many lines with these numbers on pieces of arrays.

    Args:
        table: [pieces, arrays], the address of each array's piece.
        ends: [pieces], how many elements there are up to the end of each piece.
    """
    work = int(ends[-1]) * (table.shape[1] + length) * 0.1
    _share(loop, table, ends, np.array(numbers or [0], np.float32), team(work))


_MOST_LOOPS = 1000  # of several formulas each: more would be a program that never comes to an end


@functools.lru_cache(4096)
def traceable(formula: Callable[..., Any], kinds: tuple[Any, ...]) -> int | None:
    """Whether a formula of "array", "number" and literals is only arithmetic of elements: -1; i if it returns its i-th argument; None if not."""
    trace = Trace()
    symbols = trace.symbols(kinds)
    try:
        result = formula(*symbols)
    except Exception:  # what is wrong with it, the formula itself will say when it is called with its arrays
        return None
    if type(result) is not Symbol:
        return None
    return next((i for i, symbol in enumerate(symbols) if symbol is result), -1)


Loop = tuple[int, int, list[float], frozenset[int]]
"""Its address, its number of lines, the numbers in its formulas, which come after those that are given to it, and which of
its arrays are columns."""


@functools.lru_cache(4096)
def alone(formula: Callable[..., Any], kinds: tuple[Any, ...]) -> Loop:
    """The loop of one formula."""
    trace = Trace()
    result = formula(*trace.symbols(kinds))
    numbers = kinds.count("number")
    return trace.loop([(trace.arrays, result)], 1), len(trace.lines), trace.numbers[numbers:], trace.columns


@functools.lru_cache(4096)
def traced(steps: tuple[Any, ...], arrays: int, numbers: int, columns: frozenset[int]) -> Loop | None:
    """The loop of a script; None if there are too many already."""
    if _compiled.cache_info().currsize >= _MOST_LOOPS:
        return None
    trace = Trace()
    trace.columns = columns
    values = {"array": [trace.array() for _ in range(arrays)], "number": [trace.number() for _ in range(numbers)]}
    made = values["step"] = []
    for formula, operands in steps:
        made.append(formula(*[values[o[0]][o[1]] if o[0] in values else o[1] for o in operands]))
    return trace.loop([(arrays, made[-1])], 1), len(trace.lines), trace.numbers[numbers:], columns


def compute(loop: Loop, arrays: list[Any], numbers: list[float], shape: tuple[int, ...], row: int | None) -> Any:
    """The array that a loop makes.

    Args:
        row: how many elements a row of the whole has, if some arrays are rows or columns.
    """
    address, length, literals, columns = loop
    y = np.empty(shape, np.float32)
    given = np.array(numbers + literals, np.float32) if numbers or literals else _NO_NUMBERS
    if row is None:
        count = team(y.size * (len(arrays) + 1 + length) * 0.1)
        _share_whole(address, given, count, y.reshape(-1), *[a.reshape(-1) for a in arrays])
        return y
    arrays = [*arrays, y]
    pieces = np.arange(y.size // row, dtype=np.uintp)
    table = np.empty((len(pieces), len(arrays)), np.uintp)
    for i, a in enumerate(arrays):
        at = pieces % np.uintp(a.size) if i in columns else pieces * np.uintp(row) if a.size == y.size else np.uintp(0)
        table[:, i] = at * np.uintp(4) + np.uintp(a.ctypes.data)
    _share(address, table, np.arange(row, y.size + 1, row), given, team(y.size * (len(arrays) + length) * 0.1))
    return y


_NO_NUMBERS = np.zeros(1, np.float32)
