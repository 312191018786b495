"""Signatures of operations as PyTorch writes them: ``(Tensor x, float a=1.0, *, int[] sizes) -> (Tensor, Tensor)``.

Source: https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/README.md
"""

from __future__ import annotations

import ast
import collections.abc
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any

from . import dtypes
from .devices import device
from .tensor import Tensor

__all__ = ["infer_schema", "read_schema"]

_NAMES: dict[Any, str] = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", dtypes.dtype: "ScalarType",
    device: "Device", (int | float | bool): "Scalar",
}  # fmt: skip
_ARGUMENT = re.compile(r"(?P<type>.+?)\s+(?P<name>\w+)\s*(=\s*(?P<default>.*))?$", re.DOTALL)


def read_schema(schema: str) -> tuple[inspect.Signature, tuple[str, ...]]:
    """The signature that a schema means, and the names of the arguments that are written to.

    Raises ValueError if it can't be read.

    >>> read_schema("(Tensor(a!) x, float a=1.0, *, int[] n=[1, 2]) -> ()")
    (<Signature (x, a=1.0, *, n=[1, 2])>, ('x',))
    """
    found = re.fullmatch(r"\s*\((.*)\)\s*->\s*(.+?)\s*", schema, re.DOTALL)
    if found is None:
        raise ValueError(f'expected a schema such as "(Tensor x) -> Tensor", but got {schema!r}')
    parameters, written = [], []
    kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for text in _split(found[1]):
        if text == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
            continue
        argument = _ARGUMENT.match(text)
        if argument is None:
            raise ValueError(f"expected a type and a name, such as 'Tensor x', but got {text!r} in {schema!r}")
        default = inspect.Parameter.empty if argument["default"] is None else _value(argument["default"])
        parameters.append(inspect.Parameter(argument["name"], kind, default=default))
        if "!" in argument["type"]:
            written.append(argument["name"])
    return inspect.Signature(parameters), tuple(written)


def _split(text: str) -> list[str]:
    """What commas divide that are in no brackets and no quotes."""
    parts = re.findall(r"""(?:\[[^\]]*\]|\([^)]*\)|"[^"]*"|'[^']*'|[^,\[("'])+""", text)
    return [part.strip() for part in parts if part.strip()]


def _value(text: str) -> Any:
    """A default: a number, a text, a list, True, False or None. Names such as ``contiguous_format`` stay text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: str | Iterable[str], op_name: str | None = None
) -> str:
    """The schema of a function, from its annotations; ``mutates_args`` names what it writes to ("unknown": every tensor).

    Raises ValueError for an argument without an annotation, or with one that no schema has a word for.

    Source: https://docs.pytorch.org/docs/stable/library.html#torch.library.infer_schema

    >>> from autograd import Tensor
    >>> def scaled(x: Tensor, by: float = 2.0, *, sizes: list[int]) -> Tensor: ...
    >>> infer_schema(scaled, mutates_args=())
    '(Tensor x, float by=2.0, *, SymInt[] sizes) -> Tensor'
    """
    signature = inspect.signature(prototype_function)
    try:
        hints = typing.get_type_hints(prototype_function)
    except NameError as error:
        raise _refused(f"an annotation can't be found ({error})", signature) from None
    unknown = mutates_args == "unknown"
    missing = set() if unknown else {*mutates_args} - {*signature.parameters}
    if missing:
        raise _refused(f"{sorted(missing)} in mutates_args are no arguments of the function", signature)
    words, keywords = [], False
    for i, parameter in enumerate(signature.parameters.values()):
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords:
            words.append("*")
            keywords = True
        words.append(_word(parameter, i, hints, mutates_args, signature))
    result = hints.get("return", type(None))
    parts = typing.get_args(result) if typing.get_origin(result) is tuple else None
    if result is type(None):
        returned = "()"
    else:
        names = [_type(part) for part in parts or (result,)]
        if None in names:
            raise _refused(f"the result has the unsupported type {result}", signature)
        returned = f"({', '.join(map(str, names))})" if parts else str(names[0])
    return f"{op_name or ''}({', '.join(words)}) -> {returned}"


def _refused(what: str, signature: inspect.Signature) -> ValueError:
    return ValueError(f"infer_schema(func): {what}. Got func with signature {signature}")


def _word(
    parameter: inspect.Parameter, i: int, hints: dict[str, Any], mutates: Any, signature: inspect.Signature
) -> str:
    """One argument of a schema."""
    name = parameter.name
    if parameter.annotation is parameter.empty:
        raise _refused(f"Parameter {name} must have a type annotation", signature)
    kind = _type(hints[name])
    if kind is None:
        raise _refused(
            f"Parameter {name} has unsupported type {hints[name]}: Tensor, int, float, bool, str, dtype and device have "
            "words, Optional ones and lists of them",
            signature,
        )
    if kind.startswith("Tensor") and (mutates == "unknown" or name in mutates):
        kind = f"Tensor(a{i}!){kind.removeprefix('Tensor')}"
    if parameter.default is parameter.empty:
        return f"{kind} {name}"
    if not isinstance(parameter.default, (int, float, bool, str, type(None), dtypes.dtype, device)):
        raise _refused(f"Parameter {name} has an unsupported default value type {type(parameter.default)}", signature)
    text = f'"{parameter.default}"' if isinstance(parameter.default, (str, device)) else str(parameter.default)
    return f"{kind} {name}={text.removeprefix('torch.')}"


def _type(hint: Any) -> str | None:
    """A schema's word for an annotation; None if it has none."""
    if hint in _NAMES:
        return _NAMES[hint]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType) and type(None) in args:
        rest = [arg for arg in args if arg is not type(None)]
        inner = _type(rest[0] if len(rest) == 1 else typing.Union[tuple(rest)])  # noqa: UP007 - a union of what is in a list
        return None if inner is None else f"{inner}?"
    if origin in (list, collections.abc.Sequence) and args:
        inner = _type(args[0])
        return None if inner is None else f"{inner}[]"
    return None
