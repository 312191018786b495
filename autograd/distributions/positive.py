"""Distributions of positive numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from .distribution import (
    Elementwise,
    ExponentialFamily,
    broadcast_all,
    f,
    tiny,
)
from .draws import unfilled, uniform
from .standard_gamma import standard_gamma

__all__ = ["Chi2", "Exponential", "FisherSnedecor", "Gamma", "GeneralizedPareto"]


class Exponential(Elementwise, ExponentialFamily):
    """Waiting times at this ``rate``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#exponential

    >>> import autograd
    >>> Exponential(2.0).mean, Exponential(2.0).cdf(autograd.tensor(1.0))
    (tensor(0.5000), tensor(0.8647))
    """

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
    """Sums of exponentials: shape ``concentration``, inverse scale ``rate``. Gradients of draws need SciPy.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#gamma

    >>> import autograd
    >>> Gamma(3.0, 2.0).mean, Gamma(3.0, 2.0).variance
    (tensor(1.5000), tensor(0.7500))
    """

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
    """The sum of ``df`` squared Gaussians.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#chi2

    >>> import autograd
    >>> Chi2(3.0).mean, Chi2(3.0).variance
    (tensor(3.), tensor(6.))
    """

    arg_constraints: ClassVar = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (half,) = broadcast_all(df)
        super().__init__(0.5 * half, half * 0 + 0.5, validate_args=validate_args)

    @property
    def df(self) -> Any:
        """Degrees of freedom."""
        return self.concentration * 2


class FisherSnedecor(Elementwise):
    """The ratio of two chi-squared variables, each over its degrees of freedom ``df1`` and ``df2``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#fishersnedecor

    >>> import autograd
    >>> FisherSnedecor(2.0, 5.0).mean
    tensor(1.6667)
    """

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

    >>> import autograd
    >>> GeneralizedPareto(0.0, 1.0, 0.5).mean
    tensor(2.)
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
