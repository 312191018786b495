"""pullback's engine: Tensors that remember how they were computed. What ``torch`` is to PyTorch, by the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import (
    _import_check,  # the other project of this name
    process,  # how memory is managed
)

from .tensor import Size, Tensor, is_tensor  # isort: skip - before `tensor`, the function, takes the module's name
from .conversion import *
from .creation import *
from .devices import *
from .dtypes import *
from .graph import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .layouts import *
from .methods import IN_PLACE_FUNCTIONS
from .namespace import __version__, e, inf, lazy_names, nan, newaxis, pi, resolve
from .ops import FUNCTIONS
from .passes import backward, grad
from .printing import *
from .protocols import from_dlpack, to_dlpack
from .random import *

if TYPE_CHECKING:
    from ._functions import *  # what the tables hold, written down by tools/stubs.py

globals().update(FUNCTIONS)
globals().update(IN_PLACE_FUNCTIONS)


def __getattr__(name: str) -> Any:
    """What is big or rarely wanted is imported when first named: ``nn``, ``optim``, ``linalg``, ``vision`` ..."""
    return resolve(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *lazy_names()})
