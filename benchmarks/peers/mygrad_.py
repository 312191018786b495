"""MyGrad (https://github.com/rsokl/MyGrad)."""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from ..workloads import Step, floats, labels
from . import numpy_weights


class Adam:
    """Adam as a user of MyGrad writes it, with NumPy in place."""

    def __init__(self, parameters: list[Any], lr: float = 1e-3) -> None:
        self.parameters, self.lr, self.t = parameters, lr, 0
        self.m = [np.zeros_like(p.data) for p in parameters]
        self.v = [np.zeros_like(p.data) for p in parameters]

    def step(self) -> None:
        self.t += 1
        c1, c2 = 1 - 0.9**self.t, 1 - 0.999**self.t
        for p, m, v in zip(self.parameters, self.m, self.v, strict=True):
            m *= 0.9
            m += 0.1 * p.grad
            v *= 0.999
            v += 0.001 * p.grad**2
            p.data -= (self.lr / c1) * m / (np.sqrt(v / c2) + 1e-8)


def perceptron(*sizes: int) -> Step:
    parameters = [mg.tensor(w) for w in numpy_weights(*sizes)]
    x, y = floats(32, sizes[0]), labels(32)
    optimizer = Adam(parameters)

    def step() -> float:
        h: Any = x
        for i in range(0, len(parameters), 2):
            h = mg.matmul(h, parameters[i].T) + parameters[i + 1]
            if i + 2 < len(parameters):
                h = relu(h)
        loss = softmax_crossentropy(h, y)
        loss.backward()
        optimizer.step()
        for p in parameters:
            p.null_grad()
        return float(loss.data)

    return step


def mlp_128() -> Step:
    return perceptron(784, 128, 10)


def mnist_mlp() -> Step:
    return perceptron(784, 128, 64, 10)


def tiny_ops() -> Step:
    x = mg.tensor(floats(10))
    scale = mg.tensor(np.full(10, 1.0001, np.float32), constant=True)

    def step() -> float:
        y = x
        for _ in range(250):
            y = y * scale + 0.001
            y = -y
            y = y - scale
        loss = y.sum()
        loss.backward()
        x.null_grad()
        return float(loss.data)

    return step


def elementwise_1m() -> Step:
    x = mg.tensor(floats(1_000_000))

    def step() -> float:
        loss = (mg.tanh(x * 2 + 1) * mg.sqrt(x * x + 1) - mg.exp(x) * 0.01).mean()
        loss.backward()
        x.null_grad()
        return float(loss.data)

    return step


WORKLOADS = {f.__name__: f for f in (mlp_128, mnist_mlp, tiny_ops, elementwise_1m)}
