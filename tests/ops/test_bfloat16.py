"""Operations give bfloat16 for bfloat16, as PyTorch, though NumPy's arithmetic with it would widen."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
import nn

torch = pytest.importorskip("torch")
pytest.importorskip("ml_dtypes")
X, Y, M = (
    np.random.default_rng(i).uniform(0.1, 1.0, s).astype(np.float32) for i, s in enumerate([(3, 4), (3, 4), (4, 3)])
)

CALLS = {
    "dot": lambda t, F, x, y, m: t.dot(x[0], y[0]),
    "inner": lambda t, F, x, y, m: t.inner(x, y),
    "tensordot": lambda t, F, x, y, m: t.tensordot(x, m, 1),
    "einsum": lambda t, F, x, y, m: t.einsum("ij,ij->i", x, y),
    "addcmul": lambda t, F, x, y, m: t.addcmul(x, x, y, value=0.5),
    "addcdiv": lambda t, F, x, y, m: t.addcdiv(x, x, y, value=0.5),
    "lerp": lambda t, F, x, y, m: t.lerp(x, y, 0.3),
    "norm": lambda t, F, x, y, m: x.norm(),
    "norm along": lambda t, F, x, y, m: x.norm(1, dim=1),
    "normalize": lambda t, F, x, y, m: F.normalize(x),
    "cosine_similarity": lambda t, F, x, y, m: F.cosine_similarity(x, y),
    "pairwise_distance": lambda t, F, x, y, m: F.pairwise_distance(x, y),
    "hardswish": lambda t, F, x, y, m: F.hardswish(x),
    "hardsigmoid": lambda t, F, x, y, m: F.hardsigmoid(x),
    "hardtanh": lambda t, F, x, y, m: F.hardtanh(x, -0.5, 0.5),
    "relu6": lambda t, F, x, y, m: F.relu6(x),
    "softshrink": lambda t, F, x, y, m: F.softshrink(x, 0.2),
    "smooth_l1_loss": lambda t, F, x, y, m: F.smooth_l1_loss(x, y),
    "huber_loss": lambda t, F, x, y, m: F.huber_loss(x, y),
    "cross_entropy": lambda t, F, x, y, m: F.cross_entropy(x, t.arange(3)),
    "cross_entropy with probabilities": lambda t, F, x, y, m: F.cross_entropy(x, y),
    "attention": lambda t, F, x, y, m: F.scaled_dot_product_attention(x[None, None], y[None, None], x[None, None]),
    "scatter_reduce": lambda t, F, x, y, m: x.scatter_reduce(
        0, t.zeros(1, 4, dtype=t.int64), y, "amax", include_self=False
    ),
    "avg_pool1d": lambda t, F, x, y, m: F.avg_pool1d(x[None], 2),
}


@pytest.mark.parametrize("name", CALLS)
def test_in_its_own_dtype(name):
    found = []
    for lib, layers in ((autograd, nn), (torch, torch.nn)):
        x, y, m = (lib.tensor(v).bfloat16().requires_grad_() for v in (X, Y, M))
        made = CALLS[name](lib, layers.functional, x, y, m)
        made.sum().backward()
        found.append((made, x.grad))
    for ours, theirs in zip(*found, strict=True):
        assert str(ours.dtype) == str(theirs.dtype) == "torch.bfloat16" and tuple(ours.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(ours.detach().float().numpy(), theirs.detach().float().numpy(), rtol=0.05, atol=0.03)
