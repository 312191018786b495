"""Every optimizer, in every configuration of PyTorch's ``optim_db``, beside PyTorch: ten steps, equal parameters and state.

python -m tests.conformance.optimizers            print the table
python -m tests.conformance.optimizers --write    and put it into docs/conformance.md
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import optim_db

import autograd
import optim

from .sections import put_section

SHAPES = {"Muon": [(6, 4), (4, 6), (5, 5)], "LBFGS": [(2, 3), (3,)]}
INFOS = {info.optim_cls.__name__: info for info in optim_db}
REAL_ONLY = ("Muon", "Adafactor")


def wanted(value: Any) -> Any:
    """A hyperparameter of theirs as one of ours."""
    if isinstance(value, tuple):
        return tuple(map(wanted, value))
    return autograd.tensor(value.numpy()) if isinstance(value, torch.Tensor) else value


def configurations(name: str) -> list[dict[str, Any]]:
    """The keyword arguments that PyTorch tests, each plain and with the implementations that it has."""
    info = INFOS[name]
    found = []
    for given in info.optim_inputs_func(device="cpu"):
        found.append(given.kwargs)
        for flag in info.supported_impls:
            if flag == "fused" and isinstance(given.kwargs.get("lr"), torch.Tensor):
                continue
            found.append({**given.kwargs, flag: True})
    return found


class Race:
    """The same parameters, gradients and options on both sides."""

    def __init__(self, name: str, options: dict[str, Any], dtype: Any, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.name, self.rng, self.dtype = name, rng, np.dtype(dtype)
        self.start = [self.random(shape) for shape in SHAPES.get(name, [(6, 4), (3,), (), (70, 80)])]
        self.differentiable = options.get("differentiable", False)
        self.theirs = [torch.tensor(a, requires_grad=True) for a in self.start]
        self.ours = [autograd.tensor(a, requires_grad=True) for a in self.start]
        if self.differentiable:
            self.theirs = [p.detach().clone() for p in self.theirs]
            self.ours = [autograd.tensor(p.detach().array) for p in self.ours]
        own = {k: wanted(v) for k, v in options.items()}
        self.theirs_opt = getattr(torch.optim, name)(self.theirs, **options)
        self.ours_opt = getattr(optim, name)(self.ours, **own)

    def random(self, shape: tuple[int, ...]) -> Any:
        values = self.rng.standard_normal(shape)
        if self.dtype.kind == "c":
            values = values + 1j * self.rng.standard_normal(shape)
        return np.asarray(values, self.dtype)

    def step(self) -> None:
        if self.name == "LBFGS":
            goals = [np.asarray(a * 0.5 + 0.2, self.dtype) for a in self.start]
            self.theirs_opt.step(self._closure(torch, self.theirs, self.theirs_opt, [torch.tensor(g) for g in goals]))
            self.ours_opt.step(self._closure(autograd, self.ours, self.ours_opt, [autograd.tensor(g) for g in goals]))
            return
        for p, q in zip(self.theirs, self.ours, strict=True):
            g = self.random(p.shape)
            p.grad, q.grad = torch.tensor(g), autograd.tensor(g)
        self.theirs_opt.step()
        self.ours_opt.step()

    @staticmethod
    def _closure(lib: Any, params: Any, opt: Any, goals: Any) -> Any:
        def closure() -> Any:
            opt.zero_grad()
            loss = sum(
                ((p - g).abs() ** 2 * (1 + (p - g).abs() ** 2)).sum() for p, g in zip(params, goals, strict=True)
            )
            loss.backward()
            return loss

        return closure

    def tolerance(self) -> dict[str, float]:
        if self.name == "Muon":
            return {"rtol": 0, "atol": 2e-4}  # PyTorch computes in bfloat16, and rounds elsewhere
        scalar = self.name in ("NAdam", "ASGD") or (self.name in ("Adam", "AdamW") and self.differentiable)
        if scalar and self.dtype == np.float64:
            return {"rtol": 1e-5, "atol": 1e-6}  # PyTorch computes some of their factors in float32
        single = self.dtype in (np.float32, np.complex64)
        if self.name == "LBFGS":  # an iteration amplifies rounding
            return {"rtol": 1e-3, "atol": 1e-3} if single else {"rtol": 1e-6, "atol": 1e-6}
        return {"rtol": 2e-5, "atol": 2e-6} if single else {"rtol": 1e-9, "atol": 1e-11}

    def compare(self) -> None:
        """Raise AssertionError where parameters, state or groups differ."""
        for p, q in zip(self.theirs, self.ours, strict=True):
            np.testing.assert_allclose(q.detach().array, p.detach().numpy(), **self.tolerance())
        a, b = self.theirs_opt.state_dict(), self.ours_opt.state_dict()
        assert [{**g, "lr": float(g["lr"])} for g in a["param_groups"]] == [
            {**g, "lr": float(g["lr"])} for g in b["param_groups"]
        ]
        if self.name == "LBFGS":
            assert set(a["state"][0]) - {"al"} == set(b["state"][0]) - {"al"}  # scratch of theirs
            return
        assert a["state"].keys() == b["state"].keys()
        for i, state in a["state"].items():
            assert list(state) == list(b["state"][i])
            for key, value in state.items():
                mine = b["state"][i][key]
                assert str(mine.dtype) == str(value.dtype) and tuple(mine.shape) == tuple(value.shape)
                np.testing.assert_allclose(mine.detach().array, value.detach().numpy(), **self.tolerance())

    def exchange(self) -> None:
        """Each side goes on from the other's state_dict."""
        theirs, ours = self.theirs_opt.state_dict(), self.ours_opt.state_dict()
        self.ours_opt.load_state_dict(theirs)
        self.theirs_opt.load_state_dict(to_torch(ours))


def to_torch(value: Any) -> Any:
    """A state_dict of ours with PyTorch's tensors."""
    if isinstance(value, autograd.Tensor):
        return torch.tensor(value.detach().array)
    if isinstance(value, dict):
        return {k: to_torch(v) for k, v in value.items()}
    return [to_torch(v) for v in value] if isinstance(value, list) else value


def check(name: str, options: dict[str, Any], dtype: Any) -> None:
    """Ten steps, with an exchange of states in the middle."""
    race = Race(name, options, dtype)
    for i in range(10):
        race.step()
        if i in (0, 4):
            race.compare()
        if i == 4 and not race.differentiable:
            race.exchange()
    race.compare()


def check_error(name: str, number: int) -> None:
    """What PyTorch refuses when an optimizer is made is refused here, with the same kind of error."""
    import warnings

    given = INFOS[name].optim_error_inputs_func("cpu", torch.float32)[number]
    entry = given.optimizer_error_input
    kind: Any = given.error_type

    def attempt(lib: Any, make: Any, params: Any) -> type | None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                opt = make(params, **{k: v if lib is torch else wanted(v) for k, v in entry.kwargs.items()})
                if str(given.error_on).endswith("STEP_ERROR"):
                    opt.step()
            except Exception as error:
                return type(error)
        return None

    seen: dict[int, Any] = {}  # the same parameter twice is the same parameter twice here too

    def ours(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) not in seen:
                seen[id(value)] = autograd.tensor(value.detach().numpy(), requires_grad=value.requires_grad)
                if value.grad is not None and not value.grad.is_sparse:
                    seen[id(value)].grad = autograd.tensor(value.grad.numpy())
            return seen[id(value)]
        if isinstance(value, dict):
            return {k: ours(v) for k, v in value.items()}
        return type(value)(ours(v) for v in value) if isinstance(value, (list, tuple)) else value

    params = entry.params
    if params is None:
        params = [torch.ones(2, 3, requires_grad=True)]
    elif not isinstance(params, torch.Tensor):
        params = list(params)
    mine = ours(params)
    theirs = attempt(torch, getattr(torch.optim, name), params)
    found = attempt(autograd, getattr(optim, name), mine)
    assert theirs is not None and found is not None, f"{entry.desc}: PyTorch {theirs}, here {found}"
    assert issubclass(found, kind) or found is theirs, f"{entry.desc}: expected {kind}, got {found}"


def dtypes_of(name: str) -> list[Any]:
    """The dtypes to try."""
    return [np.float32, np.float64] + ([] if name in REAL_ONLY else [np.complex64])


def cases() -> list[tuple[str, dict[str, Any], Any]]:
    """(optimizer, options, dtype) of everything but SparseAdam, whose gradients are sparse."""
    return [
        (name, options, dtype)
        for name in INFOS
        if name != "SparseAdam"
        for options in configurations(name)
        for dtype in dtypes_of(name)
        if not (options.get("fused") and dtype is np.complex64)  # PyTorch has no fused step for complex numbers
    ]


def table() -> str:
    """What agrees, as Markdown."""
    lines = [
        "| optimizer | configurations | equal after ten steps | wrong arguments | refused |",
        "|---|---|---|---|---|",
    ]
    totals = [0, 0, 0, 0]
    for name in INFOS:
        if name == "SparseAdam":
            continue
        row = [0, 0, 0, 0]
        for _, options, dtype in (case for case in cases() if case[0] == name):
            row[0] += 1
            try:
                check(name, options, dtype)
                row[1] += 1
            except Exception as error:
                print(name, options, dtype.__name__, repr(error)[:300], file=sys.stderr)
        for number in range(len(INFOS[name].optim_error_inputs_func("cpu", torch.float32))):
            row[2] += 1
            try:
                check_error(name, number)
                row[3] += 1
            except Exception as error:
                print(name, number, repr(error)[:200], file=sys.stderr)
        lines.append(f"| {name} | " + " | ".join(map(str, row)) + " |")
        totals = [a + b for a, b in zip(totals, row, strict=True)]
    lines.append("| all | " + " | ".join(map(str, totals)) + " |")
    return "\n".join(lines)


HEAD = """Made by `python -m tests.conformance.optimizers --write`. Every configuration of PyTorch's `optim_db`, plain and with
`foreach`, `fused` and `differentiable` where PyTorch has them, in float32, float64 and complex64: equal parameters, state,
dtypes and groups after ten steps, with each side loading the other's `state_dict` after five. SparseAdam is left out: there are
no sparse gradients here. Muon is compared to 2e-4, because PyTorch computes it in bfloat16.

"""

if __name__ == "__main__":
    text = table()
    print(text)
    if "--write" in sys.argv:
        put_section("Optimizers", HEAD + text)
