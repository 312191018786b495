"""The affine map of a layer, and its bilinear sister: a product with a matrix, and a bias, as one operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import threads
from ..fast import twin
from ..lift import bilinear, lift
from .linalg import SMALLEST_PRODUCT, large_product, product

__all__ = []  # fmt: skip


def _linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias``: [..., in] with [out, in] and [out] gives [..., out].

    Raises RuntimeError for shapes or dtypes that don't fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    >>> import autograd
    >>> linear(autograd.tensor([1.0, 2.0]), autograd.tensor([[1.0, 1.0], [0.0, 3.0]]), autograd.tensor([0.5, 0.0]))
    tensor([3.5000, 6.0000])
    """
    try:
        if input.ndim == 2:
            y = _affine(input, weight, bias)
        else:
            y = _affine(input.reshape(-1, input.shape[-1]), weight, bias).reshape(input.shape[:-1] + weight.shape[:-1])
    except (ValueError, TypeError, IndexError, AttributeError):  # TypeError: adding a bias of a wider dtype in place
        raise _misfit(input, weight, bias) from None
    if y.dtype != input.dtype or y.dtype != weight.dtype:
        raise _misfit(input, weight, bias)
    return y


def _large(rows: Any, weight: Any, bias: Any) -> bool:
    return (
        rows.size * len(weight) >= SMALLEST_PRODUCT
        and weight.ndim == 2
        and large_product(rows, weight.T)
        and (bias is None or (bias.shape == weight.shape[:1] and bias.dtype is rows.dtype and bias.flags.c_contiguous))
    )


@twin("products.affine", when=_large)
def _affine(rows: Any, weight: Any, bias: Any) -> Any:
    """``rows @ weight.T + bias``. A few dozen rows go four at a time: BLAS has a faster kernel for small products."""
    n = len(rows)
    if 16 <= n <= 48 and n % 4 == 0 and n * weight.size > 1_000_000 and weight.ndim == 2 and rows.dtype.itemsize > 2:
        y = (rows.reshape(n // 4, 4, -1) @ weight.T).reshape(n, -1)
    else:
        y = threads.matmul(rows, weight.T) if rows.dtype.itemsize > 2 else _matmul(rows, weight.T)
    if bias is not None:
        y += bias
    return y


def _matmul(a: Any, b: Any) -> Any:
    """``a @ b``; numbers of two bytes, for which there is no BLAS, are summed in float32."""
    if a.dtype.itemsize == 2 and a.dtype == b.dtype:
        return (a.astype(np.float32) @ b.astype(np.float32)).astype(a.dtype)
    return product(a, b)


def _misfit(input: Any, weight: Any, bias: Any) -> Exception:
    for name, array in (("input", input), ("weight", weight)):
        if not hasattr(array, "dtype"):
            return TypeError(f"linear(): argument '{name}' must be Tensor, not {type(array).__name__}")
    given = f"input {list(input.shape)} {input.dtype}, weight {list(weight.shape)} {weight.dtype}"
    if bias is not None:
        given += f", bias {list(bias.shape)} {bias.dtype}"
    if len({a.dtype for a in (input, weight, bias) if a is not None}) > 1:
        return RuntimeError(
            f"linear: mat1 and mat2 must have the same dtype, but got {given}. Convert the input with "
            ".to(weight.dtype), or the layer with .to(dtype)"
        )
    rows = int(np.prod(input.shape[:-1]))
    wide = input.shape[-1] if input.ndim else 1
    return RuntimeError(
        f"linear: mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1] if input.ndim else ''} and "
        f"{'x'.join(map(str, weight.T.shape))}): {given}. The last dimension of the input must be the last of the "
        f"weight: give the layer in_features={wide}, or the input another shape"
    )


linear = lift(
    _linear,
    kind="general",
    promote="none",
    name="linear",
    input=lambda g, weight: product(g, weight) if g.ndim == 2 and g.itemsize > 2 else _back(g, weight),  # type: ignore[has-type]
    weight=lambda g, input: product(g.mT, input) if g.ndim == 2 and g.itemsize > 2 else outer(g, input),  # type: ignore[has-type]
    bias=lambda g: _sum_of_rows(g) if g.ndim == 2 else g,
)


def _back(g: Any, weight: Any) -> Any:
    """The cotangent of the input, for any number of dimensions. After ``autocast`` g is narrower than the weight."""
    return linear(g, weight.mT) if g.itemsize == weight.itemsize else product(g, weight)


def _sum_of_rows(g: Any) -> Any:
    """The cotangent of a bias; many rows the engine adds up faster."""
    return g[0] if len(g) == 1 else g.sum(axis=0) if len(g) < 64 else g


outer = bilinear(
    lambda input, other: _matmul(input.reshape(-1, input.shape[-1]).T, other.reshape(-1, other.shape[-1])),
    promote="none",
    name="outer_sum",  # the sum over all leading positions of the outer products
    input=lambda g, other: linear(other, g),
    other=lambda g, input: linear(input, g.mT),
)
