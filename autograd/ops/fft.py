"""Discrete Fourier transforms. Three operations, each along one or more dimensions, carry all of ``torch.fft``:

    c2c  complex to complex; its matrix is symmetric, so it is its own transpose
    r2c  real to the first half of the (Hermitian) spectrum
    c2r  half a spectrum to a real signal

Lengths are padded with zeros or cut before the transform. NumPy keeps single precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..creation import finish
from ..lift import lift, write_out
from ..memory import in_order
from ..tensor import Tensor, normal_dim
from .copies import roll_by
from .indexing import overwrite
from .shape import cast

# --- the three operations ------------------------------------------------------------------------------------------

_SWAPPED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _c2c(input: Any, dims: Any, norm: Any, inverse: bool) -> Any:
    return in_order((np.fft.ifftn if inverse else np.fft.fftn)(input, axes=dims, norm=norm))


c2c: Any = lift(_c2c, kind="linear", name="fft_c2c", input=lambda g, dims, norm, inverse: c2c(g, dims, norm, inverse))


def _r2c_back(g: Any, like: Any, dim: int, norm: str) -> Any:
    full = sized(g, (like.shape[dim],), (dim,))
    return c2c(full, (dim,), _SWAPPED[norm], True).real


def _c2r_back(g: Any, like: Any, dim: int, norm: str) -> Any:
    half = r2c(g, dim, _SWAPPED[norm])
    weights = np.ones(half.shape[dim], np.dtype(g.dtype))
    weights[1 : 1 + g.shape[dim] - half.shape[dim]] = 2  # these stand for their mirror images too
    return half * weights.reshape([-1 if i == dim else 1 for i in range(len(half.shape))])


r2c: Any = lift(
    lambda input, dim, norm: in_order(np.fft.rfft(input, axis=dim, norm=norm)),
    kind="linear",
    name="fft_r2c",
    holomorphic=False,
    input=_r2c_back,
)
c2r: Any = lift(
    lambda input, dim, norm, n: in_order(np.fft.irfft(input, n, axis=dim, norm=norm)),
    kind="linear",
    name="fft_c2r",
    holomorphic=False,
    input=_c2r_back,
)


def sized(x: Any, sizes: Sequence[int], dims: Sequence[int]) -> Any:
    """``x`` cut, or padded with zeros at the end, to these lengths; arrays and Tensors."""
    have = tuple(x.shape)
    cut = [slice(None)] * len(have)
    wanted = list(have)
    for n, d in zip(sizes, dims, strict=True):
        cut[d] = slice(0, min(n, have[d]))
        wanted[d] = n
    if any(s.stop is not None and s.stop < n for s, n in zip(cut, have, strict=True)):
        x = x[tuple(cut)]
    if tuple(x.shape) == tuple(wanted):
        return x
    return overwrite(np.zeros(wanted, np.dtype(x.dtype)), x, tuple([slice(0, n) for n in x.shape]), (), None)


# --- reading the arguments -----------------------------------------------------------------------------------------


def _norm(norm: str | None) -> str:
    if norm not in (None, "backward", "ortho", "forward"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}". Use "backward", "ortho" or "forward"')
    return norm or "backward"


def _floating(input: Tensor) -> Tensor:
    if input.array.dtype.kind in "biu":
        return cast(input, dtypes.default_float())  # type: ignore[no-any-return]
    if input.array.dtype.kind not in "fc" or input.array.dtype == np.float16:
        raise RuntimeError(f"Unsupported dtype {input.dtype}: convert to float32 first")
    return input


def _as_complex(input: Tensor) -> Tensor:
    input = _floating(input)
    if input.array.dtype.kind == "c":
        return input
    return cast(input, np.result_type(input.array.dtype, np.complex64))  # type: ignore[no-any-return]


def _real(input: Tensor, name: str) -> Tensor:
    if input.is_complex():
        raise RuntimeError(f"{name} expects a real input tensor, but got {input.dtype}")
    return _floating(input)


def _axes(input: Tensor, s: Any, dim: Any, name: str, given: Any = None) -> tuple[list[int], list[int]]:
    """The lengths (of the signal) and the dimensions of a transform over several."""
    s = (s,) if isinstance(s, int) else s
    dim = (dim,) if isinstance(dim, int) else dim
    if dim is None:
        dims = list(range(input.ndim)) if s is None else list(range(input.ndim - len(s), input.ndim))
    else:
        dims = [normal_dim(d, input.ndim) for d in dim]
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"{name}: FFT dims must be unique: {tuple(dim)}")
    if s is not None and len(s) != len(dims):
        raise RuntimeError(
            f"{name}: When given, dim and shape arguments must have the same length: {tuple(dims)} and {tuple(s)}"
        )
    if dims and min(dims) < 0:
        raise RuntimeError(f"{name}: Got shape with {len(s)} values but input tensor only has {input.ndim} dimensions.")
    sizes = [input.shape[d] if s is None or s[i] == -1 else int(s[i]) for i, d in enumerate(dims)]
    for n, d in zip(sizes, dims, strict=True):
        if n < 1:
            raise RuntimeError(f"{name}: Invalid number of data points ({n}) specified for dimension {d}")
    return sizes, dims


def _given(made: Any, out: Any) -> Any:
    return made if out is None else write_out(out, made)


# --- complex transforms --------------------------------------------------------------------------------------------


def _whole(input: Tensor, s: Any, dim: Any, norm: str | None, inverse: bool, name: str, out: Any) -> Any:
    """The transform of all signals, complex to complex."""
    x, norm = _as_complex(input), _norm(norm)
    sizes, dims = _axes(input, s, dim, name)
    return _given(c2c(sized(x, sizes, dims), tuple(dims), norm, inverse) if dims else x.clone(), out)


def _half(input: Tensor, s: Any, dim: Any, norm: str | None, name: str) -> Any:
    """The half spectrum of real signals: r2c along the last dimension, c2c along the others."""
    x, norm = _real(input, name), _norm(norm)
    sizes, dims = _axes(input, s, dim, name)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    made = r2c(sized(x, sizes, dims), dims[-1], norm)
    return c2c(made, tuple(dims[:-1]), norm, False) if len(dims) > 1 else made


def _from_half(input: Tensor, s: Any, dim: Any, norm: str | None, name: str) -> Any:
    """The real signals of half spectra."""
    x, norm = _as_complex(input), _norm(norm)
    s = (s,) if isinstance(s, int) else s
    default = s is None or s[-1] == -1
    sizes, dims = _axes(input, s, dim, name)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    n = 2 * (input.shape[dims[-1]] - 1) if default else sizes[-1]
    if n < 1:
        raise RuntimeError(f"{name}: Invalid number of data points ({n}) specified for dimension {dims[-1]}")
    x = sized(x, [*sizes[:-1], n // 2 + 1], dims)
    if len(dims) > 1:
        x = c2c(x, tuple(dims[:-1]), norm, True)
    return c2r(x, dims[-1], norm, n)


def _one(dim: int, n: int | None) -> tuple[Any, Any]:
    return (None if n is None else (n,)), (dim,)


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The Fourier transform along ``dim``, of ``n`` points.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fft.html

    >>> import autograd
    >>> autograd.fft.fft(autograd.tensor([1.0, 0.0])).tolist()
    [(1+0j), (1+0j)]
    """
    return _whole(input, *_one(dim, n), norm, False, "fft", out)  # type: ignore[no-any-return]


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``fft``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ifft.html

    >>> import autograd
    >>> ifft(autograd.tensor([10.0, -2.0 + 2.0j, -2.0, -2.0 - 2.0j])).real
    tensor([1., 2., 3., 4.])
    """
    return _whole(input, *_one(dim, n), norm, True, "ifft", out)  # type: ignore[no-any-return]


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The first half of the spectrum of real signals.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.rfft.html

    >>> import autograd
    >>> rfft(autograd.tensor([0.0, 1.0, 2.0, 3.0]))
    tensor([ 6.+0.j, -2.+2.j, -2.+0.j])
    """
    return _given(_half(input, *_one(dim, n), norm, "rfft"), out)  # type: ignore[no-any-return]


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The real signals (of ``n`` points) of half spectra: the inverse of ``rfft``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.irfft.html

    >>> import autograd
    >>> irfft(autograd.tensor([6.0 + 0.0j, -2.0 + 2.0j, -2.0]))
    tensor([0., 1., 2., 3.])
    """
    return _given(_from_half(input, *_one(dim, n), norm, "irfft"), out)  # type: ignore[no-any-return]


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The (real) transform of half of a Hermitian signal.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.hfft.html

    >>> import autograd
    >>> hfft(autograd.tensor([1.0 + 0.0j, 2.0, 3.0]))
    tensor([ 8., -2.,  0., -2.])
    """
    return _given(_from_half(input.conj(), *_one(dim, n), _SWAPPED[_norm(norm)], "hfft"), out)  # type: ignore[no-any-return]


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None) -> Tensor:
    """Half of the inverse transform of a real signal: the inverse of ``hfft``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ihfft.html

    >>> import autograd
    >>> ihfft(autograd.ones(4)).real
    tensor([1., 0., 0.])
    """
    return _given(_half(input, *_one(dim, n), _SWAPPED[_norm(norm)], "ihfft").conj(), out)  # type: ignore[no-any-return]


def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The Fourier transform over several dimensions (by default all), of ``s`` points each.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fftn.html

    >>> import autograd
    >>> fftn(autograd.ones(2, 2, 2)).real.sum()
    tensor(8.)
    """
    return _whole(input, s, dim, norm, False, "fftn", out)  # type: ignore[no-any-return]


def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``fftn``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftn.html

    >>> import autograd
    >>> ifftn(autograd.ones(2, 2)).real
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _whole(input, s, dim, norm, True, "ifftn", out)  # type: ignore[no-any-return]


def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The half spectrum (along the last of the dimensions) of real signals.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.rfftn.html

    >>> import autograd
    >>> rfftn(autograd.ones(2, 3, 4)).shape
    torch.Size([2, 3, 3])
    """
    return _given(_half(input, s, dim, norm, "rfftn"), out)  # type: ignore[no-any-return]


def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``rfftn``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.irfftn.html

    >>> import autograd
    >>> irfftn(autograd.ones(2, 3) + 0j).shape
    torch.Size([2, 4])
    """
    return _given(_from_half(input, s, dim, norm, "irfftn"), out)  # type: ignore[no-any-return]


def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The (real) transform of half of a Hermitian signal, over several dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.hfftn.html

    >>> import autograd
    >>> hfftn(autograd.ones(2, 3) + 0j).shape
    torch.Size([2, 4])
    """
    return _given(_from_half(input.conj(), s, dim, _SWAPPED[_norm(norm)], "hfftn"), out)  # type: ignore[no-any-return]


def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None) -> Tensor:
    """The inverse of ``hfftn``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ihfftn.html

    >>> import autograd
    >>> ihfftn(autograd.ones(2, 4)).shape
    torch.Size([2, 3])
    """
    return _given(_half(input, s, dim, _SWAPPED[_norm(norm)], "ihfftn").conj(), out)  # type: ignore[no-any-return]


def _two(of: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    def call(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None) -> Tensor:
        return of(input, s, dim, norm, out=out)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"``{of.__name__}`` over two dimensions, by default the last."
    return call


fft2, ifft2, rfft2 = _two(fftn, "fft2"), _two(ifftn, "ifft2"), _two(rfftn, "rfft2")
irfft2, hfft2, ihfft2 = _two(irfftn, "irfft2"), _two(hfftn, "hfft2"), _two(ihfftn, "ihfft2")

# --- frequencies ---------------------------------------------------------------------------------------------------


def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of the places of an ``fft`` of ``n`` points, sampled every ``d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fftfreq.html

    >>> import autograd
    >>> fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return finish(
        np.fft.fftfreq(n, d).astype(dtypes.as_numpy(dtype) if dtype else dtypes.default_float()),
        requires_grad,
        device,
        layout,
        out,
    )


def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of the places of an ``rfft`` of ``n`` points, sampled every ``d``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.rfftfreq.html

    >>> import autograd
    >>> rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return finish(
        np.fft.rfftfreq(n, d).astype(dtypes.as_numpy(dtype) if dtype else dtypes.default_float()),
        requires_grad,
        device,
        layout,
        out,
    )


def _shifted(input: Tensor, dim: Any, back: bool) -> Tensor:
    dims = (
        range(input.ndim)
        if dim is None
        else [normal_dim(d, input.ndim) for d in ((dim,) if isinstance(dim, int) else dim)]
    )
    by = tuple([math.ceil(input.shape[d] / 2) if back else input.shape[d] // 2 for d in dims])
    return roll_by(input, by, tuple(dims))  # type: ignore[no-any-return]


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """With the zero frequency moved to the middle.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.fftshift.html

    >>> import autograd
    >>> fftshift(autograd.arange(5))
    tensor([3, 4, 0, 1, 2])
    """
    return _shifted(input, dim, False)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of ``fftshift``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftshift.html

    >>> import autograd
    >>> ifftshift(autograd.tensor([3, 4, 0, 1, 2]))
    tensor([0, 1, 2, 3, 4])
    """
    return _shifted(input, dim, True)
