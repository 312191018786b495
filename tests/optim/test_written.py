"""The step of a compiled program does what the optimizer's own step does, to the bit, or leaves it to that step."""

import numpy as np
import pytest

import autograd as torch
import optim
from optim.replay import Replay
from optim.rule import RuleOptimizer

OPTIMIZERS = [
    (optim.SGD, {"lr": 0.1}),
    (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    (optim.Adam, {"lr": 0.1, "amsgrad": True}),
    (optim.AdamW, {"lr": 0.1, "maximize": True}),
    (optim.NAdam, {"lr": 0.1}),
    (optim.RMSprop, {"lr": 0.1, "centered": True, "momentum": 0.5}),
    (optim.Adagrad, {"lr": 0.1, "lr_decay": 0.1}),
    (optim.Adadelta, {}),
    (optim.Adamax, {}),
    (optim.Rprop, {}),
    (optim.Lion, {"lr": 0.01}),
]
IDS = [f"{kind.__name__}{i}" for i, (kind, _) in enumerate(OPTIMIZERS)]


def parameters():
    rng = np.random.default_rng(0)
    shapes = [(130, 80), (7,), (3, 5)]  # one large enough for blocks of its own, two that are gathered
    return [torch.tensor(rng.normal(size=s).astype(np.float32), requires_grad=True) for s in shapes]


def gradients(params, seed):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad = torch.tensor(rng.normal(size=p.shape).astype(np.float32))


def pair(kind, options):
    """Two optimizers alike, the second one's step as a compiled program calls it."""
    (one, two) = (kind(parameters(), **options) for _ in range(2))
    return one, two, Replay(two, lambda self: RuleOptimizer.step(self))


def both(one, two, replay, seeds, change=lambda optimizer, seed: None):
    for seed in seeds:
        for optimizer, step in ((one, one.step), (two, replay)):
            params = optimizer.param_groups[0]["params"]
            gradients(params, seed)
            change(optimizer, seed)
            step()
    for p, q in zip(one.param_groups[0]["params"], two.param_groups[0]["params"]):
        assert p.array.tobytes() == q.array.tobytes()
        for name, value in one.state[p].items():
            assert np.asarray(value).tobytes() == np.asarray(two.state[q][name]).tobytes(), name


class TestSameBits:
    @pytest.mark.parametrize(("kind", "options"), OPTIMIZERS, ids=IDS)
    def test_written_down(self, kind, options):
        one, two, replay = pair(kind, options)
        both(one, two, replay, range(5))
        assert replay.found() is not None

    @pytest.mark.parametrize("kind", [optim.RAdam, optim.ASGD])
    def test_rules_that_look_at_their_scalars(self, kind):
        one, two, replay = pair(kind, {})
        both(one, two, replay, range(8))

    def test_a_learning_rate_that_changes(self):
        def change(optimizer, seed):
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + seed)

        both(*pair(optim.Adam, {}), range(5), change)

    def test_a_learning_rate_that_is_a_tensor(self):
        lr = torch.tensor(0.1)
        one, two, replay = pair(optim.Adam, {"lr": lr})
        both(one, two, replay, range(2))
        assert replay.found() is None
        lr.fill_(0.01)
        both(one, two, replay, range(2))

    def test_a_parameter_without_a_gradient(self):
        def change(optimizer, seed):
            if seed == 3:
                optimizer.param_groups[0]["params"][0].grad = None

        both(*pair(optim.Adam, {}), range(6), change)

    def test_gradients_of_another_dtype(self):
        def change(optimizer, seed):
            p = optimizer.param_groups[0]["params"][1]
            if seed == 3:
                p.grad.array = p.grad.array.astype(np.float64)

        both(*pair(optim.SGD, {"lr": 0.1, "momentum": 0.9}), range(5), change)

    def test_state_that_is_loaded(self):
        def change(optimizer, seed):
            if seed == 3:
                optimizer.load_state_dict(optimizer.state_dict())

        both(*pair(optim.Adam, {}), range(6), change)

    def test_step_counts_that_are_set(self):
        def change(optimizer, seed):
            if seed == 3:
                for state in optimizer.state.values():
                    state["step"].fill_(100.0)

        both(*pair(optim.Adam, {}), range(6), change)

    def test_parameters_that_are_added(self):
        def change(optimizer, seed):
            if seed == 3:
                extra = torch.ones(4, requires_grad=True)
                extra.grad = torch.ones(4)
                optimizer.add_param_group({"params": [extra], "lr": 0.5})

        both(*pair(optim.Adam, {}), range(6), change)

    def test_hooks_that_are_registered_later(self):
        one, two, replay = pair(optim.Adam, {})
        both(one, two, replay, range(3))
        handle = two.register_step_post_hook(lambda *args: None)
        assert replay.found() is None
        handle.remove()
        assert replay.found() is not None


def test_an_optimizer_with_a_step_of_its_own_keeps_it():
    seen = []

    class Noted(optim.SGD):
        def step(self, closure=None):
            seen.append(1)
            return super().step(closure)

    w = torch.ones(3, requires_grad=True)
    optimizer = Noted([w], lr=0.1)

    @torch.compile
    def step(x):
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()

    for _ in range(3):
        step(torch.ones(3))
    assert len(seen) == 3
    np.testing.assert_allclose(w.detach().numpy(), 0.7, rtol=1e-6)
