"""The whole Jacobian is off in one way: zero, rounded, a sign, a factor."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ...tensor import Tensor
from ..evidence import Case
from ..problem import Array
from .base import Prediction, nice

FACTOR = "It is {factor} times the true gradient: a constant factor is wrong (the 2 of a square, a scale, 1/n).{hint}"
HINTS = {
    2.0: " Or it is counted twice.",
    0.5: " Or one of two equal uses of the input is detached (detach, .data, no_grad).",
    1 / 3: " Or two of three equal uses of the input are detached (detach, .data, no_grad).",
    2 / 3: " Or one of three equal uses of the input is detached (detach, .data, no_grad).",
}
ONLY_HERE = (
    "No gradient arrives at these values, and at others nearby it does: look at how the formula treats zeros, ties and limits "
    "(a division by the value, a mask)."
)
VARYING = (
    "It is {factor} times the true gradient here, and another multiple elsewhere: a factor of the chain, the same for "
    "all elements but not constant, is left out (a norm, a sum, a scalar input)."
)


def detached(case: Case) -> Iterator[Prediction]:
    if case.size > 0 and not case.claimed.any() and (case.complete or not case.ask_all(case.question(6)).any()):
        if case.elsewhere is not None and case.elsewhere[1].any():
            yield True, {"cause": "partial", "pattern": "these values", "sentence": ONLY_HERE}
        yield True, {}


def no_gradient_at_all(case: Case) -> Iterator[Prediction]:
    if case.complete and not np.any(np.abs(case.true) > 4 * case.bar):
        yield True, {}


def low_precision(case: Case) -> Iterator[Prediction]:
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
        size = np.max(spread, initial=0.0) if name == "float32" else spread  # cos(x) near pi/2 has the noise of the 1
        if alone and np.all(np.abs(claim - true) <= 40 * eps * size + bars):
            yield True, {"kind": name}


def sign(case: Case) -> Iterator[Prediction]:
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
    return float(a @ b) / float(b @ b) if b @ b else 0.0


def missing_mean(case: Case) -> Iterator[Prediction]:
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
        counts |= _products(_without(argument.array.shape, case.y.shape))
        if case.y.size:
            whole, rest = divmod(argument.array.size, case.y.size)
            counts |= {whole} if not rest and argument.array.size > case.y.size else set()
    return sorted(counts - {0, 1})


def _without(shape: tuple[int, ...], other: tuple[int, ...]) -> list[int]:
    """The lengths of a shape that another one does not have."""
    lengths = list(shape)
    for n in other:
        if n in lengths:
            lengths.remove(n)
    return lengths


def _products(lengths: list[int]) -> set[int]:
    """The products of some of the lengths, other than 1."""
    return {int(np.prod(c)) for k in range(1, len(lengths) + 1) for c in itertools.combinations(lengths, k)} - {1}


def factor(case: Case) -> Iterator[Prediction]:
    factor = _ratio(case.true, case.claimed, case.known)
    if factor != 0:
        there = case.elsewhere
        if there is None or abs(_ratio(*there) - factor) < 1e-4 * abs(factor):
            told = nice(factor)
            means = [n for n in _products(_without(case.y.shape, case.x.shape)) if abs(factor * n - 1) < 1e-4]
            hint = f" Or a mean over {means[0]} elements stands where their sum is meant." if means else ""
            yield factor * case.true, {"factor": told, "hint": HINTS.get(told, "") + hint}
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
            yield (
                re * case.true + im * turned.reshape(case.true.shape),
                {"factor": complex(nice(re), nice(im)), "hint": ""},
            )
