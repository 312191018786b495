"""VGG: stacks of 3x3 convolutions.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2014).
"""

from __future__ import annotations

from typing import Any

import nn
from autograd.tensor import Tensor

from ..module import Module
from ._weights import given, weights_of

init: Any = nn.init  # no checker knows which of these layers have a bias

__all__ = [
    "VGG", "VGG11_Weights", "VGG13_Weights", "VGG16_BN_Weights", "VGG16_Weights", "VGG19_BN_Weights", "VGG19_Weights",
    "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
]  # fmt: skip

VGG11_Weights = weights_of("VGG11", IMAGENET1K_V1="vgg11-8a719046.pth")
VGG11_BN_Weights = weights_of("VGG11_BN", IMAGENET1K_V1="vgg11_bn-6002323d.pth")
VGG13_Weights = weights_of("VGG13", IMAGENET1K_V1="vgg13-19584684.pth")
VGG13_BN_Weights = weights_of("VGG13_BN", IMAGENET1K_V1="vgg13_bn-abd245e5.pth")
VGG16_Weights = weights_of("VGG16", IMAGENET1K_V1="vgg16-397923af.pth")
VGG16_BN_Weights = weights_of("VGG16_BN", IMAGENET1K_V1="vgg16_bn-6c64b313.pth")
VGG19_Weights = weights_of("VGG19", IMAGENET1K_V1="vgg19-dcbb9e9d.pth")
VGG19_BN_Weights = weights_of("VGG19_BN", IMAGENET1K_V1="vgg19_bn-c79401a0.pth")

PLANS: dict[str, list[int | str]] = {  # channels of each convolution; M is a pooling
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}


def make_layers(cfg: list[int | str], batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of a plan."""
    layers: list[Module] = []
    channels = 3
    for step in cfg:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(channels, step, 3, padding=1))
        layers += [nn.BatchNorm2d(step), nn.ReLU(inplace=True)] if batch_norm else [nn.ReLU(inplace=True)]
        channels = step
    return nn.Sequential(*layers)


class VGG(Module):
    """Convolutions, and a classifier of three linear layers. Images are (N, 3, H, W)."""

    def __init__(
        self, features: Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(dropout),
            nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        if not init_weights:
            return
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                init.constant_(m.bias, 0)
            elif isinstance(m, nn.BatchNorm2d):
                init.constant_(m.weight, 1)
                init.constant_(m.bias, 0)
            elif isinstance(m, nn.Linear):
                init.normal_(m.weight, 0, 0.01)
                init.constant_(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        """The scores of the classes, (N, num_classes)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _vgg(plan: str, batch_norm: bool, kind: Any, weights: Any, progress: bool, pretrained: bool, **kwargs: Any) -> VGG:
    wanted = given(weights, pretrained, kind)
    if wanted is not None:
        kwargs["init_weights"] = False
    made = VGG(make_layers(PLANS[plan], batch_norm), **kwargs)
    if wanted is not None:
        made.load_state_dict(wanted.get_state_dict(progress=progress))
    return made


def vgg11(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-11."""
    return _vgg("A", False, VGG11_Weights, weights, progress, pretrained, **kwargs)


def vgg11_bn(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-11 with batch normalisation."""
    return _vgg("A", True, VGG11_BN_Weights, weights, progress, pretrained, **kwargs)


def vgg13(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-13."""
    return _vgg("B", False, VGG13_Weights, weights, progress, pretrained, **kwargs)


def vgg13_bn(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-13 with batch normalisation."""
    return _vgg("B", True, VGG13_BN_Weights, weights, progress, pretrained, **kwargs)


def vgg16(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-16."""
    return _vgg("D", False, VGG16_Weights, weights, progress, pretrained, **kwargs)


def vgg16_bn(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-16 with batch normalisation."""
    return _vgg("D", True, VGG16_BN_Weights, weights, progress, pretrained, **kwargs)


def vgg19(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-19."""
    return _vgg("E", False, VGG19_Weights, weights, progress, pretrained, **kwargs)


def vgg19_bn(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> VGG:
    """VGG-19 with batch normalisation."""
    return _vgg("E", True, VGG19_BN_Weights, weights, progress, pretrained, **kwargs)
