"""Modules without initial values."""

from __future__ import annotations

from typing import Any

import autograd

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module without drawing initial values: no random numbers are used up; somebody must load or set them.

    >>> import nn
    >>> skip_init(nn.Linear, 3, 2).weight.shape
    torch.Size([2, 3])
    """
    state = autograd.get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        autograd.set_rng_state(state)
