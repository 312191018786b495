"""``torch.__config__``: what this library was built from, as programs print it in reports of bugs."""

from __future__ import annotations

import numpy as np

from .namespace import __version__
from .threads import get_num_threads

__all__ = ["parallel_info", "show"]


def show() -> str:
    """The versions behind the numbers, a line each."""
    return f"PyTorch's names of {__version__}, built with:\n  - NumPy {np.__version__}\n  - CPU only\n"


def parallel_info() -> str:
    """How many threads compute, a line each.

    >>> "get_num_threads" in parallel_info()
    True
    """
    return f"ATen/Parallel:\n\tat::get_num_threads() : {get_num_threads()}\nNumPy {np.__version__}\n"
