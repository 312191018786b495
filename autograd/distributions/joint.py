"""Distributions of vectors, and of several variables at once."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import linalg
from ..tensor import Size
from . import constraints
from .continuous import standard_normal
from .discrete import Categorical
from .distribution import Distribution, f

__all__ = ["Independent", "MixtureSameFamily", "MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Gaussian vectors, by mean and one of: covariance, its inverse, or its Cholesky factor.

    >>> import autograd
    >>> MultivariateNormal(autograd.zeros(2), autograd.eye(2)).log_prob(autograd.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        matrices = {name: m for name, m in given.items() if m is not None}
        if len(matrices) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = matrices.items()
        if matrix.ndim < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch = np.broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        n = loc.shape[-1]
        self.loc = loc.expand((*batch, n))
        setattr(self, name, matrix.expand((*batch, n, n)))
        super().__init__(batch, (n,), validate_args)
        if name == "scale_tril":
            self._factor = self.scale_tril
        elif name == "covariance_matrix":
            self._factor = linalg.cholesky(self.covariance_matrix)
        else:
            flipped = linalg.cholesky(f.flip(self.precision_matrix, (-2, -1)))
            upper = f.flip(flipped, (-2, -1)).mT
            eye = self.precision_matrix.new_tensor(np.eye(n))
            self._factor = linalg.solve_triangular(upper, eye.expand(upper.shape), upper=False)

    def __getattr__(self, name: str) -> Any:
        if name == "scale_tril":
            return self._factor
        if name == "covariance_matrix":
            return self._factor @ self._factor.mT
        if name == "precision_matrix":
            return linalg.inv(self._factor @ self._factor.mT)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return (self._factor**2).sum(-1).expand((*self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        n = self._event_shape[0]
        loc, factor = self.loc.expand((*batch_shape, n)), self._factor.expand((*batch_shape, n, n))
        return MultivariateNormal(loc, scale_tril=factor, validate_args=False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.array.dtype)
        return self.loc + (self._factor @ noise[..., None])[..., 0]

    def _half_log_det(self) -> Any:
        return f.log(f.diagonal(self._factor, dim1=-2, dim2=-1)).sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        away = (value - self.loc)[..., None]
        factor = self._factor.expand((*away.shape[:-2], *self._factor.shape[-2:]))
        squares = (linalg.solve_triangular(factor, away, upper=False)[..., 0] ** 2).sum(-1)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + squares) - self._half_log_det()

    def entropy(self) -> Any:
        value = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return value.expand(tuple(self._batch_shape))


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
        own = self.base_dist.batch_shape[len(self._batch_shape) :]
        return Independent(self.base_dist.expand(Size((*batch_shape, *own))), self.reinterpreted_batch_ndims)

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
    """A draw from one of several distributions, chosen by a Categorical; they lie along the last batch dimension."""

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an instance of torch.distributions.Categorical")
        count, parts = mixture_distribution.param_shape[-1], component_distribution.batch_shape
        if not parts or parts[-1] != count:
            raise ValueError(
                f"`component_distribution` has the batch shape {tuple(parts)}: its last one must be {count}"
            )
        self.mixture_distribution = mixture_distribution
        self.component_distribution = component_distribution
        super().__init__(parts[:-1], component_distribution.event_shape, validate_args=False)

    def _weighted(self, value: Any) -> Any:
        probs = self.mixture_distribution.probs
        return probs.reshape(tuple(probs.shape) + (1,) * len(self._event_shape)) * value

    @property
    def mean(self) -> Any:
        return self._weighted(self.component_distribution.mean).sum(-1 - len(self._event_shape))

    @property
    def variance(self) -> Any:
        at = -1 - len(self._event_shape)
        mean = self.component_distribution.mean
        within = self._weighted(self.component_distribution.variance).sum(at)
        return within + self._weighted((mean - f.unsqueeze(self.mean, at)) ** 2).sum(at)

    def log_prob(self, value: Any) -> Any:
        at = -1 - len(self._event_shape)
        each = self.component_distribution.log_prob(f.unsqueeze(value, at))
        return f.logsumexp(each + self.mixture_distribution.logits, -1)

    def sample(self, sample_shape: Any = ()) -> Any:
        n = len(self._event_shape)
        chosen = self.mixture_distribution.sample(sample_shape).array
        draws = self.component_distribution.sample(sample_shape)
        index = chosen.reshape(*chosen.shape, *[1] * (n + 1))
        index = np.broadcast_to(index, (*chosen.shape, 1, *self._event_shape))
        return draws.new_tensor(np.take_along_axis(draws.array, index, axis=-1 - n).squeeze(-1 - n))
