"""``torch.overrides``: who may answer for a function in its place - subclasses of Tensor, other classes, and modes.

A class with a ``__torch_function__`` answers for every public function that gets an object of it, a *mode* for every call
while it is entered. Functions ask nobody at first: the question would cost each call more than its bookkeeping. The first
subclass of Tensor, or the first mode, makes them listen: each public name then stands for an ``Asking`` of its function.

    class Named(Tensor): ...        every result of a Named is a Named
    with Mode(): ...                ``Mode.__torch_function__(func, types, args, kwargs)`` sees every call

Asked are the outermost functions only. What is inside them is not: PyTorch's is compiled code, too.

Source: https://docs.pytorch.org/docs/stable/torch.overrides.html
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, MethodType
from typing import Any

from . import creation
from .namespace import PROVIDED
from .tensor import Tensor

__all__ = [
    "BaseTorchFunctionMode", "TorchFunctionMode", "get_default_nowrap_functions", "get_overridable_functions",
    "handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic",
    "is_tensor_like", "is_tensor_method_or_property", "listen", "resolve_name", "wrap_torch_function",
]  # fmt: skip


class _Thread(threading.local):
    """What a thread has entered."""

    def __init__(self) -> None:
        self.modes: list[TorchFunctionMode] = []
        self.deaf = False  # whether classes are not asked


_now = _Thread()


def disabled(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """The ``__torch_function__`` of a class that answers for nothing, such as Parameter: results are plain Tensors."""
    return func(*args, **(kwargs or {}))


# --- asking --------------------------------------------------------------------------------------------------------


def _answers(arg: Any) -> bool:
    kind = type(arg)
    return kind is not Tensor and getattr(kind, "__torch_function__", disabled) is not disabled


def _able(args: Iterable[Any]) -> list[Any]:
    """Of each class that answers, the first argument; subclasses before their bases."""
    able: list[Any] = []
    for arg in args:
        kind = type(arg)
        if _answers(arg) and not any([type(other) is kind for other in able]):
            before = (i for i, other in enumerate(able) if issubclass(kind, type(other)))
            able.insert(next(before, len(able)), arg)
    return able


def _ask(function: Callable[..., Any], able: list[Any], args: Any, kwargs: Any) -> Any:
    """What the innermost mode gives for a call, or else the first argument that doesn't decline."""
    types = tuple([type(arg) for arg in able])
    if _now.modes:
        mode = _now.modes.pop()  # what it calls itself is for the modes around it
        try:
            result = mode.__torch_function__(function, types, args, kwargs)
        finally:
            _now.modes.append(mode)
        if result is not NotImplemented:
            return result
    for arg in able:
        result = arg.__torch_function__(function, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{function.__module__}.{function.__name__}"
    raise TypeError(f"no implementation found for {name!r} on types that implement __torch_function__: {list(types)}")


_USUAL = frozenset([Tensor, int, float, bool, type(None)])
"""Types that don't answer, and are most of what functions get."""


class Asking:
    """A public function that asks its arguments and the thread's modes first; equal to the function itself.

    Args:
        told: what the answering class is told was called: of ``x + 1`` that is ``Tensor.add``.
    """

    def __init__(self, function: Callable[..., Any], told: Asking | None = None) -> None:
        functools.update_wrapper(self, function)
        self.function, self.told = function, told or self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if type(arg) not in _USUAL:
                break
        else:
            if not kwargs and not _now.modes:
                return self.function(*args)
        able = [] if _now.deaf else _able(_spread((*args, *kwargs.values())))
        if able or _now.modes:
            return _ask(self.told, able, args, kwargs)
        return self.function(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __eq__(self, other: object) -> bool:  # tables that a program made before anybody listened hold the functions
        return other is self or other is self.function

    def __hash__(self) -> int:
        return hash(self.function)

    def __repr__(self) -> str:
        return repr(self.function)

    def __reduce__(self) -> str:
        return self.__qualname__  # type: ignore[attr-defined,no-any-return]


def _spread(args: Iterable[Any]) -> Iterator[Any]:
    """The arguments, and what is in lists and tuples among them."""
    for arg in args:
        if isinstance(arg, (tuple, list)):
            yield from arg
        else:
            yield arg


# --- listening -----------------------------------------------------------------------------------------------------

_TOLD = {
    **{f"__{name}__": name for name in ("add", "sub", "mul", "pow", "matmul", "lt", "le", "gt", "ge", "ne", "neg", "abs")},
    **{f"__i{name}__": f"{name}_" for name in ("add", "sub", "mul")},
    "__radd__": "add", "__rmul__": "mul", "__truediv__": "div", "__itruediv__": "div_", "__mod__": "remainder",
    "__rand__": "bitwise_and", "__ror__": "bitwise_or", "__rxor__": "bitwise_xor",
}  # fmt: skip
"""Operators that PyTorch calls by a method's name; the others go by their own."""

_SPECIAL = frozenset([
    *_TOLD, *(f"__{name}__" for name in """
    rsub rtruediv floordiv rfloordiv rmod rpow rmatmul and or xor invert lshift rshift iand ior ixor ifloordiv imod ipow pos eq
    getitem setitem len bool float int complex index contains repr
    """.split()),
])  # fmt: skip
_TENSORS = ("T", "mT", "H", "mH", "data", "grad", "imag", "real")
"""Properties that are tensors."""
_DRAWS = "bernoulli multinomial normal poisson rand rand_like randint randint_like randn randn_like randperm".split()
_NOT_ASKED = frozenset(["as_subclass", "as_tensor", "asarray", "is_tensor", "tensor", *__all__])


def _rooms() -> dict[str, Any]:
    """What has public functions, by name."""
    package = sys.modules[__package__]
    found = {"": package, "Tensor": Tensor}
    for name in ("linalg", "fft", "special"):
        found[name] = importlib.import_module(f"{__package__}.{name}")
    found["nn.functional"] = package.nn.functional
    return found


def _names(room: str, owner: Any) -> list[str]:
    """The names of a room's public functions."""
    if room == "":
        layers = [name for name in PROVIDED["native"].split() if hasattr(owner, name)]
        return [*owner.FUNCTIONS, *owner.IN_PLACE_FUNCTIONS, *creation.__all__, *_DRAWS, *layers]
    if room == "Tensor":
        return [
            name for name, value in vars(Tensor).items() if callable(value) and (name[0] != "_" or name in _SPECIAL)
        ]
    return [name for name, value in vars(owner).items() if isinstance(value, (FunctionType, Asking)) and name[0] != "_"]


@functools.cache
def listen() -> None:
    """Let public functions ask from now on. Call it yourself if a class answers that is no subclass of Tensor.

    Names that a program took out of their modules before (``from torch import relu``) stay what they were.

    >>> import autograd
    >>> class Answer:
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         return f"{func.__name__} of an answer"
    >>> autograd.overrides.listen()
    >>> autograd.relu(Answer())
    'relu of an answer'
    """
    made: dict[Any, Asking] = {}
    for room, owner in _rooms().items():
        for name in _names(room, owner):
            function = getattr(owner, name)
            if name not in _NOT_ASKED and not isinstance(function, (type, Asking)):
                setattr(owner, name, made.setdefault(function, Asking(function)))
    for name in _SPECIAL & vars(Tensor).keys():
        setattr(Tensor, name, _of_tensor(vars(Tensor)[name].function, name))
    for name in _TENSORS:
        old = vars(Tensor)[name]
        setattr(Tensor, name, property(_of_tensor(old.fget, "__get__"), old.fset, old.fdel, old.__doc__))


def _of_tensor(function: Callable[..., Any], name: str) -> Asking:
    asking = Asking(function, getattr(Tensor, _TOLD[name]) if name in _TOLD else None)
    asking.__name__ = name  # type: ignore[attr-defined]
    return asking


# --- answering -----------------------------------------------------------------------------------------------------


class DisableTorchFunctionSubclass:
    """While it is entered, classes are not asked; modes are."""

    def __enter__(self) -> None:
        self._before, _now.deaf = _now.deaf, True

    def __exit__(self, *exc: object) -> None:
        _now.deaf = self._before


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """While it is entered, neither classes nor modes are asked."""

    def __enter__(self) -> None:
        super().__enter__()
        self._modes, _now.modes = _now.modes, []

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        _now.modes = self._modes


def results_of_class(cls: type, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """What a subclass of Tensor does if it says nothing else: the tensors among the results become of that class.

    >>> import autograd
    >>> class Named(autograd.Tensor): ...
    >>> autograd.exp(autograd.zeros(2).as_subclass(Named))
    Named([1., 1.])
    """
    if cls is Tensor or _now.deaf or not all(issubclass(cls, kind) for kind in types):
        return NotImplemented  # the first two: it is a function of PyTorch's that asks, and got a tensor of ours
    with DisableTorchFunctionSubclass():
        made = func(*args, **(kwargs or {}))
        return made if func in get_default_nowrap_functions() else _of_class(made, cls)


def _of_class(made: Any, cls: type) -> Any:
    if isinstance(made, Tensor):
        return made if isinstance(made, cls) else made.as_subclass(cls)
    if isinstance(made, (tuple, list)):
        parts = [_of_class(part, cls) for part in made]
        return type(made)(*parts) if hasattr(made, "_fields") else type(made)(parts)
    return made


class TorchFunctionMode:
    """While it is entered, ``__torch_function__`` gets every call of a public function in this thread.

    What that calls itself goes to the mode around this one, if there is one.

    >>> import autograd
    >>> class Names(TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> x = autograd.ones(2)
    >>> with Names():
    ...     y = autograd.exp(x) + 1
    exp
    add
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a __torch_function__(self, func, types, args, kwargs)")

    def __enter__(self) -> Any:
        listen()
        _now.modes.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _now.modes.pop()


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that lets every call through."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


# --- functions of a program's own ----------------------------------------------------------------------------------


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether the type of one of the arguments answers for functions, or a mode does.

    >>> import autograd
    >>> has_torch_function((autograd.ones(2), None))
    False
    """
    return bool(_now.modes) or (not _now.deaf and any([_answers(arg) for arg in relevant_args]))


def has_torch_function_unary(arg: Any) -> bool:
    """``has_torch_function`` of one argument."""
    return has_torch_function((arg,))


def has_torch_function_variadic(*args: Any) -> bool:
    """``has_torch_function`` of several arguments."""
    return has_torch_function(args)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """What a mode gives for a call, or the first ``__torch_function__`` that doesn't decline, subclasses asked before their bases.

    Raises TypeError if all of them return NotImplemented.
    """
    return _ask(public_api, [] if _now.deaf else _able(relevant_args), args, kwargs)


def wrap_torch_function(dispatcher: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
    """A decorator: the function asks those of its arguments that ``dispatcher`` returns.

    >>> import autograd
    >>> @wrap_torch_function(lambda x: (x,))
    ... def twice(x):
    ...     return x + x
    >>> twice(autograd.ones(1))
    tensor([2.])
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def asking(*args: Any, **kwargs: Any) -> Any:
            relevant = tuple(dispatcher(*args, **kwargs))
            if has_torch_function(relevant):
                return handle_torch_function(asking, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return asking

    return decorate


# --- questions -----------------------------------------------------------------------------------------------------


def is_tensor_like(inp: Any) -> bool:
    """Whether this is a Tensor or has a ``__torch_function__``."""
    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")


def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """The functions that ask, by where they are.

    >>> import autograd
    >>> autograd.relu in get_overridable_functions()[autograd]
    True
    """
    return {
        owner: [getattr(owner, name) for name in _names(room, owner) if name not in _NOT_ASKED]
        for room, owner in _rooms().items()
    }


def resolve_name(f: Callable[..., Any]) -> str | None:
    """Where a public function is, in PyTorch's words; None if it does not ask.

    >>> import autograd
    >>> resolve_name(autograd.exp), resolve_name(autograd.nn.functional.mse_loss), resolve_name(len)
    ('torch.exp', 'torch.nn.functional.mse_loss', None)
    """
    for room, owner in _rooms().items():
        for name in _names(room, owner):
            if name not in _NOT_ASKED and getattr(owner, name) == f:
                return ".".join(part for part in ("torch", room, name) if part)
    return None


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Whether a Tensor has this as a method, an operator or a property's getter.

    >>> import autograd
    >>> is_tensor_method_or_property(autograd.Tensor.add), is_tensor_method_or_property(autograd.stack)
    (True, False)
    """
    return func in get_default_nowrap_functions() or any(value == func for value in vars(Tensor).values())


def get_default_nowrap_functions() -> set[Callable[..., Any]]:
    """What gives a subclass of Tensor its result as it is: ``.grad``.

    >>> len(get_default_nowrap_functions())
    1
    """
    return {vars(Tensor)["grad"].fget}
