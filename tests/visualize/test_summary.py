"""The table of a model, and the cards of modules and optimizers."""

import pytest

import autograd as torch
import nn
import optim
from autograd.visualize import summary


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 13 * 13, 10)
    )


def test_shapes_parameters_and_multiply_adds():
    s = summary(cnn(), (4, 1, 28, 28))
    by_name = {row.name: row for row in s.rows}
    assert by_name["0"].output == [4, 8, 26, 26] and by_name["0"].params == 8 * 9 + 8
    assert by_name["0"].mult_adds == 4 * 8 * 26 * 26 * 9
    assert by_name["5"].mult_adds == 4 * 10 * 8 * 13 * 13
    assert s.total_params == 80 + 16 + 1352 * 10 + 10 == s.trainable_params
    assert s.param_bytes == 4 * s.total_params
    assert "[4, 8, 26, 26]" in repr(s) and "[4, 8, 26, 26]" in s._repr_html_()


def test_the_model_is_left_as_it_was():
    model = cnn()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model[2].eval()
    summary(model, (2, 1, 28, 28))
    assert model.training and not model[2].training and not model[0]._forward_hooks
    assert all((before[k] == v).all() for k, v in model.state_dict().items())


def test_shared_parameters_count_once():
    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 50, bias=False))
    model[1].weight = model[0].weight
    s = summary(model, (2, 5))
    assert s.total_params == 400
    assert [row.shared for row in s.rows] == [False, False, True] and "(shared)" in repr(s)


def test_frozen_parameters_several_inputs_and_no_input():
    model = nn.Bilinear(3, 4, 5)
    model.bias.requires_grad_(False)
    s = summary(model, [(2, 3), (2, 4)])
    assert s.rows[0].output == [2, 5] and s.trainable_params == 60 and "5 frozen" in repr(s)
    assert summary(model).rows[0].output is None


@pytest.mark.parametrize("layer, size", [(nn.LSTM(6, 7, 2), (5, 3, 6)), (nn.GRU(6, 7, bidirectional=True), (5, 3, 6))])
def test_recurrent_layers_multiply_at_every_step(layer, size):
    matrices = sum(p.numel() for p in layer.parameters() if p.ndim == 2)
    assert summary(layer, size).mult_adds == matrices * 15


def test_autograd_has_it_and_refuses_what_is_no_module():
    assert torch.summary is summary
    with pytest.raises(TypeError, match="Module"):
        summary(3)


def test_cards():
    model = cnn()
    card = model._repr_html_()
    assert "Conv2d" in card and "13,626 parameters" in card and "training mode" in card
    assert "weight [8, 1, 3, 3]" in card
    card = optim.Adam(model.parameters(), lr=0.004)._repr_html_()
    assert "Adam" in card and "0.004" in card and "13,626 in 6 tensors" in card


def test_equal_layers_of_a_list_have_one_line():
    block = lambda: nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    s = summary(nn.Sequential(*[block() for _ in range(12)], nn.Linear(4, 4), nn.Linear(4, 4)), (2, 4))
    lines = [line.split("  ")[0] if line[0] != " " else line.strip().split("  ")[0] for line in repr(s).splitlines()]
    assert lines[2:8] == ["Sequential", "0-11: Sequential (each)", "0: Linear", "1: Tanh", "12: Linear", "13: Linear"]
    assert len(s.rows) == 1 + 3 * 12 + 2 and s.total_params == 14 * 20 and s._repr_html_().count("<tr>") == 7


def test_a_card_of_parameters_says_each_once():
    card = nn.ParameterList([torch.ones(2), torch.ones(3)])._repr_html_()
    assert "0 [2], 1 [3]" in card and "containing" not in card
