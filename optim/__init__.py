"""Optimizers: what `torch.optim` is to PyTorch."""
