"""Operations on regions of feature maps.

Source: https://docs.pytorch.org/vision/stable/generated/torchvision.ops.roi_pool.html
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ...namespace import resolve
from ...ops import FUNCTIONS
from ...tensor import Tensor, wrap

__all__ = ["box_area", "box_convert", "box_iou", "clip_boxes_to_image", "generalized_box_iou", "nms", "roi_pool"]


def roi_pool(input: Tensor, boxes: Any, output_size: Any, spatial_scale: float = 1.0) -> Tensor:
    """The largest value in each cell of a grid over each box: (boxes, C, *output_size).

    Args:
        input: (N, C, H, W).
        boxes: (K, 5) with the image's number first, or for each image a tensor (L, 4): x1, y1, x2, y2.
        spatial_scale: from the boxes' coordinates to the feature map's.
    """
    if isinstance(boxes, (list, tuple)):
        rows = [(i, *row) for i, each in enumerate(boxes) for row in each.tolist()]
    else:
        if boxes.ndim != 2 or boxes.shape[1] != 5:
            raise ValueError(f"boxes must be (K, 5), or a list of (L, 4): got shape {list(boxes.shape)}")
        rows = [tuple(row) for row in boxes.tolist()]
    height, width = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
    channels = input.shape[1]
    if not rows:
        return wrap(np.zeros((0, channels, height, width), input.array.dtype))
    cells = []
    for image, *corners in rows:
        x1, y1, x2, y2 = (math.floor(c * spatial_scale + 0.5) for c in corners)
        for v0, v1 in _cells(y1, y2, height, input.shape[2]):
            for h0, h1 in _cells(x1, x2, width, input.shape[3]):
                if v0 >= v1 or h0 >= h1:
                    cells.append(wrap(np.zeros(channels, input.array.dtype)))
                else:
                    cells.append(input[int(image), :, v0:v1, h0:h1].flatten(1).max(1).values)
    grid = FUNCTIONS["stack"](cells, 1)
    return grid.reshape(channels, len(rows), height, width).transpose(0, 1)  # type: ignore[no-any-return]


def _cells(start: int, end: int, count: int, size: int) -> list[tuple[int, int]]:
    """The bounds of the cells along one side, inside the map."""
    step = max(end - start + 1, 1) / count
    return [
        (min(max(math.floor(i * step) + start, 0), size), min(max(math.ceil((i + 1) * step) + start, 0), size))
        for i in range(count)
    ]


def box_area(boxes: Tensor) -> Tensor:
    """The areas of boxes (x1, y1, x2, y2)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])  # type: ignore[no-any-return]


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union of each pair of boxes, (N, M)."""
    low = FUNCTIONS["maximum"](boxes1[:, None, :2], boxes2[:, :2])
    high = FUNCTIONS["minimum"](boxes1[:, None, 2:], boxes2[:, 2:])
    sides = (high - low).clamp(min=0)
    common = sides[:, :, 0] * sides[:, :, 1]
    return common / (box_area(boxes1)[:, None] + box_area(boxes2) - common)  # type: ignore[no-any-return]


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """``box_iou`` less the share of the smallest box around both that neither covers, (N, M)."""
    iou = box_iou(boxes1, boxes2)
    areas = box_area(boxes1)[:, None] + box_area(boxes2)
    union = areas / (1 + iou)  # since iou = common / (areas - common)
    low = FUNCTIONS["minimum"](boxes1[:, None, :2], boxes2[:, :2])
    high = FUNCTIONS["maximum"](boxes1[:, None, 2:], boxes2[:, 2:])
    around = (high - low)[:, :, 0] * (high - low)[:, :, 1]
    return iou - (around - union) / around  # type: ignore[no-any-return]


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes (..., 4) as "xyxy" (two corners), "xywh" (a corner and the size) or "cxcywh" (the middle and the size).

    >>> import autograd
    >>> box_convert(autograd.tensor([[1.0, 2.0, 5.0, 4.0]]), "xyxy", "cxcywh")
    tensor([[3., 3., 4., 2.]])
    """
    if not {in_fmt, out_fmt} <= {"xyxy", "xywh", "cxcywh"}:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.clone()  # type: ignore[no-any-return]
    a, b = boxes[..., :2], boxes[..., 2:]
    low = a - b / 2 if in_fmt == "cxcywh" else a
    size = b - a if in_fmt == "xyxy" else b
    first = low + size / 2 if out_fmt == "cxcywh" else low
    return FUNCTIONS["cat"]([first, low + size if out_fmt == "xyxy" else size], -1)  # type: ignore[no-any-return]


def clip_boxes_to_image(boxes: Tensor, size: Any) -> Tensor:
    """Boxes (x1, y1, x2, y2) cut off at the borders of an image of this size (height, width)."""
    limit = wrap(np.asarray([size[1], size[0]] * 2, boxes.array.dtype))
    return FUNCTIONS["minimum"](boxes.clamp(min=0), limit)  # type: ignore[no-any-return]


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The indices of the boxes that no better one overlaps by more than the threshold, best first."""
    overlap = box_iou(boxes.detach(), boxes.detach()).numpy()
    kept: list[int] = []
    for i in np.argsort(-scores.detach().numpy(), kind="stable").tolist():
        if all(overlap[i, j] <= iou_threshold for j in kept):
            kept.append(i)
    return wrap(np.array(kept, np.int64))


def __getattr__(name: str) -> Any:
    """``FrozenBatchNorm2d``, which is a module and stands in ``nn``."""
    if name == "FrozenBatchNorm2d":
        return resolve("nn").models._utils.FrozenBatchNorm2d
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


sys.modules[f"{__name__}.roi_pool"] = sys.modules[__name__]  # by hand: an import would hide the function of this name
