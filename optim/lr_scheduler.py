"""Learning rate schedules, by PyTorch's names. Call ``scheduler.step()`` after ``optimizer.step()``.

Most schedules are a function of the epoch: they define ``factor(epoch)`` or ``value(base_lr, epoch)``, a closed form.

Source: https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
"""

from __future__ import annotations

import math
import types
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .lr_base import LRScheduler, each, put, values
from .lr_base import _LRScheduler as _LRScheduler
from .lr_cycles import CyclicLR, OneCycleLR
from .lr_plateau import ReduceLROnPlateau
from .optimizer import Optimizer

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

# --- factors of the latest rate --------------------------------------------------------------------------------------


class _ByFactor(LRScheduler):
    """Each step multiplies the latest rate by ``factor()``; ``total()`` is the product so far."""

    def factor(self) -> float:
        """The rate at ``last_epoch`` divided by the one before."""
        raise NotImplementedError

    def total(self) -> float:
        """The rate at ``last_epoch`` divided by the first."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        factor = self.factor()
        return [lr * factor for lr in values(self.optimizer, "lr")]

    def _get_closed_form_lr(self) -> list[Any]:
        return [lr * self.total() for lr in self.base_lrs]


class StepLR(_ByFactor):
    """The rate times ``gamma`` every ``step_size`` epochs.

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = StepLR(sgd, step_size=2, gamma=0.5), []
    >>> for _ in range(5):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> seen
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self) -> float:
        return self.gamma if self.last_epoch > 0 and self.last_epoch % self.step_size == 0 else 1.0

    def total(self) -> float:
        return float(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(_ByFactor):
    """The rate times ``gamma`` at each of the ``milestones``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = MultiStepLR(sgd, milestones=[1, 3], gamma=0.1), []
    >>> for _ in range(5):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.1, 0.1, 0.01, 0.01]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self) -> float:
        return float(self.gamma ** self.milestones[self.last_epoch])

    def total(self) -> float:
        return float(self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))


class ExponentialLR(_ByFactor):
    """The rate times ``gamma`` every epoch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = ExponentialLR(sgd, gamma=0.9), []
    >>> for _ in range(4):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.9, 0.81, 0.729]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self) -> float:
        return 1.0 if self._is_initial else self.gamma

    def total(self) -> float:
        return float(self.gamma**self.last_epoch)


class ConstantLR(LRScheduler):
    """The rate times ``factor`` until epoch ``total_iters``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = ConstantLR(sgd, factor=0.5, total_iters=2), []
    >>> for _ in range(4):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> seen
    [0.5, 0.5, 1.0, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1.0:
            raise ValueError(f"Constant multiplicative factor expected to be between 0 and 1, not {factor}.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        change = 1.0
        if self.last_epoch == 0:
            change = self.factor
        elif self.last_epoch == self.total_iters:
            change = 1.0 / self.factor
        return [lr * change for lr in values(self.optimizer, "lr")]

    def _get_closed_form_lr(self) -> list[Any]:
        change = self.factor if self.last_epoch < self.total_iters else 1.0
        return [lr * change for lr in self.base_lrs]


class LinearLR(_ByFactor):
    """The rate times a factor that goes straight from ``start_factor`` to ``end_factor`` in ``total_iters`` epochs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = LinearLR(sgd, start_factor=0.25, total_iters=3), []
    >>> for _ in range(5):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> seen
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ValueError(
                f"Starting multiplicative factor expected to be above 0 and at most 1, not {start_factor}."
            )
        if not 0 <= end_factor <= 1.0:
            raise ValueError(f"Ending multiplicative factor expected to be between 0 and 1, not {end_factor}.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        span = self.end_factor - self.start_factor
        return 1.0 + span / (self.total_iters * self.start_factor + (self.last_epoch - 1) * span)

    def total(self) -> float:
        done = min(self.total_iters, self.last_epoch) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class PolynomialLR(_ByFactor):
    """The rate times ``(1 - epoch / total_iters) ** power``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = PolynomialLR(sgd, total_iters=4, power=2.0), []
    >>> for _ in range(5):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.562, 0.25, 0.062, 0.0]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def factor(self) -> float:
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        left, before = 1.0 - self.last_epoch / self.total_iters, 1.0 - (self.last_epoch - 1) / self.total_iters
        return float((left / before) ** self.power)

    def total(self) -> float:
        return float((1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)


# --- functions of the epoch ------------------------------------------------------------------------------------------


class LambdaLR(LRScheduler):
    """The first rate times ``lr_lambda(epoch)``; a list of functions has one for each parameter group.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = LambdaLR(sgd, lambda epoch: 1 / (1 + epoch)), []
    >>> for _ in range(4):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.5, 0.333, 0.25]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        self.lr_lambdas = _lambdas(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of the functions, the attributes of those that are objects."""
        return _without_functions(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _load_functions(self, state_dict)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(LRScheduler):
    """Each epoch the latest rate times ``lr_lambda(epoch)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = MultiplicativeLR(sgd, lambda epoch: 0.5), []
    >>> for _ in range(4):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> seen
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        self.lr_lambdas = _lambdas(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of the functions, the attributes of those that are objects."""
        return _without_functions(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _load_functions(self, state_dict)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        latest = values(self.optimizer, "lr")
        if self._is_initial:
            return latest
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, latest, strict=True)]


def _lambdas(optimizer: Optimizer, given: Any) -> list[Callable[[int], float]]:
    if isinstance(given, (list, tuple)) and len(given) != len(optimizer.param_groups):
        raise ValueError(f"Expected {len(optimizer.param_groups)} lr_lambdas, but got {len(given)}")
    return each(optimizer, "lr_lambda", given)


def _without_functions(scheduler: Any) -> dict[str, Any]:
    state = {k: v for k, v in scheduler.__dict__.items() if k not in ("optimizer", "lr_lambdas")}
    state["lr_lambdas"] = [
        None if isinstance(f, types.FunctionType) else f.__dict__.copy() for f in scheduler.lr_lambdas
    ]
    return state


def _load_functions(scheduler: Any, state: dict[str, Any]) -> None:
    scheduler.__dict__.update({k: v for k, v in state.items() if k != "lr_lambdas"})
    for function, saved in zip(scheduler.lr_lambdas, state["lr_lambdas"], strict=True):
        if saved is not None:
            function.__dict__.update(saved)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the first rate to ``eta_min`` in ``T_max`` epochs, and back.

    Source: Loshchilov and Hutter, https://arxiv.org/abs/1608.03983 (without the restarts)

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = CosineAnnealingLR(sgd, T_max=4), []
    >>> for _ in range(6):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.146]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        latest = values(self.optimizer, "lr")
        epoch, span, low = self.last_epoch, self.T_max, self.eta_min
        if self._is_initial:
            return latest
        if self._step_count == 1 and epoch > 0:
            return self._get_closed_form_lr()
        if (epoch - 1 - span) % (2 * span) == 0:
            rise = (1 - math.cos(math.pi / span)) / 2
            return [lr + (base - low) * rise for base, lr in zip(self.base_lrs, latest, strict=True)]
        ratio = (1 + math.cos(math.pi * epoch / span)) / (1 + math.cos(math.pi * (epoch - 1) / span))
        return [ratio * (lr - low) + low for lr in latest]

    def _get_closed_form_lr(self) -> list[Any]:
        share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (lr - self.eta_min) * share for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine down to ``eta_min`` in ``T_0`` epochs, again and again, each time ``T_mult`` times as long.

    ``step(epoch)`` accepts fractions of an epoch.

    Source: Loshchilov and Hutter, https://arxiv.org/abs/1608.03983

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = CosineAnnealingWarmRestarts(sgd, T_0=2, T_mult=2), []
    >>> for _ in range(7):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: Any = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        share = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (lr - self.eta_min) * share for lr in self.base_lrs]

    def step(self, epoch: Any = None) -> None:
        """Set the rates of the next epoch, or of this (fraction of an) epoch."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        elif epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        self._set(self.get_lr())
        self._get_lr_called_within_step = False


# --- combinations ----------------------------------------------------------------------------------------------------


class SequentialLR(LRScheduler):
    """One schedule after the other: the next one takes over at each milestone, from its own beginning.

    Args:
        schedulers: the schedules, all of this optimizer.
        milestones: the epochs at which the second, third ... begin.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = SequentialLR(sgd, [LinearLR(sgd, 0.5, total_iters=2), ExponentialLR(sgd, 0.5)], milestones=[2]), []
    >>> for _ in range(5):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[Any], milestones: list[int], last_epoch: int = -1
    ) -> None:
        _check_together(self, optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers to be one more than the number of milestone "
                f"points, but got {len(schedulers)} schedulers and {len(milestones)} milestones"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            put(group, "lr", group["initial_lr"])
        for scheduler in schedulers:  # each began when it was made: none has
            _unstep(scheduler)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: Any = None) -> None:
        """Step the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, and the states of the schedules."""
        return _with_states(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _load_states(self, state_dict)


class ChainedScheduler(LRScheduler):
    """Several schedules at once: each steps in turn, on the rate that the one before left.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = ChainedScheduler([LinearLR(sgd, 0.5, total_iters=2), ExponentialLR(sgd, 0.9)]), []
    >>> for _ in range(4):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [0.5, 0.675, 0.81, 0.729]
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Optimizer | None = None) -> None:
        optimizer = optimizer or (schedulers[0].optimizer if schedulers else None)
        _check_together(self, optimizer, schedulers)
        self._schedulers = schedulers
        self.optimizer = optimizer  # type: ignore[assignment]
        self._last_lr = values(self.optimizer, "lr")

    def step(self, epoch: Any = None) -> None:
        """Step all schedules."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = values(self.optimizer, "lr")

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, and the states of the schedules."""
        return _with_states(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _load_states(self, state_dict)


def _check_together(who: Any, optimizer: Any, schedulers: Sequence[Any]) -> None:
    name = type(who).__name__
    if len(schedulers) < 1:
        raise ValueError(f"{name} expects at least one scheduler to be chained, but got no scheduler.")
    for i, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name} does not support `ReduceLROnPlateau`, whose step needs a metric, but got one at index {i}"
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(
                f"{name} expects all schedulers to belong to the same optimizer, but the one at index {i} "
                f"({type(scheduler).__name__}) belongs to another"
            )


def _unstep(scheduler: Any) -> None:
    if hasattr(scheduler, "_schedulers"):
        for inner in scheduler._schedulers:
            _unstep(inner)
    elif hasattr(scheduler, "last_epoch"):
        scheduler.last_epoch -= 1


def _with_states(scheduler: Any) -> dict[str, Any]:
    state = {k: v for k, v in scheduler.__dict__.items() if k not in ("optimizer", "_schedulers")}
    state["_schedulers"] = [inner.state_dict() for inner in scheduler._schedulers]
    return state


def _load_states(scheduler: Any, state: dict[str, Any]) -> None:
    scheduler.__dict__.update({k: v for k, v in state.items() if k != "_schedulers"})
    for inner, saved in zip(scheduler._schedulers, state["_schedulers"], strict=True):
        inner.load_state_dict(saved)
