"""docs/conformance.md: what agrees with PyTorch, entry by entry. Written by ``--write``, read by the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .harness import ASPECTS, ENTRIES
from .sections import sections

TABLE = Path(__file__).parents[2] / "docs" / "conformance.md"

HEAD = """# Agreement with PyTorch, on PyTorch's own samples

Made by `python -m tests.conformance --jobs 2 --write`; `make conformance` fails where an entry is worse than it says here.
Modules have a table of their own: [conformance-modules.md](conformance-modules.md).
An *entry* is an operation or a variant of one (`div.floor_rounding`) in `torch.testing._internal`'s `op_db`.

- **values** float64 and float32, contiguous and not: shape, dtype, values
- **grad**, **gradgrad** first and second gradients in float64, with random cotangents
- **inplace** the variant that ends in `_`; **errors** what PyTorch refuses is refused; **others** complex128 (with gradients), int64, bool

`-` means that there is nothing to compare: PyTorch has no gradient, no in-place variant, no list of wrong arguments. Random
functions and uninitialised memory are compared in shape and dtype. An entry *conforms* if values, grad and gradgrad are not FAIL.

What does not conform, and stays so: `cholesky_solve` and `cholesky_inverse` read one triangle of a factor and have no gradient
in the other, where PyTorch has numbers; PyTorch's gradient of `as_strided_scatter` is that of what was written over; its second
gradients of a chunked `linear_cross_entropy` are zeros, and those of a norm at zero NaN; `chalf` needs complex32, which NumPy
does not have.

"""


def counts(reports: list[Any]) -> dict[str, int]:
    """The numbers of the summary."""
    inside = [r for r in reports if not r.reason]
    found = {
        "entries": len(reports),
        "operations": len({ENTRIES[r.name].name for r in reports}),
        "in scope": len(inside),
        "conform": sum(r.conforms for r in inside),
        "operations that conform": len({ENTRIES[r.name].name for r in inside if r.conforms}),
        "without any FAIL": sum(
            all(r.status(a) != "FAIL" for a in ASPECTS) and r.status("values") == "ok" for r in inside
        ),
    }
    for aspect in ASPECTS:
        found[f"{aspect} ok"] = sum(r.status(aspect) == "ok" for r in inside)
    return found


def summary(reports: list[Any]) -> str:
    """One line of numbers."""
    return "; ".join(f"{v} {k}" for k, v in counts(reports).items())


def write(reports: list[Any]) -> None:
    """Write the table."""
    lines = [
        HEAD,
        *(f"- {k}: {v}" for k, v in counts(reports).items()),
        "",
        "| entry | " + " | ".join(ASPECTS) + " | note |",
    ]
    lines.append("|---" * (len(ASPECTS) + 2) + "|")
    for r in reports:
        if r.reason:
            lines.append(f"| {r.name} |" + "  |" * len(ASPECTS) + f" out of scope: {r.reason} |")
            continue
        notes = [f"{a}: {r.failures[a]} of {r.checks[a]}, {r.messages[a]}" for a in ASPECTS if r.status(a) == "FAIL"]
        text = "; ".join(notes).replace("|", "\\|").replace("\n", " ")[:200]
        lines.append(f"| {r.name} | " + " | ".join(r.status(a) for a in ASPECTS) + f" | {text} |")
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text("\n".join(lines) + "\n" + sections())


def read() -> dict[str, dict[str, str]]:
    """The committed status of each entry: aspect -> ok, FAIL or -."""
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if len(cells) >= len(ASPECTS) + 1 and cells[0] in ENTRIES:
            found[cells[0]] = dict(zip(ASPECTS, cells[1:], strict=False))
    return found
