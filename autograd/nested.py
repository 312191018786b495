"""``torch.nested``: tensors of tensors of different sizes are not supported, and say so."""

from __future__ import annotations

from typing import Any

__all__ = ["as_nested_tensor", "nested_tensor", "to_padded_tensor"]


def nested_tensor(tensor_list: Any, **kwargs: Any) -> Any:
    """Raises NotImplementedError: pad the sequences instead."""
    raise NotImplementedError(
        "nested tensors are not supported: pad the sequences with nn.utils.rnn.pad_sequence and pass a mask or lengths"
    )


as_nested_tensor = to_padded_tensor = nested_tensor
