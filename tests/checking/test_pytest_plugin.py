"""The pytest plugin, in a pytest of its own."""

import subprocess
import sys
import textwrap
from importlib.metadata import entry_points

import pytest

PROGRAM = """
import numpy as np
import pytest
import autograd
from autograd.lift import elementwise

wrong = elementwise(np.sin, name="wrong", input=lambda g, input: -g * np.cos(input))
once = elementwise(np.exp, name="once", input=lambda g, y: g * (y.detach() if hasattr(y, "detach") else y))


def leaf(rng):
    return autograd.from_numpy(rng.normal(size=3)).requires_grad_()


def test_fixture(gradcheck, rng, assert_close):
    x = leaf(rng)
    assert gradcheck(autograd.tanh, x) and gradcheck(autograd.tanh, x, order=2)
    assert_close(autograd.ones(2), autograd.ones(2))


def test_rng_is_the_same_each_time(rng):
    assert rng.integers(1000) == {number}


@pytest.mark.gradcheck(order=2)
def test_marked(rng):
    return autograd.tanh, (leaf(rng),)


@pytest.mark.gradcheck
def test_wrong(rng):
    return wrong, (leaf(rng),)


@pytest.mark.gradcheck(order=2)
def test_wrong_twice(rng):
    return once, (leaf(rng),)


def test_wrong_by_fixture(gradcheck, rng):
    gradcheck(wrong, leaf(rng))


@pytest.mark.gradcheck
def test_returns_nothing(rng):
    pass


def test_order(gradcheck, rng):
    with pytest.raises(ValueError, match="order is 1 or 2"):
        gradcheck(autograd.tanh, leaf(rng), order=3)
"""


INSTALLED = any(entry.value == "autograd.testing.pytest_plugin" for entry in entry_points(group="pytest11"))


def run(folder, *options):
    """pytest in that folder; the plugin is there by its entry point where the package is installed, else by name."""
    plugin = () if INSTALLED else ("-p", "autograd.testing.pytest_plugin")
    command = [
        sys.executable,
        "-m",
        "pytest",
        *plugin,
        "-p",
        "no:cacheprovider",
        "--strict-markers",
        *options,
        str(folder),
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    import zlib

    import numpy as np

    folder = tmp_path_factory.mktemp("plugin")
    number = int(np.random.default_rng(zlib.crc32(b"test_it.py::test_rng_is_the_same_each_time")).integers(1000))
    (folder / "test_it.py").write_text(textwrap.dedent(PROGRAM).replace("{number}", str(number)))
    return folder, run(folder, "--gradcheck-report=report.html")


def test_results(outcome):
    text = outcome[1].stdout
    assert "4 failed, 4 passed" in text, text
    for name in ("test_wrong", "test_wrong_twice", "test_wrong_by_fixture", "test_returns_nothing"):
        assert f"FAILED test_it.py::{name}" in text


def test_the_diagnosis_is_in_the_output(outcome):
    text = outcome[1].stdout
    assert text.count("gradient check") >= 3
    assert "cause: sign" in text and "cause: second-order" in text
    assert "returns (function, inputs), and test_returns_nothing returned NoneType" in text


def test_the_page(outcome):
    page = (outcome[0] / "report.html").read_text()
    assert page.count("<h2>") == 3 and "test_it.py::test_wrong_twice" in page and "second-order" in page


def test_a_page_without_failures(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_nothing(): pass\n")
    assert "1 passed" in run(tmp_path, "--gradcheck-report=report.html").stdout
    assert "All gradient checks passed" in (tmp_path / "report.html").read_text()


def test_the_plugin_imports_nothing_of_the_library():
    code = "import sys, autograd.testing.pytest_plugin; print('autograd.testing.checking' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
