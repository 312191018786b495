"""The unpickler that makes tensors, numbers, strings and containers, and nothing else.

A pickle is a small program: it can name any function and call it. This reader knows by name the few things that it
makes, and makes them itself; every other name is refused, and so is every instruction that could reach past them.
"""

from __future__ import annotations

import collections
import pickle
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from . import dtypes, layouts
from .devices import device
from .tensor import Size, Tensor, wrap

__all__ = ["Restricted", "UnpicklingError"]

UnpicklingError = pickle.UnpicklingError

SAFE: dict[str, Any] = {}
"""What ``add_safe_globals`` admitted, by full name."""


class _StorageType:
    """The kind of a block of memory."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype


class _Typed:
    """A block of memory and the dtype that it was saved with."""

    __slots__ = ("dtype", "memory")

    def __init__(self, memory: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> None:
        self.memory, self.dtype = memory, dtype


def _array(storage: Any, offset: int, size: Any, stride: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if not isinstance(storage, _Typed):
        raise UnpicklingError("a tensor in the file has no block of memory")
    size, stride = tuple(map(int, size)), tuple(int(s) for s in stride)
    if len(size) != len(stride) or min((*size, *stride, offset), default=0) < 0:
        raise UnpicklingError(f"a tensor in the file has the impossible size {size}, stride {stride}, offset {offset}")
    steps = tuple(s * dtype.itemsize for s in stride)
    if 0 in size:
        return np.empty(size, dtype)
    end = (offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))) * dtype.itemsize
    if end > storage.memory.nbytes:
        raise UnpicklingError(
            f"a tensor of size {size} in the file reaches past its block of memory: the file is broken"
        )
    return np.ndarray(size, dtype, storage.memory, offset * dtype.itemsize, steps)


def _tensor(
    storage: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool = False,
    hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    array = _array(storage, offset, size, stride, storage.dtype)
    return _finished(array, requires_grad, metadata)


def _tensor_v3(
    storage: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    hooks: Any,
    dtype: dtypes.dtype,
    metadata: Any = None,
) -> Tensor:
    return _finished(_array(storage, offset, size, stride, dtype.dtype), requires_grad, metadata)


def _finished(array: np.ndarray[Any, Any], requires_grad: bool, metadata: Any) -> Tensor:
    if metadata and metadata.get("conj"):
        array = array.conj()
    if metadata and metadata.get("neg"):
        array = -array
    made = wrap(array)
    return made.requires_grad_() if requires_grad else made


def _parameter(data: Tensor, requires_grad: bool = True, hooks: Any = None, state: Any = None) -> Any:
    from .namespace import resolve

    made = resolve("nn").Parameter(data.detach(), requires_grad)
    if isinstance(state, dict):
        made.__dict__.update(state)
    return made


def _from_type(func: Any, kind: Any, args: Any, state: Any) -> Any:
    """A tensor with attributes of its own, or of a subclass: the plain tensor, with the attributes."""
    if func not in (_tensor, _tensor_v3, _parameter):
        raise UnpicklingError("a tensor in the file is rebuilt by something unknown")
    made = func(*args)
    if isinstance(state, tuple):
        state = state[0]
    if isinstance(state, dict):
        made.__dict__.update({k: v for k, v in state.items() if isinstance(k, str) and not k.startswith("__")})
    return made


def _numpy_dtype(name: Any, align: Any = False, copy: Any = False) -> np.dtype[Any]:
    found: np.dtype[Any] = np.dtype(name)
    if found.hasobject:
        raise UnpicklingError("a NumPy array of Python objects in the file: those are not loaded")
    return found


def _numpy_scalar(dtype: np.dtype[Any], content: Any) -> Any:
    return np.frombuffer(content if isinstance(content, bytes) else content.encode("latin1"), dtype)[0]


def _numpy_array(kind: Any, shape: Any, code: Any) -> np.ndarray[Any, Any]:
    return np.empty(0, np.int8)  # its content comes with BUILD


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1", "utf-8"):
        raise UnpicklingError(f"bytes in the file in encoding {encoding!r}")
    return text.encode(encoding)


_CONTAINERS: dict[str, Any] = {
    "set": set, "frozenset": frozenset, "bytearray": bytearray, "complex": complex, "list": list, "dict": dict,
    "tuple": tuple,
    "int": int, "float": float, "bool": bool, "str": str, "slice": slice, "range": range, "object": object,
}  # fmt: skip
_KNOWN: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict, "collections.Counter": Counter, "collections.defaultdict": defaultdict,
    "collections.deque": collections.deque,
    "torch.Size": Size, "torch.device": device, "_codecs.encode": _encode,
    "torch._utils._rebuild_tensor": _tensor, "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3, "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter, "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch.Tensor": Tensor, "torch.nn.parameter.Parameter": Tensor,
    "torch.serialization._get_layout": lambda name: getattr(layouts, name.removeprefix("torch.")),
    "numpy.dtype": _numpy_dtype, "numpy.ndarray": np.ndarray,
} | {
    f"numpy.{core}.multiarray.{name}": make
    for core in ("core", "_core")
    for name, make in (("scalar", _numpy_scalar), ("_reconstruct", _numpy_array))
}  # fmt: skip


class Restricted(pickle._Unpickler):  # type: ignore[name-defined, misc]
    """Reads one pickle. ``block(key, dtype, size)`` gives the memory that it names.

    With ``modules`` it also makes instances of the nn.Module classes that the program has imported.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]
    stack: list[Any]
    metastack: list[list[Any]]
    memo: dict[Any, Any]

    def __init__(self, file: Any, *, encoding: str = "utf-8", modules: bool = False) -> None:
        super().__init__(file, encoding=encoding)
        self.modules = modules
        self.block: Callable[..., np.ndarray[Any, Any]] | None = None
        self.callable: dict[int, Any] = {}  # what this file may call, by id
        self.makers: set[int] = set()  # that whose results may be given attributes, by id
        self.made: set[int] = set()  # modules and safe objects under construction, by id

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the pickle stands for. Raises UnpicklingError for all but the known ones."""
        full = f"{module}.{name}"
        admitted = _admitted(full, _ours(module, name))
        if admitted is not None:
            return self._may_call(admitted, full not in _KNOWN)
        if module in ("builtins", "__builtin__") and name in _CONTAINERS:
            return self._may_call(_CONTAINERS[name], self.modules)
        if full in _KNOWN:
            return self._may_call(_KNOWN[full], False)
        if module == "torch" and isinstance(getattr(dtypes, name, None), dtypes.dtype):
            return getattr(dtypes, name)
        if module == "torch" and isinstance(getattr(layouts, name, None), layouts._Named):
            return getattr(layouts, name)
        if module in ("torch", "torch.storage", "torch.cuda") and name.endswith("Storage"):
            from .serialization import storage_dtype

            return _StorageType(storage_dtype(name))
        if self.modules:
            found = _module_class(module, name)
            if found is not None:
                return self._may_call(found, True)
            found = _ours(module, name)
            if found is not None and not isinstance(found, type):
                return found  # an activation that a layer keeps: it is there, and the file can't call it
            found = _plain_class(module, name)
            if found is not None:
                self.makers.add(id(found))
                return found
        raise UnpicklingError(
            f"load refuses {full!r}: a file may hold tensors, numbers, strings and plain containers, and this one "
            "asks for something else, which could run code. If you trust the file and the class is yours, admit it: "
            f"autograd.serialization.add_safe_globals([{name}])"
            + ("" if self.modules else "; for a whole module pass weights_only=False")
        )

    def _may_call(self, function: Any, keeps_attributes: bool) -> Any:
        self.callable[id(function)] = function
        if keeps_attributes:
            self.makers.add(id(function))
        return function

    def persistent_load(self, pid: Any) -> Any:
        """A block of memory."""
        if not isinstance(pid, tuple) or self.block is None or len(pid) < 2:
            raise UnpicklingError(f"the file refers to something outside it: {pid!r}")
        if pid[0] == "module":
            return pid[1]
        kind, key, _, size = pid[1:5]
        if pid[0] != "storage" or not isinstance(kind, _StorageType) or not isinstance(size, int) or size < 0:
            raise UnpicklingError(f"the file refers to something outside it: {pid!r}")
        memory = self.block(str(key), kind.dtype, size)
        if len(pid) > 5 and pid[5] is not None:  # the old format: a view of a block
            _, offset, length = pid[5]
            memory = memory[offset * kind.dtype.itemsize : (offset + length) * kind.dtype.itemsize]
        return _Typed(memory, kind.dtype)

    # --- the instructions that make things ---

    def load_reduce(self) -> None:
        """Call what was named, if it is one of ours."""
        args = self.stack.pop()
        function = self.stack[-1]
        if id(function) not in self.callable or not isinstance(args, tuple):
            raise UnpicklingError(f"the file calls {type(function).__name__!r}, which is no known function")
        made = function(*args)
        self._remember(function, made)
        self.stack[-1] = made

    def load_newobj(self) -> None:
        """Make an empty instance of a class that was named."""
        args = self.stack.pop()
        cls = self.stack.pop()
        if (id(cls) not in self.callable and id(cls) not in self.makers) or not isinstance(cls, type):
            raise UnpicklingError(f"the file makes an instance of {type(cls).__name__!r}, which is no known class")
        made = cls(*args) if cls in (OrderedDict, Counter, Size, set, dict) else cls.__new__(cls, *args)
        self._remember(cls, made)
        self.stack.append(made)

    def _remember(self, maker: Any, made: Any) -> None:
        if id(maker) in self.makers and not isinstance(made, type):
            self.made.add(id(made))
            self.memo[f"kept {id(made)}"] = made  # so that no other object takes its id

    def _fill(self, plain: Callable[[Restricted], None], target: Any) -> None:
        """The instructions that put something into a container: it is never one of the things that are named."""
        if id(target) in self.callable or isinstance(target, type):
            raise UnpicklingError(f"the file puts something into {target!r}, which is no container")
        plain(self)

    def load_build(self) -> None:
        """Give a new object its attributes."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, OrderedDict) and isinstance(state, dict):
            target.__dict__.update(state)
        elif isinstance(target, np.dtype):
            self.stack[-1] = _byte_order(target, state)
        elif isinstance(target, np.ndarray):
            _, shape, dtype, fortran, content = state
            raw = content if isinstance(content, bytes) else content.encode("latin1")
            self._replace(target, np.frombuffer(bytearray(raw), dtype).reshape(shape, order="F" if fortran else "C"))
        elif isinstance(target, Tensor) and isinstance(state, dict):
            target.__dict__.update(state)
        elif id(target) in self.made:
            _set_state(target, state)
        else:
            raise UnpicklingError(f"the file changes attributes of a {type(target).__name__}, which is not allowed")

    def _replace(self, old: Any, made: Any) -> None:
        self.stack[-1] = made
        for key, value in self.memo.items():
            if value is old:
                self.memo[key] = made

    def refuse(self) -> None:
        """For the instructions that nothing we read needs."""
        raise UnpicklingError("the file uses a pickle instruction that is not allowed (INST, OBJ, NEWOBJ_EX or EXT)")

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.BUILD[0]] = load_build
    for _code, _place in ((pickle.APPEND, -2), (pickle.SETITEM, -3)):
        dispatch[_code[0]] = lambda self, plain=dispatch[_code[0]], at=_place: self._fill(plain, self.stack[at])
    for _code in (pickle.APPENDS, pickle.SETITEMS, pickle.ADDITEMS):
        dispatch[_code[0]] = lambda self, plain=dispatch[_code[0]]: self._fill(plain, self.metastack[-1][-1])
    for _code in (pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[_code[0]] = refuse


def _byte_order(target: np.dtype[Any], state: Any) -> np.dtype[Any]:
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else "|"
    found: np.dtype[Any] = target if order in ("|", "<", "=") else target.newbyteorder(">")
    return found


def _set_state(target: Any, state: Any) -> None:
    if hasattr(type(target), "__setstate__"):
        target.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    target.__dict__.update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _ours(module: str, name: str) -> Any:
    """The public thing of this library that a name of ours or of PyTorch's stands for, or None; imports nothing."""
    from .install import ours

    place = "nn.functional" if module == "torch._C._nn" else ours(module) or module
    found: Any = sys.modules.get(place)
    if place.split(".")[0] not in ("autograd", "nn", "optim") or found is None:
        return None
    for part in name.split("."):
        found = None if part.startswith("_") else getattr(found, part, None)
    home = getattr(found, "__module__", None) or ""
    return found if callable(found) and home.split(".")[0] in ("autograd", "nn", "optim", "torch") else None


def _plain_class(module: str, name: str) -> Any:
    """A class that only holds values (``argparse.Namespace``, the program's own settings), which the program has
    imported: its instances are made and filled without a call of anything of the class.
    """
    found: Any = sys.modules.get(module)
    if module.split(".")[0] in sys.stdlib_module_names and f"{module}.{name}" != "argparse.Namespace":
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    plain: Any = object
    if type(found) is not type or found.__new__ is not plain.__new__:
        return None
    return None if hasattr(found, "__setstate__") or hasattr(found, "__del__") else found


def _admitted(full: str, found: Any) -> Any:
    """What ``add_safe_globals`` was given under this name, or as this very thing under PyTorch's name."""
    if full in SAFE:
        return SAFE[full]
    return next((thing for thing in SAFE.values() if thing is found), None) if found is not None else None


def _module_class(module: str, name: str) -> Any:
    """An nn.Module class that the program has imported: PyTorch's names stand for ours."""
    from .namespace import resolve

    nn = resolve("nn")
    found: Any = sys.modules.get(module)
    if module.startswith("torch.nn"):
        found = nn
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, nn.Module) else None
