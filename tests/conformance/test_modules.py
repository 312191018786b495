"""No module may be worse than docs/conformance-modules.md says. ``make conformance`` runs this; plain ``make test`` does not."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's own test helpers need it")

from .modules import ASPECTS, ENTRIES, Run, read

pytestmark = pytest.mark.conformance
COMMITTED = read()


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_is_not_worse_than_the_table(name):
    report = Run(name).all()
    worse = [a for a in ASPECTS if COMMITTED[name][a] != "FAIL" and report.status(a) == "FAIL"]
    assert not worse, "\n".join(f"{a}: {report.messages[a]}\n{report.tracebacks.get(a, '')}" for a in worse)
    gone = [a for a in ASPECTS if COMMITTED[name][a] == "ok" and report.status(a) == "-"]
    assert not gone, f"nothing was compared for {gone}, where there was something before"
