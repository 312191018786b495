"""What ``torch.utils`` is to PyTorch: ``data``, ``checkpoint``, ``tensorboard``, imported when first named; ``swap_tensors``."""

from __future__ import annotations

import importlib
from typing import Any

from ..copying import swap_tensors as swap_tensors


def __getattr__(name: str) -> Any:
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
