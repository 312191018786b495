"""Import lines of PyTorch programs, with the names changed by the one rule: each address gives the module that there is."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys
import types

import pytest

import autograd
import nn
import optim
from autograd.addresses import FINER

LINES = """
import autograd.nn as nn
import autograd.nn.functional as F
from autograd.nn.parameter import Parameter
from autograd.nn.modules.batchnorm import _BatchNorm
from autograd.nn.utils.rnn import pack_padded_sequence
import autograd.optim as optim
from autograd.optim.lr_scheduler import StepLR
import autograd.autograd as ag
from autograd.autograd import Variable
from autograd.autograd.function import Function
import autograd.backends.cudnn as cudnn
from autograd.distributions.categorical import Categorical
from autograd.distributions.normal import Normal
from autograd.utils.data._utils.collate import default_collate
from autograd.cuda.amp.grad_scaler import GradScaler
import nn as plain, optim as steps, autograd
assert nn is plain and F is plain.functional and Parameter is plain.Parameter and optim is steps
assert _BatchNorm is plain.modules.batchnorm._BatchNorm and StepLR is steps.lr_scheduler.StepLR
assert ag is autograd and Function is autograd.Function and cudnn is autograd.backends.cudnn
assert plain.__name__ == plain.__spec__.name == "nn"
"""


def test_lines_in_a_new_process() -> None:
    subprocess.run([sys.executable, "-c", LINES], check=True)


@pytest.mark.parametrize("package", FINER)
def test_the_package_stands_for_each_of_its_parts(package: str) -> None:
    for name in FINER[package].split():
        assert importlib.import_module(f"{package}.{name}") is not None


def test_other_names_are_missing_as_ever() -> None:
    for name in ("autograd.linear", "autograd.nn.linaer", "autograd.distributions.norml"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
    assert importlib.import_module("autograd.nn.init") is nn.init
    assert importlib.import_module("autograd.optim") is optim and autograd.nn is nn


def test_functions_are_not_hidden_by_modules_of_their_name() -> None:
    hidden = ("vision.models.alexnet", "nn.parallel.data_parallel", "nn.parallel.replicate", "vision.ops.roi_pool")
    for name in hidden:
        module, _, function = f"autograd.{name}".rpartition(".")
        assert importlib.import_module(f"autograd.{name}") is not None
        assert inspect.isfunction(getattr(importlib.import_module(module), function)), name
    for package, names in FINER.items():
        for name in names.split():
            known = getattr(importlib.import_module(package), name, None)
            assert not inspect.isfunction(known) or f"{package}.{name}" in sys.modules, (package, name)


def test_pickle_finds_every_function_again():
    """A model may hold torch.tanh, and a process pool be given torch.relu."""
    packages = {
        "autograd": autograd,
        "functional": nn.functional,
        "special": autograd.special,
        "linalg": autograd.linalg,
    }
    lost = []
    for package, module in packages.items():
        for name, value in vars(module).items():
            if not name.startswith("_") and isinstance(value, types.FunctionType):
                try:
                    same = pickle.loads(pickle.dumps(value)) is value
                except pickle.PicklingError:
                    same = False
                if not same:
                    lost.append(f"{package}.{name}")
    assert not lost
