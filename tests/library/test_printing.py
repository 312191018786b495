"""repr is PyTorch's, character for character; copies and pickles keep what they should."""

import copy
import pickle
import random

import numpy as np
import pytest

import autograd as ag


@pytest.fixture(autouse=True)
def default_options():
    yield
    ag.set_printoptions(profile="default")


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: ag.tensor([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
        (lambda: ag.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (lambda: ag.tensor([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
        (lambda: ag.tensor([[1, -20], [3, 4]]), "tensor([[  1, -20],\n        [  3,   4]])"),
        (lambda: ag.tensor(3), "tensor(3)"),
        (lambda: ag.tensor([True, False]), "tensor([ True, False])"),
        (lambda: ag.tensor([1 + 2j]), "tensor([1.+2.j])"),
        (lambda: ag.zeros(0), "tensor([])"),
        (lambda: ag.zeros(2, 0), "tensor([], size=(2, 0))"),
        (lambda: ag.zeros(0, dtype=ag.int64), "tensor([], dtype=torch.int64)"),
        (lambda: ag.ones(2, dtype=ag.float64), "tensor([1., 1.], dtype=torch.float64)"),
        (lambda: ag.tensor([float("nan"), float("inf"), 1.0]), "tensor([nan, inf, 1.])"),
        (lambda: ag.ones(1, requires_grad=True), "tensor([1.], requires_grad=True)"),
        (lambda: ag.ones(1, requires_grad=True) * 2, "tensor([2.], grad_fn=<MulBackward0>)"),
        (lambda: ag.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    ],
)
def test_known(make, text):
    assert repr(make()) == text


@pytest.mark.parametrize(
    "expression",
    [
        "x[0]", "x[:, 0]", "x[1:]", "x[:, 1:]", "x[None]", "x[0, None]", "x[None, 0]", "x[0, 1:]", "x[1:, 0]", "x[..., 0]", "x[:]",
        "x[...]", "x[x > 0]", "x.sum()", "x.sum(1)", "x.mean()", "x.mean(1)", "x.max()", "x.clamp(0, 1)", "x ** 2", "x ** x",
        "x @ x.T", "torch.nn.functional.linear(x, x, x[0])", "torch.nn.functional.linear(x, x)", "x.view(-1)", "x.exp()",
        "torch.nn.functional.cross_entropy(x, torch.zeros(3).long())", "torch.nn.functional.mse_loss(x, x * 0)",
        "x.max(1)[0]", "x.sort()[0]", "x.topk(2)[0]", "x.median(1)[0]", "x.t()", "x.transpose(0, 1)", "x.prod(1)", "2 ** x",
        "x.log1p()", "x.lerp(x, x)", "torch.linalg.inv(x + torch.eye(3))", "torch.nn.BatchNorm2d(3)(x[None, :, :, None])",
        "torch.nn.functional.group_norm(x[None, :, :, None], 1)", "torch.nn.functional.max_pool2d(x[None, None], 2)",
        "torch.nn.functional.avg_pool2d(x[None, None], 2)", "torch.nn.functional.interpolate(x[None, None], scale_factor=2)",
        "torch.nn.functional.pad(x[None], (1, 1), 'reflect')", "torch.nn.functional.unfold(x[None, None], 2)",
        "torch.nn.GRU(3, 2)(x[None])[0]", "torch.nn.GRUCell(3, 2)(x)", "torch.nn.LSTMCell(3, 2)(x)[0]",
    ],
)  # fmt: skip
def test_the_names_of_nodes(expression):
    torch = pytest.importorskip("torch")

    def shown(t):
        made = eval(expression, {"torch": t, "x": t.ones(3, 3, requires_grad=True)})
        return repr(made).partition("grad_fn=")[2]

    assert shown(ag) == shown(torch)


def arrays(rng, count):
    """Arrays that ask for every layout: sizes, scales, whole numbers, NaN and Inf, all dtypes."""
    chooser = random.Random(0)
    kinds = ["float32", "float64", "float16", "int64", "int32", "uint8", "int8", "bool", "complex64", "complex128"]
    for _ in range(count):
        kind = chooser.choice(kinds)
        shape = tuple(chooser.choice([0, 1, 2, 3, 4, 7, 8, 30]) for _ in range(chooser.choice([0, 1, 1, 2, 2, 3])))
        a = rng.normal(size=shape) * 10.0 ** chooser.choice([0, 0, 1, -1, 3, -3, 5, -6, 9, 12])
        if chooser.random() < 0.3:
            a = np.round(a)
        if chooser.random() < 0.2:
            a = np.where(rng.random(shape) < 0.3, np.inf * rng.choice([-1, 1], shape), a)
        if chooser.random() < 0.2:
            a = np.where(rng.random(shape) < 0.3, np.nan, a)
        with np.errstate(all="ignore"):
            if kind in ("int64", "int32", "uint8", "int8"):
                a = np.nan_to_num(a).clip(-100, 100)
            elif kind.startswith("complex"):
                a = a + 1j * rng.normal(size=shape)
            yield np.asarray(a).astype(kind), chooser


def test_like_pytorch():
    torch = pytest.importorskip("torch")
    for a, chooser in arrays(np.random.default_rng(0), 500):
        grad = a.dtype.kind in "fc" and chooser.random() < 0.3
        options = {"profile": "default"}
        if chooser.random() < 0.4:
            options = {
                "precision": chooser.choice([2, 4, 6]), "threshold": chooser.choice([10, 1000]), "edgeitems": chooser.choice([1, 2, 3]),
                "linewidth": chooser.choice([40, 80, 120]), "sci_mode": chooser.choice([None, True, False]),
            }  # fmt: skip
        torch.set_printoptions(**options)
        ag.set_printoptions(**options)
        assert repr(ag.tensor(a, requires_grad=grad)) == repr(torch.tensor(a, requires_grad=grad))
    torch.set_printoptions(profile="default")


def test_options_and_format():
    with ag.printing.printoptions(precision=2):
        assert repr(ag.tensor([1.234])) == "tensor([1.23])"
    assert repr(ag.tensor([1.234])) == "tensor([1.2340])"
    assert f"{ag.tensor(2.5):.2f}" == "2.50" and f"{ag.ones(2)}" == "tensor([1., 1.])"
    with pytest.raises(TypeError, match="format"):
        f"{ag.ones(2):.2f}"
    with pytest.raises(ValueError, match="profile"):
        ag.set_printoptions(profile="tiny")


def test_html_card_counts_what_is_not_finite_and_escapes():
    card = ag.tensor([1.0, float("nan"), float("inf")], requires_grad=True)._repr_html_()
    assert "1 NaN · 1 Inf" in card and "[3]" in card and "requires grad" in card and "<script" not in card
    assert "no elements" in ag.zeros(0)._repr_html_()
    assert "1 of 2 true" in ag.tensor([True, False])._repr_html_()
    assert "<details" in ag.zeros(17)._repr_html_() and "<details" not in ag.zeros(16)._repr_html_()
    assert ">3.5000<" in ag.tensor(3.5)._repr_html_() and "std" not in ag.tensor(3.5)._repr_html_()


def test_deepcopy_copies_leaves_only():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.tag = "mine"
    y = copy.deepcopy(x)
    assert y.tag == "mine" and y.requires_grad and y.grad.tolist() == [2.0, 4.0]
    assert not np.shares_memory(x.array, y.array) and not np.shares_memory(x.grad.array, y.grad.array)
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)
    twice = copy.deepcopy([x, x])
    assert twice[0] is twice[1]
    assert np.shares_memory(copy.copy(x).array, x.array)


def test_pickle():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = pickle.loads(pickle.dumps(x))
    assert y.tolist() == [1.0, 2.0] and y.requires_grad and y.is_leaf
    with pytest.raises(RuntimeError, match="detach"):
        pickle.dumps(x * 2)
    assert pickle.loads(pickle.dumps(ag.float32)) is ag.float32
    g = ag.Generator().manual_seed(5)
    assert ag.rand(3, generator=pickle.loads(pickle.dumps(g))).tolist() == ag.rand(3, generator=g).tolist()
