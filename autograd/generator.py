"""Generator: PyTorch's CPU stream of random numbers, bit for bit, in NumPy.

The bits come from the Mersenne twister MT19937, which NumPy has too. What makes a stream PyTorch's is how the 32-bit
words become numbers, and that is what this file does:

* a float32 uniform is the low 24 bits of one word, a float64 one the low 53 bits of two words (the first is the high
one);
* integers are a word modulo the range (two words from a range of 2**28 on);
* fewer than 16 normals (or ones that don't lie together in memory) are Box-Muller pairs in float64, whose second half
  waits for the next call; 16 and more are made in groups of 16 from as many uniforms, 8 radii and 8 angles. A rest
  is made by doing the last 16 anew.

For float32 the groups go through PyTorch's vectorised log, sin and cos, which are the Cephes polynomials in single
precision with fused multiply-adds. The same polynomials are evaluated here in float64 and rounded to float32 after
each step: a product of two float32 is exact in float64, so this *is* the fused operation.

Sources: M. Matsumoto and T. Nishimura, "Mersenne Twister" (1998); G. Box and M. Muller (1958); S. Moshier, Cephes
(https://www.netlib.org/cephes/); PyTorch's ATen/core/DistributionsHelper.h for what is drawn when.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import dtypes
from .devices import CPU, check_device
from .devices import device as Device
from .fast import awake, twin
from .graph import mode
from .tensor import Tensor, wrap
from .threads import parallel_for

__all__ = ["Generator"]

_DEFAULT_SEED = 67280421310721  # PyTorch's for a Generator that nobody seeded
_WORDS = 624
_FEW = 256
"""So many words are drawn, and so many normals made, without NumPy's machinery for many."""
_UPPER = np.uint64(32)
_STATE_BYTES = 5056

Array = np.ndarray[Any, Any]


class Generator:
    """A stream of random numbers: PyTorch's, from the same seed.

    >>> Generator().manual_seed(0).uniform(3, np.float32)
    array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    """

    def __init__(self, device: Any = "cpu") -> None:
        check_device(device)
        self._lock = threading.RLock()
        self._bits: Any = None  # the twister and its drawer, made when the first word is drawn
        self._draws: Any = None
        self._ahead: list[float] = []  # numbers to be read one by one, the next one last
        self._before: Any = None  # the twister's state before they were drawn
        self._step = 0  # how many of them are drawn at a time
        self.manual_seed(_DEFAULT_SEED)

    @property
    def device(self) -> Device:
        """The CPU."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to this seed: from -2**63 to 2**64 - 1; PyTorch uses its low 32 bits."""
        seed = seed.__index__()
        if not -(2**63) <= seed < 2**64:
            raise RuntimeError(f"Overflow when unpacking long: a seed is between -2**63 and 2**64 - 1, not {seed}")
        with self._lock:
            self._seed = seed % 2**64
            self._spare: float | None = None  # the second normal of a pair, while it waits
            if self._bits is not None:
                self._bits._legacy_seeding(self._seed % 2**32)
        return self

    def _twister(self) -> Any:
        """NumPy's Mersenne twister. ``numpy.random`` is imported here, since most of an import is not about drawing."""
        if self._bits is None:
            self._bits = np.random.MT19937(_unseeded())
            self._draws = np.random.Generator(self._bits)
            self._bits._legacy_seeding(self._seed % 2**32)
        return self._bits

    def seed(self) -> int:
        """Start a stream that nobody can foretell; returns its seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the present stream."""
        return self._seed

    def get_state(self) -> Tensor:
        """All there is to know of the stream, in PyTorch's layout: a uint8 tensor of 5056 bytes."""
        with self._lock:
            known = self._twister().state["state"]
            place = int(known["pos"])
            state = np.zeros(1, _STATE)
            state["seed"], state["seeded"] = self._seed, 1
            state["left"] = _WORDS + 1 - place
            state["next"] = place % _WORDS
            state["words"] = known["key"]
            if self._spare is not None:
                state["spare"], state["has_spare"] = self._spare, 1
        return wrap(state.view(np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        """Continue where ``get_state`` was called: here or in PyTorch."""
        array = new_state.array if isinstance(new_state, Tensor) else None
        if array is None or array.dtype != np.uint8:
            raise TypeError("RNG state must be a ByteTensor: what get_state() returned")
        if array.size != _STATE_BYTES:
            raise RuntimeError(f"RNG state is wrong size: {array.size} bytes, expected {_STATE_BYTES}")
        state = np.ascontiguousarray(array).view(_STATE)[0]
        with self._lock:
            self._seed = int(state["seed"])
            place = _WORDS + 1 - int(state["left"])
            key = state["words"].astype(np.uint32)
            self._twister().state = {"bit_generator": "MT19937", "state": {"key": key, "pos": place}}
            self._spare = float(state["spare"]) if state["has_spare"] else None
        return self

    def clone_state(self) -> Generator:
        """Another generator that will give the same numbers."""
        return Generator().set_state(self.get_state())

    def __getstate__(self) -> Any:
        return self.get_state().numpy()

    def __setstate__(self, state: Any) -> None:
        self.__init__()  # type: ignore[misc]
        self.set_state(wrap(state))

    def __repr__(self) -> str:
        return f"<autograd.Generator device=cpu seed={self._seed}>"

    # --- words and what they become ---

    def words(self, n: int) -> Array:
        """The next ``n`` words of 32 bits, as uint32."""
        if n <= _FEW:  # ten times as quick
            return self._twister().random_raw(n).astype(np.uint32)  # type: ignore[no-any-return]
        if self._draws is None:
            self._twister()
        return self._draws.integers(0, 2**32, dtype=np.uint32, size=n)  # type: ignore[no-any-return]

    def long_words(self, n: int) -> Array:
        """``n`` words of 64 bits, each made of two of 32: the first is the upper half."""
        if n <= _FEW:
            raw = self._twister().random_raw(2 * n)
            return raw[::2] << _UPPER | raw[1::2]  # type: ignore[no-any-return]
        if self._draws is None:
            self._twister()
        return self._draws.integers(0, 2**64, dtype=np.uint64, size=n)  # type: ignore[no-any-return]

    def uniform(self, n: int, dtype: Any = np.float64, low: float = 0.0, high: float = 1.0) -> Array:
        """``n`` uniform numbers in [low, high)."""
        made: Any = np.empty(n, np.float64 if dtype == np.float64 else np.float32)
        with self._lock:
            for at in range(0, n, _CHUNK):
                self._uniform_into(made[at : at + _CHUNK])
        if (low, high) != (0.0, 1.0):
            low, high = made.dtype.type(low), made.dtype.type(high)
            if made.dtype == np.float32:  # a fused multiply-add, as PyTorch's compiler makes it
                made = _fma(made.astype(np.float64), np.float64(high - low), np.float64(low)).astype(np.float32)
            else:
                made *= high - low
                made += low
        if made.dtype == dtype:
            return made  # type: ignore[no-any-return]
        made = made.astype(dtype)
        made[made == high] = low  # rounding to half precision must not reach the open end
        return made  # type: ignore[no-any-return]

    def _uniform_into(self, out: Array) -> None:
        """Fill an array that fits the cache with uniform numbers in [0, 1)."""
        if out.dtype == np.float64:
            words = self.long_words(len(out))
            words &= _DIGITS
            np.copyto(out, words)
            out *= 2.0**-53
        else:
            short = self.words(len(out))
            short &= np.uint32(2**24 - 1)
            np.copyto(out, short, casting="unsafe")
            out *= np.float32(2.0**-24)

    def coins(self, n: int, odds: float) -> Array:
        """``uniform(n) < odds``, decided by the 53 bits of each number."""
        below, made = np.uint64(math.ceil(odds * 2.0**53)), np.empty(n, np.bool_)
        with self._lock:
            for at in range(0, n, _CHUNK):
                out = made[at : at + _CHUNK]
                np.less(self.long_words(len(out)) & _DIGITS, below, out=out)
        return made

    def integers(self, n: int, low: int, high: int) -> Array:
        """``n`` integers in [low, high), as int64."""
        span = high - low
        with self._lock:
            if span >= 2**28:
                drawn = self.long_words(n)
                if span < 2**64:
                    drawn %= np.uint64(span)
            else:
                drawn = (self.words(n) % np.uint32(span)).astype(np.uint64)
        return drawn.view(np.int64) + np.int64(low) if low else drawn.view(np.int64)

    def permutation(self, n: int) -> Array:
        """The integers below ``n`` in random order."""
        if n < 2:
            return np.arange(n)
        with self._lock:
            drawn = self.words(n - 1) if n < 2**32 // 20 else self.long_words(n - 1)
        places = (np.arange(n - 1) + (drawn % np.arange(n, 1, -1).astype(drawn.dtype)).astype(np.int64)).tolist()
        order = list(range(n))
        for i, j in enumerate(places):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.int64)

    def normal(
        self, n: int, dtype: Any = np.float64, mean: float = 0.0, std: float = 1.0, together: bool = True
    ) -> Array:
        """``n`` normal numbers; ``together`` says that they will lie side by side in memory."""
        with self._lock:
            if n < 16 or not together:
                return (self._normal_pairs(n) * std + mean).astype(dtype)
            work = np.float64 if dtype == np.float64 else np.float32
            made = np.empty(n, work)
            whole = n // 16 * 16
            self._groups_into(made[:whole], mean, std)
            if n % 16:
                if work == dtype:
                    self.words((n - whole) * (work().itemsize // 4))  # drawn for the rest, and not used
                self._groups_into(made[-16:], mean, std)
        return made.astype(dtype, copy=False)

    def _groups_into(self, out: Array, mean: float, std: float) -> None:
        """Fill an array with normals, in groups of 16: 8 radii, then 8 angles, each from a uniform number."""
        for at in range(0, len(out), _CHUNK):
            self._uniform_into(out[at : at + _CHUNK])

        def transform(start: int, stop: int) -> None:
            for at in range(start * _BLOCK, min(stop * _BLOCK, len(out)), _BLOCK):
                _box_muller(out[at : at + _BLOCK].reshape(-1, 2, 8), mean, std)

        parallel_for(-(-len(out) // _BLOCK), transform, work=40.0 * len(out))

    def _normal_pairs(self, n: int) -> Array:
        """Box-Muller in float64, two at a time; an odd one waits in ``_spare``."""
        kept = [] if self._spare is None or n == 0 else [self._spare]
        missing = n - len(kept)
        u = self.uniform(2 * ((missing + 1) // 2))
        if n <= _FEW:  # NumPy takes 1 us for each of its calls
            drawn = iter(u.tolist())
            for turn in drawn:
                radius, angle = math.sqrt(-2 * math.log1p(-next(drawn))), 2 * math.pi * turn
                kept += (radius * math.cos(angle), radius * math.sin(angle))
            pairs = np.array(kept, np.float64)
        else:
            radii, angles = np.sqrt(-2.0 * np.log1p(-u[1::2])), (2.0 * np.pi) * u[::2]
            pairs = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1).reshape(-1)
            pairs = np.concatenate([kept, pairs])
        if n:
            self._spare = float(pairs[-1]) if missing % 2 else None
        return pairs[:n]

    def poisson(self, rates: Array) -> Array:
        """One Poisson number for each rate: counting products of uniforms, or Hoermann's PTRS from a rate of 10 on."""
        with self._one_by_one(rates.size):
            return np.array([self._poisson(float(rate)) for rate in rates.reshape(-1)], np.float64).reshape(rates.shape)

    def standard_gamma(self, shapes: Array) -> Array:
        """One gamma number for each shape, by Marsaglia and Tsang's rejection; the arithmetic is PyTorch's."""
        least = np.finfo(shapes.dtype).tiny
        with self._one_by_one(shapes.size):
            drawn = [max(self._gamma(a), least) for a in shapes.reshape(-1)]
        return np.array(drawn, shapes.dtype).reshape(shapes.shape)

    def _gamma(self, shape: Any) -> float:
        kind = type(shape)  # NumPy's float32 or float64: PyTorch prepares in the tensor's own precision
        scale = 1.0
        if shape < 1:
            if shape == 0:
                return 0.0
            scale = (1 - self._one()) ** float(kind(1) / shape)
            shape = shape + kind(1)
        d = float(shape - kind(np.float32(1) / np.float32(3)))
        c = 1 / math.sqrt(9 * d)
        while True:
            y = 0.0
            while y <= 0:
                x = self._normal()
                y = 1 + c * x
            v, u = y * y * y, 1 - self._one()
            if u < 1 - float(np.float32(0.0331)) * x**4 or math.log(u) < 0.5 * x * x + d * (1 - v + math.log(v)):
                return scale * d * v

    def binomial(self, counts: Array, odds: Array) -> Array:
        """One binomial number for each count and probability: by waiting times, or BTRS for many successes."""
        with self._one_by_one(counts.size):
            pairs = zip(counts.reshape(-1).tolist(), odds.reshape(-1).tolist(), strict=True)
            return np.array([self._binomial(n, p) for n, p in pairs], np.float64).reshape(counts.shape)

    def _binomial(self, count: float, odds: float) -> float:
        if count <= 0 or odds <= 0:
            return 0.0
        if odds >= 1:
            return count
        if odds > 0.5:
            return count - self._binomial(count, 1 - odds)
        if count * odds >= 10:
            return self._btrs(count, odds)
        waited, hits, rate = 0.0, 0, math.log1p(-odds)
        while True:
            u = self._one()
            waited += math.ceil(math.log(u) / rate) if u > 0 else math.inf
            if waited > count:
                return hits
            hits += 1

    def _btrs(self, count: float, odds: float) -> float:
        spread = math.sqrt(count * odds * (1 - odds))
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * odds
        middle, ratio = math.floor((count + 1) * odds), odds / (1 - odds)
        while True:
            u, v = self._one() - 0.5, self._one()
            edge = 0.5 - abs(u)
            k = math.floor((2 * a / edge + b) * u + count * odds + 0.5)
            if k < 0 or k > count:
                continue
            if edge >= 0.07 and v <= 0.92 - 4.2 / b:
                return k
            bound = (
                (middle + 0.5) * math.log((middle + 1) / (ratio * (count - middle + 1)))
                + (count + 1) * math.log((count - middle + 1) / (count - k + 1))
                + (k + 0.5) * math.log(ratio * (count - k + 1) / (k + 1))
                + _stirling(middle) + _stirling(count - middle) - _stirling(k) - _stirling(count - k)
            )  # fmt: skip
            if math.log(v * (2.83 + 5.1 / b) * spread / (a / (edge * edge) + b)) <= bound:
                return k

    @contextlib.contextmanager
    def _one_by_one(self, count: int) -> Iterator[None]:
        """Inside, ``_one`` reads numbers that are drawn many at a time; those that nobody read go back."""
        with self._lock:
            self._step = min(1024, 6 * count) if count > 8 else 1  # giving back costs as much as reading 30
            try:
                yield
            finally:
                if self._ahead:
                    read = self._step - len(self._ahead)
                    self._ahead = []
                    self._bits.state = self._before
                    self.words(2 * read)

    def _one(self) -> float:
        """A uniform number in [0, 1), inside ``_one_by_one``."""
        if not self._ahead:
            if self._step == 1:
                high, low = self.words(2).tolist()
                return ((high << 32 | low) & (2**53 - 1)) * 2.0**-53  # type: ignore[no-any-return]
            self._before = self._twister().state
            self._ahead = self.uniform(self._step)[::-1].tolist()
        return self._ahead.pop()

    def _normal(self) -> float:
        """A normal number, by ``_normal_pairs`` of one."""
        if self._spare is not None:
            kept, self._spare = self._spare, None
            return kept
        angle = 2 * math.pi * self._one()
        radius = math.sqrt(-2 * math.log1p(-self._one()))
        self._spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def _poisson(self, rate: float) -> float:
        if rate < 10:
            count, product, limit = 0, 1.0, math.exp(-rate)
            while rate > 0:
                product *= self._one()
                if product <= limit:
                    return count
                count += 1
            return 0.0
        root, log_rate = math.sqrt(rate), math.log(rate)
        b = 0.931 + 2.53 * root
        a = -0.059 + 0.02483 * b
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        accept = 0.9277 - 3.6224 / (b - 2)
        while True:
            u, v = self._one() - 0.5, self._one()
            edge = 0.5 - abs(u)
            k = math.floor((2 * a / edge + b) * u + rate + 0.43)
            if edge >= 0.07 and v <= accept:
                return k
            if k < 0 or (edge < 0.013 and v > edge):
                continue
            if math.log(v) + math.log(inverse_alpha) - math.log(a / (edge * edge) + b) <= (
                -rate + k * log_rate - math.lgamma(k + 1)
            ):
                return k


_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "spare", "has_spare"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", _WORDS), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 24 + 8 * _WORDS + 8, 24 + 8 * _WORDS + 24],
        "itemsize": _STATE_BYTES,
    }
)


def _stirling(k: float) -> float:
    """What Stirling's approximation of log k! leaves out."""
    if k < 10:
        return math.lgamma(k + 1) - ((k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi))
    square = (k + 1) ** 2
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


# --- sixteen normals at a time ---------------------------------------------------------------------------------------


@functools.cache
def _unseeded() -> Any:
    """What a twister begins with until it is seeded: NumPy would work out 624 good words first, which takes 70 us."""

    class Zeros(np.random.bit_generator.ISeedSequence):
        def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
            return np.zeros(n_words, dtype)

    return Zeros()


_BLOCK = 8192  # normals at a time: blocks that stay in the first cache
_CHUNK = 65536  # uniforms at a time
_DIGITS = np.uint64(2**53 - 1)  # those of a 64-bit word that make a float64


def _single(x: float) -> np.float64:
    """A constant as float32 has it, in float64."""
    return np.float64(np.float32(x))


def _round(x: Any) -> Any:
    return x.astype(np.float32).astype(np.float64)


def _fma(a: Any, b: Any, c: Any) -> Any:
    """The float32 fused multiply-add a * b + c, on float64 arrays that hold float32 values."""
    t = a * b
    t += c
    np.copyto(t, t.astype(np.float32))
    return t


_LOG = [_single(c) for c in (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)]  # fmt: skip
_LOG2_HIGH, _LOG2_LOW, _SQRT_HALF = _single(0.693359375), _single(-2.12194440e-4), _single(math.sqrt(0.5))
_COS = [_single(c) for c in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)]
_SIN = [_single(c) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
_PI_PARTS = [_single(c) for c in (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)]
_FOUR_OVER_PI, _TWO_PI = _single(4 / math.pi), _single(2 * math.pi)


def _box_muller(pairs: Array, mean: float, std: float) -> None:
    """Normals in place of uniforms: (groups, 2, 8), where [:, 0] are radii and [:, 1] angles."""
    if pairs.dtype == np.float32:
        _box_muller32(pairs, np.float32(mean), np.float32(std))
    else:
        radius, angle = np.sqrt(-2 * np.log(1 - pairs[:, 0])), (2 * np.pi) * pairs[:, 1]
        pairs[:, 0] = radius * np.cos(angle) * std + mean
        pairs[:, 1] = radius * np.sin(angle) * std + mean


@twin("draws.box_muller32", when=lambda pairs, mean, std: pairs.size >= (16 if awake() else 65_536))
def _box_muller32(pairs: Array, mean: Any, std: Any) -> None:
    """radius * cos(angle), radius * sin(angle), scaled and shifted, rounded to float32 where PyTorch rounds."""
    radius = _round(np.sqrt(_round(-2.0 * _log32(1 - pairs[:, 0]))))
    sine, cosine = _sincos32(_round(_TWO_PI * pairs[:, 1].astype(np.float64)))
    wide_mean, wide_std = np.float64(mean), np.float64(std)
    pairs[:, 0] = _fma(_round(radius * cosine), wide_std, wide_mean)
    pairs[:, 1] = _fma(_round(radius * sine), wide_std, wide_mean)


def _log32(x: Array) -> Array:
    """Cephes' logf of float32 values in (0, 1]."""
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(np.float64)
    part = ((bits & 0x007FFFFF) | 0x3F000000).view(np.float32).astype(np.float64)  # in [0.5, 1)
    small = part < _SQRT_HALF
    exponent -= small
    part += part * small  # now in [sqrt(0.5), sqrt(2))
    part -= 1.0
    square = _round(part * part)
    y = _fma(_LOG[0], part, _LOG[1])
    for coefficient in _LOG[2:]:
        y = _fma(y, part, coefficient)
    y = _round(y * part)
    y = _fma(y, square, _round(exponent * _LOG2_LOW))
    y = _fma(square, -0.5, y)
    return _fma(exponent, _LOG2_HIGH, _round(part + y))  # type: ignore[no-any-return]


def _sincos32(x: Array) -> tuple[Array, Array]:
    """Cephes' sinf and cosf of non-negative float32 values."""
    octant = (_round(x * _FOUR_OVER_PI).astype(np.int32) + 1) & ~1
    turns = octant.astype(np.float64)
    x = x + turns * _PI_PARTS[0] + turns * _PI_PARTS[1]  # these parts have so few bits that nothing is rounded
    x = _fma(turns, _PI_PARTS[2], x)
    z = _round(x * x)
    even = _fma(_fma(_COS[0], z, _COS[1]), z, _COS[2])
    even = _fma(_round(even * z), z, -_round(0.5 * z))
    even = _round(even + 1.0)
    odd = _fma(_fma(_SIN[0], z, _SIN[1]), z, _SIN[2])
    odd = _fma(_round(odd * z), x, x)
    straight = (octant & 2) == 0
    sine, cosine = np.where(straight, odd, even), np.where(straight, even, odd)
    np.negative(sine, out=sine, where=(octant & 4) != 0)
    np.negative(cosine, out=cosine, where=((octant - 2) & 4) == 0)
    return sine, cosine


default_generator = Generator()
default_generator.seed()


class _Own(threading.local):
    generator: Generator | None = None


_own = _Own()


@contextlib.contextmanager
def use(generator: Generator) -> Iterator[None]:
    """Inside the block this thread's default is another generator (so the workers of a DataLoader don't interfere)."""
    before, _own.generator = _own.generator, generator
    try:
        yield
    finally:
        _own.generator = before


def chosen(generator: Generator | None) -> Generator:
    """The generator that was passed, or the default one of this thread."""
    if mode.now.recorder is not None:
        mode.now.recorder.refuse("random numbers are drawn. Draw them outside, and pass them")
    if generator is None:
        return _own.generator or default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"argument 'generator' must be Generator, not {type(generator).__name__}")
    return generator


def as_kind(values: Array, dtype: Any) -> Array:
    """Float64 draws in the dtype of the tensor that takes them."""
    return (
        values.astype(dtype, copy=False) if dtypes.is_float(np.dtype(dtype)) else values.astype(np.int64).astype(dtype)
    )
