"""Pooling against PyTorch."""

import random

import pytest

import autograd
import nn

from .helpers import compare, normal, ours, pt, several

F, G = pt.nn.functional, nn.functional


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_any_window(n, seed):
    random.seed(100 * n + seed)
    pt.manual_seed(seed)
    kernel, stride = several(n, [1, 2, 3]), random.choice([None, several(n, [1, 2, 3])])
    padding, dilation, ceil = [random.randint(0, k // 2) for k in kernel], several(n, [1, 2]), seed % 2 == 0
    x = normal(2, 3, *several(n, [6, 7, 8]))
    x = x.round() if seed % 3 == 0 else x  # ties: the first element wins
    x = x[0] if seed % 5 == 0 else x
    rest = (kernel, stride, padding, dilation, ceil, True)
    compare(lambda x: getattr(F, f"max_pool{n}d")(x, *rest), lambda x: getattr(G, f"max_pool{n}d")(x, *rest), x)
    compare(lambda x: getattr(F, f"max_pool{n}d")(x, 2), lambda x: getattr(G, f"max_pool{n}d")(x, 2), x)
    rest = (kernel, stride, padding, ceil, seed % 3 == 0, *([random.choice([None, 3])] if n > 1 else []))
    compare(lambda x: getattr(F, f"avg_pool{n}d")(x, *rest), lambda x: getattr(G, f"avg_pool{n}d")(x, *rest), x)
    size = several(n, [1, 2, 3, 5, 7, None] if n > 1 else [1, 2, 3, 5, 7])
    name = f"adaptive_avg_pool{n}d"
    compare(lambda x: getattr(F, name)(x, size), lambda x: getattr(G, name)(x, size), x)
    name = f"adaptive_max_pool{n}d"
    compare(lambda x: getattr(F, name)(x, size, True), lambda x: getattr(G, name)(x, size, True), x)
    name = f"lp_pool{n}d"
    compare(
        lambda x: getattr(F, name)(x, 3, 2, None, ceil), lambda x: getattr(G, name)(x, 3, 2, None, ceil), x.abs() + 0.1
    )


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpool_and_fractional(n):
    pt.manual_seed(n)
    x = normal(2, 3, *[7] * n)
    y, indices = getattr(F, f"max_pool{n}d")(x, 2, 2, return_indices=True)
    name = f"max_unpool{n}d"
    for size in (None, [7] * n):
        compare(
            lambda y, s=size: getattr(F, name)(y, indices, 2, 2, 0, s),
            lambda y, s=size: getattr(G, name)(y, ours(indices), 2, 2, 0, s),
            y,
        )
    if n > 1:
        samples, size = pt.rand(2, 3, n, dtype=pt.float64), [3, 4, 5][:n]
        name = f"fractional_max_pool{n}d"
        compare(
            lambda x: getattr(F, name)(x, 2, size, None, True, samples),
            lambda x: getattr(G, name)(x, 2, size, None, True, ours(samples)),
            x,
        )


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("MaxPool2d", (2,)), ("MaxPool1d", (3, 2, 1)), ("MaxPool3d", (2, 1)), ("AvgPool1d", (2,)), ("AvgPool2d", ((2, 3), 1)),
        ("AvgPool3d", (2,)), ("LPPool2d", (2.0, 2)), ("AdaptiveAvgPool2d", ((2, None),)), ("AdaptiveMaxPool1d", (3,)), ("MaxUnpool2d", (2,)),
        ("Upsample", (None, 2)), ("Unfold", (2,)), ("Fold", ((4, 4), 2)), ("UpsamplingBilinear2d", (5,)),
    ],
)  # fmt: skip
def test_layers_print_as_pytorchs(layer, arguments):
    assert repr(getattr(nn, layer)(*arguments)) == repr(getattr(pt.nn, layer)(*arguments))


def test_nan_counts_as_largest():
    x = pt.arange(32.0).reshape(1, 2, 4, 4)
    x[0, 0, 1, 2] = x[0, 1, 0, 0] = float("nan")
    y, indices = F.max_pool2d(x, 2, return_indices=True)
    z, places = G.max_pool2d(ours(x), 2, return_indices=True)
    assert indices.tolist() == places.tolist()
    assert y.isnan().tolist() == z.isnan().tolist()


def test_nothing_is_recorded_without_need():
    x = autograd.randn(2, 3, 4, 4)
    assert not G.max_pool2d(x, 2).requires_grad
    x.requires_grad_()
    with autograd.no_grad():
        assert not G.max_pool2d(x, 2).requires_grad


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: G.max_pool2d(x, 2, padding=2), "at most half of effective kernel size"),
        (lambda x: G.max_pool2d(x, 9), r"\[9, 9\] of max_pool2d does not fit into \[4, 4\]"),
        (lambda x: G.avg_pool2d(x, 2, divisor_override=0), "divisor must be not zero"),
        (lambda x: G.max_pool2d(x[0, 0], 2), r"shape \[4, 4\]"),
        (lambda x: G.max_pool2d(x, (1, 2, 3)), "kernel_size to be a single integer value or a list of 2 values"),
    ],
)
def test_errors(call, words):
    with pytest.raises(RuntimeError, match=words):
        call(autograd.ones(1, 1, 4, 4))
