"""The compiled loop of an optimizer's rule makes the same bits as NumPy's calls of that rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="compiled kernels need the extra 'fast'")

import autograd
import optim
from autograd import fast

from .records import floats

SHAPES = ((100, 90), (200,), (10, 33), (70, 70))
OPTIMIZERS: list[tuple[Any, dict[str, Any]]] = [
    (optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "lr": 0.1}),
    (optim.Adam, {"amsgrad": True, "maximize": True}),
    (optim.AdamW, {}),
    (optim.Adadelta, {}),
    (optim.RMSprop, {"centered": True, "momentum": 0.3}),
    (optim.Adagrad, {"lr_decay": 0.1}),
    (optim.NAdam, {}),
    (optim.RAdam, {}),
    (optim.Adamax, {}),
    (optim.Rprop, {}),
    (optim.ASGD, {"t0": 2}),
    (optim.Lion, {"weight_decay": 0.1}),
]


def steps(optimizer: Any, options: dict[str, Any], compiled: bool) -> list[Any]:
    """Parameters and state after some steps."""
    assert fast.enable(compiled) == compiled
    params = [autograd.tensor(floats(*shape), requires_grad=True) for shape in SHAPES]
    made = optimizer(params, **options)
    for step in range(4):
        for p in params:
            p.grad = autograd.tensor(floats(*p.shape, seed=step + 1))
        made.step()
    state = [value.numpy() for p in params for value in made.state[p].values() if isinstance(value, autograd.Tensor)]
    return [p.detach().numpy() for p in params] + state


@pytest.mark.parametrize(("optimizer", "options"), OPTIMIZERS)
def test_compiled_rule_makes_the_same_bits(optimizer: Any, options: dict[str, Any], monkeypatch: Any) -> None:
    from autograd.fast import updates

    ran = []

    def watched(*args: Any) -> None:
        ran.append(True)
        real(*args)

    try:
        real = updates.Pieces.run
        monkeypatch.setattr(updates.Pieces, "run", watched)
        for found, expected in zip(steps(optimizer, options, True), steps(optimizer, options, False), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert ran == [True] * 4
    finally:
        fast.enable(False)


def test_a_rule_that_is_no_arithmetic_runs_plainly() -> None:
    class Odd(optim.SGD):
        def rule(self, do: Any, h: Any, p: Any, g: Any, s: Any, t: Any, u: Any) -> Any:
            return do.subtract(p, do.sort(g), out=p), {}

    try:
        for found, expected in zip(steps(Odd, {}, True), steps(Odd, {}, False), strict=True):
            np.testing.assert_array_equal(found, expected)
    finally:
        fast.enable(False)
