"""In-place writes: how ``x += y``, ``x.relu_()`` and ``x[i] = v`` change memory and history together.

An in-place operation is the out-of-place one, whose result is written over the memory of its first argument. Then the
history moves: the node of a tensor that owns its memory becomes the result's; a write through a *view* gives the base
a node that says which region was replaced by what, and every view of it will derive its node again (see ``views.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .graph import Leaf, Node, mode
from .lift import record
from .memory import layout, overlaps_itself
from .tensor import Tensor
from .views import UNTRACKED, current, stamp


def check_writable(target: Tensor, value_node: Node | None) -> None:
    """Raise RuntimeError where PyTorch refuses to write: leaves that require grad, and some views."""
    if not mode.enabled:
        return
    node, lineage = current(target), target.lineage
    if type(node) is Leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. Write under no_grad(), or make "
            "a copy first: x = x.clone()"
        )
    if lineage is None or lineage is UNTRACKED:
        return
    if type(lineage.base.node) is Leaf:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation. Write under "
            "no_grad(), or take the view of a clone()"
        )
    if lineage.limit is not None and (node is not None or value_node is not None):
        if lineage.limit == "no_grad":
            raise RuntimeError(
                "A view was created in no_grad mode and is being modified inplace with grad mode enabled. This view "
                "would not be tracked. Create it outside of no_grad, or clone() it first"
            )
        raise RuntimeError(
            f"Output of {lineage.limit} is a view and is being modified inplace. This view is the output of a function "
            "that returns multiple views. Such functions do not allow the output views to be modified inplace. You "
            "should replace the inplace operation by an out-of-place one, or index the base instead."
        )


def write(target: Tensor, index: Any, value: Tensor, by: str) -> Tensor:
    """Write ``value`` into ``target[index]`` (``...`` for all of it), in memory and in history; returns target."""
    from .ops.indexing import overwrite

    value_node = current(value)
    check_writable(target, value_node)
    memory = target.array
    check_memory(memory)
    source = value.array
    if source.dtype.kind == "c" and memory.dtype.kind != "c":
        source = source.real
    node, lineage = current(target), target.lineage
    if np.may_share_memory(source, memory):
        source = source.copy()
    try:
        memory[index] = source
    except ValueError as error:
        raise RuntimeError(
            f"{by}: shape mismatch: a value of shape {list(source.shape)} can't be broadcast to the region of shape "
            f"{list(memory[index].shape)} that is written"
        ) from error
    if lineage is UNTRACKED:
        return target
    stamp(memory, by)
    if not mode.enabled or (node is None and value_node is None):
        return target
    op = overwrite.op  # type: ignore[attr-defined]
    if lineage is None:
        base, path = target, ()
    else:
        base, path = lineage.base, lineage.path
    base.node = record(op, (base.array, source, index), base.array, (base.node, value_node, None), (path, layout(base.array)))
    return target


def check_memory(memory: Any) -> None:
    """Raise RuntimeError if several elements of a tensor are one place in memory (after expand)."""
    if overlaps_itself(memory):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location (it "
            f"was expanded or has overlapping windows: shape {list(memory.shape)}). Please clone() the tensor before "
            "performing the operation."
        )
    if not memory.flags.writeable:
        raise RuntimeError("unsupported operation: the memory of the written-to tensor is read-only. clone() it first")


def assign(target: Tensor, result: Tensor, by: str) -> Tensor:
    """Finish an in-place operation whose out-of-place ``result`` is known: write it, and move the history."""
    if result.array.shape != target.array.shape:
        raise RuntimeError(
            f"output with shape {list(target.array.shape)} doesn't match the broadcast shape {list(result.array.shape)}: "
            f"{by} writes in place and can't change the shape"
        )
    if not dtypes.can_cast(result.dtype, target.dtype):
        raise RuntimeError(
            f"result type {result.dtype} can't be cast to the desired output type {target.dtype}: {by} writes in place. "
            f"Use the out-of-place form"
        )
    keep_original(result.node, target.array)
    if target.lineage is not None and target.lineage is not UNTRACKED:
        return write(target, ..., result, by)
    check_writable(target, result.node)
    memory = target.array
    check_memory(memory)
    np.copyto(memory, result.array, casting="unsafe")
    if target.lineage is UNTRACKED:
        return target
    stamp(memory, by)
    if mode.enabled:
        if result.node is not None and result.array.dtype != memory.dtype:
            from .ops.shape import cast

            result = cast(result, memory.dtype)
        if result.node is not None or target.node is not None:
            target.node = result.node
    return target


def keep_original(node: Node | None, memory: Any) -> None:
    """Before ``memory`` is written over: what the write's own node saved of it becomes a copy."""
    if node is not None and node.saved and any([saved is memory for saved in node.saved]):
        node.saved = tuple([memory.copy() if saved is memory else saved for saved in node.saved])


def in_place(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The in-place form of a function: computes out of place, then assigns to the first argument."""

    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if mode.enabled:
            check_writable(input, None)
        return assign(input, function(input, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}`` in place; returns the tensor."
    return method
