"""Numerical derivatives with error bars, by Richardson extrapolation in the manner of Ridders.

Central differences at h, h/2, h/4 ... are extrapolated to h = 0; each entry of the table is compared with its
neighbours, and for every element the entry with the smallest disagreement wins and brings that disagreement along as
its error bar. The steps shrink until the bars are tight, so a kink or the edge of the domain nearby only costs a few
more steps. Nothing is tuned to a function: the bar says how much the number can be trusted.

Sources: Ridders, Advances in Engineering Software 4 (1982); Moré and Wild, Estimating computational noise (2011).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Path = Callable[[float], Array]

FIRST, LEVELS, MOST, LAST, ORDER = 4, 5, 14, 26, 5
TARGET = 1e-11  # bars this small, relatively, are good enough to stop


@dataclass
class Slope:
    """The derivative of a vector along a path: values, error bars, and the one-sided derivatives where they differ."""

    value: Array
    bar: Array
    left: Array
    right: Array
    kink: Array  # bool: the one-sided derivatives differ
    centre: Array  # the vector itself

    def allows(self, claimed: Array, slack: Array | float = 0.0) -> Array:
        """Where a claimed derivative is within the bars, or between the one-sided derivatives at a kink."""
        near = np.abs(claimed - self.value) <= self.bar + slack
        low, high = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        between = self.kink & (claimed >= low - self.bar - slack) & (claimed <= high + self.bar + slack)
        return near | between  # type: ignore[no-any-return]


def derivative(f: Path, eps: float, noise: Array | None = None, stretch: float = 1.0) -> Slope:
    """The derivative of ``f`` at 0, where ``f`` gives a vector and computes with relative precision ``eps``.

    Args:
        noise: the absolute noise of each element of ``f``, if it was measured.
        stretch: a factor on all steps, for an independent second opinion.
    """
    centre = f(0.0)
    floor = eps * np.abs(centre) if noise is None else noise
    best, bar = np.full(centre.shape, np.nan), np.full(centre.shape, np.inf)
    before: list[Array] = []
    level = np.full(centre.shape, np.nan)
    steps: list[tuple[float, Array, Array]] = []
    quantum = np.zeros(centre.shape)  # the smallest change seen, where it is as small as a rounding of numbers near 1
    with np.errstate(all="ignore"):
        for k in range(FIRST, FIRST + LAST):
            h = stretch * 2.0**-k
            up, down = f(h), f(-h)
            steps.append((h, up, down))
            row = [(up - down) / (2 * h)]
            rounding = 2 * (floor + eps * np.abs(h * row[0])) / h + 4 * eps * np.abs(row[0]) / h
            moved = np.abs(up - down)
            quantum = np.where((moved > 0) & (moved < 64 * eps), moved, quantum)
            rounding += np.where(moved == 0, quantum / h, 0.0)
            value, error = row[0], np.full(centre.shape, np.inf)
            for j, earlier in enumerate(before[:ORDER]):
                better = row[j] + (row[j] - earlier) / (4.0 ** (j + 1) - 1)
                off = np.maximum(np.abs(better - row[j]), np.abs(better - earlier)) + rounding
                value, error = np.where(off < error, better, value), np.minimum(off, error)
                row.append(better)
            error = np.maximum(error, 0.5 * np.abs(value - level))  # two levels in a row agree, or it was chance
            wins = error < bar
            best, bar = np.where(wins, value, best), np.where(wins, error, bar)
            before, level = row, value
            done = k >= FIRST + MOST - 1 or (k >= FIRST + LEVELS - 1 and _tight(best, bar, centre))
            rounding += 4 * eps / h  # 1 - cos(x) has the noise of the 1
            unknown = np.isnan(best) & np.isfinite(centre)
            if done and not np.any(unknown | _far(best, row[0], rounding)):
                break  # else something is very near: another piece of the function, a pole, the edge of the domain
        best, bar = _not_a_step(best, bar, steps, rounding)
        left, right, kink = _sides(centre, steps, floor, eps)
    if kink.any():
        value = np.where(kink, 0.5 * (left + right), best)
        bar = np.where(kink, np.maximum(1e-6 * (np.abs(left) + np.abs(right)), np.minimum(bar, 1e-4)), bar)
        best = value
    return Slope(best, bar, left, right, kink, centre)


def _far(best: Array, plain: Array, rounding: Array) -> Array:
    """Where the shortest step says something else altogether."""
    return np.abs(best - plain) > 0.1 * (np.abs(best) + np.abs(plain)) + 4 * rounding  # type: ignore[no-any-return]


def _not_a_step(
    best: Array, bar: Array, steps: list[tuple[float, Array, Array]], rounding: Array
) -> tuple[Array, Array]:
    """Long steps over a staircase may agree with one another by chance: the three shortest ones know better."""
    first, second, last = ((up - down) / (2 * h) for h, up, down in steps[-3:])
    spread = 4 * (np.maximum(np.abs(last - second), np.abs(second - first)) + rounding)
    far = _far(best, last, rounding)
    wrong = far & (np.abs(best - last) > spread + bar)
    return np.where(wrong, last, best), np.where(wrong, spread, np.where(far, np.fmax(bar, np.abs(best - last)), bar))


def _tight(best: Array, bar: Array, centre: Array) -> bool:
    alive = np.isfinite(centre)
    if not alive.any():
        return True
    scale = np.abs(best[alive])
    size = float(np.max(np.nan_to_num(scale)))
    return bool(np.all(bar[alive] <= TARGET * np.maximum(scale, 1e-3 * size) + 2.0**12 * 2e-16 * np.abs(centre[alive])))


def _sides(
    centre: Array, steps: list[tuple[float, Array, Array]], floor: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The one-sided derivatives, extrapolated from the smallest steps, and where they differ for certain.

    ``d(h) = right(h) - left(h)`` falls like h where the function is smooth and stays where it has a kink, so
    ``2 d(h/2) - d(h)`` is the jump. A jump counts when two pairs of steps agree on it and it is far above the noise.
    """
    sided = []
    for h, up, down in steps[-4:]:
        sided.append((h, (up - centre) / h, (centre - down) / h))
    (_, r1, l1), (_, r2, l2), (h3, r3, l3) = sided[-3:]
    right, left = 2 * r3 - r2, 2 * l3 - l2
    earlier_right, earlier_left = 2 * r2 - r1, 2 * l2 - l1
    jump, earlier = right - left, earlier_right - earlier_left
    size = np.abs(right) + np.abs(left)
    noise = 16 * (floor + eps * np.abs(centre)) / h3 + 1e-9 * size
    kink = (np.abs(jump) > 1e-4 * size) & (np.abs(jump) > 4 * noise) & (np.abs(jump - earlier) < 0.02 * np.abs(jump))
    return left, right, kink


def measured_noise(f: Path, eps: float, kink: Array) -> Array:
    """The absolute noise of each element of ``f`` near 0, from fourth differences over stretches so short that only
    noise is left; the longest, which elements at a kink go without, also sees the steps of a cancelled value."""
    noise = eps * np.abs(f(0.0))
    with np.errstate(all="ignore"):
        for h in {max(2.0**-k, 64 * eps) for k in (28, 20, 13)}:
            values = np.stack([f(k * h) for k in range(-4, 5)])
            fourth = np.abs(np.diff(values, n=4, axis=0)).max(axis=0)
            noise = np.where(kink & (h > 2.0**-25), noise, np.fmax(noise, 2 * fourth / np.sqrt(70.0)))
    return noise
