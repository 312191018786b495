"""Distribution, the base class, and what most distributions share: parameters of one shape, element by element."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from .. import dtypes
from ..graph import enable_grad, no_grad
from ..ops import FUNCTIONS
from ..passes import grad
from ..tensor import Size, Tensor, wrap
from . import constraints

__all__ = ["Distribution", "Elementwise", "ExponentialFamily", "broadcast_all", "logits_to_probs", "probs_to_logits"]

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


class lazy_property:
    """A property that is worked out when first asked for and kept as an attribute from then on."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def either(**given: Any) -> dict[str, Any]:
    """The one that is not None of two parameters, of which one says what the other would. Raises ValueError."""
    found = {name: value for name, value in given.items() if value is not None}
    if len(found) != 1:
        names = " or ".join(f"`{name}`" for name in given)
        raise ValueError(f"Either {names} must be specified, but not both.")
    return found


class Distribution:
    """Base class of distributions.

    ``batch_shape`` are independent distributions, ``event_shape`` is the shape of one draw: ``sample(s)`` has the shape
    ``s + batch_shape + event_shape``, ``log_prob(value)`` of it ``s + batch_shape``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html

    >>> import autograd
    >>> from autograd.distributions import Exponential
    >>> Exponential(autograd.tensor([1.0, 2.0])).batch_shape, Exponential(1.0).event_shape
    (torch.Size([2]), torch.Size([]))
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
                if isinstance(value, Tensor) and not bool(constraint.check(value).array.all()):
                    raise ValueError(
                        f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of "
                        f"distribution {self!r} to satisfy the constraint {constraint!r}, but found invalid "
                        f"values:\n{value}"
                    )
        super().__init__()  # a distribution with weights is a Module besides

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

    def _widened(self, batch_shape: Any, parameters: Any, _instance: Any = None) -> Any:
        """A copy with other parameters, for a larger batch; ``_instance`` is one that a derived class has begun."""
        new = copy.copy(self)
        for name in self.arg_constraints:
            new.__dict__.pop(name, None)  # what was worked out of others has not the new shape
        new.__dict__.update(parameters)
        new._batch_shape = Size(batch_shape)
        if _instance is None:
            return new
        _instance.__dict__.update({**new.__dict__, **_instance.__dict__})
        return _instance

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """Where ``expand`` of a class of your own begins: an instance without attributes, or the one it was given."""
        if _instance is None and type(self).__init__ != cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method "
                "must also define a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

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
        if support is not None and not bool(support.check(value).array.all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {given}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        shown = []
        for name in () if self._silent else self.arg_constraints:
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                shown.append(f"{name}: {value if value.numel() == 1 else value.shape}")
        return f"{type(self).__name__}({', '.join(shown)})"


class ExponentialFamily(Distribution):
    """Densities ``exp(parameters . statistics - normalizer(parameters) + carrier)``.

    A class of your own that defines ``_natural_params`` (a tuple), ``_log_normalizer`` of them and
    ``_mean_carrier_measure`` has entropy and divergence by differentiating the normalizer, whose gradient is the mean
    of the statistics.

    Source: Nielsen and Nock, https://www.lix.polytechnique.fr/~nielsen/EntropyEF-ICIP2010.pdf

    >>> from autograd.distributions import Gamma
    >>> isinstance(Gamma(2.0, 1.0), ExponentialFamily), Gamma(2.0, 1.0).entropy()
    (True, tensor(1.5772))
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise NotImplementedError(f"{type(self).__name__} doesn't say its _natural_params")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _log_normalizer")

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no entropy: it doesn't say its _mean_carrier_measure")

    def _normalized(self) -> tuple[list[Any], Any, Any]:
        """The natural parameters, their normalizer, and its gradients."""
        carrier = self._mean_carrier_measure
        parameters = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*parameters)
        return parameters, normalizer - carrier, grad(normalizer.sum(), parameters, create_graph=True)

    def entropy(self) -> Any:
        """The expected ``-log_prob``."""
        parameters, result, means = self._normalized()
        for parameter, mean in zip(parameters, means, strict=True):
            result = result - (parameter * mean).reshape((*self._batch_shape, -1)).sum(-1)
        return result


class Elementwise(Distribution):
    """A distribution of single numbers, whose parameters are broadcast together.

    A class hands its parameters on by name, ``super().__init__(validate_args, loc=loc, scale=scale)``, and finds them
    as attributes of the shape of the batch. What else it keeps, it makes of them in ``_prepare``.
    """

    def __init__(self, validate_args: bool | None, /, **parameters: Any) -> None:
        self.__dict__.update(zip(parameters, broadcast_all(*parameters.values()), strict=True))
        self._given = tuple(parameters)
        self._prepare()
        super().__init__(getattr(self, self._given[-1]).shape, validate_args=validate_args)

    def _prepare(self) -> None:
        """Make what the methods need of the parameters: here nothing."""

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """The same distribution for a larger batch."""
        wide = {name: getattr(self, name).expand(tuple(batch_shape)) for name in self._given}
        new: Self = self._widened(batch_shape, wide, _instance)
        new._prepare()
        return new

    if TYPE_CHECKING:  # the parameters, which __init__ sets by name

        def __getattr__(self, name: str) -> Any: ...


class Symmetric:
    """As likely on either side of ``loc``, where it is most likely: its mean and its mode."""

    loc: Any

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.loc


class LocationScale(Elementwise):
    """The family of ``loc + scale * z``, for draws z of a standard distribution: a class says what that one's is."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, scale=scale)

    def _standardized(self, value: Any) -> Any:
        return (value - self.loc) / self.scale

    @property
    def mode(self) -> Any:
        return self.loc


class OfTrials(Elementwise):
    """Given by ``probs`` or by ``logits``, their log-odds; the other is worked out."""

    arg_constraints: ClassVar = {"probs": constraints.unit_interval, "logits": constraints.real}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, **either(probs=probs, logits=logits))

    @lazy_property
    def logits(self) -> Any:
        """The log-odds of success."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """The probability of success."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameters."""
        return getattr(self, self._given[-1]).shape  # type: ignore[no-any-return]
