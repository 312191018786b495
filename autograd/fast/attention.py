"""Scaled dot-product attention, a head at a time: products, softmax and products again while the scores are in cache.

Queries, keys and values may be views: the rows of a head need not follow each other, so the parts of one projection are
multiplied where they lie. The backward computes the scores again, which costs less than keeping them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..memory import empty_heads, lengths_first
from .runtime import F, exp_below, floats_at, gemm, helper, inline, kernel, largest, prange, team
from .tiles import transpose

__all__ = ["attention", "attention_backward"]

_SMALL = 1_000_000
"""Products that BLAS does without copying its matrices first: half again as fast."""
_NONE = np.empty((0, 0, 0, 0), F)


def attention(query: Any, key: Any, value: Any, mask: Any, dropped: Any, scale: float, causal: bool) -> Any:
    """(N, H, L, E), (N, H, S, E), (N, H, S, V) -> (N, H, L, V); and (None, largest scores, sums of exponentials)."""
    n, heads, length, width = query.shape
    out = empty_heads((n, heads, length, value.shape[3]), F, lengths_first(query, value, dropped))
    shifts, sums = np.empty((n, heads, length, 1), F), np.empty((n, heads, length, 1), F)
    _forward(
        _table(query, key, value, out), width, value.shape[3], shifts, sums, *_extra(mask, dropped, key),
        _scratch(query, key, value, causal, 1), F(scale), causal,
    )  # fmt: skip
    return out, (None, shifts, sums)


def attention_backward(
    above: Any, query: Any, key: Any, value: Any, mask: Any, dropped: Any, residual: Any, scale: float, causal: bool
) -> Any:
    """The cotangents of query, key and value, from that of the result (``above``)."""
    if above.strides[3] != 4 or above.strides[2] < 4 * above.shape[3]:
        above = np.ascontiguousarray(above)
    made = tuple([empty_heads(x.shape, F) for x in (query, key, value)])
    _backward(
        _table(query, key, value, above, *made), query.shape[3], value.shape[3], *residual[1:],
        *_extra(mask, dropped, key), _scratch(query, key, value, causal, 2), F(scale), causal,
    )  # fmt: skip
    return made


def _table(*arrays: Any) -> Any:
    """For each array, its address, and the steps in bytes from sample to sample, head to head, row to row."""
    return np.array([(x.__array_interface__["data"][0], *x.strides[:3]) for x in arrays])


def _extra(mask: Any, dropped: Any, key: Any) -> Any:
    """The mask [1 or N, 1 or H, 1 or L, S], and what weights are multiplied by [N, H, L, S]; empty if there is none."""
    if mask is None:
        mask = _NONE
    else:
        if mask.shape[-1] != key.shape[2]:
            mask = np.broadcast_to(mask, (*mask.shape[:-1], key.shape[2]))
        mask = np.ascontiguousarray(mask).reshape((1,) * (4 - mask.ndim) + mask.shape)
    return mask, _NONE if dropped is None else np.ascontiguousarray(dropped)


def _scratch(query: Any, key: Any, value: Any, causal: bool, matrices: int) -> Any:
    """Memory for each thread [rows, S]: transposed keys, (transposed values,) and matrices of scores.

    How many queries are worked on at a time follows from it.
    """
    n, heads, length, width = query.shape
    columns, widest = key.shape[2], max(width, value.shape[3])
    work = n * heads * length * columns * ((width + value.shape[3]) / 80 + 0.5)
    step = min(length, 16 if causal else max(8, _SMALL // (columns * widest) // 16 * 16))
    return np.empty((min(team(work), n * heads), matrices * (step + widest), columns), F)


@kernel
def _forward(
    table: Any, width: int, size: int, shifts: Any, sums: Any, mask: Any, dropped: Any, scratch: Any, scale: Any,
    causal: bool,
) -> None:  # fmt: skip
    count, heads = len(scratch), shifts.shape[1]
    pairs = len(shifts) * heads
    for t in prange(count):
        for pair in range(pairs * t // count, pairs * (t + 1) // count):
            n, h = pair // heads, pair % heads
            _head(table, width, size, shifts[n, h], sums[n, h], mask, dropped, scratch[t], scale, causal, n, h)


@helper
def _head(
    table: Any, width: int, size: int, shifts: Any, sums: Any, mask: Any, dropped: Any, scratch: Any, scale: Any,
    causal: bool, n: int, h: int,
) -> None:  # fmt: skip
    length, keys = len(shifts), scratch.shape[1]
    widest = max(width, size)
    turned, p = scratch[:widest], scratch[widest:]
    _turn(table, 1, n, h, keys, width, turned, scale)
    for start in range(0, length, len(p)):
        rows = min(len(p), length - start)
        columns = min(keys, start + rows) if causal else keys
        _scores(table, width, p, turned, n, h, start, rows, columns, mask, causal)
        for i in range(rows):
            row = p[i, :columns]
            top = largest(row)
            top = F(0) if top == F(-np.inf) else top  # nothing to attend to: zeros
            total = F(0)
            for j in range(len(row)):
                e = exp_below(row[j] - top)
                row[j] = e
                total += e
            shifts[start + i, 0] = top
            sums[start + i, 0] = F(1) if total == F(0) else total
            if len(dropped):
                _times(row, dropped[n, h, start + i])
        _multiply(False, rows, size, columns, p, table, 2, n, h, 0, 0.0, 3, start)
        for i in range(rows):
            row, factor = floats_at(_at(table, 3, n, h, start + i), size), F(1) / sums[start + i, 0]
            for j in range(len(row)):
                row[j] *= factor


@kernel
def _backward(
    table: Any, width: int, size: int, shifts: Any, sums: Any, mask: Any, dropped: Any, scratch: Any, scale: Any,
    causal: bool,
) -> None:  # fmt: skip
    count, heads = len(scratch), shifts.shape[1]
    pairs = len(shifts) * heads
    for t in prange(count):
        for pair in range(pairs * t // count, pairs * (t + 1) // count):
            n, h = pair // heads, pair % heads
            _head_backward(table, width, size, shifts[n, h], sums[n, h], mask, dropped, scratch[t], scale, causal, n, h)


@helper
def _head_backward(
    table: Any, width: int, size: int, shifts: Any, sums: Any, mask: Any, dropped: Any, scratch: Any, scale: Any,
    causal: bool, n: int, h: int,
) -> None:  # fmt: skip
    length, keys = len(shifts), scratch.shape[1]
    widest = max(width, size)
    step = len(scratch) // 2 - widest
    turned_keys, turned_values = scratch[:widest], scratch[widest : 2 * widest]
    p, d = scratch[2 * widest : 2 * widest + step], scratch[2 * widest + step :]
    _turn(table, 1, n, h, keys, width, turned_keys, scale)
    _turn(table, 2, n, h, keys, size, turned_values, F(1))
    last = (length - 1) // step * step
    for start in range(last, -1, -step):  # the last queries first: with a causal mask too, they see all keys
        rows = min(step, length - start)
        columns = min(keys, start + rows) if causal and start != last else keys
        _scores(table, width, p, turned_keys, n, h, start, rows, columns, mask, causal)
        gemm(
            False, False, rows, columns, size, _at(table, 3, n, h, start), table[3, 3] // 4,
            turned_values.ctypes.data, keys, 0.0, d.ctypes.data, keys,
        )  # fmt: skip
        for i in range(rows):
            row, slope = p[i, :columns], d[i, :columns]
            if len(dropped):
                _times(slope, dropped[n, h, start + i])
            top, factor, mean = shifts[start + i, 0], F(1) / sums[start + i, 0], F(0)
            for j in range(len(row)):
                e = exp_below(row[j] - top) * factor
                row[j] = e
                mean += e * slope[j]
            for j in range(len(row)):
                slope[j] = (slope[j] - mean) * row[j] * scale
            if len(dropped):
                _times(row, dropped[n, h, start + i])
        beta = 0.0 if start == last else 1.0
        _multiply(True, columns, size, rows, p, table, 3, n, h, start, beta, 6, 0)
        _multiply(False, rows, width, columns, d, table, 1, n, h, 0, 0.0, 4, start)
        _multiply(True, columns, width, rows, d, table, 0, n, h, start, beta, 5, 0)


@inline
def _at(table: Any, array: int, n: int, h: int, row: int) -> int:
    """The address of a row of a head."""
    return table[array, 0] + n * table[array, 1] + h * table[array, 2] + row * table[array, 3]  # type: ignore[no-any-return]


@helper
def _turn(table: Any, array: int, n: int, h: int, rows: int, columns: int, target: Any, factor: Any) -> None:
    """A head's keys or values, times a factor, transposed: BLAS multiplies small matrices twice as fast this way."""
    step = table[array, 3] // 4
    made = target[:columns].reshape(columns * rows)
    transpose(floats_at(_at(table, array, n, h, 0), rows * step), 0, step, rows, columns, made, 0, rows)
    if factor != F(1):
        for j in range(len(made)):
            made[j] *= factor


@helper
def _scores(
    table: Any, width: int, p: Any, turned: Any, n: int, h: int, start: int, rows: int, columns: int, mask: Any,
    causal: bool,
) -> None:  # fmt: skip
    """p[:rows, :columns] = queries @ keys.T + mask, for queries from ``start`` on; -inf for keys that come later."""
    gemm(
        False, False, rows, columns, width, _at(table, 0, n, h, start), table[0, 3] // 4,
        turned.ctypes.data, turned.shape[1], 0.0, p.ctypes.data, p.shape[1],
    )  # fmt: skip
    if len(mask):
        for i in range(rows):
            row = p[i, :columns]
            added = mask[n % mask.shape[0], h % mask.shape[1], (start + i) % mask.shape[2]]
            for j in range(len(row)):
                row[j] += added[j]
    if causal:
        for i in range(rows):
            for j in range(start + i + 1, columns):
                p[i, j] = F(-np.inf)


@helper
def _multiply(
    turn: bool, m: int, size: int, k: int, p: Any, table: Any, by: int, n: int, h: int, start: int, beta: float,
    into: int, to: int,
) -> None:  # fmt: skip
    """into[to:] = p @ by[start:] + beta * into[to:], or with the transpose of ``p``."""
    gemm(
        turn, False, m, size, k, p.ctypes.data, p.shape[1], _at(table, by, n, h, start), table[by, 3] // 4,
        beta, _at(table, into, n, h, to), table[into, 3] // 4,
    )  # fmt: skip


@inline
def _times(row: Any, other: Any) -> None:
    for j in range(len(row)):
        row[j] *= other[j]
