"""Checking gradients, and naming what is wrong with them: gradcheck, opcheck, assert_close, make_tensor and friends.

Imported on first use, so that ``import autograd`` stays light.
"""

from __future__ import annotations

from typing import Any

_PLACES = {
    "gradcheck": "checking",
    "gradgradcheck": "checking",
    "diagnose": "checking",
    "GradcheckError": "report",
    "Report": "report",
    "assert_close": "comparison",
    "assert_allclose": "comparison",
    "make_tensor": "making",
    "opcheck": "opchecks",
    "doctor": "lints",
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
