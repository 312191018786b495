"""Gradients held within bounds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.tensor import Tensor, wrap
from autograd.views import stamp

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _listed(parameters: Any, name: str) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        return [parameters]
    found = list(parameters)
    if not found:
        warnings.warn(f"`parameters` is an empty generator, no gradient clipping will occur in {name}.", stacklevel=3)
    return found


def _norm(values: Any, p: float) -> Any:
    """The p-norm of all elements, in their dtype."""
    flat = values.reshape(-1)
    if p == 2.0 and flat.dtype.kind == "f":
        return np.sqrt(np.dot(flat, flat))
    sizes = np.abs(flat)
    if p == math.inf:
        return sizes.max(initial=0)
    if p == -math.inf:
        return sizes.min(initial=math.inf)
    return np.count_nonzero(sizes) if p == 0 else (sizes**p).sum() ** (1 / p)


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of several tensors, as if they were one vector.

    Raises RuntimeError with ``error_if_nonfinite`` if it is infinite or nan.

    >>> import autograd
    >>> get_total_norm([autograd.tensor([3.0]), autograd.tensor([4.0])])
    tensor(5.)
    """
    arrays = [t.array for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    p = float(norm_type)
    if not arrays:
        return wrap(np.zeros((), np.float32))
    kind = arrays[0].real.dtype
    total = _norm(np.array([_norm(a, p) for a in arrays], kind), p)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
            "disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return wrap(np.asarray(total, kind))


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale all gradients, in place, so that their norm, which is ``total_norm``, becomes at most ``max_norm``.

    >>> import autograd, nn
    >>> w = nn.Parameter(autograd.tensor([1.0, 2.0]))
    >>> (w * autograd.tensor([3.0, 4.0])).sum().backward()
    >>> clip_grads_with_norm_([w], 1.0, get_total_norm([w.grad]))
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    total = total_norm.array
    factor = total.dtype.type(max_norm) / (total + total.dtype.type(1e-6))
    if factor >= 1:
        return
    for p in _listed(parameters, "clip_grads_with_norm_"):
        if p.grad is not None:
            p.grad.array *= factor.astype(p.grad.array.dtype) if hasattr(factor, "astype") else factor
            stamp(p.grad.array, "clip_grad_norm_")


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of all parameters, in place, so that their common norm is at most ``max_norm``.

    Returns the norm before. ``foreach`` chooses between PyTorch's implementations and means nothing here.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> import autograd
    >>> w = autograd.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> clip_grad_norm_([w], max_norm=1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    params = _listed(parameters, "clip_grad_norm_")
    total = get_total_norm([p.grad for p in params if p.grad is not None], norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(params, max_norm, total, foreach)
    return total


clip_grad_norm = clip_grad_norm_
"""The old name."""


def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None) -> None:
    """Cut all elements of the gradients off at ``-clip_value`` and ``clip_value``, in place.

    >>> import autograd, nn
    >>> w = nn.Parameter(autograd.tensor([1.0, 2.0]))
    >>> (w * autograd.tensor([0.1, -5.0])).sum().backward()
    >>> clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 0.1000, -1.0000])
    """
    bound = float(clip_value)
    for p in _listed(parameters, "clip_grad_value_"):
        if p.grad is not None:
            np.clip(p.grad.array, -bound, bound, out=p.grad.array)
            stamp(p.grad.array, "clip_grad_value_")
