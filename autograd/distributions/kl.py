"""Kullback-Leibler divergences: a registry of formulas by the types of the two distributions.

A formula for a pair is written down where one is simpler, or loses fewer digits, than what holds for many pairs at
once: ``KL(p || q) = -E[log q(x)] - entropy of p``, where ``log q`` is a sum of a few functions of x whose means under p
are known. Those means are the table ``_Means``, and each q says in ``_expected_log_prob`` how to put them together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .continuous import (
    EULER,
    Beta,
    Cauchy,
    ContinuousBernoulli,
    Dirichlet,
    Laplace,
    Normal,
    Uniform,
)
from .discrete import Bernoulli, Binomial, Categorical, Geometric, OneHotCategorical, Poisson
from .distribution import ExponentialFamily, f, softplus
from .joint import Independent
from .multivariate import LowRankMultivariateNormal, MultivariateNormal, log_diagonal, solve, squared_length
from .positive import Exponential, Gamma
from .transformed import Gumbel, Pareto, TransformedDistribution
from .transforms.base import sum_rightmost

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Any]
_formulas: dict[tuple[type, type], Formula] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """Decorates the function that gives KL(p || q) for these types, and types derived from them."""

    def decorate(function: Formula) -> Formula:
        _formulas[type_p, type_q] = function
        return function

    return decorate


def kl_divergence(p: Any, q: Any) -> Any:
    """KL(p || q), the expected ``p.log_prob(x) - q.log_prob(x)`` of draws x from p: a Tensor of the batch's shape.

    Raises NotImplementedError for pairs that no formula covers.

    >>> from autograd.distributions import Normal
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            if (a, b) in _formulas:
                return _formulas[a, b](p, q)
    raise _unknown(p, q)


def _unknown(p: Any, q: Any) -> NotImplementedError:
    return NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}: see register_kl"
    )


# --- from means of functions of x ------------------------------------------------------------------------------------


def _mean_log(low: Any, high: Any) -> Any:
    """The mean of log x for x uniform between the bounds."""
    return (f.xlogy(high, high) - f.xlogy(low, low)) / (high - low) - 1


def _gaussian_distance(p: Any, c: Any) -> Any:
    z = (p.loc - c) / p.scale
    return p.scale * math.sqrt(2 / math.pi) * f.exp(-0.5 * z**2) + (p.loc - c) * f.erf(math.sqrt(0.5) * z)


_log_mean: dict[type, Callable[[Any], Any]] = {
    Beta: lambda p: f.digamma(p.concentration1) - f.digamma(p.concentration1 + p.concentration0),
    Exponential: lambda p: -EULER - f.log(p.rate),
    Gamma: lambda p: f.digamma(p.concentration) - f.log(p.rate),
    Pareto: lambda p: f.log(p.scale) + 1 / p.alpha,
    Uniform: lambda p: _mean_log(p.low, p.high),
}
"""By the type of p: the mean of log x."""

_log_rest_mean: dict[type, Callable[[Any], Any]] = {
    Beta: lambda p: f.digamma(p.concentration0) - f.digamma(p.concentration1 + p.concentration0),
    Uniform: lambda p: _mean_log(1 - p.high, 1 - p.low),
}
"""The mean of log(1 - x)."""

_exp_mean: dict[type, Callable[[Any, Any], Any]] = {
    Exponential: lambda p, s: p.rate * s / (p.rate * s + 1),
    Gamma: lambda p, s: (1 + 1 / (p.rate * s)) ** -p.concentration,
    Gumbel: lambda p, s: f.exp(-p.loc / s + f.lgamma(1 + p.scale / s)),
    Normal: lambda p, s: f.exp(-p.loc / s + 0.5 * (p.scale / s) ** 2),
    Uniform: lambda p, s: s / (p.high - p.low) * (f.exp(-p.low / s) - f.exp(-p.high / s)),
}
"""The mean of exp(-x / s)."""

_distance_mean = {Normal: _gaussian_distance}
"""The mean of |x - c|."""


def _look_up(table: Any, p: Any, *more: Any) -> Any:
    for kind in type(p).__mro__:
        if kind in table:
            return table[kind](p, *more)
    raise LookupError


def _log_normal_density(p: Any, q: Any) -> Any:
    squares = p.variance + (p.mean - q.loc) ** 2
    return -0.5 * (math.log(2 * math.pi) + squares / q.scale**2) - f.log(q.scale)


def _log_gamma_density(p: Any, q: Any) -> Any:
    a = q.concentration
    return a * f.log(q.rate) - f.lgamma(a) + (a - 1) * _look_up(_log_mean, p) - q.rate * p.mean


def _log_beta_density(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    powers = (a - 1) * _look_up(_log_mean, p) + (b - 1) * _look_up(_log_rest_mean, p)
    return powers + f.lgamma(a + b) - f.lgamma(a) - f.lgamma(b)


def _log_gumbel_density(p: Any, q: Any) -> Any:
    away = (q.loc - p.mean) / q.scale
    return away - f.exp(q.loc / q.scale) * _look_up(_exp_mean, p, q.scale) - f.log(q.scale)


_expected_log_prob: dict[type, Formula] = {
    Beta: _log_beta_density,
    ContinuousBernoulli: lambda p, q: p.mean * q.logits + f.log1p(-q.probs) + q._cont_bern_log_norm(),
    Exponential: lambda p, q: f.log(q.rate) - q.rate * p.mean,
    Gamma: _log_gamma_density,
    Gumbel: _log_gumbel_density,
    Laplace: lambda p, q: -f.log(2 * q.scale) - _look_up(_distance_mean, p, q.loc) / q.scale,
    Normal: _log_normal_density,
    Pareto: lambda p, q: f.log(q.alpha) + q.alpha * f.log(q.scale) - (q.alpha + 1) * _look_up(_log_mean, p),
    Uniform: lambda p, q: -f.log(q.high - q.low),
}
"""By the type of q: the mean of log q(x) under p."""


def _bounds(distribution: Any) -> tuple[Any, Any]:
    """From where to where a distribution gives numbers, as arrays."""
    support = distribution.support
    found = [getattr(support, name, None) for name in ("lower_bound", "upper_bound")]
    low, high = (b.detach().array if isinstance(b, Tensor) else b for b in found)
    return -np.inf if low is None else low, np.inf if high is None else high


def _by_means(p: Any, q: Any) -> Any:
    """KL(p || q) from means; infinite where p gives what q can't."""
    (low_p, high_p), (low_q, high_q) = _bounds(p), _bounds(q)
    shape = np.broadcast_shapes(tuple(p.batch_shape), tuple(q.batch_shape))
    outside = np.broadcast_to((low_q > low_p) | (high_q < high_p), shape)
    if outside.size and outside.all():
        return p.mean.new_tensor(np.full(shape, np.inf))
    log_q = next(_expected_log_prob[kind] for kind in type(q).__mro__ if kind in _expected_log_prob)
    try:
        result = -p.entropy() - log_q(p, q)
    except LookupError:  # a mean that is not known
        raise _unknown(p, q) from None
    return f.where(wrap(outside), math.inf, result) if outside.any() else result


for _p in (Beta, ContinuousBernoulli, Exponential, Gamma, Gumbel, Laplace, Normal, Pareto, Uniform):
    for _q in _expected_log_prob:
        register_kl(_p, _q)(_by_means)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * f.log(q.rate) - q.rate)


@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _poisson_trials(p: Any, q: Any) -> Any:
    return p.rate.new_tensor(np.full(tuple(p.batch_shape), np.inf))


# --- of a kind -------------------------------------------------------------------------------------------------------


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - f.log(ratio))


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    return f.log((p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2) - f.log(4 * p.scale * q.scale)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    """Of one trial."""
    return p.probs * (softplus(-q.logits) - softplus(-p.logits)) + (1 - p.probs) * (
        softplus(q.logits) - softplus(p.logits)
    )


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    more, fewer = (a.total_count.detach().array > b.total_count.detach().array for a, b in ((p, q), (q, p)))
    if fewer.any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    result = p.total_count * _bernoulli(p, q)
    return f.where(wrap(more), math.inf, result) if more.any() else result


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - f.log1p(-q.probs) / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (f.log(p.rate) - f.log(q.rate)) - (p.rate - q.rate)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    terms = f.where((q.probs == 0).expand(terms.shape), terms.detach() * 0 + math.inf, terms)
    return f.where((p.probs == 0).expand(terms.shape), terms.detach() * 0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return ratio - 1 - f.log(ratio)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, f.abs(p.loc - q.loc)
    return -f.log(ratio) + away / q.scale + ratio * f.exp(-away / p.scale) - 1


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    sizes = b * f.log(p.rate / q.rate) + f.lgamma(b) - f.lgamma(a)
    return sizes + (a - b) * f.digamma(a) + (q.rate - p.rate) * (a / p.rate)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    total = a.sum(-1, True)
    sizes = f.lgamma(total[..., 0]) - f.lgamma(b.sum(-1)) - (f.lgamma(a) - f.lgamma(b)).sum(-1)
    return sizes + ((a - b) * (f.digamma(a) - f.digamma(total))).sum(-1)


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    """From the normalizer, whose gradient is the mean of the statistics."""
    if type(p) is not type(q):
        raise _unknown(p, q)
    parameters, normalizer, means = p._normalized()
    others = q._natural_params
    result = q._log_normalizer(*others) - normalizer
    for mine, other, mean in zip(parameters, others, means, strict=True):
        result = result - sum_rightmost((other - mine) * mean, len(q.event_shape) if mine.ndim > result.ndim else 0)
    return result


# --- Gaussian vectors ------------------------------------------------------------------------------------------------


def _same_events(p: Any, q: Any) -> int:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between Multivariate Normals of different event shapes: {p.event_shape}, {q.event_shape}"
        )
    return int(p.event_shape[0])


def _size(matrix: Any) -> Any:
    """The sum of squares of a matrix."""
    return (matrix**2).sum((-2, -1))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    n = _same_events(p, q)
    squares = _size(solve(q._unbroadcasted_scale_tril, p._unbroadcasted_scale_tril)) + squared_length(
        q._unbroadcasted_scale_tril, q.loc - p.loc
    )
    return log_diagonal(q._unbroadcasted_scale_tril) - log_diagonal(p._unbroadcasted_scale_tril) + 0.5 * (squares - n)


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_rank_full(p: Any, q: Any) -> Any:
    n = _same_events(p, q)
    spread = _size(solve(q._unbroadcasted_scale_tril, p.cov_factor)) + _size(
        solve(q._unbroadcasted_scale_tril, f.diag_embed(f.sqrt(p.cov_diag)))
    )
    squares = spread + squared_length(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return log_diagonal(q._unbroadcasted_scale_tril) + 0.5 * (squares - p._log_det() - n)


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _full_low_rank(p: Any, q: Any) -> Any:
    spread = _spread(p._unbroadcasted_scale_tril, q)
    squares = spread + q._squared_length(q.loc - p.loc)
    return 0.5 * (q._log_det() + squares - _same_events(p, q)) - log_diagonal(p._unbroadcasted_scale_tril)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank(p: Any, q: Any) -> Any:
    spread = _spread(p.cov_factor, q) + _spread(f.diag_embed(f.sqrt(p.cov_diag)), q)
    squares = spread + q._squared_length(q.loc - p.loc)
    return 0.5 * (q._log_det() - p._log_det() + squares - _same_events(p, q))


def _spread(factor: Any, q: Any) -> Any:
    """The trace of ``q``'s inverse covariance times ``factor @ factor.mT``."""
    return _size(factor / f.sqrt(q.cov_diag)[..., None]) - _size(solve(q._capacitance_tril, q._scaled @ factor))


# --- made of others --------------------------------------------------------------------------------------------------


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independents with different reinterpreted_batch_ndims")
    return p._summed(kl_divergence(p.base_dist, q.base_dist))


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise _unknown(p, q)
    return kl_divergence(p.base_dist, q.base_dist)
