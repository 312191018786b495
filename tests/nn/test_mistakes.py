"""What a beginner does wrong: the error has PyTorch's type, and says what was given, what is wanted and what to do."""

import importlib.util

import pytest

import autograd
import nn
import optim

Ours = (autograd, nn, optim)

MISTAKES = {
    "a layer of another width": (lambda t, nn, o: nn.Linear(10, 5)(t.ones(3, 4)), "in_features=4"),
    "a list for a tensor": (lambda t, nn, o: nn.Linear(2, 2)([1.0, 2.0]), "must be Tensor, not list"),
    "a class number for a tensor": (lambda t, nn, o: nn.Embedding(10, 3)(4), "must be Tensor, not int"),
    "a list for the logits": (lambda t, nn, o: nn.CrossEntropyLoss()([1.0], t.tensor([0])), "'input' must be Tensor"),
    "a list for the labels": (lambda t, nn, o: nn.CrossEntropyLoss()(t.ones(1, 2), [0]), "'target' must be Tensor"),
    "logits and labels swapped": (
        lambda t, nn, o: nn.CrossEntropyLoss()(t.tensor([0, 1]), t.ones(2, 3)),
        "cross_entropy(input, target)",
    ),
    "sequences not flattened": (
        lambda t, nn, o: nn.CrossEntropyLoss()(t.ones(6, 3), t.zeros(2, 3, dtype=t.int64)),
        "flatten(0, 1)",
    ),
    "channels last": (lambda t, nn, o: nn.Conv2d(3, 8, 3)(t.ones(2, 9, 9, 3)), "movedim(-1, -3)"),
    "a column for a row": (lambda t, nn, o: nn.BCELoss()(t.ones(4, 1), t.ones(4)), "squeeze"),
    "rows for images": (lambda t, nn, o: nn.BatchNorm2d(3)(t.ones(2, 3)), "[2, 3]"),
    "a model for its parameters": (lambda t, nn, o: o.Adam(nn.Linear(1, 1)), "model.parameters()"),
    "a model without parameters": (lambda t, nn, o: o.Adam(nn.ReLU().parameters()), "nn.ModuleList"),
    "a dict of parameters": (lambda t, nn, o: o.SGD(dict(nn.Linear(1, 1).named_parameters()), lr=0.1), ".values()"),
    "item of many": (lambda t, nn, o: t.ones(3).item(), ".tolist()"),
    "heads that do not divide": (lambda t, nn, o: nn.MultiheadAttention(10, 3), "10 is not by 3"),
}


def raised(mistake, t, nn, optim):
    with pytest.raises(Exception) as caught:
        mistake(t, nn, optim)
    return caught.value


@pytest.mark.parametrize("what", MISTAKES)
def test_the_error_says_what_to_do(what):
    mistake, words = MISTAKES[what]
    assert words in str(raised(mistake, *Ours))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
@pytest.mark.parametrize("what", MISTAKES)
def test_the_error_is_of_pytorchs_type(what):
    import torch

    mistake, _ = MISTAKES[what]
    assert type(raised(mistake, *Ours)) is type(raised(mistake, torch, torch.nn, torch.optim))


def test_samples_of_different_lengths_are_told_what_collates_them():
    samples = [autograd.ones(1), autograd.ones(2)]
    with pytest.raises(RuntimeError, match="equal size") as caught:
        next(iter(autograd.utils.data.DataLoader(samples, batch_size=2)))
    assert "collate_fn" in " ".join(caught.value.__notes__)


def test_the_state_of_an_lstm_is_a_pair():
    with pytest.raises(RuntimeError, match="tuple"):
        nn.LSTM(4, 5)(autograd.ones(2, 3, 4), autograd.zeros(1, 3, 5))


@pytest.mark.parametrize("loss", [nn.functional.mse_loss, nn.MSELoss(), nn.L1Loss()])
def test_the_warning_of_a_broadcast_loss_is_of_the_callers_line(loss):
    with pytest.warns(UserWarning, match="squeeze") as caught:
        loss(autograd.ones(4, 1), autograd.ones(4))
    assert [w.filename for w in caught] == [__file__]


def test_the_parts_of_a_trainer_have_an_order():
    model = nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"got Linear, SGD, MSELoss"):
        nn.Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss())


TRUNKS = {
    "rnn": lambda: (nn.RNN(4, 4), autograd.randn(2, 3, 4)),
    "lstm": lambda: (nn.LSTM(4, 4), autograd.randn(2, 3, 4)),
    "cell": lambda: (nn.GRUCell(4, 4), autograd.randn(2, 4)),
    "batch norm": lambda: (nn.BatchNorm2d(2), autograd.randn(3, 2, 4, 4)),
    "group norm": lambda: (nn.GroupNorm(1, 2), autograd.randn(3, 2, 4, 4)),
    "layer norm": lambda: (nn.LayerNorm(4), autograd.randn(3, 4, requires_grad=True)),
    "attention": lambda: (lambda x, m=nn.MultiheadAttention(4, 2): m(x, x, x), autograd.randn(2, 3, 4)),
}


@pytest.mark.parametrize("what", TRUNKS)
def test_a_second_backward_through_a_trunk_says_what_was_released(what):
    """Backward releases the parameters on which the names of some nodes hang: the message has a name all the same."""
    module, x = TRUNKS[what]()
    made = module(x)
    made = made[0] if isinstance(made, tuple) else made
    made.square().sum().backward()
    assert "grad_fn" in repr(made)
    with pytest.raises(RuntimeError, match=r"backward through the graph a second time.*Backward\d"):
        made.sin().sum().backward()


def test_a_step_between_two_backward_passes_is_named():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loss = model(autograd.ones(3, 2)).square().mean()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"SGD\.step.*Do all backward passes before the step"):
        loss.backward()


def test_a_size_is_of_ints():
    with pytest.raises(TypeError, match="not Tensor"):
        autograd.zeros(autograd.tensor([2, 3]))


def test_a_loss_is_made_before_it_is_called():
    with pytest.raises(TypeError, match=r"MSELoss\(\)\(input, target\)"):
        nn.MSELoss(autograd.ones(2), autograd.ones(2))
