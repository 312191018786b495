"""Collectives that return what they combined, and let gradients through: ``torch.distributed.nn``, in a world of one."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import ReduceOp, get_world_size

__all__ = ["all_gather", "all_reduce", "broadcast", "gather", "reduce"]


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """The combination over one process: the tensor."""
    get_world_size(group)  # raises ValueError where there is no group yet
    return tensor.clone()  # type: ignore[no-any-return]


def reduce(tensor: Tensor, dst: int, op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """As ``all_reduce``."""
    return all_reduce(tensor, op, group)


def broadcast(tensor: Tensor, src: int, group: Any = None) -> Tensor:
    """The tensor, which came from the only process."""
    return all_reduce(tensor, group=group)


def all_gather(tensor: Tensor, group: Any = None) -> tuple[Tensor, ...]:
    """The tensors of all processes: this one."""
    return (all_reduce(tensor, group=group),)


def gather(tensor: Tensor, dst: int = 0, group: Any = None) -> tuple[Tensor, ...]:
    """As ``all_gather``."""
    return all_gather(tensor, group)
