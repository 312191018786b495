"""float16 and bfloat16 are computed in float32 and rounded once, as PyTorch does: sums go on, squares don't overflow."""

import numpy as np
import pytest

import autograd
import nn

pt = pytest.importorskip("torch")
pytest.importorskip("ml_dtypes")
DRAWN = np.random.default_rng(0)
LONG, WIDE = DRAWN.uniform(99, 101, 4000).astype(np.float32), (300 * DRAWN.standard_normal((4, 8))).astype(np.float32)
IMAGE = DRAWN.uniform(0, 1, (2, 3, 9, 7)).astype(np.float32)

CALLS = {
    "mean of many": (LONG, lambda t, x: x.mean()),
    "sum of many": (LONG[:400], lambda t, x: x.sum()),
    "sum over rows": (LONG.reshape(1000, 4) / 100, lambda t, x: x.sum(0)),
    "cumsum": (LONG[:500] / 100, lambda t, x: x.cumsum(0)),
    "var": (WIDE / 3, lambda t, x: x.var(1)),
    "std": (WIDE, lambda t, x: x.std()),
    "norm": (WIDE, lambda t, x: x.norm(dim=1)),
    "logsumexp": (WIDE / 100, lambda t, x: x.logsumexp(1)),
    "softmax": (WIDE / 100, lambda t, x: x.softmax(1)),
    "log_softmax": (WIDE / 100, lambda t, x: x.log_softmax(1)),
    "layer_norm": (WIDE, lambda t, x: t.nn.functional.layer_norm(x, (8,))),
    "rms_norm": (WIDE, lambda t, x: t.nn.functional.rms_norm(x, (8,))),
    "group_norm": (WIDE, lambda t, x: t.nn.functional.group_norm(x, 2)),
    "cross_entropy": (WIDE / 100, lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([0, 7, 3, 3]))),
    "avg_pool2d": (IMAGE, lambda t, x: t.nn.functional.avg_pool2d(x, 3)),
    "interpolate": (IMAGE, lambda t, x: t.nn.functional.interpolate(x, (5, 12), mode="bilinear")),
    "scatter_reduce": (LONG, lambda t, x: t.zeros(2, dtype=x.dtype).scatter_reduce(
        0, t.arange(len(x)) % 2, x, "mean", include_self=False
    )),
    "attention": (WIDE / 100, lambda t, x: t.nn.functional.scaled_dot_product_attention(x[None], x[None], x[None])),
    "bias of many rows": (WIDE[0] / 1000, lambda t, x: (t.ones(3000, 8, dtype=x.dtype) + x).mean(1)),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", CALLS)
def test_as_pytorch(name, kind):
    values, call = CALLS[name]
    found = []
    for t in (autograd, pt):
        x = t.tensor(values).to(getattr(t, kind)).requires_grad_()
        made = call(t, x)
        (made * t.arange(1, made.numel() + 1).reshape(made.shape)).float().mean().backward()
        assert str(made.dtype) == str(x.grad.dtype) == f"torch.{kind}"
        found.append([made.detach().float().numpy(), x.grad.float().numpy()])
    for ours, theirs in zip(*found, strict=True):
        bound = 2e-2 if kind == "bfloat16" else 4e-3
        finite = np.abs(theirs[np.isfinite(theirs)])
        np.testing.assert_allclose(ours, theirs, rtol=bound, atol=bound * float(finite.max(initial=1e-3)))


@pytest.mark.parametrize("call", [
    lambda t, x: t.frexp(x)[0], lambda t, x: t.frexp(x)[1], lambda t, x: t.histc(x, 4, 0, 200), lambda t, x: t.gradient(x)[0],
    lambda t, x: x.index_reduce(0, t.tensor([0, 0, 1]), x[:3], "mean"),
])  # fmt: skip
def test_in_bfloat16(call):
    ours, theirs = (call(t, t.tensor(LONG[:9]).bfloat16()) for t in (autograd, pt))
    assert str(ours.dtype) == str(theirs.dtype)
    assert ours.tolist() == theirs.tolist()


def test_better_than_pytorch():
    """PyTorch adds up an embedding's gradient in bfloat16 (256 at most), and its matrix_exp gives NaN."""
    table = autograd.ones(7, 2, dtype=autograd.bfloat16, requires_grad=True)
    nn.functional.embedding(autograd.zeros(700, dtype=autograd.int64), table).sum().backward()
    assert table.grad[0].tolist() == [700.0, 700.0]
    x = autograd.tensor(WIDE[:, :4] / 500)
    assert autograd.allclose(x.half().matrix_exp().float(), x.matrix_exp(), atol=2e-3)
