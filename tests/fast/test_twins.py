"""Each compiled kernel agrees with the plain function it stands in for, on one thread and on several."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="compiled kernels need the extra 'fast'")

import importlib

import autograd
import nn
import optim  # noqa: F401 - all twins register themselves
from autograd import fast
from autograd.threads import get_num_threads, set_num_threads

from .records import KEEPS_ITS_OWN, RECORDS

TWINS = {f"{twin.kernel}": twin for twin in fast.TWINS}


@pytest.fixture(autouse=True)
def kernels() -> Any:
    assert fast.enable(True), fast.reason()
    yield
    fast.enable(False)


def compare(found: Any, expected: Any) -> None:
    """Within a few units in the last place of the largest number around: kernels add in another order."""
    if isinstance(expected, tuple):
        assert isinstance(found, tuple) and len(found) == len(expected)
        for f, e in zip(found, expected, strict=True):
            compare(f, e)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype and found.shape == expected.shape
        finite = expected[np.isfinite(expected)]
        np.testing.assert_allclose(
            found, expected, rtol=2e-5, atol=2e-5 * max(1e-6, float(np.abs(finite).max())) if finite.size else 1e-6
        )
    else:
        assert found == expected


def test_every_twin_has_a_record() -> None:
    assert set(TWINS) == set(RECORDS)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_the_first_record_is_worth_a_kernel(name: str) -> None:
    assert TWINS[name].when(*RECORDS[name][0]())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("name", "i"), [(name, i) for name in sorted(RECORDS) for i in range(len(RECORDS[name]))])
def test_kernel_agrees_with_plain(name: str, i: int, threads: int) -> None:
    module, _, function = name.partition(".")
    kernel = getattr(importlib.import_module(f"autograd.fast.{module}"), function)
    before = get_num_threads()
    set_num_threads(threads)
    try:
        with np.errstate(all="ignore"):  # as the engine calls it
            mine, plain = RECORDS[name][i](), RECORDS[name][i]()
            made, expected = kernel(*mine), TWINS[name].plain(*plain)
            if name in KEEPS_ITS_OWN:
                made, expected = made[0], expected[0]
            compare(made, expected)
            for left, right in zip(mine, plain, strict=True):  # what is written in place
                compare(left, right)
    finally:
        set_num_threads(before)


def test_a_helper_is_compiled_once_whatever_literals_it_is_called_with() -> None:
    from autograd.fast.runtime import _made

    fresh = _made(cache=False)

    @fresh
    def helper(up: bool, start: int, t: int) -> int:
        return start + t if up else start - t

    @fresh
    def caller(n: int, places: Any) -> int:
        return helper(True, 0, n) + helper(False, n, 1) + helper(n > 1, n, places[0])

    assert caller(3, np.ones(1, np.uint64)) == 9 and len(helper.signatures) == 1


def test_enable_switches_between_kernel_and_plain() -> None:
    x = autograd.randn(300, 64)
    compiled = autograd.softmax(x, 1).numpy()
    assert not fast.enable(False) and "switched off" in fast.reason()
    np.testing.assert_allclose(compiled, autograd.softmax(x, 1).numpy(), rtol=1e-5)


def test_the_backward_of_attention_takes_what_either_forward_kept() -> None:
    def gradients() -> list[Any]:
        q, k, v = (x.requires_grad_() for x in (autograd.randn(2, 3, 40, 8) for _ in range(3)))
        nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).square().sum().backward()
        return [x.grad.numpy() for x in (q, k, v)]

    autograd.manual_seed(0)
    compiled = gradients()
    fast.enable(False)
    autograd.manual_seed(0)
    for mine, plain in zip(compiled, gradients(), strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-4, atol=1e-5)


def test_a_forked_child_uses_plain_numpy() -> None:
    program = """
import os, numpy as np, autograd
from autograd import fast
assert fast.ready(), fast.reason()
x = autograd.randn(300, 64)
here = autograd.softmax(x, 1).numpy()
child = os.fork()
if child == 0:
    there = autograd.softmax(x, 1).numpy()
    os._exit(0 if not fast.ready() and "forked" in fast.reason() and np.allclose(here, there) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PULLBACK_FAST": "1"})


def test_without_numba_everything_runs_plainly() -> None:
    program = """
import sys
sys.modules["numba"] = None
import autograd
from autograd import fast
assert autograd.softmax(autograd.zeros(300, 64), 1)[0, 0].item() == 1 / 64
assert not fast.ready() and "pullback[fast]" in fast.reason(), fast.reason()
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PULLBACK_FAST": "1"})


def test_normal_numbers_have_the_bits_of_the_plain_ones() -> None:
    for make in RECORDS["draws.box_muller32"]:
        mine, plain = make(), make()
        TWINS["draws.box_muller32"](*mine)
        TWINS["draws.box_muller32"].plain(*plain)
        np.testing.assert_array_equal(mine[0].view(np.int32), plain[0].view(np.int32))


def test_the_mean_of_a_long_channel_is_rounded_once():
    x = np.random.default_rng(0).random((10, 4, 2500)).astype(np.float32) + 100
    mean, var = TWINS["normalization.moments"](x, (0, 2))
    exact = x.astype(np.float64)
    assert np.all(np.abs(mean[0, :, 0] - exact.mean((0, 2))) < 0.51 * np.spacing(mean[0, :, 0]))
    np.testing.assert_allclose(var[0, :, 0], exact.var((0, 2)), rtol=1e-6)
