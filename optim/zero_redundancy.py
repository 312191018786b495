"""An optimizer whose state is shared among processes, in a world of one: ``torch.distributed.optim``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .optimizer import Optimizer

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer(Optimizer):
    """An optimizer each of whose processes keeps a part of the state: the only process keeps it all.

    Args:
        params: as for any optimizer.
        optimizer_class: the optimizer that makes the steps; it is given ``defaults``.
        process_group, parameters_as_bucket_view: make no difference to one process.

    Raises RuntimeError for ``overlap_with_ddp``, which needs hooks of DistributedDataParallel that one process has no use for.

    Source: https://docs.pytorch.org/docs/stable/distributed.optim.html

    >>> import autograd, optim
    >>> w = autograd.ones(2, requires_grad=True)
    >>> shared = ZeroRedundancyOptimizer([w], optimizer_class=optim.SGD, lr=0.5)
    >>> w.sum().backward(); shared.step(); w.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        optimizer_class: type[Optimizer],
        process_group: Any = None,
        parameters_as_bucket_view: bool = False,
        overlap_with_ddp: bool = False,
        **defaults: Any,
    ) -> None:
        if overlap_with_ddp:
            raise RuntimeError("overlap_with_ddp needs several processes, and there is one here: leave it False")
        self.optim = optimizer_class(params, **defaults)
        super().__init__(self.optim.param_groups, self.optim.defaults)
        self.param_groups, self.state = self.optim.param_groups, self.optim.state  # one list, one dict for both

    def step(self, closure: Any = None, **kwargs: Any) -> Any:
        """A step of the optimizer inside."""
        return self.optim.step(closure, **kwargs)  # type: ignore[call-arg]

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Gather the parts of all processes: they are here already."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Of the optimizer inside, which then has other groups."""
        self.optim.load_state_dict(state_dict)
        self.param_groups, self.state = self.optim.param_groups, self.optim.state
