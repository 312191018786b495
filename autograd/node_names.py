"""What PyTorch calls the nodes of operations that it divides otherwise: shown in ``repr`` and in messages.

Most nodes are called after their operation (``mul``: ``MulBackward0``). Here are those whose name depends on how
the operation was called.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .graph import Leaf, Node


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


def _pooled(name: str) -> Callable[[Any], str]:
    return lambda node: "SqueezeBackward1" if len(node.shape) == 3 else f"{name.format(len(node.shape) - 2)}Backward0"


def _picked(node: Any) -> str:
    by = node.params[-1] if node.params else "gather"
    return f"{by.capitalize()}Backward{int(by == 'median')}"


def _padded(node: Any) -> str:
    kinds = {"reflect": "Reflection", "replicate": "Replication"}
    kind = kinds.get(node.params[1])
    return f"{kind}Pad{len(node.shape) - 2}DBackward0" if kind else "torch::autograd::CopySlices"


def _view(node: Any) -> str:
    """Some of PyTorch's operations end in a change of shape here."""
    before = node.parents[0]
    what = getattr(before.op, "name", "")
    if what == "cat" and getattr(before.parents[0].op, "name", "") == "recurrence":
        return "CatBackward0"
    if what == "recurrence":
        return "MkldnnRnnLayerBackward0" if before.parents[0].params[0] == "LSTM" else "StackBackward0"
    if what == "normalize" and 0 in before.params[0]:
        return "NativeBatchNormBackward0"
    if what == "normalize" and len(before.params[0]) > 1:
        return "NativeGroupNormBackward0"
    return "NllLossBackward0" if what == "softmax_cross_entropy" else "ViewBackward0"


def _blend(node: Any) -> str:
    table, n = node.params[0], len(node.shape) - 2
    kind = (
        "Nearest"
        if table.copies
        else "Bicubic"
        if table.places.shape[1] == 4
        else ("", "L", "Bil", "Tril")[n] + "inear"
    )
    return f"Upsample{kind}{n}DBackward0"


CELLS = {"LSTM": "MulBackward0", "GRU": "AddBackward0", "RNN_TANH": "TanhBackward0", "RNN_RELU": "ReluBackward0"}
"""What ends one step of a recurrent cell."""


NAMES: dict[str, Callable[[Any], str]] = {
    "slice": _indexing,
    "linear": _linear,
    "matmul": _matmul,
    "normalize": _normalize,
    "convolution_input": lambda node: "ConvolutionBackward0",
    "convolution_weight": lambda node: "ConvolutionBackward0",
    "sum": _over_a_dim("Sum"),
    "mean": _over_a_dim("Mean"),
    "prod": _over_a_dim("Prod"),
    "pow": lambda node: f"PowBackward{2 if node.parents[0] is None else int(node.parents[1] is not None)}",
    "square": lambda node: "PowBackward0",
    "view": _view,
    "transpose": lambda node: "TBackward0" if node.params == (1, 0) else "TransposeBackward0",
    "pick": _picked,
    "blend": _blend,
    "recurrence": lambda node: "CatBackward0" if len(node.params[1]) > 1 else CELLS[node.params[0]],
    "recurrence_step": lambda node: CELLS[node.params[0]],
    "lerp": lambda node: f"LerpBackward{int(len(node.parents) > 2 and node.parents[2] is not None)}",
    "remainder": lambda node: f"RemainderBackward{int(node.parents[1] is not None)}",
    "log1p": lambda node: "Log1PBackward0",
    "deg2rad": lambda node: "Deg2RadBackward0",
    "rad2deg": lambda node: "Rad2DegBackward0",
    "im2col": lambda node: "Im2ColBackward0",
    "col2im": lambda node: "Col2ImBackward0",
    "real": lambda node: "SelectBackward0",
    "imag": lambda node: "SelectBackward0",
    "entr": lambda node: "SpecialEntrBackward0",
    "pad": _padded,
    "max_pool": _pooled("MaxPool{}DWithIndices"),
    "avg_pool": _pooled("AvgPool{}D"),
    "take_flat": _pooled("AdaptiveMaxPool{}D"),
    "relu_backward": lambda node: "ThresholdBackwardBackward0",
    "prelu_backward": lambda node: "PreluKernelBackwardBackward0",
    "pad_backward": lambda node: f"ReflectionPad{len(node.shape) - 2}DBackwardBackward0",
    "max_pool_backward": _pooled("MaxPool{}DWithIndicesBackward"),
    "avg_pool_backward": _pooled("AvgPool{}DBackward"),
    "take_flat_backward": _pooled("AdaptiveMaxPool{}DBackward"),
    "softmax_backward": lambda node: "SoftmaxBackwardDataBackward0",
    "log_softmax_backward": lambda node: "LogSoftmaxBackwardDataBackward0",
    "diagonal_backward": lambda node: "DiagEmbedBackward0",
    "linalg_inv": lambda node: "LinalgInvExBackward0",
    "linalg_cholesky": lambda node: "LinalgCholeskyExBackward0",
    "linalg_solve": lambda node: "LinalgSolveExBackward0",
    "linalg_svdvals": lambda node: "LinalgSvdBackward0",
    "max": lambda node: "MaxBackward1",
    "min": lambda node: "MinBackward1",
    "clamp": lambda node: "ClampBackward1",
    "clamp_min": lambda node: "ClampBackward1",
    "clamp_max": lambda node: "ClampBackward1",
    "prelu": lambda node: "PreluKernelBackward0",
    "softmax_cross_entropy": lambda node: "NllLossBackward0",
}
"""The name of a node by that of its operation, where it is not simply the operation's."""


def _surely(by_call: Callable[[Any], str]) -> Callable[[Any], str]:
    """The name of a node whose parameters backward has released, too: that of its operation, if it hangs on them."""

    def name(node: Any) -> str:
        try:
            return by_call(node)
        except IndexError:
            return "".join(part.capitalize() for part in node.op.name.split("_")) + "Backward0"

    return name


NAMES.update({op: _surely(by_call) for op, by_call in NAMES.items()})


# --- ... and of the types of nodes ------------------------------------------------------------------------------------

Leaf.__name__ = "AccumulateGrad"


def named(node: Any) -> Any:
    """The node itself, now of a type that has its name: programs ask ``type(t.grad_fn).__name__`` and draw it.

    A node gets its type when a program first looks at it: the engine makes them all alike, which is quicker.
    """
    if type(node) is Node:
        node.__class__ = _type(node.name().rpartition("::")[2])
    return node


@functools.cache
def _type(name: str) -> type:
    def next_functions(self: Node) -> Any:
        return tuple([(named(node), i) for node, i in Node.next_functions.fget(self)])  # type: ignore[attr-defined]

    members = {"__slots__": (), "__doc__": Node.__doc__, "next_functions": property(next_functions)}
    return type(name, (Node,), members)
