"""PyTorch's promotion table, walked whole: dtype x dtype x {tensor, 0-d tensor, Python number}, for each kind of operation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd

pt = pytest.importorskip("torch")

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
UNSIGNED = ["uint16", "uint32", "uint64"]
NUMBERS = {"bool": True, "int": 2, "float": 2.5, "complex": 2 + 1j}


def operands(library, name, shape):
    """A tensor of ones of a library."""
    return library.ones(shape, dtype=getattr(library, name))


def outcome(function, *arguments):
    """The dtype of the result by name, or "error"."""
    try:
        found = repr(function(*arguments).dtype)
        return "torch.complex64" if found == "torch.complex32" else found  # NumPy has no complex32
    except (RuntimeError, TypeError, ValueError):
        return "error"


@pytest.mark.parametrize("first", DTYPES + UNSIGNED)
def test_promote_types_and_can_cast(first):
    for second in DTYPES + UNSIGNED:
        pairs = [(getattr(m, first), getattr(m, second)) for m in (autograd, pt)]
        mine, theirs = [outcome_of(m.promote_types, *p) for m, p in zip((autograd, pt), pairs, strict=True)]
        assert mine == theirs, f"promote_types({first}, {second})"
        assert autograd.can_cast(*pairs[0]) == pt.can_cast(*pairs[1]), f"can_cast({first}, {second})"


def outcome_of(function, *arguments):
    """The repr of the result, or "error"."""
    try:
        return repr(function(*arguments)).replace("complex32", "complex64")  # NumPy has no complex32
    except (RuntimeError, TypeError):
        return "error"


@pytest.mark.parametrize("operation", ["add", "mul", "div", "eq", "where", "maximum", "floor_divide", "atan2", "pow"])
@pytest.mark.parametrize("first", DTYPES)
def test_two_tensors_of_each_rank(first, operation):
    """(2,) with (2,), (2,) with 0-d, 0-d with (2,), 0-d with 0-d."""
    for second, a, b in itertools.product(DTYPES, ((2,), ()), ((2,), ())):
        if pt.result_type(operands(pt, first, a), operands(pt, second, b)) == pt.complex32:
            continue  # PyTorch itself has few operations on it, and NumPy does not have it at all
        found = []
        for library in (autograd, pt):
            x, y = operands(library, first, a), operands(library, second, b)
            if operation == "where":
                found.append(outcome(library.where, library.ones(2, dtype=library.bool), x, y))
            else:
                found.append(outcome(getattr(library, operation), x, y))
        assert found[0] == found[1], f"{operation}({first}{list(a)}, {second}{list(b)})"


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("first", DTYPES)
def test_a_tensor_and_a_number(first, number):
    value = NUMBERS[number]
    if (first, number) == ("float16", "complex"):
        return  # complex32, which NumPy does not have
    for shape in ((2,), ()):
        x, y = operands(autograd, first, shape), operands(pt, first, shape)
        for name in ("add", "mul", "sub", "div", "eq", "pow", "remainder", "floor_divide"):
            if name == "pow" and first == number == "bool":
                continue  # PyTorch refuses bool ** bool, but not where the exponent is the number True
            mine, theirs = [outcome(getattr(t, name), value) for t in (x, y)]
            assert mine == theirs, f"{first}{list(shape)}.{name}({value})"
        for symbol in ("+", "-", "*", "/"):
            mine, theirs = [
                outcome(lambda t, s=symbol: eval(f"value {s} t", {"t": t, "value": value}), t) for t in (x, y)
            ]
            assert mine == theirs, f"{value} {symbol} {first}{list(shape)}"
        mine, theirs = [outcome_of(m.result_type, t, value) for m, t in ((autograd, x), (pt, y))]
        assert mine == theirs, f"result_type({first}{list(shape)}, {value})"


UNARY = [
    "abs",
    "neg",
    "exp",
    "sqrt",
    "sin",
    "floor",
    "ceil",
    "round",
    "trunc",
    "sign",
    "sgn",
    "square",
    "reciprocal",
    "sigmoid",
    "tanh",
    "relu",
    "isnan",
    "logical_not",
    "bitwise_not",
    "frac",
    "log1p",
    "positive",
]
REDUCTIONS = [
    "sum",
    "prod",
    "mean",
    "amax",
    "max",
    "argmax",
    "all",
    "any",
    "var",
    "logsumexp",
    "cumsum",
    "cumprod",
    "median",
    "std",
    "nansum",
    "count_nonzero",
]


@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("name", UNARY + REDUCTIONS)
def test_one_tensor(name, first):
    arguments = (0,) if name in ("cumsum", "cumprod", "logsumexp") else ()
    mine, theirs = [outcome(getattr(m, name), operands(m, first, (3,)), *arguments) for m in (autograd, pt)]
    assert mine == theirs


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_the_default_dtype_decides_for_integers(default):
    before = autograd.get_default_dtype(), pt.get_default_dtype()
    try:
        found = []
        for library in (autograd, pt):
            library.set_default_dtype(getattr(library, default))
            x = library.ones(2, dtype=library.int64)
            found.append(
                [
                    repr(t.dtype)
                    for t in (
                        x / 2,
                        x * 1.5,
                        x.exp(),
                        library.tensor(1.0),
                        x + 1j,
                        library.ones(2),
                        x.div(x),
                        library.tensor(2) * 0.5,
                    )
                ]
            )
        assert found[0] == found[1]
    finally:
        autograd.set_default_dtype(before[0])
        pt.set_default_dtype(before[1])


@pytest.mark.parametrize("first", DTYPES)
def test_in_place_keeps_the_dtype_or_refuses(first):
    for second in DTYPES:
        found = []
        for library in (autograd, pt):
            x = operands(library, first, (2,))
            found.append(outcome(x.add_, operands(library, second, (2,))))
        assert found[0] == found[1], f"{first}.add_({second})"


def test_numpy_agrees_on_memory():
    """A result of promotion is an array of that dtype, not a claim about one."""
    made = autograd.ones(2, dtype=autograd.int64) + autograd.ones(2, dtype=autograd.float16)
    assert made.numpy().dtype == np.float16
