"""Some elements, a factor or a term: something is left out, or is there and should not be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...tensor import Tensor
from ..evidence import Case
from ..patterns import name_pattern
from ..problem import Array, as_real
from .base import Prediction, nice

TERM = "A term is left out: true = claimed + g * {what}."
REPEATED = (
    "Elements that are used more than once are wrong: their contributions must be added up (np.add.at, index_add), "
    "and an assignment keeps only the last."
)


def at_kinks(case: Case) -> Iterator[Prediction]:
    """All wrong elements are at kinks."""
    if case.wrong.any() and case.kink[case.wrong].all():
        wrong = case.wrong.any(axis=0)
        active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
        yield True, {"pattern": name_pattern(case.x, case.in_shape, case.cols, wrong, active | wrong) or "kinks"}


def spurious_elements(case: Case) -> Iterator[Prediction]:
    """All wrong elements are claimed where the truth is zero."""
    if case.wrong.any() and case.nothing[case.wrong].all():
        yield True, {}


def exchanged_branches(case: Case) -> Iterator[Prediction]:
    """Two slopes, as of a leaky relu, and each is claimed where the other is due."""
    own = case.own & case.known
    if case.in_shape != case.out_shape or not case.same(case.true, case.true * own):
        return
    low, high = case.true[own].min(initial=np.inf), case.true[own].max(initial=-np.inf)
    two = np.isclose(case.true[own], low, rtol=1e-6) | np.isclose(case.true[own], high, rtol=1e-6)
    if two.all() and high - low > 1e-3 * case.size:
        yield np.where(own, low + high - case.true, 0.0), {"pattern": "branches exchanged"}


def inverted_mask(case: Case) -> Iterator[Prediction]:
    """What is claimed and what is true have no place in common, and all places between them."""
    there = ~case.nothing
    if case.in_shape != case.out_shape or not there.any() or not case.claimed.any():
        return
    if np.array_equal((case.claimed != 0) ^ there, case.own) and not np.any((case.claimed != 0) & there):
        yield True, {}


def one_hot(case: Case) -> Iterator[Prediction]:
    """The same number is missing in some elements, whose gradients differ: the target of a cross-entropy."""
    rest = (case.true - case.claimed)[case.wrong & case.known]
    if case.complete and len(rest) > 1 and np.ptp(rest) <= 1e-5 * np.abs(rest).max():
        true, claimed = case.true[case.wrong & case.known], case.claimed[case.wrong & case.known]
        if np.ptp(true) > 1e-3 * case.size and (claimed != 0).all():
            yield True, {"what": f"{nice(float(np.median(rest))):g}"}


def partial(case: Case) -> Iterator[Prediction]:
    """Some elements of the input are wrong and the others are right: which ones?"""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
    wrong = case.wrong.any(axis=0)
    if not wrong.any() or (wrong[active]).all() or _wrong_everywhere_elsewhere(case, active):
        return
    pattern = name_pattern(case.x, case.in_shape, case.cols, wrong, active)
    repeated = (np.abs(case.true) > 4 * case.bar).sum(axis=0) > 1
    kept = case.claimed != 0  # an assignment keeps the last contribution as it is
    if (
        np.array_equal(wrong[active], repeated[active])
        and case.same(case.claimed * kept, case.true * kept)
        and (pattern or "last").startswith(("first", "last", "place"))
    ):
        yield True, {"pattern": "repeated", "sentence": REPEATED}
    if pattern is not None:
        yield True, {"pattern": pattern}


def _wrong_everywhere_elsewhere(case: Case, active: Array) -> bool:
    """Whether the elements that are right here are so by chance: at a point nearby, none is."""
    if case.elsewhere is None:
        return False
    true, claimed, known = case.elsewhere
    near = case.evidence.alike * np.maximum(np.abs(true), np.abs(claimed)) + 1e-9 * case.size
    off = (np.abs(true - claimed) > near) & known
    return bool(off.any(axis=0)[active].all())


def scattered(case: Case) -> Iterator[Prediction]:
    """The same, in no order that has a name."""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
    wrong = case.wrong.any(axis=0)
    if _wrong_everywhere_elsewhere(case, active):
        return
    if wrong.any() and (
        wrong.sum() <= 0.5 * active.sum() or (not wrong[active].all() and (case.claimed[case.wrong] == 0).all())
    ):
        yield True, {"pattern": "scattered"}


def partial_outputs(case: Case) -> Iterator[Prediction]:
    """Some elements of the output are differentiated wrongly and the others rightly."""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=1)
    wrong = case.wrong.any(axis=1)
    if not wrong.any() or wrong[active].all() or not case.out_shape:
        return
    pattern = name_pattern(None, case.out_shape, case.rows, wrong, active)
    if pattern is not None:
        yield True, {"pattern": f"{pattern} (of the output)"}


def missing_factor(case: Case) -> Iterator[Prediction]:
    """true = c * claimed * (a simple function of the values): a chain factor is left out."""
    here = case.known & (np.abs(case.true) > 4 * case.bar) & (case.claimed != 0)
    if not here.any() or np.any((np.abs(case.true) > 1e-6 * case.size) & (case.claimed == 0) & case.known):
        return
    ratio = case.true[here] / case.claimed[here]
    for name, values in _simple_functions(case):
        values = values[here]
        if np.all(np.isfinite(values)) and np.all(values != 0) and np.ptp(values) > 1e-6 * np.abs(values).max():
            c = ratio / values
            if np.ptp(c) <= 1e-5 * np.abs(c).max():
                yield True, {"what": f"{nice(float(np.median(c))):g} * {name}".removeprefix("1 * ")}


def missing_summand(case: Case) -> Iterator[Prediction]:
    """true - claimed = c * (a simple function of the values): a term of a sum is left out."""
    rest = case.true - case.claimed
    here = case.known & (np.abs(rest) > 1e-6 * case.size)
    if here.sum() < 3:
        return
    if np.ptp(rest[here]) <= 1e-5 * np.abs(rest[here]).max():
        yield True, {"what": f"{nice(float(np.median(rest[here]))):g}", "sentence": TERM}
    for name, values in _simple_functions(case):
        values = values[here]
        if np.all(np.isfinite(values)) and np.all(values != 0) and np.ptp(values) > 1e-6 * np.abs(values).max():
            c = rest[here] / values
            if np.ptp(c) <= 1e-5 * np.abs(c).max():
                term = f"{nice(float(np.median(c))):g} * {name}".removeprefix("1 * ")
                yield True, {"what": term, "sentence": TERM}


def _simple_functions(case: Case) -> Iterator[tuple[str, Array]]:
    """Functions of the values at (row, column) that often appear in derivatives."""
    shape = case.true.shape
    named = [("input", np.broadcast_to(as_real(case.x)[case.cols][None, :], shape))]
    named.append(("output", np.broadcast_to(as_real(case.y)[case.rows][:, None], shape)))
    for k, argument in enumerate(case.problem.arguments):
        if isinstance(argument, Tensor) and argument is not case.problem.inputs[case.i]:
            values = as_real(argument.array)
            if argument.array.shape == case.x.shape:
                named.append((f"argument {k}", np.broadcast_to(values[case.cols][None, :], shape)))
            elif argument.array.shape == case.y.shape:
                named.append((f"argument {k}", np.broadcast_to(values[case.rows][:, None], shape)))
    for name, t in named:
        with np.errstate(all="ignore"):
            yield name, t
            yield f"1/{name}", 1 / t
            yield f"{name}^2", t * t
            yield f"(1 - {name})", 1 - t
            yield f"{name} * (1 - {name})", t * (1 - t)
            yield f"(1 - {name}^2)", 1 - t * t
            yield f"1/{name}^2", 1 / (t * t)
            yield f"exp({name})", np.exp(t)
            yield f"cos({name})", np.cos(t)
            yield f"sin({name})", np.sin(t)


def missing_term(case: Case) -> Iterator[Prediction]:
    """Wrong in many places, and nowhere claimed where the truth is zero: part of the formula is not there."""
    extra = case.wrong & case.nothing
    if not extra.any() or extra.sum() < 0.5 * case.wrong.sum():
        yield True, {}


def extra_term(case: Case) -> Iterator[Prediction]:
    """Something is claimed everywhere where it should be, and in other places too."""
    if not np.any((case.claimed == 0) & ~case.nothing & case.known):
        yield True, {}
