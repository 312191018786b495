"""Pictures of unusual graphs: results in containers, loops that begin with constants, Functions that fail, views."""

import re
import warnings
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

import autograd as torch
import nn
from autograd.visualize import draw, graph, show_backward, summary
from autograd.visualize.blocks import Block
from autograd.visualize.dot import Board
from autograd.visualize.picture import beside_arrows
from autograd.visualize.stats import Stats

Named = namedtuple("Named", "a b")


@dataclass
class Data:
    a: object
    b: object


@dataclass(slots=True)
class Slots:
    a: object
    b: object


class Heads(nn.Module):
    """Two results, in the container that it is given."""

    def __init__(self, container):
        super().__init__()
        self.a, self.b, self.container = nn.Linear(3, 2), nn.Linear(3, 1), container

    def forward(self, x):
        return self.container(self.a(x), self.b(x))


CONTAINERS = {
    "dict": (lambda a, b: {"a": a, "b": b}, lambda out: (out["a"], out["b"])),
    "list": (lambda a, b: [a, b], lambda out: out),
    "nested": (lambda a, b: (0, {"inner": [a, "text", (b,)]}), lambda out: (out[1]["inner"][0], out[1]["inner"][2][0])),
    "named tuple": (Named, lambda out: (out.a, out.b)),
    "dataclass": (Data, lambda out: (out.a, out.b)),
    "dataclass with slots": (Slots, lambda out: (out.a, out.b)),
    "object": (lambda a, b: SimpleNamespace(a=a, b=b), lambda out: (out.a, out.b)),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_module_is_a_box_whatever_it_returns_its_results_in(name):
    container, parts = CONTAINERS[name]
    model = Heads(container)
    a, b = parts(model(torch.randn(4, 3)))
    g = graph(a.sum() + b.sum())
    assert [call.path for call in g.calls] == ["Heads", "a", "b"]
    assert {v.name for v in g.parameters} == {"a.weight", "a.bias", "b.weight", "b.bias"}
    assert summary(model, (4, 3)).rows[0].output == [4, 2]


def test_a_module_is_a_box_when_its_result_is_a_view_of_what_was_written():
    class Written(nn.Module):
        def forward(self, x):
            y = x * 2
            view = y[1:]
            y.add_(1)
            return view

    model = Written()
    g = graph(model(torch.randn(3, requires_grad=True)).sum())
    assert [call.path for call in g.calls] == ["Written"]
    assert [v.op for v in g.operations if v.module] == ["mul", "add", "slice"]


def test_a_result_that_may_not_be_used_any_more_is_returned_all_the_same():
    class Several(nn.Module):
        def forward(self, x):
            y = x * 2
            first, _ = y.unbind()
            y.add_(1)
            return first

    model = Several()
    first = model(torch.randn(2, 3, requires_grad=True))
    with pytest.raises(RuntimeError, match="multiple views"):
        first * 2


def test_backward_hooks_leave_a_named_tuple_what_it_is():
    model = Heads(Named)
    seen = []
    model.register_full_backward_hook(lambda module, grad_input, grad_output: seen.append(len(grad_output)))
    out = model(torch.randn(4, 3, requires_grad=True))
    (out.a.sum() + out.b.sum()).backward()
    assert type(out) is Named and seen == [2]


def test_of_a_loop_the_fullest_turn_is_drawn():
    class Step(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(5, 3)

        def forward(self, x, h):
            return torch.tanh(self.hidden(torch.cat([x, h], 1)))

    model, h = Step(), torch.zeros(1, 3)
    for _ in range(4):
        h = model(torch.randn(1, 2), h)  # the first cat is of constants
    text = draw(h.sum()).source
    assert "Step ×4" in text and ">cat dim=1" in text.replace("\u00a0", "")
    assert text.count('label="  next"') == 1
    board = Board(graph(h.sum()), None, True, 40)
    assert {item.op for item in board.visible if not isinstance(item, Block)} >= {"cat", "linear", "tanh"}


def test_a_turn_of_a_loop_has_no_box_of_its_own():
    x = torch.ones(3, requires_grad=True)
    y = x
    for _ in range(40):
        y = ((y * 2).sin() + x).cos().exp().tanh()
    text = draw(y.sum(), boxes=6).source
    assert "turn 1" not in text and "234 operations" in text


def test_data_are_named_in_another_shape_too():
    images = torch.randn(4, 1, 3, 3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
    g = graph(model(images).sum(), {"images": images})
    assert g.find("images").shape == (4, 9)
    part = graph((images[:2] * torch.ones(3, requires_grad=True)).sum(), {"images": images})
    assert [v.name for v in part if v.kind == "constant"] == ["constant"]


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise ValueError('not today, "never"')


def test_a_picture_says_why_gradients_end():
    x = torch.ones(3, requires_grad=True)
    g = graph((Failing.apply(x.sin()) * 3).sum())
    assert g.find("sin").grad is None and g.find("Failing").grad.text == "[3. 3. 3.]"
    assert "raised ValueError: not today" in draw(g).source and "not today" in g.to_html()
    assert "not today" not in draw(Failing.apply(x).sum(), show=("shape",)).source
    with pytest.raises(ValueError, match="not today"):
        show_backward(Failing.apply(x).sum())
    y = x * 2
    z = y.sin()
    y.add_(1)
    text = g.to_dot(), graph(z.sum()).to_dot()
    assert r"not today, \"never\"" in text[0] and "wrote" in text[1] and r"\n" in text[1]  # in lines


def test_pictures_of_infinite_gradients_do_not_warn():
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(x.log().sum())
        show_backward(x.log().sum())


def test_results_of_several_are_named():
    u, s, v = torch.linalg.svd(torch.randn(3, 3, requires_grad=True))
    g = graph((u @ v).sum() + s.sum())
    assert sorted(edge.result for edge in g.find("linalg_svd").outputs) == ["S", "U", "Vh"]
    text = draw(g).source
    assert 'label="  U "' in text and 'label="  Vh "' in text
    assert all(edge.result == "" for edge in g.find("matmul").outputs)
    h, c = nn.LSTMCell(3, 3)(torch.randn(2, 3))
    assert {edge.result for edge in graph((h + c).sum()).find("recurrence").outputs} == {"output", "c"}


def test_complex_numbers_are_written_without_gaps():
    x = torch.tensor([1 + 2j, -10.25 - 0.5j])
    assert Stats(x.numpy()).text == "[1.+2.j -10.2-0.5j]"


FRAME = (
    '<g id="clust1" class="cluster"><title>cluster_0</title><path fill="none" d="M0,-100C0,-100 200,-100 200,0"/>'
    '<text text-anchor="start" x="8" y="-87" font-size="11.00">0: Linear   </text></g>'
)


def arrow(x):
    return f'<g id="edge1" class="edge"><title>a</title><path fill="none" d="M{x},-150C{x},-120 {x},-80 {x},-20"/></g>'


@pytest.mark.parametrize(("arrows", "at"), [((), 8), ((150,), 8), ((30,), 35), ((30, 60), 65), ((8, 60, 110, 160), 8)])
def test_titles_of_frames_are_where_no_arrow_passes(arrows, at):
    placed = beside_arrows(FRAME + "".join(map(arrow, arrows)))
    assert re.search(r'x="([^"]*)" y="-87" font-size="11.00">0: Linear<', placed)[1] == str(at)


def test_arguments_that_make_no_sense_are_named():
    x = torch.ones(3, requires_grad=True)
    for params in ([x], nn.Linear(2, 2), nn.Linear(2, 2).named_parameters()):
        with pytest.raises(TypeError, match="params must be a dictionary"):
            draw(x * 2, params)
    for output, cure in ((["text"], "got list$"), (nn.Linear(2, 2), "call it"), (3, "got int$")):
        with pytest.raises(TypeError, match=cure):
            draw(output)
    for wrong in ({"depth": -1}, {"depth": "all"}, {"boxes": 0}):
        with pytest.raises(ValueError, match="must be a whole number"):
            draw(x * 2, **wrong)
    with pytest.raises(TypeError, match="input_size must be a shape"):
        summary(nn.Linear(2, 2), 2)


def test_a_summary_takes_named_arguments():
    assert summary(nn.Linear(3, 2), input_data={"input": torch.ones(5, 3)}).rows[0].mult_adds == 30


def test_pages_are_written_into_new_folders(tmp_path):
    g = graph(torch.ones(3, requires_grad=True) * 2)
    g.to_html(tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_recorded_pass_is_a_box():
    model = nn.Linear(2, 1)
    x = torch.randn(3, 2, requires_grad=True)
    (slope,) = torch.grad(model(x).tanh().sum(), x, create_graph=True)
    g = graph((slope.norm(dim=1) - 1).square().mean(), {"x": x})
    assert [call.title for call in g.calls] == ["Linear", "grad"] and {v.module for v in g.operations} == {"", "Linear"}
    (found,) = [
        block for block in Board(g, None, True, 40).root.items if isinstance(block, Block) and block.name == "grad"
    ]
    inside = {v.id for v in found.vertices()}
    assert slope.node.id in inside and g.find("tanh").id not in inside and g.find("linalg_vector_norm").id not in inside


def test_steps_that_are_differentiated_are_a_loop_of_passes():
    w = weight = torch.ones(3, requires_grad=True)
    for _ in range(6):
        (slope,) = torch.grad((weight * weight).cos().sum(), weight, create_graph=True)
        weight = weight - 0.1 * slope
    g = graph(weight.sum(), {"w": w})
    assert [call.title for call in g.calls] == ["grad"] * 6
    assert "mul → grad → mul → sub ×5" in draw(g).source


def test_a_backward_that_is_recorded_is_a_box_and_scalars_stay_as_on_a_blackboard():
    x = torch.tensor(2.0, requires_grad=True)
    (x * x).backward(create_graph=True)
    assert [call.title for call in graph(x.grad * x).calls] == ["backward"]
    assert "shape=ellipse" in draw(x.grad * x, {"x": x}).source and "cluster" not in draw(x.grad * x).source
    (x * x).backward()
    assert not hasattr(x.grad.node, "calls")


def test_elements_that_were_picked_say_by_what():
    x = torch.randn(3, 4, requires_grad=True)
    values = [x.topk(2)[0], x.max(1)[0], x.sort()[0], x.median(1)[0]]
    assert [graph(value.sum()).root.inputs[0].source.op for value in values] == ["topk", "max", "sort", "median"]
    assert ">topk dim=1" in draw(values[0].sum()).source.replace("\u00a0", "")


def test_browsers_show_no_names_that_only_graphviz_needs():
    from autograd.visualize.picture import find_dot

    if find_dot() is None:
        pytest.skip("needs Graphviz")
    svg = draw(nn.Linear(2, 2)(torch.ones(2)).sum()).svg()
    assert "<title>" not in svg and "linear" in svg


def test_calls_that_return_one_of_several_results_are_boxes():
    cell, h, c = nn.LSTMCell(3, 3), torch.zeros(2, 3), torch.zeros(2, 3)
    for _ in range(4):
        h, c = cell(torch.randn(2, 3), (h, c))
    g = graph(h.sum() + c.sum(), {"cell": cell})
    assert [call.path for call in g.calls] == ["cell"] * 4 and "LSTMCell ×4" in draw(g).source
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    model.register_full_backward_hook(lambda module, grad_input, grad_output: None)
    assert "Sequential" in {call.path for call in graph(model(torch.randn(2, 3, requires_grad=True)).sum()).calls}


def test_hooks_on_one_of_several_results_are_counted():
    first, second = torch.randn(4, requires_grad=True).chunk(2)
    first.register_hook(lambda g: g)
    assert graph((first * second).sum()).find("split").hooks == 1


def test_of_one_operation_many_times_the_leaves_of_one_are_drawn():
    row = [torch.full((2,), 1.0 + i, requires_grad=True) for i in range(64)]
    while len(row) > 1:
        row = [a * b for a, b in zip(row[::2], row[1::2], strict=True)]
    text = draw(row[0].sum()).source.replace("\u00a0", "")
    assert "mul ×32" in text and text.count(">input<") == 2 and "leaves" not in text
    many = [torch.ones(2, requires_grad=True) for _ in range(3)]
    assert draw(sum(many[i % 3] * (i + 1) for i in range(60)).sum()).source.count(">\u00a0input\u00a0<") == 3


def test_a_picture_says_what_it_is_where_it_can_not_be_shown():
    assert 'save("graph.svg")' in repr(draw(torch.ones(2, requires_grad=True) * 2))


def test_a_pass_is_a_box_where_its_result_is_no_part_of_the_graph():
    x = torch.linspace(0, 1, 5).requires_grad_()
    (first,) = torch.grad((x.tanh() * x).sum(), x, create_graph=True)
    (second,) = torch.grad(first.sum(), x, create_graph=True)
    g = graph(second.sum())
    assert first.node.id not in {v.id for v in g} and [call.title for call in g.calls] == ["grad", "grad"]


def test_a_module_that_calls_itself_keeps_its_name():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x, n):
            return self(self.layer(x).tanh(), n - 1) if n else x

    model = Again()
    g = graph(model(torch.randn(2, 3), 3).sum(), {"net": model})
    assert {call.path for call in g.calls} == {"net", "net.layer"}


def test_a_model_s_results_are_drawn_together_under_their_names():
    x = torch.randn(4, 3)
    for name, names in (("dict", {"a", "b"}), ("list", {"[0]", "[1]"}), ("dataclass", {"a", "b"}), ("dataclass with slots", {"a", "b"}),
                        ("nested", {"[1]['inner'][0]", "[1]['inner'][2][0]"})):  # fmt: skip
        model = Heads(CONTAINERS[name][0])
        g = graph(model(x))
        assert {v.name for v in g.roots} == names and [call.path for call in g.calls] == ["Heads", "a", "b"]
        assert g.find("a.bias").grad.text == "[4. 4.]"
        assert draw(g).source.count("#d8f3dc") == 2 and "roots" in g.to_html()
    model = Heads(lambda a, b: {"first": a, "then": a.exp().sum()})
    g = graph(model(x))
    first = model.a(x)
    (expected,) = torch.grad((first.sum() + first.exp().sum()), model.a.bias)
    assert g.find("first").grad.norm == pytest.approx((1 + first.exp()).norm().item(), rel=1e-4)
    assert torch.allclose(torch.tensor(g.cotangent(g.find("a.bias"))), expected)
    assert len(show_backward(model(x)).steps) == len(g.operations) + len(g.parameters)


def test_of_several_results_those_with_a_graph_are_drawn():
    x = torch.ones(3, requires_grad=True)
    g = graph({"loss": (x * 2).sum(), "count": torch.tensor(3), "again": x})
    assert {v.name for v in g.roots} == {"loss", "again"} and g.find("again").grad.text == "[3. 3. 3.]"
    a, b = torch.randn(4, requires_grad=True).chunk(2)
    assert graph((a, b)).find("split").op == "split" and graph((a, a)).root.op == "split"
    with pytest.raises(RuntimeError, match="no graph"):
        graph({"count": torch.tensor(3)})


def test_the_value_of_a_layer_without_bias_is_known():
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.LayerNorm(2, bias=False))
    x = torch.randn(4, 3)
    g = graph(model(x).sum())
    assert g.find("linear").value.mean == pytest.approx((x @ model[0].weight.T).mean().item(), rel=1e-4)
    assert g.find("normalize").value.std == pytest.approx(model(x).detach().numpy().std(), rel=1e-4)
    frozen = nn.Linear(3, 2)
    frozen.bias.requires_grad_(False)  # a constant that no formula reads: nobody knows it
    assert graph(frozen(x).sum().sin()).find("linear").value is None


def test_frozen_parameters_and_buffers_have_their_names():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)
            self.register_buffer("scale", torch.tensor([2.0, 3.0]))

        def forward(self, x):
            return self.layer(x) * self.scale

    model = Scaled()
    model.layer.weight.requires_grad_(False)
    g = graph(model(torch.randn(4, 3, requires_grad=True)).sum())
    assert {v.name for v in g if v.kind == "constant"} == {"layer.weight", "scale"}
    assert g.find("layer.weight").grad is None and g.find("layer.bias").kind == "parameter"
