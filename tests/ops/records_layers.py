"""Records of the operations of layers: convolution, pooling, resampling, recurrence, attention."""

from __future__ import annotations

import itertools

import numpy as np

from autograd.ops import attention as at
from autograd.ops import avg_pooling, max_pooling, sliding
from autograd.ops import conv as c
from autograd.ops import recurrent as rec
from autograd.ops import resample as rs

from .records import Record, args, distinct, normal

# --- convolution ---------------------------------------------------------------------------------------------------


def convolve(x, w, bias, stride, padding, dilation, groups):
    """The definition, element by element."""
    n = w.ndim - 2
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    sizes = [
        (m - d * (k - 1) - 1) // s + 1 for m, d, k, s in zip(x.shape[2:], dilation, w.shape[2:], stride, strict=True)
    ]
    y = np.zeros((len(x), len(w), *sizes))
    per = len(w) // groups
    for o, at_ in itertools.product(range(len(w)), np.ndindex(*sizes)):
        channels = slice(o // per * w.shape[1], (o // per + 1) * w.shape[1])
        window = [
            slice(a * s, a * s + d * (k - 1) + 1, d)
            for a, s, d, k in zip(at_, stride, dilation, w.shape[2:], strict=True)
        ]
        y[(slice(None), o, *at_)] = (x[(slice(None), channels, *window)] * w[o]).sum(tuple(range(1, n + 2)))
    return y if bias is None else y + bias.reshape(-1, *[1] * n)


def geometry(x, w, bias, stride=1, padding=0, dilation=1, groups=1):
    """Arguments of a convolution, numbers spread over its dimensions; padding may be a pair of sides."""
    n = len(w) - 2
    sides = padding if isinstance(padding, tuple) else (padding, padding)
    return args(
        normal(*x), normal(*w), normal(w[0]) if bias else None, (stride,) * n, (sides,) * n, (dilation,) * n, groups
    )


convolutions = [
    geometry((2, 2, 20), (3, 2, 3), True),  # planes
    geometry((2, 6, 5), (3, 6, 2), False, stride=2, padding=1),  # pixels, strided
    geometry((3, 4, 5, 4), (3, 4, 2, 2), True, padding=1),  # pixels
    geometry((2, 1, 4, 19), (2, 1, 2, 3), True, stride=2, padding=(0, 1)),  # planes, strided
    geometry((2, 4, 4, 18), (4, 2, 1, 2), True, groups=2, dilation=2),  # planes, groups
    geometry((2, 3, 4, 4), (3, 1, 3, 3), False, padding=1, groups=3),  # depthwise
    geometry((2, 3, 2, 3), (4, 3, 1, 1), True),  # pointwise
    geometry((1, 2, 3, 3, 3), (2, 2, 2, 2, 2), True, padding=1),
]
adjoints_in_input = [
    args(normal(2, 3, 18), normal(3, 2, 3), (20,), (1,), ((0, 0),), (1,), 1),  # planes, shifted
    args(normal(2, 3, 3), normal(3, 6, 2), (5,), (2,), ((1, 1),), (1,), 1),  # pixels, strided, one element not reached
    args(normal(2, 3, 6, 5), normal(3, 4, 2, 2), (5, 4), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),  # pixels, turned kernel
    args(normal(2, 3, 4, 4), normal(3, 1, 3, 3), (4, 4), (1, 1), ((1, 1), (1, 1)), (1, 1), 3),  # depthwise
    args(normal(2, 2, 2, 9), normal(2, 2, 2, 3), (4, 19), (2, 2), ((0, 1), (0, 1)), (1, 1), 1),  # planes, strided
    args(normal(2, 4, 2, 3), normal(4, 3, 1, 1), (2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),  # pointwise
]
adjoints_in_weight = [
    args(normal(2, 3, 18), normal(2, 2, 20), (3,), (1,), ((0, 0),), (1,), 1),
    args(normal(2, 3, 6, 5), normal(2, 4, 5, 4), (2, 2), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    args(normal(2, 3, 4, 4), normal(2, 3, 4, 4), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 3),
]

# --- pooling -------------------------------------------------------------------------------------------------------

halves = sliding.Windows((4, 6), (2, 2), (2, 2), (0, 0), (1, 1), False)
odd = sliding.Windows((5, 5), (2, 2), (2, 2), (0, 0), (1, 1), False)
overlapping = sliding.Windows((5, 6), (3, 2), (2, 1), (1, 1), (1, 2), True)
line = sliding.Windows((7,), (3,), (2,), (1,), (1,), True)


def winners(w):
    """An input, and the taps that win in it."""
    x = distinct(2, 3, *w.spatial)
    return args(x, max_pooling._largest_and_tap(x, w)[1], w)


def placed(w):
    """Cotangents for these winners."""
    taps = winners(w).args[1]
    return args(normal(*taps.shape), taps, w)


def naive_mean(x, w, scale):
    """Window by window."""
    n = len(w.kernel)
    full = np.zeros((*x.shape[:-n], *w.padded))
    full[(..., *w.inside)] = x
    y = np.zeros((*x.shape[:-n], *w.result))
    for at_ in np.ndindex(*w.result):
        window = [slice(a * s, a * s + k) for a, s, k in zip(at_, w.stride, w.kernel, strict=True)]
        y[(..., *at_)] = full[(..., *window)].sum(tuple(range(-n, 0)))
    return y * scale


mean_windows = sliding.Windows((5, 6), (3, 2), (2, 1), (1, 1), (1, 1), True)
flat = np.array([[[0, 5, 2], [7, 7, 1]]])

# --- resampling ----------------------------------------------------------------------------------------------------

tables = [rs.averaging(7, 3), rs.interpolation(5, 9, "linear", False, None, False, False), rs.interpolation(6, 4, "cubic", True, None, False, False), rs.interpolation(3, 6, "nearest", False, None, False, True)]  # fmt: skip


def dense(table):
    """The table as a matrix."""
    made = np.zeros((len(table.places), table.size))
    np.add.at(made, (np.arange(len(made))[:, None], table.places), table.weights)
    return made


read_at, inside = np.array([[[0, 5], [3, 3]], [[1, 2], [0, 4]]]), np.array([[[True, True], [False, True]]] * 2)

# --- recurrence and attention --------------------------------------------------------------------------------------


def recurrence(kind, sizes, backward, biases=True, projected=0):
    """The arguments of one direction of one layer: 3 inputs, 4 hidden."""
    n, b, p_ = rec.GATES[kind] * 4, sizes[0], projected or 4
    return args(
        normal(sum(sizes), 3), normal(b, p_), normal(b, 4) if kind == "LSTM" else None, normal(n, 3), normal(n, p_),
        *([normal(n), normal(n)] if biases else [None, None]), normal(p_, 4) if projected else None, kind, sizes, backward,
    )  # fmt: skip


def stepwise(*arguments):
    """The plain definition, computed with Tensors that record nothing."""
    import autograd

    tensors = [autograd.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    made = [t.array for t in rec.recorded(*tensors)]
    return made if arguments[8] == "LSTM" else [*made[:2], np.empty(0)]


recurrences = [
    recurrence("LSTM", (2, 2, 2, 2, 2), False), recurrence("LSTM", (3, 2, 1), True, projected=2), recurrence("LSTM", (2,), False, biases=False),
    recurrence("GRU", (2, 2, 2, 2), False), recurrence("GRU", (3, 2, 2, 1, 1), True), recurrence("GRU", (2,), False, biases=False),
    recurrence("RNN_TANH", (2, 2), True), recurrence("RNN_RELU", (2, 1), False),
]  # fmt: skip

steps = [
    args(normal(2, 3), normal(2, 4), normal(12, 3), normal(12, 4), normal(12), normal(12), "GRU"),
    args(normal(3, 3), normal(3, 4), normal(4, 3), normal(4, 4), None, None, "RNN_TANH"),
]


def one_step(input, hx, w_ih, w_hh, b_ih, b_hh, kind):
    """The same."""
    return stepwise(input, hx, None, w_ih, w_hh, b_ih, b_hh, None, kind, (len(input),), False)[0]


some_dropped = np.array([0.0, 2.0, 2.0, 2.0, 0.0]) * np.ones((2, 3, 4, 5))
attentions = [
    args(normal(2, 4, 3), normal(2, 5, 3), normal(2, 5, 2), None, None, 0.5, False),
    args(normal(2, 3, 4, 3), normal(2, 3, 5, 3), normal(2, 3, 5, 2), normal(4, 5), some_dropped, 0.5, False),
    args(normal(1, 3, 2), normal(1, 3, 2), normal(1, 3, 2), None, None, 1.0, True),
    args(normal(1, 3, 2), normal(1, 3, 2), normal(1, 3, 2), np.where(np.tri(3) > 0, 0, -np.inf), None, 1.0, False),
]


def attend(q, k, v, mask, dropped, scale, causal):
    """The formula."""
    s = q @ k.swapaxes(-1, -2) * scale + (0 if mask is None else mask)
    s = np.where(np.tri(*s.shape[-2:]) > 0, s, -np.inf) if causal else s
    e = np.exp(s - s.max(-1, keepdims=True))
    e /= e.sum(-1, keepdims=True)
    return (e if dropped is None else e * dropped) @ v


RECORDS = [
    Record(c.convolution, convolutions, convolve),
    Record(c.convolution_input, adjoints_in_input),
    Record(c.convolution_weight, adjoints_in_weight),
    Record(c.sum_channels, [args(normal(2, 3, 4)), args(normal(1, 2, 2, 3))], lambda x: x.sum((0, *range(2, x.ndim)))),
    Record(max_pooling.pick_taps, [winners(halves), winners(odd), winners(overlapping), winners(line)]),
    Record(max_pooling.place_taps, [placed(halves), placed(odd), placed(overlapping), placed(line)]),
    Record(
        max_pooling.take_flat,
        [args(normal(1, 2, 2, 4), flat)],
        lambda x, i: np.take_along_axis(x.reshape(1, 2, 8), i, 2),
    ),
    Record(max_pooling.put_flat, [args(normal(1, 2, 3), flat, (2, 4))]),
    Record(max_pooling.unpool, [args(normal(1, 2, 3), np.array([[[0, 5, 2], [7, 6, 1]]]), (2, 4))]),
    Record(
        avg_pooling.window_sums,
        [
            args(normal(2, 3, 5, 6), mean_windows, 0.25),
            args(normal(2, 1, 5, 6), mean_windows, normal(*mean_windows.result)),
        ],
        naive_mean,
    ),
    Record(avg_pooling.window_spread, [args(normal(2, 3, *mean_windows.result), mean_windows, 0.25)]),
    Record(
        rs.blend,
        [args(normal(2, t.size, 3), t, 1) for t in tables],
        lambda x, t, dim: np.einsum("os,bsc->boc", dense(t), x),
    ),
    Record(rs.read_places, [args(normal(2, 3, 2, 3), read_at, inside)]),
    Record(rs.write_places, [args(normal(2, 3, 2, 2), read_at, inside, (2, 3))]),
    Record(rs.unfold_columns, [args(normal(2, 2, 5, 4), (2, 3), (1, 1), (1, 0), (2, 1))]),
    Record(rs.fold_columns, [args(normal(2, 12, 6), (5, 4), (2, 3), (1, 1), (1, 0), (2, 1))]),
    Record(rec.recurrence, recurrences, stepwise),
    Record(rec.step, steps, one_step),
    Record(at.attention, attentions, attend),
]
