"""What a module remembers: ``state_dict`` gives its parameters and buffers by dotted path, ``load_state_dict`` takes them.

Each module saves and loads its own (``_save_to_state_dict``, ``_load_from_state_dict``, which layers may extend); the
walk over the modules below is here too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.tensor import Tensor, wrap
from autograd.views import stamp

from .hooks import Hooked
from .parameter import Parameter, is_lazy

__all__ = ["IncompatibleKeys", "Stateful"]


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class IncompatibleKeys(_Keys):
    """What ``load_state_dict`` did not find, and what it could not use."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"

    def __str__(self) -> str:
        return repr(self)


class Stateful(Hooked):
    """The part of Module that saves and loads, and calls the hooks on both."""

    _version: int
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Any]

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by dotted path, detached and on the same memory.

        >>> import nn
        >>> list(nn.Sequential(nn.Linear(2, 3), nn.ReLU()).state_dict())
        ['0.weight', '0.bias']
        """
        if args:  # PyTorch's old positional form
            given: list[Any] = [*args, *[None, "", False][len(args) :]]
            destination, prefix, keep_vars = given
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = getattr(destination, "_metadata", None)
        local = {"version": self._version}
        if metadata is not None:
            metadata[prefix[:-1]] = local
        self._run_state_dict_pre_hooks(prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return self._run_state_dict_hooks(destination, prefix, local)  # type: ignore[no-any-return]

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, value in self._own_state().items():
            if value is not None:
                destination[prefix + name] = value if keep_vars or is_lazy(value) else value.detach()
        if type(self).get_extra_state is not Stateful.get_extra_state:
            destination[f"{prefix}_extra_state"] = self.get_extra_state()

    def _own_state(self) -> dict[str, Any]:
        """This module's own parameters and persistent buffers."""
        kept = {name: b for name, b in self._buffers.items() if name not in self._non_persistent_buffers_set}
        return {**self._parameters, **kept}

    def get_extra_state(self) -> Any:
        """Anything more that belongs into the state_dict; define it together with ``set_extra_state``."""
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state: Any) -> None:
        """Take back what ``get_extra_state`` gave."""
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values by dotted path into the parameters and buffers.

        Args:
            state_dict: Tensors (or arrays) by name, as ``state_dict()`` gives them. strict: names that are missing or
            not expected are an error. assign: take the given Tensors themselves instead of copying their values.

        Raises RuntimeError that lists every missing, unexpected and misshapen entry.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None)
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []

        def load(module: Stateful, state: Mapping[str, Any], prefix: str) -> None:
            local = {} if metadata is None else dict(metadata.get(prefix[:-1], {}))
            if assign:
                local["assign_to_params_buffers"] = True
            module._load_from_state_dict(state, prefix, local, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    below = f"{prefix}{name}."
                    load(child, {key: value for key, value in state.items() if key.startswith(below)}, below)
            module._run_load_state_dict_post_hooks(IncompatibleKeys(missing, unexpected))

        load(self, OrderedDict(state_dict), "")
        if strict:
            if unexpected:
                errors.insert(
                    0, "Unexpected key(s) in state_dict: {}. ".format(", ".join(f'"{k}"' for k in unexpected))
                )
            if missing:
                errors.insert(0, "Missing key(s) in state_dict: {}. ".format(", ".join(f'"{k}"' for k in missing)))
        if errors:
            raise RuntimeError(
                "Error(s) in loading state_dict for {}:\n\t{}".format(type(self).__name__, "\n\t".join(errors))
            )
        return IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own state (not its children's); what goes wrong is noted in the lists."""
        self._run_load_state_dict_pre_hooks(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        own = self._own_state()
        for name, value in own.items():
            key = prefix + name
            if value is None:
                continue
            if key not in state_dict:
                missing_keys.append(key)
                continue
            problem = self._load_one(
                name, value, state_dict[key], local_metadata.get("assign_to_params_buffers", False)
            )
            if problem is not None:
                error_msgs.append(problem.replace("{key}", key))
        extra = prefix + "_extra_state"
        if type(self).set_extra_state is not Stateful.set_extra_state:
            if extra in state_dict:
                self.set_extra_state(state_dict[extra])
            else:
                missing_keys.append(extra)
        if not strict:
            return
        for key in state_dict:
            if key.startswith(prefix) and (key != extra or type(self).set_extra_state is Stateful.set_extra_state):
                first, dot, _ = key[len(prefix) :].partition(".")
                if first not in self._modules if dot else own.get(first) is None:
                    unexpected_keys.append(key)

    def _load_one(self, name: str, mine: Tensor, given: Any, assign: bool) -> str | None:
        """Copy one value, or say why not."""
        array = given.array if isinstance(given, Tensor) else np.asarray(given)
        if array.dtype == object:
            return (
                'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(given)}"
            )
        if is_lazy(given):
            if not is_lazy(mine):
                return 'Trying to load an uninitialized parameter "{key}" into one that has values'
            return None
        if is_lazy(mine):
            mine.materialize(array.shape)  # type: ignore[attr-defined]
        if mine.array.ndim == 0 and array.shape == (1,):  # checkpoints from before 0-d tensors
            array = array[0]
        if array.shape != mine.array.shape:
            return (
                f"size mismatch for {{key}}: copying a param with shape torch.Size({list(array.shape)}) from "
                f"checkpoint, the shape in current model is torch.Size({list(mine.array.shape)})."
            )
        if assign:
            source = given if isinstance(given, Tensor) else wrap(array)
            if isinstance(mine, Parameter) and not isinstance(source, Parameter):
                source = Parameter(source, requires_grad=mine.requires_grad)
            setattr(self, name, source)
        else:
            np.copyto(mine.array, array, casting="unsafe")
            stamp(mine.array, "load_state_dict")
        return None
