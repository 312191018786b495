"""MobileNet of the second version: convolutions channel by channel between thin layers.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018).
"""

from __future__ import annotations

from typing import Any

import nn
from autograd.tensor import Tensor

from ..module import Module
from ._weights import given, weights_of

init: Any = nn.init  # no checker knows which of these layers have a bias

__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]

MobileNet_V2_Weights = weights_of(
    "MobileNet_V2", IMAGENET1K_V1="mobilenet_v2-b0353104.pth", IMAGENET1K_V2="mobilenet_v2-7ebf99e0.pth"
)

PLAN = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""For each stage: how much wider a block is inside, its channels, the number of blocks, the stride of the first."""


class Conv2dNormActivation(nn.Sequential):
    """A convolution without bias, batch normalisation, ReLU6."""

    def __init__(self, channels: int, out: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(Module):
    """Wider by 1x1, over the image channel by channel, thin again; added to the input where that fits."""

    def __init__(self, channels: int, out: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        self.use_res_connect = stride == 1 and channels == out
        wide = channels * expand_ratio
        layers: list[Module] = [Conv2dNormActivation(channels, wide, 1)] if expand_ratio != 1 else []
        layers.append(Conv2dNormActivation(wide, wide, stride=stride, groups=wide))
        self.conv = nn.Sequential(*layers, nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, out, H / stride, W / stride)."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)  # type: ignore[no-any-return]


def _divisible(channels: float, by: int = 8) -> int:
    """The multiple of ``by`` that is nearest, but not less than nine tenths."""
    near = max(by, int(channels + by / 2) // by * by)
    return near + by if near < 0.9 * channels else near


class MobileNetV2(Module):
    """Images are (N, 3, H, W); ``width_mult`` scales the number of channels."""

    def __init__(self, num_classes: int = 1000, width_mult: float = 1.0, dropout: float = 0.2) -> None:
        super().__init__()
        channels = _divisible(32 * width_mult)
        self.last_channel = _divisible(1280 * max(1.0, width_mult))
        features: list[Module] = [Conv2dNormActivation(3, channels, stride=2)]
        for expand, width, count, stride in PLAN:
            out = _divisible(width * width_mult)
            for i in range(count):
                features.append(InvertedResidual(channels, out, stride if i == 0 else 1, expand))
                channels = out
        self.features = nn.Sequential(*features, Conv2dNormActivation(channels, self.last_channel, 1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                init.kaiming_normal_(m.weight, mode="fan_out")
            elif isinstance(m, nn.BatchNorm2d):
                init.ones_(m.weight)
                init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                init.normal_(m.weight, 0, 0.01)
                init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        """The scores of the classes, (N, num_classes)."""
        return self.classifier(nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1))  # type: ignore[no-any-return]


def mobilenet_v2(*, weights: Any = None, progress: bool = True, pretrained: bool = False, **kwargs: Any) -> MobileNetV2:
    """MobileNetV2."""
    wanted = given(weights, pretrained, MobileNet_V2_Weights)
    made = MobileNetV2(**kwargs)
    if wanted is not None:
        made.load_state_dict(wanted.get_state_dict(progress=progress))
    return made
