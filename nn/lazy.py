"""Layers that learn the size of their input from the first batch.

A lazy module has uninitialized parameters; a hook that runs before its first call gives them their shapes, and the
module turns into its ordinary class.
"""

from __future__ import annotations

from typing import Any

from autograd.tensor import Tensor

from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
    "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class LazyModuleMixin:
    """Mix in before a Module, set ``cls_to_become``, and define ``initialize_parameters(input)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.lazy.LazyModuleMixin.html
    """

    cls_to_become: type | None = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._initialize_hook = self.register_forward_pre_hook(_infer, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes, from the input of the first call."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self: Any) -> bool:
        """Whether some parameter or buffer has no shape yet."""
        return any(is_lazy(t) for t in [*self._parameters.values(), *self._buffers.values()])

    def _load_from_state_dict(self: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
        for name, mine in [*self._parameters.items(), *self._buffers.items()]:
            given = state_dict.get(prefix + name)
            if is_lazy(mine) and given is not None and not is_lazy(given):
                mine.materialize(tuple(given.shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)  # type: ignore[misc]


def _infer(module: Any, args: Any, kwargs: Any) -> None:
    """The hook of the first call."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
    module._initialize_hook.remove()
    delattr(module, "_initialize_hook")
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


class LazyLinear(LazyModuleMixin, Linear):
    """Linear whose ``in_features`` is the last length of the first input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html

    >>> import autograd, nn
    >>> layer = nn.LazyLinear(3)
    >>> layer(autograd.ones(2, 5)).shape, layer
    (torch.Size([2, 3]), Linear(in_features=5, out_features=3, bias=True))
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the initial values, once there are shapes."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the last length of the input."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))  # type: ignore[attr-defined]
            if self.bias is not None:
                self.bias.materialize((self.out_features,))  # type: ignore[attr-defined]
            self.reset_parameters()
        if self.in_features == 0:
            self.in_features = self.weight.shape[-1]


class _LazyConvBase(LazyModuleMixin):
    """A convolution whose ``in_channels`` is that of the first input."""

    dims: int
    in_channels: int

    def _forget_sizes(self: Any, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        """Put uninitialized parameters in place of those that were made for no channels at all."""
        self.out_channels = out_channels
        if out_channels % self.groups:
            raise ValueError("out_channels must be divisible by groups")
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self: Any) -> None:
        """Draw the initial values, once there are shapes."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take the channels of the input."""
        if not self.has_uninitialized_params():
            return
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {list(input.shape)}"
            )
        self.in_channels = input.shape[-self.dims - 1]
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        first, second = self.out_channels, self.in_channels // self.groups
        if self.transposed:
            first, second = self.in_channels, self.out_channels // self.groups
        self.weight.materialize((first, second, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class _LazyConv(_LazyConvBase):
    def __init__(
        self: Any,
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
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._forget_sizes(out_channels, bias, device, dtype)


class _LazyConvTranspose(_LazyConvBase):
    def __init__(
        self: Any,
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
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode)
        self._forget_sizes(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConv, Conv1d):
    """Conv1d whose ``in_channels`` is that of the first input.

    >>> import autograd, nn
    >>> layer = nn.LazyConv1d(8, 3)
    >>> layer(autograd.ones(2, 5, 10)).shape, layer
    (torch.Size([2, 8, 8]), Conv1d(5, 8, kernel_size=(3,), stride=(1,)))
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """Conv2d whose ``in_channels`` is that of the first input.

    >>> import autograd, nn
    >>> layer = nn.LazyConv2d(8, 3)
    >>> layer(autograd.ones(2, 5, 10, 10)).shape, layer.in_channels
    (torch.Size([2, 8, 8, 8]), 5)
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """Conv3d whose ``in_channels`` is that of the first input.

    >>> import autograd, nn
    >>> layer = nn.LazyConv3d(8, 3)
    >>> layer(autograd.ones(2, 5, 4, 4, 4)).shape, layer.in_channels
    (torch.Size([2, 8, 2, 2, 2]), 5)
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """ConvTranspose1d whose ``in_channels`` is that of the first input.

    >>> import autograd, nn
    >>> layer = nn.LazyConvTranspose1d(8, 3)
    >>> layer(autograd.ones(2, 5, 10)).shape, layer.in_channels
    (torch.Size([2, 8, 12]), 5)
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """ConvTranspose2d whose ``in_channels`` is that of the first input.

    >>> import autograd, nn
    >>> layer = nn.LazyConvTranspose2d(8, 3)
    >>> layer(autograd.ones(2, 5, 10, 10)).shape, layer.in_channels
    (torch.Size([2, 8, 12, 12]), 5)
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """ConvTranspose3d whose ``in_channels`` is that of the first input.

    >>> import autograd, nn
    >>> layer = nn.LazyConvTranspose3d(8, 3)
    >>> layer(autograd.ones(2, 5, 4, 4, 4)).shape, layer.in_channels
    (torch.Size([2, 8, 6, 6, 6]), 5)
    """

    cls_to_become = ConvTranspose3d


class _LazyNorm(LazyModuleMixin):
    """A normalization whose ``num_features`` is that of the first input."""

    num_batches_tracked: Tensor | None

    def __init__(
        self: Any,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            from autograd import long, tensor

            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=long)

    def reset_parameters(self: Any) -> None:
        """Set the initial values, once there are shapes."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Tensor) -> None:
        """Take the channels of the input."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1 if input.ndim in (2, self._dims[-1]) else 0]
            for t in (self.weight, self.bias, self.running_mean, self.running_var):
                if is_lazy(t):
                    t.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """BatchNorm1d whose ``num_features`` is that of the first input.

    >>> import autograd, nn
    >>> norm = nn.LazyBatchNorm1d()
    >>> norm(autograd.ones(2, 5)).shape, norm.num_features
    (torch.Size([2, 5]), 5)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """BatchNorm2d whose ``num_features`` is that of the first input.

    >>> import autograd, nn
    >>> norm = nn.LazyBatchNorm2d()
    >>> norm(autograd.ones(2, 5, 3, 3)).shape, norm.num_features
    (torch.Size([2, 5, 3, 3]), 5)
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """BatchNorm3d whose ``num_features`` is that of the first input.

    >>> import autograd, nn
    >>> norm = nn.LazyBatchNorm3d()
    >>> norm(autograd.ones(2, 5, 3, 3, 3)).shape, norm.num_features
    (torch.Size([2, 5, 3, 3, 3]), 5)
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """InstanceNorm1d whose ``num_features`` is that of the first input.

    >>> import autograd, nn
    >>> norm = nn.LazyInstanceNorm1d()
    >>> norm(autograd.ones(2, 5, 3)).shape, norm.num_features
    (torch.Size([2, 5, 3]), 5)
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """InstanceNorm2d whose ``num_features`` is that of the first input.

    >>> import autograd, nn
    >>> norm = nn.LazyInstanceNorm2d()
    >>> norm(autograd.ones(2, 5, 3, 3)).shape, norm.num_features
    (torch.Size([2, 5, 3, 3]), 5)
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """InstanceNorm3d whose ``num_features`` is that of the first input.

    >>> import autograd, nn
    >>> norm = nn.LazyInstanceNorm3d()
    >>> norm(autograd.ones(2, 5, 3, 3, 3)).shape, norm.num_features
    (torch.Size([2, 5, 3, 3, 3]), 5)
    """

    cls_to_become = InstanceNorm3d
