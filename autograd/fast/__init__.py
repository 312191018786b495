"""Compiled twins: large float32 work runs in kernels that numba makes, where numba is installed (extra ``fast``).

Everything works without this folder. A plain NumPy function gets a twin beside its definition:

    @twin("rows.softmax", when=lambda x: x.dtype == np.float32 and x.size >= 8192)
    def softmax(x): ...

Called with arguments that ``when`` accepts, it hands them to ``softmax`` of ``fast/rows.py``, which takes the same
arguments and returns the same; otherwise, or without numba, the plain function runs. ``tests/fast`` holds each pair
against each other. A twin is worth its lines where NumPy has no way and it is about 1.5 times as fast.

Kernels share their loops among the threads of OpenMP, which stay awake between two loops (starting one costs 2 us; a
sleeping Python thread costs 100), and call the BLAS inside NumPy for small products, one thread each. So from the first
kernel on BLAS keeps to one thread, and large products go through ``products.py``. The split depends on the number of
threads alone: the same number gives the same bits.

Kernels are compiled when first called, about a second each, and kept on disk by numba.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from . import chains
from .chains import Deferred, defer

__all__ = [
    "LARGE",
    "TWINS",
    "Deferred",
    "alike",
    "awake",
    "computed",
    "deferred",
    "enable",
    "fused",
    "heard",
    "reason",
    "twin",
]

Function = TypeVar("Function", bound=Callable[..., Any])
TWINS: list[Any] = []
"""Every function that has a twin: its ``plain``, its ``when``, and ``kernel``, the twin's name."""


_FLOAT32 = np.dtype(np.float32)


class _State:
    """Whether kernels run: None until the first one is wanted. ``reason`` says why not."""

    on: bool | None = None if os.environ.get("PULLBACK_FAST") != "0" else False
    reason = "" if on is None else "PULLBACK_FAST=0 is set"
    heard: list[Any] | None = None  # while a step is compiled: the kernels that ran, their arguments and results


def twin(kernel: str, when: Callable[..., bool]) -> Callable[[Function], Function]:
    """Give a plain function of arrays a compiled twin.

    Args:
        kernel: "module.function" in this folder; it takes the same positional arguments and returns the same.
        when: whether the twin takes these arguments and pays for them. Called each time: looks at the size first.
    """
    module, _, name = kernel.partition(".")

    def decorate(plain: Function) -> Function:
        compiled: Callable[..., Any] | None = None

        @functools.wraps(plain)
        def call(*args: Any) -> Any:
            nonlocal compiled
            if _State.on is False or not when(*args) or not (_State.on or ready()):
                return plain(*args)
            if compiled is None:
                compiled = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            result = compiled(*args)
            if _State.heard is not None:
                _State.heard.append((compiled, args, result))
            return result

        call.plain, call.when, call.kernel = plain, when, kernel  # type: ignore[attr-defined]
        TWINS.append(call)
        return call  # type: ignore[return-value]

    return decorate


def alike(a: Any, b: Any) -> bool:
    """Whether these are some thousand float32 numbers each, of one shape and in plain order."""
    if a.size < 2048 or a.shape != b.shape:
        return False
    return a.dtype is b.dtype is _FLOAT32 and a.flags.c_contiguous and b.flags.c_contiguous


LARGE = 80_000
"""Elementwise functions of this many elements are worth a loop of their own."""


def fused(formula: Function) -> Function:
    """A function that works element by element, for large arrays: one compiled loop where that can be made.

    Its definition stays the only one: it is called with symbols and what it does is compiled (``elementwise.py``).
    """

    @functools.wraps(formula)
    def call(*args: Any) -> Any:
        made = defer(formula, args) if _State.on or ready() else None
        return made.computed() if type(made) is Deferred else formula(*args)

    call.unfused = formula  # type: ignore[attr-defined]
    return call  # type: ignore[return-value]


def deferred(formula: Function) -> Function:
    """The same for the reverse pass: the result may be a ``Deferred``, and so may the arguments."""

    @functools.wraps(formula)
    def call(*args: Any) -> Any:
        made = defer(formula, args) if _State.on or ready() else None
        return formula(*[computed(a) for a in args]) if made is None else made

    return call  # type: ignore[return-value]


def computed(value: Any) -> Any:
    """The array of a value that waits; anything else as it is."""
    return value.computed() if type(value) is Deferred else value


def ready() -> bool:
    """Whether kernels can run here; prepares numba and BLAS the first time."""
    if _State.on is None:
        try:
            from . import elementwise, runtime

            chains.loops = elementwise
            runtime.start()
            _State.on = True
        except ImportError as error:
            _State.on, _State.reason = False, f"{error}. For compiled kernels: pip install 'pullback[fast]'"
        except runtime.Unfit as error:
            _State.on, _State.reason = False, str(error)
    return _State.on


def awake() -> bool:
    """Whether kernels run already: numba is loaded, and small work need not wait for it."""
    return _State.on is True


def enable(on: bool) -> bool:
    """Use kernels where they can run (True), or plain NumPy everywhere; returns whether they will run."""
    _State.on, _State.reason = (None, "") if on else (False, "switched off by autograd.fast.enable(False)")
    return ready()


def heard(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
    """Call a function; its result, and the kernels that ran in it, with their arguments and results."""
    calls: list[Any] = []
    before, _State.heard = _State.heard, calls
    try:
        return function(*args, **kwargs), calls
    finally:
        _State.heard = before


def reason() -> str:
    """Why kernels don't run here; empty if they do."""
    ready()
    return _State.reason


def _after_fork() -> None:
    """OpenMP's threads stayed in the parent, and starting them again in a forked child would end it."""
    if _State.on:
        _State.on, _State.reason = False, "this process was forked from one that ran kernels"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
