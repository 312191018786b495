"""Transform, the base class; transforms number by number, and transforms made of others.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...tensor import Size, Tensor
from .. import constraints
from ..distribution import broadcast_all, f, softplus

__all__ = [
    "AbsTransform", "AffineTransform", "ComposeTransform", "CumulativeDistributionTransform", "ExpTransform",
    "IndependentTransform", "PowerTransform", "SigmoidTransform", "SoftplusTransform", "TanhTransform", "Transform",
    "identity_transform",
]  # fmt: skip


class Transform:
    """Base class: a transform of your own defines ``_call``, ``_inverse`` and ``log_abs_det_jacobian``.

    ``domain`` and ``codomain`` are constraints: what goes in, what comes out, and how many dimensions make one value of
    each. With ``cache_size=1`` the inverse of the latest result is what it was made of, exactly.

    >>> import autograd
    >>> exp = ExpTransform()
    >>> exp.inv(exp(autograd.tensor(2.0))), exp.log_abs_det_jacobian(autograd.tensor(2.0), None)
    (tensor(2.), tensor(2.))
    """

    bijective: Any = False
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._cached_x_y: tuple[Any, Any] = (None, None)
        self._inv: Transform | None = None
        super().__init__()  # a transform with weights is a Module besides

    @property
    def sign(self) -> Any:
        """1 if it rises, -1 if it falls. Raises NotImplementedError where that is not one thing."""
        raise NotImplementedError(f"{type(self).__name__} has no sign")

    @property
    def event_dim(self) -> int:
        """How many dimensions make one value, if they are as many before as after."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        return self.domain.event_dim  # type: ignore[no-any-return]

    @property
    def inv(self) -> Transform:
        """The inverse transform."""
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same transform with a cache, or without."""
        if self._cache_size == cache_size:
            return self
        kind: Any = type(self)
        return kind(*self._arguments(), cache_size=cache_size)  # type: ignore[no-any-return]

    def _arguments(self) -> tuple[Any, ...]:
        """What it was made of, but for the cache."""
        if type(self).__init__ is not Transform.__init__:
            raise NotImplementedError(f"{type(self)}.with_cache is not implemented")
        return ()

    def __call__(self, x: Any) -> Any:
        known, y = self._cached_x_y
        if self._cache_size and x is known:
            return y
        y = self._call(x)
        if self._cache_size:
            self._cached_x_y = (x, y)
        return y

    def _inv_call(self, y: Any) -> Any:
        x, known = self._cached_x_y
        if self._cache_size and y is known:
            return x
        x = self._inverse(y)
        if self._cache_size:
            self._cached_x_y = (x, y)
        return x

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward function")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} can't be inverted")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of |det dy / dx|, summed over the dimensions of one value."""
        raise NotImplementedError(f"{type(self).__name__} has no log_abs_det_jacobian")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the result."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of what gives a result of this shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    """The other way round."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self.forward = transform
        self._inv = transform

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        return self.forward.codomain

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        return self.forward.domain

    @property
    def bijective(self) -> Any:  # type: ignore[override]
        return self.forward.bijective

    @property
    def sign(self) -> Any:
        return self.forward.sign

    def with_cache(self, cache_size: int = 1) -> Transform:
        return self.forward.with_cache(cache_size).inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and self.forward == other.forward

    def __call__(self, x: Any) -> Any:
        return self.forward._inv_call(x)

    def _inv_call(self, y: Any) -> Any:
        return self.forward(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self.forward.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self.forward.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.forward.forward_shape(shape)

    def __repr__(self) -> str:
        return f"_InverseTransform({self.forward!r})"


# --- number by number ------------------------------------------------------------------------------------------------


class _Rising(Transform):
    """Of all numbers, rising, without parameters: two of a kind are equal."""

    bijective = True
    domain: Any = constraints.real
    sign = 1  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)


class ExpTransform(_Rising):
    """exp(x).

    Source: https://docs.pytorch.org/docs/stable/distributions.html#exptransform

    >>> import autograd
    >>> x = autograd.tensor([0.0, 1.0])
    >>> transform = ExpTransform()
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([1.0000, 2.7183]), tensor([0., 1.]))
    """

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return f.exp(x)

    def _inverse(self, y: Any) -> Any:
        return f.log(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class SigmoidTransform(_Rising):
    """1 / (1 + exp(-x)), kept away from 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#sigmoidtransform

    >>> import autograd
    >>> x = autograd.tensor([0.0])
    >>> transform = SigmoidTransform()
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([0.5000]), tensor([-1.3863]))
    """

    codomain = constraints.unit_interval

    def _call(self, x: Any) -> Any:
        return inside_unit(f.sigmoid(x))

    def _inverse(self, y: Any) -> Any:
        y = inside_unit(y)
        return f.log(y) - f.log1p(-y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_Rising):
    """log(1 + exp(x)).

    Source: https://docs.pytorch.org/docs/stable/distributions.html#softplustransform

    >>> import autograd
    >>> x = autograd.tensor([0.0])
    >>> transform = SoftplusTransform()
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([0.6931]), tensor([-0.6931]))
    """

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return softplus(x)

    def _inverse(self, y: Any) -> Any:
        return f.log(-f.expm1(-y)) + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x)


class TanhTransform(_Rising):
    """tanh(x).

    Source: https://docs.pytorch.org/docs/stable/distributions.html#tanhtransform

    >>> import autograd
    >>> x = autograd.tensor([0.5])
    >>> transform = TanhTransform()
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([0.4621]), tensor([-0.2402]))
    """

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Any) -> Any:
        return f.tanh(x)

    def _inverse(self, y: Any) -> Any:
        return f.atanh(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(Transform):
    """|x|, which can't be inverted: it gives the positive one of the two.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#abstransform

    >>> import autograd
    >>> AbsTransform()(autograd.tensor([-1.0, 2.0]))
    tensor([1., 2.])
    """

    domain: Any = constraints.real
    codomain: Any = constraints.positive

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AbsTransform)

    def _call(self, x: Any) -> Any:
        return f.abs(x)

    def _inverse(self, y: Any) -> Any:
        return y


class PowerTransform(Transform):
    """x to the power of ``exponent``, a number or a Tensor, for positive x.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#powertransform

    >>> import autograd
    >>> x = autograd.tensor([1.0, 3.0])
    >>> transform = PowerTransform(2.0)
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([1., 9.]), tensor([0.6931, 1.7918]))
    """

    bijective = True
    domain: Any = constraints.positive
    codomain: Any = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.exponent,)

    @property
    def sign(self) -> Any:
        """Of the exponent."""
        return f.sign(self.exponent)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and _same(self.exponent, other.exponent)

    def _call(self, x: Any) -> Any:
        return x**self.exponent

    def _inverse(self, y: Any) -> Any:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return f.log(f.abs(self.exponent * y / x))

    def forward_shape(self, shape: Any) -> Any:
        return _met(shape, self.exponent)

    inverse_shape = forward_shape


class AffineTransform(Transform):
    """loc + scale * x, both numbers or Tensors; ``event_dim`` dimensions from the right make one value.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#affinetransform

    >>> import autograd
    >>> x = autograd.tensor([0.0, 1.0])
    >>> transform = AffineTransform(1.0, 2.0)
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([1., 3.]), tensor([0.6931, 0.6931]))
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    def _arguments(self) -> tuple[Any, ...]:
        return self.loc, self.scale, self._event_dim

    @property
    def event_dim(self) -> int:
        """How many dimensions make one value."""
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Any numbers."""
        return constraints.independent(constraints.real, self._event_dim) if self._event_dim else constraints.real

    codomain = domain

    @property
    def sign(self) -> Any:
        """Of the scale."""
        return f.sign(self.scale) if isinstance(self.scale, Tensor) else (self.scale > 0) - (self.scale < 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AffineTransform):
            return False
        return _same(self.loc, other.loc) and _same(self.scale, other.scale)

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        size = f.log(f.abs(self.scale)) if isinstance(self.scale, Tensor) else math.log(abs(self.scale))
        return sum_rightmost(x * 0 + size, self._event_dim)

    def forward_shape(self, shape: Any) -> Any:
        return _met(shape, self.loc, self.scale)

    inverse_shape = forward_shape


class CumulativeDistributionTransform(Transform):
    """The probability of a draw not above x: the distribution's ``cdf``, and its ``icdf`` as the inverse.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#cumulativedistributiontransform

    >>> import autograd
    >>> from autograd.distributions import Uniform
    >>> CumulativeDistributionTransform(Uniform(0.0, 2.0))(autograd.tensor([0.5, 1.0]))
    tensor([0.2500, 0.5000])
    """

    bijective = True
    codomain: Any = constraints.unit_interval
    sign = 1  # type: ignore[assignment]

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    def _arguments(self) -> tuple[Any, ...]:
        return (self.distribution,)

    @property
    def domain(self) -> Any:  # type: ignore[override]
        """Where the distribution's draws are."""
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return self.distribution.log_prob(x)


# --- made of others --------------------------------------------------------------------------------------------------


class ComposeTransform(Transform):
    """One transform after the other.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#composetransform

    >>> import autograd
    >>> x = autograd.tensor([0.0, 0.5])
    >>> transform = ComposeTransform([AffineTransform(0.0, 2.0), ExpTransform()])
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([1.0000, 2.7183]), tensor([0.6931, 1.6931]))
    """

    def __init__(self, parts: list[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else parts

    def _arguments(self) -> tuple[Any, ...]:
        return (self.parts,)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The first one's, with as many dimensions as any of them needs."""
        if not self.parts:
            return constraints.real
        events = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            events = max(events + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
        return _with_events(self.parts[0].domain, events)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The last one's, with as many dimensions as any of them needs."""
        if not self.parts:
            return constraints.real
        events = self.parts[0].domain.event_dim
        for part in self.parts:
            events = max(events + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim)
        return _with_events(self.parts[-1].codomain, events)

    @property
    def bijective(self) -> Any:  # type: ignore[override]
        """Whether all parts are."""
        return all(part.bijective for part in self.parts)

    @property
    def sign(self) -> Any:
        """The product of the signs."""
        return math.prod((part.sign for part in self.parts), start=1)

    @property
    def inv(self) -> Transform:
        """The inverses in the other order."""
        if self._inv is None:
            self._inv = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv._inv = self
        return self._inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inv_call(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part._inv_call(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return x * 0
        total, events = 0.0, self.domain.event_dim
        for part in self.parts:
            after = y if part is self.parts[-1] else part(x)
            total = total + sum_rightmost(part.log_abs_det_jacobian(x, after), events - part.domain.event_dim)
            events += part.codomain.event_dim - part.domain.event_dim
            x = after
        return total

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform whose last ``reinterpreted_batch_ndims`` dimensions make one value: volume changes add up.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#independenttransform

    >>> import autograd
    >>> x = autograd.tensor([1.0, 2.0])
    >>> transform = IndependentTransform(ExpTransform(), 1)
    >>> transform(x), transform.log_abs_det_jacobian(x, transform(x))
    (tensor([2.7183, 7.3891]), tensor(3.))
    """

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    def _arguments(self) -> tuple[Any, ...]:
        return self.base_transform, self.reinterpreted_batch_ndims

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The base's, with more dimensions."""
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The base's, with more dimensions."""
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self) -> Any:  # type: ignore[override]
        """As the base."""
        return self.base_transform.bijective

    @property
    def sign(self) -> Any:
        """As the base."""
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        return self.base_transform(_deep_enough(x, self.domain))

    def _inverse(self, y: Any) -> Any:
        return self.base_transform._inv_call(_deep_enough(y, self.codomain))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Any) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.base_transform.inverse_shape(shape)

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


# --- helpers ---------------------------------------------------------------------------------------------------------


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over the last ``dims`` dimensions."""
    return value.sum(tuple(range(-dims, 0))) if dims > 0 else value


def inside_unit(y: Any) -> Any:
    """A probability kept where its logarithm and that of its complement are finite."""
    info = np.finfo(y.array.dtype)
    return f.clamp(y, float(info.tiny), 1.0 - float(info.eps))


def _same(a: Any, b: Any) -> bool:
    """Whether two parameters, numbers or Tensors, are equal everywhere."""
    a, b = (v.detach().array if isinstance(v, Tensor) else v for v in (a, b))
    return bool(np.all(np.equal(a, b)))


def _met(shape: Any, *parameters: Any) -> Size:
    """The shape when a value meets parameters, numbers or Tensors."""
    return Size(np.broadcast_shapes(tuple(shape), *(tuple(getattr(p, "shape", ())) for p in parameters)))


def _with_events(constraint: Any, events: int) -> Any:
    """The constraint for values of at least this many dimensions."""
    more = events - constraint.event_dim
    return constraints.independent(constraint, more) if more > 0 else constraint


def _deep_enough(value: Any, constraint: Any) -> Any:
    if value.ndim < constraint.event_dim:
        raise ValueError("Too few dimensions on input")
    return value
