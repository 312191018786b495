"""A softmax over very many classes, most of which are rare.

Source: Grave et al., "Efficient softmax approximation for GPUs" (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import autograd
from autograd.tensor import Tensor

from . import functional as F
from .containers import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class AdaptiveResult(NamedTuple):
    """What AdaptiveLogSoftmaxWithLoss returns."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Softmax over many classes, cheap: frequent ones in the head, rare ones in clusters with smaller projections.

    ``forward(input [N, in_features], target [N])`` gives ``(output, loss)``: the log-probability of each target, and
    minus their mean. Classes must be sorted by frequency; ``cutoffs`` says where the clusters begin.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html

    >>> import autograd, nn
    >>> split = nn.AdaptiveLogSoftmaxWithLoss(32, 20, cutoffs=[4, 10])
    >>> output, loss = split(autograd.ones(3, 32), autograd.tensor([0, 5, 19]))
    >>> output.shape, loss.shape, split.predict(autograd.ones(3, 32)).shape
    (torch.Size([3]), torch.Size([]), torch.Size([3]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        ends = list(cutoffs)
        if not ends:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if ends != sorted(set(ends)) or min(ends) <= 0 or max(ends) > n_classes - 1 or any(int(c) != c for c in ends):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where "
                f"each value is between 1 and n_classes-1: {ends} with {n_classes} classes"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*ends, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            narrow = int(in_features // (div_value ** (i + 1)))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, narrow, False, device, dtype), Linear(narrow, size, False, device, dtype)
                )
            )

    def reset_parameters(self) -> None:
        """Draw the initial values (anew)."""
        self.head.reset_parameters()
        for module in self.tail.modules():
            if isinstance(module, Linear):
                module.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> Any:
        single = target.ndim == 0
        x, y = (input.unsqueeze(0), target.unsqueeze(0)) if single else (input, target)
        if x.ndim != 2 or y.ndim != 1 or x.shape[0] != y.shape[0]:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension: input [N, in_features] and "
                f"target [N], got {list(input.shape)} and {list(target.shape)}"
            )
        labels = y.array
        if labels.size and (labels.min() < 0 or labels.max() >= self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{labels.min()}, "
                f"{labels.max()}] were found. "
            )
        head = F.log_softmax(self.head(x), dim=1)
        found = autograd.zeros(len(labels), dtype=head.dtype)
        of_head = labels.copy()
        for i in range(self.n_clusters):
            low, high = self.cutoffs[i], self.cutoffs[i + 1]
            inside = ((labels >= low) & (labels < high)).nonzero()[0]
            if inside.size:
                of_head[inside] = self.shortlist_size + i
                rows = autograd.from_numpy(inside)
                log = F.log_softmax(self.tail[i](x[rows]), dim=1)
                local = log.gather(1, autograd.from_numpy(labels[inside] - low).unsqueeze(1)).squeeze(1)
                found = found.index_add(0, rows, local)
        output = found + head.gather(1, autograd.from_numpy(of_head).unsqueeze(1)).squeeze(1)
        if single:
            output = output.squeeze(0)
        return AdaptiveResult(output, -output.mean())

    def log_prob(self, input: Tensor) -> Any:
        """The log-probabilities of all classes, [N, n_classes]."""
        head = self.head(input)
        logs = F.log_softmax(head, dim=1)
        parts = [logs[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            at = self.shortlist_size + i
            parts.append(F.log_softmax(tail(input), dim=1) + logs[:, at : at + 1])
        return autograd.cat(parts, 1)

    def predict(self, input: Tensor) -> Any:
        """The most likely class of each row."""
        return self.log_prob(input).argmax(dim=1)
