# %% [markdown]
# # 6 · An operation of your own, and a bug that is found
#
# **You will learn** to write an operation with its own gradient, in two ways; to check it; and to read the diagnosis when it is
# wrong. We plant a bug on purpose.

# %%
import numpy as np

import autograd as torch
from autograd.lift import elementwise, general
from autograd.testing import GradcheckError, gradcheck, gradgradcheck
from autograd.visualize import draw

# %% [markdown]
# ## As PyTorch does it: `Function`
#
# `forward` computes, `backward` turns the gradient of the result into that of the input. We take the *softplus*,
# $\log(1 + e^x)$, whose slope is the sigmoid.


# %%
class Softplus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (1 + x.exp()).log()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.sigmoid(x)


x = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
Softplus.apply(x)

# %% [markdown]
# `gradcheck` compares the gradient with finite differences, in float64:

# %%
gradcheck(Softplus.apply, x)

# %% [markdown]
# ## In one line: `lift`
#
# The library's own operations are made this way: the NumPy function, and a formula for each argument. A formula names what it needs:
# `g` the gradient of the result, `y` the result, or an argument.

# %%
softplus = elementwise(
    lambda input: np.logaddexp(0, input), name="softplus", input=lambda g, input: g / (1 + np.exp(-input))
)

gradcheck(softplus, x), gradgradcheck(softplus, x)

# %% [markdown]
# We never wrote a second derivative. The formula is made of operations that have formulas, so it can be differentiated itself.

# %%
one = torch.tensor(1.0, requires_grad=True)
(slope,) = torch.grad(softplus(one), one, create_graph=True)
draw(slope, params={"x": one})

# %% [markdown]
# ## A bug
#
# The root mean square of each row. The gradient of $\sqrt{\frac1n \sum x^2}$ is $\frac{x}{n\,y}$ - and we forget the $n$.

# %%
rms = general(
    lambda input: np.sqrt((input * input).mean(-1)),
    name="rms",
    input=lambda g, y, input: (g / y)[..., None] * input,  # forgets to divide by the number of columns
)
data = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)

try:
    gradcheck(rms, data)
except GradcheckError as error:
    found = error
    print(error)

# %% [markdown]
# It does not only say that the gradient is wrong, but *how*: `cause` is one of some twenty names.

# %%
found.cause

# %%
right = general(
    lambda input: np.sqrt((input * input).mean(-1)),
    name="rms",
    input=lambda g, y, input: (g / y)[..., None] * input / input.shape[-1],
)
gradcheck(right, data), gradgradcheck(right, data)

# %% [markdown]
# ## Exercises
#
# **1.** Change the sign in `softplus`'s formula. What does the diagnosis say?
#
# <details><summary>solution</summary>
#
# The cause is `sign`: every element is the negative of what it should be.
# </details>
#
# **2.** Lift `lambda a, b: a * np.sin(b)`, with both formulas, and check it for shapes that broadcast.
#
# <details><summary>solution</summary>
#
# `f = elementwise(lambda a, b: a * np.sin(b), name="f", a=lambda g, b: g * np.sin(b), b=lambda g, a, b: g * a * np.cos(b))`.
# Broadcasting needs nothing: the engine sums what was stretched.
# </details>
#
# **3.** Write an operation that *lies* on purpose: `round` forward, the identity backward (a "straight-through" estimator). Should gradcheck
# pass?
#
# <details><summary>solution</summary>
#
# `general(np.round, name="ste", input=lambda g: g)`. No: the true derivative is zero almost everywhere. The check is right, and so are you.
# </details>
