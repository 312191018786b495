"""A step of an optimizer: one loop over parameters, gradients and state, made from the optimizer's own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import Trace, Untraceable, share

__all__ = ["Pieces", "update"]


class Pieces:
    """Where the blocks of a plan's parameters and state lie; gradients are found anew at each step."""

    def __init__(self, blocks: Any) -> None:
        self.kind = blocks[0][2].dtype
        self.slots = list(blocks[0][3])
        self.table = np.array([[p.ctypes.data, 0, *(s.ctypes.data for s in state.values())] for _, _, p, state in blocks], np.uintp)  # fmt: skip
        self.owner = np.array([i for i, *_ in blocks])
        self.offsets = np.array([4 * place.start for _, place, *_ in blocks], np.uintp)
        self.ends = np.cumsum([p.size for _, _, p, _ in blocks])


def update(pieces: Pieces, rule: Callable[..., Any], gradients: list[Any], scratch: int) -> bool:
    """Call ``rule(p, g, state, *scratch)`` once, on symbols, and run what it does on all elements.

    Returns False, having done nothing, if arrays are not float32 or the rule is not elementwise arithmetic.
    """
    if pieces.kind != np.float32 or any(array.dtype != np.float32 for array in gradients):
        return False
    trace = Trace()
    p, g, *old = (trace.array() for _ in range(pieces.table.shape[1]))
    try:
        new, state = rule(p, g, dict(zip(pieces.slots, old, strict=True)), *[None] * scratch)
    except Untraceable:
        return False
    results = [(0, new), *((2 + i, state[name]) for i, name in enumerate(pieces.slots) if name in state)]
    starts = np.array([array.ctypes.data for array in gradients], np.uintp)
    pieces.table[:, 1] = starts[pieces.owner] + pieces.offsets
    share(trace, [(i, value) for i, value in results if value.name != f"v{i}"], pieces.table, pieces.ends)
    return True
