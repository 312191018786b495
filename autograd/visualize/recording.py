"""Keeping what a picture needs: while recording, each node remembers its value, its constants and its source line.

Ordinarily a node holds an array only when a formula reads it, and backward lets go of even those. ``recording`` watches
the clock of nodes and takes notes, so that a graph can be drawn in full after the step is over.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

import numpy as np

from .. import graph as engine
from ..graph import Leaf, Node, Part, note

__all__ = ["recording"]

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARY = tuple(os.path.join(folder, "") for folder in (_HERE, os.path.join(os.path.dirname(_HERE), "nn")))


class recording:
    """Note the value, the gradient and the source line of every operation in the block.

    Args:
        values: keep each result (the array itself, not a copy) and the constants that went into it.
        grads: keep the gradient of each result when backward comes by, as ``retain_grad`` does.
        lines: keep the user's line that called the operation.

    A recorded graph holds on to every intermediate array: record the step that you want to see, not the training.

    >>> import autograd
    >>> from autograd.visualize import graph, recording
    >>> x = autograd.tensor(3.0, requires_grad=True)
    >>> with recording():
    ...     y = x * x + 1
    ...     y.backward()
    >>> [(v.name, v.value.text, v.grad.text) for v in graph(y).operations]
    [('mul', '9.0', '1.0'), ('add', '10.0', '1.0')]
    """

    def __init__(self, values: bool = True, grads: bool = True, lines: bool = True) -> None:
        self.values, self.grads, self.lines = values, grads, lines
        self._before: list[Any] = []

    def __enter__(self) -> recording:
        before = engine.watcher
        self._before.append(before)

        def watch(node: Node) -> None:
            if before is not None:
                before(node)
            self._observe(node)

        engine.watcher = watch
        return self

    def __exit__(self, *exc: object) -> None:
        engine.watcher = self._before.pop()

    def _observe(self, node: Node) -> None:
        if type(node) is Leaf or type(node) is Part:
            return
        notes, caller = note(node), _caller_of_init()
        if self.values:
            notes.value = _arrays_of_the_call(caller)
        if self.grads and notes.grad is None and (node.op is None or node.op.outputs == 1):
            notes.grad = []
        if self.lines:
            line = users_line(caller)
            if line is not None:
                node.metadata["line"] = line


def _caller_of_init() -> FrameType:
    """The frame that is making a node."""
    frame: Any = sys._getframe(2)
    while frame.f_code is not Node.__init__.__code__:
        frame = frame.f_back
    made_in: FrameType = frame.f_back
    return made_in


def _arrays_of_the_call(frame: FrameType) -> Kept | None:
    """Result and arguments of the lifted call that is making a node.

    The engine builds a node after it has computed ``y`` and hands over only what the formulas need; whoever wants the
    rest finds it where the call still has it, in its local variables (``lift._unary``, ``_binary``, ``_single``,
    ``_many`` and ``record``).
    """
    names = frame.f_locals
    y = names.get("y")
    if y is None:
        return None
    if "arrays" in names:
        arguments = tuple(names["arrays"])
    else:
        arguments = tuple(names[name] for name in ("a", "b", "x") if name in names)
    return Kept(y, arguments)


class Kept:
    """What a recording keeps of one operation: its result and its array arguments."""

    __slots__ = ("arguments", "result")

    def __init__(self, result: Any, arguments: tuple[Any, ...]) -> None:
        self.result = result
        self.arguments = arguments


def kept(node: Node) -> Kept | None:
    """What a recording kept of this node, if one was on."""
    found = None if node.notes is None else node.notes.value
    if isinstance(found, Kept):
        return found
    return Kept(found, ()) if isinstance(found, np.ndarray) else None


def users_line(frame: FrameType | None) -> tuple[str, int] | None:
    """File and line of the innermost caller outside this library."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_LIBRARY) and not file.startswith("<"):
            return file, frame.f_lineno
        frame = frame.f_back
    return None
