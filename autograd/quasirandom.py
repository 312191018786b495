"""Points that fill a cube more evenly than random ones: ``torch.quasirandom``.

Source: I. M. Sobol, "The distribution of points in a cube and the accurate evaluation of integrals" (1967); direction
numbers of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections" (2008),
https://web.maths.unsw.edu.au/~fkuo/sobol/.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import dtypes
from .generator import Generator
from .lift import write_out
from .random import randint
from .tensor import wrap

__all__ = ["SobolEngine"]

Array = np.ndarray[Any, Any]
_BITS = 30


def _prime_factors(n: int) -> set[int]:
    found, p = set(), 2
    while p * p <= n:
        while n % p == 0:
            found.add(p)
            n //= p
        p += 1
    return found | ({n} if n > 1 else set())


def _power_of_x(exponent: int, polynomial: int) -> int:
    """x to a power modulo a polynomial over GF(2), whose coefficients are the bits of an int."""
    degree = polynomial.bit_length() - 1

    def times(a: int, b: int) -> int:
        made = 0
        while b:
            made ^= a if b & 1 else 0
            a, b = a << 1, b >> 1
            a ^= polynomial if a >> degree & 1 else 0
        return made

    result, base = 1, 2 if degree > 1 else 2 ^ polynomial
    for bit in range(exponent.bit_length()):
        result = times(result, base) if exponent >> bit & 1 else result
        base = times(base, base)
    return result


def _primitive_polynomials() -> Iterator[int]:
    """In ascending order: those whose x takes 2**degree - 1 multiplications to come back to 1, and no fewer."""
    for degree in itertools.count(1):
        order = 2**degree - 1
        parts = [order // p for p in _prime_factors(order)]
        for polynomial in range(2**degree + 1, 2 ** (degree + 1), 2):
            if _power_of_x(order, polynomial) == 1 and all(_power_of_x(p, polynomial) != 1 for p in parts):
                yield polynomial


@functools.lru_cache(8)
def _directions(dimension: int) -> Array:
    """(dimension, 30): the direction numbers of each dimension, of 30 bits, int64. The first dimension counts in two."""
    lines = Path(__file__).with_suffix(".txt").read_text().splitlines()
    rows = [[int(m) for m in line.split()] for line in lines if not line.startswith("#")]
    made = [[1] * _BITS]
    for row, polynomial in zip(rows[: dimension - 1], _primitive_polynomials(), strict=False):
        degree = len(row)
        for j in range(degree, _BITS):
            new = row[j - degree]
            for k in range(degree):
                if polynomial >> (degree - 1 - k) & 1:
                    new ^= row[j - k - 1] << (k + 1)
            row.append(new)
        made.append(row)
    return np.array(made, np.int64) << np.arange(_BITS - 1, -1, -1)


class SobolEngine:
    """Draws the points of a Sobol sequence in [0, 1)**dimension, scrambled or not: PyTorch's, bit for bit.

    Args:
        dimension: of the points, from 1 to 1111 (PyTorch's table goes to 21201).
        scramble: multiply the bits by random lower triangular matrices and shift them, as A. Owen does.
        seed: of the scrambling; without one it is drawn from the default generator.

    Raises ValueError for a dimension out of range.

    >>> SobolEngine(2).draw(3)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500]])

    Source: https://docs.pytorch.org/docs/stable/generated/torch.quasirandom.SobolEngine.html
    """

    MAXBIT = _BITS
    MAXDIM = 1111

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]")
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        state, shift = _directions(dimension), np.zeros(dimension, np.int64)
        if scramble:
            state, shift = self._scrambled(state)
        self.sobolstate, self.shift, self.quasi = wrap(state.copy()), wrap(shift), wrap(shift.copy())
        self.num_generated = 0

    def _scrambled(self, state: Array) -> tuple[Array, Array]:
        generator = None if self.seed is None else Generator().manual_seed(self.seed)
        shift = randint(2, (self.dimension, _BITS), generator=generator).array @ (1 << np.arange(_BITS))
        matrix = np.tril(randint(2, (self.dimension, _BITS, _BITS), generator=generator).array)
        matrix[:, range(_BITS), range(_BITS)] = 1
        places = np.arange(_BITS - 1, -1, -1)  # the first bit is the highest
        bits = state[:, :, None] >> places & 1
        turned = np.matmul(bits.astype(np.float32), matrix.mT.astype(np.float32)).astype(np.int64) & 1
        return (turned << places).sum(-1), shift

    def draw(self, n: int = 1, out: Any = None, dtype: Any = None) -> Any:
        """The next ``n`` points, of shape (n, dimension), in ``dtype`` or the default one."""
        wanted = dtypes.default_float() if dtype is None else dtypes.as_numpy(dtype)
        first = self.num_generated == 0  # the first point is the shift itself
        start = max(self.num_generated - 1, 0)
        steps = self.sobolstate.array[:, _lowest_zeros(start, n - first)].T
        points = np.bitwise_xor.accumulate(np.concatenate([self.quasi.array[None], steps]), axis=0)
        self.quasi.array[...] = points[-1]
        self.num_generated += n
        made = wrap((points if first else points[1:]).astype(wanted) * np.asarray(2.0**-_BITS, wanted))
        return made if out is None else write_out(out, made)

    def draw_base2(self, m: int, out: Any = None, dtype: Any = None) -> Any:
        """The next ``2**m`` points. Raises ValueError if they don't make the points drawn so far a power of 2."""
        total = self.num_generated + 2**m
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(2**m, out, dtype)

    def reset(self) -> SobolEngine:
        """Start again with the first point."""
        self.quasi.array[...] = self.shift.array
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Leave out the next ``n`` points."""
        before, after = (max(count - 1, 0) for count in (self.num_generated, self.num_generated + n))
        changed = (before ^ before >> 1) ^ (after ^ after >> 1)  # the bits of Gray's code say which directions are in
        for bit in range(changed.bit_length()):
            if changed >> bit & 1:
                self.quasi.array[...] ^= self.sobolstate.array[:, bit]
        self.num_generated += n
        return self

    def __repr__(self) -> str:
        scrambled = ", scramble=True" if self.scramble else ""
        return f"SobolEngine(dimension={self.dimension}{scrambled}{'' if self.seed is None else f', seed={self.seed}'})"


def _lowest_zeros(start: int, n: int) -> Array:
    """For each of ``n`` numbers from ``start`` on, the place of its lowest bit that is 0."""
    numbers = np.arange(start, start + n)
    lowest = ~numbers & (numbers + 1)
    return np.frexp(lowest.astype(np.float64))[1] - 1
