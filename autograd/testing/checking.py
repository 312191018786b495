"""gradcheck and gradgradcheck: does backward say what the function does?

The signatures and the meaning of every option are PyTorch's (docs.pytorch.org/docs/stable/autograd.html#gradcheck).
Two things differ:

*The tolerance is derived.* Numerical derivatives come with error bars (``numeric.py``), so ``eps`` is not needed and
``atol`` and ``rtol`` at their defaults mean "as tight as the arithmetic allows". Other values loosen the check, as in
PyTorch.

*A failure is diagnosed* (``diagnosis.py``): GradcheckError knows the cause, the guilty elements and what to look at.

The check itself is a comparison of a few random projections ``v' J u``, whose cost does not grow with the size of the
input; only where one of them disagrees are single elements looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import dtypes, forward_pass, passes
from ..graph import enable_grad
from ..tensor import Tensor, wrap
from . import diagnosis, retrials
from .numeric import Slope, derivative, measured_noise
from .problem import Array, Problem, as_real, like_real, tupled
from .report import Fault, GradcheckError, Report

__all__ = ["GradcheckError", "diagnose", "gradcheck", "gradgradcheck"]

EPS, ATOL, RTOL = 1e-6, 1e-5, 1e-3  # PyTorch's defaults: here they mean "derive it"
FLOOR = 1e-9  # relative difference of two projections that is never a fault: rounding in sums
SAFETY = 4.0


@dataclass
class Settings:
    """The options of one check."""

    atol: float = 0.0
    rtol: float = 0.0
    nondet_tol: float = 0.0
    undefined: bool = True
    dtypes: bool = False
    batched: bool = False
    batched_forward: bool = False
    forward: bool = False
    backward: bool = True
    fast: bool = False
    seed: int = 20220131
    order: int = 1


def _settings(eps: float, atol: float, rtol: float, **options: Any) -> Settings:
    for name, value in (("eps", eps), ("atol", atol), ("rtol", rtol), ("nondet_tol", options["nondet_tol"])):
        if not hasattr(value, "__float__"):
            raise TypeError(f"{name} must be a number, got {value!r}")
        if value < 0:
            raise ValueError(f"{name} must be a number that is not negative, got {value!r}")
    loosened = (atol, rtol) != (ATOL, RTOL)
    return Settings(float(atol) if loosened else 0.0, float(rtol) if loosened else 0.0, **options)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = EPS,
    atol: float = ATOL,
    rtol: float = RTOL,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check the gradients of ``func`` against numerical derivatives.

    Args:
        func: takes ``inputs`` and returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors (and other arguments). Those that require grad are checked; float64
            ones sharply, float32 ones as far as float32 goes.
        eps: accepted for PyTorch's sake: the steps are chosen and refined for each function.
        atol: with the default, the tolerance is derived from error bars. Another value allows ``atol + rtol * |true|``.
        rtol: see ``atol``.
        raise_exception: raise GradcheckError; False: return False instead.
        nondet_tol: how far two backward passes over one graph may differ.
        check_undefined_grad: check that an output without a cotangent counts as one with zeros.
        check_grad_dtypes: check that each gradient has the dtype of its input.
        check_batched_grad: check ``is_grads_batched`` too.
        check_batched_forward_grad: check forward mode under vmap too.
        check_forward_ad: check forward mode too.
        check_backward_ad: check reverse mode.
        fast_mode: one random projection instead of several.
        masked: has a meaning for sparse tensors only, which do not exist here.

    Returns:
        True if all is right, False (with ``raise_exception=False``) if not.

    Raises:
        GradcheckError: with ``.cause``, ``.report``, ``.input``, ``.output``, ``.order``.
        ValueError: no input requires grad.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    >>> import autograd
    >>> x = autograd.tensor([0.5, 1.5], dtype=autograd.float64, requires_grad=True)
    >>> gradcheck(lambda x: (x * x).sin(), x)
    True
    """
    settings = _settings(
        eps,
        atol,
        rtol,
        nondet_tol=nondet_tol,
        undefined=check_undefined_grad,
        dtypes=check_grad_dtypes,
        batched=check_batched_grad,
        batched_forward=check_batched_forward_grad,
        forward=check_forward_ad,
        backward=check_backward_ad,
        fast=fast_mode,
    )
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    _requires("check_batched_grad", check_batched_grad, "check_backward_ad", check_backward_ad)
    _requires("check_batched_forward_grad", check_batched_forward_grad, "check_forward_ad", check_forward_ad)
    return _verdict(Problem(func, inputs), settings, raise_exception)


def _requires(option: str, wanted: bool, other: str, there: bool) -> None:
    """Raise AssertionError if an option is set without the other that it needs."""
    if wanted and not there:
        raise AssertionError(f"Setting {option}=True requires {other} to be True")


def _verdict(problem: Problem, settings: Settings, raise_exception: bool) -> bool:
    try:
        _run(problem, settings)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def diagnose(func: Callable[..., Any], inputs: Any, **options: Any) -> Report:
    """``gradcheck`` (with its options) that returns the Report whether all is right or not.

    >>> import autograd
    >>> x = autograd.tensor([-1.0, 0.0, 2.0], dtype=autograd.float64, requires_grad=True)
    >>> print(diagnose(lambda x: x.relu(), x))
    right: backward agrees with the function (1 element at a kink; its slope lies between the one-sided ones)
    """
    settings = _settings(
        options.pop("eps", EPS),
        options.pop("atol", ATOL),
        options.pop("rtol", RTOL),
        nondet_tol=options.pop("nondet_tol", 0.0),
        **options,
    )
    try:
        return _run(Problem(func, inputs), settings)
    except GradcheckError as error:
        return error.report


def _run(problem: Problem, settings: Settings) -> Report:
    """All checks in turn. Raises GradcheckError at the first that fails; returns the report of a right gradient."""
    _check_arguments(problem)
    with enable_grad():
        problem.record()
        if not problem.outputs:
            _check_constant(problem, settings)
            return Report(None, order=settings.order)
        checker = Checker(problem, settings)
        checker.determinism()
        if settings.backward:
            checker.backward()
        if settings.forward:
            checker.forward()
        if settings.backward:
            checker.alone()
            checker.layout()
            if settings.dtypes:
                checker.dtypes()
            if settings.undefined:
                checker.undefined()
            if settings.batched:
                checker.batched()
        if settings.batched_forward:
            checker.batched_forward()
    return Report(None, order=settings.order, kinks=checker.kinks)


def _check_arguments(problem: Problem) -> None:
    if not problem.inputs:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for number, t in zip(problem.wrt, problem.inputs, strict=True):
        overlapping = t.array.size and any(
            n > 1 and s == 0 for n, s in zip(t.array.shape, t.array.strides, strict=True)
        )
        if overlapping or not t.array.flags.writeable:
            raise RuntimeError(
                f"The {number}th input has a dimension with stride 0, or memory that can't be written. gradcheck "
                "moves the elements of its inputs one by one: pass a clone() of it"
            )


def _check_constant(problem: Problem, settings: Settings) -> None:
    """No result requires grad: then no result may move with an input either."""
    tensors = [r for r in problem.call() if isinstance(r, Tensor)]
    results = [r for r in tensors if r.array.dtype.kind in "fc"]
    if tensors and not results:
        return  # whole numbers have no derivative
    if not results:
        raise ValueError(
            "gradcheck expects the function to return at least one tensor of floating point or complex dtype"
        )
    checker = Checker(problem, settings)
    problem.which = [k for k, r in enumerate(problem.call()) if isinstance(r, Tensor) and r.array.dtype.kind in "fc"]
    problem.values = [np.array(r.array) for r in results]
    for i in range(len(problem.inputs)):
        slope = checker.slope(i, checker.directions(i)[0])
        moved = np.abs(np.nan_to_num(slope.value)) > SAFETY * np.nan_to_num(slope.bar, nan=np.inf, posinf=np.inf)
        if moved.any():
            fault = Fault(
                "detached",
                "No output requires grad, and yet the function moves with this input. Numerical gradient for function "
                "expected to be zero. Look for detach(), .data, no_grad, numpy() or tensor(...) in the forward code.",
                input=problem.wrt[i],
                output=0,
            )
            raise GradcheckError(Report(fault, order=settings.order))


class Checker:
    """The checks of one problem; each method is one, and raises GradcheckError."""

    def __init__(self, problem: Problem, settings: Settings) -> None:
        self.problem = problem
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        self.kinks = 0
        self.at_kink = False  # the latest disagreement was about a slope at a kink
        self.eps = max(float(dtypes.finfo(t.dtype).eps) for t in problem.inputs)

    # --- random probes ---

    def directions(self, i: int) -> list[Array]:
        """Directions for input ``i``: as large as its elements, so that a step stays on their side of zero.

        One of mixed signs, and one of positive steps only: at a tie of several elements the two see different things.
        """
        x = as_real(self.problem.inputs[i].array)
        size = np.abs(np.where(np.isfinite(x), x, 0))
        typical = float(np.sqrt(np.mean(size**2))) if x.size else 0.0
        scale = np.where(size > 1e-3 * typical, size, 1e-3 * typical)
        scale = np.where(size == 0, typical if typical > 0 else 1.0, scale)
        steps = scale * self.rng.uniform(0.5, 1.0, x.shape)
        mixed = steps * self.rng.choice([-1.0, 1.0], x.shape)
        return [mixed] if self.settings.fast else [mixed, scale * self.rng.uniform(0.5, 1.0, x.shape)]

    def cotangents(self) -> list[Array]:
        """Random cotangents over all outputs; zero where an output is not finite."""
        value = np.concatenate([as_real(a) for a in self.problem.values])
        made = []
        for _ in range(1 if self.settings.fast else 2):
            v = self.rng.uniform(0.5, 1.5, value.shape) * self.rng.choice([-1.0, 1.0], value.shape)
            made.append(np.where(np.isfinite(value), v, 0.0))
        return made

    def slope(self, i: int, direction: Array, careful: bool = False) -> Slope:
        """The numerical derivative along a direction; ``careful`` measures the noise and asks a second opinion."""
        path = self.problem.along(i, direction)
        if not careful:
            return self.sharpened(derivative(path, self.eps), i, direction)
        noise = measured_noise(path, self.eps, derivative(path, self.eps).kink)
        first, second = derivative(path, self.eps, noise), derivative(path, self.eps, noise, stretch=0.7371)
        first.bar = np.maximum(first.bar, second.bar) + np.abs(first.value - second.value)
        return self.sharpened(first, i, direction)

    def sharpened(self, slope: Slope, i: int, direction: Array) -> Slope:
        """Where differences left wide bars, the complex step's value, if the function is analytic and it fits."""
        size = np.abs(slope.value)
        wide = (slope.bar > 1e-9 * size) & (slope.bar < 1e-3 * size) & ~slope.kink
        if self.eps > 1e-10 or not wide.any():
            return slope
        exact = self.problem.complex_step(i, direction)
        if exact is not None:
            fits = wide & (np.abs(exact - slope.value) <= SAFETY * slope.bar)
            floor = 1e-12 * size + 32 * self.eps * np.abs(slope.centre)  # a formula may use the result: 1 - y*y
            slope.value, slope.bar = np.where(fits, exact, slope.value), np.where(fits, floor, slope.bar)
        return slope

    # --- the checks ---

    def determinism(self) -> None:
        """The same inputs give the same outputs, and the same cotangent the same gradients."""
        problem = self.problem
        value, again = np.concatenate([as_real(a) for a in problem.values]), problem.value()
        v = self.cotangents()[0]
        retrials.check_writes(problem, self.settings.order)
        if value.shape != again.shape or not np.allclose(value, again, rtol=1e3 * self.eps, atol=0, equal_nan=True):
            self.fail(
                "nondeterministic",
                "Two calls with the same inputs give different outputs. Fix the random state inside the function (a "
                "generator, a mask drawn outside), or pass eval mode.",
            )
        if not self.settings.backward:
            return
        kept = [t.array.copy() for t in problem.inputs]
        first, second = self._pull(v), self._pull(v)
        retrials.check_inputs(problem, kept, "Backward", self.settings.order)
        retrials.check_cotangents(problem, v, self.settings.order)
        for i, (a, b) in enumerate(zip(first, second, strict=True)):
            if not np.allclose(a, b, rtol=0, atol=self.settings.nondet_tol, equal_nan=True):
                cause, sentence = retrials.explain_reentrancy(problem, v)
                self.fail(
                    cause,
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                    "times gives different values. The tolerance for nondeterminism was "
                    f"{self.settings.nondet_tol}. {sentence}",
                    input=problem.wrt[i],
                )

    def backward(self) -> None:
        """Random projections of the Jacobian: claimed by backward against numerical."""
        problem = self.problem
        cotangents = self.cotangents()
        claims = [self._pull(v) for v in cotangents]
        for i, t in enumerate(problem.inputs):
            for u in self.directions(i) if t.array.size and cotangents[0].size else ():
                slope = self.slope(i, u)
                self._staircase(i, u, slope)
                if self._agree(i, u, slope, cotangents, claims):
                    continue
                slope = self.slope(i, u, careful=True)
                if self._agree(i, u, slope, cotangents, claims, self._claim_noise(i, u, cotangents, slope.kink)):
                    continue
                self._accuse(i, u)
        if self.kinks and len(problem.inputs) > 1:
            self._inputs_that_tie(cotangents)
        plain, turned = self._pull(cotangents[0]), self._pull(-1024 * cotangents[0])
        for i, (g, scaled) in enumerate(zip(plain, turned, strict=True)):
            noise = 1e4 * self.eps * float(np.max(np.abs(np.nan_to_num(g)), initial=0.0)) + self.settings.nondet_tol
            both = np.isfinite(g) & np.isfinite(scaled)
            if not np.allclose(scaled[both] / -1024, g[both], rtol=1e4 * self.eps, atol=noise):
                self.fail(
                    "nonlinear",
                    "Backward is not linear in the cotangent, as every vector-Jacobian product is: -1024 times the "
                    "cotangent gives another multiple of the gradient. It is clipped, compared or normalised.",
                    input=problem.wrt[i],
                )
        self._stale(cotangents[0], claims[0])

    def _stale(self, v: Array, claims: list[Array]) -> None:
        """After calls at other values the gradient here is still the same."""
        problem = self.problem
        results = problem.call()
        again = problem.pull(v, [results[k] for k in problem.which])
        for i, (now, before) in enumerate(zip(again, claims, strict=True)):
            noise = 1e4 * self.eps * float(np.max(np.abs(np.nan_to_num(before)), initial=0.0))
            if not np.allclose(now, before, rtol=0, atol=noise, equal_nan=True):
                self.fail(
                    "nondeterministic",
                    "The gradient is another one after the function was called at other values: it uses something that "
                    "an earlier call left behind. Look for a cache, a class attribute, a global or a buffer where ctx "
                    "is meant.",
                    input=problem.wrt[i],
                )

    def _inputs_that_tie(self, cotangents: list[Array]) -> None:
        """All inputs moved together: where two of them tie, each alone may claim everything, but not both."""
        problem = self.problem
        us = [self.directions(i)[-1] for i in range(len(problem.inputs))]
        slope = derivative(problem.along_all(us), self.eps)
        kinked = np.flatnonzero(slope.kink & np.isfinite(slope.bar))
        for o in kinked[:32]:
            e = np.zeros(slope.kink.shape)
            e[o] = 1.0
            claim = np.zeros(e.shape)
            claim[o] = sum(float(g @ u) for g, u in zip(self._pull(e), us, strict=True))
            if not slope.allows(claim, FLOOR * np.abs(slope.value))[o]:
                raise GradcheckError(Report(diagnosis.joint_kink_fault(self, 0), order=self.settings.order))

    def _pull(self, v: Array) -> list[Array]:
        try:
            return self.problem.pull(v)
        except RuntimeError as error:
            fault = retrials.shape_fault(error)
            if fault is None:
                raise
            raise GradcheckError(Report(fault, order=self.settings.order)) from error

    def _agree(
        self, i: int, u: Array, slope: Slope, cotangents: list[Array], claims: list[Any], noise: float = 0.0
    ) -> bool:
        good = np.isfinite(slope.value) & np.isfinite(slope.bar)
        plain = good & ~slope.kink & ~self._hopeless(slope, good)
        self.at_kink = False
        for v, claim in zip(cotangents, claims, strict=True):
            if not plain.all():
                v = np.where(plain, v, 0.0)
                claim = self._pull(v)
            g = claim[i]
            if not np.isfinite(g).all():
                return False
            terms = v[plain] * slope.value[plain]
            if not slope.value[plain].any():  # of a saturated loss every digit is lost, and its gradient may be 1e-20
                g = np.where(np.abs(g) <= self.eps * np.max(np.abs(v), initial=0.0), 0.0, g)
            found, true = float(g @ u), float(terms.sum())
            bar = SAFETY * float(np.sqrt(np.sum((v[plain] * slope.bar[plain]) ** 2))) + SAFETY * noise
            scale = float(np.sqrt(np.sum(terms**2)) + np.sqrt(np.sum((g * u) ** 2)))
            if abs(found - true) > bar + max(FLOOR, 64 * self.eps) * scale:
                return False
        return self._kinks_agree(i, u, slope, good & slope.kink)

    @staticmethod
    def _hopeless(slope: Slope, good: Array) -> Array:
        """Elements without a derivative (a jump): left out, so that their bars don't hide the others."""
        size = np.abs(np.where(good, slope.value, 0.0))
        hopeless = slope.bar > 1e-2 * (size + np.sqrt(np.mean(np.where(slope.bar < size, size, 0.0) ** 2)))
        return hopeless & ~hopeless[good].all() if good.any() else hopeless  # type: ignore[no-any-return]

    def _staircase(self, i: int, u: Array, slope: Slope) -> None:
        """A float64 function with a slope that does not move with a small step computes in less than float64."""
        value = slope.centre
        sure = (slope.bar < 0.1 * np.abs(slope.value)) & ~slope.kink & (np.abs(slope.value) > 1e-3 * np.abs(value))
        # Smaller values may be steps of a cancellation, such as 1 - y*y.
        sure &= np.abs(value) > 1e-6 * np.max(np.abs(u), initial=0.0)
        sure &= 1e-9 * np.abs(slope.value) > 16 * self.eps
        if self.eps > 1e-10 or not sure.any():
            return
        near, far = self.problem.along(i, u)(1e-9), self.problem.along(i, u)(1e-2)
        with np.errstate(invalid="ignore"):
            steady = np.abs(far - value - 1e-2 * slope.value) < 3e-3 * np.abs(slope.value)  # floor() moves in jumps
        if np.mean((near == value)[sure]) > 0.8 and np.mean(steady[sure]) > 0.5:
            self.fail(
                "dtype",
                "The function computes in less than the float64 of its input: it moves in steps. float32 noise "
                "would drown a float64 check. Look for float(), .astype, float32 constants or buffers in the "
                "forward code.",
                input=self.problem.wrt[i],
                output=self.problem.which[0],
            )

    def _kinks_agree(self, i: int, u: Array, slope: Slope, kinked: Array) -> bool:
        """At a kink each claimed slope lies between the one-sided derivatives."""
        where = np.flatnonzero(kinked)
        self.kinks = max(self.kinks, len(where))
        if len(where) > 32:
            where = self.rng.choice(where, 32, replace=False)
        for o in where:
            e = np.zeros(kinked.shape)
            e[o] = 1.0
            claim = np.zeros(kinked.shape)
            claim[o] = self._pull(e)[i] @ u
            if not slope.allows(claim, FLOOR * np.abs(slope.value))[o]:
                self.at_kink = True
                return False
        return True

    def _claim_noise(self, i: int, u: Array, cotangents: list[Array], kink: Array) -> float:
        """How much the claim itself moves when the input moves by a few units in the last place (not across a kink)."""
        problem = self.problem
        smooth = [np.where(kink, 0.0, v) for v in cotangents]
        here = [problem.pull(v)[i] for v in smooth]
        with problem.moved(i, 8 * self.eps * u):
            outputs = [problem.call()[k] for k in problem.which]
            moved = [problem.pull(v, outputs)[i] for v in smooth]
        with np.errstate(all="ignore"):
            noise = max(abs(float(np.nan_to_num((a - b) @ u))) for a, b in zip(moved, here, strict=True))
            size = max(float(np.sqrt(np.nansum((b * u) ** 2))) for b in here)
        return min(noise, 1e-3 * size)  # more is no noise, but a formula that jumps

    def _accuse(self, i: int, u: Array, mode: str = "backward") -> None:
        fault = diagnosis.diagnose(self, i, u, mode)
        if fault is not None:
            raise GradcheckError(Report(fault, order=self.settings.order))

    def forward(self) -> None:
        """Forward mode against numerical directional derivatives."""
        problem = self.problem
        for i in range(len(problem.inputs)):
            for u in self.directions(i):
                claim = problem.push(i, u)
                for careful in (False, True):
                    slope = self.slope(i, u, careful)
                    good = np.isfinite(slope.value) & np.isfinite(slope.bar)
                    slack = (SAFETY - 1) * slope.bar + max(FLOOR, 64 * self.eps) * (np.abs(slope.value) + np.abs(claim))
                    slack = slack + self.settings.atol + self.settings.rtol * np.abs(slope.value)
                    wrong = good & ~slope.allows(claim, slack)
                    if not wrong.any():
                        break
                else:
                    self._accuse(i, u, "forward")

    def alone(self) -> None:
        """Each gradient is the same when no other input requires grad."""
        problem, v = self.problem, self.cotangents()[0]
        if self.settings.order > 1 or len({id(t) for t in problem.inputs}) < 2:
            return
        for number, t, before in zip(problem.wrt, problem.inputs, self._pull(v), strict=True):
            others = {id(o): o.detach() for o in problem.inputs if o is not t}  # type: ignore[attr-defined]
            try:
                results = tupled(problem.function(*[others.get(id(a), a) for a in problem.arguments]))
                live = [(results[k], seed) for k, seed in zip(problem.which, problem.seeds(v), strict=True)]
                live = [(y, seed) for y, seed in live if y.requires_grad]
            except Exception:  # a function may need the gradients of others
                continue
            with np.errstate(all="ignore"):
                got = (
                    passes.grad([y for y, _ in live], [t], [s for _, s in live], allow_unused=True)[0] if live else None
                )
            now = np.zeros_like(before) if got is None else as_real(got.array)
            noise = 1e3 * self.eps * float(np.max(np.abs(np.nan_to_num(before)), initial=0.0))
            if not np.allclose(now, before, rtol=1e4 * self.eps, atol=noise + self.settings.nondet_tol, equal_nan=True):
                self.fail(
                    "wrong-argument" if now.any() else "detached",
                    "The gradient is another one when only this input requires grad: ctx.needs_input_grad is asked about "
                    "another argument (it counts all arguments of forward), or a value is saved under such a condition.",
                    input=number,
                )

    def layout(self) -> None:
        """The same numbers in another arrangement in memory give the same gradients, and so they do after another call."""
        v = self.cotangents()[0]
        exact = not (self.settings.atol or self.settings.rtol)
        fault = retrials.shared_fault(self.problem, v, self.eps, self.settings.nondet_tol, exact)
        fault = fault or retrials.layout_fault(self.problem, v, self.eps)
        if fault is not None:
            raise GradcheckError(Report(fault, order=self.settings.order))

    def dtypes(self) -> None:
        """Each gradient has the dtype of its input."""
        for number, t, g in zip(
            self.problem.wrt, self.problem.inputs, self.problem.pull_tensors(self.cotangents()[0]), strict=True
        ):
            if g is not None and g.dtype != t.dtype:
                self.fail(
                    "dtype", f"grad is incorrect type: the input is {t.dtype} and its gradient {g.dtype}.", input=number
                )

    def undefined(self) -> None:
        """An output that gets no cotangent is as good as one with zeros."""
        problem = self.problem
        if len(problem.outputs) < 2:
            return
        v = self.cotangents()[0]
        parts = problem.split(v)
        for k, output in enumerate(problem.outputs):
            alone = np.concatenate([p if n == k else 0 * p for n, p in enumerate(parts)])
            seed = wrap(like_real(parts[k], problem.values[k]))
            got = passes.grad([output], problem.inputs, [seed], retain_graph=True, allow_unused=True)
            for i, (a, b) in enumerate(zip(got, problem.pull(alone), strict=True)):
                a = np.zeros_like(b) if a is None else as_real(a.array)
                noise = 1e2 * self.eps * float(np.max(np.abs(np.nan_to_num(b)), initial=0.0))
                if not np.allclose(a, b, rtol=1e3 * self.eps, atol=noise, equal_nan=True):
                    self.fail(
                        "unknown",
                        "Backward gives other gradients when an output has no cotangent than when its cotangent is "
                        "zeros. Expected all inputs to be the same for an undefined output grad: treat None as zeros.",
                        input=problem.wrt[i],
                        output=problem.which[k],
                    )

    def batched(self) -> None:
        """``is_grads_batched`` gives the same as one cotangent after the other."""
        problem = self.problem
        vs = [v for _ in range(2) for v in self.cotangents()]
        columns = zip(*[problem.split(v) for v in vs], strict=True)
        seeds = [wrap(np.stack([like_real(p, problem.values[k]) for p in parts])) for k, parts in enumerate(columns)]
        got = passes.grad(
            problem.outputs, problem.inputs, seeds, retain_graph=True, allow_unused=True, is_grads_batched=True
        )
        for n, v in enumerate(vs):
            for i, (batch, g) in enumerate(zip(got, problem.pull(v), strict=True)):
                row = np.zeros_like(g) if batch is None else as_real(batch.array[n])
                if not np.allclose(row, g, rtol=1e3 * self.eps, atol=1e2 * self.eps, equal_nan=True):
                    self.fail(
                        "unknown",
                        "While computing batched gradients, got a result that differs from one cotangent at a time: "
                        "for is_grads_batched the formula must not mix the first dimension of the cotangent.",
                        input=problem.wrt[i],
                    )

    def batched_forward(self) -> None:
        """Forward mode with several tangents at once gives the same as one after the other."""
        from ..func import vmap

        problem = self.problem
        for i, t in enumerate(problem.inputs):
            us = [u for _ in range(2) for u in self.directions(i)]

            def push(tangent: Tensor, t: Tensor = t) -> tuple[Tensor, ...]:
                got = forward_pass.forward(problem.outputs, [t], [tangent])
                return tuple(
                    wrap(np.zeros_like(a)) if r is None else r for r, a in zip(got, problem.values, strict=True)
                )

            batch = tupled(vmap(push)(wrap(np.stack([like_real(u, t.array) for u in us]))))
            for n, u in enumerate(us):
                row = np.concatenate([as_real(r.array[n]) for r in batch])
                if not np.allclose(row, problem.push(i, u), rtol=1e3 * self.eps, atol=1e2 * self.eps, equal_nan=True):
                    self.fail(
                        "unknown",
                        "While computing batched forward gradients, got another result than one tangent at a time.",
                        input=problem.wrt[i],
                    )

    def fail(self, cause: str, sentence: str, input: int | None = None, output: int | None = None) -> None:
        """Raise GradcheckError."""
        raise GradcheckError(Report(Fault(cause, sentence, input=input, output=output), order=self.settings.order))


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = EPS,
    atol: float = ATOL,
    rtol: float = RTOL,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check the gradients of the gradients of ``func``, with respect to ``inputs`` and ``grad_outputs``.

    Args:
        grad_outputs: the cotangents at which to check; random ones if None.
        gen_non_contig_grad_outputs: make the random ones non-contiguous.
        check_fwd_over_rev: check forward mode over backward.
        check_rev_over_rev: check backward over backward.

    The other arguments, the result and the errors are those of ``gradcheck``. If it is the first derivative that is
    wrong, the error says so and diagnoses that.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html

    >>> import autograd
    >>> x = autograd.tensor([0.5, 1.5], dtype=autograd.float64, requires_grad=True)
    >>> gradgradcheck(lambda x: (x * x).sin(), x)
    True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    _requires("check_batched_grad", check_batched_grad, "check_rev_over_rev", check_rev_over_rev)
    settings = _settings(
        eps,
        atol,
        rtol,
        nondet_tol=nondet_tol,
        undefined=check_undefined_grad and check_rev_over_rev,
        dtypes=check_grad_dtypes,
        batched=check_batched_grad,
        forward=check_fwd_over_rev,
        backward=check_rev_over_rev,
        fast=fast_mode,
        order=2,
    )
    first = Problem(func, inputs)
    _check_arguments(first)
    with enable_grad():
        outputs = first.record()
    if not outputs:
        return True
    try:
        _run(_second(first, _seeds(outputs, grad_outputs, gen_non_contig_grad_outputs)), settings)
    except GradcheckError as error:
        if not raise_exception:
            return False
        earlier = diagnose(func, inputs, atol=atol, rtol=rtol, nondet_tol=nondet_tol, undefined=False)
        if not earlier.ok:
            raise GradcheckError(earlier) from error
        raise GradcheckError(error.report.at_second_order()) from None
    return True


def _seeds(outputs: Any, grad_outputs: Any, non_contiguous: bool) -> list[Tensor]:
    """The cotangents at which the second derivative is checked: those given, or random ones."""
    if grad_outputs is None:
        return [_random_like(t, non_contiguous, k) for k, t in enumerate(outputs)]
    return [t if t.requires_grad else t.detach().clone().requires_grad_() for t in tupled(grad_outputs)]


def _second(first: Problem, seeds: list[Tensor]) -> Problem:
    """The gradients of a function, as a function of its arguments and of the cotangents."""
    count = len(first.arguments)

    def gradients(*arguments: Any) -> tuple[Any, ...]:
        results = tupled(first.function(*arguments[:count]))
        chosen = [results[k] for k in first.which]
        wanted = [a for a in arguments[:count] if isinstance(a, Tensor) and a.requires_grad]
        got = passes.grad(chosen, wanted, list(arguments[count:]), create_graph=True, allow_unused=True)
        return tuple(g for g in got if g is not None)

    return Problem(gradients, (*first.arguments, *seeds))


def _random_like(t: Tensor, strided: bool, seed: int) -> Tensor:
    rng = np.random.default_rng(7 + seed)
    a = rng.uniform(-1, 1, t.array.shape)
    if t.array.dtype.kind == "c":
        a = a + 1j * rng.uniform(-1, 1, t.array.shape)
    a = np.asarray(a, t.array.dtype)
    if strided and a.ndim:
        wide = np.zeros((*a.shape, 2), a.dtype)
        wide[..., 0] = a
        a = wide[..., 0]
    return wrap(a).requires_grad_()
