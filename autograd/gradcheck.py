"""``torch.autograd.gradcheck``: in PyTorch a function, and also the module that ``GradcheckError`` is imported from.

Both at once need a trick: the entry of this module in ``sys.modules`` is the function, which carries the names as
attributes.
"""

from __future__ import annotations

import sys
from typing import Any

from .testing.checking import gradcheck, gradgradcheck
from .testing.report import GradcheckError

_function: Any = gradcheck
_function.gradcheck, _function.gradgradcheck, _function.GradcheckError = gradcheck, gradgradcheck, GradcheckError
sys.modules[__name__] = _function
