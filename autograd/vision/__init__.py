"""Images: what ``torchvision`` is to PyTorch - ``datasets``, ``transforms``, ``models``, ``ops``, ``io``, ``utils``."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.29.2+pullback.0.1.0"
"""The version of torchvision whose names these are, and after the plus our own."""

_PARTS = ("datasets", "io", "models", "ops", "transforms", "utils")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_PARTS)}")
