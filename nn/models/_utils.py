"""Parts that networks for detection and segmentation are put together with, at torchvision's address.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.ops.FrozenBatchNorm2d.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import autograd
from autograd.tensor import Tensor

from ..containers import ModuleDict
from ..module import Module

__all__ = ["FrozenBatchNorm2d", "IntermediateLayerGetter"]


class FrozenBatchNorm2d(Module):
    """Batch normalization whose statistics, weight and bias are buffers: a scale and a shift of each channel.

    Args:
        num_features: C of an input (N, C, H, W).
        eps: what is added to the variance.

    A ``BatchNorm2d``'s state_dict loads into it. ``torchvision.ops.FrozenBatchNorm2d`` is this class.

    >>> import autograd
    >>> layer = FrozenBatchNorm2d(2, eps=0.0)
    >>> layer, len(list(layer.parameters())), layer(autograd.ones(1, 2, 1, 1)).flatten()
    (FrozenBatchNorm2d(2, eps=0.0), 0, tensor([1., 1.]))
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", autograd.ones(num_features))
        self.register_buffer("bias", autograd.zeros(num_features))
        self.register_buffer("running_mean", autograd.zeros(num_features))
        self.register_buffer("running_var", autograd.ones(num_features))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        state_dict.pop(prefix + "num_batches_tracked", None)  # which a BatchNorm2d counts
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor) -> Any:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


class IntermediateLayerGetter(ModuleDict):
    """The first children of a model, up to the last one asked for; called, it gives what the asked ones gave.

    Args:
        model: a module that calls its children one after the other, in the order in which they were set.
        return_layers: from the name of a child to the name of its result.

    Raises ValueError for names of no child.

    >>> import autograd, nn
    >>> body = IntermediateLayerGetter(nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.ReLU()), {"1": "features"})
    >>> [(name, tuple(value.shape)) for name, value in body(autograd.ones(3, 2, 2)).items()], len(body)
    ([('features', (3, 2))], 2)
    """

    def __init__(self, model: Module, return_layers: Mapping[str, str]) -> None:
        children = OrderedDict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError(
                f"return_layers are not present in model: {sorted(set(return_layers) - set(children))} are no names of "
                f"its children, which are {list(children)}"
            )
        last = max((i for i, name in enumerate(children) if name in return_layers), default=-1)
        super().__init__(OrderedDict(list(children.items())[: last + 1]))
        self.return_layers = {str(name): str(given) for name, given in return_layers.items()}

    def forward(self, x: Any) -> OrderedDict[str, Any]:
        found: OrderedDict[str, Any] = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                found[self.return_layers[name]] = x
        return found
