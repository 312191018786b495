"""Image data sets, by torchvision's names: a local cache, else an installed package, else a download with checksums."""

from __future__ import annotations

from .mnist import KMNIST, MNIST, FashionMNIST
from .vision import VisionDataset

__all__ = ["KMNIST", "MNIST", "FashionMNIST", "VisionDataset"]
