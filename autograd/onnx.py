"""``torch.onnx``: exporting is not supported, and says so."""

from __future__ import annotations

from typing import Any

__all__ = ["export", "is_in_onnx_export"]


def export(model: Any = None, args: Any = None, f: Any = None, **kwargs: Any) -> None:
    """Raises NotImplementedError."""
    raise NotImplementedError(
        "exporting to ONNX is not supported. Save the weights with autograd.save: PyTorch opens the file, and exports"
    )


_export = export


def is_in_onnx_export() -> bool:
    """False."""
    return False
