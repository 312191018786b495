"""LRScheduler, the base class of all learning rate schedules."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

from autograd.tensor import Tensor

from .optimizer import Optimizer
from .rule import number

__all__ = ["LRScheduler"]

EPOCH_DEPRECATION = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
    "Please use `scheduler.step()` to step the scheduler."
)


def put(group: dict[str, Any], key: str, value: Any) -> None:
    """Set a hyperparameter; one that is a Tensor keeps being that Tensor."""
    if isinstance(group[key], Tensor):
        group[key].array[...] = number(value)
    else:
        group[key] = value


def values(optimizer: Optimizer, key: str) -> list[Any]:
    return [v.detach().clone() if isinstance(v := group[key], Tensor) else v for group in optimizer.param_groups]


def each(optimizer: Optimizer, name: str, given: Any) -> list[Any]:
    """One value for each parameter group."""
    count = len(optimizer.param_groups)
    if isinstance(given, (list, tuple)):
        if len(given) != count:
            raise ValueError(f"{name} must have the same length as optimizer.param_groups: {len(given)} and {count}")
        return list(given)
    return [given] * count


class LRScheduler:
    """Base class: define ``get_lr``, which gives the rate of each parameter group at ``self.last_epoch``.

    Args:
        optimizer: whose parameter groups' ``lr`` is set.
        last_epoch: where to continue; -1 begins, and remembers each ``lr`` as ``initial_lr``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LRScheduler.html

    >>> import autograd, optim
    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [base / 2**self.last_epoch for base in self.base_lrs]
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule = Halving(sgd)
    >>> sgd.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                lr = group["lr"]
                group.setdefault("initial_lr", lr.detach().clone() if isinstance(lr, Tensor) else lr)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0. Load the optimizer's state first, or begin with last_epoch=-1"
                )
        self.base_lrs: list[Any] = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave, here or in PyTorch."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The latest rate of each parameter group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rate of each parameter group at ``self.last_epoch``."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr")

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def step(self, epoch: Any = None) -> None:
        """Set the rates of the next epoch; call it after the optimizer's step."""
        if self._step_count == 1 and not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: "
                "otherwise the first value of the learning rate schedule is skipped.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: Any = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        try:
            closed = getattr(self, "_get_closed_form_lr", None) if epoch is not None else None
            self._set(self.get_lr() if closed is None else closed())
        finally:
            self._get_lr_called_within_step = False

    def _set(self, rates: Sequence[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            put(group, "lr", lr)
        self._last_lr = values(self.optimizer, "lr")


class _LRScheduler(LRScheduler):
    """LRScheduler, by its old name."""


def _watch(optimizer: Any) -> None:
    """Let the optimizer remember that it has made a step."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    step, who = type(optimizer).step, weakref.ref(optimizer)

    @functools.wraps(step)
    def noticed(*args: Any, **kwargs: Any) -> Any:
        alive: Any = who()
        alive._opt_called = True
        return step(alive, *args, **kwargs)

    noticed._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = noticed
