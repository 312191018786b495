"""The tables of operations, one family a file.

Every name in a family's ``__all__`` is public: ``autograd.<name>``, and a method of Tensor where the first argument is
called ``input`` (``methods.py`` binds them). What a family has besides is for the library itself.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..operation import Op
from .examples import EXAMPLES
from .words import WORDS


def _tables(names: str) -> list[ModuleType]:
    return [importlib.import_module(f"{__name__}.{name}") for name in names.split()]


FAMILIES = _tables("""
    activation affine arrange attention avg_pooling comparison complex conv copies cumulative decompositions elementwise
    indexing joining linalg loss matrices max_pooling normalization norms piecewise pivoting quantization recurrent reduction resample
    selection shape sorting special spectral statistics strides
""")
LAYERS = _tables("attention avg_pooling conv max_pooling recurrent resample")
"""Families of layers: their functions are no methods of Tensor, as in PyTorch."""


_ALIASES = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """A plain function that also takes NumPy's names of ``dim`` and ``keepdim``, as lifted operations do by themselves."""
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    if hasattr(function, "op") or "dim" not in names or "axis" in names:
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not _ALIASES.keys().isdisjoint(kwargs):
            kwargs = {_ALIASES.get(name, name): value for name, value in kwargs.items()}
        try:
            return function(*args, **kwargs)
        except AttributeError:
            if args and names[:1] == ("input",) and not hasattr(args[0], "shape"):
                raise TypeError(
                    f"{function.__name__}(): argument 'input' (position 1) must be Tensor, not {type(args[0]).__name__}"
                ) from None
            raise

    return call


def _named() -> dict[str, Callable[..., Any]]:
    """All public functions by name; operations that were not given a name take that of their variable, and words."""
    found: dict[str, Callable[..., Any]] = {}
    public = {name for family in FAMILIES for name in family.__all__}
    for family in FAMILIES:
        for name, value in vars(family).items():
            op = getattr(value, "op", None)
            if isinstance(op, Op) and not op.named:
                op.name, op.named = name.strip("_"), True
                value.__name__ = value.__qualname__ = op.name
                value.__module__ = family.__name__
            if op is not None and name in WORDS:
                value.__doc__ = _told(name, "" if name in public else ".special")
        for name in family.__all__:
            found[name] = numpy_names(vars(family)[name])
    return found


def _told(name: str, place: str) -> str:
    """The docstring of an operation of the tables: its words, its page and its example."""
    page = "special" if place else f"generated/torch.{name}"
    told = f"{WORDS[name]}\n\nSource: https://docs.pytorch.org/docs/stable/{page}.html\n"
    if name not in EXAMPLES:
        return told
    arguments, result = EXAMPLES[name]
    used = ", ".join(word for word in ("inf", "nan", "tensor") if word in arguments)
    names = f">>> from autograd import {used}\n>>> from autograd{place} import {name}\n"
    return f"{told}\n{names}>>> {name}({arguments})\n{result}\n"


FUNCTIONS = _named()


def __getattr__(name: str) -> Any:
    """``torch.ops.namespace``: what the user made with ``library.custom_op``."""
    library = sys.modules.get("autograd.library")
    if library is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return library.namespace(name)
