"""The same call here and in PyTorch, compared: values, gradients, and gradients of gradients."""

from __future__ import annotations

import random

import numpy as np
import pytest

import autograd

pt = pytest.importorskip("torch")


def ours(t):
    """A Tensor with the values of one of PyTorch's."""
    return None if t is None else autograd.tensor(t.detach().numpy())


def assert_same(a, b, tolerance=1e-9):
    """PyTorch's ``a`` and our ``b``."""
    assert tuple(a.shape) == tuple(b.shape)
    np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=tolerance, atol=tolerance)


def compare(theirs, mine, *inputs, second=True):
    """Call both on (copies of) PyTorch tensors and compare all there is; where PyTorch refuses, so must we."""
    xs = [x.clone().requires_grad_() for x in inputs]
    zs = [ours(x).requires_grad_() for x in inputs]
    try:
        y = theirs(*xs)
    except (RuntimeError, ValueError):
        with pytest.raises((RuntimeError, ValueError)):
            mine(*zs)
        return
    z = mine(*zs)
    if isinstance(y, tuple):
        assert y[1].tolist() == z[1].tolist()
        y, z = y[0], z[0]
    assert_same(y, z)
    g = pt.randn_like(y)
    expected = pt.autograd.grad(y, xs, g, create_graph=True)
    plain = autograd.grad(z, zs, ours(g), retain_graph=True)
    recorded = autograd.grad(z, zs, ours(g), create_graph=True)
    for a, b, c in zip(expected, plain, recorded, strict=True):
        assert_same(a, b)
        assert_same(a, c)
    if second and len(inputs) > 1:
        total = sum((a * a).sum() for a in expected)
        ours_total = sum(((b * b).sum() for b in recorded[1:]), (recorded[0] * recorded[0]).sum())
        for a, b in zip(pt.autograd.grad(total, xs[:2]), autograd.grad(ours_total, zs[:2]), strict=True):
            assert_same(a, b, 1e-8)


def load(module, theirs):
    """Give our module the state of PyTorch's; its keys must be the same, in the same order."""
    state = theirs.state_dict()
    assert list(state) == list(module.state_dict())
    assert repr(theirs) == repr(module)
    module.load_state_dict({name: ours(value) for name, value in state.items()})


def several(n, options):
    """``n`` of the options, drawn."""
    return [random.choice(options) for _ in range(n)]


def normal(*shape):
    """PyTorch's random numbers in float64."""
    return pt.randn(*shape, dtype=pt.float64)
