"""``torch.quantization``: the marks that a program sets for it are identities; quantizing raises NotImplementedError.

Numbers stay floating point here, which is what a marked network computes in before it is converted.
"""

from __future__ import annotations

from typing import Any

from .linear import Identity
from .module import Module

__all__ = [
    "DeQuantStub", "QuantStub", "QuantWrapper", "convert", "default_qconfig", "fuse_modules", "get_default_qat_qconfig", "get_default_qconfig",
    "prepare", "prepare_qat", "quantize", "quantize_dynamic",
]  # fmt: skip


class QuantStub(Identity):
    """Marks where numbers would become integers: the identity, as in PyTorch before ``convert``."""

    def __init__(self, qconfig: Any = None) -> None:
        super().__init__()


class DeQuantStub(QuantStub):
    """Marks where integers would become numbers again: the identity."""


class QuantWrapper(Module):
    """A module between the two marks."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.quant, self.dequant, self.module = QuantStub(), DeQuantStub(), module

    def forward(self, X: Any) -> Any:
        """The module's result."""
        return self.dequant(self.module(self.quant(X)))


def quantize(*args: Any, **kwargs: Any) -> Any:
    """Raises NotImplementedError."""
    raise NotImplementedError(
        "quantization is not supported: networks compute in floating point here. Leave this step out, or save the "
        "state_dict and quantize in PyTorch, which reads it"
    )


convert = fuse_modules = get_default_qat_qconfig = get_default_qconfig = prepare = prepare_qat = quantize_dynamic = (
    quantize
)
default_qconfig = None
