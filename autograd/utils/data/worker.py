"""Workers: threads that fetch batches ahead, each in its own stream of random numbers."""

from __future__ import annotations

import copy
import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["WorkerInfo", "Workers", "get_worker_info"]


@dataclass
class WorkerInfo:
    """What a worker knows of itself: ``id``, ``num_workers``, ``seed``, and its own shallow copy of the ``dataset``."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Current(threading.local):
    info: WorkerInfo | None = None


_current = _Current()


def get_worker_info() -> WorkerInfo | None:
    """What the DataLoader worker that asks knows of itself; None in the main thread.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info
    """
    return _current.info


class _Stop:
    """What a worker answers when its iterable dataset has ended."""


class _Failure:
    def __init__(self, error: BaseException, worker: int) -> None:
        self.error = error
        error.add_note(f"(in DataLoader worker {worker})")


def _work(info: WorkerInfo, start: Callable[[Any], Any], init: Any, tasks: Any, answers: Any) -> None:
    """A worker's life: take a task, fetch, answer; a task of None ends it, ``"again"`` begins another epoch."""
    from ...generator import Generator, use

    _current.info = info
    failure = fetch = None
    with use(Generator().manual_seed(info.seed)):
        try:
            if init is not None:
                init(info.id)
        except Exception as error:
            failure = _Failure(error, info.id)
        for number, indices in iter(tasks.get, None):
            if number == "again":
                fetch = None
                continue
            answer: Any = failure
            if answer is None:
                try:
                    fetch = fetch or start(info.dataset)
                    answer = fetch(indices)
                except StopIteration:
                    answer = _Stop
                except Exception as error:
                    answer = _Failure(error, info.id)
            answers.put((number, answer))


class Workers:
    """Threads that fetch batches ahead; iterating gives the batches in order (or as they come, if ``in_order`` is off).

    Args:
        dataset: each worker gets a shallow copy.
        count: how many threads.
        ahead: how many batches each is asked for in advance.
        start: ``start(dataset)`` gives the function from indices to a batch.
        seed: worker i draws from a generator seeded with ``seed + i``.
        init: called with the worker's number in its thread.
        timeout: seconds to wait for a batch; 0 waits for ever.
        in_order: give the batches in the order of the sampler.
    """

    def __init__(
        self, dataset: Any, count: int, ahead: int, start: Any, seed: int, init: Any, timeout: float, in_order: bool
    ) -> None:
        self.count, self.ahead, self.timeout, self.in_order = count, ahead, timeout, in_order
        self.numbers = itertools.count()
        self.answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.tasks: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in range(count)]
        for i in range(count):
            info = WorkerInfo(i, count, seed + i, copy.copy(dataset))
            args = (info, start, init, self.tasks[i], self.answers)
            threading.Thread(target=_work, args=args, daemon=True, name=f"DataLoader worker {i}").start()

    def __del__(self) -> None:
        for tasks in self.tasks:
            tasks.put(None)

    def run(self, sampler: Iterator[Any]) -> Iterator[Any]:
        """The batches of one epoch. The first are asked for at once, before the program draws its next random number."""
        for tasks in self.tasks:
            tasks.put(("again", None))
        alive = [True] * self.count
        turns = itertools.cycle(range(self.count))
        owner: dict[int, int] = {}

        def ask() -> None:
            if any(alive):
                for indices in itertools.islice(sampler, 1):
                    worker = next(w for w in turns if alive[w])
                    number = next(self.numbers)
                    owner[number] = worker
                    self.tasks[worker].put((number, indices))

        for _ in range(max(1, self.ahead) * self.count):
            ask()
        return self._batches(ask, owner, alive)

    def _batches(self, ask: Callable[[], None], owner: dict[int, int], alive: list[bool]) -> Iterator[Any]:
        """What the workers answer; ``owner`` says which worker each batch that is under way was asked of."""
        arrived: dict[int, Any] = {}
        while owner:
            number = next(iter(owner))  # the oldest
            while number not in arrived and (self.in_order or not arrived):
                late, answer = self._wait()
                if late in owner:  # else it was meant for an epoch that was broken off
                    arrived[late] = answer
            if not self.in_order:
                number = next(iter(arrived))
            answer, worker = arrived.pop(number), owner.pop(number)
            if answer is _Stop:
                alive[worker] = False
            ask()
            if isinstance(answer, _Failure):
                raise answer.error
            if answer is not _Stop:
                yield answer

    def _wait(self) -> Any:
        try:
            return self.answers.get(timeout=self.timeout or None)
        except queue.Empty:
            raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds") from None
