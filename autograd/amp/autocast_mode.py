"""PyTorch's second name for autocast."""

from . import autocast as autocast, custom_bwd as custom_bwd, custom_fwd as custom_fwd
