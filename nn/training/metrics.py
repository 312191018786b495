"""Metrics: what is counted over the batches of an epoch. ``update(output, target)`` for each batch, then ``value()``.

Classifiers give scores ``N x C`` (or ``N`` log-odds of yes); targets are class numbers, or one-hot rows. Sums are
float64: the value does not depend on the batch size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "F1",
    "MAE",
    "MSE",
    "R2",
    "Accuracy",
    "ConfusionMatrix",
    "Metric",
    "Precision",
    "Recall",
    "TopK",
    "find_metric",
]

Array = np.ndarray[Any, Any]


def _array(value: Any) -> Array:
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)


class Metric:
    """Base class: define ``reset``, ``update`` and ``value``; ``name`` is the key in the history.

    >>> class Largest(Metric):
    ...     name = "largest"
    ...     def reset(self): self.seen = float("-inf")
    ...     def update(self, output, target): self.seen = max(self.seen, float(output.max()))
    ...     def value(self): return self.seen
    >>> m = Largest(); m.reset(); m.update(np.array([1.0, 4.0]), None); m.value()
    4.0
    """

    name = "metric"

    def reset(self) -> None:
        """Forget everything: an epoch begins."""
        raise NotImplementedError

    def update(self, output: Any, target: Any) -> None:
        """Count a batch."""
        raise NotImplementedError

    def value(self) -> Any:
        """The metric of all batches so far."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """What was counted so far, in numbers and lists."""
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(self).items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on counting from there."""
        for key, value in state.items():
            setattr(self, key, np.asarray(value) if isinstance(getattr(self, key, None), np.ndarray) else value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def classes(output: Any, target: Any) -> tuple[Array, Array, Array]:
    """(scores N x C, predicted classes N, true classes N); raises ValueError where the shapes don't fit."""
    scores, truth = _array(output), _array(target)
    if scores.ndim == 1 or (scores.ndim == 2 and scores.shape[1] == 1):
        scores = scores.reshape(-1, 1)
        scores = np.concatenate([-scores, scores], 1)  # log-odds of yes
        truth = truth.reshape(-1)
    if scores.ndim > 2:  # N x C x d1 x ...: every position counts
        scores = np.moveaxis(scores, 1, -1).reshape(-1, scores.shape[1])
        truth = truth.reshape(-1)
    if truth.ndim == 2 and truth.shape == scores.shape:
        truth = truth.argmax(1)
    if truth.shape != scores.shape[:1]:
        raise ValueError(
            f"a classifier's output of shape {tuple(_array(output).shape)} goes with targets of shape "
            f"({len(scores)},) or {scores.shape}, not {tuple(_array(target).shape)}"
        )
    return scores, scores.argmax(1), truth.astype(np.int64)


class Accuracy(Metric):
    """The share of samples whose highest score is the true class's.

    >>> a = Accuracy(); a.reset(); a.update(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])); a.value()
    0.5
    """

    name = "accuracy"

    def reset(self) -> None:
        self.right = self.count = 0

    def update(self, output: Any, target: Any) -> None:
        _, predicted, truth = classes(output, target)
        self.right += int((predicted == truth).sum())
        self.count += len(truth)

    def value(self) -> float:
        return self.right / self.count if self.count else float("nan")


class TopK(Accuracy):
    """The share of samples whose true class is among the ``k`` highest scores.

    >>> top = TopK(2); top.reset()
    >>> top.update(np.array([[0.1, 0.7, 0.2], [0.1, 0.2, 0.7]]), np.array([2, 0]))
    >>> top.value()
    0.5
    """

    def __init__(self, k: int = 5) -> None:
        self.k = k

    @property
    def name(self) -> str:  # type: ignore[override]
        """The key in the history: top5."""
        return f"top{self.k}"

    def update(self, output: Any, target: Any) -> None:
        scores, _, truth = classes(output, target)
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self.k]
        self.right += int((best == truth[:, None]).any(1).sum())
        self.count += len(truth)


class ConfusionMatrix(Metric):
    """``matrix[true, predicted]``, counts of samples.

    >>> m = ConfusionMatrix(); m.reset(); m.update(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])); m.value()
    [[0, 0], [1, 1]]
    """

    name = "confusion_matrix"

    def __init__(self, num_classes: int | None = None) -> None:
        self.num_classes = num_classes

    def reset(self) -> None:
        n = self.num_classes or 0
        self.matrix: Array = np.zeros((n, n), np.int64)

    def update(self, output: Any, target: Any) -> None:
        scores, predicted, truth = classes(output, target)
        n = max(scores.shape[1], self.num_classes or 0)
        if len(truth) and not (truth.min() >= 0 and truth.max() < n):
            raise ValueError(f"targets from {truth.min()} to {truth.max()} don't fit {n} classes")
        if n > len(self.matrix):
            grown = np.zeros((n, n), np.int64)
            grown[: len(self.matrix), : len(self.matrix)] = self.matrix
            self.matrix = grown
        np.add.at(self.matrix, (truth, predicted), 1)

    def value(self) -> Any:
        return self.matrix.tolist()


class Precision(ConfusionMatrix):
    """Of the samples predicted as a class, the share that is; ``average`` is "macro", "micro", "weighted" or None.

    >>> p = Precision(); p.reset(); p.update(np.array([2.0, -1.0, 1.0]), np.array([1, 1, 0])); p.value()
    0.25
    """

    name = "precision"

    def __init__(self, average: str | None = "macro", num_classes: int | None = None) -> None:
        super().__init__(num_classes)
        if average not in ("macro", "micro", "weighted", None):
            raise ValueError(f"average must be 'macro', 'micro', 'weighted' or None, not {average!r}")
        self.average = average

    def of(self, hits: Array, predicted: Array, true: Array) -> Array:
        """The metric from counts; what is not defined is 0."""
        return _share(hits, predicted)

    def value(self) -> Any:
        hits, predicted, true = np.diag(self.matrix), self.matrix.sum(0), self.matrix.sum(1)
        if self.average == "micro":
            return float(self.of(hits.sum(), predicted.sum(), true.sum()))
        each = self.of(hits, predicted, true)
        if self.average is None:
            return each.tolist()
        weights = true if self.average == "weighted" else np.ones(len(each))
        return float((each * weights).sum() / weights.sum()) if weights.sum() else float("nan")


class Recall(Precision):
    """Of the samples of a class, the share that was found.

    >>> r = Recall(); r.reset(); r.update(np.array([2.0, -1.0, 1.0]), np.array([1, 1, 0])); r.value()
    0.25
    """

    name = "recall"

    def of(self, hits: Array, predicted: Array, true: Array) -> Array:
        return _share(hits, true)


class F1(Precision):
    """The harmonic mean of precision and recall.

    >>> f1 = F1(); f1.reset(); f1.update(np.array([2.0, -1.0, 1.0]), np.array([1, 1, 0]))  # log-odds of yes
    >>> f1.value()
    0.25
    """

    name = "f1"

    def of(self, hits: Array, predicted: Array, true: Array) -> Array:
        return _share(2 * hits, predicted + true)


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=np.asarray(whole) > 0)


class MSE(Metric):
    """The mean squared error.

    >>> e = MSE(); e.reset(); e.update(np.array([1.0, 4.0]), np.array([2.0, 2.0])); e.value()
    2.5
    """

    name = "mse"

    def reset(self) -> None:
        self.total, self.count = 0.0, 0

    def update(self, output: Any, target: Any) -> None:
        self.total += float(self.error(_errors(output, target)).sum())
        self.count += _array(target).size

    def error(self, difference: Array) -> Array:
        """Of each element."""
        return difference**2

    def value(self) -> float:
        return self.total / self.count if self.count else float("nan")


class MAE(MSE):
    """The mean absolute error.

    >>> e = MAE(); e.reset(); e.update(np.array([1.0, 4.0]), np.array([2.0, 2.0])); e.value()
    1.5
    """

    name = "mae"

    def error(self, difference: Array) -> Array:
        return np.abs(difference)


class R2(Metric):
    """The share of the targets' variance that is explained: 1 is perfect, 0 as good as their mean.

    >>> r = R2(); r.reset(); r.update(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.5])); round(r.value(), 3)
    0.921
    """

    name = "r2"

    def reset(self) -> None:
        self.count, self.mean, self.spread, self.residual = 0, 0.0, 0.0, 0.0

    def update(self, output: Any, target: Any) -> None:
        truth = _array(target).astype(np.float64)
        self.residual += float((_errors(output, target) ** 2).sum())
        n, mean = truth.size, float(truth.mean())  # two means and spreads are merged without cancellation
        away, total = mean - self.mean, self.count + n
        self.spread += float(((truth - mean) ** 2).sum()) + away**2 * self.count * n / total
        self.mean += away * n / total
        self.count = total

    def value(self) -> float:
        return 1 - self.residual / self.spread if self.spread else float("nan")


def _errors(output: Any, target: Any) -> Array:
    found, truth = _array(output).astype(np.float64), _array(target).astype(np.float64)
    if found.shape != truth.shape and found.size == truth.size and 1 in (found.shape[-1:] + truth.shape[-1:]):
        found = found.reshape(truth.shape)  # N x 1 against N
    if found.shape != truth.shape:
        raise ValueError(f"output and target must have one shape, and are {found.shape} and {truth.shape}")
    return found - truth


_NAMED: dict[str, Any] = {
    "accuracy": Accuracy,
    "acc": Accuracy,
    "top5": lambda: TopK(5),
    "top3": lambda: TopK(3),
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
    "confusion_matrix": ConfusionMatrix,
    "mse": MSE,
    "mae": MAE,
    "r2": R2,
}


def find_metric(given: Any) -> Metric:
    """A metric by name, by class, or as it is."""
    if isinstance(given, str):
        if given not in _NAMED:
            raise ValueError(f"there is no metric {given!r}; there are {', '.join(_NAMED)}")
        given = _NAMED[given]()
    elif isinstance(given, type):
        given = given()
    if not isinstance(given, Metric):
        raise TypeError(f"a metric is a name or an nn.training.Metric, not {type(given).__name__}")
    return given
