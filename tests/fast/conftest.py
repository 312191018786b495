"""Kernels need numba and its OpenMP threads; where a machine has no libgomp these tests say so."""

from __future__ import annotations

import pytest

from autograd import fast


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the kernels' tests where kernels can't run, with the reason."""
    runs = fast.enable(True)
    reason = fast.reason()
    fast.enable(False)
    for item in items:
        if not runs and "tests/fast" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=reason))
