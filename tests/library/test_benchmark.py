"""``autograd.utils.benchmark`` measures and shows what was measured."""

from __future__ import annotations

import autograd
from autograd.utils import benchmark


def test_measurements_count_runs_and_show_themselves() -> None:
    threads = autograd.get_num_threads()
    timer = benchmark.Timer(
        "x + y", "y = 1", globals={"x": autograd.ones(3)}, label="sum", sub_label="3", description="a"
    )
    one, several = timer.timeit(10), timer.blocked_autorange(min_run_time=0.01)
    assert one.number_per_run == 10 and len(one.times) == 1 and one.iqr == 0 and one.mean == one.median > 0
    assert len(several.times) == 10 and several.iqr >= 0 and autograd.get_num_threads() == threads
    assert "sum: 3: a\nsetup: y = 1\n" in repr(one) and "1 measurement, 10 runs , 1 thread" in repr(one)
    other = benchmark.Timer("x", globals={"x": 1}, label="sum", sub_label="3", description="b").timeit(5)
    lines = str(benchmark.Compare([one, other])).splitlines()
    assert lines[0].split() == ["a", "b"] and lines[1].split()[0] == "3"


def test_times_are_shown_in_a_unit_that_fits() -> None:
    shown = [benchmark._readable(t) for t in (2.0, 0.0035, 4.2e-6, 5e-9)]
    assert shown == ["2.00 s", "3.50 ms", "4.20 us", "5.00 ns"]
