"""Operations of the user's own, by ``library.custom_op``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
