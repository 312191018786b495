"""Losses.

``reduction`` is "mean", "sum" or "none"; ``size_average`` and ``reduce`` are its old form. The ones that matter for
speed are single operations (``autograd/ops/loss.py``); the others are the formula, written down.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd.ops import loss as ops
from autograd.tensor import Tensor, wrap

from .activation import logsigmoid
from .distance import pairwise_distance
from .linear import linear

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "ctc_loss",
    "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "linear_cross_entropy",
    "margin_ranking_loss", "mse_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "nll_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


_INT64 = np.dtype(np.int64)


def old_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """``reduction``, or what the old arguments mean in its place."""
    if size_average is None and reduce is None:
        return reduction
    meant = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=3
    )
    return meant


def _reduce(losses: Any, reduction: str) -> Any:
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    _check_reduction(reduction)
    return losses


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction: choose 'mean', 'sum' or 'none'")


def _warn_of_sizes(input: Tensor, target: Any, name: str) -> None:
    if tuple(target.shape) != tuple(input.shape):
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) in {name}. "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=4,
        )


# --- classes -------------------------------------------------------------------------------------------------------


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
    """The dimension of the classes. Raises ValueError where batch or places differ."""
    if input.ndim == 0:
        raise ValueError("cross_entropy: expected an input with a dimension of classes, got a 0-d tensor")
    at = 0 if input.ndim == 1 else 1
    if (input.ndim == 1 and target.ndim > 0) or (input.ndim > 1 and target.ndim == 0):
        raise ValueError(f"input and target don't fit: {list(input.shape)} and {list(target.shape)}")
    if input.ndim > 1 and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
        )
    expected = tuple(n for i, n in enumerate(input.shape) if i != at)
    if tuple(target.shape) != expected:
        raise ValueError(
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
        _check_reduction(reduction)
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
    x, y = input.array, target.array
    if (  # the ordinary case, without the questions below
        reduction == "mean" and weight is None and label_smoothing == 0.0 and ignore_index < 0
        and size_average is None and reduce is None
        and x.ndim == 2 and x.dtype.kind == "f" and y.dtype == _INT64 and y.shape == x.shape[:1] and y.size
        and np.maximum.reduce(y.view(np.uint64)) < x.shape[1]
    ):  # fmt: skip
        return ops.cross_entropy(input, y, None, y.size)
    reduction = old_reduction(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.array.dtype.kind in "biu":
        raise RuntimeError(
            f'"log_softmax" not implemented for {input.dtype}: the input must be floating point. Use .float()'
        )
    if target.array.shape == input.array.shape and target.array.dtype.kind not in "biu":
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    if label_smoothing == 0.0:
        return _by_classes(ops.cross_entropy, input, target, weight, ignore_index, reduction)
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
    return _reduce(losses.reshape(target.shape) if reduction == "none" else losses, reduction)


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
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
    return _reduce(losses.reshape([n for i, n in enumerate(input.shape) if i != at]), reduction)


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
    """``sum over j != y of max(0, margin - x_y + x_j)**p / C`` for each sample with class y."""
    reduction = old_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    x, y = input.reshape(1, -1) if input.ndim < 2 else input, target.reshape(-1)
    numbers, _ = _class_numbers(x, y, x.shape[1], -100)
    hinge = autograd.relu(margin - ops.pick(x, numbers).reshape(-1, 1) + x)
    hinge = hinge * hinge if p == 2 else hinge
    if weight is not None:
        _check_weight(weight, x.shape[1], input)
        hinge = hinge * weight.array[numbers][:, None]
    others = np.ones(x.shape, x.array.dtype)
    others[np.arange(len(numbers)), numbers] = 0
    losses = (hinge * wrap(others)).sum(1) / x.shape[1]
    return _reduce(losses.reshape(target.shape), reduction)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """``sum over labels y and non-labels j of max(0, 1 - (x_y - x_j)) / C``; a row's labels end at the first -1."""
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
    return _reduce(losses.reshape(()) if input.ndim < 2 else losses, reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """The binary cross-entropy of ``sigmoid(input)``, averaged over the classes."""
    reduction = old_reduction(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return _reduce(losses.sum(-1) / input.shape[-1], reduction)


# --- probabilities -------------------------------------------------------------------------------------------------


def _same_size(input: Tensor, target: Tensor) -> None:
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
            "deprecated. Please ensure they have the same size."
        )


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``-(target * log(input) + (1 - target) * log(1 - input))``; the logarithms are cut off at -100.

    Raises RuntimeError for an input outside [0, 1]. Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html
    """
    reduction = old_reduction(size_average, reduce, reduction)
    _same_size(input, target)
    values = input.array
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise RuntimeError(
            f"all elements of input should be between 0 and 1, but they are between {values.min()} and "
            f"{values.max()}. Use binary_cross_entropy_with_logits (BCEWithLogitsLoss) on the values before the "
            "sigmoid"
        )
    losses = ops.binary(input, target)
    return _reduce(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Any:
    """``binary_cross_entropy(sigmoid(input), target)``, without overflow; ``pos_weight`` weighs positive examples."""
    reduction = old_reduction(size_average, reduce, reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None:
        losses = ops.binary_logits(input, target)
    else:
        losses = (1 - target) * input - (1 + (pos_weight - 1) * target) * logsigmoid(input)
    return _reduce(losses if weight is None else losses * weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """The Kullback-Leibler divergence ``target * (log(target) - input)``, with log-probabilities as the input.

    "batchmean" divides the sum by the batch size, as the mathematics has it; "mean" divides by the number of elements.
    """
    reduction = old_reduction(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' "
            "divides only by the batch size, and aligns with the KL div math definition.",
            stacklevel=2,
        )
    losses = target.exp() * (target - input) if log_target else autograd.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses.sum()
    return _reduce(losses, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Minus the log-likelihood of counts ``target`` under Poisson rates ``exp(input)`` (or ``input``).

    ``full`` adds Stirling's approximation of ``log(target!)``.
    """
    reduction = old_reduction(size_average, reduce, reduction)
    _check_reduction(reduction)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        above = target > 1
        counts = autograd.where(above, target, 1)
        stirling = counts * counts.log() - counts + 0.5 * (2 * math.pi * counts).log()
        losses = losses + autograd.where(above, stirling, 0)
    return _reduce(losses, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Minus the log-likelihood of ``target`` under normal distributions of means ``input`` and variances ``var``."""
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * autograd.ones_like(input)
    elif (var.array < 0).any():
        raise ValueError("var has negative entry/entries")
    if tuple(var.shape) != tuple(input.shape):
        if tuple(input.shape[:-1]) == tuple(var.shape):
            var = var.unsqueeze(-1)
        elif not (tuple(input.shape[:-1]) == tuple(var.shape[:-1]) and var.shape[-1] == 1) and not _stretches(
            var, input
        ):
            raise ValueError(f"var is of incorrect size: {list(var.shape)}, for an input of {list(input.shape)}")
    _check_reduction(reduction)
    safe = var + (autograd.clamp(var.detach(), min=eps) - var.detach())  # cut off in value, not in gradient
    losses = 0.5 * (safe.log() + (input - target) ** 2 / safe)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return _reduce(losses, reduction)


def _stretches(var: Tensor, input: Tensor) -> bool:
    return var.ndim == input.ndim and all(n == m or n == 1 for n, m in zip(var.shape, input.shape, strict=True))


# --- distances -----------------------------------------------------------------------------------------------------


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Any:
    """``(input - target)**2``; with ``weight``, its weighted mean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html
    """
    reduction = old_reduction(size_average, reduce, reduction)
    _warn_of_sizes(input, target, "mse_loss")
    _check_reduction(reduction)
    if weight is not None:
        return _weighted((input - target) ** 2, weight, reduction)
    if reduction == "none":
        return ops.squared_error(input, target, None)
    if reduction == "sum":
        return ops.squared_error(input, target, 1)
    size = input.array.size if input.array.shape == target.array.shape else np.broadcast(input.array, target.array).size
    return ops.squared_error(input, target, size) if size else (input - target).sum() * math.nan


def _weighted(losses: Any, weight: Tensor, reduction: str) -> Any:
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else _reduce(losses, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Any:
    """``|input - target|``; with ``weight``, its weighted mean."""
    reduction = old_reduction(size_average, reduce, reduction)
    _warn_of_sizes(input, target, "l1_loss")
    losses = autograd.abs(input - target)
    return _reduce(losses, reduction) if weight is None else _weighted(losses, weight, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """``|d|``, rounded off to a parabola where ``|d| < beta``, for ``d = input - target``."""
    reduction = old_reduction(size_average, reduce, reduction)
    _warn_of_sizes(input, target, "smooth_l1_loss")
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return _reduce(ops.smooth_absolute(input - target, beta), reduction)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Any:
    """``smooth_l1_loss`` times ``delta``: a parabola where ``|d| < delta``, a line of slope ``delta`` beyond."""
    _warn_of_sizes(input, target, "huber_loss")
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta: {delta}")
    losses = ops.smooth_absolute(input - target, delta) * delta
    return _reduce(losses, reduction) if weight is None else _weighted(losses, weight, reduction)


# --- margins -------------------------------------------------------------------------------------------------------


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """``log(1 + exp(-target * input))``, for targets 1 and -1."""
    reduction = old_reduction(size_average, reduce, reduction)
    return _reduce(-logsigmoid(target * input), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``input`` where the target is 1, ``max(0, margin - input)`` where it is -1."""
    reduction = old_reduction(size_average, reduce, reduction)
    apart = autograd.where(target == 1, 0, autograd.relu(margin - input))
    together = autograd.where(target == -1, 0, input)
    return _reduce(apart + together, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, -target * (input1 - input2) + margin)``."""
    reduction = old_reduction(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{list(input1.shape)}, input2: {list(input2.shape)}, target: {list(target.shape)} "
        )
    return _reduce(autograd.relu(-target * (input1 - input2) + margin), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``1 - cos`` where the target is 1, ``max(0, cos - margin)`` where it is -1."""
    reduction = old_reduction(size_average, reduce, reduction)
    if target.ndim not in (0, 1) or (target.ndim == 1) != (input1.ndim == 2) or input1.ndim != input2.ndim:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    at = input1.ndim - 1
    product = (input1 * input2).sum(at)
    cos = product / (((input1 * input1).sum(at) + 1e-12) * ((input2 * input2).sum(at) + 1e-12)).sqrt()
    losses = autograd.where(target == 1, 1 - cos, 0) + autograd.where(target == -1, autograd.relu(cos - margin), 0)
    return _reduce(losses, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, |anchor - positive| - |anchor - negative| + margin)``, with p-norms."""
    reduction = old_reduction(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but "
            f"got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    return _triplet(anchor, positive, negative, lambda a, b: pairwise_distance(a, b, p, eps), margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """``triplet_margin_loss`` with any distance."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Any, margin: float, swap: bool, reduction: str
) -> Any:
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = autograd.minimum(far, distance(positive, negative))
    return _reduce(autograd.relu(near - far + margin), reduction)


# --- sequences -----------------------------------------------------------------------------------------------------

_NEVER = -1e30  # the logarithm of (almost) zero, that no arithmetic turns into nan


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Connectionist temporal classification: minus the log-probability of a sequence of labels, however it is aligned.

    Shapes: log_probs [T, N, C] or [T, C]; targets [N, S], [S], or all joined [sum of target_lengths]; the lengths are
    tuples or tensors of N. "mean" divides by the target lengths first. Raises RuntimeError for lengths that don't fit.

    Source: Graves et al. 2006, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
    """
    _check_reduction(reduction)
    batched = log_probs.ndim == 3
    steps = log_probs if batched else log_probs.unsqueeze(1)
    frames, batch, classes = steps.shape
    of_input = _lengths(input_lengths, batch, "input_lengths", frames)
    of_target = _lengths(target_lengths, batch, "target_lengths", None)
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range: {blank} with {classes} classes")
    if (of_input < 0).any() or (of_input > frames).any():
        raise RuntimeError(f"Expected input_lengths to have value at most {frames}, but got value {of_input.max()}")
    path, jump, width = _ctc_path(targets.array, of_target, blank, batch, classes)
    scores = steps.gather(2, wrap(np.broadcast_to(path, (frames, *path.shape)).copy()))  # [T, N, 2S + 1]
    kind = log_probs.array.dtype
    alpha = autograd.where(wrap(np.arange(width) < np.minimum(2, 2 * of_target + 1)[:, None]), scores[0], _NEVER)
    no_jump = wrap(np.where(jump, 0, _NEVER).astype(kind))
    never = wrap(np.full((batch, 2), _NEVER, kind))
    for t in range(1, frames):
        padded = autograd.cat([never, alpha], 1)
        ways = autograd.stack([alpha, padded[:, 1:-1], padded[:, :-2] + no_jump])
        top = ways.detach().array.max(0)
        moved = (ways - wrap(top)).exp().sum(0).log() + wrap(top) + scores[t]
        alpha = autograd.where(wrap((t < of_input)[:, None]), moved, alpha)
    ends = np.stack([2 * of_target, np.maximum(2 * of_target - 1, 0)], 1)
    last = alpha.gather(1, wrap(ends))
    both = wrap(np.stack([np.zeros(batch), np.where(of_target > 0, 0, _NEVER)], 1).astype(kind))
    losses = -autograd.logsumexp(last + both, 1)
    if (of_input == 0).any():  # no frames: certain for an empty target, impossible for any other
        losses = autograd.where(wrap(of_input == 0), wrap(np.where(of_target == 0, 0, -_NEVER).astype(kind)), losses)
    # PyTorch's gradient is that of the loss after log_softmax: here it gets a term that log_softmax takes away again.
    frame = np.arange(frames)[:, None, None] < of_input[:, None]
    sums = (steps.exp() * wrap(frame.astype(kind))).sum((0, 2))
    losses = losses + (sums - sums.detach())
    impossible = wrap(losses.array > -_NEVER / 2)
    losses = autograd.where(impossible, 0.0 if zero_infinity else math.inf, losses)
    if reduction == "mean":
        return (losses / wrap(np.maximum(of_target, 1).astype(kind))).mean()
    if reduction == "sum":
        return losses.sum()
    return losses if batched else losses.reshape(())


def _lengths(given: Any, batch: int, name: str, most: int | None) -> Any:
    lengths = np.asarray(given.array if isinstance(given, Tensor) else given, np.int64).reshape(-1)
    if len(lengths) != batch:
        raise RuntimeError(f"{name} must be of size batch_size: {len(lengths)} lengths for a batch of {batch}")
    return lengths


def _ctc_path(targets: Any, lengths: Any, blank: int, batch: int, classes: int) -> tuple[Any, Any, int]:
    """The labels with blanks around them [N, 2S + 1], and where a blank between two labels may be jumped over."""
    longest = int(lengths.max(initial=0))
    rows = np.full((batch, longest), blank, np.int64)
    if targets.ndim == 1 and (batch > 1 or targets.size == lengths.sum()):
        starts = np.concatenate([[0], np.cumsum(lengths)])
        if starts[-1] > targets.size:
            raise RuntimeError(
                f"Expected targets of {starts[-1]} elements (the sum of target_lengths), got {targets.size}"
            )
        for i, n in enumerate(lengths):
            rows[i, :n] = targets[starts[i] : starts[i] + n]
    else:
        table = targets.reshape(batch, -1)
        if longest > table.shape[1]:
            raise RuntimeError(
                f"Expected target_lengths to have value at most {table.shape[1]}, but got value {longest}"
            )
        for i, n in enumerate(lengths):
            rows[i, :n] = table[i, :n]
    if rows.size and (rows.min() < 0 or rows.max() >= classes):
        raise RuntimeError(f"targets must be labels in 0 .. {classes - 1}, found {rows.min()} .. {rows.max()}")
    path = np.full((batch, 2 * longest + 1), blank, np.int64)
    path[:, 1::2] = rows
    jump = np.zeros(path.shape, bool)
    jump[:, 3::2] = rows[:, 1:] != rows[:, :-1]
    return path, jump, path.shape[1]
