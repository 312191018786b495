"""What PyTorch calls the nodes of operations that it divides otherwise: shown in ``repr`` and in messages.

Most nodes are called after their operation (``mul``: ``MulBackward0``). Here are those whose name depends on how
the operation was called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _indexing(node: Any) -> str:
    """PyTorch indexes one dimension after the other; the last step names the node."""
    index = node.params[0] if node.params else slice(None)
    steps = index if isinstance(index, tuple) else (index,)
    for step in reversed(steps):
        if step is None:
            return "UnsqueezeBackward0"
        if isinstance(step, slice) and step != slice(None):
            return "SliceBackward0"
        if isinstance(step, int):
            return "SelectBackward0"
    return "SliceBackward0" if slice(None) in steps else "AliasBackward0"


def _linear(node: Any) -> str:
    with_bias = len(node.parents) > 2 and node.parents[2] is not None
    if len(node.shape) == 2:
        return "AddmmBackward0" if with_bias else "MmBackward0"
    return "ViewBackward0" if with_bias else "UnsafeViewBackward0"


def _matmul(node: Any) -> str:
    return "MmBackward0" if len(node.shape) == 2 else "UnsafeViewBackward0" if len(node.shape) > 3 else "BmmBackward0"


def _normalize(node: Any) -> str:
    axes, center = node.params[0], node.params[2]
    return "NativeBatchNormBackward0" if 0 in axes else "NativeLayerNormBackward0" if center else "MulBackward0"


def _over_a_dim(name: str) -> Callable[[Any], str]:
    def named(node: Any) -> str:
        dims = node.params[0] if node.params else None
        return (
            getattr(dims, "node_name", None) or f"{name}Backward{int(dims not in (None, ()))}"
        )  # see nn/.../reduction

    return named


NAMES: dict[str, Callable[[Any], str]] = {
    "slice": _indexing,
    "linear": _linear,
    "matmul": _matmul,
    "normalize": _normalize,
    "convolution_input": lambda node: "ConvolutionBackward0",
    "convolution_weight": lambda node: "ConvolutionBackward0",
    "sum": _over_a_dim("Sum"),
    "mean": _over_a_dim("Mean"),
    "pow": lambda node: f"PowBackward{int(None not in node.parents)}",
    "max": lambda node: "MaxBackward1",
    "min": lambda node: "MinBackward1",
    "clamp": lambda node: "ClampBackward1",
    "clamp_min": lambda node: "ClampBackward1",
    "clamp_max": lambda node: "ClampBackward1",
    "prelu": lambda node: "PreluKernelBackward0",
    "softmax_cross_entropy": lambda node: "NllLossBackward0",
    "max_pool2d": lambda node: "MaxPool2DWithIndicesBackward0",
    "avg_pool2d": lambda node: "AvgPool2DBackward0",
}
"""The name of a node by that of its operation, where it is not simply the operation's."""
