"""The parametrizations that come with the library: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd.tensor import Tensor

from ..functional import normalize
from ..module import Module
from .parametrize import register_parametrization
from .spectral_norm import as_matrix
from .weight_norm import norm_except

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    """``original0`` is the length, ``original1`` the direction."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Any, Any]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Train the length and the direction of a weight separately (Salimans and Kingma 2016).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html

    >>> import nn
    >>> layer = weight_norm(nn.Linear(3, 2))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    """Divides by the largest singular value."""

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim, self.n_power_iterations, self.eps = dim % weight.ndim, n_power_iterations, eps
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            u = autograd.randn(matrix.shape[0], dtype=weight.dtype)
            v = autograd.randn(matrix.shape[1], dtype=weight.dtype)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with autograd.no_grad():
            for _ in range(times):
                self._u.copy_(normalize(matrix @ self._v, dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.mT @ self._u, dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()
        return weight / (u * (matrix @ v)).sum()

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """Divide a weight by its largest singular value, which power iteration estimates (Miyato et al. 2018).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html

    >>> import autograd, nn
    >>> layer = spectral_norm(nn.Linear(3, 2), n_power_iterations=20)
    >>> (autograd.linalg.matrix_norm(layer.weight, 2) - 1).abs() < 1e-3
    tensor(True)
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if "ConvTranspose" in type(module).__name__ else 0
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


class _Orthogonal(Module):
    """A matrix with orthonormal rows or columns, by the exponential map, the Cayley map or Householder reflections."""

    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = tuple(weight.shape)
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Any:
        n, k = X.shape[-2:]
        transposed = n < k
        if transposed:
            X, n, k = X.mT, k, n
        if self.orthogonal_map == "householder":
            Q = _reflections(X.tril(-1))
            Q = Q * autograd.sign(autograd.diagonal(X, 0, -2, -1).detach()).unsqueeze(-2)
        else:
            A = X.tril()
            if n != k:
                A = autograd.cat([A, autograd.zeros(*X.shape[:-2], n, n - k, dtype=X.dtype)], -1)
            A = A - A.mH
            if self.orthogonal_map == "matrix_exp":
                Q = autograd.linalg.matrix_exp(A)
            else:
                eye = autograd.eye(n, dtype=A.dtype)
                Q = autograd.linalg.solve(eye - A * 0.5, eye + A * 0.5)
            if n != k:
                Q = Q[..., :k]
        if self._buffers.get("base") is not None:
            Q = self.base @ Q
        return Q.mT if transposed else Q

    def right_inverse(self, Q: Tensor) -> Any:
        if tuple(Q.shape) != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {list(self.shape)}. Got a tensor of shape "
                f"{list(Q.shape)}."
            )
        start = Q.detach().array
        transposed = start.shape[-2] < start.shape[-1]
        if transposed:
            start = np.swapaxes(start, -1, -2)
        n, k = start.shape[-2:]
        if "base" not in self._buffers:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            packed, tau = autograd.geqrf(autograd.from_numpy(start))
            signs = packed.diagonal(0, -2, -1)
            signs.sign_()
            signs[tau == 0] *= -1  # columns that LAPACK did not reflect
            return packed.mT if transposed else packed
        if n == k:
            basis = start if _is_orthogonal(start) else _orthonormal(start)
            if basis is start:
                basis = start.copy()
        else:
            more = autograd.randn(*start.shape[:-2], n, n - k, dtype=Q.dtype).array  # from the stream, as PyTorch does
            basis = _orthonormal(np.concatenate([start, more], -1))
        self.base = autograd.from_numpy(np.ascontiguousarray(basis))
        # all maps take -1 on the diagonal to the identity: Householder's read their signs there, the others not at all
        free = np.zeros(start.shape, start.dtype)
        free[..., np.arange(k), np.arange(k)] = -1
        return autograd.from_numpy(np.ascontiguousarray(np.swapaxes(free, -1, -2) if transposed else free))


def _is_orthogonal(Q: Any) -> bool:
    n, k = Q.shape[-2:]
    gram = np.swapaxes(Q, -1, -2).conj() @ Q
    return bool(np.allclose(gram, np.eye(k), atol=10 * n * np.finfo(Q.dtype).eps))


def _orthonormal(A: Any) -> Any:
    """The Q of the QR decomposition with a positive diagonal of R."""
    Q, R = np.linalg.qr(A)
    d = np.diagonal(R, 0, -2, -1)
    return Q * np.where(d == 0, 1, d / np.abs(d))[..., None, :]


def _reflections(V: Any) -> Any:
    """The first k columns of the product of k Householder reflections, whose vectors (below a one) are the columns."""
    n, k = V.shape[-2:]
    V = V + autograd.eye(n, k, dtype=V.dtype)
    Q: Any = autograd.eye(n, k, dtype=V.dtype)
    for i in reversed(range(k)):
        v = V[..., :, i : i + 1]
        Q = Q - v * ((v.mT @ Q) * (2 / (v * v).sum(-2, keepdim=True)))
    return Q


def orthogonal(
    module: Any, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Any:
    """Keep a weight orthogonal (rows or columns orthonormal) while it is trained.

    ``orthogonal_map`` is "matrix_exp", "cayley" or "householder"; by default the first for square matrices, the last
    for others. ``use_trivialization`` (Lezcano 2019) makes the value assignable.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.orthogonal.html

    >>> import autograd, nn
    >>> w = orthogonal(nn.Linear(4, 3)).weight
    >>> (w @ w.T - autograd.eye(3)).abs().max() < 1e-5
    tensor(True)
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
