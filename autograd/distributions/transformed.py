"""Distributions made of others: transformed, relaxed, and a few more."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..random import poisson
from ..tensor import wrap
from . import constraints
from .continuous import Cauchy, Exponential, Gamma, uniform
from .discrete import Categorical, _Binary
from .distribution import Distribution, Elementwise, clamp_probs, f, probs_to_logits, softplus
from .transforms import ComposeTransform, ExpTransform, SigmoidTransform, Transform, sum_rightmost

__all__ = [
    "HalfCauchy",
    "NegativeBinomial",
    "Pareto",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "TransformedDistribution",
    "Weibull",
]


class TransformedDistribution(Distribution):
    """What becomes of a distribution's draws when transforms are applied to them, one after the other.

    >>> import autograd
    >>> from autograd.distributions import Normal, transforms
    >>> squashed = TransformedDistribution(Normal(0.0, 1.0), [transforms.TanhTransform()])
    >>> squashed.log_prob(autograd.tensor(0.0))
    tensor(-0.9189)
    """

    _silent = True

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        if not all(isinstance(t, Transform) for t in self.transforms):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        self.base_dist = base_distribution
        shape = base_distribution.batch_shape + base_distribution.event_shape
        events = max(len(base_distribution.event_shape), ComposeTransform(self.transforms).event_dim)
        cut = len(shape) - events
        super().__init__(shape[:cut], shape[cut:], validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether gradients flow through draws."""
        return bool(self.base_dist.has_rsample)

    @property
    def support(self) -> Any:
        """What the last transform can give."""
        if not self.transforms:
            return self.base_dist.support
        found, lacking = self.transforms[-1].codomain, len(self._event_shape) - self.transforms[-1].codomain.event_dim
        return constraints.independent(found, lacking) if lacking > 0 else found

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        extra = len(self._event_shape) - len(self.base_dist.event_shape)
        own = tuple(self._event_shape)[:extra]
        return TransformedDistribution(
            self.base_dist.expand((*batch_shape, *own)), self.transforms, validate_args=False
        )

    def sample(self, sample_shape: Any = ()) -> Any:
        return self._through(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._through(self.base_dist.rsample(sample_shape))

    def _through(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        events, total, y = len(self._event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inverse_of(y)
            total = total - sum_rightmost(transform.log_abs_det_jacobian(x, y), events - transform.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), events - len(self.base_dist.event_shape))

    def cdf(self, value: Any) -> Any:
        for transform in reversed(self.transforms):
            value = transform.inverse_of(value)
        return self._flipped(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        return self._through(self.base_dist.icdf(self._flipped(value)))

    def _flipped(self, share: Any) -> Any:
        """A probability from the other side, where the transforms fall."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return share if isinstance(sign, int) and sign == 1 else sign * (share - 0.5) + 0.5


class _ExpRelaxed(Distribution):
    """The logarithm of a relaxed one-hot vector (Gumbel-softmax)."""

    support = constraints.real_vector
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any, logits: Any, validate_args: bool | None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        self.temperature = temperature
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], False)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        logits = self._categorical.logits.expand((*batch_shape, *self._event_shape))
        return _ExpRelaxed(self.temperature, None, logits, False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        logits = self._categorical.logits
        u = clamp_probs(uniform(self._extended_shape(sample_shape), logits))
        scores = (logits - f.log(-f.log(u))) / self.temperature
        return scores - f.logsumexp(scores, -1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        k, t = self._event_shape[-1], self.temperature
        score = self._categorical.logits - value * t
        score = (score - f.logsumexp(score, -1, keepdim=True)).sum(-1)
        log_t = f.log(t) if not isinstance(t, (int, float)) else math.log(t)
        return score + math.lgamma(k) + (k - 1) * log_t


class RelaxedOneHotCategorical(TransformedDistribution):
    """A category, softened so that gradients flow: the nearer ``temperature`` is to 0, the nearer to one-hot.

    Source: Jang et al., https://arxiv.org/abs/1611.01144; Maddison et al., https://arxiv.org/abs/1611.00712
    """

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(_ExpRelaxed(temperature, probs, logits, validate_args), ExpTransform(), validate_args=False)

    @property
    def temperature(self) -> Any:
        """How soft it is."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Any:
        """The probability of each category."""
        return self.base_dist._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self.base_dist._categorical.logits

    def log_prob(self, value: Any) -> Any:
        logs = f.log(value)
        return self.base_dist.log_prob(logs) - logs.sum(-1)


class _LogitRelaxedBernoulli(_Binary):
    """The log-odds of a relaxed Bernoulli variable."""

    support = constraints.real
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any, logits: Any, validate_args: bool | None) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return _LogitRelaxedBernoulli(self.temperature, None, self.logits.expand(tuple(batch_shape)), False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        u, probs = clamp_probs(uniform(shape, self.probs)), clamp_probs(self.probs.expand(shape))
        return (probs_to_logits(u, True) + probs_to_logits(probs, True)) / self.temperature

    def log_prob(self, value: Any) -> Any:
        t = self.temperature
        away = self.logits - value * t
        return (f.log(t) if not isinstance(t, (int, float)) else math.log(t)) + away - 2 * softplus(away)


class RelaxedBernoulli(TransformedDistribution):
    """A coin, softened so that gradients flow: a number between 0 and 1."""

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = _LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Any:
        """How soft it is."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Any:
        """The probability of 1."""
        return self.base_dist.probs

    @property
    def logits(self) -> Any:
        """Its log-odds."""
        return self.base_dist.logits


class NegativeBinomial(_Binary):
    """Successes of probability ``probs`` before ``total_count`` failures."""

    arg_constraints: ClassVar = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    _names = ("total_count", "probs", "logits")
    total_count: Any

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.total_count * f.exp(self.logits)

    @property
    def mode(self) -> Any:
        return f.clamp(f.floor((self.total_count - 1) * f.exp(self.logits)), min=0.0)

    @property
    def variance(self) -> Any:
        return self.mean / f.sigmoid(-self.logits)

    def sample(self, sample_shape: Any = ()) -> Any:
        rates = Gamma(self.total_count.detach(), f.exp(-self.logits.detach()), validate_args=False).sample(sample_shape)
        return poisson(rates)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        n = self.total_count
        odds = -n * softplus(self.logits) - value * softplus(-self.logits)
        ways = f.lgamma(n + value) - f.lgamma(1.0 + value) - f.lgamma(n)
        return odds + f.where(n + value == 0.0, ways.detach() * 0, ways)

    def __repr__(self) -> str:
        return Distribution.__repr__(self)


class HalfCauchy(Elementwise):
    """The absolute value of a Cauchy variable at 0."""

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _silent = True
    _names = ("scale",)
    scale: Any

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(scale, validate_args=validate_args)
        self.base_dist = Cauchy(self.scale * 0, self.scale, validate_args=False)

    @property
    def mean(self) -> Any:
        return self.scale.detach() * 0 + math.inf

    @property
    def mode(self) -> Any:
        return self.scale * 0

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def rsample(self, sample_shape: Any = ()) -> Any:
        return f.abs(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        inside = self.base_dist.log_prob(value) + math.log(2)
        return f.where(value >= 0, inside, inside.detach() * 0 - math.inf)

    def cdf(self, value: Any) -> Any:
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class Weibull(Elementwise):
    """Life times: ``scale`` times a power of an exponential variable."""

    arg_constraints: ClassVar = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _names = ("scale", "concentration")
    scale: Any
    concentration: Any

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        super().__init__(scale, concentration, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.scale * f.exp(f.lgamma(1 + 1 / self.concentration))

    @property
    def mode(self) -> Any:
        return self.scale * f.clamp((self.concentration - 1) / self.concentration, min=0) ** (1 / self.concentration)

    @property
    def variance(self) -> Any:
        first, second = (f.lgamma(1 + k / self.concentration) for k in (1, 2))
        return self.scale**2 * (f.exp(second) - f.exp(2 * first))

    def rsample(self, sample_shape: Any = ()) -> Any:
        base = Exponential(wrap(np.ones(tuple(self._batch_shape), self.scale.array.dtype)), validate_args=False)
        return self.scale * base.rsample(sample_shape) ** (1 / self.concentration)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        k, ratio = self.concentration, value / self.scale
        return f.log(k) - f.log(self.scale) + (k - 1) * f.log(ratio) - ratio**k

    def cdf(self, value: Any) -> Any:
        return -f.expm1(-((value / self.scale) ** self.concentration))

    def entropy(self) -> Any:
        euler = 0.57721566490153286060
        return euler * (1 - 1 / self.concentration) + f.log(self.scale / self.concentration) + 1


class Pareto(Elementwise):
    """Power laws from ``scale`` on, with exponent ``alpha``."""

    arg_constraints: ClassVar = {"alpha": constraints.positive, "scale": constraints.positive}
    has_rsample = True
    _names = ("scale", "alpha")
    scale: Any
    alpha: Any

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        super().__init__(scale, alpha, validate_args=validate_args)

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        a = f.clamp(self.alpha, min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        a = f.clamp(self.alpha, min=2)
        return self.scale**2 * a / ((a - 1) ** 2 * (a - 2))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.scale * f.exp(Exponential(self.alpha, validate_args=False).rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return f.log(self.alpha) + self.alpha * f.log(self.scale) - (self.alpha + 1) * f.log(value)

    def cdf(self, value: Any) -> Any:
        return 1 - (self.scale / value) ** self.alpha

    def entropy(self) -> Any:
        return f.log(self.scale / self.alpha) + 1 + 1 / self.alpha
