"""Connectionist temporal classification: the loss of a sequence of labels that nobody has aligned with the frames.

The labels with a blank before, between and after them are a *path*. At each frame an alignment stays at its place of
the path, goes on by one, or jumps over a blank between two different labels. ``_forward`` adds up the probabilities of
all alignments, frame by frame; backward follows from the operations it uses.

Source: Graves et al., "Connectionist Temporal Classification" (2006).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd
from autograd.tensor import Tensor, wrap

from .reduction import check_reduction

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of (almost) zero, that no arithmetic turns into nan


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Connectionist temporal classification: minus the log-probability of a sequence of labels, however it is aligned.

    Shapes: log_probs [T, N, C] or [T, C]; targets [N, S], [S], or all joined [sum of target_lengths]; the lengths are
    tuples or tensors of N. "mean" divides by the target lengths first. Raises RuntimeError for lengths that don't fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html

    >>> import autograd
    >>> even = autograd.full((3, 1, 2), 0.5).log()  # three frames, a blank and one label
    >>> probability = (-ctc_loss(even, autograd.tensor([[1]]), [3], [1])).exp()
    >>> round(probability.item() * 8)  # aab, baa, bab, abb, bba, aaa: six of the eight sequences
    6
    """
    check_reduction(reduction)
    batched = log_probs.ndim == 3
    steps = log_probs if batched else log_probs.unsqueeze(1)
    frames, batch, classes = steps.shape
    of_input = _lengths(input_lengths, batch, "input_lengths")
    of_target = _lengths(target_lengths, batch, "target_lengths")
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range: {blank} with {classes} classes")
    if (of_input < 0).any() or (of_input > frames).any():
        raise RuntimeError(f"Expected input_lengths to have value at most {frames}, but got value {of_input.max()}")
    path, jump = _paths(targets.array, of_target, blank, batch, classes)
    scores = steps.gather(2, wrap(np.broadcast_to(path, (frames, *path.shape)).copy()))  # [T, N, 2S + 1]
    losses = -_total(_forward(scores, jump, of_input, of_target), of_target)
    kind = log_probs.array.dtype
    if (of_input == 0).any():  # no frames: certain for an empty target, impossible for any other
        losses = autograd.where(wrap(of_input == 0), wrap(np.where(of_target == 0, 0, -_NEVER).astype(kind)), losses)
    losses = losses + _slope_of_log_softmax(steps, of_input)
    impossible = wrap(losses.array > -_NEVER / 2)
    losses = autograd.where(impossible, 0.0 if zero_infinity else math.inf, losses)
    if reduction == "mean":
        return (losses / wrap(np.maximum(of_target, 1).astype(kind))).mean()
    if reduction == "sum":
        return losses.sum()
    return losses if batched else losses.reshape(())


def _forward(scores: Any, jump: Any, of_input: Any, of_target: Any) -> Any:
    """The log-probability of all alignments that have come to each place of the path at the last frame: [N, 2S + 1].

    ``scores`` [T, N, 2S + 1] are the log-probabilities of each place's label at each frame.
    """
    frames, batch, width = scores.shape
    kind = scores.array.dtype
    alpha = autograd.where(wrap(np.arange(width) < np.minimum(2, 2 * of_target + 1)[:, None]), scores[0], _NEVER)
    no_jump = wrap(np.where(jump, 0, _NEVER).astype(kind))
    never = wrap(np.full((batch, 2), _NEVER, kind))
    for t in range(1, frames):
        padded = autograd.cat([never, alpha], 1)
        ways = autograd.stack([alpha, padded[:, 1:-1], padded[:, :-2] + no_jump])
        top = ways.detach().array.max(0)
        moved = (ways - wrap(top)).exp().sum(0).log() + wrap(top) + scores[t]
        alpha = autograd.where(wrap((t < of_input)[:, None]), moved, alpha)
    return alpha


def _total(alpha: Any, of_target: Any) -> Any:
    """The log-probability of the alignments that end with the last label or the blank behind it: [N]."""
    ends = np.stack([2 * of_target, np.maximum(2 * of_target - 1, 0)], 1)
    no_label = np.stack([np.zeros(len(of_target)), np.where(of_target > 0, 0, _NEVER)], 1)
    return autograd.logsumexp(alpha.gather(1, wrap(ends)) + wrap(no_label.astype(alpha.array.dtype)), 1)


def _slope_of_log_softmax(steps: Any, of_input: Any) -> Any:
    """Zeros [N] with a gradient: PyTorch's is that of the loss behind log_softmax, which takes this term away again."""
    frame = np.arange(len(steps))[:, None, None] < of_input[:, None]
    sums = (steps.exp() * wrap(frame.astype(steps.array.dtype))).sum((0, 2))
    return sums - sums.detach()


def _lengths(given: Any, batch: int, name: str) -> Any:
    """The lengths of the sequences of a batch, as an array [N]."""
    lengths = np.asarray(given.array if isinstance(given, Tensor) else given, np.int64).reshape(-1)
    if len(lengths) != batch:
        raise RuntimeError(f"{name} must be of size batch_size: {len(lengths)} lengths for a batch of {batch}")
    return lengths


def _paths(targets: Any, lengths: Any, blank: int, batch: int, classes: int) -> tuple[Any, Any]:
    """The labels with blanks around them [N, 2S + 1], and where a blank between two labels may be jumped over."""
    longest = int(lengths.max(initial=0))
    rows = np.full((batch, longest), blank, np.int64)
    if targets.ndim == 1 and (batch > 1 or targets.size == lengths.sum()):
        starts = np.concatenate([[0], np.cumsum(lengths)])
        if starts[-1] > targets.size:
            raise RuntimeError(
                f"Expected targets of {starts[-1]} elements (the sum of target_lengths), got {targets.size}"
            )
        for i, n in enumerate(lengths):
            rows[i, :n] = targets[starts[i] : starts[i] + n]
    else:
        table = targets.reshape(batch, -1)
        if longest > table.shape[1]:
            raise RuntimeError(
                f"Expected target_lengths to have value at most {table.shape[1]}, but got value {longest}"
            )
        for i, n in enumerate(lengths):
            rows[i, :n] = table[i, :n]
    if rows.size and (rows.min() < 0 or rows.max() >= classes):
        raise RuntimeError(f"targets must be labels in 0 .. {classes - 1}, found {rows.min()} .. {rows.max()}")
    path = np.full((batch, 2 * longest + 1), blank, np.int64)
    path[:, 1::2] = rows
    jump = np.zeros(path.shape, bool)
    jump[:, 3::2] = rows[:, 1:] != rows[:, :-1]
    return path, jump
