"""Beside PyTorch: weights load by name both ways with equal outputs, and the same seed gives the same weights."""

import inspect

import numpy as np
import pytest

import autograd as torch
import nn

pt = pytest.importorskip("torch")


def arrays(state):
    return {name: np.array(value.detach().numpy()) for name, value in state.items()}


def mlp(nn):
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4), nn.LogSoftmax(1))


def cnn(nn):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.LeakyReLU(0.2, inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, stride=2, groups=2), nn.GroupNorm(2, 8), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 3),
    )  # fmt: skip


def lstm(nn):
    return nn.LSTM(5, 7, num_layers=2, bidirectional=True, batch_first=True)


def transformer(nn):
    return nn.Transformer(16, 4, 2, 2, 32, dropout=0.0, batch_first=True)


CASES = {
    "mlp": (mlp, [(6, 8)]),
    "cnn": (cnn, [(4, 3, 12, 12)]),
    "lstm": (lstm, [(3, 6, 5)]),
    "transformer": (transformer, [(2, 5, 16), (2, 4, 16)]),
}


@pytest.mark.parametrize("name", CASES)
def test_weights_load_by_name_both_ways_with_equal_outputs(name):
    build, shapes = CASES[name]
    rng = np.random.default_rng(0)
    batches = [[rng.normal(size=s).astype(np.float32) for s in shapes] for _ in range(3)]
    theirs, mine = build(pt.nn), build(nn)
    for batch in batches:  # running statistics move
        theirs(*map(pt.tensor, batch))
    assert list(mine.state_dict()) == list(theirs.state_dict())
    mine.load_state_dict({k: torch.tensor(v) for k, v in arrays(theirs.state_dict()).items()})
    for batch in batches:
        mine(*map(torch.tensor, batch))
    back = build(pt.nn)
    back.load_state_dict({k: pt.tensor(v) for k, v in arrays(mine.state_dict()).items()})
    for module in (theirs, mine, back):
        module.eval()
    for batch in batches:
        theirs(*map(pt.tensor, batch))
    theirs.load_state_dict({k: pt.tensor(v) for k, v in arrays(mine.state_dict()).items()})
    found, expected = mine(*map(torch.tensor, batches[0])), theirs(*map(pt.tensor, batches[0]))
    again = back(*map(pt.tensor, batches[0]))
    for a, b, c in zip(flat(found), flat(expected), flat(again), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        np.testing.assert_allclose(b, c, atol=0)


def flat(value):
    if isinstance(value, tuple):
        return [array for part in value for array in flat(part)]
    return [value.detach().numpy()]


LAYERS = {
    "linear": lambda nn: nn.Linear(13, 7),
    "bilinear": lambda nn: nn.Bilinear(3, 4, 5),
    "conv": lambda nn: nn.Conv2d(3, 8, 3),
    "transposed conv": lambda nn: nn.ConvTranspose1d(4, 6, 3, groups=2),
    "embedding": lambda nn: nn.Embedding(11, 3, padding_idx=2),
    "lstm": lstm,
    "gru cell": lambda nn: nn.GRUCell(3, 4),
    "attention": lambda nn: nn.MultiheadAttention(8, 2),
    "transformer": transformer,
    "mlp": mlp,
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_seed_gives_pytorchs_weights(name):
    pt.manual_seed(7)
    expected = arrays(LAYERS[name](pt.nn).state_dict())
    torch.manual_seed(7)
    found = arrays(LAYERS[name](nn).state_dict())
    assert list(found) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-7, err_msg=key)


INITS = {
    "uniform_": (-1, 2), "normal_": (1, 2), "trunc_normal_": (0, 1, -1, 1), "xavier_uniform_": (2.0,), "xavier_normal_": (),
    "kaiming_uniform_": (0.1, "fan_out"), "kaiming_normal_": (0, "fan_in", "relu"), "orthogonal_": (), "sparse_": (0.3,),
    "eye_": (), "constant_": (3,),
}  # fmt: skip


@pytest.mark.parametrize("name", INITS)
@pytest.mark.parametrize("shape", [(20, 30), (6, 5)])
def test_init(name, shape):
    pt.manual_seed(3)
    expected = getattr(pt.nn.init, name)(pt.empty(*shape), *INITS[name]).numpy()
    torch.manual_seed(3)
    found = getattr(nn.init, name)(torch.empty(*shape), *INITS[name]).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_rejection_sampling_of_a_far_truncation():
    pt.manual_seed(3)
    expected = pt.nn.init.trunc_normal_(pt.empty(40), 0, 1, 1.0, 1.5).numpy()
    torch.manual_seed(3)
    np.testing.assert_allclose(nn.init.trunc_normal_(torch.empty(40), 0, 1, 1.0, 1.5).numpy(), expected, atol=1e-6)


RANDOM = {
    "dropout": lambda F, x: F.dropout(x, 0.3),
    "dropout2d": lambda F, x: F.dropout2d(x, 0.3),
    "alpha_dropout": lambda F, x: F.alpha_dropout(x, 0.3, training=True),
    "feature_alpha_dropout": lambda F, x: F.feature_alpha_dropout(x, 0.3, training=True),
    "rrelu": lambda F, x: F.rrelu(x, training=True),
    "gumbel_softmax": lambda F, x: F.gumbel_softmax(x, tau=0.5, hard=True),
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_layers_draw_pytorchs_numbers(name):
    x = np.random.default_rng(0).normal(size=(6, 5, 4, 3)).astype(np.float32)
    pt.manual_seed(1)
    expected = RANDOM[name](pt.nn.functional, pt.tensor(x)).numpy()
    torch.manual_seed(1)
    np.testing.assert_allclose(RANDOM[name](nn.functional, torch.tensor(x)).numpy(), expected, atol=1e-5)


NORMS = {
    "weight_norm": lambda u, m: u.weight_norm(m),
    "spectral_norm": lambda u, m: u.spectral_norm(m),
    "parametrizations.weight_norm": lambda u, m: u.parametrizations.weight_norm(m, dim=1),
    "parametrizations.spectral_norm": lambda u, m: u.parametrizations.spectral_norm(m, n_power_iterations=3),
    "parametrizations.orthogonal": lambda u, m: u.parametrizations.orthogonal(
        m, orthogonal_map="householder", use_trivialization=False
    ),
    "completed by random columns": lambda u, m: u.parametrizations.orthogonal(m),
    "completed for Cayley's map": lambda u, m: u.parametrizations.orthogonal(m, orthogonal_map="cayley"),
}


@pytest.mark.parametrize("name", NORMS)
def test_reparametrized_layers(name):
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    modules = []
    for library, tensors in ((pt.nn, pt), (nn, torch)):
        tensors.manual_seed(2)
        modules.append(NORMS[name](library.utils, library.Linear(5, 4)))
    theirs, mine = modules
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.numpy(), atol=2e-5, err_msg=key)
    for _ in range(2):
        expected, found = theirs(pt.tensor(x)), mine(torch.tensor(x))
        np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), atol=2e-5)
    expected.sum().backward(), found.sum().backward()
    for (key, a), (_, b) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=2e-5, err_msg=key)


def test_clipping():
    rng = np.random.default_rng(0)
    grads = [rng.normal(size=s).astype(np.float32) for s in ((3, 4), (5,), ())]
    for kind in (2.0, 1, float("inf"), 0.5):
        norms, results = [], []
        for library, make in ((pt.nn, pt.tensor), (nn, torch.tensor)):
            params = [make(g * 0).requires_grad_() for g in grads]
            for p, g in zip(params, grads, strict=True):
                p.grad = make(g)
            norms.append(float(library.utils.clip_grad_norm_(params, 0.7, kind)))
            library.utils.clip_grad_value_(params, 0.2)
            results.append([p.grad.numpy() for p in params])
        assert norms[1] == pytest.approx(norms[0], rel=1e-5)
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(b, a, atol=1e-6)
    with pytest.raises(RuntimeError, match="non-finite"):
        p = torch.ones(1, requires_grad=True)
        p.grad = torch.tensor([float("nan")])
        nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)


def parameters(function):
    """Names and defaults, in order; None where PyTorch's own signature does not tell."""
    found = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found):
        return None
    return [
        (p.name, "a function" if callable(p.default) and p.default is not p.empty else repr(p.default)) for p in found
    ]


CLASSES = [name for name, c in vars(pt.nn).items() if inspect.isclass(c) and issubclass(c, pt.nn.Module)]
FUNCTIONS = [
    name
    for name, f in vars(pt.nn.functional).items()
    if inspect.isfunction(f) and f.__module__ == "torch.nn.functional"
]
ONLY_THERE = {
    "assert_int_or_pair",
    "grouped_mm",
    "scaled_grouped_mm",
    "scaled_mm",
    "max_pool1d_with_indices",
}  # for GPUs; helpers


@pytest.mark.parametrize("name", CLASSES)
def test_layers_have_pytorchs_arguments_and_defaults(name):
    expected = parameters(getattr(pt.nn, name).__init__)
    assert expected is None or parameters(getattr(nn, name).__init__) == expected


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if not n.startswith("_") and n not in ONLY_THERE])
def test_functions_have_pytorchs_arguments_and_defaults(name):
    expected = parameters(getattr(pt.nn.functional, name))
    assert expected is None or parameters(getattr(nn.functional, name)) == expected


HALF = {
    "linear": lambda nn: nn.Linear(64, 8),
    "layer norm": lambda nn: nn.LayerNorm(64),
    "batch norm": lambda nn: nn.BatchNorm1d(64),
    "softmax": lambda nn: nn.Softmax(1),
    "gelu": lambda nn: nn.GELU(),
    "silu": lambda nn: nn.SiLU(),
    "elu": lambda nn: nn.ELU(),
    "softplus": lambda nn: nn.Softplus(),
    "leaky relu": lambda nn: nn.LeakyReLU(0.2),
}


@pytest.mark.parametrize("name", HALF)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(name, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    x = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    theirs, mine = HALF[name](pt.nn), HALF[name](nn)
    mine.load_state_dict({k: torch.tensor(v) for k, v in arrays(theirs.state_dict()).items()})
    theirs, mine = theirs.to(getattr(pt, dtype)), mine.to(getattr(torch, dtype))
    a = pt.tensor(x).to(getattr(pt, dtype)).requires_grad_()
    b = torch.tensor(x).to(getattr(torch, dtype)).requires_grad_()
    expected, found = theirs(a), mine(b)
    assert repr(found.dtype) == repr(expected.dtype)
    (expected * expected).sum().backward()
    (found * found).sum().backward()
    tolerance = 2e-2 if dtype == "float16" else 1e-1
    np.testing.assert_allclose(
        found.detach().float().numpy(), expected.detach().float().numpy(), atol=tolerance, rtol=tolerance
    )
    np.testing.assert_allclose(b.grad.float().numpy(), a.grad.float().numpy(), atol=2 * tolerance, rtol=2 * tolerance)


def test_losses_with_a_margin_at_the_bend():
    """Equal scores lie on the bend of a margin of 0: PyTorch's gradient there is the slope above it."""

    def gradients(t):
        F, ones, found = t.nn.functional, t.ones(3), []

        def note(f, *values):
            leaves = [t.tensor(v, requires_grad=True) for v in values]
            f(*leaves).sum().backward()
            found.append([leaf.grad.tolist() for leaf in leaves])

        note(lambda a, b: F.margin_ranking_loss(a, b, ones, reduction="none"), [1.0, 2.0, 3.0], [1.0, 1.0, 4.0])
        note(lambda a: F.hinge_embedding_loss(a, -ones, reduction="none"), [1.0, 2.0, 0.5])
        note(lambda a: F.cosine_embedding_loss(a, t.tensor([[0.0, 1.0]]), -ones[:1]), [[1.0, 0.0]])
        note(lambda a: F.triplet_margin_with_distance_loss(
            a, t.zeros(1, 3), t.full((1, 3), 2.0), distance_function=lambda p, q: (p - q).abs().sum(1), margin=1.0
        ), [[1.0, 1.0, 1.5]])  # fmt: skip
        return found

    for ours, theirs in zip(gradients(torch), gradients(pt), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("call", [
    lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.ones(2, 3, dtype=t.int64)), lambda t: t.nn.functional.nll_loss(t.ones(2, 3), t.ones(2, 1, dtype=t.int64)),
    lambda t: t.nn.functional.cross_entropy(t.ones(2, 3, 5), t.ones(2, 4, dtype=t.int64)), lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.ones(4, dtype=t.int64)),
    lambda t: t.nn.functional.multi_margin_loss(t.ones(5, 3), t.ones(3, dtype=t.int64)), lambda t: t.nn.BatchNorm1d(3, eps=0.0)(t.randn(4, 3)),
    lambda t: t.nn.LSTM(3, 4)(t.ones(2, 3, dtype=t.float64)), lambda t: t.nn.GRU(3, 4, bias=1), lambda t: t.nn.RNN(3, 4, batch_first="no"), lambda t: t.nn.LSTM(0, 4),
])  # fmt: skip
def test_mistakes_raise_the_same_exceptions(call):
    found = []
    for t in (torch, pt):
        with pytest.raises((RuntimeError, ValueError, TypeError)) as raised:
            call(t)
        found.append(type(raised.value))
    assert found[0] is found[1]
