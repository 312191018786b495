"""Attention."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

import autograd
from autograd.ops.attention import scaled_dot_product_attention
from autograd.tensor import wrap

from .activation import softmax
from .dropout import dropout
from .linear import linear
from .padding import pad

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def additive_mask(mask: Any, name: str, dtype: Any, other: Any = None, other_name: str = "") -> Any:
    """A mask as numbers to add: True becomes minus infinity. ``other`` is a mask whose kind it should share.

    Raises AssertionError if it is neither bool nor floating.
    """
    if mask is None:
        return None
    kind = mask.array.dtype
    if kind.kind not in "bfV":
        raise AssertionError(f"only bool and floating types of {name} are supported, got {mask.dtype}")
    if other is not None and other.array.dtype != kind:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if kind.kind in "fV":
        return mask
    element = autograd.dtypes.as_numpy(dtype)
    return wrap(np.where(mask.array, element.type(-np.inf), element.type(0)))


def _project(
    query: Any, key: Any, value: Any, weights: tuple[Any, Any, Any] | None, weight: Any, bias: Any, size: int
) -> list[Any]:
    """Queries, keys and values, each (length, batch, embed)."""
    if weights is None and query is key and key is value:
        together = linear(query, weight, bias)
        return [together[..., i * size : (i + 1) * size] for i in range(3)]
    if weights is None:
        weights = tuple(weight[i * size : (i + 1) * size] for i in range(3))  # type: ignore[assignment]
    biases = [None] * 3 if bias is None else [bias[i * size : (i + 1) * size] for i in range(3)]
    assert weights is not None
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]


def _check(query: Any, key: Any, value: Any, key_padding_mask: Any, attn_mask: Any, num_heads: int) -> bool:
    """Whether the input has a batch. Raises AssertionError where the shapes don't fit together."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor"
        )
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(
            f"For {query.ndim}-D query, expected key and value to be {query.ndim}-D but found {key.ndim}-D and "
            f"{value.ndim}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != query.ndim - 1:
        raise AssertionError(
            f"For {query.ndim}-D query, expected key_padding_mask to be None or {query.ndim - 1}-D but found "
            f"{key_padding_mask.ndim}-D tensor instead"
        )
    if attn_mask is not None and attn_mask.ndim not in (2, 3):
        raise AssertionError(f"expected attn_mask to be None, 2-D or 3-D but found {attn_mask.ndim}-D tensor instead")
    if query.ndim == 2 and attn_mask is not None and attn_mask.ndim == 3:
        wanted = (num_heads, query.shape[0], key.shape[0])
        if tuple(attn_mask.shape) != wanted:
            raise AssertionError(f"Expected attn_mask shape to be {wanted} but got {tuple(attn_mask.shape)}")
    return bool(query.ndim == 3)


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """Attention of several heads: projections in, attention, projection out. Time comes first: (L, N, E) or (L, E).

    Returns:
        The output (L, N, E), and the attention weights (N, L, S) - (N, heads, L, S) unless averaged - or None.

    Raises:
        AssertionError: shapes don't fit together. RuntimeError: ``is_causal`` without ``attn_mask``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html

    >>> import autograd
    >>> x, weight = autograd.ones(5, 3, 8), autograd.ones(24, 8)  # five places, a batch of three, eight features
    >>> out, attention = multi_head_attention_forward(
    ...     x, x, x, 8, 2, weight, autograd.zeros(24), None, None, False, 0.0, autograd.eye(8), autograd.zeros(8)
    ... )
    >>> out.shape, attention.shape
    (torch.Size([5, 3, 8]), torch.Size([3, 5, 5]))
    """
    batched = _check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value, key_padding_mask = _as_batch(query, key, value, key_padding_mask)
    attn_mask, key_padding_mask, is_causal = _masks(query, attn_mask, key_padding_mask, is_causal, need_weights)
    _check_sizes(query, key, value, attn_mask, embed_dim_to_check, num_heads, use_separate_proj_weight)
    length, batch, size = query.shape
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    q, k, v = _project(query, key, value, separate, in_proj_weight, in_proj_bias, size)
    more = 0  # keys that no mask knows of
    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        k, v, more = _appended(k, bias_k, 0), _appended(v, bias_v, 0), 1
    width = size // num_heads
    q = _heads(q, None, "", batch, num_heads, width)
    k = _heads(k, static_k, "static_k", batch, num_heads, width)
    v = _heads(v, static_v, "static_v", batch, num_heads, width)
    if add_zero_attn:
        nothing = autograd.zeros(1, dtype=k.dtype)
        k, v, more = _appended(k, nothing, 2), _appended(v, nothing, 2), more + 1
    attn_mask, key_padding_mask = _widened(attn_mask, more), _widened(key_padding_mask, more)
    mask = _together(attn_mask, key_padding_mask, batch, num_heads, length, k.shape[2])
    out, weights = _attend(q, k, v, mask, dropout_p if training else 0.0, is_causal, need_weights)
    out = linear(out.permute(2, 0, 1, 3).reshape(length, batch, size), out_proj_weight, out_proj_bias)
    if weights is not None and average_attn_weights:
        weights = weights.mean(1)
    if not batched:
        out = out.squeeze(1)
        weights = None if weights is None else weights.squeeze(0)
    return out, weights


def _as_batch(query: Any, key: Any, value: Any, key_padding_mask: Any) -> tuple[Any, Any, Any, Any]:
    """The inputs as a batch of one. What is the same tensor stays the same, so that one product projects it."""
    same_kv, same_q = key is value, query is key
    query = query.unsqueeze(1)
    key = query if same_q else key.unsqueeze(1)
    value = key if same_kv else value.unsqueeze(1)
    return query, key, value, None if key_padding_mask is None else key_padding_mask.unsqueeze(0)


def _masks(
    query: Any, attn_mask: Any, key_padding_mask: Any, is_causal: bool, need_weights: bool
) -> tuple[Any, Any, bool]:
    """Both masks as numbers to add, and whether the attention may be told that it is causal instead."""
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    key_padding_mask = additive_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and key_padding_mask is None and not need_weights:
        return None, None, True  # the hint says what is in the mask
    return additive_mask(attn_mask, "attn_mask", query.dtype), key_padding_mask, False


def _check_sizes(
    query: Any, key: Any, value: Any, attn_mask: Any, embed_dim: int, num_heads: int, separate: bool
) -> None:
    """Raise AssertionError or RuntimeError for sizes of batches that don't fit together."""
    length, batch, size = query.shape
    if size != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {size}")
    if size % num_heads:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {tuple(key.shape[:2])} do not match value's {tuple(value.shape[:2])}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}")
    if attn_mask is not None:
        wanted = [(length, key.shape[0]), (batch * num_heads, length, key.shape[0])][attn_mask.ndim - 2]
        if tuple(attn_mask.shape) != wanted:
            raise RuntimeError(
                f"The shape of the {attn_mask.ndim}D attn_mask is {tuple(attn_mask.shape)}, but should be {wanted}."
            )


def _together(attn_mask: Any, key_padding_mask: Any, batch: int, num_heads: int, length: int, source: int) -> Any:
    """Both masks in one, broadcastable to (N, heads, L, S); None for none."""
    mask = None
    if attn_mask is not None:
        mask = attn_mask if attn_mask.ndim == 2 else attn_mask.reshape(batch, num_heads, length, source)
    if key_padding_mask is None:
        return mask
    if tuple(key_padding_mask.shape) != (batch, source):
        raise AssertionError(
            f"expecting key_padding_mask shape of {(batch, source)}, but got {tuple(key_padding_mask.shape)}"
        )
    padding = key_padding_mask.reshape(batch, 1, 1, source)
    return padding if mask is None else mask + padding


def _attend(q: Any, k: Any, v: Any, mask: Any, rate: float, is_causal: bool, need_weights: bool) -> tuple[Any, Any]:
    """The attention of all heads, and its weights if they are wanted: then it can't be one operation."""
    if not need_weights:
        return scaled_dot_product_attention(q, k, v, mask, rate, is_causal), None
    scores = autograd.matmul(q * math.sqrt(1.0 / q.shape[-1]), k.transpose(-2, -1))
    weights = softmax(scores if mask is None else scores + mask, dim=-1)
    if rate > 0.0:
        weights = dropout(weights, rate)
    return autograd.matmul(weights, v), weights


def _heads(x: Any, static: Any, name: str, batch: int, num_heads: int, width: int) -> Any:
    """(S, N, E) -> (N, heads, S, E / heads); or what was given as ``static`` (N * heads, S, E / heads)."""
    if static is None:
        return x.reshape(x.shape[0], batch, num_heads, width).permute(1, 2, 0, 3)
    if static.shape[0] != batch * num_heads or static.shape[2] != width:
        raise AssertionError(
            f"expecting {name} of shape {(batch * num_heads, 'S', width)}, but got {tuple(static.shape)}"
        )
    return static.reshape(batch, num_heads, static.shape[1], width)


def _appended(x: Any, last: Any, dim: int) -> Any:
    """``x`` and one more key (or value) along a dimension, the same for all examples."""
    return autograd.cat([x, last.expand(*x.shape[:dim], 1, *x.shape[dim + 1 :])], dim)


def _widened(mask: Any, more: int) -> Any:
    """The mask with so many more keys, which may be attended to."""
    return mask if mask is None or not more else pad(mask, (0, more))
