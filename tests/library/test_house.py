"""The rules of the house that a reader relies on."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import autograd
import nn
from autograd.install import found, ours

ROOT = Path(__file__).parents[2]
MAY_USE = {"autograd": {"autograd"}, "nn": {"nn", "autograd"}, "optim": {"optim", "autograd"}}


def imported(path: Path) -> set[str]:
    """The first names of what a file imports from elsewhere."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_USE)
def test_imports_point_one_way(package):
    wrong = {
        str(path.relative_to(ROOT)): sorted(others)
        for path in (ROOT / package).rglob("*.py")
        if (others := imported(path) & MAY_USE.keys() - MAY_USE[package])
    }
    assert not wrong


def test_the_networks_are_one_package_under_every_address():
    assert importlib.import_module("autograd.vision.models.resnet") is nn.models.resnet
    assert autograd.vision.models is nn.models
    for name in ("torchvision.models", "torchvision.models.densenet"):
        assert importlib.import_module(found(ours(name))).densenet201 is nn.models.densenet201


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_the_tour_of_the_house_leaves_no_room_out(package):
    tour = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rooms = [path.name for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"]
    rooms += [path.parent.name + "/" for path in (ROOT / package).glob("*/__init__.py")]
    unnamed = [room for room in sorted(rooms) if room not in tour]
    assert not unnamed, "docs/design.md, The house, does not say what these are"


def test_no_function_takes_out_and_forgets_it():
    forgetful = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for folder in ("autograd/ops", "nn/functional")
        for path in (ROOT / folder).rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        and "out" in [a.arg for a in function.args.kwonlyargs]
        and not any(isinstance(node, ast.Name) and node.id == "out" for node in ast.walk(function))
    ]
    assert not forgetful
