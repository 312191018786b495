"""Wrong gradients in the operations that programs write themselves: activations, losses, norms, cells, scans, renderers.

Each is a ``Function`` as PyTorch programs write it; its backward has one mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd as torch
import nn.functional as F
from autograd.function import Function

from .mutants import MUTANTS, Mutant

RNG = np.random.default_rng(0)


def random(*shape: int, kind: str = "normal") -> Any:
    made = RNG.normal(size=shape)
    if kind == "positive":
        made = np.abs(made) + 0.5
    elif kind == "unit":
        made = RNG.uniform(0.1, 0.9, shape)
    elif kind == "complex":
        made = made + 1j * RNG.normal(size=shape)
    return torch.from_numpy(np.asarray(made)).requires_grad_()


def near_identity() -> Any:
    return torch.from_numpy(2 * np.eye(3) + 0.2 * RNG.normal(size=(3, 3))).requires_grad_()


def wrong(
    family: str, name: str, causes: str, forward: Callable[..., Any], backward: Callable[..., Any], *inputs: Any,
    order: int = 1,
) -> None:  # fmt: skip
    """Seed a mistake: ``forward`` of the inputs, and ``backward`` of the cotangent and the inputs."""

    class Seeded(Function):
        @staticmethod
        def forward(ctx: Any, *saved: Any) -> Any:
            ctx.save_for_backward(*saved)
            return forward(*[x.detach() for x in saved])

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return backward(g, *ctx.saved_tensors)

    MUTANTS.append(Mutant(name, family, tuple(causes.split("|")), Seeded.apply, inputs, order))


# --- activations ---
FAMILY = "activations"
wrong(
    FAMILY,
    "logaddexp exchanged",
    "wrong-argument",
    lambda a, b: torch.logaddexp(a, b),
    lambda g, a, b: (g * torch.sigmoid(b - a), g * torch.sigmoid(a - b)),
    random(3, 4),
    random(3, 4),
)
wrong(
    FAMILY,
    "hypot without root",
    "missing-term",
    lambda a, b: (a * a + b * b).sqrt(),
    lambda g, a, b: (g * a, g * b),
    random(5),
    random(5),
)
wrong(FAMILY, "erf without 2", "factor", torch.erf, lambda g, x: g * torch.exp(-x * x) / np.sqrt(np.pi), random(4))
wrong(
    FAMILY,
    "erf without exp",
    "missing-term",
    torch.erf,
    lambda g, x: g * 2 / np.sqrt(np.pi) * torch.ones_like(x),
    random(4),
)
wrong(
    FAMILY,
    "xlogy: y part sign",
    "sign",
    lambda x, y: x * y.log(),
    lambda g, x, y: (g * y.log(), -g * x / y),
    random(3, kind="positive"),
    random(3, kind="positive"),
)
wrong(
    FAMILY,
    "softsign without square",
    "missing-term",
    lambda x: x / (1 + x.abs()),
    lambda g, x: g / (1 + x.abs()),
    random(6),
)
wrong(
    FAMILY,
    "mish inner term",
    "missing-term",
    lambda x: x * torch.tanh(F.softplus(x)),
    lambda g, x: g * torch.tanh(F.softplus(x)),
    random(6),
)
wrong(
    FAMILY,
    "selu scale",
    "factor",
    lambda x: 1.0507 * torch.where(x > 0, x, 1.6733 * (x.exp() - 1)),
    lambda g, x: g * torch.where(x > 0, torch.ones_like(x), 1.6733 * x.exp()),
    random(8),
)
wrong(
    FAMILY,
    "elu alpha forgotten",
    "partial",
    lambda x: torch.where(x > 0, x, 0.5 * (x.exp() - 1)),
    lambda g, x: g * torch.where(x > 0, torch.ones_like(x), x.exp()),
    random(8),
)
wrong(
    FAMILY,
    "hardsigmoid slope",
    "factor",
    lambda x: (x / 6 + 0.5).clamp(0, 1),
    lambda g, x: g / 3 * ((x > -3) & (x < 3)).double(),
    random(6),
)
wrong(
    FAMILY,
    "gelu tanh: missing cubic",
    "missing-term",
    lambda x: 0.5 * x * (1 + torch.tanh(0.79788456 * (x + 0.044715 * x**3))),
    lambda g, x: (
        g
        * (
            0.5 * (1 + torch.tanh(0.79788456 * (x + 0.044715 * x**3)))
            + 0.5 * x * (1 - torch.tanh(0.79788456 * (x + 0.044715 * x**3)) ** 2) * 0.79788456
        )
    ),
    random(6),
)
wrong(
    FAMILY, "siren: w0 forgotten", "factor", lambda x: torch.sin(30 * x), lambda g, x: g * torch.cos(30 * x), random(5)
)
wrong(
    FAMILY,
    "softcap: 1/cap",
    "factor",
    lambda x: 5 * torch.tanh(x / 5),
    lambda g, x: g * (1 - torch.tanh(x / 5) ** 2) / 5,
    random(5),
)
wrong(
    FAMILY,
    "swiglu: gate's own term",
    "missing-term",
    lambda a, b: a * torch.sigmoid(a) * b,
    lambda g, a, b: (g * b * torch.sigmoid(a), g * a * torch.sigmoid(a)),
    random(3, 4),
    random(3, 4),
)
wrong(
    FAMILY,
    "geglu exchanged halves",
    "transposed",
    lambda x: x[:, :2] * x[:, 2:],
    lambda g, x: torch.cat([g * x[:, :2], g * x[:, 2:]], 1),
    random(3, 4),
)
wrong(
    FAMILY,
    "pow: exponent off by one",
    "missing-term",
    lambda x: x**3,
    lambda g, x: g * 3 * x**3,
    random(4, kind="positive"),
)
wrong(
    FAMILY,
    "pow: base log",
    "missing-term",
    lambda x, y: x**y,
    lambda g, x, y: (g * y * x ** (y - 1), g * x**y * y.log()),
    random(4, kind="positive"),
    random(4, kind="positive"),
)
wrong(FAMILY, "rsqrt -3/2", "factor", lambda x: x.rsqrt(), lambda g, x: -1.5 * g * x**-1.5, random(4, kind="positive"))
wrong(FAMILY, "log1p as log", "missing-term", torch.log1p, lambda g, x: g / x, random(4, kind="positive"))
wrong(FAMILY, "atan as asin", "missing-term", torch.atan, lambda g, x: g / (1 + x * x).sqrt(), random(4))
wrong(
    FAMILY,
    "lerp: weight sign",
    "sign",
    lambda a, b, w: a + w * (b - a),
    lambda g, a, b, w: (g * (1 - w), g * w, g * (a - b)),
    random(3),
    random(3),
    random(3),
)
wrong(
    FAMILY,
    "lerp: ends exchanged",
    "wrong-argument",
    lambda a, b: a + 0.3 * (b - a),
    lambda g, a, b: (g * 0.3, g * 0.7),
    random(3),
    random(3),
)
wrong(
    FAMILY,
    "huber: delta",
    "partial",
    lambda x: torch.where(x.abs() < 1, 0.5 * x * x, x.abs() - 0.5),
    lambda g, x: g * torch.where(x.abs() < 1, x, 2 * x.sign()),
    torch.linspace(-3, 3, 8, dtype=torch.float64).requires_grad_(),
)
wrong(
    FAMILY,
    "smooth l1 at boundary beta",
    "partial",
    lambda x: torch.where(x.abs() < 0.5, x * x, x.abs() - 0.25),
    lambda g, x: g * torch.where(x.abs() < 1, 2 * x, x.sign()),
    torch.linspace(-3, 3, 9, dtype=torch.float64).requires_grad_(),
)
wrong(
    FAMILY,
    "quantile loss sign on one side",
    "partial",
    lambda x: torch.where(x > 0, 0.9 * x, -0.1 * x),
    lambda g, x: g * torch.where(x > 0, torch.full_like(x, 0.9), 0.1),
    random(7),
)
# --- losses of programs ---
FAMILY = "losses of programs"
LABELS = torch.tensor([0, 2, 1, 2])
ONE_HOT = F.one_hot(LABELS, 3).double()
wrong(
    FAMILY,
    "bce logits: no target",
    "missing-term",
    lambda x: (F.softplus(x) - x * ONE_HOT).sum(),
    lambda g, x: g * torch.sigmoid(x),
    random(4, 3),
)
wrong(
    FAMILY,
    "bce mean forgotten",
    "missing-mean",
    lambda x: F.binary_cross_entropy_with_logits(x, ONE_HOT),
    lambda g, x: g * (torch.sigmoid(x) - ONE_HOT),
    random(4, 3),
)
wrong(
    FAMILY,
    "focal: modulating term",
    "missing-term",
    lambda x: (-((1 - x) ** 2) * x.log()).sum(),
    lambda g, x: -g * (1 - x) ** 2 / x,
    random(5, kind="unit"),
)
wrong(
    FAMILY,
    "dice: denominator",
    "missing-term",
    lambda p: 1 - 2 * (p * ONE_HOT).sum() / (p.sum() + ONE_HOT.sum()),
    lambda g, p: -2 * g * ONE_HOT / (p.sum() + ONE_HOT.sum()),
    random(4, 3, kind="unit"),
)
wrong(
    FAMILY,
    "kl: target in place of log",
    "missing-term",
    lambda q: (ONE_HOT * 0.8 + 0.05).mul((ONE_HOT * 0.8 + 0.05).log() - q.log()).sum(),
    lambda g, q: -g * (ONE_HOT * 0.8 + 0.05),
    random(4, 3, kind="unit"),
)
wrong(
    FAMILY,
    "cross entropy: batch mean over classes",
    "factor",
    lambda x: F.cross_entropy(x, LABELS),
    lambda g, x: g * (x.softmax(1) - ONE_HOT) / 3,
    random(4, 3),
)
wrong(
    FAMILY,
    "ce: softmax over batch",
    "missing-term",
    lambda x: F.cross_entropy(x, LABELS, reduction="sum"),
    lambda g, x: g * (x.softmax(0) - ONE_HOT),
    random(4, 3),
)
wrong(
    FAMILY,
    "ce: label smoothing ignored",
    "missing-term",
    lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.2, reduction="sum"),
    lambda g, x: g * (x.softmax(1) - ONE_HOT),
    random(4, 3),
)
wrong(
    FAMILY,
    "hinge without mask",
    "partial",
    lambda x: (1 - x).clamp(min=0).sum(),
    lambda g, x: -g * torch.ones_like(x),
    torch.linspace(-2, 3, 8, dtype=torch.float64).requires_grad_(),
)
wrong(
    FAMILY,
    "mse of two: target grad missing",
    "detached",
    lambda a, b: ((a - b) ** 2).mean(),
    lambda g, a, b: (g * 2 * (a - b) / a.numel(), None),
    random(3, 2),
    random(3, 2),
)
wrong(
    FAMILY,
    "mse of two: target sign",
    "sign",
    lambda a, b: ((a - b) ** 2).mean(),
    lambda g, a, b: (g * 2 * (a - b) / a.numel(), g * 2 * (a - b) / a.numel()),
    random(3, 2),
    random(3, 2),
)
wrong(
    FAMILY,
    "triplet: negative missing",
    "wrong-argument|missing-term",
    lambda a, p, n: ((a - p) ** 2 - (a - n) ** 2).sum(),
    lambda g, a, p, n: (2 * g * (a - p), -2 * g * (a - p), 2 * g * (a - n)),
    random(3, 2),
    random(3, 2),
    random(3, 2),
)
wrong(
    FAMILY,
    "cosine similarity: no projection",
    "missing-term",
    lambda a, b: (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)),
    lambda g, a, b: (
        (g / (a.norm(dim=1) * b.norm(dim=1)))[:, None] * b,
        (g / (a.norm(dim=1) * b.norm(dim=1)))[:, None]
        * (a - (a * b).sum(1, keepdim=True) * b / b.norm(dim=1, keepdim=True) ** 2),
    ),
    random(3, 4),
    random(3, 4),
)
wrong(
    FAMILY,
    "gaussian nll: log var",
    "missing-term",
    lambda m, s: (s.log() + m**2 / (2 * s * s)).sum(),
    lambda g, m, s: (g * m / s**2, g * (-m * m / s**3)),
    random(4),
    random(4, kind="positive"),
)
wrong(
    FAMILY,
    "vae kl: 1 forgotten",
    "missing-term",
    lambda m, v: -0.5 * (1 + v - m * m - v.exp()).sum(),
    lambda g, m, v: (g * m, 0.5 * g * v.exp()),
    random(4),
    random(4),
)
# --- linear algebra ---
FAMILY = "linear algebra"
wrong(
    FAMILY,
    "inverse: one side transposed",
    "transposed",
    torch.inverse,
    lambda g, x: -torch.inverse(x).T @ g @ torch.inverse(x),
    near_identity(),
)
wrong(
    FAMILY,
    "inverse: sign",
    "sign",
    torch.inverse,
    lambda g, x: torch.inverse(x).T @ g @ torch.inverse(x).T,
    near_identity(),
)
wrong(
    FAMILY,
    "det: inverse not transposed",
    "transposed",
    torch.det,
    lambda g, x: g * torch.det(x) * torch.inverse(x),
    near_identity(),
)
wrong(
    FAMILY,
    "logdet with det",
    "missing-term",
    lambda x: torch.det(x).log(),
    lambda g, x: g * torch.det(x) * torch.inverse(x).T,
    near_identity(),
)
wrong(
    FAMILY,
    "trace of product",
    "transposed",
    lambda a, b: torch.trace(a @ b),
    lambda g, a, b: (g * b, g * a.T),
    random(3, 3),
    random(3, 3),
)
wrong(
    FAMILY,
    "outer: exchanged",
    "transposed",
    lambda a, b: a[:, None] * b[None],
    lambda g, a, b: (g.T @ b, g @ a),
    random(3),
    random(3),
)
wrong(
    FAMILY,
    "outer: no sum",
    "missing-reduction",
    lambda a, b: a[:, None] * b[None],
    lambda g, a, b: (g[:, 0] * b[0], g.T @ a),
    random(3),
    random(4),
)
wrong(
    FAMILY,
    "cross: sign",
    "sign",
    lambda a, b: torch.linalg.cross(a, b),
    lambda g, a, b: (torch.linalg.cross(g, b), torch.linalg.cross(g, a)),
    random(2, 3),
    random(2, 3),
)
wrong(
    FAMILY,
    "quadratic form not symmetrised",
    "missing-term",
    lambda x, A: x @ A @ x,
    lambda g, x, A: (g * (A @ x), g * torch.outer(x, x)),
    random(3),
    random(3, 3),
)
wrong(
    FAMILY,
    "bilinear: sum over batch lost",
    "missing-reduction",
    lambda x, A, y: torch.einsum("bi,ij,bj->b", x, A, y),
    lambda g, x, A, y: (g[:, None] * (y @ A.T), g[0] * torch.outer(x[0], y[0]), g[:, None] * (x @ A)),
    random(4, 2),
    random(2, 3),
    random(4, 3),
)
wrong(
    FAMILY,
    "einsum attention scores: k for q",
    "wrong-argument",
    lambda q, k: torch.einsum("bid,bjd->bij", q, k),
    lambda g, q, k: (torch.einsum("bij,bjd->bid", g, k), torch.einsum("bij,bjd->bid", g.transpose(1, 2), k)),
    random(2, 3, 4),
    random(2, 3, 4),
)


def attention_back(g, q, k, v):
    p = (q @ k.mT / 2).softmax(-1)
    dv = p.mT @ g
    dp = g @ v.mT
    ds = p * (dp - (dp * p).sum(-1, keepdim=True))
    return ds @ k, ds.mT @ q / 2, dv


wrong(
    FAMILY,
    "attention: scale lost for q",
    "factor",
    lambda q, k, v: (q @ k.mT / 2).softmax(-1) @ v,
    attention_back,
    random(2, 3, 4),
    random(2, 3, 4),
    random(2, 3, 4),
)
wrong(
    FAMILY,
    "causal mask lost in backward",
    "partial",
    lambda q, k, v: torch.tril(q @ k.mT) @ v,
    lambda g, q, k, v: ((g @ v.mT) @ k, torch.tril(g @ v.mT).mT @ q, torch.tril(q @ k.mT).mT @ g),
    random(3, 4),
    random(3, 4),
    random(3, 4),
)
wrong(
    FAMILY,
    "linear: weight grad transposed (square)",
    "transposed",
    lambda x, w: x @ w.T,
    lambda g, x, w: (g @ w, x.T @ g),
    random(5, 3),
    random(3, 3),
)
wrong(
    FAMILY,
    "linear: batch mean of weight grad",
    "factor",
    lambda x, w: x @ w.T,
    lambda g, x, w: (g @ w, g.T @ x / len(x)),
    random(5, 3),
    random(2, 3),
)
wrong(
    FAMILY,
    "kron: a and b",
    "transposed",
    lambda a, b: torch.kron(a, b),
    lambda g, a, b: (
        torch.einsum("ipjq,pq->ij", g.reshape(2, 2, 2, 2), b),
        torch.einsum("piqj,pq->ij", g.reshape(2, 2, 2, 2).permute(1, 0, 3, 2), a),
    ),
    random(2, 2),
    random(2, 2),
)
