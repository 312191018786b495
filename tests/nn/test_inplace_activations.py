"""``inplace=True`` writes over the input, and the gradient is that of the ordinary form."""

import numpy as np
import pytest

import autograd as torch
import nn
import nn.functional as F
from autograd.visualize import graph

VALUES = np.array([-4.0, -0.7, -0.1, 0.3, 2.0, 7.0], np.float32)
FUNCTIONS = [
    F.relu,
    F.relu6,
    F.hardtanh,
    F.hardsigmoid,
    F.hardswish,
    F.elu,
    F.selu,
    F.celu,
    F.leaky_relu,
    F.silu,
    F.mish,
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("through_a_view", [False, True])
def test_gradient_in_place_is_that_of_the_ordinary_form(function, through_a_view):
    x = torch.tensor(VALUES, requires_grad=True)
    (function(x) * x).sum().backward()
    y = torch.tensor(VALUES, requires_grad=True)
    base = y * 1
    target = base[:] if through_a_view else base
    assert function(target, inplace=True) is target
    np.testing.assert_allclose(base.detach().numpy(), function(torch.tensor(VALUES)).numpy())
    (base * y).sum().backward()
    np.testing.assert_allclose(y.grad.numpy(), x.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_leaf_refuses():
    with pytest.raises(RuntimeError, match="leaf"):
        F.relu(torch.ones(2, requires_grad=True), inplace=True)


def test_small_and_large_arguments_keep_their_digits():
    x = np.array([-80, -30, -1e-4, -1e-9, 0, 1e-9, 1e-4, 30, 80], np.float32)
    wide = x.astype(np.float64)
    expected = {
        F.elu: np.where(wide > 0, wide, np.expm1(wide)),
        F.softplus: np.logaddexp(0, wide),
        F.logsigmoid: -np.logaddexp(0, -wide),
    }
    for function, y in expected.items():
        np.testing.assert_allclose(function(torch.tensor(x)).numpy(), y, rtol=1e-6)


@pytest.mark.parametrize("spread", [1.0, 300.0])
def test_softmax_of_rows_of_very_different_size(spread):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, 20)) + spread * rng.normal(size=(200, 1))).astype(np.float32)
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    expected = e / e.sum(1, keepdims=True)
    np.testing.assert_allclose(F.softmax(torch.tensor(x), 1).numpy(), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(F.log_softmax(torch.tensor(x), 1).numpy(), np.log(expected), rtol=1e-5, atol=1e-4)
    labels = rng.integers(0, 20, 200)
    loss = F.cross_entropy(torch.tensor(x), torch.tensor(labels)).item()
    assert loss == pytest.approx(-np.log(expected[np.arange(200), labels]).mean(), rel=1e-4)


NORMS = {
    "batch": lambda: nn.BatchNorm2d(4),
    "batch in eval": lambda: nn.BatchNorm2d(4).eval(),
    "group": lambda: nn.GroupNorm(2, 4),
    "instance": lambda: nn.InstanceNorm2d(4, affine=True),
}


@pytest.mark.parametrize("kind", NORMS)
def test_after_a_normalization(kind):
    """Its result is no view, as in PyTorch: what is written over is the result, not a region of something else."""
    norm, x = NORMS[kind](), torch.randn(3, 4, 5, 5, requires_grad=True)
    assert not norm(x)._is_view()
    found = []
    for inplace in (False, True):
        layers = nn.Sequential(norm, nn.ReLU(inplace))
        y = layers(x)
        found.append([y.detach().clone(), *torch.grad(y.square().sum(), [x, *norm.parameters()])])
    assert all((a == b).all() for a, b in zip(*found, strict=True))
    g = graph(layers(x).sum())
    assert "copy_slices" not in [v.op for v in g.operations] and g.find("relu").module == "1"
