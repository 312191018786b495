"""Making and converting tensors: dtype, shape, strides, values and errors are PyTorch's."""

import collections
from pathlib import Path

import numpy as np
import pytest

import autograd as ag

CASES = (Path(__file__).parent / "creation_cases.txt").read_text().splitlines()


def outcome(expression, library):
    """What an expression gives: its text (repr is PyTorch's, see test_printing), or the kind of error."""
    try:
        return repr(eval(expression, {"torch": library, "np": np, "collections": collections}))
    except Exception as error:
        return type(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", CASES)
def test_like_pytorch(expression):
    torch = pytest.importorskip("torch")
    assert outcome(expression, ag) == outcome(expression, torch)


def test_default_dtype_is_heeded():
    ag.set_default_dtype(ag.float64)
    try:
        for made in (
            ag.ones(2),
            ag.tensor(1.5),
            ag.arange(3.0),
            ag.full((1,), 1.0),
            ag.rand(2),
            ag.linspace(0, 1, 3),
            ag.Tensor(2),
        ):
            assert made.dtype == ag.float64
        assert ag.tensor(1j).dtype == ag.complex128 and ag.arange(3).dtype == ag.int64
    finally:
        ag.set_default_dtype(ag.float32)


def test_memory_is_shared_where_promised():
    a = np.zeros(3)
    for make in (ag.from_numpy, ag.as_tensor, ag.asarray):
        t = make(a)
        t[0] += 1
    assert a[0] == 3
    assert not np.shares_memory(ag.tensor(a).array, a)
    data = bytearray(8)
    ag.frombuffer(data, dtype=ag.int32)[1] = 5
    assert data[4] == 5
    with pytest.raises(ValueError, match="alias"):
        ag.asarray(a, dtype=ag.float32, copy=False)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: ag.zeros(2, layout=ag.sparse_coo), NotImplementedError, "dense"),
        (lambda: ag.zeros(2, device="cuda"), RuntimeError, "cpu"),
        (lambda: ag.ones(2).cuda(), RuntimeError, "cpu"),
        (lambda: ag.ones(2).to("cuda:1"), RuntimeError, "cuda:1"),
        (lambda: ag.ones(2).to(3.5), TypeError, "3.5"),
        (lambda: ag.zeros(2, size=3), TypeError, "size"),
        (lambda: ag.zeros(2, colour=3), TypeError, "colour"),
        (lambda: ag.tensor([[1, 2], [3]]), ValueError, "length 2 at dim 1"),
        (lambda: ag.tensor(np.array(["a"])), TypeError, "can't convert"),
        (lambda: ag.ones(2, 3).to(memory_format=ag.channels_last), RuntimeError, "rank 4"),
        (lambda: ag.empty_strided((2,), (1, 1)), RuntimeError, "dimensionality"),
    ],
)
def test_errors_say_what_is_wrong(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_conversion_is_differentiable_between_floating_dtypes():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (x.double() * ag.tensor([3.0, 4.0], dtype=ag.float64)).sum().backward()
    assert x.grad.dtype == ag.float32 and x.grad.tolist() == [3.0, 4.0]
    assert not x.long().requires_grad
    assert x.to(ag.float32) is x and x.to(x) is x and x.cpu() is x
    assert x.to(ag.float32, copy=True) is not x


def test_sparse_is_dense_and_says_so():
    with pytest.warns(UserWarning, match="dense"):
        made = ag.sparse_coo_tensor([[0, 1, 1], [2, 0, 0]], [3.0, 4.0, 5.0], (2, 3))
    assert made.tolist() == [[0, 0, 3], [9, 0, 0]]


def test_old_type_names():
    assert ag.LongTensor([1, 2]).dtype == ag.int64 and isinstance(ag.ones(2), ag.FloatTensor)
    assert not isinstance(ag.ones(2), ag.LongTensor) and ag.ones(2).type(ag.LongTensor).dtype == ag.int64
    with pytest.raises(TypeError, match="to"):
        ag.FloatTensor(ag.ones(2, dtype=ag.float64))
    with pytest.raises(RuntimeError, match="CPU"):
        ag.cuda.FloatTensor(2)


def test_a_tensor_of_one_element_in_a_list_is_a_number():
    """As in PyTorch, where ``torch.tensor([action])`` of an action of shape (1,) has the shape (1,)."""
    real = pytest.importorskip("torch")
    for t in (ag, real):
        one = t.tensor([2.0])
        assert t.tensor([one, one.reshape(1, 1, 1), 3.0]).shape == (3,)
        assert t.tensor([[one], [one]]).tolist() == [[2.0], [2.0]]
        assert t.tensor([np.array([1.0])]).shape == (1, 1)  # an array is a sequence


def test_the_old_way_to_a_sparse_matrix():
    """``torch.sparse.FloatTensor``: graph networks load their adjacency with it."""
    with pytest.warns(UserWarning, match="dense"):
        made = ag.sparse.FloatTensor(ag.tensor([[0, 1], [2, 0]]), ag.tensor([3.0, 4.0]), ag.Size([2, 3]))
    assert made.tolist() == [[0, 0, 3], [4, 0, 0]] and made.dtype == ag.float32
    assert ag.sparse.mm(made, ag.ones(3, 1)).tolist() == [[3], [4]]


def sparse_product(t):
    """A graph attention's Function (pyGAT): it hands the gradients of its edges back, some of which dropout made zero."""

    class Product(t.autograd.Function):
        @staticmethod
        def forward(ctx, indices, values, shape, b):
            a = t.sparse_coo_tensor(indices, values, shape)
            ctx.save_for_backward(a, b)
            ctx.width = shape[1]
            return t.matmul(a, b)

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            places = a._indices()[0] * ctx.width + a._indices()[1]
            return None, g.matmul(b.t()).reshape(-1)[places], None, a.t().matmul(g)

    return Product.apply


@pytest.mark.filterwarnings("ignore:.*dense tensors only", "ignore:Sparse invariant")
def test_zeros_and_repeated_places_are_stored():
    theirs = pytest.importorskip("torch")
    answers = []
    for t in (ag, theirs):
        values, b = t.tensor([2.0, 0.0, 3.0, 4.0], requires_grad=True), t.ones(3, 2, requires_grad=True)
        edges = t.tensor([[1, 0, 1, 1], [2, 0, 0, 2]])
        sparse_product(t)(edges, values, t.Size([2, 3]), b).sum().backward()
        made = t.sparse_coo_tensor(edges, values.detach(), (2, 3))
        loose = made._indices().tolist(), made._values().tolist(), made._nnz()
        tight = made.coalesce()
        stored = tight.indices().tolist(), tight.values().tolist(), tight._nnz()
        answers.append((values.grad.tolist(), b.grad.tolist(), loose, stored))
    assert answers[0] == answers[1]
    made = ag.sparse_coo_tensor(ag.tensor([[0], [0]]), ag.ones(1), (2, 2))
    made[1, 1] = 5.0  # not where something is stored: what is not zero counts from now on
    assert made._indices().tolist() == [[0, 1], [0, 1]]


@pytest.mark.filterwarnings("ignore:.*dense tensors only")
def test_what_a_sparse_tensor_stores_is_found_in_the_dense_one():
    theirs = pytest.importorskip("torch")
    answers = []
    for t in (ag, theirs):
        values = t.tensor([3.0, 4.0, 5.0, 6.0], requires_grad=True)
        made = t.sparse_coo_tensor(t.tensor([[0, 1, 1, 2], [2, 0, 0, 1]]), values, (3, 4)).coalesce()
        (made.values() ** 2).sum().backward()
        again = t.sparse_coo_tensor(made.indices(), made.values().detach() * 2, made.shape)
        stored = made._indices().tolist(), made._values().tolist(), made._nnz()
        answers.append((*stored, values.grad.tolist(), t.dsmm(again, t.ones(4, 2)).tolist()))
    assert answers[0] == answers[1]
