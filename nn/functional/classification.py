"""Losses of classes: the target says which classes a sample belongs to.

Cross-entropy and negative log-likelihood are single operations on rows (``autograd/ops/loss.py``), one row for each
sample; here the many shapes of inputs and targets become rows and class numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd
from autograd.ops import loss as ops
from autograd.tensor import Tensor, wrap

from .activation import logsigmoid
from .linear import linear
from .reduction import check_reduction, old_reduction, reduced

__all__ = [
    "cross_entropy", "linear_cross_entropy", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "nll_loss",
]  # fmt: skip

_INT64 = np.dtype(np.int64)


def _class_numbers(input: Tensor, target: Tensor, classes: int, ignore_index: int) -> tuple[Any, Any]:
    """Flat class numbers, those to be ignored set to 0, and the mask of the others (None for all)."""
    numbers = target.array
    if numbers.dtype != np.int64:
        if numbers.dtype != np.uint8:
            raise RuntimeError(
                f"expected scalar type Long but found {target.dtype}: class numbers must be int64 (or uint8); "
                "convert them with .long(). Class probabilities must have the shape of the input, "
                f"{list(input.shape)}; the target has {list(target.shape)}"
            )
        numbers = numbers.astype(np.int64)
    numbers = np.ascontiguousarray(numbers).reshape(-1)
    if not numbers.size or int(numbers.view(np.uint64).max()) < classes:  # a negative number is a huge unsigned one
        return (numbers, None) if not 0 <= ignore_index < classes else _without(numbers, ignore_index)
    numbers, used = _without(numbers, ignore_index)
    wrong = numbers[(numbers < 0) | (numbers >= classes)]
    if wrong.size:
        raise IndexError(
            f"Target {int(wrong[0])} is out of bounds: there are {classes} classes, so the labels must be in 0 .. "
            f"{classes - 1} (or ignore_index={ignore_index}); found {wrong.size} such labels. Give the last layer as "
            "many outputs as there are classes, or renumber the labels from 0"
        )
    return numbers, used


def _without(numbers: Any, ignore_index: int) -> tuple[Any, Any]:
    ignored = numbers == ignore_index
    return (np.where(ignored, 0, numbers), ~ignored) if ignored.any() else (numbers, None)


def _check_sizes(input: Tensor, target: Tensor) -> int:
    """The dimension of the classes. Raises ValueError where the batches differ, RuntimeError where the places do."""
    if input.ndim == 0:
        raise ValueError("cross_entropy: expected an input with a dimension of classes, got a 0-d tensor")
    at = 0 if input.ndim == 1 else 1
    if (input.ndim == 1 and target.ndim > 0) or (input.ndim > 1 and target.ndim == 0):
        raise ValueError(f"input and target don't fit: {list(input.shape)} and {list(target.shape)}")
    if input.ndim > 1 and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]}). The shapes are "
            f"{list(input.shape)} and {list(target.shape)}; of sequences, [N, T, classes] with [N, T], flatten(0, 1) both"
        )
    expected = tuple(n for i, n in enumerate(input.shape) if i != at)
    if tuple(target.shape) != expected:
        if len(expected) < 2 <= target.ndim:
            raise RuntimeError(
                "0D or 1D target tensor expected, multi-target not supported: of an input of shape "
                f"{list(input.shape)} the target is {list(expected)} class numbers, and got {list(target.shape)}. Squeeze it, or "
                "give probabilities with .float()"
            )
        raise RuntimeError(
            f"Expected target size {list(expected)}, got {list(target.shape)}: the input has shape "
            f"{list(input.shape)}, with the classes in dimension {at}"
        )
    return at


def _rows(input: Tensor) -> Any:
    """[N, C, d1, ...] or [C] as [samples, C]."""
    if input.ndim == 2:
        return input
    return input.reshape(1, -1) if input.ndim == 1 else input.movedim(1, -1).reshape(-1, input.shape[1])


def _by_classes(op: Any, input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str) -> Any:
    """A loss of class numbers: ``op`` is the cross-entropy or the negative log-likelihood of rows."""
    at = _check_sizes(input, target)
    classes = input.shape[at]
    numbers, used = _class_numbers(input, target, classes, ignore_index)
    rows = None if used is None else used.astype(input.array.dtype)
    if weight is not None:
        _check_weight(weight, classes, input)
        rows = weight.array[numbers] if rows is None else weight.array[numbers] * rows
    if reduction == "none":
        return op(_rows(input), numbers, rows, None).reshape(target.shape)
    if reduction == "sum":
        return op(_rows(input), numbers, rows, 1)
    if reduction != "mean":
        check_reduction(reduction)
    total = numbers.size if rows is None else rows.sum()
    if total == 0:  # nothing to average: nan, with gradients of zero
        return op(_rows(input), numbers, rows, 1) + math.nan
    return op(_rows(input), numbers, rows, total)


def _check_weight(weight: Any, classes: int, input: Tensor) -> None:
    if tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor "
            f"of shape: {list(weight.shape)}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype} but found {weight.dtype}: convert the class weights with .to()"
        )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """The negative log-likelihood: minus the log-probability, in ``input``, of the class that ``target`` names.

    Shapes: input [N, C, d1, ...] or [C], target [N, d1, ...] or [], int64. "mean" weighs by the class weights. Raises
    IndexError for a class that is not there, ValueError for shapes that don't fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html

    >>> import autograd
    >>> nll_loss(autograd.tensor([[1.0, 2.0, 3.0]]).log_softmax(1), autograd.tensor([2]))
    tensor(0.4076)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    return _by_classes(ops.nll, input, target, weight, ignore_index, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """``nll_loss(log_softmax(input), target)``; the target may also be class probabilities (one-hot rows among them).

    Shapes: input [N, C, d1, ...] or [C]; target [N, d1, ...] or [] of int64, or floating point of the shape of the
    input. Raises IndexError for a class that is not there, ValueError for shapes that don't fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html

    >>> import autograd
    >>> cross_entropy(autograd.zeros(1, 4), autograd.tensor([2]))
    tensor(1.3863)
    """
    try:
        x, y = input.array, target.array
    except AttributeError:
        wrong, name = (target, "target") if isinstance(input, Tensor) else (input, "input")
        raise TypeError(f"cross_entropy(): argument {name!r} must be Tensor, not {type(wrong).__name__}") from None
    if (  # the ordinary case, without the questions below
        reduction == "mean" and weight is None and label_smoothing == 0.0 and ignore_index < 0
        and size_average is None and reduce is None
        and x.ndim == 2 and x.dtype.kind == "f" and y.dtype == _INT64 and y.shape == x.shape[:1] and y.size
    ):  # fmt: skip
        try:
            return ops.cross_entropy(input, y, None, y.size)
        except IndexError:  # labels that are to be ignored, or wrong ones: below
            pass
    reduction = old_reduction(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.array.dtype.kind in "biu":
        swapped = (
            ". Are the arguments swapped? It is cross_entropy(input, target)" if target.is_floating_point() else ""
        )
        raise NotImplementedError(
            f'"log_softmax" not implemented for {input.dtype}: the input must be floating point. Use .float(){swapped}'
        )
    if target.array.shape == input.array.shape and target.array.dtype.kind not in "biu":
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    if label_smoothing == 0.0:
        return _by_classes(ops.cross_entropy, input, target, weight, ignore_index, reduction)
    return _of_smoothed(input, target, weight, ignore_index, reduction, label_smoothing)


def _of_smoothed(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    """Cross-entropy with class numbers whose certainty is lessened: some of it goes to all classes alike."""
    at = _check_sizes(input, target)
    classes = input.shape[at]
    numbers, used = _class_numbers(input, target, classes, ignore_index)
    hot = np.zeros((numbers.size, classes), input.array.dtype)
    hot[np.arange(numbers.size), numbers] = 1 - label_smoothing
    hot += label_smoothing / classes
    rows = np.ones(numbers.size, hot.dtype)
    if weight is not None:
        _check_weight(weight, classes, input)
        hot *= weight.array
        rows = weight.array[numbers]
    if used is not None:
        hot *= used[:, None]
        rows = rows * used
    losses = ops.soft_cross_entropy(_rows(input), wrap(hot))
    if reduction == "mean":
        return losses.sum() / wrap(np.asarray(rows.sum()))
    return reduced(losses.reshape(target.shape) if reduction == "none" else losses, reduction)


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    """Cross-entropy with probabilities of the shape of the input."""
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    at = 0 if input.ndim == 1 else 1
    classes = input.shape[at]
    q = _rows(target)
    if label_smoothing > 0:
        q = q * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        _check_weight(weight, classes, input)
        q = q * weight
    losses = ops.soft_cross_entropy(_rows(input), q)
    if reduction == "mean":
        return losses.sum() / (input.numel() / classes if input.numel() else 0.0)
    return reduced(losses.reshape([n for i, n in enumerate(input.shape) if i != at]), reduction)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``.

    Shapes: input [N, in] or [in]; linear_weight [C, d1, ..., in], linear_bias [C, d1, ...]; target [N, d1, ...] or
    probabilities [N, C, d1, ...]. ``options`` says how PyTorch divides the work to save memory; the result does not
    depend on it, and here nothing is divided.

    >>> import autograd
    >>> linear_cross_entropy(autograd.ones(2, 4), autograd.zeros(3, 4), autograd.tensor([0, 2]))
    tensor(1.0986)
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(f"linear_cross_entropy: expected input to be 1D or 2D, got {list(input.shape)}")
    if input.ndim == 1 and linear_weight.ndim > 2:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {linear_weight.shape[-1]}), got unbatched input with shape {tuple(input.shape)}"
        )
    rows = linear_weight.reshape(-1, linear_weight.shape[-1])
    logits = linear(input, rows, None if linear_bias is None else linear_bias.reshape(-1))
    logits = logits.reshape(*input.shape[:-1], *linear_weight.shape[:-1])
    if ignore_index is not None and target.array.dtype.kind == "f":
        raise RuntimeError("ignore_index is not supported for floating point target")
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(logits, target, weight, None, ignored, None, reduction, label_smoothing)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``sum over j != y of max(0, margin - x_y + x_j)**p / C`` for each sample with class y.

    Shapes and errors: those of ``nn.MultiMarginLoss``.

    >>> import autograd
    >>> multi_margin_loss(autograd.tensor([[0.1, 0.2, 0.4, 0.8]]), autograd.tensor([3]))
    tensor(0.3250)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    x, y = input.reshape(1, -1) if input.ndim < 2 else input, target.reshape(-1)
    if target.ndim > 1 or len(y) != len(x):
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples: expected "
            f"[{len(x)}], but got {list(target.shape)}"
        )
    numbers, _ = _class_numbers(x, y, x.shape[1], -100)
    hinge = autograd.relu(margin - ops.pick(x, numbers).reshape(-1, 1) + x)
    hinge = hinge * hinge if p == 2 else hinge
    if weight is not None:
        _check_weight(weight, x.shape[1], input)
        hinge = hinge * weight.array[numbers][:, None]
    others = np.ones(x.shape, x.array.dtype)
    others[np.arange(len(numbers)), numbers] = 0
    losses = (hinge * wrap(others)).sum(1) / x.shape[1]
    return reduced(losses.reshape(target.shape), reduction)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """``sum over labels y and non-labels j of max(0, 1 - (x_y - x_j)) / C``; a row's labels end at the first -1.

    Shapes and errors: those of ``nn.MultiLabelMarginLoss``.

    >>> import autograd
    >>> labels = autograd.tensor([[3, 0, -1, 1]])  # classes 3 and 0: the row ends at -1
    >>> multilabel_margin_loss(autograd.tensor([[0.1, 0.2, 0.4, 0.8]]), labels)
    tensor(0.8500)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    if tuple(input.shape) != tuple(target.shape):
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    x, labels = (input.reshape(1, -1), target.reshape(1, -1)) if input.ndim < 2 else (input, target)
    classes = x.shape[1]
    given = labels.array
    listed = np.logical_and.accumulate(given >= 0, axis=1)
    if (given[listed] >= classes).any():
        raise RuntimeError(f"argument #2 'target' is out of range: there are {classes} classes")
    is_label = np.zeros((len(given), classes + 1), bool)
    np.put_along_axis(is_label, np.where(listed, given, classes), True, axis=1)
    others = wrap((~is_label[:, None, :classes]).astype(x.array.dtype))
    chosen = x.gather(1, wrap(np.where(listed, given, 0)))
    hinge = (
        autograd.relu(1 - chosen.unsqueeze(2) + x.unsqueeze(1))
        * others
        * wrap(listed[:, :, None].astype(x.array.dtype))
    )
    losses = hinge.sum((1, 2)) / classes
    return reduced(losses.reshape(()) if input.ndim < 2 else losses, reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """The binary cross-entropy of ``sigmoid(input)``, averaged over the classes.

    Shapes and errors: those of ``nn.MultiLabelSoftMarginLoss``.

    >>> import autograd
    >>> multilabel_soft_margin_loss(autograd.tensor([[2.0, -1.0]]), autograd.tensor([[1.0, 0.0]]))
    tensor(0.2201)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.shape[-1], reduction)
