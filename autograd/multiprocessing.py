"""``torch.multiprocessing``: Python's, and ``spawn``. Tensors are copied between processes, not shared."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing import get_context
from typing import Any


def get_sharing_strategy() -> str:
    """How tensors would be shared."""
    return "file_system"


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted: tensors are copied between processes."""


def get_all_sharing_strategies() -> set[str]:
    """The one there is."""
    return {"file_system"}


class SpawnContext:
    """Processes that ``spawn(..., join=False)`` started."""

    def __init__(self, processes: list[Any]) -> None:
        self.processes = processes

    def join(self, timeout: float | None = None) -> bool:
        """Wait for all. Raises RuntimeError if one failed; the others are then ended."""
        for i, process in enumerate(self.processes):
            process.join(timeout)
            if process.exitcode:
                for other in self.processes:
                    if other.is_alive():
                        other.terminate()
                raise RuntimeError(f"process {i} terminated with exit code {process.exitcode}")
        return not any(p.is_alive() for p in self.processes)


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> SpawnContext | None:  # fmt: skip
    """Run ``fn(i, *args)`` in ``nprocs`` processes."""
    context: Any = get_context(start_method)
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    running = SpawnContext(processes)
    if not join:
        return running
    while not running.join():
        pass
    return None
