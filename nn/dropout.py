"""Dropout layers: active in training, absent in evaluation."""

from __future__ import annotations

from typing import Any

from autograd.tensor import Tensor

from . import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """A kind of dropout with probability ``p``."""

    _function: Any

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Any:
        return type(self)._function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element is zero with probability ``p`` in training, else divided by ``1 - p``.

    Shapes: [*] gives [*]. Raises ValueError for a ``p`` outside [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html

    >>> import autograd, nn
    >>> nn.Dropout(0.5).eval()(autograd.ones(3))
    tensor([1., 1., 1.])
    """

    _function = staticmethod(F.dropout)


class Dropout1d(_Dropout):
    """Whole channels of [N, C, L] are dropped.

    >>> import autograd, nn
    >>> nn.Dropout1d(1.0)(autograd.ones(1, 2, 3)).sum()
    tensor(0.)
    """

    _function = staticmethod(F.dropout1d)


class Dropout2d(_Dropout):
    """Whole channels of [N, C, H, W] are dropped.

    >>> import autograd, nn
    >>> nn.Dropout2d(0.5).eval()(autograd.ones(1, 2, 3, 3)).sum()
    tensor(18.)
    """

    _function = staticmethod(F.dropout2d)


class Dropout3d(_Dropout):
    """Whole channels of [N, C, D, H, W] are dropped.

    >>> import autograd, nn
    >>> nn.Dropout3d(0.5).eval()(autograd.ones(1, 2, 2, 2, 2)).sum()
    tensor(16.)
    """

    _function = staticmethod(F.dropout3d)


class AlphaDropout(_Dropout):
    """Dropout for selu: mean and variance stay.

    Shapes: [*] gives [*]. Raises ValueError for a ``p`` outside [0, 1].

    >>> import autograd, nn
    >>> nn.AlphaDropout(0.5).eval()(autograd.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    _function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels.

    Shapes: [N, C, *] or [C, *] gives the same.

    >>> import autograd, nn
    >>> nn.FeatureAlphaDropout(0.5).eval()(autograd.ones(1, 2, 3)).sum()
    tensor(6.)
    """

    _function = staticmethod(F.feature_alpha_dropout)
