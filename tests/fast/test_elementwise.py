"""Elementwise operations on large arrays: one compiled loop for each formula, and what NumPy makes of the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="compiled kernels need the extra 'fast'")

import autograd
import nn.functional as F
from autograd import fast

from .records import floats

ROWS, COLUMNS = 900, 100
assert ROWS * COLUMNS >= fast.LARGE


@pytest.fixture(autouse=True)
def kernels() -> Any:
    assert fast.enable(True), fast.reason()
    yield
    fast.enable(False)


FUNCTIONS: dict[str, Any] = {
    "arithmetic": lambda x, y, row: (x * 2 + 1) * (x - y) / (y * y + 1) - 3 / (2 + x * x),
    "rows": lambda x, y, row: (x + row) * (y / (row * row + 1)) * (row - x),
    "columns": lambda x, y, row: (
        (x - x.mean(1, keepdim=True)) / (y.square().sum(1, keepdim=True) + 1) * row + y[:, :1] * x
    ),
    "rows of three dimensions": lambda x, y, row: (
        x.view(90, 10, 100) * y[:90, :1, None] + y.view(90, 10, 100)[:, :, :1] * row * x.view(90, 10, 100)[:1, :1]
    ).view(900, 100),
    "columns that are too short": lambda x, y, row: (x.view(-1, 20) * y.view(-1, 20)[:, :1]).view(900, 100) * row,
    "functions": lambda x, y, row: x.exp() * y.tanh() + (x * x + 1).sqrt() * y.sigmoid() + x.abs() * y.square(),
    "selection": lambda x, y, row: x.relu() + autograd.maximum(x, y) * autograd.minimum(x, y) + x.clamp(-1, 1),
    "powers": lambda x, y, row: x**2 + y**3 + (-x) + (x * x + 1) ** 0.5 + (x * x + 1).rsqrt() + y.reciprocal(),
    "activations": lambda x, y, row: (
        F.silu(x) + F.leaky_relu(y) * F.elu(x, 0.7) + F.softplus(y, 2.0) + F.selu(x) * F.mish(y)
    ),
    "more activations": lambda x, y, row: (
        F.logsigmoid(x) + F.prelu(y, row[:1]) + F.hardtanh(x) * F.celu(y) + F.hardswish(x)
    ),
    "curves": lambda x, y, row: autograd.erf(x) + (x.abs() + 1).log() + y.square().log1p() + autograd.lerp(x, y, 0.3),
    "integer powers": lambda x, y, row: x**3 + y**4 * x**5 + (x * x + 1) ** -2 + (y * y + 1) ** -0.5,
    "rounding": lambda x, y, row: x.floor() + y.ceil() * x.trunc() + y.round() + x.frac() + x.sign(),
    "in other kinds": lambda x, y, row: (x.double() * y).float() + (x > 0) * y + x * 2**0.5,
    "one row twice": lambda x, y, row: x[0] * x + x[:, :1] * x + x.T.contiguous().T * y.T.T,
}


def values(function: Any, on: bool) -> list[Any]:
    """The result, its gradients, and gradients of those."""
    fast.enable(on)
    leaves = [floats(ROWS, COLUMNS), floats(ROWS, COLUMNS, seed=1), floats(COLUMNS, seed=2)]
    leaves = [autograd.tensor(leaf, requires_grad=True) for leaf in leaves]
    weight = autograd.tensor(floats(ROWS, COLUMNS, seed=3))
    result = function(*leaves)
    first = autograd.grad(result, leaves, weight, create_graph=True, allow_unused=True)
    found = [g for g in first if g is not None]
    (function(*leaves) * weight).sum().backward()
    second = autograd.grad([g.square().sum() for g in found], leaves, allow_unused=True)
    return [t.detach().numpy() for t in (result, *found, *second, *[leaf.grad for leaf in leaves]) if t is not None]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_large_arrays_agree_with_plain_numpy(name: str) -> None:
    for found, expected in zip(values(FUNCTIONS[name], True), values(FUNCTIONS[name], False), strict=True):
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-6 * scale)


def test_arithmetic_makes_the_same_bits_and_so_do_infinities_and_nan() -> None:
    x, y = floats(ROWS * COLUMNS), floats(ROWS * COLUMNS, seed=1)
    x[:6], y[:6] = [np.inf, -np.inf, np.nan, 0, -0.0, 1e38], [0, np.nan, 1, 0, 0, 1e38]
    x[6:10], y[6:10] = [np.nan, 1, np.inf, -0.0], [np.nan, np.nan, np.inf, 0]
    with np.errstate(all="ignore"):
        for function in (np.multiply, np.divide, np.subtract, np.maximum, np.minimum):
            name = {"multiply": "mul", "divide": "div", "subtract": "sub"}.get(function.__name__, function.__name__)
            found = getattr(autograd, name)(autograd.tensor(x), autograd.tensor(y)).numpy()
            np.testing.assert_array_equal(found, function(x, y), name)
        for name, plain in (("sqrt", np.sqrt), ("abs", np.abs), ("neg", np.negative), ("square", np.square)):
            np.testing.assert_array_equal(getattr(autograd, name)(autograd.tensor(x)).numpy(), plain(x), name)
        for name, plain in (("exp", np.exp), ("tanh", np.tanh)):
            np.testing.assert_allclose(
                getattr(autograd, name)(autograd.tensor(x)).numpy(), plain(x), rtol=1e-6, err_msg=name
            )


def test_curves_know_infinities_nan_and_the_smallest_numbers() -> None:
    special = np.array(
        [0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e38, -1e38, 1e-8, -1e-8, -1, -2, 88], np.float32
    )
    x = np.concatenate([special, floats(fast.LARGE, scale=5)])
    functions = (
        F.silu,
        F.elu,
        F.selu,
        F.celu,
        F.softplus,
        F.mish,
        F.logsigmoid,
        F.leaky_relu,
        autograd.erf,
        autograd.log,
        autograd.log1p,
    )
    for function in functions:
        results = []
        for part in (x, x[:2000]):  # a loop, and NumPy's calls
            t = autograd.tensor(part, requires_grad=True)
            y = function(t)
            y.backward(autograd.ones_like(y))
            results += [y.detach().numpy()[:2000], t.grad.numpy()[:2000]]
        with np.errstate(all="ignore"):
            for found, expected in zip(results[:2], results[2:], strict=True):
                np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-6, err_msg=function.__name__)


def test_a_cotangent_is_written_over_only_where_nobody_else_holds_it() -> None:
    n = fast.LARGE
    x = autograd.tensor(floats(n), requires_grad=True)
    given = autograd.tensor(floats(n, seed=1))
    before = given.numpy().copy()
    seen = []
    y = x * 2
    y.register_hook(seen.append)
    z = y * 3
    z.retain_grad()
    (z + z * y).backward(given)
    np.testing.assert_array_equal(given.numpy(), before)
    np.testing.assert_allclose(z.grad.numpy(), before * (1 + y.detach().numpy()), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(seen[0].numpy(), before * (3 + 6 * y.detach().numpy()), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(x.grad.numpy(), 2 * seen[0].numpy(), rtol=1e-6, atol=1e-6)


def test_the_loops_of_a_program_are_compiled_once() -> None:
    from autograd.fast import elementwise

    x = autograd.tensor(floats(fast.LARGE))
    x * 2
    compiled = elementwise._compiled.cache_info().misses
    for factor in (3, 4.5, 5):
        np.testing.assert_array_equal((x * factor).numpy(), x.numpy() * factor)
    assert elementwise._compiled.cache_info().misses == compiled


def test_a_formula_that_calls_an_operation_becomes_a_loop(monkeypatch: Any) -> None:
    made: list[Any] = []
    defer = fast.defer
    monkeypatch.setattr(fast, "defer", lambda formula, args: made.append(defer(formula, args)) or made[-1])
    x = autograd.tensor(floats(fast.LARGE), requires_grad=True)
    x.tanh().backward(autograd.tensor(floats(fast.LARGE, seed=1)))
    assert len(made) == 2 and all(type(value) is fast.Deferred for value in made)


class Twice(autograd.autograd.Function):
    """Looks at the cotangent that it is given."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        assert g.is_contiguous()
        return g.mul_(2)


WEIGHTS = autograd.tensor(floats(3, 1, 3, 3))
MEANS: dict[str, Any] = {
    "of an expression": lambda x: (x * x).mean(),
    "of a view": lambda x: (x.T * 3).reshape(-1).sum(),
    "of a function of one's own": lambda x: Twice.apply(x).sum(),
    "of rows": lambda x: autograd.softmax(x, 1).sum() + autograd.layer_norm(x, (COLUMNS,)).mean(),
    "of parts": lambda x: autograd.cat([x[:ROWS], x[:1]]).sum() + x[:, 1:].mean(),
    "of a product": lambda x: (x @ x.T[:, :90]).mean(),
    "of results of several": lambda x: x.sort(1).values.sum() + x.max(1).values.sum() + x.topk(99).values.mean(),
    "of windows": lambda x: autograd.max_pool2d(autograd.conv2d(x[None, None], WEIGHTS, None, 1, 1), 1).mean(),
    "of itself": lambda x: x.sum(),
    "of what is used twice": lambda x: (y := x * 2).sum() + y.mean() + (y * y).sum(),
}


@pytest.mark.parametrize("name", MEANS)
def test_one_number_stands_for_the_cotangent_of_all_elements(name: str) -> None:
    found = []
    for on in (True, False):
        fast.enable(on)
        x = autograd.tensor(floats(ROWS, COLUMNS), requires_grad=True)
        seen: list[Any] = []
        x.register_hook(lambda g, seen=seen: seen.append(g.clone()))
        MEANS[name](x).backward()
        (g,) = autograd.grad(MEANS[name](x), x)
        g.add_(1)  # an array of its own
        x.grad.add_(1)
        found.append([t.numpy() for t in (g, x.grad, seen[0])])
    for fast_one, plain in zip(*found, strict=True):
        np.testing.assert_allclose(fast_one, plain, rtol=1e-4, atol=1e-6)
