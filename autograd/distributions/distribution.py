"""Distribution, the base class, and what most distributions share: parameters of one shape, element by element."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import dtypes
from ..graph import no_grad
from ..ops import FUNCTIONS
from ..tensor import Size, Tensor, wrap
from . import constraints

__all__ = ["Distribution", "Elementwise", "broadcast_all", "logits_to_probs", "probs_to_logits", "tiny"]

f: Any = type("functions", (), {name: staticmethod(function) for name, function in FUNCTIONS.items()})
"""The operations of ``autograd`` by name."""


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Numbers and Tensors as Tensors of one shape; numbers take the dtype of the Tensors, or the default.

    Raises ValueError for anything else.
    """
    for v in values:
        if not isinstance(v, (Tensor, int, float)):
            raise ValueError(f"Input arguments must all be instances of Number or torch.Tensor, not {type(v).__name__}")
    kinds = [v.array.dtype for v in values if isinstance(v, Tensor)]
    kind = next((k for k in kinds if k.kind == "f"), dtypes.default_float())
    return tuple(f.broadcast_tensors(*[v if isinstance(v, Tensor) else wrap(np.asarray(v, kind)) for v in values]))


def tiny(like: Tensor) -> float:
    """The smallest normal number of a dtype."""
    return float(np.finfo(like.array.dtype).tiny)


def clamp_probs(probs: Any) -> Any:
    """Probabilities kept away from 0 and 1 by the dtype's epsilon."""
    eps = float(np.finfo(probs.array.dtype).eps)
    return f.clamp(probs, eps, 1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Log-odds of probabilities, or logarithms of those that add up to 1."""
    safe = clamp_probs(probs)
    return f.log(safe) - f.log1p(-safe) if is_binary else f.log(safe)


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Probabilities of log-odds."""
    return f.sigmoid(logits) if is_binary else f.softmax(logits, -1)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return f.logaddexp(x, wrap(np.zeros((), x.array.dtype)))


class Distribution:
    """Base class of distributions.

    ``batch_shape`` are independent distributions, ``event_shape`` is the shape of one draw: ``sample(s)`` has the shape
    ``s + batch_shape + event_shape``, ``log_prob(value)`` of it ``s + batch_shape``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html
    """

    has_rsample: ClassVar[bool] = False
    has_enumerate_support: ClassVar[bool] = False
    arg_constraints: ClassVar[dict[str, Any]] = {}
    support: Any = None
    _validate_args = True
    _silent: ClassVar[bool] = (
        False  # PyTorch builds some distributions of others, and shows nothing of their parameters
    )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their parameters and values unless told otherwise."""
        Distribution._validate_args = bool(value)

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                shown = name in self.__dict__ or isinstance(getattr(type(self), name, None), property)
                if constraints.is_dependent(constraint) or not shown:
                    continue  # or a parameter given in another form: probs as logits
                value = getattr(self, name)
                if isinstance(value, Tensor) and not bool(constraint.allowed(value.detach().array).all()):
                    raise ValueError(
                        f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of "
                        f"distribution {self!r} to satisfy the constraint {constraint!r}, but found invalid "
                        f"values:\n{value}"
                    )

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        return self._event_shape

    @property
    def mean(self) -> Any:
        """The expected value."""
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    @property
    def mode(self) -> Any:
        """The most probable value."""
        raise NotImplementedError(f"{type(self).__name__} has no mode")

    @property
    def variance(self) -> Any:
        """The expected squared distance from the mean."""
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    @property
    def stddev(self) -> Any:
        """The root of the variance."""
        return f.sqrt(self.variance)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draws, without gradients."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draws through which gradients flow to the parameters. Raises NotImplementedError where there are none."""
        raise NotImplementedError(f"{type(self).__name__} has no rsample: gradients don't flow through its draws")

    def sample_n(self, n: int) -> Any:
        """``sample((n,))``."""
        return self.sample((n,))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the probability, at ``value``."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def cdf(self, value: Any) -> Any:
        """The probability of a draw not above ``value``."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf")

    def icdf(self, value: Any) -> Any:
        """The inverse of ``cdf``."""
        raise NotImplementedError(f"{type(self).__name__} has no icdf")

    def entropy(self) -> Any:
        """The expected ``-log_prob``."""
        raise NotImplementedError(f"{type(self).__name__} has no entropy")

    def perplexity(self) -> Any:
        """``exp(entropy)``."""
        return f.exp(self.entropy())

    def enumerate_support(self, expand: bool = True) -> Any:
        """All possible draws, along a new first dimension."""
        raise NotImplementedError(f"{type(self).__name__} has no finite list of values")

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution for a larger batch."""
        raise NotImplementedError(f"{type(self).__name__} has no expand")

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        own, tail = (*self._batch_shape, *self._event_shape), len(self._event_shape)
        given = tuple(value.shape)
        if tail and given[len(given) - tail :] != tuple(self._event_shape):
            raise ValueError(
                f"The right-most size of value must match event_shape: {given} vs {tuple(self._event_shape)}."
            )
        for i, j in zip(reversed(given), reversed(own), strict=False):
            if i != 1 and j not in (1, i):
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {given} vs {own}.")
        support = self.support
        if support is not None and not bool(support.allowed(value.detach().array).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {given}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        shown = []
        for name in () if self._silent else self.arg_constraints:
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                shown.append(f"{name}: {value.detach().item() if value.numel() == 1 else value.shape}")
        return f"{type(self).__name__}({', '.join(shown)})"


class Elementwise(Distribution):
    """A distribution of single numbers; its parameters, named by ``_names``, are broadcast together.

    ``_either`` names two parameters, of which one is to be given: ``probs`` or ``logits``.
    """

    _names: ClassVar[tuple[str, ...]] = ()
    _either: ClassVar[bool] = False

    def __init__(self, *values: Any, validate_args: bool | None = None) -> None:
        names = self._names
        if self._either:
            *others, probs, logits = values
            if (probs is None) == (logits is None):
                raise ValueError("Either `probs` or `logits` must be specified, but not both.")
            names = (*names[:-2], names[-2] if logits is None else names[-1])
            values = (*others, probs if logits is None else logits)
        for name, value in zip(names, broadcast_all(*values), strict=True):
            setattr(self, name, value)
        self._given = names
        super().__init__(getattr(self, names[-1]).shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution for a larger batch."""
        values = {name: getattr(self, name).expand(tuple(batch_shape)) for name in self._given}
        return type(self)(**values, validate_args=False)
