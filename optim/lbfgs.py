"""L-BFGS: a quasi-Newton method that remembers its last steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.graph import enable_grad, no_grad
from autograd.tensor import wrap
from autograd.views import stamp_all, write_of

from .linesearch import strong_wolfe
from .optimizer import Optimizer, check
from .rule import check_lr, number, reals

__all__ = ["LBFGS"]

Array = np.ndarray[Any, Any]


class LBFGS(Optimizer):
    """Limited-memory BFGS. One parameter group; ``step`` needs a closure that computes loss and gradients again.

    Args:
        params: the parameters.
        lr: the first trial step along each direction.
        max_iter: most iterations in one ``step``.
        max_eval: most evaluations in one ``step`` (default: 1.25 * max_iter).
        tolerance_grad: done when no gradient is larger.
        tolerance_change: done when neither parameters nor loss change more.
        history_size: how many steps to remember.
        line_search_fn: None (go ``lr`` along the direction) or "strong_wolfe".

    Source: Nocedal and Wright, Numerical Optimization, chapter 7;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html

    >>> import autograd
    >>> p = autograd.tensor([-1.0, 2.0], requires_grad=True)
    >>> optimizer = LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2  # Rosenbrock's valley, with its bottom at (1, 1)
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     first = optimizer.step(closure)
    >>> [round(x, 3) for x in p.tolist()]
    [1.0, 1.0]
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        defaults = dict(
            lr=lr, max_iter=max_iter, max_eval=max_eval, tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change, history_size=history_size, line_search_fn=line_search_fn,
        )  # fmt: skip
        super().__init__(params, defaults)
        check(len(self.param_groups) == 1, "LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    # --- parameters as one vector ---

    def _gradient(self) -> Array:
        flat = [reals(np.zeros_like(p.array) if p.grad is None else p.grad.array).reshape(-1) for p in self._params]
        return np.concatenate(flat)

    def _where(self) -> Array:
        return np.concatenate([reals(p.array).reshape(-1) for p in self._params])

    def _go(self, vector: Array) -> None:
        at = 0
        for p in self._params:
            n = p.array.size * (2 if p.array.dtype.kind == "c" else 1)
            p.array[...] = vector[at : at + n].astype(p.array.real.dtype).view(p.array.dtype).reshape(p.array.shape)
            at += n
        stamp_all([write_of(p.array) for p in self._params], "LBFGS.step")

    # --- the method ---

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Iterate until ``max_iter`` or convergence; returns the loss at the start.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss.
        """
        if closure is None:
            raise TypeError("LBFGS.step needs a closure that computes the loss and its gradients again")
        if len(self.param_groups) != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {len(self.param_groups)}")
        h = self.param_groups[0]
        if h["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        closure = enable_grad()(closure)
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        state["func_evals"] += 1
        gradient = self._gradient()
        if np.abs(gradient).max() <= h["tolerance_grad"]:
            return first_loss
        memory = _Memory(state)
        loss, evaluations = float(first_loss), 1
        for iteration in range(1, h["max_iter"] + 1):
            state["n_iter"] += 1
            direction = memory.direction(gradient, h["history_size"], state["n_iter"] == 1)
            memory.gradient, memory.loss = gradient, loss
            t = number(h["lr"])
            if state["n_iter"] == 1:
                t = min(1.0, 1.0 / float(np.abs(gradient).sum())) * t
            memory.t = t
            slope = float(gradient @ direction)
            if slope > -h["tolerance_change"]:
                break
            start, used = self._where(), 0
            if h["line_search_fn"] is not None:
                loss, gradient, t, used = strong_wolfe(
                    self._along(closure, start, direction),
                    t, direction, loss, gradient, slope, max_ls=h["max_eval"] - evaluations,
                )  # fmt: skip
                self._go(start + direction.dtype.type(t) * direction)
            else:
                self._go(start + direction.dtype.type(t) * direction)
                if iteration != h["max_iter"]:
                    loss, gradient, used = float(closure()), self._gradient(), 1
            memory.t = t
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= h["max_eval"]
                or np.abs(gradient).max() <= h["tolerance_grad"]
                or np.abs(direction * t).max() <= h["tolerance_change"]
                or abs(loss - memory.loss) < h["tolerance_change"]
            ):
                break
        memory.save(state)
        return first_loss

    def _along(self, closure: Callable[[], Any], start: Array, direction: Array) -> Callable[[float], Any]:
        """Loss and gradient as a function of the step length."""

        def at(t: float) -> tuple[float, Array]:
            self._go(start + direction.dtype.type(t) * direction)
            return float(closure()), self._gradient()

        return at


class _Memory:
    """The last steps and changes of the gradient, from which the inverse Hessian is guessed."""

    def __init__(self, state: dict[str, Any]) -> None:
        def array(name: str) -> Any:
            return None if state.get(name) is None else state[name].array

        self.d: Any = array("d")
        self.t: float = float(state.get("t", 0.0))
        self.gradient: Any = array("prev_flat_grad")
        self.loss: float = float(state.get("prev_loss", 0.0))
        self.changes = [y.array for y in state.get("old_dirs", [])]
        self.steps = [s.array for s in state.get("old_stps", [])]
        self.inverse = [float(r) for r in state.get("ro", [])]
        self.scale = float(state.get("H_diag", 1))

    def direction(self, gradient: Array, size: int, first: bool) -> Any:
        """Minus the guessed inverse Hessian times the gradient (the two-loop recursion)."""
        if first:
            self.changes, self.steps, self.inverse, self.scale = [], [], [], 1.0
            self.d = -gradient
            return self.d
        change, step = gradient - self.gradient, self.d * gradient.dtype.type(self.t)
        product = float(change @ step)
        if product > 1e-10:
            if len(self.changes) == size:
                del self.changes[0], self.steps[0], self.inverse[0]
            self.changes.append(change)
            self.steps.append(step)
            self.inverse.append(1.0 / product)
            self.scale = product / float(change @ change)
        q = -gradient
        weights = []
        pairs = list(zip(self.changes, self.steps, self.inverse, strict=True))
        for y, s, inverse in reversed(pairs):
            weights.append(float(s @ q) * inverse)
            q = q - q.dtype.type(weights[-1]) * y
        q = q * q.dtype.type(self.scale)
        for (y, s, inverse), weight in zip(pairs, reversed(weights), strict=True):
            q = q + q.dtype.type(weight - float(y @ q) * inverse) * s
        self.d = q
        return q

    def save(self, state: dict[str, Any]) -> None:
        """Keep it under PyTorch's names."""
        state["d"], state["t"] = wrap(self.d), self.t
        state["old_dirs"] = [wrap(y) for y in self.changes]
        state["old_stps"] = [wrap(s) for s in self.steps]
        state["ro"] = [wrap(np.asarray(r, self.d.dtype)) for r in self.inverse]
        state["H_diag"] = wrap(np.asarray(self.scale, self.d.dtype)) if self.changes else 1
        state["prev_flat_grad"], state["prev_loss"] = wrap(self.gradient), self.loss
