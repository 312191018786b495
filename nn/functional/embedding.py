"""Rows of a table, looked up by number."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd.ops.arrange import embedding as lookup
from autograd.tensor import Tensor, wrap
from autograd.views import stamp

__all__ = ["embedding", "embedding_bag", "one_hot"]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Any:
    """A row of zeros with a single one for each class number; int64, of shape [*, num_classes].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html

    >>> import autograd
    >>> one_hot(autograd.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    numbers = tensor.array
    if numbers.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, not {tensor.dtype}. Use .long()"
        )
    if numbers.size == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if numbers.size and numbers.min() < 0:
        raise RuntimeError(f"Class values must be non-negative, found {numbers.min()}")
    if num_classes == -1:
        num_classes = int(numbers.max()) + 1
    elif numbers.size and numbers.max() >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: found {numbers.max()} with {num_classes} classes"
        )
    made = np.zeros((numbers.size, num_classes), np.int64)
    made[np.arange(numbers.size), numbers.reshape(-1)] = 1
    return wrap(made.reshape(*numbers.shape, num_classes))


def _padding_row(padding_idx: int | None, rows: int) -> int:
    if padding_idx is None:
        return -1
    if not -rows <= padding_idx < rows:
        raise AssertionError(f"Padding_idx must be within num_embeddings: {padding_idx} with {rows}")
    return padding_idx % rows


def _check_index(index: Tensor, weight: Tensor) -> Any:
    if not isinstance(index, Tensor):
        raise TypeError(f"embedding(): argument 'indices' (position 2) must be Tensor, not {type(index).__name__}")
    numbers = index.array
    if numbers.dtype.kind not in "iu" or numbers.dtype.itemsize < 4:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{index.dtype} instead (while checking arguments for embedding). Use .long()"
        )
    rows = weight.shape[0]
    if numbers.size and (numbers.min() < 0 or numbers.max() >= rows):
        raise IndexError(
            f"index out of range in self: the table has {rows} rows, and the indices lie between {numbers.min()} and "
            f"{numbers.max()}. Make num_embeddings larger than the largest index"
        )
    return numbers


def _renormalize(weight: Tensor, numbers: Any, max_norm: float, norm_type: float) -> None:
    """Shrink the rows that are looked up to the norm ``max_norm``, in place."""
    used = np.unique(numbers)
    rows = weight.array[used]
    norms = np.linalg.norm(rows, norm_type, axis=1, keepdims=True)
    weight.array[used] = np.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)
    stamp(weight.array, "embedding_renorm_")


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of ``weight`` [V, D] whose numbers ``input`` [*] gives: [*, D].

    The row ``padding_idx`` gets no gradient; rows longer than ``max_norm`` are shrunk, in place; ``scale_grad_by_freq``
    divides the gradient of a row by how often it occurs. Gradients are always dense here; ``sparse`` notes on ``weight``
    that ``optim.SparseAdam`` may take their rows of zeros for rows that were not looked up. Raises IndexError for a number that is not there.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html

    >>> import autograd
    >>> embedding(autograd.tensor([1, 0, 1]), autograd.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    if weight.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, it has shape {list(weight.shape)}")
    padding = _padding_row(padding_idx, weight.shape[0])
    numbers = _check_index(input, weight)
    if max_norm is not None:
        _renormalize(weight, numbers, max_norm, norm_type)
    if sparse:
        weight.__dict__["by_rows"] = True
    rows = lookup(weight, numbers, padding)
    if scale_grad_by_freq:
        rows = _rarely(rows, numbers)
    return rows


def _rarely(rows: Any, numbers: Any) -> Any:
    """The same values; the gradient of each divided by the number of times that its row occurs."""
    counts = np.bincount(numbers.reshape(-1))[numbers][..., None].astype(rows.array.dtype)
    scaled = rows / wrap(counts)
    return scaled + (rows - scaled).detach()


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """Sums, means or maxima of rows of ``weight`` [V, D] over bags: [B, D].

    ``input`` is [B, N], a bag a row, or [L] with the beginnings of the bags in ``offsets`` [B].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html

    >>> import autograd
    >>> embedding_bag(autograd.tensor([[0, 1], [1, 1]]), autograd.tensor([[1.0, 2.0], [3.0, 4.0]]), mode="sum")
    tensor([[4., 6.],
            [6., 8.]])
    """
    if per_sample_weights is not None and tuple(input.shape) != tuple(per_sample_weights.shape):
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(per_sample_weights.shape)}) is not None, then it must have "
            f"the same shape as the input ({list(input.shape)})"
        )
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, not {mode!r}")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}'). Please open a feature request on GitHub."
        )
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    bags, starts = _bags(input, offsets, include_last_offset)
    padding = _padding_row(padding_idx, weight.shape[0])
    numbers = _check_index(input, weight).reshape(-1)
    if max_norm is not None:
        _renormalize(weight, numbers, max_norm, norm_type)
    used = numbers != padding
    rows = lookup(weight, numbers, padding)
    if scale_grad_by_freq:
        rows = _rarely(rows, numbers)
    if mode == "max":
        return _largest(rows, bags, starts, used)
    if per_sample_weights is not None:
        if per_sample_weights.dtype != weight.dtype:
            raise RuntimeError(
                f"expected per_sample_weights of dtype {weight.dtype}, the table's, got {per_sample_weights.dtype}"
            )
        rows = rows * per_sample_weights.reshape(-1, 1)
    if padding >= 0:
        rows = rows * wrap(used[:, None].astype(weight.array.dtype))
    empty = autograd.zeros(starts, weight.shape[1], dtype=weight.dtype)
    total = empty.index_add(0, wrap(bags), rows) if numbers.size else empty + rows.sum() * 0
    if mode == "sum":
        return total
    counts = np.maximum(np.bincount(bags[used], minlength=starts), 1).astype(weight.array.dtype)
    return total / wrap(counts[:, None])


def _bags(input: Tensor, offsets: Any, include_last_offset: bool) -> tuple[Any, int]:
    """Which bag each element is in, and how many bags there are."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        return np.repeat(np.arange(input.shape[0]), input.shape[1]), input.shape[0]
    if input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    first = offsets.array
    if first.size and first[0] != 0:
        raise ValueError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
            f"However, got {first[0]}"
        )
    if first.size and first[-1] > input.shape[0]:
        raise ValueError(
            f"offsets[-1] can not be greater than input's length {input.shape[0]} but got offsets[-1] of {first[-1]}"
        )
    ends = first[1:] if include_last_offset else np.append(first[1:], input.shape[0])
    sizes = ends - (first[:-1] if include_last_offset else first)
    return np.repeat(np.arange(len(sizes)), sizes), len(sizes)


def _largest(rows: Any, bags: Any, count: int, used: Any) -> Any:
    values = rows.array
    places = np.zeros((count, values.shape[1]), np.int64)
    filled = np.zeros((count, 1), values.dtype)
    for bag in np.unique(bags[used]):
        inside = np.flatnonzero((bags == bag) & used)
        places[bag] = inside[values[inside].argmax(0)]
        filled[bag] = 1
    if not len(values):
        return autograd.zeros(count, values.shape[1], dtype=rows.dtype) + rows.sum() * 0
    return rows.gather(0, wrap(places)) * wrap(filled)
