"""The notebooks run, are what their sources say, and have what every notebook must have."""

import importlib.util
import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytest.importorskip(
    "nbformat", reason="notebooks need nbformat, nbclient and ipykernel: pip install 'pullback[notebooks]'"
)
spec = importlib.util.spec_from_file_location("build_notebooks", ROOT / "notebooks" / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


def test_all_nine_are_there():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02}" for n in range(1, 10)]
    assert {path.stem for path in NOTEBOOKS} == {path.stem for path in (ROOT / "notebooks" / "source").glob("*.py")}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_what_its_source_says(path):
    made = build.notebook_of(ROOT / "notebooks" / "source" / f"{path.stem}.py")
    kept = json.loads(path.read_text())
    assert [("".join(c["source"]), c["cell_type"]) for c in kept["cells"]] == [
        (c.source, c.cell_type) for c in made.cells
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_teaches(path):
    cells = json.loads(path.read_text())["cells"]
    first, last = "".join(cells[0]["source"]), "".join(cells[-1]["source"])
    assert first.startswith("# ") and "**You will learn**" in first
    assert last.startswith("## Exercises") and last.count("<details><summary>solution</summary>") >= 3
    code = [c for c in cells if c["cell_type"] == "code"]
    assert all(c["execution_count"] for c in code) and any(c["outputs"] for c in code)
    assert not any(o["output_type"] == "error" for c in code for o in c["outputs"])
    assert not re.search(r"/(home|root|work|tmp|Users)/", path.read_text()), "a machine's path is in the outputs"


@pytest.mark.notebooks
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path):
    pytest.importorskip("nbclient", reason="pip install 'pullback[notebooks]'")
    build.run(build.nbformat.read(path, as_version=4), timeout=120)
