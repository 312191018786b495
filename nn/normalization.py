"""Normalization layers."""

from __future__ import annotations

import warnings
from typing import Any

import autograd
from autograd.tensor import Tensor
from autograd.views import stamp

from . import functional as F
from . import init
from .functional.normalization import window_sums
from .linear import empty
from .module import Module
from .parameter import Parameter

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "CrossMapLRN2d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "LayerNorm", "LocalResponseNorm", "RMSNorm", "SyncBatchNorm",
]  # fmt: skip


class _Affine(Module):
    """Normalization with a scale and a shift that are learned."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_affine(self, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        self.register_parameter("weight", empty(*shape, device=device, dtype=dtype) if weight else None)
        self.register_parameter("bias", empty(*shape, device=device, dtype=dtype) if bias else None)

    def reset_parameters(self) -> None:
        """Scale 1 and shift 0 (again)."""
        if self.weight is not None:
            init.ones_(self.weight)
        if getattr(self, "bias", None) is not None:
            init.zeros_(self.bias)  # type: ignore[arg-type]


class LayerNorm(_Affine):
    """Mean 0 and variance 1 over the trailing dimensions, then ``* weight + bias``.

    Shapes: [*, *normalized_shape] gives the same; weight and bias ``normalized_shape``. Raises RuntimeError for others.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html

    >>> import autograd, nn
    >>> nn.LayerNorm(4)(autograd.tensor([[0.0, 1.0, 2.0, 3.0]])).sum().item() < 1e-5
    True
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Any:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"


class RMSNorm(_Affine):
    """``x / sqrt(mean(x**2) + eps) * weight`` over the trailing dimensions.

    Shapes: [*, *normalized_shape] gives the same; weight ``normalized_shape``. ``eps=None``: the dtype's own.

    >>> import autograd, nn
    >>> nn.RMSNorm(2)(autograd.tensor([[1.0, 7.0]])).tolist()
    [[0.20000000298023224, 1.399999976158142]]
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter(
            "weight", empty(*self.normalized_shape, device=device, dtype=dtype) if elementwise_affine else None
        )
        self.reset_parameters()

    def forward(self, x: Tensor) -> Any:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Mean 0 and variance 1 in each group of channels of each sample, then ``* weight + bias``.

    Shapes: [N, C, *] gives the same; weight and bias [C]. Raises ValueError unless ``num_groups`` divides C.

    >>> import autograd, nn
    >>> nn.GroupNorm(2, 6)(autograd.ones(4, 6, 5)).shape
    torch.Size([4, 6, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make_affine((num_channels,), affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Any:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"affine={self.affine}, bias={self.bias is not None}"
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, {affine}"


class _Running(_Affine):
    """Normalization that remembers running statistics for evaluation."""

    _version = 2
    _dims: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps, self.momentum, self.affine, self.track_running_stats = eps, momentum, affine, track_running_stats
        self._make_affine((num_features,), affine, affine and bias, device, dtype)
        tracked = track_running_stats
        self.register_buffer(
            "running_mean", autograd.zeros(num_features, device=device, dtype=dtype) if tracked else None
        )
        self.register_buffer(
            "running_var", autograd.ones(num_features, device=device, dtype=dtype) if tracked else None
        )
        self.register_buffer("num_batches_tracked", autograd.tensor(0, dtype=autograd.long) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.track_running_stats:
            for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
                if buffer is not None:
                    init.constant_(buffer, value)

    def reset_parameters(self) -> None:
        """Forget the running statistics, and scale 1 and shift 0 (again)."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in self._dims:
            dims = " or ".join(f"{n}D" for n in self._dims)
            raise ValueError(f"expected {dims} input (got {input.ndim}D input): the shape is {list(input.shape)}")

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *lists: Any) -> None:
        version = local_metadata.get("version") or 1
        if version < 2 and self.num_batches_tracked is not None:  # PyTorch before 0.4.1 did not count
            state_dict.setdefault(prefix + "num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *lists)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Running):
    def forward(self, input: Tensor) -> Any:
        self._check_input_dim(input)
        average = 0.0 if self.momentum is None else self.momentum
        counted = self.num_batches_tracked
        if self.training and self.track_running_stats and counted is not None:
            counted.array += 1
            stamp(counted.array, "batch_norm")
            if self.momentum is None:  # the plain average of all batches
                average = 1.0 / float(counted.array)
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        follow = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if follow else None,
            self.running_var if follow else None,
            self.weight,
            self.bias,
            by_batch,
            average,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Mean 0 and variance 1 of each channel of [N, C] or [N, C, L], then ``* weight + bias``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html

    >>> import autograd, nn
    >>> norm = nn.BatchNorm1d(2)
    >>> norm(autograd.tensor([[1.0, 10.0], [3.0, 30.0]])).round().tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> norm.running_mean
    tensor([0.2000, 2.0000])
    """

    _dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Mean 0 and variance 1 of each channel of [N, C, H, W], then ``* weight + bias``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html

    >>> import autograd, nn
    >>> nn.BatchNorm2d(3)(autograd.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Mean 0 and variance 1 of each channel of [N, C, D, H, W], then ``* weight + bias``.

    >>> import autograd, nn
    >>> nn.BatchNorm3d(3)(autograd.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    _dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch norm across processes. There is one process here, so it is batch norm.

    Shapes: [N, C, *] gives the same.

    >>> import nn
    >>> nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(3)))
    Sequential(
      (0): SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    )
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """``module`` with every BatchNorm layer replaced by a SyncBatchNorm with the same state."""
        made: Module = module
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            made = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
            )
            made._parameters.update(module._parameters)
            made._buffers.update(module._buffers)
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Any:
        self._check_input_dim(input)
        batched = input.ndim == self._dims[1]
        channels = input.shape[1 if batched else 0]
        if channels != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={1 if batched else 0} to match num_features "
                    f"({self.num_features}), but got: {channels}."
                )
            warnings.warn(
                f"input's size at dim={1 if batched else 0} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        y = F.instance_norm(
            input if batched else input.unsqueeze(0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y if batched else y.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each sample of [N, C, L] (or [C, L]).

    >>> import autograd, nn
    >>> nn.InstanceNorm1d(2)(autograd.tensor([[[1.0, 3.0], [10.0, 30.0]]])).round()
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """

    _dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each sample of [N, C, H, W] (or [C, H, W]).

    >>> import autograd, nn
    >>> nn.InstanceNorm2d(3)(autograd.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    _dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each sample of [N, C, D, H, W] (or [C, D, H, W]).

    >>> import autograd, nn
    >>> nn.InstanceNorm3d(3)(autograd.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    _dims = (4, 5)


class LocalResponseNorm(Module):
    """Each value divided by the size of its neighbours in ``size`` channels (Krizhevsky et al. 2012).

    Shapes: [N, C, *] gives the same. Raises ValueError for an input of less than three dimensions.

    >>> import autograd, nn
    >>> nn.LocalResponseNorm(3)(autograd.ones(1, 4, 2)).shape
    torch.Size([1, 4, 2])
    """

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Any:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """LocalResponseNorm with a window that is symmetric, as Caffe had it.

    Shapes: [N, C, H, W] gives the same.

    >>> import autograd, nn
    >>> nn.CrossMapLRN2d(3)(autograd.ones(1, 4, 2, 2)).shape
    torch.Size([1, 4, 2, 2])
    """

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Any:
        if input.ndim != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.ndim}D instead.")
        reach = (self.size - 1) // 2
        return input / (window_sums(input * input, reach, reach) * (self.alpha / self.size) + self.k) ** self.beta

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
