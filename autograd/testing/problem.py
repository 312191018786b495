"""A function at a point, seen as real vectors: the form in which both sides of a gradient check are computed.

A complex tensor is two real ones. PyTorch's gradient of a real loss with respect to ``a + ib`` is ``dL/da + i dL/db``,
so seen through ``(..., 2)`` real views every vector-Jacobian product is that of an ordinary real Jacobian, and nothing
else in this package needs to know about complex numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from .. import forward_pass, passes
from ..dtypes import is_float
from ..tensor import Tensor, wrap

Array = np.ndarray[Any, Any]


def as_real(array: Any) -> Array:
    """The numbers of an array as one real float64 vector (or complex parts side by side)."""
    array = np.ascontiguousarray(array)
    if array.dtype.kind == "c":
        array = array.view(array.real.dtype)
    return array.reshape(-1).astype(np.float64)  # type: ignore[no-any-return]


def like_real(vector: Array, model: Array) -> Array:
    """The inverse of ``as_real``: an array of the shape and dtype of ``model``."""
    if model.dtype.kind == "c":
        return vector.astype(np.float64).view(np.complex128).reshape(model.shape).astype(model.dtype)
    return vector.reshape(model.shape).astype(model.dtype)


def real_shape(array: Array) -> tuple[int, ...]:
    """The shape of the real view."""
    return (*array.shape, 2) if array.dtype.kind == "c" else array.shape


def tupled(value: Any) -> tuple[Any, ...]:
    """One tensor as a tuple of one."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Problem:
    """``function`` at ``arguments``; differentiated with respect to those that require grad.

    ``wrt`` are the positions of those arguments, ``inputs`` the tensors. All vectors are real (see ``as_real``).
    """

    def __init__(self, function: Callable[..., Any], arguments: Any) -> None:
        self.function = function
        self.arguments = tupled(arguments)
        self.wrt = [i for i, a in enumerate(self.arguments) if isinstance(a, Tensor) and a.requires_grad]
        self.inputs: list[Tensor] = [self.arguments[i] for i in self.wrt]
        self.outputs: list[Tensor] = []
        self.which: list[int] = []  # the places of the outputs among all results
        self.calls = 0

    # --- forward ---

    def call(self) -> tuple[Any, ...]:
        """All results, as a tuple."""
        self.calls += 1
        return tupled(self.function(*self.arguments))

    def record(self) -> list[Tensor]:
        """Run the function, remember and return its differentiable results."""
        results = self.call()
        self.which = [
            i for i, r in enumerate(results) if isinstance(r, Tensor) and is_float(r.array.dtype) and r.requires_grad
        ]
        self.outputs = [results[i] for i in self.which]
        self.values = [np.array(t.array) for t in self.outputs]
        return self.outputs

    def value(self) -> Array:
        """All differentiable results at the present point, as one real vector."""
        results = self.call()
        return np.concatenate([as_real(results[i].array) for i in self.which] or [np.zeros(0)])

    @contextmanager
    def moved(self, i: int, shift: Array) -> Iterator[None]:
        """Input ``i`` moved by a real vector, in its own memory: what closes over the tensor sees it too."""
        array = self.inputs[i].array
        kept = array.copy()
        try:
            array[...] = like_real(as_real(kept) + shift, kept)
            yield
        finally:
            array[...] = kept

    def along(self, i: int, direction: Array) -> Callable[[float], Array]:
        """``h -> value`` with input ``i`` moved by ``h * direction``."""

        def at(h: float) -> Array:
            with self.moved(i, h * direction), np.errstate(all="ignore"):
                return self.value_or_nan(h)

        return at

    def value_or_nan(self, h: float) -> Array:
        """The value after a step of ``h``: NaN where a long step leaves the domain and the function raises."""
        size = sum(self.output_sizes())
        try:
            value = self.value()
            if value.size != size:
                raise RuntimeError(
                    "The function's result has another size as soon as its input moves, so it has no derivative here: "
                    "it selects elements by their values (x[x > 0]), and one of them is just at the limit"
                )
            return value
        except (ArithmeticError, ValueError, RuntimeError, AssertionError):
            if abs(h) < 1e-8:
                raise
            return np.full(size, np.nan)

    def along_all(self, directions: Sequence[Array]) -> Callable[[float], Array]:
        """``h -> value`` with every input moved by ``h`` times its direction."""

        def at(h: float) -> Array:
            with ExitStack() as stack, np.errstate(all="ignore"):
                for i, direction in enumerate(directions):
                    stack.enter_context(self.moved(i, h * direction))
                return self.value_or_nan(h)

        return at

    def complex_step(self, i: int, direction: Array) -> Array | None:
        """The derivative along a direction as ``Im f(x + i h u) / h``, without cancellation; None where f refuses.

        Right for functions that are analytic and written so: abs, max or conj inside spoil it, and the caller compares.
        """
        x, h = self.inputs[i].array, 1e-30
        if x.dtype.kind == "c" or any(a.dtype.kind == "c" for a in self.values):
            return None
        moved = list(self.arguments)
        moved[self.wrt[i]] = wrap(x + 1j * h * like_real(direction, x))
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                results = [tupled(self.function(*moved))[k].array for k in self.which]
        except Exception:  # whatever a real function says to complex numbers
            return None
        same = [
            r.shape == a.shape and np.allclose(r.real, a, equal_nan=True)
            for r, a in zip(results, self.values, strict=True)
        ]
        return np.concatenate([r.imag.reshape(-1) / h for r in results]) if all(same) else None

    # --- sizes ---

    def input_sizes(self) -> list[int]:
        """The length of each input's real vector."""
        return [int(np.prod(real_shape(t.array))) for t in self.inputs]

    def output_sizes(self) -> list[int]:
        """The length of each output's real vector."""
        return [int(np.prod(real_shape(a))) for a in self.values]

    def split(self, vector: Array) -> list[Array]:
        """A vector over all outputs as one vector for each."""
        return np.split(vector, np.cumsum(self.output_sizes())[:-1]) if self.values else []

    # --- the claim ---

    def pull(self, cotangent: Array, outputs: Sequence[Tensor] | None = None) -> list[Array]:
        """What backward claims: the vector-Jacobian product for each input; zeros where it gives None."""
        return [
            np.zeros(size) if g is None else as_real(g.array)
            for g, size in zip(self.pull_tensors(cotangent, outputs), self.input_sizes(), strict=True)
        ]

    def seeds(self, cotangent: Array) -> list[Tensor]:
        """A vector over all outputs as cotangents of their shapes."""
        return [wrap(like_real(v, a)) for v, a in zip(self.split(cotangent), self.values, strict=True)]

    def pull_tensors(self, cotangent: Array, outputs: Sequence[Tensor] | None = None) -> tuple[Any, ...]:
        """The same as the Tensors (or None) that ``grad`` returns."""
        outputs = self.outputs if outputs is None else outputs
        with np.errstate(all="ignore"):
            return passes.grad(outputs, self.inputs, self.seeds(cotangent), retain_graph=True, allow_unused=True)

    def pull_arranged(self, cotangent: Array, arrange: Callable[[Array], Array]) -> list[Array]:
        """``pull``, with the cotangents arranged otherwise in memory."""
        seeds = [wrap(arrange(t.array)) for t in self.seeds(cotangent)]
        with np.errstate(all="ignore"):
            got = passes.grad(self.outputs, self.inputs, seeds, retain_graph=True, allow_unused=True)
        return [
            np.zeros(size) if g is None else as_real(g.array) for g, size in zip(got, self.input_sizes(), strict=True)
        ]

    def push(self, i: int, direction: Array) -> Array:
        """What forward mode claims: the Jacobian of all outputs times a direction of input ``i``."""
        t = self.inputs[i]
        with np.errstate(all="ignore"):
            got = forward_pass.forward(self.outputs, [t], [wrap(like_real(direction, t.array))])
        return np.concatenate(
            [
                np.zeros(size) if tangent is None else as_real(tangent.array)
                for tangent, size in zip(got, self.output_sizes(), strict=True)
            ]
        )
