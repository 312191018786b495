"""Wrong gradients, seeded into right operations: what gradcheck has to find and to name.

Each mutant is a function whose forward is right and whose formula has one mistake of the kind that people make.
``causes`` are the names that count as right (one, save where two say the same thing). The mutants themselves are in
``mutants_*.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd
from autograd.lift import lift


@dataclass
class Mutant:
    name: str
    family: str
    causes: tuple[str, ...]
    function: Any
    inputs: tuple[Any, ...]
    order: int = 1


MUTANTS: list[Mutant] = []


def tensor(*shape: int, seed: int = 0, kind: str = "normal") -> Any:
    rng = np.random.default_rng([seed, *shape])
    made = {
        "normal": lambda: rng.normal(size=shape),
        "positive": lambda: rng.uniform(0.5, 2.0, shape),
        "unit": lambda: rng.uniform(0.1, 0.9, shape),
        "complex": lambda: rng.normal(size=shape) + 1j * rng.normal(size=shape),
    }[kind]()
    return autograd.from_numpy(np.asarray(made)).requires_grad_()


def add(family: str, causes: str, name: str, function: Any, *shapes: Any, order: int = 1, kind: str = "normal") -> None:
    inputs = tuple(tensor(*s, seed=k, kind=kind) if isinstance(s, tuple) else s for k, s in enumerate(shapes))
    MUTANTS.append(Mutant(name, family, tuple(causes.split("|")), function, inputs, order))


def op(function: Any, kind: str = "general", **formulas: Any) -> Any:
    return lift(function, kind=kind, name="mutant", **formulas)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
