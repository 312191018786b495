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


TWICE_USED = "Elements that are used more than once are wrong, those that are used once are right: look at how their contributions are added up.{there}"
AND_FACTOR = (
    "A gradient is claimed where there is none, and the rest is {factor} times the true one: a mask is missing in the formula, "
    "and in the count of what it keeps."
)
SHARED = (
    "What differs is a multiple of {what}: this term is left out, or its factor or sign is wrong. It comes from a number that "
    "elements share (a sum, mean, norm or maximum), which may be detached."
)
EXTRA = "A term too many: a multiple of {what} is claimed, and the function has no such term."
ONE_NUMBER = (
    "What differs goes through a number that elements share (a sum, mean, variance, norm or maximum of them): its own "
    "derivative is left out or wrong, or it is detached."
)
AT_OUTPUT = (
    "Each element of the cotangent has a wrong factor, and the rest of the chain is right: look at the last thing that happens "
    "to the output (the derivative of an activation, a scale, a mask)."
)
AT_INPUT = (
    "Each element of the gradient has a wrong factor, and what comes before in the formula is right: look at the first thing "
    "that happens to this input (its derivative, a scale, a mask)."
)


def _there(case: Case) -> str:
    """What is claimed in the wrong elements, where that is one thing."""
    here = case.wrong & case.known
    claimed, true = case.claimed[here], case.true[here]
    if here.sum() < 2 or not case.complete:
        return ""
    if not claimed.any():
        return " No gradient is claimed there."
    if case.nothing[here].all():
        return " There it should be zero."
    ratio = float(np.median(claimed[true != 0] / true[true != 0])) if true.any() else 0.0
    if np.allclose(claimed, ratio * true, rtol=1e-5, atol=1e-8 * case.size):
        return f" There it is {nice(ratio):g} times the true one."
    return ""


def at_kinks(case: Case) -> Iterator[Prediction]:
    """All wrong elements are at kinks."""
    if case.wrong.any() and case.kink[case.wrong].all():
        wrong = case.wrong.any(axis=0)
        active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
        yield True, {"pattern": name_pattern(case.x, case.in_shape, case.cols, wrong, active | wrong) or "kinks"}


def spurious_elements(case: Case) -> Iterator[Prediction]:
    """All wrong elements are claimed where the truth is zero; or others are off too, by one factor."""
    if case.wrong.any() and case.nothing[case.wrong].all():
        yield True, {}
    rest = case.known & ~case.nothing
    if (case.wrong & case.nothing).any() and rest.sum() > 1:
        ratio = float(np.median(case.claimed[rest] / case.true[rest]))
        if ratio and case.same(case.claimed * rest, ratio * case.true * rest):
            yield True, {"factor": nice(ratio), "sentence": AND_FACTOR}


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


def another_mask(case: Case) -> Iterator[Prediction]:
    """Right where both are there, and each is there without the other."""
    kept, there = case.claimed != 0, ~case.nothing
    both = kept & there
    alike = case.in_shape == case.out_shape and not ((kept | there) & ~case.own).any()
    if alike and both.any() and (kept & ~there).any() and (there & ~kept).any():
        yield case.claimed * ~both + case.true * both, {}


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
    there = _there(case)
    if np.array_equal(wrong[active], repeated[active]) and case.complete:
        once = (kept.sum(axis=0) == 1)[wrong].all() and case.same(case.claimed * kept, case.true * kept)
        if once or pattern == "interior":
            place = "border" if pattern == "border" else "repeated"
            yield True, {"pattern": place, "sentence": REPEATED if once else TWICE_USED, "there": there}
    if pattern is not None:
        yield True, {"pattern": pattern, "there": there}


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
        yield True, {"pattern": "scattered", "there": _there(case)}


def partial_outputs(case: Case) -> Iterator[Prediction]:
    """Some elements of the output are differentiated wrongly and the others rightly."""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=1)
    wrong = case.wrong.any(axis=1)
    if not wrong.any() or wrong[active].all() or not case.out_shape:
        return
    pattern = name_pattern(None, case.out_shape, case.rows, wrong, active)
    if pattern is not None:
        yield True, {"pattern": f"{pattern} (of the output)", "there": _there(case)}


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


def weighted(case: Case) -> Iterator[Prediction]:
    """claimed = true with another factor for each row, or for each column."""
    active = ~case.nothing & case.known
    for axis, sentence in ((1, AT_OUTPUT), (0, AT_INPUT)):
        with np.errstate(all="ignore"):
            ratio = (case.true * case.claimed).sum(axis, keepdims=True) / (case.true**2).sum(axis, keepdims=True)
        several = (active.sum(axis) > 1)[active.any(axis)]
        if len(several) > 1 and several.all() and case.same(case.claimed, np.nan_to_num(ratio) * case.true):
            yield True, {"sentence": sentence}


def one_number(case: Case) -> Iterator[Prediction]:
    """true - claimed is an outer product or the sum of two, or so for each place along the axes that both shapes share."""
    rest = case.true - case.claimed
    if not case.complete or not case.known.all():
        return
    rows, cols = case.indices(case.rows, case.out_shape), case.indices(case.cols, case.in_shape)
    r, c = np.nonzero(np.abs(rest) > 1e-7 * case.size)
    shared = [a for a in range(min(rows.shape[1], cols.shape[1])) if np.array_equal(rows[r, a], cols[c, a])]
    blocks, names, extra = [], len(r) > 0, 2 * case.nothing[r, c].sum() > len(r)
    for key in np.unique(rows[r][:, shared], axis=0):
        places = np.ix_((rows[:, shared] == key).all(axis=1), (cols[:, shared] == key).all(axis=1))
        left, size, right = np.linalg.svd(rest[places], full_matrices=False)
        rank = int((size > 1e-6 * size[0]).sum())
        if rank > 2 or len(size) < 1 + 2 * rank:
            return
        names = names and rank == 1
        blocks.append((places[0][:, 0], places[1][0], left[:, 0], right[0]))
    lefts = [_proportional(values[:, 0], [(b[0], b[2]) for b in blocks]) for values in _vectors(case, 1).values()]
    rights = [_proportional(values[0], [(b[1], b[3]) for b in blocks]) for values in _vectors(case, 0).values()]
    if blocks and names and any(lefts) and any(rights):
        left_name, right_name = (
            next(n for n, fits in zip(_vectors(case, axis), found, strict=True) if fits)
            for axis, found in ((1, lefts), (0, rights))
        )
        what = "sum(g)" if left_name == "1" else f"sum(g * {left_name})"
        what = what if right_name == "1" else f"{right_name} * {what}"
        yield True, {"what": what} | ({"cause": "spurious", "sentence": EXTRA} if extra else {"sentence": SHARED})
    elif blocks and not extra:
        yield True, {"sentence": ONE_NUMBER}


def _vectors(case: Case, axis: int) -> dict[str, Array]:
    """Values that belong to the rows (axis=1) or to the columns (axis=0), by name."""
    shape = case.true.shape
    named = {n: v for n, v in _values(case) if np.ptp(v, axis=axis).max(initial=0.0) == 0}
    with np.errstate(over="ignore"):
        return {"1": np.ones(shape)} | named | {f"exp({n})": np.exp(v) for n, v in named.items()}


def _proportional(values: Array, vectors: list[tuple[Array, Array]]) -> bool:
    """Whether the values at each of the places are a multiple of the (unit) vector there."""
    for places, unit in vectors:
        here = values[places]
        if np.abs(here - (here @ unit) * unit).max() > 1e-5 * np.abs(here).max() or not here.any():
            return False
    return True


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


def _values(case: Case) -> Iterator[tuple[str, Array]]:
    """The values that belong to a row or a column: input, output and the other arguments, stretched where they fit."""
    problem, shape = case.problem, case.true.shape
    arguments = [
        (f"argument {k}", a.array)
        for k, a in enumerate(problem.arguments)
        if isinstance(a, Tensor) and a is not problem.inputs[case.i]
    ]
    for model, places, axis in ((case.x, case.cols, 0), (case.y, case.rows, 1)):
        for name, array in [("input", case.x), ("output", case.y), *arguments]:
            if (array.dtype.kind == "c") == (model.dtype.kind == "c") and array.ndim:
                try:
                    values = as_real(np.broadcast_to(array, model.shape))[places]
                except ValueError:
                    continue
                yield name, np.broadcast_to(np.expand_dims(values, axis), shape)


def _simple_functions(case: Case) -> Iterator[tuple[str, Array]]:
    """Functions of the values at (row, column) that often appear in derivatives."""
    for name, t in _values(case):
        with np.errstate(all="ignore"):
            yield name, t
            yield f"1/{name}", 1 / t
            yield f"{name}^2", t * t
            yield f"(1 - {name})", 1 - t
            yield f"{name} * (1 - {name})", t * (1 - t)
            yield f"(1 - {name}^2)", 1 - t * t
            yield f"1/{name}^2", 1 / (t * t)
            yield f"exp({name})", np.exp(t)
            yield f"exp(-{name})", np.exp(-t)
            yield f"|{name}|", np.abs(t)
            yield f"1/|{name}|", 1 / np.abs(t)
            yield f"sqrt({name})", np.sqrt(t)
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
