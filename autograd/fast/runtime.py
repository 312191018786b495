"""What every kernel is made with: numba's settings, the threads, BLAS by its address, and functions of one float32.

@kernel                       in threads of its own loop: for t in prange(threads)
@helper                       called by kernels, in one thread
@exact                        the same with the bits that NumPy's operations have one by one
@inline                       becomes part of its caller: handing a row to a helper costs 20 ns
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.core.errors import NumbaError
from numba.extending import intrinsic

from .. import threads

__all__ = [
    "F", "Unfit", "address", "aligned", "bits_of", "exact", "exp", "exp_below", "float_of_bits", "floats_at", "fma", "fused_multiply", "gemm", "helper", "inline", "kernel",
    "largest", "log", "log1p", "prange", "scratch", "start", "tanh", "team",
]  # fmt: skip


class Unfit(Exception):
    """This machine can't run kernels, and why."""


F = np.float32
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",  # a check for division by zero in a loop keeps it from using vectors
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},  # sums in any order; infinities and NaN stay what they are
}


def _made(**options: Any) -> Any:
    """A decorator that compiles, and keeps what it compiled where no change of any file here is missed.

    Numba itself looks at the file of a function only, not at those of the functions that it calls.
    """

    def decorate(function: Any) -> Any:
        outside = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        numba.config.CACHE_DIR = _cache()  # type: ignore[attr-defined]
        try:
            made = njit(**{**_OPTIONS, "cache": True, **options})(function)
        finally:
            numba.config.CACHE_DIR = outside  # type: ignore[attr-defined]
        template = made.get_call_template
        made.get_call_template = lambda args, keywords: template([_plain(a) for a in args], keywords)
        return made

    return decorate


def _plain(kind: Any) -> Any:
    """What an argument of this type is compiled as: numba would compile a function again for each literal 0 or 1 in a call."""
    kind = types.unliteral(kind)  # type: ignore[no-untyped-call]
    return types.int64 if kind == types.uint64 else kind


@functools.cache
def _cache() -> str:
    """A folder named after the contents of this one: beside it where that can be written, else the user's."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(here.glob("*.py")))).hexdigest()[:16]
    home = os.path.expanduser("~")  # stays "~" where nobody has one
    bases = [here / "__pycache__", *([Path(home, ".cache", "pullback")] if home != "~" else [])]
    for base in bases:
        folder = base / f"kernels-{digest}"
        try:
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)
                _forget_old(base)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return tempfile.mkdtemp(prefix="pullback-")


def _forget_old(base: Path) -> None:
    """Delete what other versions of this folder compiled a month ago and earlier: at worst it is compiled again."""
    for folder in base.glob("kernels-*"):
        if folder.stat().st_mtime < time.time() - 30 * 86_400:
            shutil.rmtree(folder, ignore_errors=True)


def _use_whole_vectors() -> None:
    """Ask LLVM for AVX-512's whole vectors: by default it keeps to half of them, though BLAS uses them beside it.

    Loops over exp and tanh become a third to a half faster. Code that numba has compiled before this stays as it is.
    """
    host = llvmlite.binding.get_host_cpu_features()
    if host.get("avx512f") and not numba.config.CPU_FEATURES:  # type: ignore[attr-defined]
        numba.config.CPU_FEATURES = f"{host.flatten()},-prefer-256-bit"  # type: ignore[attr-defined]


_use_whole_vectors()
WIDE = "+avx512f" in (numba.config.CPU_FEATURES or "").split(",")  # type: ignore[attr-defined]
"""Whether vectors hold 16 floats. NUMBA_CPU_NAME and NUMBA_CPU_FEATURES can take that away, to see what other processors do."""
helper: Any = _made()
kernel: Any = _made(parallel=True)
exact: Any = _made(fastmath=False)
inline: Any = njit(inline="always", **_OPTIONS)
_intrinsic: Any = intrinsic


def start() -> None:
    """Make numba's threads and BLAS ready. Raises Unfit if this can't be done here."""
    if numba.config.THREADING_LAYER == "default":  # type: ignore[attr-defined]
        numba.config.THREADING_LAYER = "omp"  # type: ignore[attr-defined]
    if _SGEMM is None:
        raise Unfit("NumPy's BLAS is not the OpenBLAS of its wheels, which the kernels call")
    try:
        _wake(np.zeros(2, F), 2)
        layer = numba.threading_layer()  # type: ignore[attr-defined]
    except (ValueError, NumbaError) as error:
        raise Unfit(f"numba has no threads here ({str(error).splitlines()[0]}): install libgomp") from None
    if layer == "workqueue":
        raise Unfit("numba's threads here are its workqueue, which is slow and not safe: install libgomp")
    threads.leave_blas_one_thread()


def team(work: float = np.inf) -> int:
    """How many threads share a loop.

    Args:
        work: about how many nanoseconds one thread needs for it; below 10 us it stays in one.
    """
    return threads.get_num_threads() if work > 1e4 else 1


def aligned(*shape: int) -> Any:
    """An uninitialised float32 array that begins at a cache line: products into it and with it are a fifth faster.

    NumPy's own begin at multiples of 16 bytes, so that every vector of 64 bytes lies across two lines.
    """
    size = math.prod(shape)
    memory = np.empty(size + 15, F)
    start = -memory.ctypes.data % 64 // 4
    return memory[start : start + size].reshape(shape)


class _Own(threading.local):
    """Memory of the calling thread's that kernels work in."""

    def __init__(self) -> None:
        self.memory = aligned(1, 0)


_own = _Own()


def scratch(count: int, size: int) -> Any:
    """``count`` rows of at least ``size`` float32 numbers to work in, one for each thread of a team, as the last ones left them.

    The same memory at each call: what a core has written is still in its cache, where fresh memory would be in another's.
    """
    memory = _own.memory
    if len(memory) < count or memory.shape[1] < size:
        memory = _own.memory = aligned(
            max(count, len(memory)), -(-size // 1024) * 1024 + 16
        )  # rows that begin at different places of the cache
    return memory


@kernel
def _wake(x: Any, count: int) -> None:
    for t in prange(count):
        x[t] = t


# --- matrix products -----------------------------------------------------------------------------------------------

_SGEMM = threads.blas_address("cblas_sgemm")
if _SGEMM is not None:
    llvmlite.binding.add_symbol("pullback_sgemm", _SGEMM)
_INT, _ADDRESS = types.int64, types.uintp
_pointer_to: Any = types.CPointer
_FLOATS = _pointer_to(types.float32)
_sgemm: Any = types.ExternalFunction(  # 64-bit integers serve a BLAS of 32-bit ones too: both fill a register
    "pullback_sgemm",
    types.void(
        _INT, _INT, _INT, _INT, _INT, _INT, types.float32,
        _ADDRESS, _INT, _ADDRESS, _INT, types.float32, _ADDRESS, _INT,
    ),
)  # fmt: skip
_ROWS, _PLAIN, _TRANSPOSED = 101, 111, 112


@helper
def gemm(
    ta: bool, tb: bool, m: int, n: int, k: int, a: int, lda: int, b: int, ldb: int, beta: float, c: int, ldc: int
) -> None:
    """``c = op(a) @ op(b) + beta * c`` for row-major float32 matrices given by address and row length, in one thread.

    ``op(a)`` is [m, k] (the transpose of what lies there if ``ta``), ``op(b)`` [k, n], ``c`` [m, n].
    """
    _sgemm(
        _ROWS, _TRANSPOSED if ta else _PLAIN, _TRANSPOSED if tb else _PLAIN,
        m, n, k, F(1), a, lda, b, ldb, F(beta), c, ldc,
    )  # fmt: skip


@_intrinsic
def _pointer(typingctx: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(_FLOATS))

    return _FLOATS(_ADDRESS), codegen


@inline
def floats_at(address: int, count: int) -> Any:
    """The float32 numbers at an address, as an array."""
    return numba.carray(_pointer(address), (count,))  # type: ignore[attr-defined]


@helper
def address(array: Any) -> int:
    """Where an array lies. Its ``ctypes.data`` takes Python four times as long."""
    return array.ctypes.data  # type: ignore[no-any-return]


# --- functions of one float32, without branches, so that loops over them use vectors ---------------------------------


@_intrinsic
def float_of_bits(typingctx: Any, bits: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float32))

    return types.float32(types.int32), codegen


@_intrinsic
def bits_of(typingctx: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int32))

    return types.int32(types.float32), codegen


def _multiply_add(name: str) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(types.float32)
        function = builder.module.declare_intrinsic(name, (kind,), ir.FunctionType(kind, (kind, kind, kind)))
        return builder.call(function, args)

    return types.float32(types.float32, types.float32, types.float32), codegen


@_intrinsic
def fused_multiply(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c rounded once, where the processor can; the compiler does not reorder it."""
    return _multiply_add("llvm.fmuladd")


@_intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c rounded once, on every processor."""
    return _multiply_add("llvm.fma")


_MAGIC, _MAGIC_BITS = F(12582912.0), np.int32(0x4B400000)  # adding 1.5 * 2**23 rounds to an integer, in the low bits


@inline
def _power(whole: Any) -> Any:
    """2 ** whole for an integer from -126 to 127."""
    return float_of_bits(np.int32((whole + np.int32(127)) << np.int32(23)))


@inline
def _reduced(x: Any) -> Any:
    """(n, r) with x = n log 2 + r, |r| <= log(2) / 2. Bits, not a subtraction, which the compiler would cancel.

    And log 2 in two parts, of which the first is exact in few bits: added up by the compiler, they lose 3 more.
    """
    n = np.int32(bits_of(x * F(1.44269504) + _MAGIC) - _MAGIC_BITS)  # which numba would widen
    f = F(n)
    return n, fused_multiply(f, F(2.12194440e-4), fused_multiply(f, F(-0.693359375), x))


@inline
def _exp_minus_one(r: Any) -> Any:
    """exp(r) - 1 for |r| <= log(2) / 2 (the minimax polynomial of Cephes' expf)."""
    p = F(1.9875691500e-4)
    p = p * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(5.0000001201e-1)
    return p * r * r + r


@inline
def exp(x: Any) -> Any:
    """exp(x), within 2 units in the last place; 0, inf and NaN where they belong."""
    x = F(89) if x > F(89) else x
    x = F(-104) if x < F(-104) else x
    n, r = _reduced(x)
    half = np.int32(n >> np.int32(1))
    return (_exp_minus_one(r) + F(1)) * _power(half) * _power(np.int32(n - half))


@inline
def exp_below(x: Any) -> Any:
    """exp(x) for x <= 0, in less time: what would be below 1.6e-38 is 0."""
    n, r = _reduced(F(-87) if x < F(-87) else x)
    y = (_exp_minus_one(r) + F(1)) * _power(n)
    return F(0) if x < F(-87) else y


@inline
def log(x: Any) -> Any:
    """log(x), within 2 units in the last place (the polynomial of Cephes' logf); -inf, inf and NaN where they belong."""
    tiny = x < F(1.17549435e-38)  # too small for a full mantissa
    bits = bits_of(x * F(8388608) if tiny else x)
    e = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))  # x = m 2^e with m from sqrt(1/2) to sqrt(2)
    f = float_of_bits(np.int32(bits - np.int32(e << np.int32(23)))) - F(1)
    n = F(e) - (F(23) if tiny else F(0))
    p = F(7.0376836292e-2) * f + F(-1.1514610310e-1)
    p = p * f + F(1.1676998740e-1)
    p = p * f + F(-1.2420140846e-1)
    p = p * f + F(1.4249322787e-1)
    p = p * f + F(-1.6668057665e-1)
    p = p * f + F(2.0000714765e-1)
    p = p * f + F(-2.4999993993e-1)
    p = p * f + F(3.3333331174e-1)
    square = f * f
    y = p * f * square + n * F(-2.12194440e-4) - F(0.5) * square
    y = f + y + n * F(0.693359375)
    y = x if x == F(np.inf) else y
    y = F(np.nan) if x < F(0) or x != x else y
    return F(-np.inf) if x == F(0) else y


@inline
def log1p(x: Any) -> Any:
    """log(1 + x) = log(w) x / (w - 1) with w the rounded 1 + x, so that small x keep their digits."""
    w = F(1) + x
    y = log(w)
    grown = w - F(1)
    return y * (x / grown) if grown != F(0) and grown != F(np.inf) and w != F(0) else (x if grown == F(0) else y)


@inline
def tanh(x: Any) -> Any:
    """tanh(x) = e / (e + 2) with e = exp(2x) - 1, which loses no digits near 0."""
    x = F(9.1) if x > F(9.1) else x
    x = F(-9.1) if x < F(-9.1) else x
    n, r = _reduced(x + x)
    scale = _power(n)
    e = _exp_minus_one(r) * scale + (scale - F(1))
    return e / (e + F(2))


@inline
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return F(1) / (F(1) + exp(-x))


@inline
def _ordered(bits: Any) -> Any:
    """Integers in the order of the floats whose bits they are; twice is back."""
    return bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF))


@inline
def largest(row: Any) -> Any:
    """The largest number of a row. NaN may count as larger or as smaller than all numbers.

    Compared as integers: the compiler makes no vectors of a maximum that has to keep rules for NaN.
    """
    top = np.int32(-0x80000000)
    for j in range(len(row)):
        bits = _ordered(bits_of(row[j]))
        top = bits if bits > top else top
    return float_of_bits(_ordered(top))
