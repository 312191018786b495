"""Making tensors: from data, filled with a value, and in sequences.

Every function takes PyTorch's keywords: ``dtype`` (by default what the data say, or the default float dtype),
``requires_grad``, ``device`` (the CPU), ``layout`` (strided), ``pin_memory`` (no device here reads pinned memory, so
it changes nothing) and, where PyTorch has it, ``out``.
"""

from __future__ import annotations

import math
import operator
from pathlib import Path
from typing import Any

import numpy as np

from . import dtypes
from .devices import check_device
from .from_data import convert, from_sequence, infer, native
from .graph import mode
from .layouts import check_layout, empty_in, strided
from .storage import Storage
from .tensor import Tensor, wrap

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "from_file", "from_numpy",
    "frombuffer", "full", "full_like", "linspace", "logspace", "ones", "ones_like", "range", "scalar_tensor",
    "tensor", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: Any, requires_grad: bool = False, device: Any = None, layout: Any = None, out: Any = None) -> Tensor:
    """The tensor of a new array, or ``out`` with the array written into it."""
    if device is not None:
        check_device(device)
    if layout is not None:
        check_layout(layout)
    made = wrap(array)
    if mode.now.recorder is not None:
        mode.now.recorder.constant(made.array)
    if out is not None:
        from .lift import write_out

        made = write_out(out, made)
    return made.requires_grad_() if requires_grad else made


def size_of(function: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape in ``f(2, 3)``, ``f((2, 3))`` or ``f(torch.Size([2, 3]))``.

    Raises TypeError for what is no size, RuntimeError for a negative one.
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    try:
        shape = tuple([n.__index__() for n in size])
    except (AttributeError, TypeError):
        wrong = next(n for n in size if not hasattr(n, "__index__") or getattr(n, "ndim", 0) != 0)
        raise TypeError(
            f"{function}(): argument 'size' must be tuple of ints, not {type(wrong).__name__}: {wrong!r}"
        ) from None
    for n in shape:
        if n < 0:
            raise RuntimeError(f"{function}: Dimension size must be non-negative, and {list(shape)} has {n}.")
    return shape


def float_or(dtype: Any) -> np.dtype[Any]:
    """NumPy's dtype of ``dtype``, or the default floating point one."""
    return dtypes.default_float() if dtype is None else dtypes.as_numpy(dtype)


# --- from data -----------------------------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor with a copy of ``data``: a number, nested sequences, an array or a Tensor.

    Python floats become the default dtype, ints int64; arrays and Tensors keep theirs.

    Raises:
        ValueError: sequences of different lengths.
        TypeError, RuntimeError: something that is no number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.tensor.html

    >>> tensor([[1, 2], [3, 4]]).dtype, tensor(2.5).dtype
    (torch.int64, torch.float32)
    """
    wanted = None if dtype is None else dtypes.as_numpy(dtype)
    if isinstance(data, Tensor):
        array: Any = convert(data.array, wanted or data.array.dtype, copy=True)
    elif isinstance(data, (np.ndarray, np.generic)):
        array = native(np.asarray(data))
        array = convert(array, wanted or array.dtype, copy=True)
    else:
        array = from_sequence(data, wanted)
    if mode.now.recorder is not None:
        mode.now.recorder.refuse("tensor() makes a tensor from Python data. Make it outside, and pass it")
    return finish(array, requires_grad, device)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, sharing its memory where possible.

    >>> a = np.zeros(2)
    >>> as_tensor(a)[0] = 1.0
    >>> a
    array([1., 0.])
    """
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.to(dtype)  # type: ignore[attr-defined, no-any-return]
    if isinstance(data, np.ndarray):
        array = native(data)
        return wrap(array if dtype is None else convert(array, dtypes.as_numpy(dtype)))
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """``obj`` as a tensor: shares memory with Tensors, arrays and buffers unless ``copy`` or a conversion is asked for.

    A Tensor stays in its graph, unless ``requires_grad=False`` is said.

    Raises ValueError when ``copy=False`` and a copy cannot be avoided.
    """
    check_device(device)
    if isinstance(obj, Tensor):
        made = obj.detach() if requires_grad is False else obj  # type: ignore[attr-defined]
    elif isinstance(obj, (np.ndarray, np.generic)):
        made = wrap(native(np.asarray(obj)))
    elif isinstance(obj, Storage):
        made = wrap(obj.array)
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        made = frombuffer(obj, dtype=dtype or dtypes.of(dtypes.default_float()))
    elif copy is False:
        raise ValueError("can't alias arbitrary sequences: leave copy= away")
    else:
        return tensor(obj, dtype=dtype, requires_grad=bool(requires_grad))
    wanted = made.array.dtype if dtype is None else dtypes.as_numpy(dtype)
    if copy is False and wanted != made.array.dtype:
        raise ValueError(f"can't alias tensor with dtype {made.dtype} into dtype {dtypes.of(wanted)}: leave copy= away")
    if copy or wanted != made.array.dtype:
        if isinstance(obj, Tensor):
            made = made.to(dtypes.of(wanted), copy=bool(copy))  # type: ignore[attr-defined]
        else:
            made = wrap(convert(made.array, wanted, copy=bool(copy)))
    return made.requires_grad_() if requires_grad else made


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of a NumPy array: writes to one are seen by the other.

    >>> from_numpy(np.arange(3))
    tensor([0, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return wrap(native(np.asarray(ndarray)))


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A 1-d tensor on the memory of an object that has Python's buffer protocol.

    >>> from . import dtypes
    >>> frombuffer(bytearray(b"abcd"), dtype=dtypes.uint8)
    tensor([ 97,  98,  99, 100], dtype=torch.uint8)
    """
    wanted = dtypes.as_numpy(dtype)
    total = memoryview(buffer).nbytes
    if total == 0 or count == 0:
        raise ValueError(f"both buffer length ({total}) and count ({count}) must not be 0")
    if not 0 <= offset < total:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({total} bytes) - 1"
        )
    if count < 0 and (total - offset) % wanted.itemsize:
        raise ValueError(
            f"buffer length ({total - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({wanted.itemsize})"
        )
    if count > 0 and offset + count * wanted.itemsize > total:
        raise ValueError(f"requested buffer length ({count} * {wanted.itemsize} bytes) after offset ({offset} bytes) "
                         f"must not be greater than actual buffer length ({total} bytes)")  # fmt: skip
    return finish(np.frombuffer(buffer, wanted, count, offset), requires_grad)


def from_file(
    filename: Any, shared: bool = False, size: int = 0, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A 1-d tensor of ``size`` elements on a file, which is read when they are used.

    ``shared``: what is written to the tensor goes to the file, which is made, or made longer, where it is too short.
    Otherwise raises RuntimeError if the file has fewer bytes.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.from_file.html
    """
    element = dtypes.default_float() if dtype is None else dtypes.as_numpy(dtype)
    path, wanted = Path(filename), size * element.itemsize
    has = path.stat().st_size if path.exists() else 0
    if has < wanted:
        if not shared:
            raise RuntimeError(
                f"{path} has {has} bytes, and {size} elements of {element} take {wanted}. shared=True makes it longer"
            )
        with open(path, "ab") as file:
            file.truncate(wanted)
    memory = np.memmap(path, element, "r+" if shared else "c", shape=(size,)) if size else np.empty(0, element)
    return finish(memory.view(np.ndarray), requires_grad, device, layout)


# --- filled --------------------------------------------------------------------------------------------------------


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Zeros.

    >>> zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    shape = size_of("zeros", _given(size, named, "zeros"))
    return finish(np.zeros(shape, _filled_dtype(dtype, out)), requires_grad, device, layout, out)


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Ones.

    >>> ones(2, dtype=dtypes.int64)
    tensor([1, 1])
    """
    shape = size_of("ones", _given(size, named, "ones"))
    return finish(np.ones(shape, _filled_dtype(dtype, out)), requires_grad, device, layout, out)


def empty(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, memory_format: Any = None, **named: Any,
) -> Tensor:  # fmt: skip
    """Memory whose contents nobody has set."""
    shape = size_of("empty", _given(size, named, "empty"))
    return finish(empty_in(shape, _filled_dtype(dtype, out), memory_format), requires_grad, device, layout, out)


def _given(size: tuple[Any, ...], named: dict[str, Any], function: str) -> tuple[Any, ...]:
    """The positional sizes, or the one given as ``size=``."""
    if not named:
        if not size:
            raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
        return size
    if size or set(named) != {"size"}:
        raise TypeError(f"{function}() got an unexpected keyword argument {next(iter(named))!r}")
    return (named["size"],) if isinstance(named["size"], (tuple, list)) else (tuple(named["size"]),)


def _filled_dtype(dtype: Any, out: Any) -> np.dtype[Any]:
    if dtype is None and out is not None:
        return out.array.dtype  # type: ignore[no-any-return]
    return float_or(dtype)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value, of the dtype that the value has: bool, int64, the default float or its complex kin.

    >>> full((2,), 7), full((2,), 0.5)
    (tensor([7, 7]), tensor([0.5000, 0.5000]))
    """
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    value = number(fill_value)
    wanted = infer({type(value)}) if dtype is None and out is None else _filled_dtype(dtype, out)
    return finish(_full(size_of("full", (size,)), value, wanted), requires_grad, device, layout, out)


def number(value: Any) -> Any:
    """A Python number from a number or a 0-d Tensor."""
    value = value.item() if isinstance(value, (Tensor, np.generic, np.ndarray)) else value
    if not isinstance(value, (bool, int, float, complex)):
        raise TypeError(f"expected a number, not {type(value).__name__}")
    return value


def _full(shape: Any, value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    made = np.empty(shape, dtype)
    made[...] = from_sequence(value, dtype)
    return made


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = strided, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A 0-d tensor of the default float dtype (or ``dtype``)."""
    return finish(from_sequence(number(s), float_or(dtype)), requires_grad, device, layout)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The n x m matrix with ones on the diagonal.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    rows, columns = n.__index__(), n.__index__() if m is None else m.__index__()
    for name, k in (("n", rows), ("m", columns)):
        if k < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {k}")
    return finish(np.eye(rows, columns, dtype=_filled_dtype(dtype, out)), requires_grad, device, layout, out)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory whose contents nobody has set, with these strides (in elements)."""
    shape, wanted = size_of("empty_strided", (size,)), float_or(dtype)
    if len(stride) != len(shape):
        raise RuntimeError(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides ({len(stride)})"
        )
    extent = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) if 0 not in shape else 0
    memory = np.empty(extent, wanted)
    steps = tuple([s * wanted.itemsize for s in stride])
    return finish(np.ndarray(shape, wanted, memory, strides=steps), requires_grad, device, layout)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory whose contents nobody has set, with the dimensions in this order from the outermost to the innermost."""
    shape = size_of("empty_permuted", (size,))
    if len(set(physical_layout)) < len(physical_layout):
        raise RuntimeError("Duplicate dim not allowed")
    memory = np.empty([shape[i] for i in physical_layout], float_or(dtype))
    return finish(memory.transpose(np.argsort(physical_layout)), requires_grad, device, layout)


# --- like another --------------------------------------------------------------------------------------------------


def blank_like(function: str, input: Any, dtype: Any, memory_format: Any) -> np.ndarray[Any, Any]:
    """Memory of the shape of ``input``, and its dtype and strides unless others are asked for."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{function}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    wanted = input.array.dtype if dtype is None else dtypes.as_numpy(dtype)
    return empty_in(input.array.shape, wanted, memory_format, input.array)


def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros of the shape and dtype of ``input``."""
    made = blank_like("zeros_like", input, dtype, memory_format)
    made[...] = 0
    return finish(made, requires_grad, device, layout)


def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones of the shape and dtype of ``input``."""
    made = blank_like("ones_like", input, dtype, memory_format)
    made[...] = 1
    return finish(made, requires_grad, device, layout)


def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory whose contents nobody has set, of the shape and dtype of ``input``."""
    return finish(blank_like("empty_like", input, dtype, memory_format), requires_grad, device, layout)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value, of the shape and dtype of ``input``."""
    made = blank_like("full_like", input, dtype, memory_format)
    made[...] = from_sequence(number(fill_value), made.dtype)
    return finish(made, requires_grad, device, layout)


# --- sequences -----------------------------------------------------------------------------------------------------


def arange(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``start``, ``start + step`` ... below ``end``; int64 if all three are integers, else the default float dtype.

    Raises RuntimeError for a step of zero or in the wrong direction.

    >>> arange(3), arange(0, 1, 0.25)
    (tensor([0, 1, 2]), tensor([0.0000, 0.2500, 0.5000, 0.7500]))
    """
    if end is None:
        start, end = 0, start
    start, end, step = number(start), number(end), number(step)
    whole = all(isinstance(v, int) for v in (start, end, step))
    wanted = np.dtype(np.int64) if whole and dtype is None and out is None else _filled_dtype(dtype, out)
    if wanted.kind in "bc":
        raise NotImplementedError(f'"arange_cpu" not implemented for {dtypes.of(wanted)}')
    _check_step("arange", start, end, step)
    if wanted.kind in "iu" and int(step) == 0:
        raise ValueError(f"arange: step must be nonzero, and {step} is 0 in {dtypes.of(wanted)}")
    if whole or wanted == np.int64:
        start, end, step = int(start), int(end), int(step)
        count = -((start - end) // step)
    else:
        count = math.ceil((end - start) / step)
        if wanted.kind in "iu":
            start, step = int(start), int(step)
    return finish(_steps(start, step, count, wanted), requires_grad, device, layout, out)


def _check_step(function: str, start: Any, end: Any, step: Any) -> None:
    if step == 0:
        raise RuntimeError(f"{function}: step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"{function}: unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            f"{function}: upper bound and lower bound inconsistent with step sign: {start} -> {end} by {step}"
        )


def _steps(start: Any, step: Any, count: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """start + i * step, computed in float64 for floating point dtypes and exactly for integers."""
    if dtype.kind in "iu" and isinstance(start, int) and isinstance(step, int):
        made: np.ndarray[Any, Any] = np.arange(start, start + count * step, step)[:count]
        return made.astype(dtype, copy=False)
    return convert(start + np.arange(count, dtype=np.float64) * step, dtype)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Like ``arange``, but ``end`` belongs to it and the dtype is the default float one. PyTorch deprecates it."""
    if end is None:
        start, end = 0, start
    start, end, step = number(start), number(end), number(step)
    _check_step("range", start, end, step)
    count = math.floor((end - start) / step) + 1
    return finish(_steps(start, step, count, _filled_dtype(dtype, out)), requires_grad, device, layout, out)


def _spaced(function: str, start: Any, end: Any, steps: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """``steps`` evenly spaced values, each counted from the nearer end, as PyTorch computes them."""
    if steps < 0:
        raise RuntimeError(f"{function}: number of steps must be non-negative, got {steps}")
    work = (
        dtype
        if dtype.kind == "c"
        else np.dtype(np.float64)
        if dtype.kind in "iu" or dtype == np.float64
        else np.dtype(np.float32)
    )
    first, last = np.asarray(number(start), work), np.asarray(number(end), work)
    if steps == 1:
        return convert(first.reshape(1), dtype)
    if dtype.kind in "iu":  # PyTorch truncates the ends first, and steps in single precision
        first, last = np.trunc(first), np.trunc(last)
    step = (last - first) / max(steps - 1, 1)
    count = np.arange(steps)
    made = np.empty(steps, work)
    half = steps // 2
    # PyTorch rounds once a value (a fused multiply-add), which for float32 is what float64 and one conversion give.
    wide = np.dtype(np.float64) if work == np.float32 else work
    first, last, step = first.astype(wide), last.astype(wide), step.astype(wide)
    made[:half] = first + step * count[:half].astype(wide)
    made[half:] = last - step * (steps - 1 - count[half:]).astype(wide)
    return convert(made, dtype)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``steps`` values from ``start`` to ``end``, both included, evenly spaced.

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    wanted = _spaced_dtype(start, end, dtype, out)
    return finish(_spaced("linspace", start, end, operator.index(steps), wanted), requires_grad, device, layout, out)


def _spaced_dtype(start: Any, end: Any, dtype: Any, out: Any) -> np.dtype[Any]:
    wanted = _filled_dtype(dtype, out)
    if dtype is None and out is None and (isinstance(number(start), complex) or isinstance(number(end), complex)):
        return dtypes.of(wanted).to_complex().dtype
    return wanted


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``base`` to the power of evenly spaced exponents from ``start`` to ``end``.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    wanted = _spaced_dtype(start, end, dtype, out)
    work = wanted if wanted.kind in "fc" else np.dtype(np.float64)
    if wanted.kind in "iu":
        start, end = int(start), int(end)  # as PyTorch
    exponents = _spaced("logspace", start, end, operator.index(steps), np.promote_types(work, np.float64))
    return finish(convert(np.power(base, exponents), wanted), requires_grad, device, layout, out)


# --- methods of Tensor ---------------------------------------------------------------------------------------------


def _own_dtype(self: Tensor, dtype: Any) -> np.dtype[Any]:
    return self.array.dtype if dtype is None else dtypes.as_numpy(dtype)


def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = strided,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A new tensor with a copy of ``data``, of this tensor's dtype."""
    check_layout(layout)
    return tensor(data, dtype=dtypes.of(_own_dtype(self, dtype)), device=device, requires_grad=requires_grad)


def new_zeros(
    self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = strided,
    pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Zeros of this tensor's dtype."""
    shape = size_of("new_zeros", _given(size, named, "new_zeros"))
    return finish(np.zeros(shape, _own_dtype(self, dtype)), requires_grad, device, layout)


def new_ones(
    self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = strided,
    pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Ones of this tensor's dtype."""
    shape = size_of("new_ones", _given(size, named, "new_ones"))
    return finish(np.ones(shape, _own_dtype(self, dtype)), requires_grad, device, layout)


def new_empty(
    self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = strided,
    pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Memory whose contents nobody has set, of this tensor's dtype."""
    shape = size_of("new_empty", _given(size, named, "new_empty"))
    return finish(np.empty(shape, _own_dtype(self, dtype)), requires_grad, device, layout)


def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = strided, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value, of this tensor's dtype."""
    made = _full(size_of("new_full", (size,)), number(fill_value), _own_dtype(self, dtype))
    return finish(made, requires_grad, device, layout)


def new_empty_strided(
    self: Tensor, size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = strided, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory whose contents nobody has set, with these strides, of this tensor's dtype."""
    wanted = dtypes.of(_own_dtype(self, dtype))
    return empty_strided(size, stride, dtype=wanted, device=device, requires_grad=requires_grad, layout=layout)


METHODS = {f.__name__: f for f in (new_tensor, new_zeros, new_ones, new_empty, new_full, new_empty_strided)}
"""What ``methods.bind`` gives Tensor from this file."""
