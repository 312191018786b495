"""Hooks: functions that a user wants called around a module's forward, backward, saving and loading.

A module without hooks pays one attribute look-up for them. ``EVERYWHERE`` holds the hooks that apply to all modules.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from autograd.graph import Handle
from autograd.lift import lift
from autograd.tensor import Tensor

__all__ = [
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Hooks = dict[int, Any]


class _Everywhere:
    """Hooks on every module of the program."""

    def __init__(self) -> None:
        self.forward: Hooks = {}
        self.forward_pre: Hooks = {}
        self.backward: Hooks = {}
        self.backward_pre: Hooks = {}
        self.parameter_registration: Hooks = {}
        self.buffer_registration: Hooks = {}
        self.module_registration: Hooks = {}
        self.hooked = False

    def add(self, hooks: Hooks, hook: Any) -> Handle:
        self.hooked = True
        return Handle(hooks, hook)


EVERYWHERE = _Everywhere()


class _Call:
    """A hook and how it wants to be called."""

    def __init__(self, hook: Callable[..., Any], with_kwargs: bool = False, always: bool = False) -> None:
        self.hook, self.with_kwargs, self.always = hook, with_kwargs, always

    def __call__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *result: Any) -> Any:
        return self.hook(module, args, kwargs, *result) if self.with_kwargs else self.hook(module, args, *result)


def _add(hooks: Hooks, hook: Any, prepend: bool) -> Handle:
    handle = Handle(hooks, hook)
    if prepend:
        later = [(key, value) for key, value in hooks.items() if key != handle.id]
        for key, _ in later:
            del hooks[key]
        hooks.update(later)
    return handle


# Passes its arguments on, and gives backward a node of its own to hang hooks on.
border = lift(lambda *tensors: tensors, joint=lambda g: g, outputs=-1, promote="none", name="backward_hook")


def _through_border(tensors: list[Tensor]) -> tuple[list[Tensor], Any]:
    """The tensors behind a border, and the border's node (None if nothing is recorded)."""
    passed = border(*tensors)
    node = next((t.node.parents[0] for t in passed if t.node is not None), None)
    return list(passed), node


def _tensors_of(value: Any) -> list[Tensor]:
    values = value if isinstance(value, (tuple, list)) else (value,)
    return [v for v in values if isinstance(v, Tensor)]


def _with_tensors(value: Any, tensors: list[Tensor]) -> Any:
    """``value`` (a Tensor, a tuple or a list) with its Tensors replaced, in order."""
    if isinstance(value, Tensor):
        return tensors[0]
    it = iter(tensors)
    made = [next(it) if isinstance(v, Tensor) else v for v in value]
    if hasattr(value, "_fields"):  # a named tuple
        return type(value)(*made)
    return tuple(made) if isinstance(value, tuple) else made


class Hooked:
    """The part of Module that keeps hooks and runs them."""

    _hooked = False  # becomes True with the first hook on calls: the others pay nothing
    _forward_hooks: Hooks  # the hooks as they were given: programs look for their own among them
    _forward_hooks_with_kwargs: dict[int, bool]  # by the same keys, those that want the keywords ...
    _forward_hooks_always_called: dict[int, bool]  # ... and those that are called when forward raised, too
    _forward_pre_hooks: Hooks
    _forward_pre_hooks_with_kwargs: dict[int, bool]
    _backward_hooks: Hooks
    _backward_pre_hooks: Hooks
    _state_dict_hooks: Hooks
    _state_dict_pre_hooks: Hooks
    _load_state_dict_pre_hooks: Hooks
    _load_state_dict_post_hooks: Hooks
    forward: Callable[..., Any]

    def _init_hooks(self) -> None:
        self.__dict__.update(
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _backward_pre_hooks=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
        )

    # --- registering ---

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments.

        With ``with_kwargs`` it is ``hook(module, args, kwargs)`` and returns both. Returns a handle with ``remove()``.
        """
        self.__dict__["_hooked"] = True
        handle = _add(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            handle.say(self._forward_pre_hooks_with_kwargs)
        return handle

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> Handle:
        """Call ``hook(module, args, output)`` after forward; what it returns replaces the output.

        ``always_call``: also when forward raised (with output None).

        >>> import autograd, nn
        >>> net, seen = nn.Identity(), []
        >>> handle = net.register_forward_hook(lambda module, args, output: seen.append(output.shape))
        >>> net(autograd.ones(2)); handle.remove(); seen
        tensor([1., 1.])
        [torch.Size([2])]
        """
        self.__dict__["_hooked"] = True
        handle = _add(self._forward_hooks, hook, prepend)
        if with_kwargs:
            handle.say(self._forward_hooks_with_kwargs)
        if always_call:
            handle.say(self._forward_hooks_always_called)
        return handle

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(module, grad_input, grad_output)`` in backward; what it returns replaces ``grad_input``."""
        self.__dict__["_hooked"] = True
        return _add(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> Handle:
        """The old name of ``register_full_backward_hook``."""
        return self.register_full_backward_hook(hook)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(module, grad_output)`` in backward; what it returns replaces ``grad_output``."""
        self.__dict__["_hooked"] = True
        return _add(self._backward_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` at the end of ``state_dict``."""
        return Handle(self._state_dict_hooks, _Call(hook, always=True))

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> Handle:
        return Handle(self._state_dict_hooks, _Call(hook))

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, prefix, keep_vars)`` at the beginning of ``state_dict``."""
        return Handle(self._state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)`` before loading."""
        return Handle(self._load_state_dict_pre_hooks, _Call(hook, with_kwargs=True))

    def _register_load_state_dict_pre_hook(self, hook: Callable[..., Any], with_module: bool = False) -> Handle:
        return Handle(self._load_state_dict_pre_hooks, _Call(hook, with_kwargs=with_module))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, incompatible_keys)`` after loading."""
        return Handle(self._load_state_dict_post_hooks, hook)

    # --- running: saving and loading ---

    def _run_state_dict_pre_hooks(self, prefix: str, keep_vars: bool) -> None:
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)

    def _run_state_dict_hooks(self, destination: Any, prefix: str, local: Any) -> Any:
        for call in list(self._state_dict_hooks.values()):
            returned = call.hook(self, destination, prefix, local)
            if returned is not None:
                if call.always:
                    raise RuntimeError("state_dict post-hook must return None")
                destination = returned
        return destination

    def _run_load_state_dict_pre_hooks(self, *args: Any) -> None:
        for call in list(self._load_state_dict_pre_hooks.values()):
            call.hook(self, *args) if call.with_kwargs else call.hook(*args)

    def _run_load_state_dict_post_hooks(self, incompatible: Any) -> None:
        for hook in list(self._load_state_dict_post_hooks.values()):
            if hook(self, incompatible) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                    "values, if incompatible_keys need to be modified, it should be done inplace."
                )

    # --- running: calls ---

    def _forward_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        own_hooks = self._forward_pre_hooks or self._forward_hooks or self._backward_hooks or self._backward_pre_hooks
        if not own_hooks and not EVERYWHERE.hooked:  # they were all taken away again
            return self.forward(*args, **kwargs)
        before = [_Call(f, k in self._forward_pre_hooks_with_kwargs) for k, f in self._forward_pre_hooks.items()]
        for call in [*EVERYWHERE.forward_pre.values(), *before]:
            returned = call(self, args, kwargs)
            if returned is None:
                continue
            if call.with_kwargs:
                if not (isinstance(returned, tuple) and len(returned) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {returned}."
                    )
                args, kwargs = returned
            else:
                args = returned if isinstance(returned, tuple) else (returned,)
        backward = self._backward_border()
        with_kwargs, always = self._forward_hooks_with_kwargs, self._forward_hooks_always_called
        own = [_Call(f, k in with_kwargs, k in always) for k, f in self._forward_hooks.items()]
        after = [*EVERYWHERE.forward.values(), *own]
        if backward is not None:
            args = backward.enter(args)
        try:
            result = self.forward(*args, **kwargs)
        except Exception:
            for call in after:
                if call.always:
                    call(self, args, kwargs, None)
            raise
        for call in after:
            returned = call(self, args, kwargs, result)
            if returned is not None:
                result = returned
        return result if backward is None else backward.leave(result)

    def _backward_border(self) -> _BackwardBorder | None:
        hooks = [*EVERYWHERE.backward.values(), *self._backward_hooks.values()]
        pre = [*EVERYWHERE.backward_pre.values(), *self._backward_pre_hooks.values()]
        return _BackwardBorder(self, hooks, pre) if hooks or pre else None


class _BackwardBorder:
    """The borders around one call, where its backward hooks see what passes."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_output: Any = None
        self.node: Any = None
        self.inputs = 0
        self.at: list[int] = []

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, behind a border whose node calls the hooks when the gradients of all inputs are known."""
        tensors = _tensors_of(args)
        if not tensors:
            return args
        passed, self.node = _through_border(tensors)
        self.inputs = len(args)
        self.at = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        if self.node is not None:
            self.node.register_hook(self.inputs_known)
        return _with_tensors(args, passed)  # type: ignore[no-any-return]

    def leave(self, result: Any) -> Any:
        """The results, behind a border whose node notes the gradients of the outputs."""
        tensors = _tensors_of(result)
        if not tensors or not isinstance(result, (Tensor, tuple, list)):
            return result
        passed, node = _through_border(tensors)
        if node is None:
            return result
        node.register_hook(self.outputs_known)
        return _with_tensors(result, passed)

    def outputs_known(self, grad_input: Any, grad_output: Any) -> Any:
        replaced = grad_input
        for hook in self.pre_hooks:
            returned = hook(self.module, replaced)
            if returned is not None:
                replaced = returned if isinstance(returned, tuple) else (returned,)
        self.grad_output = replaced
        if self.node is None:  # no input requires grad: the hooks have nothing more to wait for
            for hook in self.hooks:
                if hook(self.module, (None,) * max(self.inputs, 1), replaced) is not None:
                    raise RuntimeError(
                        "backward hook for Modules where no input requires gradient should always return None or "
                        "None for all gradients."
                    )
        return replaced

    def inputs_known(self, grad_input: Any, grad_output: Any) -> Any:
        full: list[Any] = [None] * self.inputs
        for i, g in zip(self.at, grad_input, strict=True):
            full[i] = g
        seen = tuple(full)
        for hook in self.hooks:
            returned = hook(self.module, seen, self.grad_output)
            if returned is not None:
                seen = returned if isinstance(returned, tuple) else (returned,)
                if len(seen) != self.inputs:
                    raise RuntimeError(
                        f"Backward hook returned an invalid number of grad_input, got {len(seen)}, but expected "
                        f"{self.inputs}"
                    )
        self.grad_output = None
        return tuple(seen[i] for i in self.at)


# --- hooks on all modules ------------------------------------------------------------------------------------------


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, args)`` before the forward of every module."""
    return EVERYWHERE.add(EVERYWHERE.forward_pre, _Call(hook))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> Handle:
    """Call ``hook(module, args, output)`` after the forward of every module."""
    return EVERYWHERE.add(EVERYWHERE.forward, _Call(hook, with_kwargs, always_call))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, grad_input, grad_output)`` in the backward of every module."""
    return EVERYWHERE.add(EVERYWHERE.backward, hook)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, grad_output)`` in the backward of every module."""
    return EVERYWHERE.add(EVERYWHERE.backward_pre, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, name, parameter)`` when any module registers a parameter; it may return another."""
    return EVERYWHERE.add(EVERYWHERE.parameter_registration, hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, name, tensor)`` when any module registers a buffer; it may return another."""
    return EVERYWHERE.add(EVERYWHERE.buffer_registration, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, name, child)`` when any module registers a child; it may return another."""
    return EVERYWHERE.add(EVERYWHERE.module_registration, hook)
