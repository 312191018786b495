"""DeZero (https://github.com/oreilly-japan/deep-learning-from-scratch-3)."""

from __future__ import annotations

from typing import Any

import dezero
import dezero.functions as F
import numpy as np
from dezero import Parameter, Variable, optimizers

from ..workloads import Step, floats, labels
from . import numpy_weights


class Perceptron(dezero.Model):
    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.depth = len(sizes) - 1
        for i, w in enumerate(numpy_weights(*sizes)):
            setattr(self, f"p{i}", Parameter(np.ascontiguousarray(w.T)))

    def forward(self, x: Any) -> Any:
        for i in range(self.depth):
            x = F.linear(x, getattr(self, f"p{2 * i}"), getattr(self, f"p{2 * i + 1}"))
            if i + 1 < self.depth:
                x = F.relu(x)
        return x


def perceptron(*sizes: int, batch: int = 32, rule: Any = optimizers.Adam) -> Step:
    model = Perceptron(*sizes)
    optimizer = rule().setup(model)
    x, y = floats(batch, sizes[0]), labels(batch)

    def step() -> float:
        loss = F.softmax_cross_entropy(model(x), y)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return float(loss.data)

    return step


def mlp_128() -> Step:
    return perceptron(784, 128, 10)


def mnist_mlp() -> Step:
    return perceptron(784, 128, 64, 10)


def mlp_512() -> Step:
    return perceptron(784, 512, 256, 10, batch=128, rule=optimizers.MomentumSGD)


def elementwise_1m() -> Step:
    x = Variable(floats(1_000_000))

    def step() -> float:
        x.cleargrad()
        loss = F.sum(F.tanh(x * 2 + 1) * (x * x + 1) ** 0.5 - F.exp(x) * 0.01) / 1_000_000
        loss.backward()
        return float(loss.data)

    return step


WORKLOADS = {f.__name__: f for f in (mlp_128, mnist_mlp, mlp_512, elementwise_1m)}
