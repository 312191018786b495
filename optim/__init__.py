"""Optimizers: what ``torch.optim`` is to PyTorch, by the same names. One optimizer a file, each an update rule."""

from __future__ import annotations

from .adam import Adam
from .adamw import AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
