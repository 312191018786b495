"""Neural-network layers on autograd's differentiable operations: what ``torch.nn`` is to PyTorch, by the same names."""

from __future__ import annotations

import importlib

from . import attention, functional, init, modules, parallel, parameter, utils
from .activation import *
from .adaptive import *
from .containers import *
from .conv import *
from .distance import *
from .dropout import *
from .embedding import *
from .flatten import *
from .lazy import *
from .linear import *
from .loss import *
from .module import Module
from .normalization import *
from .padding import *
from .parallel import DataParallel
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from .pooling import *
from .resample import *
from .rnn import *
from .transformer import *


def __getattr__(name: str) -> object:
    """``nn.models``, ``nn.training`` and ``nn.Trainer`` are imported when first named."""
    if name in ("models", "training"):
        return importlib.import_module(f"{__name__}.{name}")
    if name == "Trainer":
        return importlib.import_module(f"{__name__}.training").Trainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
