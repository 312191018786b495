"""The usual step of an optimizer, written down: what its rule does, as flat Python and as one loop.

The rule is called with writers in place of its arrays, and of the numbers that change from step to step; what it does
with them becomes

    def numbers(step, lr):                 def loop(blocks, gradients):
        k0 = step + 1                          for i, place, (p, s0, s1), (t0, t1) in blocks:
        k1 = 0.999 ** k0                           g = gradients[i][place]
        ...                                        multiply(s0, n0, out=s0)
        return (k0,), (0.9, ..., k5)               ...

Arithmetic is the same in the same order: the same bits. Whatever the text does not cover - parameters without a
gradient, state that was loaded, a rule that looks at a scalar - is left to the optimizer's own step, and
hyperparameters that change are a reason to write anew.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import fast
from autograd.graph import Leaf
from autograd.tensor import Tensor
from autograd.views import UNTRACKED

__all__ = ["Steps"]

CHANGING = ("lr",)
"""Hyperparameters that schedules change: arguments of what is written down, as the scalars are."""

PATIENCE = 2
"""Steps with the same hyperparameters before one is written down, which takes as long as dozens of them."""


class Unwritten(Exception):
    """A rule does something that can't be written down."""


class Writer:
    """Stands in for NumPy: writes down a rule's calls, and separately how the numbers among them come about."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.numbers: list[str] = []
        self.steps: list[str] = []
        self.functions: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if not hasattr(np, name):
            raise Unwritten(name)

        def called(*operands: Any, out: Array | None = None) -> Array:
            spelled = [value.name if type(value) is Array else self.number(value) for value in operands]
            self.functions.add(name)
            made = Array(f"x{len(self.calls)}") if out is None else out
            if out is None:
                self.calls.append(f"{made.name} = {name}({', '.join(spelled)})")
            else:
                self.calls.append(f"{name}({', '.join(spelled)}, out={made.name})")
            return made

        return called

    def number(self, value: Any) -> str:
        """The name under which the loop finds a number."""
        self.numbers.append(spell(value))
        return f"n{len(self.numbers) - 1}"

    def step(self, text: str) -> Scalar:
        """One line of arithmetic with scalars."""
        self.steps.append(f"k{len(self.steps)} = {text}")
        return Scalar(f"k{len(self.steps) - 1}", self)


class Array:
    """What a rule has in place of an array: a name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def _written(template: str) -> Any:
    return lambda self, other: self.writer.step(template.format(self.name, spell(other)))


class Scalar:
    """A number that changes in each step. Arithmetic is written down; what wants to know its value can't be."""

    __slots__ = ("name", "writer")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str, writer: Writer) -> None:
        self.name, self.writer = name, writer

    __add__, __radd__ = _written("{} + {}"), _written("{1} + {0}")
    __sub__, __rsub__ = _written("{} - {}"), _written("{1} - {0}")
    __mul__, __rmul__ = _written("{} * {}"), _written("{1} * {0}")
    __truediv__, __rtruediv__ = _written("{} / {}"), _written("{1} / {0}")
    __pow__, __rpow__ = _written("{} ** {}"), _written("{1} ** {0}")

    def _asked(self, *other: Any) -> Any:
        raise Unwritten("a rule looks at a scalar")

    __bool__ = __float__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _asked  # type: ignore[assignment]


def spell(value: Any) -> str:
    """A number as text."""
    if type(value) is Scalar:
        return value.name
    if type(value) not in (int, float) or value - value != 0:
        raise Unwritten(str(value))
    return f"({value!r})"


class Flat:
    """The step of one plan, as text and compiled, for the hyperparameters that its group now has."""

    def __init__(self, owner: Any, plan: Any, group: dict[str, Any]) -> None:
        self.plan, self.listed, self.by = plan, list(group["params"]), f"{type(owner).__name__}.step"
        self._check(group)
        writer, slots = Writer(), list(plan.flat)
        h = {name: value for name, value in group.items() if name != "params"}
        self.changing = [name for name in CHANGING if name in h]
        given = [*plan.scalars, *self.changing]
        h |= {"fresh": False, **{name: Scalar(name, writer) for name in given}}
        owner.advance(h)
        p, g, *state = map(Array, ["p", "g", *(f"s{i}" for i in range(len(slots)))])
        scratch = [Array(f"t{i}") for i in range(plan.scratch[0])]
        new, after = owner.rule(writer, h, p, g, dict(zip(slots, state, strict=True)), *scratch)
        if new is not p or any(after.get(name, old) is not old for name, old in zip(slots, state, strict=True)):
            raise Unwritten("a result that is not in its place")
        lines = [
            f"def numbers({', '.join(given)}):", *writer.steps,
            f"return ({''.join(spell(h[name]) + ', ' for name in plan.scalars)}), ({''.join(n + ', ' for n in writer.numbers)})",
        ]  # fmt: skip
        names = ", ".join([a.name for a in (p, *state)])
        loop = [
            "def loop(blocks, gradients):", f"for i, place, ({names},), ({', '.join([a.name for a in scratch])},) in blocks:",
            *("    " + line for line in ("g = gradients[i][place]", *writer.calls)),
        ]  # fmt: skip
        self.source = "\n    ".join(lines) + "\n\n" + "\n    ".join(loop) + "\n"
        self.scalars = [np.zeros((), plan.real) for _ in writer.numbers]  # quicker operands than Python's numbers
        made = {name: getattr(np, name) for name in writer.functions}
        made |= {f"n{i}": scalar for i, scalar in enumerate(self.scalars)}
        exec(compile(self.source, "<optimizer>", "exec"), made)
        self.numbers, self.loop = made["numbers"], made["loop"]
        self.kernel = self._kernel(owner, group)
        if self.kernel is None and plan.size * owner._nanoseconds > 1e6:
            raise Unwritten("work for several threads: the plan shares it")
        buffers = np.empty(plan.scratch, plan.real)
        self.blocks = [(i, at, (p, *s.values()), tuple(buffers[:, : p.size])) for i, at, p, s in plan.blocks]

    def _check(self, group: dict[str, Any]) -> None:
        plan = self.plan
        if plan.fresh or group.get("differentiable") or any([isinstance(v, Tensor) for v in group.values()]):
            raise Unwritten("the first step, or one that is recorded")
        if len(plan.params) != len(self.listed):
            raise Unwritten("a parameter without a gradient, or one that is listed twice")
        if not all([type(p.node) is Leaf and p.lineage in (None, UNTRACKED) for p in self.listed]):
            raise Unwritten("a view, which may get another node")

    def _kernel(self, owner: Any, group: dict[str, Any]) -> Any:
        """The same as a compiled loop, where there are kernels."""
        plan = self.plan
        if plan.pieces() is None:
            return None
        from autograd.fast.elementwise import Untraceable

        h = {**group, "fresh": False, **{name: buffer.item(0) for name, buffer in plan.scalars.items()}}
        owner.advance(h)
        try:
            return plan.pieces().loop(owner.rule, h, plan.scratch[0])
        except Untraceable:
            return None

    def run(self, group: dict[str, Any], state: Any) -> bool:
        """Do the step; False, having done nothing, if a gradient is missing or something is not where it was."""
        plan, listed = self.plan, group["params"]
        if len(listed) != len(self.listed) or not all(map(operator.is_, listed, self.listed)) or not plan.holds(state):
            return False
        if self.kernel is not None and not fast.ready():
            return False
        try:
            gradients = [p.node.grad.array for p in plan.params]
        except AttributeError:
            return False
        for gradient in gradients:
            if gradient.dtype != plan.kind:
                return False
        given = [buffer.item(0) for buffer in plan.scalars.values()]
        after, numbers = self.numbers(*given, *[group[name] for name in self.changing])
        if self.kernel is not None:
            plan.pieces().run(*self.kernel, numbers, gradients)
        else:
            for scalar, value in zip(self.scalars, numbers, strict=True):
                scalar.fill(value)
            with np.errstate(all="ignore"):
                self.loop(self.blocks, plan.gather(gradients))
            plan.scatter()
        plan.finish(after, self.by)
        return True


class Steps:
    """The written steps of an optimizer, one for each group whose hyperparameters and plan stay the same."""

    def __init__(self) -> None:
        self.known: dict[int, _Known] = {}

    def run(self, owner: Any, number: int, group: dict[str, Any]) -> bool:
        """Do the step of a group as it was written down; False, having done nothing, if it was not or doesn't fit."""
        known = self.known.get(number)
        if known is None or not (known.holds(group) or known.follows(group)):
            known = self.known[number] = _Known(group)
        if known.flat is not None:
            if known.flat.run(group, owner.state):
                return True
            known.flat, known.plan = None, None
        _, plans = owner.__dict__.get("_plans", {}).get(number, ((), ()))
        plan = plans[0] if len(plans) == 1 else None
        known.steps = known.steps + 1 if plan is known.plan else 0
        known.plan = plan
        if plan is None or known.steps != PATIENCE:
            return False
        try:
            known.flat = Flat(owner, plan, group)
        except (Unwritten, TypeError, AttributeError, ValueError):
            return False
        return known.flat.run(group, owner.state)


class _Known:
    """A group's hyperparameters, the plan of its latest step, how many steps both lasted, and what was written for them."""

    __slots__ = ("flat", "plan", "steps", "values")

    def __init__(self, group: dict[str, Any]) -> None:
        self.values = list(group.values())
        self.plan: Any = None
        self.steps = 0
        self.flat: Flat | None = None

    def holds(self, group: dict[str, Any]) -> bool:
        """Whether the hyperparameters are the very same."""
        return len(self.values) == len(group) and all(map(operator.is_, self.values, group.values()))

    def follows(self, group: dict[str, Any]) -> bool:
        """Whether the hyperparameters are the same but for those that are arguments of what was written."""
        before, self.values = self.values, list(group.values())
        changed = [name for a, (name, b) in zip(before, group.items(), strict=False) if a is not b]
        return len(before) == len(group) and all([name in CHANGING and type(group[name]) is float for name in changed])
