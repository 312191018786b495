"""``python -m benchmarks [names] --vs torch,mygrad``: times workloads side by side and checks the limits.

Each library runs a workload in a process of its own; the processes take turns (A B A B), so that the machine's moods
hit all of them; the figure is the least of the rounds' medians. Ratios count, absolute times don't. The peer called
``plain`` is this library without its compiled kernels; ``compiled`` is this library with each step in autograd.compile.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from . import engine
from .report import COMPILED, chart, geometric_mean, limits, table
from .workers import measure
from .workloads import WORKLOADS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"workloads: {', '.join(WORKLOADS)}; or 'ops', 'pieces', 'engine', 'all'"
    )
    parser.add_argument(
        "--vs", default="torch", help="peers, with commas: torch,plain,compiled,mygrad,dezero,autograd,jax"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--chart", type=Path, help="write a bar chart PNG here")
    options = parser.parse_args()
    peers = [p for p in options.vs.split(",") if p]
    if options.names == ["ops"]:
        from .ops import main as ops

        return ops(peers)
    if options.names[:1] == ["pieces"]:
        from .pieces import main as pieces

        return pieces(options.names[1:])
    if options.names == ["engine"]:
        return engine.main()
    whole = options.names in ([], ["all"])
    unknown = set(() if whole else options.names) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload called {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    rows = []
    for name in WORKLOADS if whole else options.names:
        rows.append(measure(name, ["pullback", *peers], options.rounds))
        print(table(rows[-1:], peers).splitlines()[-1], flush=True)
    print("\n" + table(rows, peers))
    print("versions: " + ", ".join(f"{p} {v}" for p, v in versions(rows).items()))
    for (library, why), names in left_out(rows).items():
        print(f"left out: {library} on {', '.join(names)}: {why}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    if options.chart:
        chart(rows, peers, options.chart)
    broken = limits(rows)
    ratios = [r["pullback"]["ms"] / r["torch"]["ms"] for r in rows if "pullback" in r and "torch" in r]
    if ratios:
        print(f"\ngeometric mean of the ratios to PyTorch: {geometric_mean(ratios):.2f}")
    if whole:
        steps = [measure(name, ["pullback", "compiled"], options.rounds) for name in COMPILED]
        print("\nsteps as they are, and by autograd.compile\n" + table(steps, ["compiled"]))
        broken += limits(steps) + engine.report()
    print("all limits hold" if not broken else "limits that do not hold:\n  " + "\n  ".join(broken))
    return 1 if broken else 0


def versions(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The version of each library that ran."""
    return {
        name: found["version"]
        for row in rows
        for name, found in row.items()
        if isinstance(found, dict) and "version" in found
    }


def left_out(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """The workloads that each library could not run, by library and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for library, why in row["left_out"].items():
            found.setdefault((library, why), []).append(row["workload"])
    return found


if __name__ == "__main__":
    sys.exit(main())
