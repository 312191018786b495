"""The names for annotations of ``torch.types``."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import TypeAlias

from . import dtypes
from .devices import device
from .storage import Storage
from .tensor import Size, Tensor

Number: TypeAlias = builtins.int | builtins.float | builtins.bool
Device: TypeAlias = device | str | builtins.int | None
FileLike: TypeAlias = str | os.PathLike[str]
_dtype, _device, _size, _int, _float, _bool = dtypes.dtype, device, Size, builtins.int, builtins.float, builtins.bool
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
__all__ = ["Device", "FileLike", "Number", "Storage"]
