"""No false alarm on the library's own operations at random shapes.

``PULLBACK_CHECK_CASES=1000 pytest tests/checking/test_right_operations.py`` tries a thousand of each family.
"""

import os
import zlib

import numpy as np
import pytest

from autograd.testing import gradcheck, gradgradcheck

from .families import FAMILIES

CASES = int(os.environ.get("PULLBACK_CHECK_CASES", "25"))


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("family", FAMILIES)
def test_no_false_alarm(family):
    for k in range(CASES):
        label, function, inputs = FAMILIES[family](np.random.default_rng([zlib.crc32(family.encode()), k]))
        try:
            assert gradcheck(function, inputs)
            if k % 5 == 0:
                assert gradgradcheck(function, inputs)
        except Exception as error:
            error.add_note(f"{family} number {k}: {label} at {[tuple(t.shape) for t in inputs]}")
            raise
