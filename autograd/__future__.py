"""PyTorch's switches of how ``module.to()`` and ``module.double()`` change parameters.

Here a parameter stays the same object and takes new data. That is what PyTorch does by default, and what a program can
see of its ``swap_tensors`` way.
"""

from __future__ import annotations

_asked = {"swap": False}


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Accepts False. Raises NotImplementedError for True: parameters are never replaced by new objects."""
    if value:
        raise NotImplementedError(
            "set_overwrite_module_params_on_conversion(True): here parameters stay the same objects"
        )


def get_overwrite_module_params_on_conversion() -> bool:
    """False."""
    return False


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Remembered, for ``get_swap_module_params_on_conversion``: the parameters are the same objects either way."""
    _asked["swap"] = bool(value)


def get_swap_module_params_on_conversion() -> bool:
    """What was asked for."""
    return _asked["swap"]
