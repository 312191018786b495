"""Classes and modes that answer for functions. The programs run in a process of their own: after them functions ask."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PROGRAMS = {
    "results have the class": """
        class Named(torch.Tensor): pass
        x = torch.arange(6.0).reshape(2, 3).as_subclass(Named)
        kinds = lambda *made: print([type(m).__name__ for m in made])
        kinds(x, x + 1, 1 + x, torch.ones(3) + x, x.sum(), torch.exp(x), F.gelu(x), x[0], x.T, x.detach(), x.data, -x, x > 1)
        kinds(*x.chunk(2), torch.stack([x, torch.ones(2, 3)]), torch.zeros_like(x), x.new_ones(2), x.to(torch.float64))
        kinds(torch.max(x, 0).values, nn.Linear(3, 2)(x), nn.BatchNorm1d(3)(x), torch.linalg.norm(x), F.softmax(x, -1))
        kinds(x.shape, x.tolist(), x.sum().item(), nn.Parameter(torch.ones(2)) * 2, torch.add(torch.ones(2, 3), 1, out=x))
        print(x, repr(x.requires_grad_()))
    """,
    "a tensor's logbook": """
        class Logged(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                names.append(func.__name__)
                return super().__torch_function__(func, types, args, kwargs or {})
        names = []
        x = torch.eye(2).as_subclass(Logged)
        1 - x; x / 2; x % 2; x ** 2; x @ x; x // 2; abs(x); x == 1; x < 2; x[0]; x += 1; x[0] = 2; len(x); float(x.sum())
        torch.stack([x, x]); F.relu(x); nn.Linear(2, 2)(x); torch.einsum("ij,jk", x, x); x.T; x.grad
        print(names)
    """,
    "numbers with a unit": """
        HANDLED = {}
        def implements(function):
            def register(mine):
                HANDLED[function] = mine
                return mine
            return register
        class Metres(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                if func not in HANDLED:
                    return NotImplemented
                return HANDLED[func](*args, **(kwargs or {}))
        @implements(torch.sum)
        def _(x, *rest): return "a sum of metres"
        @implements(torch.Tensor.add)
        def _(x, y): return "metres and metres"
        x = torch.ones(2).as_subclass(Metres)
        print(torch.sum(x), x + x)
        for call in (lambda: torch.exp(x), lambda: x.exp()):
            try: call()
            except TypeError as error: print("exp" in str(error))
    """,
    "modes": """
        from torch.overrides import TorchFunctionMode, BaseTorchFunctionMode
        class Names(TorchFunctionMode):
            def __init__(self, label): self.label = label
            def __torch_function__(self, func, types, args=(), kwargs=None):
                print(self.label, func.__name__)
                return func(*args, **(kwargs or {}))
        class Zeros(TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                return torch.zeros(()) if func is torch.exp else func(*args, **(kwargs or {}))
        x = torch.ones(2)
        with Names("outer"), Names("inner"):
            y = torch.exp(x) * 2
            with BaseTorchFunctionMode(): F.linear(y, torch.ones(1, 2))
        with Zeros(): print(torch.exp(x), torch.log(x))
        print(torch.exp(x) + 1)
        with Names("last"), torch._C.DisableTorchFunction(): torch.exp(x)
        try:
            with Names("failing"): torch.ones(2) + torch.ones(3)
        except RuntimeError: print("failed")
        torch.exp(x)
    """,
    "its own constructor": """
        import copy, pickle
        class Labelled(torch.Tensor):
            @staticmethod
            def __new__(cls, x, label): return torch.Tensor._make_subclass(cls, x)
            def __init__(self, x, label): self.label = label
        x = Labelled(torch.ones(2), "a")
        print(type(x).__name__, x.label, x.requires_grad, hasattr(x * 2, "label"), type(x * 2).__name__)
        y = copy.copy(x)
        print(type(y).__name__, y.label)
        class Listed(torch.Tensor):
            def __new__(cls, data, label): return super().__new__(cls, data)
            def __init__(self, data, label): self.label = label
        z = Listed([1.0, 2.0], "b")
        print(z, z.label, z.clone(), type(pickle.loads(pickle.dumps(torch.exp)).__name__).__name__)
    """,
    "gradients go through": """
        class Named(torch.Tensor): pass
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        x = w.as_subclass(Named)
        (x * x).sum().backward()
        print(w.grad, type(w.grad).__name__, x.is_leaf, type((x * x).grad_fn).__name__)
        leaf = torch.ones(2).as_subclass(Named).requires_grad_()
        print(torch.autograd.grad((leaf ** 3).sum(), leaf, create_graph=True)[0].tolist(), leaf.is_leaf)
        a = torch.zeros(2); b = a.as_subclass(Named); b += 1
        print(a)
    """,
    "strangers": """
        class Base:
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return cls.__name__, func.__name__, [t.__name__ for t in types]
        class Sub(Base): pass
        class Shy(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None): return NotImplemented
        b, s, shy = Base(), Sub(), torch.ones(2).as_subclass(Shy)
        print(torch.add(b, 1), torch.add(b, s), torch.cat([torch.ones(1), s]), F.relu(b), torch.ones(2) + s, torch.add(shy, b))
        print(torch.overrides.has_torch_function((b,)), torch.overrides.is_tensor_like(s), torch.overrides.is_tensor_like(3))
        with torch._C.DisableTorchFunctionSubclass(): print(type(shy + 1).__name__, torch.overrides.has_torch_function((b,)))
        try: shy + 1
        except TypeError: print("refused")
    """,
    "questions": """
        from torch.overrides import get_overridable_functions, is_tensor_method_or_property, resolve_name, wrap_torch_function
        found = get_overridable_functions()
        print(torch.add in found[torch], F.relu in found[F], torch.tensor in found[torch], torch.Tensor.add in found[torch.Tensor])
        print(resolve_name(torch.exp), resolve_name(F.mse_loss), is_tensor_method_or_property(torch.Tensor.add), is_tensor_method_or_property(F.relu))
        class Seen:
            def __torch_function__(self, func, types, args=(), kwargs=None): return "seen"
        @wrap_torch_function(lambda a, b=None: (a, b))
        def mine(a, b=None): return a
        print(mine(1), mine(1, b=Seen()))
        try: torch.ones(2).as_subclass(int)
        except (TypeError, RuntimeError) as error: print("as_subclass" in str(error) or "subclass" in str(error))
    """,
}
OURS = "import autograd as torch, nn; torch.install_as_torch(); import torch.overrides; F = nn.functional; torch.overrides.listen()"
THEIRS = "import torch, torch.overrides; nn = torch.nn; F = nn.functional"


def _printed(first: str) -> dict[str, str]:
    """What each program prints after this line."""
    marks = [f"print({name!r})\n{textwrap.dedent(text)}" for name, text in PROGRAMS.items()]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n".join([first, *marks])], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    printed, name = dict[str, str](), ""
    for line in done.stdout.splitlines():
        if line in PROGRAMS:
            name, printed[line] = line, ""
        else:
            printed[name] += line + "\n"
    return printed


@pytest.fixture(scope="module")
def ours() -> dict[str, str]:
    return _printed(OURS)


@pytest.fixture(scope="module")
def theirs() -> dict[str, str]:
    pytest.importorskip("torch")
    return _printed(THEIRS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_pytorch(name, ours, theirs):
    assert ours[name] == theirs[name]


def test_nobody_is_asked_before_a_class_or_a_mode_is_there():
    program = """
    import types, autograd, nn
    plain = lambda: type(autograd.exp) is types.FunctionType and type(autograd.Tensor.exp) is types.FunctionType
    assert plain()
    class Weight(nn.Parameter): ...
    assert plain() and type(Weight(autograd.ones(2)) + 1) is autograd.Tensor
    before = autograd.exp
    class Named(autograd.Tensor): ...
    assert not plain() and autograd.exp == before and {before: 1}[autograd.exp] == 1
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)
