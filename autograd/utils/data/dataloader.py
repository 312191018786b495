"""DataLoader: batches of a dataset, shuffled, collated, fetched ahead by workers."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from ...threads import can_start
from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler, drawn_seed
from .worker import Workers

__all__ = ["DataLoader"]

T_co = TypeVar("T_co", covariant=True)
_collate_fn_t = Callable[[list[Any]], Any]  # imported by programs that annotate theirs


class _Endless:
    """The sampler of iterable datasets: nothing to say, for ever."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader(Generic[T_co]):
    """Iterates over the batches of a dataset.

    Args:
        dataset: a ``Dataset`` (anything with ``__getitem__`` and ``__len__``) or an ``IterableDataset``.
        batch_size: samples in a batch; None gives single samples.
        shuffle: a new random order each epoch.
        sampler: yields the indices; excludes ``shuffle``.
        batch_sampler: yields lists of indices; excludes ``batch_size``, ``shuffle``, ``sampler`` and ``drop_last``.
        num_workers: threads that fetch ahead; 0 fetches when asked (in a browser, without threads, any number does).
        collate_fn: makes a batch of a list of samples.
        pin_memory, pin_memory_device, multiprocessing_context: accepted; they mean nothing for threads on a CPU.
        drop_last: leave out a last batch that is smaller.
        timeout: seconds to wait for a worker; 0 waits for ever.
        worker_init_fn: called with the worker's number in each worker.
        generator: where the order and the workers' seeds come from.
        prefetch_factor: batches that each worker fetches ahead (2).
        persistent_workers: keep the workers, and their copies of the dataset, between epochs.
        in_order: give the batches in the sampler's order even if a later one is ready first.

    The same seed gives the order that PyTorch gives. Workers are threads: NumPy and file reading run side by side, and
    nothing is copied between processes; each draws from its own ``autograd`` generator, seeded as PyTorch seeds it,
    while Python's ``random`` and ``numpy.random`` are shared by all threads.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader

    >>> [batch.tolist() for batch in DataLoader(range(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    _FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
    _ready = False
    _promised: int | None = None

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        iterable = isinstance(dataset, IterableDataset)
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_samplers(iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.persistent_workers = persistent_workers
        if batch_sampler is not None:
            batch_size = None
        self.sampler: Any = sampler
        if sampler is None:
            if iterable:
                self.sampler = _Endless()
            else:
                self.sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.batch_sampler: Any = batch_sampler
        self.generator = generator
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._workers: Workers | None = None
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in self._FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        workers = self._workers
        if workers is None:
            seed = drawn_seed(
                self.generator
            )  # drawn even where nobody needs it, as PyTorch does; once for workers that stay
        batches = iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        if self.num_workers == 0 or not can_start():
            return self._counted(_fetched(self._fetcher(self.dataset), batches))
        if workers is None:
            workers = Workers(
                self.dataset, self.num_workers, self.prefetch_factor or 0, self._fetcher, seed,
                self.worker_init_fn, self.timeout, self.in_order,
            )  # fmt: skip
            if self.persistent_workers:
                self._workers = workers
        return self._counted(workers.run(batches))

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        n = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is not None:
            n = n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)
        self._promised = n
        return n

    def _counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches; warns when an iterable dataset gives more of them than ``len(loader)`` promised."""
        return batches if self._promised is None else _warning(batches, self._promised)

    def _fetcher(self, dataset: Any) -> Callable[[Any], Any]:
        """The function from what the sampler yields to a batch; it raises StopIteration when an iterable has ended."""
        collate, single, drop_last = self.collate_fn, self.batch_sampler is None, self.drop_last
        if isinstance(dataset, IterableDataset):
            samples = iter(dataset)

            def following(indices: Any) -> Any:
                if single:
                    return collate(next(samples))
                batch = list(itertools.islice(samples, len(indices)))
                if not batch or (drop_last and len(batch) < len(indices)):
                    raise StopIteration
                return collate(batch)

            return following
        if single:
            return lambda index: collate(dataset[index])
        take = getattr(dataset, "_take", None) if collate is default_collate else None
        several = getattr(dataset, "__getitems__", None)

        def together(indices: Any) -> Any:
            batch = None if take is None else take(indices)
            if batch is None:
                batch = collate(several(indices) if callable(several) else [dataset[i] for i in indices])
            return batch

        return together


def _fetched(fetch: Callable[[Any], Any], batches: Iterator[Any]) -> Iterator[Any]:
    for indices in batches:
        try:
            batch = fetch(indices)
        except StopIteration:
            return
        yield batch


def _warning(batches: Iterator[Any], promised: int) -> Iterator[Any]:
    for i, batch in enumerate(batches, 1):
        if i == promised + 1:
            warnings.warn(
                f"Length of IterableDataset was reported to be {promised} batches, and more samples were fetched. With "
                "workers this happens when each of them iterates over the whole: see get_worker_info()",
                stacklevel=2,
            )
        yield batch


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent: bool) -> None:
    if num_workers < 0:
        raise ValueError(
            f"num_workers option should be non-negative, not {num_workers}; use num_workers=0 to fetch without workers"
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, not {timeout}")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError("prefetch_factor is for workers: let num_workers > 0, otherwise set prefetch_factor to None")
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(f"prefetch_factor option should be non-negative, not {prefetch_factor}")
    if persistent and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_samplers(
    iterable: bool, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if iterable:
        for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_sampler is None and batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
