"""Dual numbers: tensors that carry a tangent along, for derivatives by forward mode.

    with dual_level():
        x = make_dual(primal, tangent)
        y = f(x)
        value, derivative = unpack_dual(y)

A dual tensor's use is recorded, and ``unpack_dual`` pushes the tangents through what was recorded.

Source: https://docs.pytorch.org/docs/stable/autograd.html#forward-mode-automatic-differentiation
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from . import forward_pass
from .graph import enable_grad, mode
from .tensor import Tensor
from .views import current

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """The two parts of a dual tensor; ``tangent`` is None if there is none."""

    primal: Tensor
    tangent: Tensor | None


class _Level:
    """The dual tensors of one ``dual_level`` block."""

    def __init__(self, before: bool) -> None:
        self.before = before
        self.duals: list[tuple[Tensor, Tensor]] = []
        self.outer = False  # whether some primal was in a graph of the caller's


class _Levels(threading.local):
    def __init__(self) -> None:
        self.stack: list[_Level] = []


_levels = _Levels()


def enter_dual_level() -> int:
    """Begin a level of forward mode; returns its number. Prefer the context manager ``dual_level``."""
    _levels.stack.append(_Level(mode.now.enabled))
    mode.now.enabled = True
    return len(_levels.stack) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """End the innermost level."""
    if not _levels.stack:
        raise RuntimeError("Trying to exit a forward AD level but no level is currently active.")
    if level is not None and level != len(_levels.stack) - 1:
        raise RuntimeError(
            f"Trying to exit level {level}, but the innermost is {len(_levels.stack) - 1}: they end in reverse order"
        )
    mode.now.enabled = _levels.stack.pop().before


class dual_level:
    """The block in which dual tensors live.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.dual_level.html

    >>> import autograd
    >>> with dual_level():
    ...     x = make_dual(autograd.tensor(3.0), autograd.tensor(1.0))
    ...     unpack_dual(x * x).tangent
    tensor(6.)
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def _level(what: str) -> _Level:
    if not _levels.stack:
        raise RuntimeError(
            f"Trying to {what} but no level exists. Make sure to enter_dual_level() first: with dual_level(): ..."
        )
    return _levels.stack[-1]


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """``tensor`` with ``tangent`` attached; what is computed from it has a tangent too.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.make_dual.html

    >>> import autograd
    >>> with dual_level():
    ...     unpack_dual(make_dual(autograd.tensor([2.0]), autograd.tensor([1.0])).exp())
    UnpackedDualTensor(primal=tensor([7.3891]), tangent=tensor([7.3891]))
    """
    from .func import track

    here = _level("create a dual Tensor for forward AD")
    if tensor.array.shape != tangent.array.shape:
        raise RuntimeError(
            f"Expected tangent to have the primal's shape {list(tensor.shape)}, got {list(tangent.shape)}"
        )
    if tensor.array.dtype != tangent.array.dtype:
        raise RuntimeError(f"Expected tangent to have the primal's dtype {tensor.dtype}, got {tangent.dtype}")
    here.outer = here.outer or current(tensor) is not None
    dual = track(tensor)
    here.duals.append((dual, tangent))
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a tensor computed from dual ones.

    >>> import autograd
    >>> with dual_level():
    ...     y = make_dual(autograd.tensor(3.0), autograd.tensor(1.0)) ** 2
    ...     unpack_dual(y).tangent
    tensor(6.)
    """
    if not _levels.stack:
        return UnpackedDualTensor(tensor, None)
    here = _levels.stack[-1]
    if current(tensor) is None or not here.duals:
        return UnpackedDualTensor(tensor, None)
    for dual, given in here.duals:
        if dual is tensor:
            return UnpackedDualTensor(tensor, given)
    differentiable = here.outer or any(t.requires_grad for _, t in here.duals)
    with enable_grad():
        mode.now.enabled = differentiable
        (tangent,) = forward_pass.forward([tensor], [d for d, _ in here.duals], [t for _, t in here.duals])
    if differentiable:
        return UnpackedDualTensor(tensor, tangent)
    return UnpackedDualTensor(tensor.detach(), None if tangent is None else tangent.detach())


def _is_fwd_grad_enabled() -> Any:
    return True
