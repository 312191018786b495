"""The arguments of a call: bound to their names, brought to one dtype, and complained about.

All errors that a lifted operation raises for what it was given are here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .operation import Op

__all__ = [
    "MISSING", "as_array", "bind", "bind_params", "call_function", "check_classes", "dtype_error", "is_array", "meet", "not_tensor", "refusing",
    "shape_error", "shapes_error", "unsupported",
]  # fmt: skip

ndarray = np.ndarray

# --- binding -------------------------------------------------------------------------------------------------------

_aliases = {"axis": "dim", "keepdims": "keepdim", "x": "input", "axes": "dims"}
MISSING = object()


def bind(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The values of all arguments in the order of the signature. NumPy's names ``axis``, ``keepdims`` work too."""
    names = op.names
    values = list(args)
    most = len(names) - len(op.keyword_only)
    if len(values) > most:
        raise TypeError(f"{op.name}() takes {most} positional arguments but {len(values)} were given")
    if len(values) == len(names):
        if kwargs:
            raise TypeError(f"{op.name}() got an unexpected keyword argument {next(iter(kwargs))!r}")
        return values
    used = 0
    aliases = {_aliases[k]: k for k in kwargs if k in _aliases and k not in names} if kwargs else {}
    for name in names[len(values) :]:
        if name in kwargs:
            values.append(kwargs[name])
            used += 1
        elif name in aliases:
            values.append(kwargs[aliases[name]])
            used += 1
        else:
            value = op.defaults.get(name, MISSING)
            if value is MISSING:
                raise TypeError(f"{op.name}() missing required argument: {name!r}")
            values.append(value)
    if used != len(kwargs):
        known = set(names) | set(aliases.values())
        wrong = [k for k in kwargs if k not in known] or [k for k in kwargs if k in names[: len(args)]]
        if wrong and wrong[0] in names:
            raise TypeError(f"{op.name}() got multiple values for argument {wrong[0]!r}")
        raise TypeError(
            f"{op.name}() got an unexpected keyword argument {wrong[0]!r}; its arguments are {', '.join(names)}"
        )
    return values


def bind_params(op: Op, kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The keyword parameters of an operation with any number of arrays."""
    wrong = set(kwargs) - set(op.params)
    if wrong:
        raise TypeError(f"{op.name}() got an unexpected keyword argument {sorted(wrong)[0]!r}")
    return tuple([kwargs[name] if name in kwargs else op.defaults[name] for name in op.params])


def call_function(function: Any, names: tuple[str, ...], values: Any, op: Op) -> Any:
    """Call with keyword-only arguments where the function wants them."""
    if not op.keyword_only:
        return function(*values)
    n = len(names) - len(op.keyword_only)
    return function(*values[:n], **dict(zip(names[n:], values[n:], strict=True)))


# --- dtypes --------------------------------------------------------------------------------------------------------


ARRAYS = (np.ndarray, np.generic)
RAW = (*ARRAYS, float, int, complex)
"""What operations take besides Tensors."""


def is_array(value: Any) -> bool:
    """Whether a value is an array, a NumPy scalar, or what stands for an array while a formula is written down."""
    return isinstance(value, ARRAYS) or getattr(value, "symbolic", False)


def kind_of(value: Any) -> str:
    """The name of a value's class, for errors."""
    kind = type(value)
    hint = " (for its __torch_function__ to answer, call autograd.overrides.listen() before)"
    return kind.__name__ + (hint if hasattr(kind, "__torch_function__") else "")


def as_array(op: Op, value: Any) -> Any:
    """Raw arrays and NumPy scalars pass (formulas use them), so do numbers; anything else is a TypeError."""
    if isinstance(value, RAW) or is_array(value):
        return value
    raise TypeError(f"{op.name}(): argument must be Tensor, not {kind_of(value)}")


def meet(op: Op, *values: Any) -> tuple[Any, ...]:
    """Arrays (and numbers) in the dtype where PyTorch's promotion lets them meet."""
    first = values[0].dtype if type(values[0]) is ndarray else None
    if first is not None and (op.promote != "float" or first.kind not in "biu"):
        for value in values:
            if value is not None and (type(value) is not ndarray or value.dtype is not first):
                break
        else:
            return values
    for value in values:
        if value is not None and not isinstance(value, RAW):
            raise TypeError(
                f"{op.name}(): expected a Tensor or a number, got {kind_of(value)}"
                + (". Convert it first: autograd.tensor(...)" if isinstance(value, (list, tuple)) else "")
            )
    if "b" in op.refuses and any([isinstance(v, bool) or getattr(v, "dtype", None) == np.bool_ for v in values]):
        raise unsupported(op, *values)
    common = dtypes.result_dtype(*[v for v in values if v is not None])
    if op.promote == "float" and common.kind in "biu":
        common = dtypes.default_float()
    return tuple(
        [
            v if v is None else np.asarray(v, common) if not isinstance(v, np.ndarray) or v.dtype != common else v
            for v in values
        ]
    )


# --- errors --------------------------------------------------------------------------------------------------------


def shape_error(op: Op, a: Any, b: Any, error: ValueError) -> Exception:
    """What to raise when NumPy would not broadcast: the operation, both operands, the axis and the cure."""
    sa, sb = np.shape(a), np.shape(b)
    for k in range(1, min(len(sa), len(sb)) + 1):
        if sa[-k] != sb[-k] and 1 not in (sa[-k], sb[-k]):
            at = max(len(sa), len(sb)) - k
            return RuntimeError(
                f"{op.name}: The size of tensor a ({sa[-k]}) must match the size of tensor b ({sb[-k]}) at non-singleton "
                f"dimension {at}. The shapes are {list(sa)} and {list(sb)}; shapes are aligned from the right and a "
                "dimension of 1 stretches. Use unsqueeze or reshape to line them up"
            )
    return error


def shapes_error(op: Op, arrays: tuple[Any, ...], error: ValueError) -> Exception:
    """The same for several operands: of the first two that don't meet."""
    pairs = [shape_error(op, a, b, error) for i, a in enumerate(arrays) for b in arrays[i + 1 :]]
    return next((found for found in pairs if found is not error), error)


def dtype_error(op: Op, error: TypeError, *arrays: Any) -> Exception:
    """What to raise when NumPy has no loop for these dtypes (sqrt of a mask, ~ of floats)."""
    return unsupported(op, *arrays) if "ufunc" in str(error) or "umpy boolean" in str(error) else error


def unsupported(op: Op, *arrays: Any) -> Exception:
    """The error that names an operation and the dtypes it does not take."""
    given = " and ".join([repr(dtypes.of(a.dtype)) if isinstance(a, np.ndarray) else type(a).__name__ for a in arrays])
    cure = "Convert first: t.float(), t.long() or t.bool()"
    if op.name in ("sub", "neg"):
        cure = "To invert a mask use `~` or logical_not(), and `^` or logical_xor() for a difference"
    return NotImplementedError(f"{op.name}() is not implemented for {given}. {cure}")


def refusing(op: Op, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of an operation that does not take dtypes which NumPy's function takes."""

    @functools.wraps(function)
    def checked(a: Any, b: Any) -> Any:
        if a.dtype.kind in op.refuses:
            raise unsupported(op, a, b)
        return function(a, b)

    return checked


def not_tensor(op: Op, position: int, value: Any) -> TypeError:
    """The error for a number where PyTorch wants a tensor."""
    return TypeError(
        f"{op.name}(): argument {op.names[position - 1]!r} (position {position}) must be Tensor, not {kind_of(value)}"
    )


def check_classes(target: Any, classes: int) -> None:
    """IndexError for a number that is no class. The losses check too, and explain more; a compiled step has only this."""
    if target.size and int(target.view(np.uint64).max()) >= classes:  # a negative number is a huge unsigned one
        wrong = target[(target < 0) | (target >= classes)]
        raise IndexError(
            f"Target {int(wrong[0])} is out of bounds: there are {classes} classes, and {wrong.size} labels that are none. "
            "In a compiled step ignore_index can't mask them: leave these samples out, or don't compile"
        )
