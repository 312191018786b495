"""Compare with PyTorch from the command line.

python -m tests.conformance add softmax 'linalg.*'    these operations, with tracebacks
python -m tests.conformance --used FILE               the operations listed in a file
python -m tests.conformance --write                   everything, into docs/conformance.md
"""

from __future__ import annotations

import argparse
import fnmatch
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

from .harness import ASPECTS, ENTRIES, Report, Run
from .table import TABLE, summary, write


def chosen(patterns: list[str]) -> list[str]:
    """The names of entries that match any of the patterns; ``x`` stands for ``x.*`` as well."""
    names = [n for n in ENTRIES if any(fnmatch.fnmatchcase(n, p) or n.startswith(p + ".") for p in patterns)]
    for p in patterns:
        if not any(fnmatch.fnmatchcase(n, p) or n.startswith(p + ".") for n in ENTRIES):
            sys.exit(f"PyTorch's list has no {p!r}")
    return names


def run(name_and_all: tuple[str, bool]) -> Report:
    """One entry, in a worker."""
    name, everything = name_and_all
    try:
        return Run(name, everything).all()
    except Exception as error:  # PyTorch's own samples failed
        report = Report(name)
        report.checks["values"] = report.failures["values"] = 1
        report.messages["values"] = f"the samples could not be made: {type(error).__name__}: {str(error)[:120]}"
        return report


def main() -> None:
    """Parse the command line, run, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="entries of op_db, or patterns")
    parser.add_argument("--used", type=Path, help="a file with one name a line")
    parser.add_argument("--all", action="store_true", help="every sample, not a spread of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--brief", action="store_true", help="no tracebacks")
    parser.add_argument("--failing", action="store_true", help="list only what fails")
    parser.add_argument("--write", action="store_true", help="run everything and write docs/conformance.md")
    options = parser.parse_args()
    names = chosen(options.names) if options.names else list(ENTRIES)
    if options.used:
        names = [n for n in options.used.read_text().split() if n in ENTRIES]
    brief = options.brief or (len(names) > 40)
    start = time.perf_counter()
    reports: list[Report] = []
    work = [(name, options.all) for name in names]
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        for report in map(run, work) if options.jobs == 1 else pool.imap(run, work):
            reports.append(report)
            show(report, brief, options.failing)
    print(summary(reports))
    print(f"{time.perf_counter() - start:.0f} s")
    if options.write:
        if options.names or options.used:
            sys.exit("--write needs a run of everything")
        write(reports)
        print(f"wrote {TABLE}")


def show(report: Any, brief: bool, failing: bool) -> None:
    """Print what was found for one entry."""
    failed = [a for a in ASPECTS if report.status(a) == "FAIL"]
    if failing and not failed:
        return
    if report.reason:
        print(f"{report.name}: out of scope ({report.reason})")
        return
    print(
        f"{report.name}: " + ", ".join(f"{a} {report.status(a)}" for a in ASPECTS if report.status(a) != "-"),
        flush=True,
    )
    for aspect in failed:
        print(f"    {aspect}: {report.failures[aspect]} of {report.checks[aspect]} fail; {report.messages[aspect]}")
        if not brief and aspect in report.tracebacks:
            print("        " + report.tracebacks[aspect].replace("\n", "\n        "))


if __name__ == "__main__":
    main()
