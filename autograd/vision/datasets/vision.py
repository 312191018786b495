"""What the image datasets share: root folder, transforms, pictures from arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...tensor import Tensor, wrap
from ...utils.data.dataset import Dataset

__all__ = ["ArrayDataset", "StandardTransform", "VisionDataset", "picture"]

Transform = Callable[[Any], Any] | None


def picture(array: np.ndarray[Any, Any]) -> Any:
    """An image as torchvision hands it out, a PIL Image; where Pillow is not installed, the uint8 array itself."""
    try:
        from PIL import Image
    except ImportError:
        return array
    return Image.fromarray(array)


class StandardTransform:
    """Applies one transform to the image and another to the target."""

    def __init__(self, transform: Transform = None, target_transform: Transform = None) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = ["StandardTransform"]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                lines += [head + first, *(" " * len(head) + line for line in rest)]
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """Base class: keeps ``root`` and the transforms, and shows itself.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.VisionDataset.html
    """

    def __init__(
        self,
        root: str | Path | None = None,
        transforms: Callable[..., Any] | None = None,
        transform: Transform = None,
        target_transform: Transform = None,
    ) -> None:
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.root: Any = os.path.expanduser(root) if isinstance(root, str) else root
        self.transform = transform
        self.target_transform = target_transform
        if transform is not None or target_transform is not None:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            lines.append(f"Root location: {self.root}")
        lines += self.extra_repr().splitlines()
        if self.transforms is not None:
            lines += repr(self.transforms).splitlines()
        return "\n".join([f"Dataset {type(self).__name__}", *("    " + line for line in lines)])

    def extra_repr(self) -> str:
        """Lines to add to the repr."""
        return ""


class ArrayDataset(VisionDataset):
    """A dataset held in memory: ``self._images()`` is uint8, N x H x W or N x H x W x C, and ``targets`` are ints.

    When the transforms say that they work on a whole batch of such arrays (``on_batch``), a DataLoader fetches a batch
    in one stroke; the numbers are the same.
    """

    targets: Any

    def _images(self) -> np.ndarray[Any, Any]:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._images())

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = picture(self._images()[index])
        target: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def _take(self, indices: Sequence[int]) -> Any:
        on_batch = getattr(self.transform, "on_batch", None)
        if (
            on_batch is None
            or self.target_transform is not None
            or type(self).__getitem__ is not ArrayDataset.__getitem__
        ):
            return None
        chosen = np.asarray(indices)
        images = on_batch(self._images()[chosen])
        if images is None:
            return None
        known = self.targets
        targets = known.array[chosen] if isinstance(known, Tensor) else np.asarray([known[i] for i in indices])
        return [images, wrap(targets.astype(np.int64))]
