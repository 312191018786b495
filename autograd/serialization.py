"""Saving and loading, in PyTorch's own file format: what one writes the other reads.

A file is a zip archive, uncompressed: ``data.pkl`` holds the objects and names memory blocks, ``data/0``, ``data/1``
... are the blocks,
so tensors that share memory still share it afterwards. The pickle is read by an unpickler that makes tensors,
numbers, strings and plain containers and can call nothing else: a file can't run code. The older format, of PyTorch
before 1.6, is read too, and written on request.

Source: https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import IO, Any, ClassVar

import numpy as np

from . import dtypes, layouts
from .devices import check_device
from .devices import device as Device
from .tensor import Size, Tensor, wrap
from .unpickling import SAFE, Restricted, UnpicklingError
from .views import owner

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save"]

DEFAULT_PROTOCOL = 2
MAP_LOCATION = Any

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {
    "float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "bfloat16": "BFloat16Storage",
    "int64": "LongStorage", "int32": "IntStorage", "int16": "ShortStorage", "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage", "complex64": "ComplexFloatStorage", "complex128": "ComplexDoubleStorage",
}  # fmt: skip
_DTYPES = {storage: dtype for dtype, storage in _STORAGES.items()}

# --- saving ----------------------------------------------------------------------------------------------------------


class _Global:
    """A name of PyTorch's, written into the pickle as it is: ``torch`` need not be there."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self) -> None:  # the pickler only calls functions' names into being
        raise TypeError("a name, not a function")


class _Block:
    """A block of memory as elements of one dtype."""

    def __init__(self, memory: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> None:
        self.memory, self.dtype = memory, dtype


class _Pickler(pickle._Pickler):  # type: ignore[name-defined, misc]
    """Writes tensors as PyTorch does. The blocks of memory that it meets are in ``blocks``, in order."""

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]
    write: Callable[[bytes], Any]

    def __init__(self, file: Any, protocol: int, legacy: bool) -> None:
        super().__init__(file, protocol)
        self.legacy = legacy
        self.blocks: dict[tuple[int, str], tuple[int, np.ndarray[Any, Any]]] = {}
        self.alive: list[Any] = []  # what a memo knows by id must not be replaced by something else

    def persistent_id(self, obj: Any) -> Any:
        """The place of a block of memory in the archive."""
        if not isinstance(obj, _Block):
            return None
        key, name = (obj.memory.__array_interface__["data"][0], obj.dtype.name), _STORAGES.get(obj.dtype.name)
        if key not in self.blocks:
            self.blocks[key] = len(self.blocks), obj.memory
        number = self.blocks[key][0]
        kind = _Global("torch", name) if name else _Global("torch.storage", "UntypedStorage")
        size = obj.memory.nbytes // (obj.dtype.itemsize if name else 1)
        place = ("storage", kind, str(number), "cpu", size)
        return (*place, None) if self.legacy else place  # once it could be part of another storage

    def reducer_override(self, obj: Any) -> Any:
        """How tensors and PyTorch's own values are rebuilt."""
        if isinstance(obj, Tensor):
            return self._tensor(obj)
        if isinstance(obj, Size):
            return _Global("torch", "Size"), (tuple(obj),)
        if isinstance(obj, Device):
            return _Global("torch", "device"), (obj.type,) if obj.index is None else (obj.type, obj.index)
        return NotImplemented

    def _tensor(self, t: Tensor) -> Any:
        array = t.array
        if any(s < 0 or s % array.itemsize for s in array.strides):
            array = array.copy()
        memory = _dense(owner(array), array)
        start = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0] if array.size else 0
        strides = tuple(s // array.itemsize for s in array.strides)
        block = _Block(memory, array.dtype)
        no_hooks: OrderedDict[str, Any] = OrderedDict()
        self.alive += [array, memory, block, no_hooks]
        is_parameter = any(c.__name__ == "Parameter" for c in type(t).__mro__)
        grad = t.requires_grad and not is_parameter
        args = (block, start // array.itemsize, array.shape, strides, grad, no_hooks)
        if array.dtype.name in _STORAGES:
            made: Any = (_Global("torch._utils", "_rebuild_tensor_v2"), args)
        else:
            made = (_Global("torch._utils", "_rebuild_tensor_v3"), (*args, t.dtype))
        if not is_parameter:
            return made
        plain = wrap(array)
        self.alive.append(plain)
        return _Global("torch._utils", "_rebuild_parameter"), (plain, t.requires_grad, no_hooks)

    def _save_name(self, obj: Any) -> None:
        module, name = ("torch", obj._name) if not isinstance(obj, _Global) else (obj.module, obj.name)
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())

    dispatch[_Global] = _save_name
    dispatch[dtypes.dtype] = _save_name
    dispatch[layouts.layout] = _save_name
    dispatch[layouts.memory_format] = _save_name


def _dense(memory: np.ndarray[Any, Any], array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The memory that owns an array, flat and in order; only the array itself if that memory has gaps."""
    low, high = np.lib.array_utils.byte_bounds(memory)
    if high - low != memory.nbytes or low != memory.__array_interface__["data"][0]:
        memory = array.copy(order="C") if array.base is not None else np.ascontiguousarray(array)
    return (
        np.lib.stride_tricks.as_strided(memory, (memory.size,), (memory.itemsize,)).view(np.uint8)
        if memory.size
        else memory.reshape(-1)
    )


def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
) -> None:  # fmt: skip
    """Write ``obj`` - tensors, numbers, strings in lists, dicts ... - to a path or an open file.

    ``torch.load`` opens the file. A path is replaced in one step: whoever reads it sees the old file or the new one.

    Args:
        pickle_protocol: 2 or above.
        _use_new_zipfile_serialization: False writes the format of PyTorch before 1.6.

    Raises:
        ValueError: there is no such pickle protocol, or it can't name a tensor's memory.

    >>> import autograd, io
    >>> file = io.BytesIO()
    >>> save({"w": autograd.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> load(file)
    {'w': tensor([1., 1.])}
    """
    if not 2 <= pickle_protocol <= pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"pickle_protocol must be from 2 to {pickle.HIGHEST_PROTOCOL}, got {pickle_protocol}")
    write = _write if _use_new_zipfile_serialization else _write_legacy
    if isinstance(f, (str, os.PathLike)):
        with replacing(os.fspath(f)) as file:
            write(obj, file, pickle_protocol)
    elif hasattr(f, "write"):
        write(obj, f, pickle_protocol)
    else:
        raise AttributeError(
            f"expected 'f' to be string, path, or a file-like object with a 'write' attribute, not {type(f).__name__}"
        )


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` when the block ends well: a temporary name, fsync, rename."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    number, temporary = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".")
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp's are private
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _write(obj: Any, file: Any, protocol: int) -> None:
    text = io.BytesIO()
    pickler = _Pickler(text, protocol, legacy=False)
    pickler.dump(obj)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _entry(archive, "data.pkl", text.getvalue())
        _entry(archive, ".format_version", b"1")
        _entry(archive, ".storage_alignment", b"64")
        _entry(archive, "byteorder", b"little")
        for number, memory in pickler.blocks.values():
            _entry(archive, f"data/{number}", memory.data if memory.size else b"")
        _entry(archive, "version", b"3\n")


def _write_legacy(obj: Any, file: Any, protocol: int) -> None:
    """What ``_read_legacy`` reads: five pickles in a row, then the blocks of memory."""
    text = io.BytesIO()
    pickler = _Pickler(text, protocol, legacy=True)
    pickler.dump(obj)
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    for head in (_LEGACY_MAGIC, 1001, machine):
        pickle.dump(head, file, protocol)
    file.write(text.getvalue())
    blocks = {str(number): (name, memory) for (_, name), (number, memory) in pickler.blocks.items()}
    pickle.dump(sorted(blocks), file, protocol)
    for key in sorted(blocks):
        name, memory = blocks[key]
        size = memory.nbytes // (getattr(dtypes, name).itemsize if name in _STORAGES else 1)
        file.write(struct.pack("<q", size) + memory.tobytes())


def _entry(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    """One file of the archive, padded so that its bytes begin at a multiple of 64."""
    info = zipfile.ZipInfo(f"archive/{name}")
    start = (archive.fp.tell() if archive.fp is not None else 0) + 30 + len(info.filename) + 4
    padding = -start % 64
    info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    archive.writestr(info, content)


# --- loading ---------------------------------------------------------------------------------------------------------


def default_restore_location(storage: Any, location: str) -> Any:
    """The storage as it is: wherever it was, it comes to the CPU. ``map_location`` functions call this."""
    return storage


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool | None = True,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:  # fmt: skip
    """What ``save`` or ``torch.save`` wrote to a path or an open file. Everything comes to the CPU.

    Args:
        map_location: for PyTorch's sake; only the CPU can be named (or a function or dict: ignored).
        weights_only: False also makes modules (``torch.save(model)``) and plain settings (``argparse.Namespace``, a
            dataclass) whose classes the program has imported; their ``__init__`` is not called, and still no function
            named in the file is.
        mmap: for PyTorch's sake: the file is read.

    Raises:
        UnpicklingError: the file asks for something that is no tensor, number or container.
        RuntimeError, FileNotFoundError: the file is broken, or missing.
    """
    if isinstance(map_location, (str, Device)):
        check_device(map_location)
    encoding = pickle_load_args.pop("encoding", "utf-8")
    if pickle_load_args:
        raise TypeError(f"load() got an unexpected keyword argument {next(iter(pickle_load_args))!r}")
    modules = weights_only is False
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _read(file, modules, encoding)
    if not hasattr(f, "read"):
        raise AttributeError(
            f"expected 'f' to be a string, path, or a file-like object with a 'read' attribute, not {type(f).__name__}"
        )
    if not (hasattr(f, "seek") and hasattr(f, "tell")):
        f = io.BytesIO(f.read())
    return _read(f, modules, encoding)


def _read(file: Any, modules: bool, encoding: str) -> Any:
    start = file.tell()
    head = file.read(4)
    file.seek(start)
    if head[:2] == b"PK":
        return _read_zip(file, modules, encoding)
    if not head:
        raise EOFError("Ran out of input: the file is empty")
    return _read_legacy(file, modules, encoding)


def _read_zip(file: Any, modules: bool, encoding: str) -> Any:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise RuntimeError(
            f"PytorchStreamReader failed reading zip archive: {error}. The file is broken or incomplete"
        ) from None
    with archive:
        inner = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if not inner:
            raise RuntimeError(
                "the zip archive holds no data.pkl: it was not written by save (a TorchScript file, perhaps)"
            )
        root = inner[0].removesuffix("data.pkl")
        names = set(archive.namelist())
        if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
            raise RuntimeError("the file was written on a big-endian machine, which is not supported")
        blocks: dict[str, np.ndarray[Any, Any]] = {}

        def block(key: str, dtype: np.dtype[Any], size: int) -> np.ndarray[Any, Any]:
            if key not in blocks:
                if f"{root}data/{key}" not in names:
                    raise RuntimeError(f"the file names a block of memory {key!r} that it does not hold: it is broken")
                blocks[key] = np.frombuffer(bytearray(archive.read(f"{root}data/{key}")), np.uint8)
            if blocks[key].size < size * dtype.itemsize:
                raise RuntimeError(
                    f"block {key} has {blocks[key].size} bytes, and {size} of {dtype} are wanted: the file is broken"
                )
            return blocks[key]

        return _unpickle(io.BytesIO(archive.read(inner[0])), block, modules, encoding)


def _unpickle(file: Any, block: Callable[..., Any], modules: bool, encoding: str) -> Any:
    reader = Restricted(file, encoding=encoding, modules=modules)
    reader.block = block
    try:
        return reader.load()
    except (
        IndexError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        struct.error,
        EOFError,
    ) as error:
        raise UnpicklingError(f"the pickle in the file is broken: {type(error).__name__}: {error}") from error


def _read_legacy(file: Any, modules: bool, encoding: str) -> Any:
    """PyTorch before 1.6: five pickles in a row, then the blocks of memory."""

    def nothing(*place: Any) -> Any:
        raise UnpicklingError("the head of a file of the old format refers to memory")

    if _unpickle(file, nothing, False, encoding) != _LEGACY_MAGIC:
        raise UnpicklingError(
            "Invalid magic number; corrupt file? It is neither PyTorch's zip format nor the older one"
        )
    if _unpickle(file, nothing, False, encoding) != 1001:
        raise UnpicklingError("Invalid protocol version in a file of the old format")
    _unpickle(file, nothing, False, encoding)  # about the machine that wrote it
    blocks: dict[str, np.ndarray[Any, Any]] = {}
    kinds: dict[str, np.dtype[Any]] = {}

    def block(key: str, dtype: np.dtype[Any], size: int) -> np.ndarray[Any, Any]:
        if key not in blocks:
            limit = _bytes_left(file)
            if size * dtype.itemsize > limit:
                raise RuntimeError(f"block {key} of {size} {dtype} is larger than the file: it is broken")
            blocks[key], kinds[key] = np.zeros(size * dtype.itemsize, np.uint8), dtype
        return blocks[key]

    result = _unpickle(file, block, modules, encoding)
    for key in _unpickle(file, nothing, False, encoding):
        if key not in blocks:
            raise RuntimeError(f"the file holds a block {key!r} that nothing in it uses: it is broken")
        (count,) = struct.unpack("<q", file.read(8))
        content = file.read(count * kinds[key].itemsize)
        if len(content) != blocks[key].size:
            raise RuntimeError(
                f"block {key} has {len(content)} bytes instead of {blocks[key].size}: the file is broken"
            )
        blocks[key][:] = np.frombuffer(content, np.uint8)
    return result


def _bytes_left(file: Any) -> int:
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return int(end) - int(here)


# --- what else may be loaded -----------------------------------------------------------------------------------------


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let ``load`` make instances of these classes (and call these functions) when a file names them."""
    for entry in safe_globals:
        value, name = entry if isinstance(entry, tuple) else (entry, f"{entry.__module__}.{entry.__qualname__}")
        SAFE[name] = value


def get_safe_globals() -> list[Any]:
    """What ``add_safe_globals`` was given."""
    return list(SAFE.values())


def clear_safe_globals() -> None:
    """Forget what ``add_safe_globals`` was given."""
    SAFE.clear()


class safe_globals:
    """``add_safe_globals`` until the block ends."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self._given = safe_globals

    def __enter__(self) -> None:
        self._before = dict(SAFE)
        add_safe_globals(self._given)

    def __exit__(self, *exc: object) -> None:
        SAFE.clear()
        SAFE.update(self._before)


def storage_dtype(name: str) -> np.dtype[Any]:
    """The dtype of a storage class's elements; bytes for the untyped one."""
    if name in ("UntypedStorage", "TypedStorage"):
        return np.dtype(np.uint8)
    if name not in _DTYPES:
        raise UnpicklingError(f"the file holds tensors of a kind that is not supported: torch.{name}")
    found: dtypes.dtype = getattr(dtypes, _DTYPES[name])
    return found.dtype
