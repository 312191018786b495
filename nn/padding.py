"""Layers that add a border, and those that deal channels out over pixels."""

from __future__ import annotations

from typing import Any

from autograd.tensor import Tensor

from . import functional as F
from .module import Module

__all__ = [
    "ChannelShuffle", "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "PixelShuffle", "PixelUnshuffle", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d",
    "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """A border of ``padding``: one width for all sides, or (left, right, top, bottom, front, back)."""

    _dims: int
    _mode = "constant"
    _value: float | None = None

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self._dims) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Any:
        if self._mode == "circular" and input.ndim not in (self._dims + 1, self._dims + 2):
            raise ValueError(f"expected {self._dims + 1}D or {self._dims + 2}D input (got {input.ndim}D input)")
        return F.pad(input, self.padding, self._mode, self._value)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Any:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad1d(_ConstantPad):
    """A border of one value around the last dimension.

    >>> import autograd, nn
    >>> nn.ConstantPad1d((0, 2), 7.0)(autograd.tensor([[1.0, 2.0]]))
    tensor([[1., 2., 7., 7.]])
    """

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """A border of one value around the last two dimensions.

    >>> import autograd, nn
    >>> nn.ConstantPad2d((1, 0, 0, 1), 7.0)(autograd.tensor([[[1.0, 2.0]]]))
    tensor([[[7., 1., 2.],
             [7., 7., 7.]]])
    """

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """A border of one value around the last three dimensions.

    >>> import autograd, nn
    >>> nn.ConstantPad3d(1, 0.5)(autograd.ones(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _dims = 3


class ZeroPad1d(_ZeroPad):
    """A border of zeros around the last dimension.

    >>> import autograd, nn
    >>> nn.ZeroPad1d((1, 2))(autograd.tensor([[1.0, 2.0]]))
    tensor([[0., 1., 2., 0., 0.]])
    """

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """A border of zeros around the last two dimensions.

    >>> import autograd, nn
    >>> nn.ZeroPad2d(1)(autograd.ones(1, 1, 2, 2)).shape
    torch.Size([1, 1, 4, 4])
    """

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """A border of zeros around the last three dimensions.

    >>> import autograd, nn
    >>> nn.ZeroPad3d(1)(autograd.ones(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _dims = 3


class ReflectionPad1d(_Pad):
    """A border that mirrors the last dimension, the edge not repeated.

    >>> import autograd, nn
    >>> nn.ReflectionPad1d(2)(autograd.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    _dims, _mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """A border that mirrors the last two dimensions, the edge not repeated.

    >>> import autograd, nn
    >>> nn.ReflectionPad2d((0, 0, 1, 0))(autograd.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[3., 4.],
             [1., 2.],
             [3., 4.]]])
    """

    _dims, _mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """A border that mirrors the last three dimensions, the edge not repeated.

    >>> import autograd, nn
    >>> nn.ReflectionPad3d(1)(autograd.ones(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _dims, _mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """A border that repeats the edge of the last dimension.

    >>> import autograd, nn
    >>> nn.ReplicationPad1d(2)(autograd.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 1., 1., 2., 3., 3., 3.]])
    """

    _dims, _mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """A border that repeats the edge of the last two dimensions.

    >>> import autograd, nn
    >>> nn.ReplicationPad2d((0, 0, 1, 0))(autograd.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[1., 2.],
             [1., 2.],
             [3., 4.]]])
    """

    _dims, _mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """A border that repeats the edge of the last three dimensions.

    >>> import autograd, nn
    >>> nn.ReplicationPad3d(1)(autograd.ones(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _dims, _mode = 3, "replicate"


class CircularPad1d(_Pad):
    """A border that goes on at the other end of the last dimension.

    >>> import autograd, nn
    >>> nn.CircularPad1d((2, 1))(autograd.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 3., 1., 2., 3., 1.]])
    """

    _dims, _mode = 1, "circular"


class CircularPad2d(_Pad):
    """A border that goes on at the other end of the last two dimensions.

    >>> import autograd, nn
    >>> nn.CircularPad2d((0, 0, 1, 0))(autograd.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[3., 4.],
             [1., 2.],
             [3., 4.]]])
    """

    _dims, _mode = 2, "circular"


class CircularPad3d(_Pad):
    """A border that goes on at the other end of the last three dimensions.

    >>> import autograd, nn
    >>> nn.CircularPad3d(1)(autograd.ones(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _dims, _mode = 3, "circular"


class PixelShuffle(Module):
    """[..., C * r * r, H, W] to [..., C, H * r, W * r].

    >>> import autograd, nn
    >>> nn.PixelShuffle(2)(autograd.arange(4.0).reshape(1, 4, 1, 1))
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Any:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """[..., C, H * r, W * r] to [..., C * r * r, H, W].

    >>> import autograd, nn
    >>> nn.PixelUnshuffle(2)(autograd.arange(4.0).reshape(1, 1, 2, 2)).flatten()
    tensor([0., 1., 2., 3.])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Any:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels dealt out over ``groups``.

    Shapes: [N, C, *], with C a multiple of ``groups``.

    >>> import autograd, nn
    >>> nn.ChannelShuffle(2)(autograd.arange(4.0).reshape(1, 4, 1)).flatten()
    tensor([0., 2., 1., 3.])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Any:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
