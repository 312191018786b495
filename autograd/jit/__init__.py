"""What programs ask of ``torch.jit``: functions and modules run as Python, unchanged."""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple
from typing import Dict as Dict  # noqa: UP035 - programs import these four from here
from typing import Final as Final
from typing import List as List  # noqa: UP035
from typing import Optional as Optional
from typing import Tuple as Tuple  # noqa: UP035

from .annotations import is_of

__all__ = [
    "Attribute",
    "export",
    "fork",
    "ignore",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "load",
    "save",
    "script",
    "script_if_tracing",
    "trace",
    "unused",
    "wait",
]


def script(obj: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The function, class or module itself."""
    return obj if obj is not None else lambda f: f


def trace(func: Any = None, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The function or module itself. ``autograd.compile`` records and replays."""
    return func if func is not None else lambda f: f


def trace_module(mod: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """The module itself."""
    return mod


def export(fn: Any) -> Any:
    """The function itself."""
    return fn


def ignore(fn: Any = None, drop: bool = False, **kwargs: Any) -> Any:
    """The function itself."""
    return fn if callable(fn) else lambda f: f


unused, script_method, interface, script_if_tracing = export, export, export, export
_overload, _overload_method = export, export


def __getattr__(name: str) -> Any:
    """``ScriptModule`` and its kin: Modules of which only a program's own classes are made, since ``script`` makes none."""
    if name not in ("ScriptModule", "RecursiveScriptModule", "ScriptFunction"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    base = object if name == "ScriptFunction" else importlib.import_module("nn").Module
    made = globals()[name] = type(name, (base,), {"__doc__": "Runs as Python.", "__module__": __name__})
    return made


def is_scripting() -> bool:
    """False: this is Python."""
    return False


def is_tracing() -> bool:
    """False."""
    return False


class Attribute(NamedTuple):
    """A value of a module and the type that TorchScript is to give it."""

    value: Any
    type: Any


isinstance = is_of


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value: only TorchScript needs to be told its type."""
    return the_value


def _unwrap_optional(x: Any) -> Any:
    """The value, which must not be None. Raises AssertionError if it is."""
    assert x is not None, "Unwrapping null optional"
    return x


def boolean_dispatch(
    arg_name: str, arg_index: int, default: bool, if_true: Any, if_false: Any, module_name: str, func_name: str
) -> Any:
    """One function for two: an argument that is true or false says which is called."""

    @functools.wraps(if_true)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        flag = args[arg_index] if arg_index < len(args) else kwargs.get(arg_name, default)
        return (if_true if flag else if_false)(*args, **kwargs)

    chosen.__name__, chosen.__module__ = func_name, module_name
    return chosen


class TracerWarning(Warning):
    """What PyTorch warns of while it traces; nothing here does. Programs name it to filter it."""


def freeze(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """The module itself."""
    return mod


optimize_for_inference = freeze


def fork(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls the function at once."""
    return func(*args, **kwargs)


def wait(future: Any) -> Any:
    """The result of ``fork``."""
    return future


def save(m: Any, f: Any, *args: Any, **kwargs: Any) -> None:
    """Raises NotImplementedError: there is no TorchScript here."""
    raise NotImplementedError("TorchScript files are not supported: save the state_dict with autograd.save")


def load(f: Any, *args: Any, **kwargs: Any) -> Any:
    """Raises NotImplementedError: there is no TorchScript here."""
    raise NotImplementedError("TorchScript files are not supported: load a state_dict with autograd.load")
