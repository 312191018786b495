"""What programs ask of ``torch.compiler``."""

from __future__ import annotations

import contextlib
from typing import Any

from .compiling import compile as compile

__all__ = ["compile", "cudagraph_mark_step_begin", "disable", "is_compiling", "reset"]


def is_compiling() -> bool:
    """False: functions run as Python while they are recorded."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself."""
    return fn if fn is not None else lambda f: f


def allow_in_graph(fn: Any) -> Any:
    """The function itself."""
    return fn


assume_constant_result = allow_in_graph


def substitute_in_graph(original_fn: Any, **options: Any) -> Any:
    """A decorator that leaves the substitute as it is: what PyTorch's compiler would call instead of ``original_fn``."""
    return allow_in_graph


def set_stance(stance: str = "default", **options: Any) -> Any:
    """A block, and a decorator, in which PyTorch's compiler would behave otherwise."""
    return contextlib.nullcontext()


def reset() -> None:
    """Nothing is kept between functions."""


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark."""


def list_backends(exclude_tags: Any = None) -> list[str]:
    """The one there is."""
    return ["numpy"]
