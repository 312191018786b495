"""Attention and the Transformer against PyTorch."""

import random

import pytest

import autograd
import nn
from autograd.ops import attention

from .helpers import assert_same, compare, load, normal, ours, pt

F, G = pt.nn.functional, nn.functional


@pytest.mark.parametrize("mask", ["none", "causal", "bool", "batched bool", "float", "nothing allowed"])
@pytest.mark.parametrize("lead", [(), (3,), (2, 4), (2, 2, 4), "gqa"])
@pytest.mark.parametrize("kept", [True, False])
def test_scaled_dot_product_attention(lead, mask, kept, monkeypatch):
    monkeypatch.setattr(attention, "_KEPT_BYTES", 1 << 20 if kept else 0)
    monkeypatch.setattr(attention, "_BLOCK_BYTES", 1)
    pt.manual_seed(0)
    lead, shared = ((2, 4), (2, 2)) if lead == "gqa" else (lead, lead)
    q, k, v = normal(*lead, 3, 4), normal(*shared, 5, 4), normal(*shared, 5, 6)
    options = {"enable_gqa": lead != shared, "is_causal": mask == "causal"}
    m = {
        "bool": pt.rand(3, 5) < 0.5, "batched bool": pt.rand(*lead, 3, 5) < 0.5, "float": normal(3, 5), "nothing allowed": pt.zeros(3, 5, dtype=bool),
    }.get(mask)  # fmt: skip
    with pt.nn.attention.sdpa_kernel(pt.nn.attention.SDPBackend.MATH):
        compare(
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, m, **options),
            lambda q, k, v: G.scaled_dot_product_attention(q, k, v, ours(m), **options),
            q, k, v,
        )  # fmt: skip


def test_a_mask_may_have_a_gradient():
    q, m = normal(2, 3, 4), normal(3, 3)
    compare(
        lambda q, m: F.scaled_dot_product_attention(q, q, q, m, scale=0.3),
        lambda q, m: G.scaled_dot_product_attention(q, q, q, m, scale=0.3),
        q, m,
    )  # fmt: skip


def test_dropout_drops_whole_weights():
    q, k = autograd.zeros(1, 1, 200, 4), autograd.zeros(1, 1, 50, 4)
    v = autograd.eye(50).reshape(1, 1, 50, 50).requires_grad_()
    weights = G.scaled_dot_product_attention(q, k, v, dropout_p=0.5)  # rows of the weights themselves
    values = set(weights.reshape(-1).tolist())
    assert len(values) == 2 and 0.0 in values and max(values) == pytest.approx(2 / 50)
    weights.sum().backward()
    assert autograd.allclose(v.grad[0, 0, :, 0], weights.detach().sum(2)[0, 0])


@pytest.mark.filterwarnings("ignore:Support for mismatched")
@pytest.mark.parametrize("seed", range(24))
def test_multihead_attention(seed):
    random.seed(seed)
    pt.manual_seed(seed)
    options = {
        name: random.random() < share
        for name, share in (("bias", 0.7), ("add_bias_kv", 0.3), ("add_zero_attn", 0.3), ("batch_first", 0.5))
    }
    same, single = seed % 2 == 0, seed % 5 == 0
    if not same:
        options |= {"kdim": 6, "vdim": 7}
    theirs = pt.nn.MultiheadAttention(8, 2, **options).double()
    mine = nn.MultiheadAttention(8, 2, **options, dtype=autograd.float64)
    load(mine, theirs)

    def shaped(n, width):
        return normal(
            *((n, width) if single else (3, n, width) if options["batch_first"] else (n, 3, width))
        ).requires_grad_()

    if same and seed % 4 == 0:
        q = k = v = shaped(4, 8)
        oq = ok = ov = ours(q).requires_grad_()
        length = 4
    else:
        q, k, v = shaped(4, 8), shaped(5, 8 if same else 6), shaped(5, 8 if same else 7)
        oq, ok, ov = (ours(x).requires_grad_() for x in (q, k, v))
        length = 5
    call = {"need_weights": random.random() < 0.5, "average_attn_weights": random.random() < 0.5}
    if random.random() < 0.5:
        padding = pt.tensor([False] * (length - 1) + [True])
        call["key_padding_mask"] = padding if single else padding.expand(3, length)
    if random.random() < 0.6:
        call["attn_mask"] = random.choice(
            [pt.rand(4, length) < 0.3, normal(4, length), normal(2 if single else 6, 4, length)]
        )
        if call["attn_mask"].dtype == pt.bool:
            call["attn_mask"][:, 0] = False
    ours_call = {name: ours(value) if pt.is_tensor(value) else value for name, value in call.items()}
    (a, weights), (b, our_weights) = theirs(q, k, v, **call), mine(oq, ok, ov, **ours_call)
    assert_same(a, b)
    assert (weights is None) == (our_weights is None)
    if weights is not None:
        assert_same(weights, our_weights)
    g = pt.randn_like(a)
    inputs, our_inputs = [q, k, v, *theirs.parameters()], [oq, ok, ov, *mine.parameters()]
    expected = pt.autograd.grad(a, inputs, g, allow_unused=True)
    for x, y in zip(expected, autograd.grad(b, our_inputs, ours(g), allow_unused=True), strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            assert_same(x, y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(8))
def test_transformer(seed):
    random.seed(seed)
    pt.manual_seed(seed)
    options = {"activation": random.choice(["relu", "gelu"]), "batch_first": seed % 2 == 0, "norm_first": seed % 4 < 2, "bias": seed % 3 > 0, "dropout": 0.0}  # fmt: skip
    theirs = pt.nn.Transformer(8, 2, 2, 2, 16, **options).double()
    mine = nn.Transformer(8, 2, 2, 2, 16, **options, dtype=autograd.float64)
    load(mine, theirs)
    order = (lambda n: (3, n, 8)) if options["batch_first"] else (lambda n: (n, 3, 8))
    source, target = normal(*order(5)), normal(*order(4)).requires_grad_()
    call = {}
    if seed % 2:
        call["tgt_mask"] = pt.nn.Transformer.generate_square_subsequent_mask(4, dtype=pt.float64)
        assert (
            call["tgt_mask"].tolist()
            == nn.Transformer.generate_square_subsequent_mask(4, dtype=autograd.float64).tolist()
        )
        call["tgt_is_causal"] = seed % 4 == 1 or None
    if seed % 3 == 0:
        call["src_key_padding_mask"] = call["memory_key_padding_mask"] = pt.tensor([[False] * 4 + [True]] * 3)
    ours_call = {name: ours(value) if pt.is_tensor(value) else value for name, value in call.items()}
    our_target = ours(target).requires_grad_()
    a, b = theirs(source, target, **call), mine(ours(source), our_target, **ours_call)
    assert_same(a, b)
    g = pt.randn_like(a)
    expected = pt.autograd.grad(a, [target, *theirs.parameters()], g)
    for x, y in zip(expected, autograd.grad(b, [our_target, *mine.parameters()], ours(g)), strict=True):
        assert_same(x, y, 1e-8)
    theirs.eval(), mine.eval()
    with pt.no_grad():
        assert_same(theirs(source, target, **call), mine(ours(source), our_target, **ours_call))


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize(
    ("layer", "arguments"),
    [("Conv2d", (3, 8, 3)), ("ConvTranspose1d", (4, 6, 3)), ("LSTM", (3, 4, 2)), ("GRUCell", (3, 4)), ("MultiheadAttention", (8, 2)), ("Transformer", (8, 2, 1, 1, 16))],
)  # fmt: skip
def test_initial_values_are_pytorchs_bit_for_bit(layer, arguments):
    pt.manual_seed(3)
    autograd.manual_seed(3)
    theirs, mine = getattr(pt.nn, layer)(*arguments), getattr(nn, layer)(*arguments)
    for (name, a), (our_name, b) in zip(theirs.state_dict().items(), mine.state_dict().items(), strict=True):
        assert (name, a.tolist()) == (our_name, b.tolist())


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (RuntimeError, lambda q: G.scaled_dot_product_attention(q, q, q, autograd.ones(3, 3), is_causal=True), "should not be set"),
        (RuntimeError, lambda q: G.scaled_dot_product_attention(q, q[..., :2], q), "same last dimension"),
        (RuntimeError, lambda q: G.scaled_dot_product_attention(q, q, q, autograd.ones(5, 5)), r"\[5, 5\] is not broadcastable"),
        (RuntimeError, lambda q: G.scaled_dot_product_attention(q, q.double(), q), "same dtype"),
        (AssertionError, lambda q: nn.MultiheadAttention(4, 2)(q, q, q[:1]), "key shape"),
        (AssertionError, lambda q: nn.MultiheadAttention(6, 2)(q, q, q), "embedding dimension of 6, but got 4"),
        (RuntimeError, lambda q: nn.MultiheadAttention(4, 2)(q, q, q, attn_mask=autograd.ones(2, 2)), r"should be \(2, 2\)|\(3, 3\)"),
        (RuntimeError, lambda q: nn.Transformer(4, 2, 1, 1)(q, q[..., :2]), "d_model=4"),
    ],
)  # fmt: skip
def test_errors(error, call, words):
    with pytest.raises(error, match=words):
        call(autograd.ones(3, 2, 4))
