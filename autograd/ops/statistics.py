"""Order statistics and counts: the middle, the most frequent, quantiles, histograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..half import is_half
from ..lift import general, given, write_out
from ..tensor import Tensor, normal_dim, wrap
from .cumulative import gather_along
from .elementwise import lerp
from .reduction import _not_empty, chosen, evenly
from .shape import cast, reshape_to
from .sorting import no_order, order_of, sort

__all__ = [
    "bincount", "corrcoef", "cov", "histc", "histogram", "histogramdd", "kthvalue", "median", "mode", "nanmedian",
    "nanquantile", "quantile",
]  # fmt: skip

# --- the middle ----------------------------------------------------------------------------------------------------


def _middle(array: Any, dim: int, skip_nan: bool) -> Any:
    """The index of the lower median along ``dim``, which is kept; of the first NaN if there is one and it counts."""
    _not_empty("median", array, dim)
    if not array.ndim:
        return np.zeros((), np.int64)
    order = order_of(array, dim)
    missing = array != array
    n = array.shape[dim] - (missing.sum(dim, keepdims=True) if skip_nan else 0)
    place = np.broadcast_to(np.maximum(np.asarray(n) - 1, 0) // 2, (*array.shape[:dim], 1, *array.shape[dim + 1 :]))
    index = np.take_along_axis(order, place, dim)
    if not skip_nan and missing.any():
        index = np.where(missing.any(dim, keepdims=True), missing.argmax(dim, keepdims=True), index)
    return index


def _median_of_all(input: Any, skip_nan: bool) -> Any:
    no_order(input, "median")
    if input.dtype.kind == "b":
        raise NotImplementedError("median() is not implemented for torch.bool. Convert first: t.long()")
    flat = input.reshape(-1)
    if not flat.size:
        return np.asarray(np.nan, input.dtype)
    return flat[_middle(flat, 0, skip_nan)[0]]


median_of_all = general(
    _median_of_all,
    name="median",
    input=lambda g, input, y, like: evenly(g, (input == y) | ((y != y) & (input != input)), like, None, False),
)


def median(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median, the lower one of two; with ``dim``, ``(values, indices)`` along it. NaN if there is a NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.median.html

    >>> import autograd
    >>> autograd.median(autograd.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    if dim is None:
        return given(median_of_all(input, False), out)
    at = normal_dim(dim, input.ndim)
    return chosen(return_types.median, input, _middle(input.array, at, False), at, keepdim, out)  # type: ignore[attr-defined]


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median of what is not NaN."""
    if dim is None:
        return given(median_of_all(input, True), out)
    at = normal_dim(dim, input.ndim)
    return chosen(return_types.nanmedian, input, _middle(input.array, at, True), at, keepdim, out)  # type: ignore[attr-defined]


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """``(values, indices)`` of the ``k``-th smallest element along ``dim``, counted from 1."""
    at = normal_dim(dim, input.ndim)
    _not_empty("kthvalue", input.array, at)
    n = input.array.shape[at] if input.ndim else 1
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {at}: {k} of {n}")
    order = order_of(input.array, at)
    index = order if not input.ndim else np.take(order, [k - 1], at)
    return chosen(return_types.kthvalue, input, index, at, keepdim, out)  # type: ignore[attr-defined]


def mode(input: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """``(values, indices)`` of the most frequent element along ``dim``: the smallest of them, where it occurs last."""
    at, array = normal_dim(dim, input.ndim), input.array
    _not_empty("mode", array, at)
    if not array.ndim:
        return chosen(return_types.mode, input, np.zeros((), np.int64), at, keepdim, out)  # type: ignore[attr-defined]
    order = np.moveaxis(order_of(array, at), at, -1)
    line = np.take_along_axis(np.moveaxis(array, at, -1), order, -1)
    n = line.shape[-1]
    new = np.ones(line.shape, bool)
    new[..., 1:] = line[..., 1:] != line[..., :-1]
    here = np.broadcast_to(np.arange(n), line.shape)
    length = here - np.maximum.accumulate(np.where(new, here, 0), -1)  # how many equals came before
    index = np.take_along_axis(order, length.argmax(-1)[..., None], -1)
    return chosen(return_types.mode, input, np.moveaxis(index, -1, at), at, keepdim, out)  # type: ignore[attr-defined]


# --- quantiles -----------------------------------------------------------------------------------------------------

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Any:
    """The ``q``-th quantiles (a number or a 1-d tensor, in [0, 1]) along ``dim``, or of all; NaN if there is NaN.

    The dimension of ``q``, if it has one, comes first.
    Source: https://docs.pytorch.org/docs/stable/generated/torch.quantile.html

    >>> import autograd
    >>> autograd.quantile(autograd.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor(1.5000)
    """
    return _quantile(input, q, dim, keepdim, interpolation, out, "quantile")


def nanquantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Any:
    """The quantiles of what is not NaN."""
    return _quantile(input, q, dim, keepdim, interpolation, out, "nanquantile")


def _check_quantile(input: Any, q: Any, interpolation: str, name: str) -> Any:
    """``q`` as an array of the input's dtype."""
    if input.array.dtype not in (np.float32, np.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype, not {input.dtype}")
    if input.array.size == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if isinstance(q, Tensor):
        if q.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, but it has {q.ndim} dimensions")
        if q.array.dtype != input.array.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor: {q.dtype} and {input.dtype}")
        ranks = q.array
    else:
        ranks = np.asarray(q, input.array.dtype)
    if ranks.size and not ((ranks >= 0) & (ranks <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    return ranks


def _quantile(input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, out: Any, name: str) -> Any:
    wanted = _check_quantile(input, q, interpolation, name)
    ndim = input.ndim
    if dim is None:
        at, line = None, reshape_to(input, (-1,))
    else:
        at = normal_dim(dim, ndim)
        line = input.movedim(at, -1) if ndim else reshape_to(input, (-1,))
    ordered = sort(line, -1)[0]
    n = line.array.shape[-1]
    missing = (line.array != line.array).sum(-1, keepdims=True)
    count = np.maximum(n - missing, 1) if name == "nanquantile" else np.full(missing.shape, n)
    ranks = wanted.reshape(-1) * (count - 1).astype(wanted.dtype)
    bad = missing == n if name == "nanquantile" else missing > 0
    ranks = np.where(bad, n - 1, ranks)  # NaN is last in the order
    if interpolation == "nearest":
        ranks = np.rint(ranks)
    low, high = np.floor(ranks).astype(np.int64), np.ceil(ranks).astype(np.int64)
    if interpolation == "lower":
        high = low
    elif interpolation == "higher":
        low = high
    weight = np.full_like(ranks, 0.5) if interpolation == "midpoint" else ranks - low
    found = gather_along(ordered, low, -1)
    if interpolation in ("linear", "midpoint"):
        part: Any = wrap(weight.astype(wanted.dtype))
        if interpolation == "linear" and isinstance(q, Tensor) and q.requires_grad:
            part = q.reshape(-1) * wrap((count - 1).astype(wanted.dtype)) - wrap(low.astype(wanted.dtype))
        found = lerp(found, gather_along(ordered, high, -1), part)
    found = found.movedim(-1, 0)  # q first
    if keepdim:
        found = found.unsqueeze(1 if at is None or not ndim else at + 1) if ndim else found
        for _ in range(ndim - 1 if at is None else 0):
            found = found.unsqueeze(1)
    if wanted.ndim == 0:
        found = found[0]
    return found if out is None else write_out(out, found)


# --- together ------------------------------------------------------------------------------------------------------


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance matrix of variables (rows) over observations (columns); a number for a single variable.

    Args:
        correction: what is taken from the number of observations in the divisor.
        fweights: how often each observation was made (integers).
        aweights: the relative importance of each observation.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cov.html
    """
    if input.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim}")
    if input.array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else input.reshape(1, -1)
    x = cast(x, dtypes.default_float()) if x.array.dtype.kind in "iu" else x
    n, weight = _weight_of_observations(x, fweights, aweights)
    mean = x.mean(1, True) if weight is None else (x * weight).sum(1, True) / weight.sum()
    if weight is None or aweights is None:
        left: Any = n - correction
    else:
        total = weight.sum()
        left = total - correction * ((weight * aweights).sum() / total if correction else 0)
    left = left.clamp(min=0) if isinstance(left, Tensor) else max(left, 0) or np.nan
    away = x - mean
    scaled = away if weight is None else away * weight
    made = (scaled @ away.conj().mT) / left
    return made.reshape(()) if made.numel() == 1 else made


def _weight_of_observations(x: Any, fweights: Any, aweights: Any) -> tuple[Any, Any]:
    """The number of observations, and the weight of each (None: all alike)."""
    observations = x.array.shape[1]
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is None:
            continue
        if weights.ndim > 1 or weights.numel() != observations:
            raise RuntimeError(
                f"cov(): expected {name} to have one element for each of the {observations} observations"
            )
        if (weights.array < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
    if fweights is not None and fweights.array.dtype.kind not in "iu":
        raise RuntimeError(f"cov(): expected fweights to have integral dtype but got fweights with {fweights.dtype}")
    if aweights is not None and aweights.array.dtype.kind not in "f":
        raise RuntimeError(
            f"cov(): expected aweights to have floating point dtype but got aweights with {aweights.dtype}"
        )
    if fweights is None and aweights is None:
        return observations, None
    weight = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    return int(fweights.array.sum()) if fweights is not None else observations, weight


def corrcoef(input: Any) -> Any:
    """The correlation coefficients of variables (rows) over observations (columns)."""
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim}"
        )
    c = cov(input)
    if c.ndim == 0:
        return c / c
    spread = c.diagonal().real.sqrt() if c.is_complex() else c.diagonal().sqrt()
    made = c / spread.unsqueeze(1) / spread.unsqueeze(0)
    return made if c.is_complex() else made.clamp(-1, 1)


# --- counting ------------------------------------------------------------------------------------------------------


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, ... occurs in a 1-d tensor of non-negative integers, or the sum of its weights.

    >>> import autograd
    >>> autograd.bincount(autograd.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    array = input.array
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise RuntimeError(
            f"bincount only supports 1-d non-negative integral inputs, not {input.dtype} of shape {list(array.shape)}"
        )
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, but got {minlength}")
    if weights is None:
        return wrap(np.bincount(array, minlength=minlength).astype(np.int64))
    if weights.array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    made = np.bincount(array, weights.array, minlength)
    return wrap(made.astype(np.float32) if weights.array.dtype == np.float32 else made)


def histc(input: Any, bins: int = 100, min: Any = 0, max: Any = 0, *, out: Any = None) -> Any:
    """Counts of the elements in ``bins`` equal bins from ``min`` to ``max`` (both 0: those of the data)."""
    array = input.array.astype(np.float32) if is_half(input.array.dtype) else input.array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"histc is not implemented for {input.dtype}: it needs a floating point tensor")
    if bins <= 0:
        raise RuntimeError(f"bins must be > 0, but got {bins}")
    low, high = float(min), float(max)
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"max must be larger than min: {high} and {low}")
    inside = array[(array >= low) & (array <= high)]
    return given(wrap(np.histogram(inside, bins, (low, high))[0].astype(input.array.dtype)), out)


def _bin_edges(line: Any, bins: Any, limits: Any) -> Any:
    """The edges of the bins along one coordinate."""
    if isinstance(bins, Tensor):
        return bins.array
    low, high = limits if limits is not None else (float(line.min()), float(line.max())) if line.size else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, int(bins) + 1, dtype=line.dtype)


def histogram(
    input: Any, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False, out: Any = None
) -> Any:
    """``(hist, bin_edges)``: counts, or sums of weights, in bins of equal width or with the given edges.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.histogram.html
    """
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"histogram is not implemented for {input.dtype}: it needs a floating point tensor")
    line = input.array.reshape(-1)
    edges = _bin_edges(line, bins, range)
    hist = _counts(line[:, None], [edges], weight, density)
    return given(return_types.histogram(wrap(hist), wrap(edges)), out)  # type: ignore[attr-defined]


def _counts(points: Any, edges: list[Any], weight: Any, density: bool) -> Any:
    """How many points (or how much weight) fall into each box between edges; the last edge belongs to the last bin."""
    lengths = [len(e) - 1 for e in edges]
    inside = np.ones(len(points), bool)
    place = np.zeros(len(points), np.int64)
    for line, e, n in zip(points.T, edges, lengths, strict=True):
        at = np.searchsorted(e, line, "right") - 1
        at = np.where(line == e[-1], n - 1, at)
        inside &= (line >= e[0]) & (line <= e[-1]) & (at >= 0) & (at < n)
        place = place * n + np.clip(at, 0, max(n - 1, 0))
    weights = None if weight is None else weight.array.reshape(-1)[inside].astype(np.float64)
    hist = np.bincount(place[inside], weights, math.prod(lengths)).reshape(lengths).astype(points.dtype)
    if density:
        with np.errstate(all="ignore"):
            hist = hist / hist.sum()
            for i, e in enumerate(edges):
                hist = hist / np.diff(e).reshape((-1,) + (1,) * (len(edges) - i - 1))
    return hist


def histogramdd(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False, out: Any = None
) -> Any:
    """``(hist, bin_edges)`` of points, whose coordinates are the last dimension; one tensor of edges for each."""
    array = input.array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"histogramdd is not implemented for {input.dtype}: it needs a floating point tensor")
    points = array.reshape(-1, array.shape[-1])
    n = points.shape[1]
    each = list(bins) if isinstance(bins, (list, tuple)) else [bins] * n
    if len(each) != n:
        raise RuntimeError(f"histogramdd(): there are {n} coordinates and bins for {len(each)}")
    limits = [None] * n if range is None else [tuple(range[2 * i : 2 * i + 2]) for i in np.arange(n)]
    edges = [_bin_edges(points[:, i], b, r) for i, (b, r) in enumerate(zip(each, limits, strict=True))]
    hist = _counts(points, edges, weight, density)
    made = (wrap(hist), tuple([wrap(e) for e in edges]))
    return given(return_types.histogramdd(*made), out)  # type: ignore[attr-defined]
