"""Images (or anything) in one folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .vision import Transform, VisionDataset

__all__ = ["IMG_EXTENSIONS", "DatasetFolder", "ImageFolder", "default_loader"]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def default_loader(path: str) -> Any:
    """The image in a file as an RGB PIL Image."""
    from ..transforms.functional import pillow

    with open(path, "rb") as file:
        return pillow().Image.open(file).convert("RGB")


class DatasetFolder(VisionDataset):
    """Files ``root/class/.../name.ext``: the sample is what ``loader(path)`` gives, the target the number of the class.

    Args:
        root: the folder of the class folders; the classes are numbered in the order of their sorted names.
        loader: gives the sample in the file at a path.
        extensions: which files count; or ``is_valid_file(path)``, not both.
        allow_empty: don't raise for a class without files.

    Attributes: ``classes``, ``class_to_idx``, ``samples`` (path, class), ``targets``.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.DatasetFolder.html
    """

    def __init__(
        self,
        root: str | Path,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Transform = None,
        target_transform: Transform = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.loader = loader
        self.extensions = extensions
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """The names of the class folders, sorted, and the number of each."""
        classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
        if not classes:
            raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
        return classes, {name: i for i, name in enumerate(classes)}

    @staticmethod
    def make_dataset(
        directory: str | Path,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """(path, class) of all files that count."""
        if (extensions is None) == (is_valid_file is None):
            raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
        endings = tuple(e.lower() for e in extensions or ())

        def counts(path: str) -> bool:
            return path.lower().endswith(endings) if is_valid_file is None else is_valid_file(path)

        samples: list[tuple[str, int]] = []
        empty = []
        for name in sorted(class_to_idx):
            before = len(samples)
            for folder, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=True)):
                paths = (os.path.join(folder, file) for file in sorted(files))
                samples += [(path, class_to_idx[name]) for path in paths if counts(path)]
            if len(samples) == before:
                empty.append(name)
        if empty and not allow_empty:
            wanted = f" Supported extensions are: {', '.join(extensions)}" if extensions else ""
            raise FileNotFoundError(f"Found no valid file for the classes {', '.join(empty)}.{wanted}")
        return samples

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        sample: Any = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        return sample, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Images ``root/class/.../name.png``, read with Pillow; ``imgs`` is another name of ``samples``."""

    def __init__(
        self,
        root: str | Path,
        transform: Transform = None,
        target_transform: Transform = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, extensions, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
