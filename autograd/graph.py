"""The recorded graph: nodes, the clock that numbers them, and the modes that say whether to record.

A node knows the nodes it came from (its *parents*) and the arrays its derivative needs (*saved*). Nodes hold nodes and
arrays, never Tensors, so the graph has no cycle and reference counting alone frees it. Ids come from one clock that
only goes up: a node's parents always have smaller ids, so decreasing id is a reverse topological order.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from .operation import Op
    from .tensor import Tensor

Function_ = TypeVar("Function_", bound=Callable[..., Any])

tick: Callable[[], int] = itertools.count(1).__next__
"""Read the clock. Nodes and in-place writes share it, so 'was this written after it was saved?' is one comparison."""

watcher: Callable[[Node], None] | None = None
"""Called with every new node while somebody watches (anomaly mode, the visualizer, saved_tensors_hooks)."""


class Freed:
    """What a node has in place of saved arrays once backward has used them."""

    def __repr__(self) -> str:
        return "<freed>"


FREED: Any = Freed()


class Notes:
    """The rare things said about one node: hooks, a retained gradient, where it was made."""

    __slots__ = ("after", "before", "grad", "hooks", "trace", "value")

    def __init__(self) -> None:
        self.hooks: dict[int, Callable[[Any], Any]] | None = None  # on the cotangent of this value
        self.before: dict[int, Callable[[Any], Any]] | None = None  # Node.register_prehook
        self.after: dict[int, Callable[..., Any]] | None = None  # Node.register_hook, post-accumulate hooks of a leaf
        self.grad: Any = None  # None, or [] / [Tensor] once retain_grad was asked for
        self.trace: Any = None  # the source line, while somebody watches
        self.value: Any = None  # the array, while somebody watches


class Node:
    """One recorded operation: where a value came from.

    ``id`` its place in time; ``op`` the operation; ``parents`` the nodes of its array arguments (None for a constant);
    ``saved`` the arrays that the formulas name; ``params`` the other arguments; ``shape`` and ``dtype`` (NumPy's) of its
    value. ``calls``, where it is set, are the module calls that returned this value, outermost first: tuples of a weak
    reference to the module and the times when the call began and ended (nodes with ids between were made inside). A
    recorded reverse pass is noted likewise on the cotangents that it computed, by its name: "grad" or "backward".
    """

    __slots__ = ("__weakref__", "calls", "dtype", "id", "notes", "op", "params", "parents", "saved", "shape")

    calls: tuple[Any, ...]

    def __init__(
        self,
        op: Op | None,
        parents: tuple[Node | None, ...],
        saved: Any,
        params: tuple[Any, ...],
        shape: Any,
        dtype: Any,
    ) -> None:
        self.id = tick()
        self.op = op
        self.parents = parents
        self.saved = saved
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.notes: Notes | None = None
        if watcher is not None:
            watcher(self)

    def name(self) -> str:
        """PyTorch's name of this kind of node, such as ``MulBackward0``."""
        assert self.op is not None
        from .node_names import NAMES

        if self.op.name in NAMES:
            return NAMES[self.op.name](self)
        return "".join(part[:1].upper() + part[1:] for part in self.op.name.split("_")) + "Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that backward goes to from here, each with the number of its output (PyTorch's form)."""
        return tuple(
            (parent.parents[0], parent.params[0]) if type(parent) is Part else (parent, 0) for parent in self.parents
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary of the user's own, as PyTorch's nodes have it."""
        notes = note(self)
        if notes.trace is None:
            notes.trace = {}
        found: dict[str, Any] = notes.trace
        return found

    def register_hook(self, fn: Callable[..., Any]) -> Handle:
        """Call ``fn(grad_inputs, grad_outputs)`` after this node's formulas; it may return new ``grad_inputs``."""
        notes = note(self)
        notes.after = {} if notes.after is None else notes.after
        return Handle(notes.after, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> Handle:
        """Call ``fn(grad_outputs)`` before this node's formulas; it may return new ``grad_outputs``."""
        notes = note(self)
        notes.before = {} if notes.before is None else notes.before
        return Handle(notes.before, fn)

    def __dir__(self) -> list[str]:
        from .saving import saved_names

        return [*(name for name in super().__dir__() if not name.startswith("_saved_")), *saved_names(self)]

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


def show_saved(name: str) -> None:
    """Let nodes show what they saved under PyTorch's name for it: ``_saved_self``, ``_saved_result``, ``_saved_dim`` ...

    Properties, for each name that some operation has: with a ``__getattr__`` every attribute of a node took longer, and
    all of backward a tenth.
    """

    def shown(node: Node) -> Any:
        from .saving import saved_value

        return saved_value(node, name)

    if name not in Node.__dict__:
        setattr(Node, name, property(shown))


class Part(Node):
    """One result of an operation with several: parents[0] is the operation's node, params[0] the number."""

    __slots__ = ()

    def name(self) -> str:
        parent = self.parents[0]
        assert parent is not None
        return parent.name()


class Leaf(Node):
    """Where backward ends: a tensor that the user made and asked a gradient for."""

    __slots__ = ("grad", "variable_ref")

    def __init__(self, tensor: Tensor, shape: Any, dtype: Any) -> None:
        super().__init__(None, (), (), (), shape, dtype)
        self.grad: Tensor | None = None
        self.variable_ref = weakref.ref(tensor)

    @property
    def variable(self) -> Tensor | None:
        """The tensor whose gradient accumulates here, while it lives."""
        return self.variable_ref()

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


class Handle:
    """Takes a hook away again: ``handle.remove()``, or use it as a context manager."""

    numbers = itertools.count()

    def __init__(self, hooks: dict[int, Any], fn: Callable[..., Any]) -> None:
        self.id = next(Handle.numbers)
        self._hooks = hooks
        self._said: tuple[dict[int, bool], ...] = ()
        hooks[self.id] = fn

    def say(self, said: dict[int, bool]) -> None:
        """Note in a dictionary how the hook wants to be called, until it is taken away."""
        said[self.id] = True
        self._said += (said,)

    def remove(self) -> None:
        """Take the hook away; doing so twice does no harm."""
        for found in (self._hooks, *self._said):
            found.pop(self.id, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def note(node: Node) -> Notes:
    """The node's notes, made when first needed."""
    if node.notes is None:
        node.notes = Notes()
    return node.notes


# --- modes ---------------------------------------------------------------------------------------------------------


class _State:
    """The modes of one thread.

    ``quietly(function, *args)`` calls a function of arrays with NumPy's floating point warnings off: ``log(0)`` is -inf
    and no more, as in PyTorch. A context of its own where they are off costs 75 ns a call; ``np.errstate`` costs 800.
    """

    __slots__ = ("afterwards", "enabled", "formulas", "inference", "quietly", "recorder")

    def __init__(self) -> None:
        self.enabled = True  # whether this thread records; every thread starts recording
        self.formulas = False  # whether formulas are called with Tensors: all that they make must be Tensors then
        self.inference = False
        self.recorder: Any = None  # while a step is being compiled in this thread
        self.afterwards: list[Callable[[], None]] = []  # what hooks left to be done when the pass is over
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.quietly: Callable[..., Any] = context.run


class _Mode(threading.local):
    """``mode.now`` are the modes of the thread that asks. Fetching them costs 30 ns: ``lift`` does it once a call."""

    def __init__(self) -> None:
        self.now = _State()


mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return mode.now.enabled


def is_casting() -> bool:
    """Whether this thread is inside ``autocast``: then the operands of a product need not have one dtype."""
    return hasattr(mode.now.quietly, "dtype")


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside ``inference_mode``."""
    return mode.now.inference


class _GradMode:
    """Sets the mode inside a ``with`` block or a decorated function, and puts it back."""

    _value = True
    _inference: bool | None = None

    def __init__(self) -> None:
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((mode.now.enabled, mode.now.inference))
        mode.now.enabled = self._value
        if self._inference is not None:
            mode.now.inference = self._inference

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        mode.now.enabled, mode.now.inference = self._before.pop()

    def _again(self) -> _GradMode:
        return type(self)()

    def __call__(self, function: Function_) -> Function_:
        import inspect

        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def stepping(*args: Any, **kwargs: Any) -> Any:
                generator = function(*args, **kwargs)
                try:
                    with self._again():
                        value = next(generator)
                    while True:
                        try:
                            sent = yield value
                        except BaseException as error:
                            with self._again():
                                value = generator.throw(error)
                        else:
                            with self._again():
                                value = generator.send(sent)
                except StopIteration as stop:
                    return stop.value
                finally:
                    generator.close()

            return stepping  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class _PlainDecorator(_GradMode):
    def __new__(cls, function: Any = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)  # @no_grad without parentheses

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class no_grad(_PlainDecorator):
    """Don't record: a context manager and a decorator.

    >>> import autograd
    >>> x = autograd.ones(2, requires_grad=True)
    >>> with autograd.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    _value = False


class enable_grad(_PlainDecorator):
    """Record again, inside ``no_grad``: a context manager and a decorator."""

    _value = True


class set_grad_enabled(_GradMode):
    """Record or not, from here on; as a context manager, until the block ends."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._value = bool(mode)
        self._before.append((globals()["mode"].now.enabled, globals()["mode"].now.inference))
        globals()["mode"].now.enabled = self._value

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self._value})"

    def __enter__(self) -> None:
        mode.now.enabled = self._value

    def __call__(self, function: Function_) -> Function_:
        mode.now.enabled, mode.now.inference = self._before.pop()  # as a decorator it acts when the function runs
        return super().__call__(function)

    def _again(self) -> _GradMode:
        return set_grad_enabled(self._value)


class inference_mode(_GradMode):
    """Like ``no_grad``; ``is_inference_mode_enabled()`` tells that it is on. ``inference_mode(False)`` records again."""

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if callable(mode):
            made.__init__(True)  # type: ignore[misc]
            return made(mode)
        return made

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._inference = bool(mode)
        self._value = not self._inference

    def _again(self) -> _GradMode:
        return inference_mode(self._inference)


def like(value: Any) -> tuple[Any, np.dtype[Any]]:
    """Shape and NumPy dtype of a node, an array or a Tensor: what ``zeros`` of its kind needs."""
    return tuple(value.shape), np.dtype(value.dtype)


def __getattr__(name: str) -> Any:
    """``autograd.graph.saved_tensors_hooks`` and its kin live in ``saving.py``."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import saving

    try:
        return getattr(saving, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def called_again(function: Function_) -> Function_:
    """Mark a function for its effects, such as an optimizer's step: a compiled step calls it in every run."""

    @functools.wraps(function)
    def marked(*args: Any, **kwargs: Any) -> Any:
        recorder = mode.now.recorder
        return function(*args, **kwargs) if recorder is None else recorder.aside(function, args, kwargs)

    return marked  # type: ignore[return-value]
