"""The old names of ``autograd.amp``."""

from __future__ import annotations

from typing import Any

from .. import amp as _amp

__path__: list[str] = []  # PyTorch divides this module further: see addresses.py


class autocast(_amp.autocast):
    """``amp.autocast("cuda", ...)``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(_amp.GradScaler):
    """``amp.GradScaler("cuda", ...)``."""

    def __init__(self, init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float = 0.5,
                 growth_interval: int = 2000, enabled: bool = True) -> None:  # fmt: skip
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


def custom_fwd(fwd: Any = None, *, cast_inputs: Any = None) -> Any:
    """The function itself."""
    return fwd if fwd is not None else lambda f: f


def custom_bwd(bwd: Any = None) -> Any:
    """The function itself."""
    return bwd if bwd is not None else lambda f: f
