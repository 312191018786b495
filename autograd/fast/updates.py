"""A step of an optimizer: one loop over parameters, gradients and state, made from the optimizer's own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..threads import get_num_threads
from .elementwise import Trace, Untraceable, run
from .runtime import address

__all__ = ["Pieces"]


class Value:
    """What a rule works with while only its script is asked for: an array, or the result of a call."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Script:
    """Stands in for NumPy: ``calls`` says which functions a rule calls on what, ``numbers`` are the numbers among it.

    The same calls mean the same loop, with other numbers: ten times as quick as to trace the rule again in each step.
    """

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.numbers: list[float] = []

    def __getattr__(self, name: str) -> Callable[..., Value]:
        def called(*operands: Any, out: Any = None) -> Value:
            calls = self.calls
            calls.append(name)
            for value in operands:
                if type(value) is Value:
                    calls.append(value.number)
                elif type(value) is float or type(value) is int:
                    calls.append(None)
                    self.numbers.append(value)
                else:
                    raise Untraceable(str(type(value)))
            return Value(len(calls))

        setattr(self, name, called)
        return called

    def of(self, rule: Callable[..., Any], h: Any, slots: list[str], scratch: int) -> Any:
        """What ``rule`` does in this step, as a key; its numbers are then in ``numbers``."""
        self.calls.clear()
        self.numbers.clear()
        p, g, *old = map(Value, range(-2 - len(slots), 0))
        new, state = rule(self, h, p, g, dict(zip(slots, old, strict=True)), *[None] * scratch)
        return (*self.calls, new.number, *[state[name].number if name in state else None for name in slots])


class Pieces:
    """Where float32 parameters and their state lie, cut into a part for each thread; gradients are found anew at each step.

    Each thread has its part of every parameter: about the one that it reads in a forward pass and whose gradient it makes.
    """

    def __init__(self, arrays: list[Any], state: dict[str, Any]) -> None:
        self.slots = list(state)
        starts = np.cumsum([0, *(array.size for array in arrays)])
        parts, count = [], get_num_threads()
        for t in range(count):
            for i, array in enumerate(arrays):
                top, bottom = (array.size * k // count // 16 * 16 if k < count else array.size for k in (t, t + 1))
                if top < bottom:
                    kept = [address(flat) + 4 * (starts[i] + top) for flat in state.values()]
                    parts.append((bottom - top, i, 4 * top, [address(array.reshape(-1)) + 4 * top, 0, *kept]))
        lengths, self.owner, self.offsets, rows = zip(*parts, strict=True)
        self.ends, self.table = np.cumsum(lengths), np.array(rows, np.uintp)
        self.starts: list[int] = []  # where the gradients were in the latest step
        self.script = Script()
        self.loops: dict[Any, tuple[int, int]] = {}  # address and length of the loop, by what the rule does

    def loop(self, rule: Callable[..., Any], h: Any, scratch: int) -> tuple[int, int]:
        """The loop that does what ``rule`` does on symbols. Raises Untraceable if that is not elementwise arithmetic."""
        trace = Trace()
        p, g, *old = (trace.array() for _ in range(self.table.shape[1]))
        new, state = rule(np, h, p, g, dict(zip(self.slots, old, strict=True)), *[None] * scratch)
        results = [(0, new), *((2 + i, state[name]) for i, name in enumerate(self.slots) if name in state)]
        return trace.loop([(i, value) for i, value in results if value.name != f"v{i}"], 0), len(trace.lines)

    def run(self, loop: int, length: int, numbers: Any, gradients: list[Any]) -> None:
        """Run a loop, given by its address and length, on all elements."""
        gradients = [array.ravel() for array in gradients]
        starts = [address(array) for array in gradients]
        if starts != self.starts:
            self.table[:, 1] = [starts[i] + offset for i, offset in zip(self.owner, self.offsets, strict=True)]
            self.starts = starts
        run(loop, length, numbers, self.table, self.ends)

    def update(self, rule: Callable[..., Any], h: Any, gradients: list[Any], scratch: int) -> bool:
        """Run what ``rule(np, h, p, g, state, *scratch)`` does on all elements.

        Returns False, having done nothing, if a gradient is not float32 or the rule is not elementwise arithmetic.
        """
        if any([array.dtype != np.float32 for array in gradients]):
            return False
        try:
            key = self.script.of(rule, h, self.slots, scratch)
            found = self.loops.get(key)
            if found is None:
                found = self.loops[key] = self.loop(rule, h, scratch)
        except Untraceable:
            return False
        self.run(*found, self.script.numbers, gradients)
        return True
