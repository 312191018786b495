"""What is said about an array in a picture: a few numbers, and the elements themselves when they are few."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["Stats", "bytes_text", "number"]

_FEW = 6


class Stats:
    """Minimum, maximum, mean, standard deviation, norm and oddities of one array, and a short ``text`` of it.

    >>> import numpy as np
    >>> s = Stats(np.array([1.0, 2.0, 3.0]))
    >>> s.mean, s.text
    (2.0, '[1. 2. 3.]')
    """

    __slots__ = ("array", "bad", "dtype", "max", "mean", "min", "norm", "shape", "std", "text", "zeros")

    def __init__(self, array: Any) -> None:
        array = np.asarray(array)
        self.dtype = array.dtype
        if array.dtype.kind == "V":  # bfloat16 and its kin
            array = array.astype(np.float32)
        self.shape = array.shape
        self.array = array if array.size <= 64 else None
        finite = np.abs(array) if array.dtype.kind == "c" else array
        self.bad = 0
        if array.dtype.kind in "fc":
            ok = np.isfinite(finite)
            self.bad = int(finite.size - np.count_nonzero(ok))
            if self.bad:
                finite = finite[ok]
        self.min = self.max = self.mean = self.std = self.norm = math.nan
        if finite.size and array.dtype.kind in "biufc":
            wide = finite.astype(np.float64)
            self.min, self.max = float(wide.min()), float(wide.max())
            self.mean, self.std = float(wide.mean()), float(wide.std())
            self.norm = float(np.sqrt(np.square(wide).sum()))
        self.zeros = 1.0 - np.count_nonzero(array) / array.size if array.size else 0.0
        self.text = self._text(array)

    def _text(self, array: Any) -> str:
        if array.size == 0:
            return "empty"
        if array.ndim == 0:
            return number(array.item())
        if array.size <= _FEW:
            text = " ".join(
                np.array2string(
                    array, precision=3, formatter={"float_kind": _element, "complex_kind": _complex}
                ).split()
            )
            return text.replace("[ ", "[").replace(" ]", "]")
        if array.dtype.kind == "b":
            return f"{1 - self.zeros:.0%} true"
        if array.dtype.kind in "iu":  # labels, indices: their range
            return f"{array.min()} to {array.max()}"
        spread = f"{number(self.mean, 3)} ± {number(self.std, 3)}"
        return f"{spread}, {self.bad} not finite" if self.bad else spread

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them (no NaN: the key is left out)."""
        found: dict[str, Any] = {"text": self.text}
        if self.array is None or self.array.ndim:
            for key in ("min", "max", "mean", "std", "norm"):
                value = getattr(self, key)
                if math.isfinite(value):
                    found[key] = float(f"{value:.6g}")
        if self.zeros and self.dtype.kind != "b":
            found["zeros"] = float(f"{self.zeros:.4g}")
        if self.bad:
            found["bad"] = self.bad
        return found

    def __repr__(self) -> str:
        return f"<Stats {self.text}>"


def _element(value: Any) -> str:
    """A number in an array, as NumPy writes it; what is small but not zero doesn't look like zero."""
    text = f"{value:.3g}"
    return text if any(c in text for c in ".en") else text + "."


def _complex(value: Any) -> str:
    return f"{_element(value.real)}{'' if value.imag < 0 else '+'}{_element(value.imag)}j"


def number(value: Any, digits: int = 4) -> str:
    """A number in few characters, with a point unless it is an integer's.

    >>> number(2.0), number(0.123456), number(1e-9), number(3)
    ('2.0', '0.1235', '1e-09', '3')
    """
    if isinstance(value, (bool, int, np.integer)):
        return str(value)
    if isinstance(value, complex):
        return f"{value:.{digits}g}"
    text = f"{float(value):.{digits}g}"
    return text if any(c in text for c in ".en") else text + ".0"


def bytes_text(n: int) -> str:
    """A size in memory, readable.

    >>> bytes_text(512), bytes_text(8_000_000)
    ('512 B', '8.0 MB')
    """
    if n < 1000:
        return f"{n} B"
    size = float(n)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000 or unit == "GB":
            break
    return f"{size:.1f} {unit}"
