"""The examples in docstrings say the truth, and everything public in the layers has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import autograd
import autograd.install  # it explains missing names, and must not come in while a module's names are walked
import nn
import optim
from autograd.ops import FAMILIES, FUNCTIONS
from autograd.ops.words import WORDS

MODULES = sorted(
    found.name
    for package in (autograd, nn, optim)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda name: None)
    if not found.name.endswith("__main__")
)

ALONE = {
    "autograd.install": "it refuses to stand for a PyTorch that is there already",
    "autograd.overrides": "after it every public function asks who answers, and other tests count calls",
}


@pytest.mark.parametrize("name", ["autograd", "nn", "optim", *MODULES])
def test_examples(name, capsys):
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} needs what is not installed: {error}")
    if name in ALONE:
        alone = f"import doctest, {name} as m; raise SystemExit(doctest.testmod(m).failed)"
        subprocess.run([sys.executable, "-c", alone], check=True)
        return
    result = doctest.testmod(module)
    assert not result.failed, capsys.readouterr().out


BASES = {"RNNBase", "RNNCellBase"}
OLD_NAMES = {"Container", "NLLLoss2d"}
FOR_WRITERS = {"register_kl"}  # an example would register something
AUTOGRAD = ["autograd.distributions", "autograd.func", "autograd.functional", "autograd.signal.windows"]
PLACES = ["optim", "optim.lr_scheduler", "nn", "nn.functional", "nn.init", "nn.utils"]
PLACES += [f"nn.utils.{name}" for name in ("parametrizations", "parametrize", "prune", "rnn")]


@pytest.mark.parametrize("place", [*AUTOGRAD, *PLACES])
def test_everything_public_has_an_example(place):
    """Not so twins of what has one: ``relu_``, ``max_pool2d_with_indices``."""
    module = importlib.import_module(place)
    public = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    without = []
    for name in public:
        thing = getattr(module, name)
        written_here = inspect.isclass(thing) or inspect.isfunction(thing)
        twin = place == "nn.functional" and name.endswith(("_", "_with_indices"))
        ours = written_here and thing.__module__.startswith(("nn", "optim", "autograd.ops", *AUTOGRAD))
        if ours and not twin and name not in BASES | OLD_NAMES | FOR_WRITERS and ">>>" not in (thing.__doc__ or ""):
            without.append(name)
    assert not without


@pytest.mark.parametrize("place", ["autograd", "autograd.special", "autograd.linalg", "autograd.fft"])
def test_every_function_says_what_it_does(place):
    module = importlib.import_module(place)
    functions = FUNCTIONS if place == "autograd" else {name: getattr(module, name) for name in module.__all__}
    assert not [name for name, function in functions.items() if not (function.__doc__ or "").strip()]


@pytest.mark.parametrize("name", sorted(WORDS))
def test_examples_of_the_tables(name):
    function = getattr(autograd, name, None) or getattr(autograd.special, name)
    test = doctest.DocTestParser().get_doctest(function.__doc__, {}, name, None, 0)
    assert test.examples and not doctest.DocTestRunner().run(test).failed


def test_every_word_is_about_an_operation():
    tables = {name for family in FAMILIES for name, value in vars(family).items() if hasattr(value, "op")}
    assert not WORDS.keys() - tables, "a function has a docstring of its own: take its words out of ops/words.py"
