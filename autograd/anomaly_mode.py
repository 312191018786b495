"""detect_anomaly: which forward line made the NaN.

While it is on, every new node remembers the line of the user's program that made it, and backward looks at each
gradient that a formula returns. While it is off nothing of this exists: ``graph.watcher`` is None, and backward has no
test for it.

Source: https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any

import numpy as np

from . import graph
from .graph import Leaf, Node, Part, note

__all__ = ["detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly"]

_ROOTS = tuple(
    os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name) + os.sep
    for name in ("autograd", "nn", "optim")
)


class _State:
    """Whether anomaly mode is on, and whether it looks for NaN."""

    enabled = False
    check_nan = True
    before: Any = None  # the watcher that was there, and is called too


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return _State.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode is on and looks for NaN."""
    return _State.enabled and _State.check_nan


class Origin:
    """Where a node was made: the frames of the user's program, the innermost last."""

    __slots__ = ("frames",)

    def __init__(self) -> None:
        frame: Any = sys._getframe(2)
        self.frames: list[tuple[str, int, str]] = []
        while frame is not None and len(self.frames) < 12:
            code = frame.f_code
            if not code.co_filename.startswith(_ROOTS) and not (
                code.co_filename == "<string>" and code.co_name == "<lambda>"
            ):
                self.frames.append((code.co_filename, frame.f_lineno, code.co_name))
            frame = frame.f_back
        self.frames.reverse()

    @property
    def line(self) -> str:
        """``file:line in function``, of the innermost frame."""
        if not self.frames:
            return "an unknown place"
        file, number, function = self.frames[-1]
        return f"{file}:{number} in {function}"

    def __str__(self) -> str:
        summary = traceback.StackSummary.from_list([traceback.FrameSummary(f, n, name) for f, n, name in self.frames])
        return "".join(summary.format())


def _watch(node: Node) -> None:
    if _State.before is not None:
        _State.before(node)
    if isinstance(node, (Leaf, Part)) or node.op is None:
        return
    notes = note(node)
    origin = Origin()
    if isinstance(notes.trace, dict):
        notes.trace["traceback_"] = str(origin)
    else:
        notes.trace = {"origin": origin}
    if _State.check_nan:
        notes.after = {} if notes.after is None else notes.after
        notes.after[-1] = lambda given, got, node=node: _look(node, given, got)


def _look(node: Node, given: tuple[Any, ...], got: tuple[Any, ...]) -> None:
    """A node hook: raise if a formula returned NaN where its cotangent had none."""
    for k, gradient in enumerate(given):
        if gradient is None or not np.isnan(gradient.array).any():
            continue
        origin = node.notes.trace["origin"]  # type: ignore[union-attr]
        where = tuple(int(i) for i in np.argwhere(np.isnan(gradient.array))[0])
        raise RuntimeError(
            f"Function '{node.name()}' returned nan values in its {k}th output. The first is at {list(where)} of "
            f"{list(gradient.array.shape)}. The forward call that made it:\n  {origin.line}\n"
            f"Traceback of forward call (most recent call last):\n{origin}"
        )


class set_detect_anomaly:
    """Switch anomaly mode on or off; as a context manager, until the block ends.

    Args:
        mode: on or off.
        check_nan: raise when backward makes a NaN.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._kept = (_State.enabled, _State.check_nan)
        _switch(bool(mode), check_nan)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _switch(*self._kept)


class detect_anomaly:
    """A context manager in which backward says which forward line made a NaN, instead of passing it on.

    Both the forward and the backward pass must run inside. RuntimeError names the operation, the place in the
    gradient, and the line. It costs a walk up the stack for every operation: for debugging only.

    >>> import autograd
    >>> x = autograd.tensor([0.0], requires_grad=True)
    >>> with autograd.set_detect_anomaly(True):
    ...     y = (x.sqrt() * 0).sum()
    ...     try:
    ...         y.backward()
    ...     except RuntimeError as error:
    ...         print(str(error).split(" in its")[0])
    Function 'SqrtBackward0' returned nan values

    Source: https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._kept: list[tuple[bool, bool]] = []
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled "
            "for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._kept.append((_State.enabled, _State.check_nan))
        _switch(True, self.check_nan)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _switch(*self._kept.pop())


def _switch(enabled: bool, check_nan: bool) -> None:
    if enabled and not _State.enabled:
        _State.before, graph.watcher = graph.watcher, _watch
    elif not enabled and _State.enabled:
        graph.watcher = _State.before
        _State.before = None
    _State.enabled, _State.check_nan = enabled, check_nan
