"""What ``torch.utils`` is to PyTorch: ``data``, ``checkpoint``, ``tensorboard``."""
