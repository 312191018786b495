"""Recurrent layers, cells and packed sequences against PyTorch."""

import random

import pytest

import autograd
import nn
from nn.utils import rnn

from .helpers import assert_same, load, normal, ours, pt


@pytest.mark.parametrize("seed", range(45))
def test_any_layer(seed):
    random.seed(seed)
    pt.manual_seed(seed)
    kind, form = ["LSTM", "GRU", "RNN"][seed % 3], ["batch", "single", "packed"][seed // 3 % 3]
    options = {"num_layers": random.choice([1, 2]), "bias": random.random() < 0.8, "batch_first": random.random() < 0.5, "bidirectional": random.random() < 0.5}  # fmt: skip
    if kind == "LSTM" and random.random() < 0.4:
        options["proj_size"] = 2
    if kind == "RNN":
        options["nonlinearity"] = random.choice(["tanh", "relu"])
    theirs = getattr(pt.nn, kind)(3, 4, **options).double()
    mine = getattr(nn, kind)(3, 4, **options, dtype=autograd.float64)
    load(mine, theirs)
    shape = {"single": (5, 3)}.get(form, (2, 5, 3) if options["batch_first"] else (5, 2, 3))
    x = normal(*shape).requires_grad_()
    z = ours(x).requires_grad_()
    states, our_states = initial_states(kind, form, options)
    if form == "packed":
        lengths = random.choice([[5, 3], [3, 5], [4, 4]])
        first = pt.nn.utils.rnn.pack_padded_sequence(x, lengths, options["batch_first"], enforce_sorted=False)
        second = rnn.pack_padded_sequence(z, lengths, options["batch_first"], enforce_sorted=False)
        assert_same(first.data, second.data)
        assert first.batch_sizes.tolist() == second.batch_sizes.tolist()
        (y, h), (our_y, our_h) = theirs(first, states), mine(second, our_states)
        y, count = pt.nn.utils.rnn.pad_packed_sequence(y, options["batch_first"])
        our_y, our_count = rnn.pad_packed_sequence(our_y, options["batch_first"])
        assert count.tolist() == our_count.tolist()
    else:
        (y, h), (our_y, our_h) = theirs(x, states), mine(z, our_states)
    results, our_results = [y, *listed(h)], [our_y, *listed(our_h)]
    for a, b in zip(results, our_results, strict=True):
        assert_same(a, b)
    inputs = [x, *listed(states), *theirs.parameters()]
    our_inputs = [z, *listed(our_states), *mine.parameters()]
    gs = [pt.randn_like(a) for a in results]
    expected = pt.autograd.grad(results, inputs, gs, create_graph=True)
    plain = autograd.grad(our_results, our_inputs, [ours(g) for g in gs], retain_graph=True)
    recorded = autograd.grad(our_results, our_inputs, [ours(g) for g in gs], create_graph=True)
    for a, b, c in zip(expected, plain, recorded, strict=True):
        assert_same(a, b)
        assert_same(a, c)
    if seed < 18:
        total = sum((a * a).sum() for a in expected)
        our_total = sum(((b * b).sum() for b in recorded[1:]), (recorded[0] * recorded[0]).sum())
        second_ = pt.autograd.grad(total, inputs, allow_unused=True)
        for a, b in zip(second_, autograd.grad(our_total, our_inputs, allow_unused=True), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert_same(a, b, 1e-8)


def listed(states):
    """None, one or a pair of states as a list."""
    return [] if states is None else list(states) if isinstance(states, tuple) else [states]


def initial_states(kind, form, options):
    """PyTorch's and ours, with gradients; or None."""
    if random.random() < 0.4:
        return None, None
    count = options["num_layers"] * (2 if options["bidirectional"] else 1)
    sizes = [options.get("proj_size", 4)] + [4] * (kind == "LSTM")
    states = [normal(*((count, n) if form == "single" else (count, 2, n))).requires_grad_() for n in sizes]
    mine = [ours(h).requires_grad_() for h in states]
    return (tuple(states), tuple(mine)) if kind == "LSTM" else (states[0], mine[0])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("cell", "options"), [("LSTMCell", {}), ("GRUCell", {}), ("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"})]
)
def test_cells(cell, options, bias):
    theirs = getattr(pt.nn, cell)(3, 4, bias=bias, **options).double()
    mine = getattr(nn, cell)(3, 4, bias=bias, **options, dtype=autograd.float64)
    load(mine, theirs)
    x, h = normal(5, 2, 3), normal(2, 4)
    state, our_state = ((h, h), (ours(h), ours(h))) if cell == "LSTMCell" else (h, ours(h))
    for step in range(5):
        state, our_state = theirs(x[step], state), mine(ours(x[step]), our_state)
    for a, b in zip(listed(state), listed(our_state), strict=True):
        assert_same(a, b)
    sum(a.sum() for a in listed(state)).backward()
    sum((b.sum() for b in listed(our_state)[1:]), listed(our_state)[0].sum()).backward()
    for p, q in zip(theirs.parameters(), mine.parameters(), strict=True):
        assert_same(p.grad, q.grad)
    assert_same(listed(theirs(x[0, 0]))[0], listed(mine(ours(x[0, 0])))[0])


def test_dropout_is_between_the_layers_and_only_in_training():
    layer = nn.GRU(3, 64, 2, dropout=1.0)
    x = autograd.randn(4, 2, 3)
    nothing = layer(autograd.randn(4, 2, 3))[0]
    assert (layer(x)[0] == nothing).all()  # the second layer sees zeros whatever the input
    layer.eval()
    assert not (layer(x)[0] == nothing).all()


def test_a_sequence_in_one_is_a_sequence_in_parts():
    layer = nn.LSTM(3, 4, 2, bidirectional=False)
    x = autograd.randn(7, 2, 3)
    whole, last = layer(x)
    first, state = layer(x[:3])
    second, end = layer(x[3:], state)
    assert autograd.allclose(autograd.cat([first, second]), whole, atol=1e-6)
    assert autograd.allclose(end[1], last[1], atol=1e-6)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_padding(side, batch_first):
    sequences = [pt.arange(6.0).reshape(3, 2), pt.ones(1, 2), pt.zeros(2, 2) - 1]
    expected = pt.nn.utils.rnn.pad_sequence(sequences, batch_first, 9.0, side)
    assert_same(expected, rnn.pad_sequence([ours(s) for s in sequences], batch_first, 9.0, side))
    packed = rnn.pack_sequence([ours(s) for s in sequences], enforce_sorted=False)
    assert packed.data.tolist() == pt.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False).data.tolist()
    for a, b in zip(sequences, rnn.unpack_sequence(packed), strict=True):
        assert_same(a, b)
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first, -7.0, total_length=5)
    assert lengths.tolist() == [3, 1, 2] and padded.shape == ((3, 5, 2) if batch_first else (5, 3, 2))
    assert (padded == -7).sum() == 2 * (15 - 6)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (RuntimeError, lambda: nn.LSTM(3, 4)(autograd.ones(5, 2, 2)), "Expected 3, got 2"),
        (
            RuntimeError,
            lambda: nn.GRU(3, 4)(autograd.ones(5, 2, 3), autograd.ones(1, 3, 4)),
            r"\(1, 2, 4\), got \[1, 3, 4\]",
        ),
        (ValueError, lambda: nn.GRU(3, 4)(autograd.ones(5, 2, 3).double()), "does not match weight dtype"),
        (RuntimeError, lambda: nn.GRUCell(3, 4)(autograd.ones(2, 5)), "inconsistent input_size: got 5, expected 3"),
        (ValueError, lambda: nn.LSTM(3, 4, proj_size=4), "proj_size has to be smaller"),
        (ValueError, lambda: nn.RNN(3, 4, nonlinearity="sine"), "Unknown nonlinearity"),
        (RuntimeError, lambda: rnn.pack_padded_sequence(autograd.ones(4, 2), [1, 3]), "enforce_sorted=False"),
        (RuntimeError, lambda: rnn.pack_padded_sequence(autograd.ones(4, 2), [3]), "batch_size=2"),
    ],
)
def test_errors(error, call, words):
    with pytest.raises(error, match=words):
        call()
