"""The reverse pass over a recorded graph: cotangents go back from results to leaves.

It uses one fact: a node's parents have smaller ids. A heap of ids and a dictionary of what is pending make the whole
pass - no recursion, no counting, no marking.
"""

from __future__ import annotations

import functools
import operator
import sys
import threading
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import dtypes
from .fast import LARGE, Deferred, computed, deferred
from .graph import FREED, Leaf, Node, Part, enable_grad, mode, no_grad, tick
from .operation import Operation
from .sums import sum_to_shape
from .tensor import Tensor, wrap
from .views import check_saved, current, latest, stamp

ndarray = np.ndarray
_add_large = deferred(operator.add)
_COMPLEX64, _COMPLEX128 = np.dtype(np.complex64), np.dtype(np.complex128)


class Recorded:
    """A node as a formula sees it when the reverse pass is itself recorded: saved arrays are Tensors again."""

    __slots__ = ("params", "parents", "saved")

    def __init__(self, node: Node) -> None:
        self.parents = node.parents
        self.params = node.params
        op, saved = node.op, node.saved
        if not saved:
            self.saved: Any = saved
            return
        assert op is not None
        inputs = [wrap(a, p) if isinstance(a, ndarray) else a for a, p in zip(saved[:-1], node.parents, strict=False)]
        y = saved[-1]
        if op.outputs != 1 and y is not None:
            y = tuple(wrap(v, _part(op, node, i)) for i, v in enumerate(y))
        elif y is not None:
            y = wrap(y, node)
        self.saved = (*inputs, y)
        if op.residual is not None:
            self.params = (*node.params[:-1], op.residual(None, self))


class _Tie(Operation):
    """A recorded cotangent with an edge to the node whose flat formula made it; along this edge go zeros."""

    formulas = large = prompt = (lambda g, node: g, lambda g, node: None)

    def __init__(self, op: Any) -> None:
        self.name = f"{op.name}_backward"

    def push(self, node: Node, tangents: Sequence[Any]) -> Any:  # type: ignore[override]
        """The tangent of the cotangent."""
        return tangents[0]


_tie = functools.cache(_Tie)


def _tied(c: Tensor, node: Node) -> Tensor:
    op: Any = _tie(node.op)
    return wrap(c.array, Node(op, (c.node, node), (), (), c.array.shape, c.array.dtype))


def _part(op: Any, node: Node, i: int) -> Node | None:
    dtype = node.dtype[i]
    return Part(op, (node,), (), (i,), node.shape[i], dtype) if dtypes.is_float(dtype) else None


class Arrivals:
    """The cotangents on their way: what has arrived for each node so far, and a heap that says whose turn is next.

    Everything is kept by the negative of the node's id, so that the smallest key is the latest node.
    """

    __slots__ = ("heap", "owned", "pending", "record", "waiting", "waits")

    def __init__(self, record: bool) -> None:
        self.record = record
        self.pending: dict[int, Any] = {}
        self.waiting: dict[int, Node] = {}
        self.owned: set[int] = set()  # sums in arrays of our own: add in place
        self.waits = False  # whether something pending may be Deferred
        self.heap: list[int] = []

    def send(self, parent: Node, c: Any) -> None:
        """Add a cotangent to what has arrived for ``parent``, in its shape and dtype."""
        raw = c.array if self.record else c
        if raw.shape != parent.shape or raw.dtype is not parent.dtype:
            c = fit(c, parent)
        key = -parent.id
        if key not in self.pending:
            self.pending[key] = c
            self.waiting[key] = parent
            heappush(self.heap, key)
        else:
            self.add(key, c)

    def add(self, key: int, c: Any) -> None:
        """Add one more cotangent, fitted, to what has arrived."""
        pending = self.pending
        if self.record:
            pending[key] = pending[key] + c
        elif key in self.owned:
            pending[key] += computed(c)
        else:  # the first sum is a new array: the others may be shared
            total = pending[key] = pending[key] + c if c.size < LARGE else _add_large(pending[key], c)
            if type(total) is Deferred:
                self.waits = True
            elif total.flags.writeable:
                self.owned.add(key)

    def look(self, node: Node, g: Any, wanted: bool) -> Any:
        """Compute a cotangent that waits, unless the node's formulas make it part of their loop.

        All of them, before code of the user's or an addition to ``.grad`` may change the arrays that they are made from.
        """
        op = node.op
        joins = op is not None and op.fuses and op.outputs == 1 and node.notes is None and not wanted
        if type(g) is Deferred and not (joins and (g.light or len(node.parents) == 1)):
            g = g.computed()
        if node.notes is not None or (op.foreign if op is not None else node.grad is not None):  # type: ignore[attr-defined]
            for key, c in self.pending.items():
                self.pending[key] = computed(c)
            self.waits = False
        return g

    def send_into(self, parent: Node, adder: Any, g: Any, node: Node) -> None:
        """Let ``adder`` add a cotangent straight into an array of our own: an index touches only what it names."""
        key = -parent.id
        if key not in self.owned:
            buffer = np.zeros(parent.shape, parent.dtype)
            if key in self.pending:
                buffer += computed(self.pending[key])
            else:
                self.waiting[key] = parent
                heappush(self.heap, key)
            self.pending[key] = buffer
            self.owned.add(key)
        adder(self.pending[key], g, node)

    def join(self, part: Node, g: Any) -> None:
        """Hand the cotangent of one of several results to the operation's node, which waits for all of them."""
        if part.notes is not None:
            g = observe(part, part.notes, g, self.record)
        whole, i = part.parents[0], part.params[0]
        assert whole is not None
        key = -whole.id
        if key not in self.pending:
            self.pending[key] = [None] * len(whole.shape)
            self.waiting[key] = whole
            heappush(self.heap, key)
        slots = self.pending[key]
        slots[i] = g if slots[i] is None else slots[i] + g


def reverse(
    roots: Sequence[Node],
    cotangents: Sequence[Any],
    *,
    keep: bool,
    record: bool,
    wanted: Sequence[Node] | None = None,
    accumulate: bool = True,
) -> dict[Node, Any]:
    """Send the cotangents of ``roots`` back through the graph.

    Args:
        keep: keep what the nodes saved, so that another pass can follow.
        record: call the formulas with Tensors, so that the pass is itself differentiable.
        wanted: compute only what these nodes need, and return their cotangents.
        accumulate: add what reaches a leaf to its ``.grad``.

    Returns:
        The cotangent of each wanted node that was reached.
    """
    arrivals = Arrivals(record)
    send, add, pending, waiting, heap = arrivals.send, arrivals.add, arrivals.pending, arrivals.waiting, arrivals.heap
    targets = set(wanted) if wanted is not None else ()
    between = between_nodes(roots, wanted) if wanted is not None else None
    found: dict[Node, Any] = {}
    idle: list[Node] = []  # what only zeros went to
    times = ["backward" if accumulate else "grad", tick(), 0] if record else None
    for root, cotangent in zip(roots, cotangents, strict=True):
        send(root, cotangent)

    while heap:
        key = heappop(heap)
        node, g = waiting.pop(key), pending.pop(key)
        notes, op = node.notes, node.op
        if arrivals.waits:
            g = arrivals.look(node, g, node in targets)
        if notes is not None and type(node) is not Part:
            g = observe(node, notes, g, record)
        if times is not None:
            _note_pass(g, times)
        if node in targets:
            found[node] = g
            if not accumulate and op is not None and not _leads_on(node, between):
                continue
        if op is None:
            c = raw = None  # they may be the last to hold this array: who holds it alone may keep it
            if accumulate and (wanted is None or node in targets):
                add_to_grad(node, g, record)  # type: ignore[arg-type]
            continue
        if type(node) is Part:
            arrivals.join(node, g if record else _ordinary(g, node))
            continue
        if between is not None and node.id not in between:
            continue
        if op.outputs != 1:
            g = _whole(node, g, record)
        if node.saved is FREED:
            raise freed_error(node)
        if node.id < latest.time and node.saved:
            check_saved(node)
        seen: Any = Recorded(node) if record else node
        conjugate = (node.dtype is _COMPLEX64 or node.dtype is _COMPLEX128) and op.holomorphic
        if conjugate:
            g = g.conj()
        large = not record and op.outputs == 1 and g.size >= op.worth
        if large and not op.fuses and not g.flags.writeable:
            g = _ordinary(g, node)
        if op.joint is not None or (notes is not None and notes.after):
            for parent, c in zip(node.parents, _pull(node, op, g, seen, conjugate, record), strict=True):
                if parent is not None and c is not None and (between is None or parent.id in between):
                    send(parent, _tied(c, node) if record and op.flat else c)
        else:
            formulas = op.formulas
            if large:
                formulas = op.prompt
                if g.size >= LARGE:
                    formulas, arrivals.waits = op.large, True
            for i, parent in enumerate(node.parents):
                if parent is None or (between is not None and parent.id not in between):
                    continue
                if op.into is not None and not record and op.into[i] is not None:
                    arrivals.send_into(parent, op.into[i], g.conj() if conjugate else g, node)
                    continue
                formula = formulas[i]
                c = formula(g, seen) if formula is not None else None
                if c is None:
                    if formula is not None and not op.foreign:
                        idle.append(parent)
                    continue
                if conjugate:
                    c = c.conj()
                if record and op.flat:
                    c = _tied(c, node)
                # what follows is send(), spelled out: these are the innermost lines of every training step
                raw = c.array if record else c
                if raw.shape != parent.shape or raw.dtype is not parent.dtype:
                    c = fit(c, parent)
                key = -parent.id
                if key not in pending:
                    pending[key] = c
                    waiting[key] = parent
                    heappush(heap, key)
                else:
                    add(key, c)
        if not keep and (node.saved or node.params):
            release(node)
    if idle:
        _give_zeros(idle, found, targets, between, accumulate, record)
    if times is not None:
        times[2] = tick()
    return found


def _note_pass(g: Any, times: list[Any]) -> None:
    """Note on a cotangent that can itself be differentiated the times of the pass that computed it."""
    node = g.node if isinstance(g, Tensor) else None
    if node is not None and node.id > times[1]:
        before = getattr(node, "calls", ())
        if not before or before[0] is not times:
            node.calls = (times, *before)


def _give_zeros(
    idle: list[Node], found: dict[Node, Any], targets: Any, between: set[int] | None, accumulate: bool, record: bool
) -> None:
    """Zeros for what only zeros would have reached: nobody computed with them, and the results are there as in PyTorch."""
    met: set[int] = set()
    while idle:
        node = idle.pop()
        if node.id in met or (between is not None and node.id not in between):
            continue
        met.add(node.id)
        idle.extend([parent for parent in node.parents if parent is not None])
        if node in targets and node not in found:
            found[node] = _zeros(node, record)
        if node.op is None and accumulate and (node in targets or between is None) and node.grad is None:  # type: ignore[attr-defined]
            add_to_grad(node, _zeros(node, record), record)  # type: ignore[arg-type]


def _zeros(node: Node, record: bool) -> Any:
    zeros = np.zeros(node.shape, node.dtype)
    return wrap(zeros) if record else zeros


def _pull(node: Node, op: Any, g: Any, seen: Any, conjugate: Any, record: bool) -> Any:
    """The cotangents of all arguments at once: for joint formulas, and for hooks that want to see them together."""
    if op.joint is not None:
        values = op.joint(g, seen)
    else:
        pairs = zip(node.parents, op.formulas, strict=True)
        values = [None if parent is None or formula is None else formula(g, seen) for parent, formula in pairs]
    if conjugate:
        values = [c if c is None else c.conj() for c in values]
    if node.notes is not None and node.notes.after:
        values = _after(node.notes, values, g, record)
    return values


def release(node: Node) -> None:
    """Drop the arrays that the node saved. One that has only numbers keeps them, and can be passed again."""
    for value in node.saved:
        if value is not None and type(value) is not float and type(value) is not int:
            node.saved, node.params = FREED, ()
            return
    for param in node.params:
        if type(param) is ndarray:
            node.saved, node.params = FREED, ()
            return


def freed_error(node: Node) -> RuntimeError:
    """What a second pass over released nodes raises."""
    return RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
        f"been freed): what {node.name()} (result of shape {list(node.shape)}) saved was released by the first pass. "
        "Specify retain_graph=True in the first call, or compute the result anew before each backward()"
    )


def between_nodes(roots: Sequence[Node], wanted: Sequence[Node]) -> set[int]:
    """Ids of the nodes on some way from a root to a wanted node (the wanted ones included)."""
    oldest = min((node.id for node in wanted), default=0)
    reachable: dict[int, Node] = {}
    stack = [root for root in roots if root.id >= oldest]
    while stack:
        node = stack.pop()
        reachable[node.id] = node
        for parent in node.parents:
            if parent is not None and parent.id >= oldest and parent.id not in reachable:
                stack.append(parent)
    marked = {node.id for node in wanted}
    for id in sorted(reachable):
        if id not in marked:
            for parent in reachable[id].parents:
                if parent is not None and parent.id in marked:
                    marked.add(id)
                    break
    return marked


def _leads_on(target: Node, between: set[int] | None) -> bool:
    """Whether something below a computed node is wanted too. If not, it keeps what it saved, for a pass from there on."""
    return between is None or any(parent is not None and parent.id in between for parent in target.parents)


def fit(c: Any, parent: Node) -> Any:
    """``c`` summed and cast to the shape and dtype of ``parent``: undoes broadcasting and promotion at this edge."""
    if isinstance(c, Tensor):
        from .ops.shape import cast, sum_to

        if c.array.shape != parent.shape:
            c = sum_to(c, parent.shape)
        if c.array.dtype != parent.dtype:
            c = cast(c, parent.dtype)
        return c
    c = computed(c)
    if c.shape != parent.shape:
        c = sum_to_shape(c, parent.shape)
    if c.dtype != parent.dtype:
        if c.dtype.kind == "c" and parent.dtype.kind != "c":
            c = c.real
        c = c.astype(parent.dtype)
    return c


def observe(node: Node, notes: Any, g: Any, record: bool) -> Any:
    """Hooks on a value's cotangent, and retain_grad."""
    callbacks = [*(notes.hooks or {}).values()], [*(notes.before or {}).values()]
    if callbacks[0] or callbacks[1]:
        with enable_grad() if record else no_grad():
            t = g if record else wrap(_ordinary(g, node))
            for hook in callbacks[0]:
                returned = hook(t)
                if returned is not None:
                    t = _checked(returned, t, "a hook")
            for hook in callbacks[1]:
                returned = hook((t,))
                if returned is not None:
                    t = _checked(returned[0] if isinstance(returned, tuple) else returned, t, "a prehook")
        g = t if record else t.array
    if notes.grad is not None:
        t = g if record else wrap(np.array(g))
        notes.grad = [notes.grad[0] + t] if notes.grad else [t]
    return g


def _ordinary(g: Any, node: Node) -> Any:
    """An array that may be written to: a number that stands for many elements becomes them."""
    return g if isinstance(g, ndarray) and g.flags.writeable else np.array(g, node.dtype)


def _checked(returned: Any, given: Tensor, who: str) -> Tensor:
    if not isinstance(returned, Tensor):
        raise TypeError(f"{who} must return None or a Tensor, and returned a {type(returned).__name__}")
    if returned.array.shape != given.array.shape:
        raise RuntimeError(
            f"{who} has changed the size of value: the gradient is {list(given.array.shape)}, it returned "
            f"{list(returned.array.shape)}"
        )
    return returned


def _after(notes: Any, values: Any, g: Any, record: bool) -> Any:
    """Hooks on a node: they see the gradients of its inputs and outputs, and may replace the former."""
    as_tensors = tuple(v if v is None or isinstance(v, Tensor) else wrap(v) for v in values)
    of_output = tuple(
        v if v is None or isinstance(v, Tensor) else wrap(v) for v in (g if isinstance(g, tuple) else (g,))
    )
    for hook in list(notes.after.values()):
        returned = hook(as_tensors, of_output)
        if returned is not None:
            as_tensors = returned if isinstance(returned, tuple) else (returned,)
    return as_tensors if record else tuple(None if t is None else t.array for t in as_tensors)


def _whole(node: Node, slots: Any, record: bool) -> Any:
    """The cotangents of all results; where none arrived zeros, or None for a Function that asked for that."""
    assert node.op is not None
    if not node.op.materialize:
        return tuple(slots)
    full = [
        np.zeros(shape, dtype) if c is None else c
        for c, shape, dtype in zip(slots, node.shape, node.dtype, strict=True)
    ]
    return tuple([c if isinstance(c, Tensor) else wrap(c) for c in full]) if record else tuple(full)


def _references_of_a_sole_array() -> tuple[int, int]:
    """How often an array is referred to that only ``add_to_grad`` and its caller hold, and one whose view they hold."""

    def callee(g: Any) -> tuple[int, int]:
        owner = g.base
        return sys.getrefcount(g), sys.getrefcount(owner)

    g = np.empty(1).reshape(1, 1)
    return callee(g)


_SOLE, _SOLE_OWNER = _references_of_a_sole_array()


def add_to_grad(leaf: Leaf, g: Any, record: bool) -> None:
    """Add a finished cotangent to a leaf's ``.grad``; an array that nobody else holds becomes it."""
    grad = leaf.grad
    if grad is None:
        if record:
            leaf.grad = g
        else:
            sole = type(g) is ndarray and sys.getrefcount(g) <= _SOLE and g.flags.carray
            if sole and g.base is not None:  # all of an array that nobody else sees, in another shape
                owner = g.base
                sole = type(owner) is ndarray and owner.size == g.size and sys.getrefcount(owner) <= _SOLE_OWNER
            leaf.grad = wrap(g if sole else np.array(g, leaf.dtype, order="C"))
    elif record or grad.node is not None:
        leaf.grad = grad + (g if isinstance(g, Tensor) else wrap(g))
    else:
        grad.array += g
        stamp(grad.array, "accumulation into .grad")
    notes = leaf.notes
    if notes is not None and notes.after:
        variable = leaf.variable
        for hook in list(notes.after.values()):
            hook(variable)


# --- the public forms ----------------------------------------------------------------------------------------------


def _node_of(output: Any, what: str) -> Node:
    if not isinstance(output, Tensor):
        raise TypeError(f"{what} must be Tensors, not {type(output).__name__}")
    node = current(output)
    if node is None:
        raise RuntimeError(
            f"element 0 of tensors does not require grad and does not have a grad_fn: among the {what} the one of shape "
            f"{list(output.array.shape)} and dtype {output.dtype} was not computed from any tensor with "
            "requires_grad=True (or it was under no_grad, or after detach())"
        )
    return node


def _starts(outputs: Sequence[Tensor], gradients: Sequence[Any], record: bool) -> list[Any]:
    """The cotangents to begin with: those given, checked, or a one for a scalar."""
    if len(gradients) != len(outputs):
        raise RuntimeError(
            f"got {len(outputs)} tensors and {len(gradients)} gradients; give one gradient for each tensor"
        )
    starts = []
    for output, gradient in zip(outputs, gradients, strict=True):
        array = output.array
        if gradient is None:
            if array.size != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs: this one has shape "
                    f"{list(array.shape)}. Reduce it first (.sum() or .mean()), or pass gradient= of that shape"
                )
            if array.dtype.kind == "c":
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {output.dtype}. Pass gradient="
                )
            start: Any = np.ones(array.shape, array.dtype) if array.shape else np.array(1, array.dtype)
            starts.append(wrap(start) if record else start)
            continue
        if not isinstance(gradient, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        if gradient.array.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: the gradient has shape {list(gradient.array.shape)} and the output has shape "
                f"{list(array.shape)}. They must be the same"
            )
        if (gradient.array.dtype.kind == "c") != (array.dtype.kind == "c"):
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: the gradient is {gradient.dtype} and the output is {output.dtype}"
            )
        starts.append(gradient if record else gradient.array)
    return starts


def _listed(value: Any) -> list[Any]:
    """One Tensor or several, as a list."""
    if isinstance(value, Tensor) or value is None:
        return [value]
    if not isinstance(value, Iterable):
        raise TypeError(f"expected a Tensor or a sequence of Tensors, got {type(value).__name__}")
    return list(value)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of ``tensors`` to the ``.grad`` of the leaves they were computed from.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError("give grad_tensors or grad_variables (its old name), not both")
        grad_tensors = grad_variables
    outputs = _listed(tensors)
    if inputs is not None and not isinstance(inputs, Tensor) and len(list(inputs)) == 0:
        raise RuntimeError("'inputs' argument to backward cannot be empty.")
    nodes = [_node_of(output, "tensors") for output in outputs]
    starts = _starts(outputs, [None] * len(outputs) if grad_tensors is None else _listed(grad_tensors), create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    wanted = None
    if inputs is not None:
        wanted = [_node_of(t, "inputs") for t in _listed(inputs)]
        for t, node in zip(_listed(inputs), wanted, strict=True):
            if type(node) is not Leaf:
                t.retain_grad()
    run = reverse if mode.now.recorder is None else mode.now.recorder.reverse
    with _Pass(create_graph):
        run(nodes, starts, keep=keep, record=create_graph, wanted=wanted)


class _Mapping(threading.local):
    depth = 0  # how many vmaps run in this thread


mapping = _Mapping()


class _Pass:
    """Grad mode as asked for, and NumPy's warnings off: one ``with`` block instead of two, which took 2 us longer."""

    __slots__ = ("before", "formulas", "now", "quiet", "record")

    def __init__(self, record: bool) -> None:
        self.record = record

    def __enter__(self) -> None:
        self.now = mode.now
        self.before, self.formulas = self.now.enabled, self.now.formulas
        self.now.enabled = self.now.formulas = self.record
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.quiet.__exit__(*error)
        self.now.enabled, self.now.formulas = self.before, self.formulas
        if self.now.afterwards:
            waiting, self.now.afterwards = self.now.afterwards, []
            if error[0] is None:
                for call in waiting:
                    call()


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``, as a tuple; nothing is accumulated.

    Args:
        grad_outputs: the cotangents of the outputs; may be left out for scalars.
        retain_graph: keep the graph for another pass (default: the value of ``create_graph``).
        create_graph: make the gradients differentiable.
        allow_unused: give None for an input that no output depends on, instead of an error.
        is_grads_batched: ``grad_outputs`` have a first dimension more; so have the results.
        materialize_grads: zeros instead of None; implies ``allow_unused``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    >>> import autograd
    >>> x = autograd.tensor(3.0, requires_grad=True)
    >>> (first,) = grad(x ** 3, x, create_graph=True)
    >>> first.item(), grad(first, x)[0].item()
    (27.0, 18.0)
    """
    if not only_inputs:
        raise ValueError("only_inputs=False is no longer supported; use backward() to accumulate into other leaves")
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True")
    outs, ins = _listed(outputs), _listed(inputs)
    for t in ins:
        if not isinstance(t, Tensor):
            raise TypeError(f"inputs must be Tensors, not {type(t).__name__}")
        if not t.requires_grad:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: the input of shape {list(t.shape)} and dtype "
                f"{t.dtype}. Call requires_grad_() on it before computing the outputs"
            )
    if is_grads_batched:
        return _batch(outs, ins, _listed(grad_outputs), retain_graph, create_graph, allow_unused, materialize_grads)
    nodes = [_node_of(output, "outputs") for output in outs]
    starts = _starts(outs, [None] * len(outs) if grad_outputs is None else _listed(grad_outputs), create_graph)
    # vmap calls its function once for each example, and all of these may pass one graph
    keep = (create_graph or mapping.depth > 0) if retain_graph is None else retain_graph
    wanted = [_node_of(t, "inputs") for t in ins]
    if mode.now.recorder is not None:
        mode.now.recorder.refuse("grad() is called")
    with _Pass(create_graph):
        found = reverse(nodes, starts, keep=keep, record=create_graph, wanted=wanted, accumulate=False)
    results: list[Any] = []
    for t, node in zip(ins, wanted, strict=True):
        g = found.get(node)
        if g is None and materialize_grads:
            g = np.zeros(t.array.shape, t.array.dtype)
        elif g is None and not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph: the input of shape "
                f"{list(t.shape)} does not lead to any of the outputs. Set allow_unused=True if this is the desired behavior."
            )
        results.append(g if g is None or isinstance(g, Tensor) else wrap(_owned(g, t)))
    return tuple(results)


def _batch(
    outs: list[Any], ins: list[Any], cotangents: list[Any], retain_graph: bool | None, *options: Any
) -> tuple[Any, ...]:
    """The gradients for each row of the cotangents, stacked."""
    from .ops.joining import stack

    create_graph, allow_unused, materialize = options
    keep = True if retain_graph is None else retain_graph
    n = len(next(g for g in cotangents if g is not None))
    rows = [
        grad(outs, ins, [None if g is None else g[i] for g in cotangents], keep or i < n - 1, create_graph,
             allow_unused=allow_unused, materialize_grads=materialize)
        for i in range(n)
    ]  # fmt: skip
    return tuple(None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True))


def _owned(g: Any, t: Tensor) -> Any:
    """An ordinary array that the caller may write to."""
    g = np.asarray(g, t.array.dtype)
    return g if g.flags.writeable and g.base is None else g.copy()
