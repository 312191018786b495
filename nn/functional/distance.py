"""Similarities, distances and norms."""

from __future__ import annotations

from typing import Any

import autograd
from autograd.tensor import Tensor

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def _norm(x: Any, p: float, dim: int, keepdim: bool) -> Any:
    """The p-norm along one dimension, whose gradient at zero is zero."""
    return autograd.linalg.vector_norm(x, p, dim, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Any:
    """``x1 . x2 / (max(|x1|, eps) * max(|x2|, eps))`` along ``dim``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html

    >>> import autograd
    >>> cosine_similarity(autograd.tensor([[3.0, 4.0]]), autograd.tensor([[4.0, 3.0]]))
    tensor([0.9600])
    """
    x1, x2 = autograd.broadcast_tensors(x1, x2)
    first = autograd.clamp(_norm(x1, 2, dim, True), min=eps)
    second = autograd.clamp(_norm(x2, 2, dim, True), min=eps)
    return ((x1 / first) * (x2 / second)).sum(dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The p-norm of ``x1 - x2 + eps`` along the last dimension.

    >>> import autograd
    >>> pairwise_distance(autograd.tensor([[3.0, 4.0]]), autograd.tensor([[0.0, 0.0]]))
    tensor([5.0000])
    """
    return _norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2) -> Any:
    """The distances between all pairs of rows of a matrix, as a vector: those of rows 0 and 1, 0 and 2, ...

    >>> import autograd
    >>> pdist(autograd.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    rows, others = autograd.triu_indices(input.shape[0], input.shape[0], 1)
    return _norm(input[rows] - input[others], p, 1, False)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Any:
    """``input / max(|input|_p, eps)`` along ``dim``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html

    >>> import autograd
    >>> normalize(autograd.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return autograd.div(input, autograd.clamp(_norm(input, p, dim, True), min=eps), out=out)
