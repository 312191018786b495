"""Lion and schedule-free AdamW beside their papers' rules written plainly; L-BFGS on Rosenbrock; averages of models."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
import optim


def rosenbrock(p):
    x, y = p[0], p[1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def test_lion_is_the_papers_rule():
    rng = np.random.default_rng(0)
    start = rng.standard_normal((70, 80))
    p = autograd.tensor(start, requires_grad=True)
    opt = optim.Lion([p], lr=0.01, betas=(0.9, 0.97), weight_decay=0.1)
    x, m = start.copy(), np.zeros_like(start)
    for _ in range(5):
        g = rng.standard_normal(start.shape)
        p.grad = autograd.tensor(g)
        opt.step()
        c = 0.9 * m + 0.1 * g
        x = x - 0.01 * (np.sign(c) + 0.1 * x)
        m = 0.97 * m + 0.03 * g
    np.testing.assert_allclose(p.detach().array, x, rtol=1e-12)


def test_schedule_free_is_the_papers_rule():
    rng = np.random.default_rng(0)
    start = rng.standard_normal((5, 3))
    p = autograd.tensor(start, requires_grad=True)
    lr, b1, b2, eps, decay, warmup = 0.05, 0.9, 0.99, 1e-8, 0.1, 3
    opt = optim.AdamWScheduleFree([p], lr=lr, betas=(b1, b2), weight_decay=decay, warmup_steps=warmup)
    with pytest.raises(RuntimeError, match=r"call optimizer\.train\(\)"):
        opt.step()
    opt.train()
    z, x, v, total = start.copy(), start.copy(), np.zeros_like(start), 0.0
    for t in range(1, 8):
        y = (1 - b1) * z + b1 * x
        np.testing.assert_allclose(p.detach().array, y, rtol=1e-6)
        g = rng.standard_normal(start.shape)
        p.grad = autograd.tensor(g)
        opt.step()
        rate = lr * min(1, t / warmup)
        v = b2 * v + (1 - b2) * g * g
        z = z - rate * (g / (np.sqrt(v / (1 - b2**t)) + eps) + decay * y)
        total += rate**2
        x = (1 - rate**2 / total) * x + rate**2 / total * z
    opt.eval()
    np.testing.assert_allclose(p.detach().array, x, rtol=1e-6)
    opt.train()
    np.testing.assert_allclose(p.detach().array, (1 - b1) * z + b1 * x, rtol=1e-6)


def test_lbfgs_finds_the_minimum_of_rosenbrock():
    p = autograd.tensor(np.array([-1.2, 1.0]), requires_grad=True)
    opt = optim.LBFGS([p], max_iter=100, tolerance_change=1e-16, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        return loss

    opt.step(closure)
    np.testing.assert_allclose(p.detach().array, [1, 1], atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "Adadelta",
        "Adagrad",
        "Adam",
        "AdamW",
        "Adamax",
        "NAdam",
        "RAdam",
        "RMSprop",
        "Rprop",
        "ASGD",
        "SGD",
        "Adafactor",
    ],
)
def test_every_optimizer_goes_downhill(name):
    p = autograd.tensor(np.array([1.5, -2.0, 0.5]), requires_grad=True)
    opt = getattr(optim, name)([p])
    first = last = (p * p).sum().item()
    for _ in range(50):
        opt.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        opt.step()
        last = (p * p).sum().item()
    assert last < first


def test_sparse_adam_says_what_to_do():
    p = autograd.ones(2, requires_grad=True)
    p.grad = autograd.ones(2)
    with pytest.raises(RuntimeError, match="consider Adam instead"):
        optim.SparseAdam([p]).step()


def test_sparse_adam_updates_the_rows_that_were_looked_up():
    torch, nn = pytest.importorskip("torch"), pytest.importorskip("nn")
    tables = []
    for lib, layers, optimizers in ((torch, torch.nn, torch.optim), (autograd, nn, optim)):
        table = layers.Embedding(6, 2, sparse=True)
        table.weight.data.copy_(lib.arange(12.0).reshape(6, 2) / 10)
        adam = optimizers.SparseAdam(list(table.parameters()), lr=0.1)
        for looked_up in ([0, 2, 2], [2, 5], [0, 1]):
            adam.zero_grad()
            (table(lib.tensor(looked_up)) ** 2).sum().backward()
            adam.step()
        tables.append(table.weight.tolist())
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-6)


def test_averaged_model():
    nn = pytest.importorskip("nn")
    model = nn.Linear(2, 3)
    mean, ema = (
        optim.swa_utils.AveragedModel(model),
        optim.swa_utils.AveragedModel(model, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(0.9)),
    )
    seen = []
    for i in range(4):
        model.weight.detach().array[...] = i + np.arange(6).reshape(3, 2)
        seen.append(model.weight.detach().array.copy())
        mean.update_parameters(model)
        ema.update_parameters(model)
    np.testing.assert_allclose(mean.module.weight.detach().array, np.mean(seen, 0), rtol=1e-6)
    expected = seen[0]
    for w in seen[1:]:
        expected = 0.9 * expected + 0.1 * w
    np.testing.assert_allclose(ema.module.weight.detach().array, expected, rtol=1e-6)
    assert int(mean.n_averaged) == 4 and "n_averaged" in mean.state_dict()
