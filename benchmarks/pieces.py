"""``python -m benchmarks pieces [names]``: what models are made of, beside PyTorch, at the sizes it has there.

Where ``ops`` times every operation alone, small and huge, this looks for what is out of proportion in between. Both libraries
run in this process and take turns; losses, layers and tricks written by hand are all forward and backward.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ops import seconds
from .report import geometric_mean

Shape = tuple[int, ...]


@dataclass
class Piece:
    """``step(t, F, *tensors, *labels)`` of float32 tensors of these shapes (normal numbers, or around 1 if positive)."""

    step: Callable[..., Any]
    shapes: tuple[Shape, ...]
    labels: tuple[Shape, int] | None = None  # a shape of class numbers, and how many classes
    positive: bool = False


PIECES: dict[str, Piece] = {}


def piece(name: str, step: Callable[..., Any], *shapes: Shape, labels: Any = None, positive: bool = False) -> None:
    PIECES[name] = Piece(step, shapes, labels, positive)


def layer(make: Callable[[Any], Any]) -> Callable[..., Any]:
    """The step of a module, which is made once for each library."""
    made = functools.cache(make)

    def step(t: Any, F: Any, x: Any) -> Any:
        y = made(t.nn)(x)
        return y[0] if isinstance(y, tuple) else y

    return step


# --- products ------------------------------------------------------------------------------------------------------

HEADS = (8, 4, 64, 32)  # batch, heads, length, size
piece("linear, a vector", lambda t, F, x, w: F.linear(x, w), (64,), (128, 64))
piece("linear, a sequence", lambda t, F, x, w, b: F.linear(x, w, b), (32, 64, 64), (128, 64), (128,))
piece("bmm", lambda t, F, a, b: t.bmm(a, b), (32, 64, 64), (32, 64, 64))
piece("einsum bij,bjk", lambda t, F, a, b: t.einsum("bij,bjk->bik", a, b), (32, 64, 64), (32, 64, 64))
piece("einsum nd,d", lambda t, F, a, b: t.einsum("nd,d->n", a, b), (1000, 64), (64,))
piece("scores of heads", lambda t, F, a, b: a @ b.transpose(-1, -2), HEADS, HEADS)
piece("matrix and vector", lambda t, F, a, b: a @ b, (256, 256), (256,))
piece("addmm", lambda t, F, a, b, c: t.addmm(a, b, c), (64, 64), (64, 128), (128, 64))
piece("Gram matrix", lambda t, F, a: (lambda f: f @ f.transpose(1, 2))(a.view(4, 32, -1)), (4, 32, 32, 32))
piece("cdist", lambda t, F, a, b: t.cdist(a, b), (128, 64), (128, 64))
piece("graph convolution", lambda t, F, a, b: t.relu(t.mm(b, a)), (512, 64), (512, 512))

# --- activations and curves ----------------------------------------------------------------------------------------

for _name in "relu leaky_relu elu selu silu mish softplus logsigmoid hardswish gelu sigmoid tanh glu".split():
    piece(_name, lambda t, F, x, n=_name: getattr(F, n)(x), (128, 512))
for _name in "sin exp abs erf log1p".split():
    piece(_name, lambda t, F, x, n=_name: getattr(t, n)(x), (128, 512), positive=_name == "log1p")
piece("gelu by tanh", lambda t, F, x: 0.5 * x * (1 + t.tanh(0.79788 * (x + 0.044715 * t.pow(x, 3.0)))), (128, 512))
piece("gelu by erf", lambda t, F, x: x * 0.5 * (1 + t.erf(x / math.sqrt(2))), (128, 512))
piece("swiglu", lambda t, F, x, y: F.silu(x) * y, (128, 512), (128, 512))
piece("x ** 3", lambda t, F, x: x**3, (128, 512))
piece("x ** 1.7", lambda t, F, x: x**1.7, (128, 512), positive=True)
piece("sine layers", lambda t, F, x, v, w: t.sin(30 * F.linear(t.sin(30 * F.linear(x, v)), w)), (1024, 64), (128, 64), (128, 128))  # fmt: skip
piece("rotary embedding", lambda t, F, x, c, s: x * c + t.cat((-x[..., 16:], x[..., :16]), -1) * s, HEADS, (64, 32), (64, 32))  # fmt: skip

# --- softmax, normalization ----------------------------------------------------------------------------------------

IMAGES = (16, 32, 28, 28)
piece("softmax", lambda t, F, x: F.softmax(x, -1), (8, 4, 64, 64))
piece("softmax of channels", lambda t, F, x: F.softmax(x, 1), (16, 10, 28, 28))
piece("masked softmax", lambda t, F, x: F.softmax(x + t.full((64, 64), -math.inf).triu(1), -1), (8, 4, 64, 64))
piece("log_softmax", lambda t, F, x: F.log_softmax(x, -1), (128, 1000))
piece("logsumexp", lambda t, F, x: t.logsumexp(x, -1), (128, 1000))
piece("attention", lambda t, F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), HEADS, HEADS, HEADS)
piece("attention by hand", lambda t, F, q, k, v: F.softmax((q @ k.transpose(-2, -1)) * 0.17, -1) @ v, HEADS, HEADS, HEADS)  # fmt: skip
piece("LayerNorm", layer(lambda nn: nn.LayerNorm(64)), (32, 128, 64))
piece("GroupNorm", layer(lambda nn: nn.GroupNorm(4, 32)), IMAGES)
piece("BatchNorm1d", layer(lambda nn: nn.BatchNorm1d(128)), (256, 128))
piece("BatchNorm2d", layer(lambda nn: nn.BatchNorm2d(32)), IMAGES)
piece("InstanceNorm2d", layer(lambda nn: nn.InstanceNorm2d(32)), IMAGES)
piece("RMS norm by hand", lambda t, F, x: x * t.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6), (32, 128, 64))
piece("layer norm by hand", lambda t, F, x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 1e-5).sqrt(), (32, 128, 64))  # fmt: skip
piece("normalize", lambda t, F, x: F.normalize(x, dim=-1), (256, 128))

# --- losses --------------------------------------------------------------------------------------------------------

SCORES = (128, 1000)
piece("cross_entropy", lambda t, F, x, y: F.cross_entropy(x, y), SCORES, labels=((128,), 1000))
piece("label smoothing", lambda t, F, x, y: F.cross_entropy(x, y, label_smoothing=0.1), SCORES, labels=((128,), 1000))
piece("segmentation", lambda t, F, x, y: F.cross_entropy(x, y), (8, 10, 32, 32), labels=((8, 32, 32), 10))
piece("nll_loss", lambda t, F, x, y: F.nll_loss(x, y), SCORES, labels=((128,), 1000))
for _name in "mse_loss l1_loss smooth_l1_loss huber_loss".split():
    piece(_name, lambda t, F, x, y, n=_name: getattr(F, n)(x, y), SCORES, SCORES)
piece("BCE with logits", lambda t, F, x, y: F.binary_cross_entropy_with_logits(x, y.sigmoid()), SCORES, SCORES)
piece("focal loss", lambda t, F, x: -((1 - t.sigmoid(x)) ** 2) * F.logsigmoid(x), SCORES)
piece("kl_div", lambda t, F, x, y: F.kl_div(x, F.softmax(y, -1), reduction="batchmean"), SCORES, SCORES)
piece("cosine_similarity", lambda t, F, x, y: F.cosine_similarity(x, y), (256, 128), (256, 128))
piece("triplet loss", lambda t, F, x, y, z: F.triplet_margin_loss(x, y, z), *[(128, 64)] * 3)
piece("total variation", lambda t, F, x: (x[:, :, 1:] - x[:, :, :-1]).abs().mean(), (4, 3, 64, 64))

# --- sums, and broadcasting ----------------------------------------------------------------------------------------

for _name in "sum mean std amax".split():
    piece(f"{_name}(0)", lambda t, F, x, n=_name: getattr(x, n)(0), (512, 256))
    piece(f"{_name}(1)", lambda t, F, x, n=_name: getattr(x, n)(1), (512, 256))
piece("mean of images", lambda t, F, x: x.mean((2, 3)), IMAGES)
piece("norm(1)", lambda t, F, x: x.norm(dim=1), (512, 256))
piece("cumsum", lambda t, F, x: x.cumsum(1), (128, 256))
piece("cumprod", lambda t, F, x: x.cumprod(1), (128, 64), positive=True)
piece("topk", lambda t, F, x: x.topk(5, 1)[0], (128, 256))
piece("sort", lambda t, F, x: x.sort(1)[0], (128, 256))
piece("median", lambda t, F, x: x.median(1)[0], (128, 256))
piece("pairs of rows", lambda t, F, x, y: ((x[:, None] - y[None]) ** 2).sum(-1), (128, 64), (128, 64))
piece("bias of channels", lambda t, F, x, b: x + b[:, :, None, None], IMAGES, (16, 32))
piece("squeeze and excite", lambda t, F, x: x * t.sigmoid(x.mean((2, 3), keepdim=True)), IMAGES)
piece("positions", lambda t, F, x, p: x + p, (16, 64, 128), (1, 64, 128))
piece("dropout", lambda t, F, x: F.dropout(x, 0.1), (128, 512))
piece("dropout2d", lambda t, F, x: F.dropout2d(x, 0.1), IMAGES)

# --- indices, and moving things around -----------------------------------------------------------------------------

TABLE = (512, 64)
piece("embedding", lambda t, F, w, i: F.embedding(i, w), (1000, 64), labels=((32, 64), 1000))
piece("x[i]", lambda t, F, x, i: x[i], (1000, 64), labels=((512,), 1000))
piece("gather", lambda t, F, x, i: x.gather(1, i), TABLE, labels=((512, 8), 64))
piece("scatter_add", lambda t, F, x, i: t.zeros(512, 64).scatter_add(1, i, x), (512, 8), labels=((512, 8), 64))
piece("index_add", lambda t, F, x, i: t.zeros(100, 64).index_add(0, i, x), TABLE, labels=((512,), 100))
piece("x[mask]", lambda t, F, x: x[x > 0], TABLE)
piece("where", lambda t, F, x, y: t.where(x > y, x, y), TABLE, TABLE)
piece("masked_fill", lambda t, F, x: x.masked_fill(x > 0, 0.0), TABLE)
piece("clamp", lambda t, F, x: x.clamp(-1, 1), TABLE)
piece("cat", lambda t, F, x, y: t.cat([x, y], 1), TABLE, TABLE)
piece("stack", lambda t, F, x, y: t.stack([x, y], 1), TABLE, TABLE)
piece("q, k, v", lambda t, F, x: (lambda q, k, v: q * k + v)(*x.chunk(3, -1)), (32, 64, 192))
piece("unbind", lambda t, F, x: sum(v * 2 for v in x.unbind(0)), (10, 64, 64))
piece("heads apart", lambda t, F, x: x.view(32, 64, 4, 16).permute(0, 2, 1, 3).contiguous(), (32, 64, 64))
piece("pad", lambda t, F, x: F.pad(x, (1, 1, 1, 1)), (16, 16, 28, 28))
piece("flip", lambda t, F, x: t.flip(x, [1]), (32, 64, 64))
piece("roll", lambda t, F, x: t.roll(x, (1, 2), (1, 2)), (32, 64, 64))
piece("repeat", lambda t, F, x: x.repeat(4, 1), (128, 64))
piece("repeat_interleave", lambda t, F, x: x.repeat_interleave(4, 0), (128, 64))
piece("tril", lambda t, F, x: x.tril(), (256, 256))

# --- images and sequences ------------------------------------------------------------------------------------------

piece("conv1d", lambda t, F, x, w: F.conv1d(x, w, padding=4, dilation=4), (16, 32, 100), (32, 32, 3))
piece("conv2d 1x1", lambda t, F, x, w: F.conv2d(x, w), IMAGES, (64, 32, 1, 1))
piece("conv2d 3x3", lambda t, F, x, w: F.conv2d(x, w, padding=1), (8, 16, 32, 32), (32, 16, 3, 3))
piece("conv2d 4x4, stride 2", lambda t, F, x, w: F.conv2d(x, w, stride=2, padding=1), (8, 16, 32, 32), (32, 16, 4, 4))
piece("conv2d 5x5, one channel", lambda t, F, x, w: F.conv2d(x, w), (64, 1, 28, 28), (6, 1, 5, 5))
piece("conv2d, depthwise", lambda t, F, x, w: F.conv2d(x, w, padding=1, groups=32), (8, 32, 28, 28), (32, 1, 3, 3))
piece("conv2d, 4 groups", lambda t, F, x, w: F.conv2d(x, w, padding=1, groups=4), (8, 32, 28, 28), (32, 8, 3, 3))
piece("conv_transpose2d", lambda t, F, x, w: F.conv_transpose2d(x, w, stride=2, padding=1), (8, 64, 8, 8), (64, 32, 4, 4))  # fmt: skip
piece("conv3d", lambda t, F, x, w: F.conv3d(x, w, padding=1), (2, 4, 8, 16, 16), (8, 4, 3, 3, 3))
piece("max_pool2d", lambda t, F, x: F.max_pool2d(x, 2), IMAGES)
piece("avg_pool2d", lambda t, F, x: F.avg_pool2d(x, 2), IMAGES)
piece("adaptive_avg_pool2d", lambda t, F, x: F.adaptive_avg_pool2d(x, 1), IMAGES)
piece("upsampling, nearest", lambda t, F, x: F.interpolate(x, scale_factor=2), (8, 16, 16, 16))
piece("upsampling, bilinear", lambda t, F, x: F.interpolate(x, scale_factor=2, mode="bilinear"), (8, 16, 16, 16))
piece("grid_sample", lambda t, F, x, g: F.grid_sample(x, g.tanh(), align_corners=False), (4, 32, 64, 64), (4, 64, 64, 2))  # fmt: skip
piece("pixel_shuffle", lambda t, F, x: F.pixel_shuffle(x, 2), (8, 16, 16, 16))
piece("unfold", lambda t, F, x: F.unfold(x, 3, padding=1), (8, 8, 16, 16))
for _name in ("RNN", "GRU", "LSTM"):
    piece(_name, layer(lambda nn, n=_name: getattr(nn, n)(32, 64, batch_first=True)), (16, 30, 32))
piece("TransformerEncoderLayer", layer(lambda nn: nn.TransformerEncoderLayer(64, 4, 128, 0.0, batch_first=True)), (16, 32, 64))  # fmt: skip
piece("rendered rays", lambda t, F, x: t.cumprod(1 - x.sigmoid() + 1e-10, -1) * x.sigmoid(), (1024, 64))

# --- linear algebra ------------------------------------------------------------------------------------------------

for _name in "inv cholesky eigvalsh svdvals slogdet".split():
    piece(f"linalg.{_name}", lambda t, F, x, n=_name: (lambda y: y if n != "slogdet" else y[1])(getattr(t.linalg, n)(x @ x.T + 32 * t.eye(32))), (32, 32))  # fmt: skip
piece("rfft", lambda t, F, x: t.fft.rfft(x).abs(), (64, 256))


def make(t: Any, it: Piece) -> Callable[[], None]:
    """Forward and backward of a piece in one library."""
    rng = np.random.default_rng(0)
    drawn = [rng.uniform(0.5, 1.5, s) if it.positive else rng.standard_normal(s) for s in it.shapes]
    tensors = [t.tensor(x.astype(np.float32), requires_grad=True) for x in drawn]
    labels = [] if it.labels is None else [t.tensor(rng.integers(0, it.labels[1], it.labels[0]))]
    F = t.nn.functional
    ones = t.ones_like(it.step(t, F, *tensors, *labels))

    def step() -> None:
        for x in tensors:
            x.grad = None
        it.step(t, F, *tensors, *labels).backward(ones)

    return step


def main(names: list[str]) -> int:
    """Print the table of the pieces whose names hold one of ``names`` (all without), and what takes over twice PyTorch's time."""
    chosen = [name for name in PIECES if not names or any(part in name for part in names)]
    if not chosen:
        print(f"no piece's name holds {' or '.join(names)}; the pieces are: {', '.join(PIECES)}")
        return 2
    ours, torch = importlib.import_module("autograd"), importlib.import_module("torch")
    ratios: dict[str, float] = {}
    print(f"{'piece':26s} {'us':>9s} {'torch':>9s} {'ratio':>6s}")
    for name in chosen:
        steps = [make(t, PIECES[name]) for t in (ours, torch)]
        rounds = [[seconds(step, 0.03) * 1e6 for step in steps] for _ in range(3)]
        mine, theirs = (min(times) for times in zip(*rounds, strict=True))
        ratios[name] = mine / theirs
        print(f"{name:26s} {mine:9.1f} {theirs:9.1f} {ratios[name]:6.2f}", flush=True)
    over = [name for name, ratio in ratios.items() if ratio > 2]
    print(
        f"\ngeometric mean {geometric_mean(list(ratios.values())):.2f}; over twice PyTorch's time: {', '.join(over) or 'none'}"
    )
    return 0
