"""compile: record one training step, and replay it as flat Python over buffers that are already there.

    step = autograd.compile(step)

The first call with arguments of new shapes runs as ever, and is watched: which functions ran on which arrays, forward
and back. What was seen becomes a *program*, a straight list of NumPy calls with the results' memory allocated once, and
later calls run that: no Tensors, no nodes, no dispatch. The numbers are the same bits, since the same functions run in
the same order on the same values.

A program is used while its *guards* hold: shapes, dtypes and requires_grad of the tensor arguments, the values of the
other arguments, the grad mode, ``training`` of the modules, and the identity of the tensors that the function reaches
by itself (its closure, its globals, its modules). A step that can't be replayed - it looks at a value, draws random
numbers, writes in place - runs as it is, and ``step.reason`` says why.

As with every tracing compiler, Python code runs only while recording: a ``print``, or a branch on a Python variable that
changes between the calls, is not seen again.
"""

from __future__ import annotations

import builtins
import functools
import operator
import sys
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from types import CellType
from typing import Any

import numpy as np

from . import passes
from .graph import FREED, Leaf, Node, Part, mode
from .lift import _adapter, _names, call_function
from .passes import add_to_grad, freed_error, release, sum_to_shape
from .tensor import Tensor, wrap

__all__ = ["compile"]

ndarray = np.ndarray
BLOCK = 16_384
"""Elements of a block in which a chain of elementwise calls runs: its arrays stay in the cache."""


class CannotReplay(Exception):
    """Why a call can't be written down."""


class Slot:
    """An array of the program: an argument, something reached, or the result of a call."""

    __slots__ = ("array", "number")

    def __init__(self, number: int, array: Any) -> None:
        self.number = number
        self.array = array

    def __repr__(self) -> str:
        return f"t{self.number}"


class Call:
    """One line of a program: ``out = function(*args, **kwargs)``; ``out`` is a Slot, or a tuple of them."""

    __slots__ = ("args", "function", "kwargs", "out")

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        self.function, self.args, self.kwargs, self.out = function, args, kwargs, out


class Seen:
    """What a formula that adds into a buffer reads of its node."""

    __slots__ = ("params", "parents")

    def __init__(self, params: Any, parents: Any) -> None:
        self.params, self.parents = params, parents


def walk(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` applied to what its tuples, lists and dicts hold."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind([walk(item, change) for item in value])
    if kind is dict:
        return {key: walk(item, change) for key, item in value.items()}
    return change(value)


# --- recording -----------------------------------------------------------------------------------------------------


class Recorder:
    """Watches one run of a step in this thread, and writes down its calls."""

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.calls: list[Call] = []
        self.slots: dict[int, Slot] = {}  # by id of the array, which the slot keeps alive
        self.reached: list[tuple[Slot, Tensor]] = []  # tensors that the function found by itself
        self.arguments: list[Tensor] = []
        walk((args, kwargs), lambda v: self.arguments.append(v) if isinstance(v, Tensor) else None)
        self.inputs = [self.slot(t.array) for t in self.arguments]
        self.reach = Reach(function)
        self.quietly = mode.quietly
        self.paused = False
        self.failed: str | None = None
        self.finished: set[Node] = set()  # nodes that backward has been through

    def slot(self, array: Any) -> Slot:
        slot = Slot(len(self.slots), array)
        self.slots[id(array)] = slot
        return slot

    def known(self, value: Any) -> Any:
        """The slot of an array; anything else as it is. Raises CannotReplay for an array of unknown origin."""
        if isinstance(value, np.generic) or type(value) is not ndarray:
            if isinstance(value, Tensor):
                raise CannotReplay("a Tensor is a parameter of an operation")
            return value
        slot = self.slots.get(id(value))
        if slot is None:
            tensor = self.reach.tensors.get(id(value))
            if tensor is None:
                raise CannotReplay(
                    f"an array of shape {list(value.shape)} and dtype {value.dtype} comes from outside: random numbers, "
                    "tensors made from Python data and NumPy's results are not recorded. Pass it as an argument"
                )
            slot = self.slot(value)
            self.reached.append((slot, tensor))
        return slot

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a function of arrays and write the call down; NumPy scalars come back as 0-d arrays."""
        result = walk(function(*args, **kwargs), lambda v: np.asarray(v) if isinstance(v, np.generic) else v)
        if self.failed is None and not any(result is a for a in args):  # what is handed through is no call
            try:
                call = Call(function, walk(args, self.known), walk(kwargs, self.known), self.name(result))
                self.calls += expanded(self, call)  # now, while the arguments still hold these values
            except CannotReplay as why:
                self.refuse(str(why))
        return result

    def name(self, result: Any) -> Any:
        """New slots for results. One that was handed through keeps the slot it has."""

        def named(value: Any) -> Any:
            return (self.slots.get(id(value)) or self.slot(value)) if type(value) is ndarray else None

        return walk(result, named)

    def refuse(self, why: str) -> None:
        """The step did something that can't be replayed: it goes on as it is, and is not written down."""
        if not self.paused and self.failed is None:
            self.failed = why

    def forward(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Stands in for ``mode.quietly``: every operation's function comes by here."""
        if self.paused or self.failed is not None:
            return self.quietly(function, *args, **kwargs)
        if function is call_function:
            function, names, values, op = args
            n = len(names) - len(op.keyword_only)
            args, kwargs = tuple(values[:n]), dict(zip(names[n:], values[n:], strict=True))
        return self.quietly(self.call, function, args, kwargs)

    def constant(self, array: Any) -> None:
        """A tensor was made from nothing but its shape: the same in every run."""
        if not self.paused:
            self.calls.append(Call(None, (array,), {}, self.slot(array)))

    def aside(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Something that is simply called again in every run, such as an optimizer's step."""
        if self.paused:
            return function(*args, **kwargs)
        if any(a is t for a in args for t in self.arguments):
            self.refuse(f"{function.__name__} is called on an argument of the step")
        self.calls.append(Call(function, args, kwargs, None))
        self.paused = True
        try:
            return function(*args, **kwargs)
        finally:
            self.paused = False

    def returned(self, value: Any) -> Any:
        """The slot of a returned Tensor. Its history is not replayed, so backward must have been here."""
        if not isinstance(value, Tensor):
            return value
        if value.node is not None and value.node not in self.finished:
            raise CannotReplay("the step returns a tensor whose backward is still to come. Call backward() inside, or no_grad()")
        return self.known(value.array)

    # --- the reverse pass ---

    def reverse(self, roots: Any, starts: Any, *, keep: bool, record: bool, wanted: Any) -> None:
        """The same pass as ``passes.reverse``, written down."""
        why = "only part of the graph, or a differentiable backward, is asked for" if record or wanted is not None else None
        why = why or unfollowed(roots)
        if why is not None:
            self.refuse(why)
        if self.failed is not None or self.paused:
            passes.reverse(roots, starts, keep=keep, record=record, wanted=wanted)
            return
        pending: dict[int, Any] = {}
        waiting: dict[int, Any] = {}
        heap: list[int] = []

        def send(parent: Any, c: Any) -> None:
            if c is None:
                return
            if c.shape != parent.shape:
                c = self.call(sum_to_shape, (c, parent.shape), {})
            if c.dtype != parent.dtype:
                c = self.call(ndarray.astype, (c, parent.dtype), {})
            key = -parent.id
            if key in pending:
                pending[key] = self.call(np.add, (pending[key], c), {})
            else:
                pending[key], waiting[key] = c, parent
                heappush(heap, key)

        for root, start in zip(roots, starts, strict=True):
            if id(start) not in self.slots:
                self.constant(start)
            send(root, start)
        while heap:
            key = heappop(heap)
            node, g = waiting.pop(key), pending.pop(key)
            self.finished.add(node)
            if type(node) is Leaf:
                self.leaf(node, g)
                continue
            if node.saved is FREED:
                raise freed_error(node)
            self.pull(node, g, send, pending, waiting, heap)
            if not keep:
                release(node)

    def pull(self, node: Any, g: Any, send: Any, pending: Any, waiting: Any, heap: Any) -> None:
        """The cotangents that one node sends to its parents."""
        op = node.op
        if op.joint is not None:
            for parent, c in zip(node.parents, self.formula(op, "joint", op.plain_joint, node, g), strict=True):
                if parent is not None:
                    send(parent, c)
            return
        for i, (parent, name) in enumerate(zip(node.parents, op.arrays, strict=True)):
            if parent is None:
                continue
            if op.into is not None and op.into[i] is not None:
                key = -parent.id
                if key in pending:
                    pending[key] = self.call(np.array, (pending[key],), {})
                else:
                    waiting[key] = parent
                    heappush(heap, key)
                    pending[key] = self.call(np.zeros, (parent.shape, parent.dtype), {})
                self.add_into(op.into[i], pending[key], g, node)
            elif name in op.plain_formulas:
                send(parent, self.formula(op, name, op.plain_formulas[name], node, g))

    def add_into(self, adder: Any, buffer: Any, g: Any, node: Any) -> None:
        """A formula that adds into a buffer: it reads parameters and shapes from its node."""
        try:
            params = walk(node.params, self.known)
            parents = walk(node.parents, shape_of)
            self.calls.append(Call(adder, (self.known(buffer), self.known(g), (Seen, params, parents)), {}, None))
        except CannotReplay as why:
            self.refuse(str(why))
        adder(buffer, g, node)

    def formula(self, op: Any, argument: str, formula: Any, node: Any, g: Any) -> Any:
        """Call a formula with what it names, written down as a call of its own."""
        spelled = ", ".join([op._where(name, argument) for name in _names(formula)])
        args = _adapter(spelled)(lambda *values: values)(g, node)
        return self.call(formula, walk(args, shape_of), {})

    def leaf(self, node: Leaf, g: Any) -> None:
        """A finished gradient."""
        at = next((i for i, t in enumerate(self.arguments) if t is node.variable), None)
        if self.failed is None:
            self.calls.append(Call("grad", (node if at is None else at, self.known(g)), {}, None))
        add_to_grad(node, np.array(g), False)


def unfollowed(roots: Any) -> str | None:
    """Why the reverse pass from these nodes can't be written down, if it can't."""
    seen: set[Any] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        notes = node.notes
        if notes is not None and (notes.hooks or notes.before or notes.after or notes.grad is not None):
            return "a tensor or a node has hooks, or retains its gradient"
        if type(node) is Part or not isinstance(node.dtype, np.dtype):
            return f"{node.name()} has several results"
        if node.dtype.kind == "c":
            return "complex values"
        stack.extend([p for p in node.parents if p is not None])
    return None


class Shape:
    """Shape and dtype of an array: what a formula's ``like`` is in a program, which holds no nodes."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Any, dtype: Any) -> None:
        self.shape, self.dtype = shape, dtype


def shape_of(value: Any) -> Any:
    """A node's shape and dtype; anything else as it is."""
    return Shape(value.shape, value.dtype) if isinstance(value, Node) else value


class Reach:
    """What a function reaches by itself: the tensors in its closure, its globals, its modules and their attributes.

    ``ties`` says through which cells and dictionaries, and ``modes`` which modules were in training: if one of them
    changes, the program no longer describes the step.
    """

    def __init__(self, function: Any) -> None:
        self.tensors: dict[int, Tensor] = {}  # by id of the array
        self.ties: list[tuple[Any, Any, Any]] = []
        self.modes: list[tuple[Any, bool]] = []
        seen: set[int] = set()
        stack: list[Any] = [function]
        while stack:
            thing = stack.pop()
            if id(thing) not in seen and not isinstance(thing, PLAIN):
                seen.add(id(thing))
                stack.extend(self._inside(thing))

    def _inside(self, thing: Any) -> Iterable[Any]:
        if isinstance(thing, Tensor):
            self.tensors[id(thing.array)] = thing
            return ()
        if isinstance(thing, (list, tuple, set)):
            return thing
        if isinstance(thing, dict):
            self.ties += [(thing, key, value) for key, value in thing.items() if not isinstance(value, PLAIN)]
            return list(thing.values())
        if isinstance(thing, CellType):
            try:
                self.ties.append((thing, None, thing.cell_contents))
                return (thing.cell_contents,)
            except ValueError:  # an empty cell
                return ()
        if isinstance(thing, functools.partial):
            return thing.func, thing.args, thing.keywords
        if hasattr(thing, "__code__"):
            names = [name for name in thing.__code__.co_names if name in thing.__globals__]
            values = [thing.__globals__[name] for name in names]
            self.ties += [(thing.__globals__, n, v) for n, v in zip(names, values, strict=True) if not isinstance(v, PLAIN)]
            return (*(thing.__closure__ or ()), *(thing.__defaults__ or ()), thing.__kwdefaults__, *values)
        if hasattr(thing, "__self__"):
            return thing.__self__, getattr(thing, "__func__", None)
        if hasattr(thing, "named_parameters"):
            self.modes.append((thing, thing.training))
            return thing._parameters, thing._buffers, thing._modules, {k: v for k, v in vars(thing).items() if isinstance(v, Tensor)}
        return [v for v in vars(thing).values() if isinstance(v, (Tensor, list, tuple, dict))] if hasattr(thing, "__dict__") else ()

    def changed(self) -> bool:
        """Whether something is no longer what it was."""
        for holder, key, value in self.ties:
            if (holder.cell_contents if key is None else holder.get(key)) is not value:
                return True
        return any(module.training is not training for module, training in self.modes)


PLAIN: Any = (str, bytes, int, float, complex, type(None), type, type(sys), ndarray, np.generic)


# --- from recorded calls to NumPy calls ----------------------------------------------------------------------------


class NotPlain(Exception):
    """A function does more than call NumPy in a way we can follow: it stays one call."""


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that writes down what is done to it. What it doesn't know raises NotPlain."""

    def __init__(self, array: Any, slot: Any, tape: Tape) -> None:
        self.array, self.slot, self.tape = array, slot, tape
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method not in ("__call__", "reduce") or ufunc.nout != 1:
            raise NotPlain
        into = out[0] if out is not None else None
        return self.tape.call(ufunc if method == "__call__" else ufunc.reduce, args, kwargs, into)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in (np.where, np.sum, np.max, np.clip, np.concatenate, np.broadcast_to, np.zeros_like, np.transpose):
            raise NotPlain
        if "out" in kwargs:
            raise NotPlain
        return self.tape.call(function, args, kwargs, None)

    def __getattr__(self, name: str) -> Any:
        if name in ("T", "mT"):
            return self.tape.call(_transposed if name == "T" else _matrix_transposed, (self,), {}, None)
        if name in ("sum", "max"):
            reduce = np.add.reduce if name == "sum" else np.maximum.reduce
            return lambda axis=None, keepdims=False: self.tape.call(reduce, (self,), {"axis": axis, "keepdims": keepdims}, None)
        if name in ("reshape", "transpose", "astype", "swapaxes"):
            method = getattr(ndarray, name)
            return lambda *args, **kwargs: self.tape.call(method, (self, *args), kwargs, None)
        raise NotPlain(name)

    def __getitem__(self, index: Any) -> Any:
        return self.tape.call(operator.getitem, (self, index), {}, None)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise NotPlain

    def __bool__(self) -> bool:
        raise NotPlain

    def __iter__(self) -> Any:
        raise NotPlain

    def __len__(self) -> int:
        return self.shape[0]  # type: ignore[no-any-return]


def _transposed(array: Any) -> Any:
    return array.T


def _matrix_transposed(array: Any) -> Any:
    return array.mT


class Tape:
    """The NumPy calls of one function."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder, self.calls = recorder, []  # type: ignore[var-annotated]

    def call(self, function: Any, args: Any, kwargs: Any, into: Traced | None) -> Traced:
        raw = walk((args, kwargs), lambda v: v.array if isinstance(v, Traced) else v)
        spelled = walk((args, kwargs), lambda v: v.slot if isinstance(v, Traced) else v)
        if into is not None:
            result = function(*raw[0], out=into.array, **raw[1])
            self.calls.append(Call(function, spelled[0], {**spelled[1], "out": into.slot}, into.slot))
            return into
        result = np.asarray(function(*raw[0], **raw[1]))
        slot = self.recorder.slot(result)
        self.calls.append(Call(function, *spelled, slot))
        return Traced(result, slot, self)


def expanded(recorder: Recorder, call: Call) -> list[Call]:
    """The NumPy calls that a recorded call consists of, if they can be followed and give the same bits."""
    ufunc = _OPERATORS.get(call.function, call.function)
    if isinstance(ufunc, np.ufunc) and isinstance(call.out, Slot):
        return [Call(ufunc, call.args, call.kwargs, call.out)]
    if call.function is None or call.out is None or not hasattr(call.function, "__code__") or not isinstance(call.out, Slot):
        return [call]
    tape = Tape(recorder)
    args, kwargs = walk((call.args, call.kwargs), lambda v: Traced(v.array, v, tape) if isinstance(v, Slot) else v)
    try:
        with np.errstate(all="ignore"):
            result = call.function(*args, **kwargs)
    except Exception:  # whatever happens here, the function itself ran: it stays one call
        return [call]
    if not isinstance(result, Traced) or not tape.calls or result.slot is not tape.calls[-1].out:
        return [call]
    same = result.array.shape == call.out.array.shape and result.array.dtype == call.out.array.dtype
    if not same or result.array.tobytes() != call.out.array.tobytes():
        return [call]
    for made in tape.calls:
        if made.out is result.slot:
            made.out = call.out
        made.args, made.kwargs = walk((made.args, made.kwargs), lambda v: call.out if v is result.slot else v)
    return tape.calls


_OPERATORS: dict[Any, Any] = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply, operator.truediv: np.true_divide,
    operator.neg: np.negative, operator.matmul: np.matmul,
}  # fmt: skip


# --- the program ---------------------------------------------------------------------------------------------------


class Program:
    """Flat Python over preallocated buffers; ``source`` is its text."""

    def __init__(self, recorder: Recorder, result: Any) -> None:
        self.reached = [(t, t.array, t.node) for _, t in recorder.reached]
        self.reach = recorder.reach
        self.result = walk(result, recorder.returned)
        calls = recorder.calls
        self.names: dict[str, Any] = {"set_grad": set_grad}
        self.handed: list[tuple[str, int]] = []  # buffers that may become a leaf's gradient, and who holds them normally
        self.constants: dict[int, str] = {}
        self.aliased = aliases(calls, self.result)
        self.readers = readers(calls, self.result)
        lines = [f"def run({', '.join(['arguments', *map(repr, recorder.inputs)])}):"]
        for slot, tensor in recorder.reached:
            self.names[repr(slot)] = tensor.array
        for i, group in enumerate(grouped(calls, self.chains)):
            lines += self.block(i, group) if len(group) > 1 else [self.line(group[0])]
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
        if self.reach.changed():
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
        if type(value) in (tuple, list) and has_slot(value):
            inside = ", ".join(map(self.spell, value))
            return f"[{inside}]" if type(value) is list else f"({inside},)"
        return self.constant(value)

    def line(self, call: Call) -> str:
        """One call as a line of Python."""
        if call.function is None:  # a constant
            self.names[repr(call.out)] = call.args[0]
            return ""
        if call.function == "grad":
            node, g = call.args
            leaf = f"arguments[{node}]._leaf()" if isinstance(node, int) else self.constant(node)
            own = repr(g) in self.names and repr(g) not in self.aliased
            if own:
                self.handed.append((repr(g), 0))
            return f"    set_grad({leaf}, {g!r}, {own})"
        args = [self.spell(a) for a in call.args]
        args += [f"{key}={self.spell(value)}" for key, value in call.kwargs.items()]
        function = self.constant(call.function)
        if call.out is None:
            return f"    {function}({', '.join(args)})"
        if isinstance(call.out, Slot) and buffered(call):
            self.names[repr(call.out)] = np.empty_like(call.out.array)
            args.append(f"out={call.out!r}")
            return f"    {function}({', '.join(args)})"
        if self.fixed(call):
            return ""
        if isinstance(call.out, Slot):
            if call.kwargs.get("out") is call.out:
                return f"    {function}({', '.join(args)})"
            return f"    {call.out!r} = {function}({', '.join(args)})"
        targets = ", ".join("_" if slot is None else repr(slot) for slot in call.out)
        return f"    {targets}, = {function}({', '.join(args)})"

    def fixed(self, call: Call) -> bool:
        """Whether a call only makes a view of memory that stays where it is: then it is made once, here."""
        if not isinstance(call.out, Slot) or call.function not in VIEWS:
            return False
        slots: list[Any] = []
        walk((call.args, call.kwargs), lambda v: slots.append(v) if isinstance(v, Slot) else None)
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
        self.names[f"blocks{i}"] = [(slice(a, min(a + BLOCK, size)), min(BLOCK, size - a)) for a in range(0, size, BLOCK)]
        lines.append(f"    for s, n in blocks{i}:")
        for k, call in enumerate(group):
            for slot in {a for a in call.args if isinstance(a, Slot)} - set(places):
                places[slot] = self.place(slot, size, lines)
            args = [places[a] if isinstance(a, Slot) else self.spell(a) for a in call.args]
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


VIEWS: Any = (_transposed, _matrix_transposed, operator.getitem, ndarray.reshape, ndarray.transpose, ndarray.swapaxes, np.broadcast_to)


def has_slot(value: Any) -> bool:
    """Whether there is a Slot somewhere inside."""
    found: list[Any] = []
    walk(value, lambda v: found.append(v) if isinstance(v, Slot) else None)
    return bool(found)


def buffered(call: Call) -> bool:
    """Whether the call can write its result into memory that is already there."""
    function = call.function
    plain = isinstance(function, np.ufunc) or isinstance(getattr(function, "__self__", None), np.ufunc)
    return plain and "out" not in call.kwargs and call.out.array.flags.c_contiguous


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
    walk(result, lambda v: found.add(repr(v)) if isinstance(v, Slot) else None)
    for call in calls:
        outs = call.out if isinstance(call.out, tuple) else (call.out,)
        if call.function is None or (isinstance(call.out, Slot) and buffered(call)):
            continue
        if any(isinstance(o, Slot) and o.array.base is not None for o in outs) or call.out is None:
            walk((call.args, call.kwargs), lambda v: found.add(repr(v)) if isinstance(v, Slot) and call.function != "grad" else None)
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


def set_grad(leaf: Leaf, g: Any, own: bool) -> None:
    """Add a program's gradient to a leaf. ``own``: the array may become the gradient itself."""
    if leaf.grad is None:
        leaf.grad = wrap(g if own and g.shape == leaf.shape else np.array(g, order="C"))
    else:
        add_to_grad(leaf, g, False)


# --- the public form -----------------------------------------------------------------------------------------------


class Compiled:
    """A step that replays itself. ``reason`` says why the latest call ran as it is, if it did; ``source`` is the program."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.programs: dict[Any, Program | str] = {}
        self.reason: str | None = None
        self.source: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if mode.recorder is not None:  # inside another compiled step: one of its calls
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        try:
            key = (signature(args, tensors), signature(kwargs, tensors) if kwargs else None, mode.enabled)
            program = self.programs.get(key)
        except TypeError:
            self.reason = "an argument can't be compared (it is not hashable)"
            return self.function(*args, **kwargs)
        if program is None or (isinstance(program, Program) and not program.valid()):
            return self.record(key, args, kwargs)
        if isinstance(program, str):
            self.reason = program
            return self.function(*args, **kwargs)
        self.reason = None
        with np.errstate(all="ignore"):
            result = program.run(tensors, *[t.array for t in tensors])
        return wrap(np.array(result)) if type(result) is ndarray else walk(result, finished)

    def record(self, key: Any, args: Any, kwargs: Any) -> Any:
        """Run the step and make a program of it; where that can't be, run it as it is."""
        recorder = Recorder(self.function, args, kwargs)
        before = mode.quietly
        mode.quietly, mode.recorder = recorder.forward, recorder
        try:
            result = self.function(*args, **kwargs)
        finally:
            mode.quietly, mode.recorder = before, None
        try:
            if recorder.failed is not None:
                raise CannotReplay(recorder.failed)
            self.programs[key] = program = Program(recorder, result)
            self.source, self.reason = program.source, None
        except CannotReplay as why:
            self.programs[key] = self.reason = str(why)
        return result


def finished(value: Any) -> Any:
    """A result of a program as a Tensor of the caller's own."""
    return wrap(np.array(value)) if isinstance(value, ndarray) else value


def signature(value: Any, tensors: list[Tensor]) -> Any:
    """What the guards compare of the arguments; collects the tensors in order."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return (value.array.shape, value.array.dtype.num, value.array.strides, value.node is not None)
    if type(value) in (tuple, list):
        return (type(value), *[signature(item, tensors) for item in value])
    if type(value) is dict:
        return tuple([(k, signature(v, tensors)) for k, v in value.items()])
    hash(value)
    return value


def compile(model: Any = None, **options: Any) -> Any:
    """Record a training step once and replay it, faster and with the same bits.

    Args:
        model: a function of tensors, such as a training step. A Module is returned as it is.
        options: PyTorch's (fullgraph, dynamic, backend, mode ...); they mean nothing here.

    Returns:
        A ``Compiled``: call it like the function. Its ``reason`` is None when the latest call was a replay (or made one),
        else a sentence that says why the step ran as it is.

    >>> import autograd
    >>> w = autograd.ones(3, requires_grad=True)
    >>> @autograd.compile
    ... def step(x):
    ...     w.grad = None
    ...     loss = ((w * x) * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> step(autograd.tensor([1.0, 2.0, 3.0])).item(), step(autograd.tensor([1.0, 1.0, 2.0])).item(), w.grad
    (14.0, 6.0, tensor([1., 1., 4.]))
    """
    known = {"fullgraph", "dynamic", "backend", "mode", "options", "disable"}
    wrong = set(options) - known
    if wrong:
        raise TypeError(f"compile() got an unexpected keyword argument {sorted(wrong)[0]!r}")
    if model is None:
        return lambda function: compile(function, **options)
    if not callable(model):
        raise TypeError(f"compile() takes a function, got {type(model).__name__}")
    if options.get("disable") or hasattr(model, "named_parameters"):
        return model
    return Compiled(model)

