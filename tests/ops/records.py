"""One record for each lifted operation: the arguments it is tried on. ``test_records.py`` derives every test from it.

How to add yours, in ``tests/ops/records_<family>.py``:

    from autograd.ops import softness
    from .records import Record, args, normal, positive, unary

    RECORDS = [
        Record(softness.swish, unary(), reference=lambda x: x / (1 + np.exp(-x))),        # elementwise, one argument
        Record(softness.soften, [args(normal(3, 4), 1), args(normal(2, 3, 4), dim=-1)]),   # anything else
        Record(softness.hard, unary(away_from(0.5, -0.5))),                                # kinks: stay away from them
    ]

Give the lifted function itself (``softness.swish.op`` exists), arguments as arrays: float64 and complex128 arrays in places
that have a formula are differentiated, other arrays (indices, masks) are passed as they are. Keep shapes small. ``reference``
is a NumPy or plain Python function of the same arguments; leave it out only where another test checks the values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

_rng = np.random.default_rng(1)
Maker = Callable[..., Any]


@dataclasses.dataclass
class Sample:
    """The arguments of one call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclasses.dataclass
class Record:
    """An operation and what to try it on.

    Args:
        function: the lifted function.
        samples: the calls.
        reference: the same function in NumPy or plain Python.
        first: False where the gradient is not the derivative, but stands for it; say why beside it.
        second: False where second derivatives can't be seen by finite differences; say why beside it.
        float32: False where the operation decides its dtype itself.
    """

    function: Any
    samples: list[Sample]
    reference: Callable[..., Any] | None = None
    first: bool = True
    second: bool = True
    float32: bool = True
    tolerance: float = 1e-6

    @property
    def name(self) -> str:
        """The operation's name and its family."""
        return f"{family_of(self.function.op)}.{self.function.op.name}"


def family_of(op: Any) -> str:
    """The file that declares an operation."""
    some = op.plain_joint or next((f for f in op.plain_formulas.values() if f is not None), None) or op.function
    return (getattr(some, "__module__", None) or "numpy").rsplit(".", 1)[-1]


def args(*values: Any, **named: Any) -> Sample:
    """One call."""
    return Sample(values, named)


# --- arrays --------------------------------------------------------------------------------------------------------


def normal(*shape: int) -> Any:
    """Standard normal numbers."""
    return np.asarray(_rng.standard_normal(shape))


def positive(*shape: int) -> Any:
    """Between 0.5 and 2."""
    return np.asarray(_rng.uniform(0.5, 2, shape))


def between(low: float, high: float) -> Maker:
    """Uniform numbers."""
    return lambda *shape: np.asarray(_rng.uniform(low, high, shape))


def away_from(*kinks: float) -> Maker:
    """Normal numbers, none closer than 0.1 to a point where the function has no derivative."""

    def make(*shape: int) -> Any:
        x = 2 * _rng.standard_normal(shape)
        for kink in kinks:
            x = np.where(np.abs(x - kink) < 0.1, kink + np.where(x < kink, -0.2, 0.2), x)
        return np.asarray(x)

    return make


def distinct(*shape: int) -> Any:
    """Numbers that are all different by 0.3 at least: for what selects or sorts."""
    n = int(np.prod(shape))
    return np.asarray((_rng.permutation(n) * 0.5 + _rng.uniform(-0.1, 0.1, n)).reshape(shape) - n / 4)


def complex_normal(*shape: int) -> Any:
    """Complex normal numbers."""
    return np.asarray(normal(*shape) + 1j * normal(*shape))


def integers(low: int, high: int) -> Maker:
    """Uniform integers, ``high`` excluded."""
    return lambda *shape: np.asarray(_rng.integers(low, high, shape))


# --- usual samples -------------------------------------------------------------------------------------------------


def unary(make: Maker = normal, *extra: Any, **named: Any) -> list[Sample]:
    """A matrix, a 0-d and an empty array."""
    return [args(make(*shape), *extra, **named) for shape in ((3, 4), (), (0, 3))]


_PAIRS: Iterable[tuple[tuple[int, ...], tuple[int, ...]]] = (
    ((3, 4), (3, 4)),
    ((3, 1), (1, 4)),
    ((4,), (2, 3, 4)),
    ((), (2,)),
    ((), ()),
    ((0, 3), (3,)),
)


def binary(first: Maker = normal, second: Maker | None = None, *extra: Any, **named: Any) -> list[Sample]:
    """Two arguments of one shape, broadcast against each other both ways, 0-d and empty."""
    return [args(first(*a), (second or first)(*b), *extra, **named) for a, b in _PAIRS]


def ternary(first: Maker, second: Maker, third: Maker, *extra: Any, **named: Any) -> list[Sample]:
    """Three arguments that broadcast."""
    shapes = (((3, 4),) * 3, ((3, 1), (4,), ()), ((), (2, 3), (2, 1)), ((0, 2), (2,), ()))
    return [args(first(*a), second(*b), third(*c), *extra, **named) for a, b, c in shapes]
