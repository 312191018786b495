"""``torch._foreach_*``: one operation on each tensor of a list, for the optimizers that are written with them.

An argument that is a list has an element for each tensor, any other is for all. Nothing is faster than the loop: here
that is what they are.

>>> import autograd
>>> autograd._foreach_add([autograd.ones(2), autograd.zeros(1)], [1, 5])
(tensor([2., 2.]), tensor([5.]))
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

from .namespace import PROVIDED, resolve
from .tensor import Tensor

_METHODS = {"maximum": "clamp_min", "minimum": "clamp_max"}  # which take a number too, and have an in-place form


def _one(name: str, x: Any, *others: Any, **options: Any) -> Any:
    plain = name.removesuffix("_")
    if not isinstance(x, Tensor):  # _foreach_pow with a number as the base
        return x ** others[0]
    if plain in ("addcdiv", "addcmul") and len(others) == 3:  # the last is what the method calls value
        options["value"] = others[2]
        others = others[:2]
    if plain == "norm":
        return resolve("linalg").vector_norm(x, *others, **options)
    return getattr(x, name.replace(plain, _METHODS.get(plain, plain)))(*others, **options)


def _each(name: str) -> Callable[..., Any]:
    def each(self: Any, *others: Any, **options: Any) -> Any:
        given = (self, *others)
        sizes = [len(v) for v in given if isinstance(v, (list, tuple))]
        if 0 in sizes:
            raise RuntimeError(f"_foreach_{name}: Tensor list must have at least one tensor.")
        if len(set(sizes)) > 1:
            counts = " and ".join(map(str, sizes))
            raise RuntimeError(f"_foreach_{name}: Tensor lists must have the same number of tensors, got {counts}")
        columns = [v if isinstance(v, (list, tuple)) else repeat(v, sizes[0]) for v in given]
        results = [_one(name, *row, **options) for row in zip(*columns, strict=True)]
        return self if name.endswith("_") else tuple(results)

    each.__name__ = each.__qualname__ = f"_foreach_{name}"
    each.__doc__ = f"``{name}`` of each tensor of a list."
    return each


globals().update({name: _each(name.removeprefix("_foreach_")) for name in PROVIDED["foreach"].split()})
