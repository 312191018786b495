"""Dropout: elements, or whole channels, set to zero at random in training; the others grow to make up for it."""

from __future__ import annotations

import math
import warnings
from typing import Any

import autograd
from autograd.inplace import assign
from autograd.tensor import Tensor, wrap

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Tensor, shape: Any, p: float) -> Any:
    """Ones where something stays, zeros where it is dropped: drawn in the order in which the elements lie in memory."""
    whole = tuple(shape) == tuple(input.shape)
    blank = autograd.empty_like(input) if whole else autograd.empty(tuple(shape), dtype=input.dtype)
    return blank.bernoulli_(1 - p)


def _dropped(input: Tensor, shape: Any, p: float, training: bool, inplace: bool) -> Any:
    _check(p)
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        result = input * autograd.zeros((), dtype=input.dtype)
    else:
        noise = _kept(input, shape, p).array
        noise *= noise.dtype.type(1 / (1 - p))
        result = input * wrap(noise)
    return assign(input, result, "dropout_") if inplace else result


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Each element is zero with probability ``p``, else divided by ``1 - p``; in evaluation the input itself.

    Source: Srivastava et al. 2014, https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html

    >>> import autograd
    >>> dropout(autograd.ones(4), 1.0), dropout(autograd.ones(4), 0.5, training=False)
    (tensor([0., 0., 0., 0.]), tensor([1., 1., 1., 1.]))
    """
    return _dropped(input, input.shape, p, training, inplace)


def _by_channel(input: Tensor) -> Any:
    return [n if i < 2 else 1 for i, n in enumerate(input.shape)]


def _channels(input: Tensor, p: float, training: bool, inplace: bool, dims: tuple[int, int], name: str) -> Any:
    """Channels are dropped; the smaller of the two numbers of dimensions has no batch."""
    _check(p)
    if input.ndim not in dims:
        if name == "dropout1d":
            raise RuntimeError(
                f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists "
                "to provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an "
                "optional batch dimension."
            )
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will result in an error in "
            "a future release. Please use dropout instead to retain this behavior.",
            stacklevel=3,
        )
    if name == "dropout2d" and input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is "
            "desired - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will "
            "change in a future release to interpret the input as one without a batch dimension, i.e. shape (C, H, "
            "W). To maintain the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=3,
        )
        return _dropped(input, _by_channel(input), p, training, inplace)
    if input.ndim == dims[0]:
        return _dropped(input.unsqueeze(0), _by_channel(input.unsqueeze(0)), p, training, inplace).squeeze(0)
    return _dropped(input, _by_channel(input), p, training, inplace)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of [N, C, L] or [C, L] are dropped.

    >>> import autograd
    >>> dropout1d(autograd.ones(1, 2, 3), 0.5, training=False).sum()
    tensor(6.)
    """
    return _channels(input, p, training, inplace, (2, 3), "dropout1d")


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of [N, C, H, W] are dropped; a 3-D input is [N, C, L].

    >>> import autograd
    >>> dropout2d(autograd.ones(1, 2, 3, 3), 0.5, training=False).sum()
    tensor(18.)
    """
    return _channels(input, p, training, inplace, (3, 4), "dropout2d")


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of [N, C, D, H, W] or [C, D, H, W] are dropped.

    >>> import autograd
    >>> dropout3d(autograd.ones(1, 2, 2, 2, 2), 0.5, training=False).sum()
    tensor(16.)
    """
    return _channels(input, p, training, inplace, (4, 5), "dropout3d")


_SATURATION = 1.7580993408473766  # minus the value to which selu falls


def _alpha(input: Tensor, shape: Any, p: float, training: bool, inplace: bool) -> Any:
    _check(p)
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        result = input * autograd.zeros((), dtype=input.dtype)
    else:
        scale = 1 / math.sqrt((_SATURATION**2 * p + 1) * (1 - p))
        kept = _kept(input, shape, p)
        result = input * (kept * scale) + ((kept - 1) * (_SATURATION * scale) + _SATURATION * scale * p)
    return assign(input, result, "alpha_dropout_") if inplace else result


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout for selu: what is dropped gets its lowest value, mean and variance stay (Klambauer et al. 2017).

    >>> import autograd
    >>> alpha_dropout(autograd.tensor([1.0, 2.0]), 0.5, training=False)
    tensor([1., 2.])
    """
    return _alpha(input, input.shape, p, training, inplace)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """``alpha_dropout`` of whole channels.

    >>> import autograd
    >>> feature_alpha_dropout(autograd.ones(1, 2, 3), 0.5, training=False).sum()
    tensor(6.)
    """
    return _alpha(input, _by_channel(input), p, training, inplace)
