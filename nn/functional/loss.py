"""Losses of numbers: probabilities, distances and margins. Those of classes and of sequences have files of their own.

The ones that matter for speed are single operations (``autograd/ops/loss.py``); the others are the formula, written
down.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import autograd
from autograd.ops import loss as ops
from autograd.tensor import Tensor

from .activation import logsigmoid
from .distance import pairwise_distance
from .reduction import AllDims, check_reduction, old_reduction, reduced

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "gaussian_nll_loss",
    "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "poisson_nll_loss",
    "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip

BINARY_CROSS_ENTROPY = AllDims("BinaryCrossEntropyBackward0")
BINARY_CROSS_ENTROPY_WITH_LOGITS = AllDims("BinaryCrossEntropyWithLogitsBackward0")
SMOOTH_L1_LOSS = AllDims("SmoothL1LossBackward0")
HUBER_LOSS = AllDims("HuberLossBackward0")
SOFT_MARGIN_LOSS = AllDims("SoftMarginLossBackward0")


def _warn_of_sizes(input: Tensor, target: Any, name: str) -> None:
    if tuple(target.shape) != tuple(input.shape):
        level, frame = 2, sys._getframe(1)
        while frame.f_back is not None and frame.f_globals["__name__"].partition(".")[0] == "nn":
            level, frame = level + 1, frame.f_back  # the warning is of the line that called the loss, or its module
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) in {name}. "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size: "
            "squeeze or unsqueeze one of them.",
            stacklevel=level,
        )


# --- probabilities -------------------------------------------------------------------------------------------------


def _same_size(input: Tensor, target: Tensor) -> None:
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
            "deprecated. Please ensure they have the same size: squeeze or unsqueeze one of them."
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

    >>> import autograd
    >>> binary_cross_entropy(autograd.tensor([0.9, 0.2]), autograd.tensor([1.0, 0.0]))
    tensor(0.1643)
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
    return reduced(losses if weight is None else losses * weight, reduction, BINARY_CROSS_ENTROPY)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Any:
    """``binary_cross_entropy(sigmoid(input), target)``, without overflow; ``pos_weight`` weighs positive examples.

    Shapes and errors: those of ``nn.BCEWithLogitsLoss``.

    >>> import autograd
    >>> binary_cross_entropy_with_logits(autograd.tensor([2.0, -1.0]), autograd.tensor([1.0, 0.0]))
    tensor(0.2201)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None:
        losses = ops.binary_logits(input, target)
    else:
        losses = (1 - target) * input - (1 + (pos_weight - 1) * target) * logsigmoid(input)
    return reduced(losses if weight is None else losses * weight, reduction, BINARY_CROSS_ENTROPY_WITH_LOGITS)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """The Kullback-Leibler divergence ``target * (log(target) - input)``, with log-probabilities as the input.

    Shapes and errors: those of ``nn.KLDivLoss``.

    "batchmean" divides the sum by the batch size, as the mathematics has it; "mean" divides by the number of elements.

    >>> import autograd
    >>> p, q = autograd.tensor([[0.5, 0.5]]), autograd.tensor([[0.25, 0.75]])
    >>> kl_div(q.log(), p, reduction="batchmean")
    tensor(0.1438)
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
    return reduced(losses, reduction)


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

    Shapes and errors: those of ``nn.PoissonNLLLoss``.

    ``full`` adds Stirling's approximation of ``log(target!)``.

    >>> import autograd
    >>> poisson_nll_loss(autograd.tensor([0.0, 1.0]), autograd.tensor([1.0, 3.0]))
    tensor(0.3591)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    check_reduction(reduction)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        above = target > 1
        counts = autograd.where(above, target, 1)
        stirling = counts * counts.log() - counts + 0.5 * (2 * math.pi * counts).log()
        losses = losses + autograd.where(above, stirling, 0)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Minus the log-likelihood of ``target`` under normal distributions of means ``input`` and variances ``var``.

    Shapes and errors: those of ``nn.GaussianNLLLoss``.

    >>> import autograd
    >>> gaussian_nll_loss(autograd.tensor([1.0]), autograd.tensor([3.0]), autograd.tensor([4.0]))
    tensor(1.1931)
    """
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
    check_reduction(reduction)
    safe = var + (autograd.clamp(var.detach(), min=eps) - var.detach())  # cut off in value, not in gradient
    losses = 0.5 * (safe.log() + (input - target) ** 2 / safe)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


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

    Shapes and errors: those of ``nn.MSELoss``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    >>> import autograd
    >>> mse_loss(autograd.tensor([1.0, 4.0]), autograd.tensor([2.0, 2.0]))
    tensor(2.5000)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    _warn_of_sizes(input, target, "mse_loss")
    check_reduction(reduction)
    if weight is not None:
        return _weighted((input - target) ** 2, weight, reduction)
    if reduction == "none":
        return ops.squared_error(input, target, None)
    if reduction == "sum":
        return ops.squared_error(input, target, 1)
    if input.array.shape == target.array.shape:
        size = input.array.size
    else:
        size = (input - target).array.size  # which says what is wrong with shapes that don't fit
    return ops.squared_error(input, target, size) if size else (input - target).sum() * math.nan


def _weighted(losses: Any, weight: Tensor, reduction: str) -> Any:
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Any:
    """``|input - target|``; with ``weight``, its weighted mean.

    Shapes and errors: those of ``nn.L1Loss``.

    >>> import autograd
    >>> l1_loss(autograd.tensor([1.0, 4.0]), autograd.tensor([2.0, 2.0]))
    tensor(1.5000)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    _warn_of_sizes(input, target, "l1_loss")
    losses = autograd.abs(input - target)
    return reduced(losses, reduction) if weight is None else _weighted(losses, weight, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """``|d|``, rounded off to a parabola where ``|d| < beta``, for ``d = input - target``.

    Shapes and errors: those of ``nn.SmoothL1Loss``.

    >>> import autograd
    >>> smooth_l1_loss(autograd.tensor([0.5, 3.0]), autograd.tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    reduction = old_reduction(size_average, reduce, reduction)
    _warn_of_sizes(input, target, "smooth_l1_loss")
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return reduced(ops.smooth_absolute(input - target, beta), reduction, SMOOTH_L1_LOSS)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Any:
    """``smooth_l1_loss`` times ``delta``: a parabola where ``|d| < delta``, a line of slope ``delta`` beyond.

    Shapes and errors: those of ``nn.HuberLoss``.

    >>> import autograd
    >>> huber_loss(autograd.tensor([0.5, 3.0]), autograd.tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    _warn_of_sizes(input, target, "huber_loss")
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta: {delta}")
    losses = ops.smooth_absolute(input - target, delta) * delta
    return reduced(losses, reduction, HUBER_LOSS) if weight is None else _weighted(losses, weight, reduction)


# --- margins -------------------------------------------------------------------------------------------------------


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """``log(1 + exp(-target * input))``, for targets 1 and -1.

    Shapes and errors: those of ``nn.SoftMarginLoss``.

    >>> import autograd
    >>> soft_margin_loss(autograd.tensor([2.0, -1.0]), autograd.tensor([1.0, -1.0]))
    tensor(0.2201)
    """
    reduction = old_reduction(size_average, reduce, reduction)
    return reduced(-logsigmoid(target * input), reduction, SOFT_MARGIN_LOSS)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``input`` where the target is 1, ``max(0, margin - input)`` where it is -1.

    Shapes and errors: those of ``nn.HingeEmbeddingLoss``.

    >>> import autograd
    >>> hinge_embedding_loss(autograd.tensor([0.3, 0.3]), autograd.tensor([1, -1]), reduction="none")
    tensor([0.3000, 0.7000])
    """
    reduction = old_reduction(size_average, reduce, reduction)
    apart = autograd.where(target == 1, 0, autograd.clamp_min(margin - input, 0))
    together = autograd.where(target == -1, 0, input)
    return reduced(apart + together, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, -target * (input1 - input2) + margin)``.

    Shapes and errors: those of ``nn.MarginRankingLoss``.

    >>> import autograd
    >>> a, b = autograd.tensor([1.0, 1.0]), autograd.tensor([0.0, 3.0])
    >>> margin_ranking_loss(a, b, autograd.tensor([1, 1]), reduction="none")  # 1: the first should be larger
    tensor([0., 2.])
    """
    reduction = old_reduction(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{list(input1.shape)}, input2: {list(input2.shape)}, target: {list(target.shape)} "
        )
    return reduced(autograd.clamp_min(-target * (input1 - input2) + margin, 0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``1 - cos`` where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Shapes and errors: those of ``nn.CosineEmbeddingLoss``.

    >>> import autograd
    >>> a, b = autograd.tensor([[1.0, 0.0], [1.0, 0.0]]), autograd.tensor([[0.0, 1.0], [1.0, 0.0]])
    >>> cosine_embedding_loss(a, b, autograd.tensor([1, -1]), reduction="none")
    tensor([1., 1.])
    """
    reduction = old_reduction(size_average, reduce, reduction)
    if target.ndim not in (0, 1) or (target.ndim == 1) != (input1.ndim == 2) or input1.ndim != input2.ndim:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    at = input1.ndim - 1
    product = (input1 * input2).sum(at)
    cos = product / (((input1 * input1).sum(at) + 1e-12) * ((input2 * input2).sum(at) + 1e-12)).sqrt()
    losses = autograd.where(target == 1, 1 - cos, 0) + autograd.where(
        target == -1, autograd.clamp_min(cos - margin, 0), 0
    )
    return reduced(losses, reduction)


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
    """``max(0, |anchor - positive| - |anchor - negative| + margin)``, with p-norms.

    Shapes and errors: those of ``nn.TripletMarginLoss``.

    >>> import autograd
    >>> triplet_margin_loss(autograd.tensor([[0.0]]), autograd.tensor([[1.0]]), autograd.tensor([[1.5]]))
    tensor(0.5000)
    """
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
    """``triplet_margin_loss`` with any distance.

    >>> import autograd
    >>> anchor, near, far = autograd.tensor([[0.0]]), autograd.tensor([[1.0]]), autograd.tensor([[1.5]])
    >>> triplet_margin_with_distance_loss(anchor, near, far, distance_function=lambda a, b: (a - b).abs().sum(1))
    tensor(0.5000)
    """
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Any, margin: float, swap: bool, reduction: str
) -> Any:
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = autograd.minimum(far, distance(positive, negative))
    return reduced(autograd.clamp_min(near - far + margin, 0), reduction)
