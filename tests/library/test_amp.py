"""GradScaler beside PyTorch's: scales, skipped steps, states, refusals."""

import io
import warnings

import pytest

import autograd as ag
import nn
import optim

real = pytest.importorskip("torch")


def run(t, layers, optimizers, losses, **settings):
    """Scale, state and weight after each step; ``losses`` multiply the loss (inf makes a step that is left out)."""
    t.manual_seed(0)
    layer = layers.Linear(3, 2)
    sgd = optimizers.SGD(layer.parameters(), lr=0.1)
    scaler = t.amp.GradScaler("cpu", **settings)
    found = []
    for k, factor in enumerate(losses):
        sgd.zero_grad()
        scaled = scaler.scale(layer(t.ones(4, 3)).pow(2).mean() * factor)
        scaled.backward()
        if k % 2:
            scaler.unscale_(sgd)
            layers.utils.clip_grad_norm_(layer.parameters(), 1.0)
        scaler.step(sgd)
        scaler.update()
        found.append((float(scaled.detach()), scaler.get_scale(), scaler.state_dict(), layer.weight.flatten().tolist()))
    return found


@pytest.mark.parametrize(
    "settings", [{}, {"init_scale": 8.0, "growth_interval": 2, "backoff_factor": 0.25, "growth_factor": 3.0}]
)
def test_as_pytorch(settings):
    losses = [1.0, 1.0, float("inf"), 1.0, 2.0, float("nan"), 1.0]
    found = run(ag, nn, optim, losses, **settings)
    expected = run(real, real.nn, real.optim, losses, **settings)
    for f, e in zip(found, expected, strict=True):
        assert f[0] == pytest.approx(e[0], rel=1e-5, nan_ok=True) and f[1:3] == e[1:3]
        assert f[3] == pytest.approx(e[3], rel=1e-5)


def test_refusals_and_the_scaler_of_a_device_that_is_not_here():
    for t, optimizers, layers in ((ag, optim, nn), (real, real.optim, real.nn)):
        layer = layers.Linear(1, 1)
        sgd = optimizers.SGD(layer.parameters(), lr=0.1)
        scaler = t.amp.GradScaler("cpu")
        with pytest.raises(AssertionError, match="did not use scaler.scale"):
            scaler.update()
        scaler.scale(layer(t.ones(1, 1)).sum())
        with pytest.raises(AssertionError, match="No inf checks"):
            scaler.update()
        with pytest.raises(AssertionError, match="No inf checks"):
            scaler.step(sgd)
        scaler.update(65536.0)
        scaler.scale(layer(t.ones(1, 1)).sum()).backward()
        scaler.unscale_(sgd)
        with pytest.raises(RuntimeError, match="already been called"):
            scaler.unscale_(sgd)
        scaler.step(sgd)
        with pytest.raises(RuntimeError, match=r"step\(\) has already"):
            scaler.step(sgd)
        with pytest.raises(RuntimeError, match="empty"):
            scaler.load_state_dict({})
        with pytest.warns(UserWarning, match="Disabling"):
            idle = t.amp.GradScaler()
        loss = layer(t.ones(1, 1)).sum()
        assert (
            idle.scale(loss) is loss and idle.get_scale() == 1.0 and idle.state_dict() == {} and not idle.is_enabled()
        )


def test_a_scaler_continues_from_its_state():
    first = ag.amp.GradScaler("cpu", init_scale=4.0)
    file = io.BytesIO()
    ag.save(first.state_dict(), file)
    file.seek(0)
    second = ag.amp.GradScaler("cpu")
    second.load_state_dict(ag.load(file))
    assert second.state_dict() == first.state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ag.amp.GradScaler("cuda", enabled=False)
