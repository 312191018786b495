"""What a recorded step is made of: slots for arrays, and calls that read and make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph import Node

__all__ = ["Call", "CannotReplay", "Seen", "Shape", "Slot", "shape_of", "walk"]


class CannotReplay(Exception):
    """Why a call can't be written down."""


class Slot:
    """An array of the program: an argument, something reached, or the result of a call."""

    __slots__ = ("array", "number")

    def __init__(self, number: int, array: Any) -> None:
        self.number = number
        self.array = array

    def __repr__(self) -> str:
        return f"t{self.number}"


class Call:
    """One line of a program: ``out = function(*args, **kwargs)``; ``out`` is a Slot, or a tuple of them."""

    __slots__ = ("args", "function", "kwargs", "out")

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        self.function, self.args, self.kwargs, self.out = function, args, kwargs, out


class Seen:
    """What a formula that adds into a buffer reads of its node."""

    __slots__ = ("params", "parents")

    def __init__(self, params: Any, parents: Any) -> None:
        self.params, self.parents = params, parents


def walk(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` applied to what its tuples, lists and dicts hold."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind([walk(item, change) for item in value])
    if kind is dict:
        return {key: walk(item, change) for key, item in value.items()}
    return change(value)


class Shape:
    """Shape and dtype of an array: what a formula's ``like`` is in a program, which holds no nodes."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Any, dtype: Any) -> None:
        self.shape, self.dtype = shape, dtype


def shape_of(value: Any) -> Any:
    """A node's shape and dtype; anything else as it is."""
    return Shape(value.shape, value.dtype) if isinstance(value, Node) else value
