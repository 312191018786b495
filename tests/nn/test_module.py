"""Module: what it notices, walks, saves, loads, and says when something is wrong."""

import copy
import pickle

import numpy as np
import pytest

import autograd as torch
import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
        self.head = nn.Linear(4, 2, bias=False)
        self.scale = nn.Parameter(torch.ones(2))
        self.register_buffer("steps", torch.zeros(1))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)

    def forward(self, x):
        return self.head(self.body(x)) * self.scale


def test_members_come_in_the_order_in_which_they_were_set():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == [
        "scale", "body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias", "head.weight",
    ]  # fmt: skip
    assert [name for name, _ in net.named_modules()] == ["", "body", "body.0", "body.1", "body.2", "head"]
    assert list(net.state_dict()) == [
        "scale", "steps", "body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias", "body.1.running_mean",
        "body.1.running_var", "body.1.num_batches_tracked", "head.weight",
    ]  # fmt: skip
    assert "scratch" in dict(net.named_buffers())


def test_shared_parameters_and_modules_come_once():
    net = nn.Module()
    net.first = nn.Linear(2, 2)
    net.second = net.first
    net.weight = net.first.weight
    assert len(list(net.parameters())) == 2
    assert len(list(net.modules())) == 2
    assert len(list(net.named_parameters(remove_duplicate=False))) == 5
    assert len(net.state_dict()) == 5


def test_attributes_change_kind():
    net = nn.Module()
    net.thing = 3
    net.thing = nn.Parameter(torch.ones(1))
    assert "thing" in net._parameters and "thing" not in net.__dict__
    net.thing = nn.Identity()
    assert "thing" in net._modules and "thing" not in net._parameters
    del net.thing
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'thing'"):
        net.thing
    net.weight = nn.Parameter(torch.ones(1))
    with pytest.raises(TypeError, match="cannot assign 'int' as parameter 'weight'"):
        net.weight = 3
    net.weight = None
    assert list(net.parameters()) == []


def test_parameters_need_a_module_that_is_ready():
    class Early(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(torch.ones(1))

    with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
        Early()


@pytest.mark.parametrize("name, error", [("a.b", KeyError), ("", KeyError), ("forward", KeyError), (3, TypeError)])
def test_bad_names_are_refused(name, error):
    net = nn.Module()
    with pytest.raises(error):
        net.register_parameter(name, nn.Parameter(torch.ones(1)))
    with pytest.raises(error):
        net.register_buffer(name, torch.ones(1))
    with pytest.raises(error):
        net.add_module(name, nn.Identity())


def test_paths():
    net = Net()
    assert net.get_submodule("body.0") is net.body[0] and net.get_submodule("") is net
    assert net.get_parameter("body.0.weight") is net.body[0].weight
    assert net.get_buffer("body.1.running_mean") is net.body[1].running_mean
    for method, path in (
        (net.get_submodule, "body.9"),
        (net.get_parameter, "body.1.running_mean"),
        (net.get_buffer, "scale"),
    ):
        with pytest.raises(AttributeError):
            method(path)
    net.set_submodule("body.2", nn.Tanh())
    assert isinstance(net.body[2], nn.Tanh)


def test_state_dict_round_trip_and_copies():
    net, other = Net(), Net()
    net(torch.randn(8, 3))
    result = other.load_state_dict(net.state_dict())
    assert repr(result) == "<All keys matched successfully>"
    x = torch.randn(5, 3)
    for twin in (other, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(twin.eval()(x).detach().numpy(), net.eval()(x).detach().numpy())
        assert twin.scale is not net.scale
    assert net.state_dict()["scale"].array is net.scale.array and not net.state_dict()["scale"].requires_grad


def test_loading_lists_everything_that_is_wrong():
    net = Net()
    state = net.state_dict()
    del state["scale"]
    state["body.0.weight"] = torch.ones(7, 3)
    state["body.0.extra"] = torch.ones(1)
    state["nowhere.weight"] = torch.ones(1)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert "Error(s) in loading state_dict for Net" in text
    assert 'Missing key(s) in state_dict: "scale"' in text
    assert '"body.0.extra"' in text and '"nowhere.weight"' in text
    assert "size mismatch for body.0.weight" in text and "torch.Size([7, 3])" in text
    state["body.0.weight"] = torch.ones(4, 3)
    found = net.load_state_dict(state, strict=False)
    assert found.missing_keys == ["scale"] and sorted(found.unexpected_keys) == ["body.0.extra", "nowhere.weight"]


def test_assign_takes_the_tensors_themselves():
    net = nn.Linear(2, 2)
    state = {"weight": torch.ones(2, 2, dtype=torch.float64), "bias": torch.zeros(2, dtype=torch.float64)}
    net.load_state_dict(state, assign=True)
    assert net.weight.dtype == torch.float64 and isinstance(net.weight, nn.Parameter)
    assert net.weight.array is state["weight"].array


def test_dtypes_change_below_and_integers_stay():
    net = Net().double()
    assert {p.dtype for p in net.parameters()} == {torch.float64}
    assert net.body[1].num_batches_tracked.dtype == torch.int64
    weight = net.head.weight
    net(torch.randn(4, 3, dtype=torch.float64)).sum().backward()
    net.to(torch.float32)
    assert net.head.weight is weight and weight.dtype == torch.float32 and weight.grad.dtype == torch.float32
    with pytest.raises(TypeError, match="floating point"):
        net.to(torch.int64)
    with pytest.raises(RuntimeError, match="CPU"):
        net.to("cuda")


def test_train_eval_freeze_zero_grad():
    net = Net()
    assert net.eval() is net and not net.body[1].training
    assert net.train().body[1].training
    with pytest.raises(ValueError):
        net.train("yes")
    net(torch.randn(4, 3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert float(net.head.weight.grad.abs().sum()) == 0
    net.zero_grad()
    assert net.head.weight.grad is None
    net.requires_grad_(False)
    assert not net(torch.randn(4, 3)).requires_grad


def test_repr():
    net = nn.Sequential(nn.Linear(2, 3), nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()]), nn.Dropout(0.1))
    assert repr(net) == (
        "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n  (1): ModuleList(\n    (0-1): 2 x ReLU()\n"
        "    (2): Tanh()\n  )\n  (2): Dropout(p=0.1, inplace=False)\n)"
    )


class TestErrorsSayWhere:
    def test_shapes(self):
        net = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(4, 3), nn.ReLU()))
        with pytest.raises(RuntimeError, match=r"\[2, 5\].*\[3, 4\]") as caught:
            net(torch.ones(2, 5))
        assert caught.value.__notes__ == [
            "in the module Sequential.1.0 = Linear(in_features=4, out_features=3, bias=True), called with a Tensor of shape "
            "[2, 5] and dtype torch.float32"
        ]

    def test_dtypes(self):
        with pytest.raises(RuntimeError, match=r"same dtype.*float64.*float32.*Convert"):
            nn.Linear(2, 2)(torch.ones(1, 2, dtype=torch.float64))

    def test_labels(self):
        with pytest.raises(IndexError, match=r"Target 7 is out of bounds: there are 3 classes.*0 \.\. 2") as caught:
            nn.CrossEntropyLoss()(torch.zeros(2, 3), torch.tensor([0, 7]))
        assert "CrossEntropyLoss()" in caught.value.__notes__[0]
        with pytest.raises(IndexError, match="Target -1 is out of bounds"):
            nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0, -1]))
        with pytest.raises(RuntimeError, match="expected scalar type Long"):
            nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0.0, 1.0]))
        with pytest.raises(ValueError, match="batch_size"):
            nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1, 2]))

    def test_indices(self):
        with pytest.raises(IndexError, match=r"the table has 4 rows.*between 0 and 9"):
            nn.Embedding(4, 2)(torch.tensor([0, 9]))

    def test_batch_of_one(self):
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            nn.BatchNorm1d(3)(torch.ones(1, 3))


class TestHooks:
    def test_forward(self):
        net, seen = nn.Linear(2, 2), []
        first = net.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
        second = net.register_forward_hook(lambda m, args, out: seen.append(args[0].tolist()) or out * 0)
        assert net(torch.ones(1, 2)).tolist() == [[0, 0]] and seen == [[[2, 2]]]
        first.remove(), second.remove()
        assert net(torch.ones(1, 2)).tolist() != [[0, 0]]

    def test_with_kwargs_and_prepend_and_always(self):
        order = []

        class Fails(nn.Module):
            def forward(self, x, factor=1):
                order.append(factor)
                raise ValueError("no")

        net = Fails()
        net.register_forward_pre_hook(lambda m, a, k: order.append("second"), with_kwargs=True)
        net.register_forward_pre_hook(
            lambda m, a, k: (order.append("first"), (a, {"factor": 3}))[1], with_kwargs=True, prepend=True
        )
        net.register_forward_hook(lambda m, a, out: order.append(out), always_call=True)
        with pytest.raises(ValueError):
            net(torch.ones(1))
        assert order == ["first", "second", 3, None]

    def test_full_backward(self):
        net, seen = nn.Linear(2, 1, bias=False), []
        net.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 10,))
        net.register_full_backward_hook(lambda m, gi, go: (seen.append(go[0].tolist()), (gi[0] * 2,))[1])
        x = torch.ones(1, 2, requires_grad=True)
        net(x).sum().backward()
        assert seen == [[[10.0]]]
        np.testing.assert_allclose(x.grad.numpy(), 20 * net.weight.detach().numpy())
        np.testing.assert_allclose(net.weight.grad.numpy(), [[10, 10]])

    def test_full_backward_when_no_input_requires_grad(self):
        net, seen = nn.Linear(2, 1), []
        net.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
        net(torch.ones(1, 2)).sum().backward()
        assert seen == [((None,), [[1.0]])]

    def test_on_all_modules(self):
        seen = []
        handle = nn.hooks.register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__))
        nn.Sequential(nn.ReLU(), nn.Tanh())(torch.ones(1))
        handle.remove()
        nn.ReLU()(torch.ones(1))
        assert seen == ["ReLU", "Tanh", "Sequential"]

    def test_state_dict(self):
        net = nn.Linear(1, 1)
        net.register_state_dict_post_hook(lambda m, state, prefix, meta: state.update(extra=torch.ones(1)))
        net.register_load_state_dict_pre_hook(lambda m, state, prefix, *rest: state.pop("extra"))
        found = []
        net.register_load_state_dict_post_hook(lambda m, keys: found.append(keys))
        net.load_state_dict(net.state_dict())
        assert "extra" in net.state_dict() and found[0].unexpected_keys == []


def test_calls_are_noted_for_the_visualizer():
    net = Net()
    y = net(torch.randn(4, 3))
    paths = {}
    for ref, first, last in y.node.calls:
        paths[type(ref()).__name__] = (first, last)
    assert list(paths) == ["Net"] and paths["Net"][0] < y.node.id <= paths["Net"][1]
    with torch.no_grad():
        assert net(torch.randn(4, 3)).node is None


class TestContainers:
    def test_sequential(self):
        a, b, c = nn.Linear(1, 1), nn.ReLU(), nn.Tanh()
        net = nn.Sequential(a, b)
        net.append(c).insert(1, nn.Identity())
        assert [type(m).__name__ for m in net] == ["Linear", "Identity", "ReLU", "Tanh"]
        assert isinstance(net[1:3], nn.Sequential) and net[-1] is c and len(net[1:3]) == 2
        del net[1]
        assert list(net._modules) == ["0", "1", "2"]
        assert len(net + net) == 6 and len(net * 2) == 6 and net.pop(0) is a and c in net
        with pytest.raises(IndexError):
            net[7]

    def test_lists_and_dicts(self):
        layers = nn.ModuleList([nn.Linear(1, 1)])
        layers += [nn.Linear(1, 2)]
        layers.extend([nn.ReLU()])
        layers[0] = nn.Identity()
        assert [type(m).__name__ for m in layers] == ["Identity", "Linear", "ReLU"]
        table = nn.ModuleDict({"a": nn.ReLU()})
        table.update([("b", nn.Tanh())])
        assert list(table.keys()) == ["a", "b"] and type(table.pop("a")).__name__ == "ReLU" and len(table) == 1
        params = nn.ParameterList([torch.ones(2)])
        params.append(nn.Parameter(torch.zeros(1)))
        assert len(params) == 2 and isinstance(params[0], nn.Parameter) and len(list(params.parameters())) == 2
        named = nn.ParameterDict({"w": torch.ones(1)})
        named["b"] = torch.zeros(1)
        assert (
            list(named) == ["w", "b"]
            and "b" in dict(named.named_parameters())
            and (named | {"c": torch.ones(1)})["c"].shape == (1,)
        )


def test_lazy_layers_take_their_shapes_from_the_first_batch():
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    with pytest.raises(RuntimeError, match="uninitialized parameter"):
        net[3].weight.shape
    assert net(torch.randn(2, 3, 5, 5)).shape == (2, 2)
    assert [type(m).__name__ for m in net] == ["Conv2d", "BatchNorm2d", "Flatten", "Linear"]
    fresh = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    fresh.load_state_dict(net.state_dict())
    assert fresh[3].weight.shape == (2, 36)


def test_members_of_a_kind_of_one_s_own_are_walked():
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    model[0].notes = {"here": 1}
    walked = model._named_members(lambda module: getattr(module, "notes", {}).items(), prefix="m")
    assert list(walked) == [("m.0.here", 1)]


def test_a_hook_that_is_taken_away_leaves_nothing():
    layer = nn.Linear(2, 2)
    first = layer.register_forward_hook(lambda module, args, kwargs, out: None, with_kwargs=True, always_call=True)
    second = layer.register_forward_pre_hook(lambda module, args, kwargs: None, with_kwargs=True)
    layer(torch.ones(2))
    first.remove()
    second.remove()
    assert not layer._forward_hooks_with_kwargs and not layer._forward_hooks_always_called
    assert not layer._forward_pre_hooks_with_kwargs and not layer._forward_hooks and not layer._forward_pre_hooks
    assert layer(torch.ones(2)).shape == (2,)
    seen = []
    layer._forward_hooks[0] = lambda module, args, out: seen.append(out.shape)  # as programs put hooks back
    layer(torch.ones(2))
    assert seen == [(2,)]
