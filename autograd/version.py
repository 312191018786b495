"""Versions: ``__version__`` is that of the PyTorch whose names these are; no CUDA, no HIP."""

from .namespace import __version__ as __version__

cuda = hip = xpu = git_version = None
debug = False
