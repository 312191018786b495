"""Settings that programs make: precision, determinism, and the questions whose answer is fixed."""

from __future__ import annotations

import warnings
from typing import Any

from . import dtypes
from .tensor import Tensor

__all__ = [
    "are_deterministic_algorithms_enabled", "get_float32_matmul_precision", "get_num_interop_threads",
    "is_autocast_enabled",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_tensor_type",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_warn_always", "use_deterministic_algorithms", "is_storage", "is_distributed", "is_same_size", "cuda_version",
    "dsmm", "hsmm", "spmm",
]  # fmt: skip

cuda_version = None
_state: dict[str, Any] = {"precision": "highest", "deterministic": False, "warn": False}


def set_float32_matmul_precision(precision: str) -> None:
    """Note how exact float32 products shall be: "highest", "high" or "medium". Here they are exact to float32."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision} is not one of 'highest', 'high', 'medium'")
    _state["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What was set."""
    return str(_state["precision"])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Note the wish: algorithms here are deterministic."""
    _state["deterministic"], _state["warn"] = bool(mode), bool(warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """What was set."""
    return bool(_state["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What was set."""
    return bool(_state["warn"])


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Note the wish: algorithms here are deterministic."""
    _state["deterministic"] = debug_mode not in (0, "default")


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of this tensor type (or its name) the default one. Old: ``set_default_dtype``."""
    from . import conversion

    kind = conversion._kinds.get(t.removeprefix("torch.")) if isinstance(t, str) else t
    if not isinstance(kind, conversion.TensorType):
        raise TypeError(f"invalid type object: {t!r}")
    dtypes.set_default_dtype(kind.dtype)


def set_flush_denormal(mode: bool) -> bool:
    """False: NumPy can't."""
    return False


def get_num_interop_threads() -> int:
    """1: operations run one after the other."""
    return 1


def set_num_interop_threads(int: int) -> None:
    """Accepted: operations run one after the other."""


def set_warn_always(b: bool, /) -> None:
    """Show the library's warnings each time, or once for each place."""
    warnings.filterwarnings("always" if b else "default", module=r"autograd\.|nn\.|optim\.")


def is_warn_always_enabled() -> bool:
    """False."""
    return False


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether the program is inside ``autocast``."""
    from .amp import is_autocast_enabled as inside

    return inside(device_type)


def _assert(condition: Any, message: str) -> None:
    """Raises AssertionError with the message, unless the condition holds; ``torch.fx`` traces it."""
    assert condition, message


def is_storage(obj: Any) -> bool:
    """Whether ``obj`` is a storage."""
    from .storage import Storage

    return isinstance(obj, Storage)


def is_distributed(tensor: Any) -> bool:
    """False."""
    return False


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return bool(input.array.shape == other.array.shape)


def spmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The matrix product: ``sparse.mm``."""
    from .sparse import mm

    return mm(input, mat2)


dsmm = hsmm = spmm
