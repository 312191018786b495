"""What values a parameter or a sample may have: ``constraint.check(value)`` gives a bool for each event.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.constraints
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap

__all__ = [
    "Constraint",
    "boolean",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]


class Constraint:
    """A set of allowed values; the last ``event_dim`` dimensions make one value."""

    is_discrete = False
    event_dim = 0

    def allowed(self, value: Any) -> Any:
        """On arrays: True where the value is allowed."""
        raise NotImplementedError

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event."""
        return wrap(np.asarray(self.allowed(value.detach().array)))

    def __repr__(self) -> str:
        return type(self).__name__.lstrip("_") + "()"


class _Dependent(Constraint):
    def allowed(self, value: Any) -> Any:
        raise ValueError("Cannot determine validity of dependent constraint")


class dependent_property(property):
    """A constraint that depends on the distribution's parameters."""

    def __init__(self, fn: Any = None, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        super().__init__(fn)
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, fn: Any) -> Any:
        return dependent_property(fn, is_discrete=self.is_discrete, event_dim=self.event_dim)


def is_dependent(constraint: Any) -> bool:
    """Whether the constraint depends on parameters."""
    return isinstance(constraint, (_Dependent, dependent_property))


class _Real(Constraint):
    def allowed(self, value: Any) -> Any:
        return value == value  # not NaN


class _Boolean(Constraint):
    is_discrete = True

    def allowed(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _Bounds(Constraint):
    """Between bounds; each is part of the set or not."""

    def __init__(self, lower_bound: Any = None, upper_bound: Any = None, open_: str = "") -> None:
        self.lower_bound, self.upper_bound, self._open = lower_bound, upper_bound, open_

    def allowed(self, value: Any) -> Any:
        low, high = (b.detach().array if isinstance(b, Tensor) else b for b in (self.lower_bound, self.upper_bound))
        good = value == value
        if low is not None:
            good = good & (value > low if "low" in self._open else value >= low)
        if high is not None:
            good = good & (value < high if "high" in self._open else value <= high)
        return good & (value % 1 == 0) if self.is_discrete else good

    def __repr__(self) -> str:
        bounds = [("lower_bound", self.lower_bound), ("upper_bound", self.upper_bound)]
        return f"{self._name()}({', '.join(f'{n}={b}' for n, b in bounds if b is not None)})"

    def _name(self) -> str:
        if self.is_discrete:
            return "IntegerInterval" if self.upper_bound is not None else "IntegerGreaterThan"
        if self.upper_bound is None:
            return "GreaterThan" if self._open else "GreaterThanEq"
        return "Interval" if self.lower_bound is not None else "LessThan"


class _Integers(_Bounds):
    is_discrete = True


class _Simplex(Constraint):
    event_dim = 1

    def allowed(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (np.abs(value.sum(-1) - 1) < 1e-6)


class _OneHot(Constraint):
    is_discrete, event_dim = True, 1

    def allowed(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _LowerCholesky(Constraint):
    event_dim = 2

    def allowed(self, value: Any) -> Any:
        return (np.tril(value) == value).all((-2, -1)) & (np.diagonal(value, axis1=-2, axis2=-1) > 0).all(-1)


class _PositiveDefinite(Constraint):
    event_dim = 2

    def allowed(self, value: Any) -> Any:
        symmetric = np.isclose(value, value.swapaxes(-2, -1), atol=1e-6).all((-2, -1))
        return symmetric & (np.linalg.eigvalsh(value) > 0).all(-1)


class _MultinomialSupport(Constraint):
    is_discrete, event_dim = True, 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def allowed(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class independent(Constraint):
    """For several independent values: the last ``reinterpreted_batch_ndims`` dimensions are one value."""

    def __init__(self, base_constraint: Any, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete

    def allowed(self, value: Any) -> Any:
        n = self.reinterpreted_batch_ndims
        good = self.base_constraint.allowed(value)
        return good.reshape(*good.shape[: good.ndim - n], -1).all(-1)

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


dependent = _Dependent()
real = _Real()
real_vector = independent(real, 1)
boolean = _Boolean()
positive = _Bounds(lower_bound=0.0, open_="low")
nonnegative = _Bounds(lower_bound=0.0)
unit_interval = _Bounds(0.0, 1.0)
nonnegative_integer = _Integers(0)
positive_integer = _Integers(1)
simplex = _Simplex()
one_hot = _OneHot()
lower_cholesky = _LowerCholesky()
positive_definite = _PositiveDefinite()


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """From one bound to the other, both included."""
    return _Bounds(lower_bound, upper_bound)


def integer_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Integers from one bound to the other, both included."""
    return _Integers(lower_bound, upper_bound)


def greater_than(lower_bound: Any) -> Constraint:
    """Above a bound."""
    return _Bounds(lower_bound=lower_bound, open_="low")


def greater_than_eq(lower_bound: Any) -> Constraint:
    """Not below a bound."""
    return _Bounds(lower_bound=lower_bound)


def less_than(upper_bound: Any) -> Constraint:
    """Below a bound."""
    return _Bounds(upper_bound=upper_bound, open_="high")


multinomial = _MultinomialSupport
