"""Every wrong gradient is found, nearly every one is named; ``pytest -s`` shows the table."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from autograd.testing import GradcheckError, gradcheck, gradgradcheck
from autograd.testing.report import CAUSES

from . import (  # noqa: F401 - they add their mutants
    mutants_arrays,
    mutants_details,
    mutants_functions,
    mutants_layers,
    mutants_memory,
    mutants_networks,
    mutants_programs,
    mutants_strangers,
)
from .mutants import MUTANTS


def examine(mutant):
    """The error that the mutant is found by; None if it is not."""
    try:
        gradcheck(mutant.function, mutant.inputs)
        if mutant.order == 2:
            gradgradcheck(mutant.function, mutant.inputs)
    except GradcheckError as error:
        return error
    return None


@pytest.fixture(scope="module")
def results():
    return [(mutant, examine(mutant)) for mutant in MUTANTS]


def table(results):
    """Found and named, by family and by cause."""
    lines = []
    for title, of in (("family", lambda m: m.family), ("cause", lambda m: m.causes[0])):
        seeded, found, named = Counter(), Counter(), Counter()
        for mutant, error in results:
            seeded[of(mutant)] += 1
            found[of(mutant)] += error is not None
            named[of(mutant)] += error is not None and error.cause in mutant.causes
        lines.append(f"{title:20} {'seeded':>8} {'found':>8} {'named':>8}")
        lines += [f"{key:20} {n:8} {found[key]:8} {named[key]:8}" for key, n in seeded.items()]
        lines.append(f"{'all':20} {seeded.total():8} {found.total():8} {named.total():8}\n")
    return "\n".join(lines)


def test_all_are_found_and_named(results):
    print("\n" + table(results))
    missed = [f"{m.family}: {m.name}" for m, error in results if error is None]
    misnamed = [
        f"{m.family}: {m.name}: {error.cause}, not {m.causes}"
        for m, error in results
        if error and error.cause not in m.causes
    ]
    assert not missed, missed
    assert len(misnamed) <= 0.02 * len(results), misnamed


def test_the_table_in_the_guide(results):
    """PULLBACK_WRITE_DOCS=1 writes it anew."""
    guide = Path(__file__).parents[2] / "docs" / "checking.md"
    fresh = re.sub(
        r"```mutations\n.*?```", f"```mutations\n{table(results).strip()}\n```", guide.read_text(), flags=re.S
    )
    if os.environ.get("PULLBACK_WRITE_DOCS") == "1":
        guide.write_text(fresh)
    assert fresh == guide.read_text()


def test_the_suite_covers_every_cause_and_family(results):
    assert len(results) >= 60
    assert {cause for mutant in MUTANTS for cause in mutant.causes} == set(CAUSES) - {"unknown"}
    assert {mutant.family for mutant in MUTANTS} >= {
        "elementwise",
        "reduction",
        "broadcasting",
        "indexing",
        "matmul",
        "conv",
        "norm",
        "loss",
        "rnn",
    }


def test_every_error_says_where_and_what(results):
    for mutant, error in results:
        assert error.cause in CAUSES and error.order == mutant.order
        assert error.sentence and error.report.text and error.report.html.startswith("<div")
        assert error.input is None or 0 <= error.input < mutant.order * len(mutant.inputs) + 1  # and the cotangent
        if error.cause in ("sign", "factor", "missing-term", "transposed", "partial"):
            assert error.report.worst and error.input is not None and error.output == 0
        if error.cause == "factor":
            assert error.factor is not None
        if error.cause == "partial":
            assert error.pattern
        if error.cause == "missing-reduction" and "shape that does not fit" not in mutant.name:
            assert error.axis is not None


def _error(name, family=None):
    (mutant,) = [m for m in MUTANTS if m.name == name and family in (None, m.family)]
    return examine(mutant)


@pytest.mark.parametrize(
    "name, attribute, value",
    [
        ("square without 2", "factor", 0.5),
        ("cube with 2", "factor", pytest.approx(2 / 3)),
        ("mean of all", "factor", 12.0),
        ("complex: i", "factor", pytest.approx(-1j)),
        ("bias: first row", "axis", 0),
        ("column: first column", "axis", 1),
        ("square: wrong axis", "axis", 0),
        ("softmax: sum forgotten", "axis", 1),
        ("abs for negatives", "pattern", "negative elements"),
        ("first element", "pattern", "first"),
        ("last element", "pattern", "last"),
        ("max: all ties", "pattern", "ties"),
        ("pad: border lost", "pattern", "border"),
        ("diagonal doubled", "pattern", "diagonal"),
        ("take: assignment in place of add.at", "pattern", "repeated"),
    ],
)
def test_details(name, attribute, value):
    assert getattr(_error(name), attribute) == value


def test_the_sentences_name_what_is_wrong(results):
    told = {mutant.name: error.sentence for mutant, error in results if mutant.family == "details"}
    said = {name: told[name] for name, part in mutants_details.SENTENCES.items() if part not in told[name]}
    assert not said, said


def test_a_missing_chain_factor_is_named():
    assert "true = claimed * 2 * input" in _error("chain factor of sin(x^2)").sentence
