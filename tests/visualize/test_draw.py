"""Pictures of graphs: what they say, and that large ones are drawn as quickly as they are read."""

import sys

import pytest

import autograd as torch
import nn
from autograd.visualize import draw, graph, recording
from autograd.visualize.blocks import Block, tree
from autograd.visualize.dot import Board
from autograd.visualize.page import data_of


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
    assert "Sequential ×12" in draw(model(torch.ones(2, 4)).sum(), params=dict(model.named_parameters())).source


def calls_to_draw(steps):
    """How many Python functions are called to draw a chain of three nodes a step, and the drawing."""
    x = torch.ones(3, requires_grad=True)
    y = x
    for _ in range(steps):
        y = (y * 1.0001 + 0.1).tanh()
    y = y.sum()
    count = 0

    def counts(frame, event, arg):
        nonlocal count
        count += event == "call"

    sys.setprofile(counts)
    try:
        source = draw(y).source
    finally:
        sys.setprofile(None)
    return count, source


def test_a_hundred_thousand_nodes():
    """The work grows with the nodes and no faster, and the drawing stays small."""
    few, _ = calls_to_draw(3_334)
    many, source = calls_to_draw(33_334)
    assert len(source) < 60_000
    assert many < 11 * few


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


def test_the_first_layer_of_a_stack_is_folded_with_the_others():
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 12)
    source = draw(model(torch.randn(2, 3, 8)).sum(), depth=2, show=("shape",)).source
    assert "TransformerEncoderLayer ×12" in source and source.count("linear1: Linear") == 1 and "next" in source


def test_loops_without_modules_are_folded():
    w = torch.eye(3, requires_grad=True)
    h = torch.ones(2, 3)
    for _ in range(40):
        h = (h @ w + 0.1).tanh()
    source = draw(h.sum(), {"w": w}).source
    assert "×40" in source or "×39" in source
    assert source.count("matmul") < 6


def test_wide_graphs_are_capped():
    leaves = [torch.ones(2, requires_grad=True) for _ in range(500)]
    total = leaves[0]
    for i, leaf in enumerate(leaves[1:]):
        total = total * leaf if i % 7 % 3 == 0 else (total + leaf).sin() if i % 5 else total - leaf
    source = draw(total.sum()).source
    assert " more" in source and source.count("[label=") < 80


def test_to_json_round_trips_and_to_dot_needs_nothing(tmp_path):
    import json

    model, loss = perceptron()
    found = json.loads(graph(loss).to_json(tmp_path / "g.json"))
    ids = {node["id"] for node in found["nodes"]}
    assert found["root"] in ids and all(e["source"] in ids and e["target"] in ids for e in found["edges"])
    assert {n["name"] for n in found["nodes"] if n["kind"] == "parameter"} == set(dict(model.named_parameters()))
    assert (tmp_path / "g.json").stat().st_size > 500
    assert graph(loss).to_dot().startswith("digraph {")


def test_gradients_shown_are_those_of_backward():
    model, loss = perceptron()
    shown = {v.name: v.grad.norm for v in graph(loss).parameters}
    loss.backward()
    for name, p in model.named_parameters():
        assert abs(shown[name] - p.grad.norm().item()) < 1e-5


def test_a_value_that_was_overwritten_is_shown_as_it_was():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with recording():
        y = x * 3
        z = y.exp()
        y += 100
    assert graph(z).find("mul").value.text == "[3. 6.]"  # computed again: the memory holds something else now


def test_without_dot_the_picture_says_what_to_install(monkeypatch):
    from autograd.visualize import picture

    loss = perceptron()[1]
    monkeypatch.setattr(picture, "find_dot", lambda: None)
    shown = draw(loss)._repr_mimebundle_()
    assert "pip install graphviz-pure" in shown["text/plain"] and "digraph" in shown["text/html"]
    assert "<svg" not in shown["text/html"] and "linear" in graph(loss).to_html()


def test_bad_arguments_are_refused():
    _model, loss = perceptron()
    with pytest.raises(ValueError, match="show must be"):
        draw(loss, show=("shapes",))
    with pytest.raises(ValueError, match="rankdir"):
        draw(loss, rankdir="left")
    with pytest.raises(TypeError, match="params"):
        graph(loss, params={"x": 3})
    with pytest.raises(KeyError, match=r"0\.weight"):
        graph(loss).find("nothing")


def test_boxes_say_indices_hooks_and_constants_as_programs_write_them():
    x = torch.randn(3, 12, requires_grad=True)
    y = x * 1.0001
    y.register_hook(lambda g: g)
    y[:, 1].mul_(3)
    text = draw((y[..., 4:8] + torch.linalg.svd(x)[1].sum()).sum()).source
    assert "slice [..., 4:8]" in text and "copy_slices [:, 1]" in text
    assert "1.0001" in text and "hooks" in text and 'label="  S "' in text


def test_a_loop_of_one_operation_shows_that_it_feeds_itself():
    y = torch.randn(3, requires_grad=True)
    for _ in range(200):
        y = y.sin()
    assert "goes in again" in draw(y.sum()).source.replace("\u00a0", " ")


def test_the_number_that_a_sum_did_not_keep_is_in_the_picture():
    x = torch.tensor(1.5, requires_grad=True)
    assert "data 3.0" in draw((x - 3) * x).source
    assert "data 2.5" in draw((2.5 - x) * x).source
    assert "data 4.0" in draw((4 + x) * x).source


def test_modules_of_one_class_are_all_open_or_all_closed():
    layers = [nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Dropout(0.5)) for _ in range(5)]
    layers = [layer if k % 2 else nn.Sequential(*layer, nn.ReLU()) for k, layer in enumerate(layers)]
    model = nn.Sequential(*layers)
    g = graph(model(torch.randn(2, 4)).sum())
    for boxes in range(8, 40, 4):
        board = Board(g, None, True, boxes)
        stack, seen = [(board.root, 0)], {}
        while stack:
            block, level = stack.pop()
            for item in board.shown(block):
                if isinstance(item, Block):
                    opened = id(item) in board.open
                    seen.setdefault((level, item.name.split(": ")[-1]), set()).add(opened)
                    stack += [(item, level + 1)] if opened else []
        assert all(len(states) == 1 for states in seen.values()), (boxes, seen)


def test_each_result_of_several_has_its_arrow():
    a, b = torch.randn(3, 4, requires_grad=True).chunk(2, 1)
    loss = (a * b).sum()
    text = draw(loss).source
    assert 'label="  0 "' in text and 'label="  1 "' in text
    assert graph(loss).find("mul").value.mean == pytest.approx((a * b).mean().item())


class Pair(nn.Module):
    """Two results, a list of modules inside, and a name longer than a box."""

    def __init__(self):
        super().__init__()
        self.experts_of_the_first_kind = nn.ModuleList(nn.Linear(3, 3) for _ in range(2))
        self.act = nn.ReLU()

    def forward(self, x):
        first, second = (expert(x) for expert in self.experts_of_the_first_kind)
        return self.act(first), second


def test_a_module_with_two_results_is_one_box_and_its_parts_have_their_names():
    model = Pair()
    a, b = model(torch.randn(2, 3))
    loss = (a * b).sum()
    source = draw(loss).source
    assert [call.path for call in graph(loss).calls].count("Pair") == 1 and ": Pair" not in source
    assert "experts_of_the_first_kind.1: Linear" in source and "…0.weight" in source
    assert "act: ReLU" in source and ">relu" not in source  # its one operation is the box


def test_a_picture_says_that_modules_are_gone():
    loss = nn.Sequential(nn.Linear(3, 2), nn.Tanh())(torch.randn(4, 3)).sum()
    assert "Keep the model in a variable" in draw(loss).source and "Keep the model" in graph(loss).to_html()
    model, loss = perceptron()
    assert "Keep the model" not in draw(loss).source


def test_constants_are_named_by_what_takes_them_and_writes_say_where():
    model, loss = perceptron()
    labels = torch.arange(9) % 7
    g = graph(nn.functional.cross_entropy(torch.randn(9, 7, requires_grad=True), labels), {"labels": labels})
    assert g.find("labels").value.text == "0 to 6"
    assert ">target" in draw(loss).source.replace("\u00a0", "")
    y = torch.ones(4, requires_grad=True) * 2
    y[0] = 0
    y[1:3] = y[1:3] * 3
    y[torch.tensor([0, 1])] = 5
    source = draw(y.sum()).source
    assert all(f"copy_slices {where}" in source for where in ("[0]", "[1:3]", "[array [2]]"))


def test_a_closed_module_says_what_comes_out():
    model, loss = perceptron()
    told = {item["name"]: item["said"] for item in data_of(graph(loss))["items"] if item["kind"] == "module"}
    assert told["Sequential"] == "→ [5, 3], 3 operations, 43 parameters" and told["1: ReLU"] == "→ [5, 4]"
    assert "→ [5, 3]" in draw(loss, depth=0).source and "→" not in draw(loss, depth=0, show=()).source


def test_heads_are_in_the_middle_of_their_boxes_whatever_the_font():
    from autograd.visualize.picture import centred

    node = (
        '<g id="node1" class="node"><path d="M10,-5C10,-5 30,-5 30,-5"/>'
        '<text text-anchor="start" x="12" y="-9" font-weight="bold">relu</text>'
        '<text text-anchor="start" x="12" y="-3">shape</text></g>'
    )
    assert 'text-anchor="middle" x="20" y="-9"' in centred(node) and 'text-anchor="start" x="12" y="-3"' in centred(
        node
    )


def test_models_are_named_by_the_caller_and_what_they_are_given_is_outside():
    actor, critic = nn.Sequential(nn.Linear(3, 2), nn.Tanh()), nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    state, goal = torch.randn(4, 3), torch.randn(4, 3, requires_grad=True)
    loss = (actor(state) * critic(goal)).sum()
    g = graph(loss, {"actor": actor, "critic": critic, "state": state, "goal": goal})
    assert {v.name for v in g.parameters} == {"goal"} | {
        f"{model}.0.{kind}" for model in ("actor", "critic") for kind in ("weight", "bias")
    }
    assert {v.module for v in g.operations if v.op == "linear"} == {"actor.0", "critic.0"}
    assert "actor: Sequential" in draw(g).source
    assert {leaf.name for leaf in tree(g).leaves} == {"state", "goal"}
    assert {leaf.name for leaf in tree(graph(loss, dict(actor.named_parameters()))).leaves} == set()


def test_small_numbers_do_not_look_like_zeros():
    x = torch.tensor([2.0, 3e-7, 0.0], requires_grad=True)
    assert graph((x * 1).sum(), {"x": x}).find("x").value.text == "[2. 3e-07 0.]"


def test_a_part_that_is_called_alone_has_its_name_in_the_whole():
    critic = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    x = torch.randn(4, 2, requires_grad=True)
    (slope,) = torch.grad(critic(x).sum(), x, create_graph=True)  # whose graph lacks the result of critic
    loss = slope.square().sum()
    names = {"0.weight", "0.bias", "2.weight"}
    for g, prefix in ((graph(loss + critic(x).sum()), ""), (graph(loss, {"critic": critic}), "critic.")):
        assert {prefix + name for name in names} <= {v.name for v in g.parameters}
        assert {call.path for call in g.calls} >= {prefix + "0", prefix + "1"}


def test_numbers_of_two_bytes_are_shown():
    pytest.importorskip("ml_dtypes")
    x = torch.tensor([1.0, 2.0, 3.0] * 4, dtype=torch.bfloat16, requires_grad=True)
    found = graph((x * 2).sum(), {"x": x}).find("x")
    assert found.value.text == "2.0 ± 0.816" and found.value.max == 3.0 and found.dtype.name == "bfloat16"


def test_a_picture_after_backward_says_why_gradients_are_missing():
    model, loss = perceptron()
    assert "recording()" not in draw(loss).source
    loss.backward()
    assert "recording()" in draw(loss).source and "recording()" in graph(loss).to_html()
    with recording():
        loss = model(torch.randn(5, 6)).sum()
        loss.backward()
    assert "recording()" not in draw(loss).source
