"""From recorded calls to NumPy calls: a function is followed on arrays that write down what is done to them."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Call, Slot, walk

if TYPE_CHECKING:
    from .recorder import Recorder

__all__ = ["expanded", "matrix_transposed", "transposed", "window"]

ndarray = np.ndarray


class NotPlain(Exception):
    """A function does more than call NumPy in a way we can follow: it stays one call."""


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that writes down what is done to it. What it doesn't know raises NotPlain."""

    def __init__(self, array: Any, slot: Any, tape: Tape) -> None:
        self.array, self.slot, self.tape = array, slot, tape
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if method not in ("__call__", "reduce") or ufunc.nout != 1:
            raise NotPlain
        into = out[0] if out is not None else None
        return self.tape.call(ufunc if method == "__call__" else ufunc.reduce, args, kwargs, into)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in (
            np.where,
            np.sum,
            np.max,
            np.clip,
            np.concatenate,
            np.broadcast_to,
            np.zeros_like,
            np.transpose,
        ):
            raise NotPlain
        if "out" in kwargs:
            raise NotPlain
        return self.tape.call(function, args, kwargs, None)

    def __getattr__(self, name: str) -> Any:
        if name == "flags":
            return self.array.flags
        if name in ("T", "mT"):
            return self.tape.call(transposed if name == "T" else matrix_transposed, (self,), {}, None)
        if name in ("sum", "max"):
            reduce = np.add.reduce if name == "sum" else np.maximum.reduce
            return lambda axis=None, keepdims=False: self.tape.call(
                reduce, (self,), {"axis": axis, "keepdims": keepdims}, None
            )
        if name in ("reshape", "transpose", "astype", "swapaxes"):
            method = getattr(ndarray, name)
            return lambda *args, **kwargs: self.tape.call(method, (self, *args), kwargs, None)
        raise NotPlain(name)

    def __getitem__(self, index: Any) -> Any:
        return self.tape.call(operator.getitem, (self, index), {}, None)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise NotPlain

    def __bool__(self) -> bool:
        raise NotPlain

    def __iter__(self) -> Any:
        raise NotPlain

    def __len__(self) -> int:
        return self.shape[0]  # type: ignore[no-any-return]


def transposed(array: Any) -> Any:
    return array.T


def matrix_transposed(array: Any) -> Any:
    return array.mT


def window(array: Any, shape: Any, dtype: Any, offset: int, strides: Any) -> Any:
    """A view of a contiguous array's memory."""
    return ndarray(shape, dtype, array, offset, strides)


class Tape:
    """The NumPy calls of one function."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder, self.calls = recorder, []  # type: ignore[var-annotated]

    def call(self, function: Any, args: Any, kwargs: Any, into: Traced | None) -> Traced:
        raw = walk((args, kwargs), lambda v: v.array if isinstance(v, Traced) else v)
        spelled = walk((args, kwargs), lambda v: v.slot if isinstance(v, Traced) else v)
        if into is not None:
            result = function(*raw[0], out=into.array, **raw[1])
            self.calls.append(Call(function, spelled[0], {**spelled[1], "out": into.slot}, into.slot))
            return into
        result = np.asarray(function(*raw[0], **raw[1]))
        slot = self.recorder.slot(result)
        self.calls.append(Call(function, spelled[0], spelled[1], slot))
        return Traced(result, slot, self)


def expanded(recorder: Recorder, call: Call) -> list[Call]:
    """The NumPy calls that a recorded call consists of, if they can be followed and give the same bits."""
    ufunc = _OPERATORS.get(call.function, call.function)
    if isinstance(ufunc, np.ufunc) and isinstance(call.out, Slot):
        return [Call(ufunc, call.args, call.kwargs, call.out)]
    if (
        call.function is None
        or call.out is None
        or not hasattr(call.function, "__code__")
        or not isinstance(call.out, Slot)
    ):
        return [call]
    tape = Tape(recorder)
    args, kwargs = walk((call.args, call.kwargs), lambda v: Traced(v.array, v, tape) if isinstance(v, Slot) else v)
    try:
        with np.errstate(all="ignore"):
            result = call.function(*args, **kwargs)
    except Exception:  # whatever happens here, the function itself ran: it stays one call
        return [call]
    if not isinstance(result, Traced) or not tape.calls or result.slot is not tape.calls[-1].out:
        return [call]
    same = result.array.shape == call.out.array.shape and result.array.dtype == call.out.array.dtype
    if not same or result.array.tobytes() != call.out.array.tobytes():
        return [call]
    for made in tape.calls:
        if made.out is result.slot:
            made.out = call.out
        made.args, made.kwargs = walk((made.args, made.kwargs), lambda v: call.out if v is result.slot else v)
    return tape.calls


_OPERATORS: dict[Any, Any] = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply, operator.truediv: np.true_divide,
    operator.neg: np.negative, operator.matmul: np.matmul,
}  # fmt: skip
