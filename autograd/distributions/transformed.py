"""Distributions made of others by transforms."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..graph import no_grad
from . import constraints
from .continuous import EULER, Cauchy, Normal, Uniform
from .discrete import Categorical
from .distribution import (
    Distribution,
    Elementwise,
    LocationScale,
    OfTrials,
    clamp_probs,
    f,
    probs_to_logits,
    softplus,
)
from .draws import uniform
from .joint import Independent
from .positive import Exponential, Gamma
from .transforms import (
    AbsTransform,
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    StickBreakingTransform,
    Transform,
)
from .transforms.base import sum_rightmost

__all__ = [
    "Gumbel", "HalfCauchy", "HalfNormal", "InverseGamma", "Kumaraswamy", "LogNormal", "LogisticNormal", "Pareto",
    "RelaxedBernoulli", "RelaxedOneHotCategorical", "TransformedDistribution", "Weibull",
]  # fmt: skip


class TransformedDistribution(Distribution):
    """What becomes of a distribution's draws when transforms are applied to them, one after the other.

    >>> import autograd
    >>> from autograd.distributions import Normal, transforms
    >>> squashed = TransformedDistribution(Normal(0.0, 1.0), [transforms.TanhTransform()])
    >>> squashed.log_prob(autograd.tensor(0.0))
    tensor(-0.9189)
    """

    base_dist: Any
    transforms: list[Transform]

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None) -> None:
        shape, events = self._transform(base_distribution, transforms)
        cut = len(shape) - events
        super().__init__(shape[:cut], shape[cut:], validate_args)

    def _transform(self, base: Any, transforms: Any) -> tuple[Any, int]:
        """Set base and transforms, the base with the shape and dimensions that they need; shape and events of draws."""
        self.transforms = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(self.transforms, list) or not all(isinstance(t, Transform) for t in self.transforms):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        whole = ComposeTransform(self.transforms)
        before, after, own = whole.domain.event_dim, whole.codomain.event_dim, len(base.event_shape)
        shape = base.batch_shape + base.event_shape
        if len(shape) < before:
            raise ValueError(f"base_distribution needs to have shape with size at least {before}, but got {shape}.")
        result = whole.forward_shape(shape)
        needed = whole.inverse_shape(result)
        if tuple(needed) != tuple(shape):
            base = base.expand(needed[: len(needed) - own])
        self.base_dist = Independent(base, before - own) if before > own else base
        return result, max(after, own + after - before)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether gradients flow through draws."""
        return bool(self.base_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """What the last transform can give."""
        if not self.transforms:
            return self.base_dist.support
        found = self.transforms[-1].codomain
        lacking = len(self._event_shape) - found.event_dim
        return constraints.independent(found, lacking) if lacking > 0 else found

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        shape = ComposeTransform(self.transforms).inverse_shape((*batch_shape, *self._event_shape))
        base = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        return self._widened(batch_shape, {"base_dist": base}, _instance)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
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
            x = transform._inv_call(y)
            events += transform.domain.event_dim - transform.codomain.event_dim
            change = transform.log_abs_det_jacobian(x, y)
            total = total - sum_rightmost(change, events - transform.domain.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), events - len(self.base_dist.event_shape))

    def cdf(self, value: Any) -> Any:
        for transform in reversed(self.transforms):
            value = transform._inv_call(value)
        return self._flipped(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        return self._through(self.base_dist.icdf(self._flipped(value)))

    def _flipped(self, share: Any) -> Any:
        """A probability from the other side, where the transforms fall."""
        sign = ComposeTransform(self.transforms).sign
        return share if isinstance(sign, int) and sign == 1 else sign * (share - 0.5) + 0.5


class _Derived(TransformedDistribution, Elementwise):
    """A transformed distribution of single numbers, with parameters of its own: ``_made_of`` says what it is."""

    def _made_of(self) -> tuple[Distribution, Any]:
        """The base distribution and the transforms."""
        raise NotImplementedError

    def __init__(self, validate_args: bool | None, /, **parameters: Any) -> None:
        Elementwise.__init__(self, validate_args, **parameters)

    def _prepare(self) -> None:
        self._transform(*self._made_of())

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Elementwise.expand(self, batch_shape, _instance)


# --- by the exponential function -------------------------------------------------------------------------------------


class LogNormal(_Derived, LocationScale):  # type: ignore[override]
    """``exp`` of a Gaussian with mean ``loc`` and standard deviation ``scale``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#lognormal

    >>> import autograd
    >>> LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    support = constraints.positive
    _silent = True
    __init__ = LocationScale.__init__  # type: ignore[assignment]

    def _made_of(self) -> tuple[Distribution, Any]:
        return Normal(self.loc, self.scale, validate_args=False), ExpTransform()

    @property
    def mean(self) -> Any:
        return f.exp(self.loc + self.scale**2 / 2)

    @property
    def mode(self) -> Any:
        return f.exp(self.loc - self.scale**2)

    @property
    def variance(self) -> Any:
        return f.expm1(self.scale**2) * f.exp(2 * self.loc + self.scale**2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class Gumbel(_Derived, LocationScale):  # type: ignore[override]
    """The largest of many draws.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#gumbel

    >>> import autograd
    >>> Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    __init__ = LocationScale.__init__  # type: ignore[assignment]

    def _made_of(self) -> tuple[Distribution, Any]:
        info = np.finfo(self.loc.array.dtype)
        like = self.loc.detach() * 0
        base = Uniform(like + float(info.tiny), like + float(1 - info.eps), validate_args=False)
        log = ExpTransform().inv
        return base, [log, AffineTransform(0, -1), log, AffineTransform(self.loc, -self.scale)]

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * EULER

    @property
    def stddev(self) -> Any:
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        return self.stddev**2

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        y = -self._standardized(value)
        return y - f.exp(y) - f.log(self.scale)

    def entropy(self) -> Any:
        return f.log(self.scale) + 1 + EULER


class Pareto(_Derived):
    """Power laws from ``scale`` on, with exponent ``alpha``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#pareto

    >>> import autograd
    >>> Pareto(1.0, 3.0).mean
    tensor(1.5000)
    """

    arg_constraints: ClassVar = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, scale=scale, alpha=alpha)

    def _made_of(self) -> tuple[Distribution, Any]:
        return Exponential(self.alpha, validate_args=False), [ExpTransform(), AffineTransform(0, self.scale)]

    @constraints.dependent_property(is_discrete=False, event_dim=0)
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

    def entropy(self) -> Any:
        return f.log(self.scale / self.alpha) + 1 + 1 / self.alpha


class LogisticNormal(TransformedDistribution):
    """Probabilities that add up to 1, by breaking a stick at Gaussian numbers, one fewer than there are pieces.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#logisticnormal

    >>> import autograd
    >>> _ = autograd.manual_seed(0)
    >>> LogisticNormal(autograd.zeros(2), autograd.ones(2)).sample().sum().round()
    tensor(1.)
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    _silent = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        base = base if base.batch_shape else base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Any:
        """Means of the Gaussian numbers."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Any:
        """Their standard deviations."""
        return self.base_dist.base_dist.scale


# --- by the absolute value -------------------------------------------------------------------------------------------


class _Half(_Derived):
    """The absolute value of a symmetric variable at 0."""

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.nonnegative
    _silent = True
    _whole: ClassVar[type[LocationScale]]

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, scale=scale)

    def _made_of(self) -> tuple[Distribution, Any]:
        return self._whole(self.scale * 0, self.scale, validate_args=False), AbsTransform()

    @property
    def mode(self) -> Any:
        return self.scale * 0

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return f.where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(_Half):
    """The absolute value of a Gaussian with mean 0.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#halfnormal

    >>> import autograd
    >>> HalfNormal(1.0).mean
    tensor(0.7979)
    """

    _whole = Normal

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Any:
        return self.scale**2 * (1 - 2 / math.pi)


class HalfCauchy(_Half):
    """The absolute value of a Cauchy variable at 0.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#halfcauchy

    >>> import autograd
    >>> HalfCauchy(1.0).cdf(autograd.tensor(1.0))
    tensor(0.5000)
    """

    _whole = Cauchy

    @property
    def mean(self) -> Any:
        return self.scale.detach() * 0 + math.inf

    @property
    def variance(self) -> Any:
        return self.base_dist.variance


# --- by powers -------------------------------------------------------------------------------------------------------


class Weibull(_Derived):
    """Life times: ``scale`` times a power of an exponential variable.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#weibull

    >>> import autograd
    >>> Weibull(2.0, 1.0).mean  # of shape 1: exponential
    tensor(2.)
    """

    arg_constraints: ClassVar = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, scale=scale, concentration=concentration)

    def _made_of(self) -> tuple[Distribution, Any]:
        base = Exponential(self.scale.detach() * 0 + 1, validate_args=False)
        return base, [PowerTransform(1 / self.concentration), AffineTransform(0, self.scale)]

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

    def entropy(self) -> Any:
        return EULER * (1 - 1 / self.concentration) + f.log(self.scale / self.concentration) + 1


class Kumaraswamy(_Derived):
    """A probability, like Beta's, with a ``cdf`` in closed form: ``1 - (1 - x ** concentration1) ** concentration0``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#kumaraswamy

    >>> import autograd
    >>> Kumaraswamy(1.0, 2.0).mean
    tensor(0.3333)
    """

    arg_constraints: ClassVar = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration1=concentration1, concentration0=concentration0)

    def _made_of(self) -> tuple[Distribution, Any]:
        like = self.concentration0.detach() * 0
        roots = [PowerTransform(1 / a) for a in (self.concentration0, self.concentration1)]
        return Uniform(like, like + 1, validate_args=False), [roots[0], AffineTransform(1.0, -1.0), roots[1]]

    def _moment(self, n: int) -> Any:
        a, b = 1 + n / self.concentration1, self.concentration0
        return b * f.exp(f.lgamma(a) + f.lgamma(b) - f.lgamma(a + b))

    @property
    def mean(self) -> Any:
        return self._moment(1)

    @property
    def mode(self) -> Any:
        a, b = self.concentration1, self.concentration0
        return f.where((a >= 1) & (b >= 1), f.exp(f.log1p(-b) / b - f.log1p(-a * b)), math.nan)

    @property
    def variance(self) -> Any:
        return self._moment(2) - self.mean**2

    def entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        return 1 - 1 / b + (1 - 1 / a) * (f.digamma(b + 1) + EULER) - f.log(a) - f.log(b)


class InverseGamma(_Derived):
    """The inverse of a Gamma variable of this ``concentration`` and ``rate``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#inversegamma

    >>> import autograd
    >>> InverseGamma(3.0, 2.0).mean
    tensor(1.)
    """

    arg_constraints: ClassVar = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    _silent = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration=concentration, rate=rate)

    def _made_of(self) -> tuple[Distribution, Any]:
        base = Gamma(self.concentration, self.rate, validate_args=False)
        return base, PowerTransform(-self.rate.new_ones(()))

    @property
    def mean(self) -> Any:
        return f.where(self.concentration > 1, self.rate / (self.concentration - 1), math.inf)

    @property
    def mode(self) -> Any:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        a = self.concentration
        return f.where(a > 2, self.rate**2 / ((a - 1) ** 2 * (a - 2)), math.inf)

    def entropy(self) -> Any:
        a = self.concentration
        return a + f.log(self.rate) + f.lgamma(a) - (1 + a) * f.digamma(a)


# --- relaxed: discrete ones, softened so that gradients flow through draws -------------------------------------------


def _log(value: Any) -> Any:
    return math.log(value) if isinstance(value, (int, float)) else f.log(value)


class ExpRelaxedCategorical(Distribution):
    """The logarithm of a relaxed one-hot vector (Gumbel-softmax)."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.real_vector
    has_rsample = True
    _silent = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        self.temperature = temperature
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], False)

    @property
    def probs(self) -> Any:
        """The probability of each category."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self._categorical.logits

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._widened(batch_shape, {"_categorical": self._categorical.expand(batch_shape)}, _instance)

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = clamp_probs(uniform(self._extended_shape(sample_shape), self.logits))
        scores = (self.logits - f.log(-f.log(u))) / self.temperature
        return scores - f.logsumexp(scores, -1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        k = self._event_shape[-1]
        score = self.logits - value * self.temperature
        score = (score - f.logsumexp(score, -1, keepdim=True)).sum(-1)
        return score + math.lgamma(k) + (k - 1) * _log(self.temperature)


class LogitRelaxedBernoulli(OfTrials):
    """The log-odds of a relaxed Bernoulli variable."""

    support = constraints.real
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        u, probs = clamp_probs(uniform(shape, self.probs)), clamp_probs(self.probs.expand(shape))
        return (probs_to_logits(u, True) + probs_to_logits(probs, True)) / self.temperature

    def log_prob(self, value: Any) -> Any:
        away = self.logits - value * self.temperature
        return _log(self.temperature) + away - 2 * softplus(away)


class _Relaxed(TransformedDistribution):
    """Parameters are the base distribution's."""

    @property
    def temperature(self) -> Any:
        """How soft it is: the nearer to 0, the nearer to the discrete distribution."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Any:
        """The probability of 1, or of each category."""
        return self.base_dist.probs

    @property
    def logits(self) -> Any:
        """Its log-odds, or their logarithms."""
        return self.base_dist.logits


class RelaxedOneHotCategorical(_Relaxed):
    """A category, softened so that gradients flow: the nearer ``temperature`` is to 0, the nearer to one-hot.

    Source: Jang et al., https://arxiv.org/abs/1611.01144; Maddison et al., https://arxiv.org/abs/1611.00712

    >>> import autograd
    >>> _ = autograd.manual_seed(0)
    >>> RelaxedOneHotCategorical(0.5, autograd.tensor([0.1, 0.9])).rsample().sum().round()
    tensor(1.)
    """

    support = constraints.simplex

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)


class RelaxedBernoulli(_Relaxed):
    """A coin, softened so that gradients flow: a number between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#relaxedbernoulli

    >>> import autograd
    >>> RelaxedBernoulli(0.5, 0.5).log_prob(autograd.tensor(0.5))
    tensor(-0.6931)
    """

    support = constraints.unit_interval

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)
