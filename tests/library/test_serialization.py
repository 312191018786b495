"""Files: ours and PyTorch's, in both directions; and files that would like to run something."""

import argparse
import collections
import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd.utils import safetensors


def things(t, layers):
    """What programs save, in either library."""
    x = t.arange(6.0).reshape(2, 3)
    layer = layers.Linear(2, 2)
    return {
        "state": layer.state_dict(), "shared": [x[1:], x.t()], "parameter": layer.weight, "same": [t.arange(3)] * 2,
        "bfloat16": t.ones(2, dtype=t.bfloat16), "complex": t.ones(2, dtype=t.complex64), "bool": t.tensor([True, False]),
        "uint16": t.ones(2, dtype=t.uint16), "half": t.ones(2, dtype=t.float16), "int8": t.ones(2, dtype=t.int8),
        "leaf": t.ones(2, requires_grad=True), "expanded": t.ones(3, 1).expand(3, 4), "scalar": t.tensor(3), "empty": t.zeros(0, 3),
        "size": t.Size([2, 3]), "dtype": t.float32, "device": t.device("cpu"), "none": None, "set": {1}, "bytes": b"abc",
        "tuple": (1, 2.5, "x", True, 1j), "big": 2**70, "counter": collections.Counter("aab"),
    }  # fmt: skip


def plain(value):
    """Something comparable, the same for both libraries."""
    if hasattr(value, "requires_grad"):
        floats = value.detach().float() if "bfloat16" in str(value.dtype) else value.detach()
        kind = "Parameter" if type(value).__name__ == "Parameter" else "Tensor"
        return (
            kind,
            str(value.dtype),
            tuple(value.shape),
            tuple(value.stride()) if 0 not in value.shape else (),
            floats.tolist(),
            value.requires_grad,
        )
    if isinstance(value, dict):
        return type(value).__name__, [(k, plain(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(v) for v in value]
    return repr(value)


def written(save, value, **kwargs):
    file = io.BytesIO()
    save(value, file, **kwargs)
    file.seek(0)
    return file


def test_round_trip():
    given = things(ag, nn)
    found = ag.load(written(ag.save, given))
    assert plain(found) == plain(given)
    assert np.shares_memory(found["shared"][0].array, found["shared"][1].array)
    assert found["same"][0] is found["same"][1]
    found["shared"][0].mul_(0)
    assert found["shared"][1][:, 1].tolist() == [0, 0, 0]
    assert found["state"]._metadata == given["state"]._metadata


def test_we_open_what_pytorch_wrote():
    torch = pytest.importorskip("torch")
    given = things(torch, torch.nn) | {"default": collections.defaultdict(list, a=[1]), "numpy": np.float64(2.5)}
    found = ag.load(written(torch.save, given))
    assert plain(found) == plain(given)
    assert np.shares_memory(found["shared"][0].array, found["shared"][1].array)
    found = ag.load(written(torch.save, given, _use_new_zipfile_serialization=False))
    assert plain(found) == plain(given)
    assert ag.load(written(torch.save, torch.tensor([1 + 2j]).conj())).tolist() == [1 - 2j]
    array = ag.load(written(torch.save, np.arange(6).reshape(2, 3)))
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
def test_every_format_and_protocol_goes_both_ways(zipped, protocol):
    torch = pytest.importorskip("torch")
    options = {"_use_new_zipfile_serialization": zipped, "pickle_protocol": protocol}
    ag.manual_seed(0), torch.manual_seed(0)
    given, theirs = things(ag, nn), things(torch, torch.nn)
    if not zipped:  # PyTorch does not read its own file then
        del given["uint16"], theirs["uint16"]
    for found in (
        ag.load(written(ag.save, given, **options)),
        ag.load(written(torch.save, theirs, **options)),
        torch.load(written(ag.save, given, **options), weights_only=protocol == 2),  # all that it reads safely
    ):
        assert plain(found) == plain(given)
        first, second = (t.untyped_storage().data_ptr() for t in found["shared"])
        assert first == second


def test_pytorch_opens_what_we_wrote():
    torch = pytest.importorskip("torch")
    given = things(ag, nn)
    found = torch.load(written(ag.save, given), weights_only=True)
    assert plain(found) == plain(given)
    assert found["shared"][0].untyped_storage().data_ptr() == found["shared"][1].untyped_storage().data_ptr()


def test_training_continues_in_the_other_library():
    torch = pytest.importorskip("torch")

    def trained(t, layers, optimizers, load=None):
        t.manual_seed(0)
        layer = layers.Linear(3, 2)
        adam = optimizers.Adam(layer.parameters(), lr=0.1)
        if load is not None:
            layer.load_state_dict(load["layer"])
            adam.load_state_dict(load["adam"])
        for _ in range(3):
            adam.zero_grad()
            (layer(t.ones(4, 3)) ** 2).sum().backward()
            adam.step()
        return {"layer": layer.state_dict(), "adam": adam.state_dict()}, layer.weight.tolist()

    theirs = written(torch.save, trained(torch, torch.nn, torch.optim)[0])
    mine = written(ag.save, trained(ag, nn, optim)[0])
    _, from_theirs = trained(ag, nn, optim, ag.load(theirs))
    _, from_mine = trained(torch, torch.nn, torch.optim, torch.load(mine))
    theirs.seek(0)
    _, expected = trained(torch, torch.nn, torch.optim, torch.load(theirs))
    np.testing.assert_allclose(from_theirs, expected, rtol=1e-5)
    np.testing.assert_allclose(from_mine, expected, rtol=1e-5)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


def archive(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data.pkl", content)
        made.writestr("archive/version", "3\n")
    file.seek(0)
    return file


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("weights_only", [True, False])
def test_a_file_that_calls_something_is_refused(protocol, weights_only, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in (archive(pickle.dumps({"w": Evil()}, protocol)), io.BytesIO(pickle.dumps(Evil(), protocol))):
        with pytest.raises(pickle.UnpicklingError, match="mkdir"):
            ag.load(file, weights_only=weights_only)
    assert not (tmp_path / "pwned").exists()


ATTACKS = {
    "eval": b"cbuiltins\neval\n(S'1+1'\ntR.",
    "getattr of ours": b"cautograd.unpickling\n_KNOWN\n.",
    "import by dots": b"ctorch\nserialization.os.system\n(S'true'\ntR.",
    "call a number": b"I1\n(tR.",
    "call a tuple": b"(I1\nt(tR.",
    "build on a dtype": b"ctorch\nfloat32\n}S'itemsize'\nI9\nsb.",
    "slots of a dtype": b"ctorch\nfloat32\n(N}S'itemsize'\nI9\nstb.",
    "build on a function": b"ctorch._utils\n_rebuild_tensor_v2\n}S'__code__'\nI9\nsb.",
    "instance": b"(ios\nsystem\n.",
    "object": b"(cos\nsystem\nS'true'\no.",
    "extension": b"\x82\x01.",
    "persistent": b"S'../../etc/passwd'\nQ.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "append to a class": b"ccollections\ndeque\nI1\na.",
    "items of a class": b"ccollections\nOrderedDict\n(I1\nI2\nu.",
    "newobj": b"cbuiltins\ncompile\n)\x81.",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_crafted_pickles_are_refused(name):
    with pytest.raises(pickle.UnpicklingError):
        ag.load(archive(ATTACKS[name]))
    assert ag.float32.itemsize == 4


def test_a_tensor_cannot_reach_past_its_memory():
    file = written(ag.save, ag.arange(4))
    with zipfile.ZipFile(file) as found:
        text = found.read("archive/data.pkl")
    wide = text.replace(pickle.BININT1 + b"\x04" + pickle.TUPLE1, pickle.BININT1 + b"\x7f" + pickle.TUPLE1)
    assert wide != text
    made = io.BytesIO()
    with zipfile.ZipFile(file) as found, zipfile.ZipFile(made, "w") as copy:
        for name in found.namelist():
            copy.writestr(name, wide if name.endswith("data.pkl") else found.read(name))
    made.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="reaches past"):
        ag.load(made)


def test_broken_files():
    whole = written(ag.save, {"w": ag.ones(100)}).getvalue()
    for broken in (b"", b"PK", whole[: len(whole) // 2], b"garbage" * 10, whole[:30] + b"\0" * 60 + whole[90:]):
        with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile)):
            ag.load(io.BytesIO(broken))
    with pytest.raises(FileNotFoundError):
        ag.load("no such file.pt")


class Point:
    def __init__(self, x):
        self.x = x


def test_classes_of_the_users_own_must_be_admitted():
    file = written(ag.save, Point(3))
    with pytest.raises(pickle.UnpicklingError, match="add_safe_globals"):
        ag.load(file)
    file.seek(0)
    with ag.serialization.safe_globals([Point]):
        assert ag.load(file).x == 3
        assert ag.serialization.get_safe_globals() == [Point]
    assert ag.serialization.get_safe_globals() == []


def test_whole_modules_need_weights_only_false():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    file = written(ag.save, net)
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
        ag.load(file)
    file.seek(0)
    found = ag.load(file, weights_only=False)
    x = ag.ones(1, 2)
    assert found(x).tolist() == net(x).tolist() and str(found) == str(net)


@pytest.mark.parametrize("by", ["ours", "pytorch"])
def test_functions_come_back_as_themselves(by):
    """The activation of a saved transformer: admitted by name or, from PyTorch's file, as our thing of that name."""
    save, layers = ag.save, nn
    if by == "pytorch":
        torch = pytest.importorskip("torch")
        save, layers = torch.save, torch.nn
    net = layers.TransformerEncoderLayer(4, 2, 8)
    assert ag.load(written(save, net), weights_only=False).activation is nn.functional.relu
    kinds = [nn.TransformerEncoderLayer, nn.MultiheadAttention, nn.modules.linear.NonDynamicallyQuantizableLinear,
             nn.Linear, nn.Dropout, nn.LayerNorm]  # fmt: skip
    with ag.serialization.safe_globals(kinds):
        with pytest.raises(pickle.UnpicklingError, match="relu"):
            ag.load(written(save, net))
        ag.serialization.add_safe_globals([nn.functional.relu])
        found = ag.load(written(save, net))
    assert found.activation is nn.functional.relu
    x = ag.ones(1, 2, 4)
    net.eval(), found.eval()
    expected = net(x) if by == "ours" else net(torch.ones(1, 2, 4))
    np.testing.assert_allclose(found(x).tolist(), expected.tolist(), rtol=1e-4, atol=1e-6)


def test_classes_come_back_as_themselves():
    found = ag.load(written(ag.save, {"kind": OrderedDict, "many": [set, dict]}))
    assert found == {"kind": OrderedDict, "many": [set, dict]}


class Settings:
    def __init__(self, width):
        self.width = width


class Deleter(Settings):
    def __del__(self):
        raise AssertionError("made from a file")


def test_settings_beside_the_weights():
    file = written(ag.save, {"args": argparse.Namespace(lr=0.1), "config": Settings(3)})
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
        ag.load(file)
    file.seek(0)
    found = ag.load(file, weights_only=False)
    assert found["args"] == argparse.Namespace(lr=0.1) and found["config"].width == 3
    here = __name__.encode()
    for crafted in (
        b"c" + here + b"\nDeleter\n)\x81.",
        b"c" + here + b"\nSettings\n(I1\ntR.",
        b"ctempfile\n_TemporaryFileCloser\n)\x81.",
    ):
        with pytest.raises(pickle.UnpicklingError):
            ag.load(archive(crafted), weights_only=False)


def test_pytorchs_own_modules_become_ours():
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    found = ag.load(written(torch.save, net), weights_only=False)
    np.testing.assert_allclose(found(ag.ones(1, 2)).tolist(), net(torch.ones(1, 2)).tolist(), rtol=1e-6)


def test_a_path_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "w.pt"
    ag.save(ag.ones(2), path)
    with pytest.raises(pickle.PicklingError):
        ag.save([ag.ones(2), lambda: 0], path)
    assert ag.load(path).tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["w.pt"]
    with pytest.raises(RuntimeError, match="does not exist"):
        ag.save(ag.ones(2), tmp_path / "no" / "w.pt")


def test_arguments():
    file = written(ag.save, OrderedDict(w=ag.ones(2)))
    assert ag.load(file, map_location="cpu")["w"].tolist() == [1, 1]
    file.seek(0)
    with pytest.raises(RuntimeError, match="cuda"):
        ag.load(file, map_location="cuda:0")
    with pytest.raises(TypeError, match="unexpected"):
        ag.load(file, colour="red")
    with pytest.raises(ValueError, match="from 2 to"):
        ag.save(1, io.BytesIO(), pickle_protocol=1)
    with pytest.raises(AttributeError, match="path"):
        ag.load(3)


def test_safetensors(tmp_path):
    given = {"a": ag.randn(3, 4), "b": ag.ones(2, dtype=ag.bfloat16), "c": ag.tensor(3), "d": ag.zeros(0, 2)}
    safetensors.save_file(given, tmp_path / "w.safetensors", {"made": "here"})
    found = safetensors.load_file(tmp_path / "w.safetensors")
    assert plain({k: found[k] for k in given}) == plain(given)
    assert safetensors.load_metadata(tmp_path / "w.safetensors") == {"made": "here"}
    reference = pytest.importorskip("safetensors.numpy")
    theirs = reference.load(safetensors.save({"a": given["a"], "c": given["c"]}))
    np.testing.assert_array_equal(theirs["a"], given["a"].numpy())
    mine = safetensors.load(reference.save({"x": np.arange(6, dtype=np.int32).reshape(2, 3)}))
    assert mine["x"].tolist() == [[0, 1, 2], [3, 4, 5]] and mine["x"].dtype == ag.int32


@pytest.mark.parametrize(
    "header",
    [
        b"[]", b"{", b'{"a": 3}', b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "X", "shape": [1], "data_offsets": [0, 4]}}',
    ],
)  # fmt: skip
def test_broken_safetensors(header):
    with pytest.raises(safetensors.SafetensorError):
        safetensors.load(struct.pack("<Q", len(header)) + header + b"\0\0\0\0")
    with pytest.raises(safetensors.SafetensorError):
        safetensors.load(struct.pack("<Q", 10**15) + b"{}")
