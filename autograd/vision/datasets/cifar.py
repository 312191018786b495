"""CIFAR-10 and CIFAR-100: 32 x 32 colour images of ten and of a hundred things."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .fetch import checksum, download, extract, unpickle
from .vision import ArrayDataset, Transform

__all__ = ["CIFAR10", "CIFAR100"]


class CIFAR10(ArrayDataset):
    """60,000 colour images, 32 x 32, in ten classes; 50,000 of them to train on.

    Attributes: ``data`` is a uint8 array N x 32 x 32 x 3, ``targets`` a list of ints.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.CIFAR10.html; Krizhevsky (2009)
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[list[str]]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: ClassVar[list[list[str]]] = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta: ClassVar[dict[str, str]] = {
        "filename": "batches.meta",
        "key": "label_names",
        "md5": "5ff9c542aee3614f3951f8cda6e48888",
    }

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
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(
                f"{type(self).__name__} not found in {self._folder} or corrupted. You can use download=True to fetch it"
            )
        parts = [self._read(name) for name, _ in (self.train_list if train else self.test_list)]
        pixels = np.concatenate([part["data"] for part in parts]).reshape(-1, 3, 32, 32)
        self.data: Any = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
        self.targets = [label for part in parts for label in part.get("labels", part.get("fine_labels"))]
        self.classes: list[str] = self._read(self.meta["filename"])[self.meta["key"]]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    @property
    def _folder(self) -> Path:
        return Path(self.root) / self.base_folder

    def _read(self, name: str) -> Any:
        with open(self._folder / name, "rb") as file:
            return unpickle(file)

    def _check_integrity(self) -> bool:
        files = [*self.train_list, *self.test_list, [self.meta["filename"], self.meta["md5"]]]
        return all((self._folder / name).exists() and checksum(self._folder / name) == md5 for name, md5 in files)

    def download(self) -> None:
        """Fetch and unpack the archive, unless the files are there."""
        if not self._check_integrity():
            extract(download(self.url, Path(self.root) / self.filename, self.tgz_md5), self.root)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    def _images(self) -> Any:
        return self.data


class CIFAR100(CIFAR10):
    """60,000 colour images, 32 x 32, in a hundred classes; 50,000 of them to train on. As ``CIFAR10``."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[list[str]]] = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list: ClassVar[list[list[str]]] = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta: ClassVar[dict[str, str]] = {
        "filename": "meta",
        "key": "fine_label_names",
        "md5": "7973b15100ade9c7d40fb424638fde48",
    }
