"""Records of reductions and cumulative operations."""

from __future__ import annotations

import numpy as np

from autograd.ops import cumulative as k
from autograd.ops import reduction as r
from autograd.ops import statistics as s

from .records import Record, args, complex_normal, distinct, normal, positive


def over(make=normal):
    """A reduction over everything, one dimension, several, with and without keeping them, 0-d."""
    return [
        args(make(3, 4)),
        args(make(3, 4), 1),
        args(make(2, 3, 2), (0, -1), True),
        args(make(2, 3), 0, keepdim=True),
        args(make()),
    ]


def one(make=normal):
    """A reduction over everything or over one dimension."""
    return [args(make(3, 4)), args(make(3, 4), 1), args(make(2, 3, 2), -2, True), args(make())]


def numpy_of(function):
    """NumPy's function under PyTorch's argument names."""
    return lambda input, dim=None, keepdim=False: function(input, axis=dim if dim != () else None, keepdims=keepdim)


zeros = [np.array([[0.0, 2, 3], [0, 0, 5], [1, 2, 3]])]
picked = np.array([[2], [0], [1]])
complex_ones = [args(complex_normal(3, 4), 1), args(complex_normal(2, 3))]
spreads = [
    args(normal(3, 4), None, 1, False),
    args(normal(3, 4), 1, 0, True),
    args(normal(2, 3, 4), (0, 2), 2, False),
    args(complex_normal(3, 4), 0, 1, False),
]
one_dim = [args(normal(3, 4), 1), args(normal(2, 3, 2), -2), args(normal(70), 0), args(normal(), 0)]

RECORDS = [
    Record(r.sum, over() + complex_ones + [args(normal(0, 3))], numpy_of(np.sum)),
    Record(r.mean, over() + complex_ones, numpy_of(np.mean)),
    Record(r.spread, spreads, lambda x, dim, c, keep: np.var(x, dim, ddof=c, keepdims=keep)),
    Record(r.deviation, spreads, lambda x, dim, c, keep: np.std(x, dim, ddof=c, keepdims=keep)),
    Record(
        r.prod,
        [*one(), *one(positive), args(zeros[0], 1), args(zeros[0], 0), args(zeros[0]), args(complex_normal(3, 2), 0)],
        numpy_of(np.prod),
    ),
    Record(
        r.logsumexp,
        [args(normal(3, 4), 1), args(normal(2, 3, 2), (0, 2), True), args(normal(), 0)],
        lambda x, dim, keep=False: np.log(np.exp(x).sum(dim if x.ndim else None, keepdims=keep)),
    ),
    Record(r.amax, over(distinct), numpy_of(np.max)),
    Record(r.amin, over(distinct), numpy_of(np.min)),
    Record(r.max_of_all, [args(distinct(3, 4)), args(distinct())], np.max),
    Record(r.min_of_all, [args(distinct(3, 4)), args(distinct())], np.min),
    Record(r.argmax, one(distinct), numpy_of(np.argmax)),
    Record(r.argmin, one(distinct), numpy_of(np.argmin)),
    Record(r.all, [args(normal(3, 4) > -1), args(normal(3, 4) > -1, 1)], numpy_of(np.all)),
    Record(r.any, [args(normal(3, 4) > 1), args(normal(3, 4) > 1, 1)], numpy_of(np.any)),
    Record(r.count_nonzero, [args(normal(3, 4) > 1), args(normal(3, 4) > 1, 1)], np.count_nonzero),
    Record(
        r.pick,
        [args(normal(3, 4), picked, 1, True, "max"), args(normal(3, 4), picked, 1, False, "max")],
        lambda x, i, d, keep, by: np.take_along_axis(x, i, d) if keep else np.take_along_axis(x, i, d)[:, 0],
    ),
    Record(
        r.put_back,
        [args(normal(3, 1), picked, 1, True, "max", (3, 4)), args(normal(3), picked, 1, False, "max", (3, 4))],
    ),
    Record(k.shift, [args(normal(3, 4), 1, 1), args(normal(3, 4), 0, -2), args(normal(3), 0, 5)]),
    Record(k.turned, [args(normal(3, 4), 1)], lambda x, dim: x[:, ::-1]),
    Record(r.spread_out, [args(normal(3, 1), (3, 4)), args(normal(), (2,))], np.broadcast_to),
    Record(k.product_of_others, [args(normal(3, 4), 1), args(zeros[0], 1), args(zeros[0], 0)]),
    Record(k.recur, [args(normal(3, 4), normal(3, 4), 1), args(normal(70), normal(70) * 0.5, 0)]),
    Record(k.cumsum, one_dim, lambda x, dim: np.cumsum(x, dim) if x.ndim else x),
    Record(
        k.cumprod, [*one_dim, args(zeros[0], 1), args(zeros[0], 0)], lambda x, dim: np.cumprod(x, dim) if x.ndim else x
    ),
    Record(k.logcumsumexp, one_dim, lambda x, dim: np.log(np.cumsum(np.exp(x), dim)) if x.ndim else x),
    Record(k.gather_along, [args(normal(3, 4), np.array([[0, 0, 3], [1, 2, 1], [3, 3, 3]]), 1)], np.take_along_axis),
    Record(k.scatter_along, [args(normal(3, 3), np.array([[0, 0, 3], [1, 2, 1], [3, 3, 3]]), 1, (3, 4))]),
]

RECORDS.append(
    Record(
        s.median_of_all,
        [args(distinct(3, 3), False), args(distinct(2, 3), True), args(distinct(), False)],
        lambda x, skip: np.sort(x, None)[(x.size - 1) // 2],
    )
)
