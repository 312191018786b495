"""Reading and writing image files, by torchvision's names."""

from __future__ import annotations

from . import image
from .image import *
