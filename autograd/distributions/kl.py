"""Kullback-Leibler divergences: a registry of formulas by the types of the two distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import linalg
from .continuous import Beta, Dirichlet, Exponential, Gamma, Laplace, LogNormal, Normal, Uniform
from .discrete import Bernoulli, Binomial, Categorical, Geometric, OneHotCategorical, Poisson
from .distribution import f, softplus
from .joint import Independent, MultivariateNormal

__all__ = ["kl_divergence", "register_kl"]

_formulas: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """Decorates the function that gives KL(p || q) for these types, and types derived from them."""

    def decorate(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        _formulas[type_p, type_q] = function
        return function

    return decorate


def kl_divergence(p: Any, q: Any) -> Any:
    """KL(p || q), the expected ``p.log_prob(x) - q.log_prob(x)`` of draws x from p. Raises NotImplementedError.

    >>> from autograd.distributions import Normal
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            if (a, b) in _formulas:
                return _formulas[a, b](p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}: see register_kl"
    )


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - f.log(ratio))


@register_kl(LogNormal, LogNormal)
def _log_normal(p: Any, q: Any) -> Any:
    return _normal(p, q)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    return _binary(p, q)


def _binary(p: Any, q: Any) -> Any:
    """Of one trial."""
    return p.probs * (softplus(-q.logits) - softplus(-p.logits)) + (1 - p.probs) * (
        softplus(q.logits) - softplus(p.logits)
    )


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if bool((p.total_count.detach().array != q.total_count.detach().array).any()):
        raise NotImplementedError("KL between Binomials with different total_count is not implemented")
    return p.total_count * _binary(p, q)


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


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    result = f.log((q.high - q.low) / (p.high - p.low))
    return f.where((q.low > p.low) | (q.high < p.high), result.detach() * 0 + math.inf, result)


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


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between Multivariate Normals of different event shapes: {p.event_shape}, {q.event_shape}"
        )
    spread = linalg.solve_triangular(q._factor, p._factor, upper=False)
    away = linalg.solve_triangular(q._factor, (q.loc - p.loc)[..., None], upper=False)
    squares = (spread**2).sum((-2, -1)) + (away**2).sum((-2, -1))
    return q._half_log_det() - p._half_log_det() + 0.5 * (squares - p.event_shape[0])


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independents with different reinterpreted_batch_ndims")
    return p._summed(kl_divergence(p.base_dist, q.base_dist))


@register_kl(Uniform, Normal)
def _uniform_normal(p: Any, q: Any) -> Any:
    wide = p.high - p.low
    middle = (p.high + p.low - 2 * q.loc) / 2
    return -f.log(wide) + f.log(q.scale * math.sqrt(2 * math.pi)) + (wide**2 / 12 + middle**2) / (2 * q.scale**2)
