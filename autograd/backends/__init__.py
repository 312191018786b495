"""The switches of PyTorch's backends. They can be set and read; there is one backend here, NumPy, and it heeds none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


class _Backend(ModuleType):
    """A backend that is not there: its switches hold what is assigned. Programs import it: ``backends.cudnn``."""

    def __init__(self, name: str, **switches: Any) -> None:
        super().__init__(f"{__name__}.{name}")
        self.__dict__.update(switches)
        sys.modules[self.__name__] = self

    def is_available(self) -> bool:
        """False."""
        return False

    def is_built(self) -> bool:
        """False."""
        return False

    def version(self) -> int | None:
        """None."""
        return None

    @contextlib.contextmanager
    def flags(self, **switches: Any) -> Iterator[None]:
        """Set switches until the block ends."""
        before = dict(self.__dict__)
        self.__dict__.update(switches)
        try:
            yield
        finally:
            self.__dict__.clear()
            self.__dict__.update(before)


class _Attention(_Backend):
    """``backends.cuda``: the switches of the attention kernels; here there is one kernel."""

    def __init__(self) -> None:
        matmul = _Backend("cuda.matmul", allow_tf32=False, allow_fp16_reduced_precision_reduction=True,
                          allow_bf16_reduced_precision_reduction=True)  # fmt: skip
        super().__init__("cuda", matmul=matmul, cufft_plan_cache=_Backend("cuda.cufft_plan_cache", size=0, max_size=0))
        self._on = {"flash": True, "math": True, "mem_efficient": True, "cudnn": True}

    @contextlib.contextmanager
    def sdp_kernel(
        self,
        enable_flash: bool = True,
        enable_math: bool = True,
        enable_mem_efficient: bool = True,
        enable_cudnn: bool = True,
    ) -> Iterator[None]:
        """A block in which only some of PyTorch's attention kernels may be used; the result is the same."""
        yield

    def enable_flash_sdp(self, enabled: bool) -> None:
        """Note the choice."""
        self._on["flash"] = enabled

    def enable_math_sdp(self, enabled: bool) -> None:
        """Note the choice."""
        self._on["math"] = enabled

    def enable_mem_efficient_sdp(self, enabled: bool) -> None:
        """Note the choice."""
        self._on["mem_efficient"] = enabled

    def enable_cudnn_sdp(self, enabled: bool) -> None:
        """Note the choice."""
        self._on["cudnn"] = enabled

    def flash_sdp_enabled(self) -> bool:
        """What was chosen."""
        return self._on["flash"]

    def math_sdp_enabled(self) -> bool:
        """What was chosen."""
        return self._on["math"]

    def mem_efficient_sdp_enabled(self) -> bool:
        """What was chosen."""
        return self._on["mem_efficient"]

    def cudnn_sdp_enabled(self) -> bool:
        """What was chosen."""
        return self._on["cudnn"]


class _Cpu(_Backend):
    def get_cpu_capability(self) -> str:
        """What NumPy was built for is NumPy's affair."""
        return "DEFAULT"


cudnn = _Backend("cudnn", enabled=True, deterministic=False, benchmark=False, benchmark_limit=10, allow_tf32=True)
cuda = _Attention()
mps, mkl, mkldnn, openmp, xnnpack, cusparselt = map(_Backend, "mps mkl mkldnn openmp xnnpack cusparselt".split())
opt_einsum = _Backend("opt_einsum", enabled=True, strategy="auto")
cpu = _Cpu("cpu")
