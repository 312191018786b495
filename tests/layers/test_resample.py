"""Interpolation, grid sampling, fold and unfold against PyTorch."""

import random

import pytest

import autograd
import nn

from .helpers import compare, normal, ours, pt, several

F, G = pt.nn.functional, nn.functional
MODES = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_interpolate(n, seed):
    random.seed(100 * n + seed)
    pt.manual_seed(seed)
    x = normal(2, 3, *several(n, [5, 6, 8]))
    for mode in ["nearest", "nearest-exact", "area", *MODES[n]]:
        options = {"mode": mode}
        if seed % 2:
            options["size"] = several(n, [2, 3, 5, 9, 12])
        else:
            options |= {
                "scale_factor": random.choice([0.5, 1.5, 2, 2.3, 0.7]),
                "recompute_scale_factor": random.choice([None, True]),
            }
        if mode in MODES[n]:
            options["align_corners"] = random.choice([None, True, False])
        if mode in MODES[2] and seed % 3 == 0:
            options["antialias"] = True
        compare(lambda x, o=options: F.interpolate(x, **o), lambda x, o=options: G.interpolate(x, **o), x)


def test_interpolate_float32_falls_on_the_same_elements():
    x = pt.arange(3 * 97.0).reshape(1, 3, 97)
    for size in (13, 31, 64, 96, 150, 291):
        for mode in ("nearest", "nearest-exact"):
            assert F.interpolate(x, size, mode=mode).tolist() == G.interpolate(ours(x), size, mode=mode).tolist()


@pytest.mark.filterwarnings("ignore:Since version 1.3.0")
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("n", [2, 3])
def test_grid_sample(n, mode, padding_mode, align):
    pt.manual_seed(n)
    x, grid = normal(2, 3, *[4, 5, 6][:n]), normal(2, *[3, 4, 2][:n], n) * 0.8
    rest = (mode, padding_mode, align)
    if mode == "nearest":
        compare(lambda x: F.grid_sample(x, grid, *rest), lambda x: G.grid_sample(x, ours(grid), *rest), x)
    elif (n, mode) != (3, "bicubic"):
        compare(lambda x, g: F.grid_sample(x, g, *rest), lambda x, g: G.grid_sample(x, g, *rest), x, grid, second=False)
    else:
        with pytest.raises(RuntimeError, match="only supports 4D input"):
            G.grid_sample(ours(x), ours(grid), *rest)
    theta = normal(2, n, n + 1)
    size = (2, 3, *[3, 1, 4][:n])
    compare(lambda t: F.affine_grid(t, size, align), lambda t: G.affine_grid(t, size, align), theta)


@pytest.mark.parametrize("seed", range(6))
def test_fold_and_unfold(seed):
    random.seed(seed)
    options = {"kernel_size": random.choice([2, (2, 3)]), "dilation": random.choice([1, (1, 2)]), "padding": random.choice([0, 1]), "stride": random.choice([1, 2])}  # fmt: skip
    x = normal(2, 3, 6, 5)
    compare(lambda x: F.unfold(x, **options), lambda x: G.unfold(x, **options), x)
    y = F.unfold(x, **options)
    compare(lambda y: F.fold(y, (6, 5), **options), lambda y: G.fold(y, (6, 5), **options), y)
    compare(lambda y: F.fold(y, (6, 5), **options), lambda y: G.fold(y, (6, 5), **options), y[0])


@pytest.mark.filterwarnings("ignore:Default grid_sample")
@pytest.mark.parametrize(
    ("error", "call"),
    [
        (ValueError, lambda x: G.interpolate(x)),
        (ValueError, lambda x: G.interpolate(x, 3, 2)),
        (ValueError, lambda x: G.interpolate(x, 3, align_corners=True)),
        (ValueError, lambda x: G.interpolate(x, 3, antialias=True)),
        (ValueError, lambda x: G.interpolate(x, (3, 3, 3))),
        (NotImplementedError, lambda x: G.interpolate(x, 3, mode="trilinear")),
        (NotImplementedError, lambda x: G.interpolate(x, 3, mode="sharp")),
        (RuntimeError, lambda x: G.interpolate(x, 0)),
        (ValueError, lambda x: G.grid_sample(x, autograd.zeros(1, 1, 1, 2), "cubic")),
        (RuntimeError, lambda x: G.grid_sample(x, autograd.zeros(1, 1, 1, 3))),
        (RuntimeError, lambda x: G.unfold(x, 9)),
        (RuntimeError, lambda x: G.fold(autograd.zeros(1, 4, 5), (3, 3), 2)),
    ],
)
def test_errors(error, call):
    with pytest.raises(error):
        call(autograd.ones(1, 1, 4, 4))
