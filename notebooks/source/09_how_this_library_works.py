# %% [markdown]
# # 9 · How this library works
#
# **You will learn** to read the engine: three nouns, a table of formulas, and one loop. Each part is shown as it stands in the source,
# and then used. It is small enough to read in an evening: `graph.py`, `tensor.py`, `lift.py`, `passes.py`, and the tables in `ops/`.

# %%
import inspect
import time

import numpy as np

import autograd as torch
from autograd import forward_pass, passes
from autograd.ops import elementwise
from autograd.visualize import show_backward


def source(thing, first=0, last=None):
    print("\n".join(inspect.getsource(thing).rstrip().split("\n")[first:last]))


# %% [markdown]
# ## Noun one: a Tensor is an array and a node

# %%
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 3
type(y.array), y.node, torch.tensor([1.0]).node

# %% [markdown]
# No node: a constant, of which nothing is remembered. The node is a plain object. It holds nodes and arrays, *never Tensors*: so there
# is no cycle, and when you drop the loss the whole graph goes at once.

# %%
{name: getattr(y.node, name) for name in ("id", "op", "parents", "saved", "params", "shape", "dtype")}

# %% [markdown]
# ## Noun two: an op is a function and its formulas
#
# The tables are made of lines such as `exp = elementwise(np.exp, input=lambda g, y: g * y)`. `lift` reads the *names* that a formula
# asks for: `exp` wants its result, `mul` its arguments, `add` nothing at all. Only what is named is saved.

# %%
for name in ("plain_add", "mul", "exp", "tanh"):
    op = getattr(elementwise, name).op
    print(
        f"{op.name:5} saves {'nothing' if not any(op.saves) else [n for n, k in zip((*op.arrays, 'y'), op.saves) if k]}"
    )

# %%
show_backward((x.exp() * x).sum(), {"x": x}).steps

# %% [markdown]
# ## One formula, two meanings
#
# In an ordinary backward, `g * y` multiplies NumPy arrays: no record, no overhead. With `create_graph=True`, the same lambda receives
# Tensors, and `g * y` records itself. So there are no second derivatives written anywhere.

# %%
formula = elementwise.exp.op.formulas[0]
node = x.exp().node
type(formula(np.ones(2, np.float32), node)), type(formula(torch.ones(2), passes.Recorded(node)))

# %% [markdown]
# ## One loop
#
# The clock numbers nodes as they are made: parents have smaller ids. So the backward pass takes the largest id first from a heap.
# No recursion: a chain of a hundred thousand operations is an ordinary input.

# %%
y = torch.ones(3, requires_grad=True)
start = y
began = time.perf_counter()
for _ in range(100_000):
    y = y * 1.00001
y.sum().backward()
print(
    f"{(time.perf_counter() - began) / 1e5 * 1e6:.0f} microseconds an operation, there and back; gradient {start.grad.tolist()}"
)

# %% [markdown]
# ## Broadcasting, undone in one place
#
# `(5, 3) + (3,)` stretched the second; its gradient must be summed again. No formula mentions it: `fit` does it at each edge.

# %%
source(passes.fit)

# %% [markdown]
# ## Forward mode from the same table
#
# Going back asks how *one result* depends on everything; going forward asks how everything depends on *one direction*. For an elementwise
# operation the formula applied to the tangent is the answer; a linear one is applied to the tangent as it is.

# %%
a = torch.tensor([1.0, 2.0], requires_grad=True)
out = (a * a).exp()
(tangent,) = forward_pass.forward([out], [a], [torch.ones(2)])
tangent, 2 * a.detach() * out.detach()

# %% [markdown]
# ## Writes in place: right, or an error
#
# Every write leaves a stamp, with the time of the same clock. A node older than the stamp on what it saved has lost it; backward
# compares two numbers and says who did it.

# %%
p = torch.tensor([1.0, 2.0], requires_grad=True)
e = p.exp()
loss = (e * e).sum()
with torch.no_grad():
    e.add_(1.0)
try:
    loss.backward()
except RuntimeError as error:
    print(str(error).partition(" at ")[0], "...")

# %% [markdown]
# ## An engine of your own
#
# All of it, without views, types and speed:


# %%
class Value:
    clock = 0

    def __init__(self, data, parents=()):
        Value.clock += 1
        self.id, self.data, self.grad, self.parents = Value.clock, data, 0.0, parents

    def __add__(self, other):
        return Value(self.data + other.data, ((self, lambda g: g), (other, lambda g: g)))

    def __mul__(self, other):
        return Value(self.data * other.data, ((self, lambda g: g * other.data), (other, lambda g: g * self.data)))

    def backward(self):
        self.grad, waiting = 1.0, {self.id: self}
        while waiting:
            node = waiting.pop(max(waiting))
            for parent, formula in node.parents:
                parent.grad += formula(node.grad)
                waiting[parent.id] = parent


u, v = Value(2.0), Value(-3.0)
w = u * v + u
w.backward()
u.grad, v.grad

# %% [markdown]
# ## Exercises
#
# **1.** Add `exp` to `Value`.
#
# <details><summary>solution</summary>
#
# `def exp(self): y = math.exp(self.data); return Value(y, ((self, lambda g: g * y),))`
# </details>
#
# **2.** Why may a formula not say `if g > 0`?
#
# <details><summary>solution</summary>
#
# It must hold for every element at once, and be differentiable itself: branches are masks, `np.where(g > 0, ...)`.
# </details>
#
# **3.** Find out how `max` remembers where the maximum was. (Begin at `autograd/ops/reduction.py`.)
#
# <details><summary>solution</summary>
#
# The places are found when the value is computed, and handed to the op as a constant: the formula only scatters.
# </details>
