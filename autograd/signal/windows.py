"""``torch.signal.windows``: weights that taper a stretch of signal.

``M`` is the number of points. ``sym=True`` gives a symmetric window (for filters), ``sym=False`` a periodic one (for
spectra): the first ``M`` points of the symmetric window with one more.

Source: https://docs.pytorch.org/docs/stable/signal.html

>>> import autograd
>>> autograd.signal.windows.hann(5)
tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import dtypes
from ..tensor import Tensor, wrap

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann",
    "kaiser", "nuttall",
]  # fmt: skip


def _window(
    name: str, M: int, shape: Callable[[Any, int], Any], sym: bool, dtype: Any, layout: Any, device: Any, grad: bool
) -> Tensor:
    """The window whose value at point ``k`` of ``n`` is ``shape(k, n)``. Checks what all of them check."""
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not None and "strided" not in str(layout):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    wanted = dtypes.as_numpy(dtype) if dtype is not None else dtypes.default_float()
    if wanted not in (np.float32, np.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtypes.of(wanted)}")
    n = M if sym else M + 1
    with np.errstate(all="ignore"):
        values = np.ones(M) if M <= 1 else shape(np.arange(M, dtype=np.float64), n)
    made = wrap(np.asarray(values, wanted))
    return made.requires_grad_() if grad else made


def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A sum of cosines with the weights ``a``, of alternating sign.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.general_cosine.html

    >>> import autograd
    >>> general_cosine(5, a=[0.5, 0.3, 0.2])
    tensor([0.4000, 0.3000, 1.0000, 0.3000, 0.4000])
    """
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")

    def shape(k: Any, n: int) -> Any:
        total = np.zeros(len(k))
        for i, weight in enumerate(weights):
            total += (-1) ** i * weight * np.cos(2 * math.pi * i * k / (n - 1))
        return total

    return _window("general_cosine", M, shape, sym, dtype, layout, device, requires_grad)


def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``alpha - (1 - alpha) cos(2 pi k / (n - 1))``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.general_hamming.html

    >>> import autograd
    >>> general_hamming(5, alpha=0.6)
    tensor([0.2000, 0.6000, 1.0000, 0.6000, 0.2000])
    """
    return general_cosine(
        M, a=[alpha, 1 - alpha], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def hamming(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Hamming window: the general one with ``alpha = 0.54``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.hamming.html

    >>> import autograd
    >>> hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Hann window: a raised cosine that reaches 0 at the ends.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.hann.html

    >>> import autograd
    >>> hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def blackman(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The Blackman window: three cosines.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.blackman.html

    >>> import autograd
    >>> blackman(7)[1:-1]
    tensor([0.1300, 0.6300, 1.0000, 0.6300, 0.1300])
    """
    return general_cosine(
        M, a=[0.42, 0.5, 0.08], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def nuttall(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Nuttall's minimum 4-term window.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.nuttall.html

    >>> import autograd
    >>> nuttall(5)[1:-1]
    tensor([0.2270, 1.0000, 0.2270])
    """
    return general_cosine(
        M,
        a=[0.3635819, 0.4891775, 0.1365995, 0.0106411],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A triangle that reaches 0 at the ends.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.bartlett.html

    >>> import autograd
    >>> bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """

    def shape(k: Any, n: int) -> Any:
        return 1 - np.abs(2 * k / (n - 1) - 1)

    return _window("bartlett", M, shape, sym, dtype, layout, device, requires_grad)


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Half a wave of a sine.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.cosine.html

    >>> import autograd
    >>> cosine(5)
    tensor([0.3090, 0.8090, 1.0000, 0.8090, 0.3090])
    """

    def shape(k: Any, n: int) -> Any:
        return np.sin(math.pi * (k + 0.5) / n)

    return _window("cosine", M, shape, sym, dtype, layout, device, requires_grad)


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``exp(-|k - center| / tau)``; a center can be given for periodic windows only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.exponential.html

    >>> import autograd
    >>> exponential(5, tau=2.0)
    tensor([0.3679, 0.6065, 1.0000, 0.6065, 0.3679])
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def shape(k: Any, n: int) -> Any:
        return np.exp(-np.abs(k - ((n - 1) / 2 if center is None else center)) / tau)

    return _window("exponential", M, shape, sym, dtype, layout, device, requires_grad)


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A bell curve of standard deviation ``std`` points.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.gaussian.html

    >>> import autograd
    >>> gaussian(5, std=1.0)
    tensor([0.1353, 0.6065, 1.0000, 0.6065, 0.1353])
    """
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def shape(k: Any, n: int) -> Any:
        return np.exp(-0.5 * ((k - (n - 1) / 2) / std) ** 2)

    return _window("gaussian", M, shape, sym, dtype, layout, device, requires_grad)


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Kaiser window; a larger ``beta`` makes it narrower.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.kaiser.html

    >>> import autograd
    >>> kaiser(5, beta=3.0)
    tensor([0.2049, 0.7269, 1.0000, 0.7269, 0.2049])
    """
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def shape(k: Any, n: int) -> Any:
        return np.i0(beta * np.sqrt(np.maximum(1 - (2 * k / (n - 1) - 1) ** 2, 0))) / np.i0(beta)

    return _window("kaiser", M, shape, sym, dtype, layout, device, requires_grad)
