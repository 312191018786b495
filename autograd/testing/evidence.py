"""Evidence about one wrong gradient: both Jacobians, element by element where that is affordable.

For inputs and outputs of a few hundred elements the Jacobians are complete. Larger ones are sampled: bisection finds a
guilty element in logarithmic time, and corners, borders and random places are looked at beside it.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import numpy as np

from .numeric import Slope, derivative, measured_noise
from .problem import Array, Problem, as_real, real_shape

LIMIT = 400  # a Jacobian is complete up to this many rows and columns ...
BUDGET = 4.0  # ... as long as it takes no more seconds than this; else it is sampled
SAMPLE = 48
CLOSER = 16  # so many columns that seem wrong are measured again


class Evidence:
    """True and claimed Jacobians of all outputs with respect to input ``i`` on chosen rows and columns.

    ``true``, ``claimed``, ``bar``, ``low``, ``high`` are (rows, columns); ``rows`` and ``cols`` are places in the real
    vectors of all outputs and of the input; ``complete`` says that nothing was left out.
    """

    def __init__(self, checker: Any, i: int, u: Array, mode: str = "backward") -> None:
        problem = checker.problem
        self.mode = mode
        self.checker, self.problem, self.i = checker, problem, i
        self.x = as_real(problem.inputs[i].array)
        self.relative = max(1e-9, 64 * checker.eps)  # below this two numbers are the same
        self.alike = max(1e-6, 3e4 * checker.eps)  # below this two matrices tell the same story
        path = problem.along(i, u)
        began = time.perf_counter()
        noise = measured_noise(path, checker.eps, derivative(path, checker.eps).kink)
        each = (time.perf_counter() - began) / 40
        m, n = sum(problem.output_sizes()), self.x.size
        affordable = int(BUDGET / (14 * each + 1e-9))
        self.complete = n <= min(LIMIT, max(affordable, 16)) and m <= LIMIT
        if self.complete:
            self.rows, self.cols = np.arange(m), np.arange(n)
        else:
            self._sample(u, m, n, max(8, min(SAMPLE, affordable)))
        self.noise = noise
        self.columns: dict[int, Array] = {}  # whole true columns, by their place in the input
        self.claimed = self._claim()
        self.measure()

    def _claim(self) -> Array:
        m = sum(self.problem.output_sizes())
        made = np.zeros((len(self.rows), len(self.cols)))
        if self.mode == "forward":
            for c, col in enumerate(self.cols):
                e = np.zeros(self.x.size)
                e[col] = 1.0
                made[:, c] = self.problem.push(self.i, e)[self.rows]
            return made
        for r, row in enumerate(self.rows):
            e = np.zeros(m)
            e[row] = 1.0
            made[r] = self.problem.pull(e)[self.i][self.cols]
        return made

    def measure(self) -> None:
        """The true columns, one numerical derivative for each."""
        shape = (len(self.rows), len(self.cols))
        self.true, self.bar, self.low, self.high = (np.zeros(shape) for _ in range(4))
        self.kink = np.zeros(shape, bool)
        for c, col in enumerate(self.cols):
            slope, scale = self.column(self.i, int(col))
            self.columns[int(col)] = np.nan_to_num(slope.value) / scale
            r = self.rows
            self.true[:, c], self.bar[:, c], self.kink[:, c] = (
                slope.value[r] / scale,
                slope.bar[r] / scale,
                slope.kink[r],
            )
            sides = slope.left[r] / scale, slope.right[r] / scale
            self.low[:, c], self.high[:, c] = np.minimum(*sides), np.maximum(*sides)
        self.known = np.isfinite(self.true) & np.isfinite(self.bar)
        self.true, self.bar = np.where(self.known, self.true, 0.0), np.where(self.known, self.bar, np.inf)

    def look_closer(self) -> None:
        """The few columns that seem wrong once more, with short steps: where two values are nearly tied, long ones see both."""
        guilty = np.flatnonzero(self.wrong().any(axis=0))
        for c in guilty if len(guilty) <= CLOSER and self.checker.eps < 1e-10 else ():
            slope, scale = self.column(self.i, int(self.cols[c]), closer=True)
            value, bar, claim = slope.value[self.rows] / scale, slope.bar[self.rows] / scale, self.claimed[:, c]
            fits = (np.abs(value - claim) <= 4 * bar + self.relative * np.abs(claim)) & ~slope.kink[self.rows]
            fits &= bar < 1e-6 * np.abs(value) + 1e-6 * self.bar[:, c]
            self.true[fits, c], self.bar[fits, c], self.kink[fits, c] = value[fits], bar[fits], False

    def column(self, k: int, col: int, closer: bool = False) -> tuple[Slope, float]:
        """The derivative of all outputs along one element of input ``k``, and the length of the step it is for."""
        x = as_real(self.problem.inputs[k].array)
        size = float(np.sqrt(np.mean(x**2))) or 1.0
        scale = max(abs(float(x[col])), 1e-3 * size) if x[col] else size
        step = np.zeros(x.size)
        step[col] = scale
        noise, stretch = (None, 2.0**-12) if closer else (self.noise, 1.0)
        slope = derivative(self.problem.along(k, step), self.checker.eps, noise, stretch)
        return self.checker.sharpened(slope, k, step), scale

    def true_column(self, col: int) -> Array:
        """A whole column of the true Jacobian, measured when first asked for."""
        if col not in self.columns:
            slope, scale = self.column(self.i, col)
            self.columns[col] = np.nan_to_num(slope.value) / scale
        return self.columns[col]

    def true_of(self, k: int) -> Array:
        """The true Jacobian of another input of the same shape, on the same rows and columns."""
        columns = []
        for col in self.cols:
            slope, scale = self.column(k, int(col))
            columns.append(np.nan_to_num(slope.value[self.rows]) / scale)
        return np.stack(columns, axis=1)

    def _sample(self, u: Array, m: int, n: int, count: int) -> None:
        rng = np.random.default_rng(1)
        col = self._guilty_column(u)
        self.cols = self._places(real_shape(self.problem.inputs[self.i].array), n, count, col, rng)
        row = self._guilty_row(col)
        offset, rows = 0, []
        for k, size in enumerate(self.problem.output_sizes()):
            own = row - offset if offset <= row < offset + size else 0
            shape = real_shape(self.problem.values[k])
            same = size == n and shape == real_shape(self.problem.inputs[self.i].array)
            rows.append(offset + (np.union1d(self.cols, [own]) if same else self._places(shape, size, count, own, rng)))
            offset += size
        self.rows = np.concatenate(rows)

    @staticmethod
    def _places(shape: tuple[int, ...], size: int, count: int, guilty: int, rng: Any) -> Array:
        """A guilty place, its neighbours along each axis, the ends, the diagonal, and random others."""
        if size <= count:
            return np.arange(size)
        index = np.unravel_index(guilty, shape) if shape else ()
        chosen = {guilty, 0, size - 1}
        for axis, n in enumerate(shape):
            for other in (0, n // 2, n - 1, index[axis] - 1, index[axis] + 1):
                if 0 <= other < n:
                    chosen.add(int(np.ravel_multi_index((*index[:axis], other, *index[axis + 1 :]), shape)))
        chosen |= set(rng.choice(size, count // 2, replace=False).tolist())
        return np.array(sorted(chosen))

    def _guilty_column(self, u: Array) -> int:
        """Bisection: of two halves of the input, the one whose projection is further off is followed."""
        checker, problem, i = self.checker, self.problem, self.i
        v = checker.cotangents()[0]
        g = problem.pull(v)[i]
        if not np.isfinite(g).all():
            return int(np.flatnonzero(~np.isfinite(g))[0])
        places = np.arange(self.x.size)

        def off(half: Array) -> float:
            part = np.zeros(u.size)
            part[half] = u[half]
            slope = checker.slope(i, part)
            return abs(float(np.nan_to_num(slope.value) @ v) - float(g @ part))

        while len(places) > 1:
            first, second = np.array_split(places, 2)
            places = first if off(first) >= off(second) else second
        return int(places[0])

    def _guilty_row(self, col: int) -> int:
        checker, problem, i = self.checker, self.problem, self.i
        step = np.zeros(self.x.size)
        step[col] = abs(self.x[col]) or 1.0
        column = np.nan_to_num(checker.slope(i, step).value) / step[col]
        v = checker.cotangents()[0]
        places = np.arange(column.size)

        def off(half: Array) -> float:
            part = np.zeros(v.size)
            part[half] = v[half]
            return abs(float(part @ column) - float(problem.pull(part)[i][col]))

        while len(places) > 1:
            first, second = np.array_split(places, 2)
            places = first if off(first) >= off(second) else second
        return int(places[0])

    # --- verdicts ---

    def wrong(self) -> Array:
        """Which elements are wrong, beyond their bars and what the user allows."""
        settings = self.checker.settings
        scale = np.maximum(np.abs(self.true), np.abs(self.claimed))
        slack = 4 * self.bar + self.relative * scale + 1e-3 * self.relative * np.max(np.abs(self.true), initial=0.0)
        slack = slack + settings.atol + settings.rtol * np.abs(self.true)
        still = (self.true == 0) & (
            self.bar == 0
        )  # of a saturated value every digit is lost, and its slope may be 1e-20
        off = np.abs(self.claimed - self.true) > np.where(still, np.maximum(slack, self.checker.eps), slack)
        between = self.kink & (self.claimed >= self.low - slack) & (self.claimed <= self.high + slack)
        return (off & ~between & self.known) | ~np.isfinite(self.claimed)  # type: ignore[no-any-return]


class Case:
    """The part of the evidence that concerns one output: what the hypotheses look at."""

    def __init__(self, evidence: Evidence, o: int) -> None:
        problem = evidence.problem
        self.evidence, self.problem, self.i, self.o = evidence, problem, evidence.i, o
        offset = sum(problem.output_sizes()[:o])
        size = problem.output_sizes()[o]
        mine = (evidence.rows >= offset) & (evidence.rows < offset + size)
        self.own_rows = mine  # of the evidence's rows, those of this output
        self.rows, self.cols, self.offset = evidence.rows[mine] - offset, evidence.cols, offset
        self.true, self.claimed, self.bar = evidence.true[mine], evidence.claimed[mine], evidence.bar[mine]
        self.wrong = evidence.wrong()[mine]
        self.known = evidence.known[mine] & ~evidence.kink[mine]
        self.kink = evidence.kink[mine]
        self.complete = evidence.complete
        self.x = problem.inputs[self.i].array
        self.y = problem.values[o]
        self.in_shape, self.out_shape = real_shape(self.x), real_shape(self.y)
        self.size = float(np.max(np.abs(self.true), initial=0.0))
        noise = np.abs(self.claimed) <= 16 * evidence.checker.eps * self.size
        self.claimed = np.where(noise, 0.0, self.claimed)

    def pull(self, v: Array, k: int | None = None) -> Array:
        """What is claimed for this input (or for input ``k``), for a cotangent of this output alone."""
        if self.evidence.mode == "forward":
            return self.claimed.T @ v[self.rows]  # type: ignore[no-any-return]
        whole = np.zeros(sum(self.problem.output_sizes()))
        whole[self.offset : self.offset + v.size] = v
        return self.problem.pull(whole)[self.i if k is None else k]  # type: ignore[no-any-return]

    @cached_property
    def elsewhere(self) -> tuple[Array, Array, Array] | None:
        """The true and the claimed Jacobian at a point nearby where nothing is special, and where they are known.

        None where that can't be had: for sampled Jacobians, or where the function refuses the point.
        """
        if not self.complete or self.evidence.mode == "forward":
            return None
        problem, rng = self.problem, np.random.default_rng(17)
        arrays = [as_real(t.array) for t in problem.inputs]
        sizes = [np.sqrt(np.mean(x**2)) if x.size else 0.0 for x in arrays]
        shifts = [
            (0.1 * np.abs(x) + 0.02 * size) * rng.uniform(-1, 1, x.shape) for x, size in zip(arrays, sizes, strict=True)
        ]
        own = slice(self.offset, self.offset + problem.output_sizes()[self.o])
        with ExitStack() as stack:
            for k, shift in enumerate(shifts):
                stack.enter_context(problem.moved(k, shift))
            there = Problem(problem.function, problem.arguments)
            try:
                if there.record() is None or there.output_sizes() != problem.output_sizes():
                    return None
            except (RuntimeError, ValueError, IndexError, AssertionError):
                return None
            true, bar, claimed = (np.zeros(self.true.shape) for _ in range(3))
            for c, col in enumerate(self.cols):
                step = np.zeros(self.x.size * (2 if self.x.dtype.kind == "c" else 1))
                step[col] = scale = abs(float(as_real(self.x)[col])) or 1.0
                slope = derivative(there.along(self.i, step), self.evidence.checker.eps)
                true[:, c], bar[:, c] = slope.value[own] / scale, np.where(slope.kink, np.inf, slope.bar)[own] / scale
            for r, row in enumerate(self.rows):
                e = np.zeros(sum(problem.output_sizes()))
                e[self.offset + row] = 1.0
                claimed[r] = there.pull(e)[self.i]
        known = np.isfinite(true) & np.isfinite(claimed) & (bar <= 1e-3 * (np.abs(true) + np.abs(claimed)) + 1e-12)
        return np.where(known, true, 0.0), np.where(known, claimed, 0.0), known

    def ask(self, v: Array) -> Array:
        """What is claimed for a vector: a cotangent, or a tangent in forward mode."""
        if self.evidence.mode == "forward":
            return self.ask_all(v)[self.offset + self.rows]  # type: ignore[no-any-return]
        return self.ask_all(v)[self.cols]  # type: ignore[no-any-return]

    def ask_all(self, v: Array) -> Array:
        """The same, at all places and not only at those that were looked at."""
        return self.problem.push(self.i, v) if self.evidence.mode == "forward" else self.pull(v)

    @property
    def own(self) -> Array:
        """Where an element of the output meets that of the input at the same place, if their shapes are the same."""
        return self.rows[:, None] == self.cols[None, :]  # type: ignore[no-any-return]

    def answer(self, v: Array) -> Array:
        """What ``ask`` should give."""
        return self.true @ v[self.cols] if self.evidence.mode == "forward" else self.pulled_true(v)

    def question(self, seed: int) -> Array:
        """A random vector to ask for."""
        if self.evidence.mode == "backward":
            return self.probe(seed)
        u = np.zeros(len(as_real(self.x)))
        u[self.cols] = np.random.default_rng(seed).uniform(-1.5, 1.5, len(self.cols))
        return u

    @cached_property
    def nothing(self) -> Array:
        """Where the true derivative is zero; a complex number is one element, both its parts are zero."""
        zero: Array = np.abs(self.true) <= 4 * self.bar + 1e-9 * self.size
        for axis, array in ((0, self.y), (1, self.x)):
            if array.dtype.kind == "c" and self.complete:
                pairs = zero.reshape(*zero.shape[:axis], -1, 2, *zero.shape[axis + 1 :])
                zero = np.repeat(pairs.all(axis=axis + 1), 2, axis=axis)
        return zero

    def probe(self, seed: int) -> Array:
        """A random cotangent of this output."""
        rng = np.random.default_rng(seed)
        n = self.problem.output_sizes()[self.o]
        v = rng.uniform(0.5, 1.5, n) * rng.choice([-1.0, 1.0], n)
        return np.where(np.isfinite(as_real(self.y)), v, 0.0)

    def pulled_true(self, v: Array) -> Array:
        """The true gradient for a cotangent, on the columns that were looked at."""
        own = slice(self.offset, self.offset + v.size)
        if self.evidence.mode == "forward":
            return self.true.T @ v[self.rows]  # type: ignore[no-any-return]
        return np.stack([self.evidence.columns[int(c)][own] for c in self.cols]) @ v

    def on_rows(self, v: Array) -> Array:
        """The cotangent, zero where the output does not have a derivative that is known."""
        kept = v.copy()
        bad = ~self.known.all(axis=1)
        kept[self.rows[bad]] = 0.0
        return kept

    def telling_places(self) -> Array:
        """Multi-indices of elements (output first, then input) whose true or claimed value is not zero, wrong ones
        first."""
        told = ((np.abs(self.true) > 4 * self.bar) | (self.claimed != 0)) & self.known
        r, c = np.nonzero(told)
        order = np.argsort(~self.wrong[r, c], kind="stable")
        if not self.complete:
            order = order[:: max(1, len(order) // 16)][:16]
        elif len(order) > 2000:
            order = order[:: len(order) // 2000]
        r, c = r[order], c[order]
        return np.concatenate(
            [self.indices(self.rows[r], self.out_shape), self.indices(self.cols[c], self.in_shape)], axis=1
        )

    def holds(self, places: Array, move: Any) -> bool:
        """Whether the claimed elements at these places are the true ones at ``move(places)``."""
        there = move(places)
        n = len(self.out_shape)
        claimed = self.claimed[
            self._at(places[:, :n], self.out_shape, self.rows), self._at(places[:, n:], self.in_shape, self.cols)
        ]
        rows, cols = self._flat(there[:, :n], self.out_shape), self._flat(there[:, n:], self.in_shape)
        true = np.array([self.evidence.true_column(int(c))[self.offset + r] for r, c in zip(rows, cols, strict=True)])
        return bool(np.all(np.abs(claimed - true) <= self.evidence.alike * (1e-2 * self.size + np.abs(true))))

    @staticmethod
    def _flat(index: Array, shape: tuple[int, ...]) -> Array:
        return np.ravel_multi_index(tuple(index.T), shape) if shape else np.zeros(len(index), int)

    def _at(self, index: Array, shape: tuple[int, ...], places: Array) -> Array:
        return np.searchsorted(places, self._flat(index, shape))

    def same(self, a: Array, b: Array, known: Array | None = None) -> bool:
        """Whether two Jacobians (or vectors) tell the same story, to well beyond the differences between causes."""
        scale = max(float(np.max(np.abs(b), initial=0.0)), 1e-6 * self.size, 1e-300)
        near = np.abs(a - b) <= self.evidence.alike * (scale * 1e-2 + np.abs(b)) + (
            4 * self.bar if a.shape == self.bar.shape else 0
        )
        if known is None and a.shape == self.known.shape:
            known = self.known
        return bool(np.all(near if known is None else near | ~known))

    def fits(self, claimed: Array) -> bool:
        """Whether this would be the claim, and is not what the truth is anyway."""
        return bool((self.wrong & self.known).any()) and self.same(self.claimed, claimed)

    def indices(self, places: Array, shape: tuple[int, ...]) -> Array:
        """Multi-indices, one row a place."""
        return np.stack(np.unravel_index(places, shape), axis=1) if shape else np.zeros((len(places), 0), int)
