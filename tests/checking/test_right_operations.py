"""No false alarm on the library's own operations, at random shapes and on the samples of their records.

``PULLBACK_CHECK_CASES=1000 pytest tests/checking/test_right_operations.py`` tries a thousand of each family.
"""

import functools
import importlib
import os
import pkgutil
import zlib

import numpy as np
import pytest

import autograd as torch
import tests.ops
from autograd.testing import gradcheck, gradgradcheck

from .families import FAMILIES

CASES = int(os.environ.get("PULLBACK_CHECK_CASES", "25"))


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("family", FAMILIES)
def test_no_false_alarm(family):
    for k in range(CASES):
        label, function, inputs = FAMILIES[family](np.random.default_rng([zlib.crc32(family.encode()), k]))
        try:
            assert gradcheck(function, inputs)
            if k % 5 == 0:
                assert gradgradcheck(function, inputs)
        except Exception as error:
            error.add_note(f"{family} number {k}: {label} at {[tuple(t.shape) for t in inputs]}")
            raise


@pytest.mark.parametrize("number", [45, 244, 251, 290])
def test_no_false_alarm_where_digits_are_lost(number):
    """Saturated softmaxes, values that are nearly tied, 1 - cos of numbers so small that it moves in steps."""
    _, function, inputs = FAMILIES["ill_conditioned"](np.random.default_rng([zlib.crc32(b"ill_conditioned"), number]))
    assert gradcheck(function, inputs) and gradgradcheck(function, inputs)


def records():
    for module in pkgutil.iter_modules(tests.ops.__path__):
        if module.name.startswith("records_"):
            for record in importlib.import_module(f"tests.ops.{module.name}").RECORDS:
                if record.first:
                    yield pytest.param(record, id=record.name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("record", list(records()))
def test_no_false_alarm_on_the_records(record):
    """The first sample of each lifted operation (all of them where PULLBACK_CHECK_CASES asks for a long run)."""
    op = record.function.op
    joint = {name for k, name in enumerate(op.arrays) if k in op.meeting} if op.plain_joint else set()
    formulas = {*op.plain_formulas, *joint}
    for sample in record.samples if CASES > 100 else record.samples[:1]:
        names = ["*"] * len(sample.args) if op.varargs else op.names

        def argument(name, value):
            if not isinstance(value, np.ndarray):
                return value
            tensor = torch.from_numpy(value.copy())
            return tensor.requires_grad_() if value.dtype.kind in "fc" and name in {"*", *formulas} else tensor

        arguments = tuple(argument(name, value) for name, value in zip(names, sample.args, strict=False))
        named = {name: argument(name, value) for name, value in sample.kwargs.items()}
        if any(isinstance(a, torch.Tensor) and a.requires_grad for a in arguments):
            assert gradcheck(functools.partial(record.function, **named), arguments, check_forward_ad=True)
