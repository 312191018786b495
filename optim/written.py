"""An optimizer's step inside a compiled program (``autograd.compile``): what its rule does, written down once.

The rule is called with writers in place of its arrays, and of the scalars that change in each step; what it does with
them becomes flat Python:

    def numbers(step):                     def loop(blocks, gradients):
        k0 = step + 1                          for i, place, (p, s0, s1), (t0, t1) in blocks:
        k1 = 0.999 ** k0                           g = gradients[i][place]
        ...                                        multiply(s0, n0, out=s0)
        return (k0,), (0.9, ..., k5)               ...

Arithmetic is the same in the same order: the same bits. Whatever the text does not cover - hooks, parameters without a
gradient, state that was loaded, a rule that looks at a scalar - is left to the optimizer's own step, and hyperparameters
that change are a reason to write anew.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import fast
from autograd.tensor import Tensor
from autograd.views import stamp_all

from . import optimizer as hooks
from .rule import FEW

__all__ = ["Replay"]


class Unwritten(Exception):
    """A rule does something that can't be written down."""


class Writer:
    """Stands in for NumPy: writes down a rule's calls, and separately how the numbers among them come about."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.numbers: list[str] = []
        self.steps: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if not hasattr(np, name):
            raise Unwritten(name)

        def called(*operands: Any, out: Array | None = None) -> Array:
            spelled = [value.name if type(value) is Array else self.number(value) for value in operands]
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
        self.owner, self.plan = owner, plan
        if plan.fresh or group.get("differentiable") or any([isinstance(v, Tensor) for v in group.values()]):
            raise Unwritten("the first step, or one that is recorded")
        writer, slots = Writer(), list(plan.flat)
        h = {name: value for name, value in group.items() if name != "params"}
        h |= {"fresh": False, **{name: Scalar(name, writer) for name in plan.scalars}}
        owner.advance(h)
        p, g, *state = map(Array, ["p", "g", *(f"s{i}" for i in range(len(slots)))])
        scratch = [Array(f"t{i}") for i in range(plan.scratch[0])]
        new, after = owner.rule(writer, h, p, g, dict(zip(slots, state, strict=True)), *scratch)
        if new is not p or any(after.get(name, old) is not old for name, old in zip(slots, state, strict=True)):
            raise Unwritten("a result that is not in its place")
        lines = [
            f"def numbers({', '.join(plan.scalars)}):", *writer.steps,
            f"return ({''.join(spell(h[name]) + ', ' for name in plan.scalars)}), ({''.join(n + ', ' for n in writer.numbers)})",
        ]  # fmt: skip
        names = ", ".join([a.name for a in (p, *state)])
        loop = [
            "def loop(blocks, gradients):", f"for i, place, ({names},), ({', '.join([a.name for a in scratch])},) in blocks:",
            *("    " + line for line in ("g = gradients[i][place]", *writer.calls)),
        ]  # fmt: skip
        self.source = "\n    ".join(lines) + "\n\n" + "\n    ".join(loop) + "\n"
        self.scalars = [np.zeros((), plan.real) for _ in writer.numbers]  # quicker operands than Python's numbers
        made = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
        made |= {f"n{i}": scalar for i, scalar in enumerate(self.scalars)}
        exec(compile(self.source, "<optimizer>", "exec"), made)
        self.numbers, self.loop = made["numbers"], made["loop"]
        buffers = np.empty(plan.scratch, plan.real)
        self.blocks = [(i, at, (p, *s.values()), tuple(buffers[:, : p.size])) for i, at, p, s in plan.blocks]
        self.kernel = self._kernel(h) if plan.size >= FEW and plan.kind == np.float32 else None

    def _kernel(self, h: dict[str, Any]) -> Any:
        """The same as a compiled loop, where there are kernels."""
        if not fast.ready():
            return None
        from autograd.fast import elementwise, updates

        plan = self.plan
        if plan.pieces is None:
            plan.pieces = updates.Pieces(plan.blocks)
        h |= {name: buffer.item(0) for name, buffer in plan.scalars.items()}
        self.owner.advance(h)
        try:
            return plan.pieces.loop(self.owner.rule, h, plan.scratch[0])
        except elementwise.Untraceable:
            return None

    def fits(self, group: dict[str, Any], listed: list[Any]) -> bool:
        """Whether this step can be run now: everything is where it was, and every parameter has a gradient."""
        plan = self.plan
        if len(listed) != len(group["params"]) or not all(map(operator.is_, listed, group["params"])):
            return False
        for p in plan.params:
            grad = p.grad
            if grad is None or grad.array.dtype != plan.kind:
                return False
        if self.kernel is None and plan.size * self.owner._nanoseconds > 1e6:  # the plan shares it between threads
            return False
        return bool(plan.holds(self.owner.state))

    def run(self) -> None:
        plan = self.plan
        gradients = plan.gather()
        after, numbers = self.numbers(*[buffer.item(0) for buffer in plan.scalars.values()])
        if self.kernel is not None and fast.ready():
            plan.pieces.run(*self.kernel, numbers, gradients)
        else:
            for scalar, value in zip(self.scalars, numbers, strict=True):
                scalar.fill(value)
            self.loop(self.blocks, gradients)
        plan.scatter()
        for buffer, value in zip(plan.scalars.values(), after, strict=True):
            buffer.fill(value)
        plan.remember()
        stamp_all(plan.arrays, f"{type(self.owner).__name__}.step")


class Replay:
    """``optimizer.step()`` of a compiled program, given the step as it is."""

    def __init__(self, owner: Any, step: Callable[..., Any]) -> None:
        self.owner, self.step = owner, step
        self.flats: dict[int, tuple[Any, Any, Flat | None]] = {}  # plan, hyperparameters, and what was written for them

    def __call__(self) -> None:
        found = self.found()
        if found is None:
            self.step(self.owner)
            return
        for flat in found:
            flat.run()

    def found(self) -> list[Flat] | None:
        """The written steps of all groups, if they all can be run now."""
        owner = self.owner
        if (
            owner._optimizer_step_pre_hooks
            or owner._optimizer_step_post_hooks
            or hooks._before_every_step
            or hooks._after_every_step
        ):
            return None
        flats = []
        for i, group in enumerate(owner.param_groups):
            listed, plans = owner.__dict__.get("_plans", {}).get(i, ((), ()))
            if len(plans) != 1:
                return None
            plan, values, flat = self.flats.get(i, (None, (), None))
            if plan is not plans[0] or not all(map(operator.is_, values, group.values())):
                flat = self.written(plans[0], group)
                self.flats[i] = plans[0], tuple(group.values()), flat
            if flat is None or not flat.fits(group, listed):
                return None
            flats.append(flat)
        return flats

    def written(self, plan: Any, group: dict[str, Any]) -> Flat | None:
        """This group's step, if it can be written down."""
        try:
            return Flat(self.owner, plan, group)
        except (Unwritten, TypeError, AttributeError, ValueError):
            return None
