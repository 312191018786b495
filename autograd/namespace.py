"""The public names that are resolved when first used, and the constants.

``torch.X`` is ``autograd.X``: so ``autograd.nn`` is the package ``nn`` beside this one, ``autograd.autograd`` is
``autograd`` itself (for ``torch.autograd.X``), and ``autograd.linalg``, ``autograd.vision`` ... are imported when a
program first names them.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Mapping
from typing import Any

__version__ = "2.13.0+pullback.0.1.0"
"""The version of PyTorch whose names these are, and after the plus our own."""

pi, e, inf, nan = math.pi, math.e, math.inf, math.nan
newaxis = None

SUBMODULES = frozenset(
    [
        "_C",
        "__config__",
        "__future__",
        "_dynamo",
        "_higher_order_ops",
        "_inductor",
        "_utils",
        "accelerator",
        "amp",
        "backends",
        "compiler",
        "cpu",
        "cuda",
        "distributed",
        "distributions",
        "fft",
        "forward_ad",
        "func",
        "functorch",
        "futures",
        "fx",
        "function",
        "functional",
        "graph",
        "hub",
        "jit",
        "library",
        "linalg",
        "masked",
        "mps",
        "multiprocessing",
        "nested",
        "onnx",
        "overrides",
        "profiler",
        "quasirandom",
        "serialization",
        "signal",
        "sparse",
        "special",
        "storage",
        "testing",
        "types",
        "utils",
        "version",
        "vision",
        "visualize",
        "xpu",
        "anomaly_mode",
        "variable",
    ]
)
SIBLINGS = {"nn": "nn", "optim": "optim", "_jit_internal": "autograd.jit"}
"""Names that stand for a package or module with another address."""
PROVIDED = {
    "amp": """
        autocast get_autocast_cpu_dtype get_autocast_dtype get_autocast_gpu_dtype is_autocast_available
        is_autocast_cpu_enabled
    """,
    "anomaly_mode": "detect_anomaly is_anomaly_check_nan_enabled is_anomaly_enabled set_detect_anomaly",
    "compiling": "compile",
    "cuda": "OutOfMemoryError",
    "foreach": " ".join(
        f"_foreach_{name}{end}"
        for end in ("", "_")
        for name in """
        abs acos add addcdiv addcmul asin atan ceil clamp_max clamp_min cos cosh div erf erfc exp expm1 floor frac lerp
        lgamma log log10 log1p log2 maximum minimum mul neg pow reciprocal round rsqrt sigmoid sign sin sinh sqrt sub tan
        tanh trunc
        """.split()
    )
    + " _foreach_clone _foreach_copy_ _foreach_max _foreach_mm _foreach_norm _foreach_zero_",
    "func": "vmap",
    "function": "Function",
    "futures": "Future",
    "install": "install_as_torch",
    "lowrank": "pca_lowrank svd_lowrank",
    "native": """
        alpha_dropout alpha_dropout_ as_strided_ batch_norm bilinear binary_cross_entropy_with_logits celu celu_
        constant_pad_nd conv_tbc cosine_embedding_loss cosine_similarity ctc_loss detach detach_ dropout dropout_
        embedding feature_alpha_dropout feature_alpha_dropout_ feature_dropout feature_dropout_ get_device
        get_device_module group_norm hardshrink hinge_embedding_loss instance_norm is_complex is_floating_point
        is_inference is_nonzero is_signed kl_div layer_norm margin_ranking_loss numel pairwise_distance pdist
        poisson_nll_loss prelu rms_norm rrelu rrelu_ selu selu_ split_copy split_with_sizes_copy threshold
        threshold_ triplet_margin_loss unsafe_split_with_sizes
    """,
    "random": "fork_rng",
    "serialization": "load save",
    "settings": """
        _assert are_deterministic_algorithms_enabled dsmm get_float32_matmul_precision get_num_interop_threads hsmm
        is_autocast_enabled
        is_deterministic_algorithms_warn_only_enabled is_distributed is_same_size is_storage is_warn_always_enabled
        set_default_tensor_type set_deterministic_debug_mode set_float32_matmul_precision set_flush_denormal
        set_num_interop_threads set_warn_always spmm use_deterministic_algorithms
    """,
    "_higher_order_ops": "cond while_loop",
    "storage": "TypedStorage UntypedStorage",
    "testing": "doctor gradcheck gradgradcheck",
    "threads": "get_num_threads set_num_threads",
    "variable": "Variable",
    "windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window unravel_index vander",
    "visualize": "summary",
}
"""Public names that live in a module which is not imported at once."""

ELSEWHERE = {name: module for module, names in PROVIDED.items() for name in names.split()}


def take_in(package: str, functions: Mapping[str, Any]) -> None:
    """Name functions that tables made after the package that people have them from: there pickle finds them again."""
    for name, function in functions.items():
        if name == function.__name__ or functions.get(function.__name__) is not function:
            function.__module__, function.__qualname__ = package, name


def resolve(name: str) -> Any:
    """The value of a name that ``autograd`` does not have yet; remembered there. Raises AttributeError."""
    package = sys.modules[__package__]
    if name in ("autograd", "torch"):  # PyTorch has torch.torch, and some libraries say it
        return package
    if name in SIBLINGS:
        found: Any = importlib.import_module(SIBLINGS[name])
    elif name in SUBMODULES:
        try:
            found = importlib.import_module(f"{__package__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{name}":
                raise
            raise AttributeError(f"module 'autograd' has no attribute {name!r}") from None
    elif name in ELSEWHERE:
        found = getattr(importlib.import_module(f"{__package__}.{ELSEWHERE[name]}"), name)
    else:
        from . import dtypes

        if name not in dtypes.SMALL:
            raise AttributeError(f"module 'autograd' has no attribute {name!r}")
        found = getattr(dtypes, name)
    setattr(package, name, found)
    return found


def lazy_names() -> list[str]:
    """The names that ``resolve`` knows."""
    return [*SUBMODULES, *SIBLINGS, *ELSEWHERE]
