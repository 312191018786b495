"""What importing autograd changes in the process: two thresholds of memory management, measured in docs/performance.md.

Both are left alone where the program (or its environment) has chosen its own, and ``PULLBACK_TUNE=0`` leaves both.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys

__all__: list[str] = []

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # glibc's malloc.h


def collect_cycles_less_often() -> None:
    """Raise the thresholds of Python's cycle collector.

    Recording makes many small objects and no cycles, so the collector walks the growing graph again and again and
    finds nothing: at Python's default thresholds that is more than half the cost of a recorded operation. Cycles made
    elsewhere are still found, some thousand objects later.
    """
    if gc.isenabled() and gc.get_threshold()[0] <= 2000:
        gc.set_threshold(10_000, 20, 50)


def keep_freed_memory() -> None:
    """Let malloc keep the memory of freed arrays for the next ones, instead of giving it back to the system at once.

    By default glibc maps an array of some megabytes anew each time, and the system clears every page when it is first
    touched: for elementwise work on large arrays that is a third of the time. Up to 1 GiB stays with the process.
    """
    if not sys.platform.startswith("linux") or any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(M_MMAP_THRESHOLD, 32 << 20)  # the largest that glibc accepts
    mallopt(M_TRIM_THRESHOLD, 1 << 30)
    mallopt(M_TOP_PAD, 16 << 20)


if os.environ.get("PULLBACK_TUNE", "1") != "0":
    collect_cycles_less_often()
    keep_freed_memory()
