"""Neural-network layers on autograd's differentiable operations: what `torch.nn` is to PyTorch."""
