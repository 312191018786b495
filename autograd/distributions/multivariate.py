"""Distributions of vectors and matrices: Gaussian vectors, covariances, correlations."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import linalg
from ..graph import no_grad
from . import constraints
from .continuous import Beta
from .distribution import Distribution, ExponentialFamily, Symmetric, broadcast_all, f, lazy_property, tiny
from .draws import standard_normal
from .positive import Chi2

__all__ = ["LKJCholesky", "LowRankMultivariateNormal", "MultivariateNormal", "Wishart"]


def log_diagonal(factor: Any) -> Any:
    """The sum of the logarithms of a diagonal: half the log-determinant of what a matrix is the Cholesky factor of."""
    return f.log(f.diagonal(factor, dim1=-2, dim2=-1)).sum(-1)


def solve(factor: Any, right: Any) -> Any:
    """factor^-1 right, for lower triangular factors, both broadcast to the shape of the batch."""
    batch = np.broadcast_shapes(tuple(factor.shape[:-2]), tuple(right.shape[:-2]))
    factor, right = (m.expand((*batch, *m.shape[-2:])) for m in (factor, right))
    return linalg.solve_triangular(factor, right, upper=False)


def squared_length(factor: Any, away: Any) -> Any:
    """|factor^-1 away|^2: Mahalanobis' distance, squared."""
    return (solve(factor, away[..., None])[..., 0] ** 2).sum(-1)


_MATRICES = {
    "covariance_matrix": constraints.positive_definite,
    "precision_matrix": constraints.positive_definite,
    "scale_tril": constraints.lower_cholesky,
}


class _OfCovariance(Distribution):
    """Given by one of: a covariance, its inverse, or its Cholesky factor. The factor is what the methods use."""

    _unbroadcasted_scale_tril: Any

    def _wide_matrices(self, batch_shape: Any) -> dict[str, Any]:
        """The matrices at hand, for a larger batch."""
        n = self._unbroadcasted_scale_tril.shape[-1]
        names = ("scale_tril", "covariance_matrix", "precision_matrix", "_unbroadcasted_scale_tril")
        return {name: self.__dict__[name].expand((*batch_shape, n, n)) for name in names if name in self.__dict__}

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor."""
        return self._unbroadcasted_scale_tril

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT

    @lazy_property
    def precision_matrix(self) -> Any:
        """Its inverse."""
        half = solve(
            self._unbroadcasted_scale_tril,
            self._unbroadcasted_scale_tril.new_tensor(np.eye(self._unbroadcasted_scale_tril.shape[-1])),
        )
        return half.mT @ half


def _factor_of(name: str, matrix: Any) -> Any:
    """The Cholesky factor of a covariance that is given by this matrix."""
    if name == "scale_tril":
        return matrix
    if name == "covariance_matrix":
        return linalg.cholesky(matrix)
    # of the inverse: from the factor of the matrix with its rows and columns in the other order
    upper = f.flip(linalg.cholesky(f.flip(matrix, (-2, -1))), (-2, -1)).mT
    return solve(upper, matrix.new_tensor(np.eye(matrix.shape[-1])))


def _one_matrix(error: type[Exception], **given: Any) -> tuple[str, Any]:
    matrices = {name: m for name, m in given.items() if m is not None}
    if len(matrices) != 1:
        raise error("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
    ((name, matrix),) = matrices.items()
    if matrix.ndim < 2:
        raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
    return name, matrix


class MultivariateNormal(Symmetric, _OfCovariance):
    """Gaussian vectors, by mean and one of: covariance, its inverse, or its Cholesky factor.

    >>> import autograd
    >>> MultivariateNormal(autograd.zeros(2), autograd.eye(2)).log_prob(autograd.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: ClassVar = {"loc": constraints.real_vector, **_MATRICES}
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = _one_matrix(
            ValueError,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        batch = np.broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        self.loc = loc.expand((*batch, loc.shape[-1]))
        setattr(self, name, matrix.expand((*batch, *matrix.shape[-2:])))
        super().__init__(batch, loc.shape[-1:], validate_args)
        self._unbroadcasted_scale_tril = _factor_of(name, getattr(self, name))

    @property
    def variance(self) -> Any:
        return (self._unbroadcasted_scale_tril**2).sum(-1).expand((*self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        wide = {"loc": self.loc.expand((*batch_shape, *self._event_shape)), **self._wide_matrices(batch_shape)}
        return self._widened(batch_shape, wide, _instance)

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.array.dtype)
        return self.loc + (self._unbroadcasted_scale_tril @ noise[..., None])[..., 0]

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        squares = squared_length(self._unbroadcasted_scale_tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + squares) - log_diagonal(
            self._unbroadcasted_scale_tril
        )

    def entropy(self) -> Any:
        value = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + log_diagonal(
            self._unbroadcasted_scale_tril
        )
        return value.expand(tuple(self._batch_shape))


class LowRankMultivariateNormal(Symmetric, Distribution):
    """Gaussian vectors with covariance ``cov_factor @ cov_factor.mT + diag(cov_diag)``: for many dimensions, few of rank.

    Inverse and determinant are those of the small matrix ``1 + cov_factor.mT @ diag(1 / cov_diag) @ cov_factor``.

    Source: https://en.wikipedia.org/wiki/Woodbury_matrix_identity

    >>> import autograd
    >>> normal = LowRankMultivariateNormal(autograd.zeros(2), autograd.ones(2, 1), autograd.ones(2))
    >>> normal.covariance_matrix
    tensor([[2., 1.],
            [1., 2.]])
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        n = loc.shape[-1]
        if cov_factor.ndim < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2] != n:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {n} x m")
        if cov_diag.shape[-1:] != loc.shape[-1:]:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {loc.shape[-1:]}")
        shapes = [tuple(p.shape) for p in (loc, cov_factor, cov_diag)]
        try:
            batch = np.broadcast_shapes(shapes[0][:-1], shapes[1][:-2], shapes[2][:-1])
        except ValueError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {shapes[0]}, cov_factor {shapes[1]}, cov_diag {shapes[2]}"
            ) from error
        self._set(loc, cov_factor, cov_diag, batch)
        super().__init__(batch, (n,), validate_args)

    def _set(self, loc: Any, cov_factor: Any, cov_diag: Any, batch: Any) -> None:
        n, rank = cov_factor.shape[-2:]
        self.loc, self.cov_diag = loc.expand((*batch, n)), cov_diag.expand((*batch, n))
        self.cov_factor = cov_factor.expand((*batch, n, rank))
        self._scaled = self.cov_factor.mT / self.cov_diag[..., None, :]
        small = self._scaled @ self.cov_factor + loc.new_tensor(np.eye(rank))
        self._capacitance_tril = linalg.cholesky(small)

    @property
    def variance(self) -> Any:
        return (self.cov_factor**2).sum(-1) + self.cov_diag

    @property
    def covariance_matrix(self) -> Any:
        """The covariance, in full."""
        return self.cov_factor @ self.cov_factor.mT + f.diag_embed(self.cov_diag)

    @property
    def scale_tril(self) -> Any:
        """Its Cholesky factor."""
        return linalg.cholesky(self.covariance_matrix)

    @property
    def precision_matrix(self) -> Any:
        """Its inverse."""
        half = solve(self._capacitance_tril, self._scaled)
        return f.diag_embed(1 / self.cov_diag) - half.mT @ half

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._widened(batch_shape, {}, _instance)
        new._set(self.loc, self.cov_factor, self.cov_diag, tuple(batch_shape))
        return new

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape, dtype = self._extended_shape(sample_shape), self.loc.array.dtype
        within = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), dtype)
        beside = standard_normal(shape, dtype)
        return self.loc + (self.cov_factor @ within[..., None])[..., 0] + f.sqrt(self.cov_diag) * beside

    def _log_det(self) -> Any:
        return 2 * log_diagonal(self._capacitance_tril) + f.log(self.cov_diag).sum(-1)

    def _squared_length(self, away: Any) -> Any:
        """Mahalanobis' distance, squared."""
        inside = squared_length(self._capacitance_tril, (self._scaled @ away[..., None])[..., 0])
        return (away**2 / self.cov_diag).sum(-1) - inside

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        squares = self._squared_length(value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + squares)

    def entropy(self) -> Any:
        return 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())


class Wishart(_OfCovariance, ExponentialFamily):
    """Sums of ``df`` outer products of Gaussian vectors: positive definite matrices, by one form of the covariance.

    Draws are products of Bartlett's triangular factors; gradients through them need SciPy.

    Source: Smith and Hocking, Algorithm AS 53, https://doi.org/10.2307/2346290

    >>> import autograd
    >>> Wishart(autograd.tensor(3.0), covariance_matrix=autograd.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True

    @property
    def arg_constraints(self) -> Any:  # type: ignore[override]
        """Those of the matrices; ``df`` must be greater than their size less 1."""
        return {**_MATRICES, "df": constraints.greater_than(self._event_shape[-1] - 1)}

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = _one_matrix(
            AssertionError,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        n = matrix.shape[-1]
        if isinstance(df, (int, float)):
            df = matrix.new_tensor(np.asarray(df))
        if not bool((df.detach().array > n - 1).all()):
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        batch = np.broadcast_shapes(tuple(matrix.shape[:-2]), tuple(df.shape))
        self.df = df.expand(batch)
        setattr(self, name, matrix.expand((*batch, n, n)))
        super().__init__(batch, (n, n), validate_args)
        self._unbroadcasted_scale_tril = _factor_of(name, getattr(self, name))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        wide = {"df": self.df.expand(tuple(batch_shape)), **self._wide_matrices(batch_shape)}
        return self._widened(batch_shape, wide, _instance)

    def _per_row(self, value: Any) -> Any:
        """``value - i / 2`` for the rows i."""
        return value[..., None] - value.new_tensor(np.arange(self._event_shape[-1]) / 2)

    @property
    def mean(self) -> Any:
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self._event_shape[-1] - 1
        return f.where(factor > 0, factor, math.nan)[..., None, None] * self.covariance_matrix

    @property
    def variance(self) -> Any:
        v = self.covariance_matrix
        diagonal = f.diagonal(v, dim1=-2, dim2=-1)
        return self.df[..., None, None] * (v**2 + diagonal[..., :, None] * diagonal[..., None, :])

    def rsample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            self._bartlett(sample_shape)  # PyTorch replaces every draw by a second one: its stream is kept
        return self._bartlett((math.prod(sample_shape),)).reshape(self._extended_shape(sample_shape))

    def _bartlett(self, sample_shape: Any) -> Any:
        n = self._event_shape[-1]
        lengths = f.sqrt(Chi2(2 * self._per_row(self.df / 2), validate_args=False).rsample(sample_shape))
        lengths = f.clamp(lengths, min=float(np.finfo(lengths.array.dtype).eps))
        below = np.zeros(self._extended_shape(sample_shape), lengths.array.dtype)
        noise = standard_normal((*sample_shape, *self._batch_shape, n * (n - 1) // 2), below.dtype).array
        below[..., *np.tril_indices(n, -1)] = noise
        factor = self._unbroadcasted_scale_tril @ (f.diag_embed(lengths) + lengths.new_tensor(below))
        return factor @ factor.mT

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        nu, n = self.df, self._event_shape[-1]
        half = solve(self._unbroadcasted_scale_tril, value)
        trace = f.diagonal(solve(self._unbroadcasted_scale_tril, half.mT), dim1=-2, dim2=-1).sum(-1)
        size = nu * (n * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril)) + f.mvlgamma(nu / 2, n)
        return (nu - n - 1) / 2 * linalg.slogdet(value)[1] - trace / 2 - size

    def entropy(self) -> Any:
        nu, n = self.df, self._event_shape[-1]
        digamma = f.digamma(self._per_row(nu / 2)).sum(-1)
        size = (n + 1) * (n * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril)) + f.mvlgamma(nu / 2, n)
        return size - (nu - n - 1) / 2 * digamma + nu * n / 2

    @property
    def _mean_carrier_measure(self) -> Any:
        return 0

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:  # type: ignore[override]
        n = self._event_shape[-1]
        half = y + (n + 1) / 2
        return half * (n * math.log(2) - linalg.slogdet(-2 * x)[1]) + f.mvlgamma(half, n)


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices ``dim`` by ``dim``; at ``concentration`` 1 all matrices are equally likely.

    Source: Lewandowski, Kurowicka and Joe, https://doi.org/10.1016/j.jmva.2009.04.008

    >>> import autograd
    >>> _ = autograd.manual_seed(0)
    >>> factor = LKJCholesky(3, 1.0).sample()
    >>> (factor @ factor.mT).diagonal().allclose(autograd.ones(3))  # correlations: ones on the diagonal
    True
    """

    arg_constraints: ClassVar = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        wide = {"concentration": self.concentration.expand(tuple(batch_shape))}
        return self._widened(batch_shape, wide, _instance)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Row by row (the onion method): how far from the diagonal by a Beta draw, where to by a direction."""
        concentration = self.concentration.detach()
        before = concentration.new_tensor(np.maximum(np.arange(self.dim) - 1.0, 0))
        against = concentration[..., None] + 0.5 * (self.dim - 2) - 0.5 * before
        share = Beta(before + 0.5, against, validate_args=False).sample(sample_shape).array[..., None]
        noise = np.tril(standard_normal(self._extended_shape(sample_shape), share.dtype).array, -1)
        length = np.linalg.norm(noise, axis=-1, keepdims=True)
        rows = np.sqrt(share) * np.divide(noise, length, out=np.zeros_like(noise), where=length > 0)
        left = np.maximum(1 - (rows**2).sum(-1), tiny(concentration))
        index = np.arange(self.dim)
        rows[..., index, index] = np.sqrt(left)
        return concentration.new_tensor(rows)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        less = self.dim - 1
        order = self.dim - value.new_tensor(np.arange(2.0, self.dim + 1)) + 2 * (self.concentration[..., None] - 1)
        density = (order * f.log(f.diagonal(value, dim1=-2, dim2=-1)[..., 1:])).sum(-1)
        alpha = self.concentration + 0.5 * less
        return density - 0.5 * less * math.log(math.pi) - f.mvlgamma(alpha - 0.5, less) + f.lgamma(alpha) * less
