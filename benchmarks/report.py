"""What is made of the figures: a table, the limits they must keep, a bar chart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

LEAST_SPEEDUP = {"mygrad": 1.0, "autograd": 3.0, "dezero": 3.0}  # how many times faster than these peers we must be
LEAST_COMPILED = 1.3  # how many times faster autograd.compile must make these
COMPILED = ("mlp_128", "mnist_mlp", "mlp_512", "gru_cell", "tiny_ops")


def table(rows: list[dict[str, Any]], peers: list[str]) -> str:
    """Milliseconds of a step, our time divided by each peer's, and the peak memory, as a table that is also Markdown."""
    head = ["workload", "pullback ms", *(f"{p} {unit}" for p in peers for unit in ("ms", "ratio"))]
    lines = [[*head, "MiB", *([f"{peers[0]} MiB"] if peers else [])]]
    for row in rows:
        if "pullback" not in row:
            lines.append([row["workload"], f"left out: {row['left_out'].get('pullback', '?')}"])
            continue
        ours = row["pullback"]
        cells = [row["workload"], f"{ours['ms']:.3f}"]
        for p in peers:
            cells += [f"{row[p]['ms']:.3f}", f"{ours['ms'] / row[p]['ms']:.2f}"] if p in row else ["", ""]
        cells += [f"{ours['peak_mib']:.0f}", *(f"{row[p]['peak_mib']:.0f}" if p in row else "" for p in peers[:1])]
        lines.append(cells + ([] if row["agree"] else ["LOSSES DIFFER"]))
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(max(map(len, lines)))]
    text = [
        "| " + " | ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths))) + " |"
        for line in lines
    ]
    return "\n".join(
        [
            text[0],
            "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths[: len(lines[0])])) + "|",
            *text[1:],
        ]
    )


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
        if "compiled" in row and row["workload"] in COMPILED and ours["ms"] / row["compiled"]["ms"] < LEAST_COMPILED:
            broken.append(
                f"{row['workload']}: compiled {ours['ms'] / row['compiled']['ms']:.2f} x faster, limit {LEAST_COMPILED}"
            )
        if "compiled" in row["left_out"] and row["workload"] in COMPILED:
            broken.append(f"{row['workload']}: not compiled: {row['left_out']['compiled']}")
        for peer, least in LEAST_SPEEDUP.items():
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
