"""Views and in-place writes, case by case: what is seen where, what is refused, and what an error says."""

import copy

import numpy as np
import pytest

import autograd as torch


def made(*size):
    """A leaf, and a non-leaf with its values."""
    leaf = torch.tensor(np.random.default_rng(0).uniform(0.5, 1.5, size)).requires_grad_()
    return leaf, leaf * 1.0


def gradient(loss, leaf):
    (g,) = torch.grad(loss, leaf, retain_graph=True)
    return g.numpy()


# --- right ---------------------------------------------------------------------------------------------------------


def test_an_operation_keeps_what_it_overwrites():
    a, x = made(3)
    b = torch.tensor([2.0, 3.0, 4.0], dtype=torch.float64).requires_grad_()
    x.mul_(b)
    x *= b
    np.testing.assert_allclose(gradient(x.sum(), b), 2 * (a * b).detach().numpy())


def test_composite_operations_keep_it_too():
    a, x = made(3)
    w = torch.tensor(0.25, dtype=torch.float64).requires_grad_()
    x.lerp_(torch.zeros(3).double(), w)
    np.testing.assert_allclose(gradient(x.sum(), w), -a.detach().numpy().sum())


def test_a_base_that_lies_transposed_in_memory():
    """A view of it that only its own layout allows must be found again in a copy."""
    a, _ = made(3, 4)
    x = a.t() * 1.0  # NumPy and PyTorch keep the strides
    flat = x.t().view(-1)
    flat[2:5] = 0.0
    mask = np.ones(12)
    mask[2:5] = 0
    np.testing.assert_array_equal(gradient(x.sum(), a), mask.reshape(3, 4))
    flat.mul_(3.0)
    np.testing.assert_array_equal(gradient((x * 1).sum(), a), 3 * mask.reshape(3, 4))


def test_complex_parts_are_views():
    a = torch.tensor([1 + 2j, 3 - 1j]).requires_grad_()
    x = a * 1
    x.imag.mul_(3.0)
    x.real[0] = 7.0
    assert x.tolist() == [7 + 6j, 3 - 3j]
    torch.autograd.gradcheck(_scale_imaginary, torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128).requires_grad_())


def _scale_imaginary(a):
    x = a * (1 + 1j)
    x.imag.mul_(3.0)
    torch.view_as_real(x)[0, 0] = 7.0
    return x * x


def test_a_transposed_tensor_hands_its_views_on():
    a, x = made(2, 3)
    row = x[0]
    x.t_()
    row.mul_(5.0)
    assert x.shape == (3, 2)
    np.testing.assert_array_equal(gradient(x.sum(), a), [[5] * 3, [1] * 3])
    x.unsqueeze_(0)
    row.zero_()
    np.testing.assert_array_equal(gradient((x * 1).sum(), a), [[0] * 3, [1] * 3])


def test_a_copied_view_has_a_lineage_of_its_own():
    a, x = made(3)
    view = x[:2]
    other = copy.copy(view)
    x.mul_(2.0)
    np.testing.assert_array_equal(gradient(view.sum(), a), [2, 2, 0])
    np.testing.assert_array_equal(gradient(other.sum(), a), [2, 2, 0])


def test_a_constant_becomes_part_of_the_graph():
    x, (a, y) = torch.zeros(3).double(), made(2)
    view = x[1:]
    view.copy_(y)
    assert x.requires_grad
    np.testing.assert_array_equal(gradient((x * x).sum(), a), 2 * a.detach().numpy())


def test_a_write_under_no_grad_is_just_a_write():
    a, x = made(3)
    with torch.no_grad():
        x[1] = 5.0
        x.unbind()[0].fill_(2.0)
    np.testing.assert_array_equal(gradient((x * 3).sum(), a), [3, 3, 3])
    assert x.tolist()[:2] == [2.0, 5.0]


def test_data_is_not_watched_and_detach_is():
    for share, refused in ((lambda t: t.data, False), (lambda t: t.detach(), True)):
        a, x = made(3)
        loss = (x * x).sum()
        share(x).zero_()
        if refused:
            with pytest.raises(RuntimeError, match=r"'zero_' at .*test_semantics\.py"):
                loss.backward()
        else:
            loss.backward()
            np.testing.assert_array_equal(a.grad.numpy(), [0, 0, 0])


# --- refused -------------------------------------------------------------------------------------------------------


def _leaf():
    made(3)[0].add_(1.0)


def _view_of_a_leaf():
    made(3)[0][:2].add_(1.0)


def _view_before_the_leaf_was_one():
    x = torch.ones(3)
    view = x[:2]
    x.requires_grad_()
    view.mul_(2)


def _one_of_several():
    made(3)[1].unbind()[0].add_(1.0)


def _view_of_one_of_several():
    made(3, 3)[1].split(1)[0][0].add_(1.0)


def _base_of_several_then_use():
    x = made(3)[1]
    parts = x.unbind()
    x.mul_(2)
    parts[0] + 1


def _no_grad_view():
    x = made(3)[1]
    with torch.no_grad():
        view = x[:2]
    view.mul_(2)


def _base_of_a_no_grad_view_then_use():
    x = made(3)[1]
    with torch.no_grad():
        view = x[:2]
    x.mul_(2)
    view * 2


def _expanded():
    torch.ones(3, 1).expand(3, 4).mul_(2)


def _windows():
    torch.ones(5).unfold(0, 3, 1).mul_(2)


def _shape():
    x = torch.ones(3)
    x += torch.ones(2, 3)


def _dtype():
    torch.arange(3).div_(2)


def _transposed_leaf():
    made(2, 3)[0].t_()


def _detach_view():
    made(3)[1][:2].detach_()


def _resize():
    made(4)[0].resize_(2, 2)


def _other_memory():
    x, (_, y) = torch.zeros(3).double(), made(2)
    view = x[1:]
    x.set_(torch.ones(5).double())
    view.copy_(y)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (_leaf, "a leaf Variable that requires grad"),
        (_view_of_a_leaf, "a view of a leaf Variable"),
        (_view_before_the_leaf_was_one, "a view of a leaf Variable"),
        (_one_of_several, r"Output of UnbindBackward0 is a view and is being modified inplace.*x\[i\]"),
        (_view_of_one_of_several, "Output of SplitBackward0"),
        (_base_of_several_then_use, "its base or another view of its base has been modified inplace"),
        (_no_grad_view, "created in no_grad mode and is being modified"),
        (_base_of_a_no_grad_view_then_use, "created in no_grad mode and its base"),
        (_expanded, r"more than one element .* clone\(\)"),
        (_windows, "overlapping windows"),
        (_shape, r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"),
        (_dtype, "result type torch.float32 can't be cast to the desired output type torch.int64"),
        (_transposed_leaf, "a leaf Variable that requires grad"),
        (_detach_view, "can't detach views in-place"),
        (_resize, "cannot resize variables that require grad"),
        (_other_memory, "other memory"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_is_refused(act, words):
    with pytest.raises(RuntimeError, match=words):
        act()


def test_nothing_is_written_when_a_write_is_refused():
    a, x = made(3)
    before = x.detach().numpy().copy()
    for act in (lambda: x.unbind()[0].add_(1.0), lambda: a.zero_(), lambda: x.add_(torch.ones(2, 3))):
        with pytest.raises(RuntimeError):
            act()
    np.testing.assert_array_equal(x.detach().numpy(), before)
    np.testing.assert_array_equal(a.detach().numpy(), before)
