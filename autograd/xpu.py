"""What programs ask of ``torch.xpu``: there is no such device."""

from __future__ import annotations


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """No stream to seed."""


def synchronize() -> None:
    """Nothing to wait for."""


def empty_cache() -> None:
    """Nothing to empty."""


def manual_seed_all(seed: int) -> None:
    """No stream to seed."""
