# %% [markdown]
# # 1 · Autograd, from a scalar to a tensor
#
# A network learns by asking, of every number in it: *if you were a little larger, how would the error change?* That is a
# derivative, and this library answers it for every number at once.
#
# **You will learn** what is recorded while you calculate, how the derivatives are read off the record, and that nothing
# new happens when the numbers become tensors. You need to know what a derivative is; nothing else.

# %%
import autograd as torch
from autograd.visualize import draw, graph, recording

# %% [markdown]
# ## One operation
#
# A tensor with `requires_grad=True` asks to be remembered. What is computed from it knows where it came from.

# %%
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(-3.0, requires_grad=True)
c = a * b
c

# %%
draw(c, params={"a": a, "b": b, "c": c})

# %% [markdown]
# Each box is a value: its *data*, and its *grad* - how much `c` would change for a small change of that value. Nudge `a` by
# 0.001: `c` moves by -3 times as much, since `b` is -3. That is the number in `a`'s box.

# %%
h = 0.001
((2.0 + h) * -3.0 - 2.0 * -3.0) / h

# %% [markdown]
# ## A chain of them
#
# A neuron: two inputs, two weights, a bias, and a squashing function. Every intermediate value gets a box.

# %%
x1, x2 = torch.tensor(2.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
w1, w2 = torch.tensor(-3.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
bias = torch.tensor(6.8813735870195432, requires_grad=True)

n = x1 * w1 + x2 * w2 + bias
o = n.tanh()
draw(o, params={"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": bias, "n": n, "o": o})

# %% [markdown]
# Read it from the right. The gradient of `o` with respect to itself is 1. Going left through `tanh` multiplies by its slope,
# $1 - o^2 = 0.5$. Through `+` it passes unchanged, to both sides. Through `×` it is multiplied by *the other factor*: so
# `w1` gets $0.5 \cdot x_1 = 1$. This is the chain rule, and it is all there is to it.
#
# `backward()` does that walk, and leaves the result in `.grad` of what you asked for:

# %%
o.backward()
x1.grad, w1.grad, x2.grad, w2.grad

# %% [markdown]
# ## A value that is used twice
#
# If a value goes two ways, what comes back along both is added. Here $y = x \cdot x + x$, so $y' = 2x + 1$.

# %%
x = torch.tensor(3.0, requires_grad=True)
y = x * x + x
draw(y, params={"x": x, "y": y})

# %% [markdown]
# ## Tensors
#
# A tensor is many numbers in a box with a shape. The same record, the same walk; each node now holds an array.

# %%
torch.manual_seed(0)
inputs = torch.randn(5, 3)
weight = torch.randn(3, 2, requires_grad=True)
offset = torch.zeros(2, requires_grad=True)

loss = ((inputs @ weight + offset).tanh() ** 2).mean()
draw(loss, params={"inputs": inputs, "weight": weight, "offset": offset})

# %% [markdown]
# `inputs` did not ask for a gradient: it has none, and nothing is computed for it. The gradient of a tensor has the shape of
# the tensor, always: one number for each number.

# %%
loss.backward()
weight.grad.shape == weight.shape, weight.grad

# %% [markdown]
# `offset` has shape `[2]` and was added to a `[5, 2]`: it was *used five times*, once for each row. So its gradient is the
# sum of five.
#
# ## The record is an object
#
# `graph(loss)` gives it to you. Backward released what the record held to save memory; `recording()` keeps it, with the line of
# each operation.

# %%
with recording():
    loss = ((inputs @ weight + offset).tanh() ** 2).mean()

g = graph(loss, {"weight": weight, "offset": offset, "inputs": inputs})
for node in g:
    print(
        f"{node.kind:10} {node.name:9} {node.shape!s:8} value {node.value.text:16} line {node.line[2] if node.line else ''}"
    )

# %% [markdown]
# Each operation knows the formula of its gradient, for each argument. This is all that the library knows about a matrix product:

# %%
g.find("matmul").formulas

# %% [markdown]
# And as a page to walk around in: drag, zoom, hover; click a parameter to see its way to the loss.

# %%
g

# %% [markdown]
# ## Exercises
#
# **1.** Without running it: what are the gradients of `a`, `b` in `(a + b) * (a - b)` for `a = 3, b = 2`? Then draw it.
#
# <details><summary>solution</summary>
#
# $(a+b)(a-b) = a^2 - b^2$, so $2a = 6$ and $-2b = -4$.
# `a, b = (torch.tensor(v, requires_grad=True) for v in (3.0, 2.0)); draw((a + b) * (a - b), params={"a": a, "b": b})`
# </details>
#
# **2.** Call `y.backward()` of the section "used twice" twice, building `y` anew in between. What is `x.grad`? Why?
#
# <details><summary>solution</summary>
#
# 14: gradients *accumulate*, 7 + 7. That is why a training loop has `optimizer.zero_grad()`. Set `x.grad = None` to start anew.
# </details>
#
# **3.** Find the minimum of $x^4 - 3x^3 + 2$ by repeating `x -= 0.01 * x.grad` (inside `torch.no_grad()`).
#
# <details><summary>solution</summary>
#
# ```python
# x = torch.tensor(1.0, requires_grad=True)
# for _ in range(200):
#     (x**4 - 3 * x**3 + 2).backward()
#     with torch.no_grad():
#         x -= 0.01 * x.grad
#     x.grad = None
# ```
# It ends at $x = 9/4$, where the derivative $4x^3 - 9x^2$ is zero.
# </details>
