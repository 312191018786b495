"""What values a parameter or a sample may have: ``constraint.check(value)`` gives a bool for each event.

A constraint of your own derives from ``Constraint`` and defines ``check``, on Tensors; the ones here define ``allowed``,
on arrays.

Source: https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.constraints
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import FUNCTIONS
from ..tensor import Tensor, wrap

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval",
    "is_dependent", "less_than", "lower_cholesky", "lower_triangular", "multinomial", "nonnegative",
    "nonnegative_integer", "one_hot", "positive", "positive_definite", "positive_integer", "positive_semidefinite",
    "real", "real_vector", "simplex", "square", "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A set of allowed values; the last ``event_dim`` dimensions make one value."""

    is_discrete: Any = False
    event_dim: Any = 0

    def allowed(self, value: Any) -> Any:
        """On arrays: True where the value is allowed."""
        raise NotImplementedError

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event.

        >>> import autograd
        >>> positive.check(autograd.tensor([1.0, -1.0]))
        tensor([ True, False])
        """
        return wrap(np.asarray(self.allowed(value.detach().array)))

    def __repr__(self) -> str:
        return type(self).__name__.lstrip("_") + "()"


class _Dependent(Constraint):
    """Known only with the distribution's other parameters."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        self._is_discrete, self._event_dim = is_discrete, event_dim

    @property
    def is_discrete(self) -> Any:  # type: ignore[override]
        """Whether the values are integers, where that is known beforehand."""
        return _known(self._is_discrete, ".is_discrete")

    @property
    def event_dim(self) -> Any:  # type: ignore[override]
        """How many dimensions make one value, where that is known beforehand."""
        return _known(self._event_dim, ".event_dim")

    def __call__(self, **known: Any) -> _Dependent:
        return _Dependent(**{"is_discrete": self._is_discrete, "event_dim": self._event_dim, **known})

    def allowed(self, value: Any) -> Any:
        raise ValueError("Cannot determine validity of dependent constraint")


def _known(value: Any, name: str) -> Any:
    if value is NotImplemented:
        raise NotImplementedError(f"{name} cannot be determined statically")
    return value


class dependent_property(property, _Dependent):
    """A constraint that depends on the distribution's parameters: a property that gives it.

    With a class in place of a distribution it is the constraint ``dependent``.
    """

    def __init__(self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn: Any) -> Any:  # type: ignore[override]
        return dependent_property(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


def is_dependent(constraint: Any) -> bool:
    """Whether the constraint depends on parameters."""
    return isinstance(constraint, _Dependent)


# --- numbers ---------------------------------------------------------------------------------------------------------


class _Real(Constraint):
    def allowed(self, value: Any) -> Any:
        return value == value  # not NaN


class _Boolean(Constraint):
    is_discrete = True

    def allowed(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _Bounds(Constraint):
    """Numbers between two bounds, either of which may be missing, and either of which may be excluded."""

    lower_bound: Any = None
    upper_bound: Any = None
    _open = ""  # "low" or "high": the bound that is not itself allowed

    def allowed(self, value: Any) -> Any:
        low, high = (b.detach().array if isinstance(b, Tensor) else b for b in (self.lower_bound, self.upper_bound))
        good = value == value
        if low is not None:
            good = good & (value > low if self._open == "low" else value >= low)
        if high is not None:
            good = good & (value < high if self._open == "high" else value <= high)
        return good & (value % 1 == 0) if self.is_discrete else good

    def __repr__(self) -> str:
        bounds = [("lower_bound", self.lower_bound), ("upper_bound", self.upper_bound)]
        return f"{super().__repr__()[:-2]}({', '.join(f'{n}={b}' for n, b in bounds if b is not None)})"


class _Below(_Bounds):
    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound


class _Above(_Bounds):
    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound


class _Between(_Bounds):
    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound


class _GreaterThan(_Above):
    _open = "low"


class _GreaterThanEq(_Above):
    pass


class _LessThan(_Below):
    _open = "high"


class _Interval(_Between):
    pass


class _HalfOpenInterval(_Between):
    _open = "high"


class _IntegerGreaterThan(_Above):
    is_discrete = True


class _IntegerInterval(_Between):
    is_discrete = True


# --- vectors and matrices --------------------------------------------------------------------------------------------


class _Simplex(Constraint):
    event_dim = 1

    def allowed(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (np.abs(value.sum(-1) - 1) < 1e-6)


class _OneHot(Constraint):
    is_discrete, event_dim = True, 1

    def allowed(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Multinomial(Constraint):
    is_discrete, event_dim = True, 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def allowed(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _LowerTriangular(Constraint):
    event_dim = 2

    def allowed(self, value: Any) -> Any:
        return (np.tril(value) == value).all((-2, -1))


class _LowerCholesky(_LowerTriangular):
    def allowed(self, value: Any) -> Any:
        return super().allowed(value) & (np.diagonal(value, axis1=-2, axis2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def allowed(self, value: Any) -> Any:
        tolerance = np.finfo(value.dtype).eps * value.shape[-1] * 10
        unit = np.abs(np.linalg.norm(value, axis=-1) - 1) <= tolerance
        return super().allowed(value) & unit.all(-1)


class _Square(Constraint):
    event_dim = 2

    def allowed(self, value: Any) -> Any:
        return np.full(value.shape[:-2], value.shape[-2] == value.shape[-1])


class _Symmetric(_Square):
    def allowed(self, value: Any) -> Any:
        square = super().allowed(value)
        return np.isclose(value, value.swapaxes(-2, -1), atol=1e-6).all((-2, -1)) if square.all() else square


class _PositiveSemidefinite(_Symmetric):
    def allowed(self, value: Any) -> Any:
        symmetric = super().allowed(value)
        return symmetric & (np.linalg.eigvalsh(value) >= 0).all(-1) if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    def allowed(self, value: Any) -> Any:
        symmetric = super().allowed(value)
        return symmetric & (np.linalg.eigvalsh(value) > 0).all(-1) if symmetric.all() else symmetric


# --- constraints made of others --------------------------------------------------------------------------------------


class independent(Constraint):
    """For several independent values: the last ``reinterpreted_batch_ndims`` dimensions are one value."""

    def __init__(self, base_constraint: Any, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> Any:  # type: ignore[override]
        """Whether the values are integers."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:  # type: ignore[override]
        """How many dimensions make one value."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event."""
        good, n = self.base_constraint.check(value), self.reinterpreted_batch_ndims
        if good.ndim < n:
            missing = self.base_constraint.event_dim + n
            raise ValueError(f"Expected value.dim() >= {missing} but got {value.ndim}")
        return wrap(good.array.reshape(*good.shape[: good.ndim - n], -1).all(-1))

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """What a mixture can give: what its components can."""

    def __init__(self, base_constraint: Any) -> None:
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> Any:  # type: ignore[override]
        """Whether the values are integers."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:  # type: ignore[override]
        """How many dimensions make one value."""
        return self.base_constraint.event_dim

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event: true if all components allow it."""
        n = self.event_dim
        good = self.base_constraint.check(FUNCTIONS["unsqueeze"](value, -1 - n)).array
        first = tuple(value.shape[: value.ndim - n])
        good = np.broadcast_to(good, np.broadcast_shapes(good.shape, (*first, 1)))
        return wrap(good.all(-1))

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class _Parts(Constraint):
    """A constraint for each part of a value along ``dim``."""

    def __init__(self, cseq: Sequence[Any], dim: int) -> None:
        if not all(isinstance(c, Constraint) for c in cseq):
            raise TypeError(f"expected constraints, got {cseq!r}")
        self.cseq, self.dim = list(cseq), dim

    @property
    def is_discrete(self) -> Any:  # type: ignore[override]
        """Whether some values are integers."""
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> Any:  # type: ignore[override]
        """How many dimensions make one value."""
        return max(c.event_dim for c in self.cseq)


class _Cat(_Parts):
    """Constraints of parts of ``lengths`` (1 each, if not given) along ``dim``: as their values when concatenated."""

    def __init__(self, cseq: Sequence[Any], dim: int = 0, lengths: Any = None) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise ValueError(f"{len(self.cseq)} constraints with {len(self.lengths)} lengths")

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event."""
        parts = FUNCTIONS["split"](value, self.lengths, self.dim)
        checks: Tensor = FUNCTIONS["cat"]([c.check(part) for c, part in zip(self.cseq, parts, strict=True)], self.dim)
        return checks


class _Stack(_Parts):
    """Constraints of the slices along ``dim``: as their values when stacked."""

    def __init__(self, cseq: Sequence[Any], dim: int = 0) -> None:
        super().__init__(cseq, dim)

    @property
    def event_dim(self) -> Any:  # type: ignore[override]
        """How many dimensions make one value."""
        most: int = super().event_dim
        return most + 1 if self.dim + most < 0 else most

    def check(self, value: Tensor) -> Tensor:
        """A bool for each event."""
        slices = FUNCTIONS["unbind"](value, self.dim)
        checks: Tensor = FUNCTIONS["stack"](
            [c.check(part) for c, part in zip(self.cseq, slices, strict=True)], self.dim
        )
        return checks


dependent = _Dependent()
real = _Real()
real_vector = independent(real, 1)
boolean = _Boolean()
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
unit_interval = _Interval(0.0, 1.0)
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
greater_than, greater_than_eq, less_than = _GreaterThan, _GreaterThanEq, _LessThan
interval, half_open_interval, integer_interval = _Interval, _HalfOpenInterval, _IntegerInterval
multinomial, cat, stack = _Multinomial, _Cat, _Stack
simplex = _Simplex()
one_hot = _OneHot()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
