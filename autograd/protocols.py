"""NumPy's protocols: ``np.sin(t)``, ``np.concatenate([t, a])`` and ``array * t`` stay in the graph.

NumPy asks a Tensor what to do when one of its functions meets one. A ufunc becomes the operation that was lifted from
it (the table is read off the operations themselves), another function the one of the same name here if there is a
gradient to keep, and a TypeError that names the cure where there is no such one. Without a gradient NumPy computes on the
arrays, and gives what it gives for PyTorch's tensors: arrays, or Tensors from functions that are an array's methods. (In
formulas that are called with Tensors, for derivatives of derivatives, everything stays one.)

Sources: https://numpy.org/neps/nep-0013-ufunc-overrides.html, https://numpy.org/neps/nep-0018-array-function-protocol.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import mode
from .tensor import Tensor, wrap
from .views import current

_UFUNC_NAMES = {
    "divide": "div", "multiply": "mul", "subtract": "sub", "negative": "neg", "power": "pow",
    "float_power": "float_power", "absolute": "abs", "fabs": "abs", "equal": "eq", "not_equal": "ne",
    "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "rint": "round", "conjugate": "conj", "invert": "bitwise_not",
    "left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift", "mod": "remainder",
    "degrees": "rad2deg", "radians": "deg2rad",
}  # fmt: skip
"""Where a ufunc and PyTorch's operation have different names."""

_REDUCE = {
    "add": "sum", "multiply": "prod", "maximum": "amax", "minimum": "amin", "logical_and": "all", "logical_or": "any",
    "logaddexp": "logsumexp",
}  # fmt: skip
_ACCUMULATE = {"add": "cumsum", "multiply": "cumprod", "logaddexp": "logcumsumexp"}

_FUNCTION_NAMES = {
    "max": "amax", "min": "amin", "concatenate": "cat", "expand_dims": "unsqueeze", "absolute": "abs",
    "transpose": "_transpose", "moveaxis": "movedim", "multiply": "mul", "row_stack": "vstack", "copy": "clone",
    "around": "_round", "round": "_round", "reshape": "_reshape", "var": "_var", "std": "_std", "repeat": "_repeat",
    "clip": "clamp", "split": "tensor_split", "array_split": "tensor_split",
    "take_along_axis": "take_along_dim", "conjugate": "conj", "fix": "trunc", "sort": "_sort",
    "shape": "_shape", "ndim": "_ndim", "size": "_size", "result_type": "_result_type", "array_equal": "_array_equal",
    "allclose": "_allclose", "isclose": "_isclose", "dot": "_dot", "cumsum": "_cumsum", "cumprod": "_cumprod",
    "median": "_median", "meshgrid": "_meshgrid", "take": "_take",
    "flatnonzero": "_flatnonzero", "nonzero": "_nonzero",
    **dict.fromkeys(
        "append corrcoef cov delete gradient histogram histogramdd insert linspace logspace nanmedian partition put "
        "select unique".split(), ""
    ),
}  # fmt: skip
"""Where a NumPy function and the one here differ in name; "" for those that have no counterpart."""

_OF_METHODS = frozenset(
    """all amax amin any apply_along_axis argmax argmin argpartition argsort argwhere around array_split clip cumprod cumsum
    delete flip insert max mean min moveaxis nonzero prod ptp repeat reshape round searchsorted split squeeze std sum swapaxes
    take transpose var cholesky eig eigh inv lstsq pinv qr solve svd""".split()
)
"""Functions for which NumPy asks the object itself, or for how to wrap what it made: of Tensors they give Tensors. So do the
sums and the like, which PyTorch's tensors refuse. All others read arrays and give arrays."""

_JOINING = frozenset("column_stack concat concatenate dstack hstack row_stack stack vstack".split())


def _namespace() -> Any:
    import autograd

    return autograd


@functools.cache
def ufuncs() -> dict[Any, Callable[..., Any]]:
    """The operation for each ufunc: the one lifted from it, or the one of its (PyTorch's) name."""
    found: dict[Any, Callable[..., Any]] = {}
    names = vars(_namespace())
    for ufunc in {u for u in vars(np).values() if isinstance(u, np.ufunc)}:
        function = names.get(_UFUNC_NAMES.get(ufunc.__name__, ufunc.__name__))
        if callable(function):
            found[ufunc] = function
    for function in list(names.values()):
        op = getattr(function, "op", None)
        if op is not None and isinstance(op.function, np.ufunc):
            found.setdefault(op.function, function)
    return found


def _arrays(value: Any) -> Any:
    """``value`` with every Tensor in it replaced by its array."""
    if isinstance(value, Tensor):
        return value.array
    if isinstance(value, (list, tuple)):
        return type(value)([_arrays(v) for v in value])
    if isinstance(value, dict):
        return {k: _arrays(v) for k, v in value.items()}
    return value


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in _tensors(v)] if isinstance(value, (list, tuple)) else []


def _wrapped(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
        return wrap(value)
    if isinstance(value, (list, tuple)):
        return [_wrapped(v) for v in value] if isinstance(value, list) else tuple([_wrapped(v) for v in value])
    return value


def _on_arrays(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What NumPy says, where no gradient is lost by asking it."""
    for t in _tensors([args, kwargs]):
        if current(t) is not None:
            raise TypeError(
                f"numpy.{name} has no counterpart that keeps gradients, and the tensor of shape {list(t.array.shape)} "
                f"requires grad. Use autograd's own functions{_nearest(name)}, or t.detach() if no gradient is wanted"
            )
    return _wrapped(function(*_arrays(args), **_arrays(kwargs)))


def _nearest(name: str) -> str:
    import difflib

    names = difflib.get_close_matches(name.split(".")[-1], [n for n in vars(_namespace()) if not n.startswith("_")], 1)
    return f" (autograd.{names[0]}?)" if names else ""


def __array_ufunc__(self: Tensor, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Answer ``ufunc(...)`` and its methods ``reduce``, ``accumulate`` and ``outer``."""
    out = kwargs.get("out")
    if type(out) is tuple and len(out) == 1:
        kwargs["out"] = out[0]
        if isinstance(out[0], np.ndarray):  # array += t: NumPy asked for the result in an array
            made = __array_ufunc__(self, ufunc, method, *inputs, **{k: v for k, v in kwargs.items() if k != "out"})
            if current(made) is not None:
                raise TypeError(
                    f"numpy.{ufunc.__name__} can't write a tensor that requires grad into an array: the gradient would"
                    " be lost. Leave out= away (array = array + t), or detach() the tensor"
                )
            np.copyto(out[0], made.array, casting="same_kind")
            return out[0]
    function = None
    if not set(kwargs) - {"out", "axis", "keepdims", "dtype"}:
        if method == "__call__" and not set(kwargs) - {"out"}:
            function = ufuncs().get(ufunc)
        elif method == "reduce":
            function = vars(_namespace()).get(_REDUCE.get(ufunc.__name__, ""))
            if "axis" not in kwargs:
                kwargs["axis"] = 0
            if kwargs["axis"] is None and ufunc.__name__ != "add":
                axes = tuple(range(inputs[0].ndim))
                kwargs["axis"] = axes if ufunc.__name__ != "multiply" else None
        elif method == "accumulate":
            function = vars(_namespace()).get(_ACCUMULATE.get(ufunc.__name__, ""))
            kwargs.setdefault("axis", 0)
        elif method == "outer" and not kwargs and (pair := ufuncs().get(ufunc)) is not None:
            a, b = (i if isinstance(i, Tensor) else wrap(np.asarray(i)) for i in inputs)
            return pair(a.reshape(*a.array.shape, *[1] * b.ndim), b)
    if function is not None:
        if getattr(getattr(function, "op", None), "tensors", 0):  # PyTorch refuses a number here, NumPy does not
            inputs = tuple([i if isinstance(i, Tensor) else np.asarray(i) for i in inputs])
        return function(*inputs, **{k: v for k, v in kwargs.items() if v is not None or k == "axis"})
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return _on_arrays(name, getattr(ufunc, method), inputs, kwargs)


def __array_function__(self: Tensor, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Answer a NumPy function that is not a ufunc."""
    name = func.__name__
    module = getattr(func, "__module__", "numpy")
    if not mode.now.formulas and not any([current(t) is not None for t in _tensors([args, kwargs])]):
        made = func(*_arrays(args), **_arrays(kwargs))
        return _wrapped(made) if name in _OF_METHODS else made
    if name in _JOINING and isinstance(args[0], Tensor):  # its rows
        args = (list(args[0]), *args[1:])
    special = _SPECIAL.get(_FUNCTION_NAMES.get(name, ""))
    if module == "numpy":
        if special is not None:
            return special(*args, **kwargs)
        function = vars(_namespace()).get(_FUNCTION_NAMES.get(name, name))
    else:  # numpy.linalg, numpy.fft
        function = getattr(getattr(_namespace(), module.rpartition(".")[2], None), name, None)
    if not callable(function) or isinstance(function, type):
        return _on_arrays(f"{module.removeprefix('numpy.')}.{name}" if module != "numpy" else name, func, args, kwargs)
    return function(*args, **kwargs)


def _transposed(a: Any, axes: Any = None) -> Any:
    return a.permute(tuple(range(a.ndim))[::-1] if axes is None else tuple(axes))


def _reshaped(a: Any, shape: Any, order: str = "C", **kwargs: Any) -> Any:
    if order != "C" or kwargs.get("copy") is not None:
        raise TypeError("numpy.reshape of a Tensor takes order='C' and no copy=; use t.reshape(shape)")
    return a.reshape(shape)


def _spread(name: str) -> Callable[..., Any]:
    def call(a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
        return getattr(_namespace(), name)(a, dim=axis, correction=ddof, keepdim=keepdims)

    return call


def _repeated(a: Any, repeats: Any, axis: Any = None) -> Any:
    return _namespace().repeat_interleave(a, repeats, dim=axis)


def _sorted(a: Any, axis: Any = -1, *, stable: bool = False, kind: Any = None) -> Any:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis)
    return _namespace().sort(a, dim=axis, stable=stable)[0]


def _result_type(*values: Any) -> Any:
    return np.result_type(*_arrays(values))


def _median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """NumPy's median is the mean of the two middle values, which is the quantile of one half."""
    return _namespace().quantile(a, 0.5, dim=axis, keepdim=keepdims)


def _meshgrid(*xi: Any, indexing: str = "xy") -> Any:
    return _namespace().meshgrid(*[x if isinstance(x, Tensor) else wrap(np.asarray(x)) for x in xi], indexing=indexing)


def _rounded(a: Any, decimals: int = 0) -> Any:
    return _namespace().round(a, decimals=decimals)


def _taken(a: Any, indices: Any, axis: int | None = None) -> Any:
    index = np.asarray(_arrays(indices))
    return a.reshape(-1)[index] if axis is None else a[(*[slice(None)] * (axis % a.ndim), index)]


def _dotted(a: Any, b: Any) -> Any:
    """A product of matrices or vectors, as NumPy's ``dot`` is up to two dimensions; numbers multiply."""
    a, b = (v if isinstance(v, Tensor) else wrap(np.asarray(v)) for v in (a, b))
    if a.ndim > 2 or b.ndim > 2:
        raise TypeError(f"numpy.dot of tensors with {a.ndim} and {b.ndim} dimensions: use autograd.tensordot or matmul")
    return a * b if 0 in (a.ndim, b.ndim) else a @ b


def _running(name: str) -> Callable[..., Any]:
    def call(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
        return getattr(_namespace(), name)(*((a.reshape(-1), 0) if axis is None else (a, axis)), dtype=dtype)

    return call


_SPECIAL: dict[str, Callable[..., Any]] = {
    "_allclose": lambda *args, **kwargs: bool(np.allclose(*_arrays(args), **kwargs)),  # values: no gradient to lose
    "_isclose": lambda *args, **kwargs: _wrapped(np.isclose(*_arrays(args), **kwargs)),
    "_array_equal": lambda *args, **kwargs: bool(np.array_equal(*_arrays(args), **kwargs)),
    "_dot": _dotted,
    "_cumsum": _running("cumsum"),
    "_cumprod": _running("cumprod"),
    "_transpose": _transposed,
    "_reshape": _reshaped,
    "_var": _spread("var"),
    "_std": _spread("std"),
    "_repeat": _repeated,
    "_sort": _sorted,
    "_shape": lambda a: tuple(a.array.shape),
    "_ndim": lambda a: a.array.ndim,
    "_size": lambda a, axis=None: a.array.size if axis is None else a.array.shape[axis],
    "_result_type": _result_type,
    "_flatnonzero": lambda a: wrap(np.flatnonzero(a.array)),
    "_nonzero": lambda a: tuple([wrap(i) for i in np.nonzero(a.array)]),
    "_median": _median,
    "_meshgrid": _meshgrid,
    "_round": _rounded,
    "_take": _taken,
}


def __array__(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """The array for ``np.asarray(t)``; refuses where that would lose a gradient."""
    if mode.now.enabled and current(self) is not None:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad: its gradient would be lost. Use tensor.detach().numpy() "
            "instead."
        )
    if dtype is not None and np.dtype(dtype) != self.array.dtype:
        if copy is False:
            raise ValueError(f"a tensor of {self.array.dtype} can't be seen as {np.dtype(dtype)} without a copy")
        return self.array.astype(dtype)
    return self.array.copy() if copy else self.array


def __dlpack__(self: Tensor, **kwargs: Any) -> Any:
    """The memory as a DLPack capsule, for other array libraries (``np.from_dlpack(t)``)."""
    if current(self) is not None:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self.array.__dlpack__(**kwargs)


def __dlpack_device__(self: Tensor) -> Any:
    """Where the memory is, in DLPack's numbers: (1, 0), the CPU."""
    return self.array.__dlpack_device__()


for _method in (__array_ufunc__, __array_function__, __array__, __dlpack__, __dlpack_device__):
    setattr(Tensor, _method.__name__, _method)


class _Capsule:
    """What has ``__dlpack__`` for a bare capsule, which NumPy does not take."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class _Writable:
    """The memory of an array that NumPy calls read-only, because capsules of the older kind don't say."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self._array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of another library's array: anything with ``__dlpack__``, or the capsule that gives.

    Raises RuntimeError for a capsule that was used already.
    """
    if isinstance(ext_tensor, Tensor):
        return wrap(ext_tensor.array)
    if type(ext_tensor).__name__ != "PyCapsule":
        return wrap(np.from_dlpack(ext_tensor))
    if '"dltensor' not in repr(ext_tensor):  # its name says so
        raise RuntimeError(
            "from_dlpack received an invalid capsule: one can be used only once. Make another: to_dlpack(t)"
        )
    made: Any = np.from_dlpack(_Capsule(ext_tensor))
    return wrap(made if made.flags.writeable else np.asarray(_Writable(made)))


def to_dlpack(tensor: Tensor) -> Any:
    """The memory of ``tensor`` as a DLPack capsule."""
    return __dlpack__(tensor)
