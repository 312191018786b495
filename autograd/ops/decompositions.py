"""Linear algebra on (batches of) matrices: inverses, determinants, decompositions, functions of matrices.

NumPy's LAPACK computes; the formulas are matrix calculus on the results. Those of holomorphic functions are textbook
transposes (the engine conjugates around them); those of decompositions, which are not holomorphic, say so and give
PyTorch's gradient. A function whose derivative is easier to say as a composition is one, such as ``lstsq``.

Sources: M. Giles, "An extended collection of matrix derivative results" (2008); for complex matrices and the QR
decomposition, M. Seeger et al., "Auto-differentiating linear algebra" (2017).
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import return_types
from ..lift import lift, write_out
from ..tensor import Tensor, wrap
from .joining import cat
from .linalg import check_dtypes, matmul
from .norms import check_float
from .shape import broadcast_shapes, reshape_to, tril, triu

__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "det", "geqrf", "inverse", "logdet", "lu_solve", "lu_unpack", "matrix_exp", "matrix_power",
    "orgqr", "ormqr", "pinverse", "qr", "slogdet", "svd", "trace", "triangular_solve",
]  # fmt: skip


class LinAlgError(RuntimeError, np.linalg.LinAlgError):
    """A matrix for which the result does not exist: singular, or not positive-definite."""


def _lapack(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function whose LinAlgError says which operation failed, on what."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except np.linalg.LinAlgError as error:
            raise LinAlgError(
                f"linalg.{name}: {str(error).lower()}; the input has shape {list(np.shape(args[0]))}"
            ) from None

    return call


def squares(A: Any, name: str) -> Any:
    """Raise RuntimeError unless ``A`` is a floating point tensor of square matrices."""
    check_float(A, f"linalg.{name}")
    if A.ndim < 2:
        raise RuntimeError(
            f"linalg.{name}: The input tensor A must have at least 2 dimensions, but its shape is {list(A.shape)}."
        )
    if A.shape[-1] != A.shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]} matrices"
        )
    return A


def matrices(A: Any, name: str) -> Any:
    """Raise RuntimeError unless ``A`` is a floating point tensor of matrices."""
    check_float(A, f"linalg.{name}")
    if A.ndim < 2:
        raise RuntimeError(
            f"linalg.{name}: The input tensor A must have at least 2 dimensions, but its shape is {list(A.shape)}."
        )
    return A


def _given(made: Any, out: Any) -> Any:
    if out is None:
        return made
    write_out(out, made)
    return made if isinstance(made, tuple) else out


def adjoint(x: Any) -> Any:
    """The conjugate transpose, of arrays and Tensors."""
    return x.conj().mT


def diagonal_matrix(x: Any) -> Any:
    """Vectors as diagonal matrices."""
    return x[..., None] * np.eye(x.shape[-1], dtype=_numpy(x))


def _numpy(x: Any) -> Any:
    return np.dtype(x.dtype)


def _eye(like: Any, n: int) -> Any:
    return np.eye(n, dtype=_numpy(like))


# --- inverse, solve, determinant -----------------------------------------------------------------------------------

_inv, _solve, _eigh, _svd = (_lapack(name, getattr(np.linalg, name)) for name in ("inv", "solve", "eigh", "svd"))
invert: Any = lift(lambda input: _inv(input), name="linalg_inv", input=lambda g, y: -(y.mT @ g @ y.mT))


def _solve_back(g: Any, y: Any, input: Any, needs: Any) -> Any:
    of_other = solve_matrices(input.mT, g)
    return -(of_other @ y.mT) if needs[0] else None, of_other


solve_matrices: Any = lift(
    lambda input, other: _solve(input, other),
    name="linalg_solve",
    arrays=("input", "other"),
    joint=_solve_back,
)


def _cofactors(input: Any) -> Any:
    """The gradient of the determinant, right for singular matrices too: by the singular value decomposition."""
    u, s, vh = np.linalg.svd(input)
    n = s.shape[-1]
    others = np.ones_like(s)
    for i in range(n):
        others[..., i] = np.prod(np.delete(s, i, -1), -1)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    return (phase[..., None, None] * ((u.conj() * others[..., None, :]) @ vh.conj())).astype(input.dtype)


def _second_cofactors(input: Any, g: Any) -> Any:
    """The second derivative of the determinant applied to ``g``; like the first, right for singular matrices."""
    u, s, vh = np.linalg.svd(input)
    n = s.shape[-1]
    here = np.eye(n, dtype=bool)
    gone = here[:, None, :] | here[None, :, :]
    others = np.prod(np.where(gone, 1, s[..., None, None, :]), -1) * ~here
    turned = u.conj().mT @ g @ vh.conj().mT
    inner = -turned.mT * others + np.eye(n) * (others @ np.diagonal(turned, 0, -2, -1)[..., None])
    phase = np.linalg.det(u) * np.linalg.det(vh)
    return (phase[..., None, None] * (u.conj() @ inner @ vh.conj())).astype(input.dtype)


def _third(h: Any, input: Any, g: Any) -> Any:
    w = invert(input).mT
    wg, wh = w @ g.mT @ w, w @ h.mT @ w
    a, b, c = ((x * y).sum((-2, -1))[..., None, None] for x, y in ((w, g), (w, h), (h, wg)))
    inner = (a * b - c) * w - b * wg - a * wh + wg @ h.mT @ w + wh @ g.mT @ w
    return determinant(input)[..., None, None] * inner


second_cofactors: Any = lift(
    lambda input, other: _second_cofactors(input, other),
    name="second_cofactors",
    input=lambda g, input, other: _third(g, input, other),
    other=lambda g, input: second_cofactors(input, g),
)
cofactors: Any = lift(_cofactors, name="cofactors", input=lambda g, input: second_cofactors(input, g))
determinant: Any = lift(
    lambda input: np.linalg.det(input), name="linalg_det", input=lambda g, input: g[..., None, None] * cofactors(input)
)


def _slogdet_back(g: Any, y: Any, input: Any) -> Any:
    of_sign, of_log = g
    weight = of_log if _numpy(input).kind != "c" else of_log - 1j * (of_sign.conj() * y[0]).imag
    return weight[..., None, None] * adjoint(invert(input))


sign_and_log: Any = lift(
    lambda input: tuple(np.linalg.slogdet(input)),
    name="linalg_slogdet",
    outputs=2,
    holomorphic=False,
    input=_slogdet_back,
)


def inv(A: Any, *, out: Any = None) -> Any:
    """The inverses of square matrices. Raises LinAlgError if one is singular.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.inv.html
    """
    return invert(squares(A, "inv"), out=out)


def inverse(input: Any, *, out: Any = None) -> Any:
    """Another name of ``linalg.inv``."""
    return invert(squares(input, "inv"), out=out)


def inv_ex(A: Any, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverses, and for each an int that is not 0 where the matrix is singular."""
    squares(A, "inv_ex")
    info = _failures(A.array, np.linalg.inv)
    if check_errors and info.any():
        raise LinAlgError("linalg.inv_ex: singular matrix")
    made = invert(A) if not info.any() else wrap(np.full_like(A.array, np.nan))
    return return_types.linalg_inv_ex(made, wrap(info))


def _failures(array: Any, function: Any) -> Any:
    """For each matrix of a batch, 1 where a LAPACK function fails."""
    info = np.zeros(array.shape[:-2], np.int32)
    for at in np.ndindex(*info.shape):
        try:
            function(array[at])
        except np.linalg.LinAlgError:
            info[at] = 1
    return info


def solve(A: Any, B: Any, *, left: bool = True, out: Any = None) -> Any:
    """The X of ``A X = B`` (or ``X A = B`` if not ``left``); B may be a vector or a batch of vectors.

    Raises LinAlgError if A is singular.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve.html
    """
    squares(A, "solve")
    check_dtypes("linalg.solve", A, B)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector and not left:
        raise RuntimeError("linalg.solve: Vector broadcasting of the left hand side is not supported for left=False.")
    right = B.unsqueeze(-1) if vector else B
    if not left:
        return _given(solve(A.mT, B.mT).mT, out)
    if right.shape[-2] != A.shape[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B ({list(A.shape)} and"
            f" {list(B.shape)})"
        )
    batch = tuple(broadcast_shapes(A.shape[:-2], right.shape[:-2]))
    if right.array.ndim != A.array.ndim:  # NumPy would take some of these for vectors
        right = right.expand(*batch, *right.shape[-2:])
        A = A.expand(*batch, *A.shape[-2:])
    made = solve_matrices(A, right)
    return _given(made.squeeze(-1) if vector else made, out)


def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """``solve``, and for each matrix an int that is not 0 where it is singular."""
    info = _failures(A.array, np.linalg.inv)
    if info.any() and check_errors:
        raise LinAlgError("linalg.solve_ex: singular matrix")
    made = solve(A, B, left=left) if not info.any() else wrap(np.full_like(B.array, np.nan))
    return return_types.linalg_solve_ex(made, wrap(info))


def det(input: Any, *, out: Any = None) -> Any:
    """The determinants of square matrices."""
    return determinant(squares(input, "det"), out=out)


def slogdet(input: Any, *, out: Any = None) -> Any:
    """Sign (for complex matrices, phase) and logarithm of the absolute value of the determinants."""
    return return_types.linalg_slogdet(*sign_and_log(squares(input, "slogdet")))


def logdet(input: Any) -> Any:
    """The logarithm of the determinants; NaN where a real one is negative."""
    from .. import log, where

    sign, logabs = sign_and_log(squares(input, "logdet"))
    if input.is_complex():
        return logabs + log(sign)
    return where(wrap(np.asarray(sign.array < 0)), wrap(np.asarray(np.nan, logabs.array.dtype)), logabs)


def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return input.diagonal().sum()


# --- triangles -----------------------------------------------------------------------------------------------------


def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Any = None
) -> Any:
    """The X of ``A X = B`` (or ``X A = B``) for triangular A, of which only that triangle is read.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve_triangular.html
    """
    squares(A, "solve_triangular")
    check_dtypes("linalg.solve_triangular", A, B)
    part = triu(A, 1 if unitriangular else 0) if upper else tril(A, -1 if unitriangular else 0)
    if unitriangular:
        part = part + wrap(_eye(A, A.shape[-1]))
    batch = tuple(broadcast_shapes(A.shape[:-2], B.shape[:-2]))
    part, B = part.expand(*batch, *part.shape[-2:]), B.expand(*batch, *B.shape[-2:])
    return _given(solve_matrices(part, B) if left else solve_matrices(part.mT, B.mT).mT, out)


def triangular_solve(
    input: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out: Any = None
) -> Any:
    """The old form of ``linalg.solve_triangular``: returns the solution and a copy of A."""
    X = solve_triangular(A.mT if transpose else A, input, upper=upper != transpose, unitriangular=unitriangular)
    return return_types.triangular_solve(X, A.clone())


def _cholesky_back(g: Any, y: Any) -> Any:
    inverse = invert(y)
    lower = tril(adjoint(y) @ g)
    return adjoint(inverse) @ (0.5 * (tril(lower, -1) + adjoint(lower))) @ inverse


lower_cholesky: Any = lift(
    lambda input: _lapack("cholesky", np.linalg.cholesky)(input),
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
    return _given(adjoint(made) if upper else made, out)


def cholesky(input: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The older name of ``linalg.cholesky``."""
    return linalg_cholesky(input, upper=upper, out=out)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """``cholesky``, and for each matrix an int that is not 0 where it is not positive-definite."""
    squares(A, "cholesky_ex")
    info = _failures(A.array, np.linalg.cholesky)
    if check_errors and info.any():
        raise LinAlgError("linalg.cholesky_ex: the input is not positive-definite")
    made = linalg_cholesky(A, upper=upper) if not info.any() else wrap(np.full_like(A.array, np.nan))
    return return_types.linalg_cholesky_ex(made, wrap(info))


def cholesky_solve(B: Any, L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The X of ``A X = B`` from the Cholesky factor of A."""
    if upper:
        return _given(solve_triangular(L, solve_triangular(adjoint(L), B, upper=False), upper=True), out)
    return _given(solve_triangular(adjoint(L), solve_triangular(L, B, upper=False), upper=True), out)


def cholesky_inverse(L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The inverse of A from its Cholesky factor."""
    return cholesky_solve(wrap(_eye(L, L.shape[-1])), L, upper, out=out)


# --- eigenvalues ---------------------------------------------------------------------------------------------------


def _gaps(w: Any) -> Any:
    """w_j - w_i in row i and column j, and 1 on the diagonal."""
    return w[..., None, :] - w[..., :, None] + _eye(w, w.shape[-1])


def _off_diagonal(x: Any) -> Any:
    return x * (1 - np.eye(x.shape[-1], dtype=x.real.dtype if isinstance(x, np.ndarray) else _numpy(x.real)))


def _eigh_back(g: Any, y: Any) -> Any:
    (of_values, of_vectors), (w, v) = g, y
    inner = _off_diagonal(adjoint(v) @ of_vectors) / _gaps(w) + diagonal_matrix(of_values)
    made = v @ inner @ adjoint(v)
    return 0.5 * (made + adjoint(made))


symmetric_eigen: Any = lift(
    lambda input, UPLO: tuple(_eigh(input, UPLO)),
    name="linalg_eigh",
    outputs=2,
    holomorphic=False,
    input=lambda g, y: _eigh_back(g, y),
)


def _eig(input: Any) -> Any:
    wanted = np.result_type(input.dtype, np.complex64)
    w, v = _lapack("eig", np.linalg.eig)(input)
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
    """
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return return_types.linalg_eigh(*symmetric_eigen(squares(A, "eigh"), UPLO.upper()))


def eigvalsh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """The eigenvalues (ascending) of symmetric or Hermitian matrices."""
    return _given(eigh(A, UPLO)[0], out)


def eig(A: Any, *, out: Any = None) -> Any:
    """Eigenvalues and eigenvectors (of length 1) of square matrices, always complex."""
    return return_types.linalg_eig(*eigen(squares(A, "eig")))


def eigvals(A: Any, *, out: Any = None) -> Any:
    """The eigenvalues of square matrices, always complex."""
    return _given(eig(A)[0], out)


# --- singular values -----------------------------------------------------------------------------------------------


def _svd_back(g: Any, y: Any) -> Any:
    (of_u, of_s, of_vh), (u, s, vh) = g, y
    k = s.shape[-1]
    u, vh, of_u, of_vh = u[..., :, :k], vh[..., :k, :], of_u[..., :, :k], of_vh[..., :k, :]
    v, of_v = adjoint(vh), adjoint(of_vh)
    ut, vt = adjoint(u) @ of_u, vh @ of_v
    square = s * s
    gaps = square[..., None, :] - square[..., :, None] + _eye(s, k)
    inner = (_off_diagonal(ut - adjoint(ut)) / gaps) * s[..., None, :] + s[..., :, None] * (
        _off_diagonal(vt - adjoint(vt)) / gaps
    )
    inner = inner + diagonal_matrix(of_s)
    if _numpy(u).kind == "c":
        inner = inner + 1j * (np.eye(k) * (ut.imag / s[..., None, :]))
    made = u @ inner @ vh
    if u.shape[-2] > k:
        made = made + ((of_u - u @ ut) / s[..., None, :]) @ vh
    if v.shape[-2] > k:
        made = made + (u / s[..., None, :]) @ adjoint(of_v - v @ vt)
    return made


singular: Any = lift(
    lambda input, full_matrices: tuple(_svd(input, full_matrices)),
    name="linalg_svd",
    outputs=3,
    holomorphic=False,
    input=lambda g, y: _svd_back(g, y),
)


def _values_back(g: Any, input: Any) -> Any:
    u, s, vh = singular(input, False)
    return (u * g[..., None, :]) @ vh


singular_values: Any = lift(
    lambda input: _svd(input, compute_uv=False),
    name="linalg_svdvals",
    holomorphic=False,
    input=_values_back,
)


def linalg_svd(A: Any, full_matrices: bool = True, *, driver: Any = None, out: Any = None) -> Any:
    """U, S and V^H of ``A = U diag(S) V^H``, singular values descending.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.svd.html
    """
    return return_types.linalg_svd(*singular(matrices(A, "svd"), full_matrices))


def svdvals(A: Any, *, driver: Any = None, out: Any = None) -> Any:
    """The singular values, descending."""
    return singular_values(matrices(A, "svdvals"), out=out)


def svd(input: Any, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """The older form of ``linalg.svd``: U, S and V (not V^H)."""
    matrices(input, "svd")
    if not compute_uv:
        m, n = input.shape[-2:]
        zeros = [wrap(np.zeros((*input.shape[:-2], k, k), input.array.dtype)) for k in (m, n)]
        return return_types.svd(zeros[0], singular_values(input), zeros[1])
    u, s, vh = singular(input, not some)
    return return_types.svd(u, s, adjoint(vh))


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
    """The number of singular values (of eigenvalues, if ``hermitian``) that are not negligible."""
    matrices(A, "matrix_rank")
    array = A.array
    s = np.abs(np.linalg.eigvalsh(array)) if hermitian else np.linalg.svd(array, compute_uv=False)
    cut = _cutoff(s, array.shape, tol if tol is not None else atol, 0.0 if tol is not None else rtol)
    return _given(wrap((s > cut).sum(-1)), out)


def _pinv(input: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    if input.size == 0:
        return np.zeros((*input.shape[:-2], input.shape[-1], input.shape[-2]), input.dtype)
    u, s, vh = _svd(input, False, hermitian=hermitian)
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
    """
    return pseudo_inverse(matrices(A, "pinv"), atol, rcond if rcond is not None else rtol, hermitian, out=out)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """The older name of ``linalg.pinv``."""
    return pinv(input, rcond)


def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X for which ``A X - B`` is smallest (and among those the smallest), with residuals, rank, singular values.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html
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
    return return_types.linalg_lstsq(
        X.squeeze(-1) if vector else X,
        residuals,
        wrap(np.zeros(0, np.int64)) if driver == "gels" else wrap(rank),
        wrap(s) if driver in ("gelsd", "gelss") else none,
    )


# --- orthogonal factors --------------------------------------------------------------------------------------------


def _qr_back(g: Any, y: Any) -> Any:
    (of_q, of_r), (q, r) = g, y
    middle = triu(of_r @ adjoint(r) - adjoint(q) @ of_q)
    weight = 1 - 0.5 * np.eye(middle.shape[-1], dtype=_numpy(r.real))
    inner = of_q + q @ ((middle + adjoint(middle)) * weight)
    return adjoint(solve_matrices(r, adjoint(inner)))


tall_qr: Any = lift(
    lambda input: tuple(_lapack("qr", np.linalg.qr)(input)),
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
        return return_types.linalg_qr(wrap(np.zeros(0, A.array.dtype)), r_alone(A))
    if mode == "complete" and m > n:
        return return_types.linalg_qr(*complete_qr(A))
    if m >= n:
        return return_types.linalg_qr(*tall_qr(A))
    q, r = tall_qr(A[..., :m])
    return return_types.linalg_qr(q, cat([r, matmul(adjoint(q), A[..., m:])], -1))


def qr(input: Any, some: bool = True, *, out: Any = None) -> Any:
    """The older form of ``linalg.qr``."""
    return return_types.qr(*linalg_qr(input, "reduced" if some else "complete"))


def geqrf(input: Any, *, out: Any = None) -> Any:
    """The QR decomposition as LAPACK keeps it: reflectors below R, and their scales; no gradient."""
    matrices(input, "geqrf")
    array = input.array
    h, tau = np.linalg.qr(array, "raw")
    return return_types.geqrf(wrap(np.ascontiguousarray(h.mT)), wrap(tau))


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
    return _given(_reflected(A, tau, first, False), out)


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
    made = (
        _reflected(input, tau, other, transpose)
        if left
        else adjoint(_reflected(input, tau, adjoint(other), not transpose))
    )
    return _given(made, out)


# --- LU ------------------------------------------------------------------------------------------------------------


def _pivoted(array: Any) -> tuple[Any, Any]:
    """LU with row exchanges, packed, and for each step the row (from 0) that was exchanged with it."""
    packed = np.array(array)
    m, n = packed.shape[-2:]
    steps = min(m, n)
    pivots = np.zeros((*packed.shape[:-2], steps), np.int32)
    count = math.prod(packed.shape[:-2])
    flat, rows = packed.reshape(count, m, n), pivots.reshape(count, steps)
    batch = np.arange(len(flat))
    for i in range(steps):
        column = flat[:, i:, i]
        best = (np.abs(column.real) + np.abs(column.imag)).argmax(1) + i  # LAPACK's measure of a complex number
        rows[:, i] = best
        upper, lower = flat[batch, i].copy(), flat[batch, best].copy()
        flat[batch, i], flat[batch, best] = lower, upper
        pivot = flat[:, i, i]
        flat[:, i + 1 :, i] /= np.where(pivot == 0, 1, pivot)[:, None]
        flat[:, i + 1 :, i + 1 :] -= flat[:, i + 1 :, i, None] * flat[:, i, None, i + 1 :]
    return packed, pivots


def _order(pivots: Any, m: int) -> Any:
    """The order of the rows after all exchanges."""
    order = np.broadcast_to(np.arange(m), (*pivots.shape[:-1], m)).copy()
    count = math.prod(order.shape[:-1])
    flat, rows = order.reshape(count, m), pivots.reshape(count, pivots.shape[-1])
    batch = np.arange(len(flat))
    for i in range(pivots.shape[-1]):
        a, b = flat[batch, i].copy(), flat[batch, rows[:, i]].copy()
        flat[batch, i], flat[batch, rows[:, i]] = b, a
    return order


def _plain_lu(input: Any) -> Any:
    packed = np.array(input)
    for i in range(packed.shape[-1]):
        pivot = packed[..., i, i]
        packed[..., i + 1 :, i] /= np.where(pivot == 0, 1, pivot)[..., None]
        packed[..., i + 1 :, i + 1 :] -= packed[..., i + 1 :, i, None] * packed[..., i, None, i + 1 :]
    return np.tril(packed, -1) + _eye(packed, packed.shape[-1]), np.triu(packed)


def _lu_back(g: Any, y: Any) -> Any:
    (of_l, of_u), (lower, upper) = g, y
    middle = tril(adjoint(lower) @ of_l, -1) + triu(of_u @ adjoint(upper))
    return solve_matrices(adjoint(lower), adjoint(solve_matrices(upper, adjoint(middle))))


square_lu: Any = lift(_plain_lu, name="linalg_lu", outputs=2, holomorphic=False, input=_lu_back)


def _factors(A: Any, pivot: bool) -> tuple[Any, Any, Any, Any]:
    """Pivots, row order, L and U of (batches of) m by n matrices."""
    m, n = A.shape[-2:]
    k = builtins.min(m, n)
    if pivot:
        _, pivots = _pivoted(A.array)
    else:
        pivots = np.broadcast_to(np.arange(k, dtype=np.int32), (*A.shape[:-2], k)).copy()
    order = _order(pivots, m)
    rows = A.take_along_dim(wrap(order[..., None]), -2) if pivot else A
    lower, upper = square_lu(rows[..., :k, :k])
    if n > m and k:
        upper = cat([upper, solve_triangular(lower, rows[..., k:], upper=False, unitriangular=True)], -1)
    if m > n:
        lower = cat([lower, solve_triangular(upper, rows[..., k:, :], upper=True, left=False)], -2)
    return pivots, order, lower, upper


def lu(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """The permutation P, unit lower L and upper U of ``A = P L U``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lu.html
    """
    _, order, lower, upper = _factors(matrices(A, "lu"), pivot)
    if not pivot:
        return return_types.linalg_lu(wrap(np.zeros(0, A.array.dtype)), lower, upper)
    return return_types.linalg_lu(wrap(_permutation(order, A.array.dtype)), lower, upper)


def _permutation(order: Any, dtype: Any) -> Any:
    return np.ascontiguousarray(np.eye(order.shape[-1], dtype=dtype)[order].mT)


def lu_factor(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """L and U packed into one matrix, and the row exchanges (from 1, as LAPACK counts)."""
    pivots, _, lower, upper = _factors(matrices(A, "lu_factor"), pivot)
    m, n = A.shape[-2:]
    below = tril(lower, -1)
    if m > n:
        packed = cat([below[..., :n, :] + upper, below[..., n:, :]], -2)
    elif n > m:
        packed = cat([below + upper[..., :m], upper[..., m:]], -1)
    else:
        packed = below + upper
    return return_types.linalg_lu_factor(packed, wrap(pivots + 1))


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """``lu_factor``, and for each matrix an int that is not 0 where U has a zero on its diagonal."""
    packed, pivots = lu_factor(A, pivot=pivot)
    zero = np.diagonal(packed.array, 0, -2, -1) == 0
    info = (
        np.where(zero.any(-1), zero.argmax(-1) + 1, 0).astype(np.int32)
        if zero.shape[-1]
        else np.zeros(zero.shape[:-1], np.int32)
    )
    if check_errors and info.any():
        raise LinAlgError("linalg.lu_factor_ex: U has a zero on its diagonal: the matrix is singular")
    return return_types.linalg_lu_factor_ex(packed, pivots, wrap(info))


def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True, *, out: Any = None
) -> Any:
    """P, L and U from the result of ``lu_factor``."""
    m, n = LU_data.shape[-2:]
    k = builtins.min(m, n)
    none = wrap(np.zeros(0, LU_data.array.dtype))
    P = wrap(_permutation(_order(LU_pivots.array - 1, m), LU_data.array.dtype)) if unpack_pivots else none
    if not unpack_data:
        return return_types.lu_unpack(P, none, none)
    lower = tril(LU_data[..., :, :k], -1) + wrap(np.eye(m, k, dtype=LU_data.array.dtype))
    return return_types.lu_unpack(P, lower, triu(LU_data[..., :k, :]))


def linalg_lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False, out: Any = None) -> Any:
    """The X of ``A X = B`` (or ``X A = B``; of the adjoint of A) from the result of ``lu_factor``."""
    if not left:
        turned = linalg_lu_solve(LU, pivots, B.conj().mT, adjoint=not adjoint)
        return _given(turned.conj().mT, out)
    n = LU.shape[-1]
    order = _order(np.broadcast_to(pivots.array - 1, (*pivots.shape[:-1], n)), n)
    if adjoint:
        turned = LU.conj().mT
        middle = solve_triangular(turned, B, upper=False)
        made = solve_triangular(turned, middle, upper=True, unitriangular=True)
        return _given(made.take_along_dim(wrap(np.argsort(order, -1)[..., None]), -2), out)
    batch = tuple(broadcast_shapes(order.shape[:-1], B.shape[:-2]))
    rows = B.expand(*batch, *B.shape[-2:]).take_along_dim(wrap(order[..., None]), -2)
    return _given(solve_triangular(LU, solve_triangular(LU, rows, upper=False, unitriangular=True), upper=True), out)


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any, *, out: Any = None) -> Any:
    """The older form of ``linalg.lu_solve``."""
    return linalg_lu_solve(LU_data, LU_pivots, b, out=out)


# --- functions of matrices -----------------------------------------------------------------------------------------

_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800,
    33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip


def _exponential(input: Any) -> Any:
    """By scaling and squaring with the Padé approximant of order 13 (Higham, 2005)."""
    if input.size == 0:
        return np.array(input)
    largest = float(np.abs(input).sum(-2).max())
    halvings = builtins.max(0, math.ceil(math.log2(largest / 5.37))) if 0 < largest < math.inf else 0
    a = input / input.dtype.type(2.0**halvings)
    one = _eye(a, a.shape[-1])
    b = [k / _PADE[0] for k in _PADE]
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one)
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    made = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        made = made @ made
    return made.astype(input.dtype, copy=False)


def _exponential_back(g: Any, input: Any) -> Any:
    """The derivative in the direction of g is the corner of the exponential of a block matrix."""
    turned, n = input.mT, input.shape[-1]
    zero = turned * 0
    block = np.concatenate([np.concatenate([turned, g], -1), np.concatenate([zero, turned], -1)], -2)
    return exponential(block)[..., :n, n:]


exponential: Any = lift(_exponential, name="linalg_matrix_exp", input=_exponential_back)


def matrix_exp(input: Any) -> Any:
    """The exponential of square matrices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_exp.html
    """
    return exponential(squares(input, "matrix_exp"))


def matrix_power(input: Any, n: int, *, out: Any = None) -> Any:
    """Square matrices to the power of an int, by repeated squaring; a negative one is of the inverse."""
    squares(input, "matrix_power")
    if n == 0:
        return _given(input.masked_fill(wrap(np.array(True)), 0) + wrap(_eye(input, input.shape[-1])), out)
    base, n = (inv(input), -n) if n < 0 else (input, n)
    made = None
    while n:
        if n & 1:
            made = base if made is None else matmul(made, base)
        n >>= 1
        base = matmul(base, base) if n else base
    return _given(made if made is not input else made.clone(), out)


# --- tensors as matrices -------------------------------------------------------------------------------------------


def tensorinv(A: Any, ind: int = 2, *, out: Any = None) -> Any:
    """The inverse of the map that ``tensordot`` with A is, its first ``ind`` dimensions being the result."""
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, last = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    n, m = math.prod(first), math.prod(last)
    if n != m:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {m}"
            f" != {n}"
        )
    return _given(reshape_to(inv(A.reshape(n, m)), last + first), out)


def tensorsolve(A: Any, B: Any, dims: Any = None, *, out: Any = None) -> Any:
    """The X for which ``tensordot(A, X, X.ndim) = B``; ``dims`` of A are first moved to the right."""
    if dims is not None:
        at = [d % A.ndim for d in dims]
        A = A.permute(*[i for i in range(A.ndim) if i not in at], *at)
    shape = tuple(A.shape[B.ndim :])
    n = math.prod(shape)
    if n != B.numel():
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]),"
            f" but got {n} != {B.numel()}"
        )
    return _given(reshape_to(solve(A.reshape(n, n), B.reshape(n)), shape), out)


def linalg_vander(x: Any, *, N: int | None = None) -> Any:
    """The powers 0 .. N-1 of each element, as a last dimension."""
    x = x if x.ndim else x.reshape(1)
    n = x.shape[-1] if N is None else N
    if N is not None and N <= 1:
        raise RuntimeError(f"N must be greater than 1, but got {N}.")
    ones = wrap(np.ones((*x.shape, 1), x.array.dtype))
    return cat([ones, x.unsqueeze(-1).expand(*x.shape, n - 1).cumprod(-1)], -1)


def vecdot(x: Any, y: Any, *, dim: int = -1, out: Any = None) -> Any:
    """The products of vectors along a dimension, the first conjugated."""
    check_dtypes("linalg.vecdot", x, y)
    return _given((x.conj() * y).sum(dim), out)


def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """``torch.diagonal`` of the last two dimensions."""
    return A.diagonal(offset, dim1, dim2)
