"""PyTorch's smaller modules: what a program prints with them is what it prints with PyTorch."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Optional

import numpy as np
import pytest

import autograd
import nn

torch = pytest.importorskip("torch")

Pair = namedtuple("Pair", "a b")
NEST = {"x": [1, (2, 3)], "y": Pair(4, None), "z": OrderedDict(q=deque([5, 6], 3)), "w": defaultdict(list, k=[7])}


def pytree(lib):
    import torch.utils._pytree as theirs

    from autograd.utils import _pytree as ours

    return ours if lib is autograd else theirs


def told(tree):
    spec = tree.tree_structure(NEST)
    paths = [(tree.keystr(path), leaf) for path, leaf in tree.tree_leaves_with_path(NEST)]
    written = []
    numbers = tree.tree_map_only(int, lambda v: v * 10, NEST)
    return [
        paths,
        [tree.key_get(NEST, path) for path, _ in tree.tree_flatten_with_path(NEST)[0]],
        tree.tree_map_with_path(lambda path, leaf, other: (tree.keystr(path), leaf, other), NEST, numbers),
        list(tree.tree_iter(NEST)),
        tree.tree_map_(written.append, NEST) is NEST and written,
        tree.tree_any_only(int, lambda v: v > 6, NEST),
        tree.tree_all_only(int, lambda v: v > 6, NEST),
        [tree.tree_is_leaf(v) for v in (3, [1], None, Pair(1, 2))],
        [tree.is_namedtuple(v) for v in (Pair(1, 2), (1, 2))],
        (spec.num_leaves, spec.num_nodes, spec.num_children, tree.tree_unflatten(range(spec.num_leaves), spec)),
        tree.tree_leaves_with_path(NEST, is_leaf=lambda v: isinstance(v, list))[0][1],
    ]


def test_paths_in_nests():
    for ours, theirs in zip(told(pytree(autograd)), told(pytree(torch)), strict=True):
        assert ours == theirs


@pytest.mark.filterwarnings("ignore:The inner type of a container is lost")
@pytest.mark.parametrize(
    "value, kind",
    [
        ([1], list[int]), ([1.0], list[int]), ({"a": 1}, dict[str, int]), ({"a": "b"}, dict[str, int]), ((1, "a"), tuple[int, str]),
        ((1,), tuple[int, str]), (None, Optional[int]), ([None, 1], list[int | None]), ([], list[int]), (3, (int, str)), ("x", int),  # noqa: UP045
    ],
)  # fmt: skip
def test_types_with_contents(value, kind):
    assert autograd.jit.isinstance(value, kind) == torch.jit.isinstance(value, kind)


def test_a_container_must_say_what_it_holds():
    for lib in (autograd, torch):
        with pytest.raises(RuntimeError, match="add a contained type"):
            lib.jit.isinstance([1], list)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 2}, {"padding": 2, "stride": 3}]
)
def test_gradients_of_convolutions(n, options):
    rng = np.random.default_rng(n)
    groups = options.get("groups", 1)
    x, w = rng.normal(size=(2, 4, *[9, 8, 7][:n])), rng.normal(size=(6, 4 // groups, *[3, 2, 3][:n]))
    g = rng.normal(size=tuple(getattr(torch, f"conv{n}d")(torch.tensor(x), torch.tensor(w), **options).shape))

    def gradients(lib, place):
        a, b, c = lib.tensor(x), lib.tensor(w, requires_grad=True), lib.tensor(g, requires_grad=True)
        in_x = getattr(place, f"conv{n}d_input")(x.shape, b, c, **options)
        in_w = getattr(place, f"conv{n}d_weight")(a, w.shape, c, **options)
        (in_x**2).sum().backward()
        (in_w**2).sum().backward()
        return [v.detach().numpy() for v in (in_x, in_w, b.grad, c.grad)]

    import nn.grad

    for ours, theirs in zip(gradients(autograd, nn.grad), gradients(torch, torch.nn.grad), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_batch_norms_without_statistics_can_be_batched():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Sequential(nn.BatchNorm2d(3), nn.LayerNorm(3)))
    assert autograd.func.replace_all_batch_norm_modules_(model) is model
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias", "1.1.weight", "1.1.bias"]
    x = autograd.arange(12.0).reshape(3, 2, 2)
    assert autograd.func.vmap(model[0])(x).shape == (3, 2, 2)
    assert not model[0].track_running_stats


def collected(lib, folder):
    """What each collective of a world of one process leaves in its arguments."""
    dist = lib.distributed
    dist.init_process_group("gloo", init_method=f"file://{folder}/{lib.__name__}", rank=0, world_size=1)
    try:
        x = lib.arange(4.0)
        new = [lib.zeros(4) for _ in range(7)]
        dist.all_gather_into_tensor(new[0], x)
        dist.gather(x, [new[1]], dst=0)
        dist.scatter(new[2], [x + 1], src=0)
        dist.reduce_scatter(new[3], [x + 2])
        dist.all_to_all_single(new[4], x + 3)
        dist.reduce_scatter_tensor(new[5], x + 4)
        work = dist.all_gather_into_tensor(new[6], x, async_op=True)
        work.wait()
        objects, given = [None], [None]
        dist.gather_object({"a": 1}, objects)
        dist.scatter_object_list(given, ["b"])
        dist.monitored_barrier()
        ranks = dist.get_process_group_ranks(dist.group.WORLD), dist.get_world_size(dist.group.WORLD)
        with pytest.raises(ValueError):
            dist.send(x, 0)
        with pytest.raises((ValueError, RuntimeError)):  # PyTorch's Gloo raises the second
            dist.scatter(new[0], [x, x])
        return [t.tolist() for t in new], objects, given, ranks
    finally:
        dist.destroy_process_group()


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_collectives_of_one_process(tmp_path):
    assert collected(autograd, tmp_path) == collected(torch, tmp_path)


def from_elsewhere(lib, folder):
    """Tensors on a capsule's memory, and on a file's."""
    x = lib.arange(4)
    capsule = lib.utils.dlpack.to_dlpack(x)
    y = lib.from_dlpack(capsule)
    y[0] = 9
    with pytest.raises(RuntimeError, match="invalid capsule"):
        lib.from_dlpack(capsule)
    path = str(folder / f"{lib.__name__}.bin")
    with open(path, "wb") as file:
        file.write(np.arange(10.0, dtype=np.float32).tobytes())
    apart, shared = lib.from_file(path, size=10), lib.from_file(path, True, 4, dtype=lib.float32)
    apart[1] = 5
    shared[0] = 7
    longer = lib.from_file(path, shared=True, size=12)
    with pytest.raises(RuntimeError):
        lib.from_file(path, shared=False, size=100)
    return [x.tolist(), apart[1:].tolist(), shared.tolist(), longer.tolist(), lib.from_file(path, size=3).tolist()]


def test_tensors_on_memory_from_elsewhere(tmp_path):
    import torch.utils.dlpack

    assert from_elsewhere(autograd, tmp_path) == from_elsewhere(torch, tmp_path)


def test_the_order_of_dimensions_is_refused_where_it_is_not_the_only_one():
    for lib in (autograd, torch):
        assert lib.empty(2, 3, 4).dim_order(ambiguity_check=True) == (0, 1, 2)
        assert lib.empty(1, 2, 3, 4).dim_order() == (0, 1, 2, 3)
        with pytest.raises(RuntimeError, match="unique dim order"):
            lib.empty(1, 2, 3, 4).dim_order(ambiguity_check=True)
        assert len(lib.TypedStorage(5, dtype=lib.float64)) == 5 and lib.TypedStorage([1, 2]).dtype == lib.float32


def test_functorch():
    import functorch as theirs

    from autograd import functorch as ours

    def told(lib, place):
        lib.manual_seed(0)
        layers = nn if lib is autograd else lib.nn
        model = layers.Sequential(layers.Linear(3, 4), layers.BatchNorm1d(4), layers.Tanh())
        function, params, buffers = place.make_functional_with_buffers(model)
        x = lib.linspace(-1, 1, 15).reshape(5, 3)
        values = [function.eval()(params, buffers, x), model.eval()(x)]
        line = layers.Linear(3, 2)
        function, params = place.make_functional(line)
        values += place.grad(lambda params: function(params, x).pow(2).sum())(params)
        constant = place.make_functional(line, disable_autograd_tracking=True)[1]
        words = repr(function)
        models = [layers.Linear(3, 2) for _ in range(4)]
        function, params, buffers = place.combine_state_for_ensemble(models)
        values.append(place.vmap(function, in_dims=(0, 0, None))(params, buffers, x))
        refused = []
        for wrong in ([], [layers.Linear(2, 2), layers.ReLU()], [layers.Linear(2, 2), layers.Linear(2, 2).eval()]):
            with pytest.raises(RuntimeError) as error:
                place.combine_state_for_ensemble(wrong)
            refused.append(str(error.value).partition(": ")[2])
        with pytest.raises(RuntimeError, match="has buffers"):
            place.make_functional(model)
        return [v.detach().numpy() for v in values], [t.requires_grad for t in (*constant, *params)], words, refused

    (values, *ours_told), (expected, *theirs_told) = told(autograd, ours), told(torch, theirs)
    assert ours_told == theirs_told
    for a, b in zip(values, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
