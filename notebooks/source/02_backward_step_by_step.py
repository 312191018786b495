# %% [markdown]
# # 2 · Backward, step by step
#
# **You will learn** to follow the backward pass node by node: what arrives, which formula is applied, and what is sent on; why
# it visits nodes in the order it does; and how to do it by hand.

# %%
import autograd as torch
from autograd.visualize import draw, show_backward

# %% [markdown]
# ## The pass, with a slider
#
# Below is $\tanh(x \cdot w + b)$ for vectors $x$, $w$. Press ▶: the orange node is at work. It has received its
# *cotangent* `g` - the gradient of the result with respect to it - and applies one formula for each of its arguments.
# Green nodes are done.

# %%
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([0.5, -1.0], requires_grad=True)
b = torch.tensor(0.1, requires_grad=True)
y = ((x * w).sum() + b).tanh()

backward = show_backward(y, params={"x": x, "w": w, "b": b})
backward

# %% [markdown]
# The same as text. The formulas are not written for this page: they are the source of the library, one line an operation.

# %%
for visit in backward.steps:
    print(f"{visit.vertex.name}: g = {visit.arrived.text}")
    for sent in visit.sent:
        print(f"    to {sent.target.name:4} {sent.formula} = {sent.value.text}")

# %% [markdown]
# ## In which order?
#
# A node may go on only when *everything* that uses it has sent its part. Each node has a number from one clock, which rises as
# you compute; so whatever uses a node has a larger number. Visiting the largest number first is always right.

# %%
a = torch.tensor(2.0, requires_grad=True)
b = a * 3
c = b + a
d = c * b
[(visit.vertex.id, visit.vertex.name, visit.arrived.text) for visit in show_backward(d, {"a": a}).steps]

# %%
draw(d, params={"a": a, "b": b, "c": c, "d": d})

# %% [markdown]
# `b` is used by `c` and by `d`. `d` sent it 8, `c` sent it 6; it went on with 14.
#
# ## By hand
#
# The whole pass in a dozen lines: a heap of nodes, a dictionary of what has arrived. This is the real graph, and the real
# formulas.

# %%
from heapq import heappop, heappush

import numpy as np


def by_hand(result):
    arrived = {result.node: np.ones_like(result.array)}
    heap, gradients = [(-result.node.id, result.node)], {}
    while heap:
        _, node = heappop(heap)
        g = arrived[node]
        if node.op is None:  # a leaf: we are there
            gradients[node] = g
            continue
        for parent, formula in zip(node.parents, node.op.formulas):
            if parent is not None:
                if parent not in arrived:
                    heappush(heap, (-parent.id, parent))
                    arrived[parent] = 0
                arrived[parent] = arrived[parent] + formula(g, node)
    return gradients


by_hand(d)[a.node], torch.grad(d, a)[0]

# %% [markdown]
# (The library's own adds two things: it undoes broadcasting at each edge, and it lets go of memory as it goes.)
#
# ## Looking from outside
#
# Hooks see the cotangents of an ordinary `backward()`, and may change them.

# %%
h = (a * 3).exp()
h.register_hook(lambda g: print("the gradient of h is", g))
h.log().backward()

# %% [markdown]
# ## Exercises
#
# **1.** In the slider: why does the `sum` node send a vector, when it received a single number?
#
# <details><summary>solution</summary>
#
# Each element was added once, so each has derivative 1: the number is spread over the shape of the argument.
# </details>
#
# **2.** Call `d.backward()` twice on an expression with a product. What does the error say, and what is the cure?
#
# <details><summary>solution</summary>
#
# What the product had saved - its two factors - was released by the first pass. `retain_graph=True` keeps it; mostly
# the right cure is to compute the expression again.
# </details>
#
# **3.** `by_hand` gives a wrong gradient for `(torch.ones(3, requires_grad=True) + torch.zeros(2, 3)).sum()`. In what way? Mend it.
#
# <details><summary>solution</summary>
#
# The leaf has shape `(3,)`, the cotangent `(2, 3)`. After calling the formula, sum over the dimensions that were stretched:
# `from autograd.passes import fit` and add `fit(formula(g, node), parent)`.
# </details>
