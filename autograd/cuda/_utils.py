"""The number of a GPU, as libraries ask for it."""

from __future__ import annotations

from typing import Any

from ..devices import device as Device


def _get_device_index(device: Any, optional: bool = False, allow_cpu: bool = False) -> int:
    """-1 for the CPU if it is allowed; raises ValueError for what is no GPU."""
    if allow_cpu and device is not None and not isinstance(device, int) and Device(device).type == "cpu":
        return -1
    if isinstance(device, int) or (device is None and optional):
        return 0 if device is None else device
    raise ValueError(f"Expected a torch.device with a specified index or an integer, but got: {device!r}")
