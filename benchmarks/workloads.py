"""The programs that are timed, written once for every library that speaks PyTorch's names.

A workload is a function of a ``Library`` that sets everything up and returns ``step``: one unit of work, whose value
(a loss or a checksum, as a Tensor or a float) is compared between the libraries. Weights and data come from NumPy with a fixed
seed, so that all of them compute the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[], Any]
WORKLOADS: dict[str, Callable[["Library"], Step]] = {}


@dataclass
class Library:
    """One of the libraries under test, by PyTorch's parts."""

    name: str
    torch: Any
    nn: Any
    F: Any
    optim: Any
    data: Any

    def tensor(self, array: np.ndarray) -> Any:
        return self.torch.tensor(array)

    def same_weights(self, model: Any, scale: float = 0.05) -> Any:
        """Fill the parameters with numbers that depend on their order and shape only."""
        rng = np.random.default_rng(1)
        with self.torch.no_grad():
            for p in model.parameters():
                p[...] = self.torch.tensor((rng.standard_normal(tuple(p.shape)) * scale).astype(np.float32))
        return model


def workload(function: Callable[[Library], Step]) -> Callable[[Library], Step]:
    """Register a workload under its name."""
    WORKLOADS[function.__name__] = function
    return function


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def labels(n: int, classes: int = 10, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, n)


def classifier(lib: Library, model: Any, x: Any, y: Any, optimizer: Any) -> Step:
    """One training step with softmax cross-entropy."""

    def step() -> Any:
        optimizer.zero_grad()
        loss = lib.F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def perceptron(lib: Library, *sizes: int) -> Any:
    layers: list[Any] = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        layers += [lib.nn.Linear(a, b), lib.nn.ReLU()]
    return lib.same_weights(lib.nn.Sequential(*layers[:-1]))


@workload
def mlp_128(lib: Library) -> Step:
    """784-128-10, batch 32, Adam."""
    model = perceptron(lib, 784, 128, 10)
    return classifier(
        lib, model, lib.tensor(floats(32, 784)), lib.tensor(labels(32)), lib.optim.Adam(model.parameters())
    )


@workload
def mnist_mlp(lib: Library) -> Step:
    """784-128-64-10, batch 32, Adam: the example's training step."""
    model = perceptron(lib, 784, 128, 64, 10)
    return classifier(
        lib, model, lib.tensor(floats(32, 784)), lib.tensor(labels(32)), lib.optim.Adam(model.parameters())
    )


@workload
def mlp_512(lib: Library) -> Step:
    """784-512-256-10, batch 128, SGD with momentum."""
    model = perceptron(lib, 784, 512, 256, 10)
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return classifier(lib, model, lib.tensor(floats(128, 784)), lib.tensor(labels(128)), optimizer)


def digit_cnn(lib: Library) -> Any:
    nn = lib.nn
    return lib.same_weights(
        nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
        )
    )  # fmt: skip


@workload
def mnist_cnn(lib: Library) -> Step:
    """Conv 32, conv 64, max-pool, dense 128, dense 10; batch 128, Adadelta."""
    model = digit_cnn(lib)
    optimizer = lib.optim.Adadelta(model.parameters(), lr=1.0)
    return classifier(lib, model, lib.tensor(floats(128, 1, 28, 28)), lib.tensor(labels(128)), optimizer)


def residual_block(lib: Library, a: int, b: int, stride: int) -> Any:
    nn = lib.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(a, b, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(b)
            self.conv2 = nn.Conv2d(b, b, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(b)
            self.short = (
                nn.Sequential() if a == b else nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))
            )

        def forward(self, x: Any) -> Any:
            out = lib.F.relu(self.bn1(self.conv1(x)))
            return lib.F.relu(self.bn2(self.conv2(out)) + self.short(x))

    return Block()


@workload
def resnet(lib: Library) -> Step:
    """A small ResNet on 3x32x32 images, batch 16, BatchNorm, SGD with momentum."""
    nn = lib.nn
    model = lib.same_weights(
        nn.Sequential(
            nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            residual_block(lib, 16, 16, 1), residual_block(lib, 16, 32, 2), residual_block(lib, 32, 64, 2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
        )
    )  # fmt: skip
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return classifier(lib, model, lib.tensor(floats(16, 3, 32, 32)), lib.tensor(labels(16)), optimizer)


def small_gpt(
    lib: Library, vocabulary: int = 96, d: int = 128, layers: int = 4, heads: int = 4, context: int = 64
) -> Any:
    nn, F, torch = lib.nn, lib.F, lib.torch

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
            self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
            self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

        def forward(self, x: Any) -> Any:
            b, t, _ = x.shape
            q, k, v = self.qkv(self.ln1(x)).split(d, dim=2)
            q, k, v = (z.view(b, t, heads, d // heads).transpose(1, 2) for z in (q, k, v))
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.proj(a.transpose(1, 2).contiguous().view(b, t, d))
            return x + self.down(F.gelu(self.up(self.ln2(x))))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.token, self.position = nn.Embedding(vocabulary, d), nn.Embedding(context, d)
            self.blocks = nn.ModuleList([Block() for _ in range(layers)])
            self.ln, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary, bias=False)

        def forward(self, tokens: Any) -> Any:
            x = self.token(tokens) + self.position(torch.arange(tokens.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.ln(x))

    return lib.same_weights(GPT())


@workload
def gpt(lib: Library) -> Step:
    """GPT with 4 layers, d 128, 4 heads, T 64, batch 12, AdamW."""
    model = small_gpt(lib)
    optimizer = lib.optim.AdamW(model.parameters(), lr=1e-3)
    tokens = lib.tensor(labels(12 * 65, 96).reshape(12, 65))
    x, y = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()

    def step() -> Any:
        optimizer.zero_grad()
        loss = lib.F.cross_entropy(model(x).view(-1, 96), y.view(-1))
        loss.backward()
        optimizer.step()
        return loss

    return step


@workload
def lstm(lib: Library) -> Step:
    """LSTM 64 -> 128 over 50 steps, batch 32, forward and backward."""
    model = lib.same_weights(lib.nn.LSTM(64, 128, batch_first=True))
    x = lib.tensor(floats(32, 50, 64))

    def step() -> Any:
        model.zero_grad()
        out, _ = model(x)
        loss = (out * out).mean()
        loss.backward()
        return loss

    return step


@workload
def gru_cell(lib: Library) -> Step:
    """GRUCell 32 -> 64 in a Python loop of 50 steps, batch 16."""
    cell = lib.same_weights(lib.nn.GRUCell(32, 64))
    x = lib.tensor(floats(50, 16, 32))

    def step() -> Any:
        cell.zero_grad()
        h = lib.torch.zeros(16, 64)
        for t in range(50):
            h = cell(x[t], h)
        loss = (h * h).mean()
        loss.backward()
        return loss

    return step


@workload
def tiny_ops(lib: Library) -> Step:
    """1,000 operations in a chain on ten elements, forward and backward."""
    x = lib.tensor(floats(10))
    x.requires_grad_()
    scale = lib.tensor(np.full(10, 1.0001, np.float32))

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(250):
            y = y * scale + 0.001
            y = -y
            y = y - scale
        loss = y.sum()
        loss.backward()
        return loss

    return step


@workload
def elementwise_1m(lib: Library) -> Step:
    """An expression of 8 elementwise operations on 1,000,000 elements, forward and backward."""
    x = lib.tensor(floats(1_000_000))
    x.requires_grad_()

    def step() -> Any:
        x.grad = None
        loss = ((x * 2 + 1).tanh() * (x * x + 1).sqrt() - x.exp() * 0.01).mean()
        loss.backward()
        return loss

    return step


@workload
def gradient_penalty(lib: Library) -> Step:
    """Double backward: the gradient penalty of a 64-128-128-1 critic, batch 64."""
    nn, torch = lib.nn, lib.torch
    critic = lib.same_weights(
        nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
    )
    x = lib.tensor(floats(64, 64))
    x.requires_grad_()

    def step() -> Any:
        critic.zero_grad()
        (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        loss = ((g.norm(dim=1) - 1) ** 2).mean()
        loss.backward()
        return loss

    return step


@workload
def policy_step(lib: Library) -> Step:
    """REINFORCE: 20 single-sample forwards of 4-64-2, then one backward and Adam."""
    nn, F, torch = lib.nn, lib.F, lib.torch
    policy = lib.same_weights(nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 2)))
    optimizer = lib.optim.Adam(policy.parameters(), lr=1e-3)
    states = [lib.tensor(floats(1, 4, seed=i)) for i in range(20)]

    def step() -> Any:
        chosen = []
        for i, state in enumerate(states):
            logp = F.log_softmax(policy(state), dim=1)
            chosen.append(logp[0, i % 2] * (1.0 - 0.1 * i))
        loss = -torch.stack(chosen).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


@workload
def cnn_inference(lib: Library) -> Step:
    """The digit CNN under no_grad, batch 128."""
    model = digit_cnn(lib).eval()
    x = lib.tensor(floats(128, 1, 28, 28))

    def step() -> Any:
        with lib.torch.no_grad():
            return model(x).sum()

    return step


@workload
def gpt_inference(lib: Library) -> Step:
    """The GPT under no_grad, batch 12."""
    model = small_gpt(lib).eval()
    tokens = lib.tensor(labels(12 * 64, 96).reshape(12, 64))

    def step() -> Any:
        with lib.torch.no_grad():
            return model(tokens).mean()

    return step


@workload
def mnist_epoch(lib: Library) -> Step:
    """DataLoader and training end to end: one pass over 6,000 digits-sized images, batch 32, Adam."""
    model = perceptron(lib, 784, 128, 64, 10)
    optimizer = lib.optim.Adam(model.parameters())
    dataset = lib.data.TensorDataset(lib.tensor(floats(6000, 784)), lib.tensor(labels(6000)))
    loader = lib.data.DataLoader(dataset, batch_size=32, shuffle=False)

    def step() -> Any:
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = lib.F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total

    return step
