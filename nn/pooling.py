"""Pooling layers: no parameters, one call each."""

from __future__ import annotations

from typing import Any

from . import functional as F
from .conv import several
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPool(Module):
    dims: int
    __constants__ = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Any:
        pool = getattr(F, f"max_pool{self.dims}d")
        return pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest element of each window of (N, C, L) or (C, L); see ``nn.functional.max_pool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html

    >>> import autograd, nn
    >>> nn.MaxPool1d(2)(autograd.tensor([[[1.0, 3.0, 2.0, 5.0]]]))
    tensor([[[3., 5.]]])
    """

    dims = 1


class MaxPool2d(_MaxPool):
    """The largest element of each window of (N, C, H, W) or (C, H, W).

    Args:
        stride: the window's own size if None.
        padding: at most half the window, of minus infinity.
        return_indices: return the positions of the maxima too, for ``MaxUnpool2d``.
        ceil_mode: a last window may reach out of the input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    >>> import autograd, nn
    >>> nn.MaxPool2d(2)(autograd.ones(1, 3, 8, 8)).shape
    torch.Size([1, 3, 4, 4])
    """

    dims = 2


class MaxPool3d(_MaxPool):
    """The largest element of each window of volumes; see ``MaxPool2d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html

    >>> import autograd, nn
    >>> nn.MaxPool3d(2)(autograd.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 2, 3, 4])
    """

    dims = 3


class _MaxUnpool(Module):
    dims: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = several(kernel_size, self.dims)
        self.stride = several(stride if stride is not None else kernel_size, self.dims)
        self.padding = several(padding, self.dims)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        unpool = getattr(F, f"max_unpool{self.dims}d")
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Maxima back at the places that ``MaxPool1d(..., return_indices=True)`` found, zeros elsewhere.

    Shapes: input and indices [N, C, L] or [C, L]. Raises RuntimeError for an index outside, ValueError for an
    impossible ``output_size``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html

    >>> import autograd, nn
    >>> pooled, places = nn.MaxPool1d(2, return_indices=True)(autograd.tensor([[[1.0, 3.0, 5.0, 2.0]]]))
    >>> nn.MaxUnpool1d(2)(pooled, places)
    tensor([[[0., 3., 5., 0.]]])
    """

    dims = 1


class MaxUnpool2d(_MaxUnpool):
    """Maxima back at the places that ``MaxPool2d(..., return_indices=True)`` found, zeros elsewhere.

    Shapes: input and indices [N, C, H, W] or [C, H, W]; see ``MaxUnpool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html

    >>> import autograd, nn
    >>> pooled, places = nn.MaxPool2d(2, return_indices=True)(autograd.ones(1, 3, 4, 4))
    >>> nn.MaxUnpool2d(2)(pooled, places).shape
    torch.Size([1, 3, 4, 4])
    """

    dims = 2


class MaxUnpool3d(_MaxUnpool):
    """Maxima back at the places that ``MaxPool3d(..., return_indices=True)`` found, zeros elsewhere.

    Shapes: input and indices [N, C, D, H, W] or [C, D, H, W]; see ``MaxUnpool1d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html

    >>> import autograd, nn
    >>> pooled, places = nn.MaxPool3d(2, return_indices=True)(autograd.ones(1, 3, 4, 4, 4))
    >>> nn.MaxUnpool3d(2)(pooled, places).shape
    torch.Size([1, 3, 4, 4, 4])
    """

    dims = 3


class AvgPool1d(Module):
    """The mean of each window of (N, C, L) or (C, L).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html

    >>> import autograd, nn
    >>> nn.AvgPool1d(2)(autograd.tensor([[[1.0, 3.0, 2.0, 6.0]]]))
    tensor([[[2., 4.]]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = several(kernel_size, 1)
        self.stride = several(stride if stride is not None else kernel_size, 1)
        self.padding = several(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Any) -> Any:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    dims: int

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        pool = getattr(F, f"avg_pool{self.dims}d")
        return pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of each window of (N, C, H, W) or (C, H, W).

    Args:
        stride: the window's own size if None.
        count_include_pad: whether the zeros of the padding count.
        divisor_override: divide by this instead of the number of elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html

    >>> import autograd, nn
    >>> nn.AvgPool2d(3, stride=2, padding=1)(autograd.ones(1, 3, 8, 8)).shape
    torch.Size([1, 3, 4, 4])
    """

    dims = 2


class AvgPool3d(_AvgPool):
    """The mean of each window of volumes; see ``AvgPool2d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html

    >>> import autograd, nn
    >>> nn.AvgPool3d(2)(autograd.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 2, 3, 4])
    """

    dims = 3


class _LPPool(Module):
    dims: int

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Any:
        pool = getattr(F, f"lp_pool{self.dims}d")
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        names = ("norm_type", "kernel_size", "stride", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class LPPool1d(_LPPool):
    """The p-norm of each window of (N, C, L).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html

    >>> import autograd, nn
    >>> nn.LPPool1d(2, 2)(autograd.tensor([[[3.0, 4.0, 0.0, 1.0]]]))
    tensor([[[5., 1.]]])
    """

    dims = 1


class LPPool2d(_LPPool):
    """The p-norm of each window of (N, C, H, W).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html

    >>> import autograd, nn
    >>> nn.LPPool2d(2, 2)(autograd.ones(1, 3, 4, 6)).shape
    torch.Size([1, 3, 2, 3])
    """

    dims = 2


class LPPool3d(_LPPool):
    """The p-norm of each window of volumes.

    Shapes: [N, C, D, H, W] or [C, D, H, W].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html

    >>> import autograd, nn
    >>> nn.LPPool3d(2, 2)(autograd.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 2, 3, 4])
    """

    dims = 3


class _AdaptiveAvgPool(Module):
    dims: int

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        return getattr(F, f"adaptive_avg_pool{self.dims}d")(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of ``output_size`` cells that divide the length as evenly as possible.

    Shapes: [N, C, L] or [C, L] gives [..., output_size]. Raises RuntimeError for a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html

    >>> import autograd, nn
    >>> nn.AdaptiveAvgPool1d(2)(autograd.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    tensor([[[1.5000, 3.5000]]])
    """

    dims = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of ``output_size`` cells of images; None keeps a length.

    Shapes: [N, C, H, W] or [C, H, W] gives [..., *output_size]; one number stands for both.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    >>> import autograd, nn
    >>> nn.AdaptiveAvgPool2d(1)(autograd.ones(2, 3, 5, 7)).shape
    torch.Size([2, 3, 1, 1])
    """

    dims = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of ``output_size`` cells of volumes.

    Shapes: [N, C, D, H, W] or [C, D, H, W] gives [..., *output_size].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html

    >>> import autograd, nn
    >>> nn.AdaptiveAvgPool3d((1, 2, None))(autograd.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 1, 2, 4])
    """

    dims = 3


class _AdaptiveMaxPool(Module):
    dims: int

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Any) -> Any:
        return getattr(F, f"adaptive_max_pool{self.dims}d")(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest elements of ``output_size`` cells.

    Shapes: [N, C, L] or [C, L] gives [..., output_size]; with ``return_indices`` the pair of it and int64 positions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html

    >>> import autograd, nn
    >>> nn.AdaptiveMaxPool1d(2)(autograd.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    tensor([[[2., 4.]]])
    """

    dims = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest elements of ``output_size`` cells of images.

    Shapes: [N, C, H, W] or [C, H, W] gives [..., *output_size]; None keeps a length.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html

    >>> import autograd, nn
    >>> nn.AdaptiveMaxPool2d((2, None))(autograd.ones(2, 3, 5, 7)).shape
    torch.Size([2, 3, 2, 7])
    """

    dims = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest elements of ``output_size`` cells of volumes.

    Shapes: [N, C, D, H, W] or [C, D, H, W] gives [..., *output_size].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html

    >>> import autograd, nn
    >>> nn.AdaptiveMaxPool3d(1)(autograd.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 1, 1, 1])
    """

    dims = 3


class _FractionalMaxPool(Module):
    dims: int

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        name, n = type(self).__name__, self.dims
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError(f"only one of output_size and output_ratio may be specified in {name}")
        self.kernel_size = several(kernel_size, n)
        self.return_indices = return_indices
        self.output_size = several(output_size, n) if output_size is not None else None
        self.output_ratio = several(output_ratio, n) if output_ratio is not None else None
        self.register_buffer("_random_samples", _random_samples)
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Any) -> Any:
        pool = getattr(F, f"fractional_max_pool{self.dims}d")
        return pool(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """Max pooling at pseudo-random steps, to any smaller size.

    Shapes: [N, C, H, W] or [C, H, W]. Give ``output_size``, or ``output_ratio`` between 0 and 1; else ValueError.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html

    >>> import autograd, nn
    >>> nn.FractionalMaxPool2d(2, output_size=(5, 3))(autograd.ones(1, 2, 8, 8)).shape
    torch.Size([1, 2, 5, 3])
    """

    dims = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """Max pooling of volumes at pseudo-random steps.

    Shapes: [N, C, D, H, W] or [C, D, H, W]; see ``FractionalMaxPool2d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html

    >>> import autograd, nn
    >>> nn.FractionalMaxPool3d(2, output_ratio=0.5)(autograd.ones(1, 2, 8, 8, 8)).shape
    torch.Size([1, 2, 4, 4, 4])
    """

    dims = 3
