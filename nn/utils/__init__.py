"""Helpers around modules: what ``torch.nn.utils`` is to PyTorch."""

from __future__ import annotations

from . import rnn
