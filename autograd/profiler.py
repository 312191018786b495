"""What programs ask of ``torch.profiler``: the blocks run, and the report has the one figure that is cheap: wall time.

Python's own profilers (cProfile, py-spy) see into this library, since it is Python.
"""

from __future__ import annotations

import contextlib
import enum
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "tensorboard_trace_handler"]


class ProfilerActivity(enum.Enum):
    """What could be profiled."""

    CPU, CUDA, XPU, MTIA, HPU, PrivateUse1 = range(6)


class ProfilerAction(enum.Enum):
    """What the profiler does at a step."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = range(4)


class profile:
    """A block whose ``record_function`` sections are timed; ``key_averages().table()`` lists them.

    ``on_trace_ready`` is called at the end, or with a ``schedule`` after each step that this says to save.
    """

    def __init__(
        self, enabled: Any = True, *, activities: Iterable[Any] | None = None, schedule: Callable[[int],
        Any] | None = None,
        on_trace_ready: Callable[[Any], Any] | None = None, record_shapes: bool = False, profile_memory: bool = False,
        with_stack: bool = False, with_flops: bool = False, with_modules: bool = False, use_cuda: bool | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self._ready = on_trace_ready
        self._schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.step_num = 0
        self.sections: dict[str, tuple[int, float]] = {}

    def __enter__(self) -> profile:
        _running.append(self)
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sections["total"] = (1, time.perf_counter() - self._start)
        _running.remove(self)
        if self._ready is not None and self._schedule(self.step_num) not in (
            ProfilerAction.NONE,
            ProfilerAction.WARMUP,
        ):
            self._ready(self)

    start = __enter__

    def stop(self) -> None:
        """End the block that ``start`` began."""
        self.__exit__()

    def step(self) -> None:
        """Count one step."""
        done = self._schedule(self.step_num)
        self.step_num += 1
        if done is ProfilerAction.RECORD_AND_SAVE and self._ready is not None:
            self._ready(self)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of the whole block."""
        return 1e6 * self.sections.get("total", (1, 0.0))[1]

    def key_averages(self, *args: Any, **kwargs: Any) -> profile:
        """The sections and their times."""
        return self

    def events(self) -> list[tuple[str, int, float]]:
        """(name, calls, seconds) of each section."""
        return [(name, calls, seconds) for name, (calls, seconds) in self.sections.items()]

    def table(self, sort_by: Any = None, row_limit: int = 100, **kwargs: Any) -> str:
        """The sections as a table."""
        lines = [f"{'section':<40} {'calls':>7} {'ms':>10}"]
        lines += [f"{name:<40} {calls:>7} {seconds * 1e3:>10.3f}" for name, calls, seconds in self.events()[:row_limit]]
        return "\n".join(lines)

    def export_chrome_trace(self, path: str) -> None:
        """Write the sections as a (very short) Chrome trace."""
        import json

        events = [{"name": n, "ph": "X", "ts": 0, "dur": s * 1e6, "pid": 0, "tid": 0} for n, _, s in self.events()]
        with open(path, "w") as file:
            json.dump({"traceEvents": events}, file)


_running: list[profile] = []


@contextlib.contextmanager
def record_function(name: str, args: str | None = None) -> Iterator[None]:
    """A section of the program with a name."""
    start = time.perf_counter()
    try:
        yield
    finally:
        for running in _running:
            calls, seconds = running.sections.get(name, (0, 0.0))
            running.sections[name] = (calls + 1, seconds + time.perf_counter() - start)


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, **kwargs: Any
) -> Callable[[int], ProfilerAction]:
    """Which steps would be recorded."""

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        cycle = wait + warmup + active
        if step < 0 or (repeat and step // cycle >= repeat):
            return ProfilerAction.NONE
        at = step % cycle
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if at == cycle - 1 else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[Any], None]:
    """A handler that writes the trace into a folder."""

    def handler(finished: profile) -> None:
        import os

        os.makedirs(dir_name, exist_ok=True)
        finished.export_chrome_trace(
            os.path.join(dir_name, f"{worker_name or 'worker'}.{time.time_ns()}.pt.trace.json")
        )

    return handler


def emit_nvtx(*args: Any, **kwargs: Any) -> Any:
    """A block that marks nothing."""
    return contextlib.nullcontext()
