"""``Variable``: what tensors with gradients were called before PyTorch 0.4."""

from __future__ import annotations

from typing import Any

from .saving import queue_callback
from .tensor import Tensor

__all__ = ["Variable"]


class _VariableMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """``Variable(t)`` is the tensor itself, detached; ``requires_grad`` may be given.

    >>> import autograd
    >>> Variable(autograd.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
        if data is None:
            from .creation import empty

            data = empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)


class _Engine:
    """What is asked of PyTorch's engine by this name: ``Variable._execution_engine.queue_callback``."""

    queue_callback = staticmethod(queue_callback)


Variable._execution_engine = _Engine()  # type: ignore[attr-defined]
