"""Complex numbers and their parts, with PyTorch's convention: the gradient is the direction of steepest ascent.

A function that is not holomorphic says ``holomorphic=False`` and gives that gradient itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..lift import elementwise, linear, view
from ..memory import strided
from ..tensor import Tensor

__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "is_conj", "is_neg", "polar", "real", "resolve_conj",
    "resolve_neg", "view_as_complex", "view_as_real",
]  # fmt: skip

# --- views ---------------------------------------------------------------------------------------------------------

_COMPLEX: dict[Any, np.dtype[Any]] = {
    np.dtype(np.float16): np.dtype(np.complex64),
    np.dtype(np.float32): np.dtype(np.complex64),
    np.dtype(np.float64): np.dtype(np.complex128),
}


def _pairs(input: Any) -> Any:
    """Real and imaginary part as a last dimension, on the same memory."""
    part = input.real  # its strides are those of the complex numbers, its elements half as large
    return strided(part, (*input.shape, 2), (*input.strides, part.itemsize))


def _from_pairs(input: Any) -> Any:
    return input.view(_COMPLEX[input.dtype])[..., 0]


real_part: Any = view(lambda input: input.real, name="real", holomorphic=False, input=lambda g: g)
imaginary_part: Any = view(lambda input: input.imag, name="imag", holomorphic=False, input=lambda g: g * 1j)
pairs_of: Any = view(_pairs, name="view_as_real", holomorphic=False, input=lambda g: complex_from(g))
complex_of: Any = view(_from_pairs, name="view_as_complex", holomorphic=False, input=lambda g: pairs_of(g))


def complex_from(g: Any) -> Any:
    """Pairs as complex numbers, whatever their memory."""
    if not isinstance(g, Tensor):
        return _from_pairs(np.ascontiguousarray(g))
    return complex_of(g.contiguous())


def real(input: Any) -> Any:
    """The real part, a view; a real tensor is returned as it is."""
    return real_part(input) if input.is_complex() else input


def imag(input: Any) -> Any:
    """The imaginary part, a view. Raises RuntimeError for a real tensor."""
    if not input.is_complex():
        raise RuntimeError(
            f"imag is not implemented for tensors with non-complex dtypes, and this one is {input.dtype}"
        )
    return imaginary_part(input)


def view_as_real(input: Any) -> Any:
    """The view with real and imaginary part as a last dimension of 2.

    >>> import autograd
    >>> autograd.view_as_real(autograd.tensor([1 + 2j])).tolist()
    [[1.0, 2.0]]
    """
    if not input.is_complex():
        raise RuntimeError(f"view_as_real is only supported for complex tensors, and this one is {input.dtype}")
    return pairs_of(input)


def view_as_complex(input: Any) -> Any:
    """The complex view of a real tensor whose last dimension holds real and imaginary parts."""
    array = input.array
    if array.dtype not in _COMPLEX or array.dtype == np.float16:
        raise RuntimeError(
            f"view_as_complex is only supported for half, float and double tensors, but got a tensor of {input.dtype}"
        )
    if array.ndim == 0 or array.shape[-1] != 2:
        raise RuntimeError(f"Tensor must have a last dimension of size 2, but its shape is {list(array.shape)}")
    if array.strides[-1] != array.itemsize or any(s % (2 * array.itemsize) for s in array.strides[:-1]):
        raise RuntimeError(
            "Tensor must have a last dimension with stride 1 and even strides before it, but the strides are"
            f" {list(input.stride())}. Use contiguous() first"
        )
    return complex_of(input)


# --- conjugates ----------------------------------------------------------------------------------------------------

conjugate: Any = elementwise(
    lambda input: np.conjugate(input) if input.dtype.kind == "c" else np.array(input),
    name="conj",
    holomorphic=False,
    input=lambda g: conjugate(g),
)


def conj(input: Any) -> Any:
    """The complex conjugate (computed at once); a real tensor is returned as it is."""
    return conjugate(input) if input.is_complex() else input


def conj_physical(input: Any, *, out: Any = None) -> Any:
    """The complex conjugate."""
    return conjugate(input, out=out)


def resolve_conj(input: Any) -> Any:
    """The tensor itself: conjugates are computed at once here."""
    return input


def resolve_neg(input: Any) -> Any:
    """The tensor itself: there are no lazy negations here."""
    return input


def is_conj(input: Any) -> bool:
    """False: conjugates are computed at once here."""
    return False


def is_neg(input: Any) -> bool:
    """False: there are no lazy negations here."""
    return False


# --- polar form ----------------------------------------------------------------------------------------------------


def _angle(input: Any) -> Any:
    if input.dtype.kind == "c":
        return np.angle(input).astype(input.real.dtype, copy=False)
    return np.where(np.isnan(input), input, np.where(input < 0, np.pi, 0)).astype(input.dtype, copy=False)


def _angle_back(g: Any, input: Any) -> Any:
    if np.dtype(input.dtype).kind != "c":
        return g * 0
    square = input.real * input.real + input.imag * input.imag
    zero = square == 0
    return np.where(zero, 0, g / np.where(zero, 1, square)) * (input * 1j)


angle: Any = elementwise(_angle, name="angle", promote="float", holomorphic=False, input=_angle_back)


def complex(real: Any, imag: Any, *, out: Any = None) -> Any:
    """The complex tensor of these parts, two floating point tensors of one dtype.

    Raises RuntimeError if the dtypes differ.
    """
    for part in (real, imag):
        if not isinstance(part, Tensor):
            raise TypeError(f"complex(): arguments must be Tensors, not {type(part).__name__}")
    for part in (real, imag):
        if part.array.dtype not in _COMPLEX:
            raise RuntimeError(
                f"Expected both inputs to be Half, Float or Double tensors but got {real.dtype} and {imag.dtype}"
            )
    if real.dtype != imag.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {real.dtype} but got scalar type {imag.dtype} for second argument"
        )
    wanted = _COMPLEX[real.array.dtype]
    if out is not None and out.array.dtype != wanted:
        raise RuntimeError(
            f"Expected object of scalar type {dtypes.of(wanted)} but got scalar type {out.dtype} for argument 'out'"
        )
    return join_parts(real, imag, out=out)


def _join(real: Any, imag: Any) -> Any:
    made = np.empty(np.broadcast_shapes(real.shape, imag.shape), _COMPLEX[np.dtype(real.dtype)])
    made.real, made.imag = real, imag
    return made


join_parts: Any = linear(_join, name="complex", holomorphic=False, real=lambda g: g.real, imag=lambda g: g.imag)


def polar(abs: Any, angle: Any, *, out: Any = None) -> Any:
    """The complex tensor ``abs * (cos(angle) + i sin(angle))``.

    >>> import autograd
    >>> autograd.polar(autograd.tensor([2.0]), autograd.tensor([0.0])).tolist()
    [(2+0j)]
    """
    from .. import cos, sin

    for part in (abs, angle):
        if not isinstance(part, Tensor):
            raise TypeError(f"polar(): arguments must be Tensors, not {type(part).__name__}")
    if abs.dtype != angle.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {abs.dtype} but got scalar type {angle.dtype} for second argument"
        )
    return complex(abs * cos(angle), abs * sin(angle), out=out)


PROPERTIES = {"real": real, "imag": imag}
