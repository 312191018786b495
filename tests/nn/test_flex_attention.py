"""Attention with functions of the places, beside the masks and PyTorch's own (which has no gradients on the CPU)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn.functional as F
from nn.attention import flex_attention as ours

SLOPES = [0.5, 0.25, 0.125, 0.0625]


def causal(b: Any, h: Any, q: Any, k: Any) -> Any:
    return q >= k


def late(b: Any, h: Any, q: Any, k: Any) -> Any:
    return (q >= k) & (q > 2)


def test_a_mask_is_that_of_ordinary_attention_gradients_included() -> None:
    autograd.manual_seed(0)
    x = [autograd.randn(2, 4, 8, 16).requires_grad_() for _ in range(3)]
    mask = ours.create_block_mask(causal, None, None, 8, 8)
    made, known = ours.flex_attention(*x, block_mask=mask), F.scaled_dot_product_attention(*x, is_causal=True)
    assert autograd.allclose(made, known, atol=1e-6)
    pairs = zip(autograd.grad(made.square().sum(), x), autograd.grad(known.square().sum(), x), strict=True)  # type: ignore[attr-defined]
    assert all(autograd.allclose(a, b, atol=1e-5) for a, b in pairs)


@pytest.mark.parametrize("case", ["alibi", "documents", "nothing seen", "grouped", "lse", "blocks"])
def test_as_pytorch(case: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torch.nn.attention.flex_attention")
    arrays = [np.random.default_rng(i).normal(size=(2, 4, 8, 16)).astype(np.float32) for i in range(3)]
    found = []
    for lib, flex in ((autograd, ours), (torch, theirs)):
        q, k, v = (lib.tensor(a) for a in arrays)
        documents, slopes = lib.tensor([0, 0, 0, 1, 1, 1, 2, 2]), lib.tensor(SLOPES)
        if case == "alibi":
            made = flex.flex_attention(q, k, v, score_mod=lambda s, b, h, i, j: s + slopes[h] * (j - i))  # noqa: B023
        elif case == "documents":
            mod = flex.and_masks(causal, lambda b, h, i, j: documents[i] == documents[j])  # noqa: B023
            made = flex.flex_attention(q, k, v, block_mask=flex.create_block_mask(mod, 2, 4, 8, 8, device="cpu"))
        elif case == "nothing seen":
            made = flex.flex_attention(q, k, v, block_mask=flex.create_block_mask(late, None, None, 8, 8, device="cpu"))
        elif case == "grouped":
            made = flex.flex_attention(q, k[:, :2], v[:, :2], enable_gqa=True)
        elif case == "lse":
            made = flex.flex_attention(q, k, v, return_lse=True)[1]
        else:
            blocks = flex.create_block_mask(causal, None, None, 8, 10, device="cpu", BLOCK_SIZE=4)
            made = lib.cat([blocks.to_dense().reshape(-1).float(), lib.tensor([blocks.sparsity()])])
        found.append(made.numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-5)


def test_refusals_and_joined_masks() -> None:
    q = autograd.ones(1, 4, 2, 4)
    with pytest.raises(ValueError, match="enable_gqa"):
        ours.flex_attention(q, q[:, :2], q[:, :2])
    either = ours.create_mask(ours.or_masks(causal, lambda b, h, i, j: j == 1), None, None, 2, 2)
    assert either.tolist() == [[[[True, True], [True, True]]]]
    assert ours.create_mask(ours.noop_mask, 2, None, 1, 2).shape == (2, 1, 1, 2)
