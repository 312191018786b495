"""Module: what every layer and network is.

A Module is plain Python. Set a Parameter, a buffer or another Module as an attribute and it is noticed, in the order in
which it was set; everything else - ``parameters``, ``state_dict``, ``to``, ``train``, ``repr`` - is a walk over what
was noticed. ``hooks.py`` has what happens around a call when somebody asked for it, ``state.py`` saving and loading.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from autograd import dtypes
from autograd.devices import check_device
from autograd.devices import device as Device
from autograd.graph import called_again, mode, tick
from autograd.tensor import Tensor, tensors_in, wrap
from autograd.views import newest

from .hooks import EVERYWHERE
from .parameter import Buffer, Parameter, is_lazy
from .state import Stateful

__all__ = ["Module"]

M = TypeVar("M", bound="Module")
ref = weakref.ref


class Module(Stateful):
    """Base class of all layers and networks: define ``__init__`` and ``forward``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html

    >>> import autograd, nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(autograd.tensor(2.0))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale()
    >>> scale(autograd.tensor([1.0, 2.0])).tolist(), [name for name, _ in scale.named_parameters()]
    ([2.0, 4.0], ['factor'])
    """

    training: bool
    _version: int = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            given = (
                f"{len(args)} positional arguments"
                if args
                else f"an unexpected keyword argument {next(iter(kwargs))!r}"
            )
            raise TypeError(f"{type(self).__name__}.__init__() takes 1 positional argument, and was given {given}")
        self.__dict__.update(training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={})
        self._init_hooks()

    # --- calling ---

    def forward(self, *input: Any) -> Any:
        """What the module computes; every subclass defines it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run = self._forward_with_hooks if self._hooked or EVERYWHERE.hooked else self.forward
        if not mode.now.enabled:
            try:
                return run(*args, **kwargs)
            except Exception as error:
                say_where(error, self, args)
                raise
        start = tick()
        try:
            result = run(*args, **kwargs)
        except Exception as error:
            say_where(error, self, args)
            raise
        for value in (result,) if isinstance(result, Tensor) else tensors_in(result):
            node = value.node if value.lineage is None else newest(value)
            if node is not None and node.id > start:
                node.calls = ((ref(self), start, tick()), *getattr(node, "calls", ()))
        return result

    # --- attributes ---

    def __getattr__(self, name: str) -> Any:
        known = self.__dict__
        parameters = known.get("_parameters")
        if parameters is not None:  # else Module.__init__() has not run
            if name in parameters:
                return parameters[name]
            if name in known["_modules"]:
                return known["_modules"][name]
            if name in known["_buffers"]:
                return known["_buffers"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__
        if isinstance(value, Parameter):
            self._must_be_ready("parameters")
            self._forget(name, but="_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._must_be_ready("module")
            self._forget(name, but="_modules")
            self._modules[name] = value
        elif isinstance(value, Buffer):
            self._must_be_ready("buffer")
            self._forget(name, but="_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in known.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as parameter '{name}' (torch.nn.Parameter or None expected): wrap "
                    "it in nn.Parameter, or write into the one there is with .data or copy_()"
                )
            self._parameters[name] = None
        elif name in known.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            self._modules[name] = None
        elif name in known.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{_type_name(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None "
                    "expected)"
                )
            self._buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def _must_be_ready(self, what: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(
                f"cannot assign {what} before Module.__init__() call: write super().__init__() as the first line of "
                f"{type(self).__name__}.__init__"
            )

    def _forget(self, name: str, but: str) -> None:
        """Make room for an attribute of another kind under this name."""
        known = self.__dict__
        known.pop(name, None)
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != but:
                known[kind].pop(name, None)
        if but != "_buffers":
            self._non_persistent_buffers_set.discard(name)

    def _check_new_name(self, name: Any, kind: str, what: str) -> None:
        self._must_be_ready(what)
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {_type_name(name)}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain "."' + (f", got: {name}" if kind == "_modules" else ""))
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[kind]:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter (or None, to reserve its name)."""
        self._check_new_name(name, "_parameters", "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_name(param)}' object to parameter '{name}' (torch.nn.Parameter or None "
                "required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To "
                f"express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        for hook in EVERYWHERE.parameter_registration.values():
            param = _replaced(hook(self, name, param), param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state and is not trained; in the state_dict unless ``persistent=False``."""
        self._check_new_name(name, "_buffers", "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_type_name(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        for hook in EVERYWHERE.buffer_registration.values():
            tensor = _replaced(hook(self, name, tensor), tensor)
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under this name."""
        if not isinstance(module, Module) and module is not None:
            cure = f": make one, {module.__name__}(...)" if isinstance(module, type) else ""
            raise TypeError(f"{_type_name(module)} is not a Module subclass{cure}")
        self._check_new_name(name, "_modules", "module")
        for hook in EVERYWHERE.module_registration.values():
            module = _replaced(hook(self, name, module), module)
        self._modules[name] = module

    register_module = add_module

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path such as ``"encoder.layers.0"``; the module itself for ``""``."""
        found: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(found, name):
                raise AttributeError(f"{type(found).__name__} has no attribute `{name}`")
            found = getattr(found, name)
            if not isinstance(found, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return found  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Replace the module at a dotted path (with ``strict``, only if there is one)."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        above, _, name = target.rpartition(".")
        parent = self.get_submodule(above)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path."""
        return self._get(target, Parameter, "an nn.Parameter")  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path."""
        above, _, name = target.rpartition(".")
        module = self.get_submodule(above)
        found: Tensor = self._get(target, Tensor, "a buffer")
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    def _get(self, target: str, kind: type, what: str) -> Any:
        above, _, name = target.rpartition(".")
        module = self.get_submodule(above)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        found = getattr(module, name)
        if not isinstance(found, kind):
            raise AttributeError(f"`{name}` is not {what}")
        return found

    # --- the walk ---

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with its dotted path, parents first; a shared one comes once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        walk = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in walk:
            for name, member in get_members_fn(module):
                if member is not None and member not in seen:
                    if remove_duplicate:
                        seen.add(member)
                    yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters, each with its dotted path."""
        return self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers, each with its dotted path."""
        return self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters (of this module alone with ``recurse=False``), shared ones once."""
        for _, member in self.named_parameters(recurse=recurse):
            yield member

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        for _, member in self.named_buffers(recurse=recurse):
            yield member

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below, each with its name."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below."""
        for _, module in self.named_children():
            yield module

    # --- changing the whole tree ---

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call ``fn`` on every module, children first; returns self.

        >>> import nn
        >>> def reset(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.zeros_(module.weight)
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).apply(reset)
        >>> net[0].weight.sum().item()
        0.0
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Set training mode (dropout drops, batch norm uses the batch) here and below."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: M) -> M:
        """Set evaluation mode: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Train all parameters below, or freeze them."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    @called_again
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or fill them with zeros)."""
        modules: list[Module] = [self]
        met = {self}
        for module in modules:  # which grows as it is read: named_modules() and its names would take most of the time
            for child in module._modules.values():
                if child is not None and child not in met:
                    met.add(child)
                    modules.append(child)
            for param in module._parameters.values():
                if param is not None and param.grad is not None:
                    param.grad = None if set_to_none else wrap(np.zeros_like(param.grad.array))

    def _apply(self: M, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> M:
        """Replace the data of all parameters, gradients and buffers by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            grad = param.grad
            param.grad = None
            param.data = fn(param.data)
            if grad is not None:
                param.grad = fn(grad.data)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Change the dtype of floating point parameters and buffers, in place; the device can only be the CPU.

        ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(tensor)``; ``memory_format`` is that of parameters and
        buffers of four and five dimensions; ``non_blocking`` means nothing here. Raises TypeError for an integer dtype,
        RuntimeError for another device.
        """
        wanted = None
        names = {"device", "dtype", "non_blocking", "tensor", "memory_format", "copy"}
        if set(kwargs) - names:
            raise TypeError(f"to() got an unexpected keyword argument {sorted(set(kwargs) - names)[0]!r}")
        for value in (*args, kwargs.get("device"), kwargs.get("dtype"), kwargs.get("tensor")):
            if isinstance(value, Tensor):
                wanted = value.dtype
            elif isinstance(value, (str, int, Device)) and not isinstance(value, bool):
                check_device(value)
            elif value is not None and not isinstance(value, bool):
                wanted = dtypes.of(dtypes.as_numpy(value))
        form = kwargs.get("memory_format")
        if form is not None:
            self._apply(lambda t: t.detach().to(memory_format=form) if t.ndim in (4, 5) else t)
        if wanted is None:
            return self
        if not (wanted.is_floating_point or wanted.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={wanted}"
            )
        return self._cast(wanted)

    def _cast(self: M, dtype: Any) -> M:
        target = dtype.dtype

        def cast(t: Tensor) -> Tensor:
            if not dtypes.is_float(t.array.dtype) or t.array.dtype == target:
                return t
            if is_lazy(t):
                t.array = t.array.astype(target)
                return t
            return wrap(t.array.astype(target))

        return self._apply(cast)

    def float(self: M) -> M:
        """Cast all floating point parameters and buffers to float32."""
        return self._cast(dtypes.float32)

    def double(self: M) -> M:
        """Cast all floating point parameters and buffers to float64."""
        return self._cast(dtypes.float64)

    def half(self: M) -> M:
        """Cast all floating point parameters and buffers to float16."""
        return self._cast(dtypes.float16)

    def bfloat16(self: M) -> M:
        """Cast all floating point parameters and buffers to bfloat16 (needs the package ml_dtypes)."""
        return self._cast(dtypes.__getattr__("bfloat16"))

    def type(self: M, dst_type: Any) -> M:
        """Cast all parameters and buffers, integer ones too, to ``dst_type``."""
        target = dtypes.as_numpy(dst_type)
        return self._apply(lambda t: t if t.array.dtype == target else wrap(t.array.astype(target)))

    def cpu(self: M) -> M:
        """Everything is on the CPU already; returns self."""
        return self

    def cuda(self: M, device: Any = None) -> M:
        """Raises RuntimeError: this library computes on the CPU."""
        check_device("cuda" if device is None else device)
        return self

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Give all parameters and buffers fresh, uninitialised memory."""
        check_device(device)
        return self._apply(lambda t: wrap(np.empty_like(t.array)), recurse)

    def share_memory(self: M) -> M:
        """Threads share memory as it is; returns self."""
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """There is nothing to compile."""

    # --- how it is shown ---

    def extra_repr(self) -> str:
        """What stands between the parentheses of the repr; layers define it."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def _repr_html_(self) -> str:
        from autograd.visualize.cards import module_card

        return module_card(self)

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _replaced(returned: Any, value: Any) -> Any:
    return value if returned is None else returned


def say_where(error: Exception, module: Module, args: tuple[Any, ...]) -> None:
    """Note on an error that passes through a module's call: which module, at which path, and what it was given."""
    place: _Place | None = getattr(error, "_place", None)
    if place is None:
        given = ", ".join(
            f"a Tensor of shape {list(a.shape)} and dtype {a.dtype}" if isinstance(a, Tensor) else _type_name(a)
            for a in args
        )
        about = f"{type(module).__name__}({module.extra_repr()})" if not module._modules else type(module).__name__
        place = _Place(
            module, "", f"{about}, called with {given or 'no arguments'}", len(getattr(error, "__notes__", []))
        )
        error._place = place  # type: ignore[attr-defined]
        error.add_note(f"in the module {place.about}")
        return
    step = next((name for name, below in module.named_modules() if below is place.module), "")
    if step:
        place.module, place.path = module, f"{step}.{place.path}" if place.path else step
        error.__notes__[place.at] = f"in the module {type(module).__name__}.{place.path} = {place.about}"


class _Place:
    """Where an error was raised, as it travels up the calls: the outermost module so far, and the path below."""

    def __init__(self, module: Module, path: str, about: str, at: int) -> None:
        self.module, self.path, self.about, self.at = module, path, about, at
