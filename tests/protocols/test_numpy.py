"""NumPy's functions on Tensors."""

import numpy as np
import pytest

import autograd as torch
from autograd.lift import lift


@pytest.fixture
def x():
    return torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (np.sin, torch.sin),
        (lambda t: np.maximum(t, 2.0), lambda t: torch.maximum(t, torch.tensor(2.0).double())),
        (lambda t: np.ones((2, 2)) * t, lambda t: t),
        (lambda t: np.float64(2.0) * t, lambda t: 2 * t),
        (lambda t: np.ones((2, 2)) @ t, lambda t: torch.ones(2, 2).double() @ t),
        (lambda t: np.concatenate([t, np.zeros((1, 2))]), lambda t: torch.cat([t, torch.zeros(1, 2).double()])),
        (lambda t: np.sum(t, axis=0, keepdims=True), lambda t: t.sum(0, keepdim=True)),
        (lambda t: np.where(t > 2, t, 0), lambda t: torch.where(t > 2, t, 0.0)),
        (lambda t: np.add.reduce(t), lambda t: t.sum(0)),
        (lambda t: np.multiply.outer(t, t), lambda t: t[:, :, None, None] * t),
        (lambda t: np.add.accumulate(t, axis=1), lambda t: t.cumsum(1)),
        (lambda t: np.transpose(t), lambda t: t.t()),
        (lambda t: np.reshape(t, (4,)), lambda t: t.reshape(4)),
        (lambda t: np.stack([t, t], axis=1), lambda t: torch.stack([t, t], 1)),
        (lambda t: np.linalg.inv(t), lambda t: torch.linalg.inv(t)),
        (lambda t: np.fft.fft(t).real, lambda t: torch.fft.fft(t).real),
        (lambda t: np.var(t, axis=0), lambda t: t.var(0, correction=0)),
        (lambda t: np.max(t, axis=1), lambda t: t.amax(1)),
        (lambda t: np.clip(t, 1.5, 3.5), lambda t: t.clamp(1.5, 3.5)),
        (lambda t: np.einsum("ij->i", t), lambda t: t.sum(1)),
    ],
)
def test_stays_in_the_graph(x, ours, theirs):
    a, b = ours(x), theirs(x)
    assert isinstance(a, torch.Tensor)
    np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    (g,), (h,) = torch.grad(a.sum(), x), torch.grad(b.sum(), x)
    np.testing.assert_array_equal(g.numpy(), h.numpy())


def test_what_would_lose_a_gradient_is_refused(x):
    with pytest.raises(RuntimeError, match=r"detach\(\).numpy\(\)"):
        np.asarray(x)
    with pytest.raises(TypeError, match=r"numpy.convolve has no counterpart"):
        np.convolve(x[0], x[0])
    a = np.zeros((2, 2))
    with pytest.raises(TypeError, match="gradient would be lost"):
        a += x
    with pytest.raises(BufferError, match="detach"):
        np.from_dlpack(x)


def test_constants_go_through():
    x = torch.tensor([1.0, 2.0])
    assert type(np.convolve(x, x)) is np.ndarray
    a = np.ones(2)
    a += x
    np.testing.assert_array_equal(a, [2, 3])
    np.testing.assert_array_equal(np.asarray(x), [1, 2])
    assert np.asarray(x, dtype=np.int64).dtype == np.int64
    assert np.shares_memory(np.asarray(x), x.numpy())


def test_dlpack_both_ways():
    x = torch.tensor([1.0, 2.0])
    y = np.from_dlpack(x)
    assert np.shares_memory(y, x.numpy())
    z = torch.from_dlpack(np.arange(3.0))
    assert z.tolist() == [0.0, 1.0, 2.0]


def test_functions_that_differ_from_pytorch_s_of_the_same_name():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    array = x.detach().numpy()
    assert np.allclose(x, array) is np.array_equal(array, x) is True and not np.array_equal(x, array + 1)
    assert np.isclose(x, array).all()
    for function in (lambda v: np.dot(v, v), lambda v: np.dot(v, v[0]), lambda v: np.dot(v[0], v[1]), lambda v: np.dot(v, 2.0),
                     np.cumsum, np.cumprod, lambda v: np.cumsum(v, axis=1)):  # fmt: skip
        made = function(x)
        np.testing.assert_allclose(made.detach().numpy(), function(array))
        assert made.requires_grad
    with pytest.raises(TypeError, match="tensordot"):
        np.dot(torch.ones(2, 2, 2), x)


WITHOUT_GRADIENTS = {
    "concatenate": lambda x: np.concatenate([x, x]),
    "stack": lambda x: np.stack([x, x], 1),
    "unique": lambda x: np.unique(x, return_counts=True),
    "histogram": lambda x: np.histogram(x, 3)[0],
    "meshgrid": lambda x: np.meshgrid(x[0], x[1]),
    "gradient": lambda x: np.gradient(x[0]),
    "percentile": lambda x: np.percentile(x, 30),
    "where": lambda x: np.where(x > 0, x, 0.5),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "fft": lambda x: np.fft.fft(x).real,
    "norm": np.linalg.norm,
    "full_like": lambda x: np.full_like(x, 2),
    "argsort": np.argsort,
    "cumsum": np.cumsum,
    "round": lambda x: np.round(x, 1),
    "take": lambda x: np.take(x, [0, 3]),
    "clip": lambda x: np.clip(x, 0.2, 0.7),
    "split": lambda x: np.split(x, 2)[0],
    "inv": lambda x: np.linalg.inv(x[:, :2]),
    "solve": lambda x: np.linalg.solve(x[:, :2], x[:, 2]),
}


@pytest.mark.parametrize("name", WITHOUT_GRADIENTS)
def test_without_a_gradient_numpy_gives_what_it_gives_for_pytorchs_tensors(name):
    """The same numbers and the same types: arrays, or tensors where NumPy asks for an array's methods."""
    theirs = pytest.importorskip("torch")
    array = np.random.default_rng(0).random((2, 3), dtype=np.float32)

    def flat(made):
        return [v for m in made for v in flat(m)] if isinstance(made, (tuple, list)) else [made]

    found, expected = (flat(WITHOUT_GRADIENTS[name](lib.from_numpy(array))) for lib in (torch, theirs))
    assert [type(v).__name__ for v in found] == [type(v).__name__ for v in expected]
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(mine), np.asarray(other), rtol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.meshgrid(x[0], x[1])[1],
        lambda x: np.meshgrid(x[0], x[1], indexing="ij")[1],
        lambda x: np.round(x, 1) + x,
        lambda x: np.take(x, [3, 0]),
        lambda x: np.take(x, [[1], [0]], axis=1),
        np.vstack,
        np.concatenate,
    ],
)
def test_with_a_gradient_numpys_meaning_is_kept(function):
    array = np.random.default_rng(0).random((3, 3))
    x = torch.tensor(array, requires_grad=True)
    made = function(x)
    np.testing.assert_array_equal(made.detach().numpy(), function(array))
    assert made.requires_grad


@pytest.mark.parametrize("function", [np.histogram, np.gradient, np.unique, np.corrcoef, lambda x: np.delete(x, 0)])
def test_what_has_another_meaning_here_is_refused_rather_than_differ(function):
    with pytest.raises(TypeError, match="no counterpart"):
        function(torch.ones(4, requires_grad=True))


def test_numpys_functions_in_formulas_stay_in_the_graph():
    """Also where no argument has a gradient: the first pass of a second derivative calls formulas with Tensors."""
    made = lift(
        lambda input: np.where(input > 0, input, 0.1 * input),
        kind="elementwise",
        name="leaky",
        input=lambda g, input: np.where(input > 0, g, np.concatenate([g[:1] * 0.1, g[1:] * 0.1])),
    )
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    (first,) = torch.grad(made(x * x - 2), x, torch.ones(2), create_graph=True)
    (second,) = torch.grad(first.sum(), x)
    assert second.tolist() == pytest.approx([0.2, 2.0])
    assert torch.func.jvp(made, (x.detach(),), (torch.ones(2),))[1].tolist() == pytest.approx([0.1, 1.0])
