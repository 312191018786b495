"""Recurrent layers: each thread walks its own sequences of the batch through all times, and never waits for the others.

What ``ops/recurrent.py`` does for the whole batch step by step is done here for a block of sequences: two products with
the weights, then the gates row by row, while all of it is in the cache. The gradients of the weights, which are sums
over all rows, follow for some steps at a time, and from all threads when every one is through.

The matrices are small, and the same weights come back at every step: they are laid out once in panels, two vectors wide,
for our own tiles (``tiles.py``), which take them as they lie. BLAS would pack them again each time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .runtime import F, aligned, gemm, helper, kernel, prange, sigmoid, tanh, team
from .tiles import LANES, copy, multiply_few, transpose

__all__ = ["recurrence", "recurrence_backward"]

_LSTM, _GRU, _TANH, _RELU = range(4)
_KINDS = {"LSTM": _LSTM, "GRU": _GRU, "RNN_TANH": _TANH, "RNN_RELU": _RELU}
_GATES = (4, 3, 1, 1)
_ABSENT, _NONE = np.zeros((0, 0), F), np.zeros(0, F)
_MANY = 4  # steps: for fewer, BLAS takes the weights as they lie
_c = np.ascontiguousarray


@functools.lru_cache(maxsize=64)
def _times(sizes: tuple[int, ...], backward_in_time: bool) -> Any:
    """(first row, number of sequences) of each time, in the order in which they are computed."""
    widths = np.array(sizes)
    made = np.stack([np.cumsum(widths) - widths, widths], 1)
    return np.ascontiguousarray(made[::-1] if backward_in_time else made)


def _team(batch: int, rows: int, w_ih: Any, w_hh: Any) -> int:
    """The threads for the products of so many rows with the weights: each has four sequences of the batch or more."""
    return max(1, min(batch // 4, team(rows * (w_ih.size + w_hh.size) / 60)))


_WIDTH = 2 * LANES
"""Columns of a panel."""


@helper
def _whole(columns: int) -> int:
    """So many columns, rounded up to whole panels."""
    return -(-columns // _WIDTH) * _WIDTH


def _panels(w: Any) -> Any:
    """Memory for a matrix, or for its transpose, in panels: [columns / _WIDTH, rows, _WIDTH], flat."""
    return aligned(max(w.shape[0] * _whole(w.shape[1]), w.shape[1] * _whole(w.shape[0])))


@functools.lru_cache(maxsize=64)
def _places(rows: int, inputs: int, state: int, width: int) -> Any:
    """Where the elements of a row are, and where rows of inputs, of the state and of gates begin."""
    return np.multiply.outer([1, inputs, state, width], np.arange(max(rows, inputs, state, width)))


def _empty(*shape: int) -> Any:
    """Memory for a few steps; ``aligned`` takes longer and is for many."""
    return np.empty(shape, F)


def recurrence(
    input: Any,
    hx: Any,
    cx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    kind: str,
    sizes: tuple[int, ...],
    backward_in_time: bool,
) -> Any:
    """The twin of ``ops.recurrent._recurrence``."""
    code, rows, width = _KINDS[kind], len(input), len(w_hh)
    hidden = width // _GATES[code]
    # For many products it pays to rearrange the weights.
    form, empty = (_IN_PANELS, aligned) if len(sizes) >= _MANY else (_TRANSPOSED, _empty)
    wx, wh = [_panels(w) if form == _IN_PANELS else _c(w).reshape(-1) for w in (w_ih, w_hh)]
    count = _team(len(hx), rows, w_ih, w_hh)
    gates, out = empty(rows, width) if code <= _GRU else _ABSENT, _empty(rows, hx.shape[1])
    h = hx.copy()
    c = cx.copy() if code == _LSTM else h
    cells = empty(rows, hidden) if code <= _GRU else _ABSENT
    bias, inner = _biases(code, hidden, width, b_ih, b_hh)
    _forward(
        code, _c(input), _c(w_ih), _c(w_hh), wx, wh, form, _ABSENT if w_hr is None else _c(w_hr), bias, inner,
        _times(sizes, backward_in_time), h, c, gates, out, cells, empty(len(h), width),
        empty(len(h), hidden if code == _LSTM else width), _places(len(h), w_ih.shape[1], hx.shape[1], width),
        _empty(count, len(h) * _WIDTH), count,
    )  # fmt: skip
    kept = (out, gates, cells) if code <= _GRU else (out,)
    return (out, h, c if code == _LSTM else _NONE), kept


def _biases(code: int, hidden: int, width: int, b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    """What is added to the gates, and what a GRU adds to the hidden part of its new gate, before the reset."""
    if b_ih is None:
        return np.zeros(width, F), np.zeros(hidden, F)
    if code != _GRU:
        return b_ih + b_hh, b_hh
    bias = b_ih.copy()
    bias[: 2 * hidden] += b_hh[: 2 * hidden]
    return bias, b_hh[2 * hidden :]


@kernel
def _forward(
    code: int, x: Any, w_ih: Any, w_hh: Any, wx: Any, wh: Any, form: int, w_hr: Any, bias: Any, inner: Any,
    times: Any, h: Any, c: Any, gates: Any, out: Any, cells: Any, sums: Any, spare: Any, places: Any, edges: Any,
    count: int,
) -> None:  # fmt: skip
    n = len(h)
    if form == _IN_PANELS:
        for t in prange(count):
            _turn_into_panels(w_ih, wx, t, count)
            _turn_into_panels(w_hh, wh, t, count)
    if count == 1:
        _walk(
            code, x, wx, wh, form, w_hr, bias, inner, times, h, c, gates, out, cells, sums, spare, places, edges[0],
            0, n,
        )  # fmt: skip
    else:
        for t in prange(count):
            _walk(
                code, x, wx, wh, form, w_hr, bias, inner, times, h, c, gates, out, cells, sums, spare, places, edges[t],
                n * t // count, n * (t + 1) // count,
            )  # fmt: skip


@helper
def _turn_into_panels(w: Any, made: Any, t: int, count: int) -> None:
    """Part ``t`` of the transpose of ``w`` [n, k], in panels: matrices [k, _WIDTH], one after the other."""
    n, k = w.shape
    flat, panels = w.reshape(-1), -(-n // _WIDTH)
    for p in range(panels * t // count, panels * (t + 1) // count):
        left = _WIDTH * p
        transpose(flat, left * k, k, min(_WIDTH, n - left), k, made, left * k, _WIDTH)


@helper
def _into_panels(w: Any, made: Any, t: int, count: int) -> None:
    """The same of ``w`` [k, n] itself."""
    k, n = w.shape
    panels = -(-n // _WIDTH)
    for p in range(panels * t // count, panels * (t + 1) // count):
        left = _WIDTH * p
        width = min(_WIDTH, n - left)
        for j in range(k):
            at = left * k + j * _WIDTH
            made[at : at + width] = w[j, left : left + width]


@helper
def _walk(
    code: int, x: Any, wx: Any, wh: Any, form: int, w_hr: Any, bias: Any, inner: Any, times: Any, h: Any, c: Any,
    gates: Any, out: Any, cells: Any, sums: Any, spare: Any, places: Any, edge: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Sequences ``start`` to ``stop`` from the first time to the last."""
    projected = len(w_hr) > 0
    for s in range(len(times)):
        top, b = times[s, 0] + start, min(stop, times[s, 1]) - start
        if b <= 0:
            continue
        _product(x, top, wx, form, True, sums, start, b, places, 1, edge)
        _product(h, start, wh, form, code == _GRU, spare if code == _GRU else sums, start, b, places, 2, edge)
        for i in range(b):
            total, hidden = sums[start + i], h[start + i]
            if code == _LSTM:
                made = spare[start + i] if projected else hidden
                _lstm(total, bias, gates[top + i], c[start + i], cells[top + i], made)
            elif code == _GRU:
                _gru(total, bias, spare[start + i], inner, gates[top + i], cells[top + i], hidden)
            else:
                _simple(code, total, bias, hidden)
        if projected:
            _product(spare, start, w_hr.reshape(-1), _TRANSPOSED, True, h, start, b, places, 2, edge)
        for i in range(b):
            out[top + i] = h[start + i]


_AS_IT_LIES, _TRANSPOSED, _IN_PANELS = range(3)
_UNPACKED = 1_000_000  # up to so many multiplications OpenBLAS takes matrices as they lie, without copying them first
_UNPACKED_TRANSPOSED = 1200  # and up to so many results, if the right one is transposed


@helper
def _product(
    a: Any, top: int, w: Any, form: int, fresh: bool, y: Any, to: int, b: int, places: Any, kind: int, edge: Any
) -> None:
    """Put ``a[top : top + b] @ w`` into ``y[to : to + b]``, or unless ``fresh`` add it to what is there.

    ``w`` is a flat array: the matrix [k, n] as it lies, transposed, or in panels.
    """
    k, n = a.shape[1], y.shape[1]
    at = a.ctypes.data + 4 * top * k
    if form == _IN_PANELS:
        _times_panels(at, places[kind], b, places[0], k, w, k, y, to, edge, fresh)
        return
    piece = n
    if form == _TRANSPOSED and b * n > _UNPACKED_TRANSPOSED >= b * 16:
        piece = _UNPACKED_TRANSPOSED // b // 16 * 16
    while b * k * piece > _UNPACKED and piece > 64:
        piece = (piece + 127) // 128 * 64
    for left in range(0, n, piece):
        gemm(
            False, form == _TRANSPOSED, b, min(piece, n - left), k, at, k,
            w.ctypes.data + 4 * left * (k if form == _TRANSPOSED else 1), k if form == _TRANSPOSED else n,
            0.0 if fresh else 1.0, y.ctypes.data + 4 * (to * n + left), n,
        )  # fmt: skip


@helper
def _times_panels(
    at: int,
    rows: Any,
    count: int,
    steps: Any,
    depth: int,
    panels: Any,
    room: int,
    y: Any,
    to: int,
    edge: Any,
    fresh: bool,
) -> None:
    """Put the product of ``count`` rows with panels of ``room`` rows each into ``y``, from row ``to`` on, or add it."""
    n = y.shape[1]
    for left in range(0, n, _WIDTH):
        right, width = panels.ctypes.data + 4 * left * room, min(_WIDTH, n - left)
        if width == _WIDTH:
            target = y.ctypes.data + 4 * (to * n + left)
            multiply_few(at, rows.ctypes.data, count, steps.ctypes.data, depth, right, target, n, fresh)
            continue
        multiply_few(at, rows.ctypes.data, count, steps.ctypes.data, depth, right, edge.ctypes.data, _WIDTH, True)
        for i in range(count):
            row, made = y[to + i, left:], edge[i * _WIDTH :]
            for j in range(width):
                row[j] = made[j] if fresh else row[j] + made[j]


@helper
def _lstm(total: Any, bias: Any, gates: Any, cell: Any, kept: Any, made: Any) -> None:
    n = len(cell)
    i, f, new, o = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    total_new, total_o, bias_new, bias_o = total[2 * n : 3 * n], total[3 * n :], bias[2 * n : 3 * n], bias[3 * n :]
    for j in range(2 * n):
        gates[j] = sigmoid(total[j] + bias[j])
    for j in range(n):
        new[j] = tanh(total_new[j] + bias_new[j])
    for j in range(n):
        o[j] = sigmoid(total_o[j] + bias_o[j])
    for j in range(n):
        cell[j] = f[j] * cell[j] + i[j] * new[j]
    for j in range(n):
        kept[j] = cell[j]
    for j in range(n):
        made[j] = o[j] * tanh(cell[j])


@helper
def _gru(total: Any, bias: Any, product: Any, inner: Any, gates: Any, kept: Any, hidden: Any) -> None:
    n = len(hidden)
    r, z, new = gates[:n], gates[n : 2 * n], gates[2 * n :]
    total_new, bias_new, hidden_side = total[2 * n :], bias[2 * n :], product[2 * n :]
    for j in range(2 * n):
        gates[j] = sigmoid(total[j] + product[j] + bias[j])
    for j in range(n):
        kept[j] = hidden_side[j] + inner[j]
    for j in range(n):
        new[j] = tanh(total_new[j] + bias_new[j] + r[j] * kept[j])
    for j in range(n):
        hidden[j] = new[j] + z[j] * (hidden[j] - new[j])


@helper
def _simple(code: int, total: Any, bias: Any, hidden: Any) -> None:
    if code == _TANH:
        for j in range(len(hidden)):
            hidden[j] = tanh(total[j] + bias[j])
    else:
        for j in range(len(hidden)):
            v = total[j] + bias[j]
            hidden[j] = F(0) if v <= F(0) else v


# --- backward ------------------------------------------------------------------------------------------------------


def recurrence_backward(
    g_out: Any,
    g_h: Any,
    g_c: Any,
    input: Any,
    hx: Any,
    cx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    kept: Any,
    kind: str,
    sizes: tuple[int, ...],
    backward_in_time: bool,
    into_input: bool,
) -> Any:
    """The twin of ``ops.recurrent._recurrence_backward``."""
    code, (out, *rest) = _KINDS[kind], kept
    gates, cells = rest or (_ABSENT, _ABSENT)
    width, state, x, w_ih, w_hh = len(w_hh), hx.shape[1], _c(input), _c(w_ih), _c(w_hh)
    form, empty = (_IN_PANELS, aligned) if len(sizes) >= _MANY else (_AS_IT_LIES, _empty)
    wh = _panels(w_hh) if form == _IN_PANELS else w_hh.reshape(-1)
    wx = _panels(w_ih) if form == _IN_PANELS and into_input else w_ih.reshape(-1)
    dh, dc = empty(*hx.shape), np.array(g_c) if code == _LSTM else _ABSENT
    dh[...] = 0 if g_h is None else g_h
    dx = _empty(*x.shape) if into_input else _ABSENT
    count = _team(len(hx), len(x), w_ih, w_hh)
    # Of each thread: the gates' cotangents of some steps, what the products took in there, and its share of the sums
    # (the first thread's is what the others' are added to).
    room = min(len(x), max(_ROOM, -(-len(hx) // count)))
    d = empty(count, 2 if code == _GRU else 1, room, width)
    own = empty(count, (_whole(state) + _whole(x.shape[1])) * room + max(len(hx), width) * _WIDTH)
    places = _places(max(len(hx), room), x.shape[1], state, width)
    d_ih, d_hh = _empty(*w_ih.shape), _empty(*w_hh.shape)
    shares_ih, shares_hh = empty(count - 1, *w_ih.shape), empty(count - 1, *w_hh.shape)
    biases = np.zeros((count, d.shape[1], width), F)
    projected = np.empty_like(out) if w_hr is not None else _ABSENT
    dy = np.empty((len(dh), width // _GATES[code]), F) if w_hr is not None else dh
    _backward(
        code, _c(g_out), w_ih, w_hh, wx, wh, form, _ABSENT if w_hr is None else _c(w_hr), x, _c(hx), dh if cx is None else _c(cx),
        out, gates, cells, _times(sizes, backward_in_time), dh, dc, dy, d, own, d_ih, d_hh,
        shares_ih, shares_hh, biases, dx, projected, places, count,
    )  # fmt: skip
    sums = biases[0] if count == 1 else biases.sum(0)
    return (
        dx if into_input else _NONE,
        dh,
        dc if code == _LSTM else _NONE,
        d_ih,
        d_hh,
        _NONE if b_ih is None else sums[0],
        _NONE if b_hh is None else sums[-1],
        _NONE if w_hr is None else projected.T @ (gates[:, 3 * cells.shape[1] :] * np.tanh(cells)),
    )


@kernel
def _backward(
    code: int, g: Any, w_ih: Any, w_hh: Any, wx: Any, wh: Any, form: int, w_hr: Any, x: Any, hx: Any, cx: Any, out: Any, gates: Any, cells: Any,
    times: Any, dh: Any, dc: Any, dy: Any, d: Any, own: Any, d_ih: Any, d_hh: Any,
    shares_ih: Any, shares_hh: Any, biases: Any, dx: Any, projected: Any, places: Any, count: int,
) -> None:  # fmt: skip
    n = len(dh)
    if form == _IN_PANELS:
        for t in prange(count):
            _into_panels(w_hh, wh, t, count)
            if len(dx) > 0:
                _into_panels(w_ih, wx, t, count)
    if count == 1:
        _back(
            code, g, wx, wh, form, w_hr, x, hx, cx, out, gates, cells, times, dh, dc, dy, d[0], own[0], d_ih, d_hh,
            biases[0], dx, projected, places, 0, n,
        )  # fmt: skip
    else:
        for t in prange(count):
            _back(
                code, g, wx, wh, form, w_hr, x, hx, cx, out, gates, cells, times, dh, dc, dy, d[t], own[t],
                d_ih if t == 0 else shares_ih[t - 1], d_hh if t == 0 else shares_hh[t - 1], biases[t], dx, projected,
                places, n * t // count, n * (t + 1) // count,
            )  # fmt: skip
        for t in prange(count):
            _gather(shares_ih, d_ih, t, count)
            _gather(shares_hh, d_hh, t, count)


@helper
def _back(
    code: int, g: Any, wx: Any, wh: Any, form: int, w_hr: Any, x: Any, hx: Any, cx: Any, out: Any, gates: Any, cells: Any,
    times: Any, dh: Any, dc: Any, dy: Any, d: Any, own: Any, d_ih: Any, d_hh: Any, biases: Any, dx: Any,
    projected: Any, places: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Sequences ``start`` to ``stop`` from the last time to the first."""
    state, room, filled, fresh = out.shape[1], d.shape[1], 0, True
    middle = _whole(state) * room
    end = middle + _whole(x.shape[1]) * room
    taken_h, taken_x, edge = own[:middle], own[middle:end], own[end:]  # what the products took in, in panels
    for s in range(len(times) - 1, -1, -1):
        top, b = times[s, 0] + start, min(stop, times[s, 1]) - start
        if b <= 0:
            continue
        if filled + b > room:
            _add_products(d, taken_h, taken_x, filled, d_ih, d_hh, fresh, biases, places, edge)
            filled, fresh = 0, False
        for i in range(b):
            arriving, cotangent = g[top + i], dh[start + i]
            for j in range(state):
                cotangent[j] += arriving[j]
        if len(w_hr) > 0:
            for i in range(b):
                projected[top + i] = dh[start + i]
            _product(dh, start, w_hr.reshape(-1), _AS_IT_LIES, True, dy, start, b, places, 2, edge)
        for i in range(b):
            first = s == 0 or start + i >= times[s - 1, 1]  # of this sequence
            last = 0 if first else times[s - 1, 0] + start + i
            before = hx[start + i] if first else out[last]
            r = top + i
            _keep(before, taken_h, filled + i, room)
            _keep(x[r], taken_x, filled + i, room)
            if code == _LSTM:
                cell = cx[start + i] if first else cells[last]
                _lstm_back(gates[r], cell, cells[r], dy[start + i], dc[start + i], d[0, filled + i])
            elif code == _GRU:
                _gru_back(gates[r], cells[r], before, dh[start + i], d[0, filled + i], d[1, filled + i])
            else:
                _simple_back(code, out[r], dh[start + i], d[0, filled + i])
        into_hidden = d[len(d) - 1]
        _product(into_hidden, filled, wh, form, code != _GRU, dh, start, b, places, 3, edge)
        if len(dx) > 0:
            _product(d[0], filled, wx, form, True, dx, top, b, places, 3, edge)
        filled += b
    _add_products(d, taken_h, taken_x, filled, d_ih, d_hh, fresh, biases, places, edge)


_ROOM = 128  # rows; with them, the weights and their gradients in the second level cache, products run at full speed


@helper
def _keep(row: Any, panels: Any, i: int, room: int) -> None:
    """Make it row ``i`` of a matrix in panels of ``room`` rows."""
    for left in range(0, len(row), _WIDTH):
        target = panels.ctypes.data + 4 * (left * room + i * _WIDTH)
        copy(row.ctypes.data + 4 * left, target, min(_WIDTH, len(row) - left))


@helper
def _add_products(
    d: Any, taken_h: Any, taken_x: Any, rows: int, d_ih: Any, d_hh: Any, fresh: bool, biases: Any,
    places: Any, edge: Any,
) -> None:  # fmt: skip
    """Add what the steps in ``d`` and ``taken`` give to the gradients of the weights, and to the biases'."""
    room, width = d.shape[1:]
    _times_panels(d[len(d) - 1].ctypes.data, places[0], width, places[3], rows, taken_h, room, d_hh, 0, edge, fresh)
    _times_panels(d[0].ctypes.data, places[0], width, places[3], rows, taken_x, room, d_ih, 0, edge, fresh)
    for k in range(len(d)):
        total = biases[k]
        for i in range(rows):
            row = d[k, i]
            for j in range(len(total)):
                total[j] += row[j]


@helper
def _gather(shares: Any, made: Any, t: int, count: int) -> None:
    """Add the other threads' shares to some rows."""
    for i in range(len(made) * t // count, len(made) * (t + 1) // count):
        row = made[i]
        for u in range(len(shares)):
            share = shares[u, i]
            for j in range(len(row)):
                row[j] += share[j]


@helper
def _lstm_back(gates: Any, before: Any, cell: Any, dy: Any, dc: Any, d: Any) -> None:
    n = len(cell)
    i, f, new, o = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    di, df, dnew, do = d[:n], d[n : 2 * n], d[2 * n : 3 * n], d[3 * n :]
    one = F(1)
    for j in range(n):
        squashed = tanh(cell[j])
        do[j] = dy[j] * squashed * o[j] * (one - o[j])
        dc[j] += dy[j] * o[j] * (one - squashed * squashed)
    for j in range(n):
        di[j] = dc[j] * new[j] * i[j] * (one - i[j])
    for j in range(n):
        dnew[j] = dc[j] * i[j] * (one - new[j] * new[j])
    for j in range(n):
        df[j] = dc[j] * before[j] * f[j] * (one - f[j])
    for j in range(n):
        dc[j] *= f[j]


@helper
def _gru_back(gates: Any, inner: Any, before: Any, dh: Any, d: Any, hidden_side: Any) -> None:
    n = len(dh)
    r, z, new = gates[:n], gates[n : 2 * n], gates[2 * n :]
    dr, dz, dnew, hidden_new = d[:n], d[n : 2 * n], d[2 * n :], hidden_side[2 * n :]
    one = F(1)
    for j in range(n):
        dnew[j] = dh[j] * (one - z[j]) * (one - new[j] * new[j])
    for j in range(n):
        dr[j] = dnew[j] * inner[j] * r[j] * (one - r[j])
    for j in range(n):
        dz[j] = dh[j] * (before[j] - new[j]) * z[j] * (one - z[j])
    for j in range(n):
        hidden_new[j] = dnew[j] * r[j]
    for j in range(2 * n):
        hidden_side[j] = d[j]
    for j in range(n):
        dh[j] *= z[j]


@helper
def _simple_back(code: int, out: Any, dh: Any, d: Any) -> None:
    if code == _TANH:
        for j in range(len(dh)):
            d[j] = dh[j] * (F(1) - out[j] * out[j])
    else:
        for j in range(len(dh)):
            d[j] = dh[j] * F(out[j] > F(0))
