"""docs/conformance.md: what agrees with PyTorch, entry by entry. Written by ``--write``, read by the test."""

from __future__ import annotations

import re
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
    """Write the document."""
    rows = {r.name: [r.status(a) for a in ASPECTS] for r in reports if not r.reason}
    fails = {
        r.name: [f"{a}: {r.failures[a]} of {r.checks[a]}, {r.messages[a]}" for a in ASPECTS if r.status(a) == "FAIL"]
        for r in reports
        if not r.reason
    }
    outside: dict[str, list[str]] = {}
    for r in reports:
        if r.reason:
            outside.setdefault(r.reason, []).append(r.name)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(document(counts(reports), rows, {k: v for k, v in fails.items() if v}, outside) + sections())


def document(
    numbers: dict[str, int], rows: dict[str, list[str]], fails: dict[str, list[str]], outside: dict[str, list[str]]
) -> str:
    """The text: numbers, what fails and how, what is not compared, and the table in the order of the alphabet."""
    n = numbers
    said = (
        f"**{n['conform']} of {n['in scope']} entries conform** ({n['operations that conform']} operations), "
        f"{n['without any FAIL']} of them without any FAIL.\n"
        f"PyTorch has {n['entries']} entries of {n['operations']} operations; what is out of scope is listed below."
    )
    lines = [HEAD + said, "", "| | " + " | ".join(ASPECTS) + " |", "|---" * (len(ASPECTS) + 1) + "|"]
    lines.append("| ok | " + " | ".join(str(n[f"{a} ok"]) for a in ASPECTS) + " |")
    lines += ["", "### What fails, and how", ""]
    for name in sorted(fails, key=str.lower):
        lines += [f"- `{name}`", *(f"  - {_short(text)}" for text in fails[name])]
    lines += ["", "### Out of scope", ""]
    lines += [f"- {reason}: {', '.join(f'`{name}`' for name in sorted(outside[reason]))}" for reason in sorted(outside)]
    lines += ["", "### Every entry", "", "| entry | " + " | ".join(ASPECTS) + " |", "|---" * (len(ASPECTS) + 1) + "|"]
    lines += [f"| `{name}` | " + " | ".join(rows[name]) + " |" for name in sorted(rows, key=str.lower)]
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    """A message in one line, with numbers as one writes them."""
    text = re.sub(r"np\.[a-z]+\d*\(([^()]*)\)", lambda number: _rounded(number[1]), text.replace("\n", " "))
    return text if len(text) <= 200 else text[:200].rpartition(" ")[0] + " ..."


def _rounded(number: str) -> str:
    try:
        return f"{float(number):.6g}"
    except ValueError:
        return number


def read() -> dict[str, dict[str, str]]:
    """The committed status of each entry: aspect -> ok, FAIL or -."""
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        name = cells[0].strip("`") if len(cells) > len(ASPECTS) else ""
        if name in ENTRIES:
            found[name] = dict(zip(ASPECTS, cells[1:], strict=False))
    return found
