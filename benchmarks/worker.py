"""One library on one workload, in a process of its own: answers each line on stdin with a round of measurements."""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
import time
from statistics import median
from typing import Any


def load(name: str) -> Any:
    """A ``Library`` for "torch", "pullback", "plain" (without its kernels) or "compiled" (each step by autograd.compile)."""
    from .workloads import Library

    if name == "torch":
        import torch

        return Library(
            "torch", torch, torch.nn, torch.nn.functional, torch.optim, importlib.import_module("torch.utils.data")
        )
    autograd, nn, optim = (importlib.import_module(m) for m in ("autograd", "nn", "optim"))
    F, data = importlib.import_module("nn.functional"), importlib.import_module("autograd.utils.data")
    return Library(name, autograd, nn, F, optim, data)


def version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of

    try:
        return of(name)
    except PackageNotFoundError:
        return "in place"


def main() -> None:
    library, name = sys.argv[1:3]
    if library in ("torch", "pullback", "plain", "compiled"):
        from .workloads import WORKLOADS

        make: Any = WORKLOADS[name]
        lib = load(library)
    else:
        peer = importlib.import_module(f"benchmarks.peers.{library}_")
        if name not in peer.WORKLOADS:
            sys.exit("has no words for it, or nobody wrote it in them")
        make, lib = peer.WORKLOADS[name], None
    run = make(lib) if lib is not None else make()
    if library == "compiled":
        run = lib.torch.compile(run)

    def step() -> float:
        value = run()
        return value if isinstance(value, float) else value.item()  # type: ignore[no-any-return]

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values = [step() for _ in range(3)]  # the first steps' losses are what is compared
    if library == "compiled" and run.reason is not None:
        sys.exit(run.reason)
    start = time.perf_counter()
    step()
    once = time.perf_counter() - start
    count = max(3, min(2000, int(0.3 / max(once, 1e-7))))
    for _ in range(count // 3):
        step()
    print(json.dumps({"values": values, "version": version(library), "count": count}), flush=True)
    for _ in sys.stdin:
        gc.collect()
        times = []
        for _ in range(count):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"seconds": median(times), "peak_kib": peak, "grown_kib": peak - before}), flush=True)


if __name__ == "__main__":
    main()
