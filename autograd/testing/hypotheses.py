"""The hypotheses: which mistake turns the true Jacobian into the one that was claimed?

Each hypothesis is a cause and a function that *predicts*: from the true Jacobian (measured, with error bars) it yields
the Jacobians that this mistake would make backward claim, or True where the mistake shows in another way. The table at
the end of this file lists them in the order of simplicity - a sign explains more with less than a missing term does -
and the first prediction that fits names the cause.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..tensor import Tensor
from .evidence import Case
from .patterns import name_pattern
from .problem import Array, as_real

__all__ = ["HYPOTHESES", "TIES"]

Prediction = tuple[Any, dict[str, Any]]  # the claim it would make (True: it is so, whatever the claim), and details
Predict = Callable[[Case], Iterator[Prediction]]
Move = Callable[[Array], Array]

# --- how the cotangent is used -------------------------------------------------------------------------------------


def _not_finite(case: Case) -> Iterator[Prediction]:
    if not np.isfinite(case.claimed).all():
        yield True, {}


def _ignores_cotangent(case: Case) -> Iterator[Prediction]:
    one, two, three = case.pull(case.probe(1)), case.pull(case.probe(2)), case.pull(3.7 * case.probe(3))
    if np.abs(one).max(initial=0.0) > 0 and case.same(one, two) and case.same(two, three):
        yield True, {}


def _affine(case: Case) -> Iterator[Prediction]:
    """Something is added that does not depend on the cotangent."""
    extra = case.pull(np.zeros_like(case.probe(1)))
    if np.abs(extra).max(initial=0.0) > 1e-12 * case.size and case.size >= 0:
        yield True, {}


def _nonlinear(case: Case) -> Iterator[Prediction]:
    a, b = case.probe(1), case.probe(2)
    if not case.same(case.pull(a - 2.5 * b), case.pull(a) - 2.5 * case.pull(b)):
        if _right_for_ones(case):
            yield True, {"cause": "constant-cotangent", "sentence": CONSTANT}
        yield True, {}


def _right_for_ones(case: Case) -> bool:
    ones = case.on_rows(np.where(case.probe(1) != 0, 1.0, 0.0))
    true = case.pulled_true(ones)
    return bool(np.any(true != 0)) and case.same(case.pull(ones)[case.cols], true, np.ones(len(true), bool))


def _constant_cotangent(case: Case) -> Iterator[Prediction]:
    if len(case.rows) > 1 and _right_for_ones(case):
        yield True, {}


# --- the whole Jacobian is off in one way --------------------------------------------------------------------------


def _detached(case: Case) -> Iterator[Prediction]:
    if case.size > 0 and not case.claimed.any():
        yield True, {}


def _no_gradient_at_all(case: Case) -> Iterator[Prediction]:
    if case.complete and not np.any(np.abs(case.true) > 4 * case.bar):
        yield True, {}


def _low_precision(case: Case) -> Iterator[Prediction]:
    """The gradient is right to float32 (or float16), where float64 was asked for."""
    if case.evidence.checker.eps > 1e-10:
        return
    v = case.on_rows(case.probe(5))
    claim, true = case.pull(v)[case.cols], case.pulled_true(v)
    spread = np.sqrt((case.true**2).T @ v[case.rows] ** 2)
    bars = 4 * np.sqrt((np.where(case.known, case.bar, 0.0) ** 2).T @ v[case.rows] ** 2)
    for name, eps in (("float32", 2.0**-24), ("float16", 2.0**-11)):
        with np.errstate(over="ignore"):
            exact = np.array_equal(claim.astype(name).astype(np.float64), claim)
            off, there = case.claimed[case.wrong], case.true[case.wrong]  # or the true numbers, rounded
            exact |= np.array_equal(off.astype(name).astype(np.float64), off) and np.allclose(off, there, 2 * eps, 0)
        alone = name == "float32" or exact or not case.wrong.any()
        if alone and np.all(np.abs(claim - true) <= 40 * eps * spread + bars):
            yield True, {"kind": name}


def _sign(case: Case) -> Iterator[Prediction]:
    yield -case.true, {}
    complex_in, complex_out = case.x.dtype.kind == "c", case.y.dtype.kind == "c"
    flip_in = np.where(case.cols % 2, -1.0, 1.0) if complex_in else np.ones(len(case.cols))
    flip_out = np.where(case.rows % 2, -1.0, 1.0) if complex_out else np.ones(len(case.rows))
    conjugated = "The imaginary part has the wrong sign: a conj() is missing, or is one too many."
    if complex_in:
        yield case.true * flip_in, {"sentence": conjugated}
    if complex_out:
        yield case.true * flip_out[:, None], {"sentence": conjugated}
    if complex_in and complex_out:
        yield case.true * flip_in * flip_out[:, None], {"sentence": conjugated}


def _ratio(true: Array, claimed: Array, known: Array) -> float:
    """The number that is claimed / true, as far as there is one."""
    a, b = claimed[known], true[known]
    return float(a @ b) / float(b @ b) if b.any() else 0.0


def _missing_mean(case: Case) -> Iterator[Prediction]:
    factor = _ratio(case.true, case.claimed, case.known)
    for n in _reduced_counts(case):
        if abs(factor - n) < 1e-4 * n:
            yield n * case.true, {"factor": float(n), "n": n}


def _reduced_counts(case: Case) -> list[int]:
    """How many elements may have been averaged: products of lengths that the arguments have and the output has not."""
    counts = set()
    for argument in case.problem.arguments:
        if not isinstance(argument, Tensor) or not argument.shape:
            continue
        lengths = list(argument.array.shape)
        for n in case.y.shape:
            if n in lengths:
                lengths.remove(n)
        for k in range(1, len(lengths) + 1):
            counts |= {int(np.prod(c)) for c in itertools.combinations(lengths, k)}
        if case.y.size:
            whole, rest = divmod(argument.array.size, case.y.size)
            counts |= {whole} if not rest and argument.array.size > case.y.size else set()
    return sorted(counts - {0, 1})


def _factor(case: Case) -> Iterator[Prediction]:
    factor = _ratio(case.true, case.claimed, case.known)
    if factor != 0:
        there = case.elsewhere
        if there is None or abs(_ratio(*there) - factor) < 1e-4 * abs(factor):
            yield factor * case.true, {"factor": _nice(factor)}
        else:
            yield factor * case.true, {"cause": "missing-term", "sentence": VARYING, "factor": factor}
    if case.x.dtype.kind == "c" and case.y.dtype.kind == "c":  # a complex factor turns each 2 x 2 block
        turn = case.complete and case.true.size % 4 == 0
        if turn:
            blocks_true = case.true.reshape(-1, 2, case.true.shape[1] // 2, 2)
            blocks = case.claimed.reshape(blocks_true.shape)
            turned = np.stack([blocks_true[..., 1], -blocks_true[..., 0]], axis=-1)
            basis = np.stack([blocks_true.ravel(), turned.ravel()], axis=1)
            (re, im), *_ = np.linalg.lstsq(basis, blocks.ravel(), rcond=None)
            yield re * case.true + im * turned.reshape(case.true.shape), {"factor": complex(_nice(re), _nice(im))}


def _nice(x: float) -> float:
    """The number without the noise of its last digits, where it is one that people write."""
    for scale in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12):
        if abs(x * scale - round(x * scale)) < 1e-6 * abs(x * scale) and round(x * scale):
            return round(x * scale) / scale
    return float(f"{x:.9g}")


# --- the right numbers in the wrong place --------------------------------------------------------------------------


def _wrong_argument(case: Case) -> Iterator[Prediction]:
    evidence, problem = case.evidence, case.problem
    mine = slice(case.offset, case.offset + problem.output_sizes()[case.o])
    keep = (evidence.rows >= mine.start) & (evidence.rows < mine.stop)
    for k, other in enumerate(problem.inputs):
        if k != case.i and other.array.shape == case.x.shape and other.array.dtype == case.x.dtype:
            claim = evidence.true_of(k)[keep]
            if claim.any():
                yield claim, {"other": problem.wrt[k]}
                yield -claim, {"other": problem.wrt[k]}
    mixed = (
        "It would be the right gradient if the values of this input and of argument {other} were exchanged: the "
        "formula uses the wrong one."
    )
    for k, argument in enumerate(problem.arguments):
        if k == problem.wrt[case.i] or not isinstance(argument, Tensor) or argument is problem.inputs[case.i]:
            continue
        if argument.array.shape == case.x.shape and argument.array.dtype == case.x.dtype:
            with _exchanged(problem.inputs[case.i].array, argument.array):
                claim = evidence.true_of(case.i)[keep]
            yield claim, {"other": k, "sentence": mixed}


def _both_exchanged(case: Case) -> Iterator[Prediction]:
    """Two inputs that have each other's gradient."""
    evidence, problem = case.evidence, case.problem
    if not case.complete:
        return
    mine = (evidence.rows >= case.offset) & (evidence.rows < case.offset + problem.output_sizes()[case.o])
    for k, other in enumerate(problem.inputs):
        if k == case.i or other.array.shape != case.x.shape or other.array.dtype != case.x.dtype:
            continue
        true = evidence.true_of(k)[mine]
        if true.any() and case.fits(true) and not case.same(true, case.true):
            v = case.probe(21)
            if case.same(case.pull(v, k), case.pulled_true(v), np.ones(len(case.cols), bool)):
                yield true, {"other": problem.wrt[k]}


class _exchanged:
    """Two arrays of one shape with their values exchanged."""

    def __init__(self, a: Array, b: Array) -> None:
        self.a, self.b = a, b

    def _swap(self) -> None:
        kept = self.a.copy()
        self.a[...] = self.b
        self.b[...] = kept

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *exc: object) -> None:
        self._swap()


def _transposed(case: Case) -> Iterator[Prediction]:
    """The claimed element at one place is the true one of another, by a rule about axes."""
    places = case.telling_places()
    if not len(places):
        return
    for details, move in _rearrangements(case.out_shape, case.in_shape):
        if case.holds(places[:2], move) and case.holds(places, move):
            yield True, dict(details)


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


def _from_other_places(case: Case) -> Iterator[Prediction]:
    """Each element of the input gets its numbers, each from another place of the cotangent (or the other way round)."""
    if not case.complete or not case.known.all():
        return
    for axis in (0, 1):
        used = (case.claimed != 0).any(axis=1 - axis)
        alike = case.same(np.sort(case.claimed, axis=axis).ravel(), np.sort(case.true, axis=axis).ravel())
        if alike and used.sum() > 1 and case.wrong.any():
            yield True, {}


def _misplaced(case: Case) -> Iterator[Prediction]:
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


# --- something is left out -----------------------------------------------------------------------------------------


def _missing_reduction(case: Case) -> Iterator[Prediction]:
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
    for a, (n, m) in enumerate(zip(case.in_shape, case.out_shape, strict=True)):
        copies, rest = divmod(m, n) if n else (0, 1)
        if rest or copies < 2:
            continue
        for number in (rows[:, a] // n, rows[:, a] % copies):
            for k in (0, copies - 1):
                yield case.true * (number == k)[:, None], {"axis": a}


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


def _summed_over_another_axis(case: Case) -> Iterator[Prediction]:
    """What is claimed depends on the places that the truth depends on after two axes of the output are exchanged."""
    n_out, n_in = len(case.out_shape), len(case.in_shape)
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


def _spurious_elements(case: Case) -> Iterator[Prediction]:
    """All wrong elements are claimed where the truth is zero."""
    zero = np.abs(case.true) <= 4 * case.bar + 1e-9 * case.size
    if case.wrong.any() and zero[case.wrong].all():
        yield True, {}


def _inverted_mask(case: Case) -> Iterator[Prediction]:
    """What is claimed and what is true have no place in common, and all places between them."""
    there = np.abs(case.true) > 4 * case.bar + 1e-9 * case.size
    if case.in_shape != case.out_shape or not case.complete or not there.any() or not case.claimed.any():
        return
    own = np.eye(len(case.rows), dtype=bool)
    if np.array_equal((case.claimed != 0) ^ there, own) and not np.any((case.claimed != 0) & there):
        yield True, {}


def _partial(case: Case) -> Iterator[Prediction]:
    """Some elements of the input are wrong and the others are right: which ones?"""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
    wrong = case.wrong.any(axis=0)
    if not wrong.any() or (wrong[active]).all() or _wrong_everywhere_elsewhere(case, active):
        return
    pattern = name_pattern(case.x, case.in_shape, case.cols, wrong, active)
    repeated = (np.abs(case.true) > 4 * case.bar).sum(axis=0) > 1
    if np.array_equal(wrong[active], repeated[active]) and (pattern or "last").startswith(("first", "last", "place")):
        yield True, {"pattern": "repeated", "sentence": REPEATED}
    if pattern is not None:
        yield True, {"pattern": pattern}


def _wrong_everywhere_elsewhere(case: Case, active: Array) -> bool:
    """Whether the elements that are right here are so by chance: at a point nearby, none is."""
    if case.elsewhere is None:
        return False
    true, claimed, known = case.elsewhere
    off = (np.abs(true - claimed) > case.evidence.alike * np.maximum(np.abs(true), np.abs(claimed))) & known
    return bool(off.any(axis=0)[active].all())


def _scattered(case: Case) -> Iterator[Prediction]:
    """The same, in no order that has a name."""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
    wrong = case.wrong.any(axis=0)
    if _wrong_everywhere_elsewhere(case, active):
        return
    if wrong.any() and (
        wrong.sum() <= 0.5 * active.sum() or (not wrong[active].all() and (case.claimed[case.wrong] == 0).all())
    ):
        yield True, {"pattern": "scattered"}


def _partial_outputs(case: Case) -> Iterator[Prediction]:
    """Some elements of the output are differentiated wrongly and the others rightly."""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=1)
    wrong = case.wrong.any(axis=1)
    if not wrong.any() or wrong[active].all() or not case.out_shape:
        return
    pattern = name_pattern(None, case.out_shape, case.rows, wrong, active)
    if pattern is not None:
        yield True, {"pattern": f"{pattern} (of the output)"}


def _missing_factor(case: Case) -> Iterator[Prediction]:
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
                yield True, {"what": f"{_nice(float(np.median(c))):g} * {name}".removeprefix("1 * ")}


def _missing_summand(case: Case) -> Iterator[Prediction]:
    """true - claimed = c * (a simple function of the values): a term of a sum is left out."""
    rest = case.true - case.claimed
    here = case.known & (np.abs(rest) > 1e-6 * case.size)
    if here.sum() < 3:
        return
    if np.ptp(rest[here]) <= 1e-5 * np.abs(rest[here]).max():
        yield True, {"what": f"{_nice(float(np.median(rest[here]))):g}", "sentence": TERM}
    for name, values in _simple_functions(case):
        values = values[here]
        if np.all(np.isfinite(values)) and np.all(values != 0) and np.ptp(values) > 1e-6 * np.abs(values).max():
            c = rest[here] / values
            if np.ptp(c) <= 1e-5 * np.abs(c).max():
                term = f"{_nice(float(np.median(c))):g} * {name}".removeprefix("1 * ")
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


def _missing_term(case: Case) -> Iterator[Prediction]:
    """Wrong in many places, and nowhere claimed where the truth is zero: part of the formula is not there."""
    zero = np.abs(case.true) <= 4 * case.bar + 1e-9 * case.size
    if not np.any(case.wrong & zero) or (case.wrong & zero).sum() < 0.5 * case.wrong.sum():
        yield True, {}


def _anything(case: Case) -> Iterator[Prediction]:
    yield True, {}


# --- the table -----------------------------------------------------------------------------------------------------

CONSTANT = (
    "It is right for a cotangent of ones and for no other: the formula assumes that the cotangent is the same "
    "everywhere (one element or the mean of g in place of g, or g used twice)."
)
THROUGH = "Only the direct part is there: what one place passes on to the next along axis {axis} is left out."
WRONG_AXIS = "The sum over axis {axis} is missing; the formula sums over another axis of the same length instead."
TIES = (
    "Each element is between the one-sided derivatives, all together are not: several elements that tie get a full "
    "gradient each (or none gets any). Give it to one of them, or share it."
)
REREAD = (
    "The {what} was reshaped where its axes should have been permuted: the numbers are right, their places are not."
)
REVERSED = (
    "The gradient is reversed along an axis: a flip is missing, or is one too many (a kernel that is not turned)."
)
VARYING = (
    "It is {factor} times the true gradient here, and another multiple elsewhere: a factor of the chain, the same for "
    "all elements but not constant, is left out (a norm, a sum, a scalar input)."
)
TERM = "A term is left out: true = claimed + g * {what}."
INSIDE = (
    "A sum over axis {axis} inside the formula is missing: each element only knows itself (g * y where sum(g * y) "
    "is meant)."
)
REPEATED = (
    "Elements that are used more than once are wrong: their contributions must be added up (np.add.at, index_add), "
    "and an assignment keeps only the last."
)

HYPOTHESES: tuple[tuple[str, Predict, str], ...] = (
    (
        "unknown",
        _not_finite,
        "Backward gives nan or inf where the function is smooth: look for 0 * inf, 0 / 0 or log(0) in the formula; "
        "mask before dividing, not after.",
    ),
    (
        "ignores-cotangent",
        _ignores_cotangent,
        "The gradient is the same for every cotangent: the formula does not use g. Multiply by g.",
    ),
    (
        "spurious",
        _affine,
        "A cotangent of zeros gives a gradient that is not zero: the formula adds something that does not depend on g.",
    ),
    (
        "dtype",
        _low_precision,
        "The gradient is right to {kind} only: something on the way is cast down. Look for float(), .astype, a buffer "
        "without dtype=.",
    ),
    (
        "unknown",
        _nonlinear,
        "Backward is not linear in the cotangent, as every vector-Jacobian product is: g is squared, clipped, "
        "compared or normalised.",
    ),
    (
        "detached",
        _detached,
        "No gradient arrives where there is one: look for detach(), .data, no_grad, numpy() or a formula that is "
        "missing or returns None.",
    ),
    (
        "wrong-argument",
        _both_exchanged,
        "It is the gradient of input {other}, and the other way round: the formulas of the two are exchanged.",
    ),
    ("sign", _sign, "The sign is wrong: a minus is missing, or is one too many."),
    (
        "missing-mean",
        _missing_mean,
        "It is {n} times too large, and {n} elements are reduced: the 1/n of the mean is forgotten.",
    ),
    (
        "factor",
        _factor,
        "It is {factor} times the true gradient: a constant factor is wrong (the 2 of a square, a scale, 1/n).",
    ),
    (
        "wrong-argument",
        _wrong_argument,
        "It is the gradient of input {other}: the formulas of the two are exchanged, or this one uses the wrong "
        "argument.",
    ),
    (
        "missing-reduction",
        _missing_reduction,
        "The sum over axis {axis} of the cotangent is missing: the input was used at every place along it, and "
        "only one place counts.",
    ),
    (
        "transposed",
        _transposed,
        "The right numbers in transposed places: an axis pair is exchanged (.mT, permute without its inverse, g @ "
        "w for g @ w.mT).",
    ),
    (
        "transposed",
        _misplaced,
        "The right numbers in a wrong order: the inverse of a permutation is meant, or the other way round.",
    ),
    ("missing-reduction", _summed_over_another_axis, WRONG_AXIS),
    (
        "transposed",
        _from_other_places,
        "The right numbers from wrong places of the cotangent: an index, an axis or a permutation is another one than in "
        "the function.",
    ),
    ("constant-cotangent", _constant_cotangent, CONSTANT),
    (
        "partial",
        _partial,
        "Wrong in some elements only ({pattern}), right in the others: look at how the formula treats these.",
    ),
    (
        "spurious",
        _no_gradient_at_all,
        "A gradient is claimed where there is none: the function does not depend on this input here (it is constant, "
        "rounded or masked).",
    ),
    (
        "spurious",
        _spurious_elements,
        "A gradient is claimed where there is none, and right elsewhere: a mask is missing in the formula.",
    ),
    (
        "spurious",
        _inverted_mask,
        "A gradient is claimed where there is none, and none where there is one: the mask is inverted.",
    ),
    ("partial", _partial_outputs, "Wrong for some elements of the output only ({pattern}), right for the others."),
    ("missing-term", _missing_factor, "A factor of the chain is left out: true = claimed * {what}."),
    ("missing-term", _missing_summand, TERM),
    (
        "partial",
        _scattered,
        "Wrong in some elements only ({pattern}), right in the others: look at how the formula treats these.",
    ),
    (
        "missing-term",
        _missing_term,
        "Neither a sign, a factor nor a permutation explains it, and the shape of the dependence is right: a term "
        "of a sum or a factor of a chain is left out.",
    ),
    (
        "unknown",
        _anything,
        "It fits no mistake that is known here. The table shows the worst elements; compare the formula with the "
        "derivative by hand.",
    ),
)
"""(cause, what the mistake would make backward claim, what to look at), the simplest explanation first."""
