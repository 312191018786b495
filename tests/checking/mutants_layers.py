"""Wrong gradients in what networks are made of: norms, convolutions, indices, scans, cells; and in how they are written."""

from __future__ import annotations

import autograd as torch
import nn.functional as F

from .mutants_programs import random, wrong

# --- normalisation ---
FAMILY = "normalisation"


def rms_back(g, x):
    r = (x * x).mean(-1, keepdim=True).add(1e-6).rsqrt()
    return g * r


wrong(
    FAMILY,
    "rms norm: no projection",
    "missing-term",
    lambda x: x * (x * x).mean(-1, keepdim=True).add(1e-6).rsqrt(),
    rms_back,
    random(3, 4),
)


def group_norm_back(g, x):
    xx = x.reshape(2, 2, -1)
    s = xx.var(-1, unbiased=False, keepdim=True).add(1e-5).rsqrt()
    gg = g.reshape(xx.shape)
    return (s * (gg - gg.mean(-1, keepdim=True))).reshape(x.shape)


wrong(FAMILY, "group norm: xhat term", "missing-term", lambda x: F.group_norm(x, 2), group_norm_back, random(2, 4, 3))


def batch_norm_back(g, x):
    s = x.var(0, unbiased=False).add(1e-5).rsqrt()
    return g * s


wrong(
    FAMILY,
    "batch norm: statistics constant",
    "missing-term",
    lambda x: (x - x.mean(0)) * x.var(0, unbiased=False).add(1e-5).rsqrt(),
    batch_norm_back,
    random(5, 3),
)


def batch_norm_back_with_n_minus_1(g, x):
    n = len(x)
    s = x.var(0, unbiased=False).add(1e-5).rsqrt()
    xh = (x - x.mean(0)) * s
    return s * (g - g.mean(0) - xh * (g * xh).sum(0) / (n - 1))


wrong(
    FAMILY,
    "batch norm: n-1",
    "missing-term",
    lambda x: (x - x.mean(0)) * x.var(0, unbiased=False).add(1e-5).rsqrt(),
    batch_norm_back_with_n_minus_1,
    random(5, 3),
)
wrong(
    FAMILY,
    "l2 normalize: no projection",
    "missing-term",
    lambda x: x / x.norm(dim=1, keepdim=True),
    lambda g, x: g / x.norm(dim=1, keepdim=True),
    random(3, 4),
)
wrong(
    FAMILY,
    "weight norm: g's gradient not normalised",
    "factor|missing-term",
    lambda v, s: s * v / v.norm(),
    lambda g, v, s: (s / v.norm() * (g - v * (g * v).sum() / v.norm() ** 2), (g * v).sum()),
    random(3, 4),
    random(),
)
wrong(
    FAMILY,
    "layer norm over wrong axis",
    "transposed",
    lambda x: x - x.mean(-1, keepdim=True),
    lambda g, x: g - g.mean(0, keepdim=True),
    random(4, 4),
)
wrong(
    FAMILY,
    "softmax over wrong axis in backward",
    "missing-reduction",
    lambda x: x.softmax(-1),
    lambda g, x: x.softmax(-1) * (g - (g * x.softmax(-1)).sum(0, keepdim=True)),
    random(4, 4),
)
wrong(
    FAMILY,
    "log softmax: y for exp(y)",
    "missing-term",
    lambda x: x.log_softmax(-1),
    lambda g, x: g - x.log_softmax(-1) * g.sum(-1, keepdim=True),
    random(3, 4),
)
wrong(
    FAMILY,
    "temperature softmax",
    "factor",
    lambda x: (x / 0.5).softmax(-1),
    lambda g, x: (x / 0.5).softmax(-1) * (g - (g * (x / 0.5).softmax(-1)).sum(-1, keepdim=True)),
    random(3, 4),
)
# --- convolution, pooling ---
FAMILY = "convolution, pooling"
wrong(
    FAMILY,
    "conv1d: stride ignored in weight grad",
    "partial|missing-term",
    lambda x, w: F.conv1d(x, w, stride=2),
    lambda g, x, w: (
        F.conv_transpose1d(g, w, stride=2, output_padding=(x.shape[-1] - 3) % 2),
        torch.einsum("nol,nclk->ock", g, x.unfold(-1, 3, 1)[:, :, : g.shape[-1]]),
    ),
    random(2, 2, 7),
    random(3, 2, 3),
)
wrong(
    FAMILY,
    "depthwise conv: flipped kernel grad",
    "transposed",
    lambda x, w: F.conv1d(x, w, groups=2),
    lambda g, x, w: (
        F.conv_transpose1d(g, w, groups=2),
        torch.einsum("ncl,nclk->ck", g, x.unfold(-1, 3, 1))[:, None].flip(-1),
    ),
    random(2, 2, 6),
    random(2, 1, 3),
)
wrong(
    FAMILY,
    "conv: padding border lost",
    "partial",
    lambda x, w: F.conv1d(x, w, padding=1),
    lambda g, x, w: (
        F.pad(F.conv_transpose1d(g, w, padding=1)[..., 1:-1], (1, 1)),
        torch.einsum("nol,nclk->ock", g, F.pad(x, (1, 1)).unfold(-1, 3, 1)),
    ),
    random(2, 2, 6),
    random(3, 2, 3),
)
wrong(
    FAMILY,
    "conv: bias not summed over space",
    "missing-reduction",
    lambda x, b: x + b[None, :, None],
    lambda g, x, b: (g, g[:, :, 0].sum(0)),
    random(2, 3, 4),
    random(3),
)
wrong(
    FAMILY,
    "avg pool: sum",
    "missing-mean",
    lambda x: F.avg_pool2d(x, 2),
    lambda g, x: g.repeat_interleave(2, -1).repeat_interleave(2, -2),
    random(1, 2, 4, 4),
)
wrong(
    FAMILY,
    "avg pool: one corner",
    "missing-term",
    lambda x: F.avg_pool2d(x, 2),
    lambda g, x: torch.zeros_like(x).index_put(
        (torch.zeros(4).long(), torch.zeros(4).long(), torch.tensor([0, 0, 2, 2]), torch.tensor([0, 2, 0, 2])),
        g.reshape(-1),
    ),
    random(1, 1, 4, 4),
)
wrong(
    FAMILY,
    "max pool: to the first",
    "transposed",
    lambda x: F.max_pool1d(x, 2),
    lambda g, x: torch.stack([g, torch.zeros_like(g)], -1).reshape(x.shape),
    random(1, 2, 6),
)
wrong(
    FAMILY,
    "nearest upsampling: last only",
    "missing-reduction",
    lambda x: x.repeat_interleave(2, -1),
    lambda g, x: g[..., 1::2],
    random(2, 3),
)
wrong(
    FAMILY,
    "pixel shuffle: wrong inverse",
    "transposed",
    lambda x: F.pixel_shuffle(x, 2),
    lambda g, x: g.reshape(x.shape),
    random(1, 4, 2, 2),
)
wrong(
    FAMILY,
    "bilinear half pixel: reversed weights",
    "transposed",
    lambda x: 0.25 * x[:-1] + 0.75 * x[1:],
    lambda g, x: F.pad(0.75 * g, (0, 1)) + F.pad(0.25 * g, (1, 0)),
    random(6),
)
# --- indices and scans ---
FAMILY = "indices and scans"
PLACES = torch.tensor([0, 2, 2, 1])
wrong(
    FAMILY,
    "embedding: assignment not accumulation",
    "partial",
    lambda w: w[PLACES],
    lambda g, w: torch.zeros_like(w).index_put((PLACES,), g),
    random(4, 3),
)
wrong(
    FAMILY,
    "embedding: padding row",
    "partial",
    lambda w: w[PLACES],
    lambda g, w: (
        torch.zeros_like(w).index_add(0, PLACES, g) * torch.tensor([0.0, 1, 1, 1], dtype=torch.float64)[:, None]
    ),
    random(4, 3),
)
wrong(
    FAMILY,
    "gather: along other axis",
    "transposed",
    lambda x: x.gather(1, torch.tensor([[0, 2], [1, 1], [2, 0]])),
    lambda g, x: torch.zeros_like(x).scatter_add(0, torch.tensor([[0, 2], [1, 1], [2, 0]]), g),
    random(3, 3),
)
wrong(
    FAMILY,
    "scatter_add: source gathers wrong",
    "transposed",
    lambda s: torch.zeros(4, dtype=torch.float64).index_add(0, PLACES, s),
    lambda g, s: g[torch.tensor([0, 1, 2, 3])],
    random(4),
)
wrong(
    FAMILY,
    "segment mean: count",
    "partial",
    lambda s: (
        torch.zeros(3, dtype=torch.float64).index_add(0, torch.tensor([0, 0, 1, 2]), s)
        / torch.tensor([2.0, 1, 1], dtype=torch.float64)
    ),
    lambda g, s: g[torch.tensor([0, 0, 1, 2])],
    random(4),
)
wrong(
    FAMILY,
    "cumprod: own factor kept",
    "missing-term",
    lambda x: x.cumprod(0),
    lambda g, x: (g * x.cumprod(0)).flip(0).cumsum(0).flip(0),
    random(5, kind="positive"),
)
wrong(
    FAMILY,
    "nerf weights: transmittance",
    "missing-term",
    lambda a: a * torch.cat([torch.ones(1, dtype=torch.float64), (1 - a)[:-1].cumprod(0)]),
    lambda g, a: g * torch.cat([torch.ones(1, dtype=torch.float64), (1 - a)[:-1].cumprod(0)]),
    random(5, kind="unit"),
)
wrong(
    FAMILY,
    "linear recurrence: decay not carried",
    "missing-term",
    lambda x: torch.stack([x[0], 0.5 * x[0] + x[1], 0.25 * x[0] + 0.5 * x[1] + x[2]]),
    lambda g, x: g,
    random(3),
)
wrong(
    FAMILY,
    "cumsum: exclusive",
    "missing-term",
    lambda x: x.cumsum(0),
    lambda g, x: g.flip(0).cumsum(0).flip(0) - g,
    random(5),
)
wrong(
    FAMILY,
    "sort: not unsorted",
    "transposed",
    lambda x: x.sort()[0],
    lambda g, x: g,
    torch.tensor([3.0, 1, 2, 5, 4], dtype=torch.float64).requires_grad_(),
)
wrong(
    FAMILY,
    "topk: first k",
    "transposed",
    lambda x: x.topk(2)[0],
    lambda g, x: F.pad(g, (0, 3)),
    torch.tensor([3.0, 1, 2, 5, 4], dtype=torch.float64).requires_grad_(),
)
wrong(
    FAMILY,
    "max: ties full to all",
    "partial",
    lambda x: x.max(1)[0],
    lambda g, x: g[:, None] * (x == x.max(1, keepdim=True)[0]).double(),
    torch.tensor([[1.0, 2, 2], [3, 1, 0]], dtype=torch.float64).requires_grad_(),
)
wrong(
    FAMILY,
    "rotary: wrong rotation",
    "transposed",
    lambda x: torch.stack([x[:, 0] * 0.6 - x[:, 1] * 0.8, x[:, 0] * 0.8 + x[:, 1] * 0.6], 1),
    lambda g, x: torch.stack([g[:, 0] * 0.6 - g[:, 1] * 0.8, g[:, 0] * 0.8 + g[:, 1] * 0.6], 1),
    random(3, 2),
)
wrong(
    FAMILY,
    "masked fill: mask inverted",
    "spurious",
    lambda x: x.masked_fill(torch.tensor([True, False, True]), 0.0),
    lambda g, x: g.masked_fill(~torch.tensor([True, False, True]), 0.0),
    random(3),
)
wrong(
    FAMILY,
    "where: both to the first",
    "partial",
    lambda a, b: torch.where(torch.tensor([True, False, True]), a, b),
    lambda g, a, b: (g, g * torch.tensor([0.0, 1, 0], dtype=torch.float64)),
    random(3),
    random(3),
)
wrong(FAMILY, "window: off by one", "transposed", lambda x: x[1:5], lambda g, x: F.pad(g, (2, 1)), random(7))
wrong(FAMILY, "roll: wrong way", "transposed", lambda x: x.roll(2, 0), lambda g, x: g.roll(2, 0), random(5, 2))
wrong(
    FAMILY,
    "permute: not inverted",
    "transposed",
    lambda x: x.permute(2, 0, 1),
    lambda g, x: g.permute(2, 0, 1),
    random(3, 3, 3),
)
wrong(FAMILY, "stack: halves", "factor", lambda x: torch.stack([x, x]), lambda g, x: g.sum(0) / 2, random(3))
wrong(FAMILY, "expand: mean", "factor", lambda x: x.expand(4, 3), lambda g, x: g.mean(0, keepdim=True), random(1, 3))
wrong(FAMILY, "repeat: first copy", "missing-reduction", lambda x: x.repeat(3, 1), lambda g, x: g[:2], random(2, 3))
# --- cells ---
FAMILY = "cells"


def lstm_cell(x, c):
    i, f, o, n = x.chunk(4, -1)
    return torch.sigmoid(o) * torch.tanh(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(n))


def lstm_cell_back(g, x, c):
    i, f, o, n = x.chunk(4, -1)
    cc = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(n)
    dc = g * torch.sigmoid(o) * (1 - torch.tanh(cc) ** 2)
    return torch.cat(
        [
            dc * torch.tanh(n) * torch.sigmoid(i) * (1 - torch.sigmoid(i)),
            dc * c * torch.sigmoid(f) * (1 - torch.sigmoid(f)),
            g * torch.tanh(cc) * torch.sigmoid(o),
            dc * torch.sigmoid(i) * (1 - torch.tanh(n) ** 2),
        ],
        -1,
    ), dc * torch.sigmoid(f)


wrong(FAMILY, "lstm cell: output gate slope", "partial", lstm_cell, lstm_cell_back, random(2, 8), random(2, 2))


def gru_cell(z, n, h):
    return (1 - torch.sigmoid(z)) * torch.tanh(n) + torch.sigmoid(z) * h


wrong(
    FAMILY,
    "gru cell: h path of z",
    "missing-term",
    gru_cell,
    lambda g, z, n, h: (
        -g * torch.tanh(n) * torch.sigmoid(z) * (1 - torch.sigmoid(z)),
        g * (1 - torch.sigmoid(z)) * (1 - torch.tanh(n) ** 2),
        g * torch.sigmoid(z),
    ),
    random(3),
    random(3),
    random(3),
)
wrong(
    FAMILY,
    "rk4 step: one stage",
    "missing-term",
    lambda x: x + 0.1 * torch.sin(x + 0.05 * torch.sin(x)),
    lambda g, x: g * (1 + 0.1 * torch.cos(x + 0.05 * torch.sin(x))),
    random(4),
)
wrong(
    FAMILY,
    "residual: skip path lost",
    "missing-term",
    lambda x, w: x + torch.tanh(x @ w),
    lambda g, x, w: ((g * (1 - torch.tanh(x @ w) ** 2)) @ w.T, x.T @ (g * (1 - torch.tanh(x @ w) ** 2))),
    random(3, 2),
    random(2, 2),
)
# --- complex numbers ---
FAMILY = "complex numbers"
wrong(
    FAMILY,
    "complex abs2: real part only",
    "partial",
    lambda z: (z * z.conj()).real.clone(),
    lambda g, z: (2 * g * z.real).to(torch.complex128),
    random(4, kind="complex"),
)
wrong(
    FAMILY,
    "complex mul: conj missing",
    "sign",
    lambda a, b: a * b,
    lambda g, a, b: (g * b, g * a.conj()),
    random(3, kind="complex"),
    random(3, kind="complex"),
)
wrong(FAMILY, "complex exp: conj missing", "sign", torch.exp, lambda g, z: g * z.exp(), random(3, kind="complex"))
wrong(FAMILY, "fft: forward again", "sign", torch.fft.fft, lambda g, z: torch.fft.fft(g), random(4, kind="complex"))
wrong(FAMILY, "fft: 1/n", "factor", torch.fft.fft, lambda g, z: torch.fft.ifft(g), random(4, kind="complex"))
wrong(
    FAMILY,
    "angle: sign",
    "sign",
    lambda z: z.angle(),
    lambda g, z: -g * 1j * z / (z * z.conj()),
    random(3, kind="complex"),
)
# --- state and precision ---
FAMILY = "state and precision"
calls = {"n": 0}


def drifts(g, x):
    calls["n"] += 1
    return g * x.cos() * (1 + 1e-3 * (calls["n"] % 3))


wrong(FAMILY, "non deterministic", "nondeterministic", torch.sin, drifts, random(4))
wrong(FAMILY, "float32 inside", "dtype", torch.sin, lambda g, x: (g * x.float().cos()).double(), random(4))
wrong(FAMILY, "float32 cotangent", "dtype", torch.sin, lambda g, x: g.float().double() * x.cos(), random(4))
wrong(FAMILY, "half inside", "dtype", torch.exp, lambda g, x: (g * x.half().exp()).double(), random(4))


def writes_to_the_input(g, x):
    x.data.mul_(1.5)
    return g * x.cos()


wrong(FAMILY, "input clobbered in backward", "overwritten", torch.sin, writes_to_the_input, random(4))


def writes_to_the_cotangent(g, x):
    g.mul_(x.cos())
    return g


wrong(FAMILY, "cotangent clobbered", "overwritten", torch.sin, writes_to_the_cotangent, random(4))
wrong(
    FAMILY,
    "g by memory order",
    "layout",
    lambda x: x * 2,
    lambda g, x: 2 * torch.as_strided(g, (3, 4), (4, 1)),
    random(3, 4),
)
wrong(
    FAMILY,
    "batch: only first sample",
    "partial",
    lambda x: x.sin(),
    lambda g, x: torch.cat([(g * x.cos())[:1], torch.zeros_like(g[1:])]),
    random(3, 4),
)
wrong(
    FAMILY,
    "batch: first sample's values for all",
    "partial|missing-term",
    lambda x: x.sin(),
    lambda g, x: g * x[:1].cos(),
    random(3, 4),
)
wrong(
    FAMILY,
    "batch sum leaks across",
    "spurious",
    lambda x: x.sin(),
    lambda g, x: g.sum(0, keepdim=True) * x.cos(),
    random(3, 4),
)
wrong(
    FAMILY,
    "detach of denominator",
    "missing-term",
    lambda x: x / x.sum(),
    lambda g, x: g / x.sum(),
    random(4, kind="positive"),
)
wrong(
    FAMILY,
    "second order: cube",
    "second-order",
    lambda x: x**3,
    lambda g, x: g * 3 * x.detach() ** 2,
    random(4),
    order=2,
)
wrong(
    FAMILY,
    "second order: sqrt",
    "second-order",
    lambda x: x.sqrt(),
    lambda g, x: g * 0.5 / x.detach().sqrt(),
    random(4, kind="positive"),
    order=2,
)
wrong(
    FAMILY,
    "second order: g detached",
    "second-order",
    lambda x: x.sin(),
    lambda g, x: g.detach() * x.cos(),
    random(4),
    order=2,
)
