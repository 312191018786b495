"""show_backward: what it says is what backward does."""

import numpy as np
import pytest

import autograd as torch
import nn
from autograd.visualize import show_backward


def test_what_arrives_at_the_leaves_is_their_gradient():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    loss = nn.functional.cross_entropy(model(torch.randn(5, 3)), torch.tensor([0, 1, 0, 1, 1]))
    steps = show_backward(loss).steps
    assert all(p.grad is None for p in model.parameters())
    loss.backward()
    arrived = {visit.vertex.name: visit.arrived for visit in steps}
    for name, p in model.named_parameters():
        np.testing.assert_allclose(arrived[name].norm, np.linalg.norm(p.grad.numpy()), rtol=1e-5)


def test_operations_with_several_results():
    x = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    a, b = x.split([1, 2])
    steps = show_backward((a * 5).sum() + b.prod(), {"x": x}).steps
    assert steps[-1].vertex.name == "x" and steps[-1].arrived.text == "[5. 2. 1.]"


def test_the_formula_is_the_source():
    x = torch.tensor(2.0, requires_grad=True)
    visit = show_backward(x.exp()).steps[0]
    assert visit.sent[0].formula == "g * y" and visit.sent[0].value.text == "7.389"


def test_released_and_large_graphs_are_refused():
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        show_backward(y)
    y = x
    for _ in range(600):
        y = y * 1.01
    with pytest.raises(ValueError, match="600 operations"):
        show_backward(y)


def test_frames_on_disk(tmp_path):
    from autograd.visualize.picture import find_dot

    x = torch.tensor(2.0, requires_grad=True)
    backward = show_backward(x * x + x, {"x": x})
    if find_dot() is None:
        with pytest.raises(RuntimeError, match="graphviz"):
            backward.save(tmp_path)
    else:
        paths = backward.save(tmp_path)
        assert [p.name for p in paths] == ["step-000.svg", "step-001.svg", "step-002.svg"]
        assert "5.0" in paths[2].read_text()
    assert '"steps"' in backward.to_html(tmp_path / "b.html")


def test_functions_of_the_user_show_their_backward():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    x = torch.tensor(2.0, requires_grad=True)
    visit = show_backward(Cube.apply(x), {"x": x}).steps[0]
    assert visit.vertex.op == "Cube" and "g * 3 * x**2" in visit.sent[0].formula and visit.sent[0].value.text == "12.0"
