"""The Hypothesis strategies: what they promise, and that failures shrink."""

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings

import autograd as torch
from autograd.testing import GradcheckError, gradcheck
from autograd.testing import strategies as st

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(st.broadcastable(3))
def test_broadcastable_shapes_broadcast(shapes):
    np.broadcast_shapes(*shapes)


@few
@given(st.tensors(dtype=st.dtypes("floating", "complex", "integral", "bool"), requires_grad=True))
def test_tensors(x):
    assert x.requires_grad == (x.is_floating_point() or x.is_complex())
    if not x.is_complex() and x.dtype != torch.bool:
        assert bool((x <= 3).all()) and bool((x >= -3).all())


@few
@given(st.arrays(st.shapes()).flatmap(lambda a: st.strided(a).map(lambda b: (a, b))))
def test_strided_arrays_keep_their_values(pair):
    assert pair[0].shape == pair[1].shape and np.array_equal(*pair)


def test_memory_is_arranged_in_all_ways():
    assert not find(st.tensors(), lambda t: not t.array.flags.c_contiguous).array.flags.c_contiguous
    assert min(find(st.tensors(), lambda t: any(s < 0 for s in t.array.strides)).array.strides) < 0


@few
@given(st.tensor_tuples(requires_grad=True))
def test_a_right_operation_passes(pair):
    assert gradcheck(lambda a, b: a * b + a.sin(), pair)


def test_failures_shrink_to_a_small_tensor():
    from autograd.lift import lift

    wrong = lift(lambda x: x**3, kind="general", name="wrong", x=lambda g, x: 2 * g * x**2)

    def fails(x):
        try:
            return not gradcheck(wrong, x)
        except GradcheckError:
            return True

    smallest = find(
        st.tensors(st.shapes(min_dims=1), requires_grad=True), fails, settings=settings(max_examples=300, deadline=None)
    )
    assert smallest.numel() == 1 and abs(smallest.item()) in (0.5, 1.0, 2.0, 3.0)


@few
@given(st.tensors(st.shapes(1, 2), distinct=True), st.indices(4), st.dims(2))
def test_distinct_values_indices_and_dims(x, index, dim):
    assert len(np.unique(x.array)) == x.numel()
    assert all(-4 <= i < 4 for i in index) and -2 <= dim < 2


def test_unknown_group():
    with pytest.raises(ValueError, match="unknown group of dtypes 'quantized'"):
        st.dtypes("quantized")
