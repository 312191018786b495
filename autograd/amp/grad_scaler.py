"""GradScaler: losses made larger, so that gradients in half precision don't vanish, and steps without infinities.

Source: https://docs.pytorch.org/docs/stable/amp.html#gradient-scaling
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..devices import device as Device
from ..tensor import Tensor

__all__ = ["GradScaler"]


class GradScaler:
    """Multiplies losses by a scale, divides the gradients by it, and leaves out the steps that have none finite.

    ``scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()``. The scale halves after a step with
    infinite or missing numbers, and doubles after ``growth_interval`` steps without. As in PyTorch a scaler for
    "cuda", which is not here, warns and does nothing: ``scale`` gives what it was given, ``step`` only steps.

    >>> import autograd
    >>> scaler = GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale(autograd.tensor(0.5))
    tensor(4.)
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        if enabled and Device(device).type != "cpu":
            warnings.warn(f"torch.{device}.amp.GradScaler is enabled, but {device.upper()} is not available.  "
                          "Disabling.", stacklevel=2)  # fmt: skip
            enabled = False
        if enabled and growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if enabled and backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._enabled, self._scale = enabled, float(init_scale)
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval, self._growth_tracker = growth_interval, 0
        self._unscaled: dict[
            int, list[bool]
        ] = {}  # of each optimizer since the last update: which gradients were finite
        self._stepped: set[int] = set()
        self._used = False

    def scale(self, outputs: Any) -> Any:
        """The tensor, or the tensors, times the scale. Raises ValueError for anything else."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._used = True
            return outputs * self._scale
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled  # type: ignore[call-arg]
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of the optimizer's parameters by the scale, in place; ``step`` does it if you don't.

        Raises RuntimeError the second time before ``update``, and after ``step``.
        """
        if not self._enabled:
            return
        self._check("unscale_")
        key = id(optimizer)
        if key in self._stepped:
            raise RuntimeError("unscale_() is being called after step().")
        if key in self._unscaled:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        for g in gradients:
            g.array *= g.array.dtype.type(1.0 / self._scale)
        self._unscaled[key] = [bool(np.isfinite(g.array).all()) for g in gradients]

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(...)``, unless some gradient is not finite: then nothing, and None.

        Raises RuntimeError for a closure, and the second time before ``update``.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._unscaled:
            self.unscale_(optimizer)
        finite = self._unscaled[id(optimizer)]
        if not finite:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        self._stepped.add(id(optimizer))
        return optimizer.step(*args, **kwargs) if all(finite) else None

    def update(self, new_scale: Any = None) -> None:
        """The scale of the next iteration: the one that is given, or what the steps since the last update suggest."""
        if not self._enabled:
            return
        self._check("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not any(self._unscaled.values()):
            raise AssertionError("No inf checks were recorded prior to update.")
        elif not all(all(finite) for finite in self._unscaled.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._scale *= self._growth_factor
                self._growth_tracker = 0
        self._unscaled, self._stepped = {}, set()

    def _check(self, what: str) -> None:
        if not self._used:
            raise AssertionError(
                f"Attempted {what} but _scale is None.  This may indicate your script did not use scaler.scale(loss or "
                "outputs) earlier in the iteration."
            )

    def get_scale(self) -> float:
        """The scale; 1.0 for a scaler that does nothing."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """The factor that was given."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Another factor."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """The factor that was given."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Another factor."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """The interval that was given."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Another interval."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What ``load_state_dict`` needs to continue; empty for a scaler that does nothing."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval, "_growth_tracker": self._growth_tracker,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a ``state_dict``. Raises RuntimeError for the empty one of a scaler that did nothing."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._scale, self._growth_tracker = float(state_dict["scale"]), int(state_dict["_growth_tracker"])
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
