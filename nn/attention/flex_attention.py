"""Attention whose scores are changed, or masked, by a function of the places: what ``torch.nn.attention`` calls flexible.

The functions are called once, with the numbers of batch, head, query and key as tensors that broadcast to all places; the
result is plain attention over all of them, masked or not, so a mask saves no work here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import autograd
from autograd.devices import check_device
from autograd.tensor import Tensor

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask", "flex_attention",
    "noop_mask", "or_masks",
]  # fmt: skip

MaskMod = Callable[[Any, Any, Any, Any], Any]
_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """What ``flex_attention`` returns besides."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for by an ``AuxRequest``: logarithms of the sums of exponentials, and the largest scores."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def _places(batch: int, heads: int, queries: int, keys: int) -> list[Any]:
    sizes = (batch, heads, queries, keys)
    return [autograd.arange(n).reshape([-1 if i == at else 1 for i in range(4)]) for at, n in enumerate(sizes)]  # type: ignore[attr-defined]


def noop_mask(batch: Any, head: Any, token_q: Any, token_kv: Any) -> Any:
    """The mask that lets everything through."""
    return autograd.ones((), dtype=autograd.bool)


def and_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask of the places that all of these let through."""
    return lambda b, h, q, k: _joined(autograd.logical_and, [mod(b, h, q, k) for mod in mask_mods], True)


def or_masks(*mask_mods: MaskMod) -> MaskMod:
    """The mask of the places that one of these lets through."""
    return lambda b, h, q, k: _joined(autograd.logical_or, [mod(b, h, q, k) for mod in mask_mods], False)


def _joined(join: Any, masks: list[Any], empty: bool) -> Any:
    made: Any = autograd.full((), empty, dtype=autograd.bool)
    for mask in masks:
        made = join(made, mask)
    return made


def create_mask(mod_fn: MaskMod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None) -> Tensor:
    """The (B, H, Q_LEN, KV_LEN) mask of a function: true where a query may see a key. None counts as 1.

    >>> create_mask(lambda b, h, q, k: q >= k, None, None, 2, 2).tolist()
    [[[[True, False], [True, True]]]]
    """
    check_device(device)
    sizes = (B or 1, H or 1, Q_LEN, KV_LEN)
    found: Tensor = autograd.broadcast_to(mod_fn(*_places(*sizes)), sizes).clone()
    return found


class BlockMask:
    """A mask and the function that it is of, as ``create_block_mask`` makes them."""

    def __init__(self, mask: Tensor, mask_mod: MaskMod, block: tuple[int, int]) -> None:
        self.mask, self.mask_mod, self.BLOCK_SIZE = mask, mask_mod, block

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, H, Q_LEN, KV_LEN)."""
        return tuple(self.mask.shape)

    def to_dense(self) -> Tensor:
        """1 for each block in which something may be seen: (B, H, blocks of queries, blocks of keys), int32."""
        q, k = self.BLOCK_SIZE
        rows, columns = (-(-n // size) for n, size in zip(self.shape[2:], (q, k), strict=True))
        more = (0, columns * k - self.shape[3], 0, rows * q - self.shape[2])
        from ..functional import pad

        whole = pad(self.mask.int(), more).reshape(*self.shape[:2], rows, q, columns, k)  # type: ignore[attr-defined]
        return whole.amax((3, 5))  # type: ignore[no-any-return]

    def sparsity(self) -> float:
        """The percentage of places that are in no block in which something may be seen."""
        inside = int(self.to_dense().sum()) * math.prod(self.BLOCK_SIZE)
        return 100.0 * (1 - inside / math.prod(self.shape))


def create_block_mask(
    mask_mod: MaskMod,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
    **how: Any,
) -> BlockMask:
    """The ``BlockMask`` of a function of (batch, head, query, key); ``how`` steers PyTorch's kernels.

    Source: https://docs.pytorch.org/docs/stable/nn.attention.flex_attention.html
    """
    block = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    return BlockMask(create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device), mask_mod, block)


def flex_attention(
    query: Any,
    key: Any,
    value: Any,
    score_mod: Callable[..., Any] | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """softmax(mod(query @ key.mT * scale)) @ value, of (B, H, L, E), (B, H, S, E) and (B, H, S, V).

    Args:
        score_mod: ``(score, batch, head, query, key)`` gives the new score.
        block_mask: what may be seen; a query that sees nothing gives zeros.
        scale: 1 / sqrt(E) if None.
        enable_gqa: key and value may have fewer heads, each for several of the query's.
        return_lse: return the logarithms of the sums of exponentials, (B, H, L), too.
        return_aux: the same, and the largest scores, as an ``AuxOutput``.

    Raises:
        ValueError: the numbers of heads differ without ``enable_gqa``.

    Source: Dong et al. 2024, https://docs.pytorch.org/docs/stable/nn.attention.flex_attention.html

    >>> import autograd
    >>> x = autograd.ones(1, 1, 2, 4)
    >>> flex_attention(x, x, x, block_mask=create_block_mask(lambda b, h, q, k: q > k, None, None, 2, 2)).tolist()
    [[[[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]]]
    """
    if query.shape[1] != key.shape[1]:
        if not enable_gqa:
            raise ValueError(
                f"Expect query and key/value to have the same number of heads but got Hq={query.shape[1]} and "
                f"Hkv={key.shape[1]}. Try setting enable_gqa=True for GQA."
            )
        key, value = (t.repeat_interleave(query.shape[1] // t.shape[1], 1) for t in (key, value))
    scores = query @ key.mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if score_mod is not None:
        scores = score_mod(scores, *_places(*scores.shape))
    if block_mask is not None:
        seen = block_mask.mask[..., : scores.shape[-2], : scores.shape[-1]]
        scores = scores.masked_fill(~seen, -math.inf)
    lse = scores.logsumexp(-1)
    weights = (scores - lse.masked_fill(lse == -math.inf, 0).unsqueeze(-1)).exp()
    result = (weights @ value).to(query.dtype)
    if return_aux is not None:
        return result, AuxOutput(lse if return_aux.lse else None, scores.amax(-1) if return_aux.max_scores else None)
    return (result, lse) if return_lse else result
