"""The forward pass over a recorded graph: tangents go from arguments to results, in the order of the nodes' ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import dtypes
from .graph import FREED, Node, Part, enable_grad, mode
from .passes import Recorded, between_nodes, fit, freed_error, grad
from .tensor import Tensor, wrap
from .views import check_saved, current, latest

__all__ = ["apply", "forward"]


def forward(outputs: Sequence[Tensor], inputs: Sequence[Tensor], tangents: Sequence[Any]) -> list[Any]:
    """Push the tangents of ``inputs`` forward through the recorded graph to ``outputs``; None where nothing arrives.

    The tangents are Tensors, and so are the results: the pass records itself when grad mode is on.
    """
    known: dict[int, Any] = {}
    wanted: list[Node] = []
    for t, tangent in zip(inputs, tangents, strict=True):
        node = current(t)
        if node is None:
            raise RuntimeError("a tangent was given for an input that does not require grad")
        known[node.id] = tangent
        wanted.append(node)
    ends = [current(output) for output in outputs]
    marked = between_nodes([n for n in ends if n is not None], wanted)
    now = mode.now
    before, now.formulas = now.formulas, True
    try:
        for node in _in_order([n for n in ends if n is not None], marked):
            if node.id in known:
                continue
            value = _push(node, [known.get(p.id) if p is not None else None for p in node.parents])
            if value is not None:
                known[node.id] = value
    finally:
        now.formulas = before
    return [known.get(n.id) if n is not None else None for n in ends]


def _in_order(ends: list[Node], marked: set[int]) -> list[Node]:
    nodes: dict[int, Node] = {}
    stack = [n for n in ends if n.id in marked]
    while stack:
        node = stack.pop()
        if node.id not in nodes:
            nodes[node.id] = node
            stack.extend([p for p in node.parents if p is not None and p.id in marked and p.id not in nodes])
    return [nodes[id] for id in sorted(nodes)]


def _push(node: Node, tangents: list[Any]) -> Any:
    """The tangent of one operation's result from those of its arguments."""
    op = node.op
    if op is None or all(t is None for t in tangents):
        return None
    if type(node) is Part:
        return tangents[0][node.params[0]]
    if node.saved is FREED:
        raise freed_error(node)
    if node.id < latest.time and node.saved:
        check_saved(node)
    if op.push is not None:
        return op.push(node, tangents)
    seen = Recorded(node)
    tangents = [None if t is None else _spread(t, p) for t, p in zip(tangents, node.parents, strict=True)]  # type: ignore[arg-type]
    if op.kind == "elementwise" and op.holomorphic and op.joint is None:
        value = None
        for t, formula in zip(tangents, op.formulas, strict=True):
            if t is not None and formula is not None:
                term = formula(t, seen)
                if term is not None:
                    value = term if value is None else value + term
        return _spread(value, node)
    if op.kind in ("linear", "view") and not op.varargs:
        full = [
            wrap(np.zeros(p.shape, p.dtype)) if t is None and p is not None else t
            for t, p in zip(tangents, node.parents, strict=True)
        ]
        if all(t is not None for t in full):
            return _spread(apply(op, full, node.params), node)
    return _push_by_transposing(op, node, seen, tangents)


def apply(op: Any, arrays: list[Any], params: tuple[Any, ...]) -> Any:
    """Call an operation again with these array arguments and recorded parameters."""
    values: list[Any] = []
    left, rest = iter(arrays), iter(params)
    for name in op.names:
        values.append(next(left) if name in op.arrays else next(rest))
    n = len(op.names) - len(op.keyword_only)
    return op.call(*values[:n], **dict(zip(op.names[n:], values[n:], strict=True)))


def _spread(t: Any, node: Node) -> Any:
    """A tangent broadcast and cast to the shape and dtype of a node's value."""
    if t is None:
        return None
    from .ops.shape import cast, expand

    if t.array.shape != node.shape:
        t = expand(t, node.shape)
    if t.array.dtype != node.dtype:
        t = cast(t, node.dtype)
    return t


def _push_by_transposing(op: Any, node: Node, seen: Any, tangents: list[Any]) -> Any:
    """J t, as the gradient of <J' v, t> with respect to v: the formula is linear in its cotangent."""
    several = op.outputs != 1
    shapes = node.shape if several else (node.shape,)
    kinds = node.dtype if several else (node.dtype,)
    recording = mode.now.enabled
    with enable_grad():
        dummies = [
            wrap(np.zeros(s, d)).requires_grad_() if dtypes.is_float(d) else wrap(np.zeros(s, d))
            for s, d in zip(shapes, kinds, strict=True)
        ]
        v = tuple(dummies) if several else dummies[0]
        if op.joint is not None:
            pulled = list(op.joint(v, seen))
        else:
            pulled = [
                None if t is None or f is None else f(v, seen) for t, f in zip(tangents, op.formulas, strict=True)
            ]
        pairs = [
            (fit(c, p), t)  # type: ignore[arg-type]
            for c, t, p in zip(pulled, tangents, node.parents, strict=True)
            if c is not None and t is not None and isinstance(c, Tensor) and c.requires_grad
        ]
        live = [d for d in dummies if d.requires_grad]
        if not pairs:
            got: Any = [None] * len(live)
        else:
            conjugate = op.holomorphic and any([np.dtype(k).kind == "c" for k in kinds])  # J t, not conj(J) t
            starts = [t.conj() if conjugate else t for _, t in pairs]
            got = grad([c for c, _ in pairs], live, starts, create_graph=recording, allow_unused=True)
            got = [t if t is None or not conjugate else t.conj() for t in got]
    results = []
    it = iter(got)
    for d in dummies:
        value = next(it) if d.requires_grad else None
        results.append(wrap(np.zeros(d.array.shape, d.array.dtype)) if value is None else value)
    return tuple(results) if several else results[0]
