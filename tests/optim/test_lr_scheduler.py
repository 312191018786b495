"""Schedules beside PyTorch's: the same rates, momenta and state for a whole run, resumed in the middle too."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import autograd
import optim

S = {
    "StepLR": lambda L, o: L.StepLR(o, 3, 0.5),
    "MultiStepLR": lambda L, o: L.MultiStepLR(o, [2, 5, 5], 0.3),
    "ConstantLR": lambda L, o: L.ConstantLR(o, 0.4, 3),
    "LinearLR": lambda L, o: L.LinearLR(o, 0.2, 0.9, 6),
    "LinearLR default": lambda L, o: L.LinearLR(o),
    "ExponentialLR": lambda L, o: L.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda L, o: L.PolynomialLR(o, 7, 2.0),
    "CosineAnnealingLR": lambda L, o: L.CosineAnnealingLR(o, 5, 0.01),
    "CosineAnnealingWarmRestarts": lambda L, o: L.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "LambdaLR": lambda L, o: L.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (1 + e)]),
    "MultiplicativeLR": lambda L, o: L.MultiplicativeLR(o, lambda e: 0.95),
    "CyclicLR": lambda L, o: L.CyclicLR(o, 0.01, [0.1, 0.3], 4, 3, mode="triangular2"),
    "CyclicLR exp": lambda L, o: L.CyclicLR(o, 0.01, 0.2, 3, mode="exp_range", gamma=0.9, cycle_momentum=False),
    "CyclicLR own": lambda L, o: L.CyclicLR(o, 0.01, 0.2, 3, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "OneCycleLR": lambda L, o: L.OneCycleLR(o, 0.5, total_steps=20),
    "OneCycleLR three": lambda L, o: L.OneCycleLR(o, [0.5, 0.2], epochs=5, steps_per_epoch=4, three_phase=True, anneal_strategy="linear"),
    "SequentialLR": lambda L, o: L.SequentialLR(o, [L.ConstantLR(o, 0.1, 4), L.ExponentialLR(o, 0.9), L.CosineAnnealingLR(o, 3)], [4, 9]),
    "SequentialLR warm": lambda L, o: L.SequentialLR(o, [L.LinearLR(o, 0.1, 1.0, 3), L.CosineAnnealingLR(o, 10)], [3]),
    "ChainedScheduler": lambda L, o: L.ChainedScheduler([L.ConstantLR(o, 0.1, 4), L.StepLR(o, 2, 0.7)], optimizer=o),
}  # fmt: skip


def groups(lib, make):
    a, b = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
    return make([{"params": [a], "lr": 0.1}, {"params": [b], "lr": 0.5}])


def run(opt, schedule, steps, step=lambda s, i: s.step()):
    seen = []
    for i in range(steps):
        seen.append(
            [
                (float(g["lr"]), g.get("momentum", g.get("betas", (0,))[0] if "betas" in g else None))
                for g in opt.param_groups
            ]
        )
        opt.step()
        step(schedule, i)
        assert schedule.get_last_lr() == [g["lr"] for g in opt.param_groups]
    return seen


def same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(np.array(x, float), np.array(y, float), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", S)
@pytest.mark.parametrize("make", ["SGD", "Adam"])
def test_same_rates_and_state_as_pytorch(name, make):
    torch = pytest.importorskip("torch")
    ways = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for lib, o in ((autograd, optim), (torch, torch.optim)):
            opt = groups(lib, lambda ps, o=o: o.SGD(ps, momentum=0.9) if make == "SGD" else o.Adam(ps))
            schedule = S[name](o.lr_scheduler, opt)
            seen = run(opt, schedule, 9)
            ways.append((opt, schedule, seen))
        (ours, mine, a), (theirs, other, b) = ways
        same(a, b)
        missing = set(other.state_dict()) ^ set(mine.state_dict())
        assert missing <= {"_scale_fn_ref"}
        assert {k for g in ours.param_groups for k in g} == {k for g in theirs.param_groups for k in g}

        same(run(ours, mine, 9), run(theirs, other, 9))


def test_a_schedule_resumed_from_pytorchs_state_goes_on_as_pytorchs():
    torch = pytest.importorskip("torch")
    for name in S:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = groups(torch, lambda ps: torch.optim.SGD(ps, momentum=0.9))
            other = S[name](torch.optim.lr_scheduler, theirs)
            run(theirs, other, 5)
            ours = groups(autograd, lambda ps: optim.SGD(ps, momentum=0.9))
            mine = S[name](optim.lr_scheduler, ours)
            ours.load_state_dict(theirs.state_dict())
            mine.load_state_dict(copy.deepcopy({k: v for k, v in other.state_dict().items() if k != "_scale_fn_ref"}))
            same(run(ours, mine, 9), run(theirs, other, 9))


def test_epochs_given():
    torch = pytest.importorskip("torch")
    for name in (
        "StepLR",
        "MultiStepLR",
        "LinearLR",
        "CosineAnnealingLR",
        "PolynomialLR",
        "ExponentialLR",
        "ConstantLR",
        "LambdaLR",
    ):
        seen = []
        for lib, o in ((autograd, optim), (torch, torch.optim)):
            opt = groups(lib, lambda ps, o=o: o.SGD(ps))
            with pytest.warns(UserWarning):
                seen.append(run(opt, S[name](o.lr_scheduler, opt), 8, lambda s, i: s.step(3 * i % 7)))
        same([[lr for lr, _ in x] for x in seen[0]], [[lr for lr, _ in x] for x in seen[1]])
    seen = []
    for lib, o in ((autograd, optim), (torch, torch.optim)):
        opt = groups(lib, lambda ps, o=o: o.SGD(ps))
        schedule = o.lr_scheduler.CosineAnnealingWarmRestarts(opt, 2, 3)
        seen.append(run(opt, schedule, 20, lambda s, i: s.step(i / 2)))
    same([[lr for lr, _ in x] for x in seen[0]], [[lr for lr, _ in x] for x in seen[1]])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "cooldown": 1, "threshold": 0.1, "threshold_mode": "abs"},
        {"min_lr": [0.05, 0.2], "factor": 0.5},
    ],
)
def test_plateau(options):
    torch = pytest.importorskip("torch")
    metrics = [1.0, 0.9, 0.95, 0.91, 0.9001, 0.9, 0.5, 0.6, 0.7, 0.8, 0.4, 0.45, 0.46, 0.47, 0.48]
    seen, states = [], []
    for lib, o in ((autograd, optim), (torch, torch.optim)):
        opt = groups(lib, lambda ps, o=o: o.SGD(ps))
        schedule = o.lr_scheduler.ReduceLROnPlateau(opt, patience=1, **options)
        seen.append(run(opt, schedule, len(metrics), lambda s, i: s.step(metrics[i])))
        states.append(schedule.state_dict())
    same([[lr for lr, _ in x] for x in seen[0]], [[lr for lr, _ in x] for x in seen[1]])
    assert states[0].keys() == states[1].keys()


def test_swa_rates():
    torch = pytest.importorskip("torch")
    for strategy in ("cos", "linear"):
        seen = []
        for lib, o in ((autograd, optim), (torch, torch.optim)):
            opt = groups(lib, lambda ps, o=o: o.SGD(ps))
            seen.append(run(opt, o.swa_utils.SWALR(opt, 0.05, 4, strategy), 7))
        same([[lr for lr, _ in x] for x in seen[0]], [[lr for lr, _ in x] for x in seen[1]])


def test_tensor_rates_are_written_in_place():
    p = autograd.ones(1, requires_grad=True)
    lr = autograd.tensor(1.0)
    opt = optim.SGD([p], lr=lr)
    schedule = optim.lr_scheduler.ExponentialLR(opt, 0.5)
    opt.step()
    schedule.step()
    assert opt.param_groups[0]["lr"] is lr and lr.item() == 0.5


def test_warnings_and_errors():
    p = autograd.ones(1, requires_grad=True)
    opt = optim.SGD([p])
    L = optim.lr_scheduler
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        L.StepLR(opt, 1).step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        L.StepLR(opt, 1).get_lr()
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        L.StepLR(3, 1)
    with pytest.raises(KeyError, match="initial_lr"):
        L.StepLR(optim.SGD([p]), 1, last_epoch=3)
    with pytest.raises(ValueError, match="Expected 1 lr_lambdas, but got 2"):
        L.LambdaLR(opt, [len, len])
    with pytest.raises(ValueError, match="total_steps OR"):
        L.OneCycleLR(opt, 0.1, epochs=3)
    with pytest.raises(ValueError, match="Tried to step 3 times"):
        schedule = L.OneCycleLR(opt, 0.1, total_steps=2)
        for _ in range(4):
            opt.step()
            schedule.step()
    with pytest.raises(ValueError, match="Factor should be < 1"):
        L.ReduceLROnPlateau(opt, factor=1.0)
    with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
        L.SequentialLR(opt, [L.ReduceLROnPlateau(opt)], [])
    assert issubclass(L._LRScheduler, L.LRScheduler) and L._LRScheduler.__name__ == "_LRScheduler"
