"""How many threads work, and on what: ``set_num_threads``, and loops over blocks that NumPy runs side by side.

NumPy releases Python's lock inside its loops and matrix products, so Python threads that each work through their own
blocks of a large array do run in parallel. Each of them wants a BLAS that keeps to one thread; the BLAS inside NumPy is
asked so, by OpenBLAS's own call: while a loop is shared, and from the first convolution or compiled kernel on for good.
Where it can't be asked (another BLAS), the loops run in one thread and BLAS does as it likes.

The split depends on the number of threads alone, never on timing: the same number of threads gives the same bits.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["get_num_threads", "set_num_threads"]

Result = TypeVar("Result")


class _State:
    """The number of threads, and the workers that exist so far (the calling thread is one more)."""

    count = 0
    pool: ThreadPoolExecutor | None = None
    alone = False  # whether BLAS was told to keep to one thread


def get_num_threads() -> int:
    """How many threads share the work of a large operation.

    The first answer is ``OMP_NUM_THREADS`` (or ``OPENBLAS_NUM_THREADS``) where it is set, else the number of processors
    that this process may use; in a browser it is 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.get_num_threads.html
    """
    if not _State.count:
        _State.count = _first_count()
    return _State.count


def _first_count() -> int:
    if not can_start():
        return 1
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        value = os.environ.get(name, "").split(",")[0]
        if value.isdigit() and int(value) > 0:
            return int(value)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def can_start() -> bool:
    """Whether Python can start threads: in a browser (Pyodide, JupyterLite) it can't."""
    return sys.platform not in ("emscripten", "wasi")


def set_num_threads(int: int) -> None:
    """Share the work of large operations between this many threads, here and in NumPy's BLAS.

    Raises RuntimeError unless it is a positive int.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.set_num_threads.html

    >>> before = get_num_threads()
    >>> set_num_threads(1); get_num_threads()
    1
    >>> set_num_threads(before)
    """
    if not hasattr(int, "__index__") or isinstance(int, bool) or int < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {int!r}")
    _State.count = int.__index__()
    if _State.pool is not None:
        _State.pool.shutdown(wait=False)
        _State.pool = None
    blas = _blas()
    if blas is not None and not _State.alone:
        blas[1](_State.count)


@functools.cache
def _library() -> tuple[ctypes.CDLL, str, str] | None:
    """The OpenBLAS that NumPy has loaded, and what its names begin and end with; None if it is another BLAS."""
    import importlib

    handles = [str(importlib.import_module("numpy._core._multiarray_umath").__file__)]
    beside = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "numpy.libs")
    if os.path.isdir(beside):  # manylinux wheels
        handles += [os.path.join(beside, name) for name in sorted(os.listdir(beside)) if "openblas" in name]
    inside = os.path.join(os.path.dirname(np.__file__), ".dylibs")
    if os.path.isdir(inside):  # macOS wheels
        handles += [os.path.join(inside, name) for name in sorted(os.listdir(inside)) if "openblas" in name]
    for path in handles:
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
            if hasattr(library, f"{prefix}openblas_set_num_threads{suffix}"):
                return library, prefix, suffix
    return None


@functools.cache
def _blas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """OpenBLAS's own (get, set) of its number of threads; None where BLAS can't be asked."""
    if _library() is None:
        return None
    get, put = _function("openblas_get_num_threads"), _function("openblas_set_num_threads")
    get.restype, put.argtypes, put.restype = ctypes.c_int, [ctypes.c_int], None
    return get, put


def _function(name: str) -> Any:
    """A function of the OpenBLAS inside NumPy."""
    library, prefix, suffix = _library() or (ctypes.CDLL(None), "", "")
    return getattr(library, prefix + name + suffix)


def blas_address(name: str) -> int | None:
    """Where a function of the BLAS inside NumPy lies in memory (for compiled kernels); None if it can't be asked."""
    return None if _library() is None else ctypes.cast(_function(name), ctypes.c_void_p).value


@functools.cache
def blas_is_narrow() -> bool:
    """Whether BLAS computes with shorter vectors than the processor has: an old one, or one that the environment holds back."""
    import importlib

    processor = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    if _library() is None or not processor.get("AVX512F"):
        return False
    core = _function("openblas_get_corename")
    core.restype = ctypes.c_char_p
    return str(core().decode()).lower() not in ("skylakex", "cooperlake", "sapphirerapids")


def leave_blas_one_thread() -> None:
    """From the first shared loop of products or compiled kernel on, BLAS keeps to the calling thread.

    Its own workers stay awake for some milliseconds after each product, waiting for another, and would take the
    processors from ours: a convolutional network is a fifth slower that way.
    """
    if not _State.alone:
        _State.alone = True
        blas = _blas()
        if blas is not None:
            blas[1](1)


class one_blas_thread:
    """A block in which BLAS keeps to one thread: for many small products, one after the other.

    Two threads that meet after each of them save a little on an idle machine, and wait for each other on a busy one:
    an LSTM was 10 % faster or three times slower that way.
    """

    _lock = threading.Lock()
    _open = 0  # blocks that are open, in any thread: the last one to leave puts the number back
    _outside = 1

    def __enter__(self) -> None:
        blas = _blas()
        if blas is not None:
            with self._lock:
                if one_blas_thread._open == 0:
                    one_blas_thread._outside = blas[0]()
                    if one_blas_thread._outside != 1:
                        blas[1](1)
                one_blas_thread._open += 1

    def __exit__(self, *exc: object) -> None:
        blas = _blas()
        if blas is not None:
            with self._lock:
                one_blas_thread._open -= 1
                if one_blas_thread._open == 0 and one_blas_thread._outside != 1 and not _State.alone:
                    blas[1](one_blas_thread._outside)


class _Inside(threading.local):
    """Whether this thread is already one of several that share a loop: a loop inside it runs in one thread."""

    loop = False


_inside = _Inside()


def parallel_for(
    n: int, body: Callable[[int, int], Result], work: float = np.inf, *, products: bool = False
) -> list[Result]:
    """Call ``body(start, stop)`` on ranges that together make ``range(n)``; the results, in order of the ranges.

    Args:
        n: the number of items. Each thread gets one contiguous range of them.
        body: works through a range with NumPy, writing where no other range writes.
        work: about how many nanoseconds one thread needs for everything; below 1 ms Python threads are woken too late
            to be worth it, and BLAS, whose threads are awake, is left to share its products itself.
        products: whether the body mostly multiplies matrices, and programs call it again and again, as a convolution:
            then BLAS had better keep to one thread in between, too.
    """
    count = min(get_num_threads(), n)
    if count > 1 and (work < 1e6 or _inside.loop or _blas() is None):
        count = 1
    if count <= 1:
        return [body(0, n)] if n else []
    ends = [n * i // count for i in range(count + 1)]
    pool = _State.pool
    if pool is None:
        from concurrent.futures import ThreadPoolExecutor

        pool = _State.pool = ThreadPoolExecutor(get_num_threads() - 1, "pullback")

    def share(i: int) -> Result:
        _inside.loop = True
        try:
            with np.errstate(all="ignore"):  # as in the calling thread; NumPy keeps this for each thread
                return body(ends[i], ends[i + 1])
        finally:
            _inside.loop = False

    if products:
        leave_blas_one_thread()
    with one_blas_thread():
        others = [pool.submit(share, i) for i in range(1, count)]
        try:
            first = share(0)
        finally:
            errors = [future.exception() for future in others]  # waits: nobody may write after we return
    for error in errors:
        if error is not None:
            raise error
    return [first, *[future.result() for future in others]]


def matmul(a: Any, b: Any) -> Any:
    """``a @ b`` of arrays. Where BLAS keeps to one thread, several make a part each of a large product of matrices."""
    if _State.alone and a.ndim == b.ndim == 2 and a.size * b.shape[1] > _SHARED and a.dtype == b.dtype:
        m, n = a.shape[0], b.shape[1]
        made = np.empty((m, n), a.dtype)

        def rows(start: int, stop: int) -> None:
            np.matmul(a[start:stop], b, out=made[start:stop])

        def columns(start: int, stop: int) -> None:
            np.matmul(a, b[:, start:stop], out=made[:, start:stop])

        if a.shape[1] == b.shape[0]:  # else NumPy tells what is wrong
            parallel_for(max(m, n), rows if m >= n else columns)
            return made
    return a @ b


_SHARED = 80_000_000
"""Multiplications, of about a millisecond, from which waking a thread pays."""

_BLOCK = 65_536
"""Elements of a block at most: with a few temporaries of its size, it stays in the second-level cache."""


def in_blocks(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make an elementwise function of arrays work through large ones block by block.

    A function of a dozen NumPy calls reads and writes a dozen temporaries: in blocks they never leave the cache.
    One thread does them all: two would wait for each other at every call, because each takes Python's lock.
    """

    @functools.wraps(function)
    def blocked(*args: Any) -> Any:
        first = args[0]
        size = first.size
        blocks = -(-size // _BLOCK)
        whole = blocks < 2
        for a in () if whole else args:
            if isinstance(a, np.ndarray) and (a.shape != first.shape or not a.flags.c_contiguous):
                whole = True
        if whole:
            return function(*args)
        flat = [a.reshape(-1) if isinstance(a, np.ndarray) else a for a in args]
        made = np.empty(size, first.dtype)
        for i in range(blocks):
            block = slice(size * i // blocks, size * (i + 1) // blocks)
            made[block] = function(*[v[block] if isinstance(v, np.ndarray) else v for v in flat])
        return made.reshape(first.shape)

    return blocked


class _Scratch(threading.local):
    """Memory of this thread for passing results: pages that were touched once stay warm."""

    def __init__(self) -> None:
        self.buffers: dict[Any, Any] = {}


_scratch = _Scratch()


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """An uninitialised array from memory that this thread keeps under ``name``, valid until it is asked for again.

    Kept only up to a few MiB: a larger one is simply new.
    """
    dtype = np.dtype(dtype)
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size > _KEPT_BYTES:
        return np.empty(shape, dtype)
    buffer = _scratch.buffers.get(name)
    if buffer is None or buffer.size < size:
        buffer = _scratch.buffers[name] = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)


_KEPT_BYTES = 8 << 20


def _after_fork() -> None:
    """The workers stayed in the parent; the child makes its own when it needs them."""
    _State.pool = None
    _inside.loop = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
