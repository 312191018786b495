"""Notebooks from their sources: ``python notebooks/build.py [names]`` writes and runs ``notebooks/*.ipynb``.

A source is a Python file whose cells begin with ``# %%`` or ``# %% [markdown]``. The notebooks are committed with their
outputs; the tests run them again and compare their cells with the sources.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def notebook_of(source: Path) -> Any:
    """The notebook that a source describes, without outputs."""
    cells = []
    for i, part in enumerate(re.split(r"^# %%", source.read_text(encoding="utf-8"), flags=re.M)[1:]):
        head, _, body = part.partition("\n")
        if "[markdown]" in head:
            cell = nbformat.v4.new_markdown_cell(re.sub(r"^# ?", "", body.strip("\n"), flags=re.M))
        else:
            cell = nbformat.v4.new_code_cell(body.strip("\n"))
        cell["id"] = f"cell-{i}"
        cells.append(cell)
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def run(notebook: Any, timeout: int = 300) -> Any:
    """Execute a notebook in the root of the repository; raises CellExecutionError with the cell's traceback."""
    from nbclient import NotebookClient

    return NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(ROOT)}}).execute()


def main() -> None:
    wanted = sys.argv[1:]
    for source in sorted((HERE / "source").glob("*.py")):
        if wanted and not any(name in source.name for name in wanted):
            continue
        start = time.perf_counter()
        notebook = run(notebook_of(source))
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # clock times: they differ with each run
        nbformat.write(notebook, HERE / f"{source.stem}.ipynb")
        print(f"{source.stem}: {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
