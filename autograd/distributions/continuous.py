"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import special
from ..random import normal, rand
from ..tensor import Tensor, wrap
from . import constraints
from .distribution import (
    Elementwise,
    ExponentialFamily,
    LocationScale,
    OfTrials,
    Symmetric,
    broadcast_all,
    clamp_probs,
    either,
    f,
    lazy_property,
    logits_to_probs,
    softplus,
    tiny,
)
from .standard_gamma import standard_dirichlet, standard_gamma

__all__ = [
    "Beta", "Cauchy", "Chi2", "ContinuousBernoulli", "Dirichlet", "Exponential", "FisherSnedecor", "Gamma",
    "GeneralizedPareto", "Laplace", "Normal", "StudentT", "Uniform", "VonMises",
]  # fmt: skip

EULER = 0.57721566490153286060


def standard_normal(shape: Any, dtype: Any) -> Any:
    """Independent draws with mean 0 and deviation 1."""
    return normal(wrap(np.zeros(shape, dtype)), wrap(np.ones(shape, dtype)))


def uniform(shape: Any, like: Tensor) -> Any:
    """Independent draws from [0, 1)."""
    return rand(*shape, dtype=like.dtype) if shape else rand((), dtype=like.dtype)


def unfilled(shape: Any, like: Tensor) -> Any:
    """A Tensor for draws to be written into."""
    return wrap(np.empty(shape, like.array.dtype))


# --- by location and scale -------------------------------------------------------------------------------------------


class Normal(Symmetric, LocationScale, ExponentialFamily):
    """The Gaussian with mean ``loc`` and standard deviation ``scale``.

    >>> import autograd
    >>> Normal(0.0, 1.0).log_prob(autograd.tensor(0.0))
    tensor(-0.9189)
    """

    @property
    def stddev(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        return self.scale**2

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        return normal(self.loc.detach().expand(shape), self.scale.detach().expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        return self.loc + standard_normal(shape, self.loc.array.dtype) * self.scale

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - f.log(self.scale) - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return 0.5 * (1 + f.erf(self._standardized(value) / math.sqrt(2)))

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * f.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        return 0.5 + 0.5 * math.log(2 * math.pi) + f.log(self.scale)

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return self.loc / self.scale**2, -0.5 / self.scale**2


class Laplace(Symmetric, LocationScale):
    """Two exponentials back to back at ``loc``."""

    @property
    def variance(self) -> Any:
        return 2 * self.scale**2

    @property
    def stddev(self) -> Any:
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = unfilled(self._extended_shape(sample_shape), self.loc)
        u.uniform_(float(np.finfo(u.array.dtype).eps) - 1, 1)
        return self.loc - self.scale * f.sign(u) * f.log1p(-f.abs(u))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -f.log(2 * self.scale) - f.abs(value - self.loc) / self.scale

    def cdf(self, value: Any) -> Any:
        z = value - self.loc
        return 0.5 - 0.5 * f.sign(z) * f.expm1(-f.abs(z) / self.scale)

    def icdf(self, value: Any) -> Any:
        z = value - 0.5
        return self.loc - self.scale * f.sign(z) * f.log1p(-2 * f.abs(z))

    def entropy(self) -> Any:
        return 1 + f.log(2 * self.scale)


class Cauchy(LocationScale):
    """The ratio of two Gaussians: neither mean nor variance exist."""

    @property
    def mean(self) -> Any:
        return self.loc.detach() * math.nan

    @property
    def variance(self) -> Any:
        return self.loc.detach() * 0 + math.inf

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.loc + unfilled(self._extended_shape(sample_shape), self.loc).cauchy_() * self.scale

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -math.log(math.pi) - f.log(self.scale) - f.log1p(self._standardized(value) ** 2)

    def cdf(self, value: Any) -> Any:
        return f.atan(self._standardized(value)) / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        return f.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Any:
        return math.log(4 * math.pi) + f.log(self.scale)


class StudentT(Elementwise):
    """A Gaussian divided by the root of a chi-squared over its degrees of freedom."""

    arg_constraints: ClassVar = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, df=df, loc=loc, scale=scale)

    @property
    def mean(self) -> Any:
        return f.where(self.df <= 1, self.loc * math.nan, self.loc)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        df = self.df
        spread = self.scale**2 * df / f.where(df > 2, df - 2, df * 0 + 1)
        return f.where(df > 2, spread, f.where(df > 1, df * 0 + math.inf, df * 0 + math.nan))

    def rsample(self, sample_shape: Any = ()) -> Any:
        x = standard_normal(self._extended_shape(sample_shape), self.df.array.dtype)
        z = Chi2(self.df, validate_args=False).rsample(sample_shape)
        return self.loc + self.scale * x * f.rsqrt(z / self.df)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        df, y = self.df, (value - self.loc) / self.scale
        size = f.log(self.scale) + 0.5 * (f.log(df) + math.log(math.pi)) + f.lgamma(0.5 * df)
        return f.lgamma(0.5 * (df + 1)) - size - 0.5 * (df + 1) * f.log1p(y**2 / df)

    def entropy(self) -> Any:
        df, half, more = self.df, 0.5 * self.df, 0.5 * (self.df + 1)
        beta = f.lgamma(half) + math.lgamma(0.5) - f.lgamma(more)
        return f.log(self.scale) + more * (f.digamma(more) - f.digamma(half)) + 0.5 * f.log(df) + beta


# --- on an interval --------------------------------------------------------------------------------------------------


class Uniform(Elementwise):
    """Equal density from ``low`` to ``high``."""

    arg_constraints: ClassVar = {"low": constraints.dependent, "high": constraints.dependent}
    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, low=low, high=high)
        if self._validate_args and not bool((self.low.detach().array < self.high.detach().array).all()):
            raise ValueError("Uniform is not defined when low>= high")

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Any:
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        return math.nan * self.high

    @property
    def variance(self) -> Any:
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.low + uniform(self._extended_shape(sample_shape), self.low) * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        inside = (self.low <= value) & (self.high > value)
        return f.log(inside.type_as(self.low)) - f.log(self.high - self.low)

    def cdf(self, value: Any) -> Any:
        return f.clamp((value - self.low) / (self.high - self.low), 0, 1)

    def icdf(self, value: Any) -> Any:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        return f.log(self.high - self.low)


class ContinuousBernoulli(OfTrials, ExponentialFamily):
    """Numbers from 0 to 1 with density in proportion to ``probs ** x * (1 - probs) ** (1 - x)``.

    Near ``probs = 1/2``, between ``lims``, where the closed forms are 0 / 0, the first terms of their series are used.

    Source: Loaiza-Ganem and Cunningham, https://arxiv.org/abs/1907.06845
    """

    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._lims = lims
        Elementwise.__init__(self, validate_args, **either(probs=probs, logits=logits))
        if probs is not None:
            self.probs = clamp_probs(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """Where 1 lies, of the Bernoulli that this one is a continuous version of."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _stable(self) -> Any:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _safe(self) -> tuple[Any, Any, Any]:
        """``probs`` where the closed forms hold (elsewhere a number that will not be used), log p and log(1 - p)."""
        p = f.where(self._stable(), self.probs, self._lims[0])
        return p, f.log(p), f.log1p(-p)

    def _cont_bern_log_norm(self) -> Any:
        """The logarithm of what makes the density's integral 1."""
        p, log_p, log_q = self._safe()
        norm = f.log(f.abs(log_q - log_p)) - f.log(f.abs(1 - 2 * p))
        x = (self.probs - 0.5) ** 2
        return f.where(self._stable(), norm, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Any:
        p, log_p, log_q = self._safe()
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x
        return f.where(self._stable(), p / (2.0 * p - 1.0) + 1.0 / (log_q - log_p), series)

    @property
    def variance(self) -> Any:
        p, log_p, log_q = self._safe()
        x = (self.probs - 0.5) ** 2
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return f.where(self._stable(), p * (p - 1.0) / (1.0 - 2.0 * p) ** 2 + 1.0 / (log_q - log_p) ** 2, series)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(uniform(self._extended_shape(sample_shape), self.probs))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return self.logits * value - softplus(self.logits) + self._cont_bern_log_norm()

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        p, _, _ = self._safe()
        share = (p**value * (1.0 - p) ** (1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        share = f.where(self._stable(), share, value)
        return f.where(value > 0.0, f.where(value < 1.0, share, 1.0), 0.0)

    def icdf(self, value: Any) -> Any:
        p, log_p, log_q = self._safe()
        return f.where(self._stable(), (f.log1p(-p + value * (2.0 * p - 1.0)) - log_q) / (log_p - log_q), value)

    def entropy(self) -> Any:
        return -self.mean * self.logits - f.log1p(-self.probs) - self._cont_bern_log_norm()

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.logits,)


class Dirichlet(ExponentialFamily):
    """Probabilities that add up to 1; ``concentration`` has them along its last dimension."""

    arg_constraints: ClassVar = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        less = f.clamp(self.concentration - 1, min=0.0)
        mode = less / less.sum(-1, True)
        highest = f.argmax(self.concentration, -1)  # where all are below 1, a corner
        corner = mode.new_tensor(np.eye(self._event_shape[-1])[highest.array])
        return f.where((self.concentration < 1).all(-1, True), corner, mode)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total**2 * (total + 1))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        wide = {"concentration": self.concentration.expand((*batch_shape, *self._event_shape))}
        return self._widened(batch_shape, wide, _instance)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return standard_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        a = self.concentration
        return f.xlogy(a - 1.0, value).sum(-1) + f.lgamma(a.sum(-1)) - f.lgamma(a).sum(-1)

    def entropy(self) -> Any:
        a = self.concentration
        k, total = a.shape[-1], a.sum(-1)
        size = f.lgamma(a).sum(-1) - f.lgamma(total)
        return size - (k - total) * f.digamma(total) - ((a - 1.0) * f.digamma(a)).sum(-1)


class Beta(Elementwise, ExponentialFamily):
    """A probability, with counts ``concentration1`` for and ``concentration0`` against."""

    arg_constraints: ClassVar = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True
    _silent = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration1=concentration1, concentration0=concentration0)

    def _prepare(self) -> None:
        self._dirichlet = Dirichlet(f.stack([self.concentration1, self.concentration0], -1), validate_args=False)

    @property
    def mean(self) -> Any:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total**2 * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return self._dirichlet.log_prob(f.stack([value, 1.0 - value], -1))

    def entropy(self) -> Any:
        return self._dirichlet.entropy()


# --- of positive numbers ---------------------------------------------------------------------------------------------


class Exponential(Elementwise, ExponentialFamily):
    """Waiting times at this ``rate``."""

    arg_constraints: ClassVar = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, rate=rate)

    @property
    def mean(self) -> Any:
        return 1 / self.rate

    @property
    def mode(self) -> Any:
        return self.rate * 0

    @property
    def stddev(self) -> Any:
        return 1 / self.rate

    @property
    def variance(self) -> Any:
        return self.rate**-2

    def rsample(self, sample_shape: Any = ()) -> Any:
        return unfilled(self._extended_shape(sample_shape), self.rate).exponential_() / self.rate

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return f.log(self.rate) - self.rate * value

    def cdf(self, value: Any) -> Any:
        return 1 - f.exp(-self.rate * value)

    def icdf(self, value: Any) -> Any:
        return -f.log1p(-value) / self.rate

    def entropy(self) -> Any:
        return 1 - f.log(self.rate)


class Gamma(Elementwise, ExponentialFamily):
    """Sums of exponentials: shape ``concentration``, inverse scale ``rate``. Gradients of draws need SciPy."""

    arg_constraints: ClassVar = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration=concentration, rate=rate)

    @property
    def mean(self) -> Any:
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        return f.clamp((self.concentration - 1) / self.rate, min=0)

    @property
    def variance(self) -> Any:
        return self.concentration / self.rate**2

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        draws = standard_gamma(self.concentration.expand(shape)) / self.rate
        return f.clamp(draws, min=tiny(draws))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        a, rate = self.concentration, self.rate
        return f.xlogy(a, rate) + f.xlogy(a - 1, value) - rate * value - f.lgamma(a)

    def cdf(self, value: Any) -> Any:
        self._validate_sample(value)
        return f.igamma(self.concentration, self.rate * value)

    def entropy(self) -> Any:
        a = self.concentration
        return a - f.log(self.rate) + f.lgamma(a) + (1 - a) * f.digamma(a)


class Chi2(Gamma):
    """The sum of ``df`` squared Gaussians."""

    arg_constraints: ClassVar = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (half,) = broadcast_all(df)
        super().__init__(0.5 * half, half * 0 + 0.5, validate_args=validate_args)

    @property
    def df(self) -> Any:
        """Degrees of freedom."""
        return self.concentration * 2


class FisherSnedecor(Elementwise):
    """The ratio of two chi-squared variables, each over its degrees of freedom ``df1`` and ``df2``."""

    arg_constraints: ClassVar = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, df1=df1, df2=df2)

    def _prepare(self) -> None:
        self._gamma1, self._gamma2 = (Gamma(df * 0.5, df, validate_args=False) for df in (self.df1, self.df2))

    @property
    def mean(self) -> Any:
        return f.where(self.df2 > 2, self.df2 / (self.df2 - 2), math.nan)

    @property
    def mode(self) -> Any:
        return f.where(self.df1 > 2, (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2), math.nan)

    @property
    def variance(self) -> Any:
        a, b = self.df1, self.df2
        return f.where(b > 4, 2 * b**2 * (a + b - 2) / (a * (b - 2) ** 2 * (b - 4)), math.nan)

    def rsample(self, sample_shape: Any = ()) -> Any:
        above, below = self._gamma1.rsample(sample_shape), self._gamma2.rsample(sample_shape)
        return f.clamp(above / f.clamp(below, min=tiny(below)), min=tiny(below))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        size = f.lgamma(a + b) - f.lgamma(a) - f.lgamma(b)
        return size + a * f.log(ratio) + (a - 1) * f.log(value) - (a + b) * f.log1p(ratio * value)


class GeneralizedPareto(Elementwise):
    """What exceeds a high threshold ``loc``: tails that fall like a power, or end, as ``concentration`` is > 0 or < 0.

    Source: Pickands, https://doi.org/10.1214/aos/1176343003
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(
            self.loc, f.where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        )

    def _exponential(self) -> tuple[Any, Any]:
        """Where the concentration is 0 and the tail exponential; the concentration, and 1 there."""
        zero = f.abs(self.concentration.detach()) <= 1e-8
        return zero, f.where(~zero, self.concentration, 1.0)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(uniform(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        z, (zero, k) = (value - self.loc) / self.scale, self._exponential()
        power = 1 / k + 1
        return -f.log(self.scale) - f.where(zero, z, f.where(power != 0, power * f.log1p(k * z), 0.0))

    def log_survival_function(self, value: Any) -> Any:
        """The logarithm of the probability of a draw above ``value``."""
        self._validate_sample(value)
        z, (zero, k) = (value - self.loc) / self.scale, self._exponential()
        return f.where(zero, -z, -f.log1p(k * z) / k)

    def log_cdf(self, value: Any) -> Any:
        """The logarithm of ``cdf``."""
        return f.log1p(-f.exp(self.log_survival_function(value)))

    def cdf(self, value: Any) -> Any:
        return f.exp(self.log_cdf(value))

    def icdf(self, value: Any) -> Any:
        log_rest, (zero, k) = f.log1p(-value), self._exponential()
        return f.where(zero, self.loc - self.scale * log_rest, self.loc + self.scale / k * f.expm1(-k * log_rest))

    @property
    def mean(self) -> Any:
        return f.where(self.concentration < 1, self.loc + self.scale / (1 - self.concentration), math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        k = self.concentration
        return f.where(k < 0.5, self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k)), math.nan)

    def entropy(self) -> Any:
        return f.log(self.scale) + self.concentration + 1


# --- on a circle -----------------------------------------------------------------------------------------------------


class VonMises(Symmetric, Elementwise):
    """Angles from -pi to pi, about ``loc``; the larger ``concentration``, the nearer.

    Mean and variance are those of directions. Draws by rejection from a wrapped Cauchy distribution.

    Source: Best and Fisher, https://doi.org/10.2307/2346732
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, concentration=concentration)

    @property
    def variance(self) -> Any:
        return 1 - special.i1e(self.concentration) / special.i0e(self.concentration)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        k = self.concentration
        log_bessel = k + f.log(special.i0e(k))
        return k * f.cos(value - self.loc) - math.log(2 * math.pi) - log_bessel

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        k = self.concentration.detach().array.astype(np.float64)
        tau = 1 + np.sqrt(1 + 4 * k**2)
        rho = (tau - np.sqrt(2 * tau)) / (2 * k)
        spread = np.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))
        angle, missing = np.zeros(shape), np.ones(shape, bool)
        while missing.any():  # draws for all, as PyTorch makes them, so that the stream stays its own
            u1, u2, u3 = rand(3, *shape, dtype=np.float64).array
            z = np.cos(math.pi * u1)
            cosine = (1 + spread * z) / (spread + z)
            c = k * (spread - cosine)
            with np.errstate(divide="ignore"):
                taken = (c * (2 - c) - u2 > 0) | (np.log(c / u2) + 1 - c >= 0)
            angle = np.where(taken, np.sign(u3 - 0.5) * np.arccos(cosine), angle)
            missing &= ~taken
        turned = (angle + math.pi + self.loc.detach().array) % (2 * math.pi) - math.pi
        return wrap(np.asarray(turned, self.loc.array.dtype))
