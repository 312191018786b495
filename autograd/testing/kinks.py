"""Points without a derivative: several elements tie, and the gradient is one of those nearby.

The median of (1, 1, 1) moves with none of its arguments alone, and yet a gradient of 1 for one of them is right: it is
the gradient at points as near as you like (a Clarke generalised gradient: such limits, and what lies between them).
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

from .numeric import derivative
from .problem import Array, Problem, as_real

DRAWS, ROWS = 48, 32
REACH = 1e-3  # how far away, relative to the input
SLACK = 1e-2  # what a smooth function changes over that distance


def is_limit(evidence: Any) -> bool:
    """Whether what is claimed lies between the gradients nearby, which differ, and are themselves right."""
    if evidence.mode == "forward" or not evidence.complete or not np.isfinite(evidence.claimed).all():
        return False
    rows = np.flatnonzero((evidence.wrong() | evidence.kink).any(axis=1))[:ROWS]
    here = evidence.claimed[rows]
    near, right = [], 0
    for seed in range(DRAWS):
        found = _claimed_nearby(evidence, rows, seed, measured=seed < 3)
        if found is None:
            return False
        near.append(found[0])
        right += found[1]
    if right < 2:
        return False
    gradients = np.stack(near)
    slack = SLACK * float(np.max(np.abs(gradients), initial=0.0))
    if not np.any(np.ptp(gradients, axis=0) > slack):
        return False
    rng = np.random.default_rng(3)
    looks = np.concatenate([np.eye(here.shape[1]), rng.normal(size=(16, here.shape[1]))])
    seen, claimed = gradients @ looks.T, here @ looks.T
    room = slack * np.abs(looks).sum(axis=1)
    return bool(np.all((claimed >= seen.min(axis=0) - room) & (claimed <= seen.max(axis=0) + room)))


def _claimed_nearby(evidence: Any, rows: Array, seed: int, measured: bool) -> tuple[Array, bool] | None:
    """The claimed gradients of some outputs at a point nearby, and whether the first guilty columns are right there."""
    problem, rng = evidence.problem, np.random.default_rng(seed)
    with ExitStack() as stack:
        for k, t in enumerate(problem.inputs):
            x = as_real(t.array)
            size = float(np.sqrt(np.mean(x**2))) if x.size and x.any() else 1.0
            stack.enter_context(problem.moved(k, REACH * size * rng.uniform(-1, 1, x.shape)))
        there = Problem(problem.function, problem.arguments)
        try:
            if there.record() is None or there.output_sizes() != problem.output_sizes():
                return None
        except (RuntimeError, ValueError, IndexError, AssertionError):
            return None
        claimed = np.zeros((len(rows), len(evidence.cols)))
        for r, row in enumerate(evidence.rows[rows]):
            e = np.zeros(sum(there.output_sizes()))
            e[row] = 1.0
            claimed[r] = there.pull(e)[evidence.i]
        right = measured and all(
            _agrees(evidence, there, int(c), claimed[:, c], rows)
            for c in np.flatnonzero((evidence.wrong() | evidence.kink).any(axis=0))[:8]
        )
    return claimed, right


def _agrees(evidence: Any, there: Problem, c: int, claimed: Array, rows: Array) -> bool:
    x = as_real(there.inputs[evidence.i].array)
    step = np.zeros(x.shape)
    step[c] = scale = float(np.sqrt(np.mean(x**2))) or 1.0
    slope = derivative(there.along(evidence.i, step), evidence.checker.eps, stretch=2.0**-12)
    value, bar = slope.value[evidence.rows[rows]] / scale, slope.bar[evidence.rows[rows]] / scale
    return bool(np.all(np.abs(value - claimed) <= 4 * bar + 1e-9 * np.max(np.abs(claimed), initial=1e-300)))
