"""Inverses, solutions and determinants, and functions of (batches of) matrices.

NumPy's LAPACK computes. These functions are holomorphic: their formulas are textbook transposes, and the engine
conjugates around them.

Source: M. Giles, "An extended collection of matrix derivative results" (2008)
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import return_types
from ..half import is_half
from ..lift import given, lift
from ..tensor import wrap
from .joining import cat
from .linalg import check_dtypes, matmul
from .norms import check_float
from .shape import broadcast_shapes, reshape_to

__all__ = [
    "det", "inverse", "logdet", "matrix_exp", "matrix_power", "slogdet", "trace",
]  # fmt: skip


class LinAlgError(RuntimeError, np.linalg.LinAlgError):
    """A matrix for which the result does not exist: singular, or not positive-definite."""


def lapack(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
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


def adjoint(x: Any) -> Any:
    """The conjugate transpose, of arrays and Tensors."""
    return x.conj().mT


def diagonal_matrix(x: Any) -> Any:
    """Vectors as diagonal matrices."""
    return x[..., None] * np.eye(x.shape[-1], dtype=numpy_dtype(x))


def numpy_dtype(x: Any) -> Any:
    return np.dtype(x.dtype)


def eye_like(like: Any, n: int) -> Any:
    return np.eye(n, dtype=numpy_dtype(like))


# --- inverse, solve, determinant -----------------------------------------------------------------------------------

lapack_inv, lapack_solve = lapack("inv", np.linalg.inv), lapack("solve", np.linalg.solve)
lapack_eigh, lapack_svd = lapack("eigh", np.linalg.eigh), lapack("svd", np.linalg.svd)
invert: Any = lift(lambda input: lapack_inv(input), name="linalg_inv", input=lambda g, y: -(y.mT @ g @ y.mT))


def _solve_back(g: Any, y: Any, input: Any, needs: Any) -> Any:
    of_other = solve_matrices(input.mT, g)
    return -(of_other @ y.mT) if needs[0] else None, of_other


solve_matrices: Any = lift(
    lambda input, other: lapack_solve(input, other),
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
    weight = of_log if numpy_dtype(input).kind != "c" else of_log - 1j * (of_sign.conj() * y[0]).imag
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

    >>> import autograd
    >>> inv(autograd.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return invert(squares(A, "inv"), out=out)


def inverse(input: Any, *, out: Any = None) -> Any:
    """Another name of ``linalg.inv``."""
    return invert(squares(input, "inv"), out=out)


def inv_ex(A: Any, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverses, and for each an int that is not 0 where the matrix is singular.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.inv_ex.html

    >>> import autograd
    >>> inv_ex(autograd.tensor([[2.0, 0.0], [0.0, 4.0]])).inverse
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    squares(A, "inv_ex")
    info = failures(A.array, np.linalg.inv)
    if check_errors and info.any():
        raise LinAlgError("linalg.inv_ex: singular matrix")
    made = invert(A) if not info.any() else wrap(np.full_like(A.array, np.nan))
    return given(return_types.linalg_inv_ex(made, wrap(info)), out)


def failures(array: Any, function: Any) -> Any:
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

    >>> import autograd
    >>> solve(autograd.tensor([[2.0, 1.0], [1.0, 3.0]]), autograd.tensor([5.0, 5.0]))
    tensor([2., 1.])
    """
    squares(A, "solve")
    check_dtypes("linalg.solve", A, B)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector and not left:
        raise RuntimeError("linalg.solve: Vector broadcasting of the left hand side is not supported for left=False.")
    right = B.unsqueeze(-1) if vector else B
    if not left:
        return given(solve(A.mT, B.mT).mT, out)
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
    return given(made.squeeze(-1) if vector else made, out)


def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """``solve``, and for each matrix an int that is not 0 where it is singular.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve_ex.html

    >>> import autograd
    >>> solve_ex(autograd.tensor([[2.0, 1.0], [1.0, 3.0]]), autograd.tensor([5.0, 5.0])).info
    tensor(0, dtype=torch.int32)
    """
    info = failures(A.array, np.linalg.inv)
    if info.any() and check_errors:
        raise LinAlgError("linalg.solve_ex: singular matrix")
    made = solve(A, B, left=left) if not info.any() else wrap(np.full_like(B.array, np.nan))
    return given(return_types.linalg_solve_ex(made, wrap(info)), out)


def det(input: Any, *, out: Any = None) -> Any:
    """The determinants of square matrices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.det.html

    >>> import autograd
    >>> det(autograd.tensor([[2.0, 1.0], [1.0, 3.0]]))
    tensor(5.)
    """
    return determinant(squares(input, "det"), out=out)


def slogdet(input: Any, *, out: Any = None) -> Any:
    """Sign (for complex matrices, phase) and logarithm of the absolute value of the determinants.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.slogdet.html

    >>> import autograd
    >>> slogdet(autograd.tensor([[-2.0, 0.0], [0.0, 1.0]]))
    torch.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.6931))
    """
    return given(return_types.linalg_slogdet(*sign_and_log(squares(input, "slogdet"))), out)


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


# --- functions of matrices -----------------------------------------------------------------------------------------

_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip


def _exponential(input: Any) -> Any:
    """By scaling and squaring with the Padé approximant of order 13 (Higham, 2005)."""
    if input.size == 0:
        return np.array(input)
    largest = float(np.abs(input).sum(-2).max())
    halvings = builtins.max(0, math.ceil(math.log2(largest / 5.37))) if 0 < largest < math.inf else 0
    a = input / input.dtype.type(2.0**halvings)
    one = eye_like(a, a.shape[-1])
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

    >>> import autograd
    >>> matrix_exp(autograd.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    input = squares(input, "matrix_exp")
    return exponential(input.float()).to(input.dtype) if is_half(input.array.dtype) else exponential(input)


def matrix_power(input: Any, n: int, *, out: Any = None) -> Any:
    """Square matrices to the power of an int, by repeated squaring; a negative one is of the inverse.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_power.html

    >>> import autograd
    >>> matrix_power(autograd.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    squares(input, "matrix_power")
    if n == 0:
        return given(input.masked_fill(wrap(np.array(True)), 0) + wrap(eye_like(input, input.shape[-1])), out)
    base, n = (inv(input), -n) if n < 0 else (input, n)
    made = None
    while n:
        if n & 1:
            made = base if made is None else matmul(made, base)
        n >>= 1
        base = matmul(base, base) if n else base
    return given(made if made is not input else made.clone(), out)


# --- tensors as matrices -------------------------------------------------------------------------------------------


def tensorinv(A: Any, ind: int = 2, *, out: Any = None) -> Any:
    """The inverse of the map that ``tensordot`` with A is, its first ``ind`` dimensions being the result.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.tensorinv.html

    >>> import autograd
    >>> tensorinv(autograd.eye(4).reshape(2, 2, 4), ind=2).shape
    torch.Size([4, 2, 2])
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, last = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    n, m = math.prod(first), math.prod(last)
    if n != m:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {m}"
            f" != {n}"
        )
    return given(reshape_to(inv(A.reshape(n, m)), last + first), out)


def tensorsolve(A: Any, B: Any, dims: Any = None, *, out: Any = None) -> Any:
    """The X for which ``tensordot(A, X, X.ndim) = B``; ``dims`` of A are first moved to the right.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.tensorsolve.html

    >>> import autograd
    >>> tensorsolve(autograd.eye(4).reshape(2, 2, 4), autograd.ones(2, 2))
    tensor([1., 1., 1., 1.])
    """
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
    return given(reshape_to(solve(A.reshape(n, n), B.reshape(n)), shape), out)


def linalg_vander(x: Any, *, N: int | None = None) -> Any:
    """The powers 0 .. N-1 of each element, as a last dimension."""
    x = x if x.ndim else x.reshape(1)
    n = x.shape[-1] if N is None else N
    if N is not None and N <= 1:
        raise RuntimeError(f"N must be greater than 1, but got {N}.")
    ones = wrap(np.ones((*x.shape, 1), x.array.dtype))
    return cat([ones, x.unsqueeze(-1).expand(*x.shape, n - 1).cumprod(-1)], -1)


def vecdot(x: Any, y: Any, *, dim: int = -1, out: Any = None) -> Any:
    """The products of vectors along a dimension, the first conjugated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.vecdot.html

    >>> import autograd
    >>> vecdot(autograd.tensor([[1.0, 2.0], [3.0, 4.0]]), autograd.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    check_dtypes("linalg.vecdot", x, y)
    return given((x.conj() * y).sum(dim), out)


def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """``torch.diagonal`` of the last two dimensions."""
    return A.diagonal(offset, dim1, dim2)
