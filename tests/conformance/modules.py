"""Runs one entry of PyTorch's ``module_db`` here and there, and says where the two differ.

An entry is a module class; PyTorch's list gives for each many *configurations*: constructor arguments and an input. For every
one of them, in training and in evaluation, float64: the module is made here with the same arguments, gets PyTorch's weights
by ``load_state_dict``, and must give the same

    output   structure, shapes, dtypes, values
    grads    gradients of all parameters and inputs, for a random cotangent
    state    the state_dict afterwards: keys in order, shapes, values (running statistics move alike)
    repr     the text of ``repr(module)``

Random layers are given the same seed: our random streams are PyTorch's.

    python -m tests.conformance.modules Linear 'Conv*'     these modules, with what differs
    python -m tests.conformance.modules --write            everything, into docs/conformance-modules.md
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import random
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch as pt
from torch.testing._internal.common_modules import module_db

import autograd
import nn

from .harness import Different, compare, tensors_in
from .translate import Missing, ours

ASPECTS = ("output", "grads", "state", "repr")
TABLE = Path(__file__).parents[2] / "docs" / "conformance-modules.md"
ENTRIES: dict[str, Any] = {info.name.removeprefix("nn."): info for info in module_db}


@dataclasses.dataclass
class Report:
    """What was found for one module: per aspect the number of checks and of failures, and the first failure."""

    name: str
    configurations: int = 0
    checks: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(ASPECTS, 0))
    failures: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(ASPECTS, 0))
    messages: dict[str, str] = dataclasses.field(default_factory=dict)
    tracebacks: dict[str, str] = dataclasses.field(default_factory=dict)
    failed_configurations: set[str] = dataclasses.field(default_factory=set)

    def status(self, aspect: str) -> str:
        """ "ok", "FAIL", or "-" where nothing applies."""
        return "FAIL" if self.failures[aspect] else "ok" if self.checks[aspect] else "-"

    @property
    def conforms(self) -> bool:
        """Nothing differs, and something was compared."""
        return self.checks["output"] > 0 and not any(self.failures.values())


def inputs(info: Any, training: bool) -> list[Any]:
    """PyTorch's configurations, the same ones each time."""
    pt.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    return list(info.module_inputs_func(info, device="cpu", dtype=pt.float64, requires_grad=True, training=training))


def translated(value: Any) -> Any:
    """A constructor or forward argument for this library."""
    if isinstance(value, pt.nn.Module):
        return copied(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(translated(v) for v in value) if not isinstance(value, pt.Size) else autograd.Size(value)
    if isinstance(value, dict):
        return {k: translated(v) for k, v in value.items()}
    if isinstance(value, type) and issubclass(value, pt.nn.Module):
        return getattr(nn, value.__name__)
    if callable(value) and hasattr(nn.functional, getattr(value, "__name__", "")):
        return getattr(nn.functional, value.__name__)
    return ours(value)


def fresh(value: Any) -> Any:
    """Arguments with tensors of their own, all of them leaves."""
    if isinstance(value, pt.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)([fresh(v) for v in value])
    return {k: fresh(v) for k, v in value.items()} if isinstance(value, dict) else value


def copied(module: Any) -> Any:
    """Our module with the state of one of theirs that was made without us watching (a layer given to a container)."""
    name = type(module).__name__
    if name == "TransformerEncoderLayer" or name == "TransformerDecoderLayer":
        attention = module.self_attn
        made = getattr(nn, name)(
            attention.embed_dim, attention.num_heads, module.linear1.out_features, module.dropout.p,
            translated(module.activation), norm_first=module.norm_first, batch_first=attention.batch_first, bias=module.linear1.bias is not None,
        ).double()  # fmt: skip
    elif name == "LayerNorm":
        made = nn.LayerNorm(tuple(module.normalized_shape), module.eps).double()
    else:
        raise Missing(f"a {name} as an argument")
    made.load_state_dict({k: ours(v.detach()) for k, v in module.state_dict().items()})
    return made.train(module.training)


class Run:
    """Everything that is checked about one module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.info = ENTRIES[name]
        self.report = Report(name)

    def check(self, aspect: str, label: str, what: Callable[[], Any]) -> Any:
        """Run one check, note how it went, hand on what it returns."""
        self.report.checks[aspect] += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return what()
        except Exception as error:
            self.report.failures[aspect] += 1
            self.report.failed_configurations.add(label)
            if aspect not in self.report.messages:
                text = str(error).split("\n")[0][:160]
                shown = text if isinstance(error, Different) else f"{type(error).__name__}: {text}"
                self.report.messages[aspect] = f"{label}: {shown}"
                self.report.tracebacks[aspect] = traceback.format_exc(limit=-6)
            return None

    def all(self) -> Report:
        """All configurations, in training and in evaluation."""
        cls = getattr(nn, self.name, None)
        for training in (True, False):
            found = inputs(self.info, training)
            self.report.configurations = max(self.report.configurations, len(found))
            for i, given in enumerate(found):
                label = f"{i} {given.desc}".strip() + (" train" if training else " eval")
                if cls is None:
                    self.check("output", label, self._missing)
                else:
                    self._one(cls, given, training, label)
        return self.report

    def _missing(self) -> None:
        raise Missing(f"there is no nn.{self.name} here")

    def _one(self, cls: Any, given: Any, training: bool, label: str) -> None:
        made, call = given.constructor_input, given.forward_input
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = self.info.module_cls(*made.args, **made.kwargs).to(pt.float64).train(training)
        args, kwargs = fresh(call.args), fresh(call.kwargs)

        def build() -> Any:
            mine = cls(*translated(made.args), **translated(made.kwargs)).to(autograd.float64).train(training)
            if repr(mine) != repr(theirs):
                self.check("repr", label, lambda: _differ("repr", repr(mine), repr(theirs)))
            else:
                self.report.checks["repr"] += 1
            if not self.info.is_lazy:
                mine.load_state_dict({k: ours(v.detach()) for k, v in theirs.state_dict().items()})
            return mine

        mine = self.check("output", label, build)
        if mine is None:
            return
        my_args, my_kwargs = translated(args), translated(kwargs)
        if self.info.is_lazy:
            pt.manual_seed(3)
            autograd.manual_seed(3)
        outputs = self.check("output", label, lambda: self._outputs(mine, theirs, (args, kwargs), (my_args, my_kwargs)))
        if outputs is None:
            return
        self.check("grads", label, lambda: _gradients(mine, theirs, outputs, (args, kwargs), (my_args, my_kwargs)))
        self.check("state", label, lambda: _states(mine, theirs))

    def _outputs(self, mine: Any, theirs: Any, given: Any, my_given: Any) -> Any:
        pt.manual_seed(5)
        expected = theirs(*given[0], **given[1])
        autograd.manual_seed(5)
        got = mine(*my_given[0], **my_given[1])
        compare(got, expected)
        return got, expected


def _differ(what: str, mine: str, theirs: str) -> None:
    raise Different(f"{what}: {mine!r} instead of {theirs!r}")


def _gradients(mine: Any, theirs: Any, outputs: Any, given: Any, my_given: Any) -> None:
    got, expected = outputs
    theirs_out = [t for t in tensors_in(expected) if t.requires_grad]
    mine_out = [a for a, b in zip(tensors_in(got), tensors_in(expected), strict=True) if b.requires_grad]
    if not theirs_out:
        return
    rng = np.random.default_rng(0)
    cotangents = [np.asarray(rng.normal(size=tuple(t.shape))) for t in theirs_out]
    pt.autograd.backward(theirs_out, [pt.tensor(c, dtype=t.dtype) for c, t in zip(cotangents, theirs_out, strict=True)])
    autograd.backward(mine_out, [autograd.tensor(c, dtype=t.dtype) for c, t in zip(cotangents, mine_out, strict=True)])
    pairs = [(f"input {i}", a, b) for i, (a, b) in enumerate(zip(tensors_in(my_given), tensors_in(given), strict=True))]
    names = dict(mine.named_parameters())
    pairs += [(name, names[name], p) for name, p in theirs.named_parameters()]
    for name, a, b in pairs:
        if b.grad is None or not b.is_leaf:
            continue
        if a.grad is None:
            raise Different(f"gradient of {name}: none")
        compare(a.grad, b.grad.to_dense() if b.grad.is_sparse else b.grad, f"gradient of {name}")


def _states(mine: Any, theirs: Any) -> None:
    a, b = mine.state_dict(), theirs.state_dict()
    if list(a) != list(b):
        raise Different(f"state_dict has the keys {list(a)} instead of {list(b)}")
    for key in b:
        compare(a[key], b[key], f"state_dict[{key!r}]")


# --- the table -----------------------------------------------------------------------------------------------------

HEAD = """# Agreement with PyTorch's modules, on PyTorch's own configurations

Made by `python -m tests.conformance.modules --write`; `make conformance` fails where a module is worse than it says here. The
operations are in [conformance.md](conformance.md). An entry is a class in `torch.testing._internal`'s `module_db`; each of its
configurations (constructor arguments and an input) runs in training and in evaluation, in float64, with PyTorch's weights loaded
by `load_state_dict`.

- **output** structure, shape, dtype, values; **grads** of all parameters and inputs, for a random cotangent
- **state** the `state_dict` afterwards: keys, order, values; **repr** the text of the module

"""


def write(reports: list[Report]) -> None:
    """Write the table."""
    lines = [
        HEAD,
        summary(reports),
        "",
        "| module | configurations | " + " | ".join(ASPECTS) + " | note |",
        "|---" * 7 + "|",
    ]
    for r in reports:
        notes = "; ".join(
            f"{a}: {r.failures[a]} of {r.checks[a]}, {r.messages.get(a, '')}" for a in ASPECTS if r.failures[a]
        )
        text = notes.replace("|", "\\|").replace("\n", " ")[:240]
        lines.append(f"| {r.name} | {r.configurations} | " + " | ".join(map(r.status, ASPECTS)) + f" | {text} |")
    TABLE.write_text("\n".join(lines) + "\n")


def read() -> dict[str, dict[str, str]]:
    """The committed status of each module: aspect -> ok, FAIL or -."""
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if len(cells) > len(ASPECTS) + 1 and cells[0] in ENTRIES:
            found[cells[0]] = dict(zip(ASPECTS, cells[2:], strict=False))
    return found


def summary(reports: list[Report]) -> str:
    """One line of numbers."""
    configurations = sum(r.configurations for r in reports)
    checks = sum(sum(r.checks.values()) for r in reports)
    failed = sum(sum(r.failures.values()) for r in reports)
    good = sum(r.conforms for r in reports)
    return f"{good} of {len(reports)} modules conform; {configurations} configurations; {checks - failed} of {checks} checks pass"


def main() -> None:
    """Parse the command line, run, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.modules")
    parser.add_argument("names", nargs="*", help="modules, or patterns")
    parser.add_argument("--brief", action="store_true", help="no tracebacks")
    parser.add_argument("--write", action="store_true", help="run everything and write docs/conformance-modules.md")
    options = parser.parse_args()
    names = [n for n in ENTRIES if not options.names or any(fnmatch.fnmatchcase(n, p) for p in options.names)]
    if not names:
        sys.exit(f"PyTorch's list has none of {options.names}")
    reports = []
    for name in names:
        report = Run(name).all()
        reports.append(report)
        bad = [a for a in ASPECTS if report.failures[a]]
        if bad or options.names:
            print(
                f"{name}: {report.configurations} configurations; "
                + ", ".join(f"{a} {report.status(a)}" for a in ASPECTS),
                flush=True,
            )
        for aspect in bad:
            print(f"    {aspect}: {report.failures[aspect]} of {report.checks[aspect]}; {report.messages.get(aspect)}")
            if not options.brief:
                print(report.tracebacks.get(aspect, ""))
    print(summary(reports))
    if options.write:
        write(reports)


if __name__ == "__main__":
    main()
