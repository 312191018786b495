"""Random programs of views, writes and uses, run by this library, by PyTorch (where installed) and by the oracle.

A program is a list of steps, each a few small ints; what they mean depends on the tensors there are (modulo their number
and shape), so that every list of ints is a program and Hypothesis can shrink it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .oracle import Cells, elementwise, fresh, leaf, write

SHAPES = ((3, 4), (4,), (2, 3))


class Refused(Exception):
    """The step is not possible for these shapes: every runner leaves it out."""


# --- the steps -----------------------------------------------------------------------------------------------------


def _need(condition: bool) -> None:
    if not condition:
        raise Refused


def _dims(shape: tuple[int, ...], least: int) -> None:
    _need(len(shape) >= least and 0 not in shape)


def _some(shape: tuple[int, ...], p: int, q: int) -> Any:
    """A basic index."""
    _dims(shape, 1)
    kinds = [
        p % shape[0],
        slice(p % shape[0], None),
        slice(None, None, 2),
        (Ellipsis, q % shape[-1]),
        (None, slice(0, 1 + p % shape[0])),
        (slice(None),) * (len(shape) - 1) + (slice(p % shape[-1], p % shape[-1] + 2),),
    ]
    return kinds[q % len(kinds)]


VIEWS: dict[str, Any] = {  # name: (on a Tensor, on cell numbers), given shape and two ints
    "index": lambda s, p, q: (lambda t, i=_some(s, p, q): t[i], lambda c, i=_some(s, p, q): c[i]),
    "flip_dims": lambda s, p, q: (lambda t: t.permute(tuple(range(len(s)))[::-1]), lambda c: c.T),
    "transpose": lambda s, p, q: _dims(s, 2) or (lambda t: t.transpose(0, -1), lambda c: c.swapaxes(0, -1)),
    "flatten": lambda s, p, q: (lambda t: t.view(-1), lambda c: c.reshape(-1)),
    "view": lambda s, p, q: _dims(s, 1) or (lambda t: t.view(*s[1:], s[0]), lambda c: c.reshape(*s[1:], s[0])),
    "unsqueeze": lambda s, p, q: (lambda t: t.unsqueeze(p % (len(s) + 1)), lambda c: np.expand_dims(c, p % (len(s) + 1))),
    "squeeze": lambda s, p, q: (lambda t: t.squeeze(), lambda c: c.squeeze()),
    "expand": lambda s, p, q: (lambda t: t.expand(2, *s), lambda c: np.broadcast_to(c, (2, *s))),
    "diagonal": lambda s, p, q: _dims(s, 2) or (lambda t: t.diagonal(p % 2), lambda c: c.diagonal(p % 2)),
    "unbind": lambda s, p, q: _dims(s, 1) or (lambda t: t.unbind(0)[p % s[0]], lambda c: c[p % s[0]]),
    "split": lambda s, p, q: _dims(s, 1) or (lambda t: t.split(1)[p % s[0]], lambda c: c[p % s[0] : p % s[0] + 1]),
    "narrow": lambda s, p, q: _dims(s, 1) or (lambda t: t.narrow(-1, p % s[-1], 1), lambda c: c[..., p % s[-1] : p % s[-1] + 1]),
    "unfold": lambda s, p, q: _dims(s, 1) or _need(s[0] > 1) or (
        lambda t: t.unfold(0, 2, 1), lambda c: np.moveaxis(np.lib.stride_tricks.sliding_window_view(c, 2, 0), -1, -1)
    ),
}  # fmt: skip

BECOMING: dict[str, Any] = {
    "unsqueeze_": lambda s, p, q: (lambda t: t.unsqueeze_(0), lambda c: c[None]),
    "transpose_": lambda s, p, q: _dims(s, 2) or (lambda t: t.transpose_(0, 1), lambda c: c.swapaxes(0, 1)),
}

MAKERS: dict[str, Any] = {  # name: (on Tensors, value, partial derivatives)
    "double": (1, lambda a: a * 2.0, lambda a: a * 2.0, lambda a: [2.0]),
    "tanh": (1, lambda a: a.tanh(), np.tanh, lambda a: [1 - np.tanh(a) ** 2]),
    "clone": (1, lambda a: a.clone(), lambda a: a, lambda a: [1.0]),
    "times": (2, lambda a, b: a * b, lambda a, b: a * b, lambda a, b: [b, a]),
    "plus": (2, lambda a, b: a + b, lambda a, b: a + b, lambda a, b: [1.0, 1.0]),
}

WRITES: dict[str, Any] = {  # the tensor's own method; the new value of its cells from the old (and the other's)
    "add_": (1, lambda a, k: a.add_(k), lambda a, k: a + k, lambda a, k: [1.0, 0.0]),
    "mul_": (1, lambda a, k: a.mul_(k), lambda a, k: a * k, lambda a, k: [k, 0.0]),
    "tanh_": (1, lambda a, k: a.tanh_(), lambda a, k: np.tanh(a), lambda a, k: [1 - np.tanh(a) ** 2, 0.0]),
    "zero_": (1, lambda a, k: a.zero_(), lambda a, k: 0 * a, lambda a, k: [0.0, 0.0]),
    "fill_": (1, lambda a, k: a.fill_(k), lambda a, k: 0 * a + k, lambda a, k: [0.0, 0.0]),
    "add_tensor": (2, lambda a, b: a.add_(b), lambda a, b: a + b, lambda a, b: [1.0, 1.0]),
    "mul_tensor": (2, lambda a, b: a.mul_(b), lambda a, b: a * b, lambda a, b: [b, a]),
    "copy_": (2, lambda a, b: a.copy_(b), lambda a, b: 0 * a + b, lambda a, b: [0.0, 1.0]),
}


def _region(shape: tuple[int, ...], p: int, q: int) -> Any:
    """An index to write at: basic, a list, or a mask."""
    _dims(shape, 1)
    if q % 3 == 0:
        return _some(shape, p, q // 3)
    if q % 3 == 1:
        return [p % shape[0], (p + 1) % shape[0]] if shape[0] > 1 else [0]  # no place twice: PyTorch leaves that open
    return np.arange(int(np.prod(shape))).reshape(shape) % 2 == p % 2


# --- running -------------------------------------------------------------------------------------------------------


class Run:
    """One library (``m`` is its module) running a program."""

    def __init__(self, m: Any) -> None:
        self.m = m
        rng = np.random.default_rng(7)
        self.leaves = [m.tensor(rng.uniform(0.5, 1.5, s)).requires_grad_() for s in SHAPES[:2]]
        self.tensors = [
            self.leaves[0] * 1.0,
            self.leaves[1] * 1.0,
            m.tensor(rng.uniform(0.5, 1.5, SHAPES[2])),
            *self.leaves,
        ]
        self.loss = 0

    def step(self, plan: Any) -> None:
        """Carry out one planned step."""
        kind, number, other, call = plan[:4]
        t = self.tensors[number]
        if kind == "view":
            self.tensors.append(call(t))
        elif kind == "quiet view":
            with self.m.no_grad():
                self.tensors.append(call(t))
        elif kind == "detach":
            self.tensors.append(t.detach())
        elif kind == "become":
            call(t)
        elif kind == "make":
            self.tensors.append(call(t) if other is None else call(t, self.tensors[other]))
        elif kind in ("write", "quiet write"):
            argument = plan[4] if other is None else self.tensors[other]
            with self.m.set_grad_enabled(kind == "write"):
                call(t, argument)
        elif kind == "set":
            index = plan[4]
            index = self.m.tensor(index) if isinstance(index, (list, np.ndarray)) else index
            t[index] = plan[5] if other is None else self.tensors[other]
        elif kind == "use":
            self.loss = self.loss + (t * t * plan[4]).sum()

    def gradients(self) -> list[Any]:
        """The gradients of the loss by the leaves."""
        if not hasattr(self.loss, "requires_grad") or not self.loss.requires_grad:
            return [np.zeros(leaf.shape) for leaf in self.leaves]
        self.loss.backward()
        return [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy().copy() for leaf in self.leaves]

    def values(self) -> list[np.ndarray]:
        """What every tensor holds now."""
        return [t.detach().numpy().copy() for t in self.tensors]


class Oracle:
    """The same, with cells."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        a, b = (rng.uniform(0.5, 1.5, s) for s in SHAPES[:2])
        total = a.size + b.size
        self.leaves = [leaf(a, 0, total), leaf(b, a.size, total)]
        copies = [fresh(x.values(), x.slopes()) for x in self.leaves]
        self.tensors: list[Cells] = [
            *copies,
            fresh(rng.uniform(0.5, 1.5, SHAPES[2]), np.zeros((1, total))),
            *self.leaves,
        ]
        self.slope = np.zeros(total)

    def step(self, plan: Any, arrange: Any = None, value: Any = None, slopes: Any = None) -> None:
        """Carry out one planned step."""
        kind, number, other = plan[:3]
        t = self.tensors[number]
        if kind == "view":
            self.tensors.append(t.view(arrange))
        elif kind == "quiet view":
            self.tensors.append(t.view(arrange).detached())
        elif kind == "detach":
            self.tensors.append(t.detached())
        elif kind == "become":
            t.index = arrange(t.index)
        elif kind == "make":
            self.tensors.append(
                fresh(*elementwise(value, slopes, *([t] if other is None else [t, self.tensors[other]])))
            )
        elif kind in ("write", "quiet write"):
            made = elementwise(value, slopes, t, plan[4] if other is None else self.tensors[other])
            write(t, *made, record=kind == "write")
        elif kind == "set":
            region = t.view(lambda c: c[plan[4]])
            source = plan[5] if other is None else self.tensors[other]
            made = elementwise(lambda a, b: 0 * a + b, lambda a, b: [0.0, 1.0], region, source)
            write(region, *made, record=True)
        elif kind == "use":
            self.slope = self.slope + (2 * plan[4] * t.values()[..., None] * t.slopes()).reshape(
                -1, self.slope.size
            ).sum(0)

    def gradients(self) -> list[np.ndarray]:
        n = self.leaves[0].index.size
        return [self.slope[:n].reshape(SHAPES[0]), self.slope[n:].reshape(SHAPES[1])]

    def values(self) -> list[np.ndarray]:
        return [t.values() for t in self.tensors]


def plan(step: tuple[int, int, int, int, int], shapes: list[tuple[int, ...]]) -> tuple[Any, ...]:
    """What the ints of a step mean now: the plan for ``Run``, and what the oracle needs besides."""
    kind, i, j, p, q = step
    number = i % len(shapes)
    shape = shapes[number]
    names = [
        "view",
        "view",
        "view",
        "write",
        "write",
        "write",
        "set",
        "set",
        "make",
        "use",
        "quiet write",
        "quiet view",
        "detach",
        "become",
    ]
    what = names[kind % len(names)]
    if what in ("view", "quiet view"):
        call, arrange = list(VIEWS.values())[j % len(VIEWS)](shape, p, q)
        return (what, number, None, call), (arrange,)
    if what == "become":
        call, arrange = list(BECOMING.values())[j % len(BECOMING)](shape, p, q)
        return (what, number, None, call), (arrange,)
    if what == "detach":
        return (what, number, None, None), ()
    if what == "use":
        return (what, number, None, None, 0.5 + p % 3), ()
    if what == "set":
        index = _region(shape, p, q)
        region = np.empty(shape)[index].shape
        other = _fitting(region, shapes, j, False)
        return (what, number, other, None, index, 0.25 + p % 5), ()
    arity, call, value, slopes = list((MAKERS if what == "make" else WRITES).values())[
        j % len(MAKERS if what == "make" else WRITES)
    ]
    other = _fitting(shape, shapes, p, what == "make") if arity == 2 else None
    if arity == 2 and other is None:
        raise Refused
    return (what, number, other, call, 0.5 + q % 4), (None, value, slopes)


def _fitting(shape: tuple[int, ...], shapes: list[tuple[int, ...]], start: int, grow: bool) -> int | None:
    """The number of a tensor that broadcasts to ``shape`` (or with it, to ``grow``); sometimes none."""
    for k in range(len(shapes)):
        number = (start + k) % len(shapes)
        try:
            together = np.broadcast_shapes(shape, shapes[number])
        except ValueError:
            continue
        if together == shape or (grow and len(together) < 4):
            return number
    return None
