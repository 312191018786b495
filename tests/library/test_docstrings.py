"""The examples in docstrings say the truth, and everything public in the layers has one."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import autograd
import nn
import optim

MODULES = sorted(
    found.name
    for package in (autograd, nn, optim)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda name: None)
    if not found.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["autograd", "nn", "optim", *MODULES])
def test_examples(name, capsys):
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} needs what is not installed: {error}")
    if name == "autograd.install" and "torch" in sys.modules:  # it refuses to stand for a PyTorch that is there already
        alone = "import doctest, autograd.install as m; raise SystemExit(doctest.testmod(m).failed)"
        subprocess.run([sys.executable, "-c", alone], check=True)
        return
    result = doctest.testmod(module)
    assert not result.failed, capsys.readouterr().out
