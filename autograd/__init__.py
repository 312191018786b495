"""pullback's engine: Tensors that remember how they were computed. What ``torch`` is to PyTorch, by the same names."""

from __future__ import annotations

from .creation import as_tensor, from_numpy, ones, tensor, zeros
from .dtypes import *  # noqa: F403
from .graph import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .methods import IN_PLACE_FUNCTIONS
from .ops import FUNCTIONS
from .passes import backward, grad
from .protocols import from_dlpack, to_dlpack
from .tensor import Size, Tensor, is_tensor

globals().update(FUNCTIONS)
globals().update(IN_PLACE_FUNCTIONS)
