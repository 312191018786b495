"""Timing a statement: ``torch.utils.benchmark`` in little. ``Timer`` warms up, measures, and says how long one run takes.

Source: https://docs.pytorch.org/docs/stable/benchmark_utils.html

>>> measured = Timer("x * 2", globals={"x": 3}).timeit(100)
>>> measured.number_per_run, measured.mean > 0
(100, True)
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Compare", "Measurement", "Timer"]


def _readable(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-9:.2f} ns"


@dataclass
class Measurement:
    """What was measured: ``raw_times`` in seconds, each of ``number_per_run`` runs."""

    number_per_run: int
    raw_times: list[float]
    title: str
    setup: str = ""
    num_threads: int = 1
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None

    @property
    def times(self) -> list[float]:
        """Seconds of one run, measurement by measurement."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def mean(self) -> float:
        """The mean time of one run."""
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        """The median time of one run."""
        return statistics.median(self.times)

    @property
    def iqr(self) -> float:
        """How far apart the quartiles are; 0 for a single measurement."""
        if len(self.raw_times) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.times, n=4)
        return high - low

    def __repr__(self) -> str:
        count, threads = len(self.raw_times), self.num_threads
        lines = [self.title, *([f"setup: {self.setup}"] if self.setup not in ("", "pass") else [])]
        lines += [f"  {'Median: ' if count > 1 else ''}{_readable(self.median)}"]
        lines += [f"  IQR:    {_readable(self.iqr)}"] if count > 1 else []
        runs = f"{count} measurement{'s' * (count > 1)}, {self.number_per_run} runs "
        return "\n".join([object.__repr__(self), *lines, f"  {runs}, {threads} thread{'s' * (threads > 1)}"])


class Timer:
    """Times ``stmt``, with the names in ``globals``, after ``setup``, on ``num_threads`` threads (one by default).

    ``label``, ``sub_label`` and ``description`` are for ``Compare``.
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        *,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        num_threads: int = 1,
    ) -> None:
        self._timer = timeit.Timer(stmt, setup, globals=dict(globals or {}))
        self._about = {
            "title": ": ".join(filter(None, [label or stmt, sub_label, description])), "setup": setup,
            "num_threads": num_threads, "label": label or stmt, "sub_label": sub_label, "description": description,
        }  # fmt: skip

    def _measured(self, number: int, count: int) -> Measurement:
        from ..threads import get_num_threads, set_num_threads

        threads: Any = self._about["num_threads"]
        before = get_num_threads()
        set_num_threads(threads)
        try:
            self._timer.timeit(max(number // 100, 2))  # what is done once only: imports, caches
            return Measurement(number, self._timer.repeat(count, number), **self._about)  # type: ignore[arg-type]
        finally:
            set_num_threads(before)

    def timeit(self, number: int = 1000000) -> Measurement:
        """One measurement of so many runs."""
        return self._measured(number, 1)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Measurements of a size that suits the statement, until ``min_run_time`` seconds are over."""
        number, taken = self._timer.autorange()
        number = max(1, int(number * min_run_time / 10 / max(taken, 1e-9)))
        return self._measured(number, 10)

    adaptive_autorange = blocked_autorange


class Compare:
    """A table of measurements: a row for each ``sub_label``, a column for each ``description``."""

    def __init__(self, results: Sequence[Measurement]) -> None:
        self._results = list(results)

    def __str__(self) -> str:
        columns = list(dict.fromkeys(str(m.description) for m in self._results))
        rows = list(dict.fromkeys((m.num_threads, str(m.sub_label or m.title)) for m in self._results))
        found = {(m.num_threads, str(m.sub_label or m.title), str(m.description)): m for m in self._results}
        table = [["", *columns]]
        for row in rows:
            cells = [_readable(found[(*row, c)].median) if (*row, c) in found else "" for c in columns]
            table.append([f"{row[1]} ({row[0]} threads)" if row[0] > 1 else row[1], *cells])
        widths = [max(len(line[i]) for line in table) for i in range(len(columns) + 1)]
        return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in table)

    def print(self) -> None:
        """Print the table."""
        print(self)

    def colorize(self, rowwise: bool = False) -> None:
        """The table has no colours."""

    def trim_significant_figures(self) -> None:
        """The table shows two decimals as it is."""
