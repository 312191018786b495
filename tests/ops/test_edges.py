"""Ties, kinks, poles, NaN and infinities: values and gradients as PyTorch has them; and no warning of NumPy's gets out."""

from __future__ import annotations

import math
import threading
import warnings

import numpy as np
import pytest

import autograd

nan, inf = math.nan, math.inf

EDGES = {
    "maximum, ties and NaN": (lambda t, x, y: t.maximum(x, y), [nan, 1.0, 2.0, 3.0], [1.0, nan, 2.0, 1.0]),
    "minimum, ties and NaN": (lambda t, x, y: t.minimum(x, y), [nan, 1.0, 2.0, 3.0], [1.0, nan, 2.0, 1.0]),
    "fmax": (lambda t, x, y: t.fmax(x, y), [nan, 1.0, 2.0, 3.0, nan], [1.0, nan, 2.0, 1.0, nan]),
    "fmin": (lambda t, x, y: t.fmin(x, y), [nan, 1.0, 2.0, 3.0, nan], [1.0, nan, 2.0, 1.0, nan]),
    "clamp by numbers": (lambda t, x: x.clamp(0.0, 1.0), [nan, 0.0, 1.0, -1.0, 2.0, 0.5, inf]),
    "clamp, crossed bounds": (lambda t, x: x.clamp(1.0, 0.0), [nan, 0.0, 1.0, -1.0, 2.0, 0.5]),
    "clamp from below": (lambda t, x: x.clamp(min=0.0), [nan, 0.0, -1.0, 2.0]),
    "clamp by a tensor": (lambda t, x, y: t.clamp(x, y), [nan, 0.0, -1.0, 2.0], [0.0, 0.0, 0.0, nan]),
    "abs at 0": (lambda t, x: x.abs(), [0.0, -0.0, -1.0, nan]),
    "sign": (lambda t, x: x.sign(), [0.0, -2.0, 3.0, inf]),
    "sqrt at 0": (lambda t, x: x.sqrt(), [0.0, 4.0, -1.0]),
    "pow at 0": (lambda t, x, y: x.pow(y), [0.0, 0.0, 0.0, 2.0, -1.0], [0.0, 1.0, 2.0, 0.0, 2.0]),
    "pow by one half": (lambda t, x: x**0.5, [0.0, 1.0]),
    "small integer powers": (lambda t, x: x**3 + x**5 - x**-2 + x**8, [0.5, -1.5, 2.0, -3.0, inf]),
    "odd power of -inf": (lambda t, x: x**3.0, [-inf, inf, -0.0, nan]),
    "a power that is a root": (lambda t, x: x**-0.5, [4.0, 0.0, inf]),
    "silu far out": (lambda t, x: t.nn.functional.silu(x), [-13.5, -80.0, -1000.0, 1000.0, inf]),
    "elu far out": (lambda t, x: t.nn.functional.elu(x), [-13.5, -80.0, -inf, 1000.0, inf, nan]),
    "mish far out": (lambda t, x: t.nn.functional.mish(x), [-13.5, -80.0, 19.0, 1000.0, 1e30]),
    "softplus far out": (lambda t, x: t.nn.functional.softplus(x), [-80.0, -1000.0, 19.0, 21.0, inf]),
    "erf": (lambda t, x: t.erf(x), [0.0, -0.0, 1e-20, 0.4, -3.0, 5.0, -inf, inf, nan]),
    "pow of a number": (lambda t, x: 2.0**x, [0.0, -1.0, 3.0]),
    "where with NaN": (lambda t, x: t.where(x > 0, x.log(), x * 0), [0.0, -1.0, 2.0]),
    "prod with a zero": (lambda t, x: x.prod(), [0.0, 2.0, 3.0]),
    "prod with two zeros": (lambda t, x: x.prod(), [0.0, 2.0, 0.0]),
    "cumprod with zeros": (lambda t, x: x.cumprod(0), [2.0, 0.0, 3.0, 0.0, 5.0]),
    "amax, ties": (lambda t, x: x.amax(0), [2.0, 1.0, 2.0]),
    "amax with NaN": (lambda t, x: x.amax(0), [nan, 1.0, 2.0]),
    "max of all, ties": (lambda t, x: x.max(), [2.0, 1.0, 2.0]),
    "max of all with NaN": (lambda t, x: x.max(), [nan, 1.0, nan]),
    "max along, ties": (lambda t, x: x.max(0).values, [2.0, 1.0, 2.0]),
    "median, ties": (lambda t, x: x.median(), [3.0, 1.0, 1.0, 3.0]),
    "nanmedian": (lambda t, x: x.nanmedian(), [3.0, nan, 1.0, 3.0]),
    "std of equals": (lambda t, x: x.std(), [1.0, 1.0]),
    "var of one": (lambda t, x: x.var(), [1.0]),
    "logsumexp of nothing": (lambda t, x: t.logsumexp(x, 0), [-inf, -inf]),
    "logsumexp with inf": (lambda t, x: t.logsumexp(x, 0), [inf, 1.0]),
    "logsumexp far out": (lambda t, x: t.logsumexp(x, 0), [1000.0, 999.0]),
    "logaddexp": (lambda t, x, y: t.logaddexp(x, y), [1000.0, -1000.0, 0.0, inf], [999.0, 5.0, 0.0, 1.0]),
    "logcumsumexp": (lambda t, x: t.logcumsumexp(x, 0), [-100.0, 0.0, 100.0, 99.0]),
    "sigmoid far out": (lambda t, x: x.sigmoid(), [-1000.0, 1000.0, 0.0, -88.0, inf, -inf, nan]),
    "tanh far out": (lambda t, x: x.tanh(), [-1000.0, 1000.0, 0.0, inf]),
    "expm1, log1p near 0": (lambda t, x: x.expm1() + x.log1p(), [1e-10, -1e-10, 0.0]),
    "copysign at 0": (lambda t, x, y: t.copysign(x, y), [0.0, 2.0, -3.0], [-1.0, -2.0, 3.0]),
    "remainder": (lambda t, x, y: t.remainder(x, y), [5.0, 2.0, -3.0, 7.5, 1.0], [-1.5, -2.0, 2.0, inf, 0.0]),
    "fmod": (lambda t, x, y: t.fmod(x, y), [5.0, 2.0, -3.0, 7.5, inf, 1.0], [-1.5, -2.0, 2.0, inf, 2.0, 0.0]),
    "atan2 at the origin": (lambda t, x, y: t.atan2(x, y), [0.0, 1.0, -0.0], [0.0, 0.0, -1.0]),
    "hypot, large": (lambda t, x, y: t.hypot(x, y), [1e30, 3.0, inf], [1e30, 4.0, nan]),
    "xlogy": (lambda t, x, y: t.xlogy(x, y), [0.0, 0.0, 1.0, 2.0], [0.0, -1.0, 0.5, 3.0]),
    "logit": (lambda t, x: t.logit(x, 0.1), [0.0, 0.5, 1.0, 2.0]),
    "nan_to_num": (lambda t, x: t.nan_to_num(x), [nan, inf, -inf, 1.0]),
    "round half to even": (lambda t, x: x.round(), [0.5, 1.5, 2.5, -0.5, -1.5]),
    "round to decimals": (lambda t, x: t.round(x, decimals=2), [1.2345, -1.005, 123.456]),
    "sinc at 0": (lambda t, x: t.sinc(x), [0.0, 1.0, 0.5]),
    "norm at 0": (lambda t, x: x.norm(), [0.0, 0.0]),
    "division by zero": (lambda t, x, y: x / y, [1.0, -1.0, 0.0], [0.0, 0.0, 0.0]),
    "lerp at the ends": (lambda t, x, y: t.lerp(x, y, 1.0), [1e8, 1.0], [1.0, 2.0]),
    "softmax with -inf": (lambda t, x: t.softmax(x, 0), [0.0, -inf, 1.0]),
    "quantile": (lambda t, x: t.quantile(x, 0.3), [3.0, 1.0, 2.0, 8.0]),
}  # fmt: skip


def both(library, function, *values):
    """The result and the gradients, as lists of arrays."""
    inputs = [library.tensor(v, dtype=library.float32).requires_grad_() for v in values]
    y = function(library, *inputs)
    weights = library.linspace(1.0, 2.0, y.numel()).reshape(y.shape)
    gradients = library.autograd.grad((y * weights).sum(), inputs)
    return [y.detach().numpy(), *[g.numpy() for g in gradients]]


@pytest.mark.parametrize("name", EDGES)
def test_as_pytorch_and_without_a_warning(name):
    pt = pytest.importorskip("torch")
    function, *values = EDGES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mine = both(autograd, function, *values)
    for a, b in zip(mine, both(pt, function, *values), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_numpy_keeps_the_settings_of_the_user():
    with np.errstate(divide="raise"):
        assert autograd.tensor([0.0]).log().item() == -inf
        with pytest.raises(FloatingPointError):
            np.log(np.zeros(1))
    x = autograd.tensor([0.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x.log().sum().backward()
        x.sqrt().backward(create_graph=True)
        np.log(np.zeros(1))
    assert [w.category for w in caught] == [RuntimeWarning]  # the user's own


def test_threads_are_quiet_too():
    seen = []

    def work():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            seen.append(autograd.tensor([0.0]).log().item())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [-inf]


def test_float16_is_added_up_in_float32():
    x = autograd.ones(5000, dtype=autograd.float16)
    assert x.sum().item() == 5000
    assert x.mean().item() == 1


def test_large_float32_sums_keep_their_digits():
    x = np.random.default_rng(0).uniform(0, 1, 300_000).astype(np.float32)
    exact = math.fsum(x)
    assert autograd.tensor(x).sum().item() == pytest.approx(exact, rel=1e-6)
    assert autograd.tensor(x).var().item() == pytest.approx(x.astype(np.float64).var(ddof=1), rel=1e-5)


@pytest.mark.parametrize("name", ["fmod", "remainder", "hypot", "logaddexp", "maximum", "where", "prod", "clamp"])
def test_large_arrays_take_another_way_to_the_same_result(name):
    """Blocks and bit masks begin at some size: what they give must not depend on it."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 40_000)).astype(np.float32)
    cases = {
        "where": lambda x, y: autograd.where(x > y, x, y),
        "prod": lambda x, y: (x.abs() + 0.5).log().mul(0.01).exp().prod().reshape(1),
        "clamp": lambda x, y: x.clamp(-0.5, 0.5) + y,
    }
    function = cases.get(name, lambda x, y: getattr(autograd, name)(x, y))

    def run(x, y):
        x, y = autograd.tensor(x).requires_grad_(), autograd.tensor(y).requires_grad_()
        z = function(x, y)
        z.sum().backward()
        return z.detach().numpy(), x.grad.numpy()

    whole = run(a, b)
    if name == "prod":
        np.testing.assert_allclose(
            whole[0][0], np.prod(np.exp(0.01 * np.log(np.abs(a.astype(np.float64)) + 0.5))), rtol=1e-3
        )
        return
    parts = [run(a[i : i + 1000], b[i : i + 1000]) for i in range(0, 40_000, 1000)]
    for k in (0, 1):
        np.testing.assert_array_equal(whole[k], np.concatenate([p[k] for p in parts]))


@pytest.mark.parametrize("name", ["cos_", "square_", "log_"])
def test_an_empty_tensor_is_written_in_place(name):
    x = autograd.zeros(1, 0, 3, requires_grad=True)
    y = x.clone()
    getattr(y, name)()
    (g,) = autograd.autograd.grad(y.sum(), x)
    assert tuple(g.shape) == (1, 0, 3)


def test_alpha_scales_numbers_and_tensors():
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    np.testing.assert_array_equal(autograd.add(x, 1, alpha=10).detach().numpy(), [11, 12])
    np.testing.assert_array_equal(x.sub(2.0, alpha=3).detach().numpy(), [-5, -4])
    np.testing.assert_array_equal(autograd.rsub(x, 10, alpha=2).detach().numpy(), [8, 6])
    with autograd.no_grad():
        x.add_(1, alpha=-1)
    np.testing.assert_array_equal(x.detach().numpy(), [0, 1])
    with pytest.raises(RuntimeError, match="alpha"):
        autograd.tensor([1]).add(1, alpha=0.5)


@pytest.mark.parametrize("expression", ["mul(3, 4)", "sub(3, 4.0)", "div(3, 4)", "floor_divide(7, 2)", "add(3, 4, alpha=2)", "mul(True, 2)", "pow(2, 3)", "fmod(3, 2)"])  # fmt: skip
def test_two_numbers(expression):
    """PyTorch takes both for tensors in a few functions, and in no other."""
    theirs = pytest.importorskip("torch")
    answers = []
    for t in (autograd, theirs):
        try:
            made = eval(
                expression,
                {name: getattr(t, name) for name in ("mul", "sub", "div", "floor_divide", "add", "pow", "fmod")},
            )
            answers.append((made.item(), str(made.dtype)))
        except TypeError:
            answers.append("TypeError")
    assert answers[0] == answers[1]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("shape", [(30_000,), (200, 150), (3, 100, 100)])
def test_running_sums_are_kept_in_float64(fast, shape):
    """As PyTorch's are: the last of a million float32 sums would be wrong in its fifth digit."""
    x = (np.random.default_rng(0).random(shape) * 0.2 + 0.9).astype(np.float32)
    before = autograd.fast._State.on
    try:
        autograd.fast.enable(fast)
        a = autograd.tensor(x, requires_grad=True)
        for name, ufunc in (("cumsum", np.add), ("cumprod", np.multiply), ("logcumsumexp", np.logaddexp)):
            made = getattr(a, name)(-1).detach().numpy()
            np.testing.assert_array_equal(made, ufunc.accumulate(x, -1, dtype=np.float64).astype(np.float32))
        (grad,) = autograd.autograd.grad(a.cumprod(-1).sum(), a)
        (exact,) = autograd.autograd.grad((b := a.detach().double().requires_grad_()).cumprod(-1).sum(), b)
        np.testing.assert_allclose(grad.numpy(), exact.numpy(), rtol=3e-6)
    finally:
        autograd.fast.enable(before is not False)


_LONG = {  # around which number, and what
    "var of columns": (1000, lambda t, x: t.var(x.view(1000, -1), 0)),
    "var of rows": (1000, lambda t, x: t.var(x.view(-1, 1000), 1, keepdim=True)),
    "var": (1000, lambda t, x: t.var(x)),
    "mse_loss": (0, lambda t, x: t.nn.functional.mse_loss(x, x.flip(0) + 1)),
    "near rows": (100, lambda t, x: t.cdist(x[:300].view(50, 6), x[300:600].view(50, 6), compute_mode="donot_use_mm_for_euclid_dist")),
    "few near rows": (100, lambda t, x: t.cdist(x[:60].view(10, 6), x[300:360].view(10, 6))),
}  # fmt: skip


@pytest.mark.parametrize("name", _LONG)
def test_digits_are_kept_in_long_sums_and_small_differences(name):
    """In float32, beside the same in float64 of the same numbers."""
    around, function = _LONG[name]
    numbers = np.random.default_rng(0).random(100_000).astype(np.float32) + np.float32(around)
    made, gradients = [], []
    for kind in (np.float32, np.float64):
        x = autograd.tensor(numbers.astype(kind), requires_grad=True)
        y = function(autograd, x)
        made.append(y.detach().numpy())
        gradients.append(autograd.autograd.grad((y * made[0]).sum(), x)[0].numpy())
    np.testing.assert_allclose(made[0], made[1], rtol=2e-6, atol=2e-6 * np.abs(made[1]).max())
    np.testing.assert_allclose(gradients[0], gradients[1], atol=1e-3 * np.abs(gradients[1]).max())


def test_cdist_modes():
    x = autograd.tensor(np.random.default_rng(0).random((30, 3)), requires_grad=True)
    always, never, usual = (
        autograd.cdist(x, x[:5] + 2, compute_mode=f"{mode}use_mm_for_euclid_dist{rest}")
        for mode, rest in (("", ""), ("donot_", ""), ("", "_if_necessary"))
    )
    assert autograd.equal(always, usual)
    np.testing.assert_allclose(always.detach().numpy(), never.detach().numpy(), rtol=1e-9)
    for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
        for check in (autograd.autograd.gradcheck, autograd.autograd.gradgradcheck):
            assert check(lambda x: autograd.cdist(x[:6], x[6:10] + 2, compute_mode=mode), x)  # noqa: B023
    with pytest.raises(ValueError, match="it is not a valid value for compute_mode: it must be one of use_mm"):
        autograd.cdist(x, x, compute_mode="it")


@pytest.mark.parametrize(
    "function, arguments",
    [
        (autograd.linalg.svd, ()), (autograd.svd, ()), (autograd.linalg.eigh, ()), (autograd.linalg.qr, ()),
        (autograd.linalg.slogdet, ()), (autograd.linalg.inv_ex, ()), (autograd.linalg.cholesky_ex, ()),
        (autograd.linalg.lu, ()), (autograd.linalg.lu_factor, ()), (autograd.linalg.ldl_factor, ()),
        (autograd.linalg.solve_ex, (autograd.ones(3, 2),)), (autograd.geqrf, ()),
    ],
)  # fmt: skip
def test_several_results_go_where_out_says(function, arguments):
    x = autograd.tensor([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 2.0]])
    wanted = function(x, *arguments)
    out = tuple(autograd.empty(0, dtype=v.dtype) for v in wanted)
    made = function(x, *arguments, out=out)
    assert type(made).__name__ == type(wanted).__name__ + "_out"
    for target, given, value in zip(out, made, wanted, strict=True):
        assert given is target and autograd.equal(target, value)


def test_arguments_that_were_passed_over():
    with pytest.raises(RuntimeError, match="driver='gesvd'"):
        autograd.linalg.svd(autograd.eye(2), driver="gesvd")
    with pytest.raises(RuntimeError, match="independent"):
        autograd.func.jvp(lambda x: autograd.ones(2), (autograd.ones(2),), (autograd.ones(2),), strict=True)
    last = {"memory_format": autograd.channels_last}
    assert autograd.empty(3).resize_(1, 4, 2, 2, **last).stride() == (16, 1, 8, 4)
    assert autograd.zeros(1, 4, 2, 2).cpu(**last).stride() == (16, 1, 8, 4)
    with pytest.raises(RuntimeError, match="memory format Preserve"):
        autograd.empty(3).resize_(2, memory_format=autograd.preserve_format)


@pytest.mark.parametrize("size", [8, 5000, 200_000])
def test_bounds_keep_signs_of_zero_infinities_and_nan(size):
    x = np.resize(np.array([-0.0, np.nan, np.inf, -np.inf, 0.5, -2.0, 3.0, 0.0], np.float32), size)
    for function, wanted in (
        (lambda x: x.clamp(min=-1), np.maximum(x, np.full_like(x, -1))),
        (lambda x: x.clamp(max=1.5), np.minimum(x, np.full_like(x, 1.5))),
        (lambda x: x.clamp(-1, 1), np.clip(x, -1, 1)),
        (lambda x: x.clamp(1, -1), np.where(np.isnan(x), x, -1)),
        (lambda x: x.relu(), np.maximum(x, np.zeros_like(x))),
    ):
        np.testing.assert_array_equal(function(autograd.tensor(x)).numpy(), wanted)
