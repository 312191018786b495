"""Transforms of images, by torchvision's names."""

from __future__ import annotations

from . import functional
from .transforms import *
