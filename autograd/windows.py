"""Window functions for spectra, by their old names, and two small makers of tensors.

Source: https://docs.pytorch.org/docs/stable/torch.html#spectral-ops
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .creation import finish, float_or
from .layouts import strided
from .tensor import Tensor, wrap

__all__ = [
    "bartlett_window",
    "blackman_window",
    "hamming_window",
    "hann_window",
    "kaiser_window",
    "unravel_index",
    "vander",
]


def _window(make: Any, length: int, periodic: bool, dtype: Any, layout: Any, device: Any, grad: bool) -> Tensor:
    """A symmetric window of NumPy's; a periodic one is a symmetric one of one more, without its last element."""
    if length < 0:
        raise RuntimeError(f"a window requires non-negative window_length, got {length}")
    made = make(length + 1)[:-1] if periodic and length > 1 else make(length)
    return finish(made.astype(float_or(dtype)), grad, device, layout)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Hann window.

    >>> hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(np.hanning, window_length, periodic, dtype, layout, device, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
    layout: Any = strided, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Hamming window ``alpha - beta cos``."""

    def make(n: int) -> Any:
        return alpha - beta * np.cos(2 * np.pi * np.arange(n) / max(n - 1, 1)) if n != 1 else np.ones(1)

    return _window(make, window_length, periodic, dtype, layout, device, requires_grad)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Blackman window."""
    return _window(
        lambda n: np.maximum(np.blackman(n), 0), window_length, periodic, dtype, layout, device, requires_grad
    )


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The triangular window."""
    return _window(np.bartlett, window_length, periodic, dtype, layout, device, requires_grad)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, layout: Any = strided,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Kaiser window."""
    return _window(lambda n: np.kaiser(n, beta), window_length, periodic, dtype, layout, device, requires_grad)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element, in columns: from the highest down, or ``increasing``.

    >>> from .creation import tensor
    >>> vander(tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    from .ops import FUNCTIONS

    count = x.shape[0] if N is None else N
    ones = wrap(np.ones_like(x.array))
    powers = [ones]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    if count == 0:
        return wrap(np.empty((x.shape[0], 0), x.array.dtype))
    return FUNCTIONS["stack"](powers if increasing else powers[::-1], -1)  # type: ignore[no-any-return]


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The coordinates, in a tensor of this shape, of places counted in order."""
    size = (shape,) if isinstance(shape, int) else tuple(shape)
    return tuple(wrap(np.asarray(a)) for a in np.unravel_index(indices.array, size))
