"""How the cotangent is used: not at all, as if it were constant, or not linearly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from ..evidence import Case
from .base import Prediction

CONSTANT = (
    "It is right for a cotangent of ones and for no other: the formula assumes that the cotangent is the same "
    "everywhere (one element or the mean of g in place of g, or g used twice)."
)
SUMMED = (
    "The sum of the cotangent is used where each element of it is meant: for a cotangent of ones it is a multiple of the "
    "gradient, for others it is not."
)
FEWER = (
    "It is right for a cotangent of ones, but each element of the cotangent goes to fewer places than it comes from: the "
    "weights of an interpolation, windows that overlap."
)
OUTSIDE = (
    "The function itself is nan or inf at some elements, and backward makes nan (0 * nan) of the cotangent's zeros there: "
    "check it inside of its domain, or keep such elements away from it (torch.where before it, not after)."
)
ONE_TERM = (
    "A term of the formula does not use g (a cotangent of zeros gives a gradient that is not zero), and the rest alone "
    "is not the gradient: multiply that term by g, or by the sum of g that it stands for."
)


def not_finite(case: Case) -> Iterator[Prediction]:
    if not np.isfinite(case.claimed).all():
        if not np.isfinite(case.y).all():
            yield True, {"sentence": OUTSIDE}
        yield True, {}


def ignores_cotangent(case: Case) -> Iterator[Prediction]:
    one, two, three = case.ask(case.question(1)), case.ask(case.question(2)), case.ask(3.7 * case.question(3))
    alike = case.same(one, two) and case.same(two, three)
    if np.abs(one).max(initial=0.0) > 0 and alike and not case.nothing.all():
        yield True, {}


def affine(case: Case) -> Iterator[Prediction]:
    """Something is added that does not depend on the cotangent."""
    try:
        extra = case.ask(np.zeros_like(case.question(1)))
    except ArithmeticError:
        return  # it divides by the size of the cotangent
    if not np.isfinite(extra).all() or np.abs(extra).max(initial=0.0) <= 1e-12 * case.size:
        return
    v = case.question(4)
    linear = case.ask(v) - extra
    if not case.same(linear, case.answer(v), np.ones(len(linear), bool)):
        yield True, {"cause": "ignores-cotangent", "sentence": ONE_TERM}
    yield True, {}


def nonlinear(case: Case) -> Iterator[Prediction]:
    a, b = case.question(1), case.question(2)
    if not case.same(case.ask(a - 2.5 * b), case.ask(a) - 2.5 * case.ask(b)):
        scales = case.same(case.ask(2 * a), 2 * case.ask(a))  # as |g| and g where g > 0 do, and g * g does not
        if (case.wrong.any() or not scales) and _right_for_ones(case):
            yield True, {"cause": "constant-cotangent", "sentence": CONSTANT}
        yield True, {}


def _right_for_ones(case: Case, multiples: Iterable[int] = (1,)) -> bool:
    ones = case.on_rows(np.where(case.probe(1) != 0, 1.0, 0.0))
    true, guilty = case.pulled_true(ones), case.wrong.any(axis=0)
    guilty |= not guilty.any()
    telling = np.abs(true[guilty]) > 1e-6 * case.size  # zero for ones, whatever the mistake
    claim, everywhere = case.pull(ones)[case.cols], np.ones(len(true), bool)
    return bool(telling.any()) and any(case.same(claim, n * true, everywhere) for n in multiples)


def constant_cotangent(case: Case) -> Iterator[Prediction]:
    if len(case.rows) <= 1:
        return
    if _right_for_ones(case):
        kept, there = case.claimed != 0, ~case.nothing
        if case.complete and not (kept & ~there).any() and kept.sum() < there.sum():
            yield True, {"cause": "missing-term", "sentence": FEWER}
        yield True, {}
    shape = case.out_shape
    sums = {int(np.prod(c)) for k in range(1, len(shape) + 1) for c in itertools.combinations(shape, k)} - {1}
    if case.complete and _right_for_ones(case, sums):
        yield True, {"cause": "spurious", "sentence": SUMMED}


def anything(case: Case) -> Iterator[Prediction]:
    yield True, {}
