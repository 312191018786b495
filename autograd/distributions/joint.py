"""Distributions of several variables at once, and of one of several."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Size
from . import constraints
from .discrete import Categorical
from .distribution import Distribution, f

__all__ = ["Independent", "MixtureSameFamily"]


class Independent(Distribution):
    """The last ``reinterpreted_batch_ndims`` batch dimensions of a distribution as parts of one event.

    >>> import autograd
    >>> from autograd.distributions import Normal
    >>> Independent(Normal(autograd.zeros(2, 3), 1.0), 1).log_prob(autograd.zeros(2, 3)).shape
    torch.Size([2])
    """

    def __init__(
        self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        n, batch = reinterpreted_batch_ndims, base_distribution.batch_shape
        if n > len(batch):
            raise ValueError(
                f"Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual {n} vs {len(batch)}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = n
        cut = len(batch) - n
        super().__init__(batch[:cut], batch[cut:] + base_distribution.event_shape, validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether gradients flow through draws."""
        return bool(self.base_dist.has_rsample)

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        """Whether there is a list of all values."""
        return not self.reinterpreted_batch_ndims and bool(self.base_dist.has_enumerate_support)

    def enumerate_support(self, expand: bool = True) -> Any:
        if self.reinterpreted_batch_ndims:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand)

    @constraints.dependent_property
    def support(self) -> Any:
        """Where the base distribution's is."""
        base = self.base_dist.support
        return constraints.independent(base, self.reinterpreted_batch_ndims) if base is not None else None

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        own = self._event_shape[: self.reinterpreted_batch_ndims]
        return self._widened(batch_shape, {"base_dist": self.base_dist.expand(Size((*batch_shape, *own)))}, _instance)

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def _summed(self, value: Any) -> Any:
        n = self.reinterpreted_batch_ndims
        return value.sum(tuple(range(-n, 0))) if n else value

    def log_prob(self, value: Any) -> Any:
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self) -> Any:
        return self._summed(self.base_dist.entropy())

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamily(Distribution):
    """A draw from one of several distributions, chosen by a Categorical; they lie along the last batch dimension.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#mixturesamefamily

    >>> import autograd
    >>> from autograd.distributions import Categorical, Normal
    >>> mixture = MixtureSameFamily(Categorical(autograd.tensor([0.5, 0.5])), Normal(autograd.tensor([-1.0, 1.0]), 0.1))
    >>> mixture.mean, mixture.variance
    (tensor(0.), tensor(1.0100))
    """

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
        count, parts = mixture_distribution.param_shape[-1], component_distribution.batch_shape
        for mixed, part in zip(reversed(mixture_distribution.batch_shape), reversed(parts[:-1]), strict=False):
            if 1 not in (mixed, part) and mixed != part:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixture_distribution.batch_shape}) is not compatible "
                    f"with `component_distribution.batch_shape`({parts[:-1]})"
                )
        if not parts or parts[-1] != count:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal `component_distribution.batch_shape[-1]` "
                f"({parts[-1] if parts else None})"
            )
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        super().__init__(parts[:-1], component_distribution.event_shape, validate_args)

    @property
    def mixture_distribution(self) -> Any:
        """Which of them, with what probability."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The distributions to choose from."""
        return self._component_distribution

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        count = self._component_distribution.batch_shape[-1]
        wide = {
            "_component_distribution": self._component_distribution.expand(Size((*batch_shape, count))),
            "_mixture_distribution": self._mixture_distribution.expand(Size(batch_shape)),
        }
        return self._widened(batch_shape, wide, _instance)

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def _at(self) -> int:
        """The dimension along which the components lie."""
        return -1 - len(self._event_shape)

    def _weighted(self, value: Any) -> Any:
        probs = self._mixture_distribution.probs
        return (probs.reshape(tuple(probs.shape) + (1,) * len(self._event_shape)) * value).sum(self._at)

    @property
    def mean(self) -> Any:
        return self._weighted(self._component_distribution.mean)

    @property
    def variance(self) -> Any:
        away = self._component_distribution.mean - f.unsqueeze(self.mean, self._at)
        return self._weighted(self._component_distribution.variance) + self._weighted(away**2)

    def cdf(self, value: Any) -> Any:
        each = self._component_distribution.cdf(f.unsqueeze(value, self._at))
        return (each * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        each = self._component_distribution.log_prob(f.unsqueeze(value, self._at))
        return f.logsumexp(each + f.log_softmax(self._mixture_distribution.logits, -1), -1)

    def sample(self, sample_shape: Any = ()) -> Any:
        n = len(self._event_shape)
        chosen = self._mixture_distribution.sample(sample_shape).array
        draws = self._component_distribution.sample(sample_shape)
        index = chosen.reshape(*chosen.shape, *[1] * (n + 1))
        index = np.broadcast_to(index, (*chosen.shape, 1, *self._event_shape))
        return draws.new_tensor(np.take_along_axis(draws.array, index, axis=self._at).squeeze(self._at))

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"
