"""The transforms of torchvision's second version, for images: those of the first, and what is new in it.

Images are plain Tensors here, so boxes, masks and videos have no transforms; of several inputs the first is the image and
the others pass through. Seeded draws are torchvision's.

Source: https://docs.pytorch.org/vision/stable/transforms.html#v2-api-reference-recommended

>>> import autograd, numpy as np
>>> both = Compose([ToImage(), ToDtype(autograd.float32, scale=True)])
>>> both(np.full((1, 1), 255, np.uint8))
tensor([[[1.]]])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor, wrap
from . import functional as functional
from .augmentation import *  # noqa: F403
from .fixed import CenterCrop as CenterCrop
from .fixed import ConvertImageDtype as ConvertImageDtype
from .fixed import FiveCrop as FiveCrop
from .fixed import Grayscale as Grayscale
from .fixed import Lambda as Lambda
from .fixed import Normalize as Normalize
from .fixed import Pad as Pad
from .fixed import Resize as Resize
from .fixed import ToPILImage as ToPILImage
from .fixed import ToTensor as ToTensor
from .fixed import Transform as Transform
from .functional import InterpolationMode as InterpolationMode


class Compose(Transform):
    """One transform after the other; of several inputs (an image and its label) a Lambda transforms all, others the first."""

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence) or not transforms:
            raise ValueError("Pass at least one transform")
        self.transforms = transforms

    def forward(self, *inputs: Any) -> Any:
        image, *others = inputs if len(inputs) > 1 or not isinstance(inputs[0], tuple) else inputs[0]
        for t in self.transforms:
            image = t(image)
            others = [t(other) for other in others] if isinstance(t, Lambda) else others
        return (image, *others) if others else image

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *[f"      {t}" for t in self.transforms], ")"])


class ToImage(Transform):
    """A PIL Image or an array ``H x W (x C)`` as a Tensor C x H x W of its own dtype; Tensors stay."""

    def forward(self, inpt: Any) -> Any:
        if isinstance(inpt, np.ndarray):
            image = np.atleast_3d(inpt)
            return wrap(np.ascontiguousarray(image.transpose(2, 0, 1)))
        if isinstance(inpt, Tensor):
            return inpt if inpt.ndim > 2 else inpt.unsqueeze(0)
        return functional.pil_to_tensor(inpt)


class PILToTensor(Transform):
    """A PIL Image as a Tensor C x H x W of its own dtype; anything else stays."""

    def forward(self, inpt: Any) -> Any:
        return functional.pil_to_tensor(inpt) if functional.is_pil(inpt) else inpt


class ToPureTensor(Transform):
    """Tensors are pure already."""

    def forward(self, inpt: Any) -> Any:
        return inpt


class ToDtype(Transform):
    """Another dtype; with ``scale`` its range too: integers use all of theirs, floats go from 0 to 1."""

    _shown = ("scale",)

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        super().__init__()
        self.dtype = dtype
        self.scale = scale

    def forward(self, inpt: Any) -> Any:
        if not isinstance(inpt, Tensor):
            return inpt
        return functional.convert_image_dtype(inpt, self.dtype) if self.scale else inpt.to(self.dtype)
