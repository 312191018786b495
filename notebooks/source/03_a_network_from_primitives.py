# %% [markdown]
# # 3 · A neural network from primitives
#
# **You will learn** to build and train a classifier with nothing but tensors, `@`, `relu` and `backward()`, and to see in a
# picture what it has learned. No layers, no optimizer: those come in the next notebook, and will hold no surprise.

# %%
import numpy as np

import autograd as torch
from autograd.visualize import draw, plot_decision_boundary, plot_history

# %% [markdown]
# ## Points that no line can part
#
# Two spirals, red and blue. Which colour belongs to a place?

# %%
rng = np.random.default_rng(0)


def spirals(n):
    t = np.sqrt(rng.random((2, n))) * 3 * np.pi / 2 + 0.5
    turn = np.array([[0.0], [np.pi]])
    points = np.stack([t * np.cos(t + turn), t * np.sin(t + turn)], -1) / 4 + rng.normal(0, 0.06, (2, n, 2))
    return points.reshape(-1, 2).astype(np.float32), np.repeat([0, 1], n)


points, labels = spirals(150)
x, y = torch.tensor(points), torch.tensor(labels)
x.shape, y.shape

# %% [markdown]
# ## The network
#
# Two hidden layers of 32 numbers. A layer multiplies by a matrix, adds a vector, and drops what is negative.

# %%
torch.manual_seed(0)
sizes = [2, 32, 32, 2]
weights = [(torch.randn(m, n) * (2 / m) ** 0.5).requires_grad_() for m, n in zip(sizes, sizes[1:])]
biases = [torch.zeros(n, requires_grad=True) for n in sizes[1:]]
names = {f"W{i}": w for i, w in enumerate(weights)} | {f"b{i}": b for i, b in enumerate(biases)}


def network(x):
    for w, b in zip(weights[:-1], biases[:-1]):
        x = (x @ w + b).relu()
    return x @ weights[-1] + biases[-1]


def cross_entropy(scores, labels):
    scores = scores - scores.amax(1, keepdim=True)
    log_probabilities = scores - scores.exp().sum(1, keepdim=True).log()
    return -log_probabilities[torch.arange(len(labels)), labels].mean()


draw(cross_entropy(network(x), y), params=names | {"x": x}, show=("shape", "grad"))

# %% [markdown]
# ## Learning
#
# Compute the loss, walk back, take a small step downhill; again. (With a little momentum: each step remembers the last.)

# %%
velocity = {name: torch.zeros_like(p) for name, p in names.items()}
history = {"loss": [], "accuracy": []}

for step in range(600):
    scores = network(x)
    loss = cross_entropy(scores, y)
    loss.backward()
    with torch.no_grad():
        for name, p in names.items():
            velocity[name] = 0.9 * velocity[name] - 0.05 * p.grad
            p += velocity[name]
            p.grad = None
    history["loss"].append(loss.item())
    history["accuracy"].append((scores.argmax(1) == y).float().mean().item())

print(f"loss {loss.item():.4f}, accuracy {history['accuracy'][-1]:.1%}")
plot_history(history, per="step")

# %%
plot_decision_boundary(network, x, y)

# %% [markdown]
# New points from the same spirals tell whether it has understood or learned by heart:

# %%
new_points, new_labels = spirals(500)
with torch.no_grad():
    right = (network(torch.tensor(new_points)).argmax(1) == torch.tensor(new_labels)).float().mean()
print(f"{right.item():.1%} of new points")

# %% [markdown]
# ## Exercises
#
# **1.** Take `relu` away. What does the boundary become, and why?
#
# <details><summary>solution</summary>
#
# A straight line: a product of matrices is a matrix, so three linear layers are one.
# </details>
#
# **2.** Start all weights at zero instead. What happens to the gradients?
#
# <details><summary>solution</summary>
#
# Every hidden number is 0 and stays so: the gradient of each weight is a product with a zero. Only the last bias moves.
# Randomness breaks the symmetry.
# </details>
#
# **3.** Why does `cross_entropy` first take away the largest score?
#
# <details><summary>solution</summary>
#
# `exp(1000)` is infinite. A constant added to all scores changes no probability, and with the largest at 0 nothing overflows.
# </details>
