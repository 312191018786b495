"""Checkpointing: trade memory for time by computing a part of the network twice.

Source: https://docs.pytorch.org/docs/stable/checkpoint.html
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .. import passes
from ..function import Function
from ..graph import enable_grad, mode, no_grad
from ..random import fork_rng, get_rng_state, set_rng_state
from ..saving import saved_tensors_hooks
from ..tensor import Tensor, wrap

__all__ = [
    "check_backward_validity", "checkpoint", "checkpoint_sequential", "detach_variable", "get_device_states",
    "noop_context_fn", "set_checkpoint_debug_enabled", "set_device_states",
]  # fmt: skip


def noop_context_fn() -> tuple[Any, Any]:
    """Two contexts that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, context_fn: Callable[[],
    Any] = noop_context_fn,
    determinism_check: str = "default", debug: bool = False, early_stop: bool = True, preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """``function(*args, **kwargs)``, without keeping what it saves: backward runs it again.

    Args:
        use_reentrant: True: the old way, a custom Function that keeps its inputs only; else saved tensors are dropped
            one by one and recomputed together when the first is needed.
        preserve_rng_state: run it again with the same random numbers (dropout).
        context_fn: returns two contexts, for the first and the second run.

    >>> import autograd
    >>> x = autograd.tensor([0.5], requires_grad=True)
    >>> checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False).backward()
    >>> round(x.grad.item(), 4)
    1.4174
    """
    if use_reentrant:
        if kwargs:
            raise ValueError(
                f"Unexpected keyword arguments: {','.join(kwargs)}: with use_reentrant=True only positional ones"
            )
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    if not mode.now.enabled:
        return function(*args, **kwargs)
    return _recomputing(function, args, kwargs, preserve_rng_state, context_fn, determinism_check)


def _recomputing(
    function: Callable[..., Any],
    args: Any,
    kwargs: Any,
    preserve: bool,
    context_fn: Callable[[], Any],
    determinism: str,
) -> Any:
    first, second = context_fn()
    state = get_rng_state() if preserve else None
    again: list[Any] = []
    count = [0]
    facts: list[Any] = []

    def pack(t: Tensor) -> int:
        facts.append((t.array.shape, t.array.dtype))
        count[0] += 1
        return count[0] - 1

    def run_again() -> None:
        def keep(t: Tensor) -> int:
            again.append(wrap(t.array))
            return len(again) - 1

        with fork_rng(enabled=preserve):
            if state is not None:
                set_rng_state(state)
            with second, enable_grad(), saved_tensors_hooks(keep, lambda i: again[i]):
                function(*args, **kwargs)
        if len(again) != count[0]:
            raise RuntimeError(
                "checkpoint: A different number of tensors was saved during the original forward and recomputation. "
                f"Number of tensors saved during forward: {count[0]}, during recomputation: {len(again)}"
            )
        if determinism == "default":
            for before, t in zip(facts, again, strict=True):
                if before != (t.array.shape, t.array.dtype):
                    raise RuntimeError(
                        "checkpoint: Recomputed values for the following tensors have different metadata than during "
                        f"the forward pass: saved {before}, recomputed {(t.array.shape, t.array.dtype)}"
                    )

    left: set[int] = set()

    def unpack(i: int) -> Tensor:
        if not again:
            run_again()
            left.update(range(len(again)))
        found: Tensor = again[i]
        left.discard(i)
        if not left:
            again.clear()  # all were read: the next pass would run it again
        return found

    with first, saved_tensors_hooks(pack, unpack):
        return function(*args, **kwargs)


class CheckpointFunction(Function):
    """Keeps the inputs; backward runs the function again, recorded, and differentiates that."""

    @staticmethod
    def forward(ctx: Any, function: Any, preserve: bool, *args: Any) -> Any:
        ctx.function, ctx.preserve = function, preserve
        ctx.state = get_rng_state() if preserve else None
        ctx.args = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*[a if isinstance(a, Tensor) else None for a in args])
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        args = [a if t is None else t for a, t in zip(ctx.args, ctx.saved_tensors, strict=True)]
        copies = [wrap(a.array).requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a for a in args]
        with fork_rng(enabled=ctx.preserve):
            if ctx.state is not None:
                set_rng_state(ctx.state)
            with enable_grad():
                outputs = ctx.function(*copies)
        outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        pairs = [(o, g) for o, g in zip(outputs, grads, strict=True) if isinstance(o, Tensor) and o.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        passes.backward([o for o, _ in pairs], [g for _, g in pairs])
        with no_grad():
            return (None, None, *[c.grad if isinstance(c, Tensor) else None for c in copies])


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A sequence of functions in ``segments`` parts, all but the last of them checkpointed.

    Source: https://docs.pytorch.org/docs/stable/checkpoint.html

    >>> import autograd, nn
    >>> model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), autograd.ones(2, 3, requires_grad=True)
    >>> checkpoint_sequential(model, 2, x, use_reentrant=False).sum().backward()
    >>> x.grad.shape
    torch.Size([2, 3])
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
    steps: Sequence[Any] = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(steps) // segments

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for step in steps[start:end]:
                x = step(x)
            return x

        return run

    end = 0
    for i in range(segments - 1):
        start, end = i * size, (i + 1) * size
        input = checkpoint(part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return part(end, len(steps))(input)


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Any:
    """Accepted for PyTorch's sake; errors here always say what was saved and what was recomputed."""
    yield


# --- what reversible networks ask for -----------------------------------------------------------------------------


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The accelerators that the tensors among ``args`` lie on, and the states of their generators: none."""
    return [], []


def set_device_states(devices: Any, states: Any, *, device_type: Any = None) -> None:
    """Put the states of the accelerators' generators back: there are none."""


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors among ``inputs`` as leaves of their own, that require grad if they did. Raises RuntimeError for others."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple([x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs])


def check_backward_validity(inputs: Any) -> None:
    """Warn if none of ``inputs`` requires grad: a checkpoint's result would have no gradient."""
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
