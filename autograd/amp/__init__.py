"""Mixed precision, as programs ask for it: everything is computed in the tensors' own dtype.

On the CPU half precision is slower than single, so ``autocast`` changes nothing and ``GradScaler`` scales by one: a
program that uses them trains as it would without.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from ..devices import device as Device
from ..graph import Function_
from ..tensor import Tensor

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


class GradScaler:
    """Scales losses so that half precision gradients don't vanish; here by one, since the precision is full.

    ``scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()`` is ``loss.backward(); optimizer.step()``.
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        self._growth_factor, self._backoff_factor, self._growth_interval = (
            growth_factor,
            backoff_factor,
            growth_interval,
        )
        self._enabled = enabled

    def scale(self, outputs: Any) -> Any:
        """The tensor, or the tensors, as they are."""
        if not isinstance(outputs, (Tensor, Iterable)):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing to undo."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(...)``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """The scale stays one."""

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def get_growth_factor(self) -> float:
        """The factor that was given."""
        return self._growth_factor

    def get_backoff_factor(self) -> float:
        """The factor that was given."""
        return self._backoff_factor

    def get_growth_interval(self) -> int:
        """The interval that was given."""
        return self._growth_interval

    def is_enabled(self) -> bool:
        """Whether the program asked for scaling."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What PyTorch's scaler needs to continue, with the scale at one."""
        if not self._enabled:
            return {}
        return {
            "scale": 1.0, "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval, "_growth_tracker": 0,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Accepted: the scale stays one."""


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """The function itself: no dtype is changed around it."""
    return fwd if fwd is not None else lambda f: f


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """The function itself."""
    return bwd if bwd is not None else lambda f: f
