"""Programs written for several devices run here; what has no meaning says so. And PyTorch scripts run as they are."""

import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.install import install_as_torch, missing_names, ours
from tools import names


def test_the_questions_programs_ask():
    device = ag.device("cuda" if ag.cuda.is_available() else "mps" if ag.backends.mps.is_available() else "cpu")
    assert device == ag.device("cpu") and ag.cuda.device_count() == 0 and not ag.accelerator.is_available()
    assert ag.accelerator.current_accelerator() is None and not ag.cuda.is_bf16_supported()
    ag.backends.cudnn.benchmark = True
    ag.backends.cudnn.deterministic = False
    ag.cuda.manual_seed_all(0)
    ag.cuda.synchronize()
    ag.set_float32_matmul_precision("high")
    assert ag.get_float32_matmul_precision() == "high"
    with pytest.raises(RuntimeError, match="highest"):
        ag.set_float32_matmul_precision("low")
    with pytest.raises(RuntimeError, match="is_available"):
        ag.cuda.get_device_properties(0)
    with ag.backends.cuda.sdp_kernel(enable_flash=False), nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
        pass


def test_mixed_precision_trains_nearly_as_without():
    def train(mixed):
        ag.manual_seed(0)
        net = nn.Linear(3, 1)
        sgd = optim.SGD(net.parameters(), lr=0.1)
        scaler = ag.amp.GradScaler("cpu", enabled=mixed)
        for _ in range(3):
            sgd.zero_grad()
            with ag.autocast("cpu", dtype=ag.bfloat16, enabled=mixed):
                loss = net(ag.ones(2, 3)).square().sum()
            scaler.scale(loss).backward()
            scaler.unscale_(sgd)
            scaler.step(sgd)
            scaler.update()
        return net.weight.tolist()

    np.testing.assert_allclose(train(True), train(False), rtol=0.02)


def test_a_world_of_one():
    with pytest.raises(ValueError, match="init_process_group"):
        ag.distributed.get_rank()
    with pytest.raises(RuntimeError, match="world_size=1"):
        ag.distributed.init_process_group("gloo", world_size=4, rank=0)
    ag.distributed.init_process_group("gloo", rank=0, world_size=1)
    t = ag.ones(2)
    ag.distributed.all_reduce(t, op=ag.distributed.ReduceOp.SUM)
    net = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
    assert t.tolist() == [1, 1] and list(net.state_dict()) == ["module.weight", "module.bias"]
    ag.distributed.destroy_process_group()
    assert not ag.distributed.is_initialized()


def test_what_reports_of_bugs_print():
    assert np.__version__ in ag.__config__.show()
    assert f"get_num_threads() : {ag.get_num_threads()}" in ag.__config__.parallel_info()


def test_layers_are_found_where_pytorch_keeps_them():
    assert nn.modules.activation.MultiheadAttention is nn.MultiheadAttention
    layer = nn.MultiheadAttention(4, 2)
    assert type(layer.out_proj) is nn.modules.linear.NonDynamicallyQuantizableLinear


def test_clear_refusals():
    for call in (
        lambda: ag.onnx.export(None),
        lambda: ag.nested.nested_tensor([]),
        lambda: ag.jit.load("x"),
        lambda: ag.hub.load("a/b", "c"),
        lambda: ag.fx.symbolic_trace(abs),
        lambda: ag.fx.GraphModule(None, None),
    ):
        with pytest.raises(NotImplementedError):
            call()
    assert ag.jit.script(abs) is abs and ag.fx.wrap(abs) is abs


def test_futures():
    from autograd.futures import Future, collect_all, wait_all

    first, second, seen = Future(), Future(), []
    both = collect_all([first, second])
    later = second.then(lambda f: f.value() + 1)
    failing = second.then(lambda f: 1 // 0)
    first.add_done_callback(lambda f: seen.append(f.value()))
    with pytest.raises(RuntimeError, match="before the future was done"):
        first.value()
    threading.Timer(0.01, lambda: first.set_result(1)).start()
    assert first.wait() == 1 and not both.done()
    second.set_result(2)
    assert both.done() and wait_all([first, second, later]) == [1, 2, 3] and seen == [1]
    with pytest.raises(ZeroDivisionError):
        failing.wait()
    with pytest.raises(RuntimeError, match="already"):
        first.set_result(3)
    with pytest.raises(TypeError, match="not an Exception"):
        Future().set_exception("no")
    assert collect_all([]).wait() == [] and ag.Future is Future


def records(path):
    """The records of an event file, with their checksums checked."""
    from autograd.utils.tensorboard import _masked_crc

    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        assert int.from_bytes(data[at + 8 : at + 12], "little") == _masked_crc(data[at : at + 8])
        body = data[at + 12 : at + 12 + size]
        assert int.from_bytes(data[at + 12 + size : at + 16 + size], "little") == _masked_crc(body)
        found.append(body)
        at += 16 + size
    return found


def test_summary_writer(tmp_path):
    from autograd.utils.tensorboard import SummaryWriter, _masked_crc

    crc = (_masked_crc(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert ((crc >> 17) | (crc << 15)) & 0xFFFFFFFF == 0xE3069283  # the check value of CRC-32C
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss/train", ag.tensor(0.5), 3)
        writer.add_text("note", "hello")
        writer.add_scalars("both", {"a": 1.0, "b": 2.0}, 1)
        with pytest.warns(UserWarning, match="audio is not written"):
            writer.add_audio("f", None)
    (file,) = [p for p in tmp_path.iterdir() if p.is_file()]
    version, scalar, text = records(file)
    assert (
        b"brain.Event:2" in version
        and b"loss/train" in scalar
        and np.float32(0.5).tobytes() in scalar
        and b"hello" in text
    )
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["both_a", "both_b"]
    with pytest.raises(RuntimeError, match="closed"):
        writer.add_scalar("x", 1)


def test_profiler_times_sections():
    with ag.profiler.profile(activities=[ag.profiler.ProfilerActivity.CPU]) as p, ag.profiler.record_function("work"):
        pass
    assert "work" in p.key_averages().table(sort_by="cpu_time_total")


SCRIPT = """
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor, optim
from torch.autograd import Variable
from torch.nn.modules.module import Module
import torch.utils.data as data

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
x = torch.randn(64, 4)
y = (x.sum(1) > 0).long()
adam = optim.Adam(net.parameters(), lr=0.05)
for step in range(30):
    adam.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    adam.step()
assert loss.item() < 0.2 and isinstance(net, Module) and isinstance(x, Tensor)
print(sys.argv[1:], type(x))
"""


def run(tmp_path, script, *args):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    return subprocess.run([sys.executable, "-m", "autograd", *args[:1], str(path), *args[1:]] if args[:1] == ("--check",)
                          else [sys.executable, "-m", "autograd", str(path), *args], capture_output=True, text=True, timeout=120)  # fmt: skip


def test_a_pytorch_script_runs_as_it_is(tmp_path):
    done = run(tmp_path, SCRIPT, "--lr", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['--lr', '3'] <class 'torch.Tensor'>"


def test_a_failing_script_is_told_from_its_own_line_on(tmp_path):
    done = run(tmp_path, "import torch\ntorch.ones(2, 3) @ torch.ones(2)")
    assert done.returncode == 1 and done.stderr.splitlines()[1].endswith('script.py", line 2, in <module>')
    done = run(tmp_path, "print(1")
    assert done.returncode == 1 and "never closed" in done.stderr and "Traceback" not in done.stderr
    assert run(tmp_path, "raise SystemExit(3)").returncode == 3
    done = run(tmp_path, "import torch\ntorch.frobnicate(1)")
    assert "is not in this library (line 2" in done.stderr and "nearest" not in done.stderr


def test_a_missing_name_is_explained(tmp_path):
    done = run(tmp_path, "import torch\nx = 1\nprint(torch.linspce(0, 1, 3))")
    assert done.returncode == 1
    assert (
        "torch.linspce is not in this library (line 3 of" in done.stderr
        and "nearest name is torch.linspace" in done.stderr
    )
    done = run(tmp_path, "import torch\ntorch.ones(2).sqeeze()")
    assert "Tensor.sqeeze is not in this library (line 2 of" in done.stderr and "Tensor.squeeze" in done.stderr
    done = run(tmp_path, "from torch.nn import Liner")
    assert "nn.Liner is not in this library (line 1 of" in done.stderr and "nn.Linear" in done.stderr


def test_check_lists_all_missing_names_without_running(tmp_path):
    done = run(
        tmp_path,
        "import torch\nfrom torch import nn\nraise SystemExit(3)\ntorch.foo_bar()\nnn.Linnear(1, 2)",
        "--check",
    )
    assert done.returncode == 1 and ":4: torch.foo_bar" in done.stdout and "torch.nn.Linear" in done.stdout
    assert list(missing_names("import torch\ntorch.nn.functional.relu(torch.ones(2))")) == []


def test_install_and_remove():
    if "torch" in sys.modules and sys.modules["torch"] is not ag:
        with pytest.raises(RuntimeError, match="imported already"):
            install_as_torch()
        return
    with install_as_torch():
        import torch.nn.functional as F

        assert sys.modules["torch"] is ag and F is nn.functional
        with pytest.raises(ModuleNotFoundError, match=r"nearest is torch\.nn\.functional"):
            import torch.nn.functionals  # noqa: F401
    assert "torch" not in sys.modules and ag.__spec__.name == "autograd"


def test_an_optimizer_whose_state_is_shared_by_one_process_is_the_optimizer():
    from autograd.distributed.optim import ZeroRedundancyOptimizer

    def trained(make):
        w, b = ag.ones(3, requires_grad=True), ag.ones(1, requires_grad=True)
        optimizer = make([w])
        optimizer.add_param_group({"params": [b], "lr": 0.5})
        schedule = optim.lr_scheduler.StepLR(optimizer, 1, 0.1)
        for _ in range(2):
            optimizer.zero_grad()
            (w.square().sum() + b.sum()).backward()
            optimizer.step()
            schedule.step()
        again = make([{"params": [w]}, {"params": [b]}])
        again.load_state_dict(optimizer.state_dict())
        again.step()
        return w.tolist(), b.tolist(), [group["lr"] for group in again.param_groups]

    shared = trained(lambda params: ZeroRedundancyOptimizer(params, optim.Adam, lr=0.1))
    assert shared == trained(lambda params: optim.Adam(params, lr=0.1))
    with pytest.raises(RuntimeError, match="several processes"):
        ZeroRedundancyOptimizer([ag.ones(1, requires_grad=True)], optim.SGD, overlap_with_ddp=True, lr=1.0)


def test_the_naming_rule():
    assert ours("torch.nn.modules.conv") == "nn.modules.conv" and ours("torch") == "autograd"


def test_the_names_of_real_programs_resolve():
    assert {area: absent for area, absent in names.missing().items() if absent} == {}
    counts = [row["name"] for row in names.table()]
    assert len(counts) == 587 and set(counts) > names.NOT_IN_PYTORCH


def test_what_is_optional_is_not_needed_to_import():
    code = """
import sys
for name in ("ml_dtypes", "scipy", "torch", "matplotlib", "graphviz", "tqdm", "threadpoolctl", "sklearn", "hypothesis"):
    sys.modules[name] = None
import autograd, nn, optim
assert nn.Linear(2, 1)(autograd.randn(3, 2)).shape == (3, 1)
assert "numpy.random" in sys.modules
try:
    autograd.bfloat16
except ImportError as error:
    assert "pip install ml_dtypes" in str(error)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
