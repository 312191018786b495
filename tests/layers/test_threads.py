"""Loops shared between threads: what they compute, what they raise, and how BLAS is left."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from autograd import threads


@pytest.fixture
def three_threads():
    before = threads.get_num_threads()
    threads.set_num_threads(3)
    yield
    threads.set_num_threads(before)


def test_ranges_make_the_whole_and_results_keep_their_order(three_threads):
    ranges = threads.parallel_for(10, lambda start, stop: (start, stop))
    assert ranges == [(0, 3), (3, 6), (6, 10)]
    assert threads.parallel_for(2, lambda start, stop: (start, stop)) == [(0, 1), (1, 2)]
    assert threads.parallel_for(0, lambda start, stop: (start, stop)) == []


def test_little_work_stays_in_the_calling_thread(three_threads):
    found = threads.parallel_for(9, lambda start, stop: threading.get_ident(), work=1e3)
    assert found == [threading.get_ident()]


def test_a_loop_inside_a_loop_runs_in_one_thread(three_threads):
    inner = threads.parallel_for(3, lambda *_: len(threads.parallel_for(9, lambda start, stop: start)))
    assert inner == [1, 1, 1]


@pytest.mark.parametrize("guilty", [0, 2])
def test_errors_arrive_after_all_threads_are_done(three_threads, guilty):
    done = []

    def body(start, stop):
        if start == guilty:
            raise ValueError("from a thread")
        done.append(start)

    with pytest.raises(ValueError, match="from a thread"):
        threads.parallel_for(3, body)
    assert sorted(done) == [i for i in range(3) if i != guilty]


def test_warnings_are_kept_in_the_threads(three_threads):
    with np.errstate(all="raise"):  # of the calling thread only
        threads.parallel_for(3, lambda start, stop: np.float32(1) / np.zeros(1, np.float32))


def test_scratch_is_one_memory_for_each_thread_and_name(three_threads):
    first, again = threads.scratch("a", (4,), np.float32), threads.scratch("a", (2, 2), np.float32)
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, threads.scratch("b", (4,), np.float32))
    everyone = threads.parallel_for(3, lambda start, stop: threads.scratch("a", (4,), np.float32))
    assert len({a.__array_interface__["data"][0] for a in everyone}) == len({id(a.base) for a in everyone}) > 1


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None])
def test_the_number_of_threads_is_a_positive_integer(wrong):
    with pytest.raises(RuntimeError, match="positive integer"):
        threads.set_num_threads(wrong)


@pytest.mark.skipif(threads._blas() is None, reason="NumPy's BLAS here is not an OpenBLAS that can be asked")
def test_one_blas_thread_puts_the_number_back():
    before, alone = threads.get_num_threads(), threads._State.alone
    try:
        threads._State.alone = False
        threads.set_num_threads(2)
        get = threads._blas()[0]
        with threads.one_blas_thread():
            with threads.one_blas_thread():
                assert get() == 1
            assert get() == 1
        assert get() == 2
        assert threads.parallel_for(2, lambda start, stop: get()) == [1, 1]
        assert get() == 2
        threads.parallel_for(2, lambda start, stop: None, products=True)  # from now on BLAS stays alone
        with threads.one_blas_thread():
            pass
        assert get() == 1
        threads.set_num_threads(2)
        assert get() == 1
    finally:
        threads._State.alone = alone
        threads.set_num_threads(before)


@pytest.mark.parametrize("m, k, n", [(7, 5, 4), (4, 5, 7), (1, 3, 8)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_share_a_large_product_where_blas_has_but_one(three_threads, monkeypatch, m, k, n, dtype):
    monkeypatch.setattr(threads._State, "alone", True)
    monkeypatch.setattr(threads, "_SHARED", 0)
    a, b = (np.arange(size, dtype=dtype) for size in (m * k, k * n))
    a, b = a.reshape(k, m).T, b.reshape(k, n)
    assert np.array_equal(threads.matmul(a, b), a @ b)
    with pytest.raises(ValueError, match="mismatch"):
        threads.matmul(a, b[:-1])


@pytest.mark.skipif(
    threads._library() is None or not np._core._multiarray_umath.__cpu_features__.get("AVX512F"),
    reason="the processor has no AVX-512, or NumPy another BLAS",
)
@pytest.mark.parametrize("core, narrow", [("Haswell", True), ("SkylakeX", False)])
def test_a_blas_that_the_environment_holds_back_is_noticed(core, narrow):
    asked = "from autograd import threads; print(threads.blas_is_narrow())"
    environment = {**os.environ, "OPENBLAS_CORETYPE": core}
    assert subprocess.check_output([sys.executable, "-c", asked], env=environment, text=True).strip() == str(narrow)
