# %% [markdown]
# # 8 · A small GPT
#
# **You will learn** how a language model is put together - tokens, embeddings, attention that may not look ahead, a stack of equal
# blocks - and watch one learn to spell. The text comes with Python itself: its help topics.

# %%
from pydoc_data.topics import topics

import autograd as torch
import nn
import nn.functional as F
import optim
from autograd.visualize import draw, plot_attention, plot_history, summary

torch.manual_seed(0)
text = "\n".join(topics.values())
alphabet = sorted(set(text))
number = {c: i for i, c in enumerate(alphabet)}
data = torch.tensor([number[c] for c in text])
len(text), len(alphabet), text[2000:2160]

# %% [markdown]
# ## The model
#
# In each block every position looks at those before it (attention), then thinks by itself (two linear layers). What it finds is added
# to what it had.

# %%
CONTEXT, WIDTH, HEADS, DEPTH = 48, 64, 4, 3


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.think = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def heads(self, x):
        n, t, _ = x.shape
        return [part.reshape(n, t, HEADS, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)]

    def forward(self, x):
        q, k, v = self.heads(x)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(x.shape))
        return x + self.think(self.norm2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(len(alphabet), WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(DEPTH)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(alphabet))

    def forward(self, tokens):
        x = self.token(tokens) + self.place(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(x)))


model = GPT()
summary(model, (1, CONTEXT))

# %% [markdown]
# The graph of a step. The three blocks look alike, so the picture draws one and says ×3.


# %%
def batch(n=24):
    starts = torch.randint(0, len(data) - CONTEXT - 1, (n,)).tolist()
    windows = torch.stack([data[s : s + CONTEXT + 1] for s in starts])
    return windows[:, :-1], windows[:, 1:]


def loss_of(x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


draw(loss_of(*batch(2)), depth=2, show=("shape",))

# %% [markdown]
# ## Training
#
# The goal at each position: guess the next character. An untrained model guesses blindly, at a loss of `log(alphabet)`.

# %%
optimizer = optim.AdamW(model.parameters(), lr=3e-3)
history = {"loss": []}
for step in range(301):
    loss = loss_of(*batch())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history["loss"].append(loss.item())
    if step % 75 == 0:
        print(f"step {step:4}: loss {loss.item():.3f}")

plot_history(history, per="step")

# %% [markdown]
# ## Writing


# %%
def write(start, length=240, temperature=0.7):
    tokens = [number[c] for c in start]
    model.eval()
    with torch.no_grad():
        for _ in range(length):
            scores = model(torch.tensor([tokens[-CONTEXT:]]))[0, -1] / temperature
            tokens.append(torch.multinomial(scores.softmax(-1), 1).item())
    model.train()
    return "".join(alphabet[t] for t in tokens)


print(write("The "))

# %% [markdown]
# ## Where does it look?
#
# The weights of the first block's attention for a short line: row by row, which earlier characters each one reads.

# %%
line = "the expression list"
with torch.no_grad():
    x = model.token(torch.tensor([[number[c] for c in line]])) + model.place(torch.arange(len(line)))
    q, k, v = model.blocks[0].heads(x)
    scores = q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
    future = torch.ones(len(line), len(line), dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, float("-inf")).softmax(-1)
plot_attention(weights, rows=list(line), columns=list(line))

# %% [markdown]
# ## Exercises
#
# **1.** Set `is_causal=False`. The loss falls much faster. Why is the model useless?
#
# <details><summary>solution</summary>
#
# Each position may look at the next character, which is the answer. When writing there is no next character to look at.
# </details>
#
# **2.** Remove `self.place`. What can the model no longer tell?
#
# <details><summary>solution</summary>
#
# Order: attention sees a set. (With a causal mask a little order is left: how many characters there are before.)
# </details>
#
# **3.** What do temperatures 0.2 and 1.5 do to the text?
#
# <details><summary>solution</summary>
#
# Low: it repeats what is most likely. High: it becomes noise.
# </details>
