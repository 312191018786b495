"""The place where torchvision keeps its networks. They are modules, so they stand in ``nn/models``: this is that package.

``autograd.nn`` is ``nn`` in the same way; see ``namespace.py``.
"""

from __future__ import annotations

import sys

from ..namespace import resolve

_networks = resolve("nn").models
for _name in (
    "_utils",
    "alexnet",
    "densenet",
    "mobilenet",
    "resnet",
    "vgg",
):  # by hand: an import would hide the function alexnet
    sys.modules[f"{__name__}.{_name}"] = sys.modules[f"{_networks.__name__}.{_name}"]
sys.modules[__name__] = _networks
