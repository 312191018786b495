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


def test_names_that_a_thousand_models_import():
    """Found by importing the models of two thousand repositories under ``install_as_torch``."""
    F = importlib.import_module("autograd.nn.functional")
    assert [F._Reduction.get_enum(r) for r in ("none", "mean", "sum")] == [0, 1, 2]
    assert (
        importlib.import_module("autograd.nn._reduction").legacy_get_string(None, False, emit_warning=False) == "none"
    )
    assert importlib.import_module("autograd.functional").F is F
    from autograd.distributed.elastic.multiprocessing.errors import record
    from autograd.nn.modules.conv import _single
    from autograd.nn.modules.transformer import _get_activation_fn, _get_clones
    from autograd.nn.parallel._functions import Broadcast, Gather, Scatter
    from autograd.quantization import DeQuantStub, QuantStub, QuantWrapper, quantize_dynamic
    from autograd.utils.data._utils.collate import np_str_obj_array_pattern

    from autograd._C import _error_if_any_worker_fails, _set_worker_signal_handlers, device
    from autograd._utils import _take_tensors
    from autograd.utils import collect_env, cpp_extension

    _set_worker_signal_handlers()
    _error_if_any_worker_fails()
    assert device is autograd.device and record(len) is len and _single(3) == (3,)
    assert np_str_obj_array_pattern.search("<U3")
    assert len(_get_clones(nn.ReLU(), 3)) == 3 and _get_activation_fn("gelu") is F.gelu
    x = autograd.arange(6.0).reshape(2, 3)
    halves = Scatter.apply(["cpu", "cpu"], None, 0, x)
    assert (Gather.apply("cpu", 0, *halves) == x).all()
    assert (QuantWrapper(nn.Identity())(x) == DeQuantStub()(QuantStub()(x))).all()
    groups = [[t.dtype for t in group] for group in _take_tensors([x, x.double(), x, x], 60)]
    assert groups == [[autograd.float32] * 2, [autograd.float64], [autograd.float32]] or sum(map(len, groups)) == 4
    assert "numpy: " in collect_env.get_pretty_env_info()
    for refuses in (
        lambda: cpp_extension.load("fast", ["fast.cpp"]), cpp_extension.BuildExtension, lambda: Broadcast.apply([0], x),
        lambda: importlib.import_module("autograd.cuda.comm").broadcast(x, [0]), lambda: importlib.import_module("autograd.cuda.nccl").all_reduce([x]),
        lambda: importlib.import_module("autograd.cuda.profiler").start(),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="GPU|NumPy"):
            refuses()
    with pytest.raises(NotImplementedError, match="floating point"):
        quantize_dynamic(nn.Linear(1, 1))


@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_old_ways_that_programs_still_have():
    from autograd.nn.modules.module import _addindent
    from autograd.nn.modules.rnn import apply_permutation
    from autograd.nn.parallel.data_parallel import get_a_var, scatter_kwargs

    from autograd.cuda._utils import _get_device_index
    from autograd.function import InplaceFunction
    from autograd.serialization import default_restore_location

    a, b, x = autograd.ones(2, 3), autograd.ones(3, 2), autograd.ones(2, 2)
    for made in (x.addmm(2, -1, a, b), autograd.addmm(2, x, -1, a, b), x.clone().addmm_(2, -1, a, b)):
        assert made.tolist() == [[-1.0, -1.0], [-1.0, -1.0]]
    assert autograd.addmm(2, x, a, b).tolist() == x.addmm(2, a, b).tolist() == [[5.0, 5.0], [5.0, 5.0]]
    for wrong in (lambda: x.addmm(1, 2, 3, a, b), lambda: autograd.addmm(x, a, b, 3)):
        with pytest.raises(TypeError, match="beta="):
            wrong()
    assert not x.volatile and _addindent("a\nb", 2) == "a\n  b" and default_restore_location(3, "cuda:0") == 3
    assert issubclass(InplaceFunction, autograd.autograd.Function) and apply_permutation(
        a, autograd.tensor([2, 0])
    ).shape == (2, 2)
    assert get_a_var({"x": [None, (b,)]}) is b and get_a_var([1]) is None
    rows, named = scatter_kwargs((a,), {"scale": 2}, ["cpu", "cpu"])
    assert [row[0].shape for row in rows] == [(1, 3)] * 2 and named == ({"scale": 2},) * 2
    assert _get_device_index("cpu", allow_cpu=True) == -1
    with pytest.raises(ValueError, match="specified index"):
        _get_device_index("cpu")


def test_a_convolution_of_ones_own():
    """Derived from ``_ConvNd`` with PyTorch's arguments by position."""
    from autograd.nn.modules.conv import _ConvNd
    from autograd.nn.modules.utils import _pair

    class Conv(_ConvNd):
        def __init__(self, n, m, size, padding=0, padding_mode="zeros"):
            super().__init__(
                n, m, _pair(size), _pair(1), _pair(padding), _pair(1), False, _pair(0), 1, True, padding_mode
            )

        def forward(self, x):
            x = nn.functional.pad(x, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            return nn.functional.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    autograd.manual_seed(0)
    mine = Conv(2, 3, 3, 1, "reflect")
    autograd.manual_seed(0)
    usual = nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect")
    x = autograd.randn(1, 2, 5, 5)
    assert autograd.allclose(mine(x), usual(x)) and repr(mine) == repr(usual).replace("Conv2d", "Conv")
    assert not usual.transposed and nn.ConvTranspose2d(1, 1, 2).transposed
