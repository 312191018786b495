"""Numbers that an array's dtype can't hold, whole and not: they wrap, are refused or promote as in PyTorch."""

import numpy as np
import pytest

import autograd
import nn  # noqa: F401

pt = pytest.importorskip("torch")
NAN, INF = float("nan"), float("inf")


def byte(t):
    return t.tensor([200, 5], dtype=t.uint8)


CALLS = [
    lambda t: byte(t) + 300, lambda t: byte(t) * -3, lambda t: -1 - byte(t), lambda t: byte(t).add_(-3), lambda t: byte(t) // -2, lambda t: byte(t) % -2,
    lambda t: t.add(byte(t), byte(t), alpha=-3), lambda t: t.sub(byte(t), byte(t), alpha=-1), lambda t: byte(t) & 300, lambda t: byte(t).fill_(-1),
    lambda t: byte(t).index_add(0, t.tensor([0]), byte(t)[:1], alpha=-1), lambda t: byte(t).masked_fill(t.tensor([True, False]), -1),
    lambda t: t.arange(0.0, -8.000001, -4.0, dtype=t.int32), lambda t: t.arange(0.0, -8.000001, -4.0, dtype=t.int64),
    lambda t: t.logspace(0.3, 1.2, 2, dtype=t.int32), lambda t: t.logspace(-2, 4.3, 2, 2, dtype=t.int64),
    lambda t: t.addbmm(t.ones(2, 2, dtype=t.int32), t.ones(3, 2, 2, dtype=t.int32), t.ones(3, 2, 2, dtype=t.int32)),
    lambda t: t.tensordot(t.ones(1, 1, 1, dtype=t.int16), t.ones(2, 1, 2, dtype=t.int16), ([0, 1], [2, 0])),
    lambda t: t.masked.cumsum(t.tensor([1, 2], dtype=t.int32), 0), lambda t: t.masked.cumprod(t.tensor([1, 2], dtype=t.int16), 0),
    lambda t: t.xlogy(t.tensor([1.0, 2.0]), 3.0), lambda t: t.special.xlog1py(t.tensor([1.0, 2.0]), 3), lambda t: t.xlogy(2.0, t.tensor([1.0, 2.0])),
    lambda t: t.heaviside(t.tensor([NAN, 0.0, -1.0]), t.tensor([0.5])), lambda t: t.nn.functional.threshold(t.tensor([NAN, 0.0, 2.0]), 1.0, 7.0),
    lambda t: t.lgamma(t.tensor([-INF, INF, -1.0])), lambda t: t.mvlgamma(t.tensor([0.5, 3.0, NAN]), 3),
    lambda t: t.special.chebyshev_polynomial_t(t.tensor([1.0, 2.0]), t.tensor([NAN, 2.0])),
    lambda t: t.nn.functional.interpolate(t.arange(48, dtype=t.uint8).reshape(1, 3, 4, 4) * 5, (7, 7), mode="bilinear", align_corners=True),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_as_pytorch(call):
    ours, theirs = call(autograd), call(pt)
    assert str(ours.dtype) == str(theirs.dtype) and tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize("call", [
    lambda t: byte(t).fill_(300), lambda t: byte(t).masked_fill(t.tensor([True, False]), 300), lambda t: byte(t).index_fill(0, t.tensor([0]), 300),
    lambda t: byte(t).__setitem__(0, 300), lambda t: t.full((2,), 300, dtype=t.uint8), lambda t: t.zeros(2, dtype=t.int64).fill_(1j),
])  # fmt: skip
def test_what_does_not_fit_is_refused(call):
    for t in (autograd, pt):
        with pytest.raises(RuntimeError, match="without overflow"):
            call(t)


@pytest.mark.parametrize("mode", ["area", "bicubic"])
def test_integers_are_not_resampled(mode):
    with pytest.raises(NotImplementedError, match=r"t\.float\(\)"):
        autograd.nn.functional.interpolate(autograd.ones(1, 1, 4, 4, dtype=autograd.int64), 2, mode=mode)


def image(t):
    return t.arange(16.0).reshape(1, 1, 4, 4)


@pytest.mark.parametrize("call", [
    lambda t, out: t.diag(t.ones(2), out=out), lambda t, out: t.diag(t.ones(2, 3), out=out), lambda t, out: t.narrow_copy(t.ones(4), 0, 1, 2, out=out),
    lambda t, out: t.slice_scatter(t.ones(4), t.zeros(2), 0, 1, 3, out=out), lambda t, out: t.diff(t.ones(3), 0, out=out),
    lambda t, out: t.gather(t.ones(3), 0, t.zeros(0, dtype=t.int64), out=out), lambda t, out: t.gather(t.ones(()), 0, t.tensor(0), out=out),
    lambda t, out: t.index_select(t.ones(()), 0, t.tensor([0]), out=out), lambda t, out: t.scatter(t.ones(3), 0, t.tensor([1]), t.ones(1), reduce="add", out=out),
    lambda t, out: t.scatter(t.ones(3), 0, t.zeros(0, dtype=t.int64), t.ones(0), out=out),
    lambda t, out: t.scatter_reduce(t.ones(3), 0, t.tensor([1]), t.ones(1), "mean", out=out),
    lambda t, out: t.index_reduce(t.ones(()), 0, t.tensor([0]), t.ones(()), "amax", out=out),
    lambda t, out: t.index_reduce(t.ones(2), 0, t.tensor([0]), t.ones(1) * 3, "mean", out=out),
    lambda t, out: t.nn.functional.gelu(t.ones(2), out=out), lambda t, out: t.nn.functional.softplus(t.ones(2), out=out),
    lambda t, out: t.nn.functional.softshrink(t.ones(2), out=out), lambda t, out: t.nn.functional.hardshrink(t.ones(2), out=out),
    lambda t, out: t.nn.functional.logsigmoid(t.ones(2), out=out), lambda t, out: t.nn.functional.avg_pool2d(image(t), 2, out=out),
    lambda t, out: t.nn.functional.avg_pool3d(image(t).reshape(1, 1, 1, 4, 4), (1, 2, 2), out=out),
])  # fmt: skip
def test_out_is_what_comes_back(call):
    outs = [t.empty(0) for t in (autograd, pt)]
    made = [call(t, out) for t, out in zip((autograd, pt), outs, strict=True)]
    assert made[0] is outs[0] and made[1] is outs[1]
    np.testing.assert_allclose(outs[0].numpy(), outs[1].numpy(), rtol=1e-6)


def test_several_outs_have_their_names():
    for t in (autograd, pt):
        values, indices = t.empty(0), t.empty(0, dtype=t.int64)
        found = t.sort(t.tensor([2.0, 1.0]), out=(values, indices))
        assert found.values.tolist() == values.tolist() == [1.0, 2.0] and indices.tolist() == [1, 0]
        X = [t.empty(0), t.empty(0), t.empty(0, dtype=t.int64), t.empty(0)]
        assert t.linalg.lstsq(t.eye(2), t.ones(2, 1), out=tuple(X)).solution.tolist() == X[0].tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x.floor_divide(0), lambda t, x: x.fmod(0), lambda t, x: x % 0, lambda t, x: x // t.tensor(0),
        lambda t, x: x.clone().remainder_(0), lambda t, x: x.clone().copy_(3), lambda t, x: x.clone().copy_(2.5),
        lambda t, x: x.reshape(1, 3, 1).squeeze(0, 2), lambda t, x: x.reshape(1, 3, 1).squeeze(0, 1),
    ],
)  # fmt: skip
def test_whole_numbers_beside_floats(call):
    torch = pytest.importorskip("torch")
    ours, theirs = [call(lib, lib.tensor([-1.5, 0.0, 2.0])) for lib in (autograd, torch)]
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
