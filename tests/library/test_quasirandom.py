"""SobolEngine beside PyTorch's: the same points, scrambled too."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd.quasirandom import SobolEngine

torch = pytest.importorskip("torch")


def both(*args, **kwargs):
    return SobolEngine(*args, **kwargs), torch.quasirandom.SobolEngine(*args, **kwargs)


@pytest.mark.parametrize("dimension", [1, 2, 7, 40, 1111])
@pytest.mark.parametrize("scramble", [False, True])
def test_the_same_points(dimension, scramble):
    ours, theirs = both(dimension, scramble=scramble, seed=5 if scramble else None)
    assert repr(ours) == repr(theirs)
    np.testing.assert_array_equal(ours.sobolstate.numpy(), theirs.sobolstate.numpy())
    for n, kind in ((1, "float32"), (5, "float64"), (16, "float32"), (3, "float64")):
        a, b = ours.draw(n, dtype=getattr(autograd, kind)), theirs.draw(n, dtype=getattr(torch, kind))
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert ours.num_generated == theirs.num_generated == 25


def test_going_on_and_starting_again():
    ours, theirs = both(3)
    for engine in (ours, theirs):
        engine.fast_forward(6).draw(2)
        engine.fast_forward(1000)
    np.testing.assert_array_equal(ours.draw(4).numpy(), theirs.draw(4).numpy())
    np.testing.assert_array_equal(ours.reset().draw_base2(4).numpy(), theirs.reset().draw_base2(4).numpy())
    np.testing.assert_array_equal(ours.draw_base2(4).numpy(), theirs.draw_base2(4).numpy())
    out = autograd.zeros(2, 3)
    assert ours.draw(2, out=out) is out and out.sum() > 0


def test_scrambled_by_the_default_generator():
    autograd.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = both(4, scramble=True)
    np.testing.assert_array_equal(ours.draw(8).numpy(), theirs.draw(8).numpy())


def test_what_is_refused():
    for dimension in (0, 1112):
        with pytest.raises(ValueError, match="Supported range of dimensionality"):
            SobolEngine(dimension)
    engine = SobolEngine(2)
    engine.draw(3)
    with pytest.raises(ValueError, match="power of 2"):
        engine.draw_base2(2)
