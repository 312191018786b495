"""``torch.utils.collect_env``: what a report of an error should say about the machine."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

__all__ = ["get_pretty_env_info", "main"]


def get_pretty_env_info() -> str:
    """The versions of Python, of this library and of what it uses, and the processor, a line each.

    >>> get_pretty_env_info().splitlines()[0].split(":")[0]
    'Python version'
    """
    from .. import __version__, get_num_threads

    lines = {
        "Python version": sys.version.split("\n")[0],
        "OS": platform.platform(),
        "CPU": f"{platform.processor() or platform.machine()}, {get_num_threads()} threads",
        "pullback version": __version__,
        "Is CUDA available": False,
    }
    for name in ("numpy", "scipy", "numba", "matplotlib"):
        try:
            lines[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            lines[name] = "not installed"
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def main() -> None:
    """Print it."""
    print(get_pretty_env_info())
