"""An encoder-decoder Transformer that normalises written dates: "march the 3rd, 2021" becomes "2021-03-03".

    python examples/date_transformer.py --epochs 20

The dates are made here, in a dozen ways of writing; the accuracy is that of whole dates nobody has seen.
"""

from __future__ import annotations

import calendar
import datetime
import math
import random
from typing import Any

from common import epochs, parse, parser
from tqdm import tqdm

import autograd as torch
import nn
import nn.functional as F
import optim
from autograd.utils.data import DataLoader, TensorDataset

LETTERS = ["<pad>", "<start>", *"abcdefghijklmnopqrstuvwxyz0123456789 ,./-"]
NUMBER = {c: i for i, c in enumerate(LETTERS)}
SOURCE, TARGET = 30, 10


def written(day: datetime.date, rng: random.Random) -> str:
    """One of many ways to write a date."""
    month, short = calendar.month_name[day.month].lower(), calendar.month_abbr[day.month].lower()
    ending = "th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    ways = [
        f"{month} {day.day}, {day.year}", f"{short} {day.day} {day.year}", f"{day.day} {month} {day.year}",
        f"{day.day}{ending} {month} {day.year}", f"{month} the {day.day}{ending}, {day.year}", f"{day.day}/{short}/{day.year}",
        f"{day.day:02}.{day.month:02}.{day.year}", f"{day.year}/{day.month}/{day.day}", f"{day.year} {month} {day.day}",
        f"the {day.day}{ending} of {month} {day.year}", f"{short}-{day.day:02}-{day.year}", f"{day.year:04}{day.month:02}{day.day:02}",
    ]  # fmt: skip
    return rng.choice(ways)


def encode(texts: list[str], length: int) -> Any:
    return torch.tensor([[NUMBER[c] for c in t] + [0] * (length - len(t)) for t in texts])


def dates(n: int, seed: int) -> TensorDataset:
    rng = random.Random(seed)
    days = [datetime.date(1900, 1, 1) + datetime.timedelta(days=rng.randrange(60_000)) for _ in range(n)]
    return TensorDataset(encode([written(d, rng) for d in days], SOURCE), encode([d.isoformat() for d in days], TARGET))


class Normaliser(nn.Module):
    def __init__(self, d: int = 64, heads: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(LETTERS), d, padding_idx=0)
        at = torch.arange(SOURCE).unsqueeze(1) * torch.exp(torch.arange(0, d, 2) * (-math.log(10_000.0) / d))
        self.register_buffer("position", torch.stack([at.sin(), at.cos()], dim=2).flatten(1), persistent=False)
        self.transformer = nn.Transformer(
            d, heads, layers, layers, 4 * d, dropout=0.0, batch_first=True, norm_first=True
        )
        self.out = nn.Linear(d, len(LETTERS))

    def embedded(self, tokens: Any) -> Any:
        return self.embed(tokens) * math.sqrt(self.embed.embedding_dim) + self.position[: tokens.shape[1]]

    def forward(self, source: Any, target: Any) -> Any:
        """Scores of each next letter of the target, [N, T, letters]."""
        padding = source == 0
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        y = self.transformer(
            self.embedded(source), self.embedded(target), tgt_mask=mask,
            src_key_padding_mask=padding, memory_key_padding_mask=padding, tgt_is_causal=True,
        )  # fmt: skip
        return self.out(y)

    @torch.no_grad()
    def normalise(self, source: Any) -> Any:
        """The most likely letter, ten times."""
        self.eval()
        target = torch.full((len(source), 1), NUMBER["<start>"])
        for _ in range(TARGET):
            best = self(source, target)[:, -1].argmax(dim=1, keepdim=True)
            target = torch.cat([target, best], dim=1)
        self.train()
        return target[:, 1:]


def main() -> None:
    options = parse(parser(__doc__, epochs=20, batch_size=64))
    train = dates(options.limit or 12_000, options.seed)
    test = dates(min(1_000, len(train)), options.seed + 1).tensors
    loader = DataLoader(train, options.batch_size, shuffle=True)
    model = Normaliser()
    optimizer = optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98))
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer, 5e-3, total_steps=max(2, options.epochs * len(loader)), pct_start=0.2
    )

    def right() -> float:
        return (model.normalise(test[0]) == test[1]).all(dim=1).float().mean().item()

    def one(epoch: int) -> str:
        total = 0.0
        for source, target in tqdm(loader, leave=False, unit="step", mininterval=0.5):
            shifted = F.pad(target, (1, -1), value=NUMBER["<start>"])
            loss = F.cross_entropy(model(source, shifted).flatten(0, 1), target.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(source)
        return f"loss {total / len(train):.4f}, whole dates right {100 * right():.1f} %"

    epochs(options.epochs, one)
    for source, guess in zip(test[0][:6].tolist(), model.normalise(test[0][:6]).tolist(), strict=True):
        print(f"{''.join(LETTERS[i] for i in source if i):30s} {''.join(LETTERS[i] for i in guess)}")
    print(f"test accuracy {100 * right():.1f} %")


if __name__ == "__main__":
    main()
