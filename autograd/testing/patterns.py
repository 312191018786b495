"""Names for sets of elements: border, diagonal, ties, first, last ..."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def name_pattern(
    values: Array | None, shape: tuple[int, ...], places: Array, wrong: Array, active: Array
) -> str | None:
    """The name of the set of wrong elements, if it has one.

    Args:
        values: the array whose elements they are (None: places only); ``shape`` that of its real view.
        places: the flat places that were looked at.
        wrong: bool, for each of ``places``.
        active: bool, for each of ``places``: those that could be wrong.
    """
    index = np.stack(np.unravel_index(places, shape), axis=1) if shape else np.zeros((len(places), 0), int)
    loose = None
    of_input = () if values is None else itertools.chain(_values(values, places), _ends(shape, index))
    for name, members in itertools.chain(_places(shape, places, index), of_input, _loose_places(shape, places, index)):
        members = members & active
        if members.any() and not members[active].all():
            if np.array_equal(members, wrong & active):
                parts = {
                    f"first along axis {len(shape) - 1}": "real parts",
                    f"last along axis {len(shape) - 1}": "imaginary parts",
                }
                return parts.get(name, name) if values is not None and values.dtype.kind == "c" else name
            inside = not np.any(wrong & ~members)
            if loose is None and inside and wrong.sum() >= 0.6 * members.sum():
                loose = name
    return loose


def _places(shape: tuple[int, ...], places: Array, index: Array) -> Iterator[tuple[str, Array]]:
    """Sets of places that have a name, the plainest first."""
    n = int(np.prod(shape))
    if len(shape) == 1 or n <= 1:
        yield "first", places == 0
        yield "last", places == n - 1
        yield "first/last", (places == 0) | (places == n - 1)
        return
    for axis, length in enumerate(shape):
        if length > 1:
            yield f"first along axis {axis}", index[:, axis] == 0
            yield f"last along axis {axis}", index[:, axis] == length - 1
        if length > 2:
            yield f"all but the first along axis {axis}", index[:, axis] > 0
    if shape[-1] > 1 and shape[-2] > 1:
        yield "diagonal", index[:, -1] == index[:, -2]
    for border in _borders(shape, index):
        yield "border", border
    yield "first", places == 0
    yield "last", places == n - 1
    yield "corners", np.all([(index[:, a] == 0) | (index[:, a] == shape[a] - 1) for a in range(len(shape))], axis=0)


def _borders(shape: tuple[int, ...], index: Array) -> Iterator[Array]:
    """The outermost places along the last one, two or three axes, or all of them; one and two places wide."""
    n = len(shape)
    for width in (1, 2):
        for axes in dict.fromkeys(
            [(n - 2, n - 1), tuple(range(max(n - 3, 0), n)), (n - 1,), (n - 2,), tuple(range(n))]
        ):
            yield np.any([(index[:, a] < width) | (index[:, a] >= shape[a] - width) for a in axes], axis=0)


def _loose_places(shape: tuple[int, ...], places: Array, index: Array) -> Iterator[tuple[str, Array]]:
    """Sets of places that a small array also shows by chance."""
    if len(shape) >= 2:
        yield "off the diagonal", index[:, -1] != index[:, -2]
        yield "above the diagonal", index[:, -1] > index[:, -2]
        yield "below the diagonal", index[:, -1] < index[:, -2]
        for border in _borders(shape, index):
            yield "interior", ~border
    for axis, length in enumerate(shape):
        for k in range(length if length <= 16 else 0):
            yield f"place {k} along axis {axis}", index[:, axis] == k
    yield "even places", places % 2 == 0
    yield "odd places", places % 2 == 1


def _ends(shape: tuple[int, ...], index: Array) -> Iterator[tuple[str, Array]]:
    """The places up to or from the middle of an axis."""
    for axis, length in enumerate(shape):
        for k in range(2, length // 2 + 1 if length <= 16 else 0):
            yield f"the last {k} along axis {axis}", index[:, axis] >= length - k
            yield f"the first {k} along axis {axis}", index[:, axis] < k


def _values(values: Array, places: Array) -> Iterator[tuple[str, Array]]:
    """Sets of elements that their values set apart."""
    flat = np.ascontiguousarray(values)
    flat = flat.view(flat.real.dtype).reshape(-1) if flat.dtype.kind == "c" else flat.reshape(-1)
    here = flat[places]
    _, which, counts = np.unique(flat, return_inverse=True, return_counts=True)
    yield "ties", (counts[which.reshape(-1)] > 1)[places]
    yield "zeros", here == 0
    yield "negative elements", here < 0
    yield "positive elements", here > 0
    yield "elements up to zero", here <= 0
    if flat.size:
        yield "largest", here == np.nanmax(flat)
        yield "smallest", here == np.nanmin(flat)
    size = np.abs(here)
    for limit in np.unique(size)[:-1][:64]:
        yield f"elements beyond {limit:.3g} in size", size > limit
