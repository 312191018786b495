"""``torch.cuda.comm``: tensors are not sent between GPUs, of which there are none."""

from __future__ import annotations

from typing import Any

from . import _ABSENT

__all__ = ["broadcast", "broadcast_coalesced", "gather", "reduce_add", "reduce_add_coalesced", "scatter"]


def broadcast(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError."""
    raise RuntimeError(_ABSENT)


broadcast_coalesced = gather = reduce_add = reduce_add_coalesced = scatter = broadcast
