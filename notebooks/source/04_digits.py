# %% [markdown]
# # 4 · Digits, with `nn` and `optim`
#
# **You will learn** the names that programs use: `nn.Module`, `optim.Adam`, `DataLoader`, `cross_entropy`. They are PyTorch's, and
# so are their arguments and results; what you write here runs there after changing the import lines.

# %%
import matplotlib.pyplot as plt

import autograd as torch
import nn
import optim
from autograd.utils.data import DataLoader, TensorDataset
from autograd.vision.datasets import MNIST
from autograd.visualize import draw, plot_gradients, plot_history, summary

_ = torch.manual_seed(0)

# %% [markdown]
# ## The data
#
# 60,000 images of handwritten digits, 28 x 28 pixels. We take 12,000, to be done in seconds.

# %%
train, test = MNIST("data", train=True, download=True), MNIST("data", train=False, download=True)


def prepare(dataset, count):
    images = (dataset.data[:count].float() / 255 - 0.1307) / 0.3081
    return TensorDataset(images.unsqueeze(1), dataset.targets[:count])


train_set, test_set = prepare(train, 12_000), prepare(test, 2_000)
loader = DataLoader(train_set, batch_size=64, shuffle=True)

fig, axes = plt.subplots(1, 10, figsize=(9, 1.2))
for ax, (image, label) in zip(axes, train_set):
    ax.imshow(image[0].numpy(), cmap="gray")
    ax.set_title(label.item())
    ax.axis("off")

# %% [markdown]
# ## The model
#
# A module holds its parameters and says how to compute. A notebook shows it as a tree.

# %%
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 10))
model

# %%
summary(model, (64, 1, 28, 28))

# %%
optimizer = optim.Adam(model.parameters(), lr=2e-3)
optimizer

# %% [markdown]
# ## One step, seen
#
# The graph of one training step. Parameters are named and modules boxed without being asked: the library knows whose call made
# which node.

# %%
images, labels = next(iter(loader))
loss = nn.functional.cross_entropy(model(images), labels)
draw(loss)

# %%
loss.backward()
plot_gradients(model)

# %% [markdown]
# ## Training


# %%
def accuracy(dataset):
    model.eval()
    with torch.no_grad():
        images, labels = dataset.tensors
        right = (model(images).argmax(1) == labels).float().mean().item()
    model.train()
    return right


history = {"loss": [], "accuracy": [], "val_accuracy": []}
for epoch in range(5):
    total = 0.0
    for images, labels in loader:
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    history["loss"].append(total / len(loader))
    history["accuracy"].append(accuracy(train_set))
    history["val_accuracy"].append(accuracy(test_set))
    print(f"epoch {epoch + 1}: loss {history['loss'][-1]:.3f}, test accuracy {history['val_accuracy'][-1]:.1%}")

plot_history(history)

# %% [markdown]
# ## What it gets wrong

# %%
model.eval()
images, labels = test_set.tensors
with torch.no_grad():
    guesses = model(images).argmax(1)
wrong = (guesses != labels).nonzero().flatten()[:10]
fig, axes = plt.subplots(1, 10, figsize=(9, 1.4))
for ax, i in zip(axes, wrong.tolist()):
    ax.imshow(images[i, 0].numpy(), cmap="gray")
    ax.set_title(f"{labels[i].item()} as {guesses[i].item()}", fontsize=8)
    ax.axis("off")

# %% [markdown]
# ## Exercises
#
# **1.** Leave `optimizer.zero_grad()` out. What happens to the loss, and why?
#
# <details><summary>solution</summary>
#
# Gradients add up over all steps so far: the steps grow and point into the past. The loss jumps about.
# `autograd.doctor(loss, model, optimizer)` finds this one and a dozen of its kin.
# </details>
#
# **2.** Replace Adam by `optim.SGD(model.parameters(), lr=0.05, momentum=0.9)`. Which is better after one epoch, after five?
#
# <details><summary>solution</summary>
#
# They end close. Adam needs less tuning of the learning rate; SGD with momentum often generalises as well once tuned.
# </details>
#
# **3.** Save the model with `torch.save(model.state_dict(), "digits.pt")` and load it into a new one.
#
# <details><summary>solution</summary>
#
# Build the same `nn.Sequential`, then `new.load_state_dict(torch.load("digits.pt"))`.
# </details>
