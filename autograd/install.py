"""Serves ``import torch`` and ``import torchvision`` from this library, so that a PyTorch script runs as it is.

The names follow the one rule: ``torch.X`` is ``autograd.X``, ``torch.nn.X`` is ``nn.X``, ``torch.optim.X`` is
``optim.X``, ``torch.autograd.X`` is ``autograd.X``, ``torchvision.X`` is ``autograd.vision.X`` and ``functorch.X`` is
``autograd.functorch.X``. The modules are the same objects under both names.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from .addresses import FINER, Loader
from .tensor import Tensor

__all__ = ["install_as_torch", "missing_names", "ours"]


def ours(name: str) -> str | None:
    """The name of the module that ``import name`` gets: None for modules that are not PyTorch's.

    >>> ours("torch.nn.functional"), ours("torch.autograd.function"), ours("torchvision.transforms"), ours("numpy")
    ('nn.functional', 'autograd.function', 'autograd.vision.transforms', None)
    """
    head, _, rest = name.partition(".")
    if head == "torchvision":
        return f"autograd.vision.{rest}".rstrip(".")
    if head == "functorch":
        return f"autograd.functorch.{rest}".rstrip(".")
    if head != "torch":
        return None
    first, _, more = rest.partition(".")
    if first in ("nn", "optim"):
        return f"{first}.{more}".rstrip(".")
    if first == "autograd":
        return f"autograd.{more}".rstrip(".")
    return f"autograd.{rest}".rstrip(".")


def found(name: str) -> str | None:
    """The module that really stands for this name of ours, or None."""
    if _exists(name):
        return name
    package, _, last = name.rpartition(".")
    return package if last in FINER.get(package, "").split() else None


class _Finder(importlib.abc.MetaPathFinder):
    """Finds PyTorch's modules here."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        wanted = ours(fullname)
        if wanted is None:
            return None
        target_name = found(wanted)
        if target_name is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r} here{_near_module(fullname, wanted)}", name=fullname
            )
        return importlib.machinery.ModuleSpec(fullname, Loader(target_name), is_package=True)


def _exists(name: str) -> bool:
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _near_module(asked: str, wanted: str) -> str:
    import pkgutil

    parent, _, last = wanted.rpartition(".")
    package = sys.modules.get(parent)
    known = [m.name for m in pkgutil.iter_modules(getattr(package, "__path__", []))]
    near = difflib.get_close_matches(last, known, 1)
    return f": it would be {wanted!r}" + (f". The nearest is {asked.rpartition('.')[0]}.{near[0]}" if near else "")


class Installed:
    """What ``install_as_torch`` did; ``remove()`` undoes it, and so does the end of a ``with`` block."""

    def __init__(self, finder: _Finder) -> None:
        self._finder = finder

    def remove(self) -> None:
        """Serve PyTorch's names no more."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        Tensor.__module__ = "autograd.tensor"
        for name in [n for n in sys.modules if ours(n) is not None]:
            del sys.modules[name]

    def __enter__(self) -> Installed:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def install_as_torch() -> Installed:
    """From here on ``import torch`` gets this library. Raises RuntimeError if PyTorch itself is imported already.

    >>> with install_as_torch():
    ...     import torch.nn.functional as F
    ...     F.__name__
    'nn.functional'
    """
    present = sys.modules.get("torch")
    if present is not None and present is not sys.modules[__package__]:
        raise RuntimeError(
            "PyTorch is imported already: call autograd.install_as_torch() before the first `import torch`"
        )
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            return Installed(finder)
    made = _Finder()
    sys.meta_path.insert(0, made)
    Tensor.__module__ = "torch"  # programs print type(x)
    return Installed(made)


# --- names that are not there ----------------------------------------------------------------------------------------


def nearest(thing: Any, name: str) -> str:
    """The public name of ``thing`` that is most like ``name``, or ''."""
    known = [n for n in dir(thing) if not n.startswith("_")]
    return next(iter(difflib.get_close_matches(name, known, 1, cutoff=0.75)), "")


def explain(error: BaseException) -> str | None:
    """Of an AttributeError or ImportError about this library: the missing name, its line, and the nearest one."""
    name = getattr(error, "name", None)
    if isinstance(error, ImportError) and "cannot import name" in str(error):
        thing: Any = sys.modules.get(error.name or "")
        name = getattr(error, "name_from", None) or str(error).split("'")[1]
    else:
        thing = getattr(error, "obj", None)
    home = getattr(thing, "__name__", "") if isinstance(thing, (ModuleType, type)) else type(thing).__name__
    package = getattr(thing, "__name__" if isinstance(thing, ModuleType) else "__module__", "") or ""
    if not isinstance(name, str) or thing is None or package.split(".")[0] not in ("autograd", "nn", "optim", "torch"):
        return None
    at = error.__traceback__
    place = ""
    while at is not None:  # the innermost line of the program's own
        if not at.tb_frame.f_globals.get("__name__", "").startswith(("autograd", "nn", "optim", "importlib")):
            place = f" (line {at.tb_lineno} of {at.tb_frame.f_code.co_filename})"
        at = at.tb_next
    near = nearest(thing, name)
    kind = "Tensor" if isinstance(thing, Tensor) else "torch" if home == "autograd" else home
    return f"{kind}.{name} is not in this library{place}." + (f" The nearest name is {kind}.{near}." if near else "")


def missing_names(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, name, nearest) of each of PyTorch's names in a script that is not here, found without running it."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if ours(alias.name) is not None:
                    if alias.asname:
                        known[alias.asname] = alias.name
                    else:
                        known[alias.name.split(".")[0]] = alias.name.split(".")[0]
                    yield from _check(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and ours(node.module) is not None:
            for alias in node.names:
                if alias.name != "*":
                    known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                    yield from _check(node.lineno, f"{node.module}.{alias.name}")
    inner = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            parts: list[str] = []
            at: Any = node
            while isinstance(at, ast.Attribute):
                parts.insert(0, at.attr)
                at = at.value
            if isinstance(at, ast.Name) and at.id in known:
                yield from _check(node.lineno, ".".join([known[at.id], *parts]))


def _check(line: int, name: str) -> Iterator[tuple[int, str, str]]:
    """Follow a dotted name as far as modules and classes go."""
    head, *parts = name.split(".")
    thing: Any = importlib.import_module(ours(head) or head)
    so_far = head
    for i, part in enumerate(parts):
        module = ours(".".join([head, *parts[: i + 1]]))
        try:
            thing = getattr(thing, part)
        except AttributeError:
            there = found(module) if module is not None and isinstance(thing, ModuleType) else None
            try:
                if there is None:
                    raise ModuleNotFoundError
                thing = importlib.import_module(there)
            except ModuleNotFoundError:
                near = nearest(thing, part)
                yield line, f"{so_far}.{part}", f"{so_far}.{near}" if near else ""
                return
        so_far += f".{part}"
        if not isinstance(thing, (ModuleType, type)):
            return
