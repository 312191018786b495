"""Initial values: functions that fill a tensor in place, without recording.

The draws are PyTorch's, in its order, so the same seed gives the same weights.

Source: https://docs.pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from autograd.tensor import Tensor, wrap
from autograd.views import stamp

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


def _set(tensor: Tensor, values: Any) -> Tensor:
    """Write values into a tensor, leaf or not, outside of the record."""
    np.copyto(tensor.array, values, casting="unsafe")
    stamp(tensor.array, "nn.init")
    return tensor


def _uniform(shape: Any, dtype: Any, low: float, high: float, generator: Any) -> Any:
    return wrap(np.empty(shape, dtype)).uniform_(low, high, generator=generator).array


def _normal(shape: Any, dtype: Any, mean: float, std: float, generator: Any) -> Any:
    return wrap(np.empty(shape, dtype)).normal_(mean, std, generator=generator).array


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Values from the uniform distribution on [a, b).

    >>> import autograd
    >>> w = uniform_(autograd.empty(100), -1.0, 0.0)
    >>> w.min() >= -1, w.max() <= 0
    (tensor(True), tensor(True))
    """
    return _set(tensor, _uniform(tensor.array.shape, tensor.array.dtype, a, b, generator))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Values from the normal distribution.

    >>> import autograd
    >>> normal_(autograd.empty(3, 5), mean=1.0, std=0.0)
    tensor([[1., 1., 1., 1., 1.],
            [1., 1., 1., 1., 1.],
            [1., 1., 1., 1., 1.]])
    """
    return _set(tensor, _normal(tensor.array.shape, tensor.array.dtype, mean, std, generator))


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Values from the normal distribution, drawn again until all are in [a, b].

    Where most draws would be thrown away (little of the distribution is inside), by rejection from the uniform one.

    >>> import autograd
    >>> trunc_normal_(autograd.empty(1000), std=1.0, a=-0.5, b=0.5).abs().max() <= 0.5
    tensor(True)
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )
    shape, dtype = tensor.array.shape, tensor.array.dtype
    inside = 0.5 * (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2)))
    if inside > 0.3:
        values = _normal(shape, dtype, mean, std, generator)
        low, high = dtype.type(a), dtype.type(b)
        while (outside := (values < low) | (values > high)).any():
            values = np.where(outside, _normal(shape, dtype, mean, std, generator), values)
        return _set(tensor, values)
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2

    def rejected(candidates: Any) -> Any:
        density = (((candidates - dtype.type(mean)) / dtype.type(std)) ** 2 * dtype.type(-0.5)) - dtype.type(peak)
        with np.errstate(divide="ignore"):
            return np.log(_uniform(shape, dtype, 0.0, 1.0, generator)) > density

    values = _uniform(shape, dtype, a, b, generator)
    pending = rejected(values)
    while pending.any():
        candidates = _uniform(shape, dtype, a, b, generator)
        values = np.where(pending, candidates, values)
        pending &= rejected(candidates)
    return _set(tensor, values)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere.

    >>> import autograd
    >>> constant_(autograd.empty(3), 0.5)
    tensor([0.5000, 0.5000, 0.5000])
    """
    return _set(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Ones.

    >>> import autograd
    >>> ones_(autograd.empty(3))
    tensor([1., 1., 1.])
    """
    return _set(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros.

    >>> import autograd
    >>> zeros_(autograd.empty(3))
    tensor([0., 0., 0.])
    """
    return _set(tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, zeros elsewhere.

    >>> import autograd
    >>> eye_(autograd.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, this one has shape {list(tensor.shape)}")
    return _set(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The convolution kernel that hands as many input channels on as possible: a one in the middle of each.

    >>> import autograd
    >>> dirac_(autograd.empty(2, 2, 3))
    tensor([[[0., 1., 0.],
             [0., 0., 0.]],
    <BLANKLINE>
            [[0., 0., 0.],
             [0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(
            f"Only tensors with 3, 4, or 5 dimensions are supported, this one has shape {list(tensor.shape)}"
        )
    if tensor.shape[0] % groups:
        raise ValueError(f"dim 0 must be divisible by groups: {tensor.shape[0]} by {groups}")
    kernel = np.zeros(tensor.shape)
    each = tensor.shape[0] // groups
    middle = tuple(n // 2 for n in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(each, tensor.shape[1])):
            kernel[(group * each + channel, channel, *middle)] = 1
    return _set(tensor, kernel)


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor by which weights grow so that this nonlinearity keeps the variance.

    Raises ValueError for a name that it does not know.

    >>> calculate_gain("tanh"), round(calculate_gain("leaky_relu", 0.2), 4)
    (1.6666666666666667, 1.3868)
    """
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}: known are {', '.join([*_gains, 'leaky_relu'])}")
    return _gains[nonlinearity]


_gains: dict[str, float] = {
    **dict.fromkeys(
        ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"], 1
    ),
    "sigmoid": 1,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output sums over, and how many outputs each input reaches."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions: this one has shape "
            f"{list(tensor.shape)}"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode.lower()} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform, with variance ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    >>> import autograd
    >>> xavier_uniform_(autograd.empty(30, 20)).abs().max() <= (6 / 50) ** 0.5
    tensor(True)
    """
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, with variance ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    >>> import autograd
    >>> xavier_normal_(autograd.empty(3, 5)).shape
    torch.Size([3, 5])
    """
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    return normal_(tensor, 0.0, std, generator)


def _nothing_to_do(tensor: Tensor) -> bool:
    if 0 in tensor.array.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform, with variance ``gain**2 / fan`` (He et al. 2015).

    >>> import autograd
    >>> kaiming_uniform_(autograd.empty(40, 50), a=5**0.5).abs().max() <= 1 / 50**0.5
    tensor(True)
    """
    if _nothing_to_do(tensor):
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal, with variance ``gain**2 / fan`` (He et al. 2015).

    >>> import autograd
    >>> kaiming_normal_(autograd.empty(400, 50), nonlinearity="relu").std().item() - (2 / 50) ** 0.5 < 0.01
    True
    """
    if _nothing_to_do(tensor):
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """A (semi-)orthogonal matrix, uniformly distributed (Saxe et al. 2013); trailing dimensions count as one.

    >>> import autograd
    >>> w = orthogonal_(autograd.empty(3, 5))
    >>> (w @ w.T - autograd.eye(3)).abs().max() < 1e-5
    tensor(True)
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"Only tensors with 2 or more dimensions are supported, this one has shape {list(tensor.shape)}"
        )
    if tensor.array.size == 0:
        return tensor
    rows = tensor.shape[0]
    drawn = _normal((rows, tensor.array.size // rows), tensor.array.dtype, 0.0, 1.0, generator)
    wide = rows < drawn.shape[1]
    q, r = np.linalg.qr(drawn.T if wide else drawn)
    q = q * np.sign(np.diagonal(r))
    return _set(tensor, (q.T if wide else q).reshape(tensor.shape) * tensor.array.dtype.type(gain))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal values, with this fraction of each column set to zero (Martens 2010).

    >>> import autograd
    >>> (sparse_(autograd.empty(10, 4), sparsity=0.5) == 0).sum(0)
    tensor([5, 5, 5, 5])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, this one has shape {list(tensor.shape)}")
    from autograd import randperm

    rows, columns = tensor.shape
    normal_(tensor, 0, std, generator)
    for column in range(columns):
        tensor.array[randperm(rows).array[: math.ceil(sparsity * rows)], column] = 0
    return tensor


uniform, normal, constant, eye, dirac = uniform_, normal_, constant_, eye_, dirac_
xavier_uniform, xavier_normal = xavier_uniform_, xavier_normal_
kaiming_uniform, kaiming_normal = kaiming_uniform_, kaiming_normal_
orthogonal, sparse = orthogonal_, sparse_
_no_grad_uniform_, _no_grad_normal_, _no_grad_fill_, _no_grad_trunc_normal_ = (
    uniform_,
    normal_,
    constant_,
    trunc_normal_,
)
_no_grad_zero_ = zeros_  # copies of PyTorch's code say these
