"""What a step reaches by itself, and whether that is still what it was: a program's guards."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from types import CellType
from typing import Any

import numpy as np

from ..tensor import Tensor
from ..views import owner

__all__ = ["Reach"]

ndarray = np.ndarray


class Reach:
    """What a function reaches by itself: the tensors in its closure, its globals, its modules and their attributes.

    ``ties`` says through which cells and dictionaries, and ``modes`` which modules were in training: if one of them
    changes, the program no longer describes the step.
    """

    def __init__(self, function: Any) -> None:
        self.tensors: dict[int, Tensor] = {}  # by id of the array
        self.ties: list[tuple[Any, Any, Any]] = []
        self.modes: list[tuple[Any, bool]] = []
        seen: set[int] = set()
        stack: list[Any] = [function]
        while stack:
            thing = stack.pop()
            if id(thing) not in seen and not isinstance(thing, PLAIN):
                seen.add(id(thing))
                stack.extend(self._inside(thing))
        self.memory: dict[int, list[Any]] = {}  # the arrays, by id of the one that owns their memory
        for tensor in self.tensors.values():
            self.memory.setdefault(id(owner(tensor.array)), []).append(tensor.array)

    def _inside(self, thing: Any) -> Iterable[Any]:
        if isinstance(thing, Tensor):
            self.tensors[id(thing.array)] = thing
            return ()
        if isinstance(thing, (list, tuple, set)):
            return thing
        if isinstance(thing, dict):
            self.ties += [(thing, key, value) for key, value in thing.items() if not isinstance(value, PLAIN)]
            return list(thing.values())
        if isinstance(thing, CellType):
            try:
                self.ties.append((thing, None, thing.cell_contents))
                return (thing.cell_contents,)
            except ValueError:  # an empty cell
                return ()
        if isinstance(thing, functools.partial):
            return thing.func, thing.args, thing.keywords
        if hasattr(thing, "__code__"):
            names = [name for name in thing.__code__.co_names if name in thing.__globals__]
            values = [thing.__globals__[name] for name in names]
            self.ties += [
                (thing.__globals__, n, v) for n, v in zip(names, values, strict=True) if not isinstance(v, PLAIN)
            ]
            return (*(thing.__closure__ or ()), *(thing.__defaults__ or ()), thing.__kwdefaults__, *values)
        if hasattr(thing, "__self__"):
            return thing.__self__, getattr(thing, "__func__", None)
        if hasattr(thing, "named_parameters"):
            self.modes.append((thing, thing.training))
            return (
                thing._parameters,
                thing._buffers,
                thing._modules,
                {k: v for k, v in vars(thing).items() if isinstance(v, Tensor)},
            )
        return (
            [v for v in vars(thing).values() if isinstance(v, (Tensor, list, tuple, dict))]
            if hasattr(thing, "__dict__")
            else ()
        )

    def changed(self) -> bool:
        """Whether something is no longer what it was."""
        for holder, key, value in self.ties:
            if (holder.cell_contents if key is None else holder.get(key)) is not value:
                return True
        return any(module.training is not training for module, training in self.modes)


PLAIN: Any = (str, bytes, int, float, complex, type(None), type, type(sys), ndarray, np.generic)
