"""Losses that are one thing: softmax cross-entropy, negative log-likelihood, squared error, binary cross-entropy.

The classes of a two-dimensional input are in its last dimension, one row a sample. ``rows`` are weights of the samples
(None: all one): class weights and ignored samples are both that. ``scale`` divides what is summed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import check_classes
from ..fast import twin
from ..half import rounded_once
from ..lift import elementwise, general, lift, linear
from .activation import clipped, exponentials, hardtanh, log_one_plus_exp, sigmoid, softmax_along

__all__ = []

_counted: dict[int, Any] = {}


def _count(n: int) -> Any:
    """0 ... n - 1, made once for each n."""
    found = _counted.get(n)
    if found is None:
        found = _counted[n] = np.arange(n)
    return found


def _reduced(losses: Any, rows: Any, scale: Any) -> Any:
    """The losses of the rows: weighted, and unless scale is None, summed and divided."""
    if rows is not None:
        losses = losses * rows
    if scale is None:
        return losses
    return np.add.reduce(losses) / losses.dtype.type(scale)


# --- classes -------------------------------------------------------------------------------------------------------


@rounded_once
def _cross_entropy(input: Any, target: Any, rows: Any, scale: Any) -> tuple[Any, Any]:
    losses, probabilities = _entropies(input, target)
    return _reduced(losses, rows, scale), probabilities


def _large_rows(input: Any, target: Any) -> bool:
    return input.size >= 256 and input.dtype == np.float32 and input.flags.c_contiguous and target.flags.c_contiguous  # type: ignore[no-any-return]


@twin("rows.cross_entropy", when=_large_rows)
def _entropies(input: Any, target: Any) -> tuple[Any, Any]:
    """Minus the logarithm of each row's probability of its class; and the probabilities of all classes."""
    check_classes(target, input.shape[1])
    y, total, top = exponentials(input, 1)
    y /= total
    total = total.reshape(-1)
    losses = np.log(total, out=total)
    losses += top.reshape(-1) if np.ndim(top) else top
    losses -= input[_count(len(input)), target]
    return losses, y


cross_entropy = lift(
    _cross_entropy,
    kind="general",
    name="softmax_cross_entropy",
    promote="none",
    constants=("target", "rows"),
    residual=lambda input: softmax_along(input, 1),
    input=lambda g, r, target, rows, scale: cross_entropy_slope(g, r, target, rows, scale),  # type: ignore[has-type]
)


@rounded_once
def _cross_entropy_slope(grad: Any, probabilities: Any, target: Any, rows: Any, scale: Any) -> Any:
    return _slopes(probabilities, target, _factor(grad, rows, scale, probabilities.dtype))


@twin(
    "rows.slopes", when=lambda probabilities, target, factor: not np.ndim(factor) and _large_rows(probabilities, target)
)
def _slopes(probabilities: Any, target: Any, factor: Any) -> Any:
    """The probabilities, in each row less one for its class, times a number or a column."""
    made = probabilities * factor
    made[_count(len(made)), target] -= factor[:, 0] if np.ndim(factor) else factor
    return made


def _factor(grad: Any, rows: Any, scale: Any, dtype: Any) -> Any:
    """What each row is multiplied by: a number, or a column."""
    if rows is None and scale is not None:
        return dtype.type(grad / scale)
    factor = np.asarray(grad, dtype) if scale is None else np.asarray(grad / dtype.type(scale), dtype)
    if rows is not None:
        factor = factor * rows
    return factor[:, None] if factor.ndim else factor


cross_entropy_slope = lift(
    _cross_entropy_slope,
    kind="general",
    name="softmax_cross_entropy_slope",
    promote="none",
    constants=("target", "rows"),
    grad=lambda g, probabilities, target, rows, scale: _per_row(
        (g * probabilities).sum(axis=1) - pick(g, target),  # type: ignore[has-type]
        rows,
        scale,  # type: ignore[has-type]
    ),
    probabilities=lambda g, grad, rows, scale: g * _column(_per_row(grad, rows, scale)),
)


def _per_row(values: Any, rows: Any, scale: Any) -> Any:
    if rows is not None:
        values = values * rows
    return values if scale is None else values / scale


def _column(values: Any) -> Any:
    return values.reshape(-1, 1) if values.ndim else values


pick = linear(
    lambda input, target: input[_count(len(input)), target],
    name="pick",
    constants=("target",),
    promote="none",
    input=lambda g, target, like: spread(g, target, like.shape[1]),  # type: ignore[has-type]
)


def _spread(input: Any, target: Any, classes: int) -> Any:
    made = np.zeros((len(target), classes), input.dtype)
    made[_count(len(target)), target] = input
    return made


spread = linear(_spread, name="spread", constants=("target",), promote="none", input=lambda g, target: pick(g, target))


@rounded_once
def _nll(input: Any, target: Any, rows: Any, scale: Any) -> Any:
    check_classes(target, input.shape[1])
    return _reduced(-input[_count(len(input)), target], rows, scale)


def _nll_slope(grad: Any, target: Any, rows: Any, scale: Any, classes: int) -> Any:
    factor = _factor(grad, rows, scale, grad.dtype)
    made = np.zeros((len(target), classes), grad.dtype)
    made[_count(len(target)), target] = -(factor[:, 0] if np.ndim(factor) else factor)
    return made


nll = lift(
    _nll,
    kind="linear",
    name="nll_loss",
    promote="none",
    flat=True,
    constants=("target", "rows"),
    input=lambda g, target, rows, scale, like: nll_slope(g, target, rows, scale, like.shape[1]),  # type: ignore[has-type]
)
nll_slope = lift(
    _nll_slope,
    kind="linear",
    name="nll_loss_slope",
    promote="none",
    constants=("target", "rows"),
    grad=lambda g, target, rows, scale: _per_row(-pick(g, target), rows, scale),
)


@twin("rows.soft_cross_entropy", when=lambda input, target: _alike(input, target))
@rounded_once
def _soft_cross_entropy(input: Any, target: Any) -> tuple[Any, Any]:
    y, total, top = exponentials(input, 1)
    log = input - (np.log(total) + top)
    y /= total
    return -np.einsum("ij,ij->i", log, target), y


soft_cross_entropy = general(  # for each row, -sum_j target_j log softmax(input)_j
    _soft_cross_entropy,
    name="soft_cross_entropy",
    residual=lambda input: softmax_along(input, 1),
    input=lambda g, r, target: soft_slopes(g, r, target),  # type: ignore[has-type]
    target=lambda g, input: -_log_softmax_of(input) * g.reshape(-1, 1),
)


def _alike(*arrays: Any) -> bool:
    """Whether a compiled kernel takes these rows: float32 of one shape, in plain order."""
    shape = arrays[0].shape
    return arrays[0].size >= 2048 and all(
        [a.dtype == np.float32 and a.shape == shape and a.flags.c_contiguous for a in arrays]
    )


@twin(
    "rows.soft_slopes",
    when=lambda grad, probabilities, target: grad.dtype == np.float32 and _alike(probabilities, target),
)
def _soft_slopes(grad: Any, probabilities: Any, target: Any) -> Any:
    return (probabilities * target.sum(axis=1, keepdims=True) - target) * grad.reshape(-1, 1)


soft_slopes = general(
    _soft_slopes,
    name="soft_cross_entropy_slope",
    grad=lambda g, probabilities, target: (g * (probabilities * target.sum(axis=1, keepdims=True) - target)).sum(
        axis=1
    ),
    probabilities=lambda g, grad, target: g * (target.sum(axis=1) * grad).reshape(-1, 1),
    target=lambda g, grad, probabilities: ((g * probabilities).sum(axis=1, keepdims=True) - g) * grad.reshape(-1, 1),
)


def _log_softmax_of(x: Any) -> Any:
    from .activation import log_softmax_along

    return log_softmax_along(x, 1)


# --- numbers -------------------------------------------------------------------------------------------------------


@rounded_once
def _squared_error(input: Any, target: Any, scale: Any) -> tuple[Any, Any]:
    r = input - target
    if scale is None:
        return r * r, r
    return _sum_of_squares(r.reshape(-1)) / r.dtype.type(scale), r


def _sum_of_squares(flat: Any) -> Any:
    """BLAS adds all of them up in a few numbers: of many, by thousands, so that the last digits stay exact."""
    if flat.size < 65_536:
        return np.dot(flat, flat)
    whole = flat.size // 4096 * 4096
    rows, rest = flat[:whole].reshape(-1, 4096), flat[whole:]
    return np.add.reduce(np.vecdot(rows, rows)) + np.dot(rest, rest)


squared_error = general(  # scale: what the sum is divided by; None: no sum
    _squared_error,
    residual=lambda input, target: input - target,
    name="mse_loss",
    input=lambda g, r, scale: r * (g * (2.0 if scale is None else 2.0 / scale)),
    target=lambda g, r, scale: r * (g * (-2.0 if scale is None else -2.0 / scale)),
)


def _binary_logits(input: Any, target: Any) -> Any:
    y = log_one_plus_exp(input)
    y += np.maximum(input, 0)
    y -= input * target
    return y


binary_logits = elementwise(  # -target * log(sigmoid(input)) - (1 - target) * log(1 - sigmoid(input))
    _binary_logits,
    name="binary_cross_entropy_with_logits",
    input=lambda g, input, target: g * (sigmoid(input) - target),
    target=lambda g, input: -g * input,
    long=True,
)


def _clamped_log(input: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(input), input.dtype.type(-100))


binary = elementwise(
    lambda input, target: (target - 1) * _clamped_log(1 - input) - target * _clamped_log(input),
    name="binary_cross_entropy",
    input=lambda g, input, target: g * (input - target) / np.maximum((1 - input) * input, 1e-12),
    target=lambda g, input: g * (clamped_log(1 - input) - clamped_log(input)),  # type: ignore[has-type]
)
clamped_log = elementwise(_clamped_log, name="clamped_log", input=lambda g, input: g / np.maximum(input, 1e-12))


def _smooth_absolute(input: Any, beta: float) -> Any:
    kind = input.dtype.type
    near = clipped(input, -beta, beta)
    return near * (input - near * kind(0.5)) * kind(1 / beta)


smooth_absolute = elementwise(  # x^2 / (2 beta) within beta of zero, |x| - beta / 2 beyond
    _smooth_absolute,
    name="smooth_l1",
    input=lambda g, input, beta: g * hardtanh(input / beta, -1, 1),  # whose own slope is 0 at the ends, as in PyTorch
    long=True,
)
