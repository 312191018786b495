"""``torch.cuda.nccl``: GPUs don't talk to each other, of which there are none."""

from __future__ import annotations

from typing import Any

from . import _ABSENT

__all__ = ["all_gather", "all_reduce", "broadcast", "is_available", "reduce", "reduce_scatter", "version"]


def is_available(tensors: Any) -> bool:
    """False."""
    return False


def all_reduce(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError."""
    raise RuntimeError(_ABSENT)


all_gather = broadcast = reduce = reduce_scatter = version = all_reduce
