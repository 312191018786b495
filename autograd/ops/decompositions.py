"""Decompositions of (batches of) matrices: Cholesky, eigenvalues, singular values, QR, and what follows from them.

They are not holomorphic: the formulas say so and give PyTorch's gradient. A function whose derivative is easier to say
as a composition is one, such as ``lstsq``.

Sources: M. Giles, "An extended collection of matrix derivative results" (2008); for complex matrices and the QR
decomposition, M. Seeger et al., "Auto-differentiating linear algebra" (2017).
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import return_types
from ..lift import given, lift
from ..tensor import Tensor, wrap
from .copies import tril, triu
from .joining import cat
from .linalg import check_dtypes, matmul
from .matrices import (
    LinAlgError,
    adjoint,
    diagonal_matrix,
    eye_like,
    failures,
    invert,
    lapack,
    lapack_eigh,
    lapack_svd,
    matrices,
    numpy_dtype,
    solve_matrices,
    squares,
)
from .shape import broadcast_shapes

__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "geqrf", "orgqr", "ormqr",
    "pinverse", "qr", "svd", "triangular_solve",
]  # fmt: skip

METHODS = ["cholesky_inverse", "cholesky_solve"]
"""What is a method of Tensor though its first argument has another name."""


# --- triangles -----------------------------------------------------------------------------------------------------


def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Any = None
) -> Any:
    """The X of ``A X = B`` (or ``X A = B``) for triangular A, of which only that triangle is read.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve_triangular.html

    >>> import autograd
    >>> solve_triangular(autograd.tensor([[1.0, 2.0], [0.0, 4.0]]), autograd.tensor([[5.0], [8.0]]), upper=True)
    tensor([[1.],
            [2.]])
    """
    squares(A, "solve_triangular")
    check_dtypes("linalg.solve_triangular", A, B)
    part = triu(A, 1 if unitriangular else 0) if upper else tril(A, -1 if unitriangular else 0)
    if unitriangular:
        part = part + wrap(eye_like(A, A.shape[-1]))
    batch = tuple(broadcast_shapes(A.shape[:-2], B.shape[:-2]))
    part, B = part.expand(*batch, *part.shape[-2:]), B.expand(*batch, *B.shape[-2:])
    return given(solve_matrices(part, B) if left else solve_matrices(part.mT, B.mT).mT, out)


def triangular_solve(
    input: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out: Any = None
) -> Any:
    """The old form of ``linalg.solve_triangular``: returns the solution and a copy of A."""
    X = solve_triangular(A.mT if transpose else A, input, upper=upper != transpose, unitriangular=unitriangular)
    return given(return_types.triangular_solve(X, A.clone()), out)


def _cholesky_back(g: Any, y: Any) -> Any:
    inverse = invert(y)
    lower = tril(adjoint(y) @ g)
    return adjoint(inverse) @ (0.5 * (tril(lower, -1) + adjoint(lower))) @ inverse


lower_cholesky: Any = lift(
    lambda input: lapack("cholesky", np.linalg.cholesky)(input),
    name="linalg_cholesky",
    holomorphic=False,
    input=lambda g, y: _cholesky_back(g, y),
)


def linalg_cholesky(A: Any, *, upper: bool = False, out: Any = None) -> Any:
    """The triangular L of ``A = L L^H`` (with ``upper``, the U of ``A = U^H U``).

    Raises LinAlgError if a matrix is not positive-definite.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.cholesky.html
    """
    squares(A, "cholesky")
    try:
        made = lower_cholesky(adjoint(A) if upper else A)
    except LinAlgError:
        raise LinAlgError(
            "linalg.cholesky: The factorization could not be completed because the input is not positive-definite; the"
            f" input has shape {list(A.shape)}"
        ) from None
    return given(adjoint(made) if upper else made, out)


def cholesky(input: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The older name of ``linalg.cholesky``."""
    return linalg_cholesky(input, upper=upper, out=out)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """``cholesky``, and for each matrix an int that is not 0 where it is not positive-definite.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.cholesky_ex.html

    >>> import autograd
    >>> cholesky_ex(autograd.tensor([[2.0, 1.0], [1.0, 3.0]])).info
    tensor(0, dtype=torch.int32)
    """
    squares(A, "cholesky_ex")
    info = failures(A.array, np.linalg.cholesky)
    if check_errors and info.any():
        raise LinAlgError("linalg.cholesky_ex: the input is not positive-definite")
    made = linalg_cholesky(A, upper=upper) if not info.any() else wrap(np.full_like(A.array, np.nan))
    return given(return_types.linalg_cholesky_ex(made, wrap(info)), out)


def cholesky_solve(B: Any, L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The X of ``A X = B`` from the Cholesky factor of A."""
    if upper:
        return given(solve_triangular(L, solve_triangular(adjoint(L), B, upper=False), upper=True), out)
    return given(solve_triangular(adjoint(L), solve_triangular(L, B, upper=False), upper=True), out)


def cholesky_inverse(L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The inverse of A from its Cholesky factor."""
    return cholesky_solve(wrap(eye_like(L, L.shape[-1])), L, upper, out=out)


# --- eigenvalues ---------------------------------------------------------------------------------------------------


def _gaps(w: Any) -> Any:
    """w_j - w_i in row i and column j, and 1 on the diagonal."""
    return w[..., None, :] - w[..., :, None] + eye_like(w, w.shape[-1])


def _off_diagonal(x: Any) -> Any:
    return x * (1 - np.eye(x.shape[-1], dtype=x.real.dtype if isinstance(x, np.ndarray) else numpy_dtype(x.real)))


def _eigh_back(g: Any, y: Any) -> Any:
    (of_values, of_vectors), (w, v) = g, y
    inner = _off_diagonal(adjoint(v) @ of_vectors) / _gaps(w) + diagonal_matrix(of_values)
    made = v @ inner @ adjoint(v)
    return 0.5 * (made + adjoint(made))


symmetric_eigen: Any = lift(
    lambda input, UPLO: tuple(lapack_eigh(input, UPLO)),
    name="linalg_eigh",
    outputs=2,
    holomorphic=False,
    input=lambda g, y: _eigh_back(g, y),
)


def _eig(input: Any) -> Any:
    wanted = np.result_type(input.dtype, np.complex64)
    w, v = lapack("eig", np.linalg.eig)(input)
    return w.astype(wanted), v.astype(wanted)


def _eig_back(g: Any, y: Any) -> Any:
    (of_values, of_vectors), (w, v) = g, y
    turned = adjoint(v) @ of_vectors
    lengths = (np.eye(v.shape[-1]) * turned.real).sum(-2)  # eigenvectors have length 1: nothing flows along them
    inner = (turned - (adjoint(v) @ v) * lengths[..., None, :]) / _gaps(w).conj()
    inner = _off_diagonal(inner) + diagonal_matrix(of_values)
    return solve_matrices(adjoint(v), inner @ adjoint(v))


eigen: Any = lift(_eig, name="linalg_eig", outputs=2, holomorphic=False, input=_eig_back)


def eigh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """Eigenvalues (ascending) and eigenvectors of symmetric or Hermitian matrices; reads one triangle.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigh.html

    >>> import autograd
    >>> eigh(autograd.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return given(return_types.linalg_eigh(*symmetric_eigen(squares(A, "eigh"), UPLO.upper())), out)


def eigvalsh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """The eigenvalues (ascending) of symmetric or Hermitian matrices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigvalsh.html

    >>> import autograd
    >>> eigvalsh(autograd.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return given(eigh(A, UPLO)[0], out)


def eig(A: Any, *, out: Any = None) -> Any:
    """Eigenvalues and eigenvectors (of length 1) of square matrices, always complex."""
    return given(return_types.linalg_eig(*eigen(squares(A, "eig"))), out)


def eigvals(A: Any, *, out: Any = None) -> Any:
    """The eigenvalues of square matrices, always complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigvals.html

    >>> import autograd
    >>> eigvals(autograd.tensor([[0.0, 1.0], [-1.0, 0.0]])).imag.abs()
    tensor([1., 1.])
    """
    return given(eig(A)[0], out)


# --- singular values -----------------------------------------------------------------------------------------------


def _svd_back(g: Any, y: Any) -> Any:
    (of_u, of_s, of_vh), (u, s, vh) = g, y
    k = s.shape[-1]
    u, vh, of_u, of_vh = u[..., :, :k], vh[..., :k, :], of_u[..., :, :k], of_vh[..., :k, :]
    v, of_v = adjoint(vh), adjoint(of_vh)
    ut, vt = adjoint(u) @ of_u, vh @ of_v
    square = s * s
    gaps = square[..., None, :] - square[..., :, None] + eye_like(s, k)
    inner = (_off_diagonal(ut - adjoint(ut)) / gaps) * s[..., None, :] + s[..., :, None] * (
        _off_diagonal(vt - adjoint(vt)) / gaps
    )
    inner = inner + diagonal_matrix(of_s)
    if numpy_dtype(u).kind == "c":
        inner = inner + 1j * (np.eye(k) * (ut.imag / s[..., None, :]))
    made = u @ inner @ vh
    if u.shape[-2] > k:
        made = made + ((of_u - u @ ut) / s[..., None, :]) @ vh
    if v.shape[-2] > k:
        made = made + (u / s[..., None, :]) @ adjoint(of_v - v @ vt)
    return made


singular: Any = lift(
    lambda input, full_matrices: tuple(lapack_svd(input, full_matrices)),
    name="linalg_svd",
    outputs=3,
    holomorphic=False,
    input=lambda g, y: _svd_back(g, y),
)


def _values_back(g: Any, input: Any) -> Any:
    u, _, vh = singular(input, False)
    return (u * g[..., None, :]) @ vh


singular_values: Any = lift(
    lambda input: lapack_svd(input, compute_uv=False),
    name="linalg_svdvals",
    holomorphic=False,
    input=_values_back,
)


def linalg_svd(A: Any, full_matrices: bool = True, *, driver: Any = None, out: Any = None) -> Any:
    """U, S and V^H of ``A = U diag(S) V^H``, singular values descending.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.svd.html
    """
    _check_driver(driver)
    return given(return_types.linalg_svd(*singular(matrices(A, "svd"), full_matrices)), out)


def svdvals(A: Any, *, driver: Any = None, out: Any = None) -> Any:
    """The singular values, descending.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.svdvals.html

    >>> import autograd
    >>> svdvals(autograd.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    _check_driver(driver)
    return singular_values(matrices(A, "svdvals"), out=out)


def _check_driver(driver: Any) -> None:
    if driver is not None:
        raise RuntimeError(f"linalg.svd: driver={driver!r} chooses between GPU algorithms; leave it away on the CPU")


def svd(input: Any, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """The older form of ``linalg.svd``: U, S and V (not V^H)."""
    matrices(input, "svd")
    if not compute_uv:
        m, n = input.shape[-2:]
        zeros = [wrap(np.zeros((*input.shape[:-2], k, k), input.array.dtype)) for k in (m, n)]
        return given(return_types.svd(zeros[0], singular_values(input), zeros[1]), out)
    u, s, vh = singular(input, not some)
    return given(return_types.svd(u, s, adjoint(vh)), out)


def _cutoff(s: Any, shape: Any, atol: Any, rtol: Any) -> Any:
    """Below what a singular value counts as zero."""
    eps = np.finfo(s.dtype).eps
    atol, rtol = (
        t.array[..., None] if isinstance(t, Tensor) and t.ndim else t.item() if isinstance(t, Tensor) else t
        for t in (atol, rtol)
    )
    if rtol is None:
        rtol = 0.0 if atol is not None and np.any(np.asarray(atol) > 0) else eps * max(shape[-2:])
    return np.maximum(0.0 if atol is None else atol, rtol * np.max(s, axis=-1, keepdims=True, initial=0))


def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Any:
    """The number of singular values (of eigenvalues, if ``hermitian``) that are not negligible.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_rank.html

    >>> import autograd
    >>> matrix_rank(autograd.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    matrices(A, "matrix_rank")
    array = A.array
    s = np.abs(np.linalg.eigvalsh(array)) if hermitian else np.linalg.svd(array, compute_uv=False)
    cut = _cutoff(s, array.shape, tol if tol is not None else atol, 0.0 if tol is not None else rtol)
    return given(wrap((s > cut).sum(-1)), out)


def _pinv(input: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    if input.size == 0:
        return np.zeros((*input.shape[:-2], input.shape[-1], input.shape[-2]), input.dtype)
    u, s, vh = lapack_svd(input, False, hermitian=hermitian)
    cut = _cutoff(s, input.shape, atol, rtol)
    inverse = np.where(s > cut, 1 / np.where(s > cut, s, 1), 0).astype(s.dtype)
    return (vh.conj().mT * inverse[..., None, :]) @ u.conj().mT


def _pinv_back(g: Any, y: Any, input: Any) -> Any:
    h, ph = adjoint(g), adjoint(y)
    made = -(ph @ g @ ph)
    return made + h @ y @ ph - input @ (y @ h @ y @ ph) + ph @ y @ h - (ph @ y @ h @ y) @ input


pseudo_inverse: Any = lift(
    _pinv, name="linalg_pinv", holomorphic=False, input=lambda g, y, input: _pinv_back(g, y, input)
)


def pinv(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Any:
    """The Moore-Penrose pseudo-inverse.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.pinv.html

    >>> import autograd
    >>> pinv(autograd.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    return pseudo_inverse(matrices(A, "pinv"), atol, rcond if rcond is not None else rtol, hermitian, out=out)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """The older name of ``linalg.pinv``."""
    return pinv(input, rcond)


def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None, out: Any = None) -> Any:
    """The X for which ``A X - B`` is smallest (and among those the smallest), with residuals, rank, singular values.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html

    >>> import autograd
    >>> A, b = autograd.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), autograd.tensor([[1.0], [3.0], [5.0]])
    >>> lstsq(A, b).solution.round(decimals=3)  # the line 1 + 2 x
    tensor([[1.],
            [2.]])
    """
    matrices(A, "lstsq")
    check_dtypes("linalg.lstsq", A, B)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), not {driver}"
        )
    vector = A.ndim - 1 == B.ndim and tuple(A.shape[:-1]) == tuple(B.shape)
    right = B.unsqueeze(-1) if vector else B
    if right.shape[-2] != A.shape[-2]:
        raise RuntimeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size(-2): {list(A.shape)} and {list(B.shape)}"
        )
    m, n = A.shape[-2:]
    X = matmul(pinv(A, rtol=rcond if rcond is not None else np.finfo(A.array.dtype).eps * max(m, n)), right)
    s = np.linalg.svd(A.array, compute_uv=False)
    rank = (
        s > (np.finfo(s.dtype).eps * max(m, n) if rcond is None else rcond) * s.max(-1, keepdims=True, initial=0)
    ).sum(-1)
    none = wrap(np.zeros(0, s.dtype))
    residuals = X.abs().reshape(-1)[:0]
    if m > n and driver != "gelsy" and np.all(rank == n):
        difference = (matmul(A, X) - right).abs()
        residuals = (difference * difference).sum(-2)
        residuals = residuals.squeeze(-1) if vector else residuals
    made = return_types.linalg_lstsq(
        X.squeeze(-1) if vector else X,
        residuals,
        wrap(np.zeros(0, np.int64)) if driver == "gels" else wrap(rank),
        wrap(s) if driver in ("gelsd", "gelss") else none,
    )
    return given(made, out)


# --- orthogonal factors --------------------------------------------------------------------------------------------


def _qr_back(g: Any, y: Any) -> Any:
    (of_q, of_r), (q, r) = g, y
    middle = triu(of_r @ adjoint(r) - adjoint(q) @ of_q)
    weight = 1 - 0.5 * np.eye(middle.shape[-1], dtype=numpy_dtype(r.real))
    inner = of_q + q @ ((middle + adjoint(middle)) * weight)
    return adjoint(solve_matrices(r, adjoint(inner)))


tall_qr: Any = lift(
    lambda input: tuple(lapack("qr", np.linalg.qr)(input)),
    name="linalg_qr",
    outputs=2,
    holomorphic=False,
    input=_qr_back,
)


def _no_derivative(what: str) -> Any:
    raise RuntimeError(f"{what} Use mode='reduced'")


r_alone: Any = lift(
    lambda input: np.linalg.qr(input, "r"),
    name="linalg_qr",
    input=lambda g: _no_derivative("The derivative of linalg.qr is not implemented when mode='r'."),
)
complete_qr: Any = lift(
    lambda input: tuple(np.linalg.qr(input, "complete")),
    name="linalg_qr",
    outputs=2,
    input=lambda g: _no_derivative(
        "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
    ),
)


def linalg_qr(A: Any, mode: str = "reduced", *, out: Any = None) -> Any:
    """Q with orthonormal columns and the upper triangular R of ``A = Q R``; ``mode`` "reduced", "complete" or "r".

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.qr.html
    """
    matrices(A, "qr")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    m, n = A.shape[-2:]
    if mode == "r":
        return given(return_types.linalg_qr(wrap(np.zeros(0, A.array.dtype)), r_alone(A)), out)
    if mode == "complete" and m > n:
        return given(return_types.linalg_qr(*complete_qr(A)), out)
    if m >= n:
        return given(return_types.linalg_qr(*tall_qr(A)), out)
    q, r = tall_qr(A[..., :m])
    return given(return_types.linalg_qr(q, cat([r, matmul(adjoint(q), A[..., m:])], -1)), out)


def qr(input: Any, some: bool = True, *, out: Any = None) -> Any:
    """The older form of ``linalg.qr``."""
    return given(return_types.qr(*linalg_qr(input, "reduced" if some else "complete")), out)


def geqrf(input: Any, *, out: Any = None) -> Any:
    """The QR decomposition as LAPACK keeps it: reflectors below R, and their scales; no gradient."""
    matrices(input, "geqrf")
    array = input.array
    h, tau = np.linalg.qr(array, "raw")
    return given(return_types.geqrf(wrap(np.ascontiguousarray(h.mT)), wrap(tau)), out)


def householder_product(A: Any, tau: Any, *, out: Any = None) -> Any:
    """The first columns of the product of the Householder reflections that ``geqrf`` describes."""
    matrices(A, "householder_product")
    if A.shape[-2] < A.shape[-1]:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1], got"
            f" {list(A.shape)}"
        )
    n = A.shape[-1]
    first = A.masked_fill(wrap(np.array(True)), 0) + wrap(np.eye(A.shape[-2], n, dtype=A.array.dtype))
    return given(_reflected(A, tau, first, False), out)


def _reflected(A: Any, tau: Any, other: Any, back: bool) -> Any:
    """The product Q (or its adjoint, ``back``) of the reflections applied to ``other`` from the left."""
    m = A.shape[-2]
    columns = tril(A, -1) + wrap(np.eye(m, A.shape[-1], dtype=A.array.dtype))
    made = other
    order = range(tau.shape[-1])
    for i in order if back else reversed(order):
        v, scale = columns[..., i : i + 1], tau[..., i, None, None]
        made = made - (scale.conj() if back else scale) * matmul(v, matmul(adjoint(v), made))
    return made


def orgqr(input: Any, tau: Any, *, out: Any = None) -> Any:
    """Another name of ``linalg.householder_product``."""
    return householder_product(input, tau, out=out)


def ormqr(input: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False, *, out: Any = None) -> Any:
    """The Q that ``geqrf`` describes (or its adjoint) times ``other``, from the left or the right."""
    side = other.shape[-2] if left else other.shape[-1]
    if tau.shape[-1] != builtins.min(side, input.shape[-1]):
        raise RuntimeError(
            f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{-2 if left else -1}], input.shape[-1]), and"
            f" is {tau.shape[-1]} instead of {builtins.min(side, input.shape[-1])}"
        )
    made = (
        _reflected(input, tau, other, transpose)
        if left
        else adjoint(_reflected(input, tau, adjoint(other), not transpose))
    )
    return given(made, out)
