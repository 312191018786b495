"""The diagnosis: gathers the evidence, asks the hypotheses in turn, and writes down the fault.

``evidence.py`` measures, ``hypotheses.py`` is the table of causes, ``retrials.py`` finds what needs no Jacobian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .evidence import Case, Evidence
from .hypotheses import HYPOTHESES, TIES
from .kinks import is_limit
from .problem import Array, Problem
from .report import Element, Fault
from .retrials import saved_fault

NEARLY = (
    " The difference is within PyTorch's default tolerances: if this gradient is an approximation by design (an adjoint or "
    "an iterative solver), allow for it with rtol=, as in rtol=2e-3."
)


def diagnose(checker: Any, i: int, u: Array, mode: str = "backward") -> Fault | None:
    """The fault of input ``i``, whose projection along ``u`` disagrees; None if no single element does."""
    problem: Problem = checker.problem
    evidence = Evidence(checker, i, u, mode)
    evidence.look_closer()
    wrong = evidence.wrong()
    overwritten = saved_fault(problem) if mode == "backward" else None
    if not overwritten and (wrong.any() or checker.at_kink) and is_limit(evidence):
        return None
    if not wrong.any() and not overwritten and (mode == "forward" or _is_linear(evidence)):
        # A long step in a random direction has met a kink, and every element on its own is right.
        return _no_subgradient(evidence) if checker.at_kink and evidence.kink.any() else None
    case = Case(evidence, _worst_output(evidence, wrong))
    fault = overwritten or _first_that_fits(case)
    if np.allclose(case.claimed, case.true, rtol=1e-3, atol=1e-5 * case.size) and not overwritten:
        fault.sentence += NEARLY
    if mode == "forward":
        fault.sentence = fault.sentence.replace("cotangent", "tangent").replace("Backward", "The jvp")
    fault.input, fault.output, fault.mode = problem.wrt[i], problem.which[case.o], mode
    fault.worst, fault.wrong, fault.checked = _worst(case), int(case.wrong.sum()), case.wrong.size
    fault.shapes, fault.jacobians = (tuple(case.x.shape), tuple(case.y.shape)), (case.true, case.claimed, case.wrong)
    return fault


def joint_kink_fault(checker: Any, i: int) -> Fault:
    """The fault of inputs that tie with one another."""
    u = checker.directions(i)[0]
    return _no_subgradient(Evidence(checker, i, u))


def _no_subgradient(evidence: Evidence) -> Fault:
    """Each element alone is between the one-sided derivatives; together they are not, as when all ties get
    everything."""
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


def _is_linear(evidence: Evidence) -> bool:
    """Whether backward is linear in the cotangent: what it claims for a random one follows from the unit ones."""
    v = np.zeros(sum(evidence.problem.output_sizes()))
    v[evidence.rows] = evidence.checker.cotangents()[0][evidence.rows]
    claim = evidence.problem.pull(v)[evidence.i][evidence.cols]
    alike = 1e-9 if evidence.checker.eps < 1e-10 else 1e-6  # a cotangent rounded to float32 shows in float64
    size = max(1.0, float(np.max(np.abs(claim), initial=0.0)))
    return bool(np.allclose(claim, evidence.claimed.T @ v[evidence.rows], rtol=alike, atol=alike * size))
