"""Batches of sequences of different lengths: padded to one length, or packed time by time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd.tensor import Tensor, wrap

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any = None
    unsorted_indices: Any = None


class PackedSequence(_Packed):
    """The elements of a batch of sequences, time by time: at each time those of the sequences still running.

    ``data`` has one row for each element, ``batch_sizes[t]`` says how many sequences reach time t; ``sorted_indices``
    is the order in which the sequences were put (longest first) and ``unsorted_indices`` the way back. Made by
    ``pack_padded_sequence`` and ``pack_sequence``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html

    >>> import autograd
    >>> packed = pack_sequence([autograd.tensor([1, 2, 3]), autograd.tensor([4, 5])])
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1, 4, 2, 5, 3], [2, 2, 1])
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if batch_sizes is None:  # PackedSequence((data, batch_sizes))
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with its data converted; the sizes and the order stay as they are."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def _converted(self, name: str) -> PackedSequence:
        return self._replace(data=getattr(self.data, name)())

    def float(self) -> PackedSequence:
        """The data as float32."""
        return self._converted("float")

    def double(self) -> PackedSequence:
        """The data as float64."""
        return self._converted("double")

    def half(self) -> PackedSequence:
        """The data as float16."""
        return self._converted("half")

    def long(self) -> PackedSequence:
        """The data as int64."""
        return self._converted("long")

    def int(self) -> PackedSequence:
        """The data as int32."""
        return self._converted("int")

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Itself."""
        return self

    def pin_memory(self) -> PackedSequence:
        """Itself."""
        return self

    def is_pinned(self) -> bool:
        """False."""
        return False

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """The permutation that undoes ``permutation``; None for None.

    >>> import autograd
    >>> invert_permutation(autograd.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else wrap(np.argsort(permutation.array).astype(np.int64))


def _lengths(lengths: Any) -> np.ndarray[Any, Any]:
    array = lengths.array if isinstance(lengths, Tensor) else np.array([int(n) for n in lengths])
    return array.astype(np.int64)


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs a padded batch: (T, B, ...), or (B, T, ...) with ``batch_first``.

    Args:
        lengths: of each sequence; a Tensor or a list.
        enforce_sorted: the sequences come longest first already. Otherwise they are sorted.

    Raises:
        RuntimeError: lengths that are not positive, don't match the batch, or are not sorted although they should be.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html

    >>> import autograd
    >>> pack_padded_sequence(autograd.tensor([[1, 2, 0], [3, 0, 0]]), [2, 1], batch_first=True).data.tolist()
    [1, 3, 2]
    """
    count = _lengths(lengths)
    order = None
    if not enforce_sorted:
        order = np.argsort(-count, kind="stable").astype(np.int64)
        count = count[order]
        input = input.index_select(0 if batch_first else 1, wrap(order))
    if batch_first:
        input = input.transpose(0, 1)
    if len(count) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(count)} (batch_size={input.shape[1]})"
        )
    if count.min(initial=1) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if np.any(np.diff(count) > 0):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if count[0] > input.shape[0]:
        raise RuntimeError(f"Expected the longest length ({count[0]}) to be at most the padded length {input.shape[0]}")
    sizes = (count[None] > np.arange(count[0])[:, None]).sum(1)
    times, members = np.nonzero(np.arange(len(count)) < sizes[:, None])
    data = input[wrap(times), wrap(members)]
    return PackedSequence(data, wrap(sizes.astype(np.int64)), None if order is None else wrap(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: Any = 0.0, total_length: int | None = None
) -> tuple[Any, Any]:
    """The padded batch and the lengths of a packed one, in the order in which its sequences were given.

    Raises ValueError if ``total_length`` is less than the longest sequence.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html

    >>> import autograd
    >>> padded, lengths = pad_packed_sequence(pack_sequence([autograd.tensor([1, 2]), autograd.tensor([3])]), True)
    >>> padded.tolist(), lengths.tolist()
    ([[1, 2], [3, 0]], [2, 1])
    """
    sizes = sequence.batch_sizes.array
    longest, batch = len(sizes), int(sizes[0])
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    inside = np.arange(batch) < sizes[:, None]
    starts = np.cumsum(sizes) - sizes
    rows = np.where(inside, starts[:, None] + np.arange(batch), 0)
    if total_length is not None:
        extra = ((0, total_length - longest), (0, 0))
        rows, inside = np.pad(rows, extra), np.pad(inside, extra)
    lengths = inside.sum(0).astype(np.int64)
    data = sequence.data
    padded = data[wrap(rows)]
    if not inside.all():
        mask = inside.reshape(*inside.shape, *[1] * (padded.ndim - 2))
        padded = autograd.where(wrap(mask), padded, wrap(np.asarray(padding_value, data.array.dtype)))
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices.array]
    return (padded.transpose(0, 1) if batch_first else padded), wrap(lengths)


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:
    """Sequences (L_i, ...) as one batch (T, B, ...), or (B, T, ...) with ``batch_first``; short ones are padded.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html

    >>> import autograd
    >>> pad_sequence([autograd.tensor([1, 2, 3]), autograd.tensor([4])], batch_first=True).tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be 'left' or 'right', but got {padding_side!r}")
    if not isinstance(sequences, Tensor) and not isinstance(sequences, Sequence):
        sequences = list(sequences)
    items = list(sequences)
    if not items:
        raise RuntimeError("received an empty list of sequences")
    longest, rest = max(len(item) for item in items), tuple(items[0].shape[1:])
    if any(tuple(item.shape[1:]) != rest for item in items):
        shapes = [list(item.shape) for item in items]
        raise RuntimeError(f"pad_sequence: sequences must agree in all dimensions but the first; got {shapes}")
    padded = []
    for item in items:
        short = longest - len(item)
        if short:
            filler = wrap(np.full((short, *rest), padding_value, item.array.dtype))
            item = autograd.cat([item, filler] if padding_side == "right" else [filler, item])
        padded.append(item)
    return autograd.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each cut to its length.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html

    >>> import autograd
    >>> unpad_sequence(autograd.tensor([[1, 2, 3], [4, 5, 0]]), autograd.tensor([3, 2]), batch_first=True)
    [tensor([1, 2, 3]), tensor([4, 5])]
    """
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [sequence[: int(n)] for sequence, n in zip(batch, _lengths(lengths), strict=True)]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Packs a list of sequences (L_i, ...).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html

    >>> import autograd
    >>> pack_sequence([autograd.tensor([1, 2, 3]), autograd.tensor([4, 5])]).data
    tensor([1, 4, 2, 5, 3])
    """
    items = list(sequences)
    return pack_padded_sequence(pad_sequence(items), [len(item) for item in items], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The list of sequences that a PackedSequence holds.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html

    >>> import autograd
    >>> unpack_sequence(pack_sequence([autograd.tensor([1, 2, 3]), autograd.tensor([4, 5])]))
    [tensor([1, 2, 3]), tensor([4, 5])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
