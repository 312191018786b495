"""Operations of the user's own, by ``library.custom_op``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
import pytest

import autograd
from autograd import Tensor, library  # type: ignore[attr-defined]


@library.custom_op("test::sine", mutates_args=())
def sine(x: Tensor) -> Tensor:
    return autograd.from_numpy(np.sin(x.numpy()))


@sine.register_fake
def _(x: Tensor) -> Tensor:
    return autograd.empty_like(x)


def test_without_a_formula_backward_says_so() -> None:
    y = sine(autograd.ones(2, requires_grad=True))
    assert y.requires_grad
    with pytest.raises(RuntimeError, match="no autograd formula was registered"):
        y.sum().backward()


def test_a_formula_is_used_and_can_be_differentiated_again() -> None:
    named = library.custom_op("test::sine2", sine._function, mutates_args=())

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    named.register_autograd(lambda ctx, g: g * ctx.saved_tensors[0].cos(), setup_context=setup)
    x = autograd.tensor([0.5, 1.0], dtype=autograd.float64, requires_grad=True)
    assert autograd.gradcheck(named, x) and autograd.gradgradcheck(named, x)
    assert autograd.ops.test.sine2.default(x).tolist() == np.sin(x.detach().numpy()).tolist()  # type: ignore[attr-defined]


def test_keywords_defaults_lists_and_several_results() -> None:
    @library.custom_op("test::mixed", mutates_args=())
    def mixed(xs: Sequence[Tensor], k: float = 2.0, *, shift: float = 0.0) -> tuple[Tensor, Tensor]:
        return xs[0] * k + shift, xs[1] * k

    def setup(ctx: Any, inputs: Any, keyword_only_inputs: Any, output: Any) -> None:
        ctx.k, ctx.shift = inputs[1], keyword_only_inputs["shift"]

    library.register_autograd("test::mixed", lambda ctx, g, h: ([g * ctx.k, h * ctx.k], None), setup_context=setup)
    a, b = autograd.ones(2, requires_grad=True), autograd.ones(2, requires_grad=True)
    y, z = mixed([a, b], shift=1.0)
    (y.sum() + 3 * z.sum()).backward()
    assert y.tolist() == [3.0, 3.0] and a.grad.tolist() == [2.0, 2.0] and b.grad.tolist() == [6.0, 6.0]  # type: ignore[union-attr]


def test_an_operation_that_writes() -> None:
    @library.custom_op("test::fill", mutates_args={"x"})
    def fill(x: Tensor) -> None:
        x.numpy()[...] = 7

    x = autograd.zeros(2)
    w = autograd.ones(2, requires_grad=True)
    y = w * x
    fill(x)
    assert x.tolist() == [7.0, 7.0]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="requires grad"):
        fill(w)


def test_names() -> None:
    with pytest.raises(ValueError, match="namespace::name"):
        library.custom_op("sine", mutates_args=())
    with pytest.raises(AttributeError, match="nope"):
        autograd.ops.test.nope  # type: ignore[attr-defined]
    assert not hasattr(autograd.ops, "nowhere")
    assert repr(sine) == "<CustomOpDef(test::sine)>"
    with pytest.raises(RuntimeError, match="no operation"):
        library.register_fake("test::missing")


ANNOTATED = [
    ("x: Tensor, n: int, f: float = 1.0, s: str = 'a', b: bool = True, *, z: Sequence[int]", "Tensor", ()),
    (
        "x: list[Tensor], y: Optional[Tensor], q: Optional[float] = None, w: Sequence[float] = None",
        "tuple[Tensor, Tensor]",
        (),
    ),
    ("x: Tensor, y: Tensor | None = None, k: int | float | bool = 2", "None", {"x", "y"}),
    ("x: Tensor, y: Tensor", "None", "unknown"),
    ("x: Tensor", "tuple[Tensor, int]", ()),
]


@pytest.mark.parametrize("arguments, result, mutates", ANNOTATED)
def test_schemas_are_pytorchs(arguments, result, mutates):
    torch = pytest.importorskip("torch")
    import torch.library as theirs

    def schema(library, tensor):
        found = {"Tensor": tensor, "Optional": Optional, "Sequence": Sequence}
        exec(f"def function({arguments}) -> {result}: ...", found)
        return library.infer_schema(found["function"], mutates_args=mutates, op_name="a::b")

    assert schema(library, Tensor) == schema(theirs, torch.Tensor)


def _annotated(default=None, **kinds):
    def function(x=default): ...

    function.__annotations__ = kinds
    return function


@pytest.mark.parametrize(
    "function, words",
    [
        (lambda x: x, "must have a type annotation"),
        (_annotated(x=dict), "unsupported type"),
        (_annotated(x=int, default=[1]), "unsupported default"),
    ],
)
def test_what_no_schema_can_say_is_refused(function, words):
    with pytest.raises(ValueError, match=words):
        library.infer_schema(function, mutates_args=())
    with pytest.raises(ValueError, match="no arguments of the function"):
        library.infer_schema(function, mutates_args={"q"})


def test_operations_that_are_declared_first():
    library.define("test::scaled", "(Tensor x, float a=2.0, *, int[] k=[1, 2]) -> Tensor")
    with pytest.raises(NotImplementedError, match="no function yet"):
        autograd.ops.test.scaled(autograd.ones(1))

    @library.impl("test::scaled", ("cpu", "cuda"))
    def scaled(x, a, *, k):
        return x * a + sum(k)

    @library.impl("test::scaled", "cuda")
    def elsewhere(x, a, *, k):
        raise AssertionError

    x = autograd.ones(2, requires_grad=True)
    library.register_autograd("test::scaled", lambda ctx, g: (g * 5, None))
    made = autograd.ops.test.scaled(x, 3.0, k=[5])
    made.sum().backward()
    assert made.tolist() == [8, 8] and x.grad.tolist() == [5, 5]
    assert library.get_kernel("test::scaled") is scaled
    for wrong, error, words in [
        (lambda: library.define("test::scaled", "(Tensor x) -> Tensor"), RuntimeError, "declared once"),
        (lambda: library.define("scaled", "(Tensor x) -> Tensor"), ValueError, "namespace::name"),
        (lambda: library.define("test::more", "Tensor x"), ValueError, "expected a schema"),
        (lambda: library.define("test::more", "(x) -> Tensor"), ValueError, "a type and a name"),
        (lambda: library.impl("test::nothing", "cpu"), RuntimeError, "no operation"),
        (lambda: autograd.ops.test.scaled(), RuntimeError, "missing a required argument: 'x'"),
        (lambda: library.Library("test", "OTHER"), ValueError, "kind must be"),
    ]:
        with pytest.raises(error, match=words):
            wrong()


def test_a_library_declares_operations_that_write():
    made = library.Library("testlib", "DEF")
    made.define("add_one(Tensor(a!) x, str mode='in place, (always)', bool? loud=None) -> ()")
    seen = []
    made.impl("add_one", lambda x, mode, loud: seen.append((mode, loud)) or x.add_(1), "CPU")
    x = autograd.zeros(2)
    autograd.ops.testlib.add_one(x)
    assert x.tolist() == [1, 1] and seen == [("in place, (always)", None)]
    with pytest.raises(RuntimeError, match="writes to its arguments"):
        autograd.ops.testlib.add_one(x.requires_grad_())


def _nested(lib):
    """What backwards of operations on lists, and with lists as results, are given and give."""
    told = []
    tensor, lists = lib.Tensor, list[lib.Tensor]

    def split(x, n):
        return [part.clone() for part in x.split(n)]

    def cat(xs, y, d):
        return lib.cat([*xs, y], d)

    def two(x):
        return [x * 2, x * 3], 7

    split.__annotations__ = {"x": tensor, "n": int, "return": lists}
    cat.__annotations__ = {"xs": Sequence[tensor], "y": tensor, "d": int, "return": tensor}
    two.__annotations__ = {"x": tensor, "return": tuple[lists, int]}
    split, cat, two = [lib.library.custom_op(f"nest::{f.__name__}", f, mutates_args=()) for f in (split, cat, two)]

    def split_backward(ctx, g):
        told.append(([t.tolist() for t in g], ctx.needs_input_grad))
        return lib.cat(g), None

    def cat_backward(ctx, g):
        told.append(ctx.needs_input_grad)
        return [g[:2], g[2:4]], g[4:], None

    def two_backward(ctx, g, n):
        told.append(([t.tolist() for t in g], n))
        return g[0] * 2 + g[1] * 3

    split.register_autograd(split_backward)
    cat.register_autograd(cat_backward)
    two.register_autograd(two_backward)
    x = lib.arange(4.0).requires_grad_()
    first, second = split(x, 2)
    (first * second).sum().backward()
    split(x, 2)[0].sum().backward()
    a, b, c = lib.ones(2).requires_grad_(), lib.ones(2), lib.ones(1).requires_grad_()
    (cat([a, b], c, 0) ** 2).sum().backward()
    made, number = two(x)
    (made[0] + made[1]).sum().backward()
    return told, number, [t.grad if t.grad is None else t.grad.tolist() for t in (x, a, b, c)]


def test_lists_among_arguments_and_results():
    assert _nested(autograd) == _nested(pytest.importorskip("torch"))
