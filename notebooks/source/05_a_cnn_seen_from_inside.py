# %% [markdown]
# # 5 · A CNN, seen from inside
#
# **You will learn** what a convolutional network looks at: its filters, its maps of activation, and which pixels a decision hangs
# on - the last by a gradient with respect to the *image*.

# %%
import matplotlib.pyplot as plt

import autograd as torch
import nn
import optim
from autograd.utils.data import DataLoader, TensorDataset
from autograd.vision.datasets import MNIST
from autograd.visualize import graph, plot_activations, plot_filters, plot_weights, summary

torch.manual_seed(0)
train, test = MNIST("data", train=True, download=True), MNIST("data", train=False, download=True)


def images_of(dataset, count):
    return (dataset.data[:count].float() / 255).unsqueeze(1), dataset.targets[:count]


x, y = images_of(train, 4_000)
test_x, test_y = images_of(test, 1_000)


# %%
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))


model = CNN()
summary(model, (32, 1, 28, 28))

# %%
first = nn.functional.cross_entropy(model(x[:32]), y[:32])
graph(first)

# %%
before = model.features[0].weight.detach().clone()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(3):
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"epoch {epoch + 1}: test accuracy {right:.1%}")

# %% [markdown]
# ## Filters
#
# The eight filters of the first layer: red raises, blue lowers the answer. They began as noise; now most are edges.

# %%
plot_filters(model.features[0])

# %%
plot_weights(model)

# %% [markdown]
# ## Maps
#
# The first layer's answers to one image, and the second's: each is a map of where its filter found something.

# %%
digit = test_x[0]
plot_activations(model, digit, layer="features.1")

# %%
plot_activations(model, digit, layer="features.4")

# %% [markdown]
# ## Which pixels decide?
#
# Ask for the gradient of the winning score with respect to the image. Nothing is special about parameters: any tensor may
# require a gradient.

# %%
fig, axes = plt.subplots(2, 8, figsize=(9, 2.4))
for column in range(8):
    image = test_x[column : column + 1].clone().requires_grad_()
    scores = model(image)
    (saliency,) = torch.grad(scores.max(), image)
    axes[0, column].imshow(image.detach()[0, 0].numpy(), cmap="gray")
    axes[1, column].imshow(saliency[0, 0].abs().numpy(), cmap="magma")
    for ax in axes[:, column]:
        ax.axis("off")

# %% [markdown]
# ## Fooling it
#
# Step the image along that gradient, a little: a person sees no other digit, the network does.

# %%
image = test_x[0:1].clone().requires_grad_()
target = torch.tensor([3])
for _ in range(40):
    loss = nn.functional.cross_entropy(model(image), target)
    (g,) = torch.grad(loss, image)
    with torch.no_grad():
        image = (image - 0.02 * g.sign()).clamp(0, 1).requires_grad_()
    if model(image).argmax(1).item() == 3:
        break

fig, axes = plt.subplots(1, 2, figsize=(3.4, 1.9))
for ax, (shown, title) in zip(
    axes, [(test_x[0], f"seen as {test_y[0].item()}"), (image.detach()[0], f"seen as {model(image).argmax(1).item()}")]
):
    ax.imshow(shown[0].numpy(), cmap="gray")
    ax.set_title(title, fontsize=9)
    ax.axis("off")

# %% [markdown]
# ## Exercises
#
# **1.** Draw the activations for an image of zeros. Why are some maps not zero?
#
# <details><summary>solution</summary>
#
# The biases: `relu(0 + bias)` is the bias where it is positive.
# </details>
#
# **2.** Find the image that a network likes best: start from noise and ascend the score of the digit 8.
#
# <details><summary>solution</summary>
#
# As in "fooling it", with `image = torch.rand(1, 1, 28, 28)`, and `+ 0.02 * g.sign()` of `model(image)[0, 8]`. It does not look like an 8:
# the network knows what tells digits apart, not what they look like.
# </details>
#
# **3.** How many multiply-adds would a fully connected layer from 28x28 to 8x28x28 need? Compare with `summary`.
#
# <details><summary>solution</summary>
#
# 784 · 6272 ≈ 4.9 million an image, against 8 · 784 · 25 ≈ 157 thousand.
# </details>
