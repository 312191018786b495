"""Optimizer: parameter groups, state, hooks and the state_dict. What all optimizers have in common.

The arithmetic of the optimizers whose step is one rule applied to every parameter is in ``rule.py``.
"""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd.graph import Handle, called_again, no_grad
from autograd.tensor import Tensor, wrap

__all__ = ["Optimizer", "check", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"]

ParamsT = Iterable[Any]  # what ``params`` may be, under the name by which optimizers written elsewhere annotate it

StateDict = dict[str, Any]
Closure = Callable[[], Any] | None


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required: Any = _Required()
"""The default of a hyperparameter that has none: every parameter group must give it."""

_NO_HOOKS: Any = MappingProxyType({})
"""The hooks of an optimizer that wraps another one without calling ``Optimizer.__init__``, as Lookahead does."""

_before_every_step: dict[int, Callable[..., Any]] = OrderedDict()
_after_every_step: dict[int, Callable[..., Any]] = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer."""
    return Handle(_before_every_step, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return Handle(_after_every_step, hook)


def check(condition: Any, message: str) -> None:
    """Raise ValueError with this message unless the condition holds: for hyperparameters."""
    if not condition:
        raise ValueError(message)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A ``step`` method that calls the hooks before and after it."""

    @functools.wraps(step)
    def stepping(self: Any, *args: Any, **kwargs: Any) -> Any:
        for hook in (*_before_every_step.values(), *self._optimizer_step_pre_hooks.values()):
            result = hook(self, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
        out = step(self, *args, **kwargs)
        for hook in (*self._optimizer_step_post_hooks.values(), *_after_every_step.values()):
            hook(self, args, kwargs)
        return out

    marked = called_again(stepping)
    marked.hooked = True  # type: ignore[attr-defined]
    return marked


class Optimizer:
    """Base class of all optimizers: to write one, call ``super().__init__(params, defaults)`` and define ``step``.

    Args:
        params: an iterable of Tensors, of ``(name, Tensor)`` pairs, or of dicts, one for each parameter group, with the
            key ``"params"`` and the hyperparameters that differ in this group.
        defaults: the hyperparameters of the groups that do not give them.

    Raises TypeError for what is not a Tensor, ValueError for an empty list, a non-leaf or a parameter in two groups.

    Source: https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer

    >>> import autograd
    >>> class Halving(Optimizer):
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p.data.mul_(group["by"])
    >>> p, q = autograd.ones(2, requires_grad=True), autograd.ones(1, requires_grad=True)
    >>> Halving([{"params": [p]}, {"params": [q], "by": 0.1}], {"by": 0.5}).step()
    >>> p.detach(), q.detach()
    (tensor([0.5000, 0.5000]), tensor([0.1000]))
    """

    _HOOKS = (
        "_optimizer_step_pre_hooks",
        "_optimizer_step_post_hooks",
        "_optimizer_state_dict_pre_hooks",
        "_optimizer_state_dict_post_hooks",
        "_optimizer_load_state_dict_pre_hooks",
        "_optimizer_load_state_dict_post_hooks",
    )
    _optimizer_step_pre_hooks = _optimizer_step_post_hooks = _NO_HOOKS

    state: defaultdict[Any, Any]
    param_groups: list[dict[str, Any]]
    defaults: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None and not hasattr(step, "hooked"):
            cls.step = _with_hooks(step)  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        for name in self._HOOKS:
            setattr(self, name, OrderedDict())
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}. Write [tensor]"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        if hasattr(params, "named_parameters") and not hasattr(params, "__iter__"):
            raise TypeError(f"{type(params).__name__!r} object is not iterable: write model.parameters()")
        groups = list(params)
        check(
            groups,
            "optimizer got an empty parameter list: the model has no parameters (layers in a plain list are not found: use "
            "nn.ModuleList), or a generator was used up before (write list(model.parameters()))",
        )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in self._HOOKS:
            self.__dict__.setdefault(name, OrderedDict())
        for group in self.param_groups:  # checkpoints of older versions lack the newer options
            for name, value in self.defaults.items():
                group.setdefault(name, value)

    def _repr_html_(self) -> str:
        from autograd.visualize.cards import optimizer_card

        return optimizer_card(self)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}" if i == 0 else f"\nParameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])

    # --- parameter groups ---

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize these parameters too: ``{"params": [...], "lr": ...}``; what is left out comes from ``defaults``."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise KeyError(f"a parameter group needs 'params', the tensors to optimize; this one has {[*param_group]}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        listed = [given] if isinstance(given, Tensor) else list(given)
        names = [p[0] for p in listed if isinstance(p, tuple)]
        check(
            not names or len(names) == len(listed),
            "all optimizer params should be with/without names. Some param names are missing",
        )
        params = param_group["params"] = [p[1] if isinstance(p, tuple) else p for p in listed]
        if names:
            param_group["param_names"] = names
        for p in params:
            if not isinstance(p, Tensor):
                cure = ". Of a dict take the .values()" if isinstance(p, str) else ""
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}{cure}"
                )
            if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor: it is computed, so a step on it would be forgotten")
        for name, value in self.defaults.items():
            check(
                value is not required or name in param_group,
                f"parameter group didn't specify a value of required optimization parameter {name}",
            )
            param_group.setdefault(name, value)
        if len(params) != len({id(p) for p in params}):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters: each will be updated twice a step",
                stacklevel=3,
            )
        for group in self.param_groups:
            check(
                ("param_names" in group) == ("param_names" in param_group),
                "all optimizer param groups should be with/without names",
            )
        known = {id(p) for group in self.param_groups for p in group["params"]}
        check(not any(id(p) in known for p in params), "some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    @called_again
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: set them to None, or (``set_to_none=False``) to zero in place."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    if p.grad.requires_grad:
                        p.grad = p.grad.detach()
                    with no_grad():
                        p.grad.mul_(0) if p.grad.array.dtype.kind == "V" else p.grad.array.fill(0)

    def step(self, closure: Closure = None) -> Any:
        """Update the parameters once from their gradients.

        Args:
            closure: computes the loss again and returns it, gradients included; called with grad mode on.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define step()")

    # --- hooks ---

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``."""
        return Handle(self._optimizer_step_pre_hooks, hook)  # type: ignore[attr-defined]

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return Handle(self._optimizer_step_post_hooks, hook)  # type: ignore[attr-defined]

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(optimizer)`` before ``state_dict`` looks."""
        return self._hook("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(optimizer, state_dict)`` on the result of ``state_dict``; what it returns replaces it."""
        return self._hook("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(optimizer, state_dict)`` before loading; what it returns is loaded instead."""
        return self._hook("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(optimizer)`` after loading."""
        return self._hook("load_state_dict_post", hook, prepend)

    def _hook(self, when: str, hook: Callable[..., Any], prepend: bool) -> Handle:
        hooks = getattr(self, f"_optimizer_{when}_hooks")
        handle = Handle(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    # --- saving ---

    def state_dict(self) -> StateDict:
        """``{"state": {index: {...}}, "param_groups": [...]}``, in PyTorch's layout; tensors are not copied.

        >>> import autograd, optim
        >>> p = autograd.ones(2, requires_grad=True)
        >>> optim.SGD([p], lr=0.1).state_dict()["param_groups"][0]["params"]
        [0]
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():  # type: ignore[attr-defined]
            hook(self)
        number = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [number[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {number[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        result: StateDict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():  # type: ignore[attr-defined]
            new = hook(self, result)
            result = result if new is None else new
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over state and hyperparameters from a ``state_dict`` of this library or of PyTorch.

        Parameters are matched by their order. State is copied, and cast to its parameter's dtype
        (all but ``step``).
        Raises ValueError when the groups don't match.
        """
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():  # type: ignore[attr-defined]
            new = hook(self, state_dict)
            state_dict = state_dict if new is None else new
        if "param_groups" not in state_dict:
            raise KeyError(
                f"not an optimizer's state_dict: it has no 'param_groups', but {[*state_dict][:5]}. "
                "Did you load a module's, or a whole checkpoint?"
            )
        groups = self.param_groups
        saved = [
            {k: list(v) if k == "params" else _moved(v, None) for k, v in group.items()}
            for group in state_dict["param_groups"]
        ]
        check(
            len(groups) == len(saved),
            f"loaded state dict has a different number of parameter groups: {len(saved)} and not {len(groups)}",
        )
        params: dict[Any, Any] = {}
        for i, (group, old) in enumerate(zip(groups, saved, strict=True)):
            check(
                len(group["params"]) == len(old["params"]),
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"group {i} has {len(old['params'])} parameters there and {len(group['params'])} here",
            )
            params.update(zip(old["params"], group["params"], strict=True))
            if "param_names" in group:
                old.setdefault("param_names", group["param_names"])
            old["params"] = group["params"]
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            state[params.get(key, key)] = _moved(value, params.get(key))
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():  # type: ignore[attr-defined]
            hook(self)


def _moved(value: Any, param: Tensor | None, key: Any = None) -> Any:
    """A copy of a saved state for this parameter: tensors (of any library) become ours, of the parameter's dtype."""
    if isinstance(value, dict):
        return {k: _moved(v, param, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_moved(v, param, key) for v in value])
    if isinstance(value, Tensor) or hasattr(value, "__array__"):
        array = (value.array if isinstance(value, Tensor) else np.asarray(value)).copy()
        if param is not None and key != "step" and param.dtype.is_floating_point:
            array = array.astype(param.array.dtype, copy=False)
        return wrap(array)
    return deepcopy(value)
