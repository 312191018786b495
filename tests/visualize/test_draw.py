"""Pictures of graphs: what they say, and that large ones are drawn as quickly as they are read."""

import time

import pytest

import autograd as torch
import nn
from autograd.visualize import draw, graph, recording


def perceptron():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    loss = nn.functional.cross_entropy(model(torch.randn(5, 6)), torch.tensor([0, 1, 2, 0, 1]))
    return model, loss


def test_scalars_show_data_and_gradient():
    a, b = torch.tensor(2.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
    source = draw(a * b + a, params={"a": a, "b": b}).source
    for text in ("data -6.", "data -4.", "grad -2.", "grad 2."):
        assert text in source


def test_modules_are_boxes_with_their_paths():
    model, loss = perceptron()
    source = draw(loss, params=dict(model.named_parameters()), depth=2).source
    for text in ("0: Linear", "1: ReLU", "2: Linear", "0.weight", "2.bias", "softmax_cross_entropy"):
        assert text in source
    closed = draw(loss, params=dict(model.named_parameters()), depth=0).source
    assert "Sequential" in closed and "1: ReLU" not in closed


def test_a_graph_can_be_walked():
    model, loss = perceptron()
    g = graph(loss, params=dict(model.named_parameters()))
    assert {v.name for v in g.parameters} == set(dict(model.named_parameters()))
    assert g.find("0.weight").shape == (4, 6)
    path = [v.op for v in g.path("0.weight")]
    assert path == ["", "linear", "relu", "linear", "softmax_cross_entropy"]
    assert all(v.module for v in g.operations if v.op in ("linear", "relu"))


def test_drawing_changes_nothing():
    model, loss = perceptron()
    draw(loss).source
    assert all(p.grad is None for p in model.parameters())
    loss.backward()


def test_a_recording_keeps_values_and_lines_after_backward():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with recording():
        y = (x * x).sum()
        y.backward()
    g = graph(y)
    assert g.find("mul").value.text == "[1. 4.]" and g.find("mul").line[0] == __file__


def test_repeated_blocks_are_folded():
    model = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(12)])
    assert "×1" in draw(model(torch.ones(2, 4)).sum(), params=dict(model.named_parameters())).source


def test_a_hundred_thousand_nodes():
    x = torch.ones(3, requires_grad=True)
    y = x
    for _ in range(33_334):
        y = (y * 1.0001 + 0.1).tanh()
    start = time.perf_counter()
    source = draw(y.sum()).source
    assert len(source) < 60_000
    assert time.perf_counter() - start < 60  # a hang, not a speed, is what this finds


def test_svg_is_written_where_graphviz_is(tmp_path):
    from autograd.visualize.picture import find_dot

    loss = perceptron()[1]
    if find_dot() is None:
        with pytest.raises(RuntimeError, match="graphviz"):
            draw(loss).save(tmp_path / "g.svg")
    else:
        draw(loss).save(tmp_path / "g.svg")
        assert (tmp_path / "g.svg").read_text().lstrip().startswith("<?xml")


def test_no_graph_is_an_error():
    with pytest.raises(RuntimeError, match="requires_grad"):
        draw(torch.ones(2))
    with pytest.raises(TypeError, match="Tensor"):
        graph(3)
