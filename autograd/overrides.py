"""Arguments that are no tensors of ours but answer for functions: ``torch.overrides``.

A program that writes a function for such arguments asks ``has_torch_function`` and hands the call to their
``__torch_function__``. Functions of this library don't ask: they take its Tensors, and NumPy's protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .tensor import Tensor

__all__ = [
    "TorchFunctionMode",
    "handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic",
    "is_tensor_like",
]  # fmt: skip


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether the type of one of the arguments has a ``__torch_function__`` of its own.

    >>> import autograd
    >>> has_torch_function((autograd.ones(2), None))
    False
    """
    return any(hasattr(type(arg), "__torch_function__") for arg in relevant_args)


def has_torch_function_unary(arg: Any) -> bool:
    """``has_torch_function`` of one argument."""
    return has_torch_function((arg,))


def has_torch_function_variadic(*args: Any) -> bool:
    """``has_torch_function`` of several arguments."""
    return has_torch_function(args)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """What the first ``__torch_function__`` that doesn't decline gives for a call, subclasses asked before their bases.

    Raises TypeError if all of them return NotImplemented.
    Source: https://docs.pytorch.org/docs/stable/torch.overrides.html
    """
    able: list[Any] = []
    for arg in relevant_args:
        kind = type(arg)
        if not hasattr(kind, "__torch_function__") or any(type(other) is kind for other in able):
            continue
        before = (i for i, other in enumerate(able) if issubclass(kind, type(other)))
        able.insert(next(before, len(able)), arg)
    types = tuple([type(arg) for arg in able])
    for arg in able:
        result = arg.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{public_api.__module__}.{public_api.__name__}"
    raise TypeError(f"no implementation found for {name!r} on types that implement __torch_function__: {list(types)}")


def is_tensor_like(inp: Any) -> bool:
    """Whether this is a Tensor or has a ``__torch_function__``."""
    return isinstance(inp, Tensor) or has_torch_function((inp,))


class TorchFunctionMode:
    """The base class of a program's modes: it can be derived from, so that the program imports, but not entered."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """To be overridden."""
        raise NotImplementedError

    def __enter__(self) -> Any:
        raise RuntimeError(
            "a TorchFunctionMode sees every call of a function, and functions here don't ask for one. To see operations, "
            "use autograd.visualize, or hooks of modules and of t.grad_fn"
        )

    def __exit__(self, *exc: object) -> None:
        """Nothing to leave."""
