"""Mixed precision, as programs ask for it: everything is computed in the tensors' own dtype.

On the CPU half precision is slower than single, so ``autocast`` changes nothing: a program that uses it trains as it
would without. ``GradScaler`` is PyTorch's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..devices import device as Device
from ..graph import Function_
from .grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_active: list[tuple[str, Any]] = []


class autocast:
    """A block (or decorator) in which PyTorch would choose a lower precision. Here the dtypes stay.

    >>> from .. import ones
    >>> with autocast("cpu"):
    ...     (ones(2, 2) @ ones(2, 2)).dtype
    torch.float32
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type).__name__}`")
        Device(device_type)
        self.device, self.fast_dtype, self._enabled = device_type, dtype, enabled

    def __enter__(self) -> autocast:
        if self._enabled:
            _active.append((self.device, self.fast_dtype))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._enabled:
            _active.pop()

    def __call__(self, func: Function_) -> Function_:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


def is_autocast_available(device_type: str) -> bool:
    """Whether ``autocast`` may be entered for this kind of device: yes, it does nothing."""
    Device(device_type)
    return True


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether the program is inside ``autocast`` for this kind of device."""
    return any(kind == device_type for kind, _ in _active)


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """The function itself: no dtype is changed around it."""
    return fwd if fwd is not None else lambda f: f


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """The function itself."""
    return bwd if bwd is not None else lambda f: f
