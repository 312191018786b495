# %% [markdown]
# # 7 · Derivatives of derivatives
#
# **You will learn** to differentiate a gradient: Newton's method, Hessians and Hessian-vector products, and a gradient penalty. One
# switch does it: `create_graph=True` records the backward pass too.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd as torch
import nn
from autograd.visualize import draw

# %% [markdown]
# ## The backward pass is a graph, too

# %%
x = torch.tensor(2.0, requires_grad=True)
y = x**3
(dy,) = torch.grad(y, x, create_graph=True)
draw(dy, params={"x": x})

# %% [markdown]
# $y' = 3x^2$ was computed by operations; they were recorded; so it can be differentiated again - and again.

# %%
(d2y,) = torch.grad(dy, x, create_graph=True)
(d3y,) = torch.grad(d2y, x)
dy.item(), d2y.item(), d3y.item()

# %%
xs = torch.linspace(-4, 4, 200, requires_grad=True)
curves, value = {"tanh": xs.tanh()}, xs.tanh()
for order in ("first", "second", "third"):
    (value,) = torch.grad(value.sum(), xs, create_graph=True)
    curves[order] = value
fig, ax = plt.subplots(figsize=(6, 3))
for name, curve in curves.items():
    ax.plot(xs.detach().numpy(), curve.detach().numpy(), label=name)
_ = ax.legend(frameon=False)

# %% [markdown]
# ## Newton's method
#
# Gradient descent walks downhill; Newton jumps to the bottom of the parabola that fits best: $x \leftarrow x - H^{-1} \nabla f$.
# On Rosenbrock's banana valley:


# %%
def banana(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


point = torch.tensor([-1.2, 1.0], dtype=torch.float64)
path = [point.numpy().copy()]
for step in range(8):
    p = point.clone().requires_grad_()
    (g,) = torch.grad(banana(p), p)
    H = torch.autograd.functional.hessian(banana, point)
    point = point - torch.linalg.solve(H, g)
    path.append(point.numpy().copy())
    print(step + 1, point.tolist(), banana(point).item())

# %%
grid = np.meshgrid(np.linspace(-1.6, 1.6, 200), np.linspace(-4.2, 2, 200))
fig, ax = plt.subplots(figsize=(5, 3.4))
ax.contour(*grid, np.log1p(banana(grid)), levels=18, cmap="viridis", linewidths=0.7)
_ = ax.plot(*np.array(path).T, "o-", color="#cb3c33", ms=4)

# %% [markdown]
# ## Without the matrix
#
# A Hessian of a million parameters has a trillion entries. Its product with a vector costs about two gradients:
# $Hv = \nabla (\nabla f \cdot v)$.

# %%
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 1))
data, target = torch.randn(100, 20), torch.randn(100, 1)
parameters = list(model.parameters())
loss = nn.functional.mse_loss(model(data), target)
gradients = torch.grad(loss, parameters, create_graph=True)


def hessian_times(vectors):
    dot = sum((g * v).sum() for g, v in zip(gradients, vectors))
    return torch.grad(dot, parameters, retain_graph=True)


v = [torch.randn(*p.shape) for p in parameters]
for _ in range(20):  # power iteration: the steepest curvature there is
    length = sum((a * a).sum() for a in v).sqrt()
    v = [a / length for a in v]
    Hv = hessian_times(v)
    curvature = sum((a * b).sum() for a, b in zip(v, Hv)).item()
    v = list(Hv)
print(f"the sharpest direction of {sum(p.numel() for p in parameters):,} parameters has curvature {curvature:.3f}")

# %% [markdown]
# So a step of gradient descent larger than `2 / curvature` makes that direction explode.
#
# ## A gradient penalty
#
# A loss may contain a gradient: here, that a network's slope with respect to its input be 1 everywhere (as in WGAN-GP).

# %%
import optim

critic = nn.Sequential(nn.Linear(2, 32), nn.Softplus(), nn.Linear(32, 1))
optimizer = optim.Adam(critic.parameters(), lr=1e-2)
for step in range(300):
    inputs = torch.randn(64, 2, requires_grad=True)
    (slope,) = torch.grad(critic(inputs).sum(), inputs, create_graph=True)
    penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    penalty.backward()  # through the gradient
    optimizer.step()
    if step % 100 == 0 or step == 299:
        print(f"step {step:3}: mean slope {slope.norm(dim=1).mean().item():.3f}, penalty {penalty.item():.5f}")

# %% [markdown]
# The graph that `penalty.backward()` goes through. The box `grad` is the backward pass that was recorded: it takes the critic's weights,
# and what its forward pass computed, to the slope.

# %%
(slope,) = torch.grad(critic(inputs).sum(), inputs, create_graph=True)
penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
draw(penalty, params={"critic": critic, "inputs": inputs, "slope": slope}, show=("shape",))

# %% [markdown]
# ## Exercises
#
# **1.** What is the tenth derivative of $\sin$ at 1? Compute it.
#
# <details><summary>solution</summary>
#
# $-\sin(1)$. Loop ten times over `(y,) = torch.grad(y, x, create_graph=True)`.
# </details>
#
# **2.** Without `create_graph=True`, `torch.grad(dy, x)` is an error. What does it say?
#
# <details><summary>solution</summary>
#
# That `dy` does not require grad: an ordinary backward runs on arrays and records nothing, which is why it is fast.
# </details>
#
# **3.** Compare `hessian_times` with finite differences of the gradient.
#
# <details><summary>solution</summary>
#
# Move the parameters by `+e*v` and `-e*v` under `no_grad`, take gradients, and divide their difference by `2e`; they agree to about
# three digits in float32.
# </details>
