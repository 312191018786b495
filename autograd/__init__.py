# ruff: noqa: I001 - the order matters: see `tensor`
"""pullback's engine: Tensors that remember how they were computed. What ``torch`` is to PyTorch, by the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _import_check  # the other project of this name
from . import process  # how memory is managed
from . import addresses  # PyTorch's names of modules

from .tensor import Size as Size, Tensor as Tensor, is_tensor as is_tensor  # before the function `tensor`
from .conversion import *
from .creation import *
from .devices import *
from .dtypes import *
from .graph import enable_grad as enable_grad, inference_mode as inference_mode, no_grad as no_grad
from .graph import is_grad_enabled as is_grad_enabled, is_inference_mode_enabled as is_inference_mode_enabled
from .graph import set_grad_enabled as set_grad_enabled
from .layouts import *
from .methods import IN_PLACE_FUNCTIONS
from .namespace import __version__ as __version__, e as e, inf as inf, nan as nan, newaxis as newaxis, pi as pi
from .namespace import lazy_names, resolve, take_in
from .ops import FUNCTIONS
from .passes import backward as backward, grad as grad
from .printing import *
from .protocols import from_dlpack as from_dlpack, to_dlpack as to_dlpack
from .random import *

if TYPE_CHECKING:
    from ._functions import *  # what the tables hold, written down by tools/stubs.py

globals().update(FUNCTIONS)
globals().update(IN_PLACE_FUNCTIONS)
take_in(__name__, FUNCTIONS)
take_in(__name__, IN_PLACE_FUNCTIONS)


def __getattr__(name: str) -> Any:
    """What is big or rarely wanted is imported when first named: ``nn``, ``optim``, ``linalg``, ``vision`` ..."""
    return resolve(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *lazy_names()})
