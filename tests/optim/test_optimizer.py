"""The base class, the rule machinery, SGD and Adam, beside PyTorch."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import autograd
import optim

SHAPES = [(64, 80), (64,), (10, 64), (), (3, 1, 2), (0, 4)]


def made(seed=0, dtype=np.float32, shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s).astype(dtype) for s in shapes]


def ours(arrays):
    return [autograd.tensor(a, requires_grad=True) for a in arrays]


def give(params, grads):
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else autograd.tensor(g)


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)])
def test_parameters_without_grad_are_left_alone_and_have_no_state(make):
    params = ours(made())
    before = [p.array.copy() for p in params]
    opt = make(params)
    give(params, [None if i % 2 else g for i, g in enumerate(made(1))])
    opt.step()
    for i, (p, b) in enumerate(zip(params, before, strict=True)):
        assert np.array_equal(p.array, b) == (i % 2 == 1 or b.size == 0)
        assert (p in opt.state) == (i % 2 == 0)


def test_members_that_skip_steps_keep_their_own_count():
    """The flat buffers are rebuilt when another set of parameters is active; nothing gets lost."""
    apart = [ours(made()) for _ in range(2)]
    together = optim.Adam(apart[0], lr=0.1)
    single = [optim.Adam([p], lr=0.1) for p in apart[1]]
    rng = np.random.default_rng(5)
    for step in range(8):
        grads = [g if rng.random() < 0.6 else None for g in made(step)]
        give(apart[0], grads)
        give(apart[1], grads)
        together.step()
        for opt in single:
            opt.step()
        for a, b in zip(*apart, strict=True):
            np.testing.assert_allclose(a.array, b.array, rtol=1e-6, atol=1e-7)
    assert len({float(s["step"]) for s in together.state.values()}) > 1


def test_state_written_by_the_user_counts():
    params = ours(made())
    opt = optim.Adam(params, lr=0.1)
    give(params, made(1))
    opt.step()
    before = params[0].array.copy()
    opt.state[params[0]]["exp_avg"] = autograd.tensor(np.zeros(SHAPES[0], np.float32))
    opt.state[params[0]]["step"].array[...] = 100
    give(params, [np.zeros(s, np.float32) for s in SHAPES])
    opt.step()
    assert np.array_equal(params[0].array, before)
    assert float(opt.state[params[0]]["step"]) == 101 and float(opt.state[params[1]]["step"]) == 2


def test_parameters_stay_in_their_memory_and_others_see_the_step():
    params = ours(made())
    memory = [p.array for p in params]
    alias = params[0].detach()
    give(params, made(1))
    optim.Adam(params).step()
    assert all(p.array is m for p, m in zip(params, memory, strict=True))
    assert alias.array is params[0].array


def test_transposed_parameters_and_gradients():
    a, b = (autograd.tensor(made()[0].T, requires_grad=True) for _ in range(2))
    a.data = autograd.from_numpy(np.asfortranarray(a.array))
    for p in (a, b):
        p.grad = autograd.from_numpy(np.asfortranarray(made(1)[0].T))
        optim.Adam([p], lr=0.1).step()
    np.testing.assert_array_equal(a.array, b.array)


def test_a_step_is_a_write_that_backward_notices():
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    x.grad = autograd.tensor([1.0, 1.0])
    optim.SGD([x], lr=0.1).step()
    with pytest.raises(RuntimeError, match=r"SGD\.step' at .*test_optimizer\.py"):
        y.sum().backward()


@pytest.mark.parametrize("name,options", [("SGD", {"momentum": 0.9}), ("Adam", {"amsgrad": True}), ("AdamW", {})])
def test_resuming_from_a_state_dict_changes_nothing(name, options):
    runs = [ours(made()) for _ in range(2)]
    opts = [getattr(optim, name)(ps, lr=0.1, **options) for ps in runs]
    for step in range(3):
        give(runs[0], made(step + 1))
        opts[0].step()
    saved = copy.deepcopy({"groups": opts[0].state_dict()["param_groups"]}) and opts[0].state_dict()
    for p, q in zip(*runs, strict=True):
        q.array[...] = p.array
    opts[1].load_state_dict(saved)
    for step in range(3):
        for ps, opt in zip(runs, opts, strict=True):
            give(ps, made(step + 10))
            opt.step()
    for p, q in zip(*runs, strict=True):
        np.testing.assert_array_equal(p.array, q.array)


def test_differentiable_step_equals_the_plain_one_and_has_the_right_gradient():
    start, g = made(0, np.float64)[0][:2, :3], made(1, np.float64)[0][:2, :3]
    plain = autograd.tensor(start, requires_grad=True)
    plain.grad = autograd.tensor(g)
    optim.Adam([plain], lr=0.1, weight_decay=0.01, amsgrad=True).step()

    def stepped(gradient, lr):
        p = autograd.tensor(start, requires_grad=True) * 1.0
        p.retain_grad()
        p.grad = gradient
        opt = optim.Adam([p], lr=lr, weight_decay=0.01, amsgrad=True, differentiable=True)
        opt.step()
        return p

    gradient = autograd.tensor(g, requires_grad=True)
    lr = autograd.tensor(np.array(0.1), requires_grad=True)
    p = stepped(gradient, lr)
    np.testing.assert_allclose(p.detach().array, plain.array, rtol=1e-12)
    by_gradient, by_lr = autograd.grad(p.sum(), [gradient, lr])
    eps = 1e-6
    nudged = g.copy()
    nudged[0, 0] += eps
    low = stepped(autograd.tensor(g), 0.1).detach().array.sum()
    assert by_gradient.array[0, 0] == pytest.approx(
        (stepped(autograd.tensor(nudged), 0.1).detach().array.sum() - low) / eps, rel=1e-3, abs=1e-8
    )
    assert by_lr.item() == pytest.approx(
        (stepped(autograd.tensor(g), 0.1 + eps).detach().array.sum() - low) / eps, rel=1e-4
    )


def test_closure_zero_grad_and_hooks():
    p = autograd.tensor([3.0], requires_grad=True)
    opt = optim.SGD([p], lr=0.5)
    said = []
    opt.register_step_pre_hook(lambda o, args, kwargs: said.append("before"))
    handle = opt.register_step_post_hook(lambda o, args, kwargs: said.append("after"))

    def closure():
        opt.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with autograd.no_grad():
        assert opt.step(closure).item() == 9.0
    assert p.item() == 0.0 and said == ["before", "after"]
    handle.remove()
    opt.step()
    assert said == ["before", "after", "before"]
    opt.zero_grad(set_to_none=False)
    assert p.grad.item() == 0.0
    opt.zero_grad()
    assert p.grad is None


def test_errors():
    p = autograd.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="iterable of Tensors"):
        optim.SGD(p)
    with pytest.raises(ValueError, match="empty parameter list"):
        optim.Adam([])
    with pytest.raises(ValueError, match="non-leaf"):
        optim.Adam([p * 2])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optim.Adam([{"params": [p]}, {"params": p}])
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        optim.SGD([p], lr=-1)
    with pytest.raises(ValueError, match="Invalid beta parameter at index 1"):
        optim.AdamW([p], betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="Nesterov"):
        optim.SGD([p], nesterov=True)
    with pytest.raises(ValueError, match="doesn't match the size"):
        optim.SGD([p]).load_state_dict(optim.SGD([p, autograd.ones(1)]).state_dict())
    with pytest.warns(UserWarning, match="duplicate"):
        twice = optim.SGD([p, p], lr=0.1)
    p.grad = autograd.ones(2)
    twice.step()
    np.testing.assert_allclose(p.array, 0.8)


def test_named_parameters_are_kept_in_the_state_dict():
    a, b = autograd.ones(2, requires_grad=True), autograd.ones(3, requires_grad=True)
    assert optim.SGD([("a", a), ("b", b)]).state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="with/without names"):
        optim.SGD([("a", a), b])


def test_a_wrapper_that_does_not_call_optimizers_init_can_step():
    class Wrapper(optim.Optimizer):
        def __init__(self, inner):
            self.inner, self.param_groups = inner, inner.param_groups

        def step(self, closure=None):
            return self.inner.step(closure)

    p = autograd.ones(2, requires_grad=True)
    p.grad = autograd.ones(2)
    Wrapper(optim.SGD([p], lr=0.5)).step()
    assert p.tolist() == [0.5, 0.5]


def test_a_dict_of_another_kind_is_named_for_what_it_is():
    sgd = optim.SGD([autograd.ones(2)], lr=0.1)
    with pytest.raises(KeyError, match="needs 'params'.*'lr'"):
        sgd.add_param_group({"lr": 1.0})
    with pytest.raises(KeyError, match="not an optimizer's state_dict.*'model'"):
        sgd.load_state_dict({"model": {}})
