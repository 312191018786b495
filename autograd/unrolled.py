"""The call of an operation on several arrays, written out for their number: no loop and no list on the way.

Looping over the three arrays of a small ``linear`` takes as long as multiplying them. So the call is put together as
text, once for each *shape* of signature (how many values, which of them are arrays, which meet in one dtype), and compiled
when an operation of that shape is first called: for all at import that would take 10 ms.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from .arguments import bind, call_function, meet, shapes_error
from .graph import Node, mode
from .operation import Op, parts, record
from .tensor import Tensor, blank
from .views import current

__all__ = ["unrolled"]

_NAMES: dict[str, Any] = {
    "__name__": __name__, "Node": Node, "Tensor": Tensor, "bind": bind, "call_function": call_function, "current": current, "meet": meet,
    "mode": mode, "ndarray": np.ndarray, "blank": blank, "np": np, "parts": parts, "record": record, "shapes_error": shapes_error,
}  # fmt: skip
_FIRST = """
def call(*args, **kwargs):
    itself.__code__ = code()
    return itself(*args, **kwargs)
"""
_CALL = """
def call(*args, **kwargs):
    out = None
    if kwargs or len(args) != {count}:
        out = kwargs.pop("out", None)
        args = bind(op, args, kwargs)
    {values} = args
    mask = tensors = 0
    {arrays}
    if not tensors:
        return plainly{values}
    {meeting}
    now = mode.now
    quietly = now.quietly
    {run}
    {residual}
    {result}
    node = {node} if mask and op.records and now.enabled else None
    {made}
    return made if out is None else write_out(out, made)
"""
_ARRAY = """
    if type({v}) is Tensor or isinstance({v}, Tensor):  # the first question is quicker, and usual
        {n} = {v}.node if {v}.lineage is None else current({v})
        {v} = {v}.array
        tensors = 1
        if {n} is not None:
            mask |= {bit}
    else:
        {n} = None
"""
_RUN = "y = quietly({call})"
_RUN_ELEMENTWISE = """try:
        y = quietly({call})
    except ValueError as error:
        raise shapes_error(op, {arrays}, error) from None
"""
_ONE = {
    "result": "if type(y) is not ndarray: y = np.asarray(y)",
    "node": "Node(op, {nodes}, {saved} if (k := kept(mask)) else (), {params}, y.shape, y.dtype)",
    "made": "made = blank(); made.array = y; made.lineage = None; made.node = node",
}
_MANY = {
    "result": "y = tuple([v if type(v) is ndarray else np.asarray(v) for v in y])",
    "node": "record(op, {arrays}, y, {nodes}, {params})",
    "made": "made = parts(op, node, y)",
}


def unrolled(op: Op, write_out: Callable[..., Any]) -> Callable[..., Any]:
    """The call of an operation with a fixed number of arrays, and parameters among or after them."""
    function, names, residual = op.function, op.names, op.residual is not None

    def plainly(*values: Any) -> Any:
        """Raw arrays come from formulas and from other functions, where NumPy is quiet already."""
        y = call_function(function, names, values, op)
        return y[0] if residual else y

    @functools.cache
    def kept(mask: int) -> tuple[bool, ...]:
        """Which of the arrays and the result are saved when the arguments in ``mask`` require grad."""
        flags = tuple([bool(saver & mask) for saver in op.saves])
        return flags if any(flags) else ()

    meets = op.promote == "float" or (op.promote is None and len(op.meeting) > 1)
    meeting = tuple([op.positions[i] for i in op.meeting]) if meets else ()
    shape = len(names), op.positions, meeting, residual, op.outputs == 1, not op.keyword_only, op.fuses
    known: dict[str, Any] = {
        **_NAMES, "op": op, "function": function, "large": op.large_function, "worth": op.worth, "names": names, "plainly": plainly, "kept": kept, "write_out": write_out,
        "code": functools.partial(_written, *shape),
    }  # fmt: skip
    call = known["itself"] = FunctionType(_first(), known)
    return call


@functools.cache
def _first() -> Any:
    """What a call does the first time."""
    return _compiled(_FIRST)


@functools.cache
def _written(count: int, positions: Any, meeting: Any, residual: bool, one: bool, positional: bool, fuses: bool) -> Any:
    """The code of the calls of all operations whose signatures have one shape."""
    values = [f"v{i}" for i in range(count)]
    arrays = [f"v{i}" for i in positions]
    nodes = [f"n{i}" for i in positions]
    params = [v for v in values if v not in arrays] + ["r"] * residual
    saved = [f"{v} if k[{i}] else None" for i, v in enumerate([*arrays, "y"])]
    met = ", ".join([values[i] for i in meeting])
    result = _ONE if one else _MANY
    node = result["node"].format(arrays=_tuple(arrays), nodes=_tuple(nodes), params=_tuple(params), saved=_tuple(saved))
    function = f"large if type({arrays[-1]}) is ndarray and {arrays[-1]}.size >= worth else function"
    function = function if fuses else "function"
    text = _CALL.format(
        count=count,
        values=_tuple(values),
        arrays="".join(
            [_ARRAY.format(v=v, n=n, bit=1 << i) for i, (v, n) in enumerate(zip(arrays, nodes, strict=True))]
        ),
        meeting=f"{met}, = meet(op, {met})" if meeting else "",
        run=(_RUN_ELEMENTWISE if fuses else _RUN).format(
            call=", ".join([function, *values])
            if positional
            else f"call_function, function, names, {_tuple(values)}, op",
            arrays=_tuple(arrays),
        ),
        residual="y, r = y" if residual else "",
        result=result["result"],
        node=node,
        made=result["made"],
    )
    return _compiled(text)


def _compiled(text: str) -> Any:
    """The code of the function that a text defines."""
    made: dict[str, Any] = {}
    exec(text, made)
    return made["call"].__code__


def _tuple(items: list[str]) -> str:
    """The text of a tuple."""
    return "(" + "".join([f"{item}, " for item in items]) + ")"
