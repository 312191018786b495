"""compile: record one training step, and replay it as flat Python over buffers that are already there.

    step = autograd.compile(step)

The first call with arguments of new shapes runs as ever, and is watched: which functions ran on which arrays, forward
and back. What was seen becomes a *program*, a straight list of NumPy calls with the results' memory allocated once, and
later calls run that: no Tensors, no nodes, no dispatch. The numbers are the same bits, since the same functions run in
the same order on the same values.

A program is used while its *guards* hold: shapes, dtypes and requires_grad of the tensor arguments, the values of the
other arguments, the grad mode, ``training`` of the modules, and the identity of the tensors that the function reaches
by itself (its closure, its globals, its modules). A step that can't be replayed - it looks at a value, draws random
numbers, writes in place - runs as it is, and ``step.reason`` says why.

As with every tracing compiler, Python code runs only while recording: a ``print``, or a branch on a Python variable that
changes between the calls, is not seen again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import mode
from ..tensor import Tensor, wrap
from .calls import CannotReplay, walk
from .program import Program
from .recorder import Recorder

__all__ = ["Compiled", "compile"]

ndarray = np.ndarray


class Compiled:
    """A step that replays itself. ``reason`` says why the latest call ran as it is, if it did; ``source`` is the program."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.programs: dict[Any, Program | str] = {}
        self.reason: str | None = None
        self.source: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if mode.now.recorder is not None:  # inside another compiled step: one of its calls
            return self.function(*args, **kwargs)
        tensors: list[Tensor] = []
        try:
            key = (signature(args, tensors), signature(kwargs, tensors) if kwargs else None, mode.now.enabled)
            program = self.programs.get(key)
        except TypeError:
            self.reason = "an argument can't be compared (it is not hashable)"
            return self.function(*args, **kwargs)
        if program is None or (isinstance(program, Program) and not program.valid()):
            return self.record(key, args, kwargs)
        if isinstance(program, str):
            self.reason = program
            return self.function(*args, **kwargs)
        self.reason = None
        with np.errstate(all="ignore"):
            result = program.run(tensors, *[t.array for t in tensors])
        return wrap(np.array(result)) if type(result) is ndarray else walk(result, finished)

    def record(self, key: Any, args: Any, kwargs: Any) -> Any:
        """Run the step and make a program of it; where that can't be, run it as it is."""
        recorder = Recorder(self.function, args, kwargs)
        before = mode.now.quietly
        mode.now.quietly, mode.now.recorder = recorder.forward, recorder  # type: ignore[assignment]
        try:
            result = self.function(*args, **kwargs)
        finally:
            mode.now.quietly, mode.now.recorder = before, None
        try:
            if recorder.failed is not None:
                raise CannotReplay(recorder.failed)
            self.programs[key] = program = Program(recorder, result)
            self.source, self.reason = program.source, None
        except CannotReplay as why:
            self.programs[key] = self.reason = str(why)
        return result


def finished(value: Any) -> Any:
    """A result of a program as a Tensor of the caller's own."""
    return wrap(np.array(value)) if isinstance(value, ndarray) else value


def signature(value: Any, tensors: list[Tensor]) -> Any:
    """What the guards compare of the arguments; collects the tensors in order."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return (value.array.shape, value.array.dtype.num, value.array.strides, value.node is not None)
    if type(value) in (tuple, list):
        return (type(value), *[signature(item, tensors) for item in value])
    if type(value) is dict:
        return tuple([(k, signature(v, tensors)) for k, v in value.items()])
    hash(value)
    return value


def compile(model: Any = None, **options: Any) -> Any:
    """Record a training step once and replay it, faster and with the same bits.

    Args:
        model: a function of tensors, such as a training step. A Module is returned as it is.
        options: PyTorch's (fullgraph, dynamic, backend, mode ...); they mean nothing here.

    Returns:
        A ``Compiled``: call it like the function. Its ``reason`` is None when the latest call was a replay (or made one),
        else a sentence that says why the step ran as it is.

    >>> import autograd
    >>> w = autograd.ones(3, requires_grad=True)
    >>> @autograd.compile
    ... def step(x):
    ...     w.grad = None
    ...     loss = ((w * x) * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> step(autograd.tensor([1.0, 2.0, 3.0])).item(), step(autograd.tensor([1.0, 1.0, 2.0])).item(), w.grad
    (14.0, 6.0, tensor([1., 1., 4.]))
    """
    known = {"fullgraph", "dynamic", "backend", "mode", "options", "disable"}
    wrong = set(options) - known
    if wrong:
        raise TypeError(f"compile() got an unexpected keyword argument {sorted(wrong)[0]!r}")
    if model is None:
        return lambda function: compile(function, **options)
    if not callable(model):
        raise TypeError(f"compile() takes a function, got {type(model).__name__}")
    if options.get("disable") or hasattr(model, "named_parameters"):
        return model
    return Compiled(model)
