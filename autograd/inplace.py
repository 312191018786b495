"""In-place writes: how ``x += y``, ``x.relu_()`` and ``x[i] = v`` change memory and history together.

An in-place operation is the out-of-place one, whose result is written over the memory of its first argument. Then the
history moves: the node of a tensor that owns its memory becomes the result's; a write through a *view* gives the base
a node that says which region was replaced by what, and every view of it will derive its node again (see ``views.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .from_data import number_in
from .graph import Leaf, Node, mode, tick
from .layouts import empty_in, preserve_format
from .memory import layout, overlaps_itself, storage_of, strided
from .operation import Op, record
from .ops import shape as shapes
from .ops.indexing import overwrite
from .tensor import Tensor, new, wrap
from .views import UNTRACKED, current, limit_message, stamp

# --- what is refused -----------------------------------------------------------------------------------------------


def check_writable(target: Tensor, value_node: Node | None) -> None:
    """Raise RuntimeError where PyTorch refuses to write: leaves that require grad, and some views."""
    if not mode.now.enabled:
        return
    node, lineage = current(target), target.lineage
    view = lineage is not None and lineage is not UNTRACKED
    base_node = lineage.base.node if view else None  # type: ignore[union-attr]
    if view and lineage.limit is not None and (node is not None or value_node is not None or base_node is not None):  # type: ignore[union-attr]
        raise RuntimeError(limit_message(lineage.limit, "is being modified inplace"))  # type: ignore[union-attr]
    if node is None and value_node is None and base_node is None:
        return
    if type(node) is Leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. Write under no_grad(), or make "
            "a copy first: x = x.clone()"
        )
    if type(base_node) is Leaf:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation. Write under "
            "no_grad(), or take the view of a clone()"
        )
    if view and not lineage.attached():  # type: ignore[union-attr]
        raise RuntimeError(
            "this view's base was given other memory (by set_, resize_ or .data =), so that a write through the view"
            " can't be recorded. clone() the view first"
        )


def check_memory(memory: Any) -> None:
    """Raise RuntimeError if several elements of a tensor are one place in memory (after expand)."""
    if overlaps_itself(memory):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location"
            f" (it was expanded or has overlapping windows: shape {list(memory.shape)}). Please clone() the tensor"
            " before performing the operation."
        )
    if not memory.flags.writeable:
        raise RuntimeError("unsupported operation: the memory of the written-to tensor is read-only. clone() it first")


# --- writing -------------------------------------------------------------------------------------------------------


def write(target: Tensor, index: Any, value: Tensor, by: str) -> Tensor:
    """Write ``value`` into ``target[index]`` (``...`` for all of it), in memory and in history; returns target."""
    value_node = current(value)
    check_writable(target, value_node)
    memory = target.array
    check_memory(memory)
    source = value.array
    if source.dtype.kind == "c" and memory.dtype.kind != "c":
        source = source.real
    node, lineage = current(target), target.lineage
    if source.base is not None or memory.base is not None:
        source = source.copy() if np.may_share_memory(source, memory) else source
    try:
        memory[index] = source
    except ValueError as error:
        raise RuntimeError(
            f"{by}: shape mismatch: value tensor of shape {list(source.shape)} cannot be broadcast to indexing result"
            f" of shape {list(memory[index].shape)}"
        ) from error
    if lineage is UNTRACKED:
        return target
    stamp(memory, by)
    if not mode.now.enabled or (node is None and value_node is None):
        return target
    base, path = (target, ()) if lineage is None else (lineage.base, lineage.path)
    kept: Op = overwrite.op
    base.node = record(
        kept, (base.array, source, index), base.array, (base.node, value_node, None), (path, layout(base.array))
    )
    return target


def assign(target: Tensor, result: Tensor, by: str, since: int = 0) -> Tensor:
    """Finish an in-place operation whose out-of-place ``result`` is known: write it, and move the history.

    ``since`` is a time on the clock before the first of its nodes; without it, the operation is taken to have one.
    """
    memory, made = target.array, result.array
    if made.shape != memory.shape:
        raise RuntimeError(
            f"output with shape {list(memory.shape)} doesn't match the broadcast shape {list(made.shape)}: "
            f"{by} writes in place and can't change the shape"
        )
    if made.dtype is not memory.dtype and not dtypes.can_cast(result.dtype, target.dtype):
        raise RuntimeError(
            f"result type {result.dtype} can't be cast to the desired output type {target.dtype}: {by} writes in place."
            " Use the out-of-place form"
        )
    if result.node is not None:
        _keep_originals(result.node, since or result.node.id, memory)
    tracked = target.lineage is not UNTRACKED
    if (target.lineage is not None and tracked) or (
        result.node is None and target.node is not None and mode.now.enabled
    ):
        return write(target, ..., result, by)
    check_writable(target, result.node)
    check_memory(memory)
    np.copyto(memory, made, casting="unsafe")
    if tracked:
        stamp(memory, by)
        if mode.now.enabled and result.node is not None:
            target.node = result.node if made.dtype == memory.dtype else shapes.cast(result, memory.dtype).node
    return target


def in_place(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The in-place form of a function: computes out of place, then assigns to the first argument."""

    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        since = tick()
        return assign(input, function(input, *args, **kwargs), name, since)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}`` in place; returns the tensor."
    return method


DIRECT = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "truediv": np.divide}
"""What NumPy can do in the memory itself, when nothing is recorded."""


def direct(ufunc: np.ufunc, slow: Callable[..., Any], name: str) -> Callable[..., Any]:
    """``slow``, an in-place method, with a way round it for updates such as ``p.add_(g, alpha=-lr)`` under no_grad."""

    def method(input: Tensor, other: Any, *old: Any, **kwargs: Any) -> Tensor:
        if old:
            return slow(input, other, *old, **kwargs)  # type: ignore[no-any-return]
        memory = input.array
        value = other.array if isinstance(other, Tensor) else other
        alpha = kwargs.get("alpha", 1) if kwargs else 1
        fits = memory.dtype.kind == "f" and (
            type(value) in (int, float) or getattr(value, "dtype", None) is memory.dtype
        )
        if not fits or type(alpha) not in (int, float) or len(kwargs) > ("alpha" in kwargs):
            return slow(input, other, **kwargs)  # type: ignore[no-any-return]
        if mode.now.enabled:
            if current(input) is not None or (isinstance(other, Tensor) and current(other) is not None):
                return slow(input, other, **kwargs)  # type: ignore[no-any-return]
            check_writable(input, None)
        check_memory(memory)
        try:
            ufunc(memory, value if alpha == 1 else value * alpha, out=memory)
        except ValueError:
            return slow(input, other, **kwargs)  # type: ignore[no-any-return] # which says what is wrong
        if input.lineage is not UNTRACKED:
            stamp(memory, name)
        return input

    method.__name__ = method.__qualname__ = name
    method.__doc__ = slow.__doc__
    return method


def _in_memory(value: Any, memory: Any) -> bool:
    """Whether a saved value lies in this memory. NumPy says no for empty arrays; their copies cost nothing."""
    return isinstance(value, np.ndarray) and (not value.size or np.may_share_memory(value, memory))


def _keep_originals(node: Node, since: int, memory: Any) -> None:
    """Give the nodes made after ``since`` copies of what they saved of ``memory``, which is about to be overwritten."""
    stack = [node]
    while stack:
        node = stack.pop()
        if node.id < since:
            continue
        if node.saved and any(_in_memory(v, memory) for v in node.saved):
            node.saved = tuple([v.copy() if _in_memory(v, memory) else v for v in node.saved])
        stack.extend([p for p in node.parents if p is not None])


# --- filling -------------------------------------------------------------------------------------------------------


def copy_(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write ``src`` (a tensor, which broadcasts and is converted, or a number) over this tensor.

    >>> import autograd
    >>> autograd.zeros(2).copy_(autograd.tensor([1, 2])).tolist()
    [1.0, 2.0]
    """
    if isinstance(src, (bool, int, float, complex)):
        return fill_(input, src)
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'src' must be Tensor, not {type(src).__name__}")
    if src.array.ndim > input.array.ndim:
        raise shapes.expand_error(src, input.array.shape)
    try:
        return write(input, ..., src, "copy_")
    except RuntimeError as error:
        if "shape mismatch" in str(error):
            raise shapes.expand_error(src, input.array.shape) from None
        raise


def fill_(input: Tensor, value: Any) -> Tensor:
    """Write ``value``, a number or a 0-d tensor, everywhere."""
    if isinstance(value, Tensor):
        if value.array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
            )
    else:
        value = wrap(number_in(value, input.array.dtype))
    return write(input, ..., value, "fill_")


def zero_(input: Tensor) -> Tensor:
    """Write zeros."""
    return write(input, ..., wrap(np.zeros((), input.array.dtype)), "zero_")


def fill_diagonal_(input: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write ``fill_value`` on the main diagonal; ``wrap`` begins again below it in tall matrices."""
    shape = input.array.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) != 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    n = min(shape)
    rows = np.arange(n)
    if len(shape) == 2 and wrap and shape[0] > shape[1]:
        flat = np.arange(0, shape[0] * shape[1], shape[1] + 1)
        input[flat // shape[1], flat % shape[1]] = fill_value
    else:
        input[(rows,) * len(shape)] = fill_value
    return input


# --- the tensor itself becomes a view ------------------------------------------------------------------------------


def _become(target: Tensor, view: Tensor) -> Tensor:
    """Let ``target`` be what ``view``, a view of it, is: ``x.t_()``. Its other views follow what it was."""
    check_writable(target, None)
    lineage = view.lineage
    if lineage is not None and lineage is not UNTRACKED and lineage.base is target:
        was: Tensor = new(Tensor)
        was.array, was.node, was.lineage = target.array, target.node, None
        lineage.base = was
    target.array, target.node, target.lineage = view.array, view.node, lineage
    return target


def becoming(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The in-place form of a function that returns a view: the tensor becomes that view of itself."""

    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        made = function(input, *args, **kwargs)
        return input if made is input else _become(input, made)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}`` in place: the tensor becomes that view of itself; returns it."
    return method


# --- other memory --------------------------------------------------------------------------------------------------


def resize_(input: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Another shape in the same memory, or in more of it: what is new is not initialised.

    Raises RuntimeError for a tensor that requires grad, and for ``preserve_format``.
    """
    if memory_format is preserve_format:
        raise RuntimeError("Unsupported memory format Preserve: resize_ takes contiguous_format or channels_last")
    if current(input) is not None:
        raise RuntimeError("cannot resize variables that require grad. Use reshape(), or resize a detach()ed clone")
    wanted = shapes.sizes(sizes)
    memory, start = storage_of(input.array)
    n = math.prod(wanted)
    if start + n <= memory.size:
        flat = memory[start : start + n]
    else:
        flat = np.zeros(n, input.array.dtype)
        flat[: memory.size - start] = memory[start:]
    input.array = flat.reshape(wanted)
    if memory_format is not None:
        input.array = strided(flat, wanted, empty_in(wanted, flat.dtype, memory_format).strides)
    return input


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """``resize_`` to the shape of another tensor."""
    return resize_(input, tuple(the_template.array.shape), memory_format=memory_format)


def set_(input: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Tensor:
    """Let this tensor show the memory of ``source`` (a tensor or a storage); without one, nothing."""
    if type(current(input)) is Leaf and mode.now.enabled:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation: set_. Use .data = ..."
        )
    if source is None:
        input.array = np.zeros(0, input.array.dtype)
        return input
    array = source.array if isinstance(source, Tensor) else getattr(source, "array", None)
    if array is None:
        raise TypeError(f"set_() needs a Tensor or a storage, not {type(source).__name__}")
    if array.dtype != input.array.dtype:
        raise RuntimeError(f"Could not set tensor of type {dtypes.of(array.dtype)} to a tensor of type {input.dtype}")
    if size is not None:
        step, size = array.itemsize, shapes.sizes((size,))
        stride = stride if stride is not None else [math.prod(size[i + 1 :]) for i in range(len(size))]
        flat = storage_of(array)[0]
        array = strided(flat, size, tuple([s * step for s in stride]), storage_offset * step)
    input.array = array
    if isinstance(source, Tensor) and size is None:
        input.node, lineage = current(source), source.lineage
        input.lineage = lineage if lineage is None or lineage is UNTRACKED else lineage.copy()
    return input


METHODS = {f.__name__: f for f in (copy_, fill_, zero_, fill_diagonal_, resize_, resize_as_, set_)}
BECOMING = ["as_strided", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze"]
"""Functions whose in-place twin changes the tensor's shape, not its elements."""
