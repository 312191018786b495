"""``torch.fx``: rewriting programs is not supported, and says so when it is tried; modules that only name it import.

What a program wants from it is mostly here in another form: ``visualize`` has the graph of what was computed, forward
hooks give the results of inner layers, ``compile`` records and replays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer", "symbolic_trace", "wrap"]


def _refuse(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"torch.fx.{name} is not supported: programs are not traced into a graph that can be rewritten. Forward hooks "
        "give the results of inner layers; autograd.visualize has the graph of what was computed"
    )


class _Absent:
    """Can be named in annotations, ``isinstance`` and as a base class; making one raises NotImplementedError."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise _refuse(type(self).__name__)


class Graph(_Absent):
    """Not supported."""


class GraphModule(_Absent):
    """Not supported: no module is one."""


class Node(_Absent):
    """Not supported."""


class Proxy(_Absent):
    """Not supported."""


class Tracer(_Absent):
    """Not supported."""


class Interpreter(_Absent):
    """Not supported."""


class Transformer(_Absent):
    """Not supported."""


def symbolic_trace(root: Any, concrete_args: Any = None) -> Any:
    """Raises NotImplementedError."""
    raise _refuse("symbolic_trace")


def wrap(fn_or_name: str | Callable[..., Any]) -> Any:
    """The function itself: only a tracer would treat it in another way."""
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    return fn_or_name
