"""Who is speaking? Sequences of different lengths, packed, through an LSTM (the Japanese Vowels data: 9 speakers).

    python examples/japanese_vowels_lstm.py --epochs 30

12 cepstrum coefficients over 7 to 29 frames; 270 sequences to train, 370 to test. The data come in the PyPI package
``aeon`` (pip install --no-deps aeon==1.6.0), or give their folder: --data FOLDER with the two .ts files.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from common import figure, parse, parser
from tqdm import tqdm

import autograd as torch
import nn
import optim
from autograd.utils.data import DataLoader
from nn.utils.rnn import pack_padded_sequence, pad_sequence


def sequences(path: Path) -> list[tuple[Any, int]]:
    """(frames [T, 12], speaker) of each line of a .ts file: channels are parted by colons, the class comes last."""
    found = []
    for line in path.read_text(encoding="utf-8").lower().splitlines():
        if not line or line[0] in "#@":
            continue
        *channels, speaker = line.split(":")
        columns = [[float(v) for v in channel.split(",")] for channel in channels]
        frames = torch.tensor([list(frame) for frame in zip(*columns, strict=True)])
        found.append((frames, int(speaker) - 1))
    return found


def folder(data: Path) -> Path:
    """Where the two files are: in the given folder, or in the installed package."""
    if (data / "JapaneseVowels_TRAIN.ts").exists():
        return data
    spec = importlib.util.find_spec("aeon")
    if spec is not None and spec.submodule_search_locations:
        for path in Path(spec.submodule_search_locations[0]).rglob("JapaneseVowels_TRAIN.ts"):
            return path.parent
    raise SystemExit(
        f"JapaneseVowels_TRAIN.ts is not in {data} and the package aeon is not installed. "
        "Run pip install --no-deps aeon==1.6.0, or give the folder of the .ts files with --data"
    )


def collate(samples: list[tuple[Any, int]]) -> tuple[Any, Any, Any]:
    """Padded frames [T, B, 12], lengths [B], speakers [B]."""
    frames, speakers = zip(*samples, strict=True)
    return pad_sequence(list(frames)), torch.tensor([len(f) for f in frames]), torch.tensor(speakers)


class Speaker(nn.Module):
    def __init__(self, channels: int = 12, hidden: int = 64, speakers: int = 9) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, hidden, bidirectional=True)
        self.drop, self.out = nn.Dropout(0.3), nn.Linear(2 * hidden, speakers)

    def forward(self, frames: Any, lengths: Any) -> Any:
        packed = pack_padded_sequence(frames, lengths, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.out(self.drop(torch.cat([h[0], h[1]], dim=1)))


def accuracy(model: Speaker, loader: DataLoader) -> float:
    model.eval()
    with torch.no_grad():
        right = [(model(x, n).argmax(1) == y).float() for x, n, y in loader]
    model.train()
    return torch.cat(right).mean().item()


def main() -> None:
    options = parse(parser(__doc__, epochs=30, batch_size=18))
    where = folder(options.data)
    train = sequences(where / "JapaneseVowels_TRAIN.ts")[: options.limit]
    test = sequences(where / "JapaneseVowels_TEST.ts")[: options.limit]
    print(
        f"{len(train)} sequences to train, {len(test)} to test, {min(len(f) for f, _ in train)} to {max(len(f) for f, _ in train)} frames"
    )
    loader = DataLoader(train, options.batch_size, shuffle=True, collate_fn=collate)
    tester = DataLoader(test, 64, collate_fn=collate)
    model = Speaker()
    optimizer = optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-4)
    losses, scores = [], []
    for epoch in tqdm(range(options.epochs), unit="epoch"):
        total = 0.0
        for x, lengths, y in loader:
            loss = nn.functional.cross_entropy(model(x, lengths), y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / len(train))
        scores.append(accuracy(model, tester))
    fig, axes = figure(columns=2)
    axes[0, 0].plot(losses)
    axes[0, 0].set_title("training loss", loc="left")
    axes[0, 1].plot([100 * s for s in scores])
    axes[0, 1].set_title("test accuracy, %", loc="left")
    fig.savefig(options.out / "japanese_vowels.png", dpi=140)
    print("curves", options.out / "japanese_vowels.png")
    print(f"test accuracy {100 * scores[-1]:.1f} %")


if __name__ == "__main__":
    main()
