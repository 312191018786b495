"""What a node shows of what it saved: ``grad_fn._saved_self`` and its kin, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import autograd

torch = pytest.importorskip("torch")
X, W = (np.random.default_rng(0).uniform(0.5, 1.5, s) for s in ((2, 3), (3, 2)))

PROGRAMS = {
    "mul": lambda t, x, w: x * w.mT,
    "div": lambda t, x, w: x / w.mT,
    "pow": lambda t, x, w: x**3,
    "pow of tensors": lambda t, x, w: x**w.mT,
    "matmul": lambda t, x, w: x @ w,
    "exp": lambda t, x, w: x.exp(),
    "log": lambda t, x, w: x.log(),
    "sin": lambda t, x, w: x.sin(),
    "sqrt": lambda t, x, w: x.sqrt(),
    "tanh": lambda t, x, w: x.tanh(),
    "relu": lambda t, x, w: x.relu(),
    "sigmoid": lambda t, x, w: x.sigmoid(),
    "softmax": lambda t, x, w: x.softmax(1),
    "log_softmax": lambda t, x, w: x.log_softmax(1),
    "clamp": lambda t, x, w: x.clamp(0.6, 1.2),
    "by a constant": lambda t, x, w: x * w.mT.detach(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_pytorch(name):
    """Every tensor that both save has one name and one value."""
    found = []
    for lib in (autograd, torch):
        x, w = (lib.tensor(v, requires_grad=True) for v in (X, W))
        node = PROGRAMS[name](lib, x, w).grad_fn
        found.append({a: getattr(node, a) for a in dir(node) if a.startswith("_saved_")})
    ours, theirs = found
    common = ours.keys() & theirs.keys()
    assert common
    for key in common:
        if isinstance(ours[key], autograd.Tensor) and isinstance(theirs[key], torch.Tensor):
            np.testing.assert_allclose(ours[key].detach().numpy(), theirs[key].detach().numpy())
        elif not isinstance(ours[key], autograd.Tensor) and not isinstance(theirs[key], torch.Tensor):
            assert ours[key] == theirs[key] or name == "pow"


def test_they_are_the_tensors_of_the_graph():
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    z = y * x
    assert z.grad_fn._saved_other is x and z.grad_fn._saved_self.grad_fn is y.grad_fn
    assert y.grad_fn._saved_result.grad_fn is y.grad_fn and (x**3).grad_fn._saved_exponent == 3
    assert (x * 2).grad_fn._saved_other == 2 and (x * 2).grad_fn._saved_self is None
    z.sum().backward()
    with pytest.raises(RuntimeError, match="directly access saved tensors after they have already been freed"):
        _ = z.grad_fn._saved_self
    with pytest.raises(AttributeError, match="it has _saved_"):
        _ = y.grad_fn._saved_dim
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = y.grad_fn.nothing
