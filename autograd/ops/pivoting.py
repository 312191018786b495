"""Decompositions with row exchanges, as LAPACK has them: LU of any matrices, LDL of symmetric and Hermitian ones.

Source: Golub and Van Loan, "Matrix Computations"; J. Bunch and L. Kaufman, "Some stable methods for calculating inertia
and solving symmetric linear systems" (1977), in the form of LAPACK's ``sytf2`` and ``hetf2``.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from .. import return_types
from ..graph import is_grad_enabled
from ..lift import given, lift
from ..tensor import wrap
from .copies import tril, triu
from .decompositions import solve_triangular
from .joining import cat
from .linalg import check_dtypes
from .matrices import LinAlgError, adjoint, eye_like, matrices, solve_matrices, squares
from .shape import broadcast_shapes

__all__ = ["lu", "lu_solve", "lu_unpack"]

METHODS = ["lu", "lu_solve"]
"""What is a method of Tensor though its first argument has another name."""

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
    return np.tril(packed, -1) + eye_like(packed, packed.shape[-1]), np.triu(packed)


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


def linalg_lu(A: Any, *, pivot: bool = True, out: Any = None) -> Any:
    """The permutation P, unit lower L and upper U of ``A = P L U``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lu.html
    """
    _, order, lower, upper = _factors(matrices(A, "lu"), pivot)
    if not pivot:
        return given(return_types.linalg_lu(wrap(np.zeros(0, A.array.dtype)), lower, upper), out)
    return given(return_types.linalg_lu(wrap(_permutation(order, A.array.dtype)), lower, upper), out)


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
    return given(return_types.linalg_lu_factor(packed, wrap(pivots + 1)), out)


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
    return given(return_types.linalg_lu_factor_ex(packed, pivots, wrap(info)), out)


def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True, *, out: Any = None
) -> Any:
    """P, L and U from the result of ``lu_factor``."""
    m, n = LU_data.shape[-2:]
    k = builtins.min(m, n)
    none = wrap(np.zeros(0, LU_data.array.dtype))
    P = wrap(_permutation(_order(LU_pivots.array - 1, m), LU_data.array.dtype)) if unpack_pivots else none
    if not unpack_data:
        return given(return_types.lu_unpack(P, none, none), out)
    lower = tril(LU_data[..., :, :k], -1) + wrap(np.eye(m, k, dtype=LU_data.array.dtype))
    return given(return_types.lu_unpack(P, lower, triu(LU_data[..., :k, :])), out)


def linalg_lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False, out: Any = None) -> Any:
    """The X of ``A X = B`` (or ``X A = B``; of the adjoint of A) from the result of ``lu_factor``."""
    if not left:
        turned = linalg_lu_solve(LU, pivots, B.conj().mT, adjoint=not adjoint)
        return given(turned.conj().mT, out)
    n = LU.shape[-1]
    batch = tuple(broadcast_shapes(pivots.shape[:-1], B.shape[:-2]))
    order = _order(np.broadcast_to(pivots.array - 1, (*batch, n)), n)
    if adjoint:
        turned = LU.conj().mT
        middle = solve_triangular(turned, B, upper=False)
        made = solve_triangular(turned, middle, upper=True, unitriangular=True)
        return given(made.take_along_dim(wrap(np.argsort(order, -1)[..., None]), -2), out)
    rows = B.expand(*batch, *B.shape[-2:]).take_along_dim(wrap(order[..., None]), -2)
    return given(solve_triangular(LU, solve_triangular(LU, rows, upper=False, unitriangular=True), upper=True), out)


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any, *, out: Any = None) -> Any:
    """The older form of ``linalg.lu_solve``."""
    return linalg_lu_solve(LU_data, LU_pivots, b, out=out)


def lu(A: Any, pivot: bool = True, get_infos: bool = False, out: Any = None) -> tuple[Any, ...]:
    """The older form of ``linalg.lu_factor``, and with ``get_infos`` of ``linalg.lu_factor_ex``."""
    packed, pivots, info = lu_factor_ex(A, pivot=pivot)
    return given(return_types._lu_with_info(packed, pivots, info) if get_infos else (packed, pivots), out)  # type: ignore[no-any-return]


# --- LDL -----------------------------------------------------------------------------------------------------------

_ALPHA = (1 + math.sqrt(17)) / 8  # the bound below which growth is least, of one step with 1 x 1 and 2 x 2 pivots


def _size(x: Any) -> Any:
    """LAPACK's measure of a complex number."""
    return np.abs(x.real) + np.abs(x.imag)


def _pivot(a: Any, k: int) -> tuple[int, int]:
    """Which row (from 0) is exchanged in step k, and whether the pivot has 1 row or 2. A zero column has none: 0."""
    own, below = _size(a[k, k]), _size(a[k + 1 :, k])
    largest = below.max(initial=0)
    if max(own, largest) == 0:
        return k, 0
    if own >= _ALPHA * largest:
        return k, 1
    at = k + 1 + int(below.argmax())
    in_row = max(_size(a[at, k:at]).max(initial=0), _size(a[at + 1 :, at]).max(initial=0))
    if own >= _ALPHA * largest * (largest / in_row):
        return k, 1
    return (at, 1) if _size(a[at, at]) >= _ALPHA * in_row else (at, 2)


def _exchange(a: Any, i: int, j: int, first: int, turn: Any) -> None:
    """Rows and columns i < j of the symmetric matrix of which ``a`` has the lower triangle, from column ``first`` on."""
    below_i, below_j = a[j + 1 :, i].copy(), a[j + 1 :, j].copy()
    a[j + 1 :, i], a[j + 1 :, j] = below_j, below_i
    between, row = a[i + 1 : j, i].copy(), a[j, i + 1 : j].copy()
    a[i + 1 : j, i], a[j, i + 1 : j] = turn(row), turn(between)
    a[j, i] = turn(a[j, i])
    a[i, i], a[j, j] = a[j, j], a[i, i]
    a[i, first:i], a[j, first:i] = a[j, first:i].copy(), a[i, first:i].copy()


def _factor(a: Any, hermitian: bool) -> tuple[Any, int]:
    """LDL in place of the lower triangle of one matrix; the exchanges from 1, negative where a pivot has two rows."""
    turn = np.conj if hermitian else np.asarray
    n, info, k = len(a), 0, 0
    pivots = np.zeros(n, np.int32)
    while k < n:
        if hermitian:
            a[k, k] = a[k, k].real
        other, rows = _pivot(a, k)
        last = k + max(rows, 1) - 1
        if other != last:
            _exchange(a, last, other, k, turn)
        pivots[k : last + 1] = other + 1 if rows < 2 else -(other + 1)
        if rows == 0:
            info = info or k + 1
        else:
            block = _symmetric(a[k : last + 1, k : last + 1], turn)
            columns = a[last + 1 :, k : last + 1]
            parts = np.linalg.solve(block.T, columns.T).T
            a[last + 1 :, last + 1 :] -= np.tril(parts @ turn(columns).T)
            a[last + 1 :, k : last + 1] = parts
        k = last + 1
    return pivots, info


def _symmetric(block: Any, turn: Any) -> Any:
    """The whole matrix of a lower triangle."""
    return np.tril(block) + turn(np.tril(block, -1)).T


def _constant(name: str, *tensors: Any) -> None:
    if is_grad_enabled() and any(t.requires_grad for t in tensors):
        raise NotImplementedError(f"derivative for {name} is not implemented: detach its arguments, or use no_grad")


def ldl_factor_ex(A: Any, *, hermitian: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """``ldl_factor``, and for each matrix an int that is not 0 where D has a zero on its diagonal."""
    squares(A, "linalg.ldl_factor_ex")
    _constant("linalg_ldl_factor_ex", A)
    n = A.shape[-1]
    packed = np.tril(A.array)
    found = [_factor(a, hermitian and a.dtype.kind == "c") for a in packed.reshape(math.prod(A.shape[:-2]), n, n)]
    pivots = np.array([p for p, _ in found], np.int32).reshape(A.shape[:-1])
    info = np.array([i for _, i in found], np.int32).reshape(A.shape[:-2])
    if check_errors and info.any():
        raise LinAlgError("linalg.ldl_factor_ex: D has a zero on its diagonal: the matrix is singular")
    return given(return_types.linalg_ldl_factor_ex(wrap(packed), wrap(pivots), wrap(info)), out)


def ldl_factor(A: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """L and D of ``P A P^T = L D L^T`` (``L^H``, if ``hermitian``) in one lower triangle, and the row exchanges.

    D has blocks of one and of two rows, which negative exchanges tell. There is no gradient.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.ldl_factor.html

    >>> import autograd
    >>> autograd.linalg.ldl_factor(autograd.tensor([[4.0, 2.0], [2.0, 3.0]])).LD.tolist()
    [[4.0, 0.0], [0.5, 2.0]]
    """
    packed, pivots, _ = ldl_factor_ex(A, hermitian=hermitian, check_errors=True)
    return given(return_types.linalg_ldl_factor(packed, pivots), out)


def _solved(a: Any, pivots: Any, b: Any, turn: Any) -> Any:
    """``A^-1 b`` of one matrix: L and D from the first row on, L^T from the last."""
    steps, k = [], 0
    while k < len(a):
        last = k + (pivots[k] < 0)
        steps.append((k, last, abs(int(pivots[k])) - 1))
        k = last + 1
    for k, last, other in steps:
        b[[last, other]] = b[[other, last]]
        b[last + 1 :] -= a[last + 1 :, k : last + 1] @ b[k : last + 1]
        b[k : last + 1] = np.linalg.solve(_symmetric(a[k : last + 1, k : last + 1], turn), b[k : last + 1])
    for k, last, other in reversed(steps):
        b[k : last + 1] -= turn(a[last + 1 :, k : last + 1]).T @ b[last + 1 :]
        b[[last, other]] = b[[other, last]]
    return b


def ldl_solve(LD: Any, pivots: Any, B: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """The X of ``A X = B`` from the result of ``ldl_factor``. There is no gradient."""
    squares(LD, "linalg.ldl_solve")
    check_dtypes("linalg.ldl_solve", LD, B)
    _constant("linalg_ldl_solve", LD, B)
    batch = tuple(broadcast_shapes(LD.shape[:-2], B.shape[:-2]))
    factors, exchanges, made = (
        np.broadcast_to(t.array, (*batch, *t.shape[-n:])) for t, n in ((LD, 2), (pivots, 1), (B, 2))
    )
    made = made.copy()
    turn = np.conj if hermitian else np.asarray
    for at in np.ndindex(*batch):
        made[at] = _solved(factors[at], exchanges[at], made[at].copy(), turn)
    return given(wrap(made), out)
