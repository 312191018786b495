"""``python -m benchmarks [names] --vs torch,mygrad``: times workloads side by side and checks the limits.

Each library runs a workload in a process of its own; the processes take turns (A B A B), so that the machine's moods
hit all of them; the figure is the least of the rounds' medians. Ratios count, absolute times don't.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .workloads import WORKLOADS

HERE = Path(__file__).resolve().parent


class Worker:
    """A process that runs one workload on one library, a round at a time."""

    def __init__(self, library: str, workload: str) -> None:
        self.library = library
        self.process = subprocess.Popen(
            [interpreter(library), "-m", "benchmarks.worker", library, workload],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE.parent,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        )  # fmt: skip
        self.rounds: list[dict[str, Any]] = []
        self.hello = self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        if not line:
            lines = self.process.stderr.read().strip().splitlines() or ["no message"]
            raise RuntimeError(lines[-1])
        found: dict[str, Any] = json.loads(line)
        return found

    def round(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.rounds.append(self._read())

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)

    @property
    def seconds(self) -> float:
        return min(r["seconds"] for r in self.rounds)

    @property
    def peak_mib(self) -> float:
        return float(max(r["peak_kib"] for r in self.rounds)) / 1024


def interpreter(library: str) -> str:
    """HIPS ``autograd`` shares our import name, so it lives in an environment of its own."""
    if library != "autograd":
        return sys.executable
    env = HERE / ".envs" / "autograd"
    python = env / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(env)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "autograd==1.9.1", "numpy"], check=True)
    return str(python)


def measure(workload: str, libraries: list[str], rounds: int) -> dict[str, Any]:
    """All libraries on one workload; a library that can't run it is left out with its reason."""
    workers: list[Worker] = []
    row: dict[str, Any] = {"workload": workload, "left_out": {}}
    for library in libraries:
        try:
            workers.append(Worker(library, workload))
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            row["left_out"][library] = str(error)[:200]
    for _ in range(rounds):
        for worker in workers:
            worker.round()
    for worker in workers:
        worker.close()
        row[worker.library] = {
            "ms": worker.seconds * 1e3, "peak_mib": worker.peak_mib, "values": worker.hello["values"],
            "version": worker.hello["version"],
        }  # fmt: skip
    row["agree"] = agreement(row, libraries)
    return row


def agreement(row: dict[str, Any], libraries: list[str]) -> bool:
    """Whether the losses of the first steps are the same in all libraries: a fast wrong answer is a failure."""
    present = [row[name]["values"] for name in libraries if name in row]
    return all(
        math.isclose(a, b, rel_tol=2e-3, abs_tol=1e-4)
        for values in present[1:]
        for a, b in zip(present[0], values, strict=True)
    )


def table(rows: list[dict[str, Any]], peers: list[str]) -> str:
    head = (
        f"{'workload':18s} {'pullback':>11s}"
        + "".join(f" {p:>11s} {'ratio':>6s}" for p in peers)
        + "   MiB"
        + "".join(f" {p[:7]:>7s}" for p in peers[:1])
    )
    lines = [head, "-" * len(head)]
    for row in rows:
        if "pullback" not in row:
            lines.append(f"{row['workload']:18s} left out: {row['left_out'].get('pullback', '?')}")
            continue
        ours = row["pullback"]
        cells = f"{row['workload']:18s} {ours['ms']:8.3f} ms"
        for p in peers:
            cells += (
                f" {row[p]['ms']:8.3f} ms {ours['ms'] / row[p]['ms']:6.2f}" if p in row else f" {'-':>11s} {'-':>6s}"
            )
        cells += f" {ours['peak_mib']:5.0f}" + "".join(f" {row[p]['peak_mib']:7.0f}" for p in peers[:1] if p in row)
        lines.append(cells + ("" if row["agree"] else "   LOSSES DIFFER"))
    return "\n".join(lines)


def geometric_mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def limits(rows: list[dict[str, Any]]) -> list[str]:
    """What the issue's limits say about these figures; empty when all hold."""
    broken, ratios = [], []
    for row in rows:
        if "pullback" not in row:
            broken.append(f"{row['workload']}: did not run")
            continue
        if not row["agree"]:
            broken.append(f"{row['workload']}: the losses differ between the libraries")
        ours = row["pullback"]
        if "torch" in row:
            ratio = ours["ms"] / row["torch"]["ms"]
            ratios.append(ratio)
            if ratio > 1:
                broken.append(f"{row['workload']}: {ratio:.2f} x PyTorch's time, limit 1.00")
            if ours["peak_mib"] > row["torch"]["peak_mib"]:
                broken.append(
                    f"{row['workload']}: peak {ours['peak_mib']:.0f} MiB, PyTorch {row['torch']['peak_mib']:.0f}"
                )
        for peer, least in (("mygrad", 1.0), ("autograd", 3.0), ("dezero", 3.0)):
            if peer in row and row[peer]["ms"] / ours["ms"] < least:
                broken.append(
                    f"{row['workload']}: {row[peer]['ms'] / ours['ms']:.2f} x faster than {peer}, limit {least}"
                )
    if ratios and geometric_mean(ratios) > 0.6:
        broken.append(f"geometric mean {geometric_mean(ratios):.2f} x PyTorch's time, limit 0.60")
    return broken


def chart(rows: list[dict[str, Any]], peers: list[str], path: Path) -> None:
    """Bars of the ratios to PyTorch's time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [r for r in rows if "pullback" in r and "torch" in r]
    fig, ax = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.4), constrained_layout=True)
    ratios = [r["pullback"]["ms"] / r["torch"]["ms"] for r in rows]
    ax.barh([r["workload"] for r in rows], ratios, color=["#2a7f62" if r <= 1 else "#c8553d" for r in ratios])
    ax.axvline(1, color="#444", lw=1)
    for i, r in enumerate(ratios):
        ax.text(r + 0.01, i, f"{r:.2f}", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set_xlabel("time of a step / PyTorch's time (shorter is faster)")
    ax.spines[["top", "right"]].set_visible(False)
    fig.savefig(path, dpi=130)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"workloads: {', '.join(WORKLOADS)}; or 'ops', 'engine'")
    parser.add_argument("--vs", default="torch", help="peers, with commas: torch,mygrad,dezero,autograd,jax")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--chart", type=Path, help="write a bar chart PNG here")
    options = parser.parse_args()
    peers = [p for p in options.vs.split(",") if p]
    if options.names == ["ops"]:
        from .ops import main as ops

        return ops(peers)
    if options.names == ["engine"]:
        from .engine import main as engine

        return engine()
    unknown = set(options.names) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload called {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    rows = []
    for name in options.names or WORKLOADS:
        rows.append(measure(name, ["pullback", *peers], options.rounds))
        print(table(rows[-1:], peers).splitlines()[-1], flush=True)
    print("\n" + table(rows, peers))
    for row in rows:
        for library, why in row["left_out"].items():
            print(f"left out: {library} on {row['workload']}: {why}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    if options.chart:
        chart(rows, peers, options.chart)
    broken = limits(rows)
    ratios = [r["pullback"]["ms"] / r["torch"]["ms"] for r in rows if "pullback" in r and "torch" in r]
    if ratios:
        print(f"\ngeometric mean of the ratios to PyTorch: {geometric_mean(ratios):.2f}")
    print("all limits hold" if not broken else "limits that do not hold:\n  " + "\n  ".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
