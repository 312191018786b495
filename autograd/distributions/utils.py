"""What programs use to write distributions of their own, under PyTorch's names.

Source: https://docs.pytorch.org/docs/stable/_modules/torch/distributions/utils.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import creation, random
from ..tensor import Tensor, wrap
from .distribution import broadcast_all, clamp_probs, lazy_property, logits_to_probs, probs_to_logits
from .transforms.base import sum_rightmost

__all__ = [
    "broadcast_all", "clamp_probs", "euler_constant", "lazy_property", "logits_to_probs", "probs_to_logits",
    "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip

euler_constant = 0.57721566490153286060
_sum_rightmost = sum_rightmost  # PyTorch's name, which programs import


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    """Normal numbers of mean 0 and variance 1."""
    return random.normal(creation.zeros(shape, dtype=dtype, device=device), 1.0)


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle, up to diagonal ``diag``, filled row by row with the last dimension; batched."""
    count = vec.shape[-1]
    n = round((-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * count + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2)
    rows, columns = (wrap(i) for i in np.tril_indices(n, diag))
    if rows.numel() != count:
        raise ValueError(f"a lower triangle can't have {count} elements: vec has shape {list(vec.shape)}")
    matrix = creation.zeros((*vec.shape[:-1], n, n), dtype=vec.dtype)
    matrix[..., rows, columns] = vec
    return matrix


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The elements of the lower triangle, up to diagonal ``diag``, row by row; batched."""
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = (wrap(i) for i in np.tril_indices(n, diag))
    taken: Tensor = mat[..., rows, columns]
    return taken
