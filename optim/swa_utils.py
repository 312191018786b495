"""Averages of a model's parameters: stochastic weight averaging and exponential moving averages.

Source: Izmailov et al., https://arxiv.org/abs/1803.05407; https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

>>> import autograd, nn
>>> from optim.swa_utils import AveragedModel
>>> model = nn.Linear(1, 1, bias=False)
>>> averaged = AveragedModel(model)
>>> for weight in (1.0, 2.0, 6.0):
...     _ = model.weight.data.fill_(weight)
...     averaged.update_parameters(model)
>>> averaged.module.weight.detach()
tensor([[3.]])
"""

from __future__ import annotations

import importlib
import itertools
import math
import warnings
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from autograd.graph import no_grad
from autograd.tensor import Tensor, wrap
from autograd.views import stamp

from .lr_base import LRScheduler, each, values
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",  # noqa: F822 - made when first wanted
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """``decay * average + (1 - decay) * current``, for one parameter.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import autograd
    >>> get_ema_avg_fn(0.9)(autograd.tensor([1.0]), autograd.tensor([2.0]), 5)
    tensor([1.1000])
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable[..., Any]:
    """The mean of all so far, for one parameter.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import autograd
    >>> get_swa_avg_fn()(autograd.tensor([1.0]), autograd.tensor([2.0]), 4)  # the mean of four was 1
    tensor([1.2000])
    """

    @no_grad()
    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """``decay * average + (1 - decay) * current``, in place, for a list of parameters.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import autograd
    >>> averages = [autograd.tensor([1.0]), autograd.tensor([0.0])]
    >>> get_ema_multi_avg_fn(0.9)(averages, [autograd.tensor([2.0]), autograd.tensor([1.0])], 5)
    >>> averages
    [tensor([1.1000]), tensor([0.1000])]
    """
    _check_decay(decay)

    def ema_update(ema_param_list: list[Tensor], current_param_list: list[Tensor], _: Any) -> None:
        for ema, current in zip(ema_param_list, current_param_list, strict=True):
            _towards(ema, current, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> Callable[..., Any]:
    """The mean of all so far, in place, for a list of parameters.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import autograd
    >>> averages = [autograd.tensor([1.0])]
    >>> get_swa_multi_avg_fn()(averages, [autograd.tensor([2.0])], 4)
    >>> averages
    [tensor([1.2000])]
    """

    def swa_update(averaged_param_list: list[Tensor], current_param_list: list[Tensor], num_averaged: Any) -> None:
        for averaged, current in zip(averaged_param_list, current_param_list, strict=True):
            _towards(averaged, current, 1 / (float(num_averaged) + 1))

    return swa_update


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _towards(target: Tensor, current: Tensor, share: float) -> None:
    if target.array.dtype.kind in "fcV":
        target.array[...] += (share * (current.array - target.array)).astype(target.array.dtype)
    else:
        target.array[...] = current.array
    stamp(target.array, "swa_utils")


def _averaged_model() -> type:
    """The class, made when first wanted: it is an ``nn.Module``, and nothing else in ``optim`` needs ``nn``."""
    module: Any = importlib.import_module("nn").Module

    class AveragedModel(module):  # type: ignore[misc]
        """A copy of a model whose parameters are running averages of the original's.

        Args:
            model: the model; the copy is made now, and ``update_parameters(model)`` brings it up to date.
            device: accepted; there is the CPU.
            avg_fn: ``avg_fn(average, current, count)`` gives the new average of one parameter; equal means by default.
            multi_avg_fn: ``multi_avg_fn(averages, currents, count)`` writes all in place.
            use_buffers: average the buffers too, instead of copying them.
        """

        def __init__(
            self,
            model: Any,
            device: Any = None,
            avg_fn: Any = None,
            multi_avg_fn: Any = None,
            use_buffers: bool = False,
        ) -> None:
            super().__init__()
            if avg_fn is not None and multi_avg_fn is not None:
                raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
            self.module = deepcopy(model)
            self.register_buffer("n_averaged", wrap(np.zeros((), np.int64)))
            self.avg_fn = avg_fn
            self.multi_avg_fn = multi_avg_fn
            self.use_buffers = use_buffers

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            """The averaged model's result."""
            return self.module(*args, **kwargs)

        @no_grad()
        def update_parameters(self, model: Any) -> None:
            """Take the parameters of ``model``, as they are now, into the average."""

            def tensors(m: Any) -> list[Any]:
                return list(itertools.chain(m.parameters(), m.buffers()) if self.use_buffers else m.parameters())

            averages, currents = tensors(self.module), tensors(model)
            if int(self.n_averaged) == 0:
                for average, current in zip(averages, currents, strict=True):
                    average.copy_(current)
            elif self.avg_fn is not None:
                for average, current in zip(averages, currents, strict=True):
                    average.copy_(self.avg_fn(average.detach(), current.detach(), self.n_averaged))
            else:
                update = self.multi_avg_fn or get_swa_multi_avg_fn()
                update([a.detach() for a in averages], [c.detach() for c in currents], self.n_averaged)
            if not self.use_buffers:
                for mine, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                    mine.copy_(theirs)
            self.n_averaged += 1

    AveragedModel.__qualname__ = "AveragedModel"
    AveragedModel.__module__ = __name__
    return AveragedModel


def __getattr__(name: str) -> Any:
    if name == "AveragedModel":
        made = globals()[name] = _averaged_model()
        return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@no_grad()
def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Compute the running statistics of all batch norms anew, from one pass over the data.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import autograd, nn
    >>> model = nn.BatchNorm1d(1)
    >>> update_bn([autograd.tensor([[1.0], [3.0]]), autograd.tensor([[5.0], [7.0]])], model)
    >>> model.running_mean, model.running_var
    (tensor([4.]), tensor([2.]))
    """
    norms = [m for m in model.modules() if hasattr(m, "running_mean") and hasattr(m, "momentum")]
    if not norms:
        return
    training, momenta = model.training, {m: m.momentum for m in norms}
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # a plain mean
    model.train()
    for batch in loader:
        model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for m, momentum in momenta.items():
        m.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """Anneals the rate to a constant ``swa_lr`` in ``anneal_epochs`` epochs, along a cosine or a line.

    Source: https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import autograd, optim
    >>> sgd = optim.SGD([autograd.ones(1)], lr=1.0)
    >>> schedule, seen = SWALR(sgd, swa_lr=0.1, anneal_epochs=3, anneal_strategy="linear"), []
    >>> for _ in range(5):
    ...     seen += [round(group["lr"], 3) for group in sgd.param_groups]
    ...     sgd.step()
    ...     schedule.step()
    >>> seen
    [1.0, 0.7, 0.4, 0.1, 0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for rate, group in zip(each(optimizer, "swa_lr", swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, t: float) -> float:
        t = max(0.0, min(1.0, t))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        if not self._get_lr_called_within_step:
            warnings.warn("To get the last learning rate, please use `get_last_lr()`.", UserWarning, stacklevel=2)
        step = self._step_count - 1
        latest = values(self.optimizer, "lr")
        goals = [group["swa_lr"] for group in self.optimizer.param_groups]
        if self.anneal_epochs == 0:
            return goals
        before, now = (self._share(t / max(1, self.anneal_epochs)) for t in (step - 1, step))
        if before == 1:
            return goals
        first = [(lr - goal * before) / (1 - before) for lr, goal in zip(latest, goals, strict=True)]
        return [goal * now + lr * (1 - now) for lr, goal in zip(first, goals, strict=True)]
