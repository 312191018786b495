"""docs/checking.md: every program in it runs, every output is what it prints, every picture what it draws.

``PULLBACK_WRITE_DOCS=1 pytest tests/checking/test_guide.py`` writes the outputs and the pictures anew.
"""

import contextlib
import io
import os
import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "checking.md"
PICTURE = GUIDE.parent / "pictures" / "jacobians-transposed.svg"
WRITE = os.environ.get("PULLBACK_WRITE_DOCS") == "1"
BLOCK = re.compile(r"```(python|output)\n(.*?)```", re.S)


def test_the_guide_tells_the_truth():
    text, names, printed = GUIDE.read_text(), {}, ""

    def run(match):
        nonlocal printed
        kind, body = match.groups()
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(body, "checking.md", "exec"), names)
            printed = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
            return match.group(0)
        return f"```output\n{printed}\n```"

    fresh = BLOCK.sub(run, text)
    if WRITE:
        GUIDE.write_text(fresh)
    assert fresh == GUIDE.read_text(), "run with PULLBACK_WRITE_DOCS=1 and look at the difference"


def test_the_picture():
    import numpy as np

    import autograd as torch
    from autograd.lift import lift
    from autograd.testing import diagnose

    rng = np.random.default_rng(0)
    a, b = (torch.from_numpy(rng.normal(size=s)).requires_grad_() for s in ((2, 3), (3, 3)))
    product = lift(lambda a, b: a @ b, kind="bilinear", name="product", a=lambda g, b: g @ b, b=lambda g, a: a.mT @ g)
    report = diagnose(product, (a, b))
    assert report.svg in report.html and report.svg.count("<rect") > 3
    if WRITE:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(report.svg.replace("currentColor", "#777") + "\n")
    assert PICTURE.read_text() == report.svg.replace("currentColor", "#777") + "\n"
