"""Activations."""

from __future__ import annotations

from typing import Any

import autograd

__all__ = ["relu", "relu_"]


def relu(input: Any, inplace: bool = False) -> Any:
    """``max(input, 0)``."""
    return input.relu_() if inplace else autograd.relu(input)


def relu_(input: Any) -> Any:
    """``relu``, in place."""
    return input.relu_()
