"""Operations of the user's own, under a name: ``torch.library.custom_op``, and ``torch.ops.namespace.name``.

Such an operation is a Python function, opaque to the engine: it runs unrecorded, on tensors without a history. Its
gradient is a second function, given to ``register_autograd``.

Source: https://docs.pytorch.org/docs/stable/library.html
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from .function import Function
from .graph import mode, no_grad
from .saving import increment_version
from .schema import infer_schema, read_schema
from .tensor import Tensor
from .utils._pytree import tree_flatten, tree_leaves, tree_unflatten

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "get_kernel", "impl", "impl_abstract", "infer_schema",
    "register_autograd", "register_fake", "register_kernel", "register_vmap",
]  # fmt: skip

_OPERATIONS: dict[str, CustomOpDef] = {}


class CustomOpDef:
    """A function as an operation; ``custom_op`` and ``define`` make it."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        mutates: Iterable[str],
        signature: inspect.Signature | None = None,
    ) -> None:
        self._qualname, self._function = name, function
        self._signature = signature or inspect.signature(function)
        self._mutates = tuple(self._signature.parameters) if mutates == "unknown" else tuple(mutates)
        self._backward: Callable[..., Any] | None = None
        self._setup: Callable[..., Any] | None = None
        self._recorded = _recorded(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise RuntimeError(f"{self._qualname}(): {error}. It takes {self._signature}") from None
        bound.apply_defaults()
        if self._mutates:
            return self._write(bound)
        leaves, spec = tree_flatten(bound.args)
        call = _Call(bound.kwargs, spec)
        made = self._recorded.apply(call, *leaves)
        return tree_unflatten(made, call.results)

    def _write(self, bound: inspect.BoundArguments) -> Any:
        written = [t for name in self._mutates for t in tree_leaves(bound.arguments[name]) if isinstance(t, Tensor)]
        if mode.now.enabled and any(t.requires_grad for t in tree_leaves(bound.args) if isinstance(t, Tensor)):
            raise RuntimeError(
                f"{self._qualname} writes to its arguments and has no gradient, but one of them requires grad. Call it "
                "under no_grad, or on detached tensors"
            )
        with no_grad():
            made = self._function(*bound.args, **bound.kwargs)
        increment_version(written)
        return made

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """``backward(ctx, *grads)`` returns a gradient (or None) for each argument.

        ``setup_context(ctx, inputs, output)`` saves what it needs; where the function has arguments that are given by
        keyword only, it is ``setup_context(ctx, inputs, keyword_only_inputs, output)``.
        """
        self._backward, self._setup = backward, setup_context

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """What gives the result's shape where nothing is computed; nothing here asks for it."""
        return fn

    def register_vmap(self, func: Callable[..., Any] | None = None) -> Any:
        """A rule for batches; ``func.vmap`` calls the function for each example here and needs none."""
        return func if func is not None else lambda f: f

    def register_kernel(self, device_types: Any, fn: Callable[..., Any] | None = None, /) -> Any:
        """Another function for some devices; the one for the CPU is taken."""

        def registered(kernel: Callable[..., Any]) -> Callable[..., Any]:
            if device_types is None or "cpu" in ([device_types] if isinstance(device_types, str) else device_types):
                self._function = kernel
            return kernel

        return registered if fn is None else registered(fn)

    @property
    def default(self) -> CustomOpDef:
        """The one form that the operation has."""
        return self

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"


class _Call:
    """One call: its arguments by keyword, the nest of the others, and the nest of its results."""

    def __init__(self, keywords: dict[str, Any], arguments: Any) -> None:
        self.keywords, self.arguments = keywords, arguments
        self.results: Any = None


def _recorded(op: CustomOpDef) -> Any:
    """The Function of an operation: of the leaves of its nests of arguments, with the leaves of its results."""

    class Generated(Function):
        @staticmethod
        def forward(call: _Call, *leaves: Any) -> Any:
            plain = [leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves]
            made, call.results = tree_flatten(op._function(*tree_unflatten(plain, call.arguments), **call.keywords))
            return tuple(made)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            ctx._call, *leaves = inputs
            ctx.needs_input_grad = tree_unflatten(ctx.needs_input_grad[1:], ctx._call.arguments)
            if op._setup is not None:
                named = {"keyword_only_inputs": ctx._call.keywords} if ctx._call.keywords else {}
                made = tree_unflatten(output, ctx._call.results)
                op._setup(ctx=ctx, inputs=tree_unflatten(leaves, ctx._call.arguments), output=made, **named)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            if op._backward is None:
                raise RuntimeError(
                    f"Trying to backward through {op._qualname.replace('::', '.')}.default but no autograd formula was registered. "
                    "Please use register_autograd to add one."
                )
            given = tree_unflatten(grads, ctx._call.results)
            found = op._backward(ctx, *(given if ctx._call.results.type is tuple else (given,)))
            single = len(ctx._call.arguments.children_specs) == 1
            found = found if isinstance(found, tuple) or not single else (found,)
            return None, *_by_leaf(found, ctx._call.arguments)

    Generated.__name__ = f"GeneratedBackwardFor_{op._qualname.replace('::', '_')}_default"
    return Generated


def _by_leaf(gradients: Any, spec: Any) -> list[Any]:
    """The gradients of a nest of arguments in the order of its leaves; None stands for those of a whole list."""
    if spec.is_leaf() or gradients is None:
        return [gradients] * spec.num_leaves
    return [leaf for g, child in zip(gradients, spec.children_specs, strict=True) for leaf in _by_leaf(g, child)]


def custom_op(
    name: str,
    fn: Callable[..., Any] | None = None,
    /,
    *,
    mutates_args: str | Iterable[str],
    device_types: Any = None,
    schema: str | None = None,
    tags: Any = None,
) -> Any:
    """Make a function an operation called ``name`` ("namespace::name"); a decorator if ``fn`` is left away.

    ``mutates_args`` names the arguments that it writes to. ``schema`` is read if it is given (``define`` says what it
    looks like); ``tags`` are for PyTorch's compiler. Raises ValueError for a name without a namespace.

    Source: https://docs.pytorch.org/docs/stable/library.html#torch.library.custom_op

    >>> import numpy as np, autograd
    >>> @custom_op("doc::sine", mutates_args=())
    ... def sine(x: autograd.Tensor) -> autograd.Tensor:
    ...     return autograd.from_numpy(np.sin(x.numpy()))
    >>> sine.register_autograd(
    ...     lambda ctx, g: g * ctx.x.cos(), setup_context=lambda ctx, inputs, output: setattr(ctx, "x", inputs[0])
    ... )
    >>> x = autograd.zeros(2, requires_grad=True)
    >>> sine(x).sum().backward(); x.grad, autograd.ops.doc.sine(x.detach())
    (tensor([1., 1.]), tensor([0., 0.]))
    """
    _check_name(name)
    signature = None if schema is None else read_schema(schema)[0]

    def made(function: Callable[..., Any]) -> CustomOpDef:
        _OPERATIONS[name] = CustomOpDef(name, function, mutates_args, signature)
        return _OPERATIONS[name]

    return made if fn is None else made(fn)


def _check_name(name: str) -> None:
    if name.count("::") != 1:
        raise ValueError(f"expected a name of the form 'namespace::name', got {name!r}")


def define(qualname: str, schema: str, *, lib: Any = None, tags: Any = ()) -> None:
    """Declare an operation called ``qualname`` ("namespace::name"); ``impl`` gives the function.

    Raises ValueError for a name without a namespace or a schema that can't be read, RuntimeError if there is one already.

    Source: https://docs.pytorch.org/docs/stable/library.html#torch.library.define

    >>> import autograd
    >>> define("doc::scaled", "(Tensor x, float by=2.0) -> Tensor")
    >>> impl("doc::scaled", "cpu", lambda x, by: x * by)
    >>> autograd.ops.doc.scaled(autograd.ones(2))
    tensor([2., 2.])
    """
    _check_name(qualname)
    signature, written = read_schema(schema)
    if qualname in _OPERATIONS:
        raise RuntimeError(f"{qualname} is defined already: an operation is declared once")

    def without_function(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"Could not run '{qualname}': it has no function yet. Give it one: impl({qualname!r}, 'cpu', ...)"
        )

    _OPERATIONS[qualname] = CustomOpDef(qualname, without_function, written, signature)


def impl(qualname: str, types: Any, func: Callable[..., Any] | None = None, *, lib: Any = None) -> Any:
    """The function of a declared operation; a decorator if ``func`` is left away.

    Args:
        types: the devices it is for, in any case: of those for the CPU (or "CompositeExplicitAutograd", "default") the last counts.

    Source: https://docs.pytorch.org/docs/stable/library.html#torch.library.impl
    """
    op = _of(qualname)

    def given(function: Callable[..., Any]) -> Callable[..., Any]:
        if {"cpu", "default", "compositeexplicitautograd"} & {
            t.lower() for t in ([types] if isinstance(types, str) else types)
        }:
            op._function = function
        return function

    if func is None:
        return given
    given(func)
    return None


class Library:
    """Operations of one namespace, declared ("DEF", "FRAGMENT") or given functions ("IMPL") one by one.

    Source: https://docs.pytorch.org/docs/stable/library.html#torch.library.Library

    >>> import autograd
    >>> library = Library("doclib", "DEF")
    >>> library.define("twice(Tensor x) -> Tensor")
    'twice'
    >>> library.impl("twice", lambda x: x + x, "CPU")
    >>> autograd.ops.doclib.twice(autograd.ones(1))
    tensor([2.])
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("DEF", "FRAGMENT", "IMPL"):
            raise ValueError(f"Library({ns!r}, {kind!r}): kind must be 'DEF', 'FRAGMENT' or 'IMPL'")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Declare ``name(arguments) -> results``; returns the name."""
        name, opening, rest = schema.partition("(")
        define(f"{self.ns}::{name.strip()}", opening + rest)
        return name.strip()

    def impl(self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", *, with_keyset: bool = False) -> None:
        """Give an operation of this namespace its function."""
        name = op_name if isinstance(op_name, str) else op_name._qualname.rpartition("::")[2]
        impl(f"{self.ns}::{name}", dispatch_key or self.dispatch_key or "default", fn)


def get_kernel(op: str | CustomOpDef, dispatch_key: Any = None) -> Callable[..., Any]:
    """The function of an operation."""
    return _of(op)._function


def _of(op: str | CustomOpDef) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    if op not in _OPERATIONS:
        raise RuntimeError(f"there is no operation {op!r}: make it with custom_op({op!r}, ...)")
    return _OPERATIONS[op]


def register_autograd(
    op: str | CustomOpDef,
    backward: Callable[..., Any],
    /,
    *,
    setup_context: Callable[..., Any] | None = None,
    lib: Any = None,
) -> None:
    """``op.register_autograd(backward, setup_context=...)`` of an operation or of its name."""
    _of(op).register_autograd(backward, setup_context=setup_context)


def register_fake(
    op: str | CustomOpDef, func: Callable[..., Any] | None = None, /, *, lib: Any = None, **options: Any
) -> Any:
    """``op.register_fake(func)`` of an operation or of its name; a decorator if ``func`` is left away."""
    made = _of(op)
    return made.register_fake if func is None else made.register_fake(func)


def register_kernel(
    op: str | CustomOpDef, device_types: Any, func: Callable[..., Any] | None = None, /, *, lib: Any = None
) -> Any:
    """``op.register_kernel(device_types, func)`` of an operation or of its name."""
    return _of(op).register_kernel(device_types, func)


def register_vmap(op: str | CustomOpDef, func: Callable[..., Any] | None = None, /, *, lib: Any = None) -> Any:
    """``op.register_vmap(func)`` of an operation or of its name."""
    return _of(op).register_vmap(func)


impl_abstract = register_fake
"""Its older name."""


class _Namespace:
    """``torch.ops.name``: the operations whose names begin so."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> CustomOpDef:
        found = _OPERATIONS.get(f"{self._name}::{name}")
        if found is None:
            raise AttributeError(f"'_OpNamespace' {self._name!r} object has no attribute {name!r}")
        return found


def namespace(name: str) -> _Namespace:
    """The operations of a namespace. Raises AttributeError if there are none."""
    if not any(known.startswith(f"{name}::") for known in _OPERATIONS):
        raise AttributeError(f"module 'autograd.ops' has no attribute {name!r}")
    return _Namespace(name)
