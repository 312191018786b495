"""What happens inside ``autocast``: which operations compute in low precision, and which in float32.

Every operation's function of arrays is called through ``mode.now.quietly`` (``graph.py``). ``autocast`` puts a caster in
its place: arrays of a matrix product or a convolution are rounded to the low precision, the products are summed in
float32, as processors do that have instructions for it, and the result is rounded; arrays of a loss are widened to
float32. What is recorded are the arrays that the program had, so gradients are not rounded on the way and have the
dtypes of their parameters.

Source: https://docs.pytorch.org/docs/stable/amp.html#cpu-op-specific-behavior
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import call_function
from ..operation import LIFTED

__all__ = ["Caster"]

_LOW = {
    "convolution", "convolution_input", "linear", "matmul", "prelu", "recurrence", "scaled_dot_product_attention",
}  # fmt: skip
_FLOAT32 = {
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cdist", "grid_sampler", "linalg_cholesky",
    "linalg_det", "linalg_eig", "linalg_eigh", "linalg_inv", "linalg_lu", "linalg_matrix_exp", "linalg_pinv",
    "linalg_qr", "linalg_slogdet", "linalg_solve", "linalg_svd", "linalg_svdvals", "mse_loss", "nll_loss", "prod",
    "smooth_l1", "soft_cross_entropy", "softmax_cross_entropy",
}  # fmt: skip

Array = np.ndarray[Any, Any]


@functools.cache
def _rules() -> dict[Any, Any]:
    """For the functions of the operations in the two lists, those operations."""
    found = {}
    for op in LIFTED:
        if op.name in _LOW or op.name in _FLOAT32:
            found[op.function] = found[op.large_function] = op
    return found


class Caster:
    """Stands in for ``mode.now.quietly`` (which is ``run``) while autocast is on in a thread."""

    def __init__(self, run: Callable[..., Any], dtype: Any) -> None:
        self.run, self.dtype = run, np.dtype(dtype)

    def __call__(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        op = _rules().get(args[0] if function is call_function else function)
        if op is None:
            return self.run(function, *args, **kwargs)
        gru = any(type(a) is str and a == "GRU" for a in args)  # for which PyTorch has no kernel in low precision
        if op.name in _FLOAT32 or gru:
            return self.run(function, *_walk(self._widened, args), **kwargs)
        made = self.run(function, *_walk(self._rounded, args), **kwargs)
        if op.residual is None:
            return _walk(self._narrowed, made)
        y, r = made  # what the formulas need stays as it is
        return _walk(self._narrowed, y), r

    def _eligible(self, array: Array) -> bool:
        return array.dtype == np.float32 or (array.dtype.itemsize == 2 and array.dtype.kind in "fV")

    def _rounded(self, array: Array) -> Array:
        """To the low precision, in float32."""
        return array.astype(self.dtype, copy=False).astype(np.float32) if self._eligible(array) else array

    def _widened(self, array: Array) -> Array:
        return array.astype(np.float32) if array.dtype.itemsize == 2 and array.dtype.kind in "fV" else array

    def _narrowed(self, array: Array) -> Array:
        return array.astype(self.dtype) if array.dtype == np.float32 else array


def _walk(cast: Callable[[Array], Array], value: Any) -> Any:
    """``value`` with its arrays cast, in tuples and lists too."""
    if isinstance(value, np.ndarray):
        return cast(value)
    if type(value) in (tuple, list):
        return type(value)(_walk(cast, v) for v in value)
    return value
