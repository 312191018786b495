"""Invertible transforms of random variables, with the logarithm of their volume change.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms
"""

from __future__ import annotations

from .base import *
from .shaped import *
