"""``torch._dynamo``: what programs ask of PyTorch's compiler at their top, most often to change a setting of it."""

from __future__ import annotations

import contextlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from .compiler import allow_in_graph as allow_in_graph
from .compiler import disable as disable
from .compiler import is_compiling as is_compiling
from .compiler import reset as reset

assume_constant_result = allow_in_graph


class Settings(ModuleType):
    """Settings that are kept and change nothing: ``autograd.compile`` has none of them. A group is made when asked for."""

    def __init__(self, name: str, **defaults: Any) -> None:
        super().__init__(name)
        self.__dict__.update(defaults)
        sys.modules[name] = self  # import torch._dynamo.config

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        group = SimpleNamespace()
        setattr(self, name, group)
        return group


config = Settings(
    f"{__name__}.config", cache_size_limit=8, recompile_limit=8, suppress_errors=False, verbose=False
)  # with PyTorch's values of those that programs raise


class TransformGetItemToIndex(contextlib.nullcontext[None]):
    """The block in which PyTorch's ``vmap`` may index by a batched number; here it always may."""


sys.modules[f"{__name__}._trace_wrapped_higher_order_op"] = sys.modules[__name__]  # where PyTorch has it


class OptimizedModule:
    """What ``torch.compile`` makes of a module in PyTorch; here a compiled module is not of this class."""


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """The names of PyTorch's compilers: none, ``autograd.compile`` is the only one here."""
    return []


def mark_dynamic(t: Any, index: Any = None, **kwargs: Any) -> None:
    """Nothing to mark: another shape is another recording."""


mark_static = mark_static_address = maybe_mark_dynamic = mark_dynamic
