"""Invertible transforms of random variables, with the logarithm of their volume change.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms
"""

from __future__ import annotations

from . import base, shaped
from .base import *
from .base import _InverseTransform as _InverseTransform
from .shaped import *

__all__ = [*base.__all__, *shaped.__all__]
