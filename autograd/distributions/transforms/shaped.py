"""Transforms of vectors and matrices: simplices, triangles, reshaping, and parts of a value transformed each its way.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...tensor import Size
from .. import constraints
from ..distribution import f, softplus
from ..utils import tril_matrix_to_vec, vec_to_tril_matrix
from .base import Transform, inside_unit, sum_rightmost

__all__ = [
    "CatTransform", "CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform",
    "ReshapeTransform", "SoftmaxTransform", "StackTransform", "StickBreakingTransform",
]  # fmt: skip


class _Alike(Transform):
    """Without parameters: two of a kind are equal."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return shape


class SoftmaxTransform(_Alike):
    """Probabilities in proportion to exp(x) along the last dimension; the logarithm gives one x that does.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#softmaxtransform

    >>> import autograd
    >>> SoftmaxTransform()(autograd.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex

    def _call(self, x: Any) -> Any:
        return f.softmax(x, -1)

    def _inverse(self, y: Any) -> Any:
        return f.log(y)


def _odds_offset(count: int, like: Any) -> Any:
    """log(count), log(count - 1) ... log(1): with x = 0 every piece of a stick is as long as another."""
    return like.new_tensor(np.log(np.arange(count, 0, -1)))


class StickBreakingTransform(_Alike):
    """From ``K - 1`` numbers to ``K`` probabilities: each number breaks its share off what is left of a stick.

    >>> import autograd
    >>> StickBreakingTransform()(autograd.zeros(3))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    bijective = True
    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex

    def _call(self, x: Any) -> Any:
        share = inside_unit(f.sigmoid(x - _odds_offset(x.shape[-1], x)))
        left = f.cumprod(1 - share, -1)
        return _one_after(share) * _one_before(left)

    def _inverse(self, y: Any) -> Any:
        taken = y[..., :-1]
        left = f.clamp(1 - f.cumsum(taken, -1), min=float(np.finfo(y.array.dtype).tiny))
        return f.log(taken) - f.log(left) + _odds_offset(taken.shape[-1], y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        x = x - _odds_offset(x.shape[-1], x)
        return (-x - softplus(-x) + f.log(y[..., :-1])).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        shape = super().forward_shape(shape)
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        shape = super().inverse_shape(shape)
        return Size((*shape[:-1], shape[-1] - 1))


class CorrCholeskyTransform(_Alike):
    """From ``D (D - 1) / 2`` numbers to the Cholesky factor of a correlation matrix, whose rows have length 1.

    tanh of the numbers fills the triangle; each breaks its share, by its square, off what the row has left.

    Source: https://mc-stan.org/docs/2_18/reference-manual/cholesky-factors-of-correlation-matrices-1.html

    >>> import autograd
    >>> CorrCholeskyTransform()(autograd.tensor([0.5]))
    tensor([[1.0000, 0.0000],
            [0.4621, 0.8868]])
    """

    bijective = True
    domain: Any = constraints.real_vector
    codomain: Any = constraints.corr_cholesky

    def _call(self, x: Any) -> Any:
        eps = float(np.finfo(x.array.dtype).eps)
        r = vec_to_tril_matrix(f.clamp(f.tanh(x), -1 + eps, 1 - eps), diag=-1)
        left = f.cumprod(f.sqrt(1 - r**2), -1)
        return (r + r.new_tensor(np.eye(r.shape[-1]))) * _one_before(left[..., :-1])

    def _inverse(self, y: Any) -> Any:
        left = _one_before(1 - f.cumsum(y * y, -1)[..., :-1])
        share = tril_matrix_to_vec(y, diag=-1) / f.sqrt(tril_matrix_to_vec(left, diag=-1))
        return (f.log1p(share) - f.log1p(-share)) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        left = tril_matrix_to_vec(1 - f.cumsum(y * y, -1), diag=-2)
        return 0.5 * f.log(left).sum(-1) - 2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        count = super().forward_shape(shape)[-1]
        size = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], size, size))

    def inverse_shape(self, shape: Any) -> Any:
        size = super().inverse_shape(shape)[-1]
        if shape[-2] != size:
            raise ValueError("Input is not square")
        return Size((*shape[:-2], size * (size - 1) // 2))


class LowerCholeskyTransform(_Alike):
    """The lower triangle of a matrix, with exp of its diagonal: a Cholesky factor.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#lowercholeskytransform

    >>> import autograd
    >>> LowerCholeskyTransform()(autograd.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain: Any = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return f.tril(x, -1) + f.diag_embed(f.exp(f.diagonal(x, dim1=-2, dim2=-1)))

    def _inverse(self, y: Any) -> Any:
        return f.tril(y, -1) + f.diag_embed(f.log(f.diagonal(y, dim1=-2, dim2=-1)))


class PositiveDefiniteTransform(_Alike):
    """The product of what LowerCholeskyTransform gives and its transpose.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#positivedefinitetransform

    >>> import autograd
    >>> PositiveDefiniteTransform()(autograd.tensor([[0.0, 0.0], [2.0, 0.0]]))
    tensor([[1., 2.],
            [2., 5.]])
    """

    domain: Any = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(f.cholesky(y))


class ReshapeTransform(Transform):
    """The last dimensions, of ``in_shape``, in the shape ``out_shape``.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#reshapetransform

    >>> import autograd
    >>> ReshapeTransform((4,), (2, 2))(autograd.arange(4.0))
    tensor([[0., 1.],
            [2., 3.]])
    """

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError("in_shape, out_shape have different numbers of elements")

    def _arguments(self) -> tuple[Any, ...]:
        return self.in_shape, self.out_shape

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Values of ``in_shape``."""
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """Values of ``out_shape``."""
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Any) -> Any:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Any) -> Any:
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x.new_zeros(tuple(x.shape[: x.ndim - len(self.in_shape)]))

    def forward_shape(self, shape: Any) -> Any:
        return _with_tail(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return _with_tail(shape, self.out_shape, self.in_shape)


class _Parts(Transform):
    """A transform for each part of a value along ``dim``."""

    transforms: list[Transform]
    dim: int

    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int) -> None:
        super().__init__(cache_size)
        if not all(isinstance(t, Transform) for t in tseq):
            raise TypeError(f"expected transforms, got {tseq!r}")
        self.transforms = [t.with_cache(cache_size) for t in tseq] if cache_size else list(tseq)
        self.dim = dim

    @property
    def bijective(self) -> Any:  # type: ignore[override]
        """Whether all parts are."""
        return all(t.bijective for t in self.transforms)

    def _split(self, value: Any) -> Any:
        raise NotImplementedError

    def _each(self, function: Callable[..., Any], *values: Any) -> list[Any]:
        """``function(transform, part ...)`` of every part."""
        return [function(t, *parts) for t, *parts in zip(self.transforms, *map(self._split, values), strict=True)]


class CatTransform(_Parts):
    """Transforms of parts of ``lengths`` (1 each, if not given) along ``dim``, concatenated again.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#cattransform

    >>> import autograd
    >>> from autograd.distributions.transforms import ExpTransform, AffineTransform
    >>> CatTransform([ExpTransform(), AffineTransform(0.0, 2.0)], 0, [1, 2])(autograd.tensor([0.0, 1.0, 2.0]))
    tensor([1., 2., 4.])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, lengths: Any = None, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise ValueError(f"{len(self.transforms)} transforms with {len(self.lengths)} lengths")

    def _arguments(self) -> tuple[Any, ...]:
        return self.transforms, self.dim, self.lengths

    @property
    def event_dim(self) -> int:
        """The largest of the parts'."""
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """Of all parts together."""
        return sum(self.lengths)

    @constraints.dependent_property
    def domain(self) -> Any:
        """Those of the parts."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Those of the parts."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _split(self, value: Any) -> Any:
        return f.split(value, self.lengths, self.dim)

    def _call(self, x: Any) -> Any:
        return f.cat(self._each(lambda t, x: t(x), x), self.dim)

    def _inverse(self, y: Any) -> Any:
        return f.cat(self._each(lambda t, y: t._inv_call(y), y), self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        events = self.event_dim
        each = self._each(lambda t, x, y: sum_rightmost(t.log_abs_det_jacobian(x, y), events - t.event_dim), x, y)
        dim = self.dim - (x.ndim if self.dim >= 0 else 0) + events
        return f.cat(each, dim) if dim < 0 else sum(each)  # parts of one value add up


class StackTransform(_Parts):
    """Transforms of the slices along ``dim``, stacked again.

    Source: https://docs.pytorch.org/docs/stable/distributions.html#stacktransform

    >>> import autograd
    >>> from autograd.distributions.transforms import ExpTransform, AffineTransform
    >>> StackTransform([ExpTransform(), AffineTransform(0.0, 2.0)], 0)(autograd.tensor([[0.0], [1.0]]))
    tensor([[1.],
            [2.]])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def _arguments(self) -> tuple[Any, ...]:
        return self.transforms, self.dim

    @constraints.dependent_property
    def domain(self) -> Any:
        """Those of the slices."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Those of the slices."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def _split(self, value: Any) -> Any:
        return f.unbind(value, self.dim)

    def _call(self, x: Any) -> Any:
        return f.stack(self._each(lambda t, x: t(x), x), self.dim)

    def _inverse(self, y: Any) -> Any:
        return f.stack(self._each(lambda t, y: t._inv_call(y), y), self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return f.stack(self._each(lambda t, x, y: t.log_abs_det_jacobian(x, y), x, y), self.dim)


def _one_before(value: Any) -> Any:
    """A 1 before the first element of the last dimension."""
    return f.cat([value.new_ones((*value.shape[:-1], 1)), value], -1)


def _one_after(value: Any) -> Any:
    """A 1 after the last element of the last dimension."""
    return f.cat([value, value.new_ones((*value.shape[:-1], 1))], -1)


def _with_tail(shape: Any, old: Any, new: Any) -> Size:
    """The shape with its last dimensions replaced."""
    if len(shape) < len(old):
        raise ValueError("Too few dimensions on input")
    cut = len(shape) - len(old)
    if tuple(shape[cut:]) != tuple(old):
        raise ValueError(f"Shape mismatch: expected {tuple(old)} but got {tuple(shape[cut:])}")
    return Size((*shape[:cut], *new))
