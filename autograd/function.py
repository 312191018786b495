"""Function: an operation whose forward and backward a user writes in Python, on Tensors.

    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x ** 3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x ** 2 * g

Forward runs unrecorded; what it returns gets one node, which calls backward when a cotangent arrives. If that pass is
itself recorded, backward runs on recorded Tensors, so it can be differentiated again.

Source: https://docs.pytorch.org/docs/stable/autograd.html#function
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .graph import FREED, Node, Part, enable_grad, mode, no_grad
from .operation import Operation
from .passes import freed_error
from .sums import sum_to_shape
from .tensor import Tensor, wrap
from .views import UNTRACKED, Lineage, current, stamp

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: saved tensors, marks, and any attributes of the user's."""

    needs_input_grad: tuple[bool, ...] = ()
    """For each argument of forward, whether backward has to return its gradient."""

    def __init__(self) -> None:
        self.materialize_grads = True
        self.dirty_tensors: tuple[Tensor, ...] = ()
        self.non_differentiable: tuple[Tensor, ...] = ()
        self.to_save: tuple[Any, ...] = ()
        self._node: Any = None
        self._places: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or intermediate tensors for backward, which finds them in ``saved_tensors``."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but got {type(t).__name__}: set ctx.name = value"
                )
        self.to_save = tensors

    save_for_forward = save_for_backward

    def mark_dirty(self, *args: Tensor) -> None:
        """Say that forward changed these inputs in place; each must be returned."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say that these outputs have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """False: backward gets None, not zeros, for an output that nothing used."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` kept. Raises RuntimeError once backward has released it."""
        node = None if self._node is None else self._node()
        if node is None:
            return self.to_save
        if node.saved is FREED:
            raise freed_error(node)
        return tuple(self._restored(node, i, place) for i, place in enumerate(self._places))

    def _restored(self, node: Node, i: int, place: Any) -> Any:
        array = node.saved[i]
        if array is None:
            return None
        kind, what = place
        if kind == "output":
            return wrap(array, node if what is None else Part(node.op, (node,), (), (what,), array.shape, array.dtype))
        return wrap(array, what)

    saved_variables = saved_tensors

    def name(self) -> str:
        """The name of the node, such as ``CubeBackward``."""
        return f"{type(self).__name__}"


class _FunctionOp(Operation):
    """The operation of one call, in the form in which the passes know operations."""

    foreign = True

    def __init__(self, cls: type[Function], ctx: FunctionCtx, count: int, tensors: Any, results: Any) -> None:
        self.name = cls.__name__
        self.cls, self.ctx, self.count, self.outputs = cls, ctx, count, len(results)
        self.shown = [isinstance(r, Tensor) for r in results]
        self.positions = [i for i, _ in tensors]
        self.materialize = ctx.materialize_grads
        self.push = self._push if cls.jvp is not Function.jvp else None
        self.kinds: list[tuple[Any, Any]] = [] if self.push is None else [(t.shape, t.array.dtype) for _, t in tensors]

    def joint(self, g: Any, seen: Any) -> tuple[Any, ...]:
        """The cotangents of the tensor arguments, from the user's backward."""
        given = [c if shown else None for c, shown in zip(g if isinstance(g, tuple) else (g,), self.shown, strict=True)]
        recorded = any(isinstance(c, Tensor) for c in given)
        with enable_grad() if recorded else no_grad():
            returned = self.cls.backward(
                self.ctx, *[c if c is None or isinstance(c, Tensor) else wrap(c) for c in given]
            )
        values = returned if isinstance(returned, (tuple, list)) else (returned,)
        who = f"Function {self.name}Backward"
        extra = values[self.count :]
        if len(values) < self.count or any(v is not None for v in extra):
            raise RuntimeError(
                f"{who[0].lower()}{who[1:]} returned an incorrect number of gradients (expected {self.count}, got "
                f"{len(values)})"
            )
        found: list[Any] = []
        for i, parent in zip(self.positions, seen.parents, strict=True):
            value = values[i]
            if value is None or parent is None:
                found.append(None)
                continue
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"{who}: expected a Tensor or None as the gradient at index {i}, got {type(value).__name__}"
                )
            _check_shape(who, i, value.array.shape, parent.shape)
            found.append(value if recorded else value.array)
        return tuple(found)

    def _push(self, node: Node, tangents: list[Any]) -> Any:
        """Forward mode through the user's ``jvp``."""
        given: list[Any] = [None] * self.count
        for i, t, (shape, dtype) in zip(self.positions, tangents, self.kinds, strict=True):
            if t is None and self.materialize and dtypes.is_float(dtype):
                t = wrap(np.zeros(shape, dtype))
            given[i] = t
        kept = dict(vars(self.ctx))  # a jvp may delete what it needed: PyTorch calls it once, this pass can come again
        try:
            return self.cls.jvp(self.ctx, *given)
        finally:
            vars(self.ctx).update(kept)


def _check_shape(who: str, i: int, got: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if got == expected:
        return
    try:
        sum_to_shape(np.broadcast_to(np.int8(0), got), expected)
        fits = np.broadcast_shapes(got, expected) in (got, expected)
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"{who} returned an invalid gradient at index {i} - got {list(got)} but expected shape compatible with "
            f"{list(expected)}"
        )


class FunctionNode(Node):
    """The node of a Function's call: ``out.grad_fn``. It shows what forward put on ``ctx``."""

    __slots__ = ()

    def name(self) -> str:
        assert self.op is not None
        return f"{self.op.name}Backward"

    def __getattr__(self, name: str) -> Any:
        op = object.__getattribute__(self, "op")
        if name.startswith("__") or op is None:
            raise AttributeError(name)
        return getattr(op.ctx, name)


class Function:
    """Base class of operations with a hand-written backward; call them by ``apply``.

    ``forward(ctx, *args)``, or ``forward(*args)`` with ``setup_context(ctx, inputs, output)``; then ``backward(ctx,
    *grads)`` returns a gradient (or None) for each argument. See the module's docstring for an example.

    >>> import autograd
    >>> class Double(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> x = autograd.tensor([3.0], requires_grad=True)
    >>> Double.apply(x).backward(); x.grad
    tensor([2.])
    """

    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{type(self).__name__} should not be instantiated. Methods on autograd functions are all static, so you "
            f"should invoke them on the class itself: {type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Computes the result; every Function defines it."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Saves what backward needs, where forward has no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the arguments from those of the results."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the results from those of the arguments; without it, backward is transposed.

        An argument that has no tangent comes with zeros (None after ``ctx.set_materialize_grads(False)``).
        """
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """A rule for batches. ``func.vmap`` here calls forward for each example, so it needs none."""
        raise NotImplementedError("func.vmap calls forward for each example here and needs no vmap rule")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and record the call."""
        ctx = type(f"{cls.__name__}Backward", (FunctionCtx,), {})()
        split = cls.setup_context is not Function.setup_context
        if split and (kwargs or cls.forward.__defaults__):  # setup_context and backward know of every argument
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        tensors = [(i, a) for i, a in enumerate(args) if isinstance(a, Tensor)]
        parents = tuple(current(a) for _, a in tensors)
        recorded = mode.now.enabled and any(p is not None for p in parents)
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        with no_grad():
            if split:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
        several = isinstance(output, (tuple, list))
        results = tuple(output) if several else (output,)
        for t in ctx.dirty_tensors:
            if not any(t is r for r in results):
                raise RuntimeError(
                    "Some elements marked as dirty during the forward method were not returned as output."
                )
            stamp(t.array, f"{cls.__name__}Backward")
        made = _connect(cls, ctx, len(args), tensors, parents, results, recorded)
        if not several:
            return made[0]
        return type(output)(made) if type(output) in (tuple, list) else tuple(made)


def _connect(
    cls: Any, ctx: Any, count: int, tensors: Any, parents: Any, results: tuple[Any, ...], recorded: bool
) -> list[Any]:
    """The results with their place in the graph."""
    inputs = [t for _, t in tensors]
    if not recorded:
        return [
            wrap(r.array) if any(r is t for t in inputs) and not _among(r, ctx.dirty_tensors) else r for r in results
        ]
    single = len(results) == 1
    op: Any = _FunctionOp(cls, ctx, count, tensors, results)
    if not any(op.shown):
        return list(results)
    plain = [
        not shown or not dtypes.is_float(r.array.dtype) or _among(r, ctx.non_differentiable)
        for r, shown in zip(results, op.shown, strict=True)
    ]
    places: list[Any] = []
    for t in ctx.to_save:
        at = next((i for i, r in enumerate(results) if r is t and t is not None), None)
        if at is not None and (not _among(t, inputs) or _among(t, ctx.dirty_tensors)):
            places.append(("constant", None) if plain[at] else ("output", None if single else at))
        else:
            places.append(("input", None if t is None else current(t)))
    saved = (*[None if t is None else t.array for t in ctx.to_save], None) if ctx.to_save else ()
    arrays = [r.array if shown else _NOTHING for r, shown in zip(results, op.shown, strict=True)]
    shapes = arrays[0].shape if single else tuple([a.shape for a in arrays])
    kinds = arrays[0].dtype if single else tuple([a.dtype for a in arrays])
    node = FunctionNode(op, parents, saved, (), shapes, kinds)
    import weakref

    ctx._node, ctx._places, ctx.to_save = weakref.ref(node), tuple(places), ()
    made = []
    for i, r in enumerate(results):
        if not op.shown[i]:
            made.append(r)
            continue
        own = None if plain[i] else node if single else Part(op, (node,), (), (i,), r.array.shape, r.array.dtype)
        if _among(r, ctx.dirty_tensors):
            made.append(_rewritten(r, own, cls))
        else:
            fresh = wrap(r.array, own)
            if r.lineage is not None and r.lineage is not UNTRACKED:
                base = r.lineage.base
                fresh.lineage = Lineage(base, r.lineage.path, base.node, f"{cls.__name__}Backward")
            made.append(fresh)
    ctx.dirty_tensors = ctx.non_differentiable = ()
    return made


_NOTHING = np.empty(0)
"""Stands for a result that is no tensor: its cotangent is None."""


def _among(t: Any, tensors: Any) -> bool:
    return any(t is other for other in tensors)


def _rewritten(t: Tensor, node: Node | None, cls: Any) -> Tensor:
    """An input that forward wrote over: it comes from this call now."""
    from .graph import Leaf

    if type(current(t)) is Leaf:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    if t.lineage is not None and t.lineage is not UNTRACKED:
        raise RuntimeError(
            f"{cls.__name__} marked a view as dirty: a custom Function can't rewrite the history of the view's base. "
            "Give it the base, or a clone()"
        )
    t.node = node
    return t


class InplaceFunction(Function):
    """``Function``, for classes that derive from PyTorch's of this name; a write into an input is told by ``ctx.mark_dirty``."""


class _Refusal(Operation):
    """The operation that a once-differentiable backward leaves behind: differentiating it again is an error."""

    name = "error"

    def joint(self, g: Any, seen: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a ``backward`` that can't be differentiated; asking for it is then an error, not a wrong number.

    Source: https://docs.pytorch.org/docs/stable/notes/extending.html

    >>> import autograd
    >>> from autograd.function import Function
    >>> class Square(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     @once_differentiable
    ...     def backward(ctx, g):
    ...         return 2 * g * ctx.saved_tensors[0]
    >>> x = autograd.tensor(3.0, requires_grad=True)
    >>> (gradient,) = autograd.autograd.grad(Square.apply(x) ** 2, x, create_graph=True)
    >>> try:
    ...     gradient.backward()
    ... except RuntimeError as error:
    ...     print(error)
    trying to differentiate twice a function that was marked with @once_differentiable
    """

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args)
        given = [a for a in args if isinstance(a, Tensor) and a.requires_grad]
        if not mode.now.enabled or not given:
            return outputs
        parents = tuple(current(a) for a in given)
        op: Any = _Refusal()

        def refuse(t: Any) -> Any:
            return (
                wrap(t.array, Node(op, parents, (), (), t.array.shape, t.array.dtype)) if isinstance(t, Tensor) else t
            )

        return tuple(map(refuse, outputs)) if isinstance(outputs, tuple) else refuse(outputs)

    return wrapper
