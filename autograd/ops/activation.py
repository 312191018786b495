"""Activations: the functions between layers, element by element, and the softmax family.

Where a slope is worth its own NumPy code (gelu, silu), it is an operation too, with a formula of its own: the table
stays closed under differentiation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..fast import alike, twin
from ..half import rounded_once
from ..lift import elementwise, general
from ..memory import in_order
from ..tensor import normal_dim
from ..threads import in_blocks
from .piecewise import bounded, clamp, ones_where

__all__ = ["log_softmax", "logit", "relu", "sigmoid", "softmax"]

inside = elementwise(lambda input, low, high: (input > low) & (input < high), name="inside", arrays=("input",))
outside = elementwise(lambda input, bound: (input < -bound) | (input > bound), name="outside", arrays=("input",))
"""Masks; they have no gradient."""

step = elementwise(lambda input: ones_where(input > 0, input), name="step", arrays=("input",))


def _leaky_slope(input: Any, negative_slope: float) -> Any:
    y = ones_where(input > 0, input)
    y *= input.dtype.type(1 - negative_slope)
    y += input.dtype.type(negative_slope)
    return y


leaky_slope = elementwise(_leaky_slope, name="leaky_slope", arrays=("input",), long=True)

# --- rectifiers and their relatives --------------------------------------------------------------------------------

relu = elementwise(
    lambda input: bounded(input, 0, None), name="relu", refuses="bc", flat=True, input=lambda g, y: g * (y > 0)
)


def _leaky_relu(input: Any, negative_slope: float) -> Any:
    y = input * input.dtype.type(negative_slope)
    if 0 <= negative_slope <= 1:
        return np.maximum(input, y)
    return np.where(input > 0, input, y)


leaky_relu = elementwise(
    _leaky_relu,
    input=lambda g, input, negative_slope: g * leaky_slope(input, negative_slope),
    long=True,
    flat=True,
)
prelu = elementwise(
    lambda input, weight: np.maximum(input, 0) + np.minimum(input, 0) * weight,
    name="prelu",
    input=lambda g, input, weight: g * (weight + step(input) * (1 - weight)),
    weight=lambda g, input: g * input * (1 - step(input)),
    long=True,
    flat=True,
)
rrelu = elementwise(  # the slopes were drawn outside
    lambda input, slopes: np.where(input > 0, input, input * slopes),
    name="rrelu_with_noise",
    constants=("slopes",),
    input=lambda g, input, slopes: np.where(input > 0, g, g * slopes),
    flat=True,
)
threshold = elementwise(
    lambda input, threshold, value: np.where(input <= threshold, input.dtype.type(value), input),
    name="threshold",
    input=lambda g, input, threshold: np.where(input <= threshold, 0, g),
    flat=True,
)


def clipped(input: Any, low: Any, high: Any) -> Any:
    """``np.clip`` in the dtype of the array, which may be bfloat16."""
    low, high = input.dtype.type(low), input.dtype.type(high)
    if input.dtype.kind == "V":
        return np.minimum(np.maximum(input, low), high)
    return np.clip(input, low, high)


hardtanh = elementwise(
    lambda input, min_val, max_val: clipped(input, min_val, max_val),
    name="hardtanh",
    input=lambda g, input, min_val, max_val: g * inside(input, min_val, max_val),
    flat=True,
)
hardsigmoid = elementwise(
    lambda input: clipped(input + 3, 0, 6) / 6,
    name="hardsigmoid",
    input=lambda g, input: g * inside(input, -3, 3) / 6,
    long=True,
    flat=True,
)
hardswish = elementwise(
    lambda input: input * clipped(input + 3, 0, 6) / 6,
    name="hardswish",
    input=lambda g, input: g * (inside(input, -3, 3) * (input / 3 + 0.5) + (input >= 3)),
    long=True,
)
hardshrink = elementwise(
    lambda input, lambd: np.where((input >= -lambd) & (input <= lambd), 0, input),
    name="hardshrink",
    input=lambda g, input, lambd: g * outside(input, lambd),
    flat=True,
)
softshrink = elementwise(
    lambda input, lambd: input - clipped(input, -lambd, lambd),
    name="softshrink",
    input=lambda g, input, lambd: g * outside(input, lambd),
    flat=True,
)


@in_blocks
def _elu(input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    kind = input.dtype.type
    y = np.tanh(np.minimum(input, 0) * kind(0.5 * input_scale))
    y /= 1 - y  # exp(x) - 1 = 2t / (1 - t) with t = tanh(x / 2): NumPy's expm1 is several times slower
    y *= kind(2 * alpha * scale)
    y += np.maximum(input, 0) * kind(scale)
    return y


@in_blocks
def _elu_slope(input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    kind = input.dtype.type
    below = input <= 0  # of NaN the slope is that above, as in PyTorch
    y = np.exp(np.fmin(input, 0) * kind(input_scale)) * kind(alpha * scale * input_scale)
    y *= below
    y += ones_where(~below, input) * kind(scale)
    return y


elu_slope = elementwise(
    lambda input, alpha, scale, input_scale: _elu_slope(input, alpha, scale, input_scale),
    name="elu_slope",
    input=lambda g, input, alpha, scale, input_scale: (
        g * (elu_slope(input, alpha, scale, input_scale) * (1 - step(input)) * input_scale)  # type: ignore[has-type]
    ),
    long=True,
)
elu = elementwise(  # scale * (x if x > 0 else alpha * (exp(input_scale * x) - 1)): elu, selu and celu
    lambda input, alpha, scale, input_scale: _elu(input, alpha, scale, input_scale),
    name="elu",
    input=lambda g, input, alpha, scale, input_scale: g * elu_slope(input, alpha, scale, input_scale),
    long=True,
)

# --- smooth ones ---------------------------------------------------------------------------------------------------


def _sigmoid(input: Any) -> Any:
    made = np.negative(input)
    if not made.ndim:
        return 1 / (1 + np.exp(made))
    np.exp(made, out=made)
    made += 1
    return np.divide(1, made, out=made)


sigmoid = elementwise(
    _sigmoid,
    name="sigmoid",
    promote="float",
    input=lambda g, y: sigmoid_backward(g, y),  # type: ignore[has-type]
    long=True,
)


sigmoid_backward = elementwise(
    twin("activation.sigmoid_back", when=alike)(lambda input, other: input * (other * (1 - other))),
    name="sigmoid_backward",
    input=lambda g, other: sigmoid_backward(g, other),  # type: ignore[has-type]
    other=lambda g, input, other: g * input * (1 - 2 * other),
)


def logit(input: Any, eps: float | None = None, *, out: Any = None) -> Any:
    """``log(x / (1 - x))``, the inverse of sigmoid; ``x`` is first clamped to ``[eps, 1 - eps]``, if that is given."""
    x = input if eps is None else clamp(input, eps, 1 - eps)
    return log_odds(x, out=out)


log_odds = elementwise(
    lambda input: np.log(input / (1 - input)),
    name="logit",
    promote="float",
    input=lambda g, input: g / (input * (1 - input)),
)


def log_one_plus_exp(x: Any) -> Any:
    """``log(1 + exp(-|x|))``; small u = exp(-|x|) keep their digits by log(1 + u) u / w, w what 1 really grew by."""
    u = np.exp(-np.abs(x))
    w = u + 1
    y = np.log(w)
    w -= 1
    lost = w == 0  # then log(1 + u) is u
    w += lost
    y /= w
    y += lost
    u *= y
    return u


@in_blocks
def _softplus(input: Any, beta: float, threshold: float) -> Any:
    scaled = input * input.dtype.type(beta)
    y = log_one_plus_exp(scaled)
    y += np.maximum(scaled, 0)
    y /= input.dtype.type(beta)
    if threshold < 20:  # beyond 20 there is no difference to be seen
        y = np.where(scaled > threshold, input, y)
    return y


softplus = elementwise(
    lambda input, beta, threshold: _softplus(input, beta, threshold),
    name="softplus",
    input=lambda g, input, beta, threshold: (
        g * sigmoid(input * beta)
        if threshold >= 20
        else np.where(input * beta > threshold, g, g * sigmoid(input * beta))
    ),
    long=True,
)


@in_blocks
def _log_sigmoid(input: Any) -> Any:
    return np.minimum(input, 0) - log_one_plus_exp(input)


log_sigmoid = elementwise(
    lambda input: _log_sigmoid(input),
    name="log_sigmoid",
    input=lambda g, input: g * sigmoid(-input),
    long=True,
)


@in_blocks
def _silu(input: Any) -> Any:
    return input * sigmoid(input)


@in_blocks
def _silu_slope(input: Any) -> Any:
    s = sigmoid(input)
    y = 1 - s
    y *= input
    y += 1
    y *= s
    return y


silu = elementwise(lambda input: _silu(input), name="silu", input=lambda g, input: g * silu_slope(input), long=True)  # type: ignore[has-type]
silu_slope = elementwise(
    lambda input: _silu_slope(input),
    name="silu_slope",
    input=lambda g, input: g * _silu_bend(input),
    long=True,
)


def _silu_bend(x: Any) -> Any:
    s = sigmoid(x)
    return s * (1 - s) * (2 + x * (1 - 2 * s))


def _mish_parts(x: Any) -> tuple[Any, Any, Any]:
    """x, or where tanh(softplus(x)) is 1 to the last digit a smaller one; e = exp(x); n with tanh(...) = n / (n + 2)."""
    x = np.minimum(x, 20 if x.dtype.itemsize > 2 else 5)
    e = np.exp(x)
    return x, e, e * (e + 2)


@in_blocks
def _mish(input: Any) -> Any:
    _, _, n = _mish_parts(input)
    return input * (n / (n + 2))


mish = elementwise(lambda input: _mish(input), name="mish", input=lambda g, input: g * _mish_slope(input), long=True)


def _mish_slope(input: Any) -> Any:
    x, e, n = _mish_parts(input)
    over = 1 / (n + 2)
    return n * over + x * (4 * over * (e * (e + 1) * over))


# --- gelu ----------------------------------------------------------------------------------------------------------

# Phi(x) = (1 + tanh(x P(x^2))) / 2 in float32: P fitted by reweighted least squares, so that x Phi(x) is off by at most
# 6e-7. P is positive everywhere, so the tails come out right by themselves.
_PHI = (0.79788453, 0.036333797, -3.2860985e-5, -5.5309136e-5, 3.9778625e-6, -1.3397327e-7, 1.8174852e-9)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_erf_exactly = np.frompyfunc(math.erf, 1, 1)


@in_blocks
def _normal_cdf(x: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    kind = x.dtype.type
    if x.dtype == np.float64:
        return 0.5 + 0.5 * np.asarray(_erf_exactly(x * math.sqrt(0.5)), np.float64)
    if x.dtype != np.float32:
        return _normal_cdf(x.astype(np.float32)).astype(x.dtype)
    square = x * x
    p = np.asarray(square * kind(_PHI[-1]))
    for coefficient in _PHI[-2:0:-1]:
        p += kind(coefficient)
        p *= square
    p += kind(_PHI[0])
    p *= x
    np.tanh(p, out=p)
    p *= kind(0.5)
    p += kind(0.5)
    return p


def _large(*arrays: Any) -> bool:
    """Whether these are worth a compiled kernel: large, float32, alike, and in plain order."""
    shape = arrays[0].shape
    return arrays[0].size >= 8192 and all(
        [a.dtype == np.float32 and a.shape == shape and a.flags.c_contiguous for a in arrays]
    )


@twin("activation.gelu", when=_large)
def _exact_gelu(input: Any) -> Any:
    cdf = _normal_cdf(input)
    return input * cdf, cdf


@in_blocks
def _gelu_slope(x: Any, cdf: Any) -> Any:
    """``cdf + x * density(x)``."""
    y = np.asarray(x * x)
    y *= x.dtype.type(-0.5)
    np.exp(y, out=y)
    y *= x
    y *= x.dtype.type(_DENSITY)
    y += cdf
    return y


@twin("activation.gelu_back", when=_large)
@in_blocks
def _gelu_back(above: Any, x: Any, cdf: Any) -> Any:
    return above * _gelu_slope(x, cdf)


def _density(x: Any) -> Any:
    return np.exp(x * x * -0.5) * _DENSITY


normal_cdf = elementwise(
    lambda input: _normal_cdf(input),
    name="normal_cdf",
    input=lambda g, input: g * _density(input),
    long=True,
)
exact_gelu = elementwise(
    _exact_gelu,
    name="gelu",
    residual=lambda input: normal_cdf(input),
    input=lambda g, input, r: gelu_back(g, input, r),  # type: ignore[has-type]
)
gelu_back = elementwise(
    lambda above, input, cdf: _gelu_back(above, input, cdf),
    name="gelu_backward",
    above=lambda g, input, cdf: gelu_back(g, input, cdf),  # type: ignore[has-type]
    input=lambda g, above, input: g * above * (_density(input) * (1 - input * input)),
    cdf=lambda g, above: g * above,
)
_TANH_SCALE, _CUBE = math.sqrt(2 / math.pi), 0.044715


@twin("activation.tanh_gelu", when=_large)
@in_blocks
def _tanh_gelu(x: Any) -> Any:
    kind = x.dtype.type
    y = np.asarray(x * x)
    y *= kind(_TANH_SCALE * _CUBE)
    y += kind(_TANH_SCALE)
    y *= x
    np.tanh(y, out=y)
    y += kind(1)
    y *= kind(0.5)
    y *= x
    return y


@twin("activation.tanh_gelu_back", when=_large)
@in_blocks
def _tanh_gelu_back(above: Any, x: Any) -> Any:
    kind = x.dtype.type
    y = np.asarray(x * x)
    inner = np.asarray(y * kind(_TANH_SCALE * _CUBE))
    inner += kind(_TANH_SCALE)
    inner *= x
    t = np.tanh(inner, out=inner)
    y *= kind(3 * _TANH_SCALE * _CUBE)
    y += kind(_TANH_SCALE)
    y *= x
    y *= 1 - t * t
    y += 1
    y += t
    y *= kind(0.5)
    return above * y


tanh_gelu = elementwise(
    lambda input: _tanh_gelu(input),
    name="tanh_gelu",
    input=lambda g, input: tanh_gelu_back(g, input),  # type: ignore[has-type]
)
tanh_gelu_back = elementwise(
    lambda above, input: _tanh_gelu_back(above, input),
    name="tanh_gelu_backward",
    above=lambda g, input: tanh_gelu_back(g, input),  # type: ignore[has-type]
    input=lambda g, above, input: g * above * _tanh_bend(input),
)


def _tanh_bend(x: Any) -> Any:
    t = np.tanh((x * x * _CUBE + 1) * x * _TANH_SCALE)
    first = (x * x * (3 * _CUBE) + 1) * _TANH_SCALE
    return (1 - t * t) * (first + x * (x * (3 * _CUBE * _TANH_SCALE) - t * first * first))


# --- softmax -------------------------------------------------------------------------------------------------------


def exponentials(input: Any, dim: int) -> tuple[Any, Any, Any]:
    """``exp(input - top)`` along a dimension, its sum, and ``top``: the maximum, so that nothing overflows.

    The maximum of each short row costs more than all the rest. One maximum for all rows does as well, unless that makes
    some row vanish.
    """
    length = input.shape[dim]
    short = dim == input.ndim - 1 and 0 < length < 256 and input.size > 2048 and input.flags.c_contiguous
    if short and input.dtype.itemsize >= 4:
        top = np.maximum.reduce(input, axis=None)
        if np.isfinite(top):
            y = input - top
            np.exp(y, out=y)
            total = (y.reshape(-1, length) @ np.ones(length, y.dtype)).reshape(*input.shape[:-1], 1)
            if np.minimum.reduce(total, axis=None) > np.finfo(y.dtype).tiny * 1e8:
                return y, total, top
    top = np.maximum.reduce(input, axis=dim, keepdims=True, initial=None if length else 0)
    y = input - top
    np.exp(y, out=y)
    return y, np.add.reduce(y, axis=dim, keepdims=True), top


def _worth_a_kernel(input: Any, dim: int) -> bool:
    """Whether this is float32 in plain order, and the dimension the last one, or has enough after it (as channels have)."""
    return (  # type: ignore[no-any-return]
        input.size >= 8192
        and input.dtype == np.float32
        and input.flags.c_contiguous
        and (dim == input.ndim - 1 or (dim >= 0 and math.prod(input.shape[dim + 1 :]) >= 16))
    )


@twin("rows.softmax", when=_worth_a_kernel)
@rounded_once
def _softmax(input: Any, dim: int) -> Any:
    if input.ndim == 0:
        return np.ones_like(input)
    y, total, _ = exponentials(in_order(input), dim)
    y /= total
    return y


@twin("rows.log_softmax", when=_worth_a_kernel)
@rounded_once
def _log_softmax(input: Any, dim: int) -> Any:
    if input.ndim == 0:
        return np.zeros_like(input)
    y, total, top = exponentials(in_order(input), dim)
    np.subtract(input, top, out=y)
    y -= np.log(total)
    return y


def _both_worth(above: Any, other: Any, dim: int) -> bool:
    return _worth_a_kernel(other, dim) and above.dtype is other.dtype and above.flags.c_contiguous  # type: ignore[no-any-return]


@twin("rows.softmax_back", when=_both_worth)
@rounded_once
def _softmax_back(above: Any, probabilities: Any, dim: int) -> Any:
    made = np.asarray(above * probabilities)
    np.subtract(above, np.add.reduce(made, axis=dim, keepdims=True) if made.ndim else made, out=made)
    made *= probabilities
    return made


softmax_along = general(
    _softmax,
    name="softmax",
    input=lambda g, y, dim: softmax_back(g, y, dim),  # type: ignore[has-type]
)
softmax_back = general(
    _softmax_back,
    name="softmax_backward",
    above=lambda g, probabilities, dim: softmax_back(g, probabilities, dim),  # type: ignore[has-type]
    probabilities=lambda g, above, probabilities, dim: (
        g * (above - (above * probabilities).sum(axis=dim, keepdims=True))
        - above * (g * probabilities).sum(axis=dim, keepdims=True)
    ),
)


@twin("rows.log_softmax_back", when=_both_worth)
@rounded_once
def _log_softmax_back(above: Any, logarithms: Any, dim: int) -> Any:
    made = np.asarray(np.exp(logarithms))
    made *= np.add.reduce(above, axis=dim, keepdims=True) if made.ndim else above
    return np.subtract(above, made, out=made)


log_softmax_along = general(
    _log_softmax,
    name="log_softmax",
    input=lambda g, y, dim: log_softmax_back(g, y, dim),  # type: ignore[has-type]
)
log_softmax_back = general(
    _log_softmax_back,
    name="log_softmax_backward",
    above=lambda g, logarithms, dim: g - (g * np.exp(logarithms)).sum(axis=dim, keepdims=True),
    logarithms=lambda g, above, logarithms, dim: -g * np.exp(logarithms) * above.sum(axis=dim, keepdims=True),
)


def _prepared(input: Any, dim: int, dtype: Any, who: str) -> tuple[Any, int]:
    if dtype is not None:
        input = input.to(dtype)
    elif input.array.dtype.kind in "biu":
        raise RuntimeError(
            f'"{who}" not implemented for {input.dtype}: the input must be floating point. Convert it with .float(), '
            "or pass dtype="
        )
    return input, normal_dim(dim, input.ndim)


def softmax(input: Any, dim: int, dtype: Any = None, *, out: Any = None) -> Any:
    """``exp(input) / exp(input).sum(dim)``: positive numbers whose sum along ``dim`` is one.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.softmax.html

    >>> import autograd
    >>> autograd.softmax(autograd.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return softmax_along(*_prepared(input, dim, dtype, "softmax"), out=out)


def log_softmax(input: Any, dim: int, dtype: Any = None, *, out: Any = None) -> Any:
    """``log(softmax(input, dim))``, computed so that it neither overflows nor loses digits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
    """
    return log_softmax_along(*_prepared(input, dim, dtype, "log_softmax"), out=out)
