"""Element types, and the rule by which two of them meet.

A ``dtype`` is PyTorch's name for a NumPy dtype: ``autograd.float32``, ``autograd.int64`` ... Promotion is PyTorch's,
which differs from NumPy's in two ways: a tensor of a lower *category* (bool < integer < float < complex) never widens
one of a higher category (int64 with float32 is float32), and within a category 0-d tensors and Python scalars give way
to tensors that have dimensions.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

__all__ = [
    "bool", "cdouble", "cfloat", "complex128", "complex64", "double", "dtype", "finfo", "float",
    "float16", "float32", "float64", "half", "iinfo", "int", "int16", "int32", "int64", "int8", "long", "short",
    "uint16", "uint32", "uint64", "uint8", "can_cast", "promote_types", "result_type", "get_default_dtype",
    "set_default_dtype",
]  # fmt: skip

_by_numpy: dict[np.dtype[Any], "dtype"] = {}


class dtype:
    """The type of a tensor's elements.

    ``np.dtype(autograd.float32)`` is NumPy's twin, so a ``dtype`` can be passed to any NumPy function.

    >>> import autograd
    >>> autograd.float64.is_floating_point, autograd.float64.itemsize
    (True, 8)
    """

    __slots__ = ("_name", "dtype", "is_complex", "is_floating_point", "is_signed", "itemsize")

    def __init__(self, name: str, numpy: Any) -> None:
        self._name = name
        self.dtype: np.dtype[Any] = np.dtype(numpy)  # NumPy looks for this attribute
        self.itemsize = self.dtype.itemsize
        self.is_complex = self.dtype.kind == "c"
        self.is_floating_point = self.dtype.kind in "fV"
        self.is_signed = self.dtype.kind not in "bu"
        _by_numpy[self.dtype] = self

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name

    def __copy__(self) -> "dtype":
        return self

    def __deepcopy__(self, memo: Any) -> "dtype":
        return self

    def to_complex(self) -> "dtype":
        """The complex dtype whose parts have this precision."""
        return {"float16": complex64, "float32": complex64, "float64": complex128}.get(self._name, self)

    def to_real(self) -> "dtype":
        """The dtype of the real part."""
        return {"complex64": float32, "complex128": float64}.get(self._name, self)


float32 = float = dtype("float32", np.float32)
float64 = double = dtype("float64", np.float64)
float16 = half = dtype("float16", np.float16)
complex64 = cfloat = dtype("complex64", np.complex64)
complex128 = cdouble = dtype("complex128", np.complex128)
bool = dtype("bool", np.bool_)
uint8 = dtype("uint8", np.uint8)
uint16 = dtype("uint16", np.uint16)
uint32 = dtype("uint32", np.uint32)
uint64 = dtype("uint64", np.uint64)
int8 = dtype("int8", np.int8)
int16 = short = dtype("int16", np.int16)
int32 = int = dtype("int32", np.int32)
int64 = long = dtype("int64", np.int64)


FLOAT8 = frozenset(["float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"])
"""Dtypes that can be named, and have limits (``finfo``); no tensor here is of them."""

SMALL = FLOAT8 | {"bfloat16"}
"""The dtypes that NumPy does not have: the package ml_dtypes does."""


def _load_small(name: str) -> dtype:
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError(
            f"autograd.{name} needs the package ml_dtypes, which gives NumPy the type: pip install ml_dtypes"
        ) from error
    made = dtype(name, getattr(ml_dtypes, name))
    globals()[name] = made
    return made


def __getattr__(name: str) -> dtype:
    if name in SMALL:
        return _load_small(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def of(numpy: np.dtype[Any]) -> dtype:
    """The ``dtype`` of a NumPy dtype."""
    found = _by_numpy.get(numpy)
    if found is None:
        if numpy.name == "bfloat16":
            return _load_small("bfloat16")
        native = numpy.newbyteorder("=")
        if native in _by_numpy:
            return _by_numpy[native]
        raise TypeError(
            f"a tensor can't hold NumPy's {numpy}; it holds {', '.join(sorted(d._name for d in _by_numpy.values()))}"
        )
    return found


def as_numpy(given: Any) -> np.dtype[Any]:
    """NumPy's dtype for what a user may pass as ``dtype=``: ours, NumPy's, or a Python type (``float`` is float32).

    >>> as_numpy(float), as_numpy(float32) == np.float32
    (dtype('float32'), True)
    """
    if isinstance(given, dtype):
        if given._name in FLOAT8:
            raise NotImplementedError(f"tensors of {given} are not supported: use float16 or bfloat16")
        return given.dtype
    if isinstance(given, str):
        raise TypeError(f"dtype must be a dtype such as autograd.float32, not the string {given!r}")
    return of(np.dtype(given)).dtype


# --- promotion -----------------------------------------------------------------------------------------------------

_default: np.dtype[Any] = np.dtype(np.float32)
_complex_of: dict[str, np.dtype[Any]] = {
    "float16": np.dtype(np.complex64), "float32": np.dtype(np.complex64), "float64": np.dtype(np.complex128),
    "bfloat16": np.dtype(np.complex64),
}  # fmt: skip


def default_float() -> np.dtype[Any]:
    """NumPy's dtype for floating point numbers that nothing else decides."""
    return _default


def get_default_dtype() -> dtype:
    """The dtype of new floating point tensors: float32 unless ``set_default_dtype`` said otherwise."""
    return of(_default)


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` (a floating point dtype) the dtype of new floating point tensors."""
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, not {d!r}")
    _default = d.dtype


def category(numpy: np.dtype[Any]) -> builtins.int:
    """0 for bool, 1 for integers, 2 for floats, 3 for complex numbers."""
    return {"b": 0, "u": 1, "i": 1, "c": 3}.get(numpy.kind, 2)


def is_float(numpy: np.dtype[Any]) -> Any:
    """Whether a gradient can exist in this dtype: floating point or complex."""
    return numpy.kind in "fcV"


def promote(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the result when two tensors of the same rank class meet."""
    if a == b:
        return a
    ca, cb = category(a), category(b)
    if 2 not in (ca, cb) and any(d.kind == "u" and d.itemsize > 1 for d in (a, b)):
        raise RuntimeError(
            f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {of(a)} and {of(b)}"
        )
    if ca != cb and 3 not in (ca, cb):
        return a if ca > cb else b
    if ca == cb == 2 and a.itemsize == b.itemsize == 2:  # float16 with bfloat16
        return np.dtype(np.float32)
    if ca != cb:  # complex with real: the precision is the wider of the two floating point ones
        real, comp = (a, b) if cb == 3 else (b, a)
        return promote(comp, _complex_of[real.name]) if category(real) == 2 else comp
    if ca == 2:
        return a if a.itemsize > b.itemsize else b
    return np.promote_types(a, b)


def _dtype_and_rank(value: Any) -> tuple[np.dtype[Any], Any]:
    """dtype, and 2 for an array with dimensions, 1 for a 0-d array, 0 for a Python scalar."""
    if isinstance(value, np.ndarray):
        return value.dtype, 2 if value.ndim else 1
    if type(value).__module__ == "builtins":
        if isinstance(value, (np.bool_, builtins.bool)):
            return np.dtype(np.bool_), 0
        if isinstance(value, builtins.int):
            return np.dtype(np.int64), 0
        if isinstance(value, builtins.float):
            return _default, 0
        if isinstance(value, complex):
            return _complex_of[_default.name], 0
    if isinstance(value, np.generic):
        return value.dtype, 1
    raise TypeError(f"expected a tensor or a number, got {type(value).__name__}")


def result_dtype(*values: Any) -> np.dtype[Any]:
    """The dtype in which arrays (with dimensions, 0-d) and Python scalars meet, by PyTorch's rule.

    >>> result_dtype(np.ones(3, np.int64), 2.5), result_dtype(np.ones(3, np.float16), np.float64(1))
    (dtype('float32'), dtype('float16'))
    """
    best: list[np.dtype[Any] | None] = [None, None, None]
    for value in values:
        d, rank = _dtype_and_rank(value)
        known = best[rank]
        best[rank] = d if known is None else promote(known, d)
    result: np.dtype[Any] | None = best[2]
    for weaker in (best[1], best[0]):
        if weaker is None:
            continue
        if result is None:
            result = weaker
        elif category(weaker) > category(result):
            if category(weaker) == 3 and category(result) == 2:
                result = _complex_of[result.name]  # the precision of the float tensor, the category of the scalar
            else:
                result = weaker
    assert result is not None
    return result


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype to which both can be promoted.

    >>> promote_types(int64, float32)
    torch.float32
    """
    for name, given in (("type1", type1), ("type2", type2)):
        if not isinstance(given, dtype):
            raise TypeError(f"promote_types(): argument {name!r} must be a dtype, not {type(given).__name__}")
    return of(promote(type1.dtype, type2.dtype))


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype of an arithmetic operation on two tensors or numbers.

    >>> import autograd
    >>> result_type(autograd.tensor([1, 2], dtype=int32), 1.0)
    torch.float32
    """
    return of(result_dtype(*[getattr(value, "array", value) for value in (tensor1, tensor2)]))


def can_cast(from_: dtype, to: dtype) -> Any:
    """Whether an in-place result of dtype ``from_`` may be stored in ``to``: never to a lower category."""
    return category(from_.dtype) <= category(to.dtype) or (category(from_.dtype) == 1 and category(to.dtype) == 1)


class finfo:
    """Limits of a floating point dtype: bits, eps, max, min, tiny, smallest_normal, resolution.

    >>> finfo(float32).bits, finfo(float32).eps
    (32, 1.1920928955078125e-07)
    """

    def __init__(self, type: dtype | None = None) -> None:
        d = type.dtype if isinstance(type, dtype) else as_numpy(type) if type is not None else _default
        if d.kind == "V" or d.name in SMALL:
            import ml_dtypes

            info: Any = ml_dtypes.finfo(d)  # type: ignore[no-untyped-call]
        else:
            info = np.finfo(d)  # type: ignore[no-untyped-call, unused-ignore]
        self.dtype = repr(_by_numpy[d].to_real()).removeprefix("torch.")
        self.bits = info.bits
        for name in ("eps", "max", "min", "tiny", "smallest_normal", "resolution"):
            setattr(self, name, info.__getattribute__(name).item())

    def __getattr__(self, name: str) -> Any:  # for type checkers: the attributes are set in a loop
        raise AttributeError(name)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype: bits, min, max.

    >>> iinfo(int8).max
    127
    """

    def __init__(self, type: dtype) -> None:
        info = np.iinfo(as_numpy(type))
        self.bits, self.min, self.max = info.bits, info.min, info.max
        self.dtype = repr(type).removeprefix("torch.")

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
