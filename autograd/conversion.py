"""Tensors in another dtype or on another device (``to``, ``float``), and the old names of types (``FloatTensor``)."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import Any, Union

import numpy as np

from . import dtypes
from .devices import check_device
from .devices import device as Device
from .from_data import convert, from_sequence, native
from .graph import mode
from .layouts import empty_in, preserve_format
from .layouts import memory_format as MemoryFormat
from .lift import linear
from .storage import Storage
from .tensor import Size, Tensor, new, wrap
from .views import current, stamp

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor",
    "LongTensor", "ShortTensor", "sparse_coo_tensor", "typename",
]  # fmt: skip

# --- to --------------------------------------------------------------------------------------------------------------


def _lay_out(input: Any, memory_format: Any) -> Any:
    made = empty_in(input.shape, input.dtype, memory_format)
    made[...] = input
    return made


lay_out = linear(_lay_out, name="clone", input=lambda g: g)


def to(
    self: Tensor, *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False, copy: bool = False,
    memory_format: Any = None, other: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """This tensor in another dtype: ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``.

    The tensor itself if nothing changes (and ``copy`` is False). Differentiable between floating point dtypes.

    Raises RuntimeError for a device other than the CPU.

    >>> from . import float64, ones
    >>> ones(2).to(float64).dtype
    torch.float64
    """
    flags = []
    for given in (*args, other):
        if isinstance(given, dtypes.dtype) or given in _PYTHON_TYPES:
            dtype = given
        elif isinstance(given, Tensor):
            device, dtype = given.device, given.dtype
        elif isinstance(given, bool):
            flags.append(given)
        elif isinstance(given, (str, Device, int)):
            device = given
        elif isinstance(given, MemoryFormat):
            memory_format = given
        elif given is not None:
            raise TypeError(
                f"to() received {type(given).__name__} {given!r}: it takes a dtype (autograd.float64), a device or a "
                f"Tensor"
            )
    if device is not None:
        check_device(device)
    if len(flags) == 2:
        copy = flags[1]
    wanted = self.array.dtype if dtype is None else dtypes.as_numpy(dtype)
    return converted(self, wanted, copy, memory_format)


_PYTHON_TYPES = (float, int, bool, complex)


def converted(self: Tensor, wanted: np.dtype[Any], copy: bool = False, memory_format: Any = None) -> Tensor:
    """``self`` in a NumPy dtype; recorded if both dtypes can have gradients."""
    array = self.array
    if array.dtype == wanted:
        if (
            memory_format is None
            or memory_format is preserve_format
            or empty_strides(array, memory_format) == array.strides
        ):
            return self.clone() if copy else self  # type: ignore[attr-defined, no-any-return]
        return lay_out(self, memory_format)  # type: ignore[no-any-return]
    if dtypes.is_float(wanted) and mode.now.enabled and current(self) is not None:
        from .ops.shape import cast

        made = cast(self, wanted)
    else:
        made = wrap(convert(array, wanted))
    if memory_format is not None and memory_format is not preserve_format:
        made = lay_out(made, memory_format)
    return made  # type: ignore[no-any-return]


def empty_strides(array: np.ndarray[Any, Any], memory_format: Any) -> tuple[int, ...]:
    """The strides that this array would have in a memory format."""
    return empty_in(array.shape, array.dtype, memory_format).strides


def _caster(name: str) -> Callable[..., Tensor]:
    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return converted(self, getattr(dtypes, name).dtype, memory_format=memory_format)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"This tensor as {name}; itself if it is that already."
    return method


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself, as it is on the CPU; a copy if ``memory_format`` is another."""
    return converted(self, self.array.dtype, memory_format=memory_format)


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Raises RuntimeError: there is no GPU here. Guard it with ``cuda.is_available()``, or use ``.to(device)``."""
    check_device("cuda" if device is None else device)
    raise RuntimeError("this library computes on the CPU: ask autograd.cuda.is_available() first, or use .to(device)")


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of ``other``."""
    return converted(self, other.array.dtype)


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
    """The name of this tensor's type, such as ``'torch.FloatTensor'``; or, given a type or dtype, the tensor in it."""
    if dtype is None:
        return f"torch.{_names[self.array.dtype.name]}"
    if isinstance(dtype, str):
        kind = _kinds.get(dtype.removeprefix("torch."))
        if kind is None:
            raise ValueError(f"invalid type: {dtype!r}: types are {', '.join('torch.' + k for k in sorted(_kinds))}")
        return converted(self, kind.dtype.dtype)
    if dtype is Tensor:  # the class itself means the default type, as in Tensor(2, 3)
        return converted(self, dtypes.default_float())
    return converted(self, dtype.dtype.dtype if isinstance(dtype, TensorType) else dtypes.as_numpy(dtype))


def new_(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """``Tensor(...)`` with this tensor's dtype. Old: prefer ``new_tensor``, ``new_zeros`` ..."""
    check_device(device)
    return legacy(Tensor, self.array.dtype, data)  # type: ignore[no-any-return]


# --- the old constructors --------------------------------------------------------------------------------------------


def legacy(cls: type, element: np.dtype[Any], data: tuple[Any, ...]) -> Any:
    """``Tensor(2, 3)``, ``Tensor([1, 2])``, ``FloatTensor(...)``: sizes give uninitialised memory, a sequence data."""
    source = data[0] if len(data) == 1 else None
    made: Any = new(cls)
    made.node = made.lineage = None
    if isinstance(source, Size):
        made.array = np.empty(tuple(source), element)
    elif isinstance(source, Tensor):
        made.array = source.array
    elif isinstance(source, np.ndarray):
        made.array = convert(native(source), element)
    elif isinstance(source, Storage):
        made.array = convert(source.array, element)
    elif len(data) == 1 and not hasattr(source, "__index__"):
        if isinstance(source, (float, complex, str)) or source is None:
            raise TypeError(f"new(): data must be a sequence (got {type(source).__name__})")
        made.array = from_sequence(source, element)
    else:
        try:
            made.array = np.empty([n.__index__() for n in data] if data else (0,), element)
        except (AttributeError, TypeError):
            raise TypeError(
                f"Tensor({', '.join(map(repr, data))}): give sizes (ints), or one sequence of data. "
                f"autograd.tensor(data) "
                "is the clearer way to make a tensor of data"
            ) from None
    return made


class TensorType:
    """One of the old type names: a constructor, and a name for ``isinstance`` and ``Tensor.type``.

    >>> LongTensor([1, 2])
    tensor([1, 2])
    >>> isinstance(FloatTensor(2), FloatTensor), isinstance(FloatTensor(2), LongTensor)
    (True, False)
    """

    def __init__(self, name: str, dtype: str) -> None:
        self.__name__ = name
        self._dtype = dtype

    @property
    def dtype(self) -> dtypes.dtype:
        """The dtype that the name stands for."""
        found: dtypes.dtype = getattr(dtypes, self._dtype)
        return found

    def __call__(self, *data: Any, device: Any = None) -> Tensor:
        check_device("cuda" if self.__name__.startswith("cuda.") else device)
        if data and isinstance(data[0], Tensor) and data[0].dtype != self.dtype:
            raise TypeError(
                f"{self.__name__}() expects a tensor of {self.dtype} and got one of {data[0].dtype}. Use .to(dtype)"
            )
        return legacy(Tensor, self.dtype.dtype, data)  # type: ignore[no-any-return]

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, Tensor) and value.array.dtype.name == self._dtype

    def __or__(self, other: Any) -> Any:
        """``LongTensor | None`` in an annotation."""
        return Union[self, other]  # noqa: UP007

    def __ror__(self, other: Any) -> Any:
        return Union[other, self]  # noqa: UP007

    def __repr__(self) -> str:
        return f"<class 'torch.{self.__name__}'>"


_kinds = {
    name: TensorType(name, dtype)
    for name, dtype in {
        "FloatTensor": "float32", "DoubleTensor": "float64", "HalfTensor": "float16", "BFloat16Tensor": "bfloat16",
        "LongTensor": "int64", "IntTensor": "int32", "ShortTensor": "int16", "CharTensor": "int8",
        "ByteTensor": "uint8", "BoolTensor": "bool", "ComplexFloatTensor": "complex64",
        "ComplexDoubleTensor": "complex128",
        "UInt16Tensor": "uint16", "UInt32Tensor": "uint32", "UInt64Tensor": "uint64",
    }.items()
}  # fmt: skip
_names = {kind._dtype: name for name, kind in _kinds.items()}
FloatTensor, DoubleTensor, HalfTensor = _kinds["FloatTensor"], _kinds["DoubleTensor"], _kinds["HalfTensor"]
BFloat16Tensor, LongTensor, IntTensor = _kinds["BFloat16Tensor"], _kinds["LongTensor"], _kinds["IntTensor"]
ShortTensor, CharTensor = _kinds["ShortTensor"], _kinds["CharTensor"]
ByteTensor, BoolTensor = _kinds["ByteTensor"], _kinds["BoolTensor"]


def typename(obj: Any) -> str:
    """The name of a tensor's type, or of any object's class."""
    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[attr-defined, no-any-return]
    kind = obj if isinstance(obj, type) else type(obj)
    return f"{kind.__module__}.{kind.__qualname__}"


# --- memory ----------------------------------------------------------------------------------------------------------


def _address(array: np.ndarray[Any, Any]) -> int:
    return int(array.__array_interface__["data"][0])


def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return _address(self.array) if self.array.size else 0


def is_same_size(self: Tensor, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return bool(self.array.shape == other.array.shape)


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both are the same elements of the same memory."""
    a, b = self.array, tensor.array
    return (data_ptr(self), a.shape, a.strides) == (data_ptr(tensor), b.shape, b.strides)


def itself(self: Tensor) -> Tensor:
    """The tensor itself: there is one device, one process and one layout here."""
    return self


def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: no device reads the memory."""
    return False


# --- Python functions over elements ----------------------------------------------------------------------------------


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what a Python function makes of it; slow, and not recorded."""
    return _python_fill(self, [callable(x) for x in self.array.ravel().tolist()], "apply_")


def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by a Python function of it and of ``tensor``'s; slow, and not recorded."""
    other = np.broadcast_to(tensor.array, self.array.shape)
    return _python_fill(self, [callable(x, y) for x, y in zip(self.array.ravel(), other.ravel(), strict=True)], "map_")


def _python_fill(self: Tensor, values: list[Any], by: str) -> Tensor:
    if current(self) is not None:
        raise RuntimeError(f"Can't call {by} on Variable that requires grad. Use var.detach().{by} instead.")
    self.array[...] = from_sequence(values, self.array.dtype).reshape(self.array.shape)
    stamp(self.array, by)
    return self


# --- sparse: there is none -------------------------------------------------------------------------------------------


def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    check_invariants: bool | None = None, is_coalesced: bool | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The matrix with these values at these places, *dense* (a warning says so): the results are the same.

    ``indices`` has a column for each value; repeated places are added up. With ``size`` alone it is all zeros.

    Raises TypeError if indices are given without values, or neither those nor a size.
    """
    from .creation import as_tensor

    check_device(device)
    _warn_dense("sparse_coo_tensor")
    if values is None and size is None and isinstance(indices, tuple):
        indices, size = None, indices  # the overload of one argument
    if (indices is None) != (values is None) or (indices is None and size is None):
        raise TypeError("sparse_coo_tensor() takes indices and values, and then a size, or a size= alone")
    if indices is None:
        made = wrap(np.zeros(tuple(size), dtypes.as_numpy(dtype or dtypes.get_default_dtype())))
        return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]
    places, given = as_tensor(indices), as_tensor(values, dtype)
    shape = tuple(size) if size is not None else tuple((places.array.max(axis=1) + 1).tolist()) + given.array.shape[1:]
    blank = wrap(np.zeros(shape, given.array.dtype))
    made = blank.index_put(tuple(wrap(row) for row in places.array), given, accumulate=True)  # type: ignore[attr-defined]
    _remember(made.array, places.array.copy(), given.array)
    made = made.detach() if requires_grad else made
    return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]


def _warn_dense(name: str) -> None:
    warnings.warn(
        f"{name}: this library has dense tensors only; the result is dense, with the same values",
        UserWarning,
        stacklevel=3,
    )


def to_sparse(self: Tensor, *args: Any, layout: Any = None, **kwargs: Any) -> Tensor:
    """The tensor itself, with a warning: the results of what follows are the same, memory is not saved."""
    _warn_dense("to_sparse")
    return self


def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """The tensor itself: it is dense."""
    return self if dtype is None else converted(self, dtypes.as_numpy(dtype))


_stored: dict[int, tuple[Any, Any, Any]] = {}
"""By the id of an array made from indices and values: a weak reference to it, and both, explicit zeros and repeated places too."""


def _remember(array: Any, places: Any, given: Any) -> None:
    key = id(array)
    _stored[key] = (weakref.ref(array, lambda _: _stored.pop(key, None)), places, given)


def _places(self: Tensor, coalesced: bool) -> tuple[Any, Any]:
    """Where the elements are that PyTorch would store, and the values given for them (None: those of the array)."""
    _, places, given = _stored.get(id(self.array), (None, None, None))
    once = None if places is None else np.unique(places, axis=1)
    if once is None or np.count_nonzero(self.array[tuple(once)]) < np.count_nonzero(self.array):  # or written to since
        return np.array(np.nonzero(self.array)), None
    return (once, None) if coalesced else (places, given)


def coalesce(self: Tensor) -> Tensor:
    """The tensor itself, each place of which is stored once from now on, in order."""
    if id(self.array) in _stored:
        _remember(self.array, *_places(self, True))
    return self


def indices(self: Tensor) -> Tensor:
    """The places of the stored elements, a column each in the order of rows, with a warning.

    Stored is what ``sparse_coo_tensor`` was given, explicit zeros too; of other tensors, which are dense, what is not zero.
    """
    _warn_dense("indices")
    return wrap(_places(self, True)[0].copy())


def values(self: Tensor) -> Tensor:
    """The stored elements (see ``indices``) in the order of rows, with a warning; gradients go through."""
    _warn_dense("values")
    return self[tuple(wrap(place) for place in _places(self, True)[0])]  # type: ignore[no-any-return, index]


def _indices(self: Tensor) -> Tensor:
    """``indices`` as they were given, repeated places too."""
    _warn_dense("indices")
    return wrap(_places(self, False)[0].copy())


def _values(self: Tensor) -> Tensor:
    """``values`` as they were given, without a gradient."""
    _warn_dense("values")
    places, given = _places(self, False)
    return wrap(self.array[tuple(places)] if given is None else given)


def _nnz(self: Tensor) -> int:
    """How many elements are stored."""
    return int(_places(self, False)[0].shape[1])


def crow_indices(self: Tensor) -> Any:
    """Raises RuntimeError: the tensor is dense."""
    raise RuntimeError(
        "crow_indices expected sparse row compressed tensor layout but got Strided: this library's tensors are dense"
    )


METHODS: dict[str, Any] = {
    "to": to, "cpu": cpu, "cuda": cuda, "type_as": type_as, "type": type_, "new": new_, "apply_": apply_, "map_": map_,
    "data_ptr": data_ptr, "is_same_size": is_same_size, "is_set_to": is_set_to, "pin_memory": itself, "share_memory_": itself,
    "coalesce": coalesce, "is_pinned": is_pinned, "to_sparse": to_sparse, "to_dense": to_dense,
    "indices": indices, "_indices": _indices, "values": values, "_values": _values, "_nnz": _nnz, "crow_indices": crow_indices,
} | {
    name: _caster(name)
    for name in (
        "float", "double", "half", "int", "long", "short", "bool", "bfloat16", "cfloat", "cdouble",
    )
} | {"byte": _caster("uint8"), "char": _caster("int8")}  # fmt: skip
"""What ``methods.bind`` gives Tensor from this file."""
