"""Channels last in memory: where PyTorch's kernels pass that on from their input to their result, ours do."""

from __future__ import annotations

from typing import Any

import pytest

import autograd
import nn
import nn.functional as F

LAST = autograd.channels_last


def image(*shape: int) -> Any:
    autograd.manual_seed(0)
    return autograd.randn(*shape).contiguous(memory_format=LAST)


CASES: dict[str, Any] = {
    "conv2d": lambda x: nn.Conv2d(3, 5, 3, padding=1)(x),
    "conv_transpose2d": lambda x: nn.ConvTranspose2d(3, 5, 3)(x),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "max_pool2d, no gradient": lambda x: F.max_pool2d(x.detach(), 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 3),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 2),
    "batch_norm": lambda x: nn.BatchNorm2d(3)(x),
    "batch_norm, eval": lambda x: nn.BatchNorm2d(3).eval()(x),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "pad": lambda x: F.pad(x, (1, 1, 1, 1)),
    "pad, reflect": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "cat": lambda x: autograd.cat([x, x], 1),
    "relu after batch_norm": lambda x: F.relu(nn.BatchNorm2d(3)(x), inplace=True),
}


@pytest.mark.parametrize("name", CASES)
def test_channels_last_is_passed_on(name: str) -> None:
    x = image(2, 3, 4, 6).requires_grad_()
    plain = x.detach().contiguous().requires_grad_()
    autograd.manual_seed(1)
    y = CASES[name](x)
    autograd.manual_seed(1)
    other = CASES[name](plain)
    assert y.is_contiguous(memory_format=LAST) and other.is_contiguous()
    assert autograd.allclose(y, other)
    if "no gradient" not in name:
        y.square().sum().backward()
        other.square().sum().backward()
        assert autograd.allclose(x.grad, plain.grad, atol=1e-5)


def test_a_weight_gives_its_layout_too() -> None:
    x, weight = autograd.randn(2, 3, 4, 4), image(5, 3, 3, 3)
    assert F.conv2d(x, weight).is_contiguous(memory_format=LAST)


def test_mixed_layouts_are_joined_in_the_ordinary_order() -> None:
    x = image(2, 3, 4, 4)
    assert autograd.cat([x, x.contiguous()], 1).is_contiguous()


def test_strides_decide_where_lengths_of_one_leave_it_open() -> None:
    x = image(2, 3, 4, 4)
    assert F.conv2d(x[:, :2], autograd.ones(5, 2, 1, 1)).is_contiguous(memory_format=LAST)
    one = autograd.ones(2, 1, 1, 3).permute(0, 3, 1, 2)
    assert F.interpolate(one, size=(4, 4)).is_contiguous(memory_format=LAST)
    assert F.interpolate(autograd.ones(2, 3, 1, 1), size=(4, 4)).is_contiguous()
    assert F.pad(autograd.ones(3), (1, 1)).tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_a_module_lays_out_its_weights() -> None:
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(20, 2))
    x, before = image(2, 3, 4, 4), model.state_dict()
    assert model.to(memory_format=LAST) is model and isinstance(model[0].weight, nn.Parameter)
    assert model[0].weight.is_contiguous(memory_format=LAST) and model[2].weight.is_contiguous()
    assert all(autograd.equal(v, before[k]) for k, v in model.state_dict().items())
    model(x).sum().backward()
    assert model[0].weight.grad is not None


def test_indices_in_descending_order_lie_in_order():
    """A view with a negative stride, which PyTorch does not have, could not be seen in another shape."""
    for found in (
        autograd.sort(autograd.rand(4, 6), descending=True)[1],
        autograd.argsort(autograd.rand(4, 6), dim=0, descending=True),
    ):
        assert found.stride() == (6, 1) and found.view(24).shape == (24,)
