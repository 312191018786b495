"""Probability distributions: what ``torch.distributions`` is to PyTorch. Seeded draws are PyTorch's.

Source: https://docs.pytorch.org/docs/stable/distributions.html
"""

from __future__ import annotations

import sys
from typing import Any

from . import constraint_registry, constraints, kl, transforms, utils
from .constraint_registry import biject_to, transform_to
from .continuous import *
from .discrete import *
from .distribution import Distribution, ExponentialFamily
from .joint import *
from .kl import kl_divergence, register_kl
from .multivariate import *
from .positive import *
from .transformed import *
from .transforms import *


def __getattr__(name: str) -> Any:
    """PyTorch has a module for each distribution (``distributions.normal.Normal``): this package stands for each."""
    from ..addresses import FINER

    if name in FINER[__name__].split():
        return sys.modules[__name__]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
