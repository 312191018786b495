"""Callbacks: what a Trainer does besides training. Each has methods that the Trainer calls; the base does nothing."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["CSVLog", "Callback", "Checkpoint", "EarlyStopping", "LRSchedule", "LiveCurve"]


class Callback:
    """Base class. ``logs`` holds the numbers of the epoch, or the loss of the batch.

    >>> import autograd, nn, optim
    >>> class Shout(Callback):
    ...     def on_epoch_end(self, trainer, logs): print("epoch", trainer.epoch, "is over")
    >>> model = nn.Linear(2, 1)
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), callbacks=[Shout()])
    >>> _ = trainer.fit(autograd.zeros(4, 2), autograd.zeros(4, 1), epochs=2, verbose=False)
    epoch 1 is over
    epoch 2 is over
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Training begins, or goes on."""

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """An epoch begins."""

    def on_batch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        """The optimizer has made a step."""

    def on_epoch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        """An epoch is over, validation included."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """Training is over."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must remember of this callback."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""


class _Best:
    """The best value of a monitored number so far."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', not {mode!r}")
        rising = any(part in monitor for part in ("acc", "top", "f1", "r2", "prec", "rec"))
        falling = mode == "min" or (mode == "auto" and not rising)
        self.monitor, self.sign, self.min_delta = monitor, -1.0 if falling else 1.0, min_delta
        self.value = -math.inf

    def improved(self, logs: dict[str, Any]) -> bool:
        """Take note; raises KeyError if the number is not there."""
        if self.monitor not in logs:
            raise KeyError(f"there is no {self.monitor!r} to monitor; this epoch has {', '.join(logs)}")
        now = self.sign * float(logs[self.monitor])
        if now > self.value + self.min_delta:
            self.value = now
            return True
        return False


class EarlyStopping(Callback):
    """Stop when ``monitor`` has not improved by ``min_delta`` for ``patience`` epochs.

    Args:
        monitor: a name in the history, such as "val_loss".
        patience: epochs to wait.
        min_delta: what counts as better.
        mode: "min", "max", or "auto" by the name.
        restore_best: put the best parameters back at the end.

    >>> import autograd, nn, optim
    >>> model = nn.Linear(2, 1)
    >>> stopping = EarlyStopping(monitor="loss", patience=1)
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.0), callbacks=[stopping])
    >>> history = trainer.fit(autograd.zeros(4, 2), autograd.zeros(4, 1), epochs=9, verbose=False)
    >>> len(history["loss"])  # nothing is learned with lr=0: one epoch, and one of patience
    2
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 3,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
    ) -> None:
        self.best = _Best(monitor, mode, min_delta)
        self.patience = patience
        self.restore_best = restore_best
        self.waited = 0
        self.kept: dict[str, Any] | None = None

    def on_epoch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        if self.best.improved(logs):
            self.waited = 0
            if self.restore_best:
                self.kept = {name: t.detach().clone() for name, t in trainer.model.state_dict().items()}
            return
        self.waited += 1
        if self.waited >= self.patience:
            trainer.stop = True

    def on_fit_end(self, trainer: Trainer) -> None:
        if self.kept is not None:
            trainer.model.load_state_dict(self.kept)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best.value, "waited": self.waited, "kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best.value, self.waited, self.kept = state["best"], state["waited"], state["kept"]


class Checkpoint(Callback):
    """Save everything that training needs to go on, bit for bit: ``fit(..., resume=path)`` continues.

    Model, optimizer, schedules, random state, history, metrics and the place in the epoch are written to a file beside
    ``path``, which is then renamed: whenever the process dies, ``path`` is a whole checkpoint.

    Args:
        path: the file.
        every_epochs: save after each n-th epoch.
        every_steps: save after each n-th step too.
        monitor: save only when this number of an epoch improved.
        mode: "min", "max", or "auto" by the name.
    """

    def __init__(
        self,
        path: str | Path,
        every_epochs: int = 1,
        every_steps: int | None = None,
        monitor: str | None = None,
        mode: str = "auto",
    ) -> None:
        self.path = Path(path)
        self.every_epochs = every_epochs
        self.every_steps = every_steps
        self.best = None if monitor is None else _Best(monitor, mode)

    def on_batch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        if self.every_steps and trainer.step % self.every_steps == 0:
            trainer.save(self.path)

    def on_epoch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        if trainer.epoch % self.every_epochs == 0 and (self.best is None or self.best.improved(logs)):
            trainer.save(self.path)

    def state_dict(self) -> dict[str, Any]:
        return {} if self.best is None else {"best": self.best.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.best is not None:
            self.best.value = state["best"]


class LRSchedule(Callback):
    """Step a schedule of ``optim.lr_scheduler`` after each epoch, or each batch; the rate is in the history as ``lr``.

    Args:
        scheduler: the schedule.
        every: "epoch" or "batch".
        monitor: the number that a ReduceLROnPlateau is given.

    >>> import autograd, nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=1.0)
    >>> halve = LRSchedule(optim.lr_scheduler.ExponentialLR(optimizer, 0.5))
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optimizer, callbacks=[halve])
    >>> _ = trainer.fit(autograd.zeros(4, 2), autograd.zeros(4, 1), epochs=3, verbose=False)
    >>> optimizer.param_groups[0]["lr"]
    0.125
    """

    def __init__(self, scheduler: Any, every: str = "epoch", monitor: str | None = None) -> None:
        if every not in ("epoch", "batch"):
            raise ValueError(f"every must be 'epoch' or 'batch', not {every!r}")
        self.scheduler, self.every, self.monitor = scheduler, every, monitor

    def on_batch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        if self.every == "batch":
            self.scheduler.step()

    def on_epoch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        logs["lr"] = float(trainer.optimizer.param_groups[0]["lr"])
        if self.every == "epoch":
            if self.monitor is None:
                self.scheduler.step()
            else:
                self.scheduler.step(logs[self.monitor])

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = self.scheduler.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state)


class CSVLog(Callback):
    """One line for each epoch in a CSV file, which is complete after each."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def on_epoch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        rows = [
            {"epoch": i + 1, **{n: v[i] for n, v in trainer.history.items()}} for i in range(trainer.history.epochs)
        ]
        rows.append({"epoch": trainer.epoch, **logs})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".tmp")
        with open(part, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[-1]), restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(part, self.path)


class LiveCurve(Callback):
    """The curves, drawn again after each epoch: in a notebook in place, and into ``path`` if one is given."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = path
        self._shown: Any = None

    def on_epoch_end(self, trainer: Trainer, logs: dict[str, Any]) -> None:
        from .history import History

        history = History({name: list(values) for name, values in trainer.history.items()})
        history.add(logs)
        figure = history.plot(self.path)
        if in_notebook():
            from IPython import display as shown

            display: Any = shown.display
            if self._shown is None:
                self._shown = display(figure, display_id=True)
            else:
                self._shown.update(figure)


def in_notebook() -> bool:
    """Whether the program runs in a notebook's kernel."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return type(get_ipython()).__name__ == "ZMQInteractiveShell"
