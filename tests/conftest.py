"""The tests run plain NumPy; those in ``tests/fast`` hold the compiled kernels against it."""

from __future__ import annotations

import os

os.environ.setdefault("PULLBACK_FAST", "0")
