"""``torch.cuda.profiler``: there is no GPU to look at; ``autograd.profiler`` looks at operations."""

from __future__ import annotations

from typing import Any

from . import _ABSENT

__all__ = ["profile", "start", "stop"]


def start(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError."""
    raise RuntimeError(_ABSENT)


stop = profile = start
