"""Probability distributions: what ``torch.distributions`` is to PyTorch. Seeded draws are PyTorch's, but for gammas.

Source: https://docs.pytorch.org/docs/stable/distributions.html
"""

from __future__ import annotations

from . import constraints, kl, transforms, utils
from .continuous import *
from .discrete import *
from .distribution import Distribution
from .joint import *
from .kl import kl_divergence, register_kl
from .transformed import *
from .transforms import *
