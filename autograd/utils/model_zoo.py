"""PyTorch's older name for the downloads of weights."""

from ..hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
