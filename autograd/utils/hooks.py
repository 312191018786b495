"""The handle that registering a hook gives, under PyTorch's name."""

from ..graph import Handle as RemovableHandle

__all__ = ["RemovableHandle"]
