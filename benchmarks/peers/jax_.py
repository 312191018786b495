"""JAX with optax, jitted (https://github.com/jax-ml/jax)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from ..workloads import Step, floats, labels
from . import numpy_weights


def perceptron(*sizes: int) -> Step:
    parameters: Any = [jnp.asarray(w) for w in numpy_weights(*sizes)]
    x, y = jnp.asarray(floats(32, sizes[0])), jnp.asarray(labels(32))
    optimizer = optax.adam(1e-3)

    def objective(parameters: Any) -> Any:
        h = x
        for i in range(0, len(parameters), 2):
            h = h @ parameters[i].T + parameters[i + 1]
            if i + 2 < len(parameters):
                h = jax.nn.relu(h)
        return optax.softmax_cross_entropy_with_integer_labels(h, y).mean()

    @jax.jit
    def update(parameters: Any, state: Any) -> Any:
        loss, grads = jax.value_and_grad(objective)(parameters)
        updates, state = optimizer.update(grads, state)
        return loss, optax.apply_updates(parameters, updates), state

    held = [parameters, optimizer.init(parameters)]

    def step() -> float:
        loss, held[0], held[1] = update(*held)
        return float(loss)

    return step


def mlp_128() -> Step:
    return perceptron(784, 128, 10)


def mnist_mlp() -> Step:
    return perceptron(784, 128, 64, 10)


WORKLOADS = {f.__name__: f for f in (mlp_128, mnist_mlp)}
