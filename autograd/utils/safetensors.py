"""The safetensors format: a JSON header, then the bytes of the tensors. It can hold nothing that runs.

Source: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import dtypes
from ..devices import check_device
from ..serialization import replacing
from ..tensor import Tensor, wrap

__all__ = ["load", "load_file", "save", "save_file"]

_NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "uint16": "U16", "uint32": "U32", "uint64": "U64",
    "complex64": "C64",
}  # fmt: skip
_DTYPES = {code: name for name, code in _NAMES.items()}


class SafetensorError(Exception):
    """The bytes are no safetensors file."""


def save(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a file that holds these tensors by name.

    >>> import autograd
    >>> load(save({"w": autograd.ones(2)}))
    {'w': tensor([1., 1.])}
    """
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    parts: list[bytes] = []
    at = 0
    for name in sorted(tensors, key=lambda k: (-tensors[k].array.itemsize, k)):  # aligned, and in one order
        array = tensors[name].array
        if array.dtype.name not in _NAMES:
            raise TypeError(f"safetensors has no name for {tensors[name].dtype}: tensor {name!r}")
        content = array.tobytes()
        header[name] = {
            "dtype": _NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(content)],
        }
        at += len(content)
        parts.append(content)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def save_file(tensors: Mapping[str, Tensor], filename: Any, metadata: Mapping[str, str] | None = None) -> None:
    """Write the tensors to a path, which is replaced in one step."""
    content = save(tensors, metadata)
    with replacing(os.fspath(filename)) as file:
        file.write(content)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors in the bytes of a file. Raises SafetensorError if they are none."""
    header, body = _parts(data)
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            found[name] = _tensor(name, entry, body)
    return found


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors in a file."""
    check_device(device)
    with open(filename, "rb") as file:
        return load(file.read())


def load_metadata(filename: Any) -> dict[str, str]:
    """The strings that ``save_file`` was given as metadata."""
    with open(filename, "rb") as file:
        header, _ = _parts(file.read())
    return dict(header.get("__metadata__", {}))


def _parts(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if len(data) < 8:
        raise SafetensorError(f"the header is too small: {len(data)} bytes")
    (size,) = struct.unpack("<Q", data[:8])
    if size > min(len(data) - 8, 100_000_000):
        raise SafetensorError(f"the header is said to have {size} bytes, and the file has {len(data)}")
    try:
        header = json.loads(data[8 : 8 + size])
    except ValueError as error:
        raise SafetensorError(f"the header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise SafetensorError("the header is no JSON object")
    return header, memoryview(data)[8 + size :]


def _tensor(name: str, entry: Any, body: memoryview) -> Tensor:
    try:
        code, shape, (start, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        kind: dtypes.dtype = getattr(dtypes, _DTYPES[code])
        count = int(np.prod(shape, dtype=np.int64)) if shape else 1
        if not 0 <= start <= end <= len(body) or end - start != count * kind.itemsize or any(n < 0 for n in shape):
            raise SafetensorError(
                f"tensor {name!r}: shape {list(shape)} of {code} does not fit bytes {start} to {end} of {len(body)}"
            )
    except (KeyError, TypeError, ValueError) as error:
        raise SafetensorError(f"tensor {name!r} has a broken entry in the header: {entry}") from error
    return wrap(np.frombuffer(bytearray(body[start:end]), kind.dtype).reshape(shape))
