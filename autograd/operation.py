"""Op: what a node knows of its operation - the function, the formulas, and which arrays they need saved.

A formula's argument names are read once, when the operation is lifted, and spelled out as one call that picks what it
names from a node: ``formula(g, node.saved[1], node.params[0])``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .fast import LARGE, deferred, fused
from .graph import Node, Part, show_saved
from .tensor import Tensor, wrap

__all__ = ["LIFTED", "Op", "Operation", "adapter", "names_of", "parts", "record"]

Formula = Callable[..., Any]

LIFTED: list[Op] = []
"""Every operation there is, in the order of the tables: the tests walk it."""

_THEIRS = {"input": "self", "y": "result", "pow other": "exponent", "matmul other": "mat2"}
"""PyTorch's names of what formulas call otherwise; the rest are the names of the operation's arguments."""


class Operation:
    """What the passes ask of a node's operation, with the answers of one that has no more than a joint formula."""

    name = ""
    kind = "general"
    outputs = 1
    holomorphic = False
    varargs = False
    records = True
    flat = False  # whether the second derivative is zero everywhere, so that only zeros go on from a formula's result
    materialize = True  # cotangents of results that nobody used are zeros
    names: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    formulas: tuple[Any, ...] = ()
    large: tuple[Any, ...] = ()
    prompt: tuple[Any, ...] = ()
    foreign = False  # whether its formulas are code of the user's
    fuses = False  # whether the formulas work element by element, as one loop on large arrays
    worth = LARGE  # from how many elements on such a loop pays
    joint: Any = None
    into: Any = None
    residual: Any = None
    push: Any = None  # a custom Function's own rule for tangents


class Op(Operation):
    """What a node knows of its operation: the function, the formulas, and what they need saved.

    ``arrays`` are the names of the array arguments in order: those with a formula, and those that a caller may pass as
    a Tensor without one (masks, indices). ``names`` is the whole signature; ``params`` what is left of it.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        kind: str,
        formulas: dict[str, Formula],
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
    ) -> None:
        self.function = function
        self.refuses = refuses
        self.tensors = tensors
        self.flat = flat
        self.holomorphic = holomorphic
        self.kind = kind
        self.named = bool(name)  # else the table's variable will be its name
        self.name = name or getattr(function, "__name__", "op").strip("_")
        self.promote = promote
        self.outputs = outputs
        self.varargs = False
        self._read_signature(function, {*formulas, *arrays}, {*constants})
        self.meeting = tuple(i for i, name in enumerate(self.arrays) if name not in constants)
        self.records = bool(formulas) or joint is not None  # a comparison has arrays, and no gradient
        self.saves_all = joint is not None and "saved" in names_of(joint)
        self.plain_formulas = formulas
        self.plain_joint = joint
        self.plain_residual = residual
        self.call: Any = None  # the lifted function, set by lift()
        self.needed: list[set[str]] = []  # for each array argument, the names that its formula reads
        self.formulas: tuple[Any, ...] = tuple(self._adapter(name, formulas.get(name)) for name in self.arrays)
        self.fuses = fuses = kind == "elementwise" and joint is None
        self.large = tuple([self._looped(name, deferred) for name in self.arrays]) if fuses else self.formulas
        self.prompt = tuple([self._looped(name, fused) for name in self.arrays]) if long else self.large
        self.large_function = fused(function) if fuses else function
        self.worth = LARGE // 5 if long else LARGE
        self.joint = self._adapter("joint", joint) if joint is not None else None
        self.residual = self._adapter("joint", residual) if residual is not None else None
        self.saves = self._who_saves()
        self.into = tuple((into or {}).get(name) for name in self.arrays) if into else None
        for name in (*self.arrays, "y", *self.params):
            show_saved(self.saved_name(name))

    def saved_name(self, name: str) -> str:
        """PyTorch's name for the attribute of a node that shows what formulas call ``name``."""
        return "_saved_" + _THEIRS.get(f"{self.name} {name}", _THEIRS.get(name, name))

    def _read_signature(self, function: Any, differentiable: set[str], constants: set[str]) -> None:
        self.defaults: dict[str, Any] = {}
        self.keyword_only: frozenset[str] = frozenset()
        if inspect.isfunction(function):
            function = inspect.unwrap(function)  # of a decorator's function, the signature it shows
        code = getattr(function, "__code__", None)
        if code is None:  # a ufunc or a builtin: its arguments are those that have formulas
            self.names = tuple(differentiable) if len(differentiable) < 2 else ("input", "other")
        else:
            count = code.co_argcount + code.co_kwonlyargcount
            self.names = code.co_varnames[:count]
            self.varargs = bool(code.co_flags & inspect.CO_VARARGS)
            self.keyword_only = frozenset(self.names[code.co_argcount :])
            given = function.__defaults__ or ()
            self.defaults = dict(zip(self.names[code.co_argcount - len(given) : code.co_argcount], given, strict=True))
            self.defaults.update(function.__kwdefaults__ or {})
        wanted = differentiable | constants
        unknown = wanted - set(self.names)
        if unknown and not self.varargs:
            raise TypeError(f"{self.name}: formulas for {sorted(unknown)}, which are not arguments of the function")
        self.arrays = tuple(name for name in self.names if name in wanted)
        self.params = tuple(name for name in self.names if name not in wanted)
        self.positions = tuple(i for i, name in enumerate(self.names) if name in wanted)

    def _adapter(self, argument: str, formula: Formula | None) -> Callable[[Any, Any], Any] | None:
        """The formula as a function of (cotangent, node)."""
        if formula is None:
            self.needed.append(set())
            return None
        if argument != "joint":
            self.needed.append(set(names_of(formula)))
        return adapter(self._spelled(argument, formula))(formula)  # type: ignore[no-any-return]

    def _looped(self, argument: str, kind: Callable[..., Any]) -> Callable[[Any, Any], Any] | None:
        """The same for large arrays: a loop, whose result may wait to be computed (``deferred``) or not (``fused``)."""
        formula = self.plain_formulas.get(argument)
        if formula is None:
            return None
        return adapter(self._spelled(argument, formula))(kind(formula))  # type: ignore[no-any-return]

    def _spelled(self, argument: str, formula: Formula) -> str:
        return ", ".join(self._where(name, argument) for name in names_of(formula))

    def _where(self, name: str, argument: str) -> str:
        """Where in a node the value called ``name`` is."""
        if name == "g":
            return "g"
        if name == "y":
            return "node.saved[-1]"
        if name in self.arrays:
            return f"node.saved[{self.arrays.index(name)}]"
        if name in self.params:
            return f"node.params[{self.params.index(name)}]"
        if name == "r" and self.plain_residual is not None:
            return "node.params[-1]"
        if name == "like":
            return f"node.parents[{self.arrays.index(argument) if argument in self.arrays else 0}]"
        if name == "likes":
            return "node.parents"
        if name == "needs":
            return "[p is not None for p in node.parents]"
        if name == "saved" and self.varargs:
            return "node.saved[:-1]"
        raise TypeError(
            f"{self.name}: the formula of {argument!r} names {name!r}, which is neither g, y, like nor an argument"
        )

    def _who_saves(self) -> tuple[int, ...]:
        """For each array argument, and last for the result: a bit mask of the arguments whose formulas read it."""
        if self.joint is not None:
            names = set(names_of(self.plain_joint))
            every = -1
            names |= set(names_of(self.plain_residual)) if self.plain_residual is not None else set()
            slots = [every if name in names or "saved" in names else 0 for name in self.arrays]
            return (*slots, every if "y" in names else 0)
        masks = [sum(1 << i for i, needed in enumerate(self.needed) if name in needed) for name in (*self.arrays, "y")]
        if self.plain_residual is not None:
            again = names_of(self.plain_residual)
            masks = [-1 if name in again else mask for name, mask in zip((*self.arrays, "y"), masks, strict=True)]
        return tuple(masks)

    def __repr__(self) -> str:
        return f"<{self.kind} op {self.name}>"


def names_of(formula: Any) -> tuple[str, ...]:
    """The names of a formula's arguments."""
    return formula.__code__.co_varnames[: formula.__code__.co_argcount]  # type: ignore[no-any-return]


@functools.cache
def adapter(spelled: str) -> Any:
    """``lambda formula: lambda g, node: formula(<spelled>)``, compiled once for each spelling."""
    return eval(f"lambda formula: lambda g, node: formula({spelled})")


# --- making a node -------------------------------------------------------------------------------------------------


def record(op: Op, arrays: tuple[Any, ...], y: Any, parents: tuple[Node | None, ...], params: tuple[Any, ...]) -> Node:
    """The node of one call; saves what the formulas of the arguments that require grad will read."""
    if op.varargs:
        keep_y = op.saves[-1]
        kept: Any = (*(arrays if op.saves_all else ()), y if keep_y else None) if keep_y or op.saves_all else ()
    else:
        mask = 0
        for i, parent in enumerate(parents):
            if parent is not None:
                mask |= 1 << i
        kept = tuple([a if k & mask else None for a, k in zip((*arrays, y), op.saves, strict=True)])
        if not any([k is not None for k in kept]):
            kept = ()
    if op.outputs != 1:
        return Node(op, parents, kept, params, tuple([v.shape for v in y]), tuple([v.dtype for v in y]))
    return Node(op, parents, kept, params, y.shape, y.dtype)


def parts(op: Op, node: Node | None, values: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """The results of an operation with several, each with a node that hands its cotangent on."""
    if node is None:
        return tuple([wrap(v) for v in values])
    return tuple(
        [
            wrap(v, Part(op, (node,), (), (i,), v.shape, v.dtype) if dtypes.is_float(v.dtype) else None)
            for i, v in enumerate(map(np.asarray, values))
        ]
    )
