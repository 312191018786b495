"""lift: a NumPy function and one formula per array argument become a differentiable operation on Tensors.

    mul = elementwise(operator.mul, input=lambda g, other: g * other, other=lambda g, input: g * input)
    exp = elementwise(np.exp,       input=lambda g, y: g * y)

The keyword names the argument, the lambda is the formula of its cotangent. A formula names what it needs:

    g       the cotangent of the result (a tuple of them, for an operation with several results)
    y       the result (a tuple, likewise)
    <name>  an array argument (its array) or a parameter of the function
    like    the shape and dtype of the argument that the formula is for
    needs   a tuple of bools: which array arguments want a cotangent (for joint formulas)
    r       the residual: what the function worked out on the way (see ``residual`` below)

and only the arrays that some formula names are saved.

**One formula, two meanings.** In an ordinary backward it is called with raw arrays: NumPy runs, nothing is recorded.
With ``create_graph=True`` it is called with the same values as Tensors, and records itself. So a formula uses only its
own parameters, operators, NumPy functions and lifted operations, never writes in place, and branches through masks.

The *kind* of an operation says how a tangent goes forward through it:

    elementwise  each result element depends on one element of each argument: the formula applied to the tangent
    linear       the function applied to the tangents
    bilinear     the function with one argument at a time replaced by its tangent, added up
    general      through the transpose of the formula, which is linear in ``g``
    view         linear, and the result shares memory with its argument

Broadcasting and dtype conversion are undone by the engine at each edge (``passes.py``): no formula mentions them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes, return_types
from .arguments import (
    MISSING,
    as_array,
    bind,
    bind_params,
    call_function,
    dtype_error,
    is_array,
    meet,
    not_tensor,
    refusing,
    shape_error,
    unsupported,
)  # fmt: skip
from .graph import Node, mode
from .operation import LIFTED, Op, parts, record
from .tensor import Tensor, blank, wrap
from .unrolled import unrolled
from .views import UNTRACKED, Lineage, current, stamp

__all__ = ["attach", "bilinear", "elementwise", "general", "given", "lift", "linear", "view", "write_out"]

ndarray = np.ndarray
Formula = Callable[..., Any]


def lift(
    function: Callable[..., Any],
    *,
    kind: str = "general",
    joint: Formula | None = None,
    arrays: tuple[str, ...] = (),
    constants: tuple[str, ...] = (),
    promote: str | None = None,
    into: dict[str, Callable[..., None]] | None = None,
    outputs: int = 1,
    holomorphic: bool = True,
    residual: Formula | None = None,
    name: str = "",
    refuses: str = "",
    tensors: int = 0,
    long: bool = False,
    flat: bool = False,
    **formulas: Formula,
) -> Callable[..., Any]:
    """Make ``function`` differentiable.

    Args:
        function: computes the result from arrays (and other parameters) with NumPy; pure.
        kind: "elementwise", "linear", "bilinear", "general" or "view"; see the module's docstring.
        joint: one formula for all array arguments at once; returns a tuple with a cotangent (or None) for each of
            ``arrays`` and ``constants``, in the order of the signature. A function of ``*arrays`` has only this kind;
            there ``saved`` is the tuple of all arrays and ``likes`` that of their shapes and dtypes.
        arrays: the names of the differentiable arguments, where ``joint`` is given.
        constants: names of arguments that may be Tensors but have no gradient, such as masks and indices.
        promote: None: the differentiable arrays meet in one dtype; "float": and integers become the default float
            dtype first; "none": arrays are left as they are.
        into: for an argument, ``into(buffer, g, node)``: adds the formula's value into an array the engine owns.
        holomorphic: the formulas are complex derivatives, and the engine conjugates around them: what reaches an
            argument is ``conj(formula(conj(g)))``. False: the formulas give PyTorch's gradient themselves.
        outputs: how many results the function returns (as a tuple), if more than one; 0: that depends on its arguments.
        residual: the function returns ``(y, r)``, where r (an array, or a tuple of them) is for the formulas alone. This
            formula computes r again from the arguments, for when the reverse pass is itself recorded.
        name: the operation's name, if not the function's.
        refuses: the kinds of dtype (NumPy's letters: b for bool, c for complex ...) that the operation does not take.
        flat: the derivative has bends or picks elements, and its own derivative is zero everywhere. No formula says so
            (masks have no gradient); with this a recorded cotangent depends on the arguments all the same, as PyTorch's.
        long: function and formulas make many NumPy calls, so that a compiled loop pays sooner.
        tensors: how many of the first arguments must be tensors: 1 refuses ``f(2, t)``, 2 refuses ``f(t, 2)`` as well.
        formulas: for each differentiable argument, the formula of its cotangent.

    Raises:
        TypeError: a formula names something that the function does not have.

    >>> import numpy as np, autograd
    >>> cube = lift(lambda x: x ** 3, kind="elementwise", name="cube", x=lambda g, x: 3 * x ** 2 * g)
    >>> x = autograd.tensor([2.0], requires_grad=True)
    >>> cube(x).backward(); x.grad
    tensor([12.])
    """
    op = Op(
        function,
        kind,
        formulas,
        joint,
        arrays,
        constants,
        promote,
        into,
        outputs,
        holomorphic,
        residual,
        name,
        refuses,
        tensors,
        long,
        flat,
    )
    LIFTED.append(op)
    plain = kind != "view" and outputs == 1 and joint is None and not op.params and not op.varargs and not constants
    plain = plain and residual is None
    if plain and len(op.arrays) == 1:
        call = _unary(op)
    elif plain and op.arrays == ("input", "other") and op.promote != "none":
        call = _binary(op)
    elif op.positions == (0,) and op.names and outputs == 1 and not op.varargs and residual is None:
        call = _single(op)
    elif not op.varargs:
        call = unrolled(op, write_out)
    else:
        call = _many(op)
    op.call = call
    call.op = op  # type: ignore[attr-defined]
    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = getattr(function, "__doc__", None) if getattr(function, "__code__", None) is not None else None
    return call


def elementwise(function: Callable[..., Any], **spec: Any) -> Callable[..., Any]:
    """Lift a function that works element by element, with broadcasting."""
    return lift(function, kind="elementwise", **spec)


def linear(function: Callable[..., Any], **spec: Any) -> Callable[..., Any]:
    """Lift a function that is linear in its array arguments, jointly."""
    return lift(function, kind="linear", **spec)


def bilinear(function: Callable[..., Any], **spec: Any) -> Callable[..., Any]:
    """Lift a function that is linear in each of its two array arguments separately."""
    return lift(function, kind="bilinear", **spec)


def general(function: Callable[..., Any], **spec: Any) -> Callable[..., Any]:
    """Lift any other differentiable function."""
    return lift(function, kind="general", **spec)


def view(function: Callable[..., Any], **spec: Any) -> Callable[..., Any]:
    """Lift a function whose result is a NumPy view of its argument."""
    return lift(function, kind="view", **spec)


# --- calling: one function for each shape of signature -------------------------------------------------------------


def _unary(op: Op) -> Callable[..., Any]:
    function, large, to_float = op.function, op.large_function, op.promote == "float"
    keep_x, keep_y = op.saves
    keeps, constant, refuses, worth = bool(keep_x or keep_y), not op.records, op.refuses, op.worth

    def call(input: Any, *, out: Any = None) -> Any:
        if type(input) is not Tensor and not isinstance(input, Tensor):
            return function(as_array(op, input))
        x = input.array
        if refuses and x.dtype.kind in refuses:
            raise unsupported(op, x)
        if to_float and x.dtype.kind in "biu":
            x = x.astype(dtypes.default_float())
        now = mode.now
        quietly = now.quietly  # Python takes 20 ns more for `now.quietly(...)`: it looks for a method first
        try:
            y = quietly(function if x.size < worth else large, x)
        except TypeError as error:
            raise dtype_error(op, error, x) from None
        if type(y) is not ndarray:
            y = np.asarray(y)
        parent = input.node if input.lineage is None else current(input)
        made = blank()
        made.array = y
        made.lineage = None
        if parent is None or constant or not now.enabled:
            made.node = None
        else:
            saved = (x if keep_x else None, y if keep_y else None) if keeps else ()
            made.node = Node(op, (parent,), saved, (), y.shape, y.dtype)
        return made if out is None else write_out(out, made)

    return call


_fast_scalar = {float: "fc", int: "fciu", bool: "fciu"}  # the kinds of array that such a scalar leaves as they are


_OF_NUMBERS = frozenset(["add", "div", "floor_divide", "mul", "sub"])
"""What PyTorch also works out for two numbers."""


def _of_number(op: Op, value: Any) -> Any:
    """The tensor that a number is as the first of two. Raises TypeError where only tensors can be."""
    if op.name not in _OF_NUMBERS or not isinstance(value, (bool, int, float, complex)):
        raise not_tensor(op, 1, value)
    from .creation import as_tensor

    return as_tensor(value)


def _wrapped_around(dtype: Any, *values: Any) -> list[Any]:
    return [v if type(v) is ndarray else np.asarray(v).astype(dtype) for v in values]


def _binary(op: Op) -> Callable[..., Any]:
    function, large, to_float = op.function, op.large_function, op.promote == "float"
    keeps, constant, tensors, worth = any(op.saves), not op.records, op.tensors, op.worth
    kept = [[bool(saver & mask) for saver in op.saves] for mask in (1, 2, 3)]  # by which of the two requires grad
    fast = {k: v for k, v in _fast_scalar.items() if k is not bool} if "b" in op.refuses else _fast_scalar
    if op.refuses.strip("b"):  # NumPy itself subtracts no masks
        function, large = refusing(op, function), refusing(op, large)

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if type(input) is Tensor or isinstance(input, Tensor):  # the first question is quicker, and usual
            a: Any = input.array
            wide: Any = a
            m = input.node if input.lineage is None else current(input)
            if type(other) is Tensor or isinstance(other, Tensor):
                b: Any = other.array
                n = other.node if other.lineage is None else current(other)
                if a.dtype is not b.dtype or (to_float and a.dtype.kind in "biu"):
                    a, b = meet(op, a, b)
            else:
                b, n, kind = other, None, a.dtype.kind
                if tensors == 2 and not isinstance(b, (ndarray, np.generic)):
                    raise not_tensor(op, 2, b)
                if kind not in fast.get(type(b), "") or (to_float and kind in "biu"):
                    a, b = meet(op, a, b)
        else:
            a, m = input, None
            if tensors and not isinstance(a, (ndarray, np.generic)):
                raise not_tensor(op, 1, a)
            if isinstance(other, Tensor):
                b = wide = other.array
                n, kind = current(other), b.dtype.kind
                if kind not in fast.get(type(a), "") or (to_float and kind in "biu"):
                    a, b = meet(op, a, b)
            else:
                a, b, n = as_array(op, a), as_array(op, other), None
                if not is_array(a) and not is_array(b):
                    return call(_of_number(op, a), b, out=out)
                if out is None:
                    return function(a, b)
                wide = np.asarray(a)
        now = mode.now
        quietly = now.quietly
        try:
            y = quietly(function if wide.size < worth else large, a, b)
        except ValueError as error:
            raise shape_error(op, a, b, error) from None
        except TypeError as error:
            raise dtype_error(op, error, a, b) from None
        except OverflowError:  # a number beyond the integers of the array: it wraps around, as in PyTorch
            y = quietly(function, *_wrapped_around(wide.dtype, a, b))
        if type(y) is not ndarray:
            y = np.asarray(y)
        made = blank()
        made.array = y
        made.lineage = None
        if (m is None and n is None) or constant or not now.enabled:
            made.node = None
        else:
            if keeps:
                keep_a, keep_b, keep_y = kept[0 if n is None else 1 if m is None else 2]
                saved = (a if keep_a else None, b if keep_b else None, y if keep_y else None)
            else:
                saved = ()  # type: ignore[assignment]
            made.node = Node(op, (m, n), saved, (), y.shape, y.dtype)
        return made if out is None else write_out(out, made)

    return call


def _single(op: Op) -> Callable[..., Any]:
    """The call of an operation on one array, with parameters after it: views, reductions, softmax ..."""
    function, to_float, is_view, constant = op.function, op.promote == "float", op.kind == "view", not op.records
    large, fuses, worth = op.large_function, op.fuses, op.worth
    keep_x, keep_y = op.saves
    keeps, count, positional = bool(keep_x or keep_y), len(op.params), not op.keyword_only
    split, lone_keyword = count - len(op.keyword_only), len(op.keyword_only) == 1
    usual = tuple([op.defaults.get(name, MISSING) for name in op.params])
    required = (
        max([0, *[i + 1 for i, value in enumerate(usual) if value is MISSING]])
        if MISSING not in usual[split:]
        else count + 1
    )

    def call(*args: Any, **kwargs: Any) -> Any:
        out = None
        n = len(args) - 1
        if kwargs or n != count:
            if not kwargs and required <= n <= split:
                args += usual[n:]
            else:
                out = kwargs.pop("out", None)
                args = tuple(bind(op, args, kwargs))
        input, params = args[0], args[1:]
        if not isinstance(input, Tensor):
            return function(*args) if positional else call_function(function, op.names, args, op)
        x = input.array
        if to_float and x.dtype.kind in "biu":
            x = x.astype(dtypes.default_float())
        now = mode.now
        quietly = now.quietly
        if positional:
            y = quietly(large if fuses and x.size >= worth else function, x, *params)
        elif lone_keyword and params[-1] is usual[-1]:
            y = quietly(function, x, *params[:-1])
        else:
            y = quietly(call_function, function, op.names, (x, *params), op)
        if type(y) is not ndarray:
            y = np.asarray(y)
        parent = input.node if input.lineage is None else current(input)
        made = blank()
        made.array = y
        made.lineage = None
        if parent is None or constant or not now.enabled:
            made.node = None
        else:
            saved = (x if keep_x else None, y if keep_y else None) if keeps else ()
            made.node = Node(op, (parent,), saved, params, y.shape, y.dtype)
        if is_view:
            attach(made, input, op, params)
        return made if out is None else write_out(out, made)

    return call


def _many(op: Op) -> Callable[..., Any]:
    """The call of an operation on any number of arrays."""
    function, meets = op.function, op.promote != "none"

    def call(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None) if kwargs else None
        params = bind_params(op, kwargs)
        options = dict(zip(op.params, params, strict=True))
        given = [isinstance(a, Tensor) for a in args]
        if not any(given):
            return function(*args, **options)
        arrays: Any = [a.array if tensor else a for a, tensor in zip(args, given, strict=True)]
        if meets:
            arrays = meet(op, *arrays)
        now = mode.now
        quietly = now.quietly
        y: Any = quietly(function, *arrays, **options)
        y = np.asarray(y) if op.outputs == 1 else tuple([np.asarray(v) for v in y])
        parents = tuple([current(a) if tensor else None for a, tensor in zip(args, given, strict=True)])
        recorded = op.records and now.enabled and any([p is not None for p in parents])
        node = record(op, tuple(arrays), y, parents, params) if recorded else None
        made = wrap(y, node) if op.outputs == 1 else parts(op, node, y)
        return made if out is None else write_out(out, made)

    return call


# --- what a call may leave behind ----------------------------------------------------------------------------------


def attach(made: Tensor, source: Tensor, op: Op, params: tuple[Any, ...], limit: str | None = None) -> None:
    """Give ``made`` the lineage of a view of ``source``, if it really shares its memory."""
    base = made.array.base
    if base is None or (base is not source.array and base is not source.array.base):
        return
    lineage = source.lineage
    if lineage is None:
        if not mode.now.enabled and limit is None:
            limit = "no_grad"
        made.lineage = Lineage(source, ((op, params),), source.node, limit)
    elif lineage is UNTRACKED:
        made.lineage = UNTRACKED
    else:
        limit = limit or lineage.limit or (None if mode.now.enabled else "no_grad")
        made.lineage = Lineage(lineage.base, (*lineage.path, (op, params)), lineage.base.node, limit)


def given(made: Any, out: Any) -> Any:
    """A result, in ``out`` if there is one (several in a tuple of their kind)."""
    if out is None:
        return made
    write_out(out, made)
    return getattr(return_types, f"{type(made).__name__}_out")(*out) if hasattr(made, "_fields") else out


def write_out(out: Any, made: Any) -> Any:
    """Put a result where ``out=`` says, as PyTorch does: ``out`` takes the shape of the result; no gradients."""
    if isinstance(made, tuple):
        for target, value in zip(out, made, strict=True):
            write_out(target, value)
        return out
    if not isinstance(out, Tensor):
        raise TypeError(f"argument 'out' must be Tensor, not {type(out).__name__}")
    if made.node is not None or (current(out) is not None and mode.now.enabled):
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad. Leave out= away, or use no_grad"
        )
    if not dtypes.can_cast(made.dtype, out.dtype):
        raise RuntimeError(f"result type {made.dtype} can't be cast to the desired output type {out.dtype}")
    if out.array.shape != made.array.shape:
        out.array = made.array.astype(out.array.dtype)
    else:
        np.copyto(out.array, made.array, casting="unsafe")
        if out.lineage is not UNTRACKED:
            stamp(out.array, "out=")
    return out
