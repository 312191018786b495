"""The names of types that programs written for TorchScript import from here; they are ``typing``'s. And what they ask of them."""

import types
import typing
from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: UP035

__all__ = ["Any", "Dict", "List", "Optional", "Tuple", "Union", "is_of"]


def is_of(obj: Any, target_type: Any) -> bool:
    """Whether a value is of a type with contents: ``torch.jit.isinstance``. Raises RuntimeError for a container that says none.

    >>> is_of([1, 2], List[int]), is_of({"a": 1}, Dict[str, float])
    (True, False)
    """
    if isinstance(target_type, tuple):
        return any([is_of(obj, kind) for kind in target_type])
    origin, args = typing.get_origin(target_type), typing.get_args(target_type)
    if origin in (Union, types.UnionType):
        return any([is_of(obj, kind) for kind in args])
    kind = origin or target_type
    if kind in (list, dict, tuple) and not args:
        raise RuntimeError(
            f"Attempted to use {kind.__name__} without a contained type. Please add a contained type, e.g. {kind.__name__}[int]"
        )
    if kind is None or not isinstance(obj, kind):
        return obj is None and kind is None
    if kind is dict:
        return all([is_of(k, args[0]) and is_of(v, args[1]) for k, v in obj.items()])
    if kind is tuple and args[-1:] != (...,):
        return len(obj) == len(args) and all([is_of(v, a) for v, a in zip(obj, args, strict=True)])
    return all([is_of(v, args[0]) for v in obj]) if args else True
