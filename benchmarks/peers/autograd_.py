"""HIPS autograd (https://github.com/HIPS/autograd), in an environment of its own: it shares our import name."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np

from autograd import grad, value_and_grad

from ..workloads import Step, floats, labels
from . import gru_parameters, numpy_weights


def affine(x: Any, w: Any, b: Any) -> Any:
    return anp.dot(x, w.T) + b


def log_softmax(h: Any) -> Any:
    h = h - anp.max(h, axis=1, keepdims=True)
    return h - anp.log(anp.sum(anp.exp(h), axis=1, keepdims=True))


def sigmoid(x: Any) -> Any:
    return 0.5 * anp.tanh(0.5 * x) + 0.5


class Adam:
    """Adam as its users write it, with NumPy in place."""

    def __init__(self, parameters: list[Any]) -> None:
        self.parameters, self.t = parameters, 0
        self.m, self.v = ([np.zeros_like(p) for p in parameters] for _ in range(2))

    def step(self, grads: Any) -> None:
        self.t += 1
        c1, c2 = 1 - 0.9**self.t, 1 - 0.999**self.t
        for p, g, m, v in zip(self.parameters, grads, self.m, self.v, strict=True):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            v += 0.001 * g**2
            p -= (1e-3 / c1) * m / (np.sqrt(v / c2) + 1e-8)


class Momentum:
    def __init__(self, parameters: list[Any]) -> None:
        self.parameters, self.velocity = parameters, [np.zeros_like(p) for p in parameters]

    def step(self, grads: Any) -> None:
        for p, g, v in zip(self.parameters, grads, self.velocity, strict=True):
            v *= 0.9
            v += g
            p -= 0.01 * v


def perceptron(*sizes: int, batch: int = 32, optimizer: Any = Adam) -> Step:
    parameters = numpy_weights(*sizes)
    x, y, rows = floats(batch, sizes[0]), labels(batch), np.arange(batch)
    rule = optimizer(parameters)

    def objective(parameters: list[Any]) -> Any:
        h = x
        for i in range(0, len(parameters), 2):
            h = affine(h, parameters[i], parameters[i + 1])
            if i + 2 < len(parameters):
                h = anp.maximum(h, 0)
        return -anp.mean(log_softmax(h)[rows, y])

    both = value_and_grad(objective)

    def step() -> float:
        loss, grads = both(parameters)
        rule.step(grads)
        return float(loss)

    return step


def mlp_128() -> Step:
    return perceptron(784, 128, 10)


def mnist_mlp() -> Step:
    return perceptron(784, 128, 64, 10)


def mlp_512() -> Step:
    return perceptron(784, 512, 256, 10, batch=128, optimizer=Momentum)


def gru_cell() -> Step:
    parameters, x = gru_parameters(), floats(50, 16, 32)

    def objective(parameters: list[Any]) -> Any:
        wi, wh, bi, bh = parameters
        h = np.zeros((16, 64), np.float32)
        for t in range(50):
            i, s = affine(x[t], wi, bi), affine(h, wh, bh)
            r, z = sigmoid(i[:, :64] + s[:, :64]), sigmoid(i[:, 64:128] + s[:, 64:128])
            n = anp.tanh(i[:, 128:] + r * s[:, 128:])
            h = n + z * (h - n)
        return anp.mean(h * h)

    both = value_and_grad(objective)
    return lambda: float(both(parameters)[0])


def gradient_penalty() -> Step:
    parameters, x = numpy_weights(64, 128, 128, 1), floats(64, 64)

    def critic(x: Any, parameters: list[Any]) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        return anp.sum(affine(anp.tanh(affine(anp.tanh(affine(x, w1, b1)), w2, b2)), w3, b3))

    slope = grad(critic)

    def objective(parameters: list[Any]) -> Any:
        g = slope(x, parameters)
        return anp.mean((anp.sqrt(anp.sum(g * g, axis=1)) - 1) ** 2)

    both = value_and_grad(objective)
    return lambda: float(both(parameters)[0])


def policy_step() -> Step:
    parameters = numpy_weights(4, 64, 2)
    states, rule = [floats(1, 4, seed=i) for i in range(20)], Adam(parameters)

    def objective(parameters: list[Any]) -> Any:
        w1, b1, w2, b2 = parameters
        total = 0.0
        for i, state in enumerate(states):
            logp = log_softmax(affine(anp.tanh(affine(state, w1, b1)), w2, b2))
            total = total + logp[0, i % 2] * (1.0 - 0.1 * i)
        return -total

    both = value_and_grad(objective)

    def step() -> float:
        loss, grads = both(parameters)
        rule.step(grads)
        return float(loss)

    return step


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


WORKLOADS = {
    f.__name__: f
    for f in (mlp_128, mnist_mlp, mlp_512, gru_cell, gradient_penalty, policy_step, tiny_ops, elementwise_1m)
}
