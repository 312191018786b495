"""Transforms of images, by torchvision's names: as functions, and as objects, fixed or random."""

from __future__ import annotations

from . import functional
from .transforms import *
from .transforms import InterpolationMode as InterpolationMode
