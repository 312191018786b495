"""Affine maps."""

from __future__ import annotations

from autograd.ops.affine import linear

__all__ = ["linear"]
