"""Shapes and indexing: what can be said without PyTorch beside us."""

import numpy as np
import pytest

import autograd as torch
from autograd.ops import indexing, strides


def leaf(*size):
    return torch.tensor(np.random.default_rng(0).normal(size=size)).requires_grad_()


def test_reading_t_of_T_steps_costs_T(monkeypatch):
    """x[t] for every t: one buffer is filled in place, no zeros of the whole are made for each step."""
    whole = []
    monkeypatch.setattr(indexing.scatter_at.op, "function", lambda *a: whole.append(a))
    x = leaf(50, 3)
    loss = 0
    for t in range(50):
        loss = loss + (x[t] * (t + 1)).sum()
    y = x[torch.tensor([0, 0, 1])].sum() + x[x.detach()[:, 0] > 10].sum() + x.unbind()[3].sum() + x.split(10)[1].sum()
    (loss + y).backward()
    assert whole == []
    expected = np.repeat(np.arange(1.0, 51)[:, None], 3, 1)
    expected[0] += 2
    expected[1] += 1
    expected[3] += 1
    expected[10:20] += 1
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@pytest.mark.parametrize(
    "index",
    [
        (np.array([1, 0, 1]),),
        (np.array([[0, 2]]), np.array([1, 1])),
        (slice(None), np.array([3, 3])),
        (np.array([-1, 2]),),
    ],
)
def test_adding_at_repeated_places(index):
    values = np.random.default_rng(1).normal(size=np.zeros((3, 4, 2))[index].shape)
    ours, theirs = np.zeros((3, 4, 2)), np.zeros((3, 4, 2))
    indexing.add_at(ours, index if len(index) > 1 else index[0], values)
    np.add.at(theirs, index, values)
    np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (3, r"index 3 is out of bounds for dimension 0 with size 3"),
        ((0, -5), r"index -5 is out of bounds for dimension 1 with size 4"),
        ((..., 9), r"index 9 is out of bounds for dimension 1 with size 4"),
        ((0, 0, 0), r"too many indices for tensor of dimension 2"),
        (torch.tensor([0, 7]), r"index 7 is out of bounds for dimension 0 with size 3"),
        (torch.tensor([True, False]), r"The shape of the mask \[2\] at index 0"),
        (torch.tensor([1.0]), r"must be long, int, byte or bool"),
        (1.5, r"only integers, slices .* are valid indices \(got float\)"),
    ],
)
def test_an_index_error_names_axis_and_size(index, words):
    with pytest.raises(IndexError, match=words):
        torch.zeros(3, 4)[index]


def test_a_step_back_is_refused():
    with pytest.raises(ValueError, match="use flip"):
        torch.zeros(3)[::-1]


def test_writing_a_value_that_does_not_fit():
    with pytest.raises(
        RuntimeError, match=r"value tensor of shape \[3\] cannot be broadcast to indexing result of shape \[2\]"
    ):
        torch.zeros(4)[torch.tensor([True, True, False, False])] = torch.ones(3)


def test_a_mask_that_changes_later_is_found():
    x, mask = leaf(4), torch.tensor([True, False, True, False])
    y = x[mask]
    mask.logical_not_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_a_mask_that_was_written_at_is_kept():
    x, mask = leaf(4), torch.tensor([True, False, True, False])
    y = x * 1
    y[mask] = 0.0
    mask.logical_not_()
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 1, 0, 1])


def test_view_refuses_what_memory_does_not_allow():
    x = torch.zeros(3, 4).t()
    with pytest.raises(RuntimeError, match=r"view size is not compatible .* Use .reshape"):
        x.view(12)
    assert x.reshape(12).shape == (12,)
    assert x.contiguous().view(12).shape == (12,)


def test_views_share_memory_and_copies_do_not():
    x = torch.zeros(2, 3)
    for view in (
        x.t(),
        x.view(6),
        x[0],
        x[:, 1],
        x.expand(4, 2, 3),
        x.diagonal(),
        x.unfold(1, 2, 1),
        x.squeeze(),
        x.as_strided((2,), (1,)),
    ):
        assert np.shares_memory(view.numpy(), x.numpy())
    for copy in (x.clone(), x.flip(0), x[[0]], x.repeat(1, 1), x.roll(0), x.tril()):
        assert not np.shares_memory(copy.numpy(), x.numpy())


def test_view_as_complex_and_back():
    x = leaf(3, 2)
    z = torch.view_as_complex(x)
    assert z.dtype == torch.complex128
    assert np.shares_memory(z.detach().numpy(), x.detach().numpy())
    u = np.array([1 + 2j, 3j, 1.0])
    (g,) = torch.grad(z, x, torch.tensor(u))
    np.testing.assert_array_equal(g.numpy(), np.stack([u.real, u.imag], -1))
    with pytest.raises(RuntimeError, match="even strides|stride 1"):
        torch.view_as_complex(torch.zeros(2, 3).t())
    torch.autograd.gradcheck(lambda x: torch.view_as_real(torch.view_as_complex(x) * (1 + 1j)), x)


def test_third_derivative_through_indexing():
    x = leaf(4)
    y = (x[torch.tensor([0, 0, 2])] ** 3 * x[1:2]).sum()
    for _ in range(2):
        (y,) = torch.grad(y, x, create_graph=True)
        y = (y * y).sum()
    (g,) = torch.grad(y, x)
    torch.autograd.gradcheck(lambda x: torch.gather(x, 0, torch.tensor([0, 1, 1])).prod(), x)
    assert np.isfinite(g.numpy()).all()


def test_as_strided_of_a_transposed_base_reads_memory_not_indices():
    x = leaf(3, 4)
    y = (x * 1).t()
    z = y.as_strided((2, 3), (1, 2), 1)
    np.testing.assert_array_equal(
        z.detach().numpy(), x.detach().numpy().reshape(-1)[1 + np.arange(2)[:, None] + 2 * np.arange(3)]
    )
    torch.autograd.gradcheck(lambda x: (x * 1).t().as_strided((2, 3), (1, 2), 1), x)


def test_overlapping_windows_are_added():
    x = leaf(5)
    x.unfold(0, 3, 1).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 2, 3, 2, 1])
    assert strides.windows.op.kind == "view"


@pytest.mark.parametrize(
    ("split", "name"),
    [
        (lambda x: x.split(2, 1), "SplitBackward0"),
        (lambda x: x.chunk(3, 1), "SplitBackward0"),
        (lambda x: x.split([1, 5], 1), "SplitWithSizesBackward0"),
        (lambda x: x.unbind(1), "UnbindBackward0"),
    ],
)
def test_parts_are_results_of_one_node_and_views(split, name):
    x = torch.ones(2, 6, requires_grad=True) * 1
    parts = split(x)
    node = parts[0].grad_fn
    assert node.name() == name and all(part.grad_fn is node for part in parts)
    assert [part.output_nr for part in parts] == list(range(len(parts)))
    assert node.next_functions == ((x.grad_fn, 0),)
    assert all(part._base is x for part in parts)
    (g,) = torch.autograd.grad(parts[1].sum(), x)
    assert g.sum() == parts[1].numel()
