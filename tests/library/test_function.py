"""Custom Functions: what PyTorch gives, and right to every order; hooks on what is saved; checkpointing."""

import gc
import weakref

import numpy as np
import pytest

import autograd as ag
from autograd.utils.checkpoint import checkpoint, checkpoint_sequential


class Cube(ag.autograd.Function):
    @staticmethod
    def forward(ctx, x, k=3):
        ctx.save_for_backward(x)
        ctx.k = k
        return x**k

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * ctx.k * x ** (ctx.k - 1), None


class Exp(ag.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class Both(ag.autograd.Function):
    """Product and sum, in the newer style, and a mask without a gradient."""

    seen = None

    @staticmethod
    def forward(x, y):
        return x * y, x + y, x > 0

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.mark_non_differentiable(output[2])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, product, total, mask):
        Both.seen = (product is None, total is None, mask is None)
        x, y = ctx.saved_tensors
        a = b = 0
        if product is not None:
            a, b = a + product * y, b + product * x
        if total is not None:
            a, b = a + total, b + total
        return a, b


def leaf(*values):
    return ag.tensor(list(values), requires_grad=True)


def test_three_orders():
    x = leaf(1.0, 2.0)
    y = Cube.apply(x, 3)
    assert repr(y) == "tensor([1., 8.], grad_fn=<CubeBackward>)" and y.grad_fn.k == 3
    (first,) = ag.grad(y.sum(), x, create_graph=True)
    (second,) = ag.grad(first.sum(), x, create_graph=True)
    (third,) = ag.grad(second.sum(), x)
    assert first.tolist() == [3, 12] and second.tolist() == [6, 12] and third.tolist() == [6, 6]


def test_a_saved_output_is_differentiable_and_makes_no_cycle():
    x = leaf(0.5)
    y = Exp.apply(x)
    (first,) = ag.grad(y.sum(), x, create_graph=True)
    (second,) = ag.grad(first.sum(), x)
    np.testing.assert_allclose(second.numpy(), np.exp([0.5]), rtol=1e-6)
    del first, second
    gc.disable()
    try:
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_several_results_and_unused_ones():
    a, b = leaf(1.0, 2.0), ag.tensor([3.0, 4.0])
    product, total, mask = Both.apply(a, b)
    assert product.requires_grad and total.requires_grad and not mask.requires_grad
    product.sum().backward()
    assert a.grad.tolist() == [3, 4] and Both.seen == (False, True, True)
    product, total, mask = Both.apply(a, b)
    (product * total).sum().backward()
    assert a.grad.tolist() == [3 + 15, 4 + 32]


def test_dirty_inputs():
    class Double(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0, 2.0)
    y = x * 1
    z = Double.apply(y)
    assert z is y
    (z * z).sum().backward()
    assert x.grad.tolist() == [8, 16]
    with pytest.raises(RuntimeError, match="leaf"):
        Double.apply(leaf(1.0))


def test_errors():
    class Wrong(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x, what):
            ctx.what = what
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return {"many": (g, None, g), "shape": (ag.ones(3), None), "type": (1.0, None), "few": g}[ctx.what]

    for what, message in {
        "many": "incorrect number",
        "few": "incorrect number",
        "shape": "invalid gradient",
        "type": "Tensor",
    }.items():
        with pytest.raises((RuntimeError, TypeError), match=message):
            Wrong.apply(leaf(1.0, 2.0), what).sum().backward()
    with pytest.raises(RuntimeError, match="apply"):
        Cube()
    x = leaf(1.0)
    y = Cube.apply(x)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()
    v = x * 1
    y = Cube.apply(v)
    v.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_once_differentiable_refuses_a_second_derivative():
    class Square(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @ag.autograd.function.once_differentiable
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    x = leaf(3.0)
    w = leaf(2.0)
    (g,) = ag.grad((Square.apply(x) * w).sum(), x, create_graph=True)
    assert g.tolist() == [12.0]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_forward_mode_by_jvp_or_by_transposing():
    class Sine(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.x = x
            return x.sin()

        @staticmethod
        def jvp(ctx, t):
            return t * ctx.x.cos() * 10  # ten times too much, so that its use shows

    x, t = ag.tensor([0.5]), ag.tensor([1.0])
    _, with_jvp = ag.func.jvp(lambda x: Sine.apply(x), (x,), (t,))
    np.testing.assert_allclose(with_jvp.numpy(), 10 * np.cos([0.5]), rtol=1e-6)
    _, transposed = ag.func.jvp(lambda x: Exp.apply(x), (x,), (t,))
    np.testing.assert_allclose(transposed.numpy(), np.exp([0.5]), rtol=1e-6)


def test_saved_tensors_hooks():
    x = leaf(1.0, 2.0)
    log = []

    def pack(t):
        log.append(tuple(t.shape))
        return t.detach().numpy().tobytes()

    with ag.autograd.graph.saved_tensors_hooks(pack, lambda b: ag.tensor(np.frombuffer(b, np.float32))):
        y = (x * x).sum() + Cube.apply(x).sum()
    y.backward()
    assert x.grad.tolist() == [2 + 3, 4 + 12] and log == [(2,), (2,), (2,)]
    with ag.autograd.graph.disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="not here"):
        ag.autograd.graph.saved_tensors_hooks(pack, pack).__enter__()
    with ag.autograd.graph.save_on_cpu():
        y = (x * x).sum()
    x.grad = None
    y.backward()
    assert x.grad.tolist() == [2, 4]


def test_multi_grad_hook():
    a, b = leaf(1.0), leaf(2.0)
    seen = []
    handle = ag.autograd.graph.register_multi_grad_hook([a, b], lambda gs: seen.append([g.item() for g in gs]))
    (a * b).sum().backward()
    assert seen == [[2.0, 1.0]]
    handle.remove()
    (a * b).sum().backward()
    assert len(seen) == 1


def _gradients_told(lib, mode):
    """What hooks on four tensors are told in passes that reach some of them."""
    a, b, c, d = [lib.tensor([float(i)], requires_grad=True) for i in range(1, 5)]
    told = []
    hook = lambda gs: told.append([None if g is None else g.item() for g in gs] if mode == "all" else [gs.item()])
    handle = lib.autograd.graph.register_multi_grad_hook((a, b, c, d), hook, mode=mode)
    e = a * b * c
    e.sum().backward(retain_graph=True)
    e.sum().backward(inputs=(a,), retain_graph=True)
    (e * d).sum().backward()
    seen = len(told)
    handle.remove()
    (a * d).sum().backward()
    assert len(told) == seen
    return told


@pytest.mark.parametrize("mode", ["all", "any"])
def test_hooks_on_several_gradients_are_called_once_in_each_pass(mode):
    theirs = pytest.importorskip("torch")
    assert sorted(map(str, _gradients_told(ag, mode))) == sorted(map(str, _gradients_told(theirs, mode)))


def test_a_pass_that_fails_leaves_nothing_to_the_next():
    a, b = leaf(1.0), leaf(2.0)
    told = []
    ag.autograd.graph.register_multi_grad_hook((a, b), told.append)
    failing = b.register_hook(lambda g: g.no_such_attribute)
    with pytest.raises(AttributeError):
        (a * b).sum().backward()
    failing.remove()
    told.clear()
    (b * 3).sum().backward()
    assert [None if g is None else g.tolist() for g in told[0]] == [None, [3.0]] and len(told) == 1


def _order_told(lib):
    x, told = lib.ones(2, requires_grad=True), []
    engine = lib.autograd.Variable._execution_engine
    y = x * 2
    y.register_hook(lambda g: engine.queue_callback(lambda: told.append("after")))
    x.register_hook(lambda g: told.append("leaf"))
    y.sum().backward()
    return told


def test_what_a_hook_leaves_for_the_end_of_the_pass():
    assert _order_told(ag) == _order_told(pytest.importorskip("torch")) == ["leaf", "after"]


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoint_gives_the_same_gradients_and_random_numbers(reentrant):
    def run(call):
        ag.manual_seed(0)
        w, x = ag.randn(3, 3, requires_grad=True), ag.randn(2, 3, requires_grad=True)
        calls = []

        def layer(x):
            calls.append(1)
            return (x @ w).tanh() * ag.rand(2, 3)

        y = call(layer, call(layer, x))
        y.sum().backward()
        return w.grad.tolist(), x.grad.tolist(), len(calls), ag.rand(1).item()

    plain = run(lambda f, x: f(x))
    checked = run(lambda f, x: checkpoint(f, x, use_reentrant=reentrant))
    assert checked[:2] == plain[:2] and checked[3] == plain[3]
    assert (plain[2], checked[2]) == (2, 4)


def test_checkpoint_frees_what_it_does_not_keep():
    x = ag.ones(10, requires_grad=True)
    alive = []

    def layer(x):
        y = x.exp()
        alive.append(weakref.ref(y.array))
        return y.sin().exp()

    y = checkpoint(layer, x, use_reentrant=False)
    assert alive[0]() is None
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(np.sin(np.e)) * np.cos(np.e) * np.e, rtol=1e-5)


def test_checkpoint_sequential_and_its_errors():
    x = leaf(0.5)
    steps = [lambda x: x.sin(), lambda x: x.exp(), lambda x: x * 3]
    checkpoint_sequential(steps, 2, x, use_reentrant=False).backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * np.exp(np.sin(0.5)) * np.cos(0.5), rtol=1e-6)
    changing = iter([lambda x: x * x, lambda x: x + 1])
    y = checkpoint(lambda x: next(changing)(x), x, use_reentrant=False)
    with pytest.raises(RuntimeError, match="different number of tensors"):
        y.sum().backward()


def test_variable():
    v = ag.autograd.Variable(ag.ones(2), requires_grad=True)
    assert v.requires_grad and isinstance(v, ag.autograd.Variable)


def test_pack_hooks_are_given_the_tensors_that_they_were():
    seen: list = []
    x = ag.ones(2, requires_grad=True)
    y = x * 2
    with ag.graph.saved_tensors_hooks(lambda t: seen.append(t) or t, lambda t: t):
        z = (x * y).exp()
    assert [type(t.grad_fn and t.grad_fn.name()) for t in seen] == [str, type(None), str]
    assert seen[0].grad_fn.name() == "MulBackward0" and seen[1] is x and seen[2].grad_fn.name() == "ExpBackward0"
    z.sum().backward()
    assert x.grad is not None


# --- what forward may return, and be given -------------------------------------------------------------------------


def _of_all_sorts(lib):
    """What a Function with results that are no tensors, and arguments left to their defaults, tells on the way."""
    told = []

    class Mixed(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            told.append(x.numpy().sum())
            return x * 2, 5, None, x * 3

        @staticmethod
        def backward(ctx, *gradients):
            told.append([g if g is None else g.tolist() for g in gradients])
            return gradients[0] * 2 + gradients[3] * 3

    class Defaults(lib.autograd.Function):
        @staticmethod
        def forward(x, k=3, j=4):
            return x * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            told.append(inputs[1:])
            ctx.k = inputs[1]

        @staticmethod
        def backward(ctx, g):
            told.append(ctx.needs_input_grad)
            return g * ctx.k, None, None

    class Sorted(lib.autograd.Function):
        @staticmethod
        def forward(x):
            places = x.argsort()
            return x[places], places

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output[1])

        @staticmethod
        def backward(ctx, g, of_places):
            (places,) = ctx.saved_tensors
            told.append(places.requires_grad)
            made = lib.zeros_like(g)
            made[places] = g
            return made

    x = lib.tensor([3.0, 1.0, 2.0], requires_grad=True)
    for result in (0, 3):
        made = Mixed.apply(x)
        told.append(made[1:3])
        made[result].sum().backward()
    Defaults.apply(x).sum().backward()
    Defaults.apply(x, j=1).sum().backward()
    (again,) = lib.autograd.grad(Sorted.apply(x)[0].sum(), x, create_graph=True)
    return told, again.requires_grad, x.grad.tolist()


def test_results_that_are_no_tensors_and_arguments_with_defaults():
    assert _of_all_sorts(ag) == _of_all_sorts(pytest.importorskip("torch"))


def test_where_no_gradient_is_recorded_a_tensor_that_requires_grad_has_an_array():
    x = leaf(1.0, 2.0)
    for block in (ag.no_grad(), ag.inference_mode(), ag.set_grad_enabled(False)):
        with block:
            assert x.numpy().tolist() == np.asarray(x).tolist() == [1, 2]
    for wrong in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(RuntimeError, match="requires grad"):
            wrong()
