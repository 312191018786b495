"""One record for each twin: arguments on which the compiled kernel must agree with the plain function.

A record is a function that returns the positional arguments. The first one must be accepted by the twin's ``when``;
the others are odd shapes and values, which the kernel must get right although it may never be asked.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.ops import recurrent
from autograd.ops.sliding import windows_of

Arguments = Callable[[], tuple[Any, ...]]
RECORDS: dict[str, list[Arguments]] = {}
KEEPS_ITS_OWN = {"attention.attention"}
"""Twins whose second result, for the backward alone, is not the plain function's."""


def floats(*shape: int, seed: int = 0, scale: float = 1.0) -> Any:
    """Normal numbers, float32."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def special(*shape: int) -> Any:
    """Rows with huge numbers, infinities and NaN among ordinary ones."""
    x = floats(*shape)
    x[0, 0], x[1, 1], x[2, -1], x[3, 0] = 1e30, -np.inf, np.nan, -1e30
    return x


RECORDS["rows.softmax"] = [
    lambda: (floats(200, 64), 1),
    lambda: (floats(7, 5, 33, scale=30), 2),
    lambda: (floats(3, 1), 1),
    lambda: (special(5, 17), 1),
]
RECORDS["rows.log_softmax"] = RECORDS["rows.softmax"]
RECORDS["rows.cross_entropy"] = [
    lambda: (floats(200, 64), np.arange(200) % 64),
    lambda: (floats(7, 33, scale=30), np.arange(7)),
    lambda: (special(5, 17), np.arange(5)),
]
RECORDS["rows.softmax"] += [
    lambda: (floats(3000, 10, scale=5), 1),
    lambda: (floats(200, 100, 2), 2),
    lambda: (special(500, 7), 1),
    lambda: (special(150, 31), 1),
]
RECORDS["rows.cross_entropy"] += [
    lambda: (floats(130, 10, scale=30), np.arange(130) % 10),
    lambda: (floats(300, 2), np.arange(300) % 2),
    lambda: (floats(70, 1), np.zeros(70, int)),
    lambda: (special(150, 31), np.arange(150) % 31),
]
RECORDS["rows.soft_cross_entropy"] = [
    lambda: (floats(200, 64), np.abs(floats(200, 64, seed=1))),
    lambda: (floats(7, 33, scale=30), np.abs(floats(7, 33, seed=1))),
    lambda: (special(5, 17), np.abs(floats(5, 17)) + 1),
]
RECORDS["rows.soft_slopes"] = [
    lambda: (floats(200), np.abs(floats(200, 64)), np.abs(floats(200, 64, seed=1))),
    lambda: (floats(5), special(5, 17), floats(5, 17)),
]
RECORDS["rows.slopes"] = [
    lambda: (np.abs(floats(200, 64)), np.arange(200) % 64, np.float32(0.005)),
    lambda: (special(5, 17), np.arange(5), np.float32(-3.0)),
]
RECORDS["rows.embedding_back"] = [
    lambda: (floats(90, 100), np.arange(90) * 7 % 20, 20, -1),
    lambda: (floats(30, 4, 9), np.arange(120).reshape(30, 4) % 5, 8, 3),
    lambda: (floats(30), np.arange(30) % 7, 7, -1),
]
RECORDS["rows.softmax_back"] = [
    lambda: (floats(400, 90), np.abs(floats(400, 90, seed=1)), 1),
    lambda: (floats(3, 70, 7), floats(3, 70, 7, seed=1), 2),
    lambda: (special(5, 17), floats(5, 17), 1),
]
RECORDS["rows.log_softmax_back"] = [
    lambda: (floats(400, 90), -np.abs(floats(400, 90, seed=1, scale=9)), 1),
    lambda: (floats(3, 70, 7), -np.abs(floats(3, 70, 7, seed=1)), 2),
    lambda: (special(5, 17), -np.abs(floats(5, 17)), 1),
]


def _places(n: int, c: int, size: tuple[int, ...], result: tuple[int, ...]) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    places = rng.integers(0, math.prod(size), (n, *result))
    return floats(n, c, *size), floats(n, c, *result), places, rng.random((n, *result)) < 0.8, size


RECORDS["places.read_places"] = [
    lambda: (lambda x, g, places, inside, size: (x, places, inside))(*_places(3, 8, (9, 11), (30, 20))),
    lambda: (lambda x, g, places, inside, size: (x, places, inside))(*_places(1, 1, (2, 3, 4), (2, 2, 5))),
]
RECORDS["places.write_places"] = [
    lambda: (lambda x, g, places, inside, size: (g, places, inside, size))(*_places(3, 8, (9, 11), (30, 20))),
    lambda: (lambda x, g, places, inside, size: (g, places, inside, size))(*_places(1, 1, (2, 3, 4), (2, 2, 5))),
]
RECORDS["waves.sin"] = RECORDS["waves.cos"] = [
    lambda: (floats(100, 90, scale=30),),
    lambda: (floats(37, scale=1e4),),
    lambda: (floats(64, scale=1e7),),  # beyond what three floats of pi / 2 suffice for
    lambda: (special(5, 17),),
    lambda: (np.linspace(-8, 8, 4001, dtype=np.float32),),
]
RECORDS["rows.softmax"] += [
    lambda: (floats(4, 5, 30, 20, scale=5), 1),
    lambda: (floats(7, 3, 5), 0),
    lambda: (floats(3, 4, 2, 300), 2),
    lambda: (special(5, 17), 0),
    lambda: (floats(6, 1, 40), 1),
]
RECORDS["rows.softmax_back"] += [
    lambda: (floats(4, 5, 30, 20), floats(4, 5, 30, 20, seed=1), 1),
    lambda: (floats(3, 4, 2, 300), floats(3, 4, 2, 300, seed=1), 2),
    lambda: (special(5, 17), floats(5, 17), 0),
]
RECORDS["rows.log_softmax_back"] += [
    lambda: (floats(4, 5, 30, 20), -np.abs(floats(4, 5, 30, 20, seed=1)), 1),
    lambda: (floats(3, 4, 2, 300), -np.abs(floats(3, 4, 2, 300, seed=1)), 2),
    lambda: (special(5, 17), -np.abs(floats(5, 17)), 0),
]
RECORDS["rows.sum_rows"] = [
    lambda: (floats(770, 400),),
    lambda: (floats(3, 70),),
    lambda: (special(5, 17),),
]
RECORDS["rows.total"] = [
    lambda: (floats(700, 400),),
    lambda: (floats(3, 70),),
    lambda: (special(5, 17),),
]
RECORDS["activation.gelu"] = RECORDS["activation.tanh_gelu"] = [
    lambda: (floats(100, 90),),
    lambda: (floats(37, scale=30),),
    lambda: (special(5, 17),),
    lambda: (np.zeros((), np.float32),),
]
RECORDS["activation.gelu_back"] = [
    lambda: (floats(100, 90), floats(100, 90, seed=1), abs(floats(100, 90, seed=2))),
    lambda: (floats(37), floats(37, seed=1, scale=30), abs(floats(37, seed=2))),
    lambda: (floats(5, 17), special(5, 17), abs(floats(5, 17, seed=2))),
]
RECORDS["activation.tanh_gelu_back"] = [
    lambda: (floats(100, 90), floats(100, 90, seed=1)),
    lambda: (floats(37), floats(37, seed=1, scale=30)),
    lambda: (floats(5, 17), special(5, 17)),
]
RECORDS["activation.tanh_back"] = RECORDS["activation.sigmoid_back"] = [
    lambda: (floats(40, 90), floats(40, 90, seed=1)),
    lambda: (floats(3, 7), floats(3, 7, seed=1, scale=30)),
    lambda: (floats(5, 17), special(5, 17)),
    lambda: (np.ones((), np.float32), np.zeros((), np.float32)),
]

_CONVOLUTIONS: list[tuple[Any, ...]] = [  # input, weight, stride, padding, dilation, groups
    ((4, 8, 13, 15), (40, 8, 3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    ((5, 3, 11, 9), (6, 3, 5, 3), (2, 1), ((2, 1), (0, 1)), (1, 2), 1),
    ((2, 8, 7, 7), (8, 4, 3, 3), (3, 2), ((1, 1), (1, 1)), (2, 1), 2),
    ((1, 16, 8, 8), (40, 16, 1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
    ((3, 4, 20), (8, 4, 4), (2,), ((1, 1),), (1,), 1),
    ((2, 4, 5, 6, 7), (8, 4, 2, 3, 3), (2, 1, 2), ((1, 1), (0, 0), (1, 0)), (1, 1, 1), 1),
    ((1, 4, 9, 9), (8, 4, 3, 3), (4, 4), ((3, 3), (3, 3)), (2, 2), 1),
    ((2, 5, 9, 8), (5, 1, 3, 3), (1, 1), ((1, 1), (0, 1)), (1, 1), 5),  # these plane by plane
    ((2, 5, 9, 20), (5, 1, 3, 2), (2, 3), ((1, 1), (0, 2)), (1, 2), 5),
    ((2, 3, 4, 5, 6), (3, 1, 2, 1, 3), (2, 1, 1), ((1, 0), (0, 0), (1, 1)), (1, 1, 1), 3),
    ((8, 32, 14, 18), (32, 32, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),  # these by Winograd's way
    ((30, 16, 9, 11), (48, 16, 3, 3), (1, 1), ((1, 0), (2, 1)), (1, 1), 1),
    ((23, 96, 8, 6), (16, 96, 3, 3), (1, 1), ((0, 0), (2, 2)), (1, 1), 1),
]


def _convolution(case: Any, adjoint: str) -> Arguments:
    x, w, stride, padding, dilation, groups = case
    rest = (stride, padding, dilation, groups)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, w[2:], strict=True)]
    size = [(n + sum(p) - e) // s + 1 for n, p, e, s in zip(x[2:], padding, spans, stride, strict=True)]
    result = (x[0], w[0], *size)
    if adjoint == "input":
        return lambda: (floats(*result), floats(*w, seed=1), x[2:], *rest)
    if adjoint == "weight":
        return lambda: (floats(*result), floats(*x, seed=1), w[2:], *rest)
    return lambda: (floats(*x), floats(*w, seed=1), floats(w[0], seed=2) if groups == 1 else None, *rest)


RECORDS["convolution.convolution"] = [_convolution(case, "") for case in _CONVOLUTIONS]
RECORDS["convolution.convolution_input"] = [_convolution(case, "input") for case in _CONVOLUTIONS]
RECORDS["convolution.convolution_weight"] = [_convolution(case, "weight") for case in _CONVOLUTIONS]


_WINDOWS = [  # shape, kernel, stride, padding, dilation, ceil
    ((4, 8, 18, 21), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((4, 8, 18, 21), (3, 3), (2, 2), (1, 1), (1, 1), False),
    ((2, 3, 9, 8), (3, 2), (1, 3), (0, 1), (2, 1), False),
    ((2, 3, 9, 8), (2, 2), (2, 2), (0, 0), (1, 1), True),
    ((2, 3, 17), (4,), (3,), (2,), (1,), True),
    ((1, 2, 5, 6, 7), (2, 3, 2), (2, 1, 2), (1, 1, 0), (1, 1, 2), False),
]


def _pooled(case: Any, holes: bool = False) -> Arguments:
    shape, *rest = case
    x = np.round(floats(*shape) * 2)  # with ties
    if holes:
        x[0, 0], x.flat[-7], x.flat[20] = -np.inf, np.nan, np.inf
    return lambda: (x, windows_of(shape[2:], *rest))


def _placed(case: Any) -> Arguments:
    shape, *rest = case
    w = windows_of(shape[2:], *rest)
    taps = np.random.default_rng(0).integers(0, w.taps, (*shape[:2], *w.result)).astype(np.uint8)
    return lambda: (floats(*taps.shape), taps, w)


RECORDS["pooling.largest"] = [_pooled(_WINDOWS[0])]
RECORDS["pooling.largest_and_tap"] = [_pooled(_WINDOWS[0], holes) for holes in (False, True)]
RECORDS["pooling.place"] = [_placed(((16, 64, 8, 8), *_WINDOWS[0][1:]))] + [_placed(case) for case in _WINDOWS]

RECORDS["products.matmul"] = [
    lambda: (floats(128, 170), floats(170, 90)),
    lambda: (floats(40, 200).T, floats(40, 100)),
    lambda: (floats(33, 70), floats(90, 70).T),
    lambda: (floats(300, 3).T, floats(5, 300).T),
    lambda: (floats(140, 130), floats(130, 40)),
    lambda: (floats(9, 2000), floats(2000, 3)),
    lambda: (floats(77, 500), floats(500, 301)),
    lambda: (floats(77, 500), floats(301, 500).T),
]
RECORDS["products.matmul"] += [
    lambda: (floats(150, 140), floats(140, 70)),
    lambda: (floats(300, 70).T, floats(300, 190)),
    lambda: (floats(150, 70).T, floats(66, 150).T),
    lambda: (floats(40, 1500), floats(1500, 300)),  # more steps and columns than are laid out at a time
    lambda: (floats(1100, 40).T, floats(301, 1100).T),
    lambda: (floats(1100, 40).T, floats(1100, 301)),
    lambda: (floats(17, 300), floats(403, 300).T),  # a weight that few rows use
    lambda: (floats(250_000, 5), floats(5, 1)),  # steps and columns that can't be shared
    lambda: (floats(3, 200_003), floats(200_003, 3)),
]
RECORDS["products.batched"] = [
    lambda: (floats(8, 40, 30), floats(8, 30, 50)),
    lambda: (floats(2, 60, 4, 16).transpose(0, 2, 1, 3), floats(2, 60, 4, 16).transpose(0, 2, 3, 1)),
    lambda: (floats(5, 7, 3).transpose(0, 2, 1), floats(5, 7, 11)),
    lambda: (floats(3, 9, 6)[:, 1:], floats(3, 6, 20)[:, :, 4:9]),
    lambda: (floats(2, 1, 3, 5, 8), floats(2, 1, 3, 8, 1)),
]
RECORDS["products.affine"] = [
    lambda: (floats(200, 300), floats(100, 300), floats(100)),
    lambda: (floats(128, 70), floats(90, 70), floats(90)),
    lambda: (floats(17, 1000), floats(21, 1000), floats(21)),
    lambda: (floats(70, 33).T, floats(70, 5).T, floats(5)),
    lambda: (floats(128, 70), floats(90, 70), None),
    lambda: (floats(77, 500), floats(301, 500), floats(301)),
    lambda: (floats(48, 500), floats(288, 500), None),
    lambda: (floats(17, 300), floats(403, 300), floats(403)),
]


_RECURRENT = [  # kind, sequences at each time, input size, hidden size, projected size, bias, backward in time
    ("LSTM", (9,) * 12, 12, 20, 0, True, False),
    ("LSTM", (9, 7, 7, 3, 1), 12, 80, 8, True, True),
    ("LSTM", (5,) * 70, 3, 4, 0, False, False),
    ("GRU", (9, 7, 7, 3, 1), 12, 70, 0, True, False),
    ("GRU", (9, 7, 3), 12, 20, 0, False, True),
    ("RNN_TANH", (9, 7, 7, 3, 1), 12, 20, 0, True, True),
    ("RNN_RELU", (9,) * 4, 12, 70, 0, True, False),
]


def _recurrent(case: Any) -> tuple[Any, ...]:
    kind, sizes, width, hidden, projected, bias, backward_in_time = case
    state, rows = projected or hidden, {"LSTM": 4, "GRU": 3}.get(kind, 1) * hidden
    arrays = [floats(sum(sizes), width), floats(sizes[0], state), floats(sizes[0], hidden) if kind == "LSTM" else None]
    arrays += [floats(rows, width, seed=1, scale=0.3), floats(rows, state, seed=2, scale=0.3)]
    arrays += [floats(rows, seed=seed) if bias else None for seed in (3, 4)]
    return (*arrays, floats(projected, hidden) if projected else None, kind, sizes, backward_in_time)


def _recurrent_backward(case: Any, into_input: bool) -> tuple[Any, ...]:
    arguments = _recurrent(case)
    (out, h, c), kept = recurrent._recurrence.plain(*arguments)  # type: ignore[attr-defined]
    arrays, rest = arguments[:8], arguments[8:]
    return (floats(*out.shape), floats(*h.shape, seed=1), floats(*c.shape), *arrays, kept, *rest, into_input)


RECORDS["recurrent.recurrence"] = [functools.partial(_recurrent, case) for case in _RECURRENT]
RECORDS["recurrent.recurrence_backward"] = [
    functools.partial(_recurrent_backward, case, into_input)
    for case, into_input in zip(_RECURRENT, (True, False, True, True, False, True, True), strict=True)
]

_SCANS: list[Any] = [
    ((9, 300), 1, False), ((7, 400), 1, True), ((300, 9), 0, False), ((3, 50, 70), 1, True), ((5, 6, 7), 0, False),
    ((3000,), 0, False), ((1, 3), 1, True), ((2, 0, 3), 0, False),
]  # fmt: skip


def _scan(shape: Any, dim: int, turned: bool) -> list[Any]:
    arrays = [np.abs(floats(*shape, seed=seed)) * 0.3 + 0.5 for seed in (1, 2)]
    return [np.flip(a, dim) if turned else a for a in arrays]


RECORDS["scans.accumulate"] = [
    lambda f=f, case=case: (f, _scan(*case)[0], case[1]) for f in (np.add, np.multiply) for case in _SCANS
]
RECORDS["scans.recur"] = [lambda case=case: (*_scan(*case), case[1]) for case in _SCANS]

_ROWS, _CHANNELS = (200, 64), (5, 24, 99)
_NORMALIZED: list[tuple[Any, ...]] = [  # shape, axes, shape of the weight, shape of the bias, center
    (_ROWS, (1,), (64,), (64,), True),
    (_CHANNELS, (0, 2), (24, 1), (24, 1), True),
    (_CHANNELS, (1, 2), (24, 99), None, True),
    (_CHANNELS, (0, 2), None, None, True),
    (_ROWS, (1,), (64,), None, False),
    ((200, 70, 1), (0, 2), (70, 1), (70, 1), True),
    ((200, 70), (0,), (70,), (70,), True),
    ((9, 5), (0,), None, (5,), True),
    ((200, 70, 1), (0, 2), None, None, True),
    ((6, 4, 8, 49), (2, 3), (1, 4, 8, 1), (1, 4, 8, 1), True),
    ((3, 2, 5, 7), (2, 3), (1, 2, 5, 1), None, True),
    ((3, 2, 5, 1), (2, 3), None, (1, 2, 5, 1), True),
    ((3, 2, 5, 7), (2, 3), None, (1, 2, 5, 1), True),
    ((5, 3), (1,), None, (3,), True),
    ((2, 3, 1), (0, 2), (3, 1), None, True),
    ((203, 70), (0,), (70,), (70,), True),
    ((203, 64), (1,), (64,), (64,), True),
]


def _normalized(shape: Any, axes: Any, weight: Any, bias: Any, center: bool) -> Arguments:
    scale, shift = (None if s is None else floats(*s, seed=i + 1) for i, s in enumerate((weight, bias)))
    return lambda: (floats(*shape) + 3, scale, shift, axes, 1e-5, center)


def _normalized_back(shape: Any, axes: Any, weight: Any, bias: Any, center: bool) -> Arguments:
    rstd = np.abs(floats(*[1 if i in axes else n for i, n in enumerate(shape)], seed=2))
    scale = None if weight is None else floats(*weight, seed=3)
    return lambda: (floats(*shape), floats(*shape, seed=1), rstd, scale, axes, center, (shape, weight, bias))


RECORDS["normalization.normalize"] = [_normalized(*case) for case in _NORMALIZED]
RECORDS["normalization.normalize_backward"] = [_normalized_back(*case) for case in _NORMALIZED]
RECORDS["normalization.moments"] = [
    lambda: (floats(*_CHANNELS), (0, 2)),
    lambda: (floats(*_ROWS), (1,)),
    lambda: (floats(7, 3, 2), (0, 2)),
    lambda: (floats(200, 50, 1) + 2, (0, 2)),
    lambda: (floats(200, 50) + 2, (0,)),
]


def _attention(
    n: int, heads: int, length: int, keys: int, mask: Any = None, dropped: bool = False, causal: bool = False
) -> Any:
    """Queries, keys and values, which are views of one projection where they can be, and the rest."""
    if length == keys:
        q, k, v = (
            x.reshape(n, length, heads, 8).transpose(0, 2, 1, 3) for x in np.split(floats(n, length, 24 * heads), 3, -1)
        )
    else:
        q, k, v = floats(n, heads, length, 7), floats(n, heads, keys, 7, seed=1), floats(n, heads, keys, 5, seed=2)
    kept = (floats(n, heads, length, keys, seed=3) > 0).astype(np.float32) * 2 if dropped else None
    return q, k, v, mask, kept, 0.3, causal


def _hidden(*shape: int) -> Any:
    """An additive mask that hides a third, and all keys of one query."""
    mask = np.where(floats(*shape, seed=4) > 0.5, -np.inf, floats(*shape)).astype(np.float32)
    mask[..., 1, :] = -np.inf
    return mask


_ATTENTIONS: list[Arguments] = [
    lambda: _attention(3, 4, 64, 64, causal=True),
    lambda: _attention(2, 3, 37, 37, _hidden(37, 37)),
    lambda: _attention(2, 3, 17, 1100, _hidden(2, 1, 17, 1100), dropped=True),
    lambda: _attention(2, 2, 70, 1500),
    lambda: _attention(1, 2, 40, 50, causal=True, dropped=True),
    lambda: _attention(1, 2, 50, 40, floats(2, 1, 40), causal=False),
]


def _attention_back(case: Arguments) -> Arguments:
    def arguments() -> tuple[Any, ...]:
        from autograd.ops.attention import _attention

        q, k, v, *rest = case()
        with np.errstate(all="ignore"):
            y, residual = _attention.plain(q, k, v, *rest)  # type: ignore[attr-defined]
        return (floats(*y.shape, seed=5), q, k, v, *rest[:2], residual, *rest[2:])

    return arguments


RECORDS["attention.attention"] = _ATTENTIONS
RECORDS["attention.attention_backward"] = [_attention_back(case) for case in _ATTENTIONS]


def uniforms(groups: int) -> Any:
    """Groups of 8 pairs of uniform numbers as PyTorch draws them, the smallest and the greatest among them."""
    drawn = np.random.default_rng(0).integers(0, 2**24, (groups, 2, 8)).astype(np.float32) * np.float32(2.0**-24)
    drawn[0, :, :3] = [0, 1 - 2.0**-24, 0.5]
    return drawn


RECORDS["draws.box_muller32"] = [
    lambda: (uniforms(5000), np.float32(0), np.float32(1)),
    lambda: (uniforms(67), np.float32(-3.7), np.float32(0.02)),
    lambda: (uniforms(1), np.float32(1), np.float32(2)),
]
