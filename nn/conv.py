"""Convolution layers: a weight, a bias and one call each."""

from __future__ import annotations

import math
from typing import Any

from . import functional as F
from . import init
from .linear import empty
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


def several(value: Any, n: int) -> tuple[Any, ...]:
    """``value`` as a tuple of ``n``: a number is repeated."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


class _ConvNd(Module):
    """What all convolutions share: the sizes, the parameters and their initial values.

    Programs derive their own from it, with PyTorch's arguments by position.
    """

    dims = 0  # of space; of a class that doesn't say, as many as the kernel has
    transposed: bool
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        transposed: bool,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        n = self.dims = self.dims or len(kernel_size)
        self.transposed = transposed
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError(f"in_channels must be divisible by groups: {in_channels} channels, {groups} groups")
        if out_channels % groups:
            raise ValueError(f"out_channels must be divisible by groups: {out_channels} channels, {groups} groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
            if padding == "same" and any(s != 1 for s in several(stride, n)):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', but got "
                f"padding_mode={padding_mode!r}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = several(kernel_size, n)
        self.stride = several(stride, n)
        self.padding = padding if isinstance(padding, str) else several(padding, n)
        self.dilation = several(dilation, n)
        self.output_padding = several(output_padding, n)
        self.groups = groups
        self.padding_mode = padding_mode
        rows, columns = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = empty(rows, columns // groups, *self.kernel_size, device=device, dtype=dtype)
        self.register_parameter("bias", empty(out_channels, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values (anew)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = self.weight.shape[1] * math.prod(self.kernel_size)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    @property
    def _reversed_padding_repeated_twice(self) -> list[int]:
        """The padding as ``F.pad`` wants it: before and after, the last dimension first."""
        if self.padding == "valid":
            return [0] * (2 * self.dims)
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [side for t in reversed(totals) for side in (t // 2, t - t // 2)]
        sides: Any = reversed(self.padding)
        return [p for p in sides for _ in range(2)]

    def extra_repr(self) -> str:
        n = self.dims
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * n:
            text += f", padding={self.padding!r}" if not isinstance(self.padding, str) else f", padding={self.padding}"
        if self.dilation != (1,) * n:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * n:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            False,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
        function = getattr(F, f"conv{self.dims}d")
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            return function(input, weight, bias, self.stride, 0, self.dilation, self.groups)
        return function(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """Cross-correlation of sequences, (N, C, L) or (C, L), with a learned kernel.

    Shapes: weight (out_channels, in_channels / groups, kernel_size), bias (out_channels), both drawn from U(-k, k) with
    k = sqrt(groups / (in_channels * kernel_size)). ``padding`` is a number, "valid" or "same"; ``padding_mode`` is
    "zeros", "reflect", "replicate" or "circular". Raises ValueError for channels that ``groups`` does not divide.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html

    >>> import autograd, nn
    >>> nn.Conv1d(16, 33, 3, stride=2)(autograd.ones(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    dims = 1


class Conv2d(_Conv):
    """Cross-correlation of images, (N, C, H, W) or (C, H, W), with a learned kernel; see ``Conv1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    >>> import autograd, nn
    >>> nn.Conv2d(3, 8, 3, padding=1)
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """

    dims = 2


class Conv3d(_Conv):
    """Cross-correlation of volumes, (N, C, D, H, W) or (C, D, H, W), with a learned kernel; see ``Conv1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html

    >>> import autograd, nn
    >>> nn.Conv3d(3, 8, (1, 3, 3), padding="same")(autograd.ones(2, 3, 4, 6, 6)).shape
    torch.Size([2, 8, 4, 6, 6])
    """

    dims = 3


class _ConvTranspose(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            True,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any, output_size: Any = None) -> Any:
        more = self.output_padding if output_size is None else self._output_padding(input, output_size)
        function = getattr(F, f"conv_transpose{self.dims}d")
        return function(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

    def _output_padding(self, input: Any, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives ``output_size``."""
        n = self.dims
        wanted = tuple(output_size)
        if len(wanted) == input.ndim:
            wanted = wanted[-n:]
        if len(wanted) != n:
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have {n} or {input.ndim} elements "
                f"(got {len(wanted)})"
            )
        least = [
            (m - 1) * s - 2 * p + d * (k - 1) + 1
            for m, s, p, d, k in zip(
                input.shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [a + s - 1 for a, s in zip(least, self.stride, strict=True)]
        if any(not a <= w <= b for a, w, b in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"requested an output size of {list(wanted)}, but valid sizes range from {least} to {most} (for an "
                f"input of {list(input.shape[-n:])})"
            )
        return tuple(w - a for w, a in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of sequences: the adjoint of ``Conv1d`` in its input.

    Shapes: input (N, C, L), weight (in_channels, out_channels / groups, kernel_size). Called with ``output_size`` it
    finds the output padding itself. Raises ValueError for an impossible ``output_size`` or a padding mode
    other than "zeros".

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html

    >>> import autograd, nn
    >>> nn.ConvTranspose1d(4, 2, 3, stride=2)(autograd.ones(1, 4, 10)).shape
    torch.Size([1, 2, 21])
    """

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of images; see ``ConvTranspose1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    >>> import autograd, nn
    >>> up = nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1)
    >>> up(autograd.ones(1, 16, 6, 6), output_size=(12, 12)).shape
    torch.Size([1, 16, 12, 12])
    """

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of volumes; see ``ConvTranspose1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html

    >>> import autograd, nn
    >>> nn.ConvTranspose3d(4, 2, 2, stride=2)(autograd.ones(1, 4, 3, 3, 3)).shape
    torch.Size([1, 2, 6, 6, 6])
    """

    dims = 3
