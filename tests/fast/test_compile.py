"""A compiled step calls kernels directly, with the same bits, and only while kernels run."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("numba", reason="compiled kernels need the extra 'fast'")

import autograd
import nn.functional as F
from autograd import fast

from .records import floats


@pytest.fixture
def kernels() -> Any:
    if not fast.enable(True):
        pytest.skip(fast.reason())
    yield
    fast.enable(False)


def test_a_call_of_a_kernel_is_one_call(kernels: Any) -> None:
    w = autograd.tensor(floats(256, 256), requires_grad=True)

    def step(x: Any) -> Any:
        w.grad = None
        loss = (F.linear(x, w) ** 2).sum()
        loss.backward()
        return loss

    def both_agree() -> None:
        for _ in range(3):
            x = autograd.tensor(floats(64, 256))
            expected = step(x).item(), w.grad.array.tobytes()
            assert (compiled(x).item(), w.grad.array.tobytes()) == expected
            assert compiled.reason is None

    compiled = autograd.compile(step)
    both_agree()
    (program,) = compiled.programs.values()
    assert program.kernels
    assert {"affine", "matmul"} <= {getattr(value, "__name__", "") for value in program.names.values()}
    fast.enable(False)  # NumPy makes other bits: the step is recorded anew
    both_agree()
    (program,) = compiled.programs.values()
    assert not program.kernels


@pytest.mark.parametrize("name", ["silu", "elu", "softplus", "mish", "leaky_relu", "tanh", "sigmoid", "gelu", "relu"])
@pytest.mark.parametrize("width", [64, 256, 1024])  # NumPy's calls, a loop computed at once, a loop that may wait
def test_a_compiled_step_has_the_bits_of_the_loops(kernels: Any, name: str, width: int) -> None:
    w, v = autograd.tensor(floats(width, 32, scale=0.2), requires_grad=True), autograd.tensor(floats(width, seed=9))

    def step(x: Any) -> Any:
        w.grad = None
        loss = (getattr(F, name)(F.linear(x, w)) @ v).square().mean()
        loss.backward()
        return loss

    compiled = autograd.compile(step)
    for seed in range(3):
        x = autograd.tensor(floats(100, 32, seed=seed))
        expected = step(x).item(), w.grad.array.tobytes()
        assert (compiled(x).item(), w.grad.array.tobytes()) == expected
    assert compiled.reason is None


def test_a_chain_that_backward_runs_as_one_loop_is_left_to_it(kernels: Any) -> None:
    def step(x: Any, w: Any) -> Any:
        loss = ((w * x).tanh() * w).sum()
        loss.backward()
        return loss

    w = autograd.tensor(floats(fast.LARGE), requires_grad=True)
    compiled = autograd.compile(step)
    compiled(autograd.tensor(floats(fast.LARGE, seed=1)), w)
    assert "one loop" in compiled.reason
