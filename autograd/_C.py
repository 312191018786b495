"""The few names of PyTorch's compiled core that programs spell out."""

from __future__ import annotations

import sys
from typing import Any

from .namespace import resolve
from .ops.matrices import LinAlgError as _LinAlgError
from .overrides import DisableTorchFunction as DisableTorchFunction
from .overrides import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass
from .random import Generator as Generator

__all__ = ["Generator", "_LinAlgError", "_get_tracing_state"]

_PUBLIC = frozenset(["Size", "device", "dtype", "layout", "memory_format"])


def _get_tracing_state() -> None:
    """None: nothing is being traced by ``torch.jit``."""


def _set_worker_signal_handlers() -> None:
    """Nothing: a DataLoader's workers are threads, which signals don't reach. Copies of PyTorch's loader name this, and the next three."""


def _set_worker_pids(loader: Any, pids: Any) -> None:
    """Nothing: threads have no process numbers."""


def _remove_worker_pids(loader: Any) -> None:
    """Nothing, likewise."""


def _error_if_any_worker_fails() -> None:
    """Nothing: the error of a thread is raised where its batch is asked for."""


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(sys.modules[__package__], name)
    if name == "_nn":  # where PyTorch keeps the kernels of gelu and others
        return resolve("nn").functional
    raise AttributeError(f"module 'torch._C' has no attribute {name!r} here: it is PyTorch's compiled core")
