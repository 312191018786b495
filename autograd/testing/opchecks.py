"""opcheck: everything about an operation at once.

``CHECKS`` is the list. Each check takes the case and returns nothing (it holds) or a remark (the function refuses such
input, which is its right), and raises where something is wrong. All of them run, and the error shows the whole table.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import passes
from ..dtypes import is_float
from ..graph import enable_grad, no_grad
from ..tensor import Tensor, wrap
from .checking import gradcheck, gradgradcheck
from .problem import tupled
from .retrials import strided

__all__ = ["OpReport", "OpcheckError", "opcheck"]

REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, np.linalg.LinAlgError)


class OpReport(dict[str, str]):
    """The result of each check by name: ``ok``, a remark, or ``FAILED: ...``. Prints as a table."""

    @property
    def failures(self) -> dict[str, str]:
        """Those that failed."""
        return {name: text for name, text in self.items() if text.startswith("FAILED")}

    @property
    def ok(self) -> bool:
        """Whether none failed."""
        return not self.failures

    def __str__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:{width}}  {text}" for name, text in self.items())


class OpcheckError(AssertionError):
    """At least one check failed; ``.report`` has all of them."""

    def __init__(self, report: OpReport) -> None:
        super().__init__(f"{len(report.failures)} of {len(report)} checks failed\n\n{report}")
        self.report = report


def opcheck(fn: Callable[..., Any], *inputs: Any, order: int = 2, raise_exception: bool = True) -> OpReport:
    """Check a differentiable operation from all sides.

    Args:
        fn: takes ``inputs``, returns a tensor or a tuple of tensors.
        inputs: at least one float64 tensor; those of floating point or complex dtype are differentiated, whether they
            require grad or not. Generic values, away from kinks.
        order: to which order the gradients are checked.
        raise_exception: raise OpcheckError if a check fails; False: the report tells.

    Checked: values with and without recording; gradients to ``order``; forward mode; batched gradients and vmap; every
    subset of inputs requiring grad; 0-d, empty and broadcast shapes; strides (Fortran order, gaps, negative, expanded);
    float32; no writing to inputs; no silent error when the result is written to; determinism; threads.

    >>> import autograd
    >>> a, b = autograd.randn(3).double(), autograd.rand(3).double()
    >>> report = opcheck(lambda a, b: (a * b).tanh(), a, b)
    >>> report.ok, report["gradients"]
    (True, 'ok')
    """
    case = _Case(fn, inputs, order)
    report = OpReport()
    for name, check in CHECKS:
        try:
            with enable_grad():
                report[name] = check(case) or "ok"
        except _Skip as skip:
            report[name] = f"- {skip}"
        except Exception as error:  # whatever goes wrong is what we want to tell
            report[name] = f"FAILED: {type(error).__name__}: {error}"
    if raise_exception and not report.ok:
        raise OpcheckError(report)
    return report


class _Skip(Exception):
    """The check does not apply, or the function refuses the input."""


class _Case:
    """The function and its inputs; every check works on copies of its own."""

    def __init__(self, fn: Callable[..., Any], inputs: tuple[Any, ...], order: int) -> None:
        self.fn, self.order = fn, order
        self.originals = inputs
        self.which = [i for i, a in enumerate(inputs) if isinstance(a, Tensor) and is_float(a.array.dtype)]
        if not self.which:
            raise ValueError("opcheck needs at least one tensor of floating point or complex dtype among the inputs")
        self.expected = [np.array(t.array) for t in self.call(self.fresh())]

    def fresh(self, change: Callable[[Any], Any] = np.array, wanted: Any = None) -> list[Any]:
        """New leaves with the same values, each array changed; those in ``wanted`` (all) require grad."""
        made: list[Any] = []
        for i, a in enumerate(self.originals):
            if i in self.which:
                leaf = wrap(change(a.array))
                made.append(leaf.requires_grad_() if wanted is None or i in wanted else leaf)
            else:
                made.append(a)
        return made

    def call(self, arguments: list[Any]) -> list[Tensor]:
        """The tensors that the function returns."""
        return [r for r in tupled(self.fn(*arguments)) if isinstance(r, Tensor)]

    def try_call(self, arguments: list[Any]) -> list[Tensor]:
        """The same, where the function may refuse."""
        try:
            return self.call(arguments)
        except REFUSALS as error:
            raise _Skip(f"refused: {str(error).splitlines()[0][:80] if str(error) else type(error).__name__}") from None

    def gradients(self, arguments: list[Any], results: list[Tensor] | None = None) -> list[Any]:
        """The gradients of a fixed projection of the results, as arrays (None where there is none)."""
        results = self.call(arguments) if results is None else results
        live = [r for r in results if r.requires_grad]
        leaves = [arguments[i] for i in self.which if arguments[i].requires_grad]
        seeds = [wrap(_seed(r.array)) for r in live]
        got = passes.grad(live, leaves, seeds, retain_graph=True, allow_unused=True)
        return [None if g is None else g.array for g in got]


def _seed(array: Any) -> Any:
    rng = np.random.default_rng(5)
    seed = rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1.0, 1.0], array.shape)
    return np.asarray(seed, array.dtype)


def _same(found: Any, expected: Any, what: str, rtol: float = 1e-10) -> None:
    """Raise AssertionError unless two lists of arrays agree."""
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        if (a is None) != (b is None):
            raise AssertionError(f"{what}: number {k} is {'missing' if a is None else 'there, and should not be'}")
        if a is None:
            continue
        if a.shape != b.shape:
            raise AssertionError(f"{what}: number {k} has shape {list(a.shape)} in place of {list(b.shape)}")
        scale = float(np.max(np.abs(b), initial=0.0)) if np.isfinite(b).all() else 1.0
        if not np.allclose(a, b, rtol=rtol, atol=rtol * max(scale, 1e-300), equal_nan=True):
            worst = float(np.nanmax(np.abs(a - b)))
            raise AssertionError(f"{what}: number {k} differs by up to {worst:.3g}")


# --- the checks ----------------------------------------------------------------------------------------------------


def _values(case: _Case) -> None:
    with no_grad():
        results = case.call(case.fresh())
    if any(r.requires_grad for r in results):
        raise AssertionError("a result requires grad although nothing was recorded")
    _same([r.array for r in results], case.expected, "values under no_grad")
    _same(
        [r.array for r in case.call(case.fresh(wanted=()))], case.expected, "values of inputs that don't require grad"
    )


def _deterministic(case: _Case) -> None:
    a, b = case.fresh(), case.fresh()
    _same([r.array for r in case.call(a)], case.expected, "values of a second call", 0.0)
    _same(case.gradients(a), case.gradients(b), "gradients of a second call", 0.0)


def _threads(case: _Case) -> None:
    expected, found, errors = case.gradients(case.fresh()), {}, []

    def work(k: int) -> None:
        try:
            found[k] = case.gradients(case.fresh())
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    for gradients in found.values():
        _same(gradients, expected, "gradients in a thread")


def _no_mutation(case: _Case) -> None:
    arguments = case.fresh()
    before = [np.array(a.array) if isinstance(a, Tensor) else None for a in arguments]
    case.gradients(arguments)
    for k, (a, kept) in enumerate(zip(arguments, before, strict=True)):
        if kept is not None and not np.array_equal(a.array, kept, equal_nan=kept.dtype.kind in "fc"):
            raise AssertionError(f"input {k} was changed by forward or backward")


def _result_may_be_written(case: _Case) -> str | None:
    """Writing to the result either is noticed in backward, or does no harm."""
    arguments = case.fresh()
    expected = [None if g is None else 2 * g for g in case.gradients(arguments)]
    results = case.call(arguments)
    try:
        doubled = [r.mul_(2.0) if r.requires_grad else r for r in results]  # type: ignore[attr-defined]
        found = case.gradients(arguments, doubled)
    except RuntimeError as error:
        return f"ok (refused: {str(error).split(':')[0][:60]})"
    _same(found, expected, "gradients after the result was written to")
    return None


def _gradients(case: _Case) -> None:
    gradcheck(case.fn, tuple(case.fresh()), check_grad_dtypes=True)


def _higher(case: _Case) -> None:
    if case.order < 2:
        raise _Skip("order=1")
    fn = case.fn
    for _ in range(case.order - 1):
        gradgradcheck(fn, tuple(case.fresh()))
        fn = _derivative(fn)


def _derivative(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients of a fixed projection, as a function of the same arguments."""

    def gradients(*arguments: Any) -> tuple[Any, ...]:
        live = [r for r in tupled(fn(*arguments)) if isinstance(r, Tensor) and r.requires_grad]
        leaves = [a for a in arguments if isinstance(a, Tensor) and a.requires_grad]
        got = passes.grad(live, leaves, [wrap(_seed(r.array)) for r in live], create_graph=True, allow_unused=True)
        return tuple(g for g in got if g is not None)

    return gradients


def _forward_mode(case: _Case) -> None:
    gradcheck(case.fn, tuple(case.fresh()), check_forward_ad=True, check_backward_ad=False)


def _batched(case: _Case) -> None:
    gradcheck(case.fn, tuple(case.fresh()), check_batched_grad=True)


def _vmap(case: _Case) -> None:
    from ..func import vmap

    rows = [case.fresh(lambda a, k=k: a * (1 + 0.01 * k), wanted=()) for k in range(3)]  # type: ignore[misc]
    stacked = [
        wrap(np.stack([row[i].array for row in rows])) if i in case.which else a for i, a in enumerate(case.originals)
    ]
    dims = tuple(0 if i in case.which else None for i in range(len(stacked)))
    expected = [np.stack(column) for column in zip(*[[r.array for r in case.call(row)] for row in rows], strict=True)]
    found = [r.array for r in tupled(vmap(case.fn, in_dims=dims)(*stacked)) if isinstance(r, Tensor)]
    _same(found, expected, "vmap")


def _subsets(case: _Case) -> None:
    full = dict(zip(case.which, case.gradients(case.fresh()), strict=True))
    for k in range(1, min(len(case.which), 4)):
        for wanted in itertools.combinations(case.which[:5], k):
            arguments = case.fresh(wanted=wanted)
            results = case.call(arguments)
            if not any(r.requires_grad for r in results):
                if any(full[i] is not None and np.any(full[i]) for i in wanted):
                    raise AssertionError(f"the result does not require grad when only inputs {wanted} do")
                continue
            _same(
                case.gradients(arguments, results),
                [full[i] for i in wanted],
                f"gradients when only inputs {wanted} require grad",
            )


def _strides(case: _Case) -> None:
    expected = case.gradients(case.fresh())
    for name, change in (("Fortran order and gaps", strided), ("negative strides", _backwards)):
        arguments = case.fresh(change)
        _same([r.array for r in case.call(arguments)], case.expected, f"values with {name}")
        _same(case.gradients(arguments), expected, f"gradients with {name}")
    arguments = case.fresh(_stretched)
    results = case.try_call(arguments)
    plain = case.fresh(lambda a: np.array(_stretched(a)))
    _same([r.array for r in results], [r.array for r in case.call(plain)], "values with strides of 0")
    _same(case.gradients(arguments, results), case.gradients(plain), "gradients with strides of 0")


def _backwards(array: Any) -> Any:
    turn = (slice(None, None, -1),) * array.ndim
    return np.array(array[turn])[turn]


def _stretched(array: Any) -> Any:
    return np.broadcast_to(array[:1], array.shape) if array.ndim and array.size else np.array(array)


def _scalars(case: _Case) -> None:
    arguments = case.fresh(lambda a: np.array(a.reshape(-1)[0]) if a.size else a)
    case.try_call(arguments)
    gradcheck(case.fn, tuple(arguments))


def _empty(case: _Case) -> None:
    lengths = {case.originals[i].array.shape[0] for i in case.which if case.originals[i].array.ndim}
    if not lengths:
        raise _Skip("all inputs are 0-d")
    length = case.originals[case.which[0]].array.shape[0] if case.originals[case.which[0]].array.ndim else max(lengths)
    arguments = case.fresh(lambda a: a[:0] if a.ndim and a.shape[0] == length else np.array(a))
    results = case.try_call(arguments)
    leaves = [arguments[i] for i in case.which]
    for leaf, g in zip(leaves, case.gradients(arguments, results), strict=True):
        if g is not None and g.shape != leaf.array.shape:
            raise AssertionError(
                f"the gradient of an empty input of shape {list(leaf.shape)} has shape {list(g.shape)}"
            )


def _broadcast(case: _Case) -> None:
    shapes = {case.originals[i].array.shape for i in case.which}
    if len(case.which) < 2 or len(shapes) > 1 or not next(iter(shapes)):
        raise _Skip("needs several inputs of one shape")
    last = case.which[-1]
    for cut in (lambda a: a[..., :1], lambda a: a[0]):
        arguments = case.fresh()
        arguments[last] = wrap(np.array(cut(arguments[last].array))).requires_grad_()  # type: ignore[no-untyped-call]
        case.try_call(arguments)
        gradcheck(case.fn, tuple(arguments))


def _single(case: _Case) -> None:
    narrow = {"f": np.float32, "c": np.complex64}
    arguments = case.fresh(lambda a: a.astype(narrow[a.dtype.kind]))
    results = case.try_call(arguments)
    _same([r.array for r in results], case.expected, "values in float32", 1e-3)
    _same(case.gradients(arguments, results), case.gradients(case.fresh()), "gradients in float32", 1e-3)
    wide = [
        k
        for k, r in enumerate(results)
        if r.array.dtype.kind in "fc" and r.array.dtype.itemsize > (8 if r.array.dtype.kind == "c" else 4)
    ]
    if wide:
        raise AssertionError(f"result {wide[0]} is {results[wide[0]].dtype} for float32 inputs")


CHECKS: tuple[tuple[str, Callable[[_Case], str | None]], ...] = (
    ("values", _values),
    ("determinism", _deterministic),
    ("no mutation", _no_mutation),
    ("gradients", _gradients),
    ("higher orders", _higher),
    ("forward mode", _forward_mode),
    ("batched gradients", _batched),
    ("vmap", _vmap),
    ("subsets of inputs", _subsets),
    ("strides", _strides),
    ("0-d", _scalars),
    ("empty", _empty),
    ("broadcast", _broadcast),
    ("float32", _single),
    ("result written to", _result_may_be_written),
    ("threads", _threads),
)
