"""PyTorch's longer name for the wrapper."""

from . import DistributedDataParallel as DistributedDataParallel
