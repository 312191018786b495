"""What programs ask of ``torch.accelerator``: there is none."""

from __future__ import annotations

from typing import Any

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "is_available",
    "set_device_index",
    "synchronize",
]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None: there is no accelerator."""
    return None


def current_device_index() -> int:
    """Raises RuntimeError: there is no accelerator."""
    raise RuntimeError("there is no accelerator: ask autograd.accelerator.is_available() first")


current_device_idx = current_device_index


def set_device_index(device: Any) -> None:
    """Raises RuntimeError: there is no accelerator."""
    raise RuntimeError("there is no accelerator: ask autograd.accelerator.is_available() first")


set_device_idx = set_device_index


def synchronize(device: Any = None) -> None:
    """Nothing to wait for."""


def empty_cache() -> None:
    """Nothing to empty."""


def memory_allocated(device_index: Any = None) -> int:
    """0."""
    return 0


max_memory_allocated = memory_allocated
