"""Right or an error, never silently wrong: random programs against an oracle (always) and PyTorch (where installed).

``PULLBACK_EXAMPLES=2000 pytest tests/inplace`` is the long run.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

import autograd

from .programs import Oracle, Refused, Run, plan

EXAMPLES = int(os.environ.get("PULLBACK_EXAMPLES", "150"))
small = st.integers(0, 11)
steps = st.lists(st.tuples(st.integers(0, 13), small, small, small, small), min_size=2, max_size=12)
OVERLAP = "more than one element of the written-to tensor"
"""What we refuse and PyTorch, which does not look so closely, computes in an order of its own: writes to overlapping windows."""


def _torch():
    try:
        import torch
    except ImportError:
        return None
    return torch


def _same(ours: list[np.ndarray], theirs: list[np.ndarray], what: str) -> None:
    assert len(ours) == len(theirs)
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=f"{what} {number}")


def run(program: list[tuple[int, ...]], pt) -> str:
    """Run a program everywhere, comparing after each step; says how it ended."""
    mine, oracle, theirs = Run(autograd), Oracle(), None if pt is None else Run(pt)
    for step in program:
        try:
            what, extra = plan(step, [c.shape for c in oracle.tensors])
        except Refused:
            continue
        refused: Exception | None = None
        why = ""
        try:
            mine.step(what)
        except RuntimeError as error:
            refused = error
        if theirs is not None:
            try:
                theirs.step(what)
                agreed = True
            except RuntimeError as error:
                agreed, why = False, str(error)
            if agreed and refused is not None:
                assert OVERLAP in str(refused), f"PyTorch does {what[:3]}, and we refuse: {refused}"
                theirs = None
            elif not agreed and refused is None:
                event(f"PyTorch alone refuses a {what[0]}: {why[:60]}")
                theirs = None
        if refused is None:
            oracle.step(what, *extra)
        _same(mine.values(), oracle.values(), f"after {what[:3]}, tensor")
    try:
        gradients = mine.gradients()
    except RuntimeError as error:
        assert "modified by an inplace operation" in str(error) or "modified inplace" in str(error), error
        if theirs is not None:
            with pytest.raises(RuntimeError):
                theirs.gradients()
        return "an overwritten value was found"
    _same(gradients, oracle.gradients(), "gradient of leaf")
    if theirs is None:
        return "right by the oracle"
    try:
        _same(gradients, theirs.gradients(), "gradient of leaf, by PyTorch,")
    except RuntimeError as error:
        return f"right by the oracle, refused by PyTorch: {str(error)[:60]}"
    return "right by oracle and PyTorch"


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink]
)
@given(steps, st.integers(0, 11))
def test_right_or_an_error(program, last):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        event(run([*program, (9, last, 0, 0, 0), (9, 0, 0, 1, 0), (9, 1, 0, 2, 0)], _torch()))
