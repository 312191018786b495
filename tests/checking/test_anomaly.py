"""detect_anomaly names the forward line that made the NaN, and leaves no trace when it is off."""

import pytest

import autograd as torch
from autograd import graph


def bad(x):
    y = (x - x).sqrt()  # the culprit
    return (y * 0).sum()


def test_it_names_the_forward_line():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"), torch.autograd.detect_anomaly():
        loss = bad(x)
        with pytest.raises(RuntimeError) as caught:
            loss.backward()
    text = str(caught.value)
    assert "Function 'SqrtBackward0' returned nan values in its 0th output" in text
    assert "(x - x).sqrt()  # the culprit" in text and "test_anomaly.py" in text and "in bad" in text
    assert "at [0] of [2]" in text


def test_it_is_off_again():
    assert graph.watcher is None and not torch.is_anomaly_enabled()
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    bad(x).backward()
    assert bool(x.grad.isnan().all())
    assert (x * 2).grad_fn.notes is None


def test_set_detect_anomaly():
    torch.autograd.set_detect_anomaly(True)
    assert torch.is_anomaly_enabled() and torch.is_anomaly_check_nan_enabled()
    torch.autograd.set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        assert torch.is_anomaly_enabled() and not torch.is_anomaly_check_nan_enabled()
        bad(torch.tensor([1.0], requires_grad=True)).backward()
    assert not torch.is_anomaly_enabled() and graph.watcher is None


def test_modes_nest():
    with torch.autograd.set_detect_anomaly(True):
        with torch.autograd.set_detect_anomaly(False):
            assert graph.watcher is None
        assert torch.is_anomaly_enabled() and graph.watcher is not None
    assert graph.watcher is None


def test_a_right_program_runs_and_higher_orders_too():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x)
        values, _ = torch.max(torch.stack([x, 2 * x]), 0)
        values.sum().backward()
    assert second.tolist() == [6.0, 12.0] and x.grad.tolist() == [2.0, 2.0]


def test_nan_that_comes_in_is_not_blamed_on_the_formula():
    x = torch.tensor([1.0], requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        y = x * 2
        with pytest.raises(RuntimeError, match="MulBackward0"):
            y.backward(torch.tensor([float("nan")]))


def test_the_users_of_the_library_are_named_not_the_library():
    import nn

    layer = nn.Sequential(nn.Linear(2, 2), nn.Softplus())
    x = torch.ones(1, 2)
    with torch.autograd.set_detect_anomaly(True):
        y = layer(x)  # here
        loss = (y.sum() - y.sum()).sqrt() * 0
        with pytest.raises(RuntimeError, match=r"test_anomaly\.py"):
            loss.backward()
