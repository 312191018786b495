"""Mixed precision, as PyTorch does it on the CPU.

Inside ``autocast("cpu")`` matrix products, convolutions, attention and recurrent layers give bfloat16 (or float16), and
losses give float32; everything else computes in the dtype that it is given. NumPy has no arithmetic for bfloat16: the
package ``ml_dtypes`` gives it the type, and products are computed in float32 and rounded. So a program sees PyTorch's
dtypes and its rounding, but nothing is faster: leave autocast away for speed. Elsewhere than on the CPU there is
nothing to cast, and ``autocast("cuda")`` says so and does nothing, as PyTorch does without a GPU. ``GradScaler`` is
PyTorch's.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..devices import device as Device
from ..graph import Function_, mode
from .casting import Caster
from .grad_scaler import GradScaler

__all__ = [
    "GradScaler", "autocast", "custom_bwd", "custom_fwd", "get_autocast_cpu_dtype", "get_autocast_dtype",
    "get_autocast_gpu_dtype", "is_autocast_available", "is_autocast_cpu_enabled",
]  # fmt: skip


class autocast:
    """A block (or decorator) in which products are computed in lower precision.

    Args:
        device_type: "cpu"; for any other kind of device it warns and does nothing.
        dtype: bfloat16 (the default), which needs the package ``ml_dtypes``, or float16; any other warns, and nothing
            is cast.
        enabled: False: inside another block, nothing is cast in this one.
        cache_enabled: has no effect; there is no cache of cast weights.

    Raises ImportError for bfloat16 without ``ml_dtypes``, ValueError for a device type that is no string.

    >>> from .. import float16, ones
    >>> with autocast("cpu", dtype=float16):
    ...     product = ones(2, 2) @ ones(2, 2)
    >>> product.dtype, (product + ones(2, 2)).dtype
    (torch.float16, torch.float32)

    Source: https://docs.pytorch.org/docs/stable/amp.html
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type).__name__}`")
        Device(device_type)
        if enabled and device_type != "cpu":
            warnings.warn(f"{device_type} is not available. Disabling autocast.", stacklevel=2)
            enabled = False
        if enabled and dtype is None:
            dtype = dtypes.bfloat16
        elif enabled and repr(dtype) not in ("torch.bfloat16", "torch.float16"):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self.device, self.fast_dtype, self._enabled = device_type, dtype, enabled
        self._before: list[Any] = []

    def __enter__(self) -> autocast:
        now = mode.now
        if now.recorder is not None:
            now.recorder.refuse("autocast is entered. Enter it around the call of the compiled function")
        self._before.append(now.quietly)
        if self.device == "cpu":
            plainly = now.quietly.run if isinstance(now.quietly, Caster) else now.quietly
            now.quietly = Caster(plainly, self.fast_dtype.dtype) if self._enabled else plainly
        return self

    def __exit__(self, *exc: object) -> None:
        mode.now.quietly = self._before.pop()

    def __call__(self, func: Function_) -> Function_:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


def is_autocast_available(device_type: str) -> bool:
    """Whether ``autocast`` may be entered for this kind of device. For others than the CPU it does nothing."""
    Device(device_type)
    return True


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether the program is inside ``autocast`` for this kind of device."""
    return device_type == "cpu" and isinstance(mode.now.quietly, Caster)


def is_autocast_cpu_enabled() -> bool:
    """Whether the program is inside ``autocast("cpu")``."""
    return is_autocast_enabled("cpu")


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype in which ``autocast`` computes products there: the block's, or what one without a dtype would take.

    >>> get_autocast_dtype("cuda")
    torch.float16
    """
    inside = mode.now.quietly
    if Device(device_type).type != "cpu":
        return dtypes.float16
    return dtypes.of(inside.dtype) if isinstance(inside, Caster) else dtypes.bfloat16


def get_autocast_cpu_dtype() -> Any:
    """``get_autocast_dtype("cpu")``."""
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> Any:
    """``get_autocast_dtype("cuda")``."""
    return get_autocast_dtype("cuda")


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """The function itself: no dtype is changed around it."""
    return fwd if fwd is not None else lambda f: f


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """The function itself."""
    return bwd if bwd is not None else lambda f: f
