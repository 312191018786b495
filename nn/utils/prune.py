"""Pruning: parts of a parameter held at zero by a mask.

The parameter ``name`` becomes ``name_orig``, the mask is the buffer ``name_mask``, and their product is computed before
each call. Source: https://docs.pytorch.org/docs/stable/nn.html#torch.nn.utils.prune
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

import autograd
from autograd.tensor import Tensor, normal_dim, wrap

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer",
    "RandomStructured", "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned",
    "l1_unstructured", "ln_structured", "random_structured", "random_unstructured", "remove",
]  # fmt: skip


class BasePruningMethod(ABC):
    """A way to choose what is pruned: define ``compute_mask(t, default_mask)`` and ``PRUNING_TYPE``.

    The type is "unstructured" (any element), "structured" (whole slices along ``self.dim``) or "global".

    >>> import nn
    >>> class EverySecond(BasePruningMethod):
    ...     PRUNING_TYPE = "unstructured"
    ...     def compute_mask(self, t, default_mask):
    ...         mask = default_mask.clone()
    ...         mask.view(-1)[::2] = 0
    ...         return mask
    >>> layer = nn.Linear(4, 1)
    >>> _ = EverySecond.apply(layer, "weight")
    >>> layer.weight_mask
    tensor([[0., 1., 0., 1.]])
    """

    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask: ``default_mask`` with more zeros."""

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Any) -> Any:
        """The parameter times the mask."""
        mask = getattr(module, self._tensor_name + "_mask")
        original = getattr(module, self._tensor_name + "_orig")
        return mask.to(original.dtype) * original

    @classmethod
    def apply(cls, module: Any, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any) -> Any:
        """Prune ``module.<name>``; on what is pruned already, the two methods are combined."""
        old = next(
            (
                (key, hook)
                for key, hook in module._forward_pre_hooks.items()
                if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
            ),
            None,
        )
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        if old is not None:
            del module._forward_pre_hooks[old[0]]
            container = PruningContainer(old[1])
            container.add_pruning_method(method)
            method = container
        original = getattr(module, name)
        if importance_scores is None:
            importance_scores = original
        elif importance_scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter                 {name} of {module}"
            )
        if old is None:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
            default = autograd.ones_like(module._parameters[name + "_orig"]).detach()
        else:
            default = getattr(module, name + "_mask").detach().clone()
        module.register_buffer(name + "_mask", method.compute_mask(importance_scores.detach(), default))
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Any:
        """A pruned copy of a tensor."""
        scores = t if importance_scores is None else importance_scores
        mask = autograd.ones_like(t).detach() if default_mask is None else default_mask
        return t * self.compute_mask(scores.detach(), mask)

    def remove(self, module: Any) -> None:
        """Make the pruned values permanent, and the parameter an ordinary one."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters.pop(name + "_orig")
        del module._buffers[name + "_mask"]
        original.data = weight.detach()
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several pruning methods on one parameter, one after the other.

    >>> import nn
    >>> layer = l1_unstructured(l1_unstructured(nn.Linear(4, 1), "weight", 1), "weight", 1)
    >>> layer.weight_mask.sum()
    tensor(2.)
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for method in args:
            self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add a method for the same parameter."""
        if isinstance(method, PruningContainer):
            self._pruning_methods += method._pruning_methods
        else:
            self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, index: int) -> BasePruningMethod:
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The last method, on what the mask has left."""
        method, kept = self._pruning_methods[-1], default_mask.array
        if method.PRUNING_TYPE == "unstructured":
            places: Any = kept == 1
        elif method.PRUNING_TYPE == "structured":
            dim = normal_dim(method.dim, kept.ndim)  # type: ignore[attr-defined]
            others = tuple(d for d in range(kept.ndim) if d != dim)
            places = (slice(None),) * dim + (np.flatnonzero(kept.sum(axis=others)),)
        else:
            places = ...
        mask = kept.copy()
        part = t.array[places]
        mask[places] = method.compute_mask(wrap(part), wrap(kept[places])).array
        return wrap(mask)


def _count(amount: float, size: int) -> int:
    """How many of ``size`` an amount (a number of them, or a fraction) means."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if (isinstance(amount, int) and amount < 0) or (isinstance(amount, float) and not 0.0 <= amount <= 1.0):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")
    if isinstance(amount, int):
        if amount > size:
            raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={size}")
        return amount
    return round(amount * size)


class Identity(BasePruningMethod):
    """Prunes nothing.

    >>> import autograd
    >>> Identity().prune(autograd.tensor([1.0, 2.0, 3.0])).tolist()
    [1.0, 2.0, 3.0]
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes elements at random.

    >>> import autograd
    >>> (RandomUnstructured(amount=0.5).prune(autograd.ones(3, 4)) == 0).sum()
    tensor(6)
    """

    def __init__(self, amount: float) -> None:
        _count(amount, 1 << 62)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        n = _count(self.amount, t.numel())
        mask = default_mask.array.copy()
        if n:
            chosen = np.argpartition(-autograd.rand(t.numel()).array, n - 1)[:n]
            mask.reshape(-1)[chosen] = 0
        return wrap(mask)


class L1Unstructured(BasePruningMethod):
    """Prunes the elements of the smallest absolute values.

    >>> import autograd
    >>> L1Unstructured(amount=1).prune(autograd.tensor([1.0, -0.5, 3.0])).tolist()
    [1.0, -0.0, 3.0]
    """

    def __init__(self, amount: float) -> None:
        _count(amount, 1 << 62)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        n = _count(self.amount, t.numel())
        mask = default_mask.array.copy()
        if n:
            chosen = np.argsort(np.abs(t.array).reshape(-1), kind="stable")[:n]
            mask.reshape(-1)[chosen] = 0
        return wrap(mask)


class _Structured(BasePruningMethod):
    """Prunes whole slices along a dimension, those with the smallest scores."""

    PRUNING_TYPE = "structured"
    amount: float
    dim: int

    def _scores(self, t: Tensor) -> Any:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if t.ndim <= 1:
            raise ValueError(
                f"Structured pruning can only be applied to multidimensional tensors, found {list(t.shape)}"
            )
        dim = normal_dim(self.dim, t.ndim)
        n = _count(self.amount, t.shape[dim])
        mask = default_mask.array.copy()
        chosen = np.argsort(self._scores(t), kind="stable")[:n]
        mask[(slice(None),) * dim + (chosen,)] = 0
        return wrap(mask)


class RandomStructured(_Structured):
    """Prunes slices at random.

    >>> import autograd
    >>> (RandomStructured(amount=1, dim=1).prune(autograd.ones(3, 4)) == 0).sum()
    tensor(3)
    """

    def __init__(self, amount: float, dim: int = -1) -> None:
        _count(amount, 1 << 62)
        self.amount, self.dim = amount, dim

    def _scores(self, t: Tensor) -> Any:
        return -autograd.rand(t.shape[self.dim]).array


class LnStructured(_Structured):
    """Prunes the slices of the smallest n-norms.

    >>> import autograd
    >>> LnStructured(amount=1, n=2, dim=0).prune(autograd.tensor([[1.0, 1.0], [3.0, 3.0]])).tolist()
    [[0.0, 0.0], [3.0, 3.0]]
    """

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _count(amount, 1 << 62)
        self.amount, self.n, self.dim = amount, n, dim

    def _scores(self, t: Tensor) -> Any:
        rows = np.moveaxis(t.array, self.dim, 0).reshape(t.shape[self.dim], -1)
        return np.linalg.norm(rows, None if self.n == "fro" else float(self.n), axis=1)


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask.

    >>> import autograd
    >>> CustomFromMask(autograd.tensor([1.0, 0.0, 1.0])).prune(autograd.tensor([1.0, 2.0, 3.0])).tolist()
    [1.0, 0.0, 3.0]
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask * self.mask.to(default_mask.dtype)


def identity(module: Any, name: str) -> Any:
    """Reparametrize as if pruned, with nothing pruned.

    >>> import nn
    >>> identity(nn.Linear(3, 1), "weight").weight_mask
    tensor([[1., 1., 1.]])
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: float) -> Any:
    """Prune an amount (a number or a fraction) of elements at random.

    >>> import nn
    >>> random_unstructured(nn.Linear(4, 3), "weight", amount=5).weight_mask.sum()
    tensor(7.)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: float, importance_scores: Tensor | None = None) -> Any:
    """Prune the elements of the smallest absolute values.

    >>> import nn
    >>> l1_unstructured(nn.Linear(4, 1), "weight", amount=0.5).weight_mask.sum()
    tensor(2.)
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: float, dim: int) -> Any:
    """Prune slices along ``dim`` at random.

    >>> import nn
    >>> random_structured(nn.Linear(4, 3), "weight", amount=1, dim=0).weight_mask.sum()
    tensor(8.)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: float, n: Any, dim: int, importance_scores: Tensor | None = None
) -> Any:
    """Prune the slices along ``dim`` of the smallest n-norms.

    >>> import nn
    >>> ln_structured(nn.Linear(4, 3), "weight", amount=1, n=2, dim=0).weight_mask.sum()
    tensor(8.)
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune where ``mask`` is zero.

    >>> import autograd, nn
    >>> layer = custom_from_mask(nn.Linear(3, 1), "weight", autograd.tensor([[1, 0, 1]]))
    >>> layer.weight_mask
    tensor([[1., 0., 1.]])
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Any, str]], pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters, given as (module, name), as if they were one.

    >>> import nn
    >>> a, b = nn.Linear(4, 1), nn.Linear(4, 1)
    >>> global_unstructured([(a, "weight"), (b, "weight")], L1Unstructured, amount=3)
    >>> a.weight_mask.sum() + b.weight_mask.sum()
    tensor(5.)
    """
    pairs = list(parameters)
    if pruning_method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of '
            f"type {pruning_method.PRUNING_TYPE}"
        )
    given = importance_scores or {}
    scores = [given.get((m, name), getattr(m, name)).detach().array for m, name in pairs]
    masks = [getattr(m, name + "_mask", None) for m, name in pairs]
    flat = np.concatenate([s.reshape(-1) for s in scores])
    kept = np.concatenate(
        [np.ones(s.size, s.dtype) if k is None else k.array.reshape(-1) for s, k in zip(scores, masks, strict=True)]
    )
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container.add_pruning_method(method)
    final = container.compute_mask(wrap(flat), wrap(kept)).array
    at = 0
    for (module, name), s in zip(pairs, scores, strict=True):
        custom_from_mask(module, name, wrap(final[at : at + s.size].reshape(s.shape)))
        at += s.size


def remove(module: Any, name: str) -> Any:
    """Make the pruning of a parameter permanent.

    >>> import nn
    >>> layer = remove(l1_unstructured(nn.Linear(4, 1), "weight", amount=0.5), "weight")
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Any) -> bool:
    """Whether this module, or one below it, is pruned.

    >>> import nn
    >>> is_pruned(nn.Linear(3, 1)), is_pruned(identity(nn.Linear(3, 1), "weight"))
    (False, True)
    """
    return any(isinstance(hook, BasePruningMethod) for m in module.modules() for hook in m._forward_pre_hooks.values())
