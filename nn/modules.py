"""The places where PyTorch keeps its layers: ``nn.modules.conv`` and the like are names of this library's files.

Programs import from there for base classes (``_BatchNorm``, ``_Loss``) and for ``nn.modules.utils._pair``.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from autograd.graph import Handle

from . import (
    activation,
    adaptive,
    containers,
    conv,
    distance,
    dropout,
    embedding,
    flatten,
    hooks,
    lazy,
    linear,
    loss,
    module,
    normalization,
    padding,
    pooling,
    resample,
    rnn,
    state,
    transformer,
)

__path__: list[str] = []  # what makes ``import nn.modules.conv`` look here

_places = {
    "activation": activation,
    "adaptive": adaptive,
    "batchnorm": normalization,
    "channelshuffle": padding,
    "container": containers,
    "conv": conv,
    "distance": distance,
    "dropout": dropout,
    "flatten": flatten,
    "fold": resample,
    "instancenorm": normalization,
    "lazy": lazy,
    "linear": linear,
    "loss": loss,
    "module": module,
    "normalization": normalization,
    "padding": padding,
    "pixelshuffle": padding,
    "pooling": pooling,
    "rnn": rnn,
    "sparse": embedding,
    "transformer": transformer,
    "upsampling": resample,
}


def _ntuple(n: int, name: str = "parse") -> Any:
    """A function that repeats a number n times and makes anything else a tuple."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, (tuple, list)) else (x,) * n

    parse.__name__ = name
    return parse


utils = types.ModuleType(__name__ + ".utils", "How layers read a size that may be one number or several.")
vars(utils).update(
    _ntuple=_ntuple,
    _single=_ntuple(1, "_single"),
    _pair=_ntuple(2, "_pair"),
    _triple=_ntuple(3, "_triple"),
    _quadruple=_ntuple(4, "_quadruple"),
)
_places["utils"] = utils


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Strip a prefix ("module." of a data-parallel model) from the keys of a state_dict, in place."""
    for key in list(state_dict):
        if key.startswith(prefix):
            state_dict[key[len(prefix) :]] = state_dict.pop(key)
    metadata: dict[str, Any] = getattr(state_dict, "_metadata", {})
    for key in list(metadata):
        if key == prefix.replace(".", "") or key.startswith(prefix):
            metadata[key[len(prefix) :]] = metadata.pop(key)


utils.consume_prefix_in_state_dict_if_present = consume_prefix_in_state_dict_if_present  # type: ignore[attr-defined]

# Two classes that PyTorch keeps in another file than we do: programs name them there, in ``safe_globals`` for example.
vars(activation)["MultiheadAttention"] = transformer.MultiheadAttention
vars(linear)["NonDynamicallyQuantizableLinear"] = transformer.NonDynamicallyQuantizableLinear


def _addindent(s_: str, numSpaces: int) -> str:
    """All lines but the first moved to the right: for the ``__repr__`` of a container."""
    return s_.replace("\n", "\n" + numSpaces * " ")


def _also(place: types.ModuleType, source: types.ModuleType, names: str) -> None:
    """Names that PyTorch has in one of its files and we keep in another."""
    for name in names.split():
        vars(place)[name] = getattr(source, name)


_also(module, hooks, " ".join(n for n in hooks.__all__ if n.startswith("register_module_")))
module._addindent = _addindent  # type: ignore[attr-defined]
module.RemovableHandle = Handle  # type: ignore[attr-defined]
module._IncompatibleKeys = state.IncompatibleKeys  # type: ignore[attr-defined]
module._EXTRA_STATE_KEY_SUFFIX = "_extra_state"  # type: ignore[attr-defined]
_also(normalization, lazy, "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d")
_also(normalization, lazy, "LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d")
_also(conv, lazy, "LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d")
_also(linear, lazy, "LazyLinear")
for _place in (conv, pooling, normalization, padding):
    _also(_place, utils, "_ntuple _single _pair _triple _quadruple")

for _name, _module in _places.items():
    globals()[_name] = _module
    sys.modules[f"{__name__}.{_name}"] = _module


def __getattr__(name: str) -> Any:
    for place in _places.values():
        if hasattr(place, name) and not name.startswith("__"):
            return getattr(place, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
