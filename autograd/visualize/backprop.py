"""The reverse pass, one node at a time and with nothing thrown away: what the pictures show of backward.

``passes.reverse`` is the fast one that trains; this one yields each step so that it can be looked at. It calls the
same formulas, runs no hooks, accumulates nothing and releases nothing, so looking does not change what is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..graph import FREED, Node, Part
from ..passes import _whole, fit, freed_error
from ..views import check_saved

__all__ = ["Step", "steps"]


class Step:
    """What happens at one node: the cotangent ``g`` that has arrived, and what is ``sent`` to each parent.

    ``sent`` has one entry for each argument: the cotangent, already summed to the parent's shape, or None where
    the argument is a constant.
    """

    __slots__ = ("g", "node", "sent")

    def __init__(self, node: Node, g: Any, sent: tuple[Any, ...]) -> None:
        self.node = node
        self.g = g
        self.sent = sent


def steps(*roots: Node) -> Iterator[Step]:
    """The reverse pass from ``roots``, newest node first; it begins with ones.

    Raises RuntimeError after a node whose saved arrays an earlier backward released, and what a formula raises.
    """
    pending: dict[int, Any] = {}
    waiting: dict[int, Node] = {}
    heap: list[int] = []

    def send_to(parent: Node, c: Any) -> None:
        if parent.id not in waiting:
            waiting[parent.id] = parent
            heappush(heap, -parent.id)
        before = pending.get(parent.id)
        pending[parent.id] = c if before is None else before + c

    for root in roots:
        send_to(root, np.ones(root.shape, root.dtype))
    while heap:
        id = -heappop(heap)
        node, g = waiting.pop(id), pending.pop(id)
        if type(node) is Part:
            sent: tuple[Any, ...] = (g,)
        elif node.op is None:
            sent = ()
        else:
            if node.op.outputs != 1:
                g = _whole(node, g, False)
            try:
                with np.errstate(all="ignore"):
                    sent = send(node, g)
            except Exception:
                yield Step(node, g, ())  # what has arrived is right
                raise
        yield Step(node, g, sent)
        for parent, c in zip(node.parents, sent, strict=False):
            if parent is None or c is None:
                continue
            if type(node) is not Part:
                send_to(parent, c)
                continue
            if parent.id not in waiting:
                waiting[parent.id] = parent
                heappush(heap, -parent.id)
            pending.setdefault(parent.id, [None] * len(parent.shape))[node.params[0]] = c


def send(node: Node, g: Any) -> tuple[Any, ...]:
    """What a node's formulas send to its parents for the cotangent ``g``: one entry an argument."""
    op = node.op
    assert op is not None
    if node.saved is FREED:
        raise freed_error(node)
    if node.saved:
        check_saved(node)
    conjugate = np.dtype(node.dtype).kind == "c" if op.outputs == 1 and op.holomorphic else False
    if conjugate:
        g = g.conj()
    if op.joint is not None:
        found = list(op.joint(g, node))
    else:
        pairs = zip(node.parents, op.formulas, strict=True)
        found = [None if p is None or f is None else f(g, node) for p, f in pairs]
    if conjugate:
        found = [None if c is None else c.conj() for c in found]
    fitted = []
    for c, parent in zip(found, node.parents, strict=True):
        fitted.append(None if c is None or parent is None else fit(np.asarray(c), parent))
    return tuple(fitted)
