"""Transformations: every result, and whether it requires grad, is PyTorch's; and closed forms where it is not installed."""

import numpy as np
import pytest

import autograd as ag
import nn

X = [0.5, -1.0, 2.0]
M = [[1.0, 2.0], [3.0, 4.0]]


def T(t, value, **kwargs):
    return t.tensor(value, **kwargs)


CASES = {
    "grad": lambda t: t.func.grad(lambda x: (x.sin() * x).sum())(T(t, X)),
    "grad2": lambda t: t.func.grad(t.func.grad(lambda x: x**3))(T(t, 2.0)),
    "grad argnums": lambda t: t.func.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(T(t, X), T(t, X)),
    "grad aux": lambda t: t.func.grad(lambda x: ((x**2).sum(), x * 2), has_aux=True)(T(t, X)),
    "gav": lambda t: t.func.grad_and_value(lambda x: (x**2).sum())(T(t, X)),
    "gavaux": lambda t: t.func.grad_and_value(lambda x: ((x**2).sum(), x), has_aux=True)(T(t, X)),
    "grad dict": lambda t: t.func.grad(lambda p: (p["a"] * p["b"]).sum())({"a": T(t, X), "b": T(t, X)}),
    "grad nonscalar": lambda t: t.func.grad(lambda x: x * 2)(T(t, X)),
    "grad of rg input": lambda t: t.func.grad(lambda x: (x**2).sum())(T(t, X, requires_grad=True)),
    "grad closure": lambda t: (lambda w: t.func.grad(lambda x: (x**2 * w).sum())(T(t, X)))(T(t, X, requires_grad=True)),
    "grad no_grad": lambda t: t.no_grad()(lambda: t.func.grad(lambda x: (x**2).sum())(T(t, X, requires_grad=True)))(),
    "vjp": lambda t: (lambda o, f: (o, f(T(t, X))))(*t.func.vjp(lambda x: x.exp(), T(t, X))),
    "vjp2": lambda t: (lambda o, f: (o, f((T(t, X), T(t, 1.0)))))(
        *t.func.vjp(lambda x, y: (x * y, (x + y).sum()), T(t, X), T(t, X))
    ),
    "jvp": lambda t: t.func.jvp(lambda x, y: x.sin() * y, (T(t, X), T(t, X)), (T(t, X), T(t, [1.0, 1.0, 1.0]))),
    "jvpaux": lambda t: t.func.jvp(lambda x: (x.sin(), x), (T(t, X),), (T(t, X),), has_aux=True),
    "lin": lambda t: (lambda o, f: (o, f(T(t, X))))(*t.func.linearize(lambda x: x.exp() * x.sum(), T(t, X))),
    "jacrev": lambda t: t.func.jacrev(lambda x: x.exp() * x.sum())(T(t, X)),
    "jacfwd": lambda t: t.func.jacfwd(lambda x: x.exp() * x.sum())(T(t, X)),
    "jacrev2": lambda t: t.func.jacrev(lambda x, y: (x @ y, x.sum(0)), argnums=(0, 1))(T(t, M), T(t, M)),
    "jacfwd2": lambda t: t.func.jacfwd(lambda x, y: (x @ y, x.sum(0)), argnums=(0, 1))(T(t, M), T(t, M)),
    "hess": lambda t: t.func.hessian(lambda x: (x**3).sum() * x[0])(T(t, X)),
    "revfwd": lambda t: t.func.jacrev(t.func.jacfwd(lambda x: x**3 * x.sum()))(T(t, X)),
    "fwdfwd": lambda t: t.func.jacfwd(t.func.jacfwd(lambda x: x**3 * x.sum()))(T(t, X)),
    "gradjvp": lambda t: t.func.grad(lambda x: t.func.jvp(lambda z: z**3, (x,), (t.ones(3),))[1].sum())(T(t, X)),
    "vmap": lambda t: t.func.vmap(lambda a, b: a * b.sum())(T(t, M), T(t, M)),
    "vmap dims": lambda t: t.func.vmap(lambda a, b: a + b, in_dims=(0, None), out_dims=1)(T(t, M), T(t, [1.0, 2.0])),
    "vmap nest": lambda t: t.func.vmap(t.func.vmap(lambda a, b: a * b, in_dims=(0, None)), in_dims=(None, 0))(
        T(t, X), T(t, [1.0, 2.0])
    ),
    "vmap grad": lambda t: t.func.vmap(t.func.grad(lambda x: (x**3).sum()))(T(t, M)),
    "vmap pytree": lambda t: t.func.vmap(lambda d: (d["a"] * 2, {"s": d["b"].sum()}), in_dims=({"a": 0, "b": 1},))(
        {"a": T(t, M), "b": T(t, M)}
    ),
    "vmap chunk": lambda t: t.func.vmap(lambda a: a * 2, chunk_size=1)(T(t, M)),
    "vmap grad through": lambda t: (lambda x: t.autograd.grad(t.func.vmap(lambda a: (a**2).sum())(x).sum(), x))(
        T(t, M, requires_grad=True)
    ),
    "vmap rand err": lambda t: t.func.vmap(lambda a: a + t.rand(()))(T(t, M)),
    "vmap err": lambda t: t.func.vmap(lambda a, b: a)(T(t, M), T(t, X)),
    "per-sample": lambda t: t.func.vmap(t.func.grad(lambda w, x: ((x @ w) ** 2).sum()), in_dims=(None, 0))(
        T(t, X), t.arange(12.0).reshape(4, 3)
    ),
    "f.vjp": lambda t: t.autograd.functional.vjp(lambda x: x.exp().sum(0), T(t, M), T(t, [1.0, 1.0])),
    "f.jvp": lambda t: t.autograd.functional.jvp(lambda x: x.exp().sum(0), T(t, M), T(t, M)),
    "f.jac": lambda t: t.autograd.functional.jacobian(lambda x: x.exp().sum(0), T(t, M)),
    "f.jac2": lambda t: t.autograd.functional.jacobian(lambda x, y: (x.exp() * y, y.sum()), (T(t, M), T(t, M))),
    "f.jacc": lambda t: t.autograd.functional.jacobian(lambda x: x**2, T(t, X, requires_grad=True), create_graph=True),
    "f.jacf": lambda t: t.autograd.functional.jacobian(
        lambda x: x**2, T(t, X), strategy="forward-mode", vectorize=True
    ),
    "f.jacv": lambda t: t.autograd.functional.jacobian(lambda x: x**2, T(t, X), vectorize=True),
    "f.jacs": lambda t: t.autograd.functional.jacobian(lambda x: T(t, X), T(t, X), strict=True),
    "f.jacns": lambda t: t.autograd.functional.jacobian(lambda x: T(t, X), T(t, X)),
    "f.hess": lambda t: t.autograd.functional.hessian(lambda x: (x**3).sum(), T(t, X)),
    "f.hess2": lambda t: t.autograd.functional.hessian(lambda x, y: (x**3 * y).sum(), (T(t, X), T(t, X))),
    "f.vhp": lambda t: t.autograd.functional.vhp(lambda x: (x**3).sum() * x[0], T(t, X), T(t, X)),
    "f.hvp": lambda t: t.autograd.functional.hvp(lambda x: (x**3).sum() * x[0], T(t, X), T(t, X)),
    "f.hvp2": lambda t: t.autograd.functional.hvp(
        lambda x, y: (x**3 * y).sum(), (T(t, X), T(t, X)), (T(t, X), T(t, X))
    ),
    "f.vjp err": lambda t: t.autograd.functional.vjp(lambda x: x, T(t, X)),
    "f.hess lin": lambda t: t.autograd.functional.hessian(lambda x: x.sum(), T(t, X)),
    "batched": lambda t: (
        t.autograd.grad((lambda x: [x**2, x])(T(t, X, requires_grad=True))[0], [], t.eye(3), is_grads_batched=True)
        if 0
        else (lambda x: t.autograd.grad(x**2, x, t.eye(3), is_grads_batched=True))(T(t, X, requires_grad=True))
    ),
}


def leaves(value):
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    return [value]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_like_pytorch(name):
    torch = pytest.importorskip("torch")
    try:
        expected = leaves(CASES[name](torch))
    except Exception as error:
        with pytest.raises(type(error)):
            CASES[name](ag)
        return
    found = leaves(CASES[name](ag))
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert str(mine.dtype) == str(theirs.dtype) and mine.requires_grad == theirs.requires_grad
        np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_closed_forms():
    x = ag.tensor(X)
    np.testing.assert_allclose(ag.func.grad(lambda x: (x**3).sum())(x).numpy(), 3 * np.square(X), rtol=1e-6)
    np.testing.assert_allclose(ag.func.hessian(lambda x: (x**3).sum())(x).numpy(), np.diag(6 * np.array(X)), rtol=1e-6)
    third = ag.func.jacfwd(ag.func.hessian(lambda x: (x**3).sum()))(x).numpy()
    np.testing.assert_allclose(third[[0, 1, 2], [0, 1, 2], [0, 1, 2]], [6, 6, 6], rtol=1e-6)
    assert third.sum() == 18


def test_vmap_randomness():
    same = ag.vmap(lambda a: a + ag.rand(2), randomness="same")(ag.zeros(3, 2))
    assert same[0].tolist() == same[1].tolist()
    different = ag.vmap(lambda a: a + ag.rand(2), randomness="different")(ag.zeros(3, 2))
    assert different[0].tolist() != different[1].tolist()
    with pytest.raises(RuntimeError, match="randomness"):
        ag.vmap(lambda a: a + ag.rand(2))(ag.zeros(3, 2))


def test_dual_numbers():
    forward_ad = ag.autograd.forward_ad
    with forward_ad.dual_level():
        x = forward_ad.make_dual(ag.tensor(X), ag.ones(3))
        primal, tangent = forward_ad.unpack_dual((x**2).sin())
        assert forward_ad.unpack_dual(ag.ones(2)).tangent is None
        t = ag.ones(2)
        assert forward_ad.unpack_dual(forward_ad.make_dual(ag.ones(2), t)).tangent is t
    np.testing.assert_allclose(tangent.numpy(), 2 * np.array(X) * np.cos(np.square(X)), rtol=1e-5)
    assert not primal.requires_grad
    with pytest.raises(RuntimeError, match="enter_dual_level"):
        forward_ad.make_dual(ag.ones(1), ag.ones(1))
    with forward_ad.dual_level(), pytest.raises(RuntimeError, match="shape"):
        forward_ad.make_dual(ag.ones(1), ag.ones(2))


def test_forward_over_reverse_with_dual_numbers():
    forward_ad = ag.autograd.forward_ad
    w = ag.tensor(X, requires_grad=True)
    with forward_ad.dual_level():
        d = forward_ad.make_dual(w, ag.ones(3))
        tangent = forward_ad.unpack_dual((d**3).sum()).tangent
        (g,) = ag.grad(tangent, w)
    np.testing.assert_allclose(g.numpy(), 6 * np.array(X), rtol=1e-5)


def test_functional_call_and_ensembles():
    ag.manual_seed(0)
    net = nn.Linear(3, 2)
    before = net.weight
    y = ag.func.functional_call(net, {"weight": ag.ones(2, 3), "bias": ag.zeros(2)}, (ag.ones(1, 3),))
    assert y.tolist() == [[3.0, 3.0]] and net.weight is before
    parameters = {k: v.detach() for k, v in net.named_parameters()}
    g = ag.func.grad(lambda p: ag.func.functional_call(net, p, (ag.ones(4, 3),)).sum())(parameters)
    assert g["bias"].tolist() == [4.0, 4.0] and net.weight.grad is None
    with pytest.raises(KeyError, match="colour"):
        ag.func.functional_call(net, {"colour": ag.ones(1)}, ())
    with pytest.raises(RuntimeError, match="Missing"):
        ag.func.functional_call(net, {"bias": ag.ones(2)}, (ag.ones(1, 3),), strict=True)
    nets = [nn.Linear(3, 2) for _ in range(3)]
    weights, buffers = ag.func.stack_module_state(nets)
    x = ag.randn(4, 3)
    together = ag.vmap(lambda p, b: ag.func.functional_call(nets[0], (p, b), (x,)))(weights, buffers)
    np.testing.assert_allclose(together.detach().numpy(), np.stack([n(x).detach().numpy() for n in nets]), rtol=1e-6)


def test_pytree():
    from collections import OrderedDict, namedtuple

    from autograd.utils._pytree import tree_flatten, tree_map, tree_unflatten

    Pair = namedtuple("Pair", "a b")
    tree = {"x": [1, (2, 3)], "y": Pair(4, OrderedDict(z=5))}
    flat, spec = tree_flatten(tree)
    assert flat == [1, 2, 3, 4, 5] and tree_unflatten(flat, spec) == tree
    assert tree_map(lambda a, b: a + b, tree, tree)["y"] == Pair(8, OrderedDict(z=10))
    with pytest.raises(ValueError, match="leaves"):
        tree_unflatten([1], spec)


def test_vmap_of_a_reverse_pass_over_one_graph():
    x = ag.arange(3.0).requires_grad_()
    y = x**2
    rows = ag.vmap(lambda row: ag.autograd.grad(y, x, row)[0])(ag.eye(3))
    assert rows.tolist() == [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 4.0]]
