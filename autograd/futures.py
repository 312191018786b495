"""``torch.futures``: a value that is set later, and what is to be done with it then. Nothing runs beside the program.

Source: https://docs.pytorch.org/docs/stable/futures.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")


class Future(Generic[T]):
    """A value that some code sets and other code waits for.

    Args:
        devices: where the value may lie; the CPU is the only place.

    >>> future = Future()
    >>> double = future.then(lambda f: 2 * f.wait())
    >>> future.set_result(3)
    >>> double.done(), double.value()
    (True, 6)
    """

    def __init__(self, *, devices: Any = None) -> None:
        self._lock = threading.Condition()
        self._outcome: tuple[Any, BaseException | None] | None = None
        self._callbacks: list[Callable[[Any], Any]] = []

    def done(self) -> bool:
        """Whether it has a value, or an exception."""
        return self._outcome is not None

    def wait(self) -> Any:
        """The value, once it is there. Raises what ``set_exception`` was given."""
        with self._lock:
            while self._outcome is None:
                self._lock.wait()
        return self.value()

    def value(self) -> Any:
        """The value. Raises what ``set_exception`` was given, and RuntimeError if there is nothing yet."""
        if self._outcome is None:
            raise RuntimeError("value() was called before the future was done: use wait()")
        value, error = self._outcome
        if error is not None:
            raise error
        return value

    def set_result(self, result: Any) -> None:
        """Give the value. Raises RuntimeError the second time."""
        self._finish(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Let ``wait`` and ``value`` raise this. Raises TypeError for what is no exception."""
        if not isinstance(result, BaseException):
            raise TypeError(f"{result} is of type {type(result)}, not an Exception.")
        self._finish(None, result)

    def _finish(self, value: Any, error: BaseException | None) -> None:
        with self._lock:
            if self._outcome is not None:
                raise RuntimeError("this future has its value already: set_result is for the first time only")
            self._outcome = value, error
            self._lock.notify_all()
            waiting, self._callbacks = self._callbacks, []
        for callback in waiting:
            callback(self)

    def add_done_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call ``callback(self)`` when it is done; at once, if it is."""
        with self._lock:
            if self._outcome is None:
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback: Callable[[Any], Any]) -> Future[Any]:
        """The future of what ``callback(self)`` gives or raises."""
        after: Future[Any] = Future()

        def run(future: Any) -> None:
            try:
                result = callback(future)
            except Exception as error:
                after.set_exception(error)
            else:
                after.set_result(result)

        self.add_done_callback(run)
        return after


def collect_all(futures: Sequence[Future[Any]]) -> Future[list[Future[Any]]]:
    """The future of the whole list, done when all of them are.

    >>> one, two = Future(), Future()
    >>> both = collect_all([one, two])
    >>> one.set_result(1), two.set_result(2)
    (None, None)
    >>> [f.value() for f in both.wait()]
    [1, 2]
    """
    whole: Future[list[Future[Any]]] = Future()
    left, lock = [len(futures)], threading.Lock()

    def count(future: Any) -> None:
        with lock:
            left[0] -= 1
            last = left[0] == 0
        if last:
            whole.set_result(list(futures))

    if not futures:
        whole.set_result([])
    for future in futures:
        future.add_done_callback(count)
    return whole


def wait_all(futures: Sequence[Future[Any]]) -> list[Any]:
    """The values of all of them, once they are there. Raises the first one's exception."""
    return [future.wait() for future in collect_all(futures).wait()]
