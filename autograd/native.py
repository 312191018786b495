"""PyTorch's functions of ``torch`` itself that are layers' mathematics: ``torch.layer_norm``, ``torch.dropout``, ...

They are ``nn.functional``'s, with the arguments in the order of PyTorch's kernels and a reduction that is a number: 0
for 'none', 1 for 'mean', 2 for 'sum'. The functions that only ask something of a tensor are here too. This file is
imported when a program first names one of them, and looks for ``nn`` then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .devices import device
from .namespace import resolve
from .tensor import Tensor

REDUCTIONS = ("none", "mean", "sum")


def _layer(name: str) -> Callable[..., Tensor]:
    """The function of ``nn.functional`` with this name."""
    found: Callable[..., Tensor] = getattr(resolve("nn").functional, name)
    return found


# --- questions -------------------------------------------------------------------------------------------------------


def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers."""
    return bool(input.is_complex())


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are real floating-point numbers."""
    return bool(input.is_floating_point())


def is_signed(input: Tensor) -> bool:
    """Whether the elements may be negative."""
    return bool(input.dtype.is_signed)


def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made in inference mode."""
    return bool(input.is_inference())


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of the tensor is not zero. Raises RuntimeError for other numbers of elements."""
    return bool(input.is_nonzero())


def numel(input: Tensor) -> int:
    """The number of elements."""
    return int(input.numel())


def get_device(input: Tensor) -> int:
    """The number of the GPU; -1 for the CPU."""
    return int(input.get_device())


def get_device_module(device_type: Any = None) -> Any:
    """``torch.cpu``: the module of the only device that is here."""
    if device_type is not None and device(device_type).type != "cpu":
        raise RuntimeError(f"there is no device {device_type!r} here, only 'cpu'")
    return resolve("cpu")


def detach(input: Tensor) -> Tensor:
    """``input.detach()``."""
    return input.detach()


def detach_(input: Tensor) -> Tensor:
    """``input.detach_()``."""
    return input.detach_()


def as_strided_(input: Tensor, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    """``input.as_strided_(...)``."""
    return input.as_strided_(size, stride, storage_offset)


def split_copy(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``split``, each piece in memory of its own."""
    return tuple([piece.clone() for piece in input.split(split_size, dim)])


def split_with_sizes_copy(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """``split_with_sizes``, each piece in memory of its own."""
    return tuple([piece.clone() for piece in input.split_with_sizes(split_sizes, dim)])


def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """``split_with_sizes``: here it is as safe as that."""
    return tuple(input.split_with_sizes(split_sizes, dim))


# --- activations and dropout -----------------------------------------------------------------------------------------


def _with_twin(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function that writes its result over its first argument."""

    def twin(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input.copy_(function(input, *args, **kwargs))

    twin.__name__ = twin.__qualname__ = function.__name__ + "_"
    twin.__doc__ = f"``{function.__name__}``, written over ``input``."
    return twin


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``nn.functional.hardshrink``."""
    return _layer("hardshrink")(input, lambd)


def selu(input: Tensor) -> Tensor:
    """``nn.functional.selu``."""
    return _layer("selu")(input)


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``nn.functional.celu``."""
    return _layer("celu")(input, alpha)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``nn.functional.prelu``."""
    return _layer("prelu")(input, weight)


def rrelu(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """``nn.functional.rrelu``."""
    return _layer("rrelu")(input, lower, upper, training)


def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """``nn.functional.threshold``."""
    return _layer("threshold")(input, threshold, value)


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.dropout``."""
    return _layer("dropout")(input, p, train)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.alpha_dropout``."""
    return _layer("alpha_dropout")(input, p, train)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.dropout2d`` for any number of dimensions: whole channels."""
    return _layer({3: "dropout1d", 5: "dropout3d"}.get(input.dim(), "dropout2d"))(input, p, train)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.feature_alpha_dropout``."""
    return _layer("feature_alpha_dropout")(input, p, train)


selu_, celu_, rrelu_, threshold_ = (_with_twin(f) for f in (selu, celu, rrelu, threshold))
dropout_, alpha_dropout_ = _with_twin(dropout), _with_twin(alpha_dropout)
feature_dropout_, feature_alpha_dropout_ = _with_twin(feature_dropout), _with_twin(feature_alpha_dropout)


# --- normalization ---------------------------------------------------------------------------------------------------


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:  # fmt: skip
    """``nn.functional.layer_norm``."""
    return _layer("layer_norm")(input, normalized_shape, weight, bias, eps)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Tensor:
    """``nn.functional.rms_norm``."""
    return _layer("rms_norm")(input, normalized_shape, weight, eps)


def group_norm(
    input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn_enabled: bool = True
) -> Tensor:
    """``nn.functional.group_norm``."""
    return _layer("group_norm")(input, num_groups, weight, bias, eps)


def batch_norm(
    input: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
    eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """``nn.functional.batch_norm``."""
    return _layer("batch_norm")(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool,
    momentum: float, eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """``nn.functional.instance_norm``."""
    return _layer("instance_norm")(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


# --- distances, products, tables -------------------------------------------------------------------------------------


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``nn.functional.cosine_similarity``."""
    return _layer("cosine_similarity")(x1, x2, dim, eps)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """``nn.functional.pairwise_distance``."""
    return _layer("pairwise_distance")(x1, x2, p, eps, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """``nn.functional.pdist``."""
    return _layer("pdist")(input, p)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``nn.functional.bilinear``."""
    return _layer("bilinear")(input1, input2, weight, bias)


def constant_pad_nd(input: Tensor, pad: Any, value: float = 0) -> Tensor:
    """``nn.functional.pad`` with a constant."""
    return _layer("pad")(input, pad, "constant", value)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """``conv1d`` of an input (length, batch, channels) with a weight (kernel, in channels, out channels)."""
    made: Tensor = _layer("conv1d")(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return made.permute(2, 0, 1)  # type: ignore[no-any-return]


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """``nn.functional.embedding``: the table comes first here, and -1 stands for no padding index."""
    padding = None if padding_idx < 0 else padding_idx
    return _layer("embedding")(indices, weight, padding, None, 2.0, scale_grad_by_freq, sparse)


# --- losses ----------------------------------------------------------------------------------------------------------


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Any = None, pos_weight: Any = None, reduction: int = 1
) -> Tensor:
    """``nn.functional.binary_cross_entropy_with_logits``."""
    how = REDUCTIONS[reduction]
    return _layer("binary_cross_entropy_with_logits")(input, target, weight, reduction=how, pos_weight=pos_weight)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    """``nn.functional.cosine_embedding_loss``."""
    return _layer("cosine_embedding_loss")(input1, input2, target, margin, reduction=REDUCTIONS[reduction])


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: int = 1,
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """``nn.functional.ctc_loss``."""
    how = REDUCTIONS[reduction]
    return _layer("ctc_loss")(log_probs, targets, input_lengths, target_lengths, blank, how, zero_infinity)


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 1) -> Tensor:
    """``nn.functional.hinge_embedding_loss``."""
    return _layer("hinge_embedding_loss")(input, target, margin, reduction=REDUCTIONS[reduction])


def kl_div(input: Tensor, target: Tensor, reduction: int = 1, *, log_target: bool = False) -> Tensor:
    """``nn.functional.kl_div``."""
    return _layer("kl_div")(input, target, reduction=REDUCTIONS[reduction], log_target=log_target)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    """``nn.functional.margin_ranking_loss``."""
    return _layer("margin_ranking_loss")(input1, input2, target, margin, reduction=REDUCTIONS[reduction])


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """``nn.functional.poisson_nll_loss``."""
    how = REDUCTIONS[reduction]
    return _layer("poisson_nll_loss")(input, target, log_input, full, eps=eps, reduction=how)


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6,
    swap: bool = False, reduction: int = 1,
) -> Tensor:  # fmt: skip
    """``nn.functional.triplet_margin_loss``."""
    how = REDUCTIONS[reduction]
    return _layer("triplet_margin_loss")(anchor, positive, negative, margin, p, eps, swap, reduction=how)
