"""Classifiers: torchvision's numbers of parameters everywhere; its keys, first weights and outputs where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
import nn
from autograd.vision import models, ops

PARAMETERS = {  # torchvision's documentation
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "densenet121": 7_978_856,
    "alexnet": 61_100_840,
    "mobilenet_v2": 3_504_872,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_numbers_of_parameters(name):
    model = getattr(models, name)()
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "alexnet", "mobilenet_v2"])
def test_same_keys_weights_and_outputs_as_torchvision(name):
    torch, theirs = pytest.importorskip("torch"), pytest.importorskip("torchvision.models")
    torch.manual_seed(0)
    autograd.manual_seed(0)
    a, b = getattr(theirs, name)(num_classes=7).eval(), getattr(models, name)(num_classes=7).eval()
    assert repr(a) == repr(b) and list(a.state_dict()) == list(b.state_dict())
    for key, value in a.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), b.state_dict()[key].numpy())
    x = np.random.default_rng(0).standard_normal((2, 3, 64, 64)).astype(np.float32)
    with torch.no_grad(), autograd.no_grad():
        p, q = a(torch.tensor(x)).numpy(), b(autograd.tensor(x)).numpy()
    np.testing.assert_allclose(q, p, rtol=1e-4, atol=1e-5 * np.abs(p).max())


def test_weights_that_are_not_here(tmp_path, monkeypatch):
    """Without a network the error says what to do."""
    import urllib.error
    import urllib.request

    def offline(*args, **kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"could not download the weights .*no network.*weights=None"):
        models.resnet18(weights=models.ResNet18_Weights.DEFAULT)


def test_roi_pool_takes_the_largest_of_each_cell():
    x = autograd.arange(2 * 36).reshape(2, 1, 6, 6).float().requires_grad_()
    boxes = autograd.tensor([[0.0, 0.0, 0.0, 3.0, 3.0], [1.0, 1.0, 2.0, 5.0, 5.0]])
    out = ops.roi_pool(x, boxes, (2, 2))
    assert out.shape == (2, 1, 2, 2)
    assert out[0, 0].tolist() == [[7.0, 9.0], [19.0, 21.0]]
    out.sum().backward()
    assert x.grad.sum().item() == 8.0 and x.grad[0, 0, 1, 1].item() == 1.0
    halves = ops.roi_pool(x, [boxes[:1, 1:] * 2, boxes[1:, 1:] * 2], 2, spatial_scale=0.5)
    np.testing.assert_array_equal(halves.detach().numpy(), out.detach().numpy())


def test_boxes_are_converted_cut_off_and_compared():
    ops = autograd.vision.ops
    a = autograd.tensor([[0.0, 0.0, 4.0, 2.0], [1.0, 1.0, 3.0, 5.0]])
    b = autograd.tensor([[2.0, 0.0, 6.0, 2.0], [5.0, 5.0, 6.0, 7.0], [1.0, 1.0, 3.0, 5.0]])
    for form in ("xyxy", "xywh", "cxcywh"):
        assert ops.box_convert(ops.box_convert(a, "xyxy", form), form, "xyxy").tolist() == a.tolist()
    assert ops.box_convert(a[:1], "xyxy", "xywh").tolist() == [[0, 0, 4, 2]]
    assert ops.clip_boxes_to_image(b, (6, 4)).tolist() == [[2, 0, 4, 2], [4, 5, 4, 6], [1, 1, 3, 5]]
    np.testing.assert_allclose(ops.generalized_box_iou(a, b)[0, 0].item(), 1 / 3)
    theirs = pytest.importorskip("torchvision.ops")
    torch = pytest.importorskip("torch")
    both = [torch.tensor(x.numpy()) for x in (a, b)]
    np.testing.assert_allclose(
        ops.generalized_box_iou(a, b).numpy(), theirs.generalized_box_iou(*both).numpy(), rtol=1e-5
    )


def test_frozen_batch_normalization_loads_a_batch_norm():
    from autograd.vision.ops.misc import FrozenBatchNorm2d

    trained = nn.BatchNorm2d(3)
    trained(2 * autograd.randn(4, 3, 5, 5) + 1)
    frozen = FrozenBatchNorm2d(3)
    assert "matched" in str(frozen.load_state_dict(trained.state_dict()))
    assert [name for name, _ in frozen.named_buffers()] == ["weight", "bias", "running_mean", "running_var"]
    x = autograd.randn(2, 3, 4, 4)
    np.testing.assert_allclose(frozen(x).numpy(), trained.eval()(x).detach().numpy(), atol=1e-6)
    assert (
        autograd.vision.ops.FrozenBatchNorm2d is FrozenBatchNorm2d and repr(frozen) == "FrozenBatchNorm2d(3, eps=1e-05)"
    )


def test_results_of_inner_layers():
    from autograd.vision.models._utils import IntermediateLayerGetter

    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 3, 3), nn.Flatten())
    body = IntermediateLayerGetter(model, {"0": "low", "2": "high"})
    found = body(autograd.randn(1, 1, 8, 8))
    assert {name: tuple(v.shape) for name, v in found.items()} == {"low": (1, 2, 6, 6), "high": (1, 3, 4, 4)}
    assert list(body.state_dict()) == list(model.state_dict())
    with pytest.raises(ValueError, match=r"not present in model: \['9'\]"):
        IntermediateLayerGetter(model, {"9": "x"})
