"""The README's example prints what the README says."""

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_example_prints_what_the_readme_says():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code, printed = re.search(r"```python\n(.*?)```.*?```text\n(.*?)```", text, re.DOTALL).groups()
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert numbers(out.getvalue()) == numbers(printed)
    assert re.sub(r"[\d.]+", "", out.getvalue()) == re.sub(r"[\d.]+", "", printed)


def numbers(text: str) -> list[float]:
    """The numbers in a text, to three significant digits: BLAS builds differ in the last bits."""
    return [float(f"{float(n):.3g}") for n in re.findall(r"\d+(?:\.\d+)?", text)]


def test_every_file_it_names_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / name).exists(), name
