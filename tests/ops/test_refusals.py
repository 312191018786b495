"""What PyTorch refuses is refused, with the same type of error."""

from __future__ import annotations

import pytest

import autograd

torch = pytest.importorskip("torch")

CALLS = {
    "arange of a step that is 0 in integers": lambda t, x: t.arange(0, 64, 0.5, dtype=t.int64),
    "clamp_max of a number": lambda t, x: t.clamp_max(2, x),
    "clamp_min of a number": lambda t, x: t.clamp_min(2, x),
    "ldexp of a number": lambda t, x: t.ldexp(2, x),
    "ldexp by a number": lambda t, x: t.ldexp(x, 2),
    "heaviside of a number": lambda t, x: t.heaviside(2, x),
    "heaviside with a number": lambda t, x: t.heaviside(x, 2),
    "rsub of a number": lambda t, x: t.rsub(2, x),
    "linspace of half a step": lambda t, x: t.linspace(0, 3, 1.0),
    "logspace of half a step": lambda t, x: t.logspace(0, 3, 1.0),
    "empty_permuted with a dimension twice": lambda t, x: t.empty_permuted((2, 3), (0, 0)),
    "aminmax into another dtype": lambda t, x: t.aminmax(x, dim=0, out=(t.ones(1).double(), t.ones(1).double())),
    "where of shapes that do not meet": lambda t, x: t.where(x > 0, t.ones(2), x),
    "masked_fill with a mask of another shape": lambda t, x: x.masked_fill(t.ones(2) > 0, 0),
    "addcmul of shapes that do not meet": lambda t, x: t.addcmul(x, t.ones(2), x),
    "lerp of shapes that do not meet": lambda t, x: t.lerp(x, t.ones(2), 0.5),
    "clamp by a tensor that does not meet": lambda t, x: t.clamp(x, x, t.ones(2)),
    "a layer of a negative size": lambda t, x: t.nn.Linear(-1, 4),
    "kron with a number": lambda t, x: t.kron(x, 3),
    "squeeze of a number": lambda t, x: t.squeeze(3),
    "unsqueeze of a number": lambda t, x: t.unsqueeze(3, 0),
    "float of several elements": lambda t, x: float(x),
    "int of several elements": lambda t, x: int(x),
    "complex of several elements": lambda t, x: complex(x),
    "float of no element": lambda t, x: float(x[:0]),
    "a default dtype by its name": lambda t, x: t.set_default_dtype("float32"),
    "promote_types of numbers": lambda t, x: t.promote_types(1, 2),
    "cat of nothing": lambda t, x: t.cat([]),
    "multinomial into floats": lambda t, x: t.multinomial(x, 2, out=t.ones(2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused(name):
    kinds = []
    for lib in (autograd, torch):
        with pytest.raises((TypeError, ValueError, RuntimeError)) as error:
            CALLS[name](lib, lib.tensor([0.5, 2.0, 1.0]))
        kinds.append(error.type)
    assert kinds[0] is kinds[1]
