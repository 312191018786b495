"""Recording: one run of a step is watched, and its calls are written down, forward and back."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .. import fast, passes
from ..arguments import call_function
from ..graph import FREED, Leaf, Node, Part, mode
from ..operation import Op, adapter, names_of
from ..passes import add_to_grad, freed_error, release
from ..sums import sum_to_shape
from ..tensor import Tensor
from ..views import owner
from .calls import Call, CannotReplay, Seen, Slot, shape_of, walk
from .reach import Reach
from .tracing import expanded, window

__all__ = ["Recorder"]

ndarray = np.ndarray


class Recorder:
    """Watches one run of a step in this thread, and writes down its calls."""

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.calls: list[Call] = []
        self.slots: dict[int, Slot] = {}  # by id of the array, which the slot keeps alive
        self.memory: dict[int, list[Slot]] = {}  # by id of the array that owns their memory
        self.reached: list[tuple[Slot, Tensor]] = []  # tensors that the function found by itself
        self.arguments: list[Tensor] = []
        walk((args, kwargs), lambda v: self.arguments.append(v) if isinstance(v, Tensor) else None)
        self.inputs = [self.slot(t.array) for t in self.arguments]
        self.reach = Reach(function)
        self.quietly = mode.now.quietly
        self.paused = False
        self.kernels = False  # whether a compiled kernel is called directly
        self.failed: str | None = None
        self.finished: set[Node] = set()  # nodes that backward has been through
        self.looped: set[int] = set()  # ids of the cotangents that a loop has made; slots keep them alive

    def slot(self, array: Any) -> Slot:
        slot = Slot(len(self.slots), array)
        self.slots[id(array)] = slot
        self.memory.setdefault(id(owner(array)), []).append(slot)
        return slot

    def known(self, value: Any) -> Any:
        """The slot of an array; anything else as it is. Raises CannotReplay for an array of unknown origin."""
        if isinstance(value, np.generic) or type(value) is not ndarray:
            if isinstance(value, Tensor):
                raise CannotReplay("a Tensor is a parameter of an operation")
            return value
        slot = self.slots.get(id(value)) or self.found(value) or self.window(value)
        if slot is None:
            raise CannotReplay(
                f"an array of shape {list(value.shape)} and dtype {value.dtype} comes from outside: random numbers, "
                "tensors made from Python data and NumPy's results are not recorded. Pass it as an argument"
            )
        return slot

    def found(self, value: Any) -> Slot | None:
        """The new slot of a tensor that the function reaches by itself."""
        tensor = self.reach.tensors.get(id(value))
        if tensor is None:
            return None
        slot = self.slot(value)
        self.reached.append((slot, tensor))
        return slot

    def window(self, value: Any) -> Slot | None:
        """The slot of an array whose memory lies inside that of a known one: a view that was made unseen, as by ``x[3]``."""
        memory = id(owner(value))
        for array in [slot.array for slot in self.memory.get(memory, ())] + self.reach.memory.get(memory, []):
            low, high = byte_bounds(array)
            first, last = byte_bounds(value)
            if not (array.flags.c_contiguous and low <= first and last <= high):
                continue
            whole: Slot = self.known(array)
            offset = value.ctypes.data - low
            if offset == 0 and all(getattr(value, a) == getattr(array, a) for a in ("shape", "strides", "dtype")):
                return whole  # another object for the same
            slot = self.slot(value)
            self.calls.append(Call(window, (whole, value.shape, value.dtype, offset, value.strides), {}, slot))
            return slot
        return None

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a function of arrays and write the call down; NumPy scalars come back as 0-d arrays."""
        result, kernels = fast.heard(function, *args, **kwargs)
        result = walk(result, lambda v: np.asarray(v) if isinstance(v, np.generic) else v)
        if self.failed is None and not any(result is a for a in args):  # what is handed through is no call
            try:
                call = Call(function, walk(args, self.known), walk(kwargs, self.known), self.name(result))
                direct = self.kernel(result, kernels)
                if hasattr(function, "unfused"):  # a loop
                    direct, self.kernels = call, True
                self.calls += [direct] if direct else expanded(self, call)  # now, while the arguments hold these values
            except CannotReplay as why:
                self.refuse(str(why))
        return result

    def kernel(self, result: Any, kernels: list[Any]) -> Call | None:
        """The one kernel that a function called, if its results are the kernel's and its arguments are known."""
        if len(kernels) != 1:
            return None
        run, args, made = kernels[0]
        theirs = {id(array) for array in arrays_of(made)}
        if not all(id(array) in theirs for array in arrays_of(result)):
            return None
        try:
            call = Call(run, walk(args, self.known), {}, self.name(made))
        except CannotReplay:
            return None
        self.kernels = True
        return call

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
        """Stands in for ``mode.now.quietly``: every operation's function comes by here."""
        if self.paused or self.failed is not None:
            return self.quietly(function, *args, **kwargs)
        if function is call_function:
            function, names, values, op = args
            n = len(names) - len(op.keyword_only)
            args, kwargs = tuple(values[:n]), dict(zip(names[n:], values[n:], strict=True))
        if hasattr(function, "unfused") and not fast.ready():
            function = function.unfused
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
            raise CannotReplay(
                "the step returns a tensor whose backward is still to come. Call backward() inside, or no_grad()"
            )
        return self.known(value.array)

    # --- the reverse pass ---

    def reverse(self, roots: Any, starts: Any, *, keep: bool, record: bool, wanted: Any) -> None:
        """The same pass as ``passes.reverse``, written down."""
        why = (
            "only part of the graph, or a differentiable backward, is asked for"
            if record or wanted is not None
            else None
        )
        why = why or unfollowed(roots)
        if why is not None:
            self.refuse(why)
        if self.failed is not None or self.paused:
            passes.reverse(roots, starts, keep=keep, record=record, wanted=wanted)
            return
        pending: dict[int, Any] = {}
        waiting: dict[int, Any] = {}
        heap: list[int] = []
        owned: set[int] = set()  # what is pending there is an array of its own, and may be added into

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
                owned.add(key)
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
            if type(node) is Part:
                self.join(node, g, pending, waiting, heap)
                continue
            if node.op.outputs != 1:
                g = self.whole(node, g)
            if node.saved is FREED:
                raise freed_error(node)
            self.pull(node, g, send, pending, waiting, heap, owned)
            if not keep:
                release(node)

    def join(self, part: Any, g: Any, pending: Any, waiting: Any, heap: Any) -> None:
        """The cotangent of one of several results waits at the operation's node for the others."""
        whole, i = part.parents[0], part.params[0]
        key = -whole.id
        if key not in pending:
            pending[key], waiting[key] = [None] * len(whole.shape), whole
            heappush(heap, key)
        slots = pending[key]
        slots[i] = g if slots[i] is None else self.call(np.add, (slots[i], g), {})

    def whole(self, node: Any, slots: Any) -> Any:
        """The cotangents of all results: zeros where none arrived."""
        for i, (shape, dtype) in enumerate(zip(node.shape, node.dtype, strict=True)):
            if slots[i] is None:
                slots[i] = np.zeros(shape, dtype)
                self.constant(slots[i])
        return tuple(slots)

    def pull(self, node: Any, g: Any, send: Any, pending: Any, waiting: Any, heap: Any, owned: set[int]) -> None:
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
                if key not in pending:
                    waiting[key] = parent
                    heappush(heap, key)
                    pending[key] = self.call(np.zeros, (parent.shape, parent.dtype), {})
                elif key not in owned:
                    pending[key] = self.call(np.array, (pending[key],), {})
                owned.add(key)
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
        spelled = ", ".join([op._where(name, argument) for name in names_of(formula)])
        args = adapter(spelled)(lambda *values: values)(g, node)
        if not (op.fuses and op.outputs == 1 and g.size >= op.worth and fast.ready()):
            return self.call(formula, walk(args, shape_of), {})
        if id(g) in self.looped and g.size >= fast.LARGE:
            self.refuse("large cotangents pass several elementwise operations, which backward() runs as one loop")
        made = self.call(fast.fused(formula), walk(args, shape_of), {})  # with the bits of the loop that backward runs
        if made is not g:
            self.looped.add(id(made))
        return made

    def leaf(self, node: Leaf, g: Any) -> None:
        """A finished gradient."""
        at = next((i for i, t in enumerate(self.arguments) if t is node.variable), None)
        if self.failed is None:
            self.calls.append(Call("grad", (node if at is None else at, self.known(g)), {}, None))
        add_to_grad(node, np.array(g), False)


def arrays_of(value: Any) -> list[Any]:
    """The arrays somewhere inside."""
    found: list[Any] = []
    walk(value, lambda v: found.append(v) if type(v) is ndarray else None)
    return found


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
        if type(node) is not Leaf and not isinstance(node.op, Op):
            return f"{node.name()} is a Function of the user's"
        if any([dtype.kind == "c" for dtype in (node.dtype if type(node.dtype) is tuple else (node.dtype,))]):
            return "complex values"
        stack.extend([p for p in node.parents if p is not None])
    return None
