"""What happens to the arrays that the graph saves: hooks that pack and unpack them.

Source: https://docs.pytorch.org/docs/stable/autograd.html#hooks-for-saved-tensors
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import graph
from .graph import Handle, Node
from .tensor import Tensor, wrap
from .views import current, stamp

_refusal = threading.local()


class _Packed:
    """Stands in a node for its saved arrays: what the pack hook returned, unpacked when a formula reads it."""

    __slots__ = ("_kept", "_unpack")

    def __init__(self, node: Node, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Tensor]) -> None:
        self._unpack = unpack
        self._kept: list[Any] = [None] * len(node.saved)
        for i in _in_pytorchs_order(node):
            self._kept[i] = self._each(node.saved[i], functools.partial(self._packed, pack, node, i))

    @staticmethod
    def _packed(pack: Callable[[Tensor], Any], node: Node, i: int, array: Any) -> tuple[bool, Any]:
        return True, pack(_as_it_was(node, i, array))

    @staticmethod
    def _each(value: Any, change: Callable[[Any], Any]) -> Any:
        if isinstance(value, tuple):
            return [_Packed._each(v, change) for v in value]
        return change(value) if isinstance(value, np.ndarray) else (False, value)

    def _open(self, kept: Any) -> Any:
        if isinstance(kept, list):
            return tuple([self._open(k) for k in kept])
        packed, value = kept
        if not packed:
            return value
        found = self._unpack(value)
        if not isinstance(found, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got {type(found).__name__}"
            )
        return found.array

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple([self._open(k) for k in self._kept[index]])
        return self._open(self._kept[index])

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Any]:
        return iter(())  # nothing here is memory that a write could reach


class saved_tensors_hooks:
    """Inside the block, what operations save goes through ``pack_hook``, and back through ``unpack_hook`` in backward.

    The pack hook is given the tensors that they were, with ``grad_fn`` and ``requires_grad``.

    >>> import autograd
    >>> x = autograd.tensor([2.0], requires_grad=True)
    >>> def unpack(data):
    ...     return autograd.tensor(np.frombuffer(data, np.float32))
    >>> with saved_tensors_hooks(lambda t: t.detach().numpy().tobytes(), unpack):
    ...     y = x * x
    >>> y.backward(); x.grad
    tensor([4.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> saved_tensors_hooks:
        message = getattr(_refusal, "message", None)
        if message is not None:
            raise RuntimeError(message)
        self._before, thread = graph.watcher, threading.get_ident()
        self._packing = False

        def watch(node: Node) -> None:
            if node.saved and not self._packing and type(node.saved) is not _Packed and threading.get_ident() == thread:
                self._packing = True  # what the hook itself computes is not packed
                try:
                    with graph.no_grad():
                        node.saved = _Packed(node, self.pack_hook, self.unpack_hook)
                finally:
                    self._packing = False
            if self._before is not None:
                self._before(node)

        graph.watcher = watch
        return self

    def __exit__(self, *exc: object) -> None:
        graph.watcher = self._before


class save_on_cpu(saved_tensors_hooks):
    """Keeps saved tensors on the CPU: they are there already, so a copy is all that it makes."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda t: wrap(t.array.copy()), lambda t: t)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside the block, entering ``saved_tensors_hooks`` raises RuntimeError with this message."""
    before = getattr(_refusal, "message", None)
    _refusal.message = error_message
    try:
        yield
    finally:
        _refusal.message = before


class GradientEdge(NamedTuple):
    """A place in the graph: a node and the number of its output."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph that the gradient of ``tensor`` flows to."""
    node = current(tensor)
    if node is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    if isinstance(node, graph.Part):
        assert node.parents[0] is not None
        return GradientEdge(node.parents[0], node.params[0])
    return GradientEdge(node, 0)


def increment_version(tensor: Any) -> None:
    """Say that the memory of these tensors was written by somebody that the engine can't see."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        stamp(t.array, "increment_version")


class _Several:
    """Removes several hooks at once."""

    def __init__(self, handles: list[Handle]) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> _Several:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all") -> _Several:
    """Call ``fn`` in each pass that reaches some of the tensors: once ``all`` gradients are known, or the first (``any``).

    With "all" it gets the sequence of gradients, None for those that the pass does not reach; it is called at the end of a
    pass that does not reach them all.

    Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.register_multi_grad_hook
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode!r}")
    wanted = [t.requires_grad for t in tensors]
    found: dict[int, Tensor] = {}
    this_pass: Any = None  # the list of what is to be done after it: each pass that leaves something has its own

    def finish() -> None:
        got = [found.get(i) for i in range(len(tensors))]
        if found and mode == "all":
            fn(got)
        found.clear()

    def hook_of(i: int) -> Callable[[Tensor], None]:
        def hook(g: Tensor) -> None:
            nonlocal this_pass
            if this_pass is not graph.mode.now.afterwards:
                this_pass = graph.mode.now.afterwards
                found.clear()
                queue_callback(finish)
                if mode == "any":
                    fn(g)
            found[i] = g
            if len(found) == sum(wanted):
                finish()

        return hook

    return _Several([t.register_hook(hook_of(i)) for i, t in enumerate(tensors) if wanted[i]])


def queue_callback(callback: Callable[[], None]) -> None:
    """Call ``callback`` when the pass that this thread is in is over; it is dropped if that fails."""
    graph.mode.now.afterwards.append(callback)


# --- what a node saved, to look at -----------------------------------------------------------------------------------


def _places(node: Node) -> dict[str, tuple[str, int]]:
    """Where in a node each value is that its formulas read: among the saved arrays, or the parameters."""
    op = node.op
    arrays, saves = getattr(op, "arrays", ()), getattr(op, "saves", ())
    if op is None or op.varargs or len(saves) != len(arrays) + 1:
        return {}
    found = {name: ("saved", i) for i, (name, saver) in enumerate(zip((*arrays, "y"), saves, strict=True)) if saver}
    found |= {name: ("params", i) for i, name in enumerate(op.params)}
    return {op.saved_name(name): place for name, place in found.items()}


def saved_names(node: Node) -> list[str]:
    """The names of the attributes that show what a node saved."""
    return list(_places(node))


def saved_value(node: Node, name: str) -> Any:
    """One of them: an array as the Tensor that it was (None if nothing needs it), a parameter as it is.

    Raises AttributeError for another name, RuntimeError once backward has released the arrays.
    """
    if name not in (places := _places(node)):
        raise AttributeError(f"{node.name()} has no attribute {name!r}: it has {', '.join(places) or 'none of these'}")
    where, i = places[name]
    if where == "params":
        return node.params[i] if i < len(node.params) else None
    if node.saved is graph.FREED:
        from .passes import freed_error

        raise freed_error(node)
    value = node.saved[i] if node.saved else None
    if not isinstance(value, np.ndarray):
        return value
    return _as_it_was(node, i, value)


def _as_it_was(node: Node, i: int, value: Any) -> Tensor:
    """The tensor whose array a node saved: the argument of this number, or after the last the result."""
    parent = node.parents[i] if i < len(node.parents) else node
    if isinstance(parent, graph.Leaf) and parent.variable is not None and parent.variable.array is value:
        return parent.variable
    return wrap(value, parent)


def _in_pytorchs_order(node: Node) -> list[int]:
    """The places of what a node saved: PyTorch saves by its own names' alphabet, and the result last."""
    names = {i: name for name, (where, i) in _places(node).items() if where == "saved"}
    return sorted(range(len(node.saved)), key=lambda i: (i >= len(node.parents), names.get(i, ""), i))
