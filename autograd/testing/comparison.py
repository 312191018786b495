"""assert_close: are two results equal within tolerances, and if not, where and by how much?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..tensor import Size, Tensor

__all__ = ["assert_allclose", "assert_close"]

TOLERANCES = {  # (rtol, atol) by dtype; what is not here is compared exactly
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Args:
        actual: tensors, arrays, numbers, or sequences and mappings of them.
        expected: the same structure.
        allow_subclasses: compare subclasses of Tensor with each other; False: the types must be the same.
        rtol: relative tolerance; by default what the dtype can do (1.3e-6 for float32, 1e-7 for float64, 0 for
        integers). atol: absolute tolerance; by default 1e-5 for float32, 1e-7 for float64, 0 for integers. Give both
        or none. equal_nan: two NaN are equal.
        check_device: all tensors here are on the CPU: nothing to do.
        check_dtype: the dtypes must be the same; else they are promoted first.
        check_layout: all tensors here are strided: nothing to do.
        check_stride: the strides must be the same.
        msg: the error message, or a function of it (not for lengths and keys that differ).

    Source: https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close

    >>> import autograd
    >>> assert_close(autograd.tensor([1.0, 2.0]), autograd.tensor([1.0, 2.0 + 1e-7]))
    >>> assert_close([1, 2.5], [1, 2.5])
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or unspecified, but got no {missing}")
    comparison = _Comparison(rtol, atol, equal_nan, check_dtype, check_stride, allow_subclasses)
    try:
        comparison.compare(actual, expected, ())
    except _Difference as difference:
        text = difference.text
        if difference.path:
            text += f"\n\nThe failure occurred for item {''.join(f'[{step!r}]' for step in difference.path)}"
        mine = None if difference.structural else msg
        raise AssertionError(mine(text) if callable(mine) else text if mine is None else mine) from None


def assert_allclose(
    actual: Any, expected: Any, rtol: Any = None, atol: Any = None, equal_nan: bool = True, msg: Any = ""
) -> None:
    """The older form of ``assert_close``, which does not look at dtypes and takes arrays and numbers for tensors."""
    from ..creation import as_tensor

    actual = actual if isinstance(actual, Tensor) else as_tensor(actual)
    expected = expected if isinstance(expected, Tensor) else as_tensor(expected, dtype=actual.dtype)
    if (rtol is None) != (atol is None):
        rtol, atol = 0.0 if rtol is None else rtol, 0.0 if atol is None else atol
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None
    )  # fmt: skip


class _Difference(Exception):
    def __init__(self, text: str, path: tuple[Any, ...], structural: bool = False) -> None:
        self.text, self.path, self.structural = text, path, structural


class _Comparison:
    """The options of one call, and a method for each kind of pair."""

    def __init__(self, rtol: Any, atol: Any, equal_nan: bool, dtype: bool, stride: bool, subclasses: bool) -> None:
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.check_dtype, self.check_stride, self.allow_subclasses = dtype, stride, subclasses

    def compare(self, a: Any, b: Any, path: tuple[Any, ...]) -> None:
        if a is None or b is None:
            if a is not b:
                raise _Difference(f"None mismatch: {a} is not {b}", path)
        elif isinstance(a, bool) and isinstance(b, bool):
            if a is not b:
                raise _Difference(f"Booleans mismatch: {a} is not {b}", path)
        elif isinstance(a, _NUMBERS) and isinstance(b, _NUMBERS):
            self.numbers(a, b, path)
        elif isinstance(a, Tensor) and isinstance(b, Tensor):
            if not self.allow_subclasses and type(a) is not type(b):
                raise _unknown_pair(a, b, path)
            self.tensors(a, b, path)
        elif isinstance(a, (np.ndarray, np.generic)) and isinstance(b, (np.ndarray, np.generic)):
            self.arrays(np.asarray(a), np.asarray(b), path)
        elif _is_sequence(a) and _is_sequence(b):
            if len(a) != len(b):
                raise _Difference(f"The length of the sequences mismatch: {len(a)} != {len(b)}", path, structural=True)
            for k, (x, y) in enumerate(zip(a, b, strict=True)):
                self.compare(x, y, (*path, k))
        elif isinstance(a, Mapping) and isinstance(b, Mapping):
            self.mappings(a, b, path)
        else:
            raise _unknown_pair(a, b, path)

    def mappings(self, a: Any, b: Any, path: tuple[Any, ...]) -> None:
        missing, additional = b.keys() - a.keys(), a.keys() - b.keys()
        if missing or additional:
            raise _Difference(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(missing, key=str)}\n"
                f"Additional keys in the actual mapping: {sorted(additional, key=str)}",
                path,
                structural=True,
            )
        for key in a:
            self.compare(a[key], b[key], (*path, key))

    def numbers(self, a: Any, b: Any, path: tuple[Any, ...]) -> None:
        if self.check_dtype and type(a) is not type(b):
            raise _Difference(f"The (d)types do not match: {type(a)} != {type(b)}.", path)
        if self.rtol is None:
            names = [
                "complex128" if isinstance(v, complex) else "float64" if isinstance(v, float) else "int64"
                for v in (a, b)
            ]
            rtol, atol = (max(pair) for pair in zip(*[TOLERANCES.get(n, (0.0, 0.0)) for n in names], strict=True))
        else:
            rtol, atol = self.rtol, self.atol
        if a == b or (self.equal_nan and a != a and b != b):
            return
        off = abs(a - b)
        if off <= atol + rtol * abs(b) and not np.isinf(off):
            return
        relative = off / abs(b) if b else float("inf")
        allowed = f" (up to {atol} allowed)", f" (up to {rtol} allowed)"
        if not (rtol or atol):
            head, allowed = f"Scalars are not equal!\n\nExpected {b} but got {a}.", ("", "")
        else:
            head = f"Scalars are not close!\n\nExpected {b} but got {a}."
        raise _Difference(
            f"{head}\nAbsolute difference: {off}{allowed[0]}\nRelative difference: {relative}{allowed[1]}", path
        )

    def tensors(self, a: Tensor, b: Tensor, path: tuple[Any, ...]) -> None:
        self.arrays(a.array, b.array, path, a.dtype, b.dtype)

    def arrays(self, a: Any, b: Any, path: tuple[Any, ...], first: Any = None, second: Any = None) -> None:
        first, second = first or a.dtype, second or b.dtype
        if a.shape != b.shape:
            raise _mismatch("shape", Size(a.shape), Size(b.shape), path)
        if self.check_dtype and a.dtype != b.dtype:
            raise _mismatch("dtype", first, second, path)
        if self.check_stride and a.strides != b.strides:
            steps = [tuple(s // t.itemsize for s in t.strides) for t in (a, b)]
            raise _mismatch("stride()", steps[0], steps[1], path)
        rtol, atol = (self.rtol, self.atol) if self.rtol is not None else _tolerances(a.dtype, b.dtype)
        if a.dtype != b.dtype:
            common = dtypes.result_dtype(a, b)
            a, b = a.astype(common), b.astype(common)
        self.values(a, b, rtol, atol, path)

    def values(self, a: Any, b: Any, rtol: float, atol: float, path: tuple[Any, ...]) -> None:
        inexact = a.dtype.kind in "fcV"
        wide = (np.complex128 if a.dtype.kind == "c" else np.float64) if inexact else a.dtype
        x, y = a.astype(wide), b.astype(wide)
        with np.errstate(all="ignore"):
            same = x == y
            off = np.abs(x - y) if inexact else np.abs(x.astype(object) - y.astype(object)).astype(np.float64)
            close = same | ((off <= atol + rtol * np.abs(y.astype(off.dtype) if not inexact else y)) & np.isfinite(y))
            if self.equal_nan and inexact:
                close |= np.isnan(x) & np.isnan(y)
        if not close.all():
            raise _Difference(_description(a, b, ~close, rtol, atol), path)


def _description(a: Any, b: Any, wrong: Any, rtol: float, atol: float) -> str:
    """PyTorch's message: how many elements, and the greatest differences with their places."""
    kind, allowed = (
        ("equal", ("", ""))
        if not (rtol or atol)
        else ("close", (f" (up to {atol} allowed)", f" (up to {rtol} allowed)"))
    )
    with np.errstate(all="ignore"):
        if a.dtype.kind in "biu":
            a, b = a.astype(np.int64), b.astype(np.int64)
        off = np.abs(a - b)
        relative = off / np.abs(b) if a.dtype.kind != "i" else (off / np.abs(b)).astype(np.float32)
    if a.ndim == 0:
        x, y = a.item(), b.item()
        head = f"Scalars are not {kind}!\n\nExpected {y} but got {x}."
        off, relative = abs(x - y), abs(x - y) / abs(y) if y else float("inf")
        return f"{head}\nAbsolute difference: {off}{allowed[0]}\nRelative difference: {relative}{allowed[1]}"
    lines = [
        f"Tensor-likes are not {kind}!",
        "",
        f"Mismatched elements: {int(wrong.sum())} / {wrong.size} ({wrong.mean():.1%})",
    ]
    for name, values, limit in (("absolute", off, allowed[0]), ("relative", relative, allowed[1])):
        ranked = np.where(wrong, np.where(np.isnan(values), np.inf, values.astype(np.float64)), -1.0)
        at = np.unravel_index(int(np.argmax(ranked)), values.shape)
        lines.append(f"Greatest {name} difference: {values[at].item()} at index {tuple(int(k) for k in at)}{limit}")
    return "\n".join(lines)


def _tolerances(*kinds: Any) -> tuple[float, float]:
    found = [TOLERANCES.get(kind.name, (0.0, 0.0)) for kind in kinds]
    return max(r for r, _ in found), max(a for _, a in found)


def _mismatch(what: str, a: Any, b: Any, path: tuple[Any, ...]) -> _Difference:
    return _Difference(f"The values for attribute '{what}' do not match: {a} != {b}.", path)


def _unknown_pair(a: Any, b: Any, path: tuple[Any, ...]) -> Exception:
    at = f" (item {''.join(f'[{step!r}]' for step in path)})" if path else ""
    return TypeError(
        f"No comparison pair was able to handle inputs of type {type(a)} and {type(b)}{at}. They can be tensors, "
        "arrays, numbers, None, or sequences and mappings of them"
    )


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


_NUMBERS = (int, float, complex)
