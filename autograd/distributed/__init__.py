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


def is_mpi_available() -> bool:
    """False."""
    return False


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


def monitored_barrier(group: Any = None, timeout: Any = None, wait_all_ranks: bool = False) -> None:
    """Nobody to wait for."""
    _check()


# --- one part for each process, of which there is one ----------------------------------------------------------------


def _copied(into: Any, tensor: Any, async_op: bool = False) -> Work | None:
    _check()
    into.copy_(tensor)
    return _done(async_op)


def _only(parts: Any, what: str) -> Any:
    """The element of a list with one for each process. Raises ValueError if it has more or fewer."""
    if len(parts) != 1:
        raise ValueError(f"{what}: expected a list of one, for the one process there is, but got {len(parts)}")
    return parts[0]


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copies ``input_tensor``; the output may have one dimension of length one more."""
    return _copied(output_tensor, input_tensor.reshape(output_tensor.shape), async_op)


def gather(
    tensor: Tensor, gather_list: list[Tensor] | None = None, dst: int = 0, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copies ``tensor`` into the only element of ``gather_list``."""
    _check()
    return _copied(_only(gather_list or [], "gather"), tensor, async_op)


def scatter(
    tensor: Tensor, scatter_list: list[Tensor] | None = None, src: int = 0, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copies the only element of ``scatter_list`` into ``tensor``."""
    _check()
    return _copied(tensor, _only(scatter_list or [], "scatter"), async_op)


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copies the only element of ``input_list`` into ``output``."""
    _check()
    return _copied(output, _only(input_list, "reduce_scatter"), async_op)


def reduce_scatter_tensor(
    output: Tensor, input: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copies ``input`` into ``output``."""
    return _copied(output, input.reshape(output.shape), async_op)


all_gather_single, reduce_scatter_single = all_gather_into_tensor, reduce_scatter_tensor


def all_to_all(
    output_tensor_list: list[Tensor], input_tensor_list: list[Tensor], group: Any = None, async_op: bool = False
) -> Work | None:
    """Copies the only element of the one list into that of the other."""
    _check()
    return _copied(_only(output_tensor_list, "all_to_all"), _only(input_tensor_list, "all_to_all"), async_op)


def all_to_all_single(
    output: Tensor, input: Tensor, output_split_sizes: Any = None, input_split_sizes: Any = None, group: Any = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Copies ``input`` into ``output``."""
    return _copied(output, input, async_op)


def gather_object(obj: Any, object_gather_list: list[Any] | None = None, dst: int = 0, group: Any = None) -> None:
    """Puts ``obj`` into the only place of the list."""
    _check()
    if object_gather_list is not None:
        object_gather_list[0] = obj


def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: list[Any] | None = None,
    src: int = 0,
    group: Any = None,
) -> None:
    """Puts the only object of the one list into the other."""
    _check()
    scatter_object_output_list[0] = _only(scatter_object_input_list or [], "scatter_object_list")


def send(tensor: Tensor, dst: int = 0, group: Any = None, tag: int = 0) -> None:
    """Raises ValueError: there is no other process to send to."""
    _check()
    raise ValueError(f"there is one process, of rank 0: nothing can be sent to, or received from, rank {dst}")


def recv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0) -> int:
    """Raises ValueError: there is no other process to receive from."""
    send(tensor, src or 0)
    raise AssertionError


isend, irecv = send, recv


# --- the group -----------------------------------------------------------------------------------------------------


class group:
    """``group.WORLD``: the group of all processes, which is what None means here."""

    WORLD = None


GroupMember = group


def get_process_group_ranks(group: Any = None) -> list[int]:
    """[0]."""
    _check()
    return [0]


def get_global_rank(group: Any, group_rank: int) -> int:
    """The rank itself."""
    return group_rank


def get_group_rank(group: Any, global_rank: int) -> int:
    """The rank itself."""
    return global_rank
