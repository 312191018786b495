"""``functorch``: what ``func`` was before it moved into PyTorch, with modules as functions of their parameters.

Source: https://docs.pytorch.org/docs/stable/func.migrating.html
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from .func import (
    functional_call,
    functionalize,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    stack_module_state,
    vjp,
    vmap,
)
from .tensor import Tensor

__all__ = [
    "FunctionalModule", "FunctionalModuleWithBuffers", "combine_state_for_ensemble", "functionalize", "grad",
    "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "make_functional", "make_functional_with_buffers", "vjp", "vmap",
]  # fmt: skip


class FunctionalModuleWithBuffers:
    """A module as a function of its parameters, its buffers and its input."""

    def __init__(self, model: Any) -> None:
        self.stateless_model = copy.deepcopy(model)
        self.param_names = [name for name, _ in model.named_parameters()]
        self.buffer_names = [name for name, _ in model.named_buffers()]

    def __call__(self, params: Sequence[Tensor], buffers: Sequence[Tensor], *args: Any, **kwargs: Any) -> Any:
        state = dict(zip([*self.param_names, *self.buffer_names], [*params, *buffers], strict=True))
        return functional_call(self.stateless_model, state, args, kwargs)

    def __repr__(self) -> str:
        inner = repr(self.stateless_model).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  (stateless_model): {inner}\n)"

    def train(self, mode: bool = True) -> Any:
        """Put the module in training mode."""
        self.stateless_model.train(mode)
        return self

    def eval(self) -> Any:
        """Put the module in evaluation mode."""
        return self.train(False)


class FunctionalModule(FunctionalModuleWithBuffers):
    """A module without buffers as a function of its parameters and its input."""

    def __call__(self, params: Sequence[Tensor], *args: Any, **kwargs: Any) -> Any:
        return super().__call__(params, (), *args, **kwargs)


def make_functional_with_buffers(
    model: Any, disable_autograd_tracking: bool = False
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The module as a function, its parameters and its buffers.

    Args:
        disable_autograd_tracking: the parameters come without ``requires_grad``.

    >>> import autograd, nn
    >>> function, params, buffers = make_functional_with_buffers(nn.BatchNorm1d(2))
    >>> function(params, buffers, autograd.zeros(3, 2)).shape
    torch.Size([3, 2])
    """
    made = FunctionalModuleWithBuffers(model)
    return made, _copies(model.parameters(), disable_autograd_tracking), _copies(model.buffers(), True)


def _copies(tensors: Any, constant: bool) -> tuple[Tensor, ...]:
    return tuple([t.detach().clone().requires_grad_(t.requires_grad and not constant) for t in tensors])


def make_functional(model: Any, disable_autograd_tracking: bool = False) -> tuple[Any, tuple[Any, ...]]:
    """The module as a function, and its parameters. Raises RuntimeError if it has buffers.

    >>> import autograd, nn
    >>> function, params = make_functional(nn.Linear(2, 1))
    >>> [g.shape for g in grad(lambda params: function(params, autograd.ones(3, 2)).sum())(params)]
    [torch.Size([1, 2]), torch.Size([1])]
    """
    if any(True for _ in model.buffers()):
        raise RuntimeError(
            "make_functional(model): `model` has buffers. Please use make_functional_with_buffers(model) instead."
        )
    return FunctionalModule(model), _copies(model.parameters(), disable_autograd_tracking)


def combine_state_for_ensemble(models: Sequence[Any]) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Models of one architecture as one function, with their parameters and buffers stacked: for ``vmap``.

    Raises RuntimeError if there are none, or they differ in class or mode.

    >>> import autograd, nn
    >>> function, params, buffers = combine_state_for_ensemble([nn.Linear(2, 1) for _ in range(3)])
    >>> vmap(function, in_dims=(0, 0, None))(params, buffers, autograd.ones(4, 2)).shape
    torch.Size([3, 4, 1])
    """
    models = list(models)
    if not models:
        raise RuntimeError("combine_state_for_ensemble: Expected at least one model, got 0.")
    params, buffers = stack_module_state(models)
    return FunctionalModuleWithBuffers(models[0]), _copies(params.values(), True), tuple(buffers.values())
