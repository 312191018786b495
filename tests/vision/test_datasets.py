"""Image datasets: files in every shape they come in, the downloader against a real local server, no code from pickles."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import pickle
import tarfile
import threading

import numpy as np
import pytest

import autograd
from autograd.utils.data import DataLoader, Subset, default_collate
from autograd.vision import datasets, transforms, utils
from autograd.vision.datasets import fetch, mnist

RNG = np.random.default_rng(0)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A dataset in MNIST's format, of ten random images."""
    images = RNG.integers(0, 256, (10, 28, 28), dtype=np.uint8)
    labels = RNG.integers(0, 10, 10, dtype=np.uint8)
    monkeypatch.setattr(datasets.KMNIST, "_unpacked", {})
    raw = tmp_path / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(mnist.idx_bytes(images))
    (raw / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(mnist.idx_bytes(labels)))
    return tmp_path, images, labels


def test_idx_files_packed_or_not_and_the_cache(small):
    root, images, labels = small
    for _ in range(2):  # from the files, then from the cache that this left
        found = datasets.KMNIST(root)
        np.testing.assert_array_equal(found.data.numpy(), images)
        np.testing.assert_array_equal(found.targets.numpy(), labels)
        assert found.data.dtype == autograd.uint8 and found.targets.dtype == autograd.int64
        for file in (root / "KMNIST" / "raw").glob("*ubyte*"):
            file.unlink()
    image, target = found[3]
    np.testing.assert_array_equal(np.asarray(image), images[3])
    assert target == labels[3] and len(found) == 10 and "Split: Train" in repr(found)


def test_batches_fetched_at_once_equal_those_of_single_images(small):
    root, _, _ = small
    both = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    found = datasets.KMNIST(root, transform=both)
    for d in (found, Subset(found, [7, 2, 5])):
        quick, slow = DataLoader(d, batch_size=4), DataLoader(d, batch_size=4, collate_fn=lambda s: default_collate(s))
        for (x, y), (u, v) in zip(quick, slow, strict=True):
            np.testing.assert_array_equal(x.numpy(), u.numpy())
            assert y.tolist() == v.tolist() and y.dtype == v.dtype and x.shape[1:] == (1, 28, 28)


def test_what_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(RuntimeError, match="download=True"):
        datasets.KMNIST(tmp_path)
    with pytest.raises(RuntimeError, match="download=True"):
        datasets.CIFAR10(tmp_path)
    bad = tmp_path / "x"
    bad.write_bytes(mnist.idx_bytes(np.zeros((2, 3), np.uint8))[:-1])
    with pytest.raises(ValueError, match="cut short"):
        mnist.read_idx(bad)


def test_wrong_digests_are_refused(small, monkeypatch):
    root, _, _ = small
    monkeypatch.setattr(datasets.KMNIST, "_unpacked", {"train-images": "sha256:00"})
    with pytest.raises(RuntimeError, match="not the right ones"):
        datasets.KMNIST(root)


def test_real_mnist_from_the_installed_package(tmp_path):
    pytest.importorskip("mnist")
    found = datasets.MNIST(tmp_path, train=False)
    assert len(found) == 10_000 and found.targets[:5].tolist() == [7, 2, 1, 0, 4]
    assert (tmp_path / "MNIST" / "raw" / "t10k.npz").exists()


@pytest.fixture
def server(tmp_path):
    """Serves ``payload``; the first answer is cut in the middle, ranges are honoured."""
    payload = RNG.bytes(3_000_000)
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Range")))
            if self.path == "/missing":
                return self.send_error(404)
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(payload) - start))
            self.end_headers()
            self.wfile.write(payload[start : start + 1_500_000] if not start else payload[start:])

        def log_message(self, *args):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}", payload, asked
    served.shutdown()
    served.server_close()


def test_download_tries_mirrors_resumes_and_checks(server, tmp_path):
    url, payload, asked = server
    target = tmp_path / "deep" / "file.bin"
    md5 = hashlib.md5(payload).hexdigest()
    fetch.download([url + "/missing", url + "/a", url + "/b"], target, md5)
    assert target.read_bytes() == payload and not list(tmp_path.rglob("*.part"))
    assert [path for path, _ in asked] == ["/missing", "/a", "/b"] and asked[-1][1] == "bytes=1500000-"
    fetch.download(url + "/never", target, md5)
    assert asked[-1][0] == "/b"  # it was there
    with pytest.raises(RuntimeError, match=r"(?s)/missing: .*404.*offline"):
        fetch.download(url + "/missing", tmp_path / "other")
    with pytest.raises(RuntimeError, match="MD5"):
        fetch.download([url + "/a", url + "/b"], tmp_path / "wrong", "0" * 32)
    assert not (tmp_path / "wrong").exists()


class Evil:
    def __reduce__(self):
        return print, ("run",)


def test_pickles_cannot_run_code(capsys):
    assert fetch.unpickle(io.BytesIO(pickle.dumps({"a": np.arange(3), "b": [b"x", "y"]}, protocol=2)))[
        "a"
    ].tolist() == [0, 1, 2]
    with pytest.raises(pickle.UnpicklingError, match="only NumPy arrays"):
        fetch.unpickle(io.BytesIO(pickle.dumps(Evil())))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("filters", [True, False])
def test_archives_cannot_write_elsewhere(tmp_path, monkeypatch, filters):
    if not filters:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(tarfile.TarError):
        fetch.extract(tmp_path / "a.tar.gz", tmp_path / "in")
    assert not (tmp_path / "outside").exists()


def test_cifar_from_its_pickled_batches(tmp_path, monkeypatch):
    folder = tmp_path / datasets.CIFAR10.base_folder
    folder.mkdir()
    lists = {}
    for kind, names in (("train_list", ["data_batch_1", "data_batch_2"]), ("test_list", ["test_batch"])):
        lists[kind] = []
        for name in names:
            batch = {"data": RNG.integers(0, 256, (4, 3072), dtype=np.uint8), "labels": [1, 0, 2, 1]}
            (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
            lists[kind].append([name, fetch.checksum(folder / name)])
        monkeypatch.setattr(datasets.CIFAR10, kind, lists[kind])
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["a", "b", "c"]}, protocol=2))
    monkeypatch.setitem(datasets.CIFAR10.meta, "md5", fetch.checksum(folder / "batches.meta"))
    found = datasets.CIFAR10(tmp_path, transform=transforms.ToTensor())
    assert len(found) == 8 and found.data.shape == (8, 32, 32, 3) and found.class_to_idx == {"a": 0, "b": 1, "c": 2}
    x, y = next(iter(DataLoader(found, batch_size=8)))
    np.testing.assert_array_equal(x.numpy()[2], found[2][0].numpy())
    assert y.tolist() == [1, 0, 2, 1] * 2


def test_image_folder(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    for name in ("cat/a.png", "cat/deep/b.PNG", "dog/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5), 9, np.uint8)).save(tmp_path / name)
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    found = datasets.ImageFolder(tmp_path, transform=transforms.ToTensor())
    assert found.classes == ["cat", "dog"] and found.targets == [0, 0, 1] and found[2][0].shape == (3, 4, 5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="classes empty"):
        datasets.ImageFolder(tmp_path)


def test_fake_data_and_digits():
    pytest.importorskip("PIL")
    fake = datasets.FakeData(3, (3, 8, 8), transform=transforms.ToTensor())
    assert fake[1][0].tolist() == fake[1][0].tolist() and fake[1][0].tolist() != fake[2][0].tolist()
    pytest.importorskip("sklearn")
    assert len(datasets.Digits()) + len(datasets.Digits(train=False)) == 1797


def test_grids_and_files(tmp_path):
    pytest.importorskip("PIL")
    from autograd.vision.io import ImageReadMode, read_image

    images = autograd.rand(5, 1, 4, 4)
    grid = utils.make_grid(images, nrow=3, padding=1, pad_value=0.5)
    assert grid.shape == (3, 11, 16) and grid[0, 0, 0].item() == 0.5
    np.testing.assert_array_equal(grid[2, 6:10, 6:10].numpy(), images[4, 0].numpy())
    scaled = utils.make_grid(images * 4 - 1, normalize=True, padding=0)
    assert scaled.min().item() == 0.0 and scaled.max().item() == 1.0
    utils.save_image(images, tmp_path / "x.png", nrow=3, padding=1, pad_value=0.5)
    back = read_image(tmp_path / "x.png")
    np.testing.assert_allclose(back.numpy() / 255, grid.numpy(), atol=1 / 255)
    assert read_image(tmp_path / "x.png", ImageReadMode.GRAY).shape == (1, 11, 16)
