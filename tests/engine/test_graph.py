"""The engine itself: long chains, freed memory, awkward graphs, errors that say what to do."""

import gc
import math
import threading
import weakref

import numpy as np
import pytest

import autograd as torch
from autograd.graph import FREED


def numbers(*shape, seed=0, requires_grad=True):
    values = np.random.default_rng(seed).normal(size=shape)
    return torch.tensor(values, requires_grad=requires_grad)


def reachable(node):
    """All nodes below one, found without recursion."""
    seen, stack = set(), [node]
    while stack:
        n = stack.pop()
        if n is not None and n not in seen:
            seen.add(n)
            stack.extend(n.parents)
    return seen


class TestLongChains:
    def test_a_million_operations_forward_backward_and_dropped(self):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x
        for _ in range(1_000_000):
            y = y * 1.0
        y.sum().backward()
        assert x.grad.tolist() == [1.0, 1.0]
        del y  # must not recurse

    def test_a_long_chain_that_was_never_differentiated_can_be_dropped(self):
        y = torch.ones(1, requires_grad=True)
        for _ in range(200_000):
            y = -y
        del y

    def test_grad_marks_a_long_chain_without_recursion(self):
        x = torch.ones(1, requires_grad=True)
        y = x
        for _ in range(50_000):
            y = y + 1.0
        assert torch.grad(y, x)[0].item() == 1.0


class TestMemory:
    @pytest.fixture(autouse=True)
    def without_the_cycle_collector(self):
        gc.collect()
        gc.disable()
        yield
        gc.enable()

    def test_reference_counting_alone_frees_a_graph(self):
        x = numbers(4)
        y = (x * x).exp()
        loss = (y * x).sum()
        nodes = [weakref.ref(n) for n in reachable(loss.grad_fn) if n.op is not None]
        tensors = [weakref.ref(y), weakref.ref(loss)]
        loss.backward()
        del y, loss
        assert all(ref() is None for ref in nodes + tensors)

    def test_a_saved_output_makes_no_cycle(self):
        x = numbers(4)
        y = x.exp()  # saves its own result
        ref = weakref.ref(y.array)
        del y
        assert ref() is None

    def test_a_recorded_backward_is_freed_too(self):
        x = numbers(3)
        y = (x * x * x).sum()
        (first,) = torch.grad(y, x, create_graph=True)
        refs = [weakref.ref(n) for n in reachable(first.grad_fn) if n.op is not None]
        del y, first
        assert all(ref() is None for ref in refs)

    def test_saved_arrays_are_released_as_backward_goes(self):
        x = numbers(1000)
        ys = [x.exp()]
        for _ in range(5):
            ys.append(ys[-1].sin().exp())
        nodes = [y.grad_fn for y in ys]
        alive = []
        nodes[0].register_prehook(lambda g: alive.append(sum(n.saved is not FREED for n in nodes)))
        ys[-1].sum().backward()
        assert alive == [1]  # when the first operation's turn comes, only it still holds arrays
        assert all(n.saved is FREED for n in nodes)

    def test_retain_graph_keeps_them(self):
        x = numbers(3)
        y = x.exp().sum()
        y.backward(retain_graph=True)
        y.backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(x.detach().numpy()))

    def test_a_view_keeps_its_base_and_no_more(self):
        x = numbers(3, 4)
        y = x * 2
        row = y[0]
        ref = weakref.ref(y)
        del y
        assert ref() is not None
        del row
        assert ref() is None


class TestShapesOfGraphs:
    def test_diamond(self):
        x = torch.tensor(3.0, requires_grad=True)
        a = x * x
        (a * x + a).backward()
        assert x.grad.item() == 3 * 9 + 2 * 3

    def test_a_tower_of_diamonds_costs_what_it_has_nodes(self):
        x = torch.tensor(1.0, requires_grad=True)
        y = x
        for _ in range(60):  # 2**60 paths
            y = y + y
        y.backward()
        assert x.grad.item() == 2.0**60

    def test_fan_out_of_ten_thousand(self):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        total = x * 0.0
        for _ in range(10_000):
            total = total + x * 1.0
        total.sum().backward()
        assert x.grad.tolist() == [10_000.0, 10_000.0]

    def test_a_tensor_as_both_arguments(self):
        x = numbers(3)
        (x / x + x * x - x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy() - 1, rtol=1e-6)

    def test_unused_results_cost_nothing_and_change_nothing(self):
        x = numbers(3)
        y = x * 2
        y.exp(), y.sum()
        y.sum().backward()
        assert x.grad.tolist() == [2.0, 2.0, 2.0]

    def test_several_roots(self):
        x, w = numbers(3), numbers(3, seed=1)
        torch.backward([(x * w).sum(), x * 3], [None, torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)])
        np.testing.assert_allclose(x.grad.numpy(), w.detach().numpy() + [3.0, 6.0, 9.0])
        np.testing.assert_allclose(w.grad.numpy(), x.detach().numpy())

    def test_a_root_that_is_an_ancestor_of_another_root(self):
        x = numbers(2)
        y = x * x
        z = y * y
        torch.backward([y.sum(), z.sum()])
        v = x.detach().numpy()
        np.testing.assert_allclose(x.grad.numpy(), 2 * v + 4 * v**3)

    def test_gradient_of_something_that_is_not_a_leaf(self):
        x = numbers(3)
        y = x.exp()
        z = (y * y).sum()
        gy, gx = torch.grad(z, [y, x], retain_graph=True)
        np.testing.assert_allclose(gy.numpy(), 2 * y.detach().numpy())
        np.testing.assert_allclose(gx.numpy(), (2 * y * y).detach().numpy())
        assert x.grad is None

    def test_grad_computes_only_what_leads_to_its_inputs(self):
        x, w = numbers(3), numbers(3, seed=1)
        called = []
        y = w.exp()
        y.register_hook(lambda g: called.append("w"))
        torch.grad((x * y).sum(), x)
        assert called == []

    def test_backward_into_chosen_inputs(self):
        x, w = numbers(3), numbers(3, seed=1)
        (x * w).sum().backward(inputs=[x])
        assert w.grad is None and x.grad is not None

    def test_retain_grad_and_hooks(self):
        x = numbers(3)
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
        assert y.grad.tolist() == [10.0] * 3 and x.grad.tolist() == [20.0] * 3

    def test_post_accumulate_hook_sees_the_finished_gradient(self):
        x = numbers(3)
        seen = []
        handle = x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.tolist()))
        (x + x).sum().backward()
        assert seen == [[2.0, 2.0, 2.0]]
        handle.remove()
        x.sum().backward()
        assert len(seen) == 1

    def test_next_functions_lead_to_the_leaf(self):
        x = numbers(3)
        y = x.exp() * 2
        assert y.grad_fn.name() == "MulBackward0"
        (exp, _), (constant, _) = y.grad_fn.next_functions
        assert exp.name() == "ExpBackward0" and constant is None
        ((leaf, _),) = exp.next_functions
        assert leaf.variable is x

    def test_gradient_is_not_shared_between_leaves(self):
        a, b = numbers(3), numbers(3)
        (a + b).sum().backward()
        a.grad.add_(1.0)
        assert b.grad.tolist() == [1.0, 1.0, 1.0]

    @pytest.mark.parametrize("kept", ["nothing", "the array", "a view of it", "more than the view shows"])
    def test_a_gradient_takes_over_an_array_that_nobody_else_sees(self, kept):
        held = []

        class Flat(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()

            @staticmethod
            def backward(ctx, g):
                made = torch.ones(12 if kept == "more than the view shows" else 6)
                held.append({"the array": made, "a view of it": made[1:]}.get(kept))
                return made[:6].reshape(2, 3) if kept.startswith("more") else made.reshape(2, 3)

        x = torch.zeros(2, 3, requires_grad=True)
        Flat.apply(x).sum().backward()
        owner = x.grad.array.base
        assert (owner is not None and owner.size == 6) == (kept == "nothing")
        x.grad += 1
        assert x.grad.tolist() == [[2.0] * 3] * 2
        assert all(h is None or h.tolist() == [1.0] * len(h) for h in held)

    def test_gradient_accumulates_in_place(self):
        x = numbers(3)
        x.sum().backward()
        grad = x.grad
        x.sum().backward()
        assert x.grad is grad and grad.tolist() == [2.0] * 3


class TestErrors:
    def test_backward_twice(self):
        x = numbers(3)
        y = (x * x).sum()
        y.backward()
        with pytest.raises(RuntimeError, match=r"second time.*MulBackward0.*retain_graph=True"):
            y.backward()

    def test_backward_twice_through_numbers_alone(self):
        x = numbers(3)
        y = (x * 2.0 + 1.0).sum()  # as in PyTorch: no array was saved, so none is missing
        y.backward()
        y.backward()
        assert x.grad.tolist() == [4.0, 4.0, 4.0]

    def test_integers_have_no_gradient(self):
        with pytest.raises(RuntimeError, match=r"floating point and complex.*int64.*\.float\(\)"):
            torch.tensor([1, 2], requires_grad=True)

    def test_nothing_to_differentiate(self):
        with pytest.raises(RuntimeError, match=r"does not require grad.*\[3\]"):
            torch.ones(3).backward(torch.ones(3))

    def test_shape_of_gradient(self):
        y = numbers(3) * 2
        with pytest.raises(RuntimeError, match=r"\[2\].*\[3\]"):
            y.backward(torch.ones(2, dtype=torch.float64))

    def test_implicit_gradient_of_a_vector(self):
        with pytest.raises(RuntimeError, match=r"only for scalar outputs.*\[3\].*gradient="):
            (numbers(3) * 2).backward()

    def test_unused_input(self):
        x, w = numbers(3), numbers(3)
        y = (x * 2).sum()
        with pytest.raises(RuntimeError, match="allow_unused=True"):
            torch.grad(y, w, retain_graph=True)
        assert torch.grad(y, w, allow_unused=True, retain_graph=True) == (None,)
        assert torch.grad(y, w, materialize_grads=True)[0].tolist() == [0.0] * 3

    def test_leaf_written_in_place(self):
        x = numbers(3)
        with pytest.raises(RuntimeError, match=r"leaf.*clone\(\)"):
            x.mul_(2.0)

    def test_gradient_of_wrong_kind(self):
        with pytest.raises(TypeError, match="Tensors"):
            torch.grad(1.0, numbers(2))


class TestHigherOrder:
    @staticmethod
    def mixture(x):
        return (x.exp() * x.sin() + (x * x + 1.0).log() / (x * x + 2.0) + (x @ x) * x.tanh()).sum()

    def test_third_derivatives_agree_with_finite_differences(self):
        point, v = np.random.default_rng(0).normal(size=(2, 4)) * 0.5

        def second_along(at):
            x = torch.tensor(at, requires_grad=True)
            d = torch.tensor(v)
            (first,) = torch.grad(self.mixture(x), x, create_graph=True)
            (second,) = torch.grad((first * d).sum(), x, create_graph=True)
            return x, d, (second * d).sum()

        x, d, value = second_along(point)
        (third,) = torch.grad(value, x)
        h = 1e-5
        for i in range(4):
            step = np.eye(4)[i] * h
            numeric = (second_along(point + step)[2].item() - second_along(point - step)[2].item()) / (2 * h)
            assert third[i].item() == pytest.approx(numeric, rel=1e-6, abs=1e-7)

    def test_hessian_vector_product(self):
        x, v = numbers(4), numbers(4, seed=2, requires_grad=False)
        (first,) = torch.grad((x * x * x).sum(), x, create_graph=True)
        (product,) = torch.grad(first, x, v)
        np.testing.assert_allclose(product.numpy(), 6 * x.detach().numpy() * v.numpy())

    def test_backward_with_create_graph_gives_a_differentiable_grad(self):
        x = numbers(3)
        (x * x * x).sum().backward(create_graph=True)
        assert x.grad.requires_grad
        first = x.grad
        x.grad = None
        first.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 6 * x.detach().numpy())


class TestThreads:
    def test_grad_mode_belongs_to_the_thread(self):
        recorded, ready, done = {}, threading.Barrier(2), threading.Barrier(2)

        def work(name, mode):
            with mode():
                ready.wait()
                recorded[name] = (torch.ones(2, requires_grad=True) * 2).requires_grad
                done.wait()

        threads = [threading.Thread(target=work, args=a) for a in (("on", torch.enable_grad), ("off", torch.no_grad))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert recorded == {"on": True, "off": False}

    def test_two_threads_train_two_models_as_one_would(self):
        def train(seed, out, key, evaluating):
            rng = np.random.default_rng(seed)
            x, y = torch.tensor(rng.normal(size=(32, 5))), torch.tensor(rng.normal(size=(32, 1)))
            w = torch.tensor(rng.normal(size=(5, 1)), requires_grad=True)
            for _ in range(100):
                loss = ((x @ w - y) * (x @ w - y)).sum()
                if evaluating:
                    with torch.no_grad():
                        assert not (x @ w).requires_grad
                loss.backward()
                with torch.no_grad():
                    w.sub_(w.grad * 0.005)
                w.grad = None
            out[key] = w.detach().numpy().copy()

        together, alone = {}, {}
        threads = [threading.Thread(target=train, args=(i, together, i, i == 1)) for i in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for i in range(2):
            train(i, alone, i, i == 1)
            np.testing.assert_array_equal(together[i], alone[i])


class TestModes:
    def test_no_grad_as_context_decorator_and_generator(self):
        x = torch.ones(2, requires_grad=True)

        @torch.no_grad()
        def f():
            return x * 2

        @torch.no_grad
        def h():
            return x * 2

        @torch.no_grad()
        def steps():
            yield x * 2
            yield x * 3

        assert not f().requires_grad and not h().requires_grad
        for value in steps():
            assert not value.requires_grad
            assert (x * 2).requires_grad  # between the steps the caller's mode holds

    def test_set_grad_enabled_acts_at_once_and_as_a_context(self):
        x = torch.ones(2, requires_grad=True)
        torch.set_grad_enabled(False)
        assert not (x * 2).requires_grad
        torch.set_grad_enabled(True)
        with torch.set_grad_enabled(False):
            assert not torch.is_grad_enabled()
        assert torch.is_grad_enabled()

    def test_modes_nest_and_come_back_after_an_error(self):
        with pytest.raises(ZeroDivisionError), torch.no_grad(), torch.enable_grad():
            assert torch.is_grad_enabled()
            raise ZeroDivisionError
        assert torch.is_grad_enabled()

    def test_inference_mode(self):
        with torch.inference_mode():
            assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()


def test_a_pass_that_ends_at_a_computed_tensor_leaves_the_rest_of_the_graph():
    x = torch.ones(3, requires_grad=True)
    hidden = x.exp()
    (at_hidden,) = torch.grad((hidden * 2).sum(), hidden)
    assert at_hidden.tolist() == [2.0] * 3
    hidden.backward(at_hidden)  # split learning: PyTorch has not touched exp in the first pass
    assert x.grad.tolist() == pytest.approx([2 * math.e] * 3)
    first, second = (x * x).split([1, 2])
    torch.grad(second.prod(), second)
    assert torch.grad(first.sum() + second.sum(), x)[0].tolist() == [2.0] * 3
    hidden = x.exp()
    torch.grad(hidden.sum(), (hidden, x))  # here exp is on the way to x
    with pytest.raises(RuntimeError, match="second time"):
        torch.grad(hidden.sum(), x)
