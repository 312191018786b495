"""The step that is written down does what the rule itself does, to the bit, or leaves it to the rule."""

import numpy as np
import pytest

import autograd as torch
import optim
from autograd import fast
from optim.written import PATIENCE, Steps

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
    """Two optimizers alike, of which only the second writes its steps down."""
    one, two = (kind(parameters(), **options) for _ in range(2))
    one._steps = Never()
    return one, two


class Never(Steps):
    def run(self, owner, number, group):
        return False


def written(optimizer):
    """Whether the latest step was one that had been written down."""
    return optimizer._steps.known[0].flat is not None


def both(one, two, seeds, change=lambda optimizer, seed: None):
    for seed in seeds:
        for optimizer in (one, two):
            params = optimizer.param_groups[0]["params"]
            gradients(params, seed)
            change(optimizer, seed)
            optimizer.step()
    for p, q in zip(one.param_groups[0]["params"], two.param_groups[0]["params"]):
        assert p.array.tobytes() == q.array.tobytes()
        for name, value in one.state[p].items():
            assert np.asarray(value).tobytes() == np.asarray(two.state[q][name]).tobytes(), name


class TestSameBits:
    @pytest.mark.parametrize(("kind", "options"), OPTIMIZERS, ids=IDS)
    def test_written_down(self, kind, options):
        one, two = pair(kind, options)
        both(one, two, range(PATIENCE + 1))
        assert not written(two)
        both(one, two, range(5))
        assert written(two)

    @pytest.mark.parametrize("kind", [optim.RAdam, optim.ASGD])
    def test_rules_that_look_at_their_scalars(self, kind):
        one, two = pair(kind, {})
        both(one, two, range(8))
        assert not written(two)

    def test_a_learning_rate_that_changes(self):
        def change(optimizer, seed):
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + seed)

        one, two = pair(optim.Adam, {})
        both(one, two, range(8), change)
        assert written(two)

    def test_betas_that_change(self):
        def change(optimizer, seed):
            optimizer.param_groups[0]["betas"] = (0.5 + seed / 20, 0.9)

        one, two = pair(optim.Adam, {})
        both(one, two, range(8), change)
        assert not written(two)
        both(one, two, range(8))
        assert written(two)

    def test_a_learning_rate_that_is_a_tensor(self):
        lr = torch.tensor(0.1)
        one, two = pair(optim.Adam, {"lr": lr})
        both(one, two, range(6))
        assert not written(two)
        lr.fill_(0.01)
        both(one, two, range(2))

    def test_a_parameter_without_a_gradient(self):
        def change(optimizer, seed):
            if seed == 6:
                optimizer.param_groups[0]["params"][0].grad = None

        both(*pair(optim.Adam, {}), range(12), change)

    def test_gradients_of_another_dtype(self):
        def change(optimizer, seed):
            p = optimizer.param_groups[0]["params"][1]
            if seed == 6:
                p.grad.array = p.grad.array.astype(np.float64)

        both(*pair(optim.SGD, {"lr": 0.1, "momentum": 0.9}), range(12), change)

    def test_state_that_is_loaded(self):
        def change(optimizer, seed):
            if seed == 6:
                optimizer.load_state_dict(optimizer.state_dict())

        both(*pair(optim.Adam, {}), range(12), change)

    def test_step_counts_that_are_set(self):
        def change(optimizer, seed):
            if seed == 6:
                for state in optimizer.state.values():
                    state["step"].fill_(100.0)

        both(*pair(optim.Adam, {}), range(12), change)

    def test_parameters_that_are_added(self):
        def change(optimizer, seed):
            if seed == 6:
                extra = torch.ones(4, requires_grad=True)
                extra.grad = torch.ones(4)
                optimizer.add_param_group({"params": [extra], "lr": 0.5})

        both(*pair(optim.Adam, {}), range(12), change)

    def test_hooks_are_called(self):
        one, two = pair(optim.Adam, {})
        both(one, two, range(6))
        seen = []
        two.register_step_post_hook(lambda *args: seen.append(1))
        both(one, two, range(3))
        assert written(two) and len(seen) == 3

    def test_without_kernels(self):
        fast.enable(False)
        try:
            one, two = pair(optim.Adam, {})
            both(one, two, range(6))
            assert written(two)
        finally:
            fast.enable(True)
        both(one, two, range(6))

    def test_a_gradient_of_other_strides(self):
        def change(optimizer, seed):
            p = optimizer.param_groups[0]["params"][0]
            p.grad.array = np.asfortranarray(p.grad.array)

        both(*pair(optim.Adam, {}), range(6), change)


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
