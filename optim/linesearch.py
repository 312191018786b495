"""A line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["strong_wolfe"]

Array = np.ndarray[Any, Any]


@dataclass
class _Point:
    """A step length: loss, gradient and slope there."""

    t: float
    f: float
    g: Array
    slope: float


def _minimum(a: _Point, b: _Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through both points (values and slopes) is least, within the bounds."""
    low, high = bounds or (min(a.t, b.t), max(a.t, b.t))
    if a.t > b.t:
        a, b = b, a
    with np.errstate(all="ignore"):
        d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t) if a.t != b.t else math.nan
    inside = d1 * d1 - a.slope * b.slope
    if not inside >= 0:
        return (low + high) / 2.0
    d2 = math.sqrt(inside)
    down = b.slope - a.slope + 2 * d2
    best = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / down) if down else math.nan
    return min(max(best, low), high)


def strong_wolfe(
    at: Callable[[float], tuple[float, Array]],
    t: float,
    direction: Array,
    f: float,
    g: Array,
    slope: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
    max_ls: int = 25,
) -> tuple[float, Array, float, int]:
    """A step length with enough decrease and a slope flat enough: (loss, gradient, step, evaluations).

    First the step grows until an interval is known to hold such a point, then the interval is narrowed.

    Args:
        at: loss and gradient at a step length.
        t: the first step to try.
        direction, f, g, slope: the line, and what is known at its start.
        c1, c2: constants of the two conditions.
        tolerance_change: least change worth a further evaluation.
        max_ls: most further evaluations.
    """

    def look(step: float) -> _Point:
        value, gradient = at(step)
        return _Point(step, value, gradient, float(gradient @ direction))

    def too_high(p: _Point) -> bool:
        return p.f > f + c1 * p.t * slope

    before = start = _Point(0.0, f, g, slope)
    now = look(t)
    used, tries = 1, 0
    interval: list[_Point] | None = None
    while tries < max_ls:
        if too_high(now) or (tries > 1 and now.f >= before.f):
            interval = [before, now]
            break
        if abs(now.slope) <= -c2 * slope:
            return now.f, now.g, now.t, used
        if now.slope >= 0:
            interval = [before, now]
            break
        t = _minimum(before, now, (now.t + 0.01 * (now.t - before.t), now.t * 10))
        before, now = now, look(t)
        used += 1
        tries += 1
    return _narrow(
        interval or [start, now], look, too_high, direction, -c2 * slope, tolerance_change, max_ls, tries, used
    )


def _narrow(
    interval: list[_Point],
    look: Callable[[float], _Point],
    too_high: Callable[[_Point], bool],
    direction: Array,
    flat: float,
    tolerance: float,
    max_ls: int,
    tries: int,
    used: int,
) -> tuple[float, Array, float, int]:
    """Shrink an interval around a good step until its lower end is one."""
    size = float(np.abs(direction).max())
    stuck = False
    low, high = (0, 1) if interval[0].f <= interval[1].f else (1, 0)
    while tries < max_ls and abs(interval[1].t - interval[0].t) * size >= tolerance:
        t = _minimum(interval[0], interval[1])
        least, most = sorted(p.t for p in interval)
        edge = 0.1 * (most - least)
        if min(most - t, t - least) < edge:  # too near to an end to gain much
            if stuck or t >= most or t <= least:
                t = most - edge if abs(t - most) < abs(t - least) else least + edge
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        now = look(t)
        used += 1
        tries += 1
        if too_high(now) or now.f >= interval[low].f:
            interval[high] = now
            low, high = (0, 1) if interval[0].f <= interval[1].f else (1, 0)
            continue
        done = abs(now.slope) <= flat
        if not done and now.slope * (interval[high].t - interval[low].t) >= 0:
            interval[high] = interval[low]
        interval[low] = now
        if done:
            break
    best = interval[low]
    return best.f, best.g, best.t, used
