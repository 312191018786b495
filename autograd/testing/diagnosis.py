"""The diagnosis: which mistake turns the true Jacobian into the one that was claimed?

The heart is a table. Each hypothesis is a cause and a function that *predicts*: from the true Jacobian (measured, with error bars)
it yields the Jacobians that this mistake would make backward claim. The first prediction that fits names the cause.
The order of the table is the order of simplicity: a sign explains more with less than a missing term does.

A few mistakes are not linear in the cotangent or need no Jacobian (a saved array that was overwritten, a gradient that
changes with the strides); they are found by asking backward again, and come first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import graph, passes
from ..function import FunctionCtx
from ..tensor import Tensor, wrap
from .evidence import Case, Evidence
from .patterns import name_pattern
from .problem import Array, Problem, as_real, tupled
from .report import Element, Fault, GradcheckError, Report

Prediction = tuple[Any, dict[str, Any]]  # the claim it would make (True: it is so, whatever the claim), and details
Hypothesis = Callable[[Case], Iterator[Prediction]]


def diagnose(checker: Any, i: int, u: Array, mode: str = "backward") -> Fault | None:
    """The fault of input ``i``, whose projection along ``u`` disagrees; None if no single element does."""
    problem: Problem = checker.problem
    evidence = Evidence(checker, i, u, mode)
    wrong = evidence.wrong()
    overwritten = saved_fault(problem) if mode == "backward" else None
    if not wrong.any() and evidence.complete and (mode == "forward" or _is_linear(evidence)):
        return _no_subgradient(evidence) if checker.at_kink else None
    case = Case(evidence, _worst_output(evidence, wrong))
    fault = overwritten or _first_that_fits(case)
    fault.input, fault.output, fault.mode = problem.wrt[i], problem.which[case.o], mode
    fault.worst, fault.wrong, fault.checked = _worst(case), int(case.wrong.sum()), case.wrong.size
    fault.shapes = tuple(case.x.shape), tuple(case.y.shape)
    return fault


def joint_kink_fault(checker: Any, i: int) -> Fault:
    """The fault of inputs that tie with one another."""
    problem: Problem = checker.problem
    u = checker.directions(i)[0]
    return _no_subgradient(Evidence(checker, i, u))


def _no_subgradient(evidence: Evidence) -> Fault:
    """Each element alone is between the one-sided derivatives; together they are not, as when all ties get everything."""
    o = _worst_output(evidence, evidence.kink)
    case = Case(evidence, o)
    case.wrong = case.kink & (case.claimed != 0)
    number, output = evidence.problem.wrt[evidence.i], evidence.problem.which[o]
    fault = Fault(
        "partial", TIES, input=number, output=output, pattern="ties", shapes=(tuple(case.x.shape), tuple(case.y.shape))
    )
    fault.worst, fault.wrong, fault.checked = _worst(case), int(case.wrong.sum()), case.wrong.size
    return fault


def _first_that_fits(case: Case) -> Fault:
    for cause, predict, sentence in HYPOTHESES:
        for claim, details in predict(case):
            if claim is True or (claim.shape == case.claimed.shape and case.fits(claim)):
                told = details.pop("sentence", sentence).format(**{k: _told(v) for k, v in details.items()})
                kept = {k: v for k, v in details.items() if k in ("factor", "axis", "pattern")}
                return Fault(details.get("cause", cause), told, **kept)
    raise AssertionError("the last hypothesis always fits")


def _told(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _worst_output(evidence: Evidence, wrong: Array) -> int:
    """The first output with wrong elements (the first of all, where only the cotangent's use is wrong)."""
    ends = np.cumsum(evidence.problem.output_sizes())
    rows = evidence.rows[wrong.any(axis=1)]
    return int(np.searchsorted(ends, rows[0], side="right")) if len(rows) else 0


def _worst(case: Case) -> list[Element]:
    off = np.where(case.wrong, np.abs(case.claimed - case.true), -1.0)
    off = np.where(np.isfinite(case.claimed) | ~case.wrong, off, np.inf)
    found = []
    for flat in np.argsort(-off, axis=None, kind="stable")[:6]:
        r, c = np.unravel_index(flat, off.shape)
        if off[r, c] < 0:
            break
        input, part_in = _place(int(case.cols[c]), case.x)
        output, part_out = _place(int(case.rows[r]), case.y)
        part = f" ({part_out} by {part_in})" if part_in or part_out else ""
        found.append(
            Element(input, output, float(case.true[r, c]), float(case.bar[r, c]), float(case.claimed[r, c]), part)
        )
    return found


def _place(flat: int, array: Array) -> tuple[tuple[int, ...], str]:
    part = ""
    if array.dtype.kind == "c":
        flat, imaginary = divmod(flat, 2)
        part = "imag" if imaginary else "real"
    return tuple(int(n) for n in np.unravel_index(flat, array.shape)) if array.shape else (), part


# --- how the cotangent is used -------------------------------------------------------------------------------------


def _is_linear(evidence: Evidence) -> bool:
    """Whether backward is linear in the cotangent: what it claims for a random one follows from the unit ones."""
    v = evidence.checker.cotangents()[0]
    claim = evidence.problem.pull(v)[evidence.i]
    return bool(
        np.allclose(
            claim, evidence.claimed.T @ v, rtol=1e-6, atol=1e-6 * max(1.0, float(np.max(np.abs(claim), initial=0.0)))
        )
    )


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
        exact = np.array_equal(claim.astype(name).astype(np.float64), claim)
        if np.all(np.abs(claim - true) <= 40 * eps * spread + bars) and (exact or name == "float32"):
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


def _ratio(case: Case) -> float:
    """The number that is claimed / true, as far as there is one."""
    known = case.known
    a, b = case.claimed[known], case.true[known]
    return float(a @ b) / float(b @ b) if b.any() else 0.0


def _missing_mean(case: Case) -> Iterator[Prediction]:
    factor = _ratio(case)
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
    factor = _ratio(case)
    if factor != 0:
        yield factor * case.true, {"factor": _nice(factor)}
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
    mixed = "It would be the right gradient if the values of this input and of argument {other} were exchanged: the formula uses the wrong one."
    for k, argument in enumerate(problem.arguments):
        if k == problem.wrt[case.i] or not isinstance(argument, Tensor) or argument is problem.inputs[case.i]:
            continue
        if argument.array.shape == case.x.shape and argument.array.dtype == case.x.dtype:
            with _exchanged(problem.inputs[case.i].array, argument.array):
                claim = evidence.true_of(case.i)[keep]
            yield claim, {"other": k, "sentence": mixed}


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


Move = Callable[[Array], Array]


def _rearrangements(out_shape: tuple[int, ...], in_shape: tuple[int, ...]) -> Iterator[tuple[dict[str, Any], Move]]:
    """Ways to mix up the axes of a Jacobian (output axes first): from multi-indices of the claim to those of the truth."""
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
    for a in stretched:
        for b in range(n_out):
            if b != a and case.out_shape[b] == case.out_shape[a]:
                yield np.swapaxes(true, a, b).reshape(case.true.shape), {"axis": a}
    support = np.abs(true) > 4 * case.bar.reshape(true.shape)
    claimed = case.claimed.reshape(true.shape) != 0
    for a, b in itertools.combinations(range(n_out), 2):
        if case.out_shape[a] == case.out_shape[b] and not np.array_equal(claimed, support):
            if n_in < n_out and np.array_equal(claimed, np.swapaxes(support, a, b)):
                spans = support.any(axis=tuple(k for k in range(true.ndim) if k not in (a, n_out)))
                axis = a if n_in and (spans.sum(axis=0) > 1).any() else b
                yield True, {"axis": axis, "sentence": WRONG_AXIS}


def _spurious_elements(case: Case) -> Iterator[Prediction]:
    """All wrong elements are claimed where the truth is zero."""
    zero = np.abs(case.true) <= 4 * case.bar + 1e-9 * case.size
    if case.wrong.any() and zero[case.wrong].all():
        yield True, {}


def _partial(case: Case) -> Iterator[Prediction]:
    """Some elements of the input are wrong and the others are right: which ones?"""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
    wrong = case.wrong.any(axis=0)
    if not wrong.any() or (wrong[active]).all():
        return
    pattern = name_pattern(case.x, case.in_shape, case.cols, wrong, active)
    repeated = (np.abs(case.true) > 4 * case.bar).sum(axis=0) > 1
    if np.array_equal(wrong[active], repeated[active]) and (pattern or "last").startswith(("first", "last", "place")):
        yield True, {"pattern": "repeated", "sentence": REPEATED}
    if pattern is not None:
        yield True, {"pattern": pattern}


def _scattered(case: Case) -> Iterator[Prediction]:
    """The same, in no order that has a name."""
    active = ((np.abs(case.true) > 4 * case.bar) | (case.claimed != 0)).any(axis=0)
    wrong = case.wrong.any(axis=0)
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


CONSTANT = (
    "It is right for a cotangent of ones and for no other: the formula assumes that the cotangent is the same everywhere "
    "(one element or the mean of g in place of g, or g used twice)."
)
THROUGH = "Only the direct part is there: what one place passes on to the next along axis {axis} is left out."
WRONG_AXIS = "The sum over axis {axis} is missing; the formula sums over another axis of the same length instead."
TIES = (
    "Each element is between the one-sided derivatives, all together are not: several elements that tie get a full gradient "
    "each (or none gets any). Give it to one of them, or share it."
)
REREAD = (
    "The {what} was reshaped where its axes should have been permuted: the numbers are right, their places are not."
)
REVERSED = (
    "The gradient is reversed along an axis: a flip is missing, or is one too many (a kernel that is not turned)."
)
TERM = "A term is left out: true = claimed + g * {what}."
INSIDE = "A sum over axis {axis} inside the formula is missing: each element only knows itself (g * y where sum(g * y) is meant)."
REPEATED = (
    "Elements that are used more than once are wrong: their contributions must be added up (np.add.at, index_add), "
    "and an assignment keeps only the last."
)

HYPOTHESES: tuple[tuple[str, Hypothesis, str], ...] = (
    ("unknown", _not_finite, "Backward gives nan or inf where the function is smooth: look for 0 * inf, 0 / 0 or log(0) in the formula; mask before dividing, not after."),
    ("ignores-cotangent", _ignores_cotangent, "The gradient is the same for every cotangent: the formula does not use g. Multiply by g."),
    ("spurious", _affine, "A cotangent of zeros gives a gradient that is not zero: the formula adds something that does not depend on g."),
    ("dtype", _low_precision, "The gradient is right to {kind} only: something on the way is cast down. Look for float(), .astype, a buffer without dtype=."),
    ("unknown", _nonlinear, "Backward is not linear in the cotangent, as every vector-Jacobian product is: g is squared, clipped, compared or normalised."),
    ("detached", _detached, "No gradient arrives where there is one: look for detach(), .data, no_grad, numpy() or a formula that is missing or returns None."),
    ("sign", _sign, "The sign is wrong: a minus is missing, or is one too many."),
    ("missing-mean", _missing_mean, "It is {n} times too large, and {n} elements are reduced: the 1/n of the mean is forgotten."),
    ("factor", _factor, "It is {factor} times the true gradient: a constant factor is wrong (the 2 of a square, a scale, 1/n)."),
    ("wrong-argument", _wrong_argument, "It is the gradient of input {other}: the formulas of the two are exchanged, or this one uses the wrong argument."),
    ("missing-reduction", _missing_reduction, "The sum over axis {axis} of the cotangent is missing: the input was used at every place along it, and only one place counts."),
    ("transposed", _transposed, "The right numbers in transposed places: an axis pair is exchanged (.mT, permute without its inverse, g @ w for g @ w.mT)."),
    ("transposed", _misplaced, "The right numbers in a wrong order: the inverse of a permutation is meant, or the other way round."),
    ("constant-cotangent", _constant_cotangent, CONSTANT),
    ("partial", _partial, "Wrong in some elements only ({pattern}), right in the others: look at how the formula treats these."),
    ("spurious", _no_gradient_at_all, "A gradient is claimed where there is none: the function does not depend on this input here (it is constant, rounded or masked)."),
    ("spurious", _spurious_elements, "A gradient is claimed where there is none, and right elsewhere: a mask is missing in the formula."),
    ("partial", _partial_outputs, "Wrong for some elements of the output only ({pattern}), right for the others."),
    ("missing-term", _missing_factor, "A factor of the chain is left out: true = claimed * {what}."),
    ("missing-term", _missing_summand, "A term is left out."),
    ("partial", _scattered, "Wrong in some elements only ({pattern}), right in the others: look at how the formula treats these."),
    ("missing-term", _missing_term, "Neither a sign, a factor nor a permutation explains it, and the shape of the dependence is right: a term of a sum or a factor of a chain is left out."),
    ("unknown", _anything, "It fits no mistake that is known here. The table shows the worst elements; compare the formula with the derivative by hand."),
)  # fmt: skip
"""(cause, what the mistake would make backward claim, what to look at), the simplest explanation first."""


# --- mistakes that are found by asking again -----------------------------------------------------------------------


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


def saved_fault(problem: Problem) -> Fault | None:
    """A saved array that is not what it was when it was saved, by the end of the forward pass or after a backward."""
    watched: list[tuple[str, Callable[[], list[Array]], list[Array]]] = []
    with _watching(watched):
        results = problem.call()
    when = "after it was saved in the forward pass"
    for phase in range(2):
        for name, now, copies in watched:
            for array, copy in zip(now(), copies, strict=False):
                if not np.array_equal(array, copy, equal_nan=array.dtype.kind in "fc"):
                    return Fault(
                        "overwritten",
                        f"{name} saved an array of shape {list(array.shape)}, and its values were changed {when}: look for "
                        "out=, an in-place operation, .data or a buffer that is used again.",
                    )
        if phase == 0:
            outputs = [results[k] for k in problem.which]
            seeds = [wrap(np.ones_like(t.array)) for t in outputs]
            passes.grad(outputs, problem.inputs, seeds, retain_graph=True, allow_unused=True)
            when = "by the backward pass itself"
    return None


@contextmanager
def _watching(watched: list[tuple[str, Callable[[], list[Array]], list[Array]]]) -> Iterator[None]:
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
    if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*fresh, strict=True)):
        return (
            "overwritten",
            "On a fresh graph it is always the same: the backward pass changes what the forward pass saved.",
        )
    return "nondeterministic", "Look for random numbers or a counter in the formula."


def layout_fault(problem: Problem, v: Array, eps: float) -> Fault | None:
    """Whether the gradients change with the strides of the cotangent or of the inputs, at the same values."""
    base = problem.pull(v)

    def differs(other: list[Array], reference: list[Array]) -> int | None:
        for i, (a, b) in enumerate(zip(other, reference, strict=True)):
            scale = float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0))
            if not np.allclose(a, b, rtol=1e5 * eps, atol=1e4 * eps * scale, equal_nan=True):
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
    for arrange, seed in ((strided, v), (stretched, ones)):
        try:
            found = fault(differs(problem.pull_arranged(seed, arrange), problem.pull(seed)), "the cotangent")
        except (RuntimeError, ValueError):
            continue  # a formula may refuse such a cotangent, as view() does
        if found is not None:
            return found
    moved = list(problem.arguments)
    for number, t in zip(problem.wrt, problem.inputs, strict=True):
        moved[number] = wrap(strided(t.array)).requires_grad_()
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
