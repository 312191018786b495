"""opcheck: silent on right operations, and each check finds the operation that breaks it."""

import numpy as np
import pytest

import autograd as torch
import nn.functional as F
from autograd import Function
from autograd.lift import lift
from autograd.testing import opcheck
from autograd.testing.opchecks import CHECKS, OpcheckError


def double(*shape, seed=0):
    return torch.from_numpy(np.asarray(np.random.default_rng(seed).normal(size=shape)))


RIGHT = {
    "product": (lambda a, b: (a * b).tanh(), double(3, 4), double(3, 4, seed=1)),
    "matmul": (torch.matmul, double(3, 4), double(4, 2)),
    "conv2d": (F.conv2d, double(2, 2, 5, 5), double(3, 2, 3, 3)),
    "softmax": (lambda x: torch.softmax(x, -1), double(3, 4)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), double(3, 4), double(4), double(4, seed=2)),
    "max": (lambda x: torch.max(x, -1), double(3, 4)),
    "complex": (lambda z: z * z.conj() * z, torch.complex(double(3), double(3, seed=1))),
    "cross_entropy": (lambda x: F.cross_entropy(x, torch.tensor([0, 1, 2])), double(3, 4)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_operations(name):
    report = opcheck(*RIGHT[name])
    assert report.ok and list(report) == [name for name, _ in CHECKS]


def test_third_order():
    assert opcheck(lambda x: x.sin() * x, double(3), order=3).ok


def square(forward=lambda x: x * x, backward=lambda g, x: 2 * g * x):
    def saving(ctx, x):
        ctx.save_for_backward(x)
        return forward(x)

    made = {"forward": staticmethod(saving), "backward": staticmethod(lambda ctx, g: backward(g, *ctx.saved_tensors))}
    return type("Square", (Function,), made).apply


calls = []


def forgetful(x):
    calls.append(1)
    return x * (1.0 + 1e-3 * len(calls))


def noisy(t):
    t.array[...] += 0.0 if not t.array.size else 1.0
    return t


BROKEN = {
    "gradients": square(backward=lambda g, x: g * x),
    "higher orders": square(backward=lambda g, x: 2 * g * x.detach()),
    "determinism": forgetful,
    "no mutation": lambda x: noisy(x) * 2,
    "float32": lambda x: x.double() * x.double(),
    "strides": lambda x: x * torch.from_numpy(np.ascontiguousarray(x.detach().numpy().ravel("K")).reshape(x.shape)),
    "values": lambda x: x * (2.0 if torch.is_grad_enabled() else 3.0),
    "0-d": lift(lambda x: x * x, kind="general", name="scalar", x=lambda g, x: 2 * g * x if x.ndim else g * x),
    "empty": lambda x: x * (1 / x.numel()),
}


@pytest.mark.parametrize("check", BROKEN)
def test_broken_operations(check):
    report = opcheck(BROKEN[check], double(3, 4), raise_exception=False)
    assert check in report.failures, report


def test_the_subset_that_breaks():
    class Both(Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            both = all(ctx.needs_input_grad)
            return (g * b if both else g), g * a

    report = opcheck(Both.apply, double(3), double(3, seed=1), raise_exception=False)
    assert "when only inputs (0,) require grad" in report.failures["subsets of inputs"]
    assert "needs_input_grad" in report.failures["gradients"]


def test_the_error_shows_the_table():
    with pytest.raises(OpcheckError, match="checks failed") as caught:
        opcheck(BROKEN["gradients"], double(3))
    text = str(caught.value)
    assert "cause: factor (claimed = 0.5 * true)" in text and "determinism" in text and not caught.value.report.ok
    with pytest.raises(ValueError, match="at least one tensor of floating point"):
        opcheck(torch.sin, torch.tensor([1, 2]))
