"""Fake quantization beside PyTorch's, ties and all."""

from __future__ import annotations

import numpy as np
import pytest

import autograd

torch = pytest.importorskip("torch")

NUMBERS = np.array([-3, -1.25, -0.375, 0.125, 0.375, 0.625, 1.5, 2.55, 100, np.nan, np.inf, -np.inf], np.float32)


def both(make):
    return make(autograd), make(torch)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    "scale, zero, low, high", [(0.25, 0, 0, 255), (0.25, 3, -8, 7), (0.1, 128, 0, 255), (2.0, -1, -4, 3)]
)
def test_one_scale(dtype, scale, zero, low, high):
    def make(lib):
        x = lib.tensor(NUMBERS).to(getattr(lib, dtype)).requires_grad_()
        y = lib.fake_quantize_per_tensor_affine(x, scale, zero, low, high)
        y.backward(lib.ones_like(y) * 3)
        z = lib.fake_quantize_per_tensor_affine(
            x.detach(), lib.tensor(scale), lib.tensor(zero, dtype=lib.int32), low, high
        )
        return str(y.dtype), y.detach().numpy(), x.grad.numpy(), z.numpy()

    (kind, *ours), (theirs_kind, *theirs) = both(make)
    assert kind == theirs_kind
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_scale_for_each_channel(axis):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 4, 5)).astype(np.float32)
    n = values.shape[axis]
    scales, zeros = rng.uniform(0.1, 0.5, n).astype(np.float32), rng.integers(-2, 3, n).astype(np.int32)

    def make(lib):
        x = lib.tensor(values, requires_grad=True)
        y = lib.fake_quantize_per_channel_affine(x, lib.tensor(scales), lib.tensor(zeros), axis % 3, -4, 3)
        y.sum().backward()
        return y.detach().numpy(), x.grad.numpy()

    for a, b in zip(*both(make), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda t, x: t.fake_quantize_per_tensor_affine(x, 0.1, 300, 0, 255), "zero_point"),
        (lambda t, x: t.fake_quantize_per_tensor_affine(x, 0.1, 3, 5, 2), "quant_min"),
        (lambda t, x: t.fake_quantize_per_tensor_affine(x.long(), 0.1, 0, 0, 255), "not implemented for"),
        (lambda t, x: t.fake_quantize_per_tensor_affine(x, t.ones(2), t.tensor(0), 0, 255), "2 elements"),
        (lambda t, x: t.fake_quantize_per_channel_affine(x, t.ones(2), t.tensor([0, 1]), 0, -4, 3), "found Long"),
        (lambda t, x: t.fake_quantize_per_channel_affine(x, t.ones(2), t.tensor([0, 9]).int(), 0, -4, 3), "zero_point"),
    ],
)
def test_what_is_refused(wrong, words):
    for lib in (autograd, torch):
        with pytest.raises(RuntimeError, match=words):
            wrong(lib, lib.ones(2, 3))
    with pytest.raises(RuntimeError, match="one scale and one zero point"):
        autograd.fake_quantize_per_channel_affine(
            autograd.ones(2, 3), autograd.ones(3), autograd.zeros(3).int(), 0, -4, 3
        )
