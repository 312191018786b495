"""Every rule beside its paper's formula written plainly, and every schedule beside its closed form; no PyTorch needed."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import autograd
import optim

LR, B1, B2, EPS = 0.03, 0.9, 0.99, 1e-8


def momentum(x, g, s, t):
    s["b"] = g if t == 1 else 0.9 * s["b"] + g
    return x - LR * s["b"]


def nesterov(x, g, s, t):
    s["b"] = g if t == 1 else 0.9 * s["b"] + g
    return x - LR * (g + 0.9 * s["b"])


def averages(g, s):
    s["m"] = B1 * s.get("m", 0) + (1 - B1) * g
    s["v"] = B2 * s.get("v", 0) + (1 - B2) * g * g


def adam(x, g, s, t):
    averages(g, s)
    return x - LR * (s["m"] / (1 - B1**t)) / (np.sqrt(s["v"] / (1 - B2**t)) + EPS)


def amsgrad(x, g, s, t):
    averages(g, s)
    s["top"] = np.maximum(s.get("top", 0), s["v"])
    return x - LR * (s["m"] / (1 - B1**t)) / (np.sqrt(s["top"] / (1 - B2**t)) + EPS)


def adamw(x, g, s, t):
    return adam(x * (1 - LR * 0.1), g, s, t)


def adamax(x, g, s, t):
    s["m"] = B1 * s.get("m", 0) + (1 - B1) * g
    s["u"] = np.maximum(B2 * s.get("u", 0), np.abs(g) + EPS)
    return x - LR / (1 - B1**t) * s["m"] / s["u"]


def adagrad(x, g, s, t):
    s["sum"] = s.get("sum", 0) + g * g
    return x - LR * g / (np.sqrt(s["sum"]) + 1e-10)


def adadelta(x, g, s, t):
    s["g2"] = 0.9 * s.get("g2", 0) + 0.1 * g * g
    step = np.sqrt(s.get("d2", 0) + 1e-6) / np.sqrt(s["g2"] + 1e-6) * g
    s["d2"] = 0.9 * s.get("d2", 0) + 0.1 * step * step
    return x - LR * step


def rmsprop(x, g, s, t):
    s["v"] = 0.99 * s.get("v", 0) + 0.01 * g * g
    s["a"] = 0.99 * s.get("a", 0) + 0.01 * g
    s["b"] = 0.5 * s.get("b", 0) + g / (np.sqrt(s["v"] - s["a"] ** 2) + EPS)
    return x - LR * s["b"]


def rprop(x, g, s, t):
    agree = np.sign(g * s.get("prev", np.zeros_like(g)))
    s["size"] = np.clip(s.get("size", LR) * np.where(agree > 0, 1.2, np.where(agree < 0, 0.5, 1.0)), 1e-6, 50)
    s["prev"] = np.where(agree < 0, 0, g)
    return x - np.sign(s["prev"]) * s["size"]


RULES = [
    ("SGD", {"momentum": 0.9}, momentum), ("SGD", {"momentum": 0.9, "nesterov": True}, nesterov), ("Adam", {"betas": (B1, B2)}, adam),
    ("Adam", {"betas": (B1, B2), "amsgrad": True}, amsgrad), ("AdamW", {"betas": (B1, B2), "weight_decay": 0.1}, adamw),
    ("Adamax", {"betas": (B1, B2)}, adamax), ("Adagrad", {}, adagrad), ("Adadelta", {}, adadelta),
    ("RMSprop", {"momentum": 0.5, "centered": True}, rmsprop), ("Rprop", {}, rprop),
]  # fmt: skip


@pytest.mark.parametrize("differentiable", [False, True])
@pytest.mark.parametrize("name,options,rule", RULES, ids=[f"{n}-{r.__name__}" for n, _, r in RULES])
def test_the_rule_is_the_papers(name, options, rule, differentiable):
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(shape) for shape in ((80, 60), (7,), ())]  # in blocks, gathered, gathered
    params = [autograd.tensor(x, requires_grad=not differentiable) for x in start]
    opt = getattr(optim, name)(params, lr=LR, differentiable=differentiable, **options)
    wanted, states = [x.copy() for x in start], [{} for _ in start]
    for step in range(1, 7):
        for i, p in enumerate(params):
            g = rng.standard_normal(p.shape)
            p.grad = autograd.tensor(g)
            wanted[i] = rule(wanted[i], np.asarray(g), states[i], step)
        opt.step()
    for p, x in zip(params, wanted, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), x, rtol=1e-9, atol=1e-12)


L = optim.lr_scheduler
CLOSED = {
    "StepLR": (lambda o: L.StepLR(o, 3, 0.5), lambda e: 0.5 ** (e // 3)),
    "MultiStepLR": (lambda o: L.MultiStepLR(o, [2, 5]), lambda e: 0.1 ** ((e >= 2) + (e >= 5))),
    "ConstantLR": (lambda o: L.ConstantLR(o, 0.5, 4), lambda e: 0.5 if e < 4 else 1.0),
    "LinearLR": (lambda o: L.LinearLR(o, 0.25, 1.0, 4), lambda e: 0.25 + 0.75 * min(e, 4) / 4),
    "ExponentialLR": (lambda o: L.ExponentialLR(o, 0.9), lambda e: 0.9**e),
    "PolynomialLR": (lambda o: L.PolynomialLR(o, 6, 2), lambda e: (1 - min(e, 6) / 6) ** 2),
    "CosineAnnealingLR": (lambda o: L.CosineAnnealingLR(o, 6), lambda e: (1 + math.cos(math.pi * e / 6)) / 2),
    "LambdaLR": (lambda o: L.LambdaLR(o, lambda e: 1 / (1 + e)), lambda e: 1 / (1 + e)),
    "MultiplicativeLR": (lambda o: L.MultiplicativeLR(o, lambda e: 0.9), lambda e: 0.9**e),
    "restarts": (lambda o: L.CosineAnnealingWarmRestarts(o, 4), lambda e: (1 + math.cos(math.pi * (e % 4) / 4)) / 2),
    "warm-up": (
        lambda o: L.SequentialLR(o, [L.LinearLR(o, 0.1, 1.0, 3), L.ExponentialLR(o, 0.5)], [3]),
        lambda e: 0.1 + 0.3 * e if e < 3 else 0.5 ** (e - 3),
    ),
    "chained": (lambda o: L.ChainedScheduler([L.ConstantLR(o, 0.1, 2), L.ExponentialLR(o, 0.9)]), lambda e: 0.9**e * (0.1 if e < 2 else 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_the_schedule_is_its_closed_form(name):
    make, factor = CLOSED[name]
    opt = optim.SGD([autograd.ones(1, requires_grad=True)], lr=0.2)
    schedule = make(opt)
    for epoch in range(12):
        assert opt.param_groups[0]["lr"] == pytest.approx(0.2 * factor(epoch), rel=1e-9, abs=1e-15)
        opt.step()
        schedule.step()


def test_one_cycle_and_cyclic_reach_their_ends():
    opt = optim.SGD([autograd.ones(1, requires_grad=True)], lr=0.2, momentum=0.9)
    one = L.OneCycleLR(opt, 1.0, total_steps=10, pct_start=0.3)
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(10):
            seen.append((opt.param_groups[0]["lr"], opt.param_groups[0]["momentum"]))
            opt.step()
            one.step() if len(seen) < 10 else None
    rates = [lr for lr, _ in seen]
    assert rates[0] == pytest.approx(0.04) and max(rates) == pytest.approx(1.0) and rates[-1] == pytest.approx(4e-6)
    assert seen[rates.index(max(rates))][1] == pytest.approx(0.85) and seen[-1][1] == pytest.approx(0.95)
    opt = optim.SGD([autograd.ones(1, requires_grad=True)], lr=0.2, momentum=0.9)
    cyclic = L.CyclicLR(opt, 0.1, 0.5, step_size_up=4)
    rates = []
    for _ in range(9):
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        cyclic.step()
    assert rates[0] == pytest.approx(0.1) and rates[4] == pytest.approx(0.5) and rates[8] == pytest.approx(0.1)
