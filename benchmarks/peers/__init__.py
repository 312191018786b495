"""The workloads that other libraries can express, in their own words."""

from __future__ import annotations

import numpy as np


def numpy_weights(*sizes: int) -> list[np.ndarray]:
    """The weights and biases that ``Library.same_weights`` gives a perceptron of these sizes."""
    rng = np.random.default_rng(1)
    shapes = [s for a, b in zip(sizes, sizes[1:], strict=False) for s in ((b, a), (b,))]
    return [(rng.standard_normal(s) * 0.05).astype(np.float32) for s in shapes]
