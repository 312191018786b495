"""Every configuration of every optimizer in PyTorch's ``optim_db``."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")

from . import optimizers as o

pytestmark = pytest.mark.conformance
CASES = o.cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{c[1]}-{c[2].__name__}")
def test_ten_steps_and_an_exchange_of_states(case):
    o.check(*case)


@pytest.mark.parametrize("name", [n for n in o.INFOS if n != "SparseAdam"])
def test_wrong_arguments_are_refused(name):
    for number in range(len(o.INFOS[name].optim_error_inputs_func("cpu", o.torch.float32))):
        o.check_error(name, number)
