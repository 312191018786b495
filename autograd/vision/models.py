"""The place where torchvision keeps its networks. They are modules, so they stand in ``nn/models``: this is that package.

``autograd.nn`` is ``nn`` in the same way; see ``namespace.py``.
"""

from __future__ import annotations

import sys

from ..namespace import resolve

sys.modules[__name__] = resolve("nn").models  # and what is in it is found there: see addresses.py
