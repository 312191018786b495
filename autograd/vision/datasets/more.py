"""Digits, random images, street numbers and STL-10."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...tensor import Tensor, wrap
from .fetch import checksum, download, extract
from .vision import ArrayDataset, Transform, VisionDataset, picture

__all__ = ["STL10", "SVHN", "Digits", "FakeData"]


class Digits(ArrayDataset):
    """The small digits of scikit-learn: 1,797 images of 8 x 8 pixels; every fifth one is in the test set.

    Their 17 shades are spread over 0..255. Attributes: ``data`` is a uint8 Tensor N x 8 x 8, ``targets`` int64. Raises
    ImportError where scikit-learn, which holds the data, is not installed.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html
    """

    classes: ClassVar[list[str]] = [str(i) for i in range(10)]

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise ImportError("Digits come with scikit-learn: pip install scikit-learn") from error
        images, labels = load_digits(return_X_y=True)
        self.train = train
        chosen = (np.arange(len(labels)) % 5 != 4) == train
        self.data: Tensor = wrap(np.rint(images[chosen] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8))
        self.targets: Tensor = wrap(labels[chosen].astype(np.int64))

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    def _images(self) -> Any:
        return self.data.array


class FakeData(VisionDataset):
    """Random images with random labels, the same each time: to try a program without data.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.FakeData.html
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Transform = None,
        target_transform: Transform = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from ...generator import Generator
        from ...random import randint, randn
        from ..transforms.functional import to_pil_image

        if not 0 <= index < len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        own = Generator().manual_seed(index + self.random_offset)
        noise = randn(*self.image_size, generator=own)
        target: Any = randint(0, self.num_classes, (1,), generator=own)[0]
        image: Any = to_pil_image(noise)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, int(target)

    def __len__(self) -> int:
        return self.size


class SVHN(VisionDataset):
    """Street View House Numbers: 32 x 32 colour digits. Reading its MATLAB files needs SciPy.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.SVHN.html
    """

    split_list: ClassVar[dict[str, list[str]]] = {
        name: [f"http://ufldl.stanford.edu/housenumbers/{name}_32x32.mat", f"{name}_32x32.mat", md5]
        for name, md5 in (
            ("train", "e26dedcc434d2e4c54c9b2d4a06d8373"),
            ("test", "eb5a983be6a315427106f1b164d9cef3"),
            ("extra", "a93ce644f1a588dc4d68dda5feec44a7"),
        )
    }

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.split_list:
            raise ValueError(f"Unknown value {split!r} for argument split. Valid values are {set(self.split_list)}.")
        self.split = split
        self.url, self.filename, self.file_md5 = self.split_list[split]
        path = Path(self.root) / self.filename
        if download:
            self.download()
        if not path.exists() or checksum(path) != self.file_md5:
            raise RuntimeError(f"{path} not found or corrupted. You can use download=True to download it")
        try:
            from scipy.io import loadmat
        except ImportError as error:
            raise ImportError("SVHN comes as MATLAB files, which SciPy reads: pip install scipy") from error
        loaded = loadmat(path)
        self.data: Any = np.ascontiguousarray(loaded["X"].transpose(3, 2, 0, 1))
        self.labels: Any = loaded["y"].astype(np.int64).squeeze() % 10  # they write 10 for 0

    def download(self) -> None:
        """Fetch the file, unless it is there."""
        download(self.url, Path(self.root) / self.filename, self.file_md5)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = picture(self.data[index].transpose(1, 2, 0)), int(self.labels[index])
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


class STL10(VisionDataset):
    """96 x 96 colour images in ten classes, and 100,000 without labels (target -1).

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.STL10.html
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        folds: int | None = None,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.splits:
            raise ValueError(f"Unknown value {split!r} for argument split. Valid values are {self.splits}.")
        if folds is not None and not 0 <= folds < 10:
            raise ValueError(f"Value for argument folds should be in the range [0, 10), but got {folds}.")
        self.split, self.folds = split, folds
        self._folder = Path(self.root) / self.base_folder
        if download:
            self.download()
        parts = [self._read(part) for part in split.split("+")]
        self.data: Any = np.concatenate([images for images, _ in parts])
        self.labels: Any = np.concatenate([labels for _, labels in parts])
        if folds is not None:
            lines = (self._folder / "fold_indices.txt").read_text().splitlines()
            chosen = np.array(lines[folds].split(), int)
            self.data, self.labels = self.data[chosen], self.labels[chosen]
        names = self._folder / "class_names.txt"
        self.classes = names.read_text().split() if names.exists() else []

    def _read(self, part: str) -> tuple[Any, Any]:
        path = self._folder / f"{part}_X.bin"
        if not path.exists():
            raise RuntimeError(f"{path} not found. You can use download=True to download it")
        images = np.fromfile(path, np.uint8).reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # stored column by column
        if part == "unlabeled":
            return images, np.full(len(images), -1, np.int64)
        return images, np.fromfile(self._folder / f"{part}_y.bin", np.uint8).astype(np.int64) - 1

    def download(self) -> None:
        """Fetch and unpack the archive, unless it is there."""
        if not self._folder.exists():
            extract(download(self.url, Path(self.root) / self.filename, self.tgz_md5), self.root)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = picture(np.ascontiguousarray(self.data[index].transpose(1, 2, 0))), int(self.labels[index])
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
