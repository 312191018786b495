"""utils.data: datasets, samplers, collating and the DataLoader, beside PyTorch where it is installed."""

from __future__ import annotations

import time
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import autograd
from autograd.utils import data

Point = namedtuple("Point", "x y")


def plain(batch):
    """A batch with lists in place of tensors, of either library."""
    if hasattr(batch, "tolist"):
        return (str(getattr(batch, "dtype", "")), batch.tolist())
    if isinstance(batch, dict):
        return {k: plain(v) for k, v in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*map(plain, batch))
    return type(batch)(map(plain, batch)) if isinstance(batch, (list, tuple)) else batch


@pytest.mark.parametrize("options", [{}, {"shuffle": True}, {"shuffle": True, "drop_last": True, "batch_size": 4}])
@pytest.mark.parametrize("workers", [0, 2])
def test_order_is_pytorchs_for_the_same_seed(options, workers):
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    autograd.manual_seed(3)
    options = {"batch_size": 3, **options}
    ours = data.DataLoader(range(11), num_workers=workers, **options)
    theirs = torch.utils.data.DataLoader(range(11), **options)
    for _ in range(2):
        assert [b.tolist() for b in ours] == [b.tolist() for b in theirs]
    assert len(ours) == len(theirs)
    assert autograd.rand(1).item() == torch.rand(1).item()  # and as much randomness was used


def test_samplers_are_pytorchs_for_the_same_seed():
    torch = pytest.importorskip("torch")

    def orders(lib, d):
        lib.manual_seed(5)
        generator = lib.Generator().manual_seed(7)
        return [
            list(d.RandomSampler(range(5), num_samples=12)),
            list(d.RandomSampler(range(50), replacement=True, num_samples=40, generator=generator)),
            list(d.SubsetRandomSampler([3, 5, 9, 11], generator=generator)),
            list(d.WeightedRandomSampler([0.1, 0.5, 3.0], 10)),
            list(d.WeightedRandomSampler([0.1, 0.5, 3.0], 3, replacement=False, generator=generator)),
            list(d.BatchSampler(d.RandomSampler(range(7)), 3, True)),
            *[list(d.distributed.DistributedSampler(range(7), 3, r, seed=2)) for r in range(3)],
            [s.indices for s in d.random_split(range(10), [0.35, 0.65])],
            [s.indices for s in d.random_split(range(10), [3, 7], generator=generator)],
        ]

    assert orders(autograd, data) == orders(torch, torch.utils.data)


SAMPLES = [
    [1, 2], [1.5, 2.0], [True, False], ["a", "b"], [b"a", b"b"], [(1, 2.0), (3, 4.0)], [[1, 2], [3, 4]],
    [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], [Point(1, 2), Point(3, 4)], [np.ones(2), np.zeros(2)],
    [np.float32(1), np.float32(2)], [OrderedDict(a=1), OrderedDict(a=2)], [range(2), range(2)], [np.bool_(1), np.bool_(0)],
]  # fmt: skip


@pytest.mark.parametrize("samples", SAMPLES, ids=str)
def test_collate_and_convert(samples):
    torch = pytest.importorskip("torch")
    assert plain(data.default_collate(samples)) == plain(torch.utils.data.default_collate(samples))
    assert plain(data.default_convert(samples)) == plain(torch.utils.data.default_convert(samples))


def test_collate_errors():
    with pytest.raises(TypeError, match=r"found <class 'object'>.*collate_fn"):
        data.default_collate([object()])
    with pytest.raises(RuntimeError, match=r"equal size.*\[1, 2\]"):
        data.default_collate([[1], [1, 2]])
    with pytest.raises((RuntimeError, ValueError)):
        data.default_collate([autograd.ones(2), autograd.ones(3)])


def test_the_fast_path_of_arrays_gives_what_the_slow_one_gives():
    x, y = autograd.randn(10, 3), autograd.arange(10)
    fast = data.TensorDataset(x, y)
    part = data.Subset(fast, [7, 1, 3])
    for d in (fast, part):
        quick = [plain(b) for b in data.DataLoader(d, batch_size=4)]
        slow = [plain(b) for b in data.DataLoader(d, batch_size=4, collate_fn=lambda s: data.default_collate(s))]
        assert quick == slow and isinstance(next(iter(data.DataLoader(d))), list)


class Count(data.IterableDataset):
    def __init__(self, n):
        self.n, self.first, self.step = n, 0, 1

    def __iter__(self):
        return iter(range(self.first, self.n, self.step))


def share(worker):
    info = data.get_worker_info()
    assert info.id == worker and info.num_workers == 2
    info.dataset.first, info.dataset.step = worker, 2


def test_iterable_datasets_and_worker_info():
    assert data.get_worker_info() is None
    assert [b.tolist() for b in data.DataLoader(Count(5), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert list(data.DataLoader(Count(3), batch_size=None)) == [0, 1, 2]
    loader = data.DataLoader(Count(9), batch_size=2, num_workers=2, worker_init_fn=share)
    for _ in range(2):
        assert [b.tolist() for b in loader] == [[0, 2], [1, 3], [4, 6], [5, 7], [8]]
    chain = data.ChainDataset([Count(2), Count(3)])
    assert list(data.DataLoader(chain, batch_size=None)) == [0, 1, 0, 1, 2]


class Slow(data.Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, i):
        if i == 99:
            raise KeyError("no such sample")
        time.sleep(0.002 * ((i * 7) % 3))
        return i, autograd.rand(1).item()


def test_workers_keep_the_order_and_their_own_random_numbers():
    runs = []
    for _ in range(2):
        autograd.manual_seed(1)
        runs.append([plain(b) for b in data.DataLoader(Slow(), batch_size=2, num_workers=3, shuffle=True)])
    assert runs[0] == runs[1]
    loose = data.DataLoader(Slow(), batch_size=2, num_workers=3, in_order=False)
    assert sorted(i for b in loose for i in b[0].tolist()) == list(range(12))
    steady = data.DataLoader(Slow(), batch_size=2, num_workers=2, persistent_workers=True)
    next(iter(steady))  # an epoch that is broken off leaves nothing behind
    assert [b[0].tolist() for b in steady] == [[i, i + 1] for i in range(0, 12, 2)]


def test_workers_that_stay_draw_their_seed_once():
    torch = pytest.importorskip("torch")
    epochs = []
    for library, loading in ((torch, torch.utils.data), (autograd, data)):
        generator = library.Generator().manual_seed(0)
        options = {"shuffle": True, "generator": generator, "num_workers": 1, "persistent_workers": True}
        loader = loading.DataLoader(range(8), 4, **options)
        epochs.append([[b.tolist() for b in loader] for _ in range(3)])
    assert epochs[0] == epochs[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_are_asked_when_the_iterator_is_made(workers):
    """The sampler draws its permutation then, not with the first batch: a program that draws in between sees the difference."""
    torch = pytest.importorskip("torch")
    drawn = []
    for library, loading in ((torch, torch.utils.data), (autograd, data)):
        library.manual_seed(0)
        batches = iter(loading.DataLoader(range(40), 4, shuffle=True, num_workers=workers))
        between = library.rand(1).item()
        drawn.append((between, [b.tolist() for b in batches], library.rand(1).item()))
    assert drawn[0] == drawn[1]


def test_errors_of_workers_arrive():
    with pytest.raises(KeyError, match="no such sample") as caught:
        list(data.DataLoader(Slow(), batch_sampler=[[0, 1], [99]], num_workers=2))
    assert "DataLoader worker 1" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError, match=r"timed out after 0\.01 seconds"):
        list(data.DataLoader([0.2], num_workers=1, timeout=0.01, collate_fn=lambda s: time.sleep(s[0])))


def test_arguments_that_exclude_each_other():
    for options, said in [
        ({"shuffle": True, "sampler": range(3)}, "mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "mutually exclusive with batch_size"),
        ({"batch_size": None, "drop_last": True}, "disables auto-batching"),
        ({"num_workers": -1}, "non-negative"),
        ({"prefetch_factor": 2}, "num_workers > 0"),
        ({"persistent_workers": True}, "num_workers > 0"),
        ({"batch_size": 0}, "positive integer"),
    ]:
        with pytest.raises(ValueError, match=said):
            data.DataLoader(range(3), **options)
    with pytest.raises(ValueError, match="IterableDataset: expected unspecified shuffle"):
        data.DataLoader(Count(3), shuffle=True)
    with pytest.raises(ValueError, match="num_samples=0"):
        data.DataLoader([], shuffle=True)
    loader = data.DataLoader(range(3))
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 4


def test_datasets_combine():
    a = data.TensorDataset(autograd.arange(3))
    both = a + data.TensorDataset(autograd.arange(10, 12))
    assert len(both) == 5 and both[3][0].item() == 10 and both[-1][0].item() == 11
    with pytest.raises(IndexError):
        both[5]
    with pytest.raises(AssertionError, match=r"Size mismatch.*\[3, 2\]"):
        data.TensorDataset(autograd.arange(3), autograd.arange(2))
    with pytest.raises(ValueError, match="Sum of input lengths"):
        data.random_split(range(4), [1, 2])
    stacked = data.StackDataset(x=a, y=range(3))
    assert stacked[2]["y"] == 2 and plain(next(iter(data.DataLoader(stacked, batch_size=2)))["y"])[1] == [0, 1]


def test_where_threads_can_not_start_everything_runs_in_one(monkeypatch):
    """As in a browser (JupyterLite), where NumPy is there and threads are not."""
    import sys
    import threading

    from autograd import threads

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(threads._State, "count", 0)
    monkeypatch.setattr(threads._State, "pool", None)
    assert autograd.get_num_threads() == 1
    assert (autograd.ones(600, 600) @ autograd.ones(600, 600)).exp().shape == (600, 600)
    batches = list(data.DataLoader(data.TensorDataset(autograd.arange(10)), 4, num_workers=2))
    assert [len(batch[0]) for batch in batches] == [4, 4, 2]
