"""AlexNet, in the form in which it runs on one device.

Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014).
"""

from __future__ import annotations

from typing import Any

import nn
from autograd.tensor import Tensor

from ..module import Module
from ._weights import given, weights_of

__all__ = ["AlexNet", "AlexNet_Weights", "alexnet"]

AlexNet_Weights = weights_of("AlexNet", IMAGENET1K_V1="alexnet-owt-7be5be79.pth")


class AlexNet(Module):
    """Five convolutions, and a classifier of three linear layers. Images are (N, 3, H, W), at least 63 pixels wide."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True),
            nn.Dropout(dropout), nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """The scores of the classes, (N, num_classes)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def alexnet(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> AlexNet:
    """AlexNet."""
    wanted = given(weights, pretrained, AlexNet_Weights)
    made = AlexNet(**kwargs)
    if wanted is not None:
        made.load_state_dict(wanted.get_state_dict(progress=progress))
    return made
