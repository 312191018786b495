"""Schedules that go up and down within a training run, and move the momentum against the rate."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

from .lr_base import LRScheduler, each, put
from .optimizer import Optimizer

__all__ = ["CyclicLR", "OneCycleLR"]


class _WithMomentum(LRScheduler):
    """Moves the momentum (or Adam's first beta) against the rate."""

    def _find_momentum(self) -> bool:
        """Whether the momentum is Adam's first beta."""
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        return "betas" in defaults

    def _put_momentum(self, group: dict[str, Any], value: float) -> None:
        if "betas" in self.optimizer.defaults:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_WithMomentum):
    """Up from ``base_lr`` to ``max_lr`` and down again; step it after every batch.

    Args:
        step_size_up, step_size_down: steps of the two halves (the second as long as the first by default).
        mode: "triangular"; "triangular2" halves the height each cycle; "exp_range" scales it by ``gamma ** step``.
        scale_fn: scales the height instead, as a function of the cycle or of the step (``scale_mode`` "cycle" or
            "iterations").
        cycle_momentum: move the momentum the other way, between ``max_momentum`` and ``base_momentum``.

    Source: Smith, https://arxiv.org/abs/1506.01186

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = CyclicLR(sgd, base_lr=0.1, max_lr=0.5, step_size_up=2, cycle_momentum=False), []
    >>> for _ in range(6):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [0.1, 0.3, 0.5, 0.3, 0.1, 0.3]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        base_lrs = each(optimizer, "base_lr", base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                put(group, "lr", lr)
        self.max_lrs = each(optimizer, "max_lr", max_lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = self._find_momentum()
            self.base_momentums = each(optimizer, "base_momentum", base_momentum)
            self.max_momentums = each(optimizer, "max_momentum", max_momentum)
            if last_epoch == -1:
                limits = zip(self.max_momentums, self.base_momentums, optimizer.param_groups, strict=True)
                for most, least, group in limits:
                    self._put_momentum(group, most)
                    group["max_momentum"], group["base_momentum"] = most, least
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """How high cycle ``x``, or step ``x``, is."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return float(1 / 2.0 ** (x - 1) if self.mode == "triangular2" else self.gamma**x)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            limits = zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True)
            for low, high, group in limits:
                self._put_momentum(group, high - (high - low) * height * scale)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; a ``scale_fn`` is saved if it is an object, by its attributes."""
        state = super().state_dict()
        function = state.pop("_scale_fn_custom")
        plain = function is None or isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = None if plain else function.__dict__.copy()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        state = {k: v for k, v in state_dict.items() if k not in ("_scale_fn_custom", "_scale_fn_ref")}
        saved = state_dict.get("_scale_fn_custom")
        if saved is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(saved)
        super().load_state_dict(state)


class OneCycleLR(_WithMomentum):
    """Up to ``max_lr`` and down to almost nothing, once; step it after every batch.

    Args:
        max_lr: the highest rate.
        total_steps: how many steps; or give ``epochs`` and ``steps_per_epoch``.
        pct_start: the share of the steps that go up.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: move the momentum the other way, between ``max_momentum`` and ``base_momentum``.
        div_factor: the first rate is ``max_lr / div_factor``.
        final_div_factor: the last one is the first divided by this.
        three_phase: go down to the first rate symmetrically, then to the last one.

    Source: Smith and Topin, https://arxiv.org/abs/1708.07120

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = OneCycleLR(sgd, max_lr=1.0, total_steps=6, cycle_momentum=False), []
    >>> for _ in range(6):
    ...     seen += schedule.get_last_lr()
    ...     sgd.step()
    ...     schedule.step()
    >>> [round(lr, 3) for lr in seen]
    [0.04, 0.994, 0.812, 0.463, 0.133, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not (isinstance(pct_start, float) and 0 <= pct_start <= 1):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        up, last = float(pct_start * self.total_steps) - 1, self.total_steps - 1
        ends = [(up, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            down = float(2 * pct_start * self.total_steps) - 2
            ends.append((down, "max_lr", "initial_lr", "base_momentum", "max_momentum"))
            ends.append((last, "initial_lr", "min_lr", "max_momentum", "max_momentum"))
        else:
            ends.append((last, "max_lr", "min_lr", "base_momentum", "max_momentum"))
        names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
        self._schedule_phases: list[dict[str, Any]] = [dict(zip(names, phase, strict=True)) for phase in ends]
        self._anneal_func_type = anneal_strategy
        if last_epoch == -1:
            for most, group in zip(each(optimizer, "max_lr", max_lr), optimizer.param_groups, strict=True):
                group["initial_lr"] = most / div_factor
                group["max_lr"] = most
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = self._find_momentum()
            highs, lows = (
                each(optimizer, n, v) for n, v in (("max_momentum", max_momentum), ("base_momentum", base_momentum))
            )
            if last_epoch == -1:
                for high, low, group in zip(highs, lows, optimizer.param_groups, strict=True):
                    self._put_momentum(group, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
        return (end - start) * share + start

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The specified number of total steps is {self.total_steps}")
        rates = []
        for group in self.optimizer.param_groups:
            start = 0.0
            for i, phase in enumerate(self._schedule_phases):
                end: Any = phase["end_step"]
                if step <= end or i == len(self._schedule_phases) - 1:
                    share = (step - start) / (end - start)
                    rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], share))
                    if self.cycle_momentum:
                        ends = (group[phase["start_momentum"]], group[phase["end_momentum"]])
                        self._put_momentum(group, self._between(*ends, share))
                    break
                start = end
        return rates


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    given = {"total_steps": total_steps, "epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name in ("total_steps",) if total_steps is not None else ("epochs", "steps_per_epoch"):
        value = given[name]
        if value is None:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        if value <= 0 or not isinstance(value, int):
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return total_steps if total_steps is not None else epochs * steps_per_epoch  # type: ignore[operator]
