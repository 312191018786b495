"""Memory that several tensors share: stamps on writes, and the lineage of views.

Two things can go wrong when memory is written in place, and both are settled here.

*A formula saved the old value.* Every write leaves a *stamp*, the time by the graph's clock, on the array that owns the
memory. A node older than the stamp saved something that is gone: backward compares the two numbers and refuses.

*Another tensor sees the new value.* A view remembers its *lineage*: the base tensor and the path of view operations
that leads from it. A write through any of them gives the *base* a new node; a view notices that its base has a newer
node than the one it last saw, and derives its own node again along its path, when it is next used.
"""

from __future__ import annotations

import functools
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import Leaf, Node, mode, tick

if TYPE_CHECKING:
    from .tensor import Tensor

# --- stamps --------------------------------------------------------------------------------------------------------


class Write:
    """The latest write to one owner of memory: when, by which operation, from which line, and how many there were."""

    __slots__ = ("by", "count", "line", "owner", "time")

    by: str
    count: int
    line: tuple[str, int]
    owner: weakref.ref[np.ndarray[Any, Any]]
    time: int


_writes: dict[int, Write] = {}
_HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = tuple(os.path.join(_HOUSE, package, "") for package in ("autograd", "nn", "optim"))


class _Latest:
    """The time of the latest write anywhere: a node younger than this has nothing to check."""

    time = 0


latest = _Latest()


def owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array at the end of the chain of bases: the one that owns the memory."""
    base = array.base
    while isinstance(base, np.ndarray):
        array, base = base, base.base
    return array


def stamp(array: np.ndarray[Any, Any], by: str) -> None:
    """Say that the memory of ``array`` has just been written by the operation called ``by``."""
    if mode.now.recorder is not None:
        mode.now.recorder.refuse(f"{by} writes in place")
    stamp_all([write_of(array)], by, _users_line())


def stamp_all(writes: list[Write], by: str, line: tuple[str, int] | None = None) -> None:
    """Say so of the memory of many arrays at once: an optimizer's step writes all its parameters."""
    line = line or _users_line()
    now = latest.time = tick()
    for write in writes:
        write.by = by
        write.line = line
        write.count += 1
        write.time = now


def write_of(array: np.ndarray[Any, Any]) -> Write:
    """The latest write to the memory of ``array``, to be stamped; it stays the same while the memory is there."""
    memory = owner(array)
    key = id(memory)
    write = _writes.get(key)
    if write is None or write.owner() is not memory:
        write = _writes[key] = Write()
        write.owner = weakref.ref(memory, functools.partial(_forget, key))
        write.count = write.time = 0
    return write


def _forget(key: int, ref: Any) -> None:
    write = _writes.get(key)
    if write is not None and write.owner is ref:
        del _writes[key]


def _users_line() -> tuple[str, int]:
    """File and line of the innermost frame outside this library."""
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def last_write(array: np.ndarray[Any, Any]) -> Write | None:
    """The latest write to the memory of ``array``, if there was one."""
    memory = owner(array)
    write = _writes.get(id(memory))
    return write if write is not None and write.owner() is memory else None


_CURES = (
    "Use the out-of-place form there, or write to a clone()",
    "Do all backward passes before the step, or compute the result anew",  # an optimizer's
)


def check_saved(node: Node) -> None:
    """Raise RuntimeError if something that ``node`` saved was written over since."""
    for value in node.saved:
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                write = last_write(array)
                if write is not None and write.time > node.id:
                    file, line = write.line
                    cure = _CURES[write.by.endswith(".step")]
                    raise RuntimeError(
                        "one of the variables needed for gradient computation has been modified by an inplace "
                        f"operation: {node.name()} saved a tensor of shape {list(array.shape)} and dtype {array.dtype} "
                        f"for its derivative, and '{write.by}' at {file}:{line} wrote over it afterwards. {cure}"
                    )


# --- lineage -------------------------------------------------------------------------------------------------------


class Lineage:
    """How a view came from its base: ``path`` is a tuple of (op, params), applied to ``base`` in order.

    ``seen`` is the base's node when this view's node was last derived, ``array`` the base's memory when the view was
    made (``set_`` or ``.data =`` may give the base other memory). ``limit`` says why a write through this view is
    refused while recording: made under no_grad, or one of several views that one call returned.
    """

    __slots__ = ("array", "base", "limit", "path", "seen")

    def __init__(self, base: Tensor, path: tuple[Any, ...], seen: Node | None, limit: str | None = None) -> None:
        self.base = base
        self.path = path
        self.seen = seen
        self.limit = limit
        self.array = base.array

    def copy(self) -> Lineage:
        """The same, for another tensor on the same view."""
        made = Lineage(self.base, self.path, self.seen, self.limit)
        made.array = self.array
        return made

    def attached(self) -> bool:
        """Whether the base still has the memory that this view shows.

        A base that became a view itself (``x.t_()``) hands its views on to the tensor that stands for what it was.
        """
        base = self.base
        while base.lineage is not None and base.lineage is not UNTRACKED:
            base = self.base = base.lineage.base
        return base.array is self.array


class _Untracked:
    """The lineage of ``t.data``: shares memory, and nothing of its writes is recorded or stamped, as in PyTorch."""

    base = None
    limit = None


UNTRACKED: Any = _Untracked()


def current(tensor: Tensor) -> Node | None:
    """The node of ``tensor``, derived again if the base of a view has a newer node than the view has seen."""
    lineage = tensor.lineage
    if lineage is None or lineage is UNTRACKED:
        return tensor.node
    base = lineage.base
    node = base.node
    # only a write gives a base a new node; a leaf or a constant has none of its own
    if (node is lineage.seen and base.lineage is None) or node is None or type(node) is Leaf:
        return tensor.node
    return _derived(tensor, lineage)


def newest(tensor: Tensor) -> Node | None:
    """As ``current``, for those who only look: the old node of a view that may not be used any more."""
    try:
        return current(tensor)
    except RuntimeError:
        return tensor.node


def _derived(tensor: Tensor, lineage: Lineage) -> Node | None:
    if not lineage.attached():
        return tensor.node
    node = lineage.base.node
    if node is lineage.seen or node is None:
        return tensor.node
    if lineage.limit is not None:
        if not mode.now.enabled:
            return tensor.node  # nothing will be recorded
        raise RuntimeError(
            limit_message(lineage.limit, "its base or another view of its base has been modified inplace")
        )
    lineage.seen = node
    array = lineage.base.array
    for op, params in lineage.path:
        array = op.function(array, *params)
        node = Node(op, (node,), (), params, array.shape, array.dtype)
    tensor.node = node
    return node


def limit_message(limit: str, what: str) -> str:
    """Why a write through a view (or through its base) is refused."""
    if limit == "no_grad":
        return (
            f"A view was created in no_grad mode and {what} with grad mode enabled. It is not recorded how the view"
            " came from its base, so gradients would be wrong. Make the view outside of no_grad, write inside it, or"
            " clone() the view"
        )
    return (
        f"Output of {limit} is a view and {what}. This view is the output of a function that returns multiple views."
        " Such functions do not allow the output views to be modified inplace. You should replace the inplace"
        " operation by an out-of-place one, or index the base: x[i] instead of x.unbind()[i]"
    )
