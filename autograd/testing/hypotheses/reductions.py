"""A sum over an axis is not there, or runs over another axis."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ..evidence import Case
from .base import Prediction

THROUGH = "Only the direct part is there: what one place passes on to the next along axis {axis} is left out."
USED_TWICE = "The input is used along axis {axis} of the output and again along axis {other}: only the first of the two uses is there."
WRONG_AXIS = "The sum over axis {axis} is missing; the formula sums over another axis of the same length instead."
OTHER_AXIS = (
    "An element depends on the others along axis {axis}; the formula sums over axis {other} instead: dim= is wrong."
)
INSIDE = (
    "A sum over axis {axis} inside the formula is missing: each element only knows itself (g * y where sum(g * y) "
    "is meant)."
)


def missing_reduction(case: Case) -> Iterator[Prediction]:
    yield from _one_slice(case)
    yield from _one_copy(case)
    yield from _own_place_only(case)
    yield from _summed_over_the_wrong_axis(case)


def _one_slice(case: Case) -> Iterator[Prediction]:
    """One place along an axis of the output counts, where all of them should be summed."""
    rows = case.indices(case.rows, case.out_shape)
    kept = np.abs(case.claimed).max(axis=1, initial=0.0) > 0
    active = np.abs(case.true) > 4 * case.bar
    if not kept.any() or kept.all():
        return
    axes = [
        a
        for a in range(len(case.out_shape))
        if len(set(rows[kept, a])) == 1 and len(set(rows[active.any(axis=1), a])) > 1
    ]
    everyone_loses = (active & ~kept[:, None]).any(axis=0)[active.any(axis=0)].all()
    if axes and everyone_loses:
        yield case.true * kept[:, None], {"axis": axes[0] if len(axes) == 1 else tuple(axes)}


def _one_copy(case: Case) -> Iterator[Prediction]:
    """The input is copied several times along an axis, block after block or each element in a row; one copy counts."""
    if len(case.in_shape) != len(case.out_shape):
        return
    rows = case.indices(case.rows, case.out_shape)
    active = ~case.nothing
    for a, (n, m) in enumerate(zip(case.in_shape, case.out_shape, strict=True)):
        copies, rest = divmod(m, n) if n else (0, 1)
        if rest or copies < 2:
            continue
        for number in (rows[:, a] // n, rows[:, a] % copies):
            for k in (0, copies - 1):
                kept = (number == k)[:, None]
                if np.array_equal((active & kept).any(axis=0), (active & ~kept).any(axis=0)):
                    yield case.true * kept, {"axis": a}


def _own_place_only(case: Case) -> Iterator[Prediction]:
    """Along a pair of equal axes of input and output only the diagonal is there."""
    rows, cols = case.indices(case.rows, case.out_shape), case.indices(case.cols, case.in_shape)
    for a, b in itertools.product(range(len(case.out_shape)), range(len(case.in_shape))):
        if case.out_shape[a] != case.in_shape[b] or case.out_shape[a] < 2:
            continue
        at_out, at_in = rows[:, a][:, None], cols[:, b][None, :]
        kept = case.true * (at_out == at_in)
        rest = np.abs(case.true - kept) > 4 * case.bar
        if not rest.any():
            continue
        if rest[at_out > at_in].any() and rest[at_out < at_in].any():
            for other in range(len(case.out_shape)):
                if other != a and not (rest & (rows[:, other][:, None] != at_in)).any():
                    yield kept, {"axis": a, "other": other, "cause": "missing-term", "sentence": USED_TWICE}
            yield kept, {"axis": a, "sentence": INSIDE}
        else:
            yield kept, {"axis": a, "cause": "missing-term", "sentence": THROUGH}


def _summed_over_the_wrong_axis(case: Case) -> Iterator[Prediction]:
    """A broadcast input: the sum ran over an axis that the input has, not the one over which it was stretched."""
    n_out, n_in = len(case.out_shape), len(case.in_shape)
    if not case.complete or n_in > n_out:
        return
    padded = (1,) * (n_out - n_in) + case.in_shape
    stretched = [a for a in range(n_out) if padded[a] == 1 and case.out_shape[a] > 1]
    true = case.true.reshape(*case.out_shape, *case.in_shape)
    rows, cols = case.indices(case.rows, case.out_shape), case.indices(case.cols, case.in_shape)
    r, c = np.nonzero(np.abs(case.true) > 4 * case.bar)
    aligned = [(n_out - n_in + b, b) for b in range(n_in) if padded[n_out - n_in + b] > 1]
    if any((rows[r, a] != cols[c, b]).any() for a, b in aligned):
        stretched = []  # not a broadcast input
    for a in stretched:
        for b in range(n_out):
            if b != a and case.out_shape[b] == case.out_shape[a]:
                yield np.swapaxes(true, a, b).reshape(case.true.shape), {"axis": a}


def summed_over_another_axis(case: Case) -> Iterator[Prediction]:
    """What is claimed depends on the places that the truth depends on after two axes of the output are exchanged."""
    n_out, n_in = len(case.out_shape), len(case.in_shape)
    if case.out_shape == case.in_shape and case.complete:
        yield from _mixes_along_another_axis(case)
    if not case.complete or n_in >= n_out:
        return
    true = case.true.reshape(*case.out_shape, *case.in_shape)
    support = np.abs(true) > 4 * case.bar.reshape(true.shape)
    claimed = case.claimed.reshape(true.shape) != 0
    if np.array_equal(claimed, support):
        return
    for a, b in itertools.combinations(range(n_out), 2):
        if case.out_shape[a] == case.out_shape[b] and np.array_equal(claimed, np.swapaxes(support, a, b)):
            spans = support.any(axis=tuple(k for k in range(true.ndim) if k not in (a, n_out)))
            yield True, {"axis": a if n_in and (spans.sum(axis=0) > 1).any() else b}


def _mixes_along_another_axis(case: Case) -> Iterator[Prediction]:
    """An element depends on others along one axis (softmax, cumsum), and by the formula along another one."""
    rows, cols = case.indices(case.rows, case.out_shape), case.indices(case.cols, case.in_shape)
    mixed = []
    for there in (~case.nothing, case.claimed != 0):
        r, c = np.nonzero(there & case.known)
        mixed.append(set(np.flatnonzero((rows[r] != cols[c]).any(axis=0))))
    (axis, *more), (other, *others) = (sorted(int(a) for a in axes) or [-1] for axes in mixed)
    if axis != other and min(axis, other) >= 0 and not more and not others:
        yield True, {"axis": axis, "other": other, "sentence": OTHER_AXIS}
