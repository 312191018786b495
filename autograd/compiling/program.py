"""The program: recorded calls as flat Python over buffers that are already there."""

from __future__ import annotations

import builtins
import operator
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import fast
from ..graph import Leaf
from ..passes import add_to_grad
from ..tensor import wrap
from .calls import Call, Seen, Slot, walk
from .recorder import Recorder
from .tracing import matrix_transposed, transposed, window

__all__ = ["Program"]

ndarray = np.ndarray
BLOCK = 16_384
"""Elements of a block in which a chain of elementwise calls runs: its arrays stay in the cache."""


class Program:
    """Flat Python over preallocated buffers; ``source`` is its text."""

    def __init__(self, recorder: Recorder, result: Any) -> None:
        self.reached = [(t, t.array, t.node) for _, t in recorder.reached]
        self.reach = recorder.reach
        self.result = walk(result, recorder.returned)
        self.kernels = recorder.kernels
        calls = needed(recorder.calls, self.result)
        self.names: dict[str, Any] = {"set_grad": set_grad}
        self.handed: list[
            tuple[str, int]
        ] = []  # buffers that may become a leaf's gradient, and who holds them normally
        self.constants: dict[int, str] = {}
        self.numbers: dict[Any, Any] = {}  # as arrays, by their text and dtype
        self.aliased = aliases(calls, self.result)
        self.readers = readers(calls, self.result)
        self.own: set[str] = set()  # buffers of this program, in use
        self.kept = {repr(slot) for call in calls if call.function == "grad" for slot in slots_of(call.args)}
        self.last = {slot: call for call in calls for slot in slots_of((call.out, call.args, call.kwargs))}
        self.spare: dict[Any, list[Any]] = {}  # buffers whose values nobody reads any more, by shape and dtype
        lines = [f"def run({', '.join(['arguments', *map(repr, recorder.inputs)])}):"]
        for slot, tensor in recorder.reached:
            self.names[repr(slot)] = tensor.array
        for i, group in enumerate(grouped(calls, self.chains)):
            lines += self.block(i, group) if len(group) > 1 else [self.line(group[0])]
            for call in group:
                self.give_back(call)
        lines.append(f"    return {self.spell(self.result)}")
        self.source = "\n".join(line for line in lines if line) + "\n"
        exec(builtins.compile(self.source, "<autograd.compile>", "exec"), self.names)
        self.handed = [(name, sys.getrefcount(self.names[name])) for name, _ in self.handed]
        self.run = self.names["run"]

    def valid(self) -> bool:
        """Whether everything that was reached is still what and where it was.

        Gradients that somebody keeps from an earlier run get to keep their memory: the program takes new.
        """
        for tensor, array, node in self.reached:
            if tensor.array is not array or tensor.node is not node:
                return False
        if self.reach.changed() or (self.kernels and not fast.ready()):
            return False
        names = self.names
        for name, holders in self.handed:
            if sys.getrefcount(names[name]) > holders:
                names[name] = np.empty_like(names[name])
        return True

    def constant(self, value: Any) -> str:
        name = self.constants.get(id(value))
        if name is None:
            name = self.constants[id(value)] = f"c{len(self.constants)}"
            self.names[name] = value
        return name

    def spell(self, value: Any) -> str:
        """An argument as Python text."""
        if isinstance(value, Slot):
            return repr(value)
        if type(value) in (int, bool, type(None)):
            return repr(value)
        if type(value) is tuple and value and value[0] is Seen:
            return f"{self.constant(Seen)}({self.spell(value[1])}, {self.constant(value[2])})"
        if type(value) in (tuple, list) and slots_of(value):
            inside = ", ".join(map(self.spell, value))
            return f"[{inside}]" if type(value) is list else f"({inside},)"
        return self.constant(value)

    def operand(self, value: Any, call: Call) -> str:
        """An argument of a call. A number among arrays becomes an array of their dtype: NumPy converts it in 0.2 us."""
        kinds = {a.array.dtype for a in call.args if isinstance(a, Slot)}
        plain = call.function in ARITHMETIC and type(value) in (int, float) and len(kinds) == 1
        if plain and kinds <= {np.dtype(np.float32), np.dtype(np.float64)}:
            return self.constant(self.numbers.setdefault((repr(value), *kinds), np.array(value, *kinds)))
        return self.spell(value)

    def line(self, call: Call) -> str:
        """One call as a line of Python."""
        if call.function is None:  # a constant
            self.names[repr(call.out)] = call.args[0]
            return ""
        if call.function == "grad":
            node, g = call.args
            leaf = f"arguments[{node}]._leaf()" if isinstance(node, int) else self.constant(node)
            own: bool | None = None  # an array that a call has just made
            if repr(g) in self.names:
                own = repr(g) not in self.aliased
                if own:
                    self.handed.append((repr(g), 0))
            return f"    set_grad({leaf}, {g!r}, {own})"
        args = [self.operand(a, call) for a in call.args]
        args += [f"{key}={self.spell(value)}" for key, value in call.kwargs.items()]
        function = self.constant(call.function)
        if call.out is None:
            return f"    {function}({', '.join(args)})"
        if isinstance(call.out, Slot) and buffered(call):
            if isinstance(call.function, np.ufunc) and call.function.signature is None:
                self.give_back(call)  # elementwise: it may be in place
            self.names[repr(call.out)] = self.buffer(call.out)
            self.own.add(repr(call.out))
            args.append(f"out={call.out!r}")
            return f"    {function}({', '.join(args)})"
        if self.fixed(call):
            return ""
        if isinstance(call.out, Slot):
            if call.kwargs.get("out") is call.out:
                return f"    {function}({', '.join(args)})"
            return f"    {call.out!r} = {function}({', '.join(args)})"
        return f"    {target(call.out)} = {function}({', '.join(args)})"

    def buffer(self, slot: Slot) -> Any:
        """Memory for the result of a call: a buffer that is no longer needed, or a new one."""
        spare = self.spare.get((slot.array.shape, slot.array.dtype))
        return spare.pop() if spare and repr(slot) not in self.kept else np.empty_like(slot.array)

    def give_back(self, call: Call) -> None:
        """Make the buffers free that this call is the last to read."""
        for slot in slots_of(call.args):
            name = repr(slot)
            if self.last.get(slot) is call and name in self.own and name not in self.aliased | self.kept:
                self.own.remove(name)
                self.spare.setdefault((slot.array.shape, slot.array.dtype), []).append(self.names[name])

    def fixed(self, call: Call) -> bool:
        """Whether a call only makes a view of memory that stays where it is: then it is made once, here."""
        if not isinstance(call.out, Slot) or call.function not in VIEWS:
            return False
        slots = slots_of((call.args, call.kwargs))
        if not all(repr(v) in self.names for v in slots):
            return False
        args, kwargs = walk((call.args, call.kwargs), lambda v: self.names[repr(v)] if isinstance(v, Slot) else v)
        made = call.function(*args, **kwargs)
        if not any(np.may_share_memory(made, self.names[repr(v)]) for v in slots):
            return False
        self.names[repr(call.out)] = made
        self.aliased |= {repr(v) for v in (*slots, call.out)}
        return True

    def block(self, i: int, group: list[Call]) -> list[str]:
        """A chain of elementwise calls on large arrays, run in blocks that stay in the cache.

        A result that only the chain itself reads exists as one block at a time.
        """
        size = group[0].out.array.size
        lines: list[str] = []
        places: dict[Any, str] = {}
        free: dict[Any, list[str]] = {}
        inner = {call.out for call in group if self.readers[call.out] <= set(map(id, group))}
        last = {slot: k for k, call in enumerate(group) for slot in call.args if isinstance(slot, Slot)}
        self.names[f"blocks{i}"] = [
            (slice(a, min(a + BLOCK, size)), min(BLOCK, size - a)) for a in range(0, size, BLOCK)
        ]
        lines.append(f"    for s, n in blocks{i}:")
        for k, call in enumerate(group):
            for slot in {a for a in call.args if isinstance(a, Slot)} - set(places):
                places[slot] = self.place(slot, size, lines)
            args = [places[a] if isinstance(a, Slot) else self.operand(a, call) for a in call.args]
            if call.out in inner:
                spare = free.setdefault(call.out.array.dtype, [])
                if not spare:
                    spare.append(f"b{i}_{len(places)}")
                    self.names[spare[-1]] = np.empty(BLOCK, call.out.array.dtype)
                places[call.out] = spare.pop() + "[:n]"
            else:
                self.names[repr(call.out)] = np.empty_like(call.out.array)
                places[call.out] = self.place(call.out, size, lines)
            lines.append(f"        {self.constant(call.function)}({', '.join(args)}, out={places[call.out]})")
            for slot in {a for a in call.args if isinstance(a, Slot) and a in inner and last[a] == k}:
                free[slot.array.dtype].append(places[slot].removesuffix("[:n]"))
        return lines

    def chains(self, call: Call) -> bool:
        """Whether a call is elementwise on large contiguous arrays of one shape (and numbers)."""
        if not isinstance(call.function, np.ufunc) or call.function is np.matmul or call.kwargs or not buffered(call):
            return False
        shape = call.out.array.shape

        def fits(a: Any) -> bool:
            if not isinstance(a, Slot):
                return np.ndim(a) == 0
            spread = a.array.strides == (0,) * a.array.ndim and repr(a) in self.names
            return a.array.ndim == 0 or (a.array.shape == shape and (spread or a.array.flags.c_contiguous))

        return call.out.array.size > 4 * BLOCK and all(map(fits, call.args))

    def place(self, slot: Any, size: int, lines: list[str]) -> str:
        """How a block of a large array is spelled. ``lines`` gets what must be worked out in each run."""
        name = repr(slot)
        self.aliased.add(name)
        if slot.array.ndim == 0:
            return name
        if slot.array.strides == (0,) * slot.array.ndim:  # one number, spread
            self.names[f"f{name}"] = np.lib.stride_tricks.as_strided(self.names[name], (), ())
            return f"f{name}"
        if name in self.names:
            self.names[f"f{name}"] = self.names[name].reshape(-1)
        else:  # an argument, or what an opaque call returned
            lines.insert(0, f"    f{name} = {name}.reshape(-1)")
        return f"f{name}[s]"


ARITHMETIC: Any = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.greater)
VIEWS: Any = (
    transposed,
    matrix_transposed,
    operator.getitem,
    ndarray.reshape,
    ndarray.transpose,
    ndarray.swapaxes,
    np.broadcast_to,
    window,
)


def slots_of(value: Any) -> list[Slot]:
    """The slots somewhere inside."""
    found: list[Slot] = []
    walk(value, lambda v: found.append(v) if isinstance(v, Slot) else None)
    return found


def target(out: Any) -> str:
    """What a call returns, as the left side of an assignment; ``_`` for what is no array."""
    if isinstance(out, (tuple, list)):
        return "(" + "".join(f"{target(item)}, " for item in out) + ")"
    return "_" if out is None else repr(out)


def buffered(call: Call) -> bool:
    """Whether the call can write its result into memory that is already there."""
    function = call.function
    plain = isinstance(function, np.ufunc) or isinstance(getattr(function, "__self__", None), np.ufunc)
    return plain and "out" not in call.kwargs and call.out.array.flags.c_contiguous


def needed(calls: list[Call], result: Any) -> list[Call]:
    """The calls without those whose results nobody reads."""
    read = set(slots_of(result))
    found: list[Call] = []
    for call in reversed(calls):
        made = slots_of(call.out)
        if not made or call.out is None or not read.isdisjoint(made):
            found.append(call)
            read.update(slots_of((call.args, call.kwargs)))
    return found[::-1]


def readers(calls: list[Call], result: Any) -> dict[Any, set[int]]:
    """For each slot, the ids of the calls that read it; 0 for a slot of the result."""
    found: dict[Any, set[int]] = {}

    def read(value: Any, by: int) -> None:
        walk(value, lambda v: found.setdefault(v, set()).add(by) if isinstance(v, Slot) else None)

    for call in calls:
        read(call.out, id(call))
        read((call.args, call.kwargs), id(call))
    read(result, 0)
    return found


def aliases(calls: list[Call], result: Any) -> set[str]:
    """The names of buffers that other names may share memory with, or that are read as a result."""
    found: set[str] = set()

    def mark(value: Any) -> None:
        walk(value, lambda v: found.add(repr(v)) if isinstance(v, Slot) else None)

    mark(result)
    for call in calls:
        if call.function is None or call.function == "grad" or (isinstance(call.out, Slot) and buffered(call)):
            continue
        outs = slots_of(call.out)
        if not outs or any(o.array.base is not None for o in outs):
            mark((call.args, call.kwargs))
    return found


def grouped(calls: list[Call], chains: Callable[[Call], bool]) -> Iterable[list[Call]]:
    """The calls in order; runs of elementwise calls on large arrays of one shape come together."""
    group: list[Call] = []
    for call in calls:
        if group and chains(call) and call.out.array.shape == group[0].out.array.shape:
            group.append(call)
            continue
        if group:
            yield group
        group = [call] if chains(call) else []
        if not group:
            yield [call]
    if group:
        yield group


def set_grad(leaf: Leaf, g: Any, own: bool | None) -> None:
    """Add a program's gradient to a leaf. ``own``: the array may become the gradient itself (None: if it is sole)."""
    if own is None:
        own = g.base is None and sys.getrefcount(g) <= 3  # the program's variable, ours, and the question itself
    if leaf.grad is None:
        leaf.grad = wrap(g if own and g.shape == leaf.shape else np.array(g, order="C"))
    else:
        add_to_grad(leaf, g, False)
