"""nn.utils: parametrize, prune, vectors of parameters."""

import copy

import numpy as np
import pytest

import autograd as torch
import nn
from nn.utils import parametrize, prune


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x):
        return x.triu()


class Double(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


def test_a_parametrized_weight_is_computed_assigned_copied_and_removed():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "weight", Double())
    assert type(layer).__name__ == "ParametrizedLinear" and parametrize.is_parametrized(layer, "weight")
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    value = torch.tensor([[1.0, 2, 3], [2, 4, 5], [3, 5, 6]])
    layer.weight = value
    np.testing.assert_allclose(layer.weight.detach().numpy(), value.numpy())
    layer(torch.ones(1, 3)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    twin = copy.deepcopy(layer)
    twin.weight = value * 0
    np.testing.assert_allclose(layer.weight.detach().numpy(), value.numpy())
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and isinstance(layer.weight, nn.Parameter)
    np.testing.assert_allclose(layer.weight.detach().numpy(), value.numpy())


def test_cached_computes_once():
    calls = []

    class Counts(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 1

    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Counts())
    calls.clear()
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert len(calls) == 1
    assert layer.weight is not layer.weight


def test_parametrizations_must_keep_the_shape():
    class Flat(nn.Module):
        def forward(self, x):
            return x.reshape(-1)

    with pytest.raises(ValueError, match="shape or dtype"):
        parametrize.register_parametrization(nn.Linear(2, 2), "weight", Flat())
    with pytest.raises(ValueError, match="does not have a parameter"):
        parametrize.register_parametrization(nn.Linear(2, 2), "nothing", Flat())


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("trivialize", [True, False])
def test_orthogonal_weights_stay_orthogonal_while_they_are_trained(orthogonal_map, shape, trivialize):
    torch.manual_seed(0)
    layer = nn.Linear(shape[1], shape[0])
    nn.utils.parametrizations.orthogonal(layer, orthogonal_map=orthogonal_map, use_trivialization=trivialize)
    for _ in range(3):
        w = layer.weight
        narrow = w.detach().numpy() if shape[0] >= shape[1] else w.detach().numpy().T
        np.testing.assert_allclose(narrow.T @ narrow, np.eye(min(shape)), atol=1e-5)
        layer.zero_grad()
        layer(torch.ones(2, shape[1])).square().sum().backward()
        with torch.no_grad():
            for p in layer.parameters():
                p -= 0.1 * p.grad
    if trivialize:
        target = np.linalg.qr(np.random.default_rng(0).normal(size=sorted(shape, reverse=True)))[0].astype(np.float32)
        target = target if shape[0] >= shape[1] else target.T.copy()
        layer.weight = torch.tensor(target)
        np.testing.assert_allclose(layer.weight.detach().numpy(), target, atol=1e-5)


def test_pruning_twice_combines_and_becomes_permanent():
    layer = nn.Linear(4, 4)
    prune.l1_unstructured(layer, "weight", 0.5)
    assert int((layer.weight == 0).sum()) == 8 and prune.is_pruned(layer)
    smallest = np.sort(np.abs(layer.weight_orig.detach().numpy()).ravel())[:8]
    assert set(np.abs(layer.weight_orig.detach().numpy())[layer.weight_mask.numpy() == 0]) == set(smallest)
    prune.ln_structured(layer, "weight", 1, n=2, dim=0)
    assert (layer.weight_mask.sum(1) == 0).sum() >= 1
    layer(torch.ones(1, 4)).sum().backward()
    assert (layer.weight_orig.grad[layer.weight_mask == 0] == 0).all()
    prune.remove(layer, "weight")
    assert list(layer.state_dict()) == ["bias", "weight"] and not prune.is_pruned(layer)
    with pytest.raises(ValueError, match="has to be pruned"):
        prune.remove(layer, "weight")


def test_global_pruning_takes_the_smallest_of_all():
    small, large = nn.Linear(4, 4), nn.Linear(4, 4)
    nn.init.constant_(small.weight, 0.1)
    nn.init.constant_(large.weight, 1.0)
    prune.global_unstructured([(small, "weight"), (large, "weight")], prune.L1Unstructured, amount=0.5)
    assert int(small.weight_mask.sum()) == 0 and int(large.weight_mask.sum()) == 16


def test_parameters_as_a_vector():
    layer = nn.Linear(2, 3)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    assert vector.shape == (9,) and vector.requires_grad
    nn.utils.vector_to_parameters(torch.arange(9.0), layer.parameters())
    assert (
        layer.weight.tolist() == [[0, 1], [2, 3], [4, 5]]
        and layer.bias.tolist() == [6, 7, 8]
        and layer.weight.requires_grad
    )


def test_functional_call_leaves_the_module_alone():
    layer = nn.Linear(2, 1)
    before = layer.weight
    out = nn.utils.stateless.functional_call(
        layer, {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, torch.ones(1, 2)
    )
    assert out.tolist() == [[2.0]] and layer.weight is before


def test_pytorchs_places_of_layers_can_be_imported_from():
    from nn.modules.batchnorm import _BatchNorm
    from nn.modules.loss import _Loss
    from nn.modules.utils import _pair, _triple

    from nn.modules import Linear

    assert Linear is nn.Linear and isinstance(nn.BatchNorm2d(3), _BatchNorm) and isinstance(nn.MSELoss(), _Loss)
    assert _pair(3) == (3, 3) and _triple([1, 2, 3]) == (1, 2, 3)
    assert nn.modules.conv.Conv2d is nn.Conv2d
    with pytest.raises(AttributeError):
        nn.modules.nothing


def test_batch_norm_folds_into_the_layer_before_it():
    torch.manual_seed(0)
    for layer, bn, x in (
        (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), torch.randn(5, 3, 6, 6)),
        (nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), torch.randn(5, 3)),
    ):
        nn.init.uniform_(bn.weight, 0.5, 2)
        bn(layer(x))
        layer.eval(), bn.eval()
        fuse = nn.utils.fuse_linear_bn_eval if isinstance(layer, nn.Linear) else nn.utils.fuse_conv_bn_eval
        np.testing.assert_allclose(fuse(layer, bn)(x).detach().numpy(), bn(layer(x)).detach().numpy(), atol=1e-5)


def test_the_prefix_of_a_parallel_model_is_stripped():
    from nn.modules.utils import consume_prefix_in_state_dict_if_present

    layer = nn.Linear(2, 3)
    saved = nn.DataParallel(layer).state_dict()
    assert list(saved) == ["module.weight", "module.bias"]
    consume_prefix_in_state_dict_if_present(saved, "module.")
    assert list(saved) == ["weight", "bias"] and list(saved._metadata) == [""]
    nn.Linear(2, 3).load_state_dict(saved)


def test_things_are_where_pytorch_has_them():
    from autograd.utils.hooks import RemovableHandle
    from nn.common_types import _size_2_t  # noqa: F401 - that it is there is the test
    from nn.modules import batchnorm, channelshuffle, conv, fold, instancenorm, linear, module

    assert fold.Unfold is nn.Unfold and channelshuffle.ChannelShuffle is nn.ChannelShuffle
    assert conv.LazyConv2d is nn.LazyConv2d and linear.LazyLinear is nn.LazyLinear
    assert batchnorm.LazyBatchNorm1d is nn.LazyBatchNorm1d and instancenorm.LazyInstanceNorm2d is nn.LazyInstanceNorm2d
    keys = nn.Linear(1, 1).load_state_dict({}, strict=False)
    assert isinstance(keys, module._IncompatibleKeys)
    seen = []
    handle = module.register_module_forward_hook(lambda m, args, out: seen.append(type(m)))
    assert isinstance(handle, RemovableHandle)
    nn.Identity()(1)
    handle.remove()
    nn.Identity()(1)
    assert seen == [nn.Identity]
