"""Parametrizations: a parameter that is computed, whenever it is read, from others.

The module's class becomes a subclass of its own with a property of the parameter's name; what the parameter is computed
from lives in ``module.parametrizations[name]`` as ``original`` (or ``original0``, ``original1``, ...).

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any

import autograd
from autograd.tensor import Tensor

from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]  # fmt: skip

_cache: dict[tuple[int, str], Tensor] | None = None
_cached_blocks = 0


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Inside the block, each parametrized parameter is computed only once.

    >>> import nn
    >>> layer = nn.utils.parametrizations.orthogonal(nn.Linear(3, 3))
    >>> with cached():
    ...     layer.weight is layer.weight  # computed once in the block
    True
    """
    global _cache, _cached_blocks
    _cached_blocks += 1
    _cache = {} if _cache is None else _cache
    try:
        yield
    finally:
        _cached_blocks -= 1
        if not _cached_blocks:
            _cache = None


class ParametrizationList(ModuleList):
    """The parametrizations of one parameter, applied in order, and what they start from.

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> type(layer.parametrizations.weight).__name__, list(layer.parametrizations.weight.state_dict())
    ('ParametrizationList', ['original0', 'original1'])
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        start: Any = original
        with autograd.no_grad():
            for module in reversed(self):
                if hasattr(module, "right_inverse"):
                    with contextlib.suppress(NotImplementedError):
                        start = module.right_inverse(start)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        if self.is_tensor:
            _move_onto(original, start)
            _register(self, "original", original)
        else:
            for i, part in enumerate(start):
                if not isinstance(part, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                        f"element {i} of the sequence with type {type(part).__name__}."
                    )
                _register(self, f"original{i}", _like(original, part))
        if not unsafe:
            self._check(original)

    def _check(self, original: Tensor) -> None:
        value = self()
        if not isinstance(value, Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
        if value.dtype != original.dtype or (value.shape != original.shape and self.is_tensor):
            raise ValueError(
                "Registering a parametrization may not change the shape or dtype of the tensor, unless `unsafe` "
                f"flag is enabled: original {list(original.shape)} {original.dtype}, parametrized "
                f"{list(value.shape)} {value.dtype}"
            )

    def __reversed__(self) -> Any:
        return reversed(list(self))

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized parameter becomes ``value``."""
        with autograd.no_grad():
            start: Any = value
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                start = module.right_inverse(start)
            if self.is_tensor:
                if start.dtype != self.original.dtype:
                    raise ValueError(
                        f"The tensor returned by `right_inverse` has dtype {start.dtype} while `original` has dtype "
                        f"{self.original.dtype}"
                    )
                _move_onto(self.original, start)
            else:
                if len(start) != self.ntensors:
                    raise ValueError(
                        f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a "
                        f"sequence of length {len(start)}."
                    )
                for i, part in enumerate(start):
                    _move_onto(getattr(self, f"original{i}"), part)

    def forward(self) -> Any:
        first, *others = self
        if self.is_tensor:
            value = first(self.original)
        else:
            value = first(*[getattr(self, f"original{i}") for i in range(self.ntensors)])
        for module in others:
            value = module(value)
        return value


def _move_onto(original: Tensor, value: Tensor) -> None:
    if value is not original:
        original.data = autograd.tensor(value.detach())


def _like(original: Tensor, part: Tensor) -> Tensor:
    part = autograd.tensor(part.detach())
    return Parameter(part, requires_grad=original.requires_grad) if isinstance(original, Parameter) else part


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _own_class(module: Module) -> None:
    """Give the module a class of its own, on which properties can be put."""
    base = type(module)

    def deep_copy(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        made = object.__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    def refuse(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See: "
            "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        )

    members: dict[str, Any] = {"__getstate__": refuse}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = deep_copy
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def _add_property(module: Module, name: str) -> None:
    def read(self: Any) -> Any:
        if _cache is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def register_parametrization(module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Any:
    """Compute ``module.<tensor_name>`` by ``parametrization`` from here on; returns the module.

    If the parametrization has a ``right_inverse``, the value is kept, and can be assigned. Raises ValueError if the
    module has no such parameter or buffer, or if shape or dtype would change (unless ``unsafe``).

    >>> import autograd, nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.mT).all()), [name for name, _ in layer.named_parameters()]
    (True, ['bias', 'parametrizations.weight.original'])
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        existing = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            if not isinstance(after, Tensor) or after.shape != before.shape or after.dtype != before.dtype:
                raise ValueError(
                    "Registering a parametrization may not change the shape or dtype of the tensor, unless `unsafe` "
                    "flag is enabled."
                )
            if hasattr(parametrization, "right_inverse"):
                value = before.detach()
                existing.append(parametrization)
                existing.right_inverse(value)
                return module
        existing.append(parametrization)
        existing.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        parametrizations = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        _add_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations (of this parameter).

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> is_parametrized(layer), is_parametrized(layer, "bias")
    (True, False)
    """
    parametrizations = module.__dict__.get("_modules", {}).get("parametrizations")
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make a parameter an ordinary one again, with its parametrized value or (``False``) the original one.

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> remove_parametrizations(layer, "weight")
    Linear(in_features=3, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with autograd.no_grad():
                original.data = autograd.tensor(getattr(module, tensor_name).detach())
    elif leave_parametrized:
        value = autograd.tensor(getattr(module, tensor_name).detach())
        was = parametrizations.original0
        original = Parameter(value, was.requires_grad) if isinstance(was, Parameter) else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    _register(module, tensor_name, original)
    return module


def type_before_parametrizations(module: Any) -> type:
    """The class of a module, without what parametrizing it made of it.

    >>> import nn
    >>> type_before_parametrizations(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))).__name__
    'Linear'
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Any, to_module: Any, tensor_name: str | None = None) -> Any:
    """Give ``to_module`` the parametrizations, and the parameters that they start from, of ``from_module``.

    >>> import nn
    >>> normed, plain = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), nn.Linear(3, 2)
    >>> bool((transfer_parametrizations_and_params(normed, plain).weight == normed.weight).all())
    True
    """
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(autograd.tensor(getattr(from_module, name).detach())))
        for module in source:
            register_parametrization(to_module, name, module, unsafe=True)
        for key, value in source._parameters.items():
            to_module.parametrizations[name]._parameters[key] = value
        for key, value in source._buffers.items():
            to_module.parametrizations[name]._buffers[key] = value
    return to_module
