"""PyTorch's second name for the scaler."""

from . import GradScaler as GradScaler
