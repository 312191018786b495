"""``torch.autograd.gradcheck``: in PyTorch a function, and also the module that ``GradcheckError`` is imported from.

Importing this module puts it where the function was, as imports do; so the module can be called like the function.
"""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

from .testing.checking import gradcheck, gradgradcheck
from .testing.report import GradcheckError

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class _Callable(ModuleType):
    __signature__ = inspect.signature(gradcheck)

    def __call__(self, *args: Any, **kwargs: Any) -> bool:
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
