"""A small GPT on characters of real text: the help texts that come with Python (465,000 characters).

    python examples/char_gpt.py --epochs 3

Four layers, 4 heads, 128 dimensions, 64 characters of context. Prints the validation loss and a sample.
"""

from __future__ import annotations

import math
import pydoc_data.topics
from typing import Any

from common import figure, parse, parser
from tqdm import tqdm

import autograd as torch
import nn
import nn.functional as F
import optim

CONTEXT = 64


class Block(nn.Module):
    def __init__(self, d: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d), nn.Dropout(dropout))

    def forward(self, x: Any) -> Any:
        b, t, d = x.shape
        q, k, v = (
            z.view(b, t, self.heads, d // self.heads).transpose(1, 2) for z in self.qkv(self.ln1(x)).split(d, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout if self.training else 0.0, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).contiguous().view(b, t, d))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocabulary: int, d: int = 128, layers: int = 4, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, d), nn.Embedding(CONTEXT, d)
        self.blocks = nn.Sequential(*[Block(d, heads, dropout) for _ in range(layers)])
        self.ln, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, tokens: Any) -> Any:
        x = self.token(tokens) + self.position(torch.arange(tokens.shape[1]))
        return self.head(self.ln(self.blocks(x)))

    @torch.no_grad()
    def generate(self, tokens: Any, n: int, temperature: float = 0.8) -> Any:
        self.eval()
        for _ in range(n):
            scores = self(tokens[:, -CONTEXT:])[:, -1] / temperature
            tokens = torch.cat([tokens, torch.multinomial(F.softmax(scores, dim=-1), 1)], dim=1)
        return tokens


def windows(text: Any, starts: Any) -> tuple[Any, Any]:
    """Inputs and next characters, [B, CONTEXT] each."""
    at = starts.unsqueeze(1) + torch.arange(CONTEXT + 1)
    piece = text[at]
    return piece[:, :-1], piece[:, 1:]


def loss_on(model: GPT, text: Any, batch: int = 64) -> float:
    """Mean cross-entropy over a text, in windows that follow each other."""
    model.eval()
    starts = torch.arange(0, len(text) - CONTEXT - 1, CONTEXT)
    total, count = 0.0, 0
    with torch.no_grad():
        for some in starts.split(batch):
            x, y = windows(text, some)
            total += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
            count += y.numel()
    model.train()
    return total / count


def main() -> None:
    options = parse(parser(__doc__, epochs=3, batch_size=24))
    text = "\n".join(pydoc_data.topics.topics.values())[: options.limit]
    letters = sorted(set(text))
    number = {c: i for i, c in enumerate(letters)}
    encoded = torch.tensor([number[c] for c in text])
    cut = int(0.9 * len(encoded))
    training, validation = encoded[:cut], encoded[cut:]
    if len(validation) < CONTEXT + 2:
        raise SystemExit(
            f"--limit {options.limit} is too little text: a tenth of it must hold {CONTEXT + 2} characters"
        )
    model = GPT(len(letters))
    steps = max(1, options.epochs * len(training) // (options.batch_size * CONTEXT))
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=max(steps, 2), pct_start=0.1)
    print(
        f"{len(text):,} characters, {len(letters)} distinct, {sum(p.numel() for p in model.parameters()):,} parameters, {steps} steps"
    )
    losses: list[float] = []
    checks: list[tuple[int, float]] = []
    bar = tqdm(range(1, steps + 1), unit="step", mininterval=0.5)
    for step in bar:
        x, y = windows(training, torch.randint(0, len(training) - CONTEXT - 1, (options.batch_size,)))
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
        if step % max(1, steps // 8) == 0:
            checks.append((step, loss_on(model, validation)))
    fig, axes = figure()
    axes[0, 0].plot(losses, lw=0.7, label="training")
    axes[0, 0].plot(*zip(*checks, strict=True), "o-", ms=3, label="validation")
    axes[0, 0].set_title("cross-entropy per character", loc="left")
    axes[0, 0].set_xlabel("step")
    axes[0, 0].legend(frameon=False)
    fig.savefig(options.out / "char_gpt.png", dpi=140)
    sample = model.generate(encoded[:1].unsqueeze(0), 300)[0].tolist()
    print("\n" + "".join(letters[i] for i in sample) + "\n")
    final = loss_on(model, validation)
    print("curve", options.out / "char_gpt.png")
    print(f"validation loss {final:.3f} ({final / math.log(2):.2f} bits per character)")


if __name__ == "__main__":
    main()
