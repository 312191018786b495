"""assert_close and make_tensor against PyTorch's: results and messages."""

import numpy as np
import pytest

import autograd as torch
from autograd.testing import assert_close, make_tensor

nan, inf = float("nan"), float("inf")
TENSORS = [
    ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), ([1.0], [1.0, 2.0]), ([nan], [nan]), ([inf], [inf]), ([inf], [1.0]), ([1, 2], [1, 3]),
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.5, 4.9]]), ([True], [False]), (2.0, 3.0), ([], []), ([0.0], [1e-6]), ([1e6], [1e6 + 1]),
]  # fmt: skip
PAIRS = [
    (1, 2), (1.0, 2.0), (1.0, 1), (1.0, 1.0 + 1e-9), (None, 1), (True, False), ([1, 2], [1]), ([1.0, 2.0], [1.0, 3.0]), ({"a": 1}, {"b": 1}),
    ({"a": 1.0}, {"a": 2.0}), (1j, 2j), (nan, nan), ([[1, [2]]], [[1, [3]]]), (None, None), ((1.0,), [1.0]),
]  # fmt: skip
OPTIONS = [{}, {"rtol": 0, "atol": 0}, {"rtol": 0.1, "atol": 0.1}, {"equal_nan": True}, {"msg": "mine"}]


def outcome(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        return type(error).__name__, str(error)
    return None


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_messages_are_pytorchs(options):
    pt = pytest.importorskip("torch")
    for a, b in TENSORS:
        ours = outcome(assert_close, torch.tensor(a), torch.tensor(b), **options)
        assert ours == outcome(pt.testing.assert_close, pt.tensor(a), pt.tensor(b), **options), (a, b)
    for a, b in PAIRS:
        assert outcome(assert_close, a, b, **options) == outcome(pt.testing.assert_close, a, b, **options), (a, b)


def test_right_and_wrong_without_pytorch():
    assert_close(torch.ones(3), torch.ones(3) + 1e-7)
    for wrong, message in (
        (torch.ones(3) + 1e-3, "Mismatched elements: 3 / 3 \\(100.0%\\)\nGreatest absolute difference: 0.00"),
        (torch.ones(2), "attribute 'shape' do not match: torch.Size\\(\\[3\\]\\) != torch.Size\\(\\[2\\]\\)"),
        (torch.ones(3, dtype=torch.float64), "attribute 'dtype' do not match: torch.float32 != torch.float64"),
    ):
        with pytest.raises(AssertionError, match=message):
            assert_close(torch.ones(3), wrong)


def test_options():
    assert_close(torch.ones(3), torch.ones(3, dtype=torch.float64), check_dtype=False)
    with pytest.raises(AssertionError, match="stride"):
        assert_close(torch.ones(2, 3), torch.ones(3, 2).T, check_stride=True)
    with pytest.raises(ValueError, match="must be either specified or unspecified"):
        assert_close(1.0, 1.0, rtol=1e-3)
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close("a", "a")
    with pytest.raises(AssertionError, match="seen: Scalars"):
        assert_close(1.0, 2.0, msg=lambda text: f"seen: {text}")
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(torch.ones(1), torch.nn.Parameter(torch.ones(1)), allow_subclasses=False)
    assert_close(np.ones(2), np.ones(2))


@pytest.mark.parametrize("name", ["float32", "int64", "int32", "uint8", "bool", "complex64", "float16"])
@pytest.mark.parametrize(
    "options", [{}, {"low": 0, "high": 2}, {"noncontiguous": True}, {"exclude_zero": True}], ids=str
)
def test_make_tensor_is_pytorchs(name, options):
    pt = pytest.importorskip("torch")
    pt.manual_seed(0)
    torch.manual_seed(0)
    ours = make_tensor((2, 3), dtype=getattr(torch, name), **options)
    real = pt.testing.make_tensor((2, 3), dtype=getattr(pt, name), device="cpu", **options)
    assert np.array_equal(ours.numpy(), real.numpy()) and ours.stride() == real.stride()


def test_make_tensor_refuses():
    for options, message in (
        ({"low": 2, "high": 1}, "`low` must be less than `high`"),
        ({"low": nan}, "cannot be NaN"),
        ({"noncontiguous": True, "memory_format": torch.contiguous_format}, "mutually exclusive"),
    ):
        with pytest.raises(ValueError, match=message):
            make_tensor(2, dtype=torch.float64, **options)
    with pytest.raises(ValueError, match="not supported for boolean and integral dtypes"):
        make_tensor(2, dtype=torch.int64, requires_grad=True)
    with pytest.raises(ValueError, match="only supports"):
        make_tensor(2, dtype=torch.uint8, low=300, high=400)
    assert make_tensor(2, 3, dtype=torch.float64, requires_grad=True).requires_grad
    assert bool((make_tensor(50, dtype=torch.int64, low=0, high=2, exclude_zero=True) == 1).all())
