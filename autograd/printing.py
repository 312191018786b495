"""How a tensor looks: ``repr`` exactly as PyTorch prints it, and a card with statistics in notebooks.

Source: https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .views import current

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["get_printoptions", "printoptions", "set_printoptions"]


class _Options:
    """The options in force."""

    def __init__(self) -> None:
        self.precision, self.edgeitems, self.linewidth = 4, 3, 80
        self.threshold: float = 1000
        self.sci_mode: bool | None = None


options = _Options()
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed.

    Args:
        precision: digits after the point.
        threshold: tensors with more elements are abbreviated.
        edgeitems: how many elements an abbreviation shows at each end of a dimension.
        linewidth: characters per line.
        profile: "default", "short" or "full", instead of naming each.
        sci_mode: always (True) or never (False) in scientific notation; None: as the numbers ask.
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"profile must be one of {', '.join(map(repr, _PROFILES))}, not {profile!r}")
        for name, value in _PROFILES[profile].items():
            setattr(options, name, value)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None:
            setattr(options, name, value)
    options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in force, as ``set_printoptions`` takes them."""
    return dict(vars(options))


@contextlib.contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """``set_printoptions`` until the block ends."""
    before = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        set_printoptions(**before)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _formatter(values: list[Any], floating: bool) -> tuple[Callable[[Any], str], int]:
    """How to write each of these numbers so that they line up, and the common width."""
    if not floating:
        width = max((len(str(v)) for v in values), default=1)
        return (lambda v: str(v).rjust(width)), width
    plain = [v for v in values if v != 0 and math.isfinite(v)]
    width, whole, scientific = 1, True, False
    if plain:
        sizes = [abs(v) for v in plain]
        least, most = min(sizes), max(sizes)
        whole = all(v == math.ceil(v) for v in plain)
        scientific = most / least > 1000.0 or most > 1.0e8 or least < 1.0e-4
        scientific = scientific if options.sci_mode is None else options.sci_mode
        spec = f".{options.precision}e" if scientific else ".0f" if whole else f".{options.precision}f"
        width = max(len(format(v, spec)) for v in plain) + (whole and not scientific)

    def write(v: float) -> str:
        if scientific:
            text = f"{v:{width}.{options.precision}e}"
        elif whole:
            text = f"{v:.0f}" + ("." if math.isfinite(v) else "")
        else:
            text = f"{v:.{options.precision}f}"
        return text.rjust(width)

    return write, width


def _writer(shown: np.ndarray[Any, Any]) -> tuple[Callable[[Any], str], int]:
    """The formatter for the elements of an array, and the width of one."""
    if shown.dtype.kind != "c":
        floating = shown.dtype.kind in "fV"
        return _formatter((shown.astype(np.float64) if floating else shown).ravel().tolist(), floating)
    real, real_width = _formatter(shown.real.ravel().tolist(), True)
    imag, imag_width = _formatter(shown.imag.ravel().tolist(), True)

    def write(v: complex) -> str:
        second = (imag(v.imag) + "j").lstrip()
        return real(v.real) + ("" if second[0] in "+-" else "+") + second

    return write, real_width + imag_width + 1


def _edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements that an abbreviation shows."""
    n = options.edgeitems
    for axis in range(array.ndim):
        if array.shape[axis] > 2 * n:
            keep = np.r_[0:n, array.shape[axis] - n : array.shape[axis]]
            array = array.take(keep, axis)
    return array


def _brackets(array: np.ndarray[Any, Any], indent: int, short: bool, write: Callable[[Any], str], width: int) -> str:
    """The nested brackets of one tensor."""
    if array.ndim == 0:
        return write(array.item() if array.dtype.kind != "V" else float(array))
    n = options.edgeitems
    cut = short and len(array) > 2 * n
    if array.ndim == 1:
        if short and not n:
            parts = ["..."]
        else:
            numbers = array.astype(np.float64) if array.dtype.kind == "V" else array
            ends = (numbers[:n], numbers[-n:]) if cut else (numbers, numbers[:0])
            first, last = ([write(v) for v in end.tolist()] for end in ends)
            parts = [*first, " ...", *last] if cut else first
        per_line = max(1, (options.linewidth - indent) // (width + 2))
        lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    places = [*range(n), None, *range(len(array) - n, len(array))] if cut else range(len(array))
    rows = ["..." if i is None else _brackets(array[i], indent + 1, short, write, width) for i in places]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(rows) + "]"


def _contents(array: np.ndarray[Any, Any], indent: int) -> str:
    if array.size == 0:
        return "[]"
    short = array.size > options.threshold
    write, width = _writer(_edges(array) if short else array)
    return _brackets(array, indent, short, write, width)


def _suffixes(tensor: Tensor) -> list[str]:
    """What follows the numbers: the size of an empty tensor, an unusual dtype, the place in the graph."""
    array, default = tensor.array, dtypes.get_default_dtype()
    found = []
    expected = {default, default.to_complex(), dtypes.int64, dtypes.bool}
    if array.size == 0:
        expected = {default}
        if array.ndim != 1:
            found.append(f"size={tuple(array.shape)}")
    if tensor.dtype not in expected:
        found.append(f"dtype={tensor.dtype}")
    node = current(tensor)
    if node is not None:
        if tensor.is_leaf:
            found.append("requires_grad=True")
        else:
            found.append(f"grad_fn=<{node.name().rsplit('::', 1)[-1]}>")
    return found


def text(tensor: Tensor) -> str:
    """PyTorch's text for a tensor."""
    name = "tensor" if type(tensor).__name__ in ("Tensor", "Parameter") else type(tensor).__name__
    indent = len(name) + 1
    written = f"{name}({_contents(tensor.array, indent)}"
    column = len(written) - written.rfind("\n") + 1
    for suffix in _suffixes(tensor):
        if column + len(suffix) + 2 > options.linewidth:
            written += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            written += ", " + suffix
            column += len(suffix) + 2
    return written + ")"


def formatted(self: Tensor, format_spec: str) -> str:
    """``f"{t:.3f}"`` formats the number of a 0-d tensor; other tensors take no format."""
    if self.array.ndim == 0:
        return format(self.array.item() if self.array.dtype.kind != "V" else float(self.array), format_spec)
    if format_spec:
        raise TypeError(
            f"unsupported format string {format_spec!r} passed to Tensor.__format__: it has shape "
            f"{list(self.array.shape)}"
        )
    return text(self)


# --- notebooks -------------------------------------------------------------------------------------------------------

_STYLE = (
    "display:inline-block;border:1px solid #8886;border-radius:6px;padding:6px 10px;font-family:ui-monospace,monospace;"
    "font-size:12px;line-height:1.45;color:inherit;background:#8881"
)

SHORT = 16
"""Elements that a card shows without being asked."""


def html(tensor: Tensor) -> str:
    """A card for notebooks: shape, dtype, statistics, how many values are NaN or infinite, and the numbers.

    Its colours are the page's own, mixed with a transparent grey, so it reads in light and in dark mode.
    """
    from html import escape

    array = tensor.array
    kind = str(tensor.dtype).removeprefix("torch.")
    head = f"<b>{escape(type(tensor).__name__)}</b> {escape(str(list(array.shape)))} {escape(kind)}"
    node = current(tensor)
    if node is not None:
        head += " · requires grad" if tensor.is_leaf else f" · from {escape(node.name())}"
    lines = [head] if array.size == 1 else [head, *_statistics(array)]
    numbers = escape(_contents(array, 0))
    body = "".join(f"<div>{line}</div>" for line in lines)
    shown = f'<pre style="margin:4px 0 0;color:inherit;background:transparent;white-space:pre">{numbers}</pre>'
    if not 0 < array.size <= SHORT:
        shown = f"<details><summary>values</summary>{shown}</details>"
    return f'<div class="pullback-tensor" style="{_STYLE}">{body}{shown}</div>'


def _statistics(array: np.ndarray[Any, Any]) -> list[str]:
    if array.size == 0:
        return ["no elements"]
    if array.dtype.kind == "b":
        return [f"{int(array.sum())} of {array.size} true"]
    values = np.abs(array) if array.dtype.kind == "c" else array.astype(np.float64)
    finite = values[np.isfinite(values)]
    nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    found = []
    if finite.size:
        what = "|z|: " if array.dtype.kind == "c" else ""
        spread = f"min {finite.min():.4g} · mean {finite.mean():.4g} · max {finite.max():.4g} · std {finite.std():.4g}"
        found.append(what + spread)
    if nan or infinite:
        found.append(f'<span style="color:#d33">{nan} NaN · {infinite} Inf</span>')
    return found


METHODS: dict[str, Callable[..., Any]] = {"__repr__": text, "__format__": formatted, "_repr_html_": html}
"""What ``methods.bind`` gives Tensor from this file."""
