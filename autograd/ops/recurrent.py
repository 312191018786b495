"""Recurrent layers: one direction of one layer over a whole sequence, as one operation.

``recurrence`` takes the sequence as *rows*: the elements of all sequences of the batch, time by time. ``sizes[t]`` says
how many sequences are still running at time t (never more than before), so that a packed batch and an ordinary one are
the same thing. The input's projection is one matrix product for all times at once, and so are the gradients of all the
weights; only what really depends on the step before stays in the loop.

The fast backward is an operation of its own, ``recurrence_backward``. Nobody wrote its derivative by hand: it comes
from ``recorded``, the same recurrence written plainly with recorded operations, which the engine differentiates
twice. It is also what the tests compare the fast forms with.

Gates are in PyTorch's order: LSTM input, forget, cell, output; GRU reset, update, new. A sigmoid is computed as
(1 + tanh(x / 2)) / 2, so that one call of tanh does all gates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..fast import twin
from ..graph import is_casting, like
from ..lift import lift
from ..tensor import Tensor
from ..threads import one_blas_thread
from .again import differentiate_again

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]

Sizes = tuple[int, ...]
GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _steps(sizes: Sizes, backward_in_time: bool) -> list[tuple[int, int, int]]:
    """(first row, end row, number of sequences) of each time, in the order in which they are computed."""
    found, start = [], 0
    for b in sizes:
        found.append((start, start + b, b))
        start += b
    return found[::-1] if backward_in_time else found


def _prepared(kind: str, hidden: int, steps: int, *arrays: Any) -> tuple[list[Any], float]:
    """Weights and biases for many steps, with the rows of the sigmoid gates halved (exactly: it is a power of two).

    For few steps that does not pay: they are left as they are, and the second result says what is still to be done.
    """
    if kind not in ("LSTM", "GRU") or steps < 4:
        return list(arrays), 0.5
    scale = np.full((GATES[kind] * hidden, 1), 0.5, next(a for a in arrays if a is not None).dtype)
    scale[2 * hidden : 3 * hidden] = 1
    return [None if a is None else a * (scale if a.ndim == 2 else scale[:, 0]) for a in arrays], 1.0


def _fits_kernel(input: Any, hx: Any, cx: Any, w_ih: Any, w_hh: Any, *rest: Any) -> bool:
    """Whether a compiled kernel takes these arguments of ``_recurrence``."""
    if len(input) * len(w_hh) < 1024:
        return False
    for array in (input, hx, cx, w_ih, w_hh, *rest[:3]):
        if array is not None and array.dtype is not _FLOAT32:
            return False
    return True


_FLOAT32 = np.dtype(np.float32)


def _fits_backward(g_out: Any, g_h: Any, g_c: Any, *arrays: Any) -> bool:
    return _fits_kernel(*arrays) and g_out.dtype == np.float32


# --- forward -------------------------------------------------------------------------------------------------------


@twin("recurrent.recurrence", when=_fits_kernel)
def _recurrence(
    input: Any,
    hx: Any,
    cx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    kind: str,
    sizes: Sizes,
    backward_in_time: bool,
) -> Any:
    """(rows, I), (B, P), (B, H) -> ((rows, P), (B, P), (B, H) or empty), and what the backward wants to know."""
    hidden = w_hh.shape[0] // GATES[kind]
    (wx, wh, bx, bh), left = _prepared(kind, hidden, len(sizes), w_ih, w_hh, b_ih, b_hh)
    across = np.ascontiguousarray(wh.T) if left == 1 else wh.T
    gates = np.matmul(input, wx.T)
    if bx is not None:
        gates += bx
        if kind == "GRU":
            gates[:, : 2 * hidden] += bh[: 2 * hidden]
        else:
            gates += bh
    out = np.empty((len(input), hx.shape[1]), gates.dtype)
    h = np.array(hx)
    c = np.array(cx) if cx is not None else h
    steps = _steps(sizes, backward_in_time)
    with one_blas_thread():
        if kind == "LSTM":
            kept = _lstm(gates, out, h, c, across, w_hr, steps, left)
        elif kind == "GRU":
            kept = _gru(gates, out, h, across, None if bh is None else bh[2 * hidden :], steps, left)
        else:
            kept = _simple(gates, out, h, across, kind, steps)
    return (out, h, c if kind == "LSTM" else np.empty(0, out.dtype)), (out, *kept)


def _lstm(gates: Any, out: Any, h: Any, c: Any, wh: Any, w_hr: Any, steps: Any, left: float) -> Any:
    n = c.shape[1]
    cells = np.empty((len(gates), n), gates.dtype)
    product, update = np.empty((len(h), 4 * n), gates.dtype), np.empty((len(h), n), gates.dtype)
    for start, end, b in steps:
        hb, cb, g, u = h[:b], c[:b], gates[start:end], update[:b]
        g += np.matmul(hb, wh, out=product[:b])
        if left != 1:
            g[:, : 2 * n] *= left
            g[:, 3 * n :] *= left
        np.tanh(g, out=g)
        for sigmoids in (g[:, : 2 * n], g[:, 3 * n :]):
            sigmoids *= 0.5
            sigmoids += 0.5
        cb *= g[:, n : 2 * n]
        cb += np.multiply(g[:, :n], g[:, 2 * n : 3 * n], out=u)
        np.tanh(cb, out=u)
        if w_hr is None:
            np.multiply(g[:, 3 * n :], u, out=hb)
        else:
            np.matmul(np.multiply(g[:, 3 * n :], u, out=u), w_hr.T, out=hb)
        out[start:end], cells[start:end] = hb, cb
    return gates, cells


def _gru(gates: Any, out: Any, h: Any, wh: Any, bias: Any, steps: Any, left: float) -> Any:
    n = h.shape[1]
    inner = np.empty((len(gates), n), gates.dtype)  # the hidden part of the new gate, before the reset
    product = np.empty((len(h), 3 * n), gates.dtype)
    for start, end, b in steps:
        hb, g, q, p = h[:b], gates[start:end], inner[start:end], product[:b]
        np.matmul(hb, wh, out=p)
        switches, new = g[:, : 2 * n], g[:, 2 * n :]
        switches += p[:, : 2 * n]
        if left != 1:
            switches *= left
        np.tanh(switches, out=switches)
        switches *= 0.5
        switches += 0.5
        q[...] = p[:, 2 * n :]
        if bias is not None:
            q += bias
        new += np.multiply(g[:, :n], q, out=p[:, :n])
        np.tanh(new, out=new)
        hb -= new
        hb *= g[:, n : 2 * n]
        hb += new
        out[start:end] = hb
    return gates, inner


def _simple(gates: Any, out: Any, h: Any, wh: Any, kind: str, steps: Any) -> tuple[Any, ...]:
    for start, end, b in steps:
        hb, g = h[:b], gates[start:end]
        g += hb @ wh
        if kind == "RNN_TANH":
            np.tanh(g, out=hb)
        else:
            np.maximum(g, 0, out=hb)
        out[start:end] = hb
    return ()


# --- backward ------------------------------------------------------------------------------------------------------


@twin("recurrent.recurrence_backward", when=_fits_backward)
def _recurrence_backward(
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
    sizes: Sizes,
    backward_in_time: bool,
    into_input: bool,
) -> Any:
    """The cotangents of input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr (empty arrays for those that are None).

    That of the input is empty as well unless ``into_input``: the first layer of a network need not know it. ``g_h`` and
    ``g_c`` may be None for zeros where there is no cell.
    """
    out, *rest = kept
    steps = _steps(sizes, backward_in_time)
    before = _before(hx, out, steps)
    cells_before = _before(cx, rest[1], steps) if kind == "LSTM" else None
    steps.reverse()
    dh, dc = np.zeros(hx.shape, hx.dtype) if g_h is None else np.array(g_h), np.array(g_c)
    d_hr = None
    with one_blas_thread():
        if kind == "LSTM":
            dx, d_hr = _lstm_backward(g_out, dh, dc, w_hh, w_hr, cells_before, rest, steps)
            hidden_side = dx
        elif kind == "GRU":
            dx, hidden_side = _gru_backward(g_out, dh, w_hh, before, rest, steps)
        else:
            dx = hidden_side = _simple_backward(g_out, dh, w_hh, out, kind, steps)
    empty = np.empty(0, out.dtype)
    return (
        np.matmul(dx, w_ih) if into_input else empty,
        dh,
        dc if kind == "LSTM" else empty,
        np.matmul(dx.T, input),
        np.matmul(hidden_side.T, before),
        empty if b_ih is None else dx.sum(0),
        empty if b_hh is None else hidden_side.sum(0),
        empty if d_hr is None else d_hr,
    )


def _before(first: Any, after: Any, steps: Any) -> Any:
    """What each row of ``after`` was made from: the row of the time before, or that of ``first``."""
    made, state = np.empty_like(after), np.array(first)
    for start, end, b in steps:
        made[start:end] = state[:b]
        state[:b] = after[start:end]
    return made


def _lstm_backward(
    g_out: Any, dh: Any, dc: Any, w_hh: Any, w_hr: Any, cells_before: Any, rest: Any, steps: Any
) -> tuple[Any, Any]:
    gates, cells = rest
    squashed = np.tanh(cells)
    n = cells.shape[1]
    i, f, g, o = (gates[:, k * n : (k + 1) * n] for k in range(4))
    # For all times at once: what the step's cotangent of the cell (or, for o, of the output) is multiplied by.
    factors = np.empty_like(gates)
    slope = 1 - gates
    slope *= gates
    np.multiply(slope[:, :n], g, out=factors[:, :n])
    np.multiply(slope[:, n : 2 * n], cells_before, out=factors[:, n : 2 * n])
    np.multiply(g, g, out=factors[:, 2 * n : 3 * n])
    np.subtract(1, factors[:, 2 * n : 3 * n], out=factors[:, 2 * n : 3 * n])
    factors[:, 2 * n : 3 * n] *= i
    np.multiply(slope[:, 3 * n :], squashed, out=factors[:, 3 * n :])
    into_cell = squashed * squashed
    np.subtract(1, into_cell, out=into_cell)
    into_cell *= o
    projected = np.empty((len(gates), dh.shape[1]), gates.dtype) if w_hr is not None else None
    product = np.empty_like(dh)
    for start, end, b in steps:
        dhb, dcb, d = dh[:b], dc[:b], factors[start:end]
        dhb += g_out[start:end]
        if projected is not None:
            projected[start:end] = dhb
            dy = dhb @ w_hr
        else:
            dy = dhb
        step = into_cell[start:end]
        step *= dy
        dcb += step
        three = d.reshape(b, 4, n)[:, :3]
        three *= dcb[:, None]
        d[:, 3 * n :] *= dy
        dcb *= f[start:end]
        dhb[...] = np.matmul(d, w_hh, out=product[:b])
    d_hr = None if projected is None else projected.T @ (o * squashed)
    return factors, d_hr


def _gru_backward(g_out: Any, dh: Any, w_hh: Any, before: Any, rest: Any, steps: Any) -> tuple[Any, Any]:
    gates, inner = rest
    n = inner.shape[1]
    r, z, new = (gates[:, k * n : (k + 1) * n] for k in range(3))
    factors = np.empty_like(gates)  # of the hidden side: what the step's cotangent is multiplied by
    to_new = 1 - new * new
    to_new *= 1 - z
    np.multiply(to_new, inner, out=factors[:, :n])
    factors[:, :n] *= r * (1 - r)
    np.multiply(before - new, z * (1 - z), out=factors[:, n : 2 * n])
    np.multiply(to_new, r, out=factors[:, 2 * n :])
    product = np.empty_like(dh)
    for start, end, b in steps:
        dhb, d = dh[:b], factors[start:end]
        dhb += g_out[start:end]
        to_new[start:end] *= dhb
        three = d.reshape(b, 3, n)
        three *= dhb[:, None]
        dhb *= z[start:end]
        dhb += np.matmul(d, w_hh, out=product[:b])
    input_side = factors.copy()
    input_side[:, 2 * n :] = to_new
    return input_side, factors


def _simple_backward(g_out: Any, dh: Any, w_hh: Any, out: Any, kind: str, steps: Any) -> Any:
    d = 1 - out * out if kind == "RNN_TANH" else (out > 0).astype(out.dtype)
    for start, end, b in steps:
        dhb = dh[:b]
        dhb += g_out[start:end]
        d[start:end] *= dhb
        np.matmul(d[start:end], w_hh, out=dhb)
    return d


# --- the same, plainly ---------------------------------------------------------------------------------------------


def recorded(
    input: Any,
    hx: Any,
    cx: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    kind: str,
    sizes: Sizes,
    backward_in_time: bool,
) -> tuple[Any, Any, Any]:
    """The recurrence step by step with recorded operations: the definition that the fast forms must agree with."""
    import autograd

    from .affine import linear

    n = w_hh.shape[0] // GATES[kind]
    x_side = linear(input, w_ih, b_ih)
    h, c = hx, cx
    made = []
    for start, end, b in _steps(sizes, backward_in_time):
        hb = h[:b]
        hidden = linear(hb, w_hh, b_hh)
        x = x_side[start:end]
        if kind == "LSTM":
            i, f, g, o = ((x + hidden)[:, k * n : (k + 1) * n] for k in range(4))
            cb = autograd.sigmoid(f) * c[:b] + autograd.sigmoid(i) * autograd.tanh(g)
            c = cb if b == len(c) else autograd.cat([cb, c[b:]])
            new = autograd.sigmoid(o) * autograd.tanh(cb)
            if w_hr is not None:
                new = linear(new, w_hr, None)
        elif kind == "GRU":
            r, z = (autograd.sigmoid((x + hidden)[:, k * n : (k + 1) * n]) for k in range(2))
            candidate = autograd.tanh(x[:, 2 * n :] + r * hidden[:, 2 * n :])
            new = candidate + z * (hb - candidate)
        else:
            new = autograd.tanh(x + hidden) if kind == "RNN_TANH" else autograd.relu(x + hidden)
        h = new if b == len(h) else autograd.cat([new, h[b:]])
        made.append(new)
    return autograd.cat(made[::-1] if backward_in_time else made), h, c if kind == "LSTM" else h


def _again(G: Any, gs: Any, inputs: tuple[Any, ...], *rest: Any) -> Any:
    """The cotangents of ``gs`` and ``inputs``, for the cotangents ``G`` of what the backward computed from them."""
    if rest[0] == "LSTM":
        return differentiate_again(lambda *xs: recorded(*xs, *rest), G, gs, inputs)
    found = differentiate_again(lambda *xs: recorded(*xs, *rest)[:2], G, gs[:2], inputs)
    return (*found[:2], None, *found[2:])  # only an LSTM has a cell


# --- the table -----------------------------------------------------------------------------------------------------

_ARRAYS = ("input", "hx", "cx", "w_ih", "w_hh", "b_ih", "b_hh", "w_hr")


def _cotangents(g: Any, needs: Any, inputs: tuple[Any, ...], r: Any, *rest: Any) -> Any:
    recorded_too = isinstance(g[0], Tensor)
    into_input = needs[0] or recorded_too
    backward: Any = recurrence_backward if recorded_too else _recurrence_backward
    found = backward(*g, *inputs, r, *rest, into_input)
    absent = [a is None for a in inputs]
    absent[0] = not into_input
    return tuple([None if none else c for none, c in zip(absent, found, strict=True)])


def _residual(*arguments: Any) -> Any:
    """What the forward keeps, computed again."""
    arrays: list[Any] = [a.array if isinstance(a, Tensor) else a for a in arguments]
    return _recurrence(*arrays)[1]


recurrence: Any = lift(
    _recurrence,
    name="recurrence",
    promote="none",
    outputs=3,
    arrays=_ARRAYS,
    residual=lambda input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr, kind, sizes, backward_in_time: _residual(
        input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr, kind, sizes, backward_in_time
    ),
    joint=lambda g, needs, r, input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr, kind, sizes, backward_in_time: _cotangents(
        g, needs, (input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr), r, kind, sizes, backward_in_time
    ),
)
recurrence_backward: Any = lift(
    _recurrence_backward,
    name="recurrence_backward",
    promote="none",
    outputs=8,
    arrays=("g_out", "g_h", "g_c", *_ARRAYS),
    joint=lambda g, g_out, g_h, g_c, input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr, kind, sizes, backward_in_time: _again(
        g, (g_out, g_h, g_c), (input, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr), kind, sizes, backward_in_time
    ),
)

# --- one step ------------------------------------------------------------------------------------------------------


def _step(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, kind: str) -> Any:
    """The recurrence of one time without a cell: its output, (B, H), is the hidden state too."""
    (out, _, _), kept = _recurrence(input, hx, None, w_ih, w_hh, b_ih, b_hh, None, kind, (len(input),), False)
    return out, kept


def _step_cotangents(g: Any, needs: Any, r: Any, input: Any, hx: Any, *weights: Any) -> Any:
    *weights_and_biases, kind = weights
    inputs = (input, hx, None, *weights_and_biases, None)
    nothing = np.zeros(*like(g)) if isinstance(g, Tensor) else None
    found = _cotangents(
        (g, nothing, None if nothing is None else nothing[:0]), needs, inputs, r, kind, (len(input),), False
    )
    return (*found[:2], *found[3:7])


step: Any = lift(
    _step,
    name="recurrence_step",
    promote="none",
    arrays=("input", "hx", "w_ih", "w_hh", "b_ih", "b_hh"),
    residual=lambda input, hx, w_ih, w_hh, b_ih, b_hh, kind: _residual(
        input, hx, None, w_ih, w_hh, b_ih, b_hh, None, kind, (len(input),), False
    ),
    joint=lambda g, needs, r, input, hx, w_ih, w_hh, b_ih, b_hh, kind: _step_cotangents(
        g, needs, r, input, hx, w_ih, w_hh, b_ih, b_hh, kind
    ),
)


def _cell(name: str, kind: str, input: Any, hx: Any, cx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    for what, value in (("input", input), ("hx", hx), ("w_ih", w_ih), ("w_hh", w_hh)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}(): argument {what!r} must be Tensor, not {type(value).__name__}")
    ndim = input.array.ndim
    if ndim not in (1, 2):
        raise ValueError(
            f"{name}: Expected input to be 1D or 2D, got {ndim}D instead: its shape is {list(input.shape)}"
        )
    if hx.array.ndim != ndim:
        raise ValueError(f"{name}: Expected hidden to be {ndim}D as the input, got {hx.ndim}D: {list(hx.shape)}")
    single = ndim == 1
    if single:
        input, hx = input[None], hx[None]
        cx = cx[None] if cx is not None else None
    _check_sizes(name, input, hx, w_ih, w_hh)
    if kind != "LSTM":
        out = step(input, hx, w_ih, w_hh, b_ih, b_hh, kind)
        return out[0] if single else out
    out, _, c = recurrence(input, hx, cx, w_ih, w_hh, b_ih, b_hh, None, kind, (len(input.array),), False)
    return (out[0], c[0]) if single else (out, c)


def _check_sizes(name: str, input: Any, hx: Any, w_ih: Any, w_hh: Any) -> None:
    """Raise RuntimeError where the sizes or dtypes of one step don't fit."""
    x, h, wx, wh = input.array, hx.array, w_ih.array, w_hh.array
    if x.shape[1] != wx.shape[1]:
        raise RuntimeError(
            f"{name}: input has inconsistent input_size: got {x.shape[1]}, expected {wx.shape[1]} (the input is "
            f"{list(input.shape)})"
        )
    if h.shape[1] != wh.shape[1]:
        raise RuntimeError(
            f"{name}: hidden has inconsistent hidden_size: got {h.shape[1]}, expected {wh.shape[1]} (the hidden state is "
            f"{list(hx.shape)})"
        )
    if len(x) != len(h):
        raise RuntimeError(f"{name}: Input batch size {len(x)} doesn't match hidden batch size {len(h)}")
    if not x.dtype == h.dtype == wx.dtype and not is_casting():
        raise RuntimeError(
            f"{name}: input, hidden state and weights must have the same dtype, got {input.dtype}, {hx.dtype} and "
            f"{w_ih.dtype}. Convert the input with .to(dtype), or the layer"
        )


def lstm_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> tuple[Any, Any]:
    """One step of an LSTM: (B, I) and the pair ((B, H), (B, H)) give the next pair. Gates in the order i, f, g, o."""
    h, c = hx
    made: tuple[Any, Any] = _cell("lstm_cell", "LSTM", input, h, c, w_ih, w_hh, b_ih, b_hh)
    return made


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of a GRU: (B, I) and (B, H) give (B, H). Gates in the order reset, update, new."""
    return _cell("gru_cell", "GRU", input, hx, None, w_ih, w_hh, b_ih, b_hh)


def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of an Elman network: tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    return _cell("rnn_tanh_cell", "RNN_TANH", input, hx, None, w_ih, w_hh, b_ih, b_hh)


def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of an Elman network with relu."""
    return _cell("rnn_relu_cell", "RNN_RELU", input, hx, None, w_ih, w_hh, b_ih, b_hh)
