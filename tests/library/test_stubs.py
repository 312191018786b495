"""The type stubs of what is bound while importing are those that the tables give now."""

import pytest

from tools import stubs


@pytest.mark.parametrize("path, text", stubs.stubs().items(), ids=lambda value: getattr(value, "name", "text"))
def test_fresh(path, text):
    assert path.exists() and path.read_text() == text, "stale: run python -m tools.stubs"


def test_signatures():
    from autograd.ops import FUNCTIONS

    assert stubs.signature(FUNCTIONS["mul"], method=True) == "(self, other: Any, *, out: Any = ...) -> Tensor"
    assert "*tensors: Any" not in stubs.signature(FUNCTIONS["cat"], method=False)
