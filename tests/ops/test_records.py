"""Everything that is tested about every operation, derived from its record."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import forward_pass
from autograd.operation import LIFTED

from .records import Record, Sample, family_of

RECORDS: list[Record] = [
    record
    for path in sorted(Path(__file__).parent.glob("records_*.py"))
    for record in importlib.import_module(f".{path.stem}", __package__).RECORDS
]

ELSEWHERE = {
    "complex.view_as_complex": "takes pairs that lie together only: tests/ops/test_shapes.py",
    "attention.scaled_dot_product_attention_backward": "the adjoint of one with a record, with arrays that only that one makes",
    "recurrent.recurrence_backward": "the adjoint of one with a record, with arrays that only that one makes",
    "standard_gamma.standard_gamma": "draws random numbers: tests/distributions",
    "standard_gamma.standard_dirichlet": "draws random numbers: tests/distributions",
    "hooks.backward_hook": "hands on what it gets: tests/nn",
    "decompositions.linalg_qr": "two of its forms have no derivative and say so: tests/ops/test_linalg.py",
}
"""Operations that no record fits, and where they are tested."""

LIBRARY = tuple(Path(folder.__file__).parent for folder in (autograd, nn))


def is_ours(op):
    """Whether an operation is the library's own: its text is in our files, or a family's table has bound it.

    Tests lift operations too, and all share one registry.
    """
    parts = (*op.plain_formulas.values(), op.plain_joint, op.function)
    files = [Path(part.__code__.co_filename) for part in parts if hasattr(part, "__code__")]
    return op.call.__module__.startswith("autograd.ops") or any(f.is_relative_to(d) for f in files for d in LIBRARY)


each_record = pytest.mark.parametrize("record", RECORDS, ids=[f"{i}-{r.name}" for i, r in enumerate(RECORDS)])
differentiable = pytest.mark.parametrize(
    "record",
    [r for r in RECORDS if r.function.op.records],
    ids=[f"{i}-{r.name}" for i, r in enumerate(RECORDS) if r.function.op.records],
)


# --- calling -------------------------------------------------------------------------------------------------------


def places(record: Record, sample: Sample) -> list[Any]:
    """Where in the sample the differentiable arguments are: positions and names."""
    op = record.function.op
    names = [*op.names[: len(sample.args)]] if not op.varargs else [op.names[0]] * 0
    found: list[Any] = []
    for i, value in enumerate(sample.args):
        wanted = op.varargs or (
            names[i] in op.arrays and (op.joint is not None or op.plain_formulas.get(names[i]) is not None)
        )
        if wanted and isinstance(value, np.ndarray) and value.dtype.kind in "fc" and not _constant(op, i):
            found.append(i)
    for name, value in sample.kwargs.items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc" and name in op.arrays:
            found.append(name)
    return found


def _constant(op: Any, i: int) -> bool:
    return not op.varargs and op.names[i] in op.arrays and op.arrays.index(op.names[i]) not in op.meeting


def get(sample: Sample, place: Any) -> Any:
    """The argument at a place."""
    return sample.args[place] if isinstance(place, int) else sample.kwargs[place]


def with_values(sample: Sample, where: list[Any], values: list[Any]) -> Sample:
    """The sample with other values at some places."""
    args, kwargs = list(sample.args), dict(sample.kwargs)
    for place, value in zip(where, values, strict=True):
        if isinstance(place, int):
            args[place] = value
        else:
            kwargs[place] = value
    return Sample(tuple(args), kwargs)


def evaluate(record: Record, sample: Sample) -> list[Any]:
    """The results for Tensors (in the places where there are some)."""
    op = record.function.op

    def tensor(i: Any, value: Any) -> Any:
        is_array_argument = op.varargs or (op.names[i] if isinstance(i, int) else i) in op.arrays
        return autograd.from_numpy(value) if isinstance(value, np.ndarray) and is_array_argument else value

    made = record.function(
        *[tensor(i, v) for i, v in enumerate(sample.args)], **{k: tensor(k, v) for k, v in sample.kwargs.items()}
    )
    return list(made) if isinstance(made, (tuple, list)) else [made]


def leaves(record: Record, sample: Sample) -> tuple[list[Any], list[Any], list[Any]]:
    """Places, leaf Tensors there, and the differentiable results of calling with them."""
    where = places(record, sample)
    inputs = [autograd.tensor(get(sample, p)).requires_grad_() for p in where]
    outputs = [t for t in evaluate(record, with_values(sample, where, inputs)) if t.requires_grad]
    return where, inputs, outputs


def numeric(record: Record, sample: Sample, where: list[Any], values: list[Any]) -> list[Any]:
    """Result arrays that carry a gradient, without recording."""
    with autograd.no_grad():
        results = evaluate(record, with_values(sample, where, [autograd.tensor(v) for v in values]))
    return [t.array for t in results if t.array.dtype.kind in "fc"]


def random_like(rng: Any, array: Any) -> Any:
    """Normal numbers of the array's shape, complex if it is."""
    made = rng.standard_normal(array.shape)
    return np.asarray(made + 1j * rng.standard_normal(array.shape) if array.dtype.kind == "c" else made)


def inner(us: list[Any], vs: list[Any]) -> float:
    """The real inner product of two lists of arrays."""
    return float(sum([np.sum(np.conj(u) * v).real for u, v in zip(us, vs, strict=True)]))


def arrays(tensors: Any, like: list[Any]) -> list[Any]:
    """Arrays of gradients, zeros for None."""
    return [np.zeros_like(t.array) if g is None else g.detach().array for g, t in zip(tensors, like, strict=True)]


# --- what every record must pass -----------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [r for r in RECORDS if r.reference], ids=lambda r: r.name)
def test_values(record):
    for sample in record.samples:
        found = evaluate(record, sample)
        with np.errstate(all="ignore"):
            expected = record.reference(*sample.args, **sample.kwargs)
        for a, b in zip(found, expected if isinstance(expected, (tuple, list)) else [expected], strict=True):
            assert a.array.shape == np.shape(b)
            np.testing.assert_allclose(a.array, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("record", [r for r in RECORDS if r.function.op.records and r.first], ids=lambda r: r.name)
def test_first_derivative(record):
    rng = np.random.default_rng(0)
    for sample in record.samples:
        where, inputs, outputs = leaves(record, sample)
        if not outputs:
            pytest.fail("the result does not require grad")
        us = [random_like(rng, o.array) for o in outputs]
        g = arrays(autograd.grad(outputs, inputs, [autograd.tensor(u) for u in us], allow_unused=True), inputs)
        for _ in range(2):
            vs = [random_like(rng, t.array) for t in inputs]
            h = 1e-6
            plus = numeric(record, sample, where, [t.array + h * v for t, v in zip(inputs, vs, strict=True)])
            minus = numeric(record, sample, where, [t.array - h * v for t, v in zip(inputs, vs, strict=True)])
            slope = inner(us, [(p - m) / (2 * h) for p, m in zip(plus, minus, strict=True)])
            assert slope == pytest.approx(inner(g, vs), rel=record.tolerance, abs=1e-7)


@pytest.mark.parametrize(
    "record", [r for r in RECORDS if r.function.op.records and r.first and r.second], ids=lambda r: r.name
)
def test_second_derivative(record):
    rng = np.random.default_rng(1)
    for sample in record.samples:
        where, inputs, outputs = leaves(record, sample)
        us = [random_like(rng, o.array) for o in outputs]
        ws = [random_like(rng, t.array) for t in inputs]
        vs = [random_like(rng, t.array) for t in inputs]

        def first(values, create=False, where=where, sample=sample, us=us):
            xs = [autograd.tensor(v).requires_grad_() for v in values]
            ys = [t for t in evaluate(record, with_values(sample, where, xs)) if t.requires_grad]
            return xs, autograd.grad(ys, xs, [autograd.tensor(u) for u in us], create_graph=create, allow_unused=True)

        xs, firsts = first([t.array for t in inputs], create=True)
        live = [(g, w) for g, w in zip(firsts, ws, strict=True) if g is not None and g.requires_grad]
        seconds = [np.zeros_like(x.array) for x in xs]
        if live:
            seconds = arrays(
                autograd.grad([g for g, _ in live], xs, [autograd.tensor(w) for _, w in live], allow_unused=True), xs
            )
        h = 1e-5
        ends = [
            arrays(first([t.array + s * h * v for t, v in zip(inputs, vs, strict=True)])[1], inputs) for s in (1, -1)
        ]
        slope = inner(ws, [(p - m) / (2 * h) for p, m in zip(*ends, strict=True)])
        assert slope == pytest.approx(inner(seconds, vs), rel=max(1e-5, record.tolerance), abs=1e-6)


@differentiable
def test_forward_is_the_adjoint_of_reverse(record):
    """<u, J v> = <J' u, v>, to rounding: no step size in it."""
    rng = np.random.default_rng(2)
    for sample in record.samples:
        _, inputs, outputs = leaves(record, sample)
        us = [random_like(rng, o.array) for o in outputs]
        vs = [random_like(rng, t.array) for t in inputs]
        pushed = forward_pass.forward(outputs, inputs, [autograd.tensor(v) for v in vs])
        forward = inner(us, arrays(pushed, outputs))
        for p, o in zip(pushed, outputs, strict=True):
            assert p is None or (p.array.shape, p.array.dtype) == (o.array.shape, o.array.dtype)
        pulled = autograd.grad(outputs, inputs, [autograd.tensor(u) for u in us], allow_unused=True)
        assert forward == pytest.approx(inner(arrays(pulled, inputs), vs), rel=1e-9, abs=1e-10)


def spaced(array: Any) -> Any:
    """The same values, every second element of a larger array, last dimension first in memory."""
    if array.ndim == 0:
        return array
    room = np.zeros(tuple(2 * n for n in reversed(array.shape)), array.dtype)
    made = room[tuple(slice(None, None, 2) for _ in range(array.ndim))].T
    made[...] = array
    return made


@each_record
def test_not_contiguous(record):
    rng = np.random.default_rng(3)
    for sample in record.samples:
        where, inputs, outputs = leaves(record, sample)
        apart = Sample(
            tuple([spaced(v) if isinstance(v, np.ndarray) else v for v in sample.args]),
            {k: spaced(v) if isinstance(v, np.ndarray) else v for k, v in sample.kwargs.items()},
        )
        for a, b in zip(evaluate(record, apart), evaluate(record, sample), strict=True):
            assert a.array.shape == b.array.shape
            np.testing.assert_allclose(a.array, b.array, rtol=1e-12, atol=1e-13)
        if outputs:
            others = [autograd.from_numpy(get(apart, p)).requires_grad_() for p in where]
            results = [t for t in evaluate(record, with_values(apart, where, others)) if t.requires_grad]
            us = [random_like(rng, o.array) for o in outputs]
            g = autograd.grad(outputs, inputs, [autograd.tensor(u) for u in us], allow_unused=True)
            h = autograd.grad(results, others, [autograd.from_numpy(spaced(u)) for u in us], allow_unused=True)
            for a, b in zip(arrays(g, inputs), arrays(h, others), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def narrow(value: Any) -> Any:
    """float32 instead of float64."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return value.astype(np.float32 if value.dtype.kind == "f" else np.complex64)
    return value


@pytest.mark.parametrize("record", [r for r in RECORDS if r.float32], ids=lambda r: r.name)
def test_float32_stays_float32(record):
    for sample in record.samples:
        low = Sample(tuple(map(narrow, sample.args)), {k: narrow(v) for k, v in sample.kwargs.items()})
        _, inputs, outputs = leaves(record, low)
        for a, b in zip(evaluate(record, low), evaluate(record, sample), strict=True):
            if b.array.dtype.kind in "fc":
                assert a.array.dtype == narrow(b.array).dtype
                np.testing.assert_allclose(a.array, b.array, rtol=2e-3, atol=2e-4)
        if outputs:
            ones = [autograd.tensor(np.ones_like(o.array)) for o in outputs]
            for t, g in zip(inputs, autograd.grad(outputs, inputs, ones, allow_unused=True), strict=True):
                assert g is None or g.dtype == t.dtype


@each_record
def test_no_grad_records_nothing(record):
    for sample in record.samples:
        where = places(record, sample)
        inputs = [autograd.tensor(get(sample, p)).requires_grad_() for p in where]
        with autograd.no_grad():
            results = evaluate(record, with_values(sample, where, inputs))
        assert not any(t.requires_grad for t in results)


@each_record
def test_arguments_and_cotangents_are_left_alone(record):
    rng = np.random.default_rng(4)
    for sample in record.samples:
        before = [np.array(v) for v in (*sample.args, *sample.kwargs.values()) if isinstance(v, np.ndarray)]
        where = places(record, sample)
        inputs = [autograd.from_numpy(get(sample, p)).requires_grad_() for p in where]
        outputs = [t for t in evaluate(record, with_values(sample, where, inputs)) if t.requires_grad]
        results = [np.array(t.array) for t in outputs]
        if outputs:
            us = [random_like(rng, o.array) for o in outputs]
            kept = [u.copy() for u in us]
            autograd.grad(outputs, inputs, [autograd.from_numpy(np.asarray(u)) for u in us], allow_unused=True)
            for a, b in zip(us, kept, strict=True):
                np.testing.assert_array_equal(a, b)
        after = [v for v in (*sample.args, *sample.kwargs.values()) if isinstance(v, np.ndarray)]
        for a, b in zip(after, before, strict=True):
            np.testing.assert_array_equal(a, b)
        for t, y in zip(outputs, results, strict=True):
            np.testing.assert_array_equal(t.array, y)


def test_every_operation_has_a_record():
    recorded = {id(r.function.op) for r in RECORDS}
    ours = [op for op in LIFTED if is_ours(op)]
    assert len(ours) > 250
    missing = [f"{family_of(op)}.{op.name}" for op in ours if id(op) not in recorded]
    missing = [name for name in missing if name not in ELSEWHERE]
    assert not missing, f"write a record (see tests/ops/records.py) for {missing}"
