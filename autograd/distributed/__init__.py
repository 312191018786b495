"""What programs ask of ``torch.distributed``: a world of one process, in which every collective is the identity.

>>> init_process_group("gloo")
>>> get_world_size(), get_rank()
(1, 0)
>>> destroy_process_group()
"""

from __future__ import annotations

import enum
import os
from typing import Any

from ..tensor import Tensor


class ReduceOp(enum.Enum):
    """How values of several processes are combined."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = range(8)


class _World:
    ready = False
    backend = ""


_world = _World()


def is_available() -> bool:
    """False, as of a PyTorch that was built without it: libraries then leave their parallel parts out.

    A group of one can be made all the same.
    """
    return False


def is_initialized() -> bool:
    """Whether ``init_process_group`` was called."""
    return _world.ready


def is_nccl_available() -> bool:
    """False."""
    return False


def is_gloo_available() -> bool:
    """True: the group of one needs no backend."""
    return True


def is_torchelastic_launched() -> bool:
    """False."""
    return False


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: Any = None, world_size: int = -1,
    rank: int = -1,
    store: Any = None, group_name: str = "", pg_options: Any = None, device_id: Any = None,
) -> None:  # fmt: skip
    """Begin a group of one process. Raises RuntimeError if more are asked for, here or in WORLD_SIZE."""
    size = world_size if world_size > 0 else int(os.environ.get("WORLD_SIZE", "1"))
    if size != 1:
        raise RuntimeError(
            f"a group of {size} processes was asked for; this library computes in one process: use world_size=1"
        )
    _world.ready, _world.backend = True, backend or "gloo"


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    _world.ready = False


def _check() -> None:
    if not _world.ready:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


def get_rank(group: Any = None) -> int:
    """0."""
    _check()
    return 0


def get_world_size(group: Any = None) -> int:
    """1."""
    _check()
    return 1


def get_backend(group: Any = None) -> str:
    """The name that was given."""
    _check()
    return _world.backend


def new_group(ranks: Any = None, *args: Any, **kwargs: Any) -> None:
    """The one group."""
    _check()


class Work:
    """A collective that is done."""

    def wait(self, timeout: Any = None) -> bool:
        """True."""
        return True

    def is_completed(self) -> bool:
        """True."""
        return True


def _done(async_op: bool) -> Work | None:
    _check()
    return Work() if async_op else None


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """The combination over one process: the tensor stays as it is."""
    return _done(async_op)


def reduce(
    tensor: Tensor, dst: int = 0, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """As ``all_reduce``."""
    return _done(async_op)


def broadcast(tensor: Tensor, src: int = 0, group: Any = None, async_op: bool = False) -> Work | None:
    """The tensor stays as it is."""
    return _done(async_op)


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Work | None:
    """Copies ``tensor`` into the only element of ``tensor_list``."""
    tensor_list[0].copy_(tensor)  # type: ignore[attr-defined]
    return _done(async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Puts ``obj`` into the only place of ``object_list``."""
    _check()
    object_list[0] = obj


def broadcast_object_list(object_list: list[Any], src: int = 0, group: Any = None, device: Any = None) -> None:
    """The objects stay as they are."""
    _check()


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Nobody to wait for."""
    return _done(async_op)
