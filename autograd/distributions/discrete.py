"""Distributions of counts and categories."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..graph import no_grad
from ..random import bernoulli, multinomial, poisson
from ..tensor import Size, Tensor, wrap
from . import constraints
from .distribution import (
    Distribution,
    Elementwise,
    ExponentialFamily,
    OfTrials,
    either,
    f,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    softplus,
    tiny,
)
from .positive import Gamma

__all__ = [
    "Bernoulli",
    "Binomial",
    "Categorical",
    "Geometric",
    "Multinomial",
    "NegativeBinomial",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Poisson",
]


def binary_cross_entropy(logits: Any, value: Any) -> Any:
    """``-log_prob`` of 0 or 1."""
    return softplus(logits) - logits * value


def counted(n: int, batch_shape: Any, expand: bool, dtype: Any) -> Tensor:
    """0, 1 ... n - 1 along a new first dimension, for every member of a batch or (without ``expand``) once."""
    values = np.arange(n, dtype=dtype).reshape(-1, *[1] * len(batch_shape))
    return wrap(np.ascontiguousarray(np.broadcast_to(values, (n, *batch_shape))) if expand else values)


class Bernoulli(OfTrials, ExponentialFamily):
    """1 with probability ``probs``, else 0.

    >>> import autograd
    >>> Bernoulli(0.25).log_prob(autograd.tensor(1.0))
    tensor(-1.3863)
    """

    support = constraints.boolean
    has_enumerate_support = True

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        probs = self.probs.detach().array
        return wrap(np.where(probs == 0.5, np.nan, probs >= 0.5).astype(probs.dtype))

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        return bernoulli(self.probs.detach().expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return -binary_cross_entropy(self.logits, value)

    def entropy(self) -> Any:
        return binary_cross_entropy(self.logits, self.probs)

    def enumerate_support(self, expand: bool = True) -> Any:
        return counted(2, self._batch_shape, expand, self.probs.array.dtype)


class Geometric(OfTrials):
    """Failures before the first success of probability ``probs``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#geometric

    >>> import autograd
    >>> Geometric(0.25).log_prob(autograd.tensor([0.0, 1.0])).exp()  # 1/4, 3/4 * 1/4
    tensor([0.2500, 0.1875])
    """

    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(probs, logits, validate_args=validate_args)
        if self._validate_args and probs is not None and not bool((self.probs.detach().array > 0).all()):
            raise ValueError(
                f"Expected parameter probs of {self!r} to be positive, but found invalid values:\n{self.probs}"
            )

    @property
    def mean(self) -> Any:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        return self.probs * 0

    @property
    def variance(self) -> Any:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            u: Any = wrap(np.empty(self._extended_shape(sample_shape), self.probs.array.dtype))
            u = f.clamp(u.uniform_(), min=tiny(u))
            return f.floor(f.log(u) / f.log1p(-self.probs))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        probs = f.where((self.probs == 1) & (value == 0), self.probs * 0, self.probs)
        return value * f.log1p(-probs) + f.log(self.probs)

    def entropy(self) -> Any:
        return binary_cross_entropy(self.logits, self.probs) / self.probs


class _Counted(OfTrials):
    """A number of trials with ``total_count`` of something, of which ``probs`` or ``logits`` tell the odds."""

    arg_constraints: ClassVar = {"total_count": constraints.nonnegative_integer, **OfTrials.arg_constraints}

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        Elementwise.__init__(self, validate_args, total_count=total_count, **either(probs=probs, logits=logits))


class Binomial(_Counted):
    """Successes in ``total_count`` trials of probability ``probs``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#binomial

    >>> import autograd
    >>> Binomial(3, 0.5).log_prob(autograd.tensor([0.0, 1.0, 2.0, 3.0])).exp()
    tensor([0.1250, 0.3750, 0.3750, 0.1250])
    """

    has_enumerate_support = True

    @constraints.dependent_property(is_discrete=True)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        return f.minimum(f.floor((self.total_count + 1) * self.probs), self.total_count)

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        from ..generator import chosen

        shape = self._extended_shape(sample_shape)
        counts, probs = np.broadcast_arrays(self.total_count.detach().array, self.probs.detach().array)
        hits = chosen(None).binomial(*(np.broadcast_to(a, shape) for a in (counts, probs)))
        return wrap(hits.astype(self.probs.array.dtype))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        n = self.total_count
        ways = f.lgamma(n + 1) - f.lgamma(value + 1) - f.lgamma(n - value + 1)
        return ways + value * self.logits - n * softplus(self.logits)

    def enumerate_support(self, expand: bool = True) -> Any:
        most = int(self.total_count.max().item())
        if not bool((self.total_count == most).all()):
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        return counted(most + 1, self._batch_shape, expand, self.probs.array.dtype)

    def entropy(self) -> Any:
        values = self.enumerate_support(False)
        log_prob = self.log_prob(values)
        return -(f.exp(log_prob) * log_prob).sum(0)


class NegativeBinomial(_Counted):
    """Successes of probability ``probs`` before ``total_count`` failures.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#negativebinomial

    >>> import autograd
    >>> NegativeBinomial(2.0, 0.5).mean, NegativeBinomial(2.0, 0.5).variance
    (tensor(2.), tensor(4.))
    """

    arg_constraints: ClassVar = {**_Counted.arg_constraints, "total_count": constraints.greater_than_eq(0)}
    support = constraints.nonnegative_integer

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args)

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
        return odds + f.where(n + value == 0.0, 0.0, ways)


class Poisson(Elementwise, ExponentialFamily):
    """Events at this ``rate``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#poisson

    >>> import autograd
    >>> Poisson(2.0).log_prob(autograd.tensor([0.0, 1.0, 2.0])).exp()
    tensor([0.1353, 0.2707, 0.2707])
    """

    arg_constraints: ClassVar = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, rate=rate)

    @property
    def mean(self) -> Any:
        return self.rate

    @property
    def mode(self) -> Any:
        return f.floor(self.rate)

    @property
    def variance(self) -> Any:
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Any:
        return poisson(self.rate.detach().expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return f.xlogy(value, self.rate) - self.rate - f.lgamma(value + 1)


class Categorical(Distribution):
    """One of ``K`` categories, with relative weights ``probs`` or log-weights ``logits`` along the last dimension.

    >>> import autograd
    >>> Categorical(probs=autograd.tensor([1.0, 3.0])).log_prob(autograd.tensor(1))
    tensor(-0.2877)
    """

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        ((self._given, given),) = either(probs=probs, logits=logits).items()
        if given.ndim < 1:
            raise ValueError(f"`{self._given}` parameter must be at least one-dimensional.")
        if logits is None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - f.logsumexp(logits, -1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """The probability of each category."""
        return logits_to_probs(self.logits)

    @constraints.dependent_property(is_discrete=True)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameters."""
        return getattr(self, self._given).shape  # type: ignore[no-any-return]

    @property
    def mean(self) -> Any:
        return wrap(np.full(self._batch_shape, np.nan, self.probs.array.dtype))

    @property
    def mode(self) -> Any:
        return f.argmax(self.probs.detach(), -1)

    @property
    def variance(self) -> Any:
        return self.mean

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        wide = getattr(self, self._given).expand((*batch_shape, self._num_events))
        return self._widened(batch_shape, {self._given: wide}, _instance)

    def sample(self, sample_shape: Any = ()) -> Any:
        rows = self.probs.detach().array.reshape(-1, self._num_events)
        count = int(np.prod(tuple(sample_shape), dtype=np.int64))
        draws = multinomial(wrap(rows), count, True).array
        return wrap(np.ascontiguousarray(draws.T).reshape(Size((*sample_shape, *self._batch_shape))))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        index = wrap(value.detach().array.astype(np.int64)[..., None])
        shape = np.broadcast_shapes(index.array.shape[:-1], tuple(self._batch_shape))
        wide = self.logits.expand((*shape, self._num_events))
        return f.gather(wide, -1, index.expand((*shape, 1)))[..., 0]

    def entropy(self) -> Any:
        logits = f.clamp(self.logits, min=float(np.finfo(self.logits.array.dtype).min))
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        return counted(self._num_events, self._batch_shape, expand, np.int64)

    def __repr__(self) -> str:
        value = getattr(self, self._given)
        return f"{type(self).__name__}({self._given}: {value.shape})"


class _OfCategories(Distribution):
    """Made of a Categorical, whose last dimension is the event."""

    arg_constraints: ClassVar = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args=False)
        self._validate_args = self._categorical._validate_args

    @property
    def probs(self) -> Any:
        """The probability of each category."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameters."""
        return self._categorical.param_shape

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._widened(batch_shape, {"_categorical": self._categorical.expand(batch_shape)}, _instance)


class OneHotCategorical(_OfCategories):
    """A category as a vector with a 1 in its place.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#onehotcategorical

    >>> import autograd
    >>> _ = autograd.manual_seed(0)
    >>> OneHotCategorical(autograd.tensor([0.1, 0.2, 0.7])).sample().sum().round()
    tensor(1.)
    """

    support = constraints.one_hot
    has_enumerate_support = True

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        return self._one_hot(self._categorical.mode)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def _one_hot(self, index: Any) -> Any:
        return wrap(np.eye(self._event_shape[-1], dtype=self.probs.array.dtype)[index.array])

    def sample(self, sample_shape: Any = ()) -> Any:
        return self._one_hot(self._categorical.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        return self._categorical.log_prob(f.argmax(value.detach(), -1))

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        return self._one_hot(self._categorical.enumerate_support(expand))


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """A category as a vector, whose draws hand their gradient on to the probabilities as they are.

    Source: Bengio et al., https://arxiv.org/abs/1308.3432

    >>> import autograd
    >>> probs = autograd.tensor([0.2, 0.8], requires_grad=True)
    >>> draw = OneHotCategoricalStraightThrough(probs).rsample()
    >>> draw[0].backward()
    >>> probs.grad.shape
    torch.Size([2])
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        """A draw, plus the probabilities minus themselves: zero in value, the identity in gradient."""
        drawn, probs = self.sample(sample_shape), self.probs
        return drawn + (probs - probs.detach())


class Multinomial(_OfCategories):
    """How often each category came in ``total_count`` draws.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#multinomial

    >>> import autograd
    >>> Multinomial(4, autograd.tensor([0.5, 0.5])).log_prob(autograd.tensor([2.0, 2.0])).exp()
    tensor(0.3750)
    """

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        super().__init__(probs, logits, validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        draws: Tensor = self._categorical.sample((self.total_count, *sample_shape))
        counts = np.stack([(draws.array == k).sum(0) for k in range(self._event_shape[-1])], -1)
        return wrap(counts.astype(self.probs.array.dtype))

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        logits = f.where((value == 0) & (self.logits == -float("inf")), self.logits.detach() * 0, self.logits)
        ways = f.lgamma(value.sum(-1) + 1) - f.lgamma(value + 1).sum(-1)
        return ways + (logits * value).sum(-1)

    def entropy(self) -> Any:
        n = self.total_count
        single = self._categorical.entropy()
        counts = wrap(np.arange(1, n + 1, dtype=self.probs.array.dtype).reshape(-1, *[1] * self.probs.ndim))
        weights = f.exp(Binomial(n, self.probs, validate_args=False).log_prob(counts))
        return n * single - math.lgamma(n + 1) + (weights * f.lgamma(counts + 1)).sum((0, -1))
