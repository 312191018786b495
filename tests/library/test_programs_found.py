"""What PyTorch programs and the examples in PyTorch's own documentation asked for and did not get, each once."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

import autograd
import nn
from autograd.install import found, missing_names


def test_recurrent_layers_name_their_weights() -> None:
    layer: Any = nn.GRU(2, 3, num_layers=2)
    assert layer._flat_weights_names[:5] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1"]
    assert all(
        layer._parameters[name] is w for name, w in zip(layer._flat_weights_names, layer._flat_weights, strict=True)
    )


def test_each_distribution_has_a_module_of_its_own() -> None:
    given = autograd.distributions
    assert given.gamma.Gamma is given.Gamma and given.normal.Normal is given.Normal
    name = found("autograd.distributions.gamma")  # `from torch.distributions.gamma import Gamma`
    assert name is not None and importlib.import_module(name) is given
    with pytest.raises(AttributeError, match="norml"):
        _ = autograd.distributions.norml


def test_distributions_of_one_number_show_it() -> None:
    shown = repr(autograd.distributions.Normal(autograd.tensor([0.0]), 1.0))
    assert shown == "Normal(loc: tensor([0.]), scale: tensor([1.]))"


def test_vmap_shares_keyword_arguments() -> None:
    x = autograd.ones(2, 5)
    assert autograd.vmap(lambda x, scale: x * scale)(x, scale=x).shape == (2, 2, 5)


def test_gradient_is_a_tuple() -> None:
    assert isinstance(autograd.gradient(autograd.arange(4.0)), tuple)


def test_lu_solve_broadcasts() -> None:
    factors = autograd.linalg.lu_factor(autograd.eye(3) * 2)
    assert autograd.linalg.lu_solve(*factors, autograd.ones(4, 3, 2)).tolist() == [[[0.5] * 2] * 3] * 4
    assert autograd.linalg.lu_solve(*factors, autograd.ones(5, 2, 3), left=False).shape == (5, 2, 3)


def test_asarray_of_a_tensor_stays_in_the_graph() -> None:
    x = autograd.ones(2, requires_grad=True)
    assert autograd.asarray(x) is x
    assert autograd.asarray(x, copy=True).requires_grad
    assert not autograd.asarray(x, requires_grad=False).requires_grad
    assert autograd.asarray([1.0], requires_grad=True).requires_grad


def test_errors_are_runtime_errors() -> None:
    with pytest.raises(RuntimeError, match="cannot be broadcast"):
        autograd.allclose(autograd.ones(3), autograd.ones(4))
    with pytest.raises(RuntimeError, match="expected weight to be at least 1 at dimension 0"):
        nn.functional.conv2d(autograd.ones(1, 3, 4, 4), autograd.ones(0, 3, 1, 1))


def test_nodes_of_norms_have_pytorchs_names() -> None:
    assert "NativeLayerNormBackward0" in repr(nn.LayerNorm(2)(autograd.ones(2, 2)))
    assert "NativeBatchNormBackward0" in repr(nn.BatchNorm1d(2)(autograd.ones(2, 2)))
    assert "ConvolutionBackward0" in repr(nn.ConvTranspose2d(1, 1, 1, bias=False)(autograd.ones(1, 1, 1, 1)))
    assert repr(autograd.set_grad_enabled(True)) == "torch.autograd.grad_mode.set_grad_enabled(mode=True)"


def test_linspace_and_affine_grid_round_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch")
    for ends in ((-1, 1), (0, 3.3), (-5, 5)):
        for steps in (8, 28, 101):
            assert autograd.linspace(*ends, steps).tolist() == torch.linspace(*ends, steps).tolist()
    identity = [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    ours = nn.functional.affine_grid(autograd.tensor(identity), (1, 1, 28, 28), align_corners=False)
    theirs = torch.nn.functional.affine_grid(torch.tensor(identity), (1, 1, 28, 28), align_corners=False)
    assert ours.tolist() == theirs.tolist()  # on pixels exactly, or beside them: a sampler's gradient sees it


def test_a_jvp_may_delete_what_it_needed() -> None:
    class Exp(autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.result = x.exp()
            return ctx.result

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            made = tangent * ctx.result
            del ctx.result
            return made

    x = autograd.ones(2, dtype=autograd.float64, requires_grad=True)
    assert autograd.gradcheck(Exp.apply, x, check_forward_ad=True, check_backward_ad=False)


def test_hooks_can_be_looked_at() -> None:
    layer: Any = nn.Linear(2, 2)
    nn.utils.prune.random_unstructured(layer, "weight", 0.5)
    nn.utils.prune.random_unstructured(layer, "weight", 0.5)
    (hook,) = layer._forward_pre_hooks.values()
    assert isinstance(hook, nn.utils.prune.PruningContainer) and hook._tensor_name == "weight" and len(hook) == 2
    seen: list[Any] = []
    handle = layer.register_forward_hook(lambda module, args, kwargs, y: seen.append(kwargs), with_kwargs=True)
    layer(input=autograd.ones(2))
    assert list(layer._forward_hooks_with_kwargs) == [handle.id] and list(seen[0]) == ["input"]


def test_memory_goes_round_through_a_capsule() -> None:
    x = autograd.arange(3.0)
    same = autograd.utils.dlpack.from_dlpack(autograd.utils.dlpack.to_dlpack(x))
    x[0] = 5.0
    assert same.tolist() == [5.0, 1.0, 2.0]
    assert autograd.utils.dlpack.from_dlpack(x).tolist() == x.tolist()


def test_old_calls_have_the_number_first() -> None:
    x, a, b = autograd.tensor([1.0, 2.0]), autograd.tensor([3.0, 5.0]), autograd.tensor([2.0, 4.0])
    with pytest.warns(UserWarning, match="deprecated"):
        assert autograd.add(x, 2, a).tolist() == [7.0, 12.0]
        assert x.sub(2, a).tolist() == [-5.0, -8.0]
        assert x.addcmul(0.5, a, b).tolist() == [4.0, 12.0]
        assert x.clone().add_(-1, a).mul_(2).addcdiv_(2, a, b).tolist() == [-1.0, -3.5]
    with pytest.raises(TypeError, match="positional"):
        x.add_(a, b)


def test_arguments_have_pytorch_s_names_and_defaults() -> None:
    x = autograd.tensor([0.0, 1.0, 3.0])
    assert autograd.pow(x, exponent=2).tolist() == x.pow(exponent=2).tolist() == [0.0, 1.0, 9.0]
    assert x.histogram(density=True).hist.shape == (100,)
    assert x.prelu(autograd.ones(1)).tolist() == x.hardshrink(0.5).tolist() == [0.0, 1.0, 3.0]
    assert autograd.ones(2, 3, 4, 5).contiguous(memory_format=autograd.channels_last).dim_order() == (0, 2, 3, 1)


def test_dir_lists_what_there_is() -> None:
    assert [name for name in dir(autograd) if not hasattr(autograd, name)] == []


def test_what_is_printed_is_pytorch_s() -> None:
    weights = [nn.Parameter(autograd.ones(1)), nn.Parameter(autograd.ones(1))]
    shown = repr(autograd.optim.SGD([{"params": weights[:1]}, {"params": weights[1:], "lr": 1.0}], lr=0.1))
    assert "weight_decay: 0\n\nParameter Group 1\n    dampening: 0" in shown
    assert repr(nn.Unflatten(1, (2, 3))) == "Unflatten(dim=1, unflattened_size=(2, 3))"
    assert "(distance_function): PairwiseDistance()" in repr(nn.TripletMarginWithDistanceLoss())


def test_losses_of_shapes_that_do_not_fit_are_runtime_errors() -> None:
    with pytest.raises(RuntimeError, match="must match the size of tensor b"), pytest.warns(UserWarning, match="size"):
        nn.MSELoss()(autograd.ones(2, 3), autograd.ones(4))


def test_losses_that_are_one_step_in_pytorch_have_its_node_s_name() -> None:
    x, y = autograd.rand(3, requires_grad=True), autograd.ones(3)
    assert nn.BCELoss()(x, y).grad_fn.name() == "BinaryCrossEntropyBackward0"
    assert nn.HuberLoss(reduction="sum")(x, y).grad_fn.name() == "HuberLossBackward0"
    assert nn.BCELoss(reduction="none")(x, y).mean().grad_fn.name() == "MeanBackward0"


def test_reversible_networks_and_distributed_losses_find_what_they_import() -> None:
    from autograd.distributed import nn as collectives
    from autograd.utils.checkpoint import detach_variable, get_device_states, set_device_states

    set_device_states(*get_device_states(autograd.ones(1)))
    assert autograd.cuda._initialized is False
    x = autograd.ones(2, requires_grad=True)
    (y,) = detach_variable((x * 2,))
    assert y.is_leaf and y.requires_grad
    autograd.distributed.init_process_group("gloo")
    try:
        assert collectives.all_gather(x)[0].tolist() == collectives.all_reduce(x).tolist() == [1.0, 1.0]
    finally:
        autograd.distributed.destroy_process_group()


def test_the_class_as_a_type_is_the_default_type() -> None:
    mask = autograd.tensor([1, -1]) < 0
    assert mask.type(autograd.Tensor).dtype is autograd.float32
    autograd.set_default_dtype(autograd.float64)
    try:
        assert mask.type(autograd.Tensor).dtype is autograd.float64
    finally:
        autograd.set_default_dtype(autograd.float32)


def test_a_dictionary_of_parameters_names_their_types() -> None:
    assert "(k): Parameter containing: [torch.FloatTensor of size 2]" in repr(nn.ParameterDict({"k": autograd.ones(2)}))
    assert "(0): Parameter containing: [torch.float32 of size 2]" in repr(nn.ParameterList([autograd.ones(2)]))


def test_a_reentrant_checkpoint_has_pytorch_s_node() -> None:
    from autograd.utils.checkpoint import checkpoint

    result = checkpoint(autograd.exp, autograd.ones(2, requires_grad=True), use_reentrant=True)
    assert result.grad_fn.name() == "CheckpointFunctionBackward"


def test_names_that_optimizers_and_training_loops_import() -> None:
    from autograd._utils import _flatten_dense_tensors, _unflatten_dense_tensors
    from autograd.distributions.utils import _sum_rightmost
    from autograd.utils.data.dataloader import _collate_fn_t
    from optim.optimizer import ParamsT

    assert ParamsT is not None and _collate_fn_t is not None
    given = [autograd.arange(3.0), autograd.full((2, 1), 7.0)]
    flat = _flatten_dense_tensors(given)
    assert flat.tolist() == [0.0, 1.0, 2.0, 7.0, 7.0]
    parts = _unflatten_dense_tensors(flat, given)
    flat.mul_(2)  # the parts are views
    assert [p.tolist() for p in parts] == [[0.0, 2.0, 4.0], [[14.0], [14.0]]]
    assert _sum_rightmost(autograd.ones(2, 3), 1).tolist() == [3.0, 3.0]
    assert autograd.jit.annotate(list[int], [1]) == [1] and issubclass(autograd.jit.TracerWarning, Warning)
    autograd.cuda.random.manual_seed(0)
    assert importlib.import_module("autograd.vision.ops.boxes").box_area is autograd.vision.ops.box_area


def test_the_dtype_of_autocast_can_be_asked() -> None:
    assert autograd.get_autocast_dtype("cuda") is autograd.get_autocast_gpu_dtype() is autograd.float16
    assert not autograd.is_autocast_cpu_enabled()
    with autograd.autocast("cpu", dtype=autograd.float16):
        assert autograd.is_autocast_cpu_enabled()
        assert autograd.get_autocast_dtype("cpu") is autograd.get_autocast_cpu_dtype() is autograd.float16
    pytest.importorskip("ml_dtypes")
    assert autograd.get_autocast_dtype("cpu") is autograd.bfloat16


def test_a_transform_or_a_distribution_may_be_a_module_too() -> None:
    class Scaled(autograd.distributions.Transform, nn.Module):  # type: ignore[misc]
        bijective, domain, codomain = (
            True,
            autograd.distributions.constraints.real,
            autograd.distributions.constraints.real,
        )

        def __init__(self) -> None:
            super().__init__(cache_size=1)
            self.layer = nn.Linear(1, 1)

        def _call(self, x: Any) -> Any:
            return x * self.layer.weight.exp()

        def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
            return self.layer.weight.expand_as(x)

    flow = Scaled()
    base = autograd.distributions.Normal(autograd.zeros(4, 1), 1.0)
    whole = autograd.distributions.TransformedDistribution(base, [flow])
    whole.log_prob(whole.rsample()).sum().backward()
    assert [name for name, _ in flow.named_parameters()] == ["layer.weight", "layer.bias"]
    assert flow.layer.weight.grad is not None

    class Learned(autograd.distributions.Distribution, nn.Module):  # type: ignore[misc]
        arg_constraints: dict[str, Any] = {}

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(1, 1)

    assert len(list(Learned().parameters())) == 2
    assert "TanhTransform" in autograd.distributions.transforms.__all__ and autograd._C._get_tracing_state() is None


def test_two_tensors_can_be_told_apart_by_number() -> None:
    x = autograd.ones(2)
    assert x._cdata == x._cdata != x.detach()._cdata


def test_annotations_of_compiled_modules_are_read() -> None:
    class Block(nn.Module):
        fused: autograd.jit.Final[bool]  # type: ignore[name-defined]

    assert Block.__annotations__ and autograd.jit.Final[int] is not None


def test_a_library_of_models_finds_what_it_imports() -> None:
    from autograd.hub import _get_torch_home, get_dir, urlparse
    from autograd.jit.annotations import List

    assert urlparse("https://host/file").netloc == "host" and get_dir().startswith(_get_torch_home())
    assert List[int] is not None


def test_lists_of_tensors_as_pytorch_has_them() -> None:
    torch = pytest.importorskip("torch")
    cases: dict[str, tuple[Any, ...]] = {
        "add": (1.5,), "sub": ([1.0, 2.0],), "mul_": (2.0,), "div_": ("like",), "sqrt": (), "neg_": (), "zero_": (),
        "addcdiv": ("like", "like", [2.0, 3.0]), "addcmul_": ("like", "like", 0.5), "lerp_": ("like", 0.25), "norm": (1,),
        "maximum": (2.5,), "minimum_": ("like",), "pow": (2,), "copy_": ("like",), "clone": (), "max": (),
    }  # fmt: skip
    for name, arguments in cases.items():
        shown = []
        for library in (torch, autograd):
            given = [library.tensor([1.0, 4.0]), library.tensor([[9.0]])]
            like = [library.tensor([2.0, 3.0]), library.tensor([[5.0]])]
            result = getattr(library, f"_foreach_{name}")(given, *[like if a == "like" else a for a in arguments])
            shown.append(([t.tolist() for t in result], [t.tolist() for t in given], type(result)))
        assert shown[0] == shown[1], name
    assert set(autograd.namespace.PROVIDED["foreach"].split()) <= set(dir(torch))
    assert autograd._foreach_add([autograd.ones(1)], [autograd.ones(1)], alpha=3)[0].item() == 4.0
    with pytest.raises(RuntimeError, match="same number of tensors, got 1 and 2"):
        autograd._foreach_add([autograd.ones(1)], [1.0, 2.0])
    with pytest.raises(RuntimeError, match="at least one"):
        autograd._foreach_sqrt([])


def test_two_tensors_change_places() -> None:
    a, b = autograd.ones(2, requires_grad=True), nn.Parameter(autograd.zeros(3))
    (a * 2).sum().backward()
    autograd.utils.swap_tensors(a, b)
    assert type(a) is nn.Parameter and a.grad is None and b.grad is not None and b.grad.tolist() == [2.0, 2.0]
    (a * 3 + b.sum()).sum().backward()
    assert a.grad is not None and a.grad.tolist() == [3.0, 3.0, 3.0] and b.grad.tolist() == [5.0, 5.0]
    assert b.grad_fn is None and (b * 2).grad_fn.next_functions[0][0].variable is b  # type: ignore[attr-defined]
    autograd.__future__.set_swap_module_params_on_conversion(False)  # type: ignore[attr-defined]


def test_a_profile_is_ready_after_the_steps_that_its_schedule_says() -> None:
    profiler, ready = autograd.profiler, []  # type: ignore[attr-defined]
    plan = profiler.schedule(wait=1, warmup=1, active=2)
    with profiler.profile(schedule=plan, on_trace_ready=lambda p: ready.append(p.step_num)) as p:
        for _ in range(9):
            p.step()
    assert ready == [4, 8] and p.self_cpu_time_total > 0
    with profiler.profile(on_trace_ready=lambda p: ready.append("end")):
        pass
    assert ready == [4, 8, "end"]


def test_settings_of_pytorchs_compiler_are_kept() -> None:
    import autograd._dynamo.config  # type: ignore[import-not-found]

    inductor = autograd._inductor  # type: ignore[attr-defined]
    autograd._dynamo.config.suppress_errors = True  # type: ignore[attr-defined]
    inductor.config.coordinate_descent_tuning = True
    inductor.config.triton.unique_kernel_names = True
    assert autograd._dynamo.config.suppress_errors and inductor.config.triton.unique_kernel_names  # type: ignore[attr-defined]
    assert not autograd._dynamo.is_compiling()  # type: ignore[attr-defined]


def test_a_class_can_be_a_container_of_tensors() -> None:
    from autograd.utils import _pytree

    class Pair:
        def __init__(self, a: Any, b: Any) -> None:
            self.a, self.b = a, b

    _pytree.register_pytree_node(Pair, lambda p: ((p.a, p.b), None), lambda children, context: Pair(*children))
    made = _pytree.tree_map(lambda x: x + 1, {"p": Pair(1, [2, 3])})["p"]
    assert (made.a, made.b) == (2, [3, 4])
    with pytest.raises(ValueError, match="already registered"):
        _pytree.register_pytree_node(Pair, list, list)  # type: ignore[arg-type]
    moved = autograd.func.vmap(lambda x: Pair(x, 2 * x))(autograd.ones(3))  # type: ignore[attr-defined]
    assert moved.b.tolist() == [2.0, 2.0, 2.0]


def test_old_types_can_be_alternatives_in_annotations() -> None:
    from typing import get_args

    both: Any = autograd.LongTensor
    assert get_args(both | None) == (both, type(None)) and get_args(int | both | str) == (int, both, str)


def test_numbers_are_divided_and_borders_have_no_value() -> None:
    halved = autograd.div(7, 2, rounding_mode="floor")
    assert halved.item() == 3 and halved.dtype == autograd.int64
    assert autograd.div(-7.5, 2, rounding_mode="trunc").item() == -3.0
    x = autograd.arange(3.0).reshape(1, 1, 3)
    assert nn.functional.pad(x, (1, 0), mode="reflect", value=0).tolist() == [[[1.0, 0.0, 1.0, 2.0]]]
    with pytest.raises(RuntimeError, match="doesn't take in value argument"):
        nn.functional.pad(x, (1, 0), mode="reflect", value=1.0)


def test_a_storage_is_the_memory_itself() -> None:
    x = autograd.tensor([[4.0, 1.0], [5.0, 3.0]])
    memory = x[1].storage()
    memory[0] = 2.0
    assert x[0, 0].item() == 2.0 and list(memory) == [2.0, 1.0, 5.0, 3.0] and memory.dtype == autograd.float32
    assert str(memory).endswith(" 3.0\n[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 4]")
    row = autograd.Tensor(x.t().storage())
    row[3] = 7.0
    assert x[1, 1].item() == 7.0 and row.shape == (4,)
    assert autograd.empty(0).set_(memory, 1, (2,)).tolist() == [1.0, 5.0]
    assert len(x.untyped_storage()) == 16 and x.untyped_storage()[:4].tolist() == [0, 0, 0, 64]
    with pytest.raises(IndexError, match="out of range"):
        memory[4]
    w = autograd.ones(2, requires_grad=True)
    y = (w * w).sum()
    w.detach().storage()[0] = 5.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_float8_has_a_name_and_limits_and_no_tensors() -> None:
    pytest.importorskip("ml_dtypes")
    kind: Any = autograd.float8_e4m3fn  # type: ignore[attr-defined]
    assert autograd.finfo(kind).max == 448.0 and kind.itemsize == 1 and repr(kind) == "torch.float8_e4m3fn"
    for make in (lambda: autograd.ones(2).to(kind), lambda: autograd.zeros(2, dtype=kind)):
        with pytest.raises(NotImplementedError, match="float8_e4m3fn are not supported"):
            make()


def test_loops_and_branches_as_functions() -> None:
    from autograd._higher_order_ops.associative_scan import associative_scan  # type: ignore[import-not-found]

    from autograd import _higher_order_ops as ops  # type: ignore[attr-defined]

    x = autograd.rand(3, 7, requires_grad=True)
    for reverse in (False, True):
        ahead = x.flip(1) if reverse else x
        sums = associative_scan(lambda a, b: a + b, x, dim=1, reverse=reverse)
        known = ahead.cumsum(1).flip(1) if reverse else ahead.cumsum(1)
        assert autograd.allclose(sums, known)
        carry, ys = ops.scan(lambda c, z: (c + z, c + z), autograd.zeros(3), x, dim=1, reverse=reverse)
        assert autograd.allclose(ys, known) and autograd.allclose(carry, x.sum(1))
    sums.sum().backward()
    assert x.grad is not None and x.grad[0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    rates, steps = autograd.rand(5), autograd.rand(5)
    made = associative_scan(lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (rates, steps), dim=0)[1]
    state = autograd.zeros(())
    for i in range(5):
        state = rates[i] * state + steps[i]
    assert autograd.allclose(made[-1], state)
    assert autograd.cond(autograd.tensor(False), lambda y: y, lambda y: -y, (autograd.ones(1),)).item() == -1.0  # type: ignore[attr-defined]
    assert ops.map(lambda z, k: z.sum() * k, autograd.ones(2, 3), 2).tolist() == [6.0, 6.0]
    with pytest.raises(ValueError, match="Combine_mode"):
        associative_scan(lambda a, b: a, x, 0, combine_mode="other")


def test_files_are_storages(tmp_path: Any) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(bytes(range(8)))
    bytes_ = autograd.UntypedStorage.from_file(str(path), False, 8)  # type: ignore[attr-defined]
    assert autograd.asarray(bytes_[2:6], dtype=autograd.uint8).view(autograd.int32).tolist() == [0x05040302]
    bytes_[0] = 9
    assert path.read_bytes()[0] == 0 and bytes_.untyped().tolist()[0] == 9
    autograd.UntypedStorage.from_file(str(path), True, 8).fill_(7)  # type: ignore[attr-defined]
    assert path.read_bytes() == bytes([7] * 8)


def test_where_takes_bytes_for_truths_and_warns() -> None:
    mask = autograd.tensor([1, 0, 3], dtype=autograd.uint8)
    with pytest.warns(UserWarning, match="uint8 condition"):
        assert autograd.where(mask, autograd.ones(3), autograd.zeros(3)).tolist() == [1.0, 0.0, 1.0]


def test_a_script_module_is_a_module_and_others_are_none() -> None:
    class Doubled(autograd.jit.ScriptModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(1, 1)

        @autograd.jit.script_method  # type: ignore[attr-defined, untyped-decorator, unused-ignore]
        def forward(self, x: Any) -> Any:
            return self.linear(x) * 2

    assert len(list(Doubled().parameters())) == 2 and Doubled()(autograd.ones(1)).shape == (1,)
    assert not isinstance(nn.Linear(1, 1), autograd.jit.ScriptModule)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="ScriptModul"):
        _ = autograd.jit.ScriptModul  # type: ignore[attr-defined]


def test_the_refusal_of_the_meta_device_tells_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="functional_call takes a module"):
        nn.Linear(1, 1).to("meta")


def test_getsizeof_counts_what_a_storage_holds() -> None:
    few, many = (sys.getsizeof(autograd.ones(n).untyped_storage()) for n in (1, 101))
    assert many - few == 400


def test_what_sparse_tensors_store_is_what_is_not_zero() -> None:
    with pytest.warns(UserWarning, match="dense"):
        x = autograd.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]], requires_grad=True).to_sparse()
        assert x._indices().tolist() == x.coalesce().indices().tolist() == [[0, 0, 1], [1, 2, 0]]
        assert x._values().tolist() == [1.0, 2.0, 3.0] and x._nnz() == 3
        again = autograd.sparse_coo_tensor(x._indices(), x.values() * 2, x.shape)
        assert (
            autograd.sparse_coo_tensor(size=(1, 2)).tolist() == autograd.sparse_coo_tensor((1, 2)).tolist() == [[0, 0]]
        )
        with pytest.raises(TypeError, match="size= alone"):
            autograd.sparse_coo_tensor(indices=[[0]])
    again.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 2.0, 2.0], [2.0, 0.0, 0.0]]


def test_arguments_that_answer_for_functions() -> None:
    class Base:
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return NotImplemented

    class Answers(Base):
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func.__name__, types, len(args), kwargs

    def mine(x: Any, y: Any, p: int = 2) -> Any:
        if nn.functional.has_torch_function((x, y)):
            return nn.functional.handle_torch_function(mine, (x, y), x, y, p=p)
        return x + y

    assert mine(autograd.ones(1), autograd.ones(1)).item() == 2
    assert mine(Base(), Answers()) == ("mine", (Answers, Base), 2, {"p": 2})
    with pytest.raises(TypeError, match="no implementation found"):
        mine(Base(), autograd.ones(1))
    with pytest.raises(TypeError, match=r"call autograd\.overrides\.listen"):
        autograd.relu(Base())
    assert autograd.overrides.is_tensor_like(Base()) and not autograd.overrides.is_tensor_like(1.0)


def test_names_that_copies_of_pytorchs_code_import() -> None:
    internal = importlib.import_module("autograd._jit_internal")
    assert autograd._jit_internal is autograd.jit  # type: ignore[attr-defined]
    pick = internal.boolean_dispatch(
        "flag", 1, False, lambda x, flag=False: x + 1, lambda x, flag=False: x, "m", "pick"
    )
    assert pick(1) == pick(1, False) == 1 and pick(1, True) == pick(1, flag=True) == 2 and pick.__name__ == "pick"
    assert issubclass(autograd.cuda.OutOfMemoryError, RuntimeError)
    assert autograd.OutOfMemoryError is autograd.cuda.OutOfMemoryError  # type: ignore[attr-defined]
    assert nn.init._no_grad_uniform_(autograd.empty(3), 1, 2).min() >= 1  # type: ignore[attr-defined]
    autograd._assert(True, "fine")  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="not fine"):
        autograd._assert(autograd.tensor(False), "not fine")  # type: ignore[attr-defined]


def test_the_check_tells_of_a_missing_name_in_a_module_that_stands_for_several() -> None:
    told = list(missing_names("from torch.utils.tensorboard.summary import nosuch\n"))
    assert [(line, name) for line, name, _ in told] == [(1, "torch.utils.tensorboard.summary.nosuch")]


def test_the_type_of_a_node_has_its_name() -> None:
    x = autograd.ones(2, 3, requires_grad=True)
    loss = (x.exp() * 2).sum()
    names, node = [], loss.grad_fn
    assert loss.grad_fn is node and isinstance(node, autograd.graph.Node) and hash(node) == hash(loss.grad_fn)
    while node is not None:
        names.append(type(node).__name__)
        node = next((n for n, _ in node.next_functions if n is not None), None)
    assert names == ["SumBackward0", "MulBackward0", "ExpBackward0", "AccumulateGrad"]
    assert loss.grad_fn is not None and loss.grad_fn.next_functions[0][0]._saved_other is not None
    loss.backward()
    assert x.grad is not None and x.grad[0, 0].item() == pytest.approx(2 * 2.718281828)
    assert x.T._is_view() and not x._is_view() and not loss._is_view()


def test_the_second_derivative_of_smooth_l1_ends_where_pytorchs_does() -> None:
    x = autograd.tensor([-1.0, -0.5, 1.0, 2.0], requires_grad=True)
    for loss in (nn.functional.smooth_l1_loss, nn.functional.huber_loss):
        (slope,) = autograd.grad(loss(x, autograd.zeros(4), reduction="sum"), x, create_graph=True)
        assert slope.tolist() == [-1.0, -0.5, 1.0, 1.0]
        assert autograd.grad(slope.sum(), x)[0].tolist() == [0.0, 1.0, 0.0, 0.0]
