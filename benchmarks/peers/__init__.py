"""The workloads that other libraries can express, in their own words."""

from __future__ import annotations

import numpy as np


def numpy_weights(*sizes: int) -> list[np.ndarray]:
    """The weights and biases that ``Library.same_weights`` gives a perceptron of these sizes."""
    return numpy_parameters(*[s for a, b in zip(sizes, sizes[1:], strict=False) for s in ((b, a), (b,))])


def numpy_parameters(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """What ``Library.same_weights`` puts into parameters of these shapes."""
    rng = np.random.default_rng(1)
    return [(rng.standard_normal(s) * 0.05).astype(np.float32) for s in shapes]


def gru_parameters() -> list[np.ndarray]:
    """The weights and biases of the ``GRUCell`` of the workload: 32 inputs, 64 in its state."""
    return numpy_parameters((192, 32), (192, 64), (192,), (192,))
