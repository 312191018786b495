"""gradcheck and gradgradcheck as PyTorch has them, and what they do beyond: error bars, kinks, big inputs, reports."""

import inspect
import warnings

import numpy as np
import pytest

import autograd as torch
import nn
import nn.functional as F
from autograd import Function, gradcheck, gradgradcheck
from autograd.gradcheck import GradcheckError
from autograd.lift import elementwise, lift
from autograd.testing import diagnose
from autograd.testing.numeric import derivative
from autograd.testing.report import CAUSES


def double(*shape, seed=0):
    return torch.from_numpy(np.asarray(np.random.default_rng(seed).normal(size=shape))).requires_grad_()


def wrong_cosine():
    return elementwise(np.sin, name="wrong", input=lambda g, input: -g * np.cos(input))


# --- PyTorch's call patterns, as programs write them ------------------------------------------------------------------


class MyLinear(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


def test_the_call_of_the_extending_pytorch_page():
    input = (
        torch.randn(20, 20, dtype=torch.double, requires_grad=True),
        torch.randn(30, 20, dtype=torch.double, requires_grad=True),
    )
    assert gradcheck(MyLinear.apply, input, eps=1e-6, atol=1e-4) is True
    assert torch.autograd.gradcheck(MyLinear.apply, (double(2, 3), double(4, 3), double(4)))


def test_calls_as_programs_write_them():
    x, w = double(2, 3), double(4, 3, seed=1)
    assert torch.autograd.gradcheck(lambda x: x.sum(), (x,))
    assert torch.autograd.gradcheck(F.linear, (x, w, double(4)), raise_exception=False)
    assert torch.autograd.gradcheck(torch.sin, x, fast_mode=True, nondet_tol=1e-12, check_undefined_grad=False)
    assert torch.autograd.gradcheck(torch.exp, [x], check_grad_dtypes=True, check_batched_grad=True)
    assert torch.autograd.gradcheck(torch.mul, (x, 2.0), check_forward_ad=True, check_batched_forward_grad=True)
    assert torch.autograd.gradcheck(lambda x, n: x**n, (x, 3), check_forward_ad=True, check_backward_ad=False)
    assert torch.autograd.gradgradcheck(lambda x: x.pow(3), (x,), check_batched_grad=True)
    assert torch.autograd.gradgradcheck(F.linear, (x, w), grad_outputs=double(2, 4), gen_non_contig_grad_outputs=True)
    assert torch.autograd.gradgradcheck(
        torch.tanh, (x,), check_fwd_over_rev=True, check_rev_over_rev=True, fast_mode=True
    )
    assert inspect.signature(torch.autograd.gradcheck) == inspect.signature(gradcheck)


def test_a_module_and_its_parameters():
    layer = nn.Linear(3, 2).double()
    x = double(4, 3)
    assert gradcheck(layer, (x,))
    assert gradcheck(lambda *_: layer(x), tuple(layer.parameters()))  # moved in place, as PyTorch does
    assert gradcheck(lambda x, w, b: F.layer_norm(x, (3,), w, b), (x, double(3), double(3)))


def test_several_outputs_and_outputs_that_have_no_gradient():
    x = double(3, 4)
    assert gradcheck(lambda x: (x.sin(), x.argmax(1), x.sum()), x)
    assert gradcheck(lambda x: torch.max(x, 1), x)
    assert gradcheck(lambda x: x, x) and gradcheck(lambda x: x.view(-1), x)
    assert gradcheck(lambda x: torch.ones(2, dtype=torch.double), x)  # constant, and says so
    assert gradcheck(lambda x: x.argmax(1), x) and gradcheck(torch.sin, x, eps=torch.tensor(1e-6))
    assert gradgradcheck(lambda x: (x.sin(), x.sum()), x)


def test_complex():
    z = torch.from_numpy(
        np.random.default_rng(0).normal(size=(3, 2)) @ np.array([[1, 2], [1j, 1 - 1j]])
    ).requires_grad_()
    for function in (
        torch.exp,
        torch.abs,
        torch.conj,
        torch.view_as_real,
        lambda z: z * z.conj(),
        lambda z: z.real**2,
        lambda z: z @ z.mT,
    ):
        assert gradcheck(function, z, check_forward_ad=True)
    assert gradgradcheck(lambda z: z * z.abs(), z)
    assert gradcheck(lambda x: torch.exp(1j * x), double(3))


def test_the_signatures_are_pytorchs():
    pt = pytest.importorskip("torch")
    for ours, real in ((gradcheck, pt.autograd.gradcheck), (gradgradcheck, pt.autograd.gradgradcheck)):
        mine, theirs = inspect.signature(ours).parameters, inspect.signature(real).parameters
        assert [(p.name, p.default, p.kind) for p in mine.values()] == [
            (p.name, p.default, p.kind) for p in theirs.values()
        ]


def test_refusals():
    with pytest.raises(ValueError, match="expects at least one input tensor to require gradient"):
        gradcheck(torch.sin, torch.ones(2, dtype=torch.double))
    with pytest.raises(RuntimeError, match="0th input has a dimension with stride 0"):
        gradcheck(torch.sin, torch.ones(1, dtype=torch.double).expand(3).requires_grad_())
    with pytest.raises(AssertionError, match="at least one of check_forward_ad"):
        gradcheck(torch.sin, double(2), check_backward_ad=False)
    with pytest.raises(AssertionError, match="check_batched_grad=True requires"):
        gradcheck(torch.sin, double(2), check_backward_ad=False, check_forward_ad=True, check_batched_grad=True)
    with pytest.raises(AssertionError, match="check_batched_forward_grad=True requires"):
        gradcheck(torch.sin, double(2), check_batched_forward_grad=True)
    with pytest.raises(AssertionError, match="check_fwd_over_rev or check_rev_over_rev"):
        gradgradcheck(torch.sin, double(2), check_rev_over_rev=False)
    with pytest.raises(ValueError, match="atol must be a number that is not negative"):
        gradcheck(torch.sin, double(2), atol=-1)
    with pytest.raises(TypeError, match="eps must be a number"):
        gradcheck(torch.sin, double(2), eps="1e-6")
    with pytest.raises(TypeError, match="unexpected keyword"):
        gradcheck(torch.sin, double(2), tolerance=1)


def test_raise_exception_and_the_error():
    assert gradcheck(wrong_cosine(), double(3), raise_exception=False) is False
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0") as caught:
        gradcheck(wrong_cosine(), double(3))
    assert type(caught.value) is GradcheckError and caught.value.cause == "sign"


def test_inputs_are_left_alone():
    x = double(3, 4)
    before, version = x.detach().clone(), x._version
    gradcheck(torch.sin, x)
    gradcheck(wrong_cosine(), x, raise_exception=False)
    assert torch.equal(x.detach(), before) and x._version == version and x.grad is None


def test_user_tolerances_loosen():
    slightly = elementwise(np.sin, name="slightly", input=lambda g, input: g * np.cos(input) * 1.0005)
    assert not gradcheck(slightly, double(5), raise_exception=False)
    assert gradcheck(slightly, double(5), rtol=1e-2)
    assert gradcheck(slightly, double(5), atol=1e-2)
    assert not gradcheck(slightly, double(5), atol=1e-7, rtol=1e-7, raise_exception=False)


def test_nondet_tol():
    chance = np.random.default_rng(0)
    noisy = elementwise(
        np.sin, name="noisy", input=lambda g, input: g * np.cos(input) + 1e-13 * chance.normal(size=input.shape)
    )
    with pytest.raises(GradcheckError, match="Backward is not reentrant") as caught:
        gradcheck(noisy, double(4))
    assert caught.value.cause == "nondeterministic"
    assert gradcheck(noisy, double(4), nondet_tol=1e-10)


def test_options_that_fail():
    class NeedsBoth(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x.sin(), x * 2

        @staticmethod
        def backward(ctx, g, h):
            return None if g is None or h is None else h * 2 + g * 0

    with pytest.raises(GradcheckError) as caught:
        gradcheck(NeedsBoth.apply, double(2))
    assert caught.value.cause in CAUSES

    class NoneIsTen(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, g, h):
            return (10 if g is None else g) + 2 * (0 if h is None else h)

    assert gradcheck(NoneIsTen.apply, double(2), check_undefined_grad=False)
    with pytest.raises(GradcheckError, match="has no cotangent"):
        gradcheck(NoneIsTen.apply, double(2))

    class WrongTangent(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0].cos()

        @staticmethod
        def jvp(ctx, t):
            return -t

    assert gradcheck(WrongTangent.apply, double(3))
    with pytest.raises(GradcheckError, match="forward mode"):
        gradcheck(WrongTangent.apply, double(3), check_forward_ad=True)


# --- beyond PyTorch ---------------------------------------------------------------------------------------------------


def test_error_bars_hold():
    rng = np.random.default_rng(0)
    for f, slope in (
        (np.exp, np.exp),
        (np.sin, np.cos),
        (lambda x: np.exp(np.sin(7 * x)), lambda x: 7 * np.cos(7 * x) * np.exp(np.sin(7 * x))),
        (np.log1p, lambda x: 1 / (1 + x)),
    ):
        x = rng.uniform(0.1, 3, 200)
        found = derivative(lambda h, f=f, x=x: f(x + h * x), 2e-16)
        off = np.abs(found.value - x * slope(x))
        assert (off <= 4 * found.bar + 1e-15).all()
        assert np.median(found.bar / np.abs(found.value)) < 1e-10


def test_the_complex_step_sharpens_wide_bars():
    """A function with noise of its own at real points, and analytic: differences can't see an error of 1e-6."""
    chance = np.random.default_rng(0)
    noise = {}

    def noisy(x):
        if x.dtype.kind == "c":
            return np.sin(x)
        return np.sin(x) + noise.setdefault(x.tobytes(), 1e-9 * chance.normal(size=x.shape))

    def check(factor):
        formula = lambda g, x: g * np.cos(x) * factor
        return gradcheck(lift(noisy, kind="general", name="noisy", x=formula), double(4), raise_exception=False)

    assert check(1.0) and not check(1 + 1e-6)


def test_a_kink_nearby_costs_steps_not_truth():
    x = np.array([1e-3, -1e-3, 0.3])
    found = derivative(lambda h: np.abs(x + h), 2e-16)
    np.testing.assert_allclose(found.value, np.sign(x), atol=1e-9)
    assert not found.kink.any()


def test_kinks_take_any_subgradient():
    zero = torch.tensor([-1.0, 0.0, 2.0, 0.0], dtype=torch.double, requires_grad=True)

    def relu(at_zero):
        return elementwise(lambda x: np.maximum(x, 0), name="relu", x=lambda g, x: g * np.where(x == 0, at_zero, x > 0))

    for slope in (0.0, 0.3, 1.0):
        assert gradcheck(relu(slope), zero)
    report = diagnose(relu(0.0), zero)
    assert report.ok and report.kinks == 2 and "2 elements at a kink" in report.text
    for slope in (-0.1, 1.1):
        with pytest.raises(GradcheckError):
            gradcheck(relu(slope), zero)
    for wrong in (lambda g, x: g * (x >= 0) * 0.9, lambda g, x: g * np.where(x > 0, 1.0, 0.01)):
        assert not gradcheck(elementwise(lambda x: np.maximum(x, 0), name="relu", x=wrong), zero, raise_exception=False)
    for function in (
        torch.abs,
        torch.relu,
        lambda x: torch.clamp(x, 0, 1),
        lambda x: x.amax(),
        lambda x: torch.maximum(x, -x),
    ):
        assert gradcheck(function, zero)


def test_big_inputs_are_cheap_and_the_guilty_element_is_found():
    calls = []

    def count(x):
        calls.append(1)
        return np.sin(x)

    def one_wrong(g, x):
        made = g * np.cos(x)
        made[123, 45] *= 1.5
        return made

    x = double(300, 400)
    assert gradcheck(lift(count, kind="general", name="right", x=lambda g, x: g * np.cos(x)), x)
    assert len(calls) < 60
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lift(count, kind="general", name="wrong", x=one_wrong), x)
    assert len(calls) < 3000
    worst = caught.value.report.worst[0]
    assert worst.input == (123, 45) and worst.output == (123, 45)
    assert worst.claimed == pytest.approx(1.5 * worst.true) and caught.value.cause == "partial"


def test_float32_is_checked_as_far_as_it_goes():
    x = torch.randn(3, 4, requires_grad=True)
    for function in (torch.sin, lambda x: torch.softmax(x, -1), lambda x: (x @ x.mT).tanh()):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert gradcheck(function, x)
    assert not gradcheck(wrong_cosine(), x, raise_exception=False)


def test_order_is_told():
    detached = lift(
        lambda x: x**3,
        kind="general",
        name="detached",
        x=lambda g, x: 3 * g * (x.detach() if isinstance(x, torch.Tensor) else x) ** 2,
    )
    assert gradcheck(detached, double(3))
    with pytest.raises(GradcheckError, match="order 2") as caught:
        gradgradcheck(detached, double(3))
    assert (caught.value.order, caught.value.cause) == (2, "second-order")
    with pytest.raises(GradcheckError) as caught:
        gradgradcheck(
            lift(
                lambda x: x**3,
                kind="general",
                name="wrong",
                x=lambda g, x: 3 * g * abs(x) ** 2 * (x.detach() if isinstance(x, torch.Tensor) else x),
            ),
            double(3),
        )
    assert caught.value.order == 1  # the first derivative is wrong already: that is what is told


def test_report_in_text_and_html():
    with pytest.raises(GradcheckError) as caught:
        gradcheck(elementwise(lambda x: x * x, name="square", x=lambda g, x: g * x), double(2, 2))
    error = caught.value
    assert str(error) == error.report.text == str(error.report)
    assert "cause: factor (claimed = 0.5 * true)" in error.report.text
    assert "4 of 16 elements looked at are wrong" in error.report.text and "input[1, 1]" in error.report.text
    assert error.report.html.count("<tr>") == 5 and "factor" in error.report._repr_html_()
    assert repr(error.report) == "<Report: factor (claimed = 0.5 * true)>"
    assert diagnose(torch.sin, double(2)).html.startswith("<div")
    with pytest.raises(GradcheckError):
        raise GradcheckError("a plain message, as PyTorch makes them")


def test_the_edge_of_the_domain_only_costs_steps():
    x = torch.tensor([0.5, 2.0, 3.0], dtype=torch.double, requires_grad=True)

    def logarithm(x):
        assert float(x.min()) > 0.49 and float(x.max()) < 3.01, "outside of the domain"
        return x.log()

    assert gradcheck(logarithm, x)
    spd = torch.from_numpy(np.diag([1.0, 0.02]) + 0.01).requires_grad_()
    assert gradcheck(lambda a: torch.linalg.cholesky((a + a.mT) / 2), spd)
    with pytest.raises(AssertionError, match="never"):
        gradcheck(lambda x: _only_here(x), x)


def _only_here(x):
    assert x[0] == 0.5, "never elsewhere"
    return x * 2


def test_a_saturated_loss_and_values_outside_of_the_domain():
    scores = torch.tensor([[50.0, -50, 0], [0, 60, 1]], dtype=torch.double, requires_grad=True)
    assert gradcheck(lambda x: torch.nn.functional.cross_entropy(x, torch.tensor([0, 1])), scores)
    with pytest.raises(GradcheckError, match="The function itself is nan or inf"):
        gradcheck(torch.sqrt, torch.tensor([-1.0, 4.0], dtype=torch.double, requires_grad=True))


def test_inputs_that_are_not_leaves_and_half_precision():
    x = double(3)
    assert gradcheck(torch.sin, x * 2)
    assert gradcheck(torch.sin, torch.randn(3).half().requires_grad_())
    assert gradcheck(lambda x: x, torch.zeros(0, 3, dtype=torch.double, requires_grad=True))


def test_nan_is_told():
    with pytest.raises(GradcheckError, match="nan or inf") as caught:
        gradcheck(
            lift(lambda x: np.abs(x), kind="general", name="abs", x=lambda g, x: g * x / np.sqrt(x * x - x * x)),
            double(3),
        )
    assert caught.value.cause == "not-finite"


def test_infinite_outputs_don_t_hide_the_others():
    mask = torch.tensor([True, False, False])
    assert gradcheck(lambda x: x.masked_fill(mask, float("-inf")).softmax(-1), double(3))
    assert gradcheck(lambda x: x.masked_fill(mask, float("-inf")), double(3))


def test_a_small_difference_says_how_to_allow_for_it():
    almost = elementwise(np.sin, name="almost", input=lambda g, input: g * np.cos(input) * 1.0001)
    with pytest.raises(GradcheckError, match=r"within PyTorch's default tolerances.* rtol=2e-3"):
        gradcheck(almost, double(3))
    assert gradcheck(almost, double(3), rtol=2e-3)


def test_a_function_may_refuse_points_nearby():
    class Ordered(Function):
        @staticmethod
        def forward(ctx, x):
            assert x.diff().abs().max() < 0.04, "the elements must be close together"
            return x.exp()

        @staticmethod
        def backward(ctx, g):
            return g * torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)

    with pytest.raises(GradcheckError):
        gradcheck(Ordered.apply, torch.tensor([1.0, 1.01, 1.02], dtype=torch.float64, requires_grad=True))


def test_one_tensor_in_two_places():
    x = double(4)
    assert gradcheck(lambda a, b: a * b, (x, x))


def test_a_result_that_changes_its_size_says_so():
    x = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="another size as soon as its input moves"):
        gradcheck(lambda x: x[x > 0], x)


def test_the_jvp_of_a_function_gets_zeros_for_what_has_no_tangent():
    class Product(Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_forward(a, b)
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g * b, g * a

        @staticmethod
        def jvp(ctx, da, db):
            a, b = ctx.saved_tensors
            return da * b + a * db

    assert gradcheck(Product.apply, (double(3), double(3, seed=1)), check_forward_ad=True)


def test_a_jvp_that_does_not_use_the_tangent():
    class Sine(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_forward(x)
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0].cos()

        @staticmethod
        def jvp(ctx, tangent):
            return ctx.saved_tensors[0].cos()

    report = diagnose(Sine.apply, double(3), forward=True)
    assert report.fault.cause == "ignores-cotangent" and report.fault.mode == "forward"
    assert "every tangent" in report.fault.sentence
