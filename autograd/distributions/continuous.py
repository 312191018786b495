"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import special
from ..random import normal, rand
from ..tensor import wrap
from . import constraints
from .distribution import (
    Elementwise,
    ExponentialFamily,
    LocationScale,
    OfTrials,
    Symmetric,
    clamp_probs,
    either,
    f,
    lazy_property,
    logits_to_probs,
    softplus,
)
from .draws import standard_normal, unfilled, uniform
from .positive import Chi2
from .standard_gamma import standard_dirichlet

__all__ = [
    "Beta", "Cauchy", "ContinuousBernoulli", "Dirichlet",
    "Laplace", "Normal", "StudentT", "Uniform", "VonMises",
]  # fmt: skip

EULER = 0.57721566490153286060

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
    """Two exponentials back to back at ``loc``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#laplace

    >>> import autograd
    >>> Laplace(0.0, 1.0).log_prob(autograd.tensor(0.0)).exp()
    tensor(0.5000)
    """

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
    """The ratio of two Gaussians: neither mean nor variance exist.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#cauchy

    >>> import autograd
    >>> Cauchy(0.0, 1.0).cdf(autograd.tensor([-1.0, 0.0, 1.0]))
    tensor([0.2500, 0.5000, 0.7500])
    """

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
    """A Gaussian divided by the root of a chi-squared over its degrees of freedom.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#studentt

    >>> import autograd
    >>> StudentT(1.0).log_prob(autograd.tensor(0.0)).exp(), StudentT(3.0).variance  # 1: Cauchy
    (tensor(0.3183), tensor(3.))
    """

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
    """Equal density from ``low`` to ``high``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#uniform

    >>> import autograd
    >>> Uniform(1.0, 3.0).cdf(autograd.tensor([1.5, 2.0]))
    tensor([0.2500, 0.5000])
    """

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

    >>> import autograd
    >>> ContinuousBernoulli(0.9).mean
    tensor(0.6699)
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
    """Probabilities that add up to 1; ``concentration`` has them along its last dimension.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#dirichlet

    >>> import autograd
    >>> Dirichlet(autograd.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

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
    """A probability, with counts ``concentration1`` for and ``concentration0`` against.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#beta

    >>> import autograd
    >>> Beta(1.0, 3.0).mean, Beta(2.0, 2.0).mode
    (tensor(0.2500), tensor(0.5000))
    """

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


# --- on a circle -----------------------------------------------------------------------------------------------------


class VonMises(Symmetric, Elementwise):
    """Angles from -pi to pi, about ``loc``; the larger ``concentration``, the nearer.

    Mean and variance are those of directions. Draws by rejection from a wrapped Cauchy distribution.

    Source: Best and Fisher, https://doi.org/10.2307/2346732

    >>> import autograd
    >>> VonMises(0.0, 2.0).variance
    tensor(0.3022)
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
