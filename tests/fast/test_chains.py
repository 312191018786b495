"""Cotangents that wait: one loop where there were many, with the same bits, whatever the program does meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="compiled kernels need the extra 'fast'")

import autograd
from autograd import fast
from autograd.fast import chains, elementwise

from .records import floats

ROWS, COLUMNS = 900, 100
assert ROWS * COLUMNS >= fast.LARGE


@pytest.fixture(autouse=True)
def kernels() -> Any:
    assert fast.enable(True), fast.reason()
    yield
    fast.enable(False)


def leaf(seed: int = 0, *shape: int) -> Any:
    return autograd.tensor(floats(*(shape or (ROWS, COLUMNS)), seed=seed), requires_grad=True)


def loops_of(monkeypatch: Any, act: Any) -> list[int]:
    """Run ``act``; the number of arrays of each loop that ran."""
    ran: list[int] = []
    compute = elementwise.compute
    monkeypatch.setattr(elementwise, "compute", lambda *args: ran.append(len(args[1]) + 1) or compute(*args))
    act()
    monkeypatch.setattr(elementwise, "compute", compute)
    return ran


def test_the_backward_of_an_expression_is_one_loop(monkeypatch: Any) -> None:
    x = leaf()
    y = ((x * 2 + 1).tanh() * (x * x + 1).sqrt() - x.exp() * 0.01).mean()
    assert loops_of(monkeypatch, y.backward) == [5]  # x, tanh, sqrt and exp are read, the gradient is written


def test_what_two_products_need_is_computed_once(monkeypatch: Any) -> None:
    x, a, b = leaf(), leaf(1, COLUMNS, 90), leaf(2, COLUMNS, 90)
    h = x.tanh() * 2
    loss = ((h @ a) * (h @ b)).relu().sum()
    ran = loops_of(monkeypatch, loss.backward)
    assert len(ran) == 3  # one for each product's cotangent, one for x; the zeros and ones of relu are in the first two


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.booleans())
@settings(max_examples=20, deadline=None)
def test_rows_and_columns_of_any_dimensions_give_numpys_bits(ones: list[bool], leading: bool) -> None:
    """An argument that has only some dimensions, or 1 where the other has more: in a formula, and in its derivative."""
    shape = (4, 10, 30, 80)
    given = [1 if one else n for one, n in zip(ones, shape, strict=True)]
    while given and given[0] == 1 and not leading:
        del given[0]
    x, z, above = leaf(0, *shape), floats(*given, seed=1), floats(*shape, seed=2)
    for formula, slope in ((lambda a, b: a * b, z), (lambda a, b: (b - a) * 2.0, np.float32(-2.0))):
        y = formula(x, autograd.tensor(z))
        assert np.array_equal(y.detach().numpy(), formula(x.detach().numpy(), z))
        (found,) = autograd.autograd.grad(y, x, autograd.tensor(above))
        assert np.array_equal(found.numpy(), above * slope)


@pytest.mark.parametrize("other", [(16, 32, 1, 1), (1, 32, 1, 1), (32, 1, 1), (16, 1, 1, 1), (28, 28), (1, 32, 28, 28)])
def test_arguments_of_some_dimensions_are_part_of_a_loop(monkeypatch: Any, other: tuple[int, ...]) -> None:
    x, z = autograd.tensor(floats(16, 32, 28, 28)), autograd.tensor(floats(*other))
    assert loops_of(monkeypatch, lambda: x * z) == [3]


STEPS: list[Any] = [
    lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x - y * 0.5, lambda x, y: x / (y * y + 1), lambda x, y: x.tanh(),
    lambda x, y: x.relu() + y, lambda x, y: -x, lambda x, y: autograd.maximum(x, y), lambda x, y: (x * 0.1).exp(),
    lambda x, y: x * y.detach()[0], lambda x, y: x.T.contiguous().T * 3, lambda x, y: (x * x + 1).sqrt(),
]  # fmt: skip


def gradients(program: list[tuple[int, int, int]]) -> list[Any]:
    """Those of a program whose steps (an operation, and the numbers of two earlier values) are all used."""
    leaves = [leaf(), leaf(1)]
    values = list(leaves)
    for op, i, j in program:
        values.append(STEPS[op](values[i % len(values)], values[j % len(values)]))
    loss = sum([(v * (i + 1)).mean() for i, v in enumerate(values[2:])], leaves[0].sum())
    loss.backward()
    return [t.grad.numpy() for t in leaves if t.grad is not None]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 20), st.integers(0, 20)), max_size=8))
def test_the_bits_are_those_of_one_formula_after_the_other(program: list[tuple[int, int, int]]) -> None:
    fast.enable(True)
    together = gradients(program)
    most = chains._MOST_STEPS
    chains._MOST_STEPS = 1
    try:
        apart = gradients(program)
    finally:
        chains._MOST_STEPS = most
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_array_equal(a, b)


def both(act: Any) -> None:
    """The same arrays with kernels and without."""
    with_kernels = act()
    fast.enable(False)
    for found, expected in zip(with_kernels, act(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5)


def test_a_hook_may_write_to_what_a_cotangent_waits_for() -> None:
    def act() -> list[Any]:
        w, x = leaf(), leaf(1)
        early, late = x * 2, leaf(2)
        late.register_post_accumulate_grad_hook(lambda p: p.detach().fill_(7.0))
        ((early * late).tanh() * w).sum().backward()
        return [t.grad.numpy() for t in (w, x, late)]

    both(act)


class Overwrites(autograd.autograd.Function):
    """A backward that writes to a tensor of the outer program."""

    @staticmethod
    def forward(ctx: Any, x: Any, other: Any) -> Any:
        ctx.other = other
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        ctx.other.detach().zero_()
        return g * 2, None


def test_a_function_of_the_users_may_write_to_what_a_cotangent_waits_for() -> None:
    def act() -> list[Any]:
        x, w, other = leaf(), leaf(1), leaf(2)
        a = w * 1.5
        b = Overwrites.apply(x, other)
        ((a * other).tanh() + b).sum().backward()
        return [t.grad.numpy() for t in (x, w)]

    both(act)


def test_a_gradient_that_is_added_to_may_be_what_a_cotangent_waits_for() -> None:
    def act() -> list[Any]:
        w, x = leaf(), leaf(1)
        x.sum().backward()
        ((x.grad * (w * 2)).sum() + (x * x).sum()).backward()
        return [w.grad.numpy(), x.grad.numpy()]

    both(act)


def test_hooks_and_retained_gradients_see_arrays() -> None:
    def act() -> list[Any]:
        x = leaf()
        seen: list[Any] = []
        y = (x * 3).tanh()
        y.retain_grad()
        z = y * x
        z.register_hook(lambda g: seen.append(g.numpy().copy()) or g * 2)
        (z.exp() * 0.1).sum().backward()
        return [*seen, y.grad.numpy(), x.grad.numpy()]

    both(act)


def test_a_long_chain_is_cut_into_loops() -> None:
    def act() -> list[Any]:
        x = leaf()
        y = x
        for i in range(60):
            y = (y * 1.01 + x).tanh() if i % 2 else y - x * 0.1
        y.sum().backward()
        return [x.grad.numpy()]

    both(act)


def test_scripts_without_end_are_computed_formula_by_formula(monkeypatch: Any) -> None:
    def act() -> list[Any]:
        x = leaf()
        ((x * 4).tanh() * (x * 5).exp() * 0.3).sum().backward()
        return [x.grad.numpy()]

    monkeypatch.setattr(elementwise, "_MOST_LOOPS", 0)
    elementwise.traced.cache_clear()
    both(act)


def test_numbers_of_every_kind_stay_apart() -> None:
    x = leaf()
    for factor in (0.0, -0.0, 1, True, 1.0):
        x.grad = None
        (x * factor).sum().backward()
        np.testing.assert_array_equal(np.signbit(x.grad.numpy()), np.signbit(np.full(1, factor, np.float32))[0])
        assert (x.grad.numpy() == factor).all()


def test_what_waits_is_released() -> None:
    import weakref

    x = leaf()
    y = x.exp()
    alive = weakref.ref(y.array)
    loss = (y * 2).sum()
    del y
    loss.backward()
    assert alive() is None
