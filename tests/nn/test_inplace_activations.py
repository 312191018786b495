"""``inplace=True`` writes over the input, and the gradient is that of the ordinary form."""

import numpy as np
import pytest

import autograd as torch
import nn.functional as F

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
