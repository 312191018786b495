"""What programs ask of ``nn.parallel``: there is one device and one process, so the wrappers only call the module."""

from __future__ import annotations

import sys
from typing import Any

from ..module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel", "gather", "replicate", "scatter"]


class _Wrapper(Module):
    """Holds a module as ``module``, as PyTorch's wrappers do: state_dict keys begin with ``module.``."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Calls the module."""
        return self.module(*inputs, **kwargs)


class DataParallel(_Wrapper):
    """Calls the module: there are no devices to spread the batch over.

    >>> import autograd, nn
    >>> list(DataParallel(nn.Linear(1, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__(module)
        self.dim, self.device_ids = dim, list(device_ids or [])


class DistributedDataParallel(_Wrapper):
    """Calls the module: the group has one process, so its gradients are the average.

    Raises ValueError before ``autograd.distributed.init_process_group``.
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0,
        broadcast_buffers: bool = True,
        init_sync: bool = True, process_group: Any = None, bucket_cap_mb: Any = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False, gradient_as_bucket_view: bool = False, static_graph: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        from autograd import distributed

        distributed.get_world_size(process_group)
        super().__init__(module)
        self.device_ids = device_ids

    def no_sync(self) -> Any:
        """A block in which gradients would not be averaged."""
        import contextlib

        return contextlib.nullcontext()


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: Any = None,
) -> Any:
    """``module(*inputs)``.

    >>> import autograd, nn
    >>> data_parallel(nn.Linear(3, 2), autograd.ones(4, 3)).shape
    torch.Size([4, 2])
    """
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> Any:
    """Splits a tensor into as many chunks as there are targets. Raises RuntimeError for targets other than the CPU."""
    from autograd.devices import check_device

    for target in target_gpus:
        check_device(target)
    return tuple(inputs.chunk(len(target_gpus), dim))


def scatter_kwargs(inputs: Any, kwargs: Any, target_gpus: Any, dim: int = 0) -> tuple[Any, Any]:
    """The arguments of a call for each target: tensors in chunks, anything else as it is."""
    from autograd.tensor import Tensor

    n = len(target_gpus)
    parts = [scatter(v, target_gpus, dim) if isinstance(v, Tensor) else (v,) * n for v in (*inputs, *kwargs.values())]
    rows = list(zip(*parts, strict=True))
    return (
        tuple([row[: len(inputs)] for row in rows]),
        tuple([dict(zip(kwargs, row[len(inputs) :], strict=True)) for row in rows]),
    )


def get_a_var(obj: Any) -> Any:
    """A tensor among nested lists, tuples and dicts; None if there is none."""
    from autograd.tensor import Tensor

    if isinstance(obj, Tensor):
        return obj
    parts = obj.values() if isinstance(obj, dict) else obj if isinstance(obj, (list, tuple)) else ()
    return next((found for found in map(get_a_var, parts) if found is not None), None)


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """The tensors joined along ``dim``."""
    import autograd

    return autograd.cat(list(outputs), dim)  # type: ignore[attr-defined]


def replicate(network: Module, devices: Any, detach: bool = False) -> list[Module]:
    """The module itself, for each device."""
    return [network for _ in devices]


class Scatter:
    """``scatter`` as PyTorch's Function is called."""

    @staticmethod
    def apply(target_gpus: Any, chunk_sizes: Any, dim: int, input: Any) -> Any:
        """The chunks of ``input``."""
        return scatter(input, target_gpus, dim)


class Gather:
    """``gather`` as PyTorch's Function is called."""

    @staticmethod
    def apply(target_device: Any, dim: int, *inputs: Any) -> Any:
        """The tensors joined along ``dim``."""
        return gather(inputs, target_device, dim)


class Broadcast:
    """Sends tensors to GPUs."""

    @staticmethod
    def apply(*args: Any) -> Any:
        """Raises RuntimeError: there are none."""
        raise RuntimeError("there is no GPU: this library computes on the CPU, in one process")


class ReduceAddCoalesced(Broadcast):
    """Adds tensors up from several GPUs."""


for _name in ("data_parallel", "replicate"):  # by hand: an import would hide the functions of these names
    sys.modules[f"{__name__}.{_name}"] = sys.modules[__name__]
