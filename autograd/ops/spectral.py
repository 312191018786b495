"""The short-time Fourier transform and its inverse, composed of windows, products and transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import wrap
from .arrange import border, frame
from .shape import reshape_to
from .strides import sum_windows, unfold

__all__ = ["istft", "stft"]


def _window(window: Any, length: int, n_fft: int, like: Any, name: str) -> Any:
    """The window (ones if there is none) with zeros on both sides, ``n_fft`` long."""
    if not 0 < length <= n_fft:
        raise RuntimeError(f"{name}: expected 0 < win_length <= n_fft ({n_fft}), but got win_length={length}")
    if window is None:
        window = wrap(np.ones(length, like.array.real.dtype))
    if window.ndim != 1 or window.shape[0] != length:
        raise RuntimeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={length}, but got window with size"
            f" {list(window.shape)}"
        )
    before = (n_fft - length) // 2
    return window if length == n_fft else border(window, ((before, n_fft - length - before),), 0)


def stft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """The spectra of overlapping windows of a signal: (..., frequencies, windows).

    Args:
        input: a signal (L) or a batch of them (B, L).
        n_fft: the points of each transform.
        hop_length: the distance of two windows; ``n_fft // 4`` by default.
        center: pad the signal so that window t is centred on ``t * hop_length``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.stft.html
    """
    from .complex import view_as_real
    from .fft import fft, rfft

    hop = n_fft // 4 if hop_length is None else hop_length
    window = _window(window, n_fft if win_length is None else win_length, n_fft, input, "stft")
    many = input.is_complex() or window.is_complex()
    if return_complex is None and not many:
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs. Pass return_complex=True"
        )
    if align_to_window is not None and center:
        raise RuntimeError("stft: align_to_window should only be set when center = false")
    if input.ndim not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, but got {input.ndim}D of shape {list(input.shape)}")
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    x = input if input.ndim == 2 else reshape_to(input, (1, input.shape[0]))
    if center:
        widths = ((0, 0), (n_fft // 2, n_fft // 2))
        x = border(x, widths, 0) if pad_mode == "constant" else frame(x, widths, pad_mode)
    if not 0 < n_fft <= x.shape[1]:
        raise RuntimeError(f"stft: expected 0 < n_fft < {x.shape[1]}, but got n_fft={n_fft}")
    half = (not many) if onesided is None else onesided
    if half and many:
        raise RuntimeError("Cannot have onesided output if window or input is complex. Pass onesided=False")
    pieces = unfold(x, 1, n_fft, hop) * window
    norm = "ortho" if normalized else None
    made = (rfft(pieces, norm=norm) if half else fft(pieces, norm=norm)).transpose(1, 2)
    made = made if input.ndim == 2 else made.squeeze(0)
    return made if return_complex or (return_complex is None and many) else view_as_real(made)


def istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The signal whose ``stft`` comes closest to ``input``: windows are added up and the window's own sum divided out.

    Raises RuntimeError where the windows leave a place of the signal uncovered.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.istft.html
    """
    from .fft import ifft, irfft

    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if input.ndim not in (2, 3) or input.array.size == 0:
        raise RuntimeError(f"istft: expected a tensor with 2 or 3 non-empty dimensions, but got {list(input.shape)}")
    hop = n_fft // 4 if hop_length is None else hop_length
    half = input.shape[-2] != n_fft if onesided is None else onesided
    if input.shape[-2] != (n_fft // 2 + 1 if half else n_fft):
        raise RuntimeError(
            f"istft: n_fft={n_fft} does not match the frequency dimension of the input, {input.shape[-2]}"
        )
    if half and return_complex:
        raise RuntimeError("istft: cannot have onesided input if return_complex is set")
    window = _window(window, n_fft if win_length is None else win_length, n_fft, input, "istft")
    if window.is_complex() and not return_complex:
        raise RuntimeError("istft: complex windows are incompatible with return_complex=False")
    norm = "ortho" if normalized else None
    spectra = (input if input.ndim == 3 else input.unsqueeze(0)).transpose(1, 2)
    if return_complex:
        pieces = ifft(spectra, norm=norm)
    else:  # of a whole spectrum, PyTorch reads the first half
        pieces = irfft(spectra[..., : n_fft // 2 + 1], n=n_fft, norm=norm)
    count = spectra.shape[1]
    total = n_fft + hop * (count - 1)
    signal = sum_windows(pieces * window, (spectra.shape[0], total), 1, n_fft, hop)
    weights = sum_windows((window * window).expand(1, count, n_fft), (1, total), 1, n_fft, hop)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - start if center else total
    kept = slice(start, min(end, total))
    signal, weights = signal[:, kept], weights[:, kept]
    if weights.array.size and np.abs(weights.array).min() < 1e-11:
        raise RuntimeError(
            f"window overlap add min: {np.abs(weights.array).min()} - some places are covered by no window (NOLA)"
        )
    made = signal / weights
    if end > total:
        made = border(made, ((0, 0), (0, end - total)), 0)
    return made if input.ndim == 3 else made.squeeze(0)
