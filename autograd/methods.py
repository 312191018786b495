"""Binds the tables to Tensor: operators, methods, their in-place twins, and the few properties."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from . import conversion, copying, creation, inplace, passes, printing, random, storage
from .inplace import DIRECT, becoming, direct, in_place
from .namespace import resolve
from .ops import FAMILIES, FUNCTIONS, LAYERS, elementwise, indexing, linalg, quantization
from .tensor import Tensor

IN_PLACE = """
abs absolute acos acosh add addcdiv addcmul arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh
bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clamp clamp_max clamp_min clip copysign
cos cosh cumprod cumsum deg2rad digamma div divide eq erf erfc erfinv exp exp2 expm1 fix float_power floor floor_divide fmod frac
gcd ge greater greater_equal gt heaviside hypot i0 igamma igammac lcm ldexp le lerp less less_equal lgamma log log10 log1p log2
logical_and logical_not logical_or logical_xor logit lt mul multiply mvlgamma nan_to_num ne neg negative nextafter not_equal
polygamma pow rad2deg reciprocal relu remainder round rsqrt sgn sigmoid sign sin sinc sinh sqrt square sub subtract tan tanh
true_divide trunc xlogy
addbmm addmm addmv addr baddbmm conj_physical index_add index_copy index_fill index_put index_reduce masked_fill masked_scatter put
renorm scatter scatter_add scatter_reduce tril triu
""".split()
"""Functions with a twin ``name_`` that writes over its first argument."""

METHOD_FORMS: dict[str, Callable[..., Any]] = {
    "hardshrink": lambda input, lambd=0.5: resolve("hardshrink")(input, lambd),
    "polygamma": lambda input, n: FUNCTIONS["polygamma"](n, input),
    "prelu": lambda input, weight: resolve("prelu")(input, weight),
    "where": lambda input, condition, other: FUNCTIONS["where"](condition, input, other),
}
"""Functions whose method takes the tensor in another place than first."""

NOT_METHODS = frozenset(["is_tensor", *quantization.__all__, *[name for family in LAYERS for name in family.__all__]])


def first_argument(function: Callable[..., Any]) -> str:
    """The name of a function's first argument."""
    op = getattr(function, "op", None)
    if op is not None:
        return op.names[0] if op.names else ""
    code = inspect.unwrap(function).__code__
    return code.co_varnames[0] if code.co_argcount else ""


def _operator(name: str, function: Callable[..., Any]) -> None:
    setattr(Tensor, f"__{name}__", function)


def _reflected(name: str, function: Callable[..., Any]) -> None:
    def reflected(self: Tensor, other: Any) -> Any:
        return function(other, self)

    setattr(Tensor, f"__r{name}__", reflected)


def _augmented(name: str, function: Callable[..., Any]) -> None:
    setattr(Tensor, f"__i{name}__", _written(name, function, f"__i{name}__"))


def _written(name: str, function: Callable[..., Any], twin: str) -> Callable[..., Any]:
    """The in-place form of a function, by the direct way where there is one."""
    method = in_place(function, twin)
    return direct(DIRECT[name], method, twin) if name in DIRECT else method


def _or_not_implemented(function: Callable[..., Any]) -> Callable[..., Any]:
    """``t == None`` and ``t == "text"`` are False: Python compares by identity when both sides decline."""

    def compare(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            return NotImplemented

    return compare


def bind() -> dict[str, Callable[..., Any]]:
    """Give Tensor its operators and methods; returns the in-place functions by name."""
    arithmetic = {
        "add": elementwise.plain_add,
        "sub": elementwise.plain_sub,
        "mul": elementwise.mul,
        "truediv": elementwise.true_div,
        "floordiv": elementwise.floor_divide,
        "mod": elementwise.remainder,
        "pow": elementwise.plain_pow,
        "matmul": linalg.matmul,
        "and": FUNCTIONS["bitwise_and"],
        "or": FUNCTIONS["bitwise_or"],
        "xor": FUNCTIONS["bitwise_xor"],
        "lshift": FUNCTIONS["bitwise_left_shift"],
        "rshift": FUNCTIONS["bitwise_right_shift"],
    }
    for name, function in arithmetic.items():
        _operator(name, function)
        _reflected(name, function)
        _augmented(name, function)
    _operator("div", elementwise.true_div)  # the names of Python 2, which PyTorch's Tensor still has
    _reflected("div", elementwise.true_div)
    for name in ("eq", "ne"):
        _operator(name, _or_not_implemented(FUNCTIONS[name]))
    for name in ("lt", "le", "gt", "ge", "neg", "abs"):
        _operator(name, FUNCTIONS[name])
    _operator("invert", FUNCTIONS["bitwise_not"])
    _operator("pos", FUNCTIONS["positive"])
    _operator("getitem", indexing.getitem)
    _operator("setitem", indexing.setitem)

    for name, function in FUNCTIONS.items():
        if first_argument(function) == "input" and name not in NOT_METHODS and not hasattr(Tensor, name):
            setattr(Tensor, name, function)
    for family in FAMILIES:
        for name in getattr(family, "METHODS", ()):
            setattr(Tensor, name, getattr(family, name))
        for name, function in getattr(family, "PROPERTIES", {}).items():
            setattr(Tensor, name, property(function))
    for name, function in METHOD_FORMS.items():
        function.__name__ = function.__qualname__ = name
        setattr(Tensor, name, function)
    written = {}
    for name in IN_PLACE:
        if name not in FUNCTIONS:
            continue
        twin = _written(name, METHOD_FORMS.get(name, FUNCTIONS[name]), name + "_")
        setattr(Tensor, name + "_", twin)
        written[name + "_"] = twin

    for name in inplace.BECOMING:
        setattr(Tensor, name + "_", becoming(FUNCTIONS[name], name + "_"))
    for name in ("fill_", "zero_", "resize_as_"):
        written[name] = inplace.METHODS[name]

    for room in (inplace, conversion, copying, creation, printing, random, storage):
        for name, method in room.METHODS.items():
            setattr(Tensor, name, method)
    setattr(Tensor, "backward", _backward)  # noqa: B010 - a checker knows these methods from the stub already
    setattr(Tensor, "graph", _graph)  # noqa: B010
    return written


def _backward(
    self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
) -> None:
    """Add the gradients of this tensor to the ``.grad`` of the leaves it was computed from.

    Args:
        gradient: the cotangent of this tensor; may be left out if it has one element.
        retain_graph: keep what the graph saved, so that backward can be called again.
        create_graph: make the gradients differentiable themselves.
        inputs: accumulate into these tensors only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
    """
    passes.backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def _graph(self: Tensor, params: Any = None) -> Any:
    """The graph that led to this tensor, as an object to walk, export and draw: ``autograd.visualize.graph``."""
    from .visualize import graph

    return graph(self, params)


_graph.__name__ = "graph"
_backward.__name__ = "backward"
IN_PLACE_FUNCTIONS = bind()
