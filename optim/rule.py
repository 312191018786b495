"""Optimizers that are one update rule: the rule is written once, over arrays, and serves two ways of running it.

    def rule(self, do, h, p, g, s, t, u):
        m = do.add(do.multiply(s["buffer"], h["momentum"], out=s["buffer"]), g, out=s["buffer"])
        return do.subtract(p, do.multiply(m, h["lr"], out=u), out=p), {"buffer": m}

*Plainly* ``do`` is NumPy: every call writes where ``out`` says. The state of all parameters lies in flat buffers
(``state[p]`` shows views of them), small parameters are gathered and updated together, large ones in blocks that stay
in cache: a dozen NumPy calls whatever the number of parameters. Parameters themselves stay where they are.
With compiled kernels the rule is called on symbols, and all it does becomes one loop (``autograd/fast/updates.py``).
Once two steps were alike, a third one is written down (``written.py``): the same, without the questions asked here.

With ``differentiable=True`` ``do`` is ``Recorded``: the same names on Tensors, which ignore ``out`` and record.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

import autograd
from autograd import dtypes, fast
from autograd.graph import enable_grad
from autograd.inplace import assign
from autograd.tensor import Tensor, wrap
from autograd.threads import parallel_for
from autograd.views import stamp_all, write_of

from .optimizer import Closure, Optimizer, check
from .written import Steps

__all__ = ["ArrayOptimizer", "RuleOptimizer", "averages", "check_lr", "decayed", "descent", "number", "reals"]

Array = np.ndarray[Any, Any]
Values = dict[str, Any]

BLOCK = 32768
"""Elements updated at a time: with its state and scratch, a block of this size stays in the second-level cache."""

FEW = 8192
"""Fewer elements than these are not worth a compiled loop."""

SMALL = 4096
"""Parameters of fewer elements are gathered: for them a NumPy call costs more than a copy."""


class _Recorded:
    """NumPy's functions by name, on Tensors: they record, and ``out`` means nothing to them."""

    _SHORT: ClassVar = {"multiply": "mul", "subtract": "sub", "divide": "div", "negative": "neg", "absolute": "abs"}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(autograd, self._SHORT.get(name, name))

        def recorded(*args: Any, out: Any = None) -> Any:
            return function(*args)

        setattr(self, name, recorded)
        return recorded


recorded = _Recorded()


def number(value: Any) -> Any:
    """A hyperparameter that may be a one-element Tensor, as a Python number; anything else as it is."""
    if isinstance(value, Tensor):
        return value.item()
    return tuple(map(number, value)) if isinstance(value, tuple) else value


def check_lr(lr: Any) -> None:
    """Raise ValueError for a learning rate that is negative, or a Tensor of several elements."""
    check(not isinstance(lr, Tensor) or lr.numel() == 1, "Tensor lr must be 1-element")
    check(number(lr) >= 0, f"Invalid learning rate: {lr}")


def descent(do: Any, h: Values, p: Any, g: Any, t: Any, u: Any) -> Any:
    """The gradient to go against: negated if we maximize, with the L2 penalty added. Uses ``t`` and ``u``."""
    if h.get("maximize"):
        g = do.negative(g, out=t)
    decay = h["weight_decay"]
    if isinstance(decay, Tensor) or decay != 0:
        g = do.add(g, do.multiply(p, decay, out=u), out=t)
    return g


def decayed(do: Any, h: Values, p: Any, g: Any, t: Any, u: Any) -> tuple[Any, Any]:
    """Parameter and gradient after weight decay: of the parameter if it is decoupled, else in the gradient."""
    if not h["decoupled_weight_decay"]:
        return p, descent(do, h, p, g, t, u)
    p = do.multiply(p, 1 - h["lr"] * h["weight_decay"], out=p) if h["weight_decay"] else p
    return p, do.negative(g, out=t) if h["maximize"] else g


def averages(do: Any, betas: tuple[float, float], g: Any, s: Values, u: Any) -> tuple[Any, Any]:
    """Adam's running averages of the gradient and of its square, brought up to date."""
    (beta1, beta2), m, v = betas, s["exp_avg"], s["exp_avg_sq"]
    m = do.add(do.multiply(m, beta1, out=m), do.multiply(g, 1 - beta1, out=u), out=m)
    square = do.multiply(do.multiply(g, g, out=u), 1 - beta2, out=u)
    return m, do.add(do.multiply(v, beta2, out=v), square, out=v)


_array = operator.attrgetter("array")


class _Plan:
    """The parameters that are updated together: same group, dtype and scalars. Owns the memory of their state."""

    def __init__(self, cohort: list[tuple[Tensor, Values]], slots: Values, scalars: Values, scratch: int) -> None:
        alone = [p for p in cohort if p[0].array.flags.c_contiguous and p[0].array.size >= SMALL]
        known = {id(p[0]) for p in alone}
        ordered = alone + [p for p in cohort if id(p[0]) not in known]  # those to be gathered lie side by side
        self.params = [p for p, _ in ordered]
        self.states = [state for _, state in ordered]
        self.arrays = [p.array for p in self.params]
        self.writes = [write_of(array) for array in self.arrays]
        self.kind = self.arrays[0].dtype
        self.real = np.zeros(0, self.kind).real.dtype if self.kind.kind == "c" else self.kind
        self.watched: list[tuple[Values, str, Tensor, Array]] = []  # state that must still be ours at the next step
        starts = np.cumsum([0, *(a.nbytes // self.real.itemsize for a in self.arrays)]).tolist()
        self.fresh = any(self.states[0].get(name) is None for name in slots)
        self.scalars = {name: self._scalars(name, initial) for name, initial in scalars.items()}
        self.flat = {name: self._flat(name, initial, starts) for name, initial in slots.items()}
        self._cut(starts, len(alone), scratch)
        self.remember()

    def _scalars(self, name: str, initial: float) -> Array:
        """One element for each parameter; the 0-d tensors in its state are views of it."""
        known = self.states[0].get(name)
        kind = known.array.dtype if isinstance(known, Tensor) else dtypes.default_float()
        buffer = np.empty(len(self.params), kind)
        for i, state in enumerate(self.states):
            known = state.get(name)
            buffer[i] = initial if known is None else float(known)
            self._show(state, name, buffer[i : i + 1].reshape(()))
        return buffer

    def _flat(self, name: str, initial: Any, starts: list[int]) -> Array:
        """The memory of one kind of state; the tensors in each parameter's state are views of it."""
        buffer = np.empty(starts[-1], self.real)
        for i, (array, state) in enumerate(zip(self.arrays, self.states, strict=True)):
            mine = buffer[starts[i] : starts[i + 1]]
            known = state.get(name)
            if known is None:
                mine.fill(0 if initial is None else initial)
            else:
                mine[:] = reals(np.ascontiguousarray(known.array, array.dtype)).reshape(-1)
            self._show(state, name, mine.view(self.kind).reshape(array.shape))
        return buffer

    def _show(self, state: Values, name: str, view: Array) -> None:
        tensor = state.get(name)
        if isinstance(tensor, Tensor):
            tensor.array = view
        else:
            tensor = state[name] = wrap(view)
        self.watched.append((state, name, tensor, view))

    def _cut(self, starts: list[int], alone: int, scratch: int) -> None:
        """Cut parameters and state into blocks; what is gathered is cut as if it were one more parameter."""
        first = starts[alone]
        self.gathered = np.empty((2, starts[-1] - first), self.real)
        flat = [reals(array).reshape(-1) for array in self.arrays[:alone]] + [self.gathered[0]]
        self.blocks: list[tuple[int, slice, Array, Values]] = []
        for i, p in enumerate(flat):
            for a in range(0, p.size, BLOCK):
                b = min(a + BLOCK, p.size)
                state = {name: buffer[starts[i] + a : starts[i] + b] for name, buffer in self.flat.items()}
                self.blocks.append((i, slice(a, b), p[a:b], state))
        self.alone = alone
        self.places: list[tuple[Array, Array, Array]] = []
        whole, unit = self.gathered.view(self.kind), self.kind.itemsize // self.real.itemsize
        for i in range(alone, len(self.params)):
            place, array = slice((starts[i] - first) // unit, (starts[i + 1] - first) // unit), self.arrays[i]
            p, g = (row[place].reshape(array.shape) for row in whole)
            self.places.append((array, p, g))
        self.size = starts[-1]
        self.scratch = (scratch, max((p.size for _, _, p, _ in self.blocks), default=0))
        self.plain = self.kind == np.float32 and all([array.flags.c_contiguous for array in self.arrays])
        self._pieces: Any = None
        self.spare: list[Array] = []  # scratch that no thread is using

    def remember(self) -> None:
        """Note the scalars as we leave them."""
        self.seen = [buffer.tobytes() for buffer in self.scalars.values()]

    def holds(self, states: Any) -> bool:
        """Whether parameters and state are still where this plan put them (nothing was loaded, moved or replaced)."""
        return (
            all(map(operator.is_, map(_array, self.params), self.arrays))
            and (not self.watched or all(map(operator.is_, map(states.get, self.params), self.states)))
            and all([state.get(name) is tensor and tensor.array is view for state, name, tensor, view in self.watched])
            and self.seen == [buffer.tobytes() for buffer in self.scalars.values()]
        )

    def run(self, rule: Callable[..., Any], h: Values, nanoseconds: float) -> None:
        """Call ``rule(np, h, p, g, state, *scratch)`` on every block, in several threads where there is enough to do."""
        gradients = [p.grad.array for p in self.params]  # type: ignore[union-attr]
        pieces = self.pieces()
        if pieces is None or not pieces.update(rule, h, gradients, self.scratch[0]):
            self._plainly(functools.partial(rule, np, h), self.gather(gradients), nanoseconds)
            self.scatter()

    def gather(self, gradients: list[Array]) -> list[Array]:
        """The gradients that the blocks number; small parameters are brought together with theirs."""
        for (array, p, g), gradient in zip(self.places, gradients[self.alone :], strict=True):
            p[...] = array
            g[...] = gradient
        return [*[reals(gradient).reshape(-1) for gradient in gradients[: self.alone]], self.gathered[1]]

    def scatter(self) -> None:
        """Bring the small parameters back to their places."""
        for array, p, _ in self.places:
            array[...] = p

    def finish(self, scalars: Iterable[Any], by: str) -> None:
        """After a step: keep the scalars, and say that the parameters were written."""
        for buffer, value in zip(self.scalars.values(), scalars, strict=True):
            buffer.fill(value)
        self.fresh = False
        self.remember()
        stamp_all(self.writes, by)

    def _plainly(self, rule: Callable[..., Any], gradients: list[Array], nanoseconds: float) -> None:
        def work(start: int, stop: int) -> None:
            scratch = self.spare.pop() if self.spare else np.empty(self.scratch, self.real)
            with np.errstate(all="ignore"):
                for i, place, p, state in self.blocks[start:stop]:
                    rule(p, gradients[i][place], state, *scratch[:, : p.size])
            self.spare.append(scratch)

        parallel_for(len(self.blocks), work, nanoseconds * self.size)

    def pieces(self) -> Any:
        """Where everything lies, for compiled loops; None if there are none for this."""
        if self.size < FEW or not self.plain or not fast.ready():
            return None
        if self._pieces is None:
            from autograd.fast.updates import Pieces

            self._pieces = Pieces(self.arrays, self.flat)
        return self._pieces


def reals(array: Array) -> Array:
    """A complex array as twice as many real numbers; a real one as it is."""
    if array.dtype.kind != "c":
        return array
    return np.ascontiguousarray(array).reshape(-1).view(array.real.dtype)


class RuleOptimizer(Optimizer):
    """An optimizer whose step is one ``rule``. Options that mean nothing on the CPU are accepted, as in PyTorch."""

    _scratch = 2
    _nanoseconds = 1.5  # about what the rule costs for one element

    def slots(self, group: Values) -> Values:
        """The state kept for each element, and what it is at first; None: nothing until the first step."""
        return {}

    def scalars(self, group: Values) -> Values:
        """The numbers kept for each parameter, and what they are at first."""
        return {"step": 0.0}

    def advance(self, h: Values) -> None:
        """Bring the scalars, which are in ``h``, from the last step to this one."""
        if "step" in h:
            h["step"] += 1

    def rule(self, do: Any, h: Values, p: Any, g: Any, s: Values, t: Any, u: Any) -> tuple[Any, Values]:
        """One step: the new parameter and its new state.

        Args:
            do: NumPy, or ``Recorded``.
            h: the group's hyperparameters, the scalars, and ``fresh``: is this the first step.
            p, g, s: parameter, gradient (not to be written), and state by name.
            t, u: scratch of the same shape.
        """
        raise NotImplementedError

    def begin(self, group: Values, p: Tensor) -> Values:
        """The state of a parameter; what is missing is made."""
        state: Values = self.state[p]
        for name, initial in self.scalars(group).items():
            if state.get(name) is None:
                state[name] = wrap(np.full((), initial, dtypes.default_float()))
        for name, initial in self.slots(group).items():
            if state.get(name) is None and initial is not None:
                fill = complex(initial, initial) if p.array.dtype.kind == "c" else initial
                state[name] = wrap(np.full(p.array.shape, fill, p.array.dtype))
        return state

    def step(self, closure: Closure = None) -> Any:
        """Update the parameters once from their gradients; parameters without one are left alone.

        Args:
            closure: computes the loss again and returns it, gradients included.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        steps: Steps = self.__dict__.get("_steps") or self.__dict__.setdefault("_steps", Steps())
        for number_, group in enumerate(self.param_groups):
            if steps.run(self, number_, group):
                continue
            active = [p for p in group["params"] if p.grad is not None]
            if not active:
                continue
            if group.get("differentiable"):
                for p in active:
                    self._record(group, p)
                continue
            while active:
                known = {id(p): p for p in active}  # a parameter listed twice is updated twice, one after the other
                if len(known) == len(active):
                    self._update(number_, group, active)
                    break
                self._update(number_, group, list(known.values()))
                for p in known.values():
                    active.pop(next(i for i, q in enumerate(active) if q is p))
        return loss

    def _update(self, number_: int, group: Values, active: list[Tensor]) -> None:
        for plan in self._planned(number_, group, active):
            h: Values = {k: number(v) for k, v in group.items() if k != "params"}
            for name, buffer in plan.scalars.items():
                h[name] = buffer.item(0)
            h["fresh"] = plan.fresh
            self.advance(h)
            plan.run(self.rule, h, self._nanoseconds)
            plan.finish([h[name] for name in plan.scalars], f"{type(self).__name__}.step")

    def _planned(self, number_: int, group: Values, active: list[Tensor]) -> list[_Plan]:
        """The plans of this group's last step if they still hold, else new ones."""
        plans: dict[int, Any] = self.__dict__.setdefault("_plans", {})
        known = plans.get(number_)
        if known is not None:
            listed, made = known
            same = len(listed) == len(active) and all(map(operator.is_, listed, active))
            if same and all(plan.holds(self.state) for plan in made):
                return made  # type: ignore[no-any-return]
        cohorts: dict[Any, list[tuple[Tensor, Values]]] = {}
        scalars, slots = self.scalars(group), self.slots(group)
        for p in active:
            state: Values = self.state[p] if scalars or slots else {}
            now = tuple([float(state.get(name, first)) for name, first in scalars.items()])  # type: ignore[arg-type]
            begun = tuple([state.get(name) is not None for name in slots])
            cohorts.setdefault((p.array.dtype, now, begun), []).append((p, state))
        made = [_Plan(cohort, slots, scalars, self._scratch) for cohort in cohorts.values()]
        plans[number_] = (active, made)
        return made

    def _record(self, group: Values, p: Tensor) -> None:
        """One recorded step of one parameter: gradients flow to ``p.grad``, the state and the learning rate."""
        scalars, slots = self.scalars(group), self.slots(group)
        state = self.begin(group, p) if scalars or slots else {}
        h: Values = {**group, **{name: float(state[name]) for name in scalars}}
        h["fresh"] = any(state.get(name) is None for name in slots)
        self.advance(h)
        for name in scalars:
            state[name].array[...] = float(h[name])
        split = p.array.dtype.kind == "c"  # complex numbers are updated as pairs of real ones
        into: Any = autograd.view_as_real if split else lambda value: value * 1.0  # a copy: the originals are written
        back: Any = autograd.view_as_complex if split else lambda value: value
        with enable_grad():
            before, g, *old = (None if t is None else into(t) for t in (p, p.grad, *map(state.get, slots)))
            new, found = self.rule(recorded, h, before, g, dict(zip(slots, old, strict=True)), None, None)
            for name, value in found.items():
                if state.get(name) is None:
                    state[name] = back(value)
                else:
                    assign(state[name], back(value), type(self).__name__)
            assign(p, back(new), f"{type(self).__name__}.step")


class ArrayOptimizer(Optimizer):
    """An optimizer that needs the shape of each parameter: ``update`` writes one of them in place."""

    def update(self, h: Values, p: Array, g: Array, state: Values) -> None:
        """One step of one parameter; ``h`` are the group's hyperparameters as numbers."""
        raise NotImplementedError

    def kept(self, state: Values, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """The array kept under this name, at first zeros (of the default dtype if None)."""
        if name not in state:
            state[name] = wrap(np.zeros(shape, dtype or dtypes.default_float()))
        return state[name].array  # type: ignore[no-any-return]

    def step(self, closure: Closure = None) -> Any:
        """Update the parameters once from their gradients; parameters without one are left alone.

        Args:
            closure: computes the loss again and returns it, gradients included.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            h: Values = {k: number(v) for k, v in group.items() if k != "params"}
            active = [p for p in group["params"] if p.grad is not None]
            for p in active:
                self.update(h, p.array, p.grad.array, self.state[p])
            stamp_all([write_of(p.array) for p in active], f"{type(self).__name__}.step")
        return loss
