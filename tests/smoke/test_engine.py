"""The few lines that everything else stands on: run before every landing."""

import numpy as np
import pytest

import autograd as torch


def test_first_second_and_third_derivatives():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (first,) = torch.grad((x * x * x).sum(), x, create_graph=True)
    (second,) = torch.grad(first.sum(), x, create_graph=True)
    (third,) = torch.grad(second.sum(), x)
    np.testing.assert_allclose(first.detach().numpy(), [3, 12, 27])
    np.testing.assert_allclose(second.detach().numpy(), [6, 12, 18])
    np.testing.assert_allclose(third.numpy(), [6, 6, 6])


def test_write_through_a_view_is_seen_by_base_and_other_views():
    a = torch.ones(3, 4, requires_grad=True)
    b = a * 2
    row, column = b[1], b[:, 2]
    row.mul_(3.0)
    np.testing.assert_allclose(column.detach().numpy(), [2, 6, 2])
    (column * column).sum().backward()
    np.testing.assert_allclose(a.grad.numpy()[:, 2], [8, 72, 8])


def test_overwritten_saved_value_is_found():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    z = y * y
    y.add_(1.0)
    with pytest.raises(RuntimeError, match=r"'add_' at .*test_engine\.py"):
        z.sum().backward()


def test_a_small_network_trains():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(16, 3)))
    target = torch.tensor(rng.normal(size=(16, 1)))
    w = torch.tensor(rng.normal(size=(3, 1)), requires_grad=True)
    losses = []
    for _ in range(50):
        error = x @ w - target
        loss = (error * error).sum()
        loss.backward()
        with torch.no_grad():
            w.sub_(w.grad * 0.01)
        w.grad = None
        losses.append(loss.item())
    assert losses[-1] < losses[0]
