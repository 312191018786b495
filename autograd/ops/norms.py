"""Norms of vectors and matrices, and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..half import rounded_once
from ..lift import elementwise, general, lift, write_out
from ..memory import in_order
from ..tensor import Tensor, normal_dim
from .piecewise import sgn
from .reduction import dims_of
from .shape import movedim, reshape_to

__all__ = ["cdist", "dist", "frobenius_norm", "norm", "norm_except_dim", "nuclear_norm", "renorm"]

inf = math.inf

# --- vectors -------------------------------------------------------------------------------------------------------


@rounded_once
def _vector_norm(input: Any, ord: float, dims: Any, keepdim: Any) -> Any:
    if ord == 2 and input.dtype.kind == "f":
        return in_order(np.sqrt(np.add.reduce(input * input, axis=dims, keepdims=keepdim)))
    size = np.abs(input)
    if ord == inf:
        return np.maximum.reduce(size, axis=dims, keepdims=keepdim)
    if ord == -inf:
        return np.minimum.reduce(size, axis=dims, keepdims=keepdim)
    if ord == 0:
        return np.add.reduce(size != 0, axis=dims, keepdims=keepdim).astype(size.dtype)
    if ord == 1:
        return np.add.reduce(size, axis=dims, keepdims=keepdim)
    return np.add.reduce(size**ord, axis=dims, keepdims=keepdim) ** (1.0 / ord)


def _kept(x: Any, shape: Any, dims: Any) -> Any:
    """A reduced value with the reduced dimensions again, as 1."""
    return x.reshape(tuple([1 if dims is None or i in dims else n for i, n in enumerate(shape)]))


def _safe(x: Any) -> Any:
    return np.where(x == 0, 1.0 + 0 * x, x)


share: Any = elementwise(
    lambda input, other: np.where(other == 0, 0, input / other),
    name="share",  # a quotient that is 0 where the divisor is, as the derivative of a norm is there
    input=lambda g, other: share(g, other),
    other=lambda g, y, other: -share(g * y, other),
)


def _vector_norm_back(g: Any, y: Any, input: Any, ord: float, dims: Any, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    g, y = _kept(g, shape, dims), _kept(y, shape, dims)
    if ord == 0:
        return None
    if ord == 1:
        return g * sgn(input)
    if ord == 2:
        return input * share(g, y)
    size = np.abs(input)
    if ord in (inf, -inf):
        ties = (size == y) * 1.0
        return sgn(input) * (
            ties * (g / ties.sum(dims if dims is not None else tuple(range(len(shape))), keepdims=True))
        )
    power = np.where(size == 0, 0 * size, _safe(size) ** (ord - 1)) if ord < 2 else size ** (ord - 1)
    return sgn(input) * (power * np.where(y == 0, 0 * y, g * _safe(y) ** (1 - ord)))


norm_over: Any = lift(
    _vector_norm,
    name="linalg_vector_norm",
    holomorphic=False,
    input=lambda g, y, input, ord, dims, keepdim: _vector_norm_back(g, y, input, ord, dims, keepdim),
)


def check_float(input: Any, name: str) -> Any:
    """Raise RuntimeError for a tensor of integers."""
    if input.array.dtype.kind not in "fcV":
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {input.dtype}. Convert it first:"
            " x.float()"
        )
    return input


def _in(input: Any, dtype: Any) -> Any:
    return input if dtype is None else input.to(dtype)


def vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """The ``ord``-norm of the vectors along ``dim`` (an int, several, or None for all elements).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html

    >>> import autograd
    >>> vector_norm(autograd.tensor([3.0, -4.0]), ord=1)
    tensor(7.)
    """
    x = _in(check_float(x, "linalg.vector_norm"), dtype)
    dims = dims_of(dim, x.ndim)
    empty = (
        x.array.size == 0
        and (ord < 0 or ord == inf)
        and 0 in [x.shape[d] for d in (dims if dims is not None else range(x.ndim))]
    )
    if empty:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not have"
            " an identity"
        )
    return norm_over(x, ord.item() if isinstance(ord, Tensor) else ord, dims, keepdim, out=out)


# --- matrices ------------------------------------------------------------------------------------------------------


def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """A norm of the matrices in two dimensions: "fro", "nuc", 2, -2, 1, -1, inf or -inf.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html

    >>> import autograd
    >>> matrix_norm(autograd.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    from .decompositions import svdvals

    A = _in(check_float(A, "linalg.matrix_norm"), dtype)
    if A.ndim < 2:
        raise RuntimeError(
            f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, but it has {A.ndim}."
        )
    if len(tuple(dim)) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple, not {dim}")
    rows, columns = (normal_dim(d, A.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim, out=out)
    if ord in ("nuc", 2, -2):
        values = svdvals(movedim(A, (rows, columns), (-2, -1)))
        none = values.shape[-1] == 0 and ord == 2  # the largest of no singular values is 0
        made = values.sum(-1) if ord == "nuc" or none else values.amax(-1) if ord == 2 else values.amin(-1)
    elif ord in (1, -1, inf, -inf):
        summed, rest = (rows, columns) if ord in (1, -1) else (columns, rows)
        sums = vector_norm(A, 1, summed, True)
        if A.shape[rest] == 0 and ord > 0:  # the largest of no sums is 0
            return A.abs().sum((rows, columns), keepdim=keepdim)
        made = sums.amax(rest, keepdim=True) if ord > 0 else sums.amin(rest, keepdim=True)
        made = made.squeeze((rows, columns))
    else:
        raise RuntimeError(
            f"linalg.matrix_norm: Order {ord} not supported. Use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    if keepdim:
        made = reshape_to(made, tuple([1 if i in (rows, columns) else n for i, n in enumerate(A.shape)]))
    return made if out is None else write_out(out, made)


def linalg_norm(
    A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """``linalg.norm``: of all elements, of vectors (one ``dim``) or of matrices (two).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.norm.html

    >>> import autograd
    >>> linalg_norm(autograd.tensor([3.0, 4.0]))
    tensor(5.)
    """
    A = check_float(A, "linalg.norm")
    if dim is None and ord is not None:
        if A.ndim not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
            )
        dim = (0,) if A.ndim == 1 else (0, 1)
    pair = isinstance(dim, (tuple, list)) and len(dim) == 2
    if ord is not None and pair:
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype, out=out)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: order {ord!r} is for matrices: give two dims, not {dim}")
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype, out=out)


def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None) -> Any:
    """The ``p``-norm over ``dim``, or over all elements; "fro" is 2, "nuc" the sum of singular values.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.norm.html

    >>> import autograd
    >>> autograd.norm(autograd.tensor([3.0, 4.0])).item()
    5.0
    """
    if p in ("fro", 2) and dtype is None and input.array.dtype.kind == "f":  # the ordinary case
        return norm_over(input, 2, dims_of(dim, input.array.ndim), keepdim, out=out)
    check_float(input, "norm")
    if p == "nuc":
        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found: {p}")
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype, out=out)


def frobenius_norm(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The root of the sum of squares over ``dim``."""
    return vector_norm(input, 2, dim, keepdim, out=out)


def nuclear_norm(input: Any, dim: Any = (-2, -1), keepdim: bool = False, *, out: Any = None) -> Any:
    """The sum of the singular values."""
    return matrix_norm(input, "nuc", dim, keepdim, out=out)


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The norms over all dimensions but ``dim`` (weight normalization), with the dimensions kept."""
    if dim == -1:
        return norm_over(v, pow, None, False)
    at = normal_dim(dim, v.ndim)
    return norm_over(v, pow, tuple([i for i in range(v.ndim) if i != at]), True)


def cond(A: Any, p: Any = None, *, out: Any = None) -> Any:
    """The condition number of matrices in a norm; by default the ratio of the extreme singular values.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.cond.html

    >>> import autograd
    >>> cond(autograd.tensor([[4.0, 0.0], [0.0, 2.0]]))
    tensor(2.)
    """
    from .decompositions import svdvals
    from .matrices import inv

    check_float(A, "linalg.cond")
    if p in (None, 2, -2):
        values = svdvals(A)
        made = values[..., 0] / values[..., -1] if p != -2 else values[..., -1] / values[..., 0]
    else:
        if A.shape[-1] != A.shape[-2]:
            raise RuntimeError(
                f"linalg.cond(p={p}): A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]}"
                " matrices"
            )
        made = matrix_norm(A, p) * matrix_norm(inv(A), p)
    return made if out is None else write_out(out, made)


# --- distances -----------------------------------------------------------------------------------------------------


@rounded_once
def _distances(x1: Any, x2: Any, by_product: bool) -> Any:
    if by_product:  # |a|^2 - 2ab + |b|^2 by one matrix product
        square = (x1 * x1).sum(-1)[..., :, None] + (x2 * x2).sum(-1)[..., None, :] - 2 * (x1 @ x2.mT)
        return np.sqrt(np.maximum(square, 0))
    return _by_rows(lambda rows: np.sqrt(np.vecdot(d := rows[..., None, :] - x2[..., None, :, :], d)), x2, x1)


def _by_rows(work: Any, x2: Any, *arrays: Any) -> Any:
    """What ``work`` makes of so many rows of arrays at a time that all their differences from ``x2`` stay small."""
    rows, batch = arrays[-1].shape[-2], np.broadcast_shapes(arrays[-1].shape[:-2], x2.shape[:-2])
    step = max(1, 500_000 // max(1, math.prod((*batch, *x2.shape[-2:]))))
    pieces = [work(*[a[..., i : i + step, :] for a in arrays]) for i in range(0, max(1, rows), step)]
    return in_order(np.concatenate(pieces, -2)) if len(pieces) > 1 else in_order(pieces[0])


@rounded_once
def _pull(weight: Any, x1: Any, x2: Any) -> Any:
    """For each i the sum over j of ``weight[i, j] * (x1[i] - x2[j])``: a difference of sums would lose the digits of close rows."""
    return _by_rows(
        lambda w, rows: (w[..., None, :] @ (rows[..., None, :] - x2[..., None, :, :]))[..., 0, :], x2, weight, x1
    )


pull: Any = general(
    _pull,
    name="cdist_backward",
    weight=lambda g, x1, x2: (g * x1).sum(-1)[..., None] - g @ x2.mT,
    x1=lambda g, weight: g * weight.sum(-1)[..., None],
    x2=lambda g, weight: -(weight.mT @ g),
)


def _attracted(g: Any, y: Any, x1: Any, x2: Any, by_product: bool) -> Any:
    weight = share(g, y)
    return x1 * weight.sum(-1)[..., None] - weight @ x2 if by_product else pull(weight, x1, x2)


euclidean: Any = lift(
    _distances,
    name="cdist",
    x1=lambda g, y, x1, x2, by_product: _attracted(g, y, x1, x2, by_product),
    x2=lambda g, y, x1, x2, by_product: _attracted(g.mT, y.mT, x2, x1, by_product),
)

_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary") -> Any:
    """The ``p``-norm distances between all rows of ``x1`` (B, P, M) and of ``x2`` (B, R, M): (B, P, R).

    ``compute_mode`` says whether Euclidean distances come from one matrix product, which is fast and loses the digits of
    rows that are close to each other: always, never, or (by default) if there are more than 25 rows.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cdist.html
    """
    if compute_mode is not None and compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode: it must be one of {', '.join(_MODES)}")
    for i, x in enumerate((x1, x2)):
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{i + 1} got: {x.ndim}D")
        if not dtypes.is_float(x.array.dtype):
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{i + 1} got: {x.dtype}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, not {p}")
    many = max(x1.shape[-2], x2.shape[-2]) > 25 and compute_mode != _MODES[2]
    if p == 2 and x1.shape[-1]:
        return euclidean(x1, x2, many or compute_mode == _MODES[1])
    return (
        norm_over(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, (max(x1.ndim, x2.ndim),), False)
        if x1.shape[-1]
        else euclidean(x1, x2, True)
    )


def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """The ``p``-norm of ``input - other``."""
    return vector_norm(input - other, p)


def renorm(input: Any, p: float, dim: int, maxnorm: float, *, out: Any = None) -> Any:
    """A copy in which each slice along ``dim`` whose ``p``-norm exceeds ``maxnorm`` is scaled down to it."""
    from .elementwise import mul

    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported: {p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    at = normal_dim(dim, input.ndim)
    size = norm_over(input, p, tuple([i for i in range(input.ndim) if i != at]), True)
    return mul(input, np.where(size > maxnorm, maxnorm / (size + 1e-7), 1.0 + 0 * size), out=out)
