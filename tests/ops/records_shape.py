"""Records of shapes, indexing, joining and the parts of complex numbers."""

from __future__ import annotations

import numpy as np

from autograd.ops import complex as parts
from autograd.ops import copies, indexing, joining, selection, shape, strides

from .records import Record, args, away_from, complex_normal, distinct, normal, positive, unary


def _windows(x, dimension, size, step):
    if x.ndim == 0:
        return x.reshape(1)[:size]
    found = np.lib.stride_tricks.sliding_window_view(x, size, dimension)
    return found[(slice(None),) * dimension + (slice(None, None, step),)]


def _strided(x, size, stride, offset, own):
    flat = np.concatenate([x.reshape(-1), np.zeros(40)])
    at = sum(
        np.arange(n).reshape([-1 if i == k else 1 for k in range(len(size))]) * s
        for i, (n, s) in enumerate(zip(size, stride, strict=True))
    )
    return flat[offset + at]


def _added(x, index, size):
    made = np.zeros(size, x.dtype)
    np.add.at(made, index, x)
    return made


def _put(x, value, index, path, order):
    made = x.copy()
    made[index] = value
    return made


def _diagonals(x, size, offset, dim1, dim2):
    made = np.zeros(size)
    view = np.diagonal(made, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = x
    return made


def _at(ufunc):
    def combine(x, src, index):
        made = x.copy()
        ufunc.at(made, index, src)
        return made

    return combine


MASK = np.array([[True, False, True, False], [False, True, True, False], [False, False, False, True]])
ROWS = np.array([2, 0, 2])
DIAGONAL = ((strides.diagonal_of.op, (0, 0, 1)),)
TRANSPOSED = ((shape.swap.op, (0, 1)), (indexing.take_view.op, ((slice(1, 3), ...),)))

RECORDS = [
    Record(shape.sum_to, [args(normal(3, 4), (1, 4)), args(normal(2, 3, 4), (4,)), args(normal(3), ())], lambda x, s: _sum_to(x, s)),
    Record(shape.cast, [args(normal(3), np.dtype(np.float64)), args(complex_normal(3), np.dtype(np.float64))], lambda x, d: x.real.astype(d), float32=False),
    Record(shape.broadcast, [args(normal(3, 1), (2, 3, 4)), args(normal(), (2,)), args(normal(0, 1), (0, 3))], np.broadcast_to),
    Record(shape.alias, unary(normal), lambda x: x),
    Record(shape.reshape_to, [args(normal(3, 4), (2, 6)), args(normal(), (1, 1)), args(normal(0, 3), (3, 0))], np.reshape),
    Record(shape.squeeze_to, [args(normal(1, 3), (3,))], np.reshape),
    Record(shape.unsqueeze_to, [args(normal(3), (3, 1))], np.reshape),
    Record(shape.transpose_by, [args(normal(2, 3, 4), (2, 0, 1)), args(normal(), ())], np.transpose),
    Record(shape.swap, [args(normal(2, 3, 4), 0, 2)], np.swapaxes),
    Record(strides.diagonal_of, [args(normal(3, 4), 1, 0, 1), args(normal(2, 3, 3), -1, 2, 0)], np.diagonal),
    Record(strides.windows, [args(normal(5, 3), 0, 2, 1), args(normal(2, 7), 1, 3, 2), args(normal(), 0, 1, 1)], _windows),
    Record(strides.restride, [args(normal(6), (2, 3), (1, 2), 0, (1,)), args(normal(3, 4), (2, 2), (4, 1), 2, (4, 1))], _strided),
    Record(strides.sum_windows, [args(normal(4, 3, 2), (5, 3), 0, 2, 1)]),
    Record(strides.embed_diagonal, [args(normal(3), (3, 4), 1, 0, 1)], _diagonals),
    Record(strides.sum_strided, [args(normal(2, 3), (6,), (2, 3), (1, 2), 0, (1,))]),
    Record(strides.laid_out, [args(normal(6), (2, 2), (3, 2), 1, (1,))]),
    Record(copies.repeat_by, [args(normal(2, 3), (2, 1, 3)), args(normal(), (2,))], np.tile),
    Record(copies.sum_repeats, [args(normal(2, 2, 9), (2, 1, 3), (2, 3))], lambda x, r, s: x.reshape(2, 2, 3, 3).sum((0, 2))),
    Record(copies.flip_over, [args(normal(2, 3), (1,)), args(normal(2, 3), (0, 1))], np.flip),
    Record(copies.roll_by, [args(normal(2, 3), (1, -2), (0, 1)), args(normal(2, 3), 4, None)], np.roll),
    Record(copies.tril, [args(normal(3, 4), 1), args(normal(2, 3, 3), -1)], np.tril),
    Record(copies.triu, [args(normal(3, 4), 1), args(normal(2, 3, 3), -1)], np.triu),
    Record(shape.copy_as, [args(normal(2, 3), None), args(normal(2, 3), "C"), args(normal(2, 3, 2, 2), "last")], lambda x, order: x),
    # reading and writing
    Record(indexing.take_view, [args(normal(3, 4), (slice(0, 2), None, 1)), args(normal(3, 4), (..., slice(None, None, 2)))], lambda x, i: x[i]),
    Record(indexing.take_at, [args(normal(3, 4), ROWS), args(normal(3, 4), MASK), args(normal(3, 4), (slice(None), ROWS)), args(normal(3, 4), (ROWS, ROWS))], lambda x, i: x[i]),
    Record(indexing.scatter_at, [args(normal(3, 4), ROWS, (3, 4)), args(normal(5), MASK, (3, 4)), args(normal(3), (ROWS, ROWS), (3, 4)), args(normal(2, 3), (slice(None), ROWS), (2, 3))], _added),
    Record(indexing.overwrite, [args(normal(3, 4), normal(4), 1, (), None), args(normal(3, 4), normal(2, 1), np.array([0, 2]), (), None)], _put),
    Record(indexing.overwrite, [args(normal(3, 3), normal(3), ..., DIAGONAL, None), args(normal(2, 4), normal(2, 1), ..., TRANSPOSED, (1, 0))]),
    Record(indexing.erase, [args(normal(3, 4), 1, (), None), args(normal(2, 4), ..., TRANSPOSED, None)]),
    Record(indexing.extract, [args(normal(3, 4), 1, (), None), args(normal(3, 3), ..., DIAGONAL, None)]),
    Record(indexing.embed, [args(normal(4), 1, (), None, (3, 4), np.dtype(np.float64)), args(normal(3), ..., DIAGONAL, None, (3, 3), np.dtype(np.float64))], float32=False),
    Record(selection.maximum_at, [args(distinct(3, 4), 0.3 + distinct(3, 4), ROWS)], _at(np.maximum)),
    Record(selection.minimum_at, [args(distinct(3, 4), 0.3 + distinct(3, 4), ROWS)], _at(np.minimum)),
    Record(selection.multiply_at, [args(normal(3, 4), normal(3, 4), ROWS), args(normal(3), np.array([0.0, 2.0, 3.0]), ROWS)], _at(np.multiply)),
    Record(selection.selected, [args(normal(3, 4), ROWS, 0), args(normal(2, 3), ROWS, 1), args(normal(3, 2), np.array([[0, 1], [2, 2]]), 0)], np.take),
    Record(selection.rows_into_zeros, [args(normal(3, 4), ROWS, 0, (3, 4)), args(normal(2, 3), ROWS, 1, (2, 3))]),
    Record(selection.filled, [args(normal(3, 4), MASK, normal()), args(normal(4), MASK, 2.0)], lambda x, m, v: np.where(m, v, x)),
    Record(
        selection.gather_along,
        [args(normal(3, 4), np.array([[0, 2, 2, 1], [1, 1, 0, 0]]), 0), args(normal(2, 3, 2), np.array([[[1], [0]], [[2], [2]]]), 1)],
        lambda x, index, dim: np.take_along_axis(x[tuple(slice(n) if d != dim else slice(None) for d, n in enumerate(index.shape))], index, dim),
    ),
    Record(
        selection.scatter_along,
        [args(normal(2, 4), np.array([[0, 2, 2, 1], [1, 1, 0, 0]]), 0, (3, 4)), args(normal(2, 2, 1), np.array([[[1], [0]], [[2], [2]]]), 1, (2, 3, 2))],
    ),
    # joining
    Record(joining.concatenate_along, [args(normal(2, 3), normal(1, 3), dim=0, sizes=(2, 1)), args(normal(2, 0), normal(2, 2), dim=1, sizes=(0, 2))], lambda *t, dim, sizes: np.concatenate(t, dim)),
    Record(joining.stack_along, [args(normal(2, 3), normal(2, 3), dim=1), args(normal(), normal(), dim=0)], lambda *t, dim: np.stack(t, dim)),
    Record(joining.split_sizes, [args(normal(3, 5), (1, 4), 1), args(normal(3, 2), (0, 3), 0)], lambda x, sizes, dim: tuple(np.split(x, np.cumsum(sizes)[:-1], dim))),
    Record(joining.split_equally, [args(normal(3, 5), 2, 1), args(normal(4), 4, 0)], lambda x, size, dim: tuple(np.split(x, range(size, x.shape[dim], size), dim))),
    Record(joining.unbind_at, [args(normal(3, 2), 1), args(normal(3), 0)], lambda x, dim: tuple(np.moveaxis(x, dim, 0))),
    # complex numbers
    Record(parts.real_part, unary(complex_normal), np.real),
    Record(parts.imaginary_part, unary(complex_normal), np.imag),
    Record(parts.pairs_of, unary(complex_normal), lambda x: np.stack([x.real, x.imag], -1)),
    Record(parts.join_parts, [args(normal(3), normal(3)), args(normal(3, 1), normal(2))], lambda a, b: a + 1j * b),
    Record(parts.conjugate, [*unary(complex_normal), *unary(normal)], np.conjugate),
    Record(parts.angle, [args(complex_normal(3, 4)), args(away_from(0.0)(3)), args(positive(2))], np.angle),
]  # fmt: skip


def _sum_to(x, size):
    extra = x.ndim - len(size)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(size) if n == 1)
    return x.sum(axes, keepdims=True).reshape(size)
