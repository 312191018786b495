"""Which entries of PyTorch's list stay out, and why; and which have no values that could be compared."""

from __future__ import annotations

import fnmatch

OUT_OF_SCOPE = {
    "jiterator*": "compiles CUDA source",
    "sparse.*": "sparse tensors",
    "to_sparse": "sparse tensors",
    "sparse_sampled_addmm": "sparse tensors",
    "torch._scaled_mm*": "8-bit floats of GPUs",
    "torch.ops.aten.*": "an internal function of PyTorch",
    "slice": "torch.ops.aten.slice, an internal function of PyTorch",
    "_*": "an internal function of PyTorch",
    "__r*__": "",
    "__getitem__": "",
    "bmm.triton_optimized": "Triton kernels",
    "max_pool2d_with_indices_backward": "an internal function of PyTorch",
    "native_*": "an internal function of PyTorch",
    "nn.functional.batch_norm.without_cudnn": "cuDNN; it has no CPU samples",
    "nn.functional.linear_cross_entropy.chunked_none": "PyTorch cannot make its own samples (out= with a gradient)",
    "hash_tensor": "an internal hash of the bytes of a tensor",
    "split_with_sizes_copy": "an internal function of PyTorch",
}
"""Patterns of names, with the reason; an empty one brings back names that an earlier pattern took out."""

RANDOM = frozenset(
    [
        "bernoulli",
        "cauchy",
        "exponential",
        "geometric",
        "log_normal",
        "multinomial",
        "normal",
        "normal.in_place",
        "normal.number_mean",
        "uniform",
        "randn",
        "randn_like",
        "rand_like",
        "randint",
        "randint_like",
        "nn.functional.dropout",
        "nn.functional.dropout2d",
        "nn.functional.dropout3d",
        "nn.functional.alpha_dropout",
        "nn.functional.feature_alpha_dropout.with_train",
        "nn.functional.rrelu",
        "nn.functional.fractional_max_pool2d",
        "nn.functional.fractional_max_pool3d",
        "pca_lowrank",
        "svd_lowrank",
    ]
)
"""Two generators give other numbers: compared in structure, shape and dtype only."""

UNDEFINED_VALUES = frozenset(
    ["empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"]
)
"""Uninitialised memory: compared in shape and dtype only."""


LOOSER = dict.fromkeys(["special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1"], 1e-5)
"""Relative tolerances where PyTorch's own results are wrong: j0(-5.02) by 4e-7, as numerical integration shows."""

ANY_OF_EQUALS = frozenset(["argsort", "kthvalue", "mode", "sort", "topk"])
"""Their indices may name any of several equal elements: compared by the elements."""


def out_of_scope(name: str) -> str:
    """Why an entry stays out; "" for those that are in."""
    found = ""
    for pattern, reason in OUT_OF_SCOPE.items():
        if fnmatch.fnmatchcase(name, pattern):
            found = reason
    return found
