"""What programs ask of ``torch.cuda``: there is no GPU here, and the answers say so.

``is_available()`` is False, counts and memory figures are 0, and what only makes sense with a GPU raises RuntimeError.

>>> is_available(), device_count()
(False, 0)
"""

from __future__ import annotations

import sys
import time
from typing import Any

from .. import conversion
from ..conversion import TensorType
from ..devices import device as Device
from ..tensor import Tensor
from . import amp as amp

_ABSENT = "there is no GPU: this library computes on the CPU. Ask autograd.cuda.is_available() before this call"

_initialized = False  # reversible networks ask, to know whether there are states of generators to keep


def is_available() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_device() -> int:
    """Raises RuntimeError: there is none."""
    raise RuntimeError(_ABSENT)


def set_device(device: Any) -> None:
    """Raises RuntimeError, unless ``device`` is negative, which PyTorch ignores too."""
    if not isinstance(device, int) or device >= 0:
        raise RuntimeError(_ABSENT)


def get_device_properties(device: Any = None) -> Any:
    """Raises RuntimeError: there is no GPU to describe."""
    raise RuntimeError(_ABSENT)


def get_device_name(device: Any = None) -> str:
    """Raises RuntimeError: there is no GPU to name."""
    raise RuntimeError(_ABSENT)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Raises RuntimeError: there is no GPU."""
    raise RuntimeError(_ABSENT)


def get_arch_list() -> list[str]:
    """No architectures."""
    return []


def init() -> None:
    """Raises RuntimeError: there is no GPU."""
    raise RuntimeError(_ABSENT)


def synchronize(device: Any = None) -> None:
    """Nothing to wait for: operations here are done when they return."""


def empty_cache() -> None:
    """No cache to empty."""


def ipc_collect() -> None:
    """Nothing to collect."""


def manual_seed(seed: int) -> None:
    """No GPU stream to seed; ``autograd.manual_seed`` seeds the CPU's."""


def manual_seed_all(seed: int) -> None:
    """No GPU stream to seed; ``autograd.manual_seed`` seeds the CPU's."""


def seed() -> None:
    """No GPU stream to seed."""


def seed_all() -> None:
    """No GPU stream to seed."""


def get_rng_state(device: Any = "cuda") -> Tensor:
    """Raises RuntimeError: there is no GPU stream."""
    raise RuntimeError(_ABSENT)


def get_rng_state_all() -> list[Tensor]:
    """The states of no streams."""
    return []


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Raises RuntimeError: there is no GPU stream."""
    raise RuntimeError(_ABSENT)


def set_rng_state_all(new_states: Any) -> None:
    """Sets none."""


def _zero(name: str) -> Any:
    def figure(device: Any = None) -> int:
        return 0

    figure.__name__ = figure.__qualname__ = name
    figure.__doc__ = "0: there is no GPU memory."
    return figure


memory_allocated, max_memory_allocated = _zero("memory_allocated"), _zero("max_memory_allocated")
memory_reserved, max_memory_reserved = _zero("memory_reserved"), _zero("max_memory_reserved")
memory_cached, max_memory_cached = _zero("memory_cached"), _zero("max_memory_cached")


class OutOfMemoryError(RuntimeError):
    """What PyTorch raises when a GPU's memory is used up: programs name it to catch it. Here it is MemoryError."""


def memory_stats(device: Any = None) -> dict[str, Any]:
    """No figures."""
    return {}


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Raises RuntimeError: there is no GPU memory."""
    raise RuntimeError(_ABSENT)


def utilization(device: Any = None) -> int:
    """Raises RuntimeError: there is no GPU."""
    raise RuntimeError(_ABSENT)


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """An empty report."""
    return ""


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing to reset."""


reset_max_memory_allocated = reset_peak_memory_stats


class Event:
    """A moment in time: ``start.record(); ...; end.record(); start.elapsed_time(end)`` gives milliseconds."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        self._time: float | None = None

    def record(self, stream: Any = None) -> None:
        """Note the time."""
        self._time = time.perf_counter()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to a later one. Raises RuntimeError if one was not recorded."""
        if self._time is None or end_event._time is None:
            raise RuntimeError("Both events must be recorded before calculating elapsed time.")
        return (end_event._time - self._time) * 1e3

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def wait(self, stream: Any = None) -> None:
        """Nothing to wait for."""

    def query(self) -> bool:
        """True: what was recorded is done."""
        return True


class Stream:
    """A queue of work: here everything is done in order, at once."""

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        self.device = Device("cuda")

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def wait_stream(self, stream: Any) -> None:
        """Nothing to wait for."""

    def wait_event(self, event: Any) -> None:
        """Nothing to wait for."""

    def record_event(self, event: Event | None = None) -> Event:
        """An event of this moment."""
        event = Event() if event is None else event
        event.record()
        return event

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class CUDAGraph:
    """A name for annotations. Raises RuntimeError when made: there is no CUDA here."""

    def __init__(self, keep_graph: bool = False) -> None:
        raise RuntimeError("a CUDAGraph can't be made: this library computes on the CPU")


class graph(CUDAGraph):
    """The block that would record one. Raises RuntimeError when made."""


class StreamContext:
    """What ``stream`` gives, as a name for annotations."""


def stream(stream: Stream | None) -> Any:
    """A block in which work would go to ``stream``."""
    return Stream() if stream is None else stream


def current_stream(device: Any = None) -> Stream:
    """The one order of work that there is."""
    return Stream()


default_stream = current_stream


class device:
    """A block in which a GPU would be the current one; None or a negative number changes nothing."""

    def __init__(self, device: Any) -> None:
        set_device(-1 if device is None else device)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


def _typed(name: str) -> TensorType:
    plain: TensorType = getattr(conversion, name)
    return TensorType(f"cuda.{name}", plain._dtype)


FloatTensor, DoubleTensor, HalfTensor = _typed("FloatTensor"), _typed("DoubleTensor"), _typed("HalfTensor")
LongTensor, IntTensor, ShortTensor = _typed("LongTensor"), _typed("IntTensor"), _typed("ShortTensor")
CharTensor, ByteTensor, BoolTensor = _typed("CharTensor"), _typed("ByteTensor"), _typed("BoolTensor")


def __getattr__(name: str) -> Any:
    """PyTorch divides this module (``cuda.random.manual_seed``): it stands for its parts."""
    from ..addresses import FINER

    if name in FINER[__name__].split():
        return sys.modules[__name__]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
