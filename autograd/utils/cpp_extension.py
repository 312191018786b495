"""``torch.utils.cpp_extension``: nothing is compiled here, and a program that asks for it is told; modules that only name it import."""

from __future__ import annotations

from typing import Any

__all__ = ["BuildExtension", "CUDAExtension", "CUDA_HOME", "CppExtension", "include_paths", "load", "load_inline"]

CUDA_HOME = None


def load(*args: Any, **kwargs: Any) -> Any:
    """Raises RuntimeError: write the operation in Python, as an ``autograd.Function`` or with ``library.custom_op``."""
    raise RuntimeError(
        "C++ and CUDA extensions can't be compiled: this library is NumPy. Use the program's version in Python if it has one, "
        "or write the operation as an autograd.Function"
    )


load_inline = CppExtension = CUDAExtension = include_paths = load


class BuildExtension:
    """Raises RuntimeError, as ``load``."""

    with_options = classmethod(load)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        load()
