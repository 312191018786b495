"""Convolutions against PyTorch; and that neither the way of computing nor the threads change the result."""

import random

import numpy as np
import pytest

import autograd
import nn
from autograd import threads
from autograd.ops import columns, conv

from .helpers import assert_same, compare, load, normal, ours, pt, several


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_any_geometry(n, seed):
    random.seed(100 * n + seed)
    pt.manual_seed(seed)
    groups = random.choice([1, 1, 2, 4])
    channels, outputs = groups * random.choice([1, 2, 8]), groups * random.choice([1, 2, 3])
    kernel, stride, dilation = several(n, [1, 2, 3]), several(n, [1, 1, 2, 3]), several(n, [1, 1, 2])
    spatial, padding = several(n, [5, 7, 20] if n < 3 else [5, 6]), several(n, [0, 1, 2])
    x, w, b = normal(2, channels, *spatial), normal(outputs, channels // groups, *kernel), normal(outputs)
    theirs, mine = getattr(pt.nn.functional, f"conv{n}d"), getattr(nn.functional, f"conv{n}d")
    for options in (
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
        {"padding": "same", "dilation": dilation, "groups": groups},
    ):
        compare(lambda *a, o=options: theirs(*a, **o), lambda *a, o=options: mine(*a, **o), x, w, b)
    compare(lambda *a: theirs(*a, groups=groups), lambda *a: mine(*a, groups=groups), x[0], w, b)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_any_transposed_geometry(n, seed):
    random.seed(100 * n + seed)
    pt.manual_seed(seed)
    groups = random.choice([1, 1, 2])
    channels, outputs = groups * random.choice([1, 2, 8]), groups * random.choice([1, 2, 3])
    stride, dilation = several(n, [1, 1, 2, 3]), several(n, [1, 1, 3])
    options = {
        "stride": stride,
        "dilation": dilation,
        "padding": several(n, [0, 1, 2]),
        "groups": groups,
        "output_padding": [random.randrange(max(s, d)) for s, d in zip(stride, dilation, strict=True)],
    }
    x, w, b = (
        normal(2, channels, *several(n, [4, 5, 9])),
        normal(channels, outputs // groups, *several(n, [1, 2, 3])),
        normal(outputs),
    )
    theirs, mine = getattr(pt.nn.functional, f"conv_transpose{n}d"), getattr(nn.functional, f"conv_transpose{n}d")
    compare(lambda *a: theirs(*a, **options), lambda *a: mine(*a, **options), x, w, b)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 1), "same", "valid"])
def test_padding_modes(mode, padding):
    theirs = pt.nn.Conv2d(2, 3, (3, 2), padding=padding, padding_mode=mode).double()
    mine = nn.Conv2d(2, 3, (3, 2), padding=padding, padding_mode=mode, dtype=autograd.float64)
    load(mine, theirs)
    x = normal(2, 2, 6, 5)
    assert_same(theirs(x), mine(ours(x)))


def test_output_size_of_a_transposed_layer():
    layer = nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1)
    assert layer(autograd.ones(1, 2, 4, 4), output_size=(8, 7)).shape == (1, 3, 8, 7)
    with pytest.raises(ValueError, match=r"valid sizes range from \[7, 7\] to \[8, 8\]"):
        layer(autograd.ones(1, 2, 4, 4), output_size=(9, 7))


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64", "int64"])
def test_dtypes(dtype):
    rng = np.random.default_rng(0)
    x, w = (rng.integers(-3, 4, shape).astype(dtype) for shape in ((2, 4, 6, 6), (3, 4, 3, 3)))
    y = nn.functional.conv2d(autograd.tensor(x), autograd.tensor(w), padding=1)
    expected = nn.functional.conv2d(
        autograd.tensor(x.real.astype(float)), autograd.tensor(w.real.astype(float)), padding=1
    )
    assert y.numpy().dtype == dtype
    np.testing.assert_array_equal(y.numpy(), expected.numpy())


@pytest.mark.parametrize("seed", range(8))
def test_planes_and_pixels_agree(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    stride, padding = int(rng.integers(1, 3)), int(rng.integers(0, 3))
    x, w = rng.standard_normal((3, 5, 8, 7)), rng.standard_normal((4, 5, 3, 3))
    geometry = ((stride,) * 2, ((padding, padding),) * 2, (1, 1), 1)
    found = []
    for pixels in (True, False):
        plan = columns.Plan(x.shape, w.shape, *geometry, 8)
        plan.pixels, plan.block, plan.mirrored = pixels, 2, None
        monkeypatch.setattr(conv, "plan_of", lambda *_, plan=plan: plan)
        y = conv._convolution(x, w, None, *geometry)
        found.append(
            (y, conv._convolution_input(y, w, (8, 7), *geometry), conv._convolution_weight(y, x, (3, 3), *geometry))
        )
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_threads_share_the_images():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((7, 8, 30, 30)), rng.standard_normal((16, 8, 3, 3))
    geometry = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    columns.plan_of(x.shape, w.shape, x.dtype, *geometry).work = np.inf
    before = threads.get_num_threads()
    found = []
    try:
        for count in (1, 3):
            threads.set_num_threads(count)
            y = conv._convolution(x, w, None, *geometry)
            found.append(
                (
                    y,
                    conv._convolution_input(y, w, (30, 30), *geometry),
                    conv._convolution_weight(y, x, (3, 3), *geometry),
                )
            )
    finally:
        threads.set_num_threads(before)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda x, w: nn.functional.conv2d(x, w[:, :2]),
            r"\[4, 2, 3, 3\].*\[1, 3, 5, 5\] to have 2 channels, but got 3",
        ),
        (
            lambda x, w: nn.functional.conv2d(x[:, :, :2], w),
            r"\(2 x 5\). Kernel size: \(3 x 3\). Kernel size can't be greater",
        ),
        (lambda x, w: nn.functional.conv2d(x.double(), w), r"torch.float64.*torch.float32.*should be the same"),
        (
            lambda x, w: nn.functional.conv2d(x, w, autograd.ones(3)),
            "expected bias to be 1-dimensional with 4 elements",
        ),
        (lambda x, w: nn.functional.conv2d(x[0, 0], w), r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d"),
        (lambda x, w: nn.functional.conv2d(x, w, stride=2, padding="same"), "strided"),
        (lambda x, w: nn.functional.conv2d(x, w, padding=-1), "negative padding"),
        (lambda x, w: nn.functional.conv_transpose2d(x, w[:3], output_padding=1), "output padding must be smaller"),
    ],
)
def test_errors_name_shapes_and_cure(call, words):
    with pytest.raises(RuntimeError, match=words):
        call(autograd.ones(1, 3, 5, 5), autograd.ones(4, 3, 3, 3))


def test_empty_batch():
    x = autograd.ones(0, 3, 5, 5, requires_grad=True)
    w = autograd.ones(4, 3, 3, 3, requires_grad=True)
    y = nn.functional.conv2d(x, w)
    y.sum().backward()
    assert y.shape == (0, 4, 3, 3) and x.grad.shape == x.shape and (w.grad == 0).all()
