"""DenseNet: every layer of a block sees the results of all before it.

Source: Huang et al., "Densely Connected Convolutional Networks" (2016).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

import autograd
import nn
from autograd.tensor import Tensor
from autograd.utils.checkpoint import checkpoint

from ..containers import ModuleDict
from ..module import Module
from ._weights import given, weights_of

init: Any = nn.init  # no checker knows which of these layers have a bias

__all__ = [
    "DenseNet",
    "DenseNet121_Weights",
    "DenseNet161_Weights",
    "DenseNet169_Weights",
    "DenseNet201_Weights",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]

DenseNet121_Weights = weights_of("DenseNet121", IMAGENET1K_V1="densenet121-a639ec97.pth")
DenseNet161_Weights = weights_of("DenseNet161", IMAGENET1K_V1="densenet161-8d451a50.pth")
DenseNet169_Weights = weights_of("DenseNet169", IMAGENET1K_V1="densenet169-b2777c0a.pth")
DenseNet201_Weights = weights_of("DenseNet201", IMAGENET1K_V1="densenet201-c1103571.pth")


class _DenseLayer(Module):
    def __init__(
        self, inputs: int, growth_rate: int, bn_size: int, drop_rate: float, memory_efficient: bool = False
    ) -> None:
        super().__init__()
        self.norm1, self.relu1 = nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(inputs, bn_size * growth_rate, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(bn_size * growth_rate), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, 3, padding=1, bias=False)
        self.drop_rate, self.memory_efficient = float(drop_rate), memory_efficient

    def _narrow(self, *inputs: Tensor) -> Tensor:
        return self.conv1(self.relu1(self.norm1(autograd.cat(list(inputs), 1))))  # type: ignore[no-any-return]

    def forward(self, inputs: list[Tensor]) -> Tensor:
        narrow = (
            checkpoint(self._narrow, *inputs, use_reentrant=False) if self.memory_efficient else self._narrow(*inputs)
        )
        made = self.conv2(self.relu2(self.norm2(narrow)))
        if self.drop_rate > 0:
            made = nn.functional.dropout(made, p=self.drop_rate, training=self.training)
        return made  # type: ignore[no-any-return]


class _DenseBlock(ModuleDict):
    def __init__(
        self, layers: int, inputs: int, bn_size: int, growth_rate: int, drop_rate: float, memory_efficient: bool
    ) -> None:
        super().__init__()
        for i in range(layers):
            layer = _DenseLayer(inputs + i * growth_rate, growth_rate, bn_size, drop_rate, memory_efficient)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return autograd.cat(features, 1)  # type: ignore[no-any-return]


class _Transition(nn.Sequential):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm, self.relu = nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)
        self.conv, self.pool = nn.Conv2d(inputs, outputs, 1, bias=False), nn.AvgPool2d(2, 2)


class DenseNet(Module):
    """A stem, four dense blocks with transitions between, and a linear classifier. Images are (N, 3, H, W)."""

    def __init__(
        self, growth_rate: int = 32, block_config: tuple[int, ...] = (6, 12, 24, 16), num_init_features: int = 64,
        bn_size: int = 4, drop_rate: float = 0, num_classes: int = 1000, memory_efficient: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                conv0=nn.Conv2d(3, num_init_features, 7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(num_init_features),
                relu0=nn.ReLU(inplace=True),
                pool0=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        channels = num_init_features
        for i, layers in enumerate(block_config):
            block = _DenseBlock(layers, channels, bn_size, growth_rate, drop_rate, memory_efficient)
            self.features.add_module(f"denseblock{i + 1}", block)
            channels += layers * growth_rate
            if i != len(block_config) - 1:
                self.features.add_module(f"transition{i + 1}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.BatchNorm2d):
                init.constant_(m.weight, 1)
                init.constant_(m.bias, 0)
            elif isinstance(m, nn.Linear):
                init.constant_(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        """The scores of the classes, (N, num_classes)."""
        out = nn.functional.relu(self.features(x), inplace=True)
        return self.classifier(nn.functional.adaptive_avg_pool2d(out, (1, 1)).flatten(1))  # type: ignore[no-any-return]


_OLD_NAME = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$")


def _densenet(
    growth: int,
    blocks: tuple[int, ...],
    first: int,
    kind: Any,
    weights: Any,
    progress: bool,
    pretrained: bool,
    **kwargs: Any,
) -> DenseNet:
    made = DenseNet(growth, blocks, first, **kwargs)
    wanted = given(weights, pretrained, kind)
    if wanted is not None:  # the files were written when the layers had a dot more in their names
        state = wanted.get_state_dict(progress=progress)
        made.load_state_dict({_OLD_NAME.sub(r"\1\2", name): value for name, value in state.items()})
    return made


def densenet121(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> DenseNet:
    """DenseNet-121."""
    return _densenet(32, (6, 12, 24, 16), 64, DenseNet121_Weights, weights, progress, pretrained, **kwargs)


def densenet161(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> DenseNet:
    """DenseNet-161."""
    return _densenet(48, (6, 12, 36, 24), 96, DenseNet161_Weights, weights, progress, pretrained, **kwargs)


def densenet169(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> DenseNet:
    """DenseNet-169."""
    return _densenet(32, (6, 12, 32, 32), 64, DenseNet169_Weights, weights, progress, pretrained, **kwargs)


def densenet201(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> DenseNet:
    """DenseNet-201."""
    return _densenet(32, (6, 12, 48, 32), 64, DenseNet201_Weights, weights, progress, pretrained, **kwargs)
