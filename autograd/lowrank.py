"""Singular values and principal components of large matrices of low rank, by random projections.

Source: N. Halko, P. G. Martinsson and J. Tropp, "Finding structure with randomness" (2009), algorithms 4.4 and 5.1,
https://arxiv.org/abs/0909.4061
"""

from __future__ import annotations

from typing import Any

from . import linalg, random
from .ops.matrices import adjoint

__all__ = ["get_approximate_basis", "pca_lowrank", "svd_lowrank"]


def _times(A: Any, M: Any, right: Any) -> Any:
    """``(A - M) @ right``, where M may be None."""
    return A @ right if M is None else A @ right - M @ right


def get_approximate_basis(A: Any, q: int, niter: int | None = 2, M: Any = None) -> Any:
    """``q`` orthonormal columns that nearly span those of ``A - M``: (..., m, n) gives (..., m, q)."""
    made = _times(A, M, random.randn(A.shape[-1], q, dtype=A.dtype))
    basis = linalg.qr(made)[0]
    turned, mean = adjoint(A), None if M is None else adjoint(M)
    for _ in range(2 if niter is None else niter):
        basis = linalg.qr(_times(turned, mean, basis))[0]
        basis = linalg.qr(_times(A, M, basis))[0]
    return basis


def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> tuple[Any, Any, Any]:
    """U, S and V of ``A - M``, nearly: (..., m, n) gives (..., m, q), (..., q) and (..., n, q).

    Args:
        A: matrices of a rank below ``q``, or nearly so.
        q: how many singular values: a few more than are wanted.
        niter: how many times the projection is refined.
        M: what is taken away from A first; it broadcasts.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.svd_lowrank.html

    >>> import autograd
    >>> U, S, V = svd_lowrank(autograd.eye(4) * 2, q=2)
    >>> U.shape, S.round(decimals=3).tolist()
    (torch.Size([4, 2]), [2.0, 2.0])
    """
    M = None if M is None else M.broadcast_to(A.shape)
    wide = A.shape[-2] < A.shape[-1]
    if wide:
        A, M = adjoint(A), None if M is None else adjoint(M)
    basis = get_approximate_basis(A, 6 if q is None else q, niter, M)
    U, S, Vh = linalg.svd(adjoint(basis) @ (A if M is None else A - M), full_matrices=False)
    U, V = basis @ U, adjoint(Vh)
    return (V, S, U) if wide else (U, S, V)


def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Any, Any, Any]:
    """Principal components of the rows of A: the singular values and vectors of A less the mean of its rows.

    ``V[:, :k]`` are the first k directions and ``A @ V[:, :k]`` the projections onto them; ``S ** 2 / (m - 1)`` are
    variances. Raises ValueError for a ``q`` that is not between 0 and the smaller side of A, or a negative ``niter``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.pca_lowrank.html
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, True) if center else A, q, niter)
