"""Derivatives of a function at given inputs, by its Jacobian or products with it; and ``torch.functional``'s names.

Source: https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import forward_pass, passes
from .graph import enable_grad, mode
from .namespace import resolve
from .ops import FUNCTIONS
from .tensor import Tensor, wrap
from .views import current

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def __getattr__(name: str) -> Any:
    """``torch.functional.einsum`` and its kin are the public functions."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name == "F":  # PyTorch's file imports it so, and some programs take it from there
        return resolve("nn").functional
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _as_tuple(value: Any, what: str) -> tuple[tuple[Tensor, ...], bool]:
    """A tuple of Tensors, and whether it was one already."""
    several = isinstance(value, (tuple, list))
    values = tuple(value) if several else (value,)
    for i, t in enumerate(values):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"The {what} must be either a Tensor or a tuple of Tensors, but value {i} has type {type(t).__name__}"
            )
    return values, several


def _inputs(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Copies to differentiate by: in the caller's graph if the result shall be differentiable, else leaves."""
    from .func import track

    return tuple(track(t) if create_graph else wrap(t.array).requires_grad_() for t in inputs)


def _run(func: Callable[..., Any], inputs: tuple[Tensor, ...], scalar: str = "") -> tuple[tuple[Tensor, ...], bool]:
    outputs, several = _as_tuple(func(*inputs), "outputs of the user-provided function")
    if scalar and (several or outputs[0].array.size != 1):
        raise RuntimeError(
            f"The output of the function given to {scalar} should contain a single element, and is "
            f"{[list(o.shape) for o in outputs]}"
        )
    return outputs, several


def _vector(v: Any, like: tuple[Tensor, ...], what: str) -> tuple[Tensor, ...]:
    """The vector of a product: given, or a one where there is only one element."""
    if v is None:
        if len(like) != 1 or like[0].array.size != 1:
            raise RuntimeError(f"The vector v can only be None if the {what} is a single Tensor with one element")
        return (wrap(np.ones_like(like[0].array)),)
    values, _ = _as_tuple(v, "vector v")
    if len(values) != len(like):
        raise RuntimeError(f"v has invalid length: should be {len(like)} but got {len(values)}.")
    for i, (given, t) in enumerate(zip(values, like, strict=True)):
        if given.array.shape != t.array.shape:
            raise RuntimeError(
                f"Entry {i} in v has invalid size: should be {list(t.shape)} but got {list(given.shape)}."
            )
    return values


def _pulled(
    outputs: Any, inputs: tuple[Tensor, ...], v: Any, create_graph: bool, strict: bool, retain: bool | None = None
) -> list[Tensor]:
    """The gradients of the inputs; zeros where there is no dependence, unless that is an error."""
    live = [(o, g) for o, g in zip(outputs, v, strict=True) if current(o) is not None]
    if strict and len(live) < len(outputs):
        raise RuntimeError(
            "An output of the user-provided function is independent of the inputs. This is not allowed in strict mode."
        )
    found: Any = (None,) * len(inputs)
    if live:
        roots, starts = [o for o, _ in live], [g for _, g in live]
        found = passes.grad(roots, inputs, starts, retain, create_graph, allow_unused=True)
    if strict and any(g is None for g in found):
        i = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(
            f"The output of the user-provided function is independent of input {i}. This is not allowed in strict mode."
        )
    return [wrap(np.zeros_like(t.array)) if g is None else g for g, t in zip(found, inputs, strict=True)]


def _shown(tensors: Any, several: bool, create_graph: bool) -> Any:
    made = tuple(t if create_graph else t.detach() for t in tensors)
    return made if several else made[0]


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``func(*inputs)``, and the product of ``v`` with its Jacobian.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html

    >>> import autograd
    >>> vjp(lambda x: x**2, autograd.tensor([1.0, 3.0]), autograd.tensor([1.0, 10.0]))
    (tensor([1., 9.]), tensor([ 2., 60.]))
    """
    with enable_grad():
        given, several = _as_tuple(inputs, "inputs")
        tracked = _inputs(given, create_graph)
        outputs, many = _run(func, tracked)
        found = _pulled(outputs, tracked, _vector(v, outputs, "output"), create_graph, strict)
    return _shown(outputs, many, create_graph), _shown(found, several, create_graph)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``func(*inputs)``, and the product of its Jacobian with ``v``, by forward mode.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html

    >>> import autograd
    >>> jvp(lambda x: x**2, autograd.tensor([1.0, 3.0]), autograd.tensor([1.0, 0.0]))
    (tensor([1., 9.]), tensor([2., 0.]))
    """
    with enable_grad():
        given, _ = _as_tuple(inputs, "inputs")
        tracked = _inputs(given, create_graph)
        outputs, many = _run(func, tracked)
        tangents = _vector(v, tracked, "input")
        if strict:
            _pulled(outputs, tracked, [wrap(np.zeros_like(o.array)) for o in outputs], True, True)
        before = mode.now.enabled
        mode.now.enabled = create_graph
        try:
            pushed = forward_pass.forward(outputs, tracked, tangents)
        finally:
            mode.now.enabled = before
    found = [wrap(np.zeros_like(o.array)) if t is None else t for o, t in zip(outputs, pushed, strict=True)]
    return _shown(outputs, many, create_graph), _shown(found, many, create_graph)


def jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian: for each output and input a tensor of shape ``output.shape + input.shape``.

    A Tensor for one output and one input, else a tuple (of tuples). ``vectorize`` promises speed in PyTorch and changes
    nothing here; ``strategy`` is "reverse-mode" or "forward-mode".

    >>> import autograd
    >>> jacobian(lambda x: x * x, autograd.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError(f'Expected strategy to be either "forward-mode" or "reverse-mode", got {strategy!r}')
    if strategy == "forward-mode" and create_graph:
        raise NotImplementedError('`create_graph=True` needs strategy="reverse-mode"')
    with enable_grad():
        given, several = _as_tuple(inputs, "inputs")
        tracked = _inputs(given, create_graph)
        outputs, many = _run(func, tracked)
        if strategy == "forward-mode":
            from .func import _basis, _column, _pushed

            table = [
                [_column(o, k, columns, t, False) for k, o in enumerate(outputs)]
                for t, columns in [(t, [_pushed(list(outputs), [t], [u], False) for u in _basis(t)]) for t in tracked]
            ]
            rows: Any = [tuple(table[j][k] for j in range(len(tracked))) for k in range(len(outputs))]
        else:
            rows = [_rows(output, tracked, create_graph, strict) for output in outputs]
    rows = tuple(_shown(row, several, create_graph) for row in rows)
    return rows if many else rows[0]


def _rows(output: Tensor, inputs: tuple[Tensor, ...], create_graph: bool, strict: bool) -> tuple[Tensor, ...]:
    """The Jacobians of one output with respect to each input."""
    from .func import _basis

    grads = [_pulled([output], inputs, [unit], create_graph, strict, retain=True) for unit in _basis(output)]
    if not grads:
        return tuple(wrap(np.zeros(output.array.shape + t.array.shape, t.array.dtype)) for t in inputs)
    stack = FUNCTIONS["stack"]
    return tuple(
        stack(list(column)).reshape(*output.array.shape, *t.array.shape)
        for t, column in zip(inputs, zip(*grads, strict=True), strict=True)
    )


def hessian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The second derivatives of a function with one element: a tensor, or a tuple of tuples for several inputs.

    >>> import autograd
    >>> hessian(lambda x: (x ** 3).sum(), autograd.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _, several = _as_tuple(inputs, "inputs")

    def first(*tracked: Tensor) -> Any:
        outputs, _ = _run(func, tracked, "hessian")
        return tuple(_pulled(outputs, tracked, [wrap(np.ones_like(outputs[0].array))], True, strict))

    found = jacobian(first, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if several else found[0]


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``func(*inputs)`` (one element), and the product of ``v`` with its Hessian.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html

    >>> import autograd
    >>> vhp(lambda x: (x**3).sum(), autograd.tensor([1.0, 2.0]), autograd.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        given, several = _as_tuple(inputs, "inputs")
        tracked = _inputs(given, create_graph)
        outputs, many = _run(func, tracked, "vhp")
        first = _pulled(outputs, tracked, [wrap(np.ones_like(outputs[0].array))], True, strict)
        found = _pulled(first, tracked, _vector(v, tracked, "input"), create_graph, strict)
    return _shown(outputs, many, create_graph), _shown(found, several, create_graph)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """``func(*inputs)`` (one element), and the product of its Hessian with ``v``: the same as ``vhp``, by symmetry.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html

    >>> import autograd
    >>> hvp(lambda x: x[0] ** 2 * x[1], autograd.tensor([1.0, 2.0]), autograd.tensor([1.0, 0.0]))
    (tensor(2.), tensor([4., 2.]))
    """
    return vhp(func, inputs, v, create_graph, strict)
