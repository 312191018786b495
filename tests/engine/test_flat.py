"""Operations made of straight pieces: their second derivatives are zeros that are there, as PyTorch's are."""

import gc

import numpy as np
import pytest

import autograd
import nn
from autograd import func
from autograd.operation import LIFTED

images = (1, 2, 4, 4)
BENT = {
    "relu": ((6,), lambda t, x: x.relu()),
    "leaky_relu": ((6,), lambda t, x: t.nn.functional.leaky_relu(x)),
    "prelu": ((6,), lambda t, x: t.nn.functional.prelu(x, t.tensor([0.2]))),
    "rrelu_with_noise": ((6,), lambda t, x: t.nn.functional.rrelu(x, training=False)),
    "threshold": ((6,), lambda t, x: t.nn.functional.threshold(x, 0.1, 0.0)),
    "hardtanh": ((6,), lambda t, x: t.nn.functional.hardtanh(x)),
    "hardshrink": ((6,), lambda t, x: t.nn.functional.hardshrink(x)),
    "softshrink": ((6,), lambda t, x: t.nn.functional.softshrink(x)),
    "avg_pool": (images, lambda t, x: t.nn.functional.avg_pool2d(x, 2)),
    "max_pool": (images, lambda t, x: t.nn.functional.max_pool2d(x, 2)),
    "take_flat": (images, lambda t, x: t.nn.functional.adaptive_max_pool2d(x, 2)),
    "nll_loss": ((2, 3), lambda t, x: t.nn.functional.nll_loss(x, t.tensor([0, 2]))),
    "pad": (images, lambda t, x: t.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")),
}
UNLIKE_PYTORCH = {"hardsigmoid"}  # PyTorch has no second derivative of it


def test_every_flat_operation_is_here():
    assert {op.name for op in LIFTED if getattr(op, "flat", False)} == set(BENT) | UNLIKE_PYTORCH


@pytest.mark.parametrize("name", BENT)
def test_as_pytorch(name):
    pt = pytest.importorskip("torch")
    shape, f = BENT[name]
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = []
    for t in (autograd, pt):
        x = t.tensor(values, requires_grad=True)
        (g,) = t.autograd.grad(f(t, x).sum(), x, create_graph=True)
        (h,) = t.autograd.grad(g.sum(), x, retain_graph=True)
        g.sum().backward()
        found.append((g.requires_grad, h.tolist(), h.dtype is t.float32, x.grad.tolist()))
    assert found[0] == found[1]
    assert found[0][0] and not np.any(found[0][1])


def network():
    autograd.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.LeakyReLU(), nn.Linear(4, 1))


def test_a_gradient_penalty_gives_biases_zeros_and_weights_their_gradient():
    """A bias moves only the bends: it is connected to the penalty, and its gradient is zero. Not the last one's."""
    critic = network()
    x = autograd.randn(7, 3, requires_grad=True)
    (g,) = autograd.autograd.grad(critic(x).sum(), x, create_graph=True)
    ((g.norm(dim=1) - 1) ** 2).mean().backward()
    assert all(bool(layer.weight.grad.any()) for layer in (critic[0], critic[2], critic[4]))
    assert all(layer.bias.grad is not None and not layer.bias.grad.any() for layer in (critic[0], critic[2]))
    assert critic[4].bias.grad is None
    assert x.grad is not None and not x.grad.any()


def test_zeros_do_not_disturb_what_is_there():
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    (g,) = autograd.autograd.grad(x.relu().sum(), x, create_graph=True)
    (x * x).sum().backward()
    before = x.grad
    g.sum().backward()
    assert x.grad is before and before.tolist() == [2.0, 4.0]


def test_a_function_that_returns_none_is_still_unused():
    class Deaf(autograd.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return None

    x = autograd.tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="not have been used in the graph"):
        autograd.autograd.grad(Deaf.apply(x).sum(), x)


def test_hessians_and_tangents():
    critic = network()
    x = autograd.randn(3)
    assert not func.hessian(lambda x: critic(x).sum())(x).any()
    assert not autograd.autograd.functional.hessian(lambda x: critic(x).sum(), x, strict=True).any()
    value, tangent = func.jvp(func.grad(lambda x: (critic(x) ** 2).sum()), (x,), (autograd.ones(3),))
    rows = func.hessian(lambda x: (critic(x) ** 2).sum())(x)
    assert autograd.allclose(tangent, rows @ autograd.ones(3), atol=1e-6)


def test_third_derivatives_pass_through():
    x = autograd.tensor([0.5, -0.5], dtype=autograd.float64, requires_grad=True)
    y = (x.relu() ** 4).sum()
    for expected in ([0.5, 0.0], [3.0, 0.0], [12.0, 0.0], [24.0, 0.0], [0.0, 0.0]):
        (g,) = autograd.autograd.grad(y, x, create_graph=True)
        assert g.tolist() == expected
        y = g.sum()


def test_large_arrays():
    x = autograd.ones(300, 400, requires_grad=True)
    (g,) = autograd.autograd.grad((x.relu() ** 2).sum(), x, create_graph=True)
    g.sum().backward()
    assert (x.grad == 2).all()


def test_the_graph_is_freed():
    gc.collect()
    gc.disable()
    try:
        x = autograd.randn(4, requires_grad=True)
        (g,) = autograd.autograd.grad((x.relu() ** 2).sum(), x, create_graph=True)
        before = len(gc.get_objects())
        g.sum().backward()
        del g, x
        assert gc.collect() == 0 and len(gc.get_objects()) <= before
    finally:
        gc.enable()


@pytest.mark.parametrize("name", BENT)
def test_names_of_nodes(name):
    pt = pytest.importorskip("torch")
    shape, f = BENT[name]
    names = []
    for t in (autograd, pt):
        x = t.ones(*shape, requires_grad=True)
        names.append(t.autograd.grad(f(t, x).sum(), x, create_graph=True)[0].grad_fn.name())
    if name != "rrelu_with_noise":  # PyTorch has no noise to look at in evaluation, and calls it leaky_relu
        assert names[0] == names[1]
