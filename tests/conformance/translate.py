"""From PyTorch to this library: functions by the one naming rule, and values by their arrays.

PyTorch's test list (``op_db``) has for each operation a callable. A function of torch is looked up here by its name; a
lambda of the list (such as ``lambda x: x.T``) is run as it is, with ``torch`` meaning this library.
"""

from __future__ import annotations

import functools
import types
from typing import Any

import numpy as np
import torch as pt

import autograd
import nn
import nn.functional


class Missing(AttributeError):
    """This library does not have a name that PyTorch has."""


class Torch:
    """What ``torch`` means inside a function of PyTorch's test list when it runs here."""

    nn = nn
    Tensor = autograd.Tensor

    def __getattr__(self, name: str) -> Any:
        return lookup(name)


def lookup(path: str) -> Any:
    """The object here with the name ``torch.<path>``; a method of Tensor where there is no function of that name.

    Raises Missing if there is neither.
    """
    if path == "nn" or path.startswith("nn."):
        here: Any = nn
        parts = path.split(".")[1:]
    else:
        here, parts = autograd, path.split(".")
    for i, part in enumerate(parts):
        found = getattr(here, part, None)
        if found is None and i == 0 and here is autograd:
            found = getattr(autograd.Tensor, part, None)
        if found is None:
            raise Missing(f"there is no torch.{path} here")
        here = found
    return here


def _set_seed(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The list's ``wrapper_set_seed``, with its seed: the two libraries draw the same numbers."""
    autograd.manual_seed(42)
    return function(*args, **kwargs)


def function_of(theirs: Any, name: str) -> Any:
    """Our counterpart of a callable from PyTorch's list."""
    if isinstance(theirs, functools.partial):
        inside = "nn.functional." if theirs.func.__module__ == "torch.nn.functional" else ""
        return functools.partial(
            function_of(theirs.func, inside + theirs.func.__name__), *ours(theirs.args), **ours(theirs.keywords)
        )
    if isinstance(theirs, types.FunctionType) and "testing/_internal" in theirs.__code__.co_filename:
        return with_our_torch(theirs)
    if type(theirs).__name__.endswith("_descriptor"):  # a method of torch.Tensor
        return getattr(autograd.Tensor, theirs.__name__, None) or lookup(name)
    return lookup(name)


def with_our_torch(function: Any) -> Any:
    """A Python function from PyTorch's tests with ``torch`` replaced by this library."""
    names = {**function.__globals__, "torch": Torch(), "wrapper_set_seed": _set_seed, "np": np}
    cells = function.__closure__ and tuple(
        types.CellType(_closed_over(cell.cell_contents)) for cell in function.__closure__
    )
    made = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _closed_over(value: Any) -> Any:
    if isinstance(value, types.FunctionType) and "testing/_internal" in value.__code__.co_filename:
        return with_our_torch(value)
    return value


def plain(t: pt.Tensor) -> pt.Tensor:
    """The tensor without PyTorch's lazy bits: conjugated, negated, known to be zero."""
    t = t.detach()
    return pt.zeros(t.shape, dtype=t.dtype) if t._is_zerotensor() else t.resolve_conj().resolve_neg()


def array_of(t: pt.Tensor) -> Any:
    """The tensor's values as an array of their own with the same strides."""
    t = plain(t)
    if t.dtype == pt.bfloat16:
        import ml_dtypes

        return t.view(pt.uint16).numpy().copy().view(ml_dtypes.bfloat16)
    array = t.numpy()
    return array.copy() if 0 in array.strides or t.is_contiguous() or array.size == 0 else _strided_copy(array)


def _storage(t: pt.Tensor) -> pt.Tensor | None:
    """All of the memory of which a tensor shows a part. ``as_strided`` sees what lies around."""
    if t.layout is not pt.strided or t.is_conj() or t.is_neg() or t._is_zerotensor() or t.dtype == pt.bfloat16:
        return None
    size = t.untyped_storage().nbytes() // t.element_size()
    return None if size == t.numel() or 0 in t.stride() else pt.as_strided(t.detach(), (size,), (1,), 0)


def with_its_storage(t: pt.Tensor) -> pt.Tensor:
    """A copy that shows the same part of as large a memory."""
    whole = _storage(t)
    if whole is None:
        return t.detach().clone(memory_format=pt.preserve_format)
    return whole.clone().as_strided(t.shape, t.stride(), t.storage_offset())


def _of_storage(t: pt.Tensor) -> Any:
    """The same of ours."""
    whole = _storage(t)
    if whole is None:
        return autograd.from_numpy(array_of(t))
    return autograd.from_numpy(whole.numpy().copy()).as_strided(t.shape, t.stride(), t.storage_offset())


def _strided_copy(array: Any) -> Any:
    room = np.zeros(
        sum((n - 1) * abs(s) for n, s in zip(array.shape, array.strides, strict=True)) + array.itemsize, np.uint8
    )
    made = np.ndarray(array.shape, array.dtype, room.data, 0, tuple(abs(s) for s in array.strides))
    made[...] = array
    return made


def ours(value: Any) -> Any:
    """A value for this library: tensors, dtypes and the containers they come in are translated, the rest stays."""
    if isinstance(value, pt.Tensor):
        if value.layout is not pt.strided:
            raise Missing("there are no sparse tensors here")
        made = _of_storage(value)
        if value.requires_grad:
            made.requires_grad_()
        return made
    if isinstance(value, pt.nn.Module):  # a distance without parameters
        module = lookup(f"nn.{type(value).__name__}")()
        module.__dict__.update({k: ours(v) for k, v in vars(value).items() if not k.startswith("_")})
        return module
    if isinstance(value, pt.dtype):
        return lookup(repr(value).removeprefix("torch."))
    if isinstance(value, (pt.memory_format, pt.layout)):
        return lookup(repr(value).removeprefix("torch."))
    if isinstance(value, pt.device):
        return autograd.device(str(value)) if hasattr(autograd, "device") else str(value)
    if isinstance(value, pt.Size):
        return autograd.Size(value)
    if isinstance(value, pt.Generator):
        return lookup("Generator")()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(ours, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(ours, value))
    if isinstance(value, dict):
        return {k: ours(v) for k, v in value.items()}
    if isinstance(value, types.BuiltinFunctionType) and getattr(pt, value.__name__, None) is value:
        return lookup(value.__name__)
    if isinstance(value, types.FunctionType) and (value.__module__ or "").startswith("torch.nn.functional"):
        return lookup("nn.functional." + value.__name__)
    return value
