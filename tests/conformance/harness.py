"""Runs one entry of PyTorch's ``op_db`` here and there, and says where the two differ.

Six aspects, each "ok", a failure, or not applicable:

    values      outputs on float64 and float32 samples, contiguous and not: shape, dtype, values, requires_grad
    grad        first gradients against torch.autograd.grad, with random cotangents, float64
    gradgrad    second gradients, with respect to the inputs and the cotangents
    inplace     the variant that ends in ``_``, its value and its gradient
    errors      where PyTorch's list of wrong arguments makes it raise, so do we
    others      outputs (and for complex numbers gradients) for complex128, int64 and bool samples

Samples are PyTorch's own; of long lists a spread of ``LIMITS`` is taken (``--all`` takes every one).
"""

from __future__ import annotations

import dataclasses
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch as pt
from torch.testing._internal.common_methods_invocations import op_db

import autograd

from .reasons import ANY_OF_EQUALS, LOOSER, RANDOM, UNDEFINED_VALUES, out_of_scope
from .translate import Missing, function_of, ours, plain, with_its_storage, with_our_torch

ASPECTS = ("values", "grad", "gradgrad", "inplace", "errors", "others")
LIMITS = {"values": 24, "float32": 6, "noncontiguous": 3, "grad": 12, "gradgrad": 8, "inplace": 5, "others": 5}
SECONDS = 120  # for one operation; what takes longer fails

Entry = Any


def full_name(entry: Entry) -> str:
    """``name`` or ``name.variant``."""
    return entry.name + (f".{entry.variant_test_name}" if entry.variant_test_name else "")


ENTRIES: dict[str, Entry] = {full_name(entry): entry for entry in op_db}


class Different(Exception):
    """The two libraries disagree."""


@dataclasses.dataclass
class Report:
    """What was found for one entry: per aspect how many checks there were, and the first failure's text and traceback."""

    name: str
    reason: str = ""
    checks: dict[str, int] = dataclasses.field(default_factory=dict)
    failures: dict[str, int] = dataclasses.field(default_factory=dict)
    messages: dict[str, str] = dataclasses.field(default_factory=dict)
    tracebacks: dict[str, str] = dataclasses.field(default_factory=dict)

    def status(self, aspect: str) -> str:
        """ "ok", "FAIL", or "-" where nothing applies."""
        if self.failures.get(aspect):
            return "FAIL"
        return "ok" if self.checks.get(aspect) else "-"

    @property
    def conforms(self) -> bool:
        """Values, first and second gradients are as PyTorch's (where they exist)."""
        return (
            not self.reason
            and self.status("values") == "ok"
            and all(self.status(a) != "FAIL" for a in ("grad", "gradgrad"))
        )


# --- samples -------------------------------------------------------------------------------------------------------


def spread(items: list[Any], limit: int | None) -> list[Any]:
    """At most ``limit`` of the items, evenly spread, the first and the last among them."""
    if limit is None or len(items) <= limit:
        return items
    return [items[round(i * (len(items) - 1) / (limit - 1))] for i in range(limit)]


def samples(entry: Entry, dtype: Any, limit: int | None, requires_grad: bool = False) -> list[Any]:
    """PyTorch's samples for a dtype, the same ones each time."""
    pt.manual_seed(0)
    np.random.seed(0)
    import random

    random.seed(0)
    return spread(list(entry.sample_inputs("cpu", dtype, requires_grad=requires_grad)), limit)


def call(function: Any, sample: Any) -> Any:
    """Apply a function to a sample's arguments."""
    return function(sample.input, *sample.args, **sample.kwargs)


def ours_of(sample: Any) -> Any:
    """The sample with our tensors: (input, args, kwargs), and which of our tensors belongs to which of theirs."""
    made = type(sample)(ours(sample.input), args=ours(tuple(sample.args)), kwargs=ours(dict(sample.kwargs)))
    return made


def tensors_in(value: Any) -> Iterator[Any]:
    """All tensors, theirs or ours, in nested containers, in order."""
    if isinstance(value, (pt.Tensor, autograd.Tensor)):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)


def arguments(sample: Any) -> list[Any]:
    """All tensors among a sample's arguments."""
    return list(tensors_in([sample.input, list(sample.args), sample.kwargs]))


# --- comparing -----------------------------------------------------------------------------------------------------


def as_array(t: Any) -> Any:
    """The values of a tensor, theirs or ours."""
    if isinstance(t, pt.Tensor):
        t = plain(t)
        return t.float().numpy() if t.dtype == pt.bfloat16 else t.numpy()
    return np.asarray(t.detach().array, np.float32) if t.array.dtype.name == "bfloat16" else t.detach().array


def compare(mine: Any, theirs: Any, where: str = "output", values: bool = True, loose: float = 0.0) -> None:
    """Raise Different if two results are not the same in structure, shape, dtype or (to rounding) value."""
    if isinstance(theirs, pt.Tensor):
        if not isinstance(mine, autograd.Tensor):
            raise Different(f"{where}: {type(mine).__name__} instead of a Tensor")
        if tuple(mine.shape) != tuple(theirs.shape):
            raise Different(f"{where}: shape {list(mine.shape)} instead of {list(theirs.shape)}")
        if repr(mine.dtype) != repr(theirs.dtype):
            raise Different(f"{where}: dtype {mine.dtype} instead of {theirs.dtype}")
        if values:
            compare_arrays(as_array(mine), as_array(theirs), where, loose)
    elif isinstance(theirs, (list, tuple)):
        if not isinstance(mine, (list, tuple)) or len(mine) != len(theirs):
            raise Different(f"{where}: {_brief(mine)} instead of {len(theirs)} results")
        fields = (
            [n for n in dir(theirs) if not n.startswith("_") and n not in ("count", "index")]
            if "return_types" in str(type(theirs))
            else []
        )
        for name in fields:
            if name.startswith("n_"):
                continue
            if not hasattr(mine, name):
                raise Different(f"{where}: the result has no field {name!r}")
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            compare(a, b, f"{where}[{i}]", values, loose)
    elif isinstance(theirs, (float, complex)):
        same = not values or np.allclose(mine, theirs, rtol=1e-6, atol=1e-8, equal_nan=True)
        compare_exactly(same, True, where, mine, theirs)
    elif isinstance(theirs, (bool, int, str)):
        compare_exactly((mine, isinstance(mine, bool)), (theirs, isinstance(theirs, bool)), where, mine, theirs)


def compare_exactly(a: Any, b: Any, where: str, mine: Any, theirs: Any) -> None:
    """Raise Different, with the two results, if ``a`` is not ``b``."""
    if a != b:
        raise Different(f"{where}: {mine!r} instead of {theirs!r}")


def _brief(value: Any) -> str:
    return f"{len(value)} results" if isinstance(value, (list, tuple)) else type(value).__name__


def compare_arrays(a: Any, b: Any, where: str, loose: float = 0.0) -> None:
    """Raise Different if values differ by more than rounding, which is relative to the largest of them."""
    if b.dtype.kind in "biu":
        if not np.array_equal(a, b):
            raise Different(f"{where}: {int(np.sum(a != b))} of {b.size} elements differ; {_first(a, b, a != b)}")
        return
    fine = b.dtype in (np.float64, np.complex128)
    finite = np.abs(b[np.isfinite(b)]) if b.size else b
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    relative = max(loose, 1e-6 if fine else 2e-3 if b.dtype == np.float16 else 1e-4)
    with np.errstate(all="ignore"):
        close = np.isclose(a, b, rtol=relative, atol=max(loose, 1e-9 if fine else 1e-5) * scale, equal_nan=True)
    if not close.all():
        raise Different(f"{where}: {int((~close).sum())} of {b.size} elements differ; {_first(a, b, ~close)}")


def _first(a: Any, b: Any, wrong: Any) -> str:
    at = tuple(np.argwhere(wrong)[0]) if b.ndim else ()
    return f"at {[int(i) for i in at]} {a[at]!r} instead of {b[at]!r}"


# --- the aspects ---------------------------------------------------------------------------------------------------


class Run:
    """Everything that is checked about one entry."""

    def __init__(self, name: str, everything: bool = False) -> None:
        self.entry: Entry = ENTRIES[name]
        self.report = Report(name, out_of_scope(name))
        self.limits: dict[str, int | None] = dict.fromkeys(LIMITS) if everything else dict(LIMITS)
        self.by_value = name not in UNDEFINED_VALUES and name not in RANDOM

    def check(self, aspect: str, what: Callable[[], None], label: str) -> None:
        """Run one check and note how it went."""
        report = self.report
        report.checks[aspect] = report.checks.get(aspect, 0) + 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", RuntimeWarning)  # NumPy's must not reach the user
                what()
        except TimeoutError:
            raise
        except Exception as error:
            report.failures[aspect] = report.failures.get(aspect, 0) + 1
            if aspect not in report.messages:
                text = str(error).split("\n")[0][:160]
                report.messages[aspect] = (
                    f"{label}: {text if isinstance(error, Different) else f'{type(error).__name__}: {text}'}"
                )
                report.tracebacks[aspect] = "".join(
                    traceback.format_exception(None, error, error.__traceback__, limit=-6, chain=False)
                )

    def all(self) -> Report:
        """All aspects, or as many as the time allows."""
        if self.report.reason:
            return self.report

        def late(*_: Any) -> None:
            raise TimeoutError(f"more than {SECONDS} seconds")

        before = signal.signal(signal.SIGALRM, late)
        signal.alarm(SECONDS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._aspects()
        except (Missing, TimeoutError) as error:
            for aspect in ("values",) if isinstance(error, Missing) else ASPECTS[:3]:
                self.report.checks.setdefault(aspect, 1)
                self.report.failures.setdefault(aspect, 1)
                self.report.messages.setdefault(aspect, str(error))
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        return self.report

    def _aspects(self) -> None:
        self.function = function_of(self.entry.op, self.entry.name)
        self.values()
        self.gradients()
        self.in_place()
        self.errors()
        self.other_dtypes()

    def _process(self, sample: Any) -> tuple[Any, Any]:
        """PyTorch's idea of what in the outputs is well defined (signs of singular vectors are not): theirs and ours."""
        theirs = getattr(sample, "output_process_fn_grad", None)
        if theirs is None or getattr(theirs, "__name__", "") == "_identity" or self.entry.name in _WELL_DEFINED:
            return _same, _same
        return theirs, with_our_torch(theirs)

    def _one(self, sample: Any) -> None:
        theirs = call(self.entry.op, _cloned(sample))
        process, our_process = self._process(sample)
        ours_too = ours_of(sample)
        mine = call(self.function, ours_too)
        if self.entry.name in ANY_OF_EQUALS:
            takes_k = self.entry.name in ("topk", "kthvalue")
            mine, theirs = (
                _elements(ours_too.input, mine, sample, takes_k),
                _elements(sample.input, theirs, sample, takes_k),
            )
        known = self.by_value and not sample.kwargs.get("dropout_p")
        compare(our_process(mine), process(theirs), values=known, loose=LOOSER.get(self.report.name, 0.0))

    def _supports(self, dtype: Any) -> bool:
        return dtype in self.entry.supported_dtypes("cpu")

    def values(self) -> None:
        """float64 and float32 outputs, and those of samples that are not contiguous."""
        plain = next((d for d in (pt.float64, pt.int64, pt.bool, pt.complex128) if self._supports(d)), pt.float32)
        for dtype, limit in ((plain, "values"), (pt.float32, "float32")):
            if dtype is pt.float32 and (not self._supports(dtype) or plain is dtype):
                continue
            for i, sample in enumerate(samples(self.entry, dtype, self.limits[limit])):
                self.check("values", lambda sample=sample: self._one(sample), f"{dtype} sample {i}")
        for i, sample in enumerate(samples(self.entry, plain, self.limits["noncontiguous"])):
            if any(t.numel() > 1 for t in arguments(sample)) and plain is pt.float64:
                self.check("values", lambda sample=sample: self._not_contiguous(sample), f"non-contiguous sample {i}")

    def _not_contiguous(self, sample: Any) -> None:
        try:
            call(self.entry.op, sample.noncontiguous())
        except Exception:
            return  # PyTorch itself refuses (view of incompatible strides)
        self._one(sample.noncontiguous())

    def gradients(self) -> None:
        """First and second gradients in float64."""
        if not self.entry.supports_autograd or not self._supports(pt.float64) or not self.by_value:
            return
        found = samples(self.entry, pt.float64, self.limits["grad"], requires_grad=True)
        second = {id(s) for s in spread(found, self.limits["gradgrad"])} if self.entry.supports_gradgrad else set()
        for i, sample in enumerate(found):
            if any(t.requires_grad for t in arguments(sample)) and not sample.kwargs.get("dropout_p"):
                pair = Gradients(self, sample)
                self.check("grad", pair.first, f"sample {i}")
                if id(sample) in second and pair.twice and pair.differentiate_theirs():
                    self.check("gradgrad", pair.second, f"sample {i}")

    def in_place(self) -> None:
        """The variant that writes over its input."""
        theirs = self.entry.inplace_variant
        if theirs is None or not self._supports(pt.float64) or not self.by_value:
            return
        name = getattr(theirs, "__name__", self.entry.name + "_")
        for i, sample in enumerate(samples(self.entry, pt.float64, self.limits["inplace"])):
            if not isinstance(sample.input, pt.Tensor) or sample.broadcasts_input:
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    expected = call(theirs, _cloned(sample))
            except Exception:
                continue
            self.check(
                "inplace",
                lambda sample=sample, expected=expected: self._in_place(name, sample, expected),
                f"sample {i}",
            )

    def _in_place(self, name: str, sample: Any, expected: Any) -> None:
        function = getattr(autograd.Tensor, name, None) or function_of(self.entry.inplace_variant, name)
        mine = ours_of(sample)
        result = call(function, mine)
        compare(result, expected)
        if result is not mine.input:
            raise Different(f"{name} returned another tensor than the one it wrote")
        if not self.entry.supports_inplace_autograd or not self.entry.supports_autograd:
            return
        x, y = sample.input.clone().requires_grad_(), ours(sample.input.clone()).requires_grad_()
        try:
            z = self.entry.inplace_variant(x.clone(), *sample.args, **sample.kwargs)
            cotangent = pt.linspace(0.5, 1.5, z.numel(), dtype=z.dtype).reshape(z.shape)
            (g,) = pt.autograd.grad(z, x, cotangent, allow_unused=True)
        except RuntimeError:
            return  # PyTorch has no derivative of this form
        w = function(y.clone(), *mine.args, **mine.kwargs)
        (h,) = autograd.grad(w, y, ours(cotangent), allow_unused=True)
        compare(_or_zeros([h], [y])[0], _or_zeros([g], [x])[0], "in-place gradient")

    def errors(self) -> None:
        """Wrong arguments."""
        if self.entry.error_inputs_func is None:
            return
        pt.manual_seed(0)
        for i, wrong in enumerate(self.entry.error_inputs("cpu")):
            sample = wrong.sample_input
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    call(self.entry.op, _cloned(sample))
            except Exception as error:
                text = f"{type(error).__name__}: {error}"
                self.check("errors", lambda sample=sample, text=text: self._raises(sample, text), f"error input {i}")

    def _raises(self, sample: Any, text: str) -> None:
        try:
            mine = ours_of(sample)
            call(self.function, mine)
        except Missing:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError, ArithmeticError):
            return
        raise Different(f"no error; PyTorch says {text}")

    def other_dtypes(self) -> None:
        """complex128 with gradients, int64, bool."""
        for dtype in (pt.complex128, pt.int64, pt.bool):
            if not self._supports(dtype) or not (self._supports(pt.float64) or dtype is pt.complex128):
                continue
            try:
                found = samples(self.entry, dtype, self.limits["others"])
            except Exception:
                continue  # PyTorch can't make them
            for i, sample in enumerate(found):
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        call(self.entry.op, _cloned(sample))
                except Exception:
                    continue
                self.check("others", lambda sample=sample: self._one(sample), f"{dtype} sample {i}")
        if (
            self.entry.supports_autograd
            and self.by_value
            and pt.complex128 in self.entry.supported_backward_dtypes("cpu")
        ):
            for i, sample in enumerate(samples(self.entry, pt.complex128, self.limits["others"], requires_grad=True)):
                if any(t.requires_grad for t in arguments(sample)):
                    self.check("others", Gradients(self, sample).first, f"complex gradient, sample {i}")


_WELL_DEFINED = frozenset(["sort", "topk", "unique"])


def _elements(input: Any, result: Any, sample: Any, takes_k: bool) -> Any:
    """The result with indices replaced by the elements they stand for: PyTorch may name any of several equal ones."""
    several = not isinstance(result, (pt.Tensor, autograd.Tensor))
    values, indices = result if several else (input, result)
    numbers = [v for v in sample.args if isinstance(v, int) and not isinstance(v, bool)]
    if takes_k and "k" not in sample.kwargs:
        numbers = numbers[1:]  # the first one is k
    dim = sample.kwargs.get("dim", numbers[0] if numbers else -1)
    if indices.ndim != input.ndim:
        indices = indices.unsqueeze(dim)
    if input.ndim == 0 or indices.numel() == 0:
        return values, indices
    return values, input.gather(dim, indices)


def _same(value: Any) -> Any:
    return value


def _cloned(sample: Any) -> Any:
    return sample.transform(
        lambda t: with_its_storage(t).requires_grad_(t.requires_grad) if isinstance(t, pt.Tensor) else t
    )


def _or_zeros(gradients: Any, inputs: Any) -> list[Any]:
    """Gradients, where None is as good as zeros."""
    return [(x * 0).detach() if g is None else g for g, x in zip(gradients, inputs, strict=True)]


class Gradients:
    """First and second gradients of one sample, here and there, for the same random cotangents."""

    def __init__(self, run: Run, sample: Any) -> None:
        self.run = run
        self.sample = sample
        process, our_process = run._process(sample)
        self.inputs = [t for t in arguments(sample) if t.requires_grad]
        outputs = process(call(run.entry.op, sample))
        self.outputs = [t for t in tensors_in(outputs) if t.requires_grad]
        rng = np.random.default_rng(0)
        self.cotangents = [_random(rng, t).requires_grad_() for t in self.outputs]
        self.theirs = self.outputs and pt.autograd.grad(
            self.outputs, self.inputs, self.cotangents, create_graph=run.entry.supports_gradgrad, allow_unused=True
        )
        self.twice = [i for i, g in enumerate(self.theirs) if g is not None and g.requires_grad]
        self.our_process = our_process
        self.rng = rng

    def first(self) -> None:
        """Compare the first gradients."""
        mine = ours_of(self.sample)
        self.our_inputs = [t for t in arguments(mine) if t.requires_grad]
        outputs = list(tensors_in(self.our_process(call(self.run.function, mine))))
        theirs = list(tensors_in(self.run._process(self.sample)[0](call(self.run.entry.op, self.sample))))
        recorded = [(o, t) for o, t in zip(outputs, theirs, strict=True) if t.requires_grad]
        if any(not o.requires_grad for o, _ in recorded):
            raise Different("the result does not require grad")
        self.our_cotangents = [ours(c.detach()).requires_grad_() for c in self.cotangents]
        if not recorded:
            self.mine = []
            return
        self.mine = autograd.grad(
            [o for o, _ in recorded],
            self.our_inputs,
            self.our_cotangents,
            create_graph=bool(self.twice),
            allow_unused=True,
        )
        for i, (g, t) in enumerate(
            zip(_or_zeros(self.mine, self.our_inputs), _or_zeros(self.theirs, self.inputs), strict=True)
        ):
            compare(g, t, f"gradient {i}")

    def differentiate_theirs(self) -> bool:
        """PyTorch's second gradients; False where it can't."""
        self.weights = [_random(self.rng, self.theirs[i]) for i in self.twice]
        try:
            self.second_theirs = pt.autograd.grad(
                [self.theirs[i] for i in self.twice], [*self.inputs, *self.cotangents], self.weights, allow_unused=True
            )
        except RuntimeError:
            return False
        return True

    def second(self) -> None:
        """Compare the gradients of the first gradients, with respect to inputs and cotangents."""
        if not hasattr(self, "mine"):
            raise Different("no first gradient to differentiate")
        theirs = self.second_theirs
        pairs = [
            (self.mine[i], w)
            for i, w in zip(self.twice, self.weights, strict=True)
            if self.mine[i] is not None and self.mine[i].requires_grad
        ]
        ours_in = [*self.our_inputs, *self.our_cotangents]
        mine: Any = [None] * len(ours_in)
        if pairs:
            mine = autograd.grad([m for m, _ in pairs], ours_in, [ours(w) for _, w in pairs], allow_unused=True)
        for i, (g, t) in enumerate(
            zip(_or_zeros(mine, ours_in), _or_zeros(theirs, [*self.inputs, *self.cotangents]), strict=True)
        ):
            compare(g, t, f"second gradient {i}")


def _random(rng: Any, like: Any) -> Any:
    value = rng.standard_normal(tuple(like.shape))
    if like.dtype.is_complex:
        value = value + 1j * rng.standard_normal(tuple(like.shape))
    return pt.from_numpy(np.asarray(value)).to(like.dtype)
