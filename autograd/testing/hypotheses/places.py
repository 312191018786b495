"""The right numbers in the wrong place: another argument, exchanged axes, a permutation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..evidence import Case
from ..problem import Array, Problem, as_real
from .base import Prediction

Move = Callable[[Array], Array]

EXCHANGED = (
    "It would be the right gradient if the values of arguments {mine} and {other} were exchanged: the formula uses the "
    "wrong one."
)
REPLACED = "It would be the right gradient if argument {mine} had the values of argument {other}: the formula uses the wrong one."
RING = "It is the gradient of input {other}, and that one has another's: the gradients are returned in the wrong order."
REREAD = (
    "The {what} was reshaped where its axes should have been permuted: the numbers are right, their places are not."
)
REVERSED = (
    "The gradient is reversed along an axis: a flip is missing, or is one too many (a kernel that is not turned)."
)


def wrong_argument(case: Case) -> Iterator[Prediction]:
    evidence, problem = case.evidence, case.problem
    keep = case.own_rows
    for k in _like(case):
        claim = evidence.true_of(k)[keep]
        if claim.any():
            yield claim, {"other": problem.wrt[k]}
            yield -claim, {"other": problem.wrt[k]}
    tensors = [(k, a.array) for k, a in enumerate(problem.arguments) if isinstance(a, Tensor)]
    mine = problem.wrt[case.i]
    pairs = [(k, n) for k, n in itertools.permutations(tensors, 2) if _alike(k[1], n[1]) and k[1] is not n[1]]
    pairs.sort(key=lambda pair: mine not in (pair[0][0], pair[1][0]))
    for (k, a), (n, b) in pairs[:20] if case.complete else [pair for pair in pairs if mine == pair[0][0]]:
        for other, sentence in ((a, EXCHANGED), (None, REPLACED)):
            if other is not None and k > n and mine != k:
                continue  # the exchange of n and k was tried
            with _values(a, b, other):
                claim = evidence.true_of(case.i)[keep]
            yield claim, {"other": n, "mine": k, "sentence": sentence}


def both_exchanged(case: Case) -> Iterator[Prediction]:
    """Two inputs that have each other's gradient, or several in a ring."""
    problem = case.problem
    if not case.complete:
        return
    true = {k: case.evidence.true_of(k)[case.own_rows] for k in _like(case)}
    true[case.i] = case.true
    v = case.probe(21)
    for k in true:
        if k == case.i or not case.fits(true[k]) or case.same(true[k], case.true):
            continue
        claim = case.pull(v, k)
        for n in true:
            pulled = true[n].T @ v[case.rows]
            if n != k and pulled.any() and case.same(claim, pulled, np.ones(len(case.cols), bool)):
                yield true[k], {"other": problem.wrt[k]} | ({} if n == case.i else {"sentence": RING})


def other_output(case: Case) -> Iterator[Prediction]:
    """What another output of the same size would get."""
    evidence, end = case.evidence, 0
    for o, size in enumerate(case.problem.output_sizes()):
        end += size
        claim = evidence.true[(evidence.rows >= end - size) & (evidence.rows < end)]
        if o != case.o and claim.any():
            yield claim, {"other": case.problem.which[o]}
            yield -claim, {"other": case.problem.which[o]}


def shifted(case: Case) -> Iterator[Prediction]:
    """The claimed numbers are the true ones some places further along an axis (and not only some of them)."""
    lost = case.claimed * ~case.wrong
    if not case.complete or not case.known.all() or case.same(case.claimed, lost):
        return
    shape = (*case.out_shape, *case.in_shape)
    true, claimed = case.true.reshape(shape), case.claimed.reshape(shape)
    for a, n in enumerate(shape):
        for k in range(1, min(n, 9)):
            low, high = (slice(None),) * a + (slice(None, -k),), (slice(None),) * a + (slice(k, None),)
            for step, there, here in ((k, high, low), (-k, low, high)):
                moved = claimed[there]
                alike = case.same(claimed[here], moved)  # constant along the axis
                if (
                    2 * np.count_nonzero(moved) > np.count_nonzero(claimed)
                    and not alike
                    and case.same(moved, true[here])
                ):
                    what, along = ("output", a) if a < len(case.out_shape) else ("input", a - len(case.out_shape))
                    yield True, {"n": step, "along": along, "what": what}


def other_side(case: Case) -> Iterator[Prediction]:
    """Along an axis the truth is in one triangle of the Jacobian, and the claim in the other."""
    if case.in_shape != case.out_shape:
        return
    rows, cols = case.indices(case.rows, case.out_shape), case.indices(case.cols, case.in_shape)
    for a in range(len(case.in_shape)):
        after = rows[:, a][:, None] - cols[:, a][None, :]
        sides = [np.sign(after[there & (after != 0)]) for there in (~case.nothing, case.claimed != 0)]
        if all(len(side) and np.ptp(side) == 0 for side in sides) and sides[0][0] != sides[1][0]:
            yield True, {"along": a}


def kept_another(case: Case) -> Iterator[Prediction]:
    """The formula is given the input where the output is meant, or the other way round: tested with the input moved there."""
    evidence, problem = case.evidence, case.problem
    if (
        case.in_shape != case.out_shape
        or not case.complete
        or evidence.mode == "forward"
        or case.y.dtype != case.x.dtype
    ):
        return
    try:
        with problem.moved(case.i, as_real(case.y) - as_real(case.x)):
            there = Problem(problem.function, problem.arguments)
            there.record()
            claimed, unit = np.zeros(case.true.shape), np.eye(len(case.rows))
            for r, e in enumerate(unit):
                whole = np.zeros(sum(problem.output_sizes()))
                whole[case.offset : case.offset + len(e)] = e
                claimed[r] = there.pull(whole)[case.i]
            true = evidence.true_of(case.i)[case.own_rows]
    except (RuntimeError, ValueError, IndexError, AssertionError):
        return
    if case.same(claimed, case.true):
        yield True, {"what": "output", "other": "input"}
    if case.same(case.claimed, true):
        yield True, {"what": "input", "other": "output"}


def _like(case: Case) -> list[int]:
    """The other inputs of the same shape and dtype."""
    inputs = case.problem.inputs
    return [k for k, other in enumerate(inputs) if k != case.i and _alike(other.array, case.x)]


def _alike(a: Array, b: Array) -> bool:
    return bool(a.shape == b.shape and a.dtype == b.dtype)


@contextmanager
def _values(a: Array, b: Array, exchanged: Array | None) -> Iterator[None]:
    """``a`` with the values of ``b`` (and ``b`` with those of ``a``, if they are ``exchanged``) for a while."""
    kept_a, kept_b = a.copy(), b.copy()
    try:
        a[...] = kept_b
        if exchanged is not None:
            b[...] = kept_a
        yield
    finally:
        a[...], b[...] = kept_a, kept_b


def transposed(case: Case) -> Iterator[Prediction]:
    """The claimed element at one place is the true one of another, by a rule about axes."""
    places = case.telling_places()
    if not len(places) or not case.claimed.any() or (case.complete and case.known.all() and not _same_numbers(case)):
        return
    for details, move in _rearrangements(case.out_shape, case.in_shape):
        if case.holds(places[:2], move) and case.holds(places, move):
            yield True, dict(details)


def _same_numbers(case: Case) -> bool:
    """Whether the claimed Jacobian has the numbers of the true one, wherever they are."""
    return case.same(np.sort(case.claimed, axis=None), np.sort(case.true, axis=None))


def _rearrangements(out_shape: tuple[int, ...], in_shape: tuple[int, ...]) -> Iterator[tuple[dict[str, Any], Move]]:
    """Ways to mix up the axes of a Jacobian (output axes first): from multi-indices of the claim to those of the
    truth."""
    shape = (*out_shape, *in_shape)
    n_out, axes = len(out_shape), tuple(range(len(shape)))
    swaps = [(a, b) for a in axes for b in axes if a < b]
    orders = [(*axes[n_out:], *axes[:n_out])] if out_shape == in_shape else []
    orders += [_swapped(axes, a, b) for a, b in swaps]
    orders += [_swapped(_swapped(axes, a, b), c, d) for (a, b), (c, d) in itertools.combinations(swaps, 2)]
    for order in dict.fromkeys(orders):
        if order != axes and tuple(shape[k] for k in order) == shape:
            yield {}, lambda p, order=order: p[:, np.argsort(order)]  # type: ignore[misc]
    for start, block, what in ((0, out_shape, "cotangent"), (n_out, in_shape, "gradient")):
        for order in itertools.permutations(range(len(block))) if len(block) < 5 else ():
            if order != tuple(range(len(block))):
                yield {"what": what, "sentence": REREAD}, _reread(start, block, order)
    for k in range(1, len(axes) + 1):
        for chosen in itertools.combinations(axes, k) if len(axes) <= 8 else ():
            ends = np.array([shape[a] - 1 if a in chosen else 0 for a in axes])
            signs = np.array([-1 if a in chosen else 1 for a in axes])
            yield {"sentence": REVERSED}, lambda p, ends=ends, signs=signs: ends + signs * p  # type: ignore[misc]


def _swapped(order: tuple[int, ...], a: int, b: int) -> tuple[int, ...]:
    made = list(order)
    made[a], made[b] = made[b], made[a]
    return tuple(made)


def _reread(start: int, block: tuple[int, ...], order: tuple[int, ...]) -> Move:
    """The block of axes in memory order, read as if its axes had been permuted."""

    def move(p: Array) -> Array:
        here = p[:, start : start + len(block)]
        flat = np.ravel_multi_index(tuple(here.T), block)
        there = np.stack(np.unravel_index(flat, tuple(block[k] for k in order)), axis=1)
        q = p.copy()
        q[:, start : start + len(block)] = there[:, np.argsort(order)]
        return q

    return move


def from_other_places(case: Case) -> Iterator[Prediction]:
    """Each element of the input gets its numbers, each from another place of the cotangent (or the other way round)."""
    if not case.complete or not case.known.all():
        return
    for axis in (0, 1):
        used = (case.claimed != 0).any(axis=1 - axis)
        alike = case.same(np.sort(case.claimed, axis=axis).ravel(), np.sort(case.true, axis=axis).ravel())
        if alike and used.sum() > 1 and case.wrong.any():
            yield True, {}


def misplaced(case: Case) -> Iterator[Prediction]:
    """The claimed gradient has the numbers of the true one at other places, for every cotangent."""
    if len(case.cols) < 2:
        return
    for seed in (11, 12):
        v = case.on_rows(case.probe(seed))
        claim, true = np.sort(case.pull(v)), np.sort(case.pulled_true(v))
        nearest = np.clip(np.searchsorted(claim, true), 1, len(claim) - 1)
        left, right = claim[nearest - 1], claim[nearest]
        found = np.where(np.abs(left - true) < np.abs(right - true), left, right)
        if not true.any() or not case.same(found, true, np.ones(len(true), bool)):
            return
        if case.complete and not case.same(claim, true, np.ones(len(true), bool)):
            return
    yield True, {}
