"""Mistakes that need no Jacobian: found by running the function or backward again, and watching.

An input or a saved array that changes (overwritten), two runs that differ (nondeterministic), other strides that give
other gradients (layout), a gradient whose shape does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import graph, passes
from ..function import FunctionCtx
from ..tensor import Tensor, wrap
from .problem import Array, Problem, as_real, tupled
from .report import Fault, GradcheckError, Report

Watched = list[tuple[str, Callable[[], list[Array]], list[Array]]]  # who saved, what it is now, what it was


def check_writes(problem: Problem, order: int) -> None:
    """Raise GradcheckError if the function writes to an input that requires grad."""
    before = [t.array.copy() for t in problem.inputs]
    problem.call()
    check_inputs(problem, before, "The function", order)


def check_inputs(problem: Problem, before: list[Array], who: str, order: int) -> None:
    """Raise GradcheckError if an input is not what it was, after putting it back."""
    for number, t, kept in zip(problem.wrt, problem.inputs, before, strict=True):
        if not np.array_equal(t.array, kept, equal_nan=t.array.dtype.kind in "fc"):
            t.array[...] = kept
            sentence = f"{who} changes this input in place, and what was saved with it. Work on a clone()."
            raise GradcheckError(Report(Fault("overwritten", sentence, input=number), order))


def check_cotangents(problem: Problem, v: Array, order: int) -> None:
    """Raise GradcheckError if backward writes to the cotangent it is given: others may read it too."""
    seeds = problem.seeds(v)
    before = [t.array.copy() for t in seeds]
    with np.errstate(all="ignore"):
        passes.grad(problem.outputs, problem.inputs, seeds, retain_graph=True, allow_unused=True)
    for k, t, kept in zip(problem.which, seeds, before, strict=True):
        if not np.array_equal(t.array, kept, equal_nan=True):
            sentence = (
                "Backward writes to the cotangent that it is given, and whoever shares it sees that: g.mul_(...), "
                "g[mask] = 0. Work on a clone()."
            )
            raise GradcheckError(Report(Fault("overwritten", sentence, output=k), order))


def saved_fault(problem: Problem) -> Fault | None:
    """A saved array that is not what it was when it was saved, by the end of the forward pass or after a backward."""
    watched: Watched = []
    with _watching(watched):
        results = problem.call()
    when = "after it was saved in the forward pass"
    for phase in range(2):
        for name, now, copies in watched:
            for array, copy in zip(now(), copies, strict=False):
                if not np.array_equal(array, copy, equal_nan=array.dtype.kind in "fc"):
                    return Fault(
                        "overwritten",
                        f"{name} saved an array of shape {list(array.shape)}, and its values were changed {when}: "
                        "look for out=, an in-place operation, .data or a buffer that is used again.",
                    )
        if phase == 0:
            outputs = [results[k] for k in problem.which]
            seeds = [wrap(np.ones_like(t.array)) for t in outputs]
            passes.grad(outputs, problem.inputs, seeds, retain_graph=True, allow_unused=True)
            when = "by the backward pass itself"
    return None


@contextmanager
def _watching(watched: Watched) -> Iterator[None]:
    """Copy every array at the moment when a node, or the ctx of a Function, saves it."""
    before = graph.watcher
    save, put = FunctionCtx.save_for_backward, FunctionCtx.__setattr__

    def keep(name: str, now: Callable[[], list[Array]]) -> None:
        watched.append((name, now, [array.copy() for array in now()]))

    def watch(node: Any) -> None:
        keep("a leaf" if node.op is None else node.name(), lambda: _arrays_in([node.saved, node.params]))
        if before is not None:
            before(node)

    def saving(ctx: Any, *tensors: Any) -> None:
        keep(type(ctx).__name__, lambda: _arrays_in(tensors))
        save(ctx, *tensors)

    def putting(ctx: Any, name: str, value: Any) -> None:
        keep(type(ctx).__name__, lambda: _arrays_in(value))
        put(ctx, name, value)

    graph.watcher = watch
    FunctionCtx.save_for_backward, FunctionCtx.__setattr__ = saving, putting  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        graph.watcher = before
        FunctionCtx.save_for_backward = save  # type: ignore[method-assign]
        del FunctionCtx.__setattr__


def _arrays_in(values: Any) -> list[Array]:
    """The arrays in nested tuples of Tensors and arrays."""
    found: list[Array] = []
    stack = [values]
    while stack:
        value = stack.pop()
        if isinstance(value, Tensor):
            found.append(value.array)
        elif isinstance(value, np.ndarray) and value.dtype != object:
            found.append(value)
        elif isinstance(value, (tuple, list)):
            stack.extend(value)
    return found


def explain_reentrancy(problem: Problem, v: Array) -> tuple[str, str]:
    """Why two passes over one graph differ: chance, or a saved value that the first pass changed."""
    fresh = []
    for _ in range(2):
        results = problem.call()
        fresh.append(problem.pull(v, [results[k] for k in problem.which]))
    same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*fresh, strict=True))
    if same and saved_fault(problem):
        return (
            "overwritten",
            "On a fresh graph it is always the same: the backward pass changes what the forward pass saved.",
        )
    fresh_one = " On a fresh graph it is always the same: the random state is set in the forward pass." if same else ""
    return "nondeterministic", f"Look for random numbers or a counter in the formula.{fresh_one}"


def layout_fault(problem: Problem, v: Array, eps: float) -> Fault | None:
    """Whether the gradients change with the strides of the cotangent or of the inputs, at the same values."""
    base = problem.pull(v)
    alike = max(1e-6, 3e4 * eps)  # BLAS sums in another order for other strides, which a bad condition magnifies

    def differs(other: list[Array], reference: list[Array]) -> int | None:
        largest = max(float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)) for b in (*reference, *base))
        for i, (a, b) in enumerate(zip(other, reference, strict=True)):
            scale = max(float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)), 1e-6 * largest)  # not noise about 0
            if not np.allclose(a, b, rtol=alike, atol=alike * scale, equal_nan=True):
                return i
        return None

    def fault(i: int | None, what: str) -> Fault | None:
        if i is None:
            return None
        return Fault(
            "layout",
            f"The gradient changes when {what} lies differently in memory (other strides, the same values): look for "
            "ravel('K'), frombuffer, strides, or reshape of what should be permuted.",
            input=problem.wrt[i],
            output=problem.which[0],
        )

    ones = np.ones_like(v)
    for arrange, seed in ((strided, v), (np.asfortranarray, v), (stretched, ones)):
        try:
            found = fault(differs(problem.pull_arranged(seed, arrange), problem.pull(seed)), "the cotangent")
        except (RuntimeError, ValueError):
            continue  # a formula may refuse such a cotangent, as view() does
        if found is not None:
            return found
    copies = {id(t): wrap(strided(t.array)).requires_grad_() for t in problem.inputs}
    moved = [copies.get(id(a), a) for a in problem.arguments]
    try:
        results = tupled(problem.function(*moved))
        outputs = [results[k] for k in problem.which]
        values = [o.array for o in outputs]
    except (RuntimeError, ValueError, IndexError, TypeError):
        return None  # a function may refuse such inputs, as view() does
    if any(
        a.shape != b.shape or not np.allclose(a, b, rtol=1e5 * eps, atol=1e4 * eps, equal_nan=True)
        for a, b in zip(values, problem.values, strict=True)
    ):
        return None  # the function itself sees the strides: as_strided
    other = Problem(problem.function, tuple(moved))
    other.which, other.values = problem.which, problem.values
    seeds = [wrap(s.array) for s in problem.seeds(v)]
    if any(not o.requires_grad for o in outputs):
        return None
    got = passes.grad(outputs, other.inputs, seeds, retain_graph=True, allow_unused=True)
    if any(g is None for g in got):
        return None  # it reads its inputs from elsewhere
    return fault(differs([as_real(g.array) for g in got], base), "an input")


def shared_fault(problem: Problem, v: Array, eps: float, tolerance: float, exact: bool) -> Fault | None:
    """Whether a call in between, at a point nearby, changes what backward of the first call gives by more than `tolerance`,
    or (where gradients are `exact`) gets the first call's gradient."""
    before = problem.pull(v)
    copies = {id(t): wrap(t.array * t.array.dtype.type(1.001)).requires_grad_() for t in problem.inputs}
    try:
        results = tupled(problem.function(*[copies.get(id(a), a) for a in problem.arguments]))
    except Exception:  # a function may take only some points, such as rows that add up to one
        return None
    for number, a, b in zip(problem.wrt, problem.pull(v), before, strict=True):
        noise = 1e2 * eps * float(np.max(np.abs(np.nan_to_num(b)), initial=0.0))
        if not np.allclose(a, b, rtol=1e3 * eps, atol=max(noise, tolerance), equal_nan=True):
            return Fault(
                "overwritten",
                "Another call of the function changes what backward of this one gives: a value is kept where the next call "
                "overwrites it, on the class, the module or in a global. Keep it on ctx (save_for_backward).",
                input=number,
                output=problem.which[0],
            )
    return _frozen_fault(problem, v, eps, before, [results[k] for k in problem.which], copies) if exact else None


def _frozen_fault(
    problem: Problem, v: Array, eps: float, before: list[Array], outputs: list[Tensor], copies: dict[int, Tensor]
) -> Fault | None:
    """Whether backward at 1.001 times the inputs gives the gradient of here, although the function bends in between."""
    if any(not o.requires_grad or o.shape != a.shape for o, a in zip(outputs, problem.values, strict=True)):
        return None
    there = Problem(problem.function, problem.arguments)
    there.inputs, there.values, there.outputs = [copies[id(t)] for t in problem.inputs], problem.values, outputs
    if not any(g.any() for g in before) or not all(map(np.array_equal, there.pull(v), before)):
        return None
    points = [as_real(t.array) for t in problem.inputs]
    slope = sum(float(g @ x) for g, x in zip(before, points, strict=True))
    here, far = (np.concatenate([as_real(a) for a in made]) for made in (problem.values, [o.array for o in outputs]))
    with np.errstate(all="ignore"):
        near = problem.along_all([5e-4 * x for x in points])(1.0)
        off, half = float(v @ (far - here)) - 1e-3 * slope, float(v @ (near - here)) - 5e-4 * slope
        noise = 1e-9 * abs(slope) + 1e3 * eps * float(np.abs(v) @ np.abs(here))
    if abs(off) > noise and abs(half / off - 0.25) < 0.05:
        return Fault(
            "nondeterministic",
            "At other values the gradient is still the one of here, although the function is not linear: it uses what an "
            "earlier call left behind. Look for a cache, a class attribute or a global where ctx is meant.",
            input=problem.wrt[0],
            output=problem.which[0],
        )
    return None


def strided(array: Array) -> Array:
    """The same values with other strides: Fortran order, and gaps."""
    array = np.asarray(array)
    if array.ndim == 0:
        return array.copy()
    wide = np.zeros(tuple(2 * n for n in reversed(array.shape)), array.dtype)
    made = wide[(slice(None, None, 2),) * array.ndim].transpose()
    made[...] = array
    return made


def stretched(array: Array) -> Array:
    """A constant array as backward sees it after sum(): one number, with strides of zero."""
    return np.broadcast_to(array.reshape(-1)[:1].reshape((1,) * array.ndim), array.shape) if array.size else array


def shape_fault(error: RuntimeError) -> Fault | None:
    """A gradient whose shape does not even fit, as a fault; None for other errors."""
    text = str(error)
    if "invalid gradient" not in text:
        return None
    return Fault(
        "missing-reduction",
        f"{text}. The gradient has the shape of the output: sum it over the axes along which the input was stretched.",
    )
