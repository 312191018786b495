"""The same lines of code on PyTorch and here: values, shapes, dtypes, first and second gradients must agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd

NOT_THERE = (
    "is not implemented", "does not support automatic differentiation", "returned an invalid gradient", "modified by an inplace",
)  # fmt: skip
"""What PyTorch says of derivatives that it does not have, and we do."""


def _tensors(m: Any, specs: tuple[Any, ...], complex_numbers: bool) -> list[Any]:
    rng = np.random.default_rng(0)
    made = []
    for spec in specs:
        array = spec if isinstance(spec, np.ndarray) else rng.normal(size=spec)
        if complex_numbers and not isinstance(spec, np.ndarray):
            array = array + 1j * rng.normal(size=spec)
        t = m.tensor(array)
        made.append(t.requires_grad_() if array.dtype.kind in "fc" else t)
    return made


def _cotangents(m: Any, outputs: dict[int, Any], seed: int) -> list[Any]:
    """Random cotangents; those of an output depend on its number only."""
    made = []
    for number, t in outputs.items():
        rng = np.random.default_rng(seed + number)
        array = rng.normal(size=tuple(t.shape))
        if t.is_complex():
            array = array + 1j * rng.normal(size=tuple(t.shape))
        made.append(m.tensor(array).to(t.dtype))
    return made


def _array(t: Any) -> Any:
    return (
        np.array((t.detach() + 0).resolve_conj().numpy()) if t.dtype.is_floating_point or t.is_complex() else t.numpy()
    )


def _zero(t: Any, like: Any) -> Any:
    return np.zeros(tuple(like.shape)) if t is None else _array(t)


def observe(m: Any, function: Callable[..., Any], specs: tuple[Any, ...], complex_numbers: bool = False) -> Any:
    """What a function gives on library ``m``: outputs, first gradients, second gradients."""
    inputs = _tensors(m, specs, complex_numbers)
    result = function(m, *inputs)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    values = [(_array(o), str(o.dtype), tuple(o.shape)) if hasattr(o, "detach") else o for o in outputs]
    leaves = [t for t in inputs if t.requires_grad]
    live = [o for o in outputs if hasattr(o, "detach") and o.requires_grad]
    if not leaves or not live:
        return values, [], []
    us = [u.requires_grad_() for u in _cotangents(m, dict(enumerate(live)), 1)]
    first = m.autograd.grad(live, leaves, us, create_graph=True, allow_unused=True)
    again = {i: g for i, g in enumerate(first) if g is not None and g.requires_grad}
    second: Any = [None] * len([*leaves, *us])
    if again:
        second = m.autograd.grad([*again.values()], [*leaves, *us], _cotangents(m, again, 100), allow_unused=True)
    second = [_zero(g, t) for g, t in zip(second, [*leaves, *us], strict=True)]
    return values, [_zero(g, t) for g, t in zip(first, leaves, strict=True)], second


def check(
    pt: Any, function: Callable[..., Any], *specs: Any, complex_numbers: bool = False, tolerance: float = 1e-8
) -> None:
    """Assert that PyTorch and we agree, or that both refuse with errors of one family."""
    try:
        theirs: Any = observe(pt, function, specs, complex_numbers)
    except Exception as error:
        theirs = error
    if isinstance(theirs, Exception) and any(words in str(theirs) for words in NOT_THERE):
        observe(autograd, function, specs, complex_numbers)
        return
    if isinstance(theirs, Exception):
        try:
            observe(autograd, function, specs, complex_numbers)
        except (RuntimeError, IndexError, ValueError, TypeError) as ours:
            assert str(ours)
            return
        raise AssertionError(f"PyTorch refuses ({theirs}) and we don't")
    ours = observe(autograd, function, specs, complex_numbers)
    for what, a, b in zip(("value", "gradient", "second gradient"), ours, theirs, strict=True):
        assert len(a) == len(b), what
        for x, y in zip(a, b, strict=True):
            if isinstance(y, tuple) and len(y) == 3 and isinstance(y[0], np.ndarray):
                assert x[1:] == y[1:], what
                x, y = x[0], y[0]
            if isinstance(y, np.ndarray):
                np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance, err_msg=what)
            else:
                assert x == y, what
