"""Scaled dot-product attention as one operation: softmax(q k^T / sqrt(E) + mask) v.

A few heads at a time, and a few queries of long sequences, so that their scores stay in cache: they are computed,
exponentiated and used in place. The exponentials are kept for the backward only where they are small; for long
sequences they are computed again, and memory grows with L, not with L * S. They are never normalised: the result's
rows are divided by their sums instead, and so are the cotangent's. Where the lengths of queries and keys say that no
score can be large, the maximum is not subtracted either.

The backward is an operation of its own, whose derivative comes from ``definition`` (see ``again.py``).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..fast import twin
from ..graph import is_casting
from ..half import rounded_once
from ..lift import lift
from ..memory import empty_heads, lengths_first
from ..tensor import Tensor, wrap
from ..threads import parallel_for
from .again import differentiate_again

__all__ = ["scaled_dot_product_attention"]

_KEPT_BYTES = 32 << 20  # exponentials up to this size are kept
_BLOCK_BYTES = 1 << 20


def _pieces(query: Any, key: Any, start: int, stop: int) -> list[tuple[Any, Any, bool]]:
    """How to go through the scores of members start to stop: indices of queries and of keys, a megabyte at a time.

    The bool says whether the piece is the first for its keys: the queries of long sequences come in several.
    """
    rows, row = query.shape[-2], key.shape[-2] * query.itemsize
    chunk = rows if rows * row <= _BLOCK_BYTES else max(1, _BLOCK_BYTES // row)
    heads = query.shape[1] if query.ndim == 4 else 1
    some = min(heads, max(1, _BLOCK_BYTES // max(1, rows * row))) if query.ndim == 4 else 1
    inner = 1 if some < heads else math.prod(query.shape[1:-2])
    step = max(1, _BLOCK_BYTES // max(1, inner * rows * row)) if some == heads or query.ndim != 4 else 1
    found = []
    for i in range(start, stop, step):
        members = slice(i, min(i + step, stop))
        for h in range(0, heads, some):
            lead = (members, slice(h, h + some)) if query.ndim == 4 else (members, ...)
            for r in range(0, rows, chunk):
                found.append(((*lead, slice(r, r + chunk), slice(None)), (*lead, slice(None), slice(None)), r == 0))
    return found


def _is_calm(query: Any, key: Any, mask: Any, scale: float) -> bool:
    """Whether no score can be so large that its exponential needs a shift: |q k| <= |q| |k|."""
    if mask is not None and not mask.max(initial=0) <= 0:
        return False
    longest = [np.einsum("...e,...e->...", x, x).max(initial=0) for x in (query, key)]
    return bool(abs(scale) * math.sqrt(float(longest[0]) * float(longest[1])) < 40)


def _scores(q: Any, k: Any, mask: Any, scale: float) -> Any:
    """The scores of a piece."""
    scores = np.matmul(q * q.dtype.type(scale), k.swapaxes(-1, -2))
    if mask is not None:
        scores += mask
    return scores


def _spread_mask(mask: Any, query: Any, key: Any) -> Any:
    return None if mask is None else np.broadcast_to(mask, (*query.shape[:-1], key.shape[-2]))


def _by_heads(query: Any, key: Any, value: Any, mask: Any, dropped: Any, scale: float, causal: bool) -> bool:
    """Whether a compiled kernel takes these: several heads with enough scores, which lie row after row."""
    pairs = query.shape[0] * query.shape[1] if query.ndim == 4 else 0
    return (  # type: ignore[no-any-return]
        pairs > 1
        and pairs * query.shape[2] * key.shape[2] >= 4096
        and all(
            [
                x.dtype == np.float32 and x.strides[3] == 4 and x.strides[2] >= 4 * x.shape[3]
                for x in (query, key, value)
            ]
        )
        and (mask is None or mask.dtype == np.float32)
    )


@twin("attention.attention", when=_by_heads)
@rounded_once
def _attention(query: Any, key: Any, value: Any, mask: Any, dropped: Any, scale: float, causal: bool) -> Any:
    """(N, ..., L, E), (N, ..., S, E), (N, ..., S, V) -> (N, ..., L, V); and (exponentials or None, shifts, sums)."""
    if causal:
        mask = _triangle(query.shape[-2], key.shape[-2], query.dtype)
    lead, s, dtype = query.shape[:-1], key.shape[-2], query.dtype
    out = empty_heads((*lead, value.shape[-1]), dtype, lengths_first(query, value, dropped))
    kept = np.empty((*lead, s), dtype) if math.prod(lead) * s * dtype.itemsize <= _KEPT_BYTES else None
    shifts, sums = np.zeros((*lead, 1), dtype), np.empty((*lead, 1), dtype)
    calm, full, ones = _is_calm(query, key, mask, scale), _spread_mask(mask, query, key), np.ones((s, 1), dtype)

    def members(start: int, stop: int) -> None:
        for at, keys, _ in _pieces(query, key, start, stop):
            p = _scores(query[at], key[keys], None if full is None else full[at], scale)
            if not calm:
                largest = p.max(-1, keepdims=True, initial=-np.inf)
                shifts[at] = np.where(np.isneginf(largest), 0, largest)  # nothing to attend to: zeros
                p -= shifts[at]
            np.exp(p, out=p)
            total = np.matmul(p, ones)
            if mask is not None:
                total[total == 0] = 1
            sums[at] = total
            if kept is not None:
                kept[at] = p
            if dropped is not None:
                p *= dropped[at]
            made = np.matmul(p, value[keys])
            np.divide(made, total, out=out[at])

    parallel_for(len(query), members, _work(query, key))
    return out, (kept, shifts, sums)


def _work(query: Any, key: Any) -> float:
    return float(math.prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] / 40 + 1))


@twin("attention.attention_backward", when=lambda above, query, key, value, mask, dropped, residual, scale, causal: (
    above.dtype == np.float32 and _by_heads(query, key, value, mask, dropped, scale, causal)
))  # fmt: skip
@rounded_once
def _attention_backward(
    above: Any, query: Any, key: Any, value: Any, mask: Any, dropped: Any, residual: Any, scale: float, causal: bool
) -> tuple[Any, Any, Any]:
    """The cotangents of query, key and value, from that of the result (``above``)."""
    kept, shifts, sums = residual
    if causal:
        mask = _triangle(query.shape[-2], key.shape[-2], query.dtype)
    dq, dk, dv = (empty_heads(x.shape, x.dtype) for x in (query, key, value))
    factor, full = query.dtype.type(scale), _spread_mask(mask, query, key)

    def members(start: int, stop: int) -> None:
        for at, keys, first in _pieces(query, key, start, stop):
            q, k, total = query[at], key[keys], sums[at]
            if kept is None:
                p = _scores(q, k, None if full is None else full[at], scale)
                p -= shifts[at]
                np.exp(p, out=p)
            else:
                p = kept[at]
            g = above[at] / total
            d = np.matmul(g, value[keys].swapaxes(-1, -2))
            used = p
            if dropped is not None:
                used = p * dropped[at]
                d *= dropped[at]
            mean = np.einsum("...s,...s->...", d, p)[..., None]
            mean /= total
            d -= mean
            d *= p
            np.multiply(np.matmul(d, k), factor, out=dq[at])
            for into, left, right in ((dv[keys], used, g), (dk[keys], d, q * factor)):
                if first:
                    np.matmul(left.swapaxes(-1, -2), right, out=into)
                else:
                    into += np.matmul(left.swapaxes(-1, -2), right)

    parallel_for(len(query), members, 2.5 * _work(query, key))
    return dq, dk, dv


def definition(query: Any, key: Any, value: Any, mask: Any, dropped: Any, scale: float, causal: bool) -> Any:
    """The same in recorded operations: what the fast forms must agree with. The mask may have a gradient here."""
    import autograd

    scores = autograd.matmul(query * scale, key.transpose(-2, -1))
    if causal:
        mask = wrap(_triangle(query.shape[-2], key.shape[-2], query.array.dtype))
    if mask is not None:
        scores = scores + mask
        empty = wrap(np.isneginf(scores.array).all(-1, keepdims=True))
        probabilities = autograd.softmax(autograd.where(empty, wrap(np.zeros((), scores.array.dtype)), scores), -1)
        probabilities = autograd.where(empty, wrap(np.zeros((), scores.array.dtype)), probabilities)
    else:
        probabilities = autograd.softmax(scores, -1)
    if dropped is not None:
        probabilities = probabilities * dropped
    return autograd.matmul(probabilities, value)


def _again(G: Any, g: Any, inputs: tuple[Any, ...], *rest: Any) -> Any:
    constants = [wrap(a) if isinstance(a, np.ndarray) else a for a in rest]
    found = differentiate_again(lambda *qkv: (definition(*qkv, *constants),), G, (g,), inputs)
    return (*found, None, None)


def _residual(*arguments: Any) -> Any:
    """What the forward keeps, computed again."""
    arrays: list[Any] = [a.array if isinstance(a, Tensor) else a for a in arguments]
    return _attention(*arrays)[1]


_CONSTANTS = ("mask", "dropped")
attention: Any = lift(
    _attention,
    name="scaled_dot_product_attention",
    promote="none",
    arrays=("query", "key", "value"),
    constants=_CONSTANTS,
    residual=lambda query, key, value, mask, dropped, scale, causal: _residual(
        query, key, value, mask, dropped, scale, causal
    ),
    joint=lambda g, r, query, key, value, mask, dropped, scale, causal: (
        *attention_backward(g, query, key, value, mask, dropped, r, scale, causal),
        None,
        None,
    ),
)
attention_backward: Any = lift(
    _attention_backward,
    name="scaled_dot_product_attention_backward",
    promote="none",
    outputs=3,
    arrays=("above", "query", "key", "value"),
    constants=_CONSTANTS,
    joint=lambda g, above, query, key, value, mask, dropped, scale, causal: _again(
        g, above, (query, key, value), mask, dropped, scale, causal
    ),
)


@functools.lru_cache(64)
def _triangle(rows: int, columns: int, dtype: Any) -> Any:
    """The additive mask under which row i sees columns up to i."""
    made = np.where(np.tri(rows, columns, dtype=bool), dtype.type(0), dtype.type(-np.inf))
    made.flags.writeable = False
    return made


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(query key^T * scale + mask) value, over the last two dimensions.

    Args:
        query: (N, ..., L, E).
        key: (N, ..., S, E).
        value: (N, ..., S, V).
        attn_mask: broadcastable to (N, ..., L, S): True where a query may attend to a key, or numbers to add.
        dropout_p: the probability with which attention weights are dropped, always (there is no training mode here).
        is_causal: query i attends to keys up to i.
        scale: 1 / sqrt(E) if None.
        enable_gqa: key and value may have fewer heads (dimension -3) than query; each is shared by several.

    Raises:
        RuntimeError: shapes or dtypes don't fit, or both a mask and ``is_causal`` are given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html

    >>> import autograd
    >>> q = autograd.ones(1, 2, 3, 4)
    >>> scaled_dot_product_attention(q, q, q, is_causal=True).shape
    torch.Size([1, 2, 3, 4])
    """
    _check(query, key, value)
    if query.array.dtype.kind == "V" and not is_casting():  # bfloat16, for which NumPy has no products
        added = attn_mask if attn_mask is None or attn_mask.array.dtype.kind == "b" else attn_mask.float()
        made = scaled_dot_product_attention(
            query.float(), key.float(), value.float(), added, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        )
        return made.to(query.dtype)
    if is_causal and attn_mask is not None:
        raise RuntimeError("scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa and query.ndim > 2:
        key, value = _shared_heads(query, key, value)
    shapes = [t.array.shape[:-2] for t in (query, key, value, *([] if attn_mask is None else [attn_mask]))]
    lead = np.broadcast_shapes(*shapes)
    query, key, value = (
        t if t.array.shape[:-2] == lead else t.expand(*lead, *t.array.shape[-2:]) for t in (query, key, value)
    )
    single = query.ndim == 2
    if single:
        query, key, value = query[None], key[None], value[None]
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    scores = (*lead, query.shape[-2], key.shape[-2])
    mask = None if attn_mask is None else _additive(attn_mask, scores, query)
    dropped = None if dropout_p <= 0.0 else _dropped(query, key, dropout_p)
    if mask is not None and mask.requires_grad:
        made = definition(query, key, value, mask, dropped, factor, False)
    else:
        made = attention(query, key, value, mask, dropped, factor, bool(is_causal))
    return made[0] if single else made


def _shared_heads(query: Any, key: Any, value: Any) -> tuple[Any, Any]:
    """Grouped-query attention: key and value with their heads repeated, as many as query has."""
    heads, of_key, of_value = (t.shape[-3] for t in (query, key, value))
    if heads % of_key or heads % of_value:
        raise RuntimeError(
            f"scaled_dot_product_attention: with enable_gqa the heads of query ({heads}) must be a multiple of those of "
            f"key ({of_key}) and value ({of_value})"
        )
    key = key.repeat_interleave(heads // of_key, -3) if of_key != heads else key
    value = value.repeat_interleave(heads // of_value, -3) if of_value != heads else value
    return key, value


def _additive(mask: Any, scores: tuple[int, ...], query: Any) -> Any:
    """The mask as numbers to add to scores of this shape: minus infinity where a bool mask is False."""
    dtype = query.array.dtype
    if mask.array.dtype == bool:
        mask = wrap(np.where(mask.array, dtype.type(0), dtype.type(-np.inf)))
    elif mask.array.dtype != dtype:
        raise RuntimeError(
            f"Expected attn_mask dtype to be bool or to match query dtype, but got attn_mask.dtype: {mask.dtype} and "
            f"query.dtype: {query.dtype} instead."
        )
    try:
        np.broadcast_shapes(mask.array.shape, scores)
    except ValueError:
        raise RuntimeError(
            f"scaled_dot_product_attention: attn_mask of shape {list(mask.shape)} is not broadcastable to the scores' "
            f"shape {list(scores)}"
        ) from None
    return mask


def _dropped(query: Any, key: Any, p: float) -> Any:
    """What the attention weights are multiplied by: 0 with probability ``p``, else 1 / (1 - p)."""
    from ..creation import empty

    made = empty(*query.shape[:-1], key.shape[-2], dtype=query.dtype).bernoulli_(1 - p)
    if p < 1:
        made.array *= query.array.dtype.type(1 / (1 - p))
    return made


def _check(query: Any, key: Any, value: Any) -> None:
    for name, t in (("query", query), ("key", key), ("value", value)):
        if not isinstance(t, Tensor):
            raise TypeError(f"scaled_dot_product_attention(): argument {name!r} must be Tensor, not {type(t).__name__}")
    shapes = f"query {list(query.shape)}, key {list(key.shape)}, value {list(value.shape)}"
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            f"scaled_dot_product_attention: Expected query, key, and value to all be at least 2 dimensional: {shapes}"
        )
    if not query.array.dtype == key.array.dtype == value.array.dtype and not is_casting():
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead."
        )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            "scaled_dot_product_attention: query and key must have the same last dimension, and key and value the same "
            f"length: {shapes}"
        )
