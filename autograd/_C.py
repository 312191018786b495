"""The few names of PyTorch's compiled core that programs spell out."""

from __future__ import annotations

from typing import Any

from .namespace import resolve
from .ops.matrices import LinAlgError as _LinAlgError
from .random import Generator as Generator

__all__ = ["Generator", "_LinAlgError", "_get_tracing_state"]


def _get_tracing_state() -> None:
    """None: nothing is being traced by ``torch.jit``."""


def __getattr__(name: str) -> Any:
    if name == "_nn":  # where PyTorch keeps the kernels of gelu and others
        return resolve("nn").functional
    raise AttributeError(f"module 'torch._C' has no attribute {name!r} here: it is PyTorch's compiled core")
