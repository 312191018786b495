"""``torch.layer_norm`` and the like: PyTorch's kernels by their own names, with their own order of arguments."""

import numpy as np
import pytest

import autograd as ag

real = pytest.importorskip("torch")
rng = np.random.default_rng(0)
X, Y, POSITIVE = rng.standard_normal((4, 6)), rng.standard_normal((4, 6)), rng.random((4, 6)) + 0.1
IMAGE, CHANNELS = rng.standard_normal((2, 6, 3, 3)), rng.random(6)
SIGNS, NUMBERS = np.sign(rng.standard_normal(4)), rng.integers(0, 4, (2, 3))

CALLS = {
    "hardshrink": (X, 0.3), "selu": (X,), "celu": (X, 0.7), "prelu": (X, np.array([0.2])), "threshold": (X, 0.1, -3.0),
    "rrelu": (X, 0.1, 0.3), "selu_": (X,), "celu_": (X,), "threshold_": (X, 0.0, 1.0), "rrelu_": (X,),
    "dropout": (X, 0.5, True), "alpha_dropout": (X, 0.5, True), "dropout_": (X, 0.5, True),
    "feature_dropout": (IMAGE, 0.5, True), "feature_alpha_dropout": (IMAGE, 0.5, True),
    "layer_norm": (X, [6], POSITIVE[0], Y[0]), "rms_norm": (X, [6], POSITIVE[0]),
    "group_norm": (IMAGE, 3, CHANNELS, CHANNELS, 1e-4),
    "batch_norm": (IMAGE, CHANNELS, None, CHANNELS, CHANNELS, False, 0.1, 1e-5, True),
    "instance_norm": (IMAGE, CHANNELS, None, None, None, True, 0.1, 1e-5, True),
    "cosine_similarity": (X, Y), "pairwise_distance": (X, Y, 1.0), "pdist": (X, 3.0),
    "bilinear": (X, Y, rng.standard_normal((2, 6, 6)), None), "constant_pad_nd": (X, [1, 2], 0.5),
    "conv_tbc": (rng.standard_normal((5, 2, 3)), rng.standard_normal((3, 3, 4)), rng.standard_normal(4), 1),
    "embedding": (X, NUMBERS, 1), "binary_cross_entropy_with_logits": (X, POSITIVE, None, None, 2),
    "cosine_embedding_loss": (X, Y, SIGNS, 0.1, 0), "hinge_embedding_loss": (X[:, 0], SIGNS, 1.0, 1),
    "kl_div": (X, POSITIVE, 2), "margin_ranking_loss": (X[:, 0], Y[:, 0], SIGNS, 0.2, 0),
    "poisson_nll_loss": (X, POSITIVE, True, True, 1e-8, 1), "triplet_margin_loss": (X, Y, POSITIVE, 1.0, 2.0, 1e-6, True, 0),
    "ctc_loss": (np.log(rng.dirichlet(np.ones(5), (6, 2))), np.array([[1, 2], [3, 4]]), [6, 5], [2, 1], 0, 2),
    "split_copy": (X, 2), "split_with_sizes_copy": (X, [1, 3]), "unsafe_split_with_sizes": (X, [1, 3]),
    "detach": (X,), "is_complex": (X,), "is_floating_point": (NUMBERS,), "is_signed": (NUMBERS,), "numel": (X,),
    "is_inference": (X,), "is_nonzero": (np.array([2.0]),), "get_device": (X,), "as_strided_": (X, (2, 2), (1, 2), 3),
}  # fmt: skip


def called(t, name):
    t.manual_seed(0)
    args = [t.from_numpy(a.copy()) if isinstance(a, np.ndarray) else a for a in CALLS[name]]
    result = getattr(t, name)(*args)
    found = result if isinstance(result, (tuple, list)) else [result]
    return [np.asarray(r) for r in found], np.asarray(args[0])


@pytest.mark.parametrize("name", CALLS)
def test_as_pytorch(name):
    expected, expected_input = called(real, name)
    found, found_input = called(ag, name)
    assert len(found) == len(expected)
    for f, e in zip(found, expected, strict=True):
        assert f.shape == e.shape and f.dtype == e.dtype
        np.testing.assert_allclose(f, e, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found_input, expected_input, rtol=1e-9)


def test_one_element_is_asked_for():
    with pytest.raises(RuntimeError, match="ambiguous"):
        ag.is_nonzero(ag.ones(2))
    assert ag.ones(1).is_nonzero() and ag.ones(1).is_cpu and not ag.ones(1).is_xpu


def test_the_compiled_core_by_name():
    assert ag._C._LinAlgError is ag.linalg.LinAlgError and ag._C._nn.gelu is ag.nn.functional.gelu
    with pytest.raises(AttributeError, match="compiled core"):
        ag._C.anything
