"""Each library runs a workload in a process of its own, and the processes take turns."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {  # peers that can't share ours: HIPS autograd has our import name, DeZero wants NumPy 1
    "autograd": ["autograd==1.9.1", "numpy"],
    "dezero": ["dezero==0.0.13", "numpy<1.24", "matplotlib"],
    "jax": ["jax", "optax", "numpy"],
}


class Worker:
    """A process that runs one workload on one library, a round at a time."""

    def __init__(self, library: str, workload: str) -> None:
        self.library = library
        # our folder goes to the end of the path, so that the peer called autograd is found before us
        command = f"import sys; sys.path.append({str(ROOT)!r}); from benchmarks.worker import main; main()"
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        if library == "plain":
            environment["PULLBACK_FAST"] = "0"
        self.process = subprocess.Popen(
            [interpreter(library), "-c", command, library, workload], env=environment, cwd=folder(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
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


def folder() -> Path:
    """Where the peers' environments lie; nothing in it hides an installed package."""
    found = ROOT / "benchmarks" / ".envs"
    found.mkdir(exist_ok=True)
    return found


def interpreter(library: str) -> str:
    """The Python that has this library; an environment of its own is made where it needs one."""
    if library not in ENVIRONMENTS:
        return sys.executable
    environment = folder() / library
    python, done = environment / "bin" / "python", environment / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "-q", *ENVIRONMENTS[library]]
        subprocess.run(install, check=True, capture_output=True)
        done.touch()
    return str(python)


def measure(workload: str, libraries: list[str], rounds: int) -> dict[str, Any]:
    """All libraries on one workload; a library that can't run it is left out with its reason."""
    workers: list[Worker] = []
    row: dict[str, Any] = {"workload": workload, "left_out": {}}
    for library in libraries:
        try:
            if library == "pullback":  # compiles its kernels, once for all processes: the compiler's memory is not ours
                Worker(library, workload).close()
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
