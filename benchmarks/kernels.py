"""``python -m benchmarks.kernels [names]``: the heavy layers beside PyTorch's, without and with backward.

Each library runs in a process of its own, one kernel at a time, and the processes take turns; the figure is the least
time of all rounds (the quiet moments of a shared machine). The sums of the results and of the gradients are compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

CONVOLUTIONS = {  # images, channels, size, outputs, kernel, padding, stride, groups
    "conv 32->64 3x3 of 26x26, batch 128": (128, 32, 26, 64, 3, 0, 1, 1),
    "conv 1->32 3x3 of 28x28, batch 128": (128, 1, 28, 32, 3, 0, 1, 1),
    "conv 16->16 3x3 of 32x32, batch 16": (16, 16, 32, 16, 3, 1, 1, 1),
    "conv 64->64 3x3 of 8x8, batch 16": (16, 64, 8, 64, 3, 1, 1, 1),
    "conv 16->32 3x3 stride 2 of 32x32, batch 16": (16, 16, 32, 32, 3, 1, 2, 1),
    "conv 3->6 5x5 of 32x32, batch 64": (64, 3, 32, 6, 5, 0, 1, 1),
    "conv 64->64 1x1 of 16x16, batch 16": (16, 64, 16, 64, 1, 0, 1, 1),
    "conv 64 depthwise 3x3 of 16x16, batch 16": (16, 64, 16, 64, 3, 1, 1, 64),
    "conv 64->128 4x4 stride 2 of 14x14, batch 64": (64, 64, 14, 128, 4, 1, 2, 1),
}


PRODUCTS = [  # rows, inputs, outputs of a layer
    (32, 784, 128), (128, 784, 512), (128, 512, 256), (768, 128, 512), (768, 512, 128), (128, 9216, 128),
]  # fmt: skip


def kernels(lib: Any) -> Iterator[tuple[str, Callable[[], Any], list[Any]]]:
    """(name, call, what gets a gradient) for every kernel."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return lib.torch.tensor(rng.standard_normal(shape).astype(np.float32)).requires_grad_()

    F, nn = lib.F, lib.nn
    for m, k, n in PRODUCTS:
        x, w, b = normal(m, k), normal(n, k), normal(n)
        yield f"linear {k}->{n}, batch {m}", lambda x=x, w=w, b=b: F.linear(x, w, b), [x, w, b]
    x = normal(3072, 64)
    yield "softmax of 3072 rows of 64", lambda x=x: F.softmax(x, 1), [x]
    x = normal(768, 512)
    yield "gelu of 768x512", lambda x=x: F.gelu(x), [x]
    x, w, b = normal(768, 128), normal(128), normal(128)
    yield "layer norm of 768 rows of 128", lambda x=x, w=w, b=b: F.layer_norm(x, (128,), w, b), [x, w, b]
    x = normal(1_000_000)
    yield "tanh of 1,000,000", lambda x=x: x.tanh(), [x]
    for name, (n, c, size, o, k, padding, stride, groups) in CONVOLUTIONS.items():
        x, w, b = normal(n, c, size, size), normal(o, c // groups, k, k), normal(o)
        yield name, lambda x=x, w=w, b=b, p=padding, s=stride, g=groups: F.conv2d(x, w, b, s, p, 1, g), [x, w, b]
    x, w = normal(64, 128, 7, 7), normal(128, 64, 4, 4)
    yield (
        "transposed conv 128->64 4x4 stride 2 of 7x7, batch 64",
        lambda x=x, w=w: F.conv_transpose2d(x, w, None, 2, 1),
        [x, w],
    )
    x = normal(128, 64, 24, 24)
    yield "max pool 2 of 64x24x24, batch 128", lambda x=x: F.max_pool2d(x, 2), [x]
    yield "max pool 3 stride 2 of 64x24x24, batch 128", lambda x=x: F.max_pool2d(x, 3, 2, 1), [x]
    yield "average pool 2 of 64x24x24, batch 128", lambda x=x: F.avg_pool2d(x, 2), [x]
    x = normal(8, 16, 64, 64)
    yield "bilinear x 2 of 16x64x64, batch 8", lambda x=x: F.interpolate(x, scale_factor=2, mode="bilinear"), [x]
    for kind in ("LSTM", "GRU", "RNN"):
        layer, x = getattr(nn, kind)(64, 128), normal(50, 32, 64)
        with lib.torch.no_grad():
            for p in layer.parameters():
                p[...] = lib.torch.tensor((rng.standard_normal(tuple(p.shape)) * 0.1).astype(np.float32))
        yield f"{kind} 64->128, 50 steps, batch 32", lambda m=layer, x=x: m(x)[0], [x, *layer.parameters()]
    q, k, v = normal(12, 4, 64, 32), normal(12, 4, 64, 32), normal(12, 4, 64, 32)
    yield "causal attention 12x4x64x32", lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True), [q, k, v]
    long = [normal(2, 8, 1024, 64) for _ in range(3)]
    yield "attention 2x8x1024x64", lambda: F.scaled_dot_product_attention(*long), long


def serve(library: str) -> None:
    """Answer each kernel's name on stdin with its times in ms and its checksums."""
    from .worker import load

    lib = load(library)
    known = {name: (call, wanted) for name, call, wanted in kernels(lib)}
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        call, wanted = known[line.strip()]
        cotangent = call().detach() + 1

        def both(call: Any = call, wanted: Any = wanted, cotangent: Any = cotangent) -> Any:
            for t in wanted:
                t.grad = None
            y = call()
            y.backward(cotangent)
            return y

        with lib.torch.no_grad():
            forward = _least(call)
        y = both()
        sums = [float(np.abs(t.detach().numpy()).sum(dtype=np.float64)) for t in (y, *[t.grad for t in wanted])]
        print(json.dumps({"forward": forward, "both": _least(both), "sums": sums}), flush=True)


def _least(function: Callable[[], Any]) -> float:
    """The least of the times of about 0.3 s, in ms."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.3 and len(times) < 200):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of kernels' names; all without")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return serve(options.worker)
    workers = {
        library: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.kernels", "--worker", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for library in ("pullback", "torch")
    }  # fmt: skip
    known = [json.loads(w.stdout.readline()) for w in workers.values()]  # type: ignore[union-attr]
    names = [n for n in known[0] if not options.names or any(part in n for part in options.names)]
    print(
        f"{'ms (least of ' + str(options.rounds) + ' rounds)':55} {'forward':>9} {'torch':>9} {'ratio':>6} "
        f"{'+backward':>10} {'torch':>9} {'ratio':>6}"
    )
    for name in names:
        found: dict[str, dict[str, Any]] = {}
        for _ in range(options.rounds):
            for library, worker in workers.items():
                worker.stdin.write(name + "\n")  # type: ignore[union-attr]
                worker.stdin.flush()  # type: ignore[union-attr]
                answer = json.loads(worker.stdout.readline())  # type: ignore[union-attr]
                best = found.setdefault(library, answer)
                for what in ("forward", "both"):
                    best[what] = min(best[what], answer[what])
        a, b = found["pullback"], found["torch"]
        same = np.allclose(a["sums"], b["sums"], rtol=1e-3)
        print(
            f"{name:55} {a['forward']:9.2f} {b['forward']:9.2f} {a['forward'] / b['forward']:6.2f} {a['both']:10.2f} "
            f"{b['both']:9.2f} "
            f"{a['both'] / b['both']:6.2f}{'' if same else '   DIFFERENT RESULTS'}",
            flush=True,
        )
    for worker in workers.values():
        worker.stdin.close()  # type: ignore[union-attr]
        worker.wait()


if __name__ == "__main__":
    main()
