"""MyGrad (https://github.com/rsokl/MyGrad)."""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import logsoftmax, relu, sigmoid
from mygrad.nnet.losses import softmax_crossentropy

from ..workloads import Step, floats, labels
from . import gru_parameters, numpy_weights


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


class Momentum:
    def __init__(self, parameters: list[Any]) -> None:
        self.parameters, self.velocity = parameters, [np.zeros_like(p.data) for p in parameters]

    def step(self) -> None:
        for p, v in zip(self.parameters, self.velocity, strict=True):
            v *= 0.9
            v += p.grad
            p.data -= 0.01 * v


def affine(x: Any, w: Any, b: Any) -> Any:
    return mg.matmul(x, w.T) + b


def perceptron(*sizes: int, batch: int = 32, rule: Any = Adam) -> Step:
    parameters = [mg.tensor(w) for w in numpy_weights(*sizes)]
    x, y = floats(batch, sizes[0]), labels(batch)
    optimizer = rule(parameters)

    def step() -> float:
        h: Any = x
        for i in range(0, len(parameters), 2):
            h = affine(h, parameters[i], parameters[i + 1])
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


def mlp_512() -> Step:
    return perceptron(784, 512, 256, 10, batch=128, rule=Momentum)


def gru_cell() -> Step:
    parameters, x = [mg.tensor(w) for w in gru_parameters()], floats(50, 16, 32)
    wi, wh, bi, bh = parameters

    def step() -> float:
        for p in parameters:
            p.null_grad()
        h: Any = np.zeros((16, 64), np.float32)
        for t in range(50):
            i, s = affine(x[t], wi, bi), affine(h, wh, bh)
            r, z = sigmoid(i[:, :64] + s[:, :64]), sigmoid(i[:, 64:128] + s[:, 64:128])
            n = mg.tanh(i[:, 128:] + r * s[:, 128:])
            h = n + z * (h - n)
        loss = (h * h).mean()
        loss.backward()
        return float(loss.data)

    return step


def policy_step() -> Step:
    parameters = [mg.tensor(w) for w in numpy_weights(4, 64, 2)]
    states, optimizer = [floats(1, 4, seed=i) for i in range(20)], Adam(parameters)
    w1, b1, w2, b2 = parameters

    def step() -> float:
        total: Any = 0.0
        for i, state in enumerate(states):
            logp = logsoftmax(affine(mg.tanh(affine(state, w1, b1)), w2, b2))
            total = total + logp[0, i % 2] * (1.0 - 0.1 * i)
        loss = -total
        loss.backward()
        optimizer.step()
        for p in parameters:
            p.null_grad()
        return float(loss.data)

    return step


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


WORKLOADS = {f.__name__: f for f in (mlp_128, mnist_mlp, mlp_512, gru_cell, policy_step, tiny_ops, elementwise_1m)}
