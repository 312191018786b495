"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..random import normal, rand
from ..tensor import Tensor, wrap
from . import constraints
from .distribution import Elementwise, broadcast_all, f, tiny
from .gamma import standard_gamma

__all__ = [
    "Beta",
    "Cauchy",
    "Chi2",
    "Dirichlet",
    "Exponential",
    "Gamma",
    "Gumbel",
    "HalfNormal",
    "Laplace",
    "LogNormal",
    "Normal",
    "StudentT",
    "Uniform",
]

EULER = 0.57721566490153286060


def standard_normal(shape: Any, dtype: Any) -> Any:
    """Independent draws with mean 0 and deviation 1."""
    return normal(wrap(np.zeros(shape, dtype)), wrap(np.ones(shape, dtype)))


def uniform(shape: Any, like: Tensor) -> Any:
    """Independent draws from [0, 1)."""
    return rand(*shape, dtype=like.dtype) if shape else rand((), dtype=like.dtype)


class Normal(Elementwise):
    """The Gaussian with mean ``loc`` and standard deviation ``scale``.

    >>> import autograd
    >>> Normal(0.0, 1.0).log_prob(autograd.tensor(0.0))
    tensor(-0.9189)
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _names = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)

    loc: Any
    scale: Any

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

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
        return 0.5 * (1 + f.erf((value - self.loc) / self.scale / math.sqrt(2)))

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * f.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        return 0.5 + 0.5 * math.log(2 * math.pi) + f.log(self.scale)


class LogNormal(Elementwise):
    """``exp`` of a Gaussian."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _silent = True
    _names = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)
        self.base_dist = Normal(self.loc, self.scale, validate_args=False)

    loc: Any
    scale: Any

    @property
    def mean(self) -> Any:
        return f.exp(self.loc + self.scale**2 / 2)

    @property
    def mode(self) -> Any:
        return f.exp(self.loc - self.scale**2)

    @property
    def variance(self) -> Any:
        return f.expm1(self.scale**2) * f.exp(2 * self.loc + self.scale**2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return f.exp(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        log = f.log(value)
        return self.base_dist.log_prob(log) - log

    def cdf(self, value: Any) -> Any:
        return self.base_dist.cdf(f.log(value))

    def icdf(self, value: Any) -> Any:
        return f.exp(self.base_dist.icdf(value))

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class HalfNormal(Elementwise):
    """The absolute value of a Gaussian with mean 0."""

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _silent = True
    _names = ("scale",)

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(scale, validate_args=validate_args)
        self.base_dist = Normal(0.0 * self.scale, self.scale, validate_args=False)

    scale: Any

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Any:
        return self.scale * 0

    @property
    def variance(self) -> Any:
        return self.scale**2 * (1 - 2 / math.pi)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return f.abs(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return self.base_dist.log_prob(value) + math.log(2)

    def cdf(self, value: Any) -> Any:
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class Uniform(Elementwise):
    """Equal density from ``low`` to ``high``."""

    arg_constraints: ClassVar = {"low": constraints.dependent, "high": constraints.dependent}
    has_rsample = True
    _names = ("low", "high")

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        super().__init__(low, high, validate_args=validate_args)
        if self._validate_args and not bool((self.low.detach().array < self.high.detach().array).all()):
            raise ValueError("Uniform is not defined when low>= high")

    low: Any
    high: Any

    @constraints.dependent_property
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


class Exponential(Elementwise):
    """Waiting times at this ``rate``."""

    arg_constraints: ClassVar = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _names = ("rate",)

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(rate, validate_args=validate_args)

    rate: Any

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
        draws: Any = wrap(np.empty(self._extended_shape(sample_shape), self.rate.array.dtype))
        return draws.exponential_() / self.rate

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return f.log(self.rate) - self.rate * value

    def cdf(self, value: Any) -> Any:
        return 1 - f.exp(-self.rate * value)

    def icdf(self, value: Any) -> Any:
        return -f.log1p(-value) / self.rate

    def entropy(self) -> Any:
        return 1 - f.log(self.rate)


class Laplace(Elementwise):
    """Two exponentials back to back at ``loc``."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _names = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)

    loc: Any
    scale: Any

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return 2 * self.scale**2

    @property
    def stddev(self) -> Any:
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Any:
        u: Any = wrap(np.empty(self._extended_shape(sample_shape), self.loc.array.dtype))
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


class Cauchy(Elementwise):
    """The ratio of two Gaussians: neither mean nor variance exist."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _names = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)

    loc: Any
    scale: Any

    @property
    def mean(self) -> Any:
        return self.loc.detach() * math.nan

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self.loc.detach() * 0 + math.inf

    def rsample(self, sample_shape: Any = ()) -> Any:
        draws: Any = wrap(np.empty(self._extended_shape(sample_shape), self.loc.array.dtype))
        return self.loc + draws.cauchy_() * self.scale

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -math.log(math.pi) - f.log(self.scale) - f.log1p(((value - self.loc) / self.scale) ** 2)

    def cdf(self, value: Any) -> Any:
        return f.atan((value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        return f.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Any:
        return math.log(4 * math.pi) + f.log(self.scale)


class Gumbel(Elementwise):
    """The largest of many draws."""

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _names = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)

    loc: Any
    scale: Any

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return (math.pi / math.sqrt(6)) ** 2 * self.scale**2

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = uniform(self._extended_shape(sample_shape), self.loc)
        u = f.clamp(u, tiny(u), 1 - float(np.finfo(u.array.dtype).eps))
        return self.loc - self.scale * f.log(-f.log(u))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return y - f.exp(y) - f.log(self.scale)

    def cdf(self, value: Any) -> Any:
        return f.exp(-f.exp((self.loc - value) / self.scale))

    def entropy(self) -> Any:
        return f.log(self.scale) + 1 + EULER


class Gamma(Elementwise):
    """Sums of exponentials: shape ``concentration``, inverse scale ``rate``. Gradients of draws need SciPy."""

    arg_constraints: ClassVar = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _names = ("concentration", "rate")

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(concentration, rate, validate_args=validate_args)

    concentration: Any
    rate: Any

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

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Chi2(self.df.expand(batch_shape), validate_args=False)


class StudentT(Elementwise):
    """A Gaussian divided by the root of a chi-squared over its degrees of freedom."""

    arg_constraints: ClassVar = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _names = ("df", "loc", "scale")

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        super().__init__(df, loc, scale, validate_args=validate_args)

    df: Any
    loc: Any
    scale: Any

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
        size = (
            f.log(self.scale)
            + 0.5 * f.log(df)
            + 0.5 * math.log(math.pi)
            + f.lgamma(0.5 * df)
            - f.lgamma(0.5 * (df + 1))
        )
        return -0.5 * (df + 1) * f.log1p(y**2 / df) - size

    def entropy(self) -> Any:
        df = self.df
        beta = f.lgamma(0.5 * df) + math.lgamma(0.5) - f.lgamma(0.5 * (1 + df))
        return (
            f.log(self.scale)
            + 0.5 * (df + 1) * (f.digamma(0.5 * (df + 1)) - f.digamma(0.5 * df))
            + 0.5 * f.log(df)
            + beta
        )


class Dirichlet(Elementwise):
    """Probabilities that add up to 1; ``concentration`` has them along its last dimension."""

    arg_constraints: ClassVar = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super(Elementwise, self).__init__(
            concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args
        )

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        less = f.clamp(self.concentration - 1, min=0.0)
        return less / less.sum(-1, True)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total**2 * (total + 1))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Dirichlet(self.concentration.expand((*batch_shape, *self._event_shape)), validate_args=False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        draws = standard_gamma(self.concentration.expand(self._extended_shape(sample_shape)))
        return draws / draws.sum(-1, True)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        a = self.concentration
        return f.xlogy(a - 1.0, value).sum(-1) + f.lgamma(a.sum(-1)) - f.lgamma(a).sum(-1)

    def entropy(self) -> Any:
        a = self.concentration
        k, total = a.shape[-1], a.sum(-1)
        size = f.lgamma(a).sum(-1) - f.lgamma(total)
        return size - (k - total) * f.digamma(total) - ((a - 1.0) * f.digamma(a)).sum(-1)


class Beta(Elementwise):
    """A probability, with counts ``concentration1`` for and ``concentration0`` against."""

    arg_constraints: ClassVar = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True
    _silent = True
    _names = ("concentration1", "concentration0")

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        super().__init__(concentration1, concentration0, validate_args=validate_args)
        self._dirichlet = Dirichlet(f.stack([self.concentration1, self.concentration0], -1), validate_args=False)

    concentration1: Any
    concentration0: Any

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
