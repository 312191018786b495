"""autocast beside PyTorch's on the CPU: the dtype of every result, its value, and the gradients behind it."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import autograd
import nn

torch = pytest.importorskip("torch")
pytest.importorskip("ml_dtypes")
SIDES = ((autograd, nn), (torch, torch.nn))
RNG = np.random.default_rng(0)
X, W, IMAGE, KERNEL = (RNG.standard_normal(s).astype(np.float32) for s in ((4, 8), (8, 8), (2, 3, 6, 6), (4, 3, 3, 3)))

# each is a program of (library, its nn.functional, x (4, 8), w (8, 8), and m = x @ w in low precision)
PROGRAMS = {
    "matmul": lambda t, F, x, w, m: x @ w,
    "mm": lambda t, F, x, w, m: t.mm(m, w),
    "bmm": lambda t, F, x, w, m: t.bmm(x[None], w[None]),
    "addmm": lambda t, F, x, w, m: t.addmm(w[0], x, w),
    "baddbmm": lambda t, F, x, w, m: t.baddbmm(x[None], m[None], w[None], alpha=0.5),
    "einsum": lambda t, F, x, w, m: t.einsum("ij,jk->ik", m, w),
    "linear": lambda t, F, x, w, m: F.linear(m, w, x[0]),
    "float64": lambda t, F, x, w, m: x.double() @ w.double(),
    "attention": lambda t, F, x, w, m: F.scaled_dot_product_attention(m[None, None], x[None, None], x[None, None]),
    "prelu": lambda t, F, x, w, m: F.prelu(x, w[0, :1]),
    "add": lambda t, F, x, w, m: m + x,
    "cat": lambda t, F, x, w, m: t.cat([m, x]),
    "stack": lambda t, F, x, w, m: t.stack([m, x]),
    "relu": lambda t, F, x, w, m: m.relu(),
    "gelu": lambda t, F, x, w, m: F.gelu(m),
    "softmax": lambda t, F, x, w, m: m.softmax(-1),
    "log_softmax": lambda t, F, x, w, m: m.log_softmax(-1),
    "logsumexp": lambda t, F, x, w, m: m.logsumexp(-1),
    "layer_norm": lambda t, F, x, w, m: F.layer_norm(m, (8,)),
    "layer_norm with weights": lambda t, F, x, w, m: F.layer_norm(m, (8,), w[0], w[1]),
    "sum": lambda t, F, x, w, m: m.sum(),
    "mean": lambda t, F, x, w, m: m.mean(),
    "std": lambda t, F, x, w, m: m.std(),
    "prod": lambda t, F, x, w, m: m[:1].prod(),
    "max_pool1d": lambda t, F, x, w, m: F.max_pool1d(m[None], 2),
    "avg_pool1d": lambda t, F, x, w, m: F.avg_pool1d(m[None], 2),
    "cross_entropy": lambda t, F, x, w, m: F.cross_entropy(m, t.arange(4)),
    "nll_loss": lambda t, F, x, w, m: F.nll_loss(m, t.arange(4)),
    "mse_loss": lambda t, F, x, w, m: F.mse_loss(m, x),
    "l1_loss": lambda t, F, x, w, m: F.l1_loss(m, m * 2),
    "smooth_l1_loss": lambda t, F, x, w, m: F.smooth_l1_loss(m, x),
    "huber_loss": lambda t, F, x, w, m: F.huber_loss(m, m * 2),
    "binary_cross_entropy_with_logits": lambda t, F, x, w, m: F.binary_cross_entropy_with_logits(m, t.ones(4, 8)),
    "binary_cross_entropy": lambda t, F, x, w, m: F.binary_cross_entropy(m.sigmoid(), t.ones(4, 8)),
    "linalg.inv": lambda t, F, x, w, m: t.linalg.inv((w @ w.mT) + 2 * t.eye(8)),
}
MODULES = {
    "Conv1d": lambda nn: (nn.Conv1d(3, 4, 3, padding=1), (2, 3, 8)),
    "Conv2d": lambda nn: (nn.Conv2d(3, 4, 3, stride=2), (2, 3, 8, 8)),
    "ConvTranspose2d": lambda nn: (nn.ConvTranspose2d(3, 4, 3), (2, 3, 5, 5)),
    "LSTM": lambda nn: (nn.LSTM(3, 4), (5, 2, 3)),
    "GRU": lambda nn: (nn.GRU(3, 4), (5, 2, 3)),
    "MultiheadAttention": lambda nn: (nn.MultiheadAttention(8, 2, batch_first=True), (2, 5, 8)),
    "TransformerEncoderLayer": lambda nn: (nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), (2, 5, 8)),
    "Sequential": lambda nn: (
        nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5)
        ),
        (2, 3, 8, 8),
    ),
}


def compare(found, tolerance):
    ours, theirs = found
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (str(a.dtype), tuple(a.shape)) == (str(b.dtype), tuple(b.shape))
        np.testing.assert_allclose(
            a.detach().float().numpy(), b.detach().float().numpy(), rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_operation(name, kind):
    found = []
    for lib, layers in SIDES:
        x, w = (lib.tensor(v, requires_grad=True) for v in (X, W))
        with lib.autocast("cpu", dtype=getattr(lib, kind)):
            assert lib.is_autocast_enabled("cpu")
            y = PROGRAMS[name](lib, layers.functional, x, w, x @ w)
        assert not lib.is_autocast_enabled("cpu")
        (y.float() if y.dtype != lib.float64 else y).square().mean().backward()
        found.append([y, *[v.grad for v in (x, w) if v.grad is not None]])
    compare(found, 0.06 if kind == "bfloat16" else 0.02)


@pytest.mark.parametrize("name", MODULES)
def test_a_module(name):
    found, state = [], None
    for lib, layers in SIDES:
        net, shape = MODULES[name](layers)
        if state is None:
            state = {k: v.numpy() for k, v in net.state_dict().items()}
        net.load_state_dict({k: lib.tensor(v) for k, v in state.items()})
        x = lib.tensor(np.random.default_rng(1).standard_normal(shape).astype(np.float32), requires_grad=True)
        with lib.autocast("cpu", dtype=lib.bfloat16):
            y = net(x, x, x)[0] if name == "MultiheadAttention" else net(x)
            y = y[0] if isinstance(y, tuple) else y
            loss = layers.functional.mse_loss(y, lib.ones(y.shape))
        loss.backward()
        found.append([y, loss, x.grad, *[p.grad for p in net.parameters()]])
    compare(found, 0.05)


def test_blocks_in_blocks_threads_and_decorators():
    x = autograd.ones(2, 2)

    @autograd.autocast("cpu", dtype=autograd.float16)
    def product():
        return (x @ x).dtype

    with autograd.autocast("cpu"):
        assert (x @ x).dtype == autograd.bfloat16 and product() == autograd.float16
        with autograd.autocast("cpu", enabled=False):
            assert (x @ x).dtype == autograd.float32 and not autograd.is_autocast_enabled("cpu")
        seen = []
        thread = threading.Thread(target=lambda: seen.append((x @ x).dtype))
        thread.start()
        thread.join()
        assert seen == [autograd.float32]
    assert (x @ x).dtype == autograd.float32


def test_what_can_not_be_cast_is_said():
    x = autograd.ones(2, 2)
    with pytest.warns(UserWarning, match="Disabling autocast"), autograd.autocast("cuda", dtype=autograd.float16):
        assert (x @ x).dtype == autograd.float32
    with pytest.warns(UserWarning, match="CPU Autocast only supports"), autograd.autocast("cpu", autograd.float64):
        assert (x @ x).dtype == autograd.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        autograd.autocast("cuda", enabled=False)
    with pytest.raises(RuntimeError, match="same dtype"):
        x @ x.bfloat16()


def test_products_of_bfloat16_are_bfloat16():
    found = []
    for lib, _ in SIDES:
        a, b = (lib.tensor(v).bfloat16().requires_grad_() for v in (X, W))
        y = (a @ b).sum() + lib.bmm(a[None], b[None]).sum()
        y.backward()
        found.append([a @ b, a.grad, b.grad])
    compare(found, 0.03)
