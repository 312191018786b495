"""Trainer: the loop that every program writes, once. Built on the public names alone."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd.graph import no_grad
from autograd.tensor import Tensor
from autograd.utils.data.dataloader import DataLoader
from autograd.utils.data.dataset import TensorDataset

from .callbacks import Callback, Checkpoint
from .history import History
from .metrics import find_metric

__all__ = ["Trainer"]


class Trainer:
    """Trains, evaluates and applies a model.

    Args:
        model: an ``nn.Module``.
        loss: ``loss(output, target)``, such as ``nn.CrossEntropyLoss()``.
        optimizer: made from the model's parameters; not needed to evaluate or predict.
        metrics: names ("accuracy", "top5", "f1", "mae" ...) or ``nn.training`` metrics.
        callbacks: ``nn.training`` callbacks, called in this order.
        l1, l2: added to the loss: ``l1 * sum(|w|) + l2 * sum(w * w)`` over the weights (parameters of two or more
            dimensions; biases and scales go free).

    ``history`` holds the numbers of all epochs; ``epoch`` and ``step`` count what is done. A callback that sets
    ``stop`` ends the training after the epoch.

    >>> import autograd, nn, optim
    >>> _ = autograd.manual_seed(0)
    >>> x = autograd.randn(64, 2)
    >>> model = nn.Linear(2, 1)
    >>> trainer = Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), metrics=["r2"])
    >>> history = trainer.fit(x, x.sum(1, keepdim=True), epochs=5, batch_size=16, verbose=False)
    >>> history["r2"][-1] > 0.99
    True
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[[Any, Any], Any],
        optimizer: Any = None,
        metrics: Iterable[Any] = (),
        callbacks: Iterable[Callback] = (),
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> None:
        if not callable(loss) or not (optimizer is None or hasattr(optimizer, "step")):
            given = ", ".join(type(part).__name__ for part in (model, loss, optimizer))
            raise TypeError(f"Trainer(model, loss, optimizer) takes them in this order; got {given}")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.metrics = [find_metric(m) for m in metrics]
        self.callbacks = list(callbacks)
        self.l1, self.l2 = l1, l2
        self.history = History()
        self.epoch = self.step = 0
        self.stop = False
        self._loader: Any = None  # of the latest fit: it may have random generators of its own
        self._in_epoch: dict[str, Any] = {}  # how far the epoch is: what a checkpoint needs to go on inside it

    # --- training ---

    def fit(
        self,
        x: Any,
        y: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        resume: str | Path | None = None,
        verbose: bool = True,
    ) -> History:
        """Train until ``epochs`` epochs are done, counting those of a checkpoint; returns the history.

        Args:
            x, y: samples and targets, Tensors or arrays; or ``x`` is a loader that yields ``(input, target)``.
            validation_data: ``(x, y)`` or a loader, evaluated after each epoch.
            validation_split: or the last share of the samples.
            resume: a checkpoint to go on from, if the file is there.
            verbose: show progress (with tqdm where it is installed).

        Raises ValueError for an empty loader and for a loss that is not finite.
        """
        if self.optimizer is None:
            raise ValueError("this Trainer has no optimizer: pass one to train, as in Trainer(model, loss, optimizer)")
        if validation_split:
            x, y, validation_data = _split(x, y, validation_split, validation_data)
        loader = _loader(x, y, batch_size, shuffle)
        valid = None if validation_data is None else _as_loader(validation_data, batch_size)
        self.stop = False
        self._loader = loader
        if resume is not None and Path(resume).exists():
            self.load(resume)
        self._tell("on_fit_begin")
        while self.epoch < epochs and not self.stop:
            logs = self._train_epoch(loader, epochs, verbose)
            if valid is not None:
                logs.update({f"val_{name}": value for name, value in self._evaluate(valid).items()})
            self.epoch += 1
            self._in_epoch = {}
            savers = [c for c in self.callbacks if isinstance(c, Checkpoint)]
            for callback in self.callbacks:
                if callback not in savers:
                    callback.on_epoch_end(self, logs)
            self.history.add(logs)
            for callback in savers:  # they keep what the others did
                callback.on_epoch_end(self, logs)
            if verbose:
                shown = {n: v for n, v in logs.items() if isinstance(v, (int, float))}
                print(
                    f"epoch {self.epoch}/{epochs}: " + ", ".join(f"{n} {v:.4g}" for n, v in shown.items()), flush=True
                )
        self._tell("on_fit_end")
        return self.history

    def _train_epoch(self, loader: Any, epochs: int, verbose: bool) -> dict[str, Any]:
        done = self._in_epoch.get("done", 0)
        batches = self._begin_epoch(loader)
        if not done:
            self._tell("on_epoch_begin")
        self.model.train()
        counts = self._in_epoch
        with _progress(batches, loader, done, f"epoch {self.epoch + 1}/{epochs}", verbose) as bar:
            for inputs, target in map(_pair, bar):
                loss, output, n = self._train_batch(inputs, target)
                for metric in self.metrics:
                    metric.update(output, target)
                counts["total"] += loss * n
                counts["count"] += n
                counts["done"] += 1
                self.step += 1
                self._tell("on_batch_end", {"loss": loss})
                bar.set_postfix(loss=f"{counts['total'] / counts['count']:.4g}", refresh=False)
        if counts["count"] == 0:
            raise ValueError("the loader gave no batch: the dataset is empty, or drop_last left nothing of it")
        return {"loss": counts["total"] / counts["count"], **{m.name: m.value() for m in self.metrics}}

    def _begin_epoch(self, loader: Any) -> Iterator[Any]:
        """The batches that are left of this epoch, with the random state as it was."""
        now = self._in_epoch
        if not now:  # from the start
            for metric in self.metrics:
                metric.reset()
            self._in_epoch = {"done": 0, "total": 0.0, "count": 0, "start": _random_state(loader)}
            begun: Iterator[Any] = iter(loader)
            return begun
        after = _random_state()
        _set_random_state(now["start"], loader)
        batches: Iterator[Any] = iter(loader)
        for _ in range(now["done"]):
            next(batches)
        _set_random_state(after)
        return batches

    def _train_batch(self, inputs: Any, target: Any) -> tuple[float, Any, int]:
        self.optimizer.zero_grad()
        output = self._apply(inputs)
        loss = self.loss(output, target)
        data_loss = float(loss.detach())
        if not math.isfinite(data_loss):
            raise ValueError(
                f"the loss is {data_loss} in epoch {self.epoch + 1}, step {self.step + 1}. Try a smaller learning "
                "rate, look for NaN in the data, and use autograd.set_detect_anomaly(True) to find the operation"
            )
        if self.l1 or self.l2:
            loss = loss + self._penalty()
        loss.backward()
        self.optimizer.step()
        return data_loss, output.detach() if isinstance(output, Tensor) else output, len(target)

    def _penalty(self) -> Any:
        weights = [p for p in self.model.parameters() if p.ndim > 1]
        total: Any = 0.0
        for w in weights:
            if self.l1:
                total = total + self.l1 * w.abs().sum()
            if self.l2:
                total = total + self.l2 * (w * w).sum()
        return total

    def _apply(self, inputs: Any) -> Any:
        return self.model(*inputs) if isinstance(inputs, (list, tuple)) else self.model(inputs)

    def _tell(self, event: str, *args: Any) -> None:
        for callback in sorted(self.callbacks, key=lambda c: isinstance(c, Checkpoint)):  # savers last
            getattr(callback, event)(self, *args)

    # --- using the model ---

    def evaluate(self, x: Any, y: Any = None, batch_size: int = 256) -> dict[str, Any]:
        """Loss and metrics over data, given as for ``fit``; the model is in evaluation mode."""
        return self._evaluate(_loader(x, y, batch_size, False))

    def _evaluate(self, loader: Any) -> dict[str, Any]:
        training, total, count = self.model.training, 0.0, 0
        kept = [m.state_dict() if m.__dict__ else None for m in self.metrics]
        for metric in self.metrics:
            metric.reset()
        self.model.eval()
        with no_grad():
            for inputs, target in map(_pair, loader):
                output = self._apply(inputs)
                total += float(self.loss(output, target)) * len(target)
                count += len(target)
                for metric in self.metrics:
                    metric.update(output, target)
        self.model.train(training)
        if count == 0:
            raise ValueError("the loader gave no batch: there is nothing to evaluate")
        found = {"loss": total / count, **{m.name: m.value() for m in self.metrics}}
        for metric, state in zip(self.metrics, kept, strict=True):
            if state is not None:
                metric.load_state_dict(state)
        return found

    def predict(self, x: Any, batch_size: int = 256) -> Any:
        """The model's outputs for samples, or for the inputs that a loader yields, in one Tensor."""
        training = self.model.training
        self.model.eval()
        if isinstance(x, (Tensor, np.ndarray)):
            loader: Any = DataLoader(TensorDataset(_tensor(x)), batch_size)
        else:
            loader = x
        with no_grad():
            inputs = ([b[0]] if isinstance(b, (list, tuple)) else [b] for b in loader)
            outputs = [self.model(*batch) for batch in inputs]
        self.model.train(training)
        if not outputs:
            raise ValueError("there is nothing to predict: the loader gave no batch")
        return autograd.cat(outputs)

    # --- going on later ---

    def save(self, path: str | Path) -> None:
        """Write a checkpoint, all of it or nothing; see ``Checkpoint``."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.model.state_dict(),
            "optimizer": None if self.optimizer is None else self.optimizer.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "history": dict(self.history),
            "in_epoch": self._in_epoch,
            "random": _random_state(self._loader),
            "metrics": [m.state_dict() for m in self.metrics],
            "callbacks": [c.state_dict() for c in self.callbacks],
        }
        part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            with open(part, "wb") as file:
                autograd.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def load(self, path: str | Path) -> None:
        """Take over a checkpoint. Raises ValueError if it was made with other metrics or callbacks."""
        state = autograd.load(path)
        for kind in ("metrics", "callbacks"):
            if len(state[kind]) != len(getattr(self, kind)):
                raise ValueError(
                    f"{path} was saved with {len(state[kind])} {kind}, and this Trainer has {len(getattr(self, kind))}"
                )
        self.model.load_state_dict(state["model"])
        if self.optimizer is not None and state["optimizer"] is not None:
            self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step, self._in_epoch = state["epoch"], state["step"], state["in_epoch"]
        self.history = History(state["history"])
        for metric, saved in zip(self.metrics, state["metrics"], strict=True):
            metric.load_state_dict(saved)
        for callback, saved in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(saved)
        _set_random_state(state["random"], self._loader)


# --- data ----------------------------------------------------------------------------------------------------------


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else autograd.as_tensor(np.asarray(value))


def _loader(x: Any, y: Any, batch_size: int, shuffle: bool) -> Any:
    """A loader of ``x`` and ``y``, or ``x`` itself if it is one."""
    if y is None:
        if isinstance(x, (Tensor, np.ndarray)):
            raise ValueError("targets are missing: fit(x, y), or fit(loader) with a loader that yields (input, target)")
        return x
    inputs, targets = _tensor(x), _tensor(y)
    if len(inputs) != len(targets):
        raise ValueError(f"x has {len(inputs)} samples and y has {len(targets)}: they must be equally many")
    return DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=shuffle and len(inputs) > 0)


def _as_loader(data: Any, batch_size: int) -> Any:
    return _loader(data[0], data[1], batch_size, False) if isinstance(data, (tuple, list)) and len(data) == 2 else data


def _split(x: Any, y: Any, share: float, validation_data: Any) -> tuple[Any, Any, Any]:
    """The last ``share`` of the samples becomes the validation data."""
    if validation_data is not None:
        raise ValueError("give validation_data or validation_split, not both")
    if y is None:
        raise ValueError("validation_split needs x and y; split a dataset with random_split instead")
    if not 0 < share < 1:
        raise ValueError(f"validation_split must be between 0 and 1, not {share}")
    cut = len(x) - max(1, round(len(x) * share))
    return x[:cut], y[:cut], (x[cut:], y[cut:])


def _pair(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, (list, tuple)) and len(batch) >= 2:
        *inputs, target = batch
        return (inputs[0] if len(inputs) == 1 else inputs), target
    raise ValueError(f"a loader must yield (input, target), not {type(batch).__name__}")


# --- random state --------------------------------------------------------------------------------------------------


def _generators(loader: Any) -> list[Any]:
    """The generators that a loader has of its own."""
    owners = (
        loader,
        getattr(loader, "sampler", None),
        getattr(getattr(loader, "batch_sampler", None), "sampler", None),
    )
    found: dict[int, Any] = {}
    for owner in owners:
        generator = getattr(owner, "generator", None)
        if generator is not None:
            found[id(generator)] = generator
    return list(found.values())


def _random_state(loader: Any = None) -> dict[str, Any]:
    """Where all random streams are, in values that can be saved."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "autograd": autograd.get_rng_state(),
        "python": random.getstate(),
        "numpy": (str(kind), np.asarray(keys).tolist(), *rest),
        "loader": [g.get_state() for g in _generators(loader)],
    }


def _set_random_state(state: dict[str, Any], loader: Any = None) -> None:
    autograd.set_rng_state(state["autograd"])
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.asarray(keys, np.uint32), *rest))
    for generator, own in zip(_generators(loader), state["loader"], strict=False):
        generator.set_state(own)


# --- progress ------------------------------------------------------------------------------------------------------


class _Quiet:
    """What stands in for tqdm's bar."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return self.batches

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def set_postfix(self, **shown: Any) -> None:
        """Nothing."""


def _progress(batches: Iterator[Any], loader: Any, done: int, title: str, verbose: bool) -> Any:
    """The batches, with a bar in the terminal or the notebook where tqdm is installed."""
    if not verbose:
        return _Quiet(batches)
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Quiet(batches)
    total = len(loader) if hasattr(loader, "__len__") else None
    return tqdm(batches, desc=title, total=total, initial=done, leave=False)
