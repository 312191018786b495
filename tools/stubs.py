"""Writes the type stubs of what is bound while importing: ``python -m tools.stubs`` (``--check``: only say if they are
stale).

Tensor's methods come from the tables of operations, so no type checker or editor sees them in the source. This writes
``autograd/_methods.pyi``, a base class of Tensor for checkers alone, and ``autograd/_functions.pyi``, the public
functions.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEAD = '''"""Written by ``python -m tools.stubs``; do not edit."""

import builtins
from typing import Any

from .tensor import Tensor

'''
PLAIN = {name: f"builtins.{name}" for name in ("bool", "int", "float", "str")} | {"None": "None"}
RETURNS = {"Tensor": "Tensor", **PLAIN}
ARITHMETIC = "add and floordiv lshift matmul mod mul or pow rshift sub truediv xor"
IN_PLACE_OPERATORS = {f"__i{name}__" for name in ARITHMETIC.split()}
OPERATORS = {f"__{name}__" for name in ARITHMETIC.split()}


def parameters(function: Callable[..., Any]) -> Iterator[tuple[str, Any, bool]]:
    """(name, kind, has a default) of each parameter: from the table for a lifted operation, else from the code."""
    op = getattr(function, "op", None)
    if op is None:
        for p in inspect.signature(function).parameters.values():
            yield p.name, p.kind, p.default is not p.empty
        return
    if op.varargs:
        yield "tensors", inspect.Parameter.VAR_POSITIONAL, False
    for name in op.names:
        if not op.varargs or name in op.params:
            by_name = op.varargs or name in op.keyword_only
            kind = inspect.Parameter.KEYWORD_ONLY if by_name else inspect.Parameter.POSITIONAL_OR_KEYWORD
            yield name, kind, name in op.defaults
    yield "out", inspect.Parameter.KEYWORD_ONLY, True


def signature(function: Callable[..., Any], method: bool) -> str:
    """The parameters and the result, as a stub has them."""
    parts: list[str] = []
    named_only = False
    for i, (name, kind, optional) in enumerate(parameters(function)):
        if method and i == 0:
            parts.append("self")
            continue
        if kind is inspect.Parameter.VAR_POSITIONAL:
            parts.append(f"*{name}: Any")
            named_only = True
            continue
        if kind is inspect.Parameter.VAR_KEYWORD:
            parts.append(f"**{name}: Any")
            continue
        if kind is inspect.Parameter.KEYWORD_ONLY and not named_only:
            parts.append("*")
            named_only = True
        parts.append(f"{name}: Any = ..." if optional else f"{name}: Any")
        if kind is inspect.Parameter.POSITIONAL_ONLY and not any(p == "/" for p in parts):
            parts.append("/")
    return f"({', '.join(parts)}) -> {result(function)}"


def result(function: Callable[..., Any]) -> str:
    """The type of what a function returns, as far as its source says."""
    op = getattr(function, "op", None)
    if op is not None:
        return "Tensor" if op.outputs == 1 else "Any"
    return RETURNS.get(str(getattr(function, "__annotations__", {}).get("return")), "Any")


def methods() -> str:
    """The stub of what is bound to Tensor."""
    from autograd.tensor import Tensor

    written = {
        n
        for n, v in vars(Tensor).items()
        if getattr(getattr(v, "__code__", None), "co_filename", "").endswith("autograd/tensor.py")
    }
    lines = []
    for name, value in sorted(vars(Tensor).items()):
        if name in written or name in (
            "__slots__",
            "__dict__",
            "__weakref__",
            "__module__",
            "__doc__",
            "__annotations__",
        ):
            continue
        if isinstance(value, property):
            if getattr(value.fget, "__code__", None) is None or not value.fget.__code__.co_filename.endswith(
                "autograd/tensor.py"
            ):
                lines.append(
                    f"    @property\n    def {name}(self) -> {result(value.fget) if value.fget else 'Any'}: ..."
                )
        elif name in IN_PLACE_OPERATORS:
            lines.append(f"    def {name}(self, other: Any) -> Tensor: ...")
        elif callable(value) and not isinstance(value, (type, staticmethod)):
            override = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
            shape = signature(value, method=True)
            if name in OPERATORS:  # no out= there, so that both ways of an operator agree
                shape = f"(self, other: Any) -> {result(value)}"
            lines.append(f"    def {name}{shape}: ...{override}")
    return HEAD + "class Methods:\n" + "\n".join(lines) + "\n"


def functions() -> str:
    """The stub of the public functions that come from the tables."""
    import autograd

    tables = {**autograd.FUNCTIONS, **autograd.IN_PLACE_FUNCTIONS}
    lines = [
        f"def {name}{signature(value, method=False)}: ..."
        for name, value in sorted(tables.items())
        if not isinstance(value, type)
    ]
    return HEAD + "\n".join(lines) + "\n"


def stubs() -> dict[Path, str]:
    """The files and what belongs in them."""
    return {ROOT / "autograd" / "_methods.pyi": methods(), ROOT / "autograd" / "_functions.pyi": functions()}


def main() -> int:
    """Write the stubs, or with ``--check`` say which are stale."""
    stale = [path for path, text in stubs().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run python -m tools.stubs")
        return 1 if stale else 0
    for path, text in stubs().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
