"""Parameters and buffers: the Tensors that a Module notices when they are set as its attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd.graph import Leaf
from autograd.overrides import disabled
from autograd.tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


def _on_memory_of(cls: type, data: Any) -> Any:
    """A Tensor of class ``cls`` that shares the memory of ``data`` (an empty one for None)."""
    if data is None:
        data = autograd.tensor([])
    if not isinstance(data, Tensor):
        raise TypeError(
            f"{cls.__name__}: expected a Tensor as data, got {type(data).__name__}. Use autograd.tensor(...)"
        )
    made: Any = object.__new__(cls)
    made.array = data.array
    made.node = made.lineage = None
    return made


class Parameter(Tensor):
    """A Tensor that a Module trains: set as an attribute, it appears in ``parameters()`` and the state_dict.

    Args:
        data: the Tensor whose memory it takes over. requires_grad: whether it collects a gradient.

    Raises TypeError if ``data`` is not a Tensor, RuntimeError if it is to require grad and its dtype is not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html

    >>> import autograd, nn
    >>> weight = nn.Parameter(autograd.ones(2))
    >>> weight.requires_grad, isinstance(weight, autograd.Tensor)
    (True, True)
    """

    __torch_function__ = disabled  # type: ignore[assignment]  # what is computed with parameters are Tensors

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        made = _on_memory_of(cls, data)
        return made.requires_grad_() if requires_grad else made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(autograd.tensor(self.detach()), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), self.array, self.requires_grad)

    def __repr__(self, **options: Any) -> str:
        return "Parameter containing:\n" + super().__repr__(**options)


class Buffer(Tensor):
    """A Tensor that belongs to a Module's state and is not trained; set as an attribute, it becomes a buffer.

    Args:
        data: the Tensor whose memory it takes over. persistent: whether it is part of the state_dict.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Buffer.html

    >>> import autograd, nn
    >>> module = nn.Module()
    >>> module.mean = nn.Buffer(autograd.zeros(2))
    >>> module.state_dict()
    OrderedDict([('mean', tensor([0., 0.]))])
    """

    __torch_function__ = disabled  # type: ignore[assignment]
    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        made = _on_memory_of(cls, data)
        made.persistent = persistent
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = Buffer(autograd.tensor(self.detach()), persistent=self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), self.array, self.persistent)


def _rebuild(cls: Any, array: Any, flag: bool) -> Any:
    data = autograd.from_numpy(array)
    return cls(data, persistent=flag) if issubclass(cls, Buffer) else cls(data, flag)


class _Uninitialized:
    """What a parameter or buffer is whose shape the first batch will tell: it has a dtype and nothing else."""

    array: Any
    node: Any
    cls_to_become: type = Tensor

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter (or buffer) of this shape, with values that the caller must set.

        >>> import nn
        >>> weight = nn.UninitializedParameter()
        >>> weight.materialize((2, 3)); weight.shape
        torch.Size([2, 3])
        """
        element = self.array.dtype if dtype is None else autograd.dtypes.as_numpy(dtype)
        self.array = np.empty(tuple(shape), element)
        if type(self.node) is Leaf:
            self.node.shape, self.node.dtype = self.array.shape, self.array.dtype
        self.__class__ = self.cls_to_become

    def _unknown(self) -> Any:
        raise RuntimeError(
            f"Can't access the shape of an uninitialized {self.cls_to_become.__name__.lower()}: the first forward "
            "pass will set it. Call the module once on a batch (a dry run) before counting, copying or initialising "
            "its parameters"
        )

    shape = property(_unknown)

    def share_memory_(self) -> Any:
        """Refused: there is no memory yet."""
        self._unknown()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):  # type: ignore[misc]
    """A Parameter whose shape is not known yet; ``materialize(shape)`` makes it an ordinary one.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedParameter.html

    >>> import nn
    >>> weight = nn.UninitializedParameter()
    >>> weight.materialize((2, 3))
    >>> weight.shape, weight.requires_grad
    (torch.Size([2, 3]), True)
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        made = _on_memory_of(cls, autograd.zeros(0, dtype=dtype))
        return made.requires_grad_() if requires_grad else made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, dtype=self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild_uninitialized, (type(self), self.requires_grad, self.dtype)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape is not known yet.

    >>> import nn
    >>> mean = nn.UninitializedBuffer()
    >>> mean.materialize((2, 3))
    >>> mean.shape
    torch.Size([2, 3])
    """

    __torch_function__ = disabled  # type: ignore[assignment]
    persistent: bool

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Any:
        made = _on_memory_of(cls, autograd.zeros(0, dtype=dtype))
        made.persistent = persistent
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(dtype=self.dtype, persistent=self.persistent)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild_uninitialized, (type(self), False, self.dtype)


def _rebuild_uninitialized(cls: Any, requires_grad: bool, dtype: Any) -> Any:
    return cls(requires_grad, dtype=dtype)


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer still waits for its shape."""
    return isinstance(param, _Uninitialized)
