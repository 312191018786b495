"""``torch.autograd.gradcheck``, the module: ``from autograd.gradcheck import GradcheckError``.

PyTorch has a function of the same name in the same place, so the module can be called too.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .testing.checking import gradcheck, gradgradcheck
from .testing.report import GradcheckError

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> bool:
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
