"""HIPS autograd (https://github.com/HIPS/autograd), in an environment of its own: it shares our import name."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np

from autograd import value_and_grad

from ..workloads import Step, floats, labels
from . import numpy_weights


def perceptron(*sizes: int) -> Step:
    parameters = numpy_weights(*sizes)
    x, y = floats(32, sizes[0]), labels(32)
    m, v = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    rows, state = np.arange(32), {"t": 0}

    def objective(parameters: list[Any]) -> Any:
        h = x
        for i in range(0, len(parameters), 2):
            h = anp.dot(h, parameters[i].T) + parameters[i + 1]
            if i + 2 < len(parameters):
                h = anp.maximum(h, 0)
        h = h - anp.max(h, axis=1, keepdims=True)
        logp = h - anp.log(anp.sum(anp.exp(h), axis=1, keepdims=True))
        return -anp.mean(logp[rows, y])

    both = value_and_grad(objective)

    def step() -> float:
        loss, grads = both(parameters)
        state["t"] += 1
        c1, c2 = 1 - 0.9 ** state["t"], 1 - 0.999 ** state["t"]
        for p, g, a, b in zip(parameters, grads, m, v, strict=True):
            a *= 0.9
            a += 0.1 * g
            b *= 0.999
            b += 0.001 * g**2
            p -= (1e-3 / c1) * a / (np.sqrt(b / c2) + 1e-8)
        return float(loss)

    return step


def mlp_128() -> Step:
    return perceptron(784, 128, 10)


def mnist_mlp() -> Step:
    return perceptron(784, 128, 64, 10)


def tiny_ops() -> Step:
    x, scale = floats(10), np.full(10, 1.0001, np.float32)

    def chain(y: Any) -> Any:
        for _ in range(250):
            y = y * scale + np.float32(0.001)
            y = -y
            y = y - scale
        return anp.sum(y)

    both = value_and_grad(chain)
    return lambda: float(both(x)[0])


def elementwise_1m() -> Step:
    x = floats(1_000_000)
    both = value_and_grad(lambda x: anp.mean(anp.tanh(x * 2 + 1) * anp.sqrt(x * x + 1) - anp.exp(x) * 0.01))
    return lambda: float(both(x)[0])


WORKLOADS = {f.__name__: f for f in (mlp_128, mnist_mlp, tiny_ops, elementwise_1m)}
