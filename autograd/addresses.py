"""Modules at the addresses that PyTorch gives them, where we divide a package otherwise.

``from torch.distributions.normal import Normal`` becomes ``from autograd.distributions.normal import Normal`` when a program's
import lines are changed: there is no such file, the package stands for it. ``autograd.nn`` is ``nn`` and ``autograd.autograd``
is ``autograd``, with all that is in them. A finder is asked first: the files of ``nn`` would be read again as ``autograd.nn``.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any

FINER: dict[str, str] = {
    "nn": "activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm lazy "
    "linear loss module normalization padding pixelshuffle pooling rnn sparse transformer upsampling utils",
    "nn.utils": "clip_grad convert_parameters fusion init parametrizations parametrize prune rnn "
    "spectral_norm stateless weight_norm",
    "nn.parallel": "_functions distributed parallel_apply scatter_gather",
    "optim": "adadelta adafactor adagrad adam adamax adamw asgd lbfgs nadam optimizer radam rmsprop rprop sgd "
    "sparse_adam",
    "autograd.distributions": "bernoulli beta binomial categorical cauchy chi2 constraint_registry constraints "
    "continuous_bernoulli dirichlet distribution exp_family exponential fishersnedecor gamma generalized_pareto "
    "geometric gumbel "
    "half_cauchy half_normal independent inverse_gamma kl kumaraswamy laplace lkj_cholesky log_normal logistic_normal "
    "lowrank_multivariate_normal mixture_same_family multinomial multivariate_normal negative_binomial normal "
    "one_hot_categorical pareto poisson relaxed_bernoulli relaxed_categorical studentT transformed_distribution "
    "transforms uniform utils von_mises weibull wishart",
    "autograd": "grad_mode",
    "autograd.cuda": "memory nvtx random",
    "autograd.distributed.elastic": "errors multiprocessing",
    "autograd.cuda.amp": "autocast_mode common grad_scaler",
    "autograd.utils.data": "_utils dataloader dataset distributed sampler",
    "autograd.utils.tensorboard": "summary writer",
    "autograd.vision.datasets": "cifar fakedata folder mnist stl10 svhn utils vision",
    "autograd.vision.ops": "boxes misc",
    "autograd.vision.transforms": "functional transforms",
}
"""Modules into which PyTorch divides a package that is divided otherwise here: the package stands for each of them.

Not those that have a function's name, which the import would hide: ``nn.parallel`` puts them in place by hand.
"""


WHOLE = {
    "autograd.autograd": "autograd", "autograd.nn": "nn", "autograd.optim": "optim",
    "autograd.distributed.optim": "optim.zero_redundancy", "autograd._jit_internal": "autograd.jit", "autograd.quantization": "nn.quantization",
}  # fmt: skip


def address(name: str, path: Any = None) -> str | None:
    """The module that stands for this one, which has no file; None if there is none.

    >>> address("autograd.distributions.normal"), address("autograd.nn"), address("autograd.linear")
    ('autograd.distributions', 'nn', None)
    """
    package, _, last = name.rpartition(".")
    real = getattr(sys.modules.get(package), "__name__", package)
    if real != package:  # what is in a package that stands for another: autograd.nn.init
        return f"{real}.{last}"
    if last in FINER.get(package, "").split() and importlib.machinery.PathFinder.find_spec(name, path) is None:
        return package
    return WHOLE.get(name)


class Loader(importlib.abc.Loader):
    """Gives a module of ours under another name; it keeps its own name and spec."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.spec: Any = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.target)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        given, module.__spec__ = module.__spec__, self.spec
        for name, part in list(sys.modules.items()):  # those put in place by hand have this address too
            package, _, last = name.rpartition(".")
            if package == self.target and given is not None and not isinstance(getattr(module, last, part), ModuleType):
                sys.modules[f"{given.name}.{last}"] = part


class _Addresses(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> Any:
        there = address(fullname, path) if fullname.partition(".")[0] in ("autograd", "nn", "optim") else None
        return there and importlib.machinery.ModuleSpec(fullname, Loader(there), is_package=True)


sys.meta_path.insert(0, _Addresses())
